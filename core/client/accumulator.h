/// The accumulator: records wait here in batches, one queue per partition, until they are drained.
///
/// Follows RecordAccumulator and BufferPool (3.9).
///
/// Rules:
///   A1  A record enters the last batch of its partition's queue if that has room, else a new
///       batch, for which max(batch.size, upper bound of the record) bytes of buffer.memory are
///       taken. [kafka RecordAccumulator.append]
///   A2  A batch is ready when it is full, or another waits behind it, or it is linger.ms old, or
///       senders wait for memory; never while its retry backs off or its partition is muted.
///       [kafka RecordAccumulator.batchReady]
///   A3  A retried batch goes to the front of its queue, with idempotence in sequence order.
///   A4  The retry back-off is skipped when the partition's leader epoch rose since (KIP-951).
///   A5  Memory is given back when the batch has its outcome, whatever is still on the network.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/client/client_metadata.h"
#include "core/client/connections.h"
#include "core/client/producer_batch.h"
#include "core/profile/config.h"
#include "core/profile/profile.h"
#include "core/step/node.h"

namespace core {

class Accumulator {
  public:
    Accumulator(NodeId self, std::uint64_t seed, const Profile& profile,
                const ProducerConfig& config, std::uint32_t partition_count,
                std::uint32_t first_batch_number);

    BatchPool& pool() { return pool_; }
    ProducerBatch& batch(BatchSlot slot) { return pool_[slot]; }
    const ProducerBatch& batch(BatchSlot slot) const { return pool_[slot]; }
    std::uint32_t next_batch_number() const { return next_number_; }

    // Input side.
    /// Appends a record, of which a batch may take `size_bound` bytes (batch_size_upper_bound).
    /// Where it is; kNoBatch if there was no memory for a new batch.
    BatchSlot append(TimePoint now, const SendRecord& record, std::int32_t size_bound);
    /// The same for a record whose batch is drained at once, so that it is never queued: to be
    /// called where append, ready and drainable would come to that, and there is memory for it. The
    /// batch has no body yet.
    [[gnu::always_inline]] BatchSlot begin_alone(TimePoint now, const SendRecord& record,
                                                 std::int32_t size_bound,
                                                 const PartitionView& view);
    /// True if there is memory for a new batch with such a record.
    bool has_memory_for(std::int32_t size_bound) const {
        return std::max(batch_size_, size_bound) <= available_;
    }

    // Output side.
    /// What ready() found beside the brokers.
    struct ReadyCheck {
        bool unknown_leaders = false;             ///< some queue's partition has no leader
        TimePoint next_check = TimePoint::max();  ///< when a waiting batch becomes ready
    };
    /// Puts the brokers with ready batches into `brokers`, ascending. `exhausted`: senders wait for
    /// memory, or the producer closes, so every batch is ready.
    ReadyCheck ready(TimePoint now, const ClientMetadata& metadata, bool exhausted,
                     std::vector<BrokerIndex>& brokers);
    /// The first batch of a partition's queue that a drain may take now: there is one, it is not
    /// muted and not backing off. Nothing else is checked.
    std::optional<BatchSlot> drainable(TimePoint now, PartitionId partition,
                                       const ClientMetadata& metadata);
    /// Takes a batch out of its queue.
    void unqueue(BatchSlot slot);
    /// After a failed attempt: counts it, starts its back-off, queues it again (A3).
    void reenqueue(TimePoint now, BatchSlot slot);
    /// Cuts a batch that was too large for the broker into smaller ones that are queued in its
    /// place, with its sequences. The new slots, first to last, in `parts`. The batch itself is no
    /// longer tracked. [kafka ProducerBatch.split]
    void split(TimePoint now, BatchSlot slot, std::vector<BatchSlot>& parts);
    /// Queues in sequence order, or at the front without sequences (A3).
    void enqueue_retry(BatchSlot slot);
    /// The batch has its outcome: memory back, off the list of incomplete ones.
    void complete(BatchSlot slot);
    /// The slot may be used anew; nothing refers to it any more.
    void release(BatchSlot slot) {
        ASSERT(pool_[slot].done);
        pool_[slot].body.reset();
        pool_.give_back(slot);
    }

