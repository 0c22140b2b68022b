#include "sim/steps/condition.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/variant.h"

namespace sim {
namespace {

using core::NodeId;
using core::NoteKind;
using scenario::Condition;
using scenario::ConditionKind;
using NoteEvent = scenario::Event;

/// The node an event is about: of an election the leader, of fencing the broker.
std::optional<NodeId> subject(NoteEvent event, NodeId who, const core::Note& note) {
    if (event == NoteEvent::leader_elect || event == NoteEvent::broker_fenced ||
        event == NoteEvent::broker_unfenced)
        return note.peer;
    return who;
}

bool offset_matches(NoteEvent event, const core::Note& note, std::int64_t offset) {
    if (!note.first || !note.end) return false;
    // The high watermark advances from below N to N or more; all else holds N.
    if (event == NoteEvent::hw_advance)
        return note.first->value() < offset && offset <= note.end->value();
    return note.first->value() <= offset && offset < note.end->value();
}

bool note_matches(const Condition& c, NodeId who, const core::Note& note,
                  std::span<const NodeId> replicas) {
    if (note.kind != note_kind(c.event)) return false;
    if (c.event == NoteEvent::leader_elect && !note.peer) return false;
    if (c.partition && note.partition != c.partition) return false;
    if (c.broker && subject(c.event, who, note) != c.broker) return false;
    if (c.producer && who != *c.producer && note.peer != c.producer) return false;
    if (c.offset && !offset_matches(c.event, note, *c.offset)) return false;
    if (c.isr_size && static_cast<std::int64_t>(replicas.size()) != *c.isr_size) return false;
    if (c.leader_epoch_ge &&
        (!note.leader_epoch || note.leader_epoch->value() < *c.leader_epoch_ge))
        return false;
    if (c.clean && (note.value == 1) != *c.clean) return false;
    return true;
}

}  // namespace

std::optional<NoteKind> note_kind(NoteEvent event) {
    switch (event) {
        case NoteEvent::produce_send:
            return NoteKind::produce_send;
        case NoteEvent::produce_receive:
            return NoteKind::produce_receive;
        case NoteEvent::produce_ack:
            return NoteKind::produce_ack;
        case NoteEvent::produce_error:
            return NoteKind::produce_error;
        case NoteEvent::produce_retry:
            return NoteKind::produce_retry;
        case NoteEvent::log_append:
            return NoteKind::log_append;
        case NoteEvent::log_flush:
            return NoteKind::log_flush;
        case NoteEvent::log_truncate:
            return NoteKind::log_truncate;
        case NoteEvent::fetch_request:
            return NoteKind::fetch_request;
        case NoteEvent::fetch_response:
            return NoteKind::fetch_response;
        case NoteEvent::hw_advance:
            return NoteKind::hw_advance;
        case NoteEvent::hw_checkpoint:
            return NoteKind::hw_checkpoint;
        case NoteEvent::isr_shrink:
            return NoteKind::isr_shrink;
        case NoteEvent::isr_expand:
            return NoteKind::isr_expand;
        case NoteEvent::leader_elect:
            return NoteKind::leader_elect;
        case NoteEvent::broker_fenced:
            return NoteKind::broker_fenced;
        case NoteEvent::broker_unfenced:
            return NoteKind::broker_unfenced;
        case NoteEvent::broker_start:
            return NoteKind::broker_start;
        case NoteEvent::controller_elect:
            return NoteKind::controller_elect;
        case NoteEvent::net_drop:
        case NoteEvent::disk_error:
            return std::nullopt;
    }
    UNREACHABLE();
}

Watch::Watch(const Condition& condition, const trace::ClusterView& view,
             const trace::Ledger& ledger)
    : condition_(condition), view_(view), ledger_(ledger) {
    collect(condition_, kNone);
}

void Watch::collect(const Condition& condition, std::uint32_t gate) {
    if (condition.kind == ConditionKind::sequence) {
        const auto behind = static_cast<std::uint32_t>(gates_.size());
        gates_.push_back(Gate{&condition, gate});
        collect(condition.children.front(), gate);
        collect(condition.children.back(), behind);
        return;
    }
    if (condition.kind == ConditionKind::event || condition.kind == ConditionKind::step)
        leaves_.push_back(Leaf{&condition, gate});
    if (condition.kind == ConditionKind::event && condition.phase == scenario::Phase::after)
        if (const auto kind = note_kind(condition.event)) kinds_.add(*kind);
    for (const Condition& child : condition.children) collect(child, gate);
}

template <class Matches>
void Watch::mark(Matches matches) {
    for (Leaf& leaf : leaves_) {
        if (!is_open(leaf.gate) || !matches(*leaf.condition)) continue;
        if (++leaf.matches >= leaf.condition->nth) leaf.hit = any_hit_ = true;
    }
    if (any_hit_) open_gates();
}

void Watch::open_gates() {
    for (Gate& gate : gates_)
        if (!gate.open && is_open(gate.outer) && holds(gate.sequence->children.front()))
            gate.open = true;
}

void Watch::on_note(NodeId who, const core::Note& note, std::span<const NodeId> replicas) {
    mark([&](const Condition& c) {
        return c.kind == ConditionKind::event && c.phase == scenario::Phase::after &&
               note_matches(c, who, note, replicas);
    });
}

void Watch::on_world(const trace::WorldEvent& event) {
    mark([&](const Condition& c) {
        if (c.kind != ConditionKind::event) return false;
        if (event.kind == trace::WorldKind::disk_error)
            return c.event == NoteEvent::disk_error && (!c.broker || c.broker == event.node);
        if (c.event != NoteEvent::net_drop) return false;
        const NodeId to = event.node.value();
        const NodeId from(static_cast<std::int32_t>(event.value));
        const auto is_end = [&](std::optional<NodeId> wanted) {
            return !wanted || wanted == to || wanted == from;
        };
        return is_end(c.broker) && is_end(c.producer);
    });
}

void Watch::on_edge(scenario::StepNumber step, scenario::Edge edge) {
    mark([&](const Condition& c) {
        if (c.kind != ConditionKind::step || c.step != step) return false;
        // "before the start" may be written as edge before or as phase before of start.
        const bool before = c.edge == scenario::Edge::start && c.phase == scenario::Phase::before;
        return (before ? scenario::Edge::before : c.edge) == edge;
    });
}

bool Watch::watches_delivery(const core::Message& message) const {
    for (const Leaf& leaf : leaves_) {
        const Condition& c = *leaf.condition;
        if (c.kind != ConditionKind::event || c.phase != scenario::Phase::before) continue;
        if (!is_open(leaf.gate)) continue;
        if (c.event == NoteEvent::produce_receive &&
            std::holds_alternative<core::ProduceRequest>(message))
            return true;
        if ((c.event == NoteEvent::produce_ack || c.event == NoteEvent::produce_error) &&
            std::holds_alternative<core::ProduceResponse>(message))
            return true;
        if (c.event == NoteEvent::fetch_request &&
            std::holds_alternative<core::FetchRequest>(message))
            return true;
        if (c.event == NoteEvent::fetch_response &&
            std::holds_alternative<core::FetchResponse>(message))
            return true;
    }
    return false;
}

bool Watch::delivery_matches(const Condition& c, NodeId to, NodeId from,
                             const core::Message& message) const {
    const auto wanted = [&](core::PartitionId partition) {
        return !c.partition || *c.partition == partition;
    };
    if (const auto* produce = std::get_if<core::ProduceRequest>(&message)) {
        if (c.event != NoteEvent::produce_receive) return false;
        if ((c.broker && *c.broker != to) || (c.producer && *c.producer != from)) return false;
        return std::any_of(produce->partitions.begin(), produce->partitions.end(),
                           [&](const auto& p) { return wanted(p.partition); });
    }
    if (const auto* answer = std::get_if<core::ProduceResponse>(&message)) {
        if (c.event != NoteEvent::produce_ack && c.event != NoteEvent::produce_error) return false;
        if ((c.broker && *c.broker != from) || (c.producer && *c.producer != to)) return false;
        const bool success = c.event == NoteEvent::produce_ack;
        return std::any_of(
            answer->partitions.begin(), answer->partitions.end(), [&](const auto& p) {
                if (!wanted(p.partition) || (p.error == core::ErrorCode::none) != success)
                    return false;
                if (!c.offset) return true;
                if (!p.base_offset) return false;
                const auto* held = ledger_.held_at(p.partition, from, core::Offset(*c.offset));
                return held != nullptr && p.base_offset->value() <= *c.offset &&
                       *c.offset <
                           p.base_offset->value() + static_cast<std::int64_t>(held->record_count);
            });
    }
    if (const auto* fetch = std::get_if<core::FetchRequest>(&message)) {
        if (c.event != NoteEvent::fetch_request || !fetch->replica) return false;
        if (c.broker && *c.broker != to) return false;
        return std::any_of(fetch->partitions.begin(), fetch->partitions.end(), [&](const auto& p) {
            return wanted(p.partition) && (!c.offset || p.fetch_offset.value() == *c.offset);
        });
    }
    if (const auto* data = std::get_if<core::FetchResponse>(&message)) {
        if (c.event != NoteEvent::fetch_response) return false;
        if (c.broker && *c.broker != to) return false;
        return std::any_of(data->partitions.begin(), data->partitions.end(), [&](const auto& p) {
            if (!wanted(p.partition) || p.batches.empty()) return false;
            return !c.offset || (p.batches.front().base_offset.value() <= *c.offset &&
                                 *c.offset < p.batches.back().next_offset().value());
        });
    }
    return false;
}

void Watch::on_delivery(NodeId to, NodeId from, const core::Message& message) {
    mark([&](const Condition& c) {
        return c.kind == ConditionKind::event && c.phase == scenario::Phase::before &&
               delivery_matches(c, to, from, message);
    });
}

bool Watch::gauge_holds(const Condition& c) const {
    ASSERT(c.partition.has_value());
    const trace::PartitionView& partition = view_.partition(*c.partition);
    std::int64_t level = 0;
    switch (c.gauge) {
        case scenario::Gauge::acked_only_on_leader:
            level = ledger_.acked_only_on_leader(*c.partition);
            break;
        case scenario::Gauge::isr_size:
            level = static_cast<std::int64_t>(partition.isr.size());
            break;
        case scenario::Gauge::replica_lag: {
            if (!partition.leader) return false;
            const core::Offset end = ledger_.log_end(*c.partition, *partition.leader);
            for (NodeId replica : partition.replicas)
                if (replica != *partition.leader && (!c.broker || *c.broker == replica))
                    level = std::max(level, end - ledger_.log_end(*c.partition, replica));
            break;
        }
    }
    return std::all_of(c.bounds.begin(), c.bounds.end(), [&](const scenario::Bound& bound) {
        return scenario::holds(level, bound.op, bound.value);
    });
}

bool Watch::holds(const Condition& c) const {
    switch (c.kind) {
        case ConditionKind::event:
        case ConditionKind::step:
            return std::any_of(leaves_.begin(), leaves_.end(),
                               [&](const Leaf& leaf) { return leaf.condition == &c && leaf.hit; });
        case ConditionKind::gauge:
            return gauge_holds(c);
        case ConditionKind::any:
            return std::any_of(c.children.begin(), c.children.end(),
                               [&](const Condition& child) { return holds(child); });
        case ConditionKind::all:
            return std::all_of(c.children.begin(), c.children.end(),
                               [&](const Condition& child) { return holds(child); });
        case ConditionKind::negation:
            return !holds(c.children.front());
        case ConditionKind::sequence:
            return std::any_of(
                       gates_.begin(), gates_.end(),
                       [&](const Gate& gate) { return gate.sequence == &c && gate.open; }) &&
                   holds(c.children.back());
    }
    UNREACHABLE();
}

bool Watch::holds() {
    open_gates();
    return holds(condition_);
}

void Watch::clear() {
    if (!any_hit_) return;
    for (Leaf& leaf : leaves_) leaf.hit = false;
    any_hit_ = false;
}

}  // namespace sim
