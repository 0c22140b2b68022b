// Produce requests. [kafka KafkaApis.handleProduceRequest, ReplicaManager.appendRecords,
// DelayedProduce]
#include "core/base/assert.h"
#include "core/broker/replica_manager.h"

namespace core {

void ReplicaManager::refuse_not_hosted(ProducePartitionResponse& response) const {
    response.error = not_hosted(response.partition);
    if (context_.profile->produce_response_names_leader)
        response.current_leader = current_leader(response.partition);
}

/// Appends one partition's batch and says so in a new outcome; with acks=all the outcome may have
/// to wait.
void ReplicaManager::append(const ProducePartition& part, Acks acks, DelayedProduce& operation) {
    const auto index = static_cast<std::uint32_t>(operation.partitions.size());
    ProduceOutcome& outcome = operation.partitions.emplace_back(part.partition, part.batch->tag());
    context_.effects->note({.kind = NoteKind::produce_receive,
                            .partition = part.partition,
                            .peer = operation.client,
                            .tag = outcome.tag});
    ProducePartitionResponse& response = outcome.response;
    Leader* leader = find_leader(part.partition);
    if (leader == nullptr) return refuse_not_hosted(response);
    if (acks == Acks::all) response.error = leader->refuse_append(*context_.profile);
    if (response.error != ErrorCode::none) return;

    const Result<AppendInfo> info = leader->append(part.batch, context_);
    if (!info.ok()) {
        response.error = info.error();
        return;
    }
    response.base_offset = info->first;
    response.appended_epoch = leader->epoch();
    outcome.end = info->end;
    if (acks != Acks::all) return;
    if (const auto enough = leader->enough_replicas(outcome.end, *context_.profile)) {
        response.error = *enough;
        return;
    }
    response.error = ErrorCode::request_timed_out;
    outcome.waits = true;
    ++operation.waiting;
    leader->wait(WaitingProduce{outcome.end, operation.number, operation.generation, index});
}

void ReplicaManager::note_refusal(const ProduceOutcome& outcome, NodeId client) {
    context_.effects->note({.kind = NoteKind::produce_refused,
                            .error = outcome.response.error,
                            .partition = outcome.response.partition,
                            .peer = client,
                            .tag = outcome.tag});
}

void ReplicaManager::on_produce(IncomingConnection& connection, CorrelationId correlation,
                                const ProduceRequest& request) {
    DelayedProduce& operation = produce_.take(connection.id, correlation, connection.peer);
    for (const ProducePartition& part : request.partitions) append(part, request.acks, operation);
    if (request.acks == Acks::none) return end_unanswered(connection, operation);
    if (operation.waiting > 0) return produce_.delay(operation, context_.now, request.timeout);
    answer_produce(operation);
}

void ReplicaManager::end_unanswered(IncomingConnection& connection, DelayedProduce& operation) {
    bool failed = false;
    for (const ProduceOutcome& outcome : operation.partitions) {
        if (outcome.response.error == ErrorCode::none) continue;
        failed = true;
        note_refusal(outcome, operation.client);
    }
    produce_.remove(operation);
    if (!failed) return queue_.done(connection);
    // The client asked for no answer; the only way to tell it is to hang up.
    const ConnectionId id = connection.id;
    context_.effects->close(id);
    on_connection_lost(id);
}

void ReplicaManager::answer_produce(DelayedProduce& operation) {
    MessageBox box = context_.effects->messages().take<ProduceResponse>();
    auto& response = std::get<ProduceResponse>(*box);
    for (ProduceOutcome& outcome : operation.partitions) {
        ProducePartitionResponse& part = outcome.response;
        if (part.error == ErrorCode::none) {
            if (const Leader* leader = find_leader(part.partition))
                part.isr_size = static_cast<std::uint16_t>(leader->isr_size());
            context_.effects->note({.kind = NoteKind::produce_answered,
                                    .partition = part.partition,
                                    .peer = operation.client,
                                    .leader_epoch = part.appended_epoch,
                                    .tag = outcome.tag,
                                    .first = part.base_offset,
                                    .end = outcome.end,
                                    .value = part.isr_size});
        } else {
            part.base_offset.reset();
            if (part.error != ErrorCode::request_timed_out) note_refusal(outcome, operation.client);
        }
        response.partitions.push_back(part);
    }
    queue_.answer(operation.connection, operation.correlation, std::move(box), *context_.effects);
    produce_.remove(operation);
}

void ReplicaManager::settle_produce(Leader& leader) {
    ReusedList<WaitingProduce>& waiting = leader.waiting();
    std::size_t complete = 0;
    for (; complete < waiting.size(); ++complete) {
        const WaitingProduce& next = waiting[complete];
        DelayedProduce* operation = produce_.find(next);
        // Answered by its time-out.
        if (operation == nullptr) continue;
        const auto enough = leader.enough_replicas(next.required, *context_.profile);
        if (!enough) break;
        ProduceOutcome& outcome = operation->partitions[next.index];
        ASSERT(outcome.waits);
        outcome.waits = false;
        outcome.response.error = *enough;
        --operation->waiting;
        finish_if_complete(*operation);
    }
    waiting.drop_front(complete);
}

/// The watermark or the ISR of partitions moved: some that waited may be complete.
void ReplicaManager::settle_produce() {
    for (const PartitionId partition : context_.settled)
        if (Leader* leader = find_leader(partition)) settle_produce(*leader);
    context_.settled.clear();
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
        finish_if_complete(*operation);
    }
}

void ReplicaManager::finish_if_complete(DelayedProduce& operation) {
    if (operation.waiting == 0) answer_produce(operation);
}

}  // namespace core
