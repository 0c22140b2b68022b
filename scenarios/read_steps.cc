// steps: when and how long. What they do is in read_actions.cc.

#include <algorithm>
#include <array>

#include "scenarios/build.h"
#include "scenarios/read_actions.h"

namespace scenario {
namespace {

/// Whether `count` says how many messages the step lets go, and not how often it happens.
bool counts_messages(const Fields& fields) {
    const auto action = fields.get("do");
    return action && action->value->text == "releaseMessages";
}

std::optional<Trigger> read_every(Build& build, const Fields& fields) {
    Reading& reading = build.reading;
    const At at = *fields.get("every");
    auto period = reading.distribution(at, kTimeMax);
    if (!period) return std::nullopt;
    if (period->typical().count() == 0) {
        reading.error(at, "AL206", "a period must be above 0");
        return std::nullopt;
    }
    EveryTrigger every{std::move(*period), std::nullopt};
    if (counts_messages(fields)) return every;
    if (const auto count = fields.get("count")) every.count = reading.integer(*count, 1, INT64_MAX);
    return every;
}

std::optional<Trigger> read_trigger(Build& build, const Fields& fields) {
    Reading& reading = build.reading;
    const auto kinds = fields.present({"at", "after", "when", "every"});
    if (kinds.size() != 1) {
        if (fields.misspelt({"at", "after", "when", "every"})) return std::nullopt;
        reading.error(
            fields.at(), "AL208",
            kinds.empty() ? "a step says when it happens" : "a step has exactly one moment",
            {"exactly one of at, after, when, every", {}});
        return std::nullopt;
    }
    const auto only_with = [&](std::string_view key, std::string_view owner) {
        if (fields.has(key) && kinds.front() != owner)
            reading.error(fields.key_span(key), core::concat(fields.at().path, "/", key), "AL225",
                          core::concat("\"", key, "\" goes with \"", owner, "\""));
    };
    only_with("delay", "after");
    if (kinds.front() == "every") return read_every(build, fields);
    if (!counts_messages(fields)) only_with("count", "every");
    if (kinds.front() == "at") {
        auto at = reading.distribution(*fields.get("at"), kTimeMax);
        if (!at) return std::nullopt;
        return AtTrigger{std::move(*at)};
    }
    if (kinds.front() == "when") {
        auto when = read_when(build, *fields.get("when"));
        if (!when) return std::nullopt;
        return std::move(*when);
    }
    const auto step = read_step_id(build, *fields.get("after"));
    AfterTrigger after{step.value_or(0)};
    if (const auto delay = fields.get("delay"))
        if (auto value = reading.distribution(*delay, kTimeMax)) after.delay = std::move(*value);
    if (!step) return std::nullopt;
    return after;
}

Lasting read_lasting(Build& build, const Fields& fields) {
    const auto at = fields.get("for");
    if (!at) return UntilHealed{};
    if (at->value->is_string() && at->value->text == "forever") return Forever{};
    if (auto value = build.reading.distribution(*at, kTimeMax)) return std::move(*value);
    return UntilHealed{};
}

/// Adds what a produce step sends to the sums that are limited. One that repeats counts each time.
bool within_limits(Build& build, const Fields& fields, const Trigger& trigger,
                   const ProduceAction& produce) {
    std::int64_t times = 1;
    if (const auto* every = std::get_if<EveryTrigger>(&trigger)) {
        times = build.scenario.run.end.count() / every->period.typical().count();
        if (every->count) times = std::min(times, *every->count);
    }
    const std::int64_t room = std::max<std::int64_t>(kRecordsMax - build.records, 0);
    const std::int64_t size = build.scenario.producers[produce.producer].workload.size;
    const At at = *fields.get("records");
    if (times > room / produce.records) {
        build.reading.error(at, "AL240",
                            core::concat("more than ", kRecordsMax, " records in all"));
        return false;
    }
    build.records += produce.records * times;
    build.value_bytes += produce.records * times * size;
    if (build.value_bytes <= kValueBytesMax) return true;
    build.reading.error(at, "AL240",
                        core::concat("more than ", kValueBytesMax, " bytes of records in all"));
    return false;
}

/// The step that an element of the list comes after; nothing where that cannot be told.
std::optional<StepNumber> step_before(const Build& build, const Value& step) {
    if (!step.is_object()) return std::nullopt;
    for (std::string_view key : {"at", "when", "every"})
        if (step.find(key) != nullptr) return std::nullopt;
    const Value* after = step.find("after");
    if (after == nullptr || !after->is_string()) return std::nullopt;
    const auto found = build.steps.find(after->text);
    if (found == build.steps.end()) return std::nullopt;
    return found->second;
}

/// Each step has at most one step that it comes after: a walk that returns to itself is a circle.
/// Walks the file, not what was read of it: a refused step must not hide a circle.
void find_circles(Build& build, const At& list) {
    const std::size_t count = list.value->items.size();
    std::vector<std::size_t> seen(count, 0);
    for (std::size_t start = 0; start < count; ++start) {
        std::size_t at = start;
        while (seen[at] == 0) {
            seen[at] = start + 1;
            const auto before = step_before(build, list.value->items[at]);
            if (!before) break;
            at = *before;
            if (seen[at] == start + 1) {
                build.reading.error(list.element(at), "AL232",
                                    "this step comes after itself and never happens");
                break;
            }
        }
    }
}

}  // namespace

void collect_step_ids(Build& build, const At& list) {
    build.steps.clear();
    build.step_list = list;
    for (std::size_t i = 0; i < list.value->items.size(); ++i) {
        const Value& item = list.value->items[i];
        const Value* id = item.is_object() ? item.find("id") : nullptr;
        if (id == nullptr || !id->is_string()) continue;
        if (!build.steps.emplace(id->text, static_cast<StepNumber>(i)).second)
            build.reading.error(
                list.element(i).member("id"), "AL207",
                core::concat("a step \"", shown(id->text), "\" stands here already"));
    }
    build.steps_whole = build.steps.size() == list.value->items.size();
}

std::optional<Step> read_step(Build& build, const At& at) {
    Reading& reading = build.reading;
    const Fields fields(
        reading, at,
        {"id",      "title",    "at",        "after",    "delay",  "when",         "every",
         "count",   "do",       "target",    "groups",   "from",   "to",           "crash",
         "for",     "latency",  "loss",      "messages", "config", "electionType", "step",
         "records", "producer", "group",     "skew",     "drift",  "bandwidth",    "append",
         "fsync",   "topic",    "partition", "replicas"},
        "step");
    if (!fields.ok()) return std::nullopt;
    const auto id_at = fields.need("id");
    std::optional<std::string> id;
    if (id_at) id = reading.id(*id_at);
    Text title;
    if (const auto title_at = fields.get("title")) title = reading.words(*title_at);
    std::optional<Trigger> trigger = read_trigger(build, fields);
    std::optional<Action> action = read_action(build, fields);
    Lasting lasting = read_lasting(build, fields);
    if (!id || !trigger || !action) return std::nullopt;
    const auto* produce = std::get_if<ProduceAction>(&*action);
    if (produce != nullptr && !within_limits(build, fields, *trigger, *produce))
        return std::nullopt;
    if (std::holds_alternative<RestartAction>(*action) &&
        std::holds_alternative<UntilHealed>(lasting))
        lasting = Distribution(core::Duration(0));
    return Step{std::move(*id), std::move(title), std::move(*trigger), std::move(*action),
                std::move(lasting)};
}

void read_steps(Build& build) {
    if (build.root.value->find("steps") == nullptr) return;
    const At list = build.root.member("steps");
    build.steps_whole = false;
    if (!build.reading.is_list(list)) return;
    if (list.value->items.size() > static_cast<std::size_t>(kStepsMax)) {
        build.reading.error(list, "AL240", core::concat("more than ", kStepsMax, " steps"));
        return;
    }
    collect_step_ids(build, list);
    for (std::size_t i = 0; i < list.value->items.size(); ++i)
        if (auto step = read_step(build, list.element(i))) {
            build.scenario.steps.push_back(std::move(*step));
            build.step_places.push_back(static_cast<StepNumber>(i));
        }
    find_circles(build, list);
}

}  // namespace scenario
