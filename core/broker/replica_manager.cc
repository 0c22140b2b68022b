#include "core/broker/replica_manager.h"

#include <algorithm>

#include "core/base/assert.h"

namespace core {

ReplicaManager::ReplicaManager(NodeId self, std::uint64_t seed, const Profile& profile,
                               const BrokerConfig& config, const TopicTable& topics,
                               LogManager& logs, const ClusterImage& image, RequestQueue& queue)
    : topics_(topics),
      config_(config),
      logs_(logs),
      image_(image),
      queue_(queue),
      context_(self, profile, config.replica_lag_time_max),
      partitions_(topics.partition_count()),
      fetchers_(self, seed, config, *this) {}

ErrorCode ReplicaManager::not_hosted(PartitionId partition) const {
    // Metadata may be ahead of this broker's own roles: the client should ask again.
    return image_.find_partition(partition) != nullptr ? ErrorCode::not_leader_or_follower
                                                       : ErrorCode::unknown_topic_or_partition;
}

std::optional<CurrentLeader> ReplicaManager::current_leader(PartitionId partition) const {
    const PartitionRegistration* registration = image_.find_partition(partition);
    if (registration == nullptr || !registration->leader) return std::nullopt;
    return CurrentLeader{*registration->leader, registration->leader_epoch};
}

void ReplicaManager::on_list_offsets(IncomingConnection& connection, CorrelationId correlation,
                                     const ListOffsetsRequest& request) {
    ListOffsetsResponse response{.partition = request.partition,
                                 .error = ErrorCode::none,
                                 .offset = std::nullopt,
                                 .leader_epoch = std::nullopt};
    const Partition* partition = find(request.partition);
    const Leader* leader = partition == nullptr ? nullptr : partition->leader();
    if (leader == nullptr) {
        response.error = not_hosted(request.partition);
    } else if (request.current_leader_epoch && *request.current_leader_epoch < leader->epoch()) {
        response.error = ErrorCode::fenced_leader_epoch;
    } else if (request.current_leader_epoch && *request.current_leader_epoch > leader->epoch()) {
        response.error = ErrorCode::unknown_leader_epoch;
    } else {
        const Log& log = leader->log();
        response.leader_epoch = leader->epoch();
        if (request.spec == OffsetSpec::earliest)
            response.offset = log.log_start();
        else if (request.replica)
            response.offset = log.log_end_offset();
        else if (log.high_watermark() < leader->epoch_start())
            // KIP-207: consumers may have seen more under the last leader.
            response.error = ErrorCode::offset_not_available;
        else
            response.offset = log.high_watermark();
    }
    queue_.answer(connection.id, correlation, response, *context_.effects);
}

// ---- delayed requests ---------------------------------------------------------------------------

void ReplicaManager::expire_delayed() {
    while (const auto expired = produce_.expired(context_.now)) {
        DelayedProduce& operation = produce_.operation(*expired);
        for (ProduceOutcome& outcome : operation.partitions) {
            if (!outcome.waits) continue;
            outcome.waits = false;
            context_.effects->note({.kind = NoteKind::produce_expired,
                                    .error = outcome.response.error,
                                    .partition = outcome.response.partition,
                                    .peer = operation.client,
                                    .tag = outcome.tag});
        }
        operation.waiting = 0;
        finish_if_complete(operation);
    }
    while (const auto owner = parked_.due(context_.now)) {
        IncomingConnection* connection = queue_.find(ConnectionId(*owner));
        ASSERT(connection != nullptr);
        ASSERT(connection->session != nullptr);
        complete_fetch(*connection->session, true);
    }
}

// ---- tasks --------------------------------------------------------------------------------------

void ReplicaManager::expire_isr() {
    for (PartitionId id : hosted_)
        if (Leader* leader = partitions_[id.value()]->leader()) leader->maybe_shrink_isr(context_);
}

void ReplicaManager::on_alter_partition(ProposalId proposal, const AlterPartitionResult& result) {
    Partition* partition = find(result.partition);
    Leader* leader = partition == nullptr ? nullptr : partition->leader();
    // The answer to a change that a newer role or registration has made pointless.
    if (leader == nullptr) return;
    if (leader->on_alter_partition(proposal, result, context_))
        context_.proposals.push_back(leader->proposal(proposal, context_));
}

}  // namespace core
