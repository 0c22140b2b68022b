/// The rules of the in-sync replica set, as pure functions: who holds back the high watermark, who
/// may join the ISR, who must leave it. No state, no side effects.
///
/// Source: Partition.scala and Replica.scala of Kafka 3.9; every difference between versions is a
/// named switch of Profile.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/profile/profile.h"

namespace core {

/// Earlier than any moment of a run, and far enough from the ends to be subtracted from any.
/// Kafka's 0 for "never fetched".
inline constexpr TimePoint kLongAgo{Duration(INT64_MIN / 4)};

/// One broker as this broker's metadata knows it [kafka KRaftMetadataCache].
struct BrokerStatus {
    NodeId broker;
    BrokerEpoch epoch;
    bool fenced;
    bool in_controlled_shutdown;
    friend bool operator==(const BrokerStatus&, const BrokerStatus&) = default;
};

/// How many replicas must be in sync: min.insync.replicas, from 3.7 on at most the number of
/// assigned replicas. [kafka Partition.effectiveMinIsr]
inline std::int32_t effective_min_isr(const Profile& profile, std::int32_t min_insync_replicas,
                                      std::size_t replicas) {
    ASSERT(min_insync_replicas >= 1);
    if (!profile.min_isr_capped_by_replicas) return min_insync_replicas;
    return std::min(min_insync_replicas, static_cast<std::int32_t>(replicas));
}

/// True if the committed ISR is smaller than it must be. [kafka Partition.isUnderMinIsr]
inline bool is_under_min_isr(std::size_t isr, std::int32_t effective_min) {
    return static_cast<std::int64_t>(isr) < effective_min;
}

/// A replica counts as caught up if it has the leader's end (3.3+), or had it at most lag.max ago.
/// `end` not known is never equal. [kafka ReplicaState.isCaughtUp]
bool is_caught_up(const Profile& profile, std::optional<Offset> end, Offset leader_end,
                  TimePoint last_caught_up, TimePoint now, Duration lag_max);

/// An ISR member that has to leave: not at the leader's end (2.3+) and last caught up more than
/// lag.max ago, strictly. [kafka Partition.getOutOfSyncReplicas]
bool is_out_of_sync(const Profile& profile, std::optional<Offset> end, Offset leader_end,
                    TimePoint last_caught_up, TimePoint now, Duration lag_max);

/// Both bounds matter: a new leader's watermark may lag behind its epoch's first offset, and what
/// lies between was committed by its predecessor. [KAFKA-7128, kafka Partition.isFollowerInSync]
bool can_join_isr(std::optional<Offset> end, Offset high_watermark, Offset epoch_start);

/// May the controller be asked to take this replica into the ISR? Alive, not leaving, and the
/// broker epoch of its last fetch is that of its registration. [KIP-841, KIP-903,
/// kafka Partition.isReplicaIsrEligible] `status`: nothing if the broker is not registered.
/// `fetched_with`: nothing before the first fetch under this leader.
bool is_isr_eligible(const Profile& profile, const BrokerStatus* status,
                     std::optional<BrokerEpoch> fetched_with);

/// What the rule of the high watermark asks of one remote replica.
struct ReplicaProgress {
    std::optional<Offset> end;  ///< nothing: has not fetched from this leader yet
    bool in_maximal_isr = false;
    bool caught_up = false;  ///< matters outside the ISR only
    bool eligible = false;   ///< matters outside the ISR only
};

/// The new high watermark, `current` or higher. Nothing moves below min ISR (3.7+). An ISR member
/// that has not fetched yet blocks any advance. [kafka Partition.maybeIncrementLeaderHW]
/// `progress_of`: the ReplicaProgress of one of `remotes`.
template <class Remotes, class ProgressOf>
Offset high_watermark_of(const Profile& profile, Offset current, Offset leader_end,
                         const Remotes& remotes, bool under_min_isr, ProgressOf progress_of) {
    ASSERT(current <= leader_end);
    if (profile.hw_needs_min_isr && under_min_isr) return current;
    Offset lowest = leader_end;
    for (const auto& remote : remotes) {
        const ReplicaProgress progress = progress_of(remote);
        const bool joins_soon =
            progress.caught_up && (progress.eligible || !profile.hw_waits_for_eligible_only);
        if (!progress.in_maximal_isr && !joins_soon) continue;
        if (!progress.end) return current;
        lowest = std::min(lowest, *progress.end);
    }
    return std::max(current, lowest);
}

}  // namespace core
