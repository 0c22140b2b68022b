/// ProducerBatch: records of one partition on their way, from the first append to their outcome.
///
/// Follows ProducerBatch (3.9). Batches live in the slots of one BatchPool and are named by slot;
/// a slot keeps its buffers when it is used again, so the steady state does not allocate for them.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/record/batch.h"
#include "core/record/batch_builder.h"

namespace core {

using BatchSlot = std::uint32_t;
inline constexpr BatchSlot kNoBatch = UINT32_MAX;

struct ProducerBatch {
    explicit ProducerBatch(std::int32_t batch_size) : builder(batch_size) {}

    PartitionId partition{0};
    std::uint32_t number = 0;  ///< the client's own count of its batches: the tag
    BatchBuilder builder;      ///< while records may still enter
    BatchBodyRef body;         ///< once drained
    std::vector<RecordNumber> records;
    std::int64_t reserved = 0;  ///< bytes of buffer.memory; 0 for a batch made by a split
    TimePoint created;
    TimePoint last_attempt;  ///< creation, or when it was last re-enqueued
    TimePoint backoff_ends;  ///< retry back-off after the last failed attempt
    std::uint32_t attempts = 0;
    bool closed = false;          ///< takes no further record
    bool in_retry = false;        ///< was re-enqueued at least once
    bool in_request = false;      ///< a request that was sent refers to it
    bool queued = false;          ///< waits in its partition's queue
    bool done = false;            ///< its outcome was told
    bool sequence_reset = false;  ///< numbered anew, and not sent since
    std::optional<ProducerFields> producer;
    // Whether the leader changed since the last attempt (KIP-951): no back-off then.
    std::int32_t leader_epoch = -1;
    std::uint32_t attempts_at_leader_change = 0;
    // Links of the partition's queue (or of the free slots) and of the incomplete batches.
    BatchSlot queue_before = kNoBatch;
    BatchSlot queue_after = kNoBatch;
    BatchSlot incomplete_before = kNoBatch;
    BatchSlot incomplete_after = kNoBatch;

    /// A slot's batch, which has no body, begins anew without records; its builder is as it was
    /// left.
    void begin(PartitionId of, std::uint32_t tag_number, TimePoint now) {
        partition = of;
        number = tag_number;
        records.clear();
        reserved = 0;
        created = last_attempt = backoff_ends = now;
        attempts = 0;
        closed = in_retry = in_request = queued = done = sequence_reset = false;
        queue_before = queue_after = kNoBatch;
        producer.reset();
        leader_epoch = -1;
        attempts_at_leader_change = 0;
    }

    std::int32_t record_count() const { return static_cast<std::int32_t>(records.size()); }
    /// Bytes of the whole batch: as built, or so far.
    std::int32_t size_bytes() const { return body ? body->size_bytes() : builder.size_bytes(); }
    bool full() const { return closed || builder.full(); }
    Sequence last_sequence() const { return producer->base_sequence.plus(record_count() - 1); }
};

/// All batches of a producer. Slots are reused last in, first out.
class BatchPool {
  public:
    explicit BatchPool(std::int32_t batch_size) : batch_size_(batch_size) {}
    ProducerBatch& operator[](BatchSlot slot) { return *slots_[slot]; }
    const ProducerBatch& operator[](BatchSlot slot) const { return *slots_[slot]; }

    /// A fresh batch; references to others stay valid.
    BatchSlot take() {
        if (free_ == kNoBatch) add_slot();
        const BatchSlot slot = free_;
        free_ = slots_[slot]->queue_after;
        return slot;
    }
    void give_back(BatchSlot slot) {
        slots_[slot]->queue_after = free_;
        free_ = slot;
    }

  private:
    [[gnu::noinline, gnu::cold]] void add_slot() {
        slots_.push_back(std::make_unique<ProducerBatch>(batch_size_));
        give_back(static_cast<BatchSlot>(slots_.size() - 1));
    }

    std::int32_t batch_size_;
    std::vector<std::unique_ptr<ProducerBatch>> slots_;
    BatchSlot free_ = kNoBatch;  ///< the first, linked by queue_after
};

/// Batches drained for one request; nearly always one.
using BatchSlots = boost::container::small_vector<BatchSlot, 1>;

}  // namespace core
