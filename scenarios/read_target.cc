// Ids and targets: whom and what a step, a link or a condition means.

#include <algorithm>
#include <array>

#include "scenarios/build.h"

namespace scenario {
namespace {

constexpr std::array<Word<Pick>, 6> kPicks = {{
    {"all", Pick::all},
    {"one", Pick::one},
    {"minority", Pick::minority},
    {"majority", Pick::majority},
    {"lowestLeo", Pick::lowest_leo},
    {"highestLeo", Pick::highest_leo},
}};

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
    std::vector<std::string> keys;
    keys.reserve(map.size());
    for (const auto& [key, value] : map) keys.push_back(key);
    return keys;
}

std::string broker_list(const Build& build) {
    std::vector<std::string> ids;
    for (const BrokerSpec& broker : build.scenario.cluster.brokers) {
        if (ids.size() == 12) {
            ids.emplace_back("...");
            break;
        }
        ids.push_back(std::to_string(broker.id.value()));
    }
    return core::join(ids, ", ");
}

std::optional<Target> read_controller(Build& build, const At& at) {
    Reading& reading = build.reading;
    if (at.value->is_string() && at.value->text == "active")
        return Target{TargetKind::active_controller};
    if (at.value->is_string() && at.value->text == "all")
        return Target{TargetKind::all_controllers};
    if (at.value->is_number()) {
        const auto id = reading.integer(at, 0, core::kFirstClientId - 1);
        if (!id) return std::nullopt;
        for (const ControllerSpec& controller : build.scenario.cluster.controllers)
            if (controller.id.value() == *id) return Target{TargetKind::controller, controller.id};
        reading.error(at, "AL230", core::concat("there is no controller ", *id));
        return std::nullopt;
    }
    reading.error(at, "AL224", "a controller is \"active\", \"all\" or an id");
    return std::nullopt;
}

std::optional<Target> read_producer_target(Build& build, const At& at) {
    if (at.value->is_string() && at.value->text == "*") return Target{TargetKind::all_producers};
    const auto number = read_producer_id(build, at);
    if (!number) return std::nullopt;
    return Target{TargetKind::producer, build.scenario.producers[*number].node};
}

std::optional<Target> read_rack(Build& build, const At& at) {
    const auto rack = build.reading.text(at);
    if (!rack) return std::nullopt;
    if (build.racks.count(*rack) > 0) {
        Target target{TargetKind::rack};
        target.rack = *rack;
        return target;
    }
    if (!build.brokers_whole) return std::nullopt;
    const std::vector<std::string> racks(build.racks.begin(), build.racks.end());
    build.reading.error(at, "AL230", core::concat("no broker is in rack \"", shown(*rack), "\""),
                        {core::join(racks, ", "), build.reading.guess(*rack, racks)});
    return std::nullopt;
}

/// The one selector of a target.
std::optional<Target> read_selector(Build& build, const At& at, std::string_view key) {
    Reading& reading = build.reading;
    const auto of_partition = [&](TargetKind kind) -> std::optional<Target> {
        const auto partition = read_partition_name(build, at);
        if (!partition) return std::nullopt;
        return Target{kind, std::nullopt, *partition};
    };
    if (key == "broker") {
        const auto id = read_broker_id(build, at);
        if (!id) return std::nullopt;
        return Target{TargetKind::broker, *id};
    }
    if (key == "brokers") {
        if (at.value->is_string() && at.value->text == "all")
            return Target{TargetKind::all_brokers};
        reading.error(at, "AL224", "\"brokers\" can only be \"all\"", {"\"all\"", {}});
        return std::nullopt;
    }
    if (key == "leaderOf") return of_partition(TargetKind::leader_of);
    if (key == "followersOf") return of_partition(TargetKind::followers_of);
    if (key == "isrOf") return of_partition(TargetKind::isr_of);
    if (key == "rack") return read_rack(build, at);
    if (key == "controller") return read_controller(build, at);
    if (key == "producer") return read_producer_target(build, at);
    reading.not_modelled(at, "AL514", core::concat("the target \"", key, "\" is not modelled yet"));
    return std::nullopt;
}

}  // namespace

std::vector<std::string> Build::topic_names() const {
    return keys_of(topics);
}
std::vector<std::string> Build::producer_names() const {
    return keys_of(producers);
}
std::vector<std::string> Build::step_names() const {
    return keys_of(steps);
}
std::vector<std::string> Build::partition_names() const {
    std::vector<std::string> names;
    for (const Topic& topic : scenario.topics)
        for (const Partition& partition : topic.partitions)
            names.push_back(core::concat(topic.name, "-", partition.id));
    return names;
}

