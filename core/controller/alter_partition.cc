// What brokers ask of their partitions: AlterPartition and AssignReplicasToDirs.

#include <algorithm>

#include "core/base/assert.h"
#include "core/controller/replication_control.h"

namespace core {

bool ReplicationControl::eligible(const AlterPartitionIsrMember& member) const {
    const BrokerRegistration* broker = image_.find_broker(member.broker);
    if (broker == nullptr || broker->in_controlled_shutdown || broker->fenced) return false;
    // KIP-903: a follower that restarted with an empty disk while its admission was under way has a
    // newer epoch than the leader saw, and must not enter.
    return !member.broker_epoch || *member.broker_epoch == broker->epoch;
}

ErrorCode ReplicationControl::validate(NodeId sender, const AlterPartitionItem& item) const {
    if (item.partition.value() >= image_.partition_count())
        return ErrorCode::unknown_topic_or_partition;
    const PartitionRegistration* partition = image_.find_partition(item.partition);
    if (partition == nullptr) return ErrorCode::unknown_topic_or_partition;
    // The leader knows more than this node: another controller is active.
    if (item.leader_epoch > partition->leader_epoch) return ErrorCode::not_controller;
    if (item.partition_epoch > partition->partition_epoch) return ErrorCode::not_controller;
    if (item.leader_epoch < partition->leader_epoch) return ErrorCode::fenced_leader_epoch;
    if (partition->leader != sender) return ErrorCode::invalid_request;
    if (item.partition_epoch < partition->partition_epoch) return ErrorCode::invalid_update_version;

    ReplicaList isr;
    for (const AlterPartitionIsrMember& member : item.new_isr) {
        if (!contains(partition->replicas, member.broker)) return ErrorCode::invalid_request;
        if (contains(isr, member.broker)) return ErrorCode::invalid_request;
        isr.push_back(member.broker);
    }
    if (!contains(isr, sender)) return ErrorCode::invalid_request;
    const bool recovering = item.recovery_state == RecoveryState::recovering;
    if (recovering && isr.size() > 1) return ErrorCode::invalid_request;
    if (recovering && partition->recovery_state == RecoveryState::recovered)
        return ErrorCode::invalid_request;
    for (const AlterPartitionIsrMember& member : item.new_isr)
        if (!eligible(member)) return ErrorCode::ineligible_replica;
    return ErrorCode::none;
}

AlterPartitionResult ReplicationControl::alter_one(NodeId sender, const AlterPartitionItem& item,
                                                   MetadataRecords& records) const {
    AlterPartitionResult result{
        item.partition,           validate(sender, item), {}, LeaderEpoch(0), {},
        RecoveryState::recovered, PartitionEpoch(0)};
    if (result.error != ErrorCode::none) return result;

    PartitionRegistration partition = *image_.find_partition(item.partition);
    PartitionChangeRequest request;
    request.target_isr.emplace();
    for (const AlterPartitionIsrMember& member : item.new_isr)
        request.target_isr->push_back(member.broker);
    request.recovery_state = item.recovery_state;
    auto record =
        build_partition_change(item.partition, partition, acceptable(partition, {}), request,
                               options(item.partition, automatic_election(item.partition)));
    if (record) {
        partition = merge(partition, *record);
        const bool moved = record->leader && *record->leader != sender;
        records.emplace_back(std::move(*record));
        if (moved) {
            result.error = ErrorCode::new_leader_elected;
            return result;
        }
    }
    result.leader = partition.leader;
    result.leader_epoch = partition.leader_epoch;
    result.isr = partition.isr;
    result.recovery_state = partition.recovery_state;
    result.partition_epoch = partition.partition_epoch;
    return result;
}

ControllerResult<AlterPartitionResponse> ReplicationControl::alter_partition(
    const AlterPartitionRequest& request) const {
    ControllerResult<AlterPartitionResponse> result;
    result.response.partitions.reserve(request.partitions.size());
    for (const AlterPartitionItem& item : request.partitions)
        result.response.partitions.push_back(alter_one(request.broker, item, result.records));
    return result;
}

ErrorCode ReplicationControl::assign_one(const AssignReplicasToDirsRequest& request,
                                         const DirectoryAssignment& assignment,
                                         MetadataRecords& records) const {
    if (assignment.partition.value() >= image_.partition_count())
        return ErrorCode::unknown_topic_or_partition;
    const PartitionRegistration* partition = image_.find_partition(assignment.partition);
    if (partition == nullptr) return ErrorCode::unknown_topic_or_partition;
    if (!contains(partition->replicas, request.broker)) return ErrorCode::not_leader_or_follower;

    PartitionChangeRequest change;
    change.directory = {request.broker, assignment.directory};
    // 3.9 to 4.1 build this change without the ELR flag, so that it empties the ELR, and judge
    // leaders by the directories as they were before it.
    PartitionChangeOptions plain = options(assignment.partition, Election::online);
    plain.elr = false;
    auto record = build_partition_change(assignment.partition, *partition,
                                         acceptable(*partition, {}), change, plain);
    if (record) records.emplace_back(std::move(*record));
    const BrokerRegistration* broker = image_.find_broker(request.broker);
    if (!broker->has_online_directory(assignment.directory))
        leader_and_isr_update(assignment.partition, {request.broker, {}, {}}, records);
    return ErrorCode::none;
}

ControllerResult<AssignReplicasToDirsResponse> ReplicationControl::assign_replicas_to_dirs(
    const AssignReplicasToDirsRequest& request) const {
    ASSERT(image_.find_broker(request.broker) != nullptr);
    ControllerResult<AssignReplicasToDirsResponse> result;
    for (const DirectoryAssignment& assignment : request.assignments)
        if (assign_one(request, assignment, result.records) == ErrorCode::none)
            result.response.assignments.push_back(assignment);
    return result;
}

}  // namespace core
