#include "scenarios/problem.h"

#include "core/base/text.h"

namespace scenario {
namespace {

const std::vector<ProblemCode>& codes() {
    static const std::vector<ProblemCode> list = {
        {"AL101", "not JSON",
         "The file is not JSON. Comments (// and /* */) are allowed, trailing "
         "commas are not."},
        {"AL102", "a key stands twice", "JSON would silently keep one of the two values."},
        {"AL103", "the file is too large", "A scenario has at most 4 MB."},
        {"AL104", "nested too deep", "Objects and lists may be nested 64 levels deep."},
        {"AL106", "too many values", "A scenario has at most 500,000 JSON values."},
        {"AL201", "unknown key",
         "Outside `config` only the keys of the scenario format may stand; "
         "Kafka's keys belong into a `config` object."},
        {"AL202", "something is missing", "This key has no default."},
        {"AL203", "unknown Kafka topic key",
         "Kafka refuses to create a topic with a key that it "
         "does not know."},
        {"AL204", "unknown Kafka key",
         "Kafka would ignore it with a line in its log, but it is so "
         "near to a key that exists that it must be a slip."},
        {"AL205", "wrong kind of value", "Another kind of JSON value is expected here."},
        {"AL206", "value out of range", "The value is of the right kind and does not fit."},
        {"AL207", "bad or repeated name",
         "Names are unique within their list; they may not hold "
         "\"/\", because paths are made of them."},
        {"AL208", "one of several", "Exactly one of these keys belongs here."},
        {"AL210", "unknown format version", "`scenario` is the version of the format, 1."},
        {"AL211", "a duration needs a unit",
         "Outside `config` every duration is a text with a "
         "unit: \"250ms\", \"1m30s\"."},
        {"AL212", "not a duration",
         "A duration is one or more NUMBER and unit of ns, us, ms, s, "
         "m, h, d."},
        {"AL213", "bad distribution",
         "uniform has min and max, lognormal median and p99, "
         "exponential mean, choice values."},
        {"AL214", "bad rate or bandwidth",
         "A rate is N/s, N/m or N/h; a bandwidth NUMBER and B, "
         "KB, MB or GB per second."},
        {"AL220", "unknown action", "`do` names what a step does."},
        {"AL221", "unknown event", "Events bear Kafka's words, such as produce.ack or isr.shrink."},
        {"AL222", "unknown gauge", "A gauge is a number that the run keeps all the time."},
        {"AL223", "unknown metric", "Metrics are listed in the scenario format, section 5."},
        {"AL224", "unknown word", "Only the words of this list may stand here."},
        {"AL225", "key without effect here", "This key belongs to another action, event or kind."},
        {"AL229", "a node in two groups",
         "Groups of a partition are cut from each other, so a "
         "node can be in one only."},
        {"AL230", "there is no such thing", "The name refers to nothing in this scenario."},
        {"AL231", "not that kind of step",
         "partition, degrade, slowDisk, fullDisk, pause, crash, shutdown, holdMessages and "
         "dropMessages can be healed; messages of a holdMessages can be released."},
        {"AL232", "steps in a circle", "A step that comes after itself never happens."},
        {"AL233", "two events at once",
         "`all` takes at most one event: two never happen at the "
         "same moment."},
        {"AL234", "only gauges can be denied",
         "An event is a moment: that it does not happen is true at every other moment."},
        {"AL235", "cannot extend that",
         "`extends` names a file beside this one or a built-in scenario; at most 3 files stand "
         "behind a scenario, none of them twice."},
        {"AL240", "beyond the limits",
         "1,000 nodes, 10,000 partitions, 10,000 steps, 10,000,000 "
         "records of 1 GiB in all."},
        {"AL301", "Kafka refuses this value",
         "The value is not of the key's type or outside its "
         "range: Kafka would not start."},
        {"AL302", "Kafka ignores this key", "Kafka logs a line about an unknown key and goes on."},
        {"AL303", "key of another version or mode", "This Kafka does not have the key or feature."},
        {"AL311", "idempotence in conflict",
         "enable.idempotence=true needs acks=all, retries "
         "above 0 and at most 5 requests in flight."},
        {"AL312", "delivery.timeout.ms too short",
         "It must be at least linger.ms + "
         "request.timeout.ms."},
        {"AL313", "bad replica assignment",
         "Replicas of a partition are different brokers, and "
         "as many in every partition of a topic."},
        {"AL314", "bad topic name", "1 to 249 of a-z A-Z 0-9 . _ -"},
        {"AL401", "an adaptive step is swept",
         "A step that waits for something the settings "
         "decide fires in some cells only; blind steps "
         "(`at`, `every`) can be compared."},
        {"AL412", "min.insync.replicas without effect",
         "It guards acks=all only: a leader answers "
         "acks=1 whatever the ISR is."},
        {"AL413", "min.insync.replicas above the replicas",
         "From 3.7 on it is taken as the number "
         "of replicas; before, acks=all is "
         "refused for good."},
        {"AL414", "unclean.leader.election.enable without effect",
         "A KRaft controller before 3.9 ignores it."},
        {"AL420", "a step that never happens", "Its moment is not before run.end."},
        {"AL421", "a rate without records", "`records` says how many."},
        {"AL422", "a producer that sends nothing", "It has no workload and no produce step."},
        {"AL423", "records that are never produced", "Nothing is produced from run.end on."},
        {"AL501", "Kafka version not modelled",
         "There is no profile at or below this version, or "
         "it is newer than the newest."},
        {"AL502", "another profile stands in", "The next lower profile is used."},
        {"AL503", "mode not modelled", "This profile has one mode."},
        {"AL504", "feature not modelled",
         "Only eligible.leader.replicas.version is, "
         "levels 0 and 1."},
        {"AL505", "several controllers not modelled", "One controller node is modelled."},
        {"AL506", "consumers not modelled", "Only producers and the audit's reader are."},
        {"AL507", "onError not modelled", "The application's own resending is not modelled."},
        {"AL508", "event not modelled", "The event exists in the format."},
        {"AL509", "gauge not modelled", "The gauge exists in the format."},
        {"AL510", "phase not modelled", "`before` is for deliveries and step edges."},
        {"AL512", "action not modelled", "The action exists in the format."},
        {"AL513", "metric not modelled", "The metric exists in the format."},
        {"AL514", "target not modelled", "The target exists in the format."},
        {"AL515", "moment not modelled", "Expectations are judged at the end."},
        {"AL517", "API not modelled", "No node of this version sends such messages."},
        {"AL520", "setting not modelled",
         "With this value the setting could change which records "
         "survive; leaving it out would make the run untrue."},
    };
    return list;
}

}  // namespace

std::string problem_text(const Problem& problem) {
    const char* kind = problem.severity == Severity::error ? "error" : "warning";
    std::string out = core::concat(kind, "[", problem.code, "] ", problem.file, ":", problem.line,
                                   ":", problem.column, "  ", problem.message, "\n");
    if (!problem.path.empty()) out += core::concat("   ", problem.path, "\n");
    const std::string number = std::to_string(problem.line);
    std::string hint = problem.suggestion;
    if (!problem.expected.empty())
        hint += core::concat(hint.empty() ? "" : "  ", "expected: ", problem.expected);
    if (!problem.source_line.empty()) {
        out += core::concat("   ", number, " | ", problem.source_line, "\n");
        const auto blanks = 3 + number.size() + 3 + static_cast<std::size_t>(problem.caret_column);
        std::string carets(static_cast<std::size_t>(problem.caret_length), '^');
        if (!carets.empty() || !hint.empty())
            out += core::concat(std::string(blanks, ' '), carets, carets.empty() ? "" : "  ", hint,
                                "\n");
    } else if (!hint.empty()) {
        out += core::concat("   ", hint, "\n");
    }
    while (out.size() > 1 && out[out.size() - 2] == ' ') out.erase(out.size() - 2, 1);
    return out;
}

const std::vector<ProblemCode>& problem_codes() {
    return codes();
}

const ProblemCode* find_problem_code(std::string_view code) {
    for (const ProblemCode& one : codes())
        if (one.code == code) return &one;
    return nullptr;
}

}  // namespace scenario
