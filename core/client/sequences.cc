#include "core/client/sequences.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "core/base/assert.h"
#include "core/client/error_class.h"

namespace core {

bool Sequences::before(const ProducerBatch& a, const ProducerBatch& b) const {
    const auto key = [](const ProducerBatch& batch) {
        return std::tuple(batch.producer->id.value(), batch.producer->epoch.value(),
                          batch.producer->base_sequence.value());
    };
    return key(a) < key(b);
}

bool Sequences::maybe_bump_epoch() {
    for (std::size_t i = 0; i < unresolved_.size();) {
        Partition& state = partitions_[unresolved_[i].value()];
        if (!state.under_way.empty()) {
            ++i;
            continue;
        }
        // A batch expired, and a later one succeeded: then there is no gap.
        if (!is_next(state, state.next_sequence)) request_bump(unresolved_[i]);
        state.unresolved.reset();
        unresolved_.erase(unresolved_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (!bump_requested_) return false;
    bump_requested_ = false;
    if (!bumps_epoch_ || !current_ ||
        current_->epoch.value() == std::numeric_limits<std::int16_t>::max()) {
        reset_producer_id();
        return false;
    }
    current_->epoch = current_->epoch.next();
    for (const PartitionId partition : rewrite_) {
        Partition& state = partitions_[partition.value()];
        state.rewrite = false;
        restart(state);
        if (state.unresolved) {
            state.unresolved.reset();
            std::erase(unresolved_, partition);
        }
    }
    rewrite_.clear();
    return true;
}

void Sequences::restart(Partition& state) {
    ASSERT(current_.has_value());
    Sequence sequence(0);
    for (const BatchSlot slot : state.under_way) {
        ProducerBatch& batch = pool_[slot];
        batch.producer = ProducerFields{current_->id, current_->epoch, sequence};
        batch.sequence_reset = true;
        sequence = sequence.plus(batch.record_count());
    }
    state.owner = current_;
    state.next_sequence = sequence.value();
    state.last_acked = -1;
}

void Sequences::reset_producer_id() {
    // [kafka TransactionManager.resetProducerId, 0.11 to 2.4] All sequences start over.
    current_.reset();
    for (const PartitionId partition : rewrite_) partitions_[partition.value()].rewrite = false;
    rewrite_.clear();
    unresolved_.clear();
    for (Partition& state : partitions_) {
        state.unresolved.reset();
        state.owner.reset();
        state.next_sequence = 0;
        state.last_acked = -1;
        state.under_way.clear();
    }
}

bool Sequences::must_wait(const ProducerBatch& batch) const {
    if (!current_) return true;
    if (!batch.producer) return new_must_wait(batch.partition);
    const Partition& state = partitions_[batch.partition.value()];
    if (state.under_way.empty()) return false;
    return pool_[state.under_way.front()].producer->base_sequence != batch.producer->base_sequence;
}

void Sequences::track(BatchSlot slot) {
    auto& list = partitions_[pool_[slot].partition.value()].under_way;
    // What was not sent before goes last.
    if (list.empty() || !before(pool_[slot], pool_[list.back()])) {
        list.push_back(slot);
        return;
    }
    const auto at = std::find_if(list.begin(), list.end(), [&](BatchSlot other) {
        return before(pool_[slot], pool_[other]);
    });
    list.insert(at, slot);
}

void Sequences::untrack_one_of_many(BatchSlot slot, Partition& state) {
    auto& list = state.under_way;
    if (const auto at = std::find(list.begin(), list.end(), slot); at != list.end()) list.erase(at);
}

bool Sequences::can_retry(BatchSlot slot, ErrorCode error) {
    const ProducerBatch& batch = pool_[slot];
    const Partition& state = partitions_[batch.partition.value()];
    // Before 2.5 a batch of an id that was given up fails. [kafka 2.4 Sender.completeBatch]
    if (!bumps_epoch_ && (!current_ || batch.producer->id != current_->id)) return false;
    if (error == ErrorCode::unknown_producer_id) {
        if (!bumps_epoch_) return false;
        if (!batch.sequence_reset) request_bump(batch.partition);
        return true;
    }
    if (error == ErrorCode::out_of_order_sequence_number) {
        const std::int32_t base = batch.producer->base_sequence.value();
        if (!state.unresolved && (batch.sequence_reset || !is_next(state, base))) return true;
        if (!bumps_epoch_) return false;
        if (!state.unresolved || *state.unresolved == base) request_bump(batch.partition);
        return true;
    }
    return is_retriable(error);
}

void Sequences::on_failure(BatchSlot slot, ErrorCode error, bool adjust) {
    untrack(slot);
    if (error == ErrorCode::out_of_order_sequence_number || adjust)
        request_bump(pool_[slot].partition);
}

void Sequences::mark_unresolved(BatchSlot slot) {
    const ProducerBatch& batch = pool_[slot];
    Partition& state = partitions_[batch.partition.value()];
    const std::int32_t next = batch.last_sequence().value() + 1;
    if (!state.unresolved) unresolved_.push_back(batch.partition);
    state.unresolved = std::max(state.unresolved.value_or(next), next);
}

void Sequences::request_bump(PartitionId partition) {
    bump_requested_ = true;
    Partition& state = partitions_[partition.value()];
    if (state.rewrite) return;
    state.rewrite = true;
    rewrite_.push_back(partition);
}

}  // namespace core
