#include "sim/trace/view.h"

#include "core/base/assert.h"

namespace trace {

bool ClusterView::up(core::NodeId node) const {
    const auto at = nodes_.find(node);
    return at != nodes_.end() && at->second.up;
}

bool ClusterView::fenced(core::NodeId broker) const {
    const auto at = nodes_.find(broker);
    return at == nodes_.end() || at->second.fenced;
}

bool ClusterView::paused(core::NodeId node) const {
    const auto at = nodes_.find(node);
    return at != nodes_.end() && at->second.paused;
}

void ClusterView::on_note(const Moment& /*moment*/, core::NodeId who, const core::Note& note,
                          std::span<const core::NodeId> replicas) {
    using core::NoteKind;
    if (!kFolded.has(note.kind)) return;
    if (note.kind == NoteKind::partition_change) {
        ASSERT(note.partition.has_value());
        PartitionView& partition = partitions_[note.partition->value()];
        partition.leader = note.peer;
        partition.isr.assign(replicas.begin(), replicas.end());
        if (note.leader_epoch) partition.leader_epoch = *note.leader_epoch;
        partition.partition_epoch = core::PartitionEpoch(static_cast<std::int32_t>(note.value));
        ++partition.changes;
    } else if (note.kind == NoteKind::elr_change) {
        ASSERT(note.partition.has_value());
        PartitionView& partition = partitions_[note.partition->value()];
        partition.elr.assign(replicas.begin(), replicas.end());
        partition.last_known_leader = note.peer;
    } else if (note.kind == NoteKind::controller_elect) {
        active_controller_ = who;
    } else if (note.kind == NoteKind::broker_registered || note.kind == NoteKind::broker_fenced) {
        ASSERT(note.peer.has_value());
        nodes_[*note.peer].fenced = true;
    } else if (note.kind == NoteKind::broker_unfenced) {
        ASSERT(note.peer.has_value());
        nodes_[*note.peer].fenced = false;
    }
}

void ClusterView::on_world(const Moment& /*moment*/, const WorldEvent& event) {
    if (!event.node) return;
    NodeState& node = nodes_[*event.node];
    if (event.kind == WorldKind::process_start) {
        node.up = true;
        node.paused = false;
    } else if (event.kind == WorldKind::process_exit || event.kind == WorldKind::process_crash) {
        node.up = false;
        node.paused = false;
        if (active_controller_ == event.node) active_controller_.reset();
    } else if (event.kind == WorldKind::process_pause) {
        node.paused = true;
    } else if (event.kind == WorldKind::process_resume) {
        node.paused = false;
    }
}

}  // namespace trace
