#include <algorithm>

#include "core/base/text.h"
#include "reports/causes.h"
#include "reports/fates.h"
#include "reports/layout.h"
#include "reports/metrics.h"
#include "reports/verdict.h"
#include "scenarios/problem.h"
#include "tools/commands.h"
#include "tools/files.h"
#include "tools/help_cause.h"
#include "tools/help_scenario.h"

namespace tool {
namespace {

using core::concat;
using report::ExitStatus;

std::string row(std::string_view name, std::size_t columns, std::string_view text) {
    report::TextStyle style;
    style.width = kHelpWidth;
    return report::hanging(concat("  ", report::padded_right(name, columns), "  "), text, style);
}

std::string exit_codes() {
    return "Exit status of acklab\n\n" +
           row("0", 3,
               "the claim held: every expectation holds, even one that says data must be "
               "lost; for check: the files are valid") +
           row("1", 3,
               "the claim failed: an expectation or --fail-on did not hold, or a step with "
               "onTimeout fail did not fire; compare judges neither") +
           row("2", 3, "usage: a bad flag or command") +
           row("3", 3, "the scenario is not valid, or a file cannot be read or written") +
           row("4", 3,
               "inconclusive: a trigger never fired (compare: in no setting) or the event cap was "
               "hit; "
               "wins over 1") +
           row("70", 3,
               "a bug in acklab: a broken invariant, or two runs of one seed that differ") +
           row("130", 3, "interrupted: the report of compare is partial");
}

std::string fates() {
    std::string out =
        "Fates: one for every produced record; together they are all that was sent\n\n";
    for (int i = 0; i < report::kFates; ++i) {
        const auto fate = static_cast<report::Fate>(i);
        out += row(report::name(fate), 9, report::meaning(fate).en);
    }
    out += "\nMarks, in addition\n\n";
    out +=
        row("thin", 9,
            "acknowledged and present, on fewer than min.insync.replicas replicas (or than there "
            "are, from Kafka 3.7 on)");
    out += row("twice", 9, "in the log more than once");
    out += row("phantom", 9, "read by a consumer, then gone; 0 in a run without consumers");
    out += row("skipped", 9,
               "in the log, never processed by a group that committed past it; 0 likewise");
    return out;
}

std::string verdicts() {
    std::string out = "Verdicts: the worst that holds, worst first\n\n";
    for (int i = 0; i < report::kVerdicts; ++i) {
        const auto verdict = static_cast<report::Verdict>(i);
        out += row(report::name(verdict), 18, report::meaning(verdict).en);
    }
    return out;
}

std::string causes() {
    std::string out =
        "Causes of a loss: one for every lost record, the first of this order that holds\n\n";
    for (int i = 0; i < report::kCauses; ++i) {
        const auto cause = static_cast<report::Cause>(i);
        out += row(report::name(cause), 38, report::sentence(cause).en);
    }
    return out;
}

std::string no_way_back() {
    return "The point of no return of a lost record: from then on it is lost, whatever steps are "
           "left out\n\n" +
           row("usually", 9,
               "the moment after which no live leader or ISR member ever held a copy again") +
           row("or", 9,
               "while a leader, an ISR member or an eligible replica that is down still held one: "
               "the last step that decided against it, such as the start of the broker that then "
               "leads without it, an election by hand, a disk replaced by an empty one") +
           "\nCopies may outlive it: what is outside the ISR is cut when its broker follows "
           "again.\n";
}

std::string metrics() {
    std::string out = "Metrics, as `expect` and --fail-on name them\n\n";
    for (const scenario::Metric metric : report::all_metrics())
        out += row(scenario::name(metric), 22, report::meaning(metric).en);
    out += "\nUnits\n\n";
    out += row("in scenarios", 22, "durations with a unit, here and for --fail-on: 9s, 250ms");
    out += row("in JSON", 22,
               "unavailable.write and .read in milliseconds, latency.ack.p50 and .p99 in "
               "microseconds, everything else but acked.lost.range and verdict a count");
    return out;
}

std::string codes() {
    std::string out =
        "Codes of problems: AL1xx syntax, AL2xx shape, AL3xx Kafka would refuse it,\n"
        "AL4xx legal but probably not what you mean, AL5xx not modelled\n\n";
    out += row("AL100", 7, "the file cannot be read");
    for (const scenario::ProblemCode& code : scenario::problem_codes())
        out += row(code.code, 7, code.title);
    return out;
}

std::string about_set() {
    return "--set PATH=VALUE and --set KEY=VALUE change a scenario before it is checked\n\n" +
           row("PATH", 6,
               "slashes between segments; a list's segment is an id, a name, or * for "
               "all: /topics/orders/config/min.insync.replicas, /steps/kill/for, "
               "/producers/*/config/acks. All but the last segment must exist.") +
           row("KEY", 6,
               "a bare Kafka key: on all producers if it is a producer key, on all topics "
               "if it is a topic key, else on cluster.config") +
           row("VALUE", 6, "JSON if it parses (2, true, \"1s\"), else the text itself") +
           "\nThe first = ends the path. Several are applied in order; --seed and --kafka win.\n";
}

std::string about_scenario() {
    return "A scenario is one JSON file (comments allowed): a cluster, topics, producers, faults "
           "on\n"
           "a timeline, and what is expected.\n\n"
           "  acklab list                  the built-in ones\n"
           "  acklab show ID > mine.json   one of them as a starting point\n"
           "  acklab check mine.json       every problem with its place\n"
           "  acklab schema -o s.json      the schema, for an editor's completion\n"
           "  acklab run mine.json         run it\n\n"
           "How its parts are written: acklab help steps, conditions, targets, expect, network,\n"
           "sweep, versions, durations.\n";
}

struct Topic {
    std::string_view name;
    std::string (*text)();
};
constexpr Topic kTopics[] = {
    {"exit-codes", exit_codes},   {"fates", fates},     {"verdicts", verdicts},
    {"causes", causes},           {"metrics", metrics}, {"codes", codes},
    {"no-way-back", no_way_back}, {"set", about_set},   {"scenario", about_scenario},
};

std::string topics() {
    std::string out = "acklab help TOPIC\n\ntopics\n";
    for (const Topic& topic : kTopics) out += concat("  ", topic.name, "\n");
    for (const std::string_view guide : guide_names()) out += concat("  ", guide, "\n");
    out += "  a code (AL203), a cause, a fate, a verdict or a metric by its name\ncommands\n";
    for (const Command& command : all_commands()) out += row(command.name, 10, command.summary);
    return out;
}

/// A cause, fate, verdict or metric by its name; several where a word is more than one thing.
std::string named_thing(std::string_view word) {
    std::string out;
    const auto add = [&](std::string_view what, std::string_view text) {
        out += row(concat(word, " (", what, "):"), 1, text);
    };
    for (int i = 0; i < report::kCauses; ++i)
        if (report::name(static_cast<report::Cause>(i)) == word)
            out += cause_help(static_cast<report::Cause>(i));
    for (int i = 0; i < report::kFates; ++i)
        if (report::name(static_cast<report::Fate>(i)) == word)
            add("fate", report::meaning(static_cast<report::Fate>(i)).en);
    for (int i = 0; i < report::kVerdicts; ++i)
        if (report::name(static_cast<report::Verdict>(i)) == word)
            add("verdict", report::meaning(static_cast<report::Verdict>(i)).en);
    if (const auto metric = report::find_metric(word)) add("metric", report::meaning(*metric).en);
    return out;
}

std::string about_code(std::string_view word) {
    if (word == "AL100") return "AL100: the file cannot be read\n\n  Nothing of it was judged.\n";
    const scenario::ProblemCode* code = scenario::find_problem_code(word);
    if (code == nullptr) return "";
    report::TextStyle style;
    style.width = kHelpWidth;
    return concat(code->code, ": ", code->title, "\n\n", report::hanging("  ", code->text, style));
}

std::string help_on(std::string_view word) {
    if (word == "topics" || word == "commands") return topics();
    if (const Command* command = find_command(word)) return command_help(*command);
    for (const Topic& topic : kTopics)
        if (topic.name == word) return topic.text();
    if (std::string guide = guide_text(word); !guide.empty()) return guide;
    const std::string thing = named_thing(word);
    return thing.empty() ? about_code(word) : thing;
}

}  // namespace

std::vector<std::string> help_topics() {
    std::vector<std::string> words = {"topics", "commands"};
    for (const Command& command : all_commands()) words.emplace_back(command.name);
    for (const Topic& topic : kTopics) words.emplace_back(topic.name);
    for (const std::string_view guide : guide_names()) words.emplace_back(guide);
    for (int i = 0; i < report::kCauses; ++i)
        words.emplace_back(report::name(static_cast<report::Cause>(i)));
    for (int i = 0; i < report::kFates; ++i)
        words.emplace_back(report::name(static_cast<report::Fate>(i)));
    for (int i = 0; i < report::kVerdicts; ++i)
        words.emplace_back(report::name(static_cast<report::Verdict>(i)));
    for (const scenario::Metric metric : report::all_metrics())
        words.emplace_back(scenario::name(metric));
    for (const scenario::ProblemCode& code : scenario::problem_codes())
        words.emplace_back(code.code);
    return words;
}

ExitStatus help_command(const Invocation& invocation) {
    if (invocation.words.empty()) {
        print(overview());
        return ExitStatus::held;
    }
    const std::string& word = invocation.words.front();
    const std::string text = help_on(word);
    if (text.empty())
        throw UsageError(
            concat("there is no help on \"", word, "\"", did_you_mean(word, help_topics())));
    print(text);
    return ExitStatus::held;
}

}  // namespace tool
