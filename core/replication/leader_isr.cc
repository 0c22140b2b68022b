// The leader's side of AlterPartition: when a change of the ISR is proposed, and what its answer
// does. [kafka Partition.scala maybeExpandIsr, maybeShrinkIsr, submitAlterPartition]
#include <algorithm>

#include "core/base/assert.h"
#include "core/replication/leader.h"

namespace core {

bool Leader::eligible(const RemoteReplica& remote, const ReplicationContext& context) const {
    return is_isr_eligible(*context.profile, context.find_broker(remote.replica),
                           remote.broker_epoch);
}

void Leader::maybe_expand_isr(const RemoteReplica& remote, ReplicationContext& context) {
    ASSERT(!remote.in_isr);
    if (isr_.in_flight()) return;
    if (!eligible(remote, context)) return;
    if (!can_join_isr(remote.end, log_->high_watermark(), epoch_start_)) return;

    isr_.become_pending_expand(remote.replica, ProposalId(context.next_proposal++));
    isr_changed();
    propose(context);
}

void Leader::maybe_shrink_isr(ReplicationContext& context) {
    if (isr_.in_flight()) return;
    ReplicaList leaving;
    for (NodeId member : isr_.isr()) {
        if (member == context.self) continue;
        const RemoteReplica* remote = find_remote(member);
        if (remote == nullptr ||
            is_out_of_sync(*context.profile, remote->end, log_->log_end_offset(),
                           last_caught_up(*remote), context.now, context.lag_max))
            leaving.push_back(member);
    }
    if (leaving.empty()) return;
    // The leader itself always stays, so a shrink never empties the ISR of a leader that is in it.
    if (leaving.size() == isr_.isr().size()) return;

    isr_.become_pending_shrink(leaving, ProposalId(context.next_proposal++));
    isr_changed();
    propose(context);
}

void Leader::propose(ReplicationContext& context) {
    context.effects->note(
        {.kind = NoteKind::isr_propose, .partition = partition_, .leader_epoch = epoch_},
        members(isr_.proposed()));
    context.proposals.push_back(proposal(ProposalId(context.next_proposal - 1), context));
}

IsrProposal Leader::proposal(ProposalId id, const ReplicationContext& context) const {
    ASSERT(isr_.awaits(id));
    AlterPartitionItem item{
        .partition = partition_,
        .leader_epoch = epoch_,
        .new_isr = {},
        .recovery_state = RecoveryState::recovered,
        .partition_epoch = partition_epoch_,
    };
    for (NodeId member : isr_.proposed()) {
        const RemoteReplica* remote = find_remote(member);
        Maybe<BrokerEpoch> epoch = context.broker_epoch;
        if (member != context.self)
            epoch = remote != nullptr ? remote->broker_epoch : Maybe<BrokerEpoch>();
        item.new_isr.push_back(AlterPartitionIsrMember{member, epoch});
    }
    return IsrProposal{partition_, id, std::move(item)};
}

bool Leader::on_alter_partition(ProposalId proposal, const AlterPartitionResult& result,
                                ReplicationContext& context) {
    if (!isr_.awaits(proposal)) return false;
    if (result.error == ErrorCode::none) {
        if (result.leader_epoch != epoch_ || result.partition_epoch < partition_epoch_)
            return false;
        isr_.become_committed(result.isr);
        isr_changed();
        partition_epoch_ = result.partition_epoch;
        list_outsiders();
        advance_high_watermark(context);
        check_invariants();
        return false;
    }

    context.effects->note({.kind = NoteKind::isr_refused,
                           .error = result.error,
                           .partition = partition_,
                           .leader_epoch = epoch_},
                          members(isr_.proposed()));
    if (result.error == ErrorCode::operation_not_attempted ||
        result.error == ErrorCode::ineligible_replica) {
        isr_.become_last_committed();
        isr_changed();
        list_outsiders();
        return false;
    }
    // The controller knows something newer. What it committed is unknown here, so the maximal ISR
    // stays as it is until metadata says.
    const bool waits_for_metadata = result.error == ErrorCode::unknown_topic_or_partition ||
                                    result.error == ErrorCode::unknown_topic_id ||
                                    result.error == ErrorCode::fenced_leader_epoch ||
                                    result.error == ErrorCode::invalid_update_version ||
                                    result.error == ErrorCode::invalid_request ||
                                    result.error == ErrorCode::new_leader_elected;
    return !waits_for_metadata;
}

void Leader::isr_changed() {
    isr_size_ = isr_.isr().size();
    maximal_isr_size_ = isr_.maximal_isr().size();
    for (RemoteReplica& remote : remotes_) {
        remote.in_isr = holds(isr_.isr(), remote.replica);
        remote.in_maximal_isr = holds(isr_.maximal_isr(), remote.replica);
    }
    check_invariants();
}

void Leader::list_outsiders() {
    for (const RemoteReplica& remote : remotes_)
        if (remote.session != nullptr && !remote.in_maximal_isr) remote.session->list(remote.slot);
}

}  // namespace core
