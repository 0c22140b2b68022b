#include "core/controller/replication_control.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"

namespace core {

namespace {

constexpr std::string_view kMinIsr = "min.insync.replicas";

/// Boolean.parseBoolean: "true" in any case.
bool parse_bool(std::string_view text) {
    constexpr std::string_view kTrue = "true";
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return text.size() == kTrue.size() && std::equal(text.begin(), text.end(), kTrue.begin(),
                                                     [&](char a, char b) { return lower(a) == b; });
}

std::optional<DirectoryId> directory_of(const PartitionRegistration& partition, NodeId replica) {
    for (std::size_t i = 0; i < partition.replicas.size(); ++i)
        if (partition.replicas[i] == replica && i < partition.directories.size())
            return partition.directories[i];
    return std::nullopt;
}

}  // namespace

// ---- settings -----------------------------------------------------------------------------------

std::optional<std::string_view> ReplicationControl::dynamic_config(PartitionId partition,
                                                                   std::string_view key) const {
    const ConfigMap& topic = image_.topic_config(topics_.topic_of(partition));
    if (auto value = find_config(topic, key)) return value;
    if (auto value = find_config(image_.broker_config(self_), key)) return value;
    return find_config(image_.cluster_config(), key);
}

bool ReplicationControl::unclean_election_enabled(PartitionId partition) const {
    if (!profile_.unclean_config_honoured) return false;
    const auto value = dynamic_config(partition, "unclean.leader.election.enable");
    return value ? parse_bool(*value) : config_.topic_defaults.unclean_leader_election_enable;
}

std::int32_t ReplicationControl::effective_min_isr(PartitionId partition) const {
    std::int64_t min_isr = config_.topic_defaults.min_insync_replicas;
    if (const auto value = dynamic_config(partition, kMinIsr))
        min_isr = parse_int(*value).value_or(min_isr);
    const PartitionId first = topics_.topic(topics_.topic_of(partition)).first_partition;
    const PartitionRegistration* model = image_.find_partition(first);
    if (model == nullptr) return static_cast<std::int32_t>(min_isr);
    return static_cast<std::int32_t>(
        std::min(min_isr, static_cast<std::int64_t>(model->replicas.size())));
}

bool ReplicationControl::elr_enabled() const {
    return profile_.elr_supported && image_.feature_level(kElrFeature) > 0;
}

void ReplicationControl::alter_config(const AlterConfig& call, MetadataRecords& records) const {
    MetadataRecords clears;
    for (const ConfigRecord& change : call.changes) {
        if (change.topic && !image_.topic_exists(*change.topic)) continue;
        // What changes nothing in a topic is no record. A broker reloads what it is told once more,
        // and the default of all brokers is such a resource too: its record is written all the
        // same. [ConfigurationControlManager.incrementalAlterConfigResource, before 3.9:
        // KAFKA-14136]
        if (change.topic &&
            find_config(image_.topic_config(*change.topic), change.key) == change.value)
            continue;
        if (elr_enabled() && change.key == kMinIsr) {
            const bool removes_last =
                change.resource == ConfigResource::cluster && !change.value.has_value();
            if (change.resource == ConfigResource::broker || removes_last) continue;
            clears.emplace_back(ClearElrRecord{change.topic});
        }
        records.emplace_back(change);
    }
    records.insert(records.end(), clears.begin(), clears.end());
}

// ---- the partition change and what it is told ---------------------------------------------------

AcceptableReplicas ReplicationControl::acceptable(const PartitionRegistration& partition,
                                                  const Exception& exception) const {
    AcceptableReplicas list;
    for (NodeId replica : partition.replicas) {
        if (replica == exception.remove || replica == exception.unclean_shutdown) continue;
        if (replica != exception.add && !image_.is_active(replica)) continue;
        const BrokerRegistration* broker = image_.find_broker(replica);
        const auto directory = directory_of(partition, replica);
        if (profile_.directory_assignment && broker != nullptr && directory &&
            !broker->has_online_directory(*directory))
            continue;
        list.push_back(replica);
    }
    return list;
}

PartitionChangeOptions ReplicationControl::options(PartitionId partition, Election election) const {
    PartitionChangeOptions options;
    options.election = election;
    options.elr = elr_enabled();
    options.elects_dead_last_known_leader = profile_.elects_dead_last_known_leader;
    options.leader_epoch_bump_on_shrink = profile_.leader_epoch_bump_on_shrink;
    options.min_isr = effective_min_isr(partition);
    return options;
}

Election ReplicationControl::automatic_election(PartitionId partition) const {
    return unclean_election_enabled(partition) ? Election::unclean : Election::online;
}

void ReplicationControl::leader_and_isr_update(PartitionId partition, const Exception& exception,
                                               MetadataRecords& records) const {
    const PartitionRegistration* now = image_.find_partition(partition);
    ASSERT(now != nullptr);
    PartitionChangeRequest request;
    if (exception.remove) request.target_isr = without(now->isr, *exception.remove);
    if (exception.unclean_shutdown) {
        request.target_isr = without(now->isr, *exception.unclean_shutdown);
        request.unclean_shutdown = exception.unclean_shutdown;
    }
    auto record = build_partition_change(partition, *now, acceptable(*now, exception), request,
                                         options(partition, automatic_election(partition)));
    if (record) records.emplace_back(std::move(*record));
}

// ---- changes of brokers -------------------------------------------------------------------------

void ReplicationControl::broker_fenced(NodeId broker, MetadataRecords& records) const {
    const BrokerRegistration* registration = image_.find_broker(broker);
    ASSERT(registration != nullptr);
    for (std::uint32_t p = 0; p < image_.partition_count(); ++p) {
        const PartitionRegistration* partition = image_.find_partition(PartitionId(p));
        if (partition != nullptr && contains(partition->isr, broker))
            leader_and_isr_update(PartitionId(p), {broker, {}, {}}, records);
    }
    records.emplace_back(BrokerRegistrationChangeRecord{broker, registration->epoch, true, {}, {}});
}

void ReplicationControl::broker_unfenced(NodeId broker, MetadataRecords& records) const {
    const BrokerRegistration* registration = image_.find_broker(broker);
    ASSERT(registration != nullptr);
    records.emplace_back(
        BrokerRegistrationChangeRecord{broker, registration->epoch, false, {}, {}});
    if (image_.leaderless_count() == 0) return;
    for (std::uint32_t p = 0; p < image_.partition_count(); ++p) {
        const PartitionRegistration* partition = image_.find_partition(PartitionId(p));
        if (partition != nullptr && !partition->leader)
            leader_and_isr_update(PartitionId(p), {{}, broker, {}}, records);
    }
}

void ReplicationControl::broker_in_controlled_shutdown(NodeId broker,
                                                       MetadataRecords& records) const {
    const BrokerRegistration* registration = image_.find_broker(broker);
    ASSERT(registration != nullptr);
    if (!registration->in_controlled_shutdown)
        records.emplace_back(
            BrokerRegistrationChangeRecord{broker, registration->epoch, {}, true, {}});
    for (std::uint32_t p = 0; p < image_.partition_count(); ++p) {
        const PartitionRegistration* partition = image_.find_partition(PartitionId(p));
        if (partition != nullptr && contains(partition->isr, broker))
            leader_and_isr_update(PartitionId(p), {broker, {}, {}}, records);
    }
}

void ReplicationControl::broker_shut_down(NodeId broker, bool clean,
                                          MetadataRecords& records) const {
    const bool lossy = elr_enabled() && !clean;
    for (std::uint32_t p = 0; p < image_.partition_count(); ++p) {
        const PartitionRegistration* partition = image_.find_partition(PartitionId(p));
        if (partition == nullptr) continue;
        const bool member = contains(partition->isr, broker);
        if (lossy && (member || contains(partition->elr, broker)))
            leader_and_isr_update(PartitionId(p), {{}, {}, broker}, records);
        else if (member)
            leader_and_isr_update(PartitionId(p), {broker, {}, {}}, records);
    }
}

void ReplicationControl::directories_offline(NodeId broker, const DirectoryList& offline,
                                             MetadataRecords& records) const {
    if (!profile_.directory_assignment || offline.empty()) return;
    const BrokerRegistration* registration = image_.find_broker(broker);
    ASSERT(registration != nullptr);
    const auto listed = [](const DirectoryList& list, DirectoryId directory) {
        return std::find(list.begin(), list.end(), directory) != list.end();
    };
    DirectoryList left;
    for (DirectoryId directory : registration->directories)
        if (!listed(offline, directory)) left.push_back(directory);
    if (left.size() == registration->directories.size()) return;
    for (std::uint32_t p = 0; p < image_.partition_count(); ++p) {
        const PartitionRegistration* partition = image_.find_partition(PartitionId(p));
        if (partition == nullptr) continue;
        const auto directory = directory_of(*partition, broker);
        if (directory && listed(offline, *directory) &&
            listed(registration->directories, *directory))
            leader_and_isr_update(PartitionId(p), {broker, {}, {}}, records);
    }
    records.emplace_back(
        BrokerRegistrationChangeRecord{broker, registration->epoch, {}, {}, std::move(left)});
}

bool ReplicationControl::has_leaderships(NodeId broker) const {
    for (std::uint32_t p = 0; p < image_.partition_count(); ++p) {
        const PartitionRegistration* partition = image_.find_partition(PartitionId(p));
        if (partition != nullptr && partition->leader == broker) return true;
    }
    return false;
}

// ---- elections ----------------------------------------------------------------------------------

ErrorCode ReplicationControl::elect_one(PartitionId id, Election election,
                                        MetadataRecords& records) const {
    const PartitionRegistration* partition = image_.find_partition(id);
    if (partition == nullptr) return ErrorCode::unknown_topic_or_partition;
    const bool needless = election == Election::preferred
                              ? partition->leader == partition->replicas.front()
                              : partition->leader.has_value();
    if (needless) return ErrorCode::election_not_needed;
    auto record = build_partition_change(id, *partition, acceptable(*partition, {}), {},
                                         options(id, election));
    if (!record)
        return election == Election::preferred ? ErrorCode::preferred_leader_not_available
                                               : ErrorCode::eligible_leaders_not_available;
    records.emplace_back(std::move(*record));
    return ErrorCode::none;
}

ControllerResult<ErrorCode> ReplicationControl::elect_leaders(const ElectLeaders& call) const {
    ControllerResult<ErrorCode> result{{}, ErrorCode::none};
    const Election election = call.unclean ? Election::unclean : Election::preferred;
    result.response = elect_one(call.partition, election, result.records);
    return result;
}

bool ReplicationControl::balance_leaders(MetadataRecords& records) const {
    for (std::uint32_t p = 0; p < image_.partition_count(); ++p) {
        if (records.size() >= kMaxElectionsPerImbalance) break;
        const PartitionRegistration* partition = image_.find_partition(PartitionId(p));
        if (partition == nullptr || partition->leader == partition->replicas.front()) continue;
        elect_one(PartitionId(p), Election::preferred, records);
    }
    return records.size() >= kMaxElectionsPerImbalance;
}

bool ReplicationControl::elect_unclean_leaders(MetadataRecords& records) const {
    for (std::uint32_t p = 0; p < image_.partition_count(); ++p) {
        if (records.size() >= kMaxElectionsPerImbalance) break;
        const PartitionRegistration* partition = image_.find_partition(PartitionId(p));
        if (partition == nullptr || partition->leader) continue;
        if (unclean_election_enabled(PartitionId(p)))
            elect_one(PartitionId(p), Election::unclean, records);
    }
    return records.size() >= kMaxElectionsPerImbalance;
}

// ---- creation -----------------------------------------------------------------------------------

DirectoryId ReplicationControl::default_directory(NodeId broker) const {
    const BrokerRegistration* registration = image_.find_broker(broker);
    if (registration == nullptr) return kUnassignedDirectory;
    if (registration->directories.empty()) return kMigratingDirectory;
    if (registration->directories.size() == 1) return registration->directories.front();
    return kUnassignedDirectory;
}

std::optional<PartitionRegistration> ReplicationControl::new_partition(
    const ReplicaList& replicas) const {
    PartitionRegistration made;
    for (NodeId replica : replicas) {
        if (image_.find_broker(replica) == nullptr) return std::nullopt;
        if (contains(made.replicas, replica)) return std::nullopt;
        made.replicas.push_back(replica);
        if (profile_.directory_assignment) made.directories.push_back(default_directory(replica));
        if (image_.is_active(replica)) made.isr.push_back(replica);
    }
    if (made.isr.empty()) return std::nullopt;
    made.leader = made.isr.front();
    return made;
}

ErrorCode ReplicationControl::create_topic(const CreateTopics::Topic& topic,
                                           MetadataRecords& records) const {
    if (image_.topic_exists(topic.topic)) return ErrorCode::invalid_request;
    const TopicEntry& entry = topics_.topic(topic.topic);
    if (topic.replicas.size() != entry.partition_count)
        return ErrorCode::invalid_replica_assignment;
    records.emplace_back(TopicRecord{topic.topic});
    for (const auto& [key, value] : topic.config)
        records.emplace_back(ConfigRecord{ConfigResource::topic, topic.topic, {}, key, value});
    for (std::uint32_t i = 0; i < entry.partition_count; ++i) {
        auto made = new_partition(topic.replicas[i]);
        if (!made) return ErrorCode::invalid_replica_assignment;
        records.emplace_back(
            PartitionRecord{PartitionId(entry.first_partition.value() + i), std::move(*made)});
    }
    return ErrorCode::none;
}

ControllerResult<ErrorCode> ReplicationControl::create_topics(const CreateTopics& call) const {
    ControllerResult<ErrorCode> result{{}, ErrorCode::none};
    for (const CreateTopics::Topic& topic : call.topics) {
        result.response = create_topic(topic, result.records);
        if (result.response != ErrorCode::none) {
            result.records.clear();
            return result;
        }
    }
    return result;
}

}  // namespace core
