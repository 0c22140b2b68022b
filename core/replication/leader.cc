#include "core/replication/leader.h"

#include <algorithm>

#include "core/base/assert.h"

namespace core {

const BrokerStatus* ReplicationContext::find_broker(NodeId broker) const {
    const auto at = std::lower_bound(
        brokers.begin(), brokers.end(), broker,
        [](const BrokerStatus& status, NodeId wanted) { return status.broker < wanted; });
    if (at == brokers.end() || at->broker != broker) return nullptr;
    return &*at;
}

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
    begin_epoch(registration, false, context);
    advance_high_watermark(context);
    check_invariants();
}

std::int32_t Leader::min_isr(const Profile& profile) const {
    return effective_min_isr(profile, min_insync_replicas_, replicas_.size());
}

const RemoteReplica* Leader::find_remote(NodeId replica) const {
    for (const RemoteReplica& remote : remotes_)
        if (remote.replica == replica) return &remote;
    return nullptr;
}

TimePoint Leader::last_caught_up(const RemoteReplica& remote) const {
    if (!remote.at_end || remote.session == nullptr) return remote.last_caught_up;
    return std::max(remote.last_caught_up, remote.session->last_fetch());
}

// ---- metadata -----------------------------------------------------------------------------------

void Leader::assign(const ReplicaList& replicas, const ReplicationContext& context) {
    ASSERT(holds(replicas, context.self));
    replicas_ = replicas;
    boost::container::small_vector<RemoteReplica, 2> next;
    for (NodeId replica : replicas) {
        if (replica == context.self) continue;
        const RemoteReplica* known = find_remote(replica);
        next.push_back(known != nullptr ? *known : RemoteReplica(replica));
    }
    for (RemoteReplica& remote : remotes_)
        if (remote.session != nullptr && !holds(replicas, remote.replica))
            remote.session->list(remote.slot);
    remotes_ = std::move(next);
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
    if (registration.leader_epoch > epoch_) begin_epoch(registration, true, context);
    partition_epoch_ = registration.partition_epoch;
    list_outsiders();
    if (!advance_high_watermark(context)) return;
    // Fetches that still name the old epoch are refused now, not after their wait.
    for (const RemoteReplica& remote : remotes_)
        if (remote.session != nullptr) context.touch(*remote.session);
}

void Leader::release(ReplicationContext& context) {
    for (RemoteReplica& remote : remotes_) {
        if (remote.session == nullptr) continue;
        remote.session->list(remote.slot);
        context.touch(*remote.session);
        remote.session = nullptr;
    }
    for (const Watcher& watcher : watchers_) {
        watcher.session->list(watcher.slot);
        context.touch(*watcher.session);
    }
    watchers_.clear();
}

// ---- produce ------------------------------------------------------------------------------------

ErrorCode Leader::refuse_append(const Profile& profile) const {
    if (is_under_min_isr(isr_.isr().size(), min_isr(profile)))
        return ErrorCode::not_enough_replicas;
    return ErrorCode::none;
}

Result<AppendInfo> Leader::append(const BatchBodyRef& batch, ReplicationContext& context) {
    const Offset before = log_->log_end_offset();
    Result<AppendInfo> result = log_->append_as_leader(context.now, batch, epoch_);
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
    if (info.rolled) {
        context.rolled.push_back(partition_);
        context.effects->note(
            {.kind = NoteKind::log_roll, .partition = partition_, .first = info.first});
    }
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
    advance_high_watermark(context);
    return result;
}

std::optional<ErrorCode> Leader::enough_replicas(Offset required, const Profile& profile) const {
    if (log_->high_watermark() < required) return std::nullopt;
    if (is_under_min_isr(isr_.maximal_isr().size(), min_isr(profile)))
        return ErrorCode::not_enough_replicas_after_append;
    return ErrorCode::none;
}

void Leader::wait(const WaitingProduce& waiting) {
    // An idempotent repeat waits for its original, which may lie below those that wait already.
    auto at = waiting_.end();
    while (at != waiting_.begin() && std::prev(at)->required > waiting.required) --at;
    waiting_.insert(at, waiting);
}

// ---- fetch --------------------------------------------------------------------------------------

FetchVerdict Leader::judge_fetch(std::optional<NodeId> replica, const FetchPartition& fetch) const {
    FetchVerdict verdict;
    // KIP-320: a wrong epoch is answered, never guessed at.
    if (fetch.current_leader_epoch) {
        if (*fetch.current_leader_epoch < epoch_) verdict.error = ErrorCode::fenced_leader_epoch;
        if (*fetch.current_leader_epoch > epoch_) verdict.error = ErrorCode::unknown_leader_epoch;
    }
    if (verdict.error != ErrorCode::none) return verdict;
    if (replica && find_remote(*replica) == nullptr) {
        verdict.error = fetch.current_leader_epoch ? ErrorCode::unknown_leader_epoch
                                                   : ErrorCode::not_leader_or_follower;
        return verdict;
    }
    const Offset end = log_->log_end_offset();
    verdict.high_watermark = log_->high_watermark();
    verdict.log_start = log_->log_start();
    verdict.limit = replica ? end : verdict.high_watermark;
    if (fetch.last_fetched_epoch) {
        const auto known = log_->end_offset_for(*fetch.last_fetched_epoch);
        if (!known || fetch.fetch_offset < verdict.log_start) {
            verdict.error = ErrorCode::offset_out_of_range;
            return verdict;
        }
        if (known->leader_epoch < *fetch.last_fetched_epoch || known->offset < fetch.fetch_offset) {
            verdict.diverging = *known;
            return verdict;
        }
    }
    if (fetch.fetch_offset > end || fetch.fetch_offset < verdict.log_start)
        verdict.error = ErrorCode::offset_out_of_range;
    return verdict;
}

