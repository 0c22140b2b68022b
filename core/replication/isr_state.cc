#include "core/replication/isr_state.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/variant.h"

namespace core {

const ReplicaList& IsrState::committed_before_change() const {
    if (const auto* expand = std::get_if<PendingExpand>(&state_)) return expand->committed;
    return std::get<PendingShrink>(state_).committed;
}

bool IsrState::awaits(ProposalId proposal) const {
    return match(
        state_, [](const CommittedIsr&) { return false; },
        [&](const PendingExpand& pending) { return pending.proposal == proposal; },
        [&](const PendingShrink& pending) { return pending.proposal == proposal; });
}

const ReplicaList& IsrState::proposed() const {
    ASSERT(in_flight());
    if (const auto* expand = std::get_if<PendingExpand>(&state_)) return expand->proposed;
    return std::get<PendingShrink>(state_).proposed;
}

void IsrState::become_pending_expand(NodeId added, ProposalId proposal) {
    ASSERT(!in_flight());
    ASSERT(!holds(isr(), added));
    ReplicaList committed = isr();
    ReplicaList proposed = committed;
    proposed.push_back(added);
    state_ = PendingExpand{std::move(committed), std::move(proposed), added, proposal};
}

void IsrState::become_pending_shrink(const ReplicaList& leaving, ProposalId proposal) {
    ASSERT(!in_flight());
    ASSERT(!leaving.empty());
    ReplicaList committed = isr();
    ReplicaList proposed;
    for (NodeId member : committed)
        if (!holds(leaving, member)) proposed.push_back(member);
    ASSERT(!proposed.empty());
    state_ = PendingShrink{std::move(committed), std::move(proposed), proposal};
}

void IsrState::become_last_committed() {
    ASSERT(in_flight());
    become_committed(ReplicaList(isr()));
}

}  // namespace core
