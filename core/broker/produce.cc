// Produce requests. [kafka KafkaApis.handleProduceRequest, ReplicaManager.appendRecords,
// DelayedProduce]
#include <algorithm>

#include "core/base/assert.h"
#include "core/broker/replica_manager.h"

namespace core {

ProduceOutcome ReplicaManager::append(const ProducePartition& part, Acks acks, NodeId client) {
    ProduceOutcome outcome{.response = {.partition = part.partition,
                                        .error = ErrorCode::none,
                                        .base_offset = std::nullopt,
                                        .current_leader = std::nullopt,
                                        .appended_epoch = std::nullopt},
                           .tag = part.batch->tag()};
    context_.effects->note({.kind = NoteKind::produce_receive,
                            .partition = part.partition,
                            .peer = client,
                            .tag = outcome.tag});
    Partition* partition = find(part.partition);
    Leader* leader = partition == nullptr ? nullptr : partition->leader();
    if (leader == nullptr) {
        outcome.response.error = not_hosted(part.partition);
        if (context_.profile->produce_response_names_leader)
            outcome.response.current_leader = current_leader(part.partition);
        return outcome;
    }
    if (acks == Acks::all) outcome.response.error = leader->refuse_append(*context_.profile);
    if (outcome.response.error != ErrorCode::none) return outcome;

    const Result<AppendInfo> info = leader->append(part.batch, context_);
    if (!info.ok()) {
        outcome.response.error = info.error();
        return outcome;
    }
    outcome.response.base_offset = info->first;
    outcome.response.appended_epoch = leader->epoch();
    outcome.end = info->end;
    outcome.waits = acks == Acks::all;
    return outcome;
}

void ReplicaManager::note_refusal(const ProduceOutcome& outcome, NodeId client) {
    context_.effects->note({.kind = NoteKind::produce_refused,
                            .error = outcome.response.error,
                            .partition = outcome.response.partition,
                            .peer = client,
                            .tag = outcome.tag});
}

void ReplicaManager::on_produce(IncomingConnection& connection, CorrelationId correlation,
                                ProduceRequest& request) {
    const ConnectionId id = connection.id;
    DelayedProduce operation{
        .connection = id, .correlation = correlation, .client = connection.peer, .partitions = {}};
    bool failed = false;
    for (const ProducePartition& part : request.partitions) {
        ProduceOutcome& outcome =
            operation.partitions.emplace_back(append(part, request.acks, connection.peer));
        failed = failed || outcome.response.error != ErrorCode::none;
        if (!outcome.waits) continue;
        const auto enough =
            find(part.partition)->leader()->enough_replicas(outcome.end, *context_.profile);
        if (enough) {
            outcome.response.error = *enough;
            outcome.waits = false;
        } else {
            outcome.response.error = ErrorCode::request_timed_out;
            ++operation.waiting;
        }
    }
    if (request.acks == Acks::none) {
        for (const ProduceOutcome& outcome : operation.partitions)
            if (outcome.response.error != ErrorCode::none) note_refusal(outcome, connection.peer);
        if (!failed) return queue_.done(connection);
        // The client asked for no answer; the only way to tell it is to hang up.
        context_.effects->close(id);
        on_connection_lost(id);
        return;
    }
    if (operation.waiting == 0)
        return answer_produce(id, correlation, operation.client,
                              {operation.partitions.data(), operation.partitions.size()});

    const std::uint32_t number = produce_.add(context_.now, request.timeout, std::move(operation));
    const DelayedProduce& added = produce_.operation(number);
    for (std::uint32_t i = 0; i < added.partitions.size(); ++i) {
        const ProduceOutcome& outcome = added.partitions[i];
        if (!outcome.waits) continue;
        find(outcome.response.partition)
            ->leader()
            ->wait(WaitingProduce{outcome.end, number, added.generation, i});
    }
}

void ReplicaManager::answer_produce(ConnectionId connection, CorrelationId correlation,
                                    NodeId client, std::span<ProduceOutcome> outcomes) {
    MessageBox box = context_.effects->messages().take<ProduceResponse>();
    auto& response = std::get<ProduceResponse>(*box);
    for (ProduceOutcome& outcome : outcomes) {
        ProducePartitionResponse& part = outcome.response;
        if (part.error == ErrorCode::none) {
            const Partition* partition = find(part.partition);
            const Leader* leader = partition == nullptr ? nullptr : partition->leader();
            if (leader != nullptr)
                part.isr_size = static_cast<std::uint16_t>(leader->isr().isr().size());
            context_.effects->note({.kind = NoteKind::produce_answered,
                                    .partition = part.partition,
                                    .peer = client,
                                    .leader_epoch = part.appended_epoch,
                                    .tag = outcome.tag,
                                    .first = part.base_offset,
                                    .end = outcome.end,
                                    .value = part.isr_size});
        } else {
            part.base_offset.reset();
            if (part.error != ErrorCode::request_timed_out) note_refusal(outcome, client);
        }
        response.partitions.push_back(part);
    }
    queue_.answer(connection, correlation, std::move(box), *context_.effects);
}

/// The watermark or the ISR of a partition moved: some that waited may be complete.
void ReplicaManager::settle_produce(PartitionId partition) {
    Leader* leader = find(partition)->leader();
    if (leader == nullptr) return;
    std::vector<WaitingProduce>& waiting = leader->waiting();
    std::size_t complete = 0;
    for (; complete < waiting.size(); ++complete) {
        const WaitingProduce& next = waiting[complete];
        DelayedProduce* operation = produce_.find(next);
        // Answered by its time-out.
        if (operation == nullptr) continue;
        const auto enough = leader->enough_replicas(next.required, *context_.profile);
        if (!enough) break;
        ProduceOutcome& outcome = operation->partitions[next.index];
        ASSERT(outcome.waits);
        outcome.waits = false;
        outcome.response.error = *enough;
        --operation->waiting;
        finish_if_complete(next.operation);
    }
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(complete));
}

void ReplicaManager::fail_produce(std::span<const WaitingProduce> waiting, ErrorCode error) {
    for (const WaitingProduce& next : waiting) {
        DelayedProduce* operation = produce_.find(next);
        if (operation == nullptr) continue;
        ProduceOutcome& outcome = operation->partitions[next.index];
        ASSERT(outcome.waits);
        outcome.waits = false;
        outcome.response.error = error;
        if (context_.profile->produce_response_names_leader)
            outcome.response.current_leader = current_leader(outcome.response.partition);
        --operation->waiting;
        finish_if_complete(next.operation);
    }
}

void ReplicaManager::finish_if_complete(std::uint32_t number) {
    DelayedProduce& operation = produce_.operation(number);
    if (operation.waiting > 0) return;
    answer_produce(operation.connection, operation.correlation, operation.client,
                   {operation.partitions.data(), operation.partitions.size()});
    produce_.remove(number);
}

}  // namespace core
