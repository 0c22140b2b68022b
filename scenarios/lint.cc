// Legal, but probably not what is meant (AL4xx): always warnings.

#include <algorithm>

#include "core/base/variant.h"
#include "scenarios/build.h"
#include "scenarios/units.h"

namespace scenario {
namespace {

/// The member of a list that has this id or name.
std::optional<At> named(const At& list, std::string_view key, std::string_view wanted) {
    for (std::size_t i = 0; i < list.value->items.size(); ++i) {
        const Value& item = list.value->items[i];
        const Value* own = item.is_object() ? item.find(key) : nullptr;
        if (own != nullptr && own->text == wanted) return list.element(i);
    }
    return std::nullopt;
}

core::ProducerConfig config_of(const Build& build, const Producer& producer) {
    std::vector<core::ConfigProblem> ignored;
    return core::resolve_producer(build.profile(), producer.config, ignored);
}

std::string acks_text(std::int8_t acks) {
    return acks == -1 ? "all" : std::to_string(acks);
}

/// AL412, AL413: min.insync.replicas that guards nothing.
void lint_min_isr(Build& build, const Topic& topic, TopicNumber number, const At& at) {
    const auto value = core::find_config(topic.config, "min.insync.replicas");
    if (!value) return;
    const std::int64_t min_isr = core::parse_int(*value).value_or(1);
    const At config = at.member("config");
    const Member* member = config.value->find_member("min.insync.replicas");
    if (member == nullptr) return;
    const std::string path = core::concat(config.path, "/min.insync.replicas");
    const auto replicas =
        topic.partitions.empty() ? std::size_t{0} : topic.partitions.front().replicas.size();
    if (min_isr > static_cast<std::int64_t>(replicas) && replicas > 0)
        build.reading.warning(member->key_span, path, "AL413",
                              core::concat("min.insync.replicas=", min_isr, " with ", replicas,
                                           " replicas: this Kafka ",
                                           build.profile().min_isr_capped_by_replicas
                                               ? core::concat("takes it as ", replicas)
                                               : "refuses every write with acks=all"));
    if (min_isr < 2) return;
    std::string who;
    for (const Producer& producer : build.scenario.producers) {
        if (producer.topic != number) continue;
        const std::int8_t acks = config_of(build, producer).acks;
        if (acks == -1) return;
        if (who.empty()) who = core::concat(producer.id, " uses acks=", acks_text(acks));
    }
    if (!who.empty())
        build.reading.warning(
            member->key_span, path, "AL412",
            core::concat(
                "no effect on acknowledgements: min.insync.replicas guards acks=all only; ", who));
}

/// AL414: unclean.leader.election.enable that the controller does not read.
void lint_unclean(Build& build, const At& owner) {
    const core::Profile& profile = build.profile();
    if (profile.unclean_config_honoured || owner.value->find("config") == nullptr) return;
    const At config = owner.member("config");
    const Member* member = config.value->find_member("unclean.leader.election.enable");
    if (member == nullptr || member->value.text != "true") return;
    build.reading.warning(
        member->key_span, core::concat(config.path, "/", member->key), "AL414",
        core::concat("no effect: Kafka ", profile.version,
                     " in KRaft mode ignores unclean.leader.election.enable; 3.9 is the first that "
                     "heeds it"));
}

/// AL420: a step that cannot fire.
void lint_times(Build& build, const Step& step, const At& at) {
    const core::Duration end = build.scenario.run.end;
    const auto late = [&](std::string_view key, core::Duration time) {
        if (time < end || end.count() == 0 || at.value->find(key) == nullptr) return;
        const At moment = at.member(key);
        build.reading.warning(moment.value->span, moment.path, "AL420",
                              core::concat("the run ends at ", duration_text(end),
                                           ": this step never happens, so the run will be "
                                           "inconclusive"));
    };
    core::match(
        step.trigger,
        [&](const AtTrigger& trigger) {
            if (trigger.at.is_fixed()) late("at", trigger.at.typical());
        },
        [](const AfterTrigger&) {},
        [&](const WhenTrigger& trigger) { late("when", trigger.armed); },
        [&](const EveryTrigger& trigger) {
            if (trigger.period.is_fixed()) late("every", trigger.period.typical());
        });
}

/// Whether the file sweeps settings over its own steps.
bool is_swept(const Build& build) {
    if (build.root.value->find("sweep") == nullptr) return false;
    const At sweep = build.root.member("sweep");
    if (!sweep.value->is_object() || sweep.value->find("faults") != nullptr) return false;
    return sweep.value->find("axes") != nullptr || sweep.value->find("variants") != nullptr;
}

/// AL401: an adaptive step in a sweep over settings, without blind replacements.
void lint_adaptive(Build& build, const Step& step, const At& at) {
    if (!build.compared && !is_swept(build)) return;
    if (!depends_on_outcome(step)) return;
    const At moment = at.member("when");
    build.reading.warning(moment.value->span, moment.path, "AL401",
                          "an adaptive step may never fire in some cells of the sweep, which then "
                          "cannot be compared",
                          {{}, "give blind steps under sweep.faults"});
}

/// Whether the file asks for records of this producer, be it with a number that was refused: then
/// that problem is told, and "sends nothing" would not be true.
bool asks_for_records(const Build& build, const Producer& producer, const At& at) {
    const Value* workload = at.value->find("workload");
    if (workload != nullptr && workload->is_object()) {
        const Value* records = workload->find("records");
        if (records != nullptr && !(records->is_number() && records->text == "0")) return true;
        if (records == nullptr && workload->find("bursts") != nullptr) return true;
    }
    if (build.step_list.value == nullptr) return false;
    const auto& steps = build.step_list.value->items;
    return std::any_of(steps.begin(), steps.end(), [&](const Value& step) {
        const Value* word = step.is_object() ? step.find("do") : nullptr;
        const Value* who = step.is_object() ? step.find("producer") : nullptr;
        return word != nullptr && word->text == "produce" && who != nullptr &&
               who->text == producer.id;
    });
}

/// AL422, AL423: a producer that sends nothing, or not all.
void lint_producer(Build& build, const Producer& producer, const At& at) {
    if (producer.workload.records == 0 && !asks_for_records(build, producer, at))
        build.reading.warning(at.value->span, at.path, "AL422",
                              core::concat("the producer ", producer.id, " sends nothing"));
    const core::Duration end = build.scenario.run.end;
    const Workload& workload = producer.workload;
    if (workload.records == 0 || end.count() == 0) return;
    const core::Duration last = workload.bursts.empty() ? workload.time_of(workload.records - 1)
                                                        : workload.bursts.back().at;
    if (last >= end)
        build.reading.warning(
            at.value->span, at.path, "AL423",
            core::concat("the run ends at ", duration_text(end), ": ", producer.id,
                         " cannot send all of its ", workload.records, " records"));
}

}  // namespace

void lint(Build& build) {
    const Scenario& scenario = build.scenario;
    if (build.root.value->find("topics") != nullptr)
        for (TopicNumber i = 0; i < scenario.topics.size(); ++i)
            if (const auto at =
                    named(build.root.member("topics"), "name", scenario.topics[i].name)) {
                lint_min_isr(build, scenario.topics[i], i, *at);
                lint_unclean(build, *at);
            }
    if (build.root.value->find("cluster") != nullptr)
        lint_unclean(build, build.root.member("cluster"));
    if (build.root.value->find("producers") != nullptr)
        for (const Producer& producer : scenario.producers)
            if (const auto at = named(build.root.member("producers"), "id", producer.id))
                lint_producer(build, producer, *at);
    if (build.step_list.value == nullptr) return;
    for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
        const At at = build.step_list.element(build.step_places[i]);
        lint_times(build, scenario.steps[i], at);
        lint_adaptive(build, scenario.steps[i], at);
    }
}

}  // namespace scenario