    void mute(PartitionId partition) { queues_[partition.value()].muted = true; }
    void unmute(PartitionId partition) { queues_[partition.value()].muted = false; }

    /// Oldest batch without an outcome, queued or in flight; kNoBatch if there is none.
    BatchSlot oldest_incomplete() const { return incomplete_first_; }
    BatchSlot first_queued(PartitionId partition) const { return queues_[partition.value()].first; }
    BatchSlot last_queued(PartitionId partition) const { return queues_[partition.value()].last; }
    bool has_queued() const { return !active_.empty(); }
    bool muted(PartitionId partition) const { return queues_[partition.value()].muted; }

  private:
    struct Queue {
        BatchSlot first = kNoBatch;
        BatchSlot last = kNoBatch;
        std::uint32_t active_at = UINT32_MAX;  ///< place in active_; none while empty
        bool muted = false;
    };

    BatchSlot begin_batch(TimePoint now, PartitionId partition);
    static void add_record(ProducerBatch& batch, const SendRecord& record);
    void link(Queue& queue, PartitionId partition, BatchSlot slot, BatchSlot before);
    /// As the newest.
    void list_incomplete(BatchSlot slot, ProducerBatch& batch);
    void list_incomplete_before(BatchSlot slot, BatchSlot before);
    bool backing_off(TimePoint now, ProducerBatch& batch, const PartitionView& view) const;
    Duration retry_backoff(const ProducerBatch& batch) const;

    NodeId self_;
    std::uint64_t seed_;
    Duration linger_;
    Duration retry_backoff_;
    Duration retry_backoff_max_;
    std::int32_t batch_size_;
    bool exponential_;
    bool skips_backoff_on_new_leader_;
    BatchPool pool_;
    std::vector<Queue> queues_;          ///< by partition
    std::vector<std::uint32_t> active_;  ///< partitions with a queued batch, in no order
    std::int64_t available_;             ///< bytes of buffer.memory left
    std::uint32_t next_number_;
    BatchSlot incomplete_first_ = kNoBatch;
    BatchSlot incomplete_last_ = kNoBatch;
};

inline BatchSlot Accumulator::begin_alone(TimePoint now, const SendRecord& record,
                                          std::int32_t size_bound, const PartitionView& view) {
    ASSERT(queues_[record.partition.value()].first == kNoBatch);
    const std::int64_t size = std::max(batch_size_, size_bound);
    ASSERT(size <= available_);
    available_ -= size;
    const BatchSlot slot = pool_.take();
    ProducerBatch& batch = pool_[slot];
    batch.begin(record.partition, next_number_++, now);
    batch.reserved = size;
    batch.records.push_back(record.number);
    batch.closed = true;
    batch.leader_epoch = view.leader_epoch;
    list_incomplete(slot, batch);
    return slot;
}

inline void Accumulator::list_incomplete(BatchSlot slot, ProducerBatch& batch) {
    batch.incomplete_after = kNoBatch;
    batch.incomplete_before = incomplete_last_;
    if (incomplete_last_ == kNoBatch)
        incomplete_first_ = slot;
    else
        pool_[incomplete_last_].incomplete_after = slot;
    incomplete_last_ = slot;
}

inline void Accumulator::complete(BatchSlot slot) {
    ProducerBatch& batch = pool_[slot];
    ASSERT(!batch.done);
    ASSERT(!batch.queued);
    batch.done = true;
    available_ += batch.reserved;
    batch.reserved = 0;
    if (batch.incomplete_before == kNoBatch)
        incomplete_first_ = batch.incomplete_after;
    else
        pool_[batch.incomplete_before].incomplete_after = batch.incomplete_after;
    if (batch.incomplete_after == kNoBatch)
        incomplete_last_ = batch.incomplete_before;
    else
        pool_[batch.incomplete_after].incomplete_before = batch.incomplete_before;
}

}  // namespace core
