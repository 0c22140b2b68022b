// The answers of brokers, and what becomes of a batch of the producer. [kafka Sender.completeBatch,
// failBatch, canRetry 3.9]

#include <algorithm>

#include "core/base/assert.h"
#include "core/client/error_class.h"
#include "core/client/producer.h"

namespace core {

ProducePartitionResponse Producer::own_finding(PartitionId partition, ErrorCode error) {
    return ProducePartitionResponse{.partition = partition,
                                    .error = error,
                                    .base_offset = std::nullopt,
                                    .current_leader = std::nullopt,
                                    .appended_epoch = std::nullopt};
}

void Producer::receive(TimePoint now, Received& received, Effects& effects) {
    const std::optional<BrokerIndex> broker =
        connections_.owner(received.connection, received.peer);
    if (!broker) return;
    Channel& channel = connections_.channel(*broker);
    const std::uint64_t mark = channel.on_response(received.correlation).mark;
    if (kind_of(mark) == RequestKind::produce) [[likely]] {
        const auto* response = std::get_if<ProduceResponse>(&*received.message);
        ASSERT(response != nullptr);
        on_produce_response(now, request_of(mark), *response, channel.peer(), effects);
    } else {
        on_other_response(now, kind_of(mark), received, effects);
    }
    run(now, effects);
    maybe_close(effects);
}

inline void Producer::on_produce_response(TimePoint now, std::uint32_t request,
                                          const ProduceResponse& response, NodeId peer,
                                          Effects& effects) {
    const BatchSlots& batches = requests_[request].batches;
    ASSERT(response.partitions.size() == batches.size());
    if (batches.size() == 1) [[likely]] {
        const BatchSlot slot = batches.front();
        const ProducePartitionResponse& item = response.partitions.front();
        ASSERT(accumulator_.batch(slot).partition == item.partition);
        end_attempt(now, slot, item, peer, effects);
    } else {
        complete_batches(now, batches, response, peer, effects);
    }
    free_request(request);
}

void Producer::complete_batches(TimePoint now, const BatchSlots& batches,
                                const ProduceResponse& response, NodeId peer, Effects& effects) {
    for (const ProducePartitionResponse& item : response.partitions) {
        const auto at = std::find_if(batches.begin(), batches.end(), [&](BatchSlot slot) {
            return accumulator_.batch(slot).in_request &&
                   accumulator_.batch(slot).partition == item.partition;
        });
        ASSERT(at != batches.end());
        complete_batch(now, *at, item, peer, effects);
    }
}

void Producer::complete_batch(TimePoint now, BatchSlot slot,
                              const ProducePartitionResponse& response, NodeId peer,
                              Effects& effects) {
    end_attempt(now, slot, response, peer, effects);
}

inline void Producer::end_attempt(TimePoint now, BatchSlot slot,
                                  const ProducePartitionResponse& response, NodeId peer,
                                  Effects& effects) {
    ProducerBatch& batch = accumulator_.batch(slot);
    ASSERT(batch.in_request);
    batch.in_request = false;
    if (response.error == ErrorCode::none) [[likely]]
        succeed(slot, response, peer, effects);
    else
        end_failed(now, slot, response, peer, effects);
    if (guarantees_order_) accumulator_.unmute(batch.partition);
    if (batch.done) accumulator_.release(slot);
}

void Producer::end_failed(TimePoint now, BatchSlot slot, const ProducePartitionResponse& response,
                          NodeId peer, Effects& effects) {
    const ProducerBatch& batch = accumulator_.batch(slot);
    const ErrorCode error = response.error;
    if (error == ErrorCode::message_too_large && batch.record_count() > 1 && !batch.done) {
        split(now, slot, effects);
    } else if (may_retry(now, slot, error)) {
        retry(now, slot, error, peer, effects);
    } else if (error == ErrorCode::duplicate_sequence_number) {
        succeed(slot, response, peer, effects);
    } else {
        // Out of retries: nobody knows whether the broker holds it, so no sequence is given anew.
        fail(slot, error, peer, batch.attempts < static_cast<std::uint32_t>(config_.retries),
             effects);
    }
    if (!is_invalid_metadata(error)) return;
    if (takes_leader_hints_ && response.current_leader)
        metadata_.on_leader_hint(batch.partition, *response.current_leader, connections_);
    metadata_.request_update(ClientMetadata::Fresh::no);
}

bool Producer::may_retry(TimePoint now, BatchSlot slot, ErrorCode error) {
    const ProducerBatch& batch = accumulator_.batch(slot);
    if (past_delivery_timeout(now, batch)) return false;
    if (batch.attempts >= static_cast<std::uint32_t>(config_.retries)) return false;
    if (batch.done) return false;
    return idempotent_ ? sequences_.can_retry(slot, error) : is_retriable(error);
}

void Producer::retry(TimePoint now, BatchSlot slot, ErrorCode error, NodeId peer,
                     Effects& effects) {
    accumulator_.reenqueue(now, slot);
    const ProducerBatch& batch = accumulator_.batch(slot);
    effects.note(Note{.kind = NoteKind::produce_retry,
                      .error = error,
                      .partition = batch.partition,
                      .peer = peer,
                      .tag = tag(batch),
                      .value = batch.attempts});
}

inline void Producer::succeed(BatchSlot slot, const ProducePartitionResponse& response, NodeId peer,
                              Effects& effects) {
    const ProducerBatch& batch = accumulator_.batch(slot);
    if (idempotent_) sequences_.on_success(slot, batch);
    // An expired batch was reported already; its late success moved the sequences only (P3).
    if (batch.done) return;
    Note note{.kind = NoteKind::produce_ack,
              .partition = batch.partition,
              .peer = peer,
              .leader_epoch = response.appended_epoch,
              .tag = tag(batch),
              .value = response.isr_size};
    if (config_.acks != 0 && response.base_offset) {
        note.first = response.base_offset;
        note.end = *response.base_offset + batch.record_count();
    }
    effects.note(note);
    accumulator_.complete(slot);
}

void Producer::fail(BatchSlot slot, ErrorCode error, std::optional<NodeId> peer, bool adjust,
                    Effects& effects) {
    const ProducerBatch& batch = accumulator_.batch(slot);
    // Only the first outcome counts: unlike a late success, a late failure of an expired batch does
    // not move the sequences. [kafka ProducerBatch.completeExceptionally]
    if (batch.done) return;
    if (idempotent_) sequences_.on_failure(slot, error, adjust);
    effects.note(Note{.kind = NoteKind::produce_error,
                      .error = error,
                      .partition = batch.partition,
                      .peer = peer,
                      .tag = tag(batch),
                      .value = batch.attempts});
    accumulator_.complete(slot);
}

void Producer::split(TimePoint now, BatchSlot slot, Effects& effects) {
    if (idempotent_) sequences_.untrack(slot);
    accumulator_.split(now, slot, parts_);
    for (const BatchSlot part : parts_) {
        if (idempotent_) sequences_.track(part);
        const ProducerBatch& batch = accumulator_.batch(part);
        for (const RecordNumber record : batch.records)
            effects.note(Note{.kind = NoteKind::record_queued,
                              .partition = batch.partition,
                              .tag = tag(batch),
                              .value = record.value()});
    }
    accumulator_.complete(slot);
}

bool Producer::expire_batches(TimePoint now, Effects& effects) {
    bool any = false;
    for (BatchSlot slot = accumulator_.oldest_incomplete(); slot != kNoBatch;
         slot = accumulator_.oldest_incomplete()) {
        const ProducerBatch& batch = accumulator_.batch(slot);
        if (!past_delivery_timeout(now, batch)) break;
        any = true;
        if (batch.queued) accumulator_.unqueue(slot);
        fail(slot, ErrorCode::delivery_timeout, std::nullopt, false, effects);
        if (idempotent_ && batch.in_retry) sequences_.mark_unresolved(slot);
        if (!batch.in_request) accumulator_.release(slot);
    }
    return any;
}

}  // namespace core
