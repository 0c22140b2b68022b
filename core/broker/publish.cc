// Applying metadata to partitions. [kafka BrokerMetadataPublisher, ReplicaManager.applyDelta]
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/broker/replica_manager.h"

namespace core {

TopicConfig ReplicaManager::topic_config(PartitionId partition) const {
    BrokerConfig defaults = config_;
    // Dynamic broker settings: the cluster's, then this broker's own.
    for (const ConfigMap* dynamic :
         {&image_.cluster_config(), &image_.broker_config(context_.self)}) {
        const auto min_isr = find_config(*dynamic, "min.insync.replicas");
        const auto number = min_isr ? parse_int(*min_isr) : std::nullopt;
        if (number && *number >= 1)
            defaults.topic_defaults.min_insync_replicas = static_cast<std::int32_t>(*number);
    }
    std::vector<ConfigProblem> problems;
    return resolve_topic(*context_.profile, defaults,
                         image_.topic_config(topics_.topic_of(partition)), problems);
}

void ReplicaManager::publish_brokers() {
    context_.brokers.clear();
    for (const BrokerRegistration& broker : image_.brokers())
        context_.brokers.push_back(
            BrokerStatus{broker.id, broker.epoch, broker.fenced, broker.in_controlled_shutdown});
    ASSERT(std::is_sorted(
        context_.brokers.begin(), context_.brokers.end(),
        [](const BrokerStatus& a, const BrokerStatus& b) { return a.broker < b.broker; }));
}

void ReplicaManager::publish_configs() {
    for (PartitionId id : hosted_) {
        Partition& partition = *partitions_[id.value()];
        const TopicConfig config = topic_config(id);
        if (partition.log() != nullptr) partition.log()->update_config(config);
        if (Leader* leader = partition.leader())
            leader->set_min_insync_replicas(config.min_insync_replicas);
    }
}

void ReplicaManager::publish(std::span<const PartitionId> touched, bool shutting_down) {
    const auto mine = [&](const PartitionRegistration* registration) {
        return registration != nullptr && contains(registration->replicas, context_.self);
    };
    for (PartitionId id : touched) {
        const PartitionRegistration* registration = image_.find_partition(id);
        if (!mine(registration)) make_offline(id);
    }
    for (PartitionId id : touched) {
        const PartitionRegistration* registration = image_.find_partition(id);
        if (mine(registration) && registration->leader == context_.self)
            make_leader(id, *registration);
    }
    for (PartitionId id : touched) {
        const PartitionRegistration* registration = image_.find_partition(id);
        if (mine(registration) && registration->leader != context_.self)
            make_follower(id, *registration, shutting_down);
    }
    fetchers_.settle(context_.now);
}

/// The Partition object, and its log: found, or made on the first registration.
void ReplicaManager::ensure_partition(PartitionId id) {
    std::unique_ptr<Partition>& slot = partitions_[id.value()];
    if (slot != nullptr) return;
    Log* log = logs_.find(id);
    if (log == nullptr) log = &logs_.create(id, topic_config(id), context_.now);
    // [kafka Partition.createLog] Up to 5 s old after a crash; the log clamps it.
    log->set_high_watermark(logs_.checkpointed_high_watermark(id));
    slot = std::make_unique<Partition>(id, log);
    hosted_.insert(std::lower_bound(hosted_.begin(), hosted_.end(), id), id);
}

void ReplicaManager::make_leader(PartitionId id, const PartitionRegistration& registration) {
    ensure_partition(id);
    fetchers_.remove(id);
    Partition& partition = *find(id);
    partition.become_leader(registration, topic_config(id).min_insync_replicas, context_);
    after_role_change(partition);
}

void ReplicaManager::make_follower(PartitionId id, const PartitionRegistration& registration,
                                   bool shutting_down) {
    ensure_partition(id);
    Partition& partition = *find(id);
    const bool new_epoch = partition.become_follower(registration, context_);
    after_role_change(partition);
    Follower* role = partition.follower();
    if (role == nullptr) return;
    const bool leaving =
        shutting_down && (!registration.leader || !contains(registration.isr, context_.self));
    if (!leaving && !new_epoch) return;
    fetchers_.remove(id);
    role->stop_fetching();
    if (leaving || !registration.leader) return;
    if (image_.find_broker(*registration.leader) == nullptr) return;
    role->start_fetching(logs_, context_);
    fetchers_.add(id, topics_.index_of(id), *registration.leader);
}

void ReplicaManager::make_offline(PartitionId id) {
    Partition* partition = find(id);
    if (partition == nullptr) return;
    fetchers_.remove(id);
    partition->become_offline(context_);
    after_role_change(*partition);
    partitions_[id.value()].reset();
    std::erase(hosted_, id);
    logs_.remove(id);
}

void ReplicaManager::after_role_change(Partition& partition) {
    const std::vector<WaitingProduce> abandoned = partition.take_abandoned();
    fail_produce(abandoned, ErrorCode::not_leader_or_follower);
}

std::vector<PartitionId> ReplicaManager::misplaced(std::span<const PartitionId> touched,
                                                   DirectoryId directory) const {
    std::vector<PartitionId> found;
    for (PartitionId id : touched) {
        const PartitionRegistration* registration = image_.find_partition(id);
        if (registration == nullptr || find(id) == nullptr) continue;
        const auto at =
            std::find(registration->replicas.begin(), registration->replicas.end(), context_.self);
        if (at == registration->replicas.end()) continue;
        const auto index = static_cast<std::size_t>(at - registration->replicas.begin());
        if (index < registration->directories.size() &&
            registration->directories[index] != directory)
            found.push_back(id);
    }
    return found;
}

}  // namespace core
