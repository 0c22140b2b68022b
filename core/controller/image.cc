#include "core/controller/image.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/variant.h"

namespace core {

namespace {

auto lower_bound_of(std::vector<BrokerRegistration>& brokers, NodeId id) {
    return std::lower_bound(
        brokers.begin(), brokers.end(), id,
        [](const BrokerRegistration& b, NodeId wanted) { return b.id < wanted; });
}

/// set_config's counterpart: a ConfigRecord without a value removes the key.
void erase_config(ConfigMap& config, std::string_view key) {
    const auto at = std::find_if(config.begin(), config.end(),
                                 [&](const auto& entry) { return entry.first == key; });
    if (at != config.end()) config.erase(at);
}

}  // namespace

bool BrokerRegistration::has_online_directory(DirectoryId directory) const {
    if (directory == kUnassignedDirectory || directory == kMigratingDirectory) return true;
    if (directory == kLostDirectory) return false;
    return std::find(directories.begin(), directories.end(), directory) != directories.end();
}

PartitionRegistration merge(const PartitionRegistration& before,
                            const PartitionChangeRecord& change) {
    PartitionRegistration after = before;
    if (change.replicas) after.replicas = *change.replicas;
    if (change.directories) after.directories = *change.directories;
    if (change.isr) after.isr = *change.isr;
    if (change.elr) after.elr = *change.elr;
    if (change.last_known_elr) after.last_known_elr = *change.last_known_elr;
    if (change.recovery_state) after.recovery_state = *change.recovery_state;
    if (change.leader) {
        after.leader = *change.leader;
        after.leader_epoch = before.leader_epoch.next();
    }
    after.partition_epoch = before.partition_epoch.next();
    ASSERT(after.directories.empty() || after.directories.size() == after.replicas.size());
    return after;
}

std::optional<PartitionId> touched_partition(const MetadataRecord& record) {
    if (const auto* change = std::get_if<PartitionChangeRecord>(&record)) return change->partition;
    if (const auto* created = std::get_if<PartitionRecord>(&record)) return created->partition;
    return std::nullopt;
}

void TouchedPartitions::add(PartitionId partition) {
    ASSERT(partition.value() < seen_.size());
    if (seen_[partition.value()] != 0) return;
    seen_[partition.value()] = 1;
    list_.push_back(partition);
}

void TouchedPartitions::clear() {
    for (PartitionId partition : list_) seen_[partition.value()] = 0;
    list_.clear();
}

ClusterImage::ClusterImage(const TopicTable& topics)
    : partitions_(topics.partition_count()),
      topics_(topics.topics().size(), 0),
      topic_configs_(topics.topics().size()) {
    for (const TopicEntry& topic : topics.topics())
        topic_begins_.push_back(topic.first_partition.value());
    topic_begins_.push_back(topics.partition_count());
}

void ClusterImage::replay(MetadataOffset offset, const MetadataRecord& record) {
    if (highest_offset_) ASSERT(offset > *highest_offset_);
    match(
        record,  //
        [&](const RegisterBrokerRecord& r) { apply(offset, r); },
        [&](const BrokerRegistrationChangeRecord& r) { apply(r); },
        [&](const UnregisterBrokerRecord& r) { apply(r); },
        [&](const TopicRecord& r) { topics_[r.topic.value()] = 1; },
        [&](const PartitionRecord& r) { apply(r); },
        [&](const PartitionChangeRecord& r) { apply(r); }, [&](const ConfigRecord& r) { apply(r); },
        [&](const ProducerIdsRecord& r) { next_producer_id_ = r.next; },
        [&](const FeatureLevelRecord& r) { features_[r.feature] = r.level; },
        [&](const ClearElrRecord& r) { apply(r); }, [](const NoOpRecord&) {});
    highest_offset_ = offset;
}

void ClusterImage::apply(MetadataOffset offset, const RegisterBrokerRecord& record) {
    BrokerRegistration registration{record.broker,
                                    record.epoch,
                                    record.incarnation,
                                    record.directories,
                                    record.fenced,
                                    record.in_controlled_shutdown,
                                    offset};
    const auto at = lower_bound_of(brokers_, record.broker);
    if (at != brokers_.end() && at->id == record.broker) {
        if (record.incarnation == at->incarnation) ASSERT(record.epoch == at->epoch);
        if (record.incarnation != at->incarnation) ASSERT(record.epoch > at->epoch);
        *at = std::move(registration);
        return;
    }
    brokers_.insert(at, std::move(registration));
}

void ClusterImage::apply(const BrokerRegistrationChangeRecord& record) {
    const auto at = lower_bound_of(brokers_, record.broker);
    ASSERT(at != brokers_.end());
    ASSERT(at->id == record.broker);
    ASSERT(at->epoch == record.epoch);
    if (record.fenced) at->fenced = *record.fenced;
    if (record.in_controlled_shutdown) at->in_controlled_shutdown = *record.in_controlled_shutdown;
    if (record.directories) at->directories = *record.directories;
}

void ClusterImage::apply(const UnregisterBrokerRecord& record) {
    const auto at = lower_bound_of(brokers_, record.broker);
    ASSERT(at != brokers_.end());
    ASSERT(at->id == record.broker);
    ASSERT(at->epoch == record.epoch);
    brokers_.erase(at);
}

void ClusterImage::apply(const PartitionRecord& record) {
    auto& slot = partitions_[record.partition.value()];
    ASSERT(!slot.has_value());
    const PartitionRegistration& made = record.registration;
    ASSERT(!made.replicas.empty());
    ASSERT(made.directories.empty() || made.directories.size() == made.replicas.size());
    slot = made;
    count(*slot, 1);
}

void ClusterImage::count(const PartitionRegistration& partition, std::uint32_t step) {
    if (!partition.leader) leaderless_ += step;
    if (partition.leader != partition.replicas.front()) imbalanced_ += step;
}

void ClusterImage::apply(const PartitionChangeRecord& record) {
    auto& slot = partitions_[record.partition.value()];
    ASSERT(slot.has_value());
    count(*slot, ~std::uint32_t{0});
    slot = merge(*slot, record);
    count(*slot, 1);
}

void ClusterImage::apply(const ConfigRecord& record) {
    ConfigMap* config = &cluster_config_;
    switch (record.resource) {
        case ConfigResource::topic:
            ASSERT(record.topic.has_value());
            config = &topic_configs_[record.topic->value()];
            break;
        case ConfigResource::broker:
            ASSERT(record.broker.has_value());
            config = &broker_configs_[*record.broker];
            break;
        case ConfigResource::cluster:
            break;
    }
    if (record.value)
        set_config(*config, record.key, *record.value);
    else
        erase_config(*config, record.key);
}

std::vector<PartitionId> ClusterImage::cleared_by(const ClearElrRecord& record) const {
    const std::size_t topic = record.topic ? record.topic->value() : 0;
    const std::size_t end = record.topic ? topic + 1 : topic_begins_.size() - 1;
    std::vector<PartitionId> found;
    for (std::uint32_t p = topic_begins_[topic]; p < topic_begins_[end]; ++p)
        if (partitions_[p] &&
            !(partitions_[p]->elr.empty() && partitions_[p]->last_known_elr.empty()))
            found.emplace_back(p);
    return found;
}

/// [kafka ReplicationControlManager.removeTopicElrs]
void ClusterImage::apply(const ClearElrRecord& record) {
    for (PartitionId partition : cleared_by(record)) {
        PartitionChangeRecord change{partition, {}, {}, {}, {}, {}, {}, {}};
        change.elr.emplace();
        change.last_known_elr.emplace();
        apply(change);
    }
}

const BrokerRegistration* ClusterImage::find_broker(NodeId broker) const {
    const auto at =
        std::lower_bound(brokers_.begin(), brokers_.end(), broker,
                         [](const BrokerRegistration& b, NodeId wanted) { return b.id < wanted; });
    return at != brokers_.end() && at->id == broker ? &*at : nullptr;
}

bool ClusterImage::is_active(NodeId broker) const {
    const BrokerRegistration* found = find_broker(broker);
    return found != nullptr && found->active();
}

bool ClusterImage::is_unfenced(NodeId broker) const {
    const BrokerRegistration* found = find_broker(broker);
    return found != nullptr && !found->fenced;
}

const ConfigMap& ClusterImage::broker_config(NodeId broker) const {
    const auto at = broker_configs_.find(broker);
    return at == broker_configs_.end() ? no_config_ : at->second;
}

std::int16_t ClusterImage::feature_level(std::string_view feature) const {
    const auto at = features_.find(feature);
    return at == features_.end() ? std::int16_t{0} : at->second;
}

bool contains(const ReplicaList& list, NodeId node) {
    return std::find(list.begin(), list.end(), node) != list.end();
}

}  // namespace core
