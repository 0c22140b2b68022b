/// The leader's half of one partition: appends, follower fetches, the high watermark, the ISR.
///
/// Lives inside Partition while this broker leads; made by become_leader, dropped on the change to
/// any other role. Knows its followers only through their fetches.
///
/// Rules:
///   R1  The high watermark never falls while this broker leads.
///       [kafka Partition.scala maybeIncrementLeaderHW]
///   R2  It advances only to what every member of maximal_isr is known to hold, and not while the
///       committed ISR is below min ISR (3.7+).   [KIP-497, KAFKA-15583]
///   R3  A replica joins the ISR only at or past both the high watermark and the start offset of
///       this epoch, alive and with the broker epoch of its registration.
///       [KAFKA-7128, KIP-903; kafka Partition.scala maybeExpandIsr]
///   R4  acks=all is answered only below the high watermark, with |maximal ISR| >= min.
///       [kafka Partition.scala checkEnoughReplicasReachOffset]
///   R5  A fetch answered with a divergence changes nothing here.   [KAFKA-10435]
///   R6  A leader never truncates and never demotes itself.
///   R7  A replica or consumer and the slot of the session it fetches in know each other: the
///       slot's `leader` and `remote` are set while this leader's `session` and `slot` name it, no
///       longer.
///   R8  An append completes every parked fetch of this partition, also one in a session that
///       another of the same replica has taken over from.   [kafka DelayedFetch: watched by
///       partition, whoever fetched last]
///
/// A follower whose fetch stands at the end and does not change is not looked at again at each of
/// its session's fetches: that they came is read from the session when it matters.
///
/// Source: Partition.scala, Replica.scala of Kafka 3.9.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/assert.h"
#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/base/maybe.h"
#include "core/base/result.h"
#include "core/log/log.h"
#include "core/protocol/messages.h"
#include "core/replication/context.h"
#include "core/replication/isr_state.h"
#include "core/replication/purgatory.h"

namespace core {

/// What the leader knows of one other replica (ReplicaState). All of it is lost with the role.
struct RemoteReplica {
    explicit RemoteReplica(NodeId id) : replica(id) {}

    NodeId replica;
    /// Everything below it is in that replica's log; nothing until it has fetched.
    Maybe<Offset> end;
    /// The leader's end at that replica's last fetch, never falling within one leadership.
    Maybe<Offset> last_fetch_leader_end;
    TimePoint last_fetch = kLongAgo;
    TimePoint last_caught_up = kLongAgo;
    /// Of its last fetch (KIP-903).
    Maybe<BrokerEpoch> broker_epoch;
    /// The session it fetches in, and where; nothing before its first fetch from this leader.
    FetchSession* session = nullptr;
    std::uint32_t slot = 0;
    /// Parked at the leader's end: each fetch of the session counts as one of this partition.
    bool at_end = false;
    /// Member of isr() and of maximal_isr(), kept here by isr_changed().
    bool in_isr = false;
    bool in_maximal_isr = false;
};

/// What a fetch of one partition comes to, before any records are read.
struct FetchVerdict {
    LogMarks marks;
    Offset limit{0};  ///< records below it may be read
    ErrorCode error = ErrorCode::none;
    bool diverging = false;  ///< from what known_end() says

    /// Neither refused nor sent back.
    bool good() const { return error == ErrorCode::none && !diverging; }
    bool has_records_from(Offset offset) const { return offset < limit; }
};

class Leader {
  public:
    /// `registration` names this broker as leader; `was_leader` state of an earlier role is gone.
    Leader(PartitionId partition, Log& log, std::int32_t min_insync_replicas,
           const PartitionRegistration& registration, ReplicationContext& context);

    // ---- queries
    LeaderEpoch epoch() const { return epoch_; }
    PartitionEpoch partition_epoch() const { return partition_epoch_; }
    Offset epoch_start() const { return epoch_start_; }
    const IsrState& isr() const { return isr_; }
    std::size_t isr_size() const { return isr_size_; }
    const ReplicaList& replicas() const { return replicas_; }
    std::int32_t min_isr(const Profile& profile) const {
        return effective_min_isr(profile, min_insync_replicas_, replicas_.size());
    }
    const Log& log() const { return *log_; }
    LogMarks marks() const { return {log_->high_watermark(), log_->log_start()}; }
    const RemoteReplica* find_remote(NodeId replica) const {
        for (const RemoteReplica& remote : remotes_)
            if (remote.replica == replica) return &remote;
        return nullptr;
    }
    /// When that replica last counted as caught up, sessions included.
    TimePoint last_caught_up(const RemoteReplica& remote) const;