std::optional<core::NodeId> read_broker_id(Build& build, const At& at) {
    const auto id = build.reading.integer(at, 0, core::kFirstClientId - 1);
    if (!id) return std::nullopt;
    for (const BrokerSpec& broker : build.scenario.cluster.brokers)
        if (broker.id.value() == *id) return broker.id;
    if (!build.brokers_whole) return std::nullopt;
    build.reading.error(at, "AL230", core::concat("there is no broker ", *id),
                        {core::concat("a broker of ", broker_list(build)), {}});
    return std::nullopt;
}

std::optional<TopicNumber> read_topic_name(Build& build, const At& at) {
    const auto name = build.reading.text(at);
    if (!name) return std::nullopt;
    const auto found = build.topics.find(*name);
    if (found != build.topics.end()) return found->second;
    if (!build.topics_whole) return std::nullopt;
    build.reading.error(at, "AL230", core::concat("there is no topic \"", shown(*name), "\""),
                        {{}, build.reading.guess(*name, build.topic_names())});
    return std::nullopt;
}

std::optional<ProducerNumber> read_producer_id(Build& build, const At& at) {
    const auto id = build.reading.text(at);
    if (!id) return std::nullopt;
    const auto found = build.producers.find(*id);
    if (found != build.producers.end()) return found->second;
    if (!build.producers_whole) return std::nullopt;
    build.reading.error(at, "AL230", core::concat("there is no producer \"", shown(*id), "\""),
                        {{}, build.reading.guess(*id, build.producer_names())});
    return std::nullopt;
}

std::optional<core::PartitionId> read_partition_name(Build& build, const At& at) {
    const auto name = build.reading.text(at);
    if (!name) return std::nullopt;
    if (const auto found = build.scenario.find_partition(*name)) return found;
    if (!build.topics_whole) return std::nullopt;
    std::string suggestion;
    if (build.reading.errors() < 100)
        suggestion = build.reading.guess(*name, build.partition_names());
    build.reading.error(at, "AL230", core::concat("there is no partition \"", shown(*name), "\""),
                        {"TOPIC-NUMBER, such as \"orders-0\"", std::move(suggestion)});
    return std::nullopt;
}

std::optional<StepNumber> read_step_id(Build& build, const At& at) {
    const auto id = build.reading.text(at);
    if (!id) return std::nullopt;
    const auto found = build.steps.find(*id);
    if (found != build.steps.end()) return found->second;
    if (!build.steps_whole) return std::nullopt;
    build.reading.error(at, "AL230", core::concat("there is no step \"", shown(*id), "\""),
                        {{}, build.reading.guess(*id, build.step_names())});
    return std::nullopt;
}

std::optional<Target> read_target(Build& build, const At& at) {
    Reading& reading = build.reading;
    const Fields fields(reading, at,
                        {"broker", "brokers", "leaderOf", "followersOf", "isrOf", "rack",
                         "controller", "producer", "consumer", "coordinatorOf", "pick"},
                        "target");
    if (!fields.ok()) return std::nullopt;
    const std::vector<std::string_view> selectors =
        fields.present({"broker", "brokers", "leaderOf", "followersOf", "isrOf", "rack",
                        "controller", "producer", "consumer", "coordinatorOf"});
    std::optional<Pick> pick = Pick::all;
    if (const auto pick_at = fields.get("pick"))
        pick = reading.word<Pick>(*pick_at, kPicks, "AL224", "pick");
    if (selectors.size() != 1) {
        if (fields.misspelt({"broker", "brokers", "leaderOf", "followersOf", "isrOf", "rack",
                             "controller", "producer"}))
            return std::nullopt;
        reading.error(
            at, "AL208", "a target names exactly one thing",
            {"broker, brokers, leaderOf, followersOf, isrOf, rack, controller, producer", {}});
        return std::nullopt;
    }
    std::optional<Target> target =
        read_selector(build, at.member(selectors.front()), selectors.front());
    if (!target || !pick) return std::nullopt;
    target->pick = *pick;
    if ((*pick == Pick::lowest_leo || *pick == Pick::highest_leo) &&
        target->kind != TargetKind::leader_of && target->kind != TargetKind::followers_of &&
        target->kind != TargetKind::isr_of) {
        reading.error(fields.at().member("pick"), "AL225",
                      "this pick compares log ends of one partition",
                      {"it goes with leaderOf, followersOf, isrOf", {}});
        return std::nullopt;
    }
    return target;
}

}  // namespace scenario
