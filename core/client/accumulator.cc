#include "core/client/accumulator.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/record/record.h"

namespace core {

Accumulator::Accumulator(NodeId self, std::uint64_t seed, const Profile& profile,
                         const ProducerConfig& config, std::uint32_t partition_count,
                         std::uint32_t first_batch_number)
    : self_(self),
      seed_(seed),
      linger_(config.linger),
      retry_backoff_(config.retry_backoff),
      retry_backoff_max_(config.retry_backoff_max),
      batch_size_(config.batch_size),
      exponential_(profile.retry_backoff_exponential),
      skips_backoff_on_new_leader_(profile.new_leader_ends_backoff),
      pool_(config.batch_size),
      queues_(partition_count),
      available_(config.buffer_memory),
      next_number_(first_batch_number) {}

// ---- input side ---------------------------------------------------------------------------------

BatchSlot Accumulator::append(TimePoint now, const SendRecord& record, std::int32_t size_bound) {
    ASSERT(record.partition.value() < queues_.size());
    Queue& queue = queues_[record.partition.value()];
    if (queue.last != kNoBatch) {
        ProducerBatch& last = pool_[queue.last];
        if (!last.closed &&
            last.builder.has_room_for(record.key, record.value, record.timestamp_ms)) {
            add_record(last, record);
            return queue.last;
        }
        last.closed = true;
    }
    const std::int64_t size = std::max(batch_size_, size_bound);
    if (size > available_) return kNoBatch;
    available_ -= size;
    const BatchSlot slot = begin_batch(now, record.partition);
    pool_[slot].reserved = size;
    add_record(pool_[slot], record);
    list_incomplete(slot, pool_[slot]);
    link(queue, record.partition, slot, kNoBatch);
    return slot;
}

BatchSlot Accumulator::begin_batch(TimePoint now, PartitionId partition) {
    const BatchSlot slot = pool_.take();
    ProducerBatch& batch = pool_[slot];
    batch.begin(partition, next_number_++, now);
    batch.builder.clear();
    return slot;
}

void Accumulator::add_record(ProducerBatch& batch, const SendRecord& record) {
    batch.builder.append(record.key, record.value, record.timestamp_ms);
    batch.records.push_back(record.number);
}

// ---- queues -------------------------------------------------------------------------------------

void Accumulator::link(Queue& queue, PartitionId partition, BatchSlot slot, BatchSlot before) {
    ProducerBatch& batch = pool_[slot];
    ASSERT(!batch.queued);
    batch.queued = true;
    batch.queue_after = before;
    batch.queue_before = before == kNoBatch ? queue.last : pool_[before].queue_before;
    if (batch.queue_before == kNoBatch)
        queue.first = slot;
    else
        pool_[batch.queue_before].queue_after = slot;
    if (before == kNoBatch)
        queue.last = slot;
    else
        pool_[before].queue_before = slot;
    if (queue.active_at == UINT32_MAX) {
        queue.active_at = static_cast<std::uint32_t>(active_.size());
        active_.push_back(partition.value());
    }
}

void Accumulator::unqueue(BatchSlot slot) {
    ProducerBatch& batch = pool_[slot];
    ASSERT(batch.queued);
    Queue& queue = queues_[batch.partition.value()];
    if (batch.queue_before == kNoBatch)
        queue.first = batch.queue_after;
    else
        pool_[batch.queue_before].queue_after = batch.queue_after;
    if (batch.queue_after == kNoBatch)
        queue.last = batch.queue_before;
    else
        pool_[batch.queue_after].queue_before = batch.queue_before;
    batch.queued = false;
    batch.queue_before = batch.queue_after = kNoBatch;
    if (queue.first != kNoBatch) return;
    const std::uint32_t moved = active_.back();
    active_[queue.active_at] = moved;
    queues_[moved].active_at = queue.active_at;
    active_.pop_back();
    queue.active_at = UINT32_MAX;
}

void Accumulator::enqueue_retry(BatchSlot slot) {
    const ProducerBatch& batch = pool_[slot];
    Queue& queue = queues_[batch.partition.value()];
    BatchSlot before = queue.first;
    // [kafka RecordAccumulator.insertInSequenceOrder]
    if (batch.producer) {
        while (before != kNoBatch && pool_[before].producer &&
               pool_[before].producer->base_sequence.value() <
                   batch.producer->base_sequence.value())
            before = pool_[before].queue_after;
    }
    link(queue, batch.partition, slot, before);
}

void Accumulator::reenqueue(TimePoint now, BatchSlot slot) {
    ProducerBatch& batch = pool_[slot];
    ++batch.attempts;
    batch.in_retry = true;
    batch.last_attempt = now;
    batch.backoff_ends = saturating_add(now, retry_backoff(batch));
    enqueue_retry(slot);
}

Duration Accumulator::retry_backoff(const ProducerBatch& batch) const {
    if (!exponential_) return retry_backoff_;
    const std::uint64_t draw = keyed_draw(seed_, Purpose::retry_jitter,
                                          {static_cast<std::uint64_t>(self_.value()),
                                           batch.partition.value(), batch.number, batch.attempts});
    return exponential_backoff(retry_backoff_, retry_backoff_max_, batch.attempts - 1, draw);
}

// ---- output side --------------------------------------------------------------------------------

bool Accumulator::backing_off(TimePoint now, ProducerBatch& batch,
                              const PartitionView& view) const {
    if (view.leader_epoch > batch.leader_epoch) {
        batch.attempts_at_leader_change = batch.attempts;
        batch.leader_epoch = view.leader_epoch;
    }
    if (batch.attempts == 0) return false;
    if (skips_backoff_on_new_leader_ && batch.attempts == batch.attempts_at_leader_change)
        return false;
    return now < batch.backoff_ends;
}

Accumulator::ReadyCheck Accumulator::ready(TimePoint now, const ClientMetadata& metadata,
                                           bool exhausted, std::vector<BrokerIndex>& brokers) {
    ReadyCheck check;
    brokers.clear();
    for (const std::uint32_t p : active_) {
        const Queue& queue = queues_[p];
        ProducerBatch& batch = pool_[queue.first];
        const PartitionView& view = metadata.partition(PartitionId(p));
        const bool waits = backing_off(now, batch, view);
        if (!view.leader) {
            check.unknown_leaders = true;
            continue;
        }
        if (queue.muted) continue;
        TimePoint due = now;
        if (waits)
            due = batch.backoff_ends;
        else if (!exhausted && queue.first == queue.last && !batch.full())
            due = saturating_add(batch.last_attempt, linger_);
        if (due > now)
            check.next_check = std::min(check.next_check, due);
        else if (std::find(brokers.begin(), brokers.end(), *view.leader) == brokers.end())
            brokers.push_back(*view.leader);
    }
    if (brokers.size() > 1) std::sort(brokers.begin(), brokers.end());
    return check;
}

std::optional<BatchSlot> Accumulator::drainable(TimePoint now, PartitionId partition,
                                                const ClientMetadata& metadata) {
    const Queue& queue = queues_[partition.value()];
    if (queue.first == kNoBatch || queue.muted) return std::nullopt;
    if (backing_off(now, pool_[queue.first], metadata.partition(partition))) return std::nullopt;
    return queue.first;
}

void Accumulator::split(TimePoint now, BatchSlot slot, std::vector<BatchSlot>& parts) {
    ASSERT(pool_[slot].body);
    const BatchBodyRef body = pool_[slot].body;
    const std::int64_t base_ms = body->header().base_timestamp_ms;
    parts.clear();
    RecordReader reader(*body);
    std::size_t read = 0;
    while (const std::optional<RecordView> record = reader.next()) {
        const std::int64_t timestamp_ms = base_ms + record->timestamp_delta;
        if (parts.empty() ||
            !pool_[parts.back()].builder.has_room_for(record->key, record->value, timestamp_ms))
            parts.push_back(begin_batch(now, pool_[slot].partition));
        ProducerBatch& part = pool_[parts.back()];
        part.builder.append(record->key, record->value, timestamp_ms);
        part.records.push_back(pool_[slot].records[read++]);
    }
    ASSERT(read == pool_[slot].records.size());

    const ProducerBatch& whole = pool_[slot];
    std::int32_t records_before = 0;
    for (const BatchSlot part_slot : parts) {
        ProducerBatch& part = pool_[part_slot];
        part.created = part.last_attempt = whole.created;
        part.closed = true;
        if (whole.producer) {
            part.producer = whole.producer;
            part.producer->base_sequence = whole.producer->base_sequence.plus(records_before);
        }
        records_before += part.record_count();
        list_incomplete_before(part_slot, slot);
    }
    for (auto at = parts.rbegin(); at != parts.rend(); ++at) enqueue_retry(*at);
}

// ---- outcome ------------------------------------------------------------------------------------

void Accumulator::list_incomplete_before(BatchSlot slot, BatchSlot before) {
    ProducerBatch& batch = pool_[slot];
    batch.incomplete_after = before;
    batch.incomplete_before = pool_[before].incomplete_before;
    if (batch.incomplete_before == kNoBatch)
        incomplete_first_ = slot;
    else
        pool_[batch.incomplete_before].incomplete_after = slot;
    pool_[before].incomplete_before = slot;
}

}  // namespace core