    // ---- metadata
    /// A newer registration under which this broker still leads. A new leader epoch resets what is
    /// known of followers; otherwise only the assignment and the ISR are taken over.
    void on_registration(const PartitionRegistration& registration, ReplicationContext& context);
    /// Takes effect with the next append or fetch, as in Kafka: a change moves no watermark.
    void set_min_insync_replicas(std::int32_t min) { min_insync_replicas_ = min; }
    /// The role ends: every session that fetches here has news.
    void release(ReplicationContext& context);

    // ---- produce
    /// The pre-check of acks=all: not_enough_replicas, or none.
    ErrorCode refuse_append(const Profile& profile) const {
        return is_under_min_isr(isr_size_, min_isr(profile)) ? ErrorCode::not_enough_replicas
                                                             : ErrorCode::none;
    }
    /// Appends, notes, wakes fetches and advances the watermark.
    Result<AppendInfo> append(const BatchBodyRef& batch, ReplicationContext& context);
    /// none: enough; not_enough_replicas_after_append; nothing: keep waiting.
    std::optional<ErrorCode> enough_replicas(Offset required, const Profile& profile) const {
        if (log_->high_watermark() < required) return std::nullopt;
        return is_under_min_isr(maximal_isr_size_, min_isr(profile))
                   ? ErrorCode::not_enough_replicas_after_append
                   : ErrorCode::none;
    }
    /// Remembers a produce partition that waits for the watermark.
    void wait(const WaitingProduce& waiting) {
        waiting_.push_back(waiting);
        const std::size_t others = waiting_.size() - 1;
        if (others > 0 && waiting_[others - 1].required > waiting.required) [[unlikely]]
            sort_waiting();
    }
    /// Those that wait, lowest offset first.
    ReusedList<WaitingProduce>& waiting() { return waiting_; }

    // ---- fetch
    /// Epoch, assignment, divergence and range; reads nothing and changes nothing. Fills in a
    /// verdict as it was made. A fetch that was found good under this epoch, with its assignment,
    /// stays so while it is within range: a leader's log only grows. So does one of a replica that
    /// is known here and names this epoch and the log's last one.
    [[gnu::always_inline]] void judge_fetch(const FetchSession& session, const FetchSlot& slot,
                                            FetchVerdict& verdict) const {
        verdict.marks = marks();
        const Offset end = log_->log_end_offset();
        verdict.limit = session.replica() ? end : verdict.marks.high_watermark;
        const Offset from = slot.fetch.fetch_offset;
        const bool good = slot.good_under == epoch_ || names_last_epoch(slot);
        if (!good || from > end || from < verdict.marks.log_start) [[unlikely]]
            doubt_fetch(session, slot, verdict);
    }
    /// Where the epoch ends that a fetcher says it fetched last, or one before it; nothing:
    /// undefined.
    std::optional<OffsetAndEpoch> known_end(const FetchPartition& fetch) const {
        return log_->end_offset_for(*fetch.last_fetched_epoch);
    }
    /// A follower's fetch that was judged good: its offset is its acknowledgement. Refusal:
    /// not_leader_or_follower if its broker epoch is stale (KIP-903).
    [[gnu::always_inline]] ErrorCode record_fetch(FetchSession& session, FetchSlot& slot,
                                                  ReplicationContext& context);
    /// A consumer waits for the watermark.
    void watch(FetchSession& session, FetchSlot& slot) {
        if (slot.leader == nullptr) {
            slot.leader = this;
            watchers_.push_back(Watcher{&session, slot.number});
        }
        slot.good_under = epoch_;
    }
    /// True if the session must look at this partition again at its next fetch.
    bool stays_listed(const FetchSession& session, const FetchSlot& slot) const {
        if (!session.replica()) return slot.fetch.fetch_offset < log_->high_watermark();
        const RemoteReplica* remote = slot.remote;
        if (remote == nullptr || !remote->at_end) return true;
        // Outside the ISR each fetch asks again whether it may join.
        return !remote->in_maximal_isr;
    }
    /// The session is gone.
    void detach(FetchSession& session);

    // ---- ISR
    /// Proposes to drop the members that are out of sync, if no change is in flight.
    void maybe_shrink_isr(ReplicationContext& context);
    /// The controller's answer to a proposal; others are ignored. Returns true if the proposal has
    /// to be sent again.
    bool on_alter_partition(ProposalId proposal, const AlterPartitionResult& result,
                            ReplicationContext& context);
    /// The same proposal again, with today's broker epochs of its members.
    IsrProposal proposal(ProposalId id, const ReplicationContext& context) const;

    void check_invariants() const;

  private:
    struct Watcher {
        FetchSession* session;
        std::uint32_t slot;
    };

