#include "core/replication/leader.h"

#include <algorithm>

#include "core/base/assert.h"

namespace core {

Leader::Leader(PartitionId partition, Log& log, std::int32_t min_insync_replicas,
               const PartitionRegistration& registration, ReplicationContext& context)
    : partition_(partition),
      log_(&log),
      min_insync_replicas_(min_insync_replicas),
      epoch_(registration.leader_epoch),
      partition_epoch_(registration.partition_epoch),
      epoch_start_(log.log_end_offset()),
      isr_(registration.isr) {
    ASSERT(registration.leader == context.self);
    assign(registration.replicas, context);
    isr_changed();
    begin_epoch(registration, false, context);
    advance_high_watermark(context);
    check_invariants();
}

TimePoint Leader::last_caught_up(const RemoteReplica& remote) const {
    if (!remote.at_end || remote.session == nullptr) return remote.last_caught_up;
    return std::max(remote.last_caught_up, remote.session->last_fetch());
}

// ---- metadata -----------------------------------------------------------------------------------

void Leader::assign(const ReplicaList& replicas, const ReplicationContext& context) {
    ASSERT(holds(replicas, context.self));
    replicas_ = replicas;
    std::vector<RemoteReplica> next;
    for (NodeId replica : replicas) {
        if (replica == context.self) continue;
        const RemoteReplica* known = find_remote(replica);
        next.push_back(known != nullptr ? *known : RemoteReplica(replica));
    }
    for (RemoteReplica& remote : remotes_) {
        if (remote.session == nullptr || holds(replicas, remote.replica)) continue;
        remote.session->list(remote.slot);
        remote.session->slot(remote.slot).unlink();
    }
    remotes_ = std::move(next);
    for (RemoteReplica& remote : remotes_)
        if (remote.session != nullptr) remote.session->slot(remote.slot).remote = &remote;
}

/// [kafka Partition.makeLeader, Replica.resetReplicaState]
void Leader::begin_epoch(const PartitionRegistration& registration, bool was_leader,
                         ReplicationContext& context) {
    epoch_start_ = log_->log_end_offset();
    epoch_ = registration.leader_epoch;
    if (context.profile->epoch_entry_at_election) log_->assign_epoch(epoch_, epoch_start_);
    for (RemoteReplica& remote : remotes_) {
        const bool in_sync = holds(registration.isr, remote.replica);
        settle(remote);
        remote.last_caught_up = in_sync ? context.now : kLongAgo;
        remote.last_fetch = kLongAgo;
        if (was_leader) {
            // The log did not change hands, so what the follower was known to hold it still holds.
            remote.last_fetch_leader_end = epoch_start_;
            if (in_sync) remote.last_fetch = context.now;
        } else {
            remote.end.reset();
            remote.last_fetch_leader_end.reset();
            remote.broker_epoch.reset();
        }
        if (remote.session != nullptr) remote.session->list(remote.slot);
    }
    context.effects->note({.kind = NoteKind::become_leader,
                           .partition = partition_,
                           .leader_epoch = epoch_,
                           .first = log_->high_watermark(),
                           .end = epoch_start_},
                          members(registration.isr));
}

void Leader::on_registration(const PartitionRegistration& registration,
                             ReplicationContext& context) {
    ASSERT(registration.leader == context.self);
    if (registration.partition_epoch < partition_epoch_) return;
    ASSERT(registration.leader_epoch >= epoch_);

    assign(registration.replicas, context);
    // Any change in flight is thrown away: its answer will find another state.
    isr_.become_committed(registration.isr);
    isr_changed();
    if (registration.leader_epoch > epoch_) begin_epoch(registration, true, context);
    partition_epoch_ = registration.partition_epoch;
    list_outsiders();
    // Only where the watermark moved are fetches that wait looked at: those that name the old epoch
    // are then refused, and else when their wait is over [kafka Partition.makeLeader].
    if (!advance_high_watermark(context)) return;
    for (const RemoteReplica& remote : remotes_)
        if (remote.session != nullptr) context.touch(*remote.session);
}

void Leader::release(ReplicationContext& context) {
    for (RemoteReplica& remote : remotes_) {
        if (remote.session == nullptr) continue;
        remote.session->list(remote.slot);
        remote.session->slot(remote.slot).unlink();
        context.touch(*remote.session);
        remote.session = nullptr;
    }
    for (const Watcher& watcher : watchers_) {
        watcher.session->list(watcher.slot);
        watcher.session->slot(watcher.slot).unlink();
        context.touch(*watcher.session);
    }
    watchers_.clear();
    touch_displaced(context);
    displaced_.clear();
}

/// They stay listed (stays_listed), so it is enough that they are looked at.
void Leader::touch_displaced(ReplicationContext& context) {
    for (const Watcher& watcher : displaced_) context.touch(*watcher.session);
}

// ---- produce ------------------------------------------------------------------------------------

Result<AppendInfo> Leader::append(const BatchBodyRef& batch, ReplicationContext& context) {
    const Offset before = log_->log_end_offset();
    Result<AppendInfo> result = log_->append_as_leader(context.now, batch, epoch_);
    if (log_->rolled()) [[unlikely]]
        on_roll(context);
    if (!result.ok()) return result;
    const AppendInfo& info = *result;
    if (info.duplicate) {
        context.effects->note({.kind = NoteKind::duplicate_sequence,
                               .partition = partition_,
                               .leader_epoch = epoch_,
                               .tag = batch->tag(),
                               .first = info.first,
                               .end = info.end});
        return result;
    }
    ASSERT(info.first == before);
    ASSERT(info.end == log_->log_end_offset());
    context.effects->note({.kind = NoteKind::log_append,
                           .partition = partition_,
                           .leader_epoch = epoch_,
                           .tag = batch->tag(),
                           .first = info.first,
                           .end = info.end,
                           .value = 1});
    if (info.flushed)
        context.effects->note(
            {.kind = NoteKind::log_flush, .partition = partition_, .end = info.end});
    for (RemoteReplica& remote : remotes_) {
        if (remote.session == nullptr) continue;
        settle(remote);
        remote.session->list(remote.slot);
        context.touch(*remote.session);
    }
    if (!displaced_.empty()) [[unlikely]]
        touch_displaced(context);
    advance_high_watermark(context);
    return result;
}

void Leader::on_roll(ReplicationContext& context) const {
    context.rolled.push_back(partition_);
    context.effects->note({.kind = NoteKind::log_roll,
                           .partition = partition_,
                           .first = log_->segment_base_offsets().back()});
}

/// An idempotent repeat waits for its original, which may lie below those that wait already.
void Leader::sort_waiting() {
    WaitingProduce* at = waiting_.end() - 1;
    for (; at != waiting_.begin() && at[-1].required > at[0].required; --at)
        std::swap(at[-1], at[0]);
}

// ---- fetch --------------------------------------------------------------------------------------

void Leader::doubt_fetch(const FetchSession& session, const FetchSlot& slot,
                         FetchVerdict& verdict) const {
    ASSERT(verdict.good());
    const bool known = slot.good_under == epoch_;
    if (!known && !admit(session, slot, verdict)) {
        verdict.marks = LogMarks();
        return;
    }
    if (!known && diverges(slot.fetch, verdict)) return;
    const Offset from = slot.fetch.fetch_offset;
    if (from > log_->log_end_offset() || from < verdict.marks.log_start)
        verdict.error = ErrorCode::offset_out_of_range;
}

/// KIP-320: a wrong epoch is answered, never guessed at.
bool Leader::admit(const FetchSession& session, const FetchSlot& slot,
                   FetchVerdict& verdict) const {
    const FetchPartition& fetch = slot.fetch;
    if (fetch.current_leader_epoch && *fetch.current_leader_epoch != epoch_)
        verdict.error = *fetch.current_leader_epoch < epoch_ ? ErrorCode::fenced_leader_epoch
                                                             : ErrorCode::unknown_leader_epoch;
    else if (session.replica() && slot.remote == nullptr &&
             find_remote(*session.replica()) == nullptr)
        verdict.error = fetch.current_leader_epoch ? ErrorCode::unknown_leader_epoch
                                                   : ErrorCode::not_leader_or_follower;
    return verdict.error == ErrorCode::none;
}

bool Leader::diverges(const FetchPartition& fetch, FetchVerdict& verdict) const {
    if (!fetch.last_fetched_epoch) return false;
    const auto known = known_end(fetch);
    if (!known || fetch.fetch_offset < verdict.marks.log_start) {
        verdict.error = ErrorCode::offset_out_of_range;
        return true;
    }
    verdict.diverging =
        known->leader_epoch < *fetch.last_fetched_epoch || known->offset < fetch.fetch_offset;
    return verdict.diverging;
}

RemoteReplica& Leader::join(FetchSession& session, FetchSlot& slot) {
    const auto at = std::find_if(
        remotes_.begin(), remotes_.end(),
        [id = *session.replica()](const RemoteReplica& remote) { return remote.replica == id; });
    ASSERT(at != remotes_.end());
    settle(*at);
    if (at->session != nullptr) displace(*at);
    std::erase_if(displaced_, [&](const Watcher& watcher) {
        return watcher.session == &session && watcher.slot == slot.number;
    });
    at->session = &session;
    at->slot = slot.number;
    slot.leader = this;
    slot.remote = &*at;
    return *at;
}

/// Another session takes over. The one before may be the live one, and that which comes a late
/// request of a connection that the follower has given up.
void Leader::displace(RemoteReplica& remote) {
    remote.session->list(remote.slot);
    remote.session->slot(remote.slot).unlink();
    displaced_.push_back(Watcher{remote.session, remote.slot});
}

void Leader::detach(FetchSession& session) {
    for (RemoteReplica& remote : remotes_) {
        if (remote.session != &session) continue;
        settle(remote);
        session.slot(remote.slot).unlink();
        remote.session = nullptr;
    }
    std::erase_if(watchers_, [&](const Watcher& watcher) {
        if (watcher.session != &session) return false;
        session.slot(watcher.slot).unlink();
        return true;
    });
    std::erase_if(displaced_, [&](const Watcher& watcher) { return watcher.session == &session; });
}

bool Leader::raise_high_watermark(Offset before, ReplicationContext& context) {
    const Offset end = log_->log_end_offset();
    const auto progress_of = [&](const RemoteReplica& remote) {
        ReplicaProgress progress{.end = remote.end, .in_maximal_isr = remote.in_maximal_isr};
        if (progress.in_maximal_isr) return progress;
        progress.caught_up = is_caught_up(*context.profile, remote.end, end, last_caught_up(remote),
                                          context.now, context.lag_max);
        progress.eligible = eligible(remote, context);
        return progress;
    };
    const bool under = is_under_min_isr(isr_size_, min_isr(*context.profile));
    const Offset after =
        high_watermark_of(*context.profile, before, end, remotes_, under, progress_of);
    ASSERT(after >= before);
    if (after == before) return false;

    log_->set_high_watermark(after);
    ASSERT(log_->high_watermark() == after);
    context.effects->note({.kind = NoteKind::hw_advance,
                           .partition = partition_,
                           .leader_epoch = epoch_,
                           .first = before,
                           .end = after});
    // A follower hears of it with its next response; that alone completes no parked fetch.
    for (const RemoteReplica& remote : remotes_)
        if (remote.session != nullptr) remote.session->list(remote.slot);
    for (const Watcher& watcher : watchers_) {
        watcher.session->list(watcher.slot);
        context.touch(*watcher.session);
    }
    if (!waiting_.empty()) context.settled.push_back(partition_);
    return true;
}

void Leader::check_invariants() const {
    ASSERT(!isr_.isr().empty());
    ASSERT(isr_size_ == isr_.isr().size());
    ASSERT(maximal_isr_size_ == isr_.maximal_isr().size());
    ASSERT(log_->high_watermark() <= log_->log_end_offset());
    for (NodeId member : isr_.isr()) ASSERT(holds(replicas_, member));
    for (const RemoteReplica& remote : remotes_) {
        ASSERT(remote.in_isr == holds(isr_.isr(), remote.replica));
        ASSERT(remote.in_maximal_isr == holds(isr_.maximal_isr(), remote.replica));
        if (remote.session == nullptr) continue;
        ASSERT(remote.session->slot(remote.slot).leader == this);
        ASSERT(remote.session->slot(remote.slot).remote == &remote);
    }
}

}  // namespace core