void Leader::settle(RemoteReplica& remote) const {
    if (!remote.at_end) return;
    ASSERT(remote.session != nullptr);
    ASSERT(remote.end.has_value());
    const TimePoint last = remote.session->last_fetch();
    remote.last_caught_up = std::max(remote.last_caught_up, last);
    remote.last_fetch = std::max(remote.last_fetch, last);
    remote.at_end = false;
}

ErrorCode Leader::record_fetch(FetchSession& session, std::uint32_t slot,
                               ReplicationContext& context) {
    ASSERT(session.replica().has_value());
    const auto at = std::find_if(
        remotes_.begin(), remotes_.end(),
        [&](const RemoteReplica& remote) { return remote.replica == *session.replica(); });
    ASSERT(at != remotes_.end());
    RemoteReplica& remote = *at;
    const Offset fetched = session.slot(slot).fetch.fetch_offset;
    const Offset end = log_->log_end_offset();
    ASSERT(fetched <= end);

    // A process that died may still have requests on their way; they say nothing of its successor.
    const BrokerStatus* status = context.find_broker(remote.replica);
    const bool alive = status != nullptr && !status->fenced;
    if (alive && session.replica_epoch() && status->epoch > *session.replica_epoch())
        return ErrorCode::not_leader_or_follower;

    settle(remote);
    if (fetched >= end)
        remote.last_caught_up = std::max(remote.last_caught_up, context.now);
    else if (remote.last_fetch_leader_end && fetched >= *remote.last_fetch_leader_end)
        remote.last_caught_up = std::max(remote.last_caught_up, remote.last_fetch);
    const bool moved = remote.end != fetched;
    remote.end = fetched;
    remote.last_fetch_leader_end =
        remote.last_fetch_leader_end ? std::max(*remote.last_fetch_leader_end, end) : end;
    remote.last_fetch = context.now;
    remote.broker_epoch = session.replica_epoch();
    remote.session = &session;
    remote.slot = slot;
    remote.at_end = fetched == end;

    maybe_expand_isr(remote, context);
    if (moved) advance_high_watermark(context);
    return ErrorCode::none;
}

void Leader::watch(FetchSession& session, std::uint32_t slot) {
    for (const Watcher& watcher : watchers_)
        if (watcher.session == &session && watcher.slot == slot) return;
    watchers_.push_back(Watcher{&session, slot});
}

bool Leader::stays_listed(const FetchSession& session, std::uint32_t slot) const {
    if (!session.replica()) return session.slot(slot).fetch.fetch_offset < log_->high_watermark();
    const RemoteReplica* remote = find_remote(*session.replica());
    if (remote == nullptr || remote->session != &session || !remote->at_end) return true;
    // Outside the ISR each fetch asks again whether it may join.
    return !holds(isr_.maximal_isr(), remote->replica);
}

void Leader::detach(const FetchSession& session) {
    for (RemoteReplica& remote : remotes_) {
        if (remote.session != &session) continue;
        settle(remote);
        remote.session = nullptr;
    }
    std::erase_if(watchers_, [&](const Watcher& watcher) { return watcher.session == &session; });
}

bool Leader::advance_high_watermark(ReplicationContext& context) {
    const Offset end = log_->log_end_offset();
    const Offset before = log_->high_watermark();
    const ReplicaList& counted = isr_.maximal_isr();
    // Nearly every call: somebody who counts does not hold more than before.
    for (const RemoteReplica& remote : remotes_)
        if ((!remote.end || *remote.end <= before) && holds(counted, remote.replica)) return false;
    boost::container::small_vector<ReplicaProgress, 4> progress;
    for (const RemoteReplica& remote : remotes_) {
        ReplicaProgress& next = progress.emplace_back();
        next.end = remote.end;
        next.in_maximal_isr = holds(counted, remote.replica);
        if (next.in_maximal_isr) continue;
        next.caught_up = is_caught_up(*context.profile, remote.end, end, last_caught_up(remote),
                                      context.now, context.lag_max);
        next.eligible = eligible(remote, context);
    }
    const bool under = is_under_min_isr(isr_.isr().size(), min_isr(*context.profile));
    const Offset after =
        high_watermark_of(*context.profile, before, end, {progress.data(), progress.size()}, under);
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
    ASSERT(log_->high_watermark() <= log_->log_end_offset());
    for (NodeId member : isr_.isr()) ASSERT(holds(replicas_, member));
}

}  // namespace core