    void assign(const ReplicaList& replicas, const ReplicationContext& context);
    bool names_last_epoch(const FetchSlot& slot) const {
        return slot.remote != nullptr && slot.fetch.current_leader_epoch == epoch_ &&
               slot.fetch.last_fetched_epoch &&
               slot.fetch.last_fetched_epoch == log_->latest_epoch();
    }
    [[gnu::noinline, gnu::cold]] void doubt_fetch(const FetchSession& session,
                                                  const FetchSlot& slot,
                                                  FetchVerdict& verdict) const;
    bool admit(const FetchSession& session, const FetchSlot& slot, FetchVerdict& verdict) const;
    bool diverges(const FetchPartition& fetch, FetchVerdict& verdict) const;
    [[gnu::noinline, gnu::cold]] void sort_waiting();
    void begin_epoch(const PartitionRegistration& registration, bool was_leader,
                     ReplicationContext& context);
    /// True if it moved. Nearly every call ends at once: somebody who counts holds no more than
    /// what it stands at.
    bool advance_high_watermark(ReplicationContext& context) {
        const Offset before = log_->high_watermark();
        for (const RemoteReplica& remote : remotes_)
            if (remote.in_maximal_isr && (!remote.end || *remote.end <= before)) return false;
        return raise_high_watermark(before, context);
    }
    bool raise_high_watermark(Offset before, ReplicationContext& context);
    [[gnu::noinline, gnu::cold]] void maybe_expand_isr(const RemoteReplica& remote,
                                                       ReplicationContext& context);
    bool eligible(const RemoteReplica& remote, const ReplicationContext& context) const;
    /// What the session's fetches said of a parked replica becomes its own state.
    static void settle(RemoteReplica& remote) {
        if (!remote.at_end) return;
        ASSERT(remote.session != nullptr);
        ASSERT(remote.end.has_value());
        const TimePoint last = remote.session->last_fetch();
        remote.last_caught_up = std::max(remote.last_caught_up, last);
        remote.last_fetch = std::max(remote.last_fetch, last);
        remote.at_end = false;
    }
    /// The replica fetches in this slot from now on (R7).
    [[gnu::noinline, gnu::cold]] RemoteReplica& join(FetchSession& session, FetchSlot& slot);
    void displace(RemoteReplica& remote);
    [[gnu::noinline, gnu::cold]] void touch_displaced(ReplicationContext& context);
    [[gnu::noinline, gnu::cold]] void on_roll(ReplicationContext& context) const;
    /// After every change of isr_ and of the assignment.
    void isr_changed();
    void list_outsiders();
    void propose(ReplicationContext& context);

    PartitionId partition_;
    Log* log_;
    std::int32_t min_insync_replicas_;
    LeaderEpoch epoch_;
    PartitionEpoch partition_epoch_;
    Offset epoch_start_;
    IsrState isr_;
    // Of isr() and of maximal_isr(), kept here by isr_changed().
    std::size_t isr_size_ = 0;
    std::size_t maximal_isr_size_ = 0;
    ReplicaList replicas_;
    std::vector<RemoteReplica> remotes_;  ///< moved by assign() only
    ReusedList<WaitingProduce> waiting_;
    std::vector<Watcher> watchers_;
    std::vector<Watcher> displaced_;  ///< follower sessions that were taken over from (R8)
};

inline ErrorCode Leader::record_fetch(FetchSession& session, FetchSlot& slot,
                                      ReplicationContext& context) {
    ASSERT(session.replica().has_value());
    const Offset fetched = slot.fetch.fetch_offset;
    const Offset end = log_->log_end_offset();
    ASSERT(fetched <= end);

    // A process that died may still have requests on their way; they say nothing of its successor.
    const Maybe<BrokerEpoch> epoch = session.replica_epoch();
    const BrokerStatus* status = context.find_broker(*session.replica());
    const bool alive = status != nullptr && !status->fenced;
    if (alive && epoch && status->epoch > *epoch) return ErrorCode::not_leader_or_follower;

    RemoteReplica& remote = slot.remote != nullptr ? *slot.remote : join(session, slot);
    settle(remote);
    if (fetched >= end)
        remote.last_caught_up = context.now;
    else if (remote.last_fetch_leader_end && fetched >= *remote.last_fetch_leader_end)
        remote.last_caught_up = std::max(remote.last_caught_up, remote.last_fetch);
    const bool moved = remote.end != fetched;
    remote.end = fetched;
    if (!remote.last_fetch_leader_end || *remote.last_fetch_leader_end < end)
        remote.last_fetch_leader_end = end;
    remote.last_fetch = context.now;
    remote.broker_epoch = epoch;
    remote.at_end = fetched == end;
    slot.good_under = epoch_;

    if (!remote.in_isr) maybe_expand_isr(remote, context);
    if (moved) advance_high_watermark(context);
    return ErrorCode::none;
}

}  // namespace core
