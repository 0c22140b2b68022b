/// Sequences: the client's half of idempotence without transactions.
///
/// Follows TransactionManager and TxnPartitionMap (3.9, KIP-360), and for profiles before 2.5 the
/// reset of the producer id.
///
/// Rules:
///   S1  A batch gets its sequence when it is drained first and keeps it over retries.
///   S2  While a batch of a partition is retried, only the first in sequence is sent.
///   S3  A gap that is known to be one makes the producer bump its epoch; the batches of that
///       partition that are still under way are numbered from 0.
///   S4  A retried batch that expired leaves its partition unresolved: nothing new is drained until
///       what is under way has ended.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/client/producer_batch.h"
#include "core/profile/profile.h"

namespace core {

struct ProducerIdAndEpoch {
    ProducerId id;
    ProducerEpoch epoch;
    friend constexpr bool operator==(const ProducerIdAndEpoch&,
                                     const ProducerIdAndEpoch&) = default;
};

class Sequences {
  public:
    Sequences(const Profile& profile, BatchPool& pool, std::uint32_t partition_count)
        : bumps_epoch_(profile.idempotence_epoch_bump), pool_(pool), partitions_(partition_count) {}

    const std::optional<ProducerIdAndEpoch>& current() const { return current_; }
    void set_producer_id(const ProducerIdAndEpoch& current) { current_ = current; }

    /// True if maybe_bump_epoch has something to do.
    bool may_bump_epoch() const { return bump_requested_ || !unresolved_.empty(); }
    /// Resolves partitions whose batches have all ended, and bumps the epoch if one asks for it.
    /// True if the epoch was bumped. [kafka TransactionManager.maybeResolveSequences,
    /// bumpIdempotentEpochAndResetIdIfNeeded]
    bool maybe_bump_epoch();
    /// True if this first batch of a queue must wait.
    /// [kafka RecordAccumulator.shouldStopDrainBatchesForPartition]
    bool must_wait(const ProducerBatch& batch) const;
    /// The same of a batch that has no sequence yet.
    bool new_must_wait(PartitionId partition) const;
    /// Numbers a batch that is drained for the first time (S1), and tracks it.
    [[gnu::always_inline]] void assign(BatchSlot slot, ProducerBatch& batch);
    /// Tracks a batch that has its sequence already (made by a split).
    void track(BatchSlot slot);
    void untrack(BatchSlot slot) { untrack(slot, partitions_[pool_[slot].partition.value()]); }

    /// [kafka TransactionManager.canRetry] May ask for an epoch bump.
    bool can_retry(BatchSlot slot, ErrorCode error);
    [[gnu::always_inline]] void on_success(BatchSlot slot, const ProducerBatch& batch);
    /// `adjust`: the broker is known not to hold it, so that its sequences are a gap.
    void on_failure(BatchSlot slot, ErrorCode error, bool adjust);
    /// The batch expired after a retry (S4).
    void mark_unresolved(BatchSlot slot);

  private:
    struct Partition {
        std::optional<ProducerIdAndEpoch> owner;  ///< whose sequences these are
        std::int32_t next_sequence = 0;
        std::int32_t last_acked = -1;  ///< sequence of the last acknowledged record; -1: none
        std::optional<std::int32_t> unresolved;  ///< sequence after an expired batch
        bool rewrite = false;                    ///< asked for an epoch bump
        /// Drained batches without an outcome, by (id, epoch, sequence).
        boost::container::small_vector<BatchSlot, 5> under_way;
    };

    bool before(const ProducerBatch& a, const ProducerBatch& b) const;
    bool is_next(const Partition& state, std::int32_t sequence) const {
        return sequence - state.last_acked == 1;
    }
    void untrack(BatchSlot slot, Partition& state);
    [[gnu::noinline, gnu::cold]] static void untrack_one_of_many(BatchSlot slot, Partition& state);
    void request_bump(PartitionId partition);
    void restart(Partition& state);
    void reset_producer_id();

    bool bumps_epoch_;
    BatchPool& pool_;
    std::optional<ProducerIdAndEpoch> current_;
    std::vector<Partition> partitions_;
    std::vector<PartitionId> unresolved_;  ///< partitions whose `unresolved` is set
    std::vector<PartitionId> rewrite_;     ///< partitions whose `rewrite` is set
    bool bump_requested_ = false;
};

inline bool Sequences::new_must_wait(PartitionId partition) const {
    if (!current_) return true;
    const Partition& state = partitions_[partition.value()];
    if (!state.under_way.empty() && state.owner != current_) return true;
    return state.unresolved.has_value();
}

inline void Sequences::assign(BatchSlot slot, ProducerBatch& batch) {
    ASSERT(current_.has_value());
    ASSERT(!batch.producer);
    Partition& state = partitions_[batch.partition.value()];
    const bool alone = state.under_way.empty();
    if (alone && state.owner != current_) restart(state);
    const Sequence base(state.next_sequence);
    batch.producer = ProducerFields{current_->id, current_->epoch, base};
    state.next_sequence = base.plus(batch.record_count()).value();
    if (alone)
        state.under_way.push_back(slot);
    else
        track(slot);
}

inline void Sequences::untrack(BatchSlot slot, Partition& state) {
    // What is answered is nearly always the first, and mostly alone.
    if (state.under_way.size() == 1 && state.under_way.front() == slot)
        state.under_way.clear();
    else
        untrack_one_of_many(slot, state);
}

inline void Sequences::on_success(BatchSlot slot, const ProducerBatch& batch) {
    Partition& state = partitions_[batch.partition.value()];
    state.last_acked = std::max(state.last_acked, batch.last_sequence().value());
    untrack(slot, state);
}

}  // namespace core
