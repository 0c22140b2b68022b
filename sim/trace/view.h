/// The cluster view: leaders, epochs and ISRs as the controller committed them, and which brokers
/// are fenced and which processes are up. A pure fold over events; no node is ever asked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/protocol/metadata_record.h"
#include "sim/trace/event.h"

namespace trace {

struct PartitionView {
    core::ReplicaList replicas;  ///< as created; the scenario's order
    core::ReplicaList isr;
    core::ReplicaList elr = {};  ///< eligible leader replicas (KIP-966)
    std::optional<core::NodeId> last_known_leader = std::nullopt;
    std::optional<core::NodeId> leader;
    core::LeaderEpoch leader_epoch{0};
    core::PartitionEpoch partition_epoch{0};
    /// As the leader sees it now; not capped by the number of replicas, as brokers do from 3.7 on.
    std::int32_t min_insync_replicas = 1;
    std::uint32_t changes = 0;  ///< of leader, epochs or ISR, that were committed so far
};

class ClusterView final : public Observer {
  public:
    /// The kinds of notes that change something here; what clients and brokers note does not.
    static constexpr core::NoteKinds kFolded = {
        core::NoteKind::controller_elect, core::NoteKind::broker_registered,
        core::NoteKind::broker_fenced,    core::NoteKind::broker_unfenced,
        core::NoteKind::partition_change, core::NoteKind::elr_change,
    };

    explicit ClusterView(std::vector<PartitionView> partitions)
        : partitions_(std::move(partitions)) {}

    const PartitionView& partition(core::PartitionId id) const { return partitions_[id.value()]; }
    std::uint32_t partition_count() const { return static_cast<std::uint32_t>(partitions_.size()); }
    bool up(core::NodeId node) const;
    bool fenced(core::NodeId broker) const;
    bool paused(core::NodeId node) const;
    std::optional<core::NodeId> active_controller() const { return active_controller_; }
    void set_min_insync_replicas(core::PartitionId id, std::int32_t value) {
        partitions_[id.value()].min_insync_replicas = value;
    }

    void on_note(const Moment& moment, core::NodeId who, const core::Note& note,
                 std::span<const core::NodeId> replicas) override;
    void on_world(const Moment& moment, const WorldEvent& event) override;

  private:
    struct NodeState {
        bool up = false;
        bool paused = false;
        bool fenced = true;
    };
    std::vector<PartitionView> partitions_;
    std::map<core::NodeId, NodeState> nodes_;
    std::optional<core::NodeId> active_controller_;
};

}  // namespace trace
