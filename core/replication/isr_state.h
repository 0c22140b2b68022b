/// The ISR as its leader holds it: committed by the controller, or with one change in flight.
///
/// Rules:
///   R1  A proposed member counts for the high watermark from the moment it is proposed; a proposed
///       leaver counts until the controller has confirmed that it left. So maximal_isr contains
///       every ISR that the controller may have committed. [KIP-497]
///   R2  isr() is what the controller committed, as far as this leader knows; min.insync.replicas
///       before an append is held against it.
///   R3  At most one change is in flight; an answer to any other proposal is ignored.
///       [kafka Partition.submitAlterPartition]
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "core/base/ids.h"
#include "core/protocol/metadata_record.h"

namespace core {

/// Names one proposal of one leader; its answer must carry the same.
using ProposalId = Id<struct ProposalIdTag, std::uint64_t>;

/// True if `node` is in the list.
inline bool holds(const ReplicaList& list, NodeId node) {
    for (const NodeId member : list)
        if (member == node) return true;
    return false;
}
/// The list as a note takes it; valid as long as the list.
inline std::span<const NodeId> members(const ReplicaList& list) {
    return {list.data(), list.size()};
}

struct CommittedIsr {
    ReplicaList isr;
};
/// `added` asks to join: counted already.
struct PendingExpand {
    ReplicaList committed;
    ReplicaList proposed;  ///< committed and `added`
    NodeId added;
    ProposalId proposal;
};
/// `proposed` lacks those who have to leave: still counted.
struct PendingShrink {
    ReplicaList committed;
    ReplicaList proposed;
    ProposalId proposal;
};

class IsrState {
  public:
    explicit IsrState(ReplicaList isr) : state_(CommittedIsr{std::move(isr)}) {}

    /// Committed by the controller.
    const ReplicaList& isr() const {
        if (const auto* committed = std::get_if<CommittedIsr>(&state_)) return committed->isr;
        return committed_before_change();
    }
    /// Every replica whose acknowledgement the leader waits for.
    const ReplicaList& maximal_isr() const {
        if (const auto* expand = std::get_if<PendingExpand>(&state_)) return expand->proposed;
        return isr();
    }
    bool in_flight() const { return !std::holds_alternative<CommittedIsr>(state_); }
    /// True if exactly this proposal is in flight.
    bool awaits(ProposalId proposal) const;
    /// The ISR that was proposed; a change must be in flight.
    const ReplicaList& proposed() const;

    /// Transitions, the only assignments to the state.
    void become_committed(ReplicaList isr) { state_ = CommittedIsr{std::move(isr)}; }
    void become_pending_expand(NodeId added, ProposalId proposal);
    void become_pending_shrink(const ReplicaList& leaving, ProposalId proposal);
    /// The controller refused in a way that leaves the last committed ISR in force.
    void become_last_committed();

  private:
    const ReplicaList& committed_before_change() const;

    std::variant<CommittedIsr, PendingExpand, PendingShrink> state_;
};

}  // namespace core
