#include "scenarios/read.h"

#include <algorithm>
#include <deque>

#include "scenarios/build.h"
#include "scenarios/extends.h"
#include "scenarios/set.h"

namespace scenario {
namespace {

/// One pass over the file with some of the overrides.
struct Pass {
    std::optional<Scenario> scenario;
    Sweep sweep;
    std::optional<UsageError> usage_error;
    std::vector<FoundProblem> found;  ///< all, without places
    std::vector<Problem> problems;    ///< the worst, with places
    std::size_t errors = 0;
    std::size_t warnings = 0;
    std::string flat;
    bool extends = false;
};

void read_header(Build& build) {
    Reading& reading = build.reading;
    const Fields fields(reading, build.root,
                        {"$schema", "scenario", "id", "title", "summary", "tags", "extends",
                         "kafka", "run", "cluster", "topics", "producers", "consumers", "network",
                         "disk", "steps", "lesson", "expect", "sweep"},
                        "a scenario");
    if (const auto at = fields.get("$schema")) reading.text(*at);
    if (const auto at = fields.need("scenario");
        at && !(at->value->is_number() && at->value->text == "1"))
        reading.error(*at, "AL210", "this reader knows format version 1 only", {"1", {}});
    if (const auto at = fields.need("id")) build.scenario.id = reading.id(*at).value_or("");
    if (const auto at = fields.get("title")) build.scenario.title = reading.words(*at);
    if (const auto at = fields.get("summary")) build.scenario.summary = reading.words(*at);
    if (const auto at = fields.get("tags"); at && reading.is_list(*at))
        for (std::size_t i = 0; i < at->value->items.size(); ++i)
            if (auto tag = reading.text(at->element(i)))
                build.scenario.tags.push_back(std::move(*tag));
    for (std::string_view key : {"kafka", "run", "cluster", "topics"}) fields.need(key);
}

void read_all(Build& build) {
    read_header(build);
    read_kafka(build);
    read_run(build);
    read_cluster(build);
    read_topics(build);
    read_producers(build);
    refuse_consumers(build);
    read_disk(build);
    read_network(build);
    read_steps(build);
    check_lesson(build);
    read_expectations(build);
    read_sweep(build);
    lint(build);
}

/// Checkpoint ids are needed by `expect`; they are read with the lesson, leniently.
void collect_checkpoints(Build& build) {
    const Value* lesson = build.root.value->find("lesson");
    const Value* list = lesson != nullptr ? lesson->find("checkpoints") : nullptr;
    if (list == nullptr) return;
    for (const Value& item : list->items)
        if (const Value* id = item.find("id"); id != nullptr && id->is_string())
            build.checkpoints.insert(id->text);
}

/// --seed and --kafka: like overrides of /run/seed and /kafka/version, applied last.
void apply_fixed(Value& root, const ReadOptions& options, std::uint32_t source) {
    const auto put = [&](std::string_view block, std::string_view key, Kind kind,
                         const std::string& text) {
        Value value;
        value.kind = kind;
        value.text = text;
        value.span = {0, static_cast<std::uint32_t>(text.size()), source};
        set_plain(root, block, key, value);
        ++source;
    };
    if (options.seed) put("run", "seed", Kind::number, std::to_string(*options.seed));
    if (options.kafka) put("kafka", "version", Kind::string, printable(*options.kafka));
}

/// The named fault set's steps in place of the scenario's own.
std::optional<UsageError> take_faults(Value& root, const std::string& name) {
    const Value* sweep = root.find("sweep");
    const Value* sets = sweep != nullptr ? sweep->find("faults") : nullptr;
    const Value* steps = sets != nullptr ? sets->find(name) : nullptr;
    if (steps != nullptr && name != "$comment") {
        const Value copy = *steps;
        if (Value* own = root.find("steps"))
            *own = copy;
        else
            root.members.push_back(Member{"steps", copy.span, copy});
        return std::nullopt;
    }
    std::vector<std::string> names;
    if (sets != nullptr)
        for (const Member& member : sets->members)
            if (member.key != "$comment" && names.size() < kSweepEntriesMax)
                names.push_back(shown(member.key));
    names.emplace_back(kOwnSteps);
    const auto near = name.size() <= 200 ? core::nearest(name, names, 3) : std::nullopt;
    return UsageError{printable(name),
                      core::concat("the file has no such fault set; there is \"",
                                   core::join(names, "\", \""), "\""),
                      near ? core::concat("did you mean \"", *near, "\"?") : std::string(),
                      "--faults"};
}

/// --set and --faults: what is set in /sweep may be the fault set, all else is set in its steps.
std::optional<UsageError> apply_overrides(Value& root, const ReadOptions& options) {
    for (const bool in_sweep : {true, false}) {
        for (std::size_t i = 0; i < options.set.size(); ++i) {
            if (options.set[i].starts_with("/sweep") != in_sweep) continue;
            auto problem = apply_override(root, options.set[i], static_cast<std::uint32_t>(i + 1));
            if (problem) return problem;
        }
        if (!in_sweep || !options.faults) continue;
        if (auto problem = take_faults(root, *options.faults)) return problem;
    }
    return std::nullopt;
}

/// The texts of overrides, kept alive while sources refer to them.
std::vector<std::string> override_texts(const ReadOptions& options) {
    std::vector<std::string> texts = options.set;
    if (options.seed) texts.push_back(std::to_string(*options.seed));
    if (options.kafka) texts.push_back(*options.kafka);
    return texts;
}

std::vector<Source> make_sources(std::string_view file_name, std::string_view bytes,
                                 const ReadOptions& options,
                                 const std::vector<std::string>& texts) {
    std::vector<Source> sources;
    sources.emplace_back(std::string(file_name), bytes);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const bool is_set = i < options.set.size();
        const bool is_seed = !is_set && options.seed && i == options.set.size();
        sources.emplace_back(is_set ? "--set" : is_seed ? "--seed" : "--kafka", texts[i]);
    }
    return sources;
}

Pass read_pass(std::string_view file_name, std::string_view bytes, const ReadOptions& options) {
    Pass pass;
    const std::vector<std::string> texts = override_texts(options);
    std::deque<BaseFile> bases;
    Reading reading(make_sources(file_name, bytes, options, texts));
    const auto finish = [&] {
        pass.found = reading.problems();
        pass.problems = reading.worst(kProblemsMax);
        pass.errors = reading.errors();
        pass.warnings = reading.warnings();
        return std::move(pass);
    };
    if (bytes.size() > kFileBytesMax) {
        reading.error(
            Span{}, "", "AL103",
            core::concat("the file has ", bytes.size(), " bytes; the limit is ", kFileBytesMax));
        return finish();
    }
    JsonResult json = parse_json(bytes, 0);
    for (JsonProblem& problem : json.problems)
        reading.error(problem.span, "", problem.code, std::move(problem.message),
                      {std::move(problem.expected), std::move(problem.suggestion)});
    if (!json.value) return finish();
    Value& root = *json.value;
    if (!root.is_object()) {
        reading.error(At{&root, ""}, "AL205", "a scenario is a JSON object");
        return finish();
    }
    if (!apply_bases(reading, root, file_name, options.find_base, bases)) return finish();
    pass.extends = !bases.empty();
    if (options.flat || pass.extends) pass.flat = dump_json_lines(root);
    pass.usage_error = apply_overrides(root, options);
    if (pass.usage_error) return pass;
    apply_fixed(root, options, static_cast<std::uint32_t>(options.set.size() + 1));
    for (const Change& change : options.changes)
        if (const auto problem = set_value(root, change.path, change.path, change.value))
            reading.error(change.value.span, change.path, "AL230",
                          options.faults ? core::concat("in fault set \"", shown(*options.faults),
                                                        "\": ", problem->message)
                                         : problem->message,
                          {{}, problem->suggestion});
    if (options.run_only || options.faults)
        std::erase_if(root.members, [](const Member& member) {
            return member.key == "lesson" || member.key == "expect" || member.key == "sweep";
        });
    Build build{reading, At{&root, ""}, Scenario{}, {}, {}, {}, {nullptr, {}}, {}, {}, {}, 0, 0};
    build.compared = options.run_only;
    collect_checkpoints(build);
    read_all(build);
    if (reading.errors() == 0) pass.scenario = std::move(build.scenario);
    pass.sweep = std::move(build.sweep);
    return finish();
}

bool same_problem(const Problem& a, const Problem& b) {
    return a.code == b.code && a.path == b.path && a.message == b.message;
}

/// Problems that the file alone does not have come from the overrides, wherever they show.
void blame_overrides(std::string_view file_name, std::string_view bytes, const ReadOptions& options,
                     std::vector<Problem>& problems) {
    ReadOptions alone;
    alone.find_base = options.find_base;
    alone.faults = options.faults;
    const std::vector<FoundProblem> own = read_pass(file_name, bytes, alone).found;
    std::string all;
    for (const std::string& text : options.set)
        all += core::concat(all.empty() ? "" : "  ", printable(text));
    if (all.empty()) all = printable(options.kafka ? *options.kafka : std::string());
    const char* name = !options.set.empty() ? "--set" : options.kafka ? "--kafka" : "--seed";
    for (Problem& problem : problems) {
        if (problem.file.substr(0, 2) == "--") continue;
        const bool known = std::any_of(own.begin(), own.end(), [&](const FoundProblem& other) {
            return same_problem(problem, other.problem);
        });
        if (known) continue;
        problem.file = name;
        problem.line = 1;
        problem.column = 1;
        problem.source_line = all;
        problem.caret_column = 0;
        problem.caret_length = 0;
    }
}

}  // namespace

ReadResult read_scenario(std::string_view file_name, std::string_view bytes,
                         const ReadOptions& options) {
    Pass pass = read_pass(file_name, bytes, options);
    ReadResult result;
    result.usage_error = std::move(pass.usage_error);
    if (result.usage_error) return result;
    const bool overridden = !options.set.empty() || options.kafka || options.seed;
    if (!pass.problems.empty() && overridden && options.changes.empty() &&
        bytes.size() <= kFileBytesMax)
        blame_overrides(file_name, bytes, options, pass.problems);
    result.problems = std::move(pass.problems);
    result.errors = pass.errors;
    result.warnings = pass.warnings;
    result.scenario = std::move(pass.scenario);
    result.sweep = std::move(pass.sweep);
    if (result.scenario) result.scenario->sha256 = sha256_hex(pass.extends ? pass.flat : bytes);
    if (options.flat) result.flat = std::move(pass.flat);
    return result;
}

}  // namespace scenario
