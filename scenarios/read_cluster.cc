// kafka, run, cluster, topics.

#include <algorithm>
#include <array>

#include "scenarios/build.h"
#include "scenarios/units.h"

namespace scenario {
namespace {

using core::ConfigScope;

enum class ModeWord : std::uint8_t { automatic, kraft, zookeeper };
constexpr std::array<Word<ModeWord>, 3> kClusterModes = {{
    {"auto", ModeWord::automatic},
    {"kraft", ModeWord::kraft},
    {"zookeeper", ModeWord::zookeeper},
}};
constexpr std::array<Word<GroupCoordinator>, 2> kCoordinators = {{
    {"modelled", GroupCoordinator::modelled},
    {"reliable", GroupCoordinator::reliable},
}};

constexpr std::string_view kElrFeature = "eligible.leader.replicas.version";

std::string version_list() {
    std::vector<std::string> versions;
    for (const core::Profile& profile : core::all_profiles())
        versions.emplace_back(profile.version);
    return core::join(versions, ", ");
}

void read_version(Build& build, const Fields& kafka) {
    const std::optional<At> at = kafka.need("version");
    if (!at) return;
    const std::optional<std::string> asked = build.reading.text(*at);
    if (!asked) return;
    const std::optional<core::ProfileChoice> choice = core::find_profile(*asked);
    if (!choice) {
        build.reading.not_modelled(*at, "AL501",
                                   core::concat("Kafka \"", shown(*asked), "\" is not modelled"),
                                   {core::concat("a version of ", version_list()), {}});
        return;
    }
    build.scenario.kafka.asked = *asked;
    build.scenario.kafka.profile = choice->profile;
    build.scenario.kafka.exact = choice->exact;
    if (!choice->exact)
        build.reading.warning(at->value->span, at->path, "AL502",
                              core::concat("Kafka ", shown(*asked),
                                           " has no profile of its own; the next lower one, ",
                                           choice->profile->version, ", stands in"));
}

void read_features(Build& build, const At& at) {
    if (!build.reading.is_object(at)) return;
    for (const Member& member : at.value->members) {
        if (member.key == "$comment") continue;
        const At one = at.member(member);
        const auto level = build.reading.integer(one, 0, INT16_MAX);
        if (!level) continue;
        build.scenario.kafka.features.emplace_back(member.key, *level);
        const core::Profile& profile = build.profile();
        if (member.key == kElrFeature && *level <= 1) {
            if (profile.elr_supported)
                build.scenario.kafka.elr_level = static_cast<std::int16_t>(*level);
            else if (*level == 1)
                build.reading.warning(member.key_span, one.path, "AL303",
                                      core::concat("Kafka ", profile.version, " has no feature ",
                                                   kElrFeature, "; it has no effect"));
            continue;
        }
        if (*level != 0)
            build.reading.not_modelled(
                one, "AL504", core::concat("the feature ", shown(member.key), " is not modelled"));
    }
}

/// cluster.config with one broker's own settings on top, and what Kafka says to the sum.
core::ConfigMap merged(const core::ConfigMap& base, const core::ConfigMap& own) {
    core::ConfigMap out = base;
    for (const auto& [key, value] : own) core::set_config(out, key, value);
    return out;
}

void read_broker(Build& build, const At& at, std::set<std::int32_t>& ids) {
    Reading& reading = build.reading;
    const Fields fields(reading, at, {"id", "rack", "config"}, "broker");
    const std::optional<At> id_at = fields.need("id");
    if (!id_at) return;
    const auto id = reading.integer(*id_at, 0, core::kFirstClientId - 1);
    if (!id) return;
    if (!ids.insert(static_cast<std::int32_t>(*id)).second) {
        reading.error(*id_at, "AL207",
                      core::concat("a node with id ", *id, " stands here already"));
        return;
    }
    BrokerSpec broker{
        core::NodeId(static_cast<std::int32_t>(*id)), {}, build.scenario.cluster.config, {}};
    if (const auto rack = fields.get("rack")) {
        broker.rack = reading.text(*rack).value_or("");
        build.racks.insert(broker.rack);
    }
    if (const auto config = fields.get("config")) {
        broker.config = merged(broker.config, read_config(build, *config, ConfigScope::broker));
        std::vector<core::ConfigProblem> before;
        core::resolve_broker(build.profile(), build.scenario.cluster.config, before);
        std::vector<core::ConfigProblem> problems;
        core::resolve_broker(build.profile(), broker.config, problems);
        if (before.empty()) report_conflicts(build, *config, "broker", problems);
    }
    build.scenario.cluster.brokers.push_back(std::move(broker));
}

void read_controllers(Build& build, const Fields& cluster, std::set<std::int32_t>& ids) {
    Reading& reading = build.reading;
    Cluster& out = build.scenario.cluster;
    const std::optional<At> list = cluster.get("controllers");
    if (!list) {
        std::int32_t id = 100;
        while (ids.count(id) > 0) ++id;
        out.controllers.push_back(ControllerSpec{core::NodeId(id), out.config});
        return;
    }
    if (!reading.is_list(*list)) return;
    if (list->value->items.empty()) reading.error(*list, "AL206", "a cluster needs a controller");
    if (list->value->items.size() > static_cast<std::size_t>(kNodesMax)) return;
    for (std::size_t i = 0; i < list->value->items.size(); ++i) {
        const Fields fields(reading, list->element(i), {"id"}, "controller");
        const std::optional<At> id_at = fields.need("id");
        if (!id_at) continue;
        const auto id = reading.integer(*id_at, 0, core::kFirstClientId - 1);
        if (!id) continue;
        if (!ids.insert(static_cast<std::int32_t>(*id)).second)
            reading.error(*id_at, "AL207",
                          core::concat("a node with id ", *id, " stands here already"));
        else
            out.controllers.push_back(
                ControllerSpec{core::NodeId(static_cast<std::int32_t>(*id)), out.config});
    }
    if (out.controllers.size() > 1)
        reading.not_modelled(*list, "AL505", "a quorum of several controllers is not modelled yet",
                             {{}, "give one controller"});
}

bool legal_topic_name(std::string_view name) {
    // [kafka Topic.validate: legal characters, at most 249 of them]
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
    return plain && !name.empty() && name.size() <= 249 && name != "." && name != "..";
}

/// Replica lists of a count of partitions: brokers (i + j) mod n in id order.
void spread_replicas(const Build& build, std::int64_t count, std::int64_t factor, Topic& topic) {
    std::vector<core::NodeId> ids;
    for (const BrokerSpec& broker : build.scenario.cluster.brokers) ids.push_back(broker.id);
    std::sort(ids.begin(), ids.end());
    for (std::int64_t i = 0; i < count; ++i) {
        Partition partition{static_cast<std::int32_t>(i), {}};
        for (std::int64_t j = 0; j < factor; ++j)
            partition.replicas.push_back(ids[static_cast<std::size_t>(i + j) % ids.size()]);
        topic.partitions.push_back(std::move(partition));
    }
}

/// [kafka ReplicationControlManager.createTopic: manual assignments]
void read_assignment(Build& build, const At& list, Topic& topic) {
    Reading& reading = build.reading;
    const std::size_t count = list.value->items.size();
    std::map<std::int32_t, Partition> found;
    std::optional<std::size_t> factor;
    for (std::size_t i = 0; i < count; ++i) {
        const Fields fields(reading, list.element(i), {"id", "replicas"}, "partition");
        const auto id_at = fields.need("id");
        const auto replicas_at = fields.need("replicas");
        if (!id_at || !replicas_at) continue;
        const auto id = reading.integer(*id_at, 0, static_cast<std::int64_t>(count) - 1);
        if (!id || !reading.is_list(*replicas_at)) continue;
        Partition partition{static_cast<std::int32_t>(*id), {}};
        for (std::size_t j = 0; j < replicas_at->value->items.size(); ++j) {
            const At one{&replicas_at->value->items[j], core::concat(replicas_at->path, "/", j)};
            const auto broker = read_broker_id(build, one);
            if (!broker) continue;
            if (std::find(partition.replicas.begin(), partition.replicas.end(), *broker) !=
                partition.replicas.end())
                reading.error(one, "AL313",
                              core::concat("Kafka refuses a replica list that names broker ",
                                           broker->value(), " twice"));
            else
                partition.replicas.push_back(*broker);
        }
        if (replicas_at->value->items.empty())
            reading.error(*replicas_at, "AL313", "Kafka refuses an empty replica list");
        if (factor && *factor != replicas_at->value->items.size())
            reading.error(
                *replicas_at, "AL313",
                "Kafka refuses partitions of one topic with different numbers of replicas");
        factor = replicas_at->value->items.size();
        if (!found.emplace(partition.id, std::move(partition)).second)
            reading.error(*id_at, "AL207", core::concat("partition ", *id, " stands here already"));
    }
    for (auto& [id, partition] : found) topic.partitions.push_back(std::move(partition));
}

void read_partitions(Build& build, const Fields& fields, const core::BrokerConfig& broker,
                     std::int64_t& partitions, std::int64_t& replicas, Topic& topic) {
    Reading& reading = build.reading;
    const auto at = fields.need("partitions");
    const auto factor_at = fields.get("replicationFactor");
    const auto brokers = static_cast<std::int64_t>(build.scenario.cluster.brokers.size());
    if (!at) return;
    if (at->value->is_array()) {
        if (factor_at)
            reading.error(*factor_at, "AL208",
                          "replicationFactor belongs to a count of partitions, not to a list");
        partitions += static_cast<std::int64_t>(at->value->items.size());
        if (at->value->items.empty()) reading.error(*at, "AL206", "a topic needs a partition");
        if (partitions > kPartitionsMax)
            reading.error(*at, "AL240",
                          core::concat("more than ", kPartitionsMax, " partitions in all"));
        else
            read_assignment(build, *at, topic);
        return;
    }
    const auto count = reading.integer(*at, 1, kPartitionsMax);
    std::int64_t factor = broker.default_replication_factor;
    if (factor_at) {
        const auto own = reading.integer(*factor_at, 1, INT16_MAX);
        if (!own) return;
        factor = *own;
    }
    if (!count || brokers == 0) return;
    if (factor > brokers || factor < 1) {
        reading.error(factor_at ? *factor_at : *at, "AL313",
                      core::concat("Kafka refuses replication factor ", factor, " with ", brokers,
                                   brokers == 1 ? " broker" : " brokers"));
        return;
    }
    partitions += *count;
    replicas += *count * factor;
    if (partitions > kPartitionsMax || replicas > kReplicasMax) {
        reading.error(*at, "AL240",
                      core::concat("more than ", kPartitionsMax, " partitions or ", kReplicasMax,
                                   " replicas in all"));
        return;
    }
    spread_replicas(build, *count, factor, topic);
}

}  // namespace

void read_kafka(Build& build) {
    build.scenario.kafka.profile = &core::all_profiles().back();
    if (build.root.value->find("kafka") == nullptr) return;
    const Fields kafka(build.reading, build.root.member("kafka"), {"version", "mode", "features"},
                       "kafka");
    if (!kafka.ok()) return;
    read_version(build, kafka);
    if (const auto at = kafka.get("mode")) {
        const auto mode = build.reading.word<ModeWord>(*at, kClusterModes, "AL224", "mode");
        if (mode == ModeWord::zookeeper && build.profile().mode != core::ClusterMode::zookeeper)
            build.reading.not_modelled(*at, "AL503",
                                       core::concat("ZooKeeper mode of Kafka ",
                                                    build.profile().version, " is not modelled"),
                                       {"\"kraft\" or \"auto\"", {}});
        if (mode == ModeWord::kraft && build.profile().mode != core::ClusterMode::kraft)
            build.reading.not_modelled(
                *at, "AL503",
                core::concat("KRaft mode of Kafka ", build.profile().version, " is not modelled"));
    }
    build.scenario.kafka.elr_level = build.profile().elr_default_on ? 1 : 0;
    if (const auto at = kafka.get("features")) read_features(build, *at);
}

void read_run(Build& build) {
    if (build.root.value->find("run") == nullptr) return;
    Reading& reading = build.reading;
    Run& run = build.scenario.run;
    const Fields fields(reading, build.root.member("run"), {"seed", "end", "settle", "maxEvents"},
                        "run");
    if (const auto at = fields.get("seed")) run.seed = reading.unsigned_integer(*at).value_or(1);
    if (const auto at = fields.need("end")) {
        const auto end = reading.duration(*at, kTimeMax);
        if (end && end->count() == 0) reading.error(*at, "AL206", "the run must take some time");
        run.end = end.value_or(core::Duration(0));
    }
    if (const auto at = fields.get("settle"))
        run.settle = reading.duration(*at, kTimeMax).value_or(run.settle);
    if (const auto at = fields.get("maxEvents"))
        run.max_events =
            static_cast<std::uint64_t>(reading.integer(*at, 1, 1'000'000'000'000).value_or(1));
}

void read_cluster(Build& build) {
    if (build.root.value->find("cluster") == nullptr) {
        build.brokers_whole = false;
        return;
    }
    Reading& reading = build.reading;
    Cluster& out = build.scenario.cluster;
    const Fields fields(reading, build.root.member("cluster"),
                        {"config", "brokers", "controllers", "groupCoordinator"}, "cluster");
    if (const auto at = fields.get("config")) {
        out.config = read_config(build, *at, ConfigScope::broker);
        std::vector<core::ConfigProblem> problems;
        core::resolve_broker(build.profile(), out.config, problems);
        report_conflicts(build, *at, "broker", problems);
    }
    std::set<std::int32_t> ids;
    const auto list = fields.need("brokers");
    build.brokers_whole = false;
    if (list && reading.is_list(*list)) {
        if (list->value->items.empty()) reading.error(*list, "AL206", "a cluster needs a broker");
        if (list->value->items.size() > static_cast<std::size_t>(kNodesMax))
            reading.error(*list, "AL240", core::concat("more than ", kNodesMax, " nodes"));
        else
            for (std::size_t i = 0; i < list->value->items.size(); ++i)
                read_broker(build, list->element(i), ids);
        build.brokers_whole = out.brokers.size() == list->value->items.size();
    }
    if (fields.ok()) read_controllers(build, fields, ids);
    if (const auto at = fields.get("groupCoordinator"))
        out.group_coordinator =
            reading.word<GroupCoordinator>(*at, kCoordinators, "AL224", "group coordinator")
                .value_or(GroupCoordinator::modelled);
}

void read_topics(Build& build) {
    build.topics_whole = false;
    if (build.root.value->find("topics") == nullptr) return;
    Reading& reading = build.reading;
    const At list = build.root.member("topics");
    if (!reading.is_list(list)) return;
    if (list.value->items.empty()) reading.error(list, "AL206", "a scenario needs a topic");
    std::vector<core::ConfigProblem> ignored;
    const core::BrokerConfig broker =
        core::resolve_broker(build.profile(), build.scenario.cluster.config, ignored);
    std::int64_t partitions = 0;
    std::int64_t replicas = 0;
    std::uint32_t next = 0;
    bool without_partitions = false;
    for (std::size_t i = 0; i < list.value->items.size() && partitions <= kPartitionsMax; ++i) {
        const Fields fields(reading, list.element(i),
                            {"name", "partitions", "replicationFactor", "config"}, "topic");
        const auto name_at = fields.need("name");
        Topic topic{{}, core::PartitionId(next), {}, {}};
        read_partitions(build, fields, broker, partitions, replicas, topic);
        if (const auto at = fields.get("config"))
            topic.config = read_config(build, *at, ConfigScope::topic);
        if (!name_at) continue;
        topic.name = reading.text(*name_at).value_or("");
        if (!name_at->value->is_string()) continue;
        if (!legal_topic_name(topic.name)) {
            reading.error(*name_at, "AL314",
                          core::concat("Kafka refuses the topic name \"", shown(topic.name), "\""),
                          {"1 to 249 of a-z A-Z 0-9 . _ -, not \".\" or \"..\"", {}});
            continue;
        }
        const auto number = static_cast<TopicNumber>(build.scenario.topics.size());
        if (!build.topics.emplace(topic.name, number).second) {
            reading.error(*name_at, "AL207",
                          core::concat("the topic \"", topic.name, "\" stands here already"));
            continue;
        }
        next += static_cast<std::uint32_t>(topic.partitions.size());
        without_partitions = without_partitions || topic.partitions.empty();
        build.scenario.topics.push_back(std::move(topic));
    }
    build.topics_whole =
        !without_partitions && build.scenario.topics.size() == list.value->items.size();
}

}  // namespace scenario
