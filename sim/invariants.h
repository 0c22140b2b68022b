/// Invariants of a running cluster, checked online across nodes (--check-invariants, tests).
///
/// Each is worded with the exact condition under which Kafka promises it; a broken one throws
/// AssertionFailure with its name. [KAFKA_SEMANTICS 12.2]
///
/// Rules:
///   I1  one-leader-per-epoch: at most one broker ever leads a partition in one leader epoch.
///   I2  epochs-grow: a committed change raises the partition epoch and never lowers the leader
///       epoch.
///   I3  high-watermark-holds: under one leader and epoch a high watermark never falls.
///   I4  acked-in-isr: what was acknowledged with acks=all is in the log of every member of an ISR
///       that is committed later. Where nothing was lost to power, wiped, or elected uncleanly.
///   I5  leader-holds-committed: a new leader's log reaches the highest high watermark that any
///       leader had. Under the same condition.
///   I6  isr-agrees: the logs of ISR members have the same batches, offset by offset, below the
///       shortest of them and the highest high watermark. Under the same condition.
///   I7  flushed-survives: a loss of power takes nothing below a flush that was over.
///   I8  log-is-sound: the log of a process that has taken it up is whole batches without a hole.
///       No matter what happened: recovery is there for this. (Where power took a middle and left
///       what was durable behind it, that hole is nobody's to find and its followers copy it.)
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/protocol/topics.h"
#include "scenarios/model.h"
#include "sim/disk.h"
#include "sim/trace/event.h"
#include "sim/trace/ledger.h"
#include "sim/trace/view.h"

namespace sim {

class Invariants final : public trace::Observer {
  public:
    /// `disk_of` finds a broker's disk. View and ledger are folded before it; all outlive it.
    using DiskOf = const SimDisk& (*)(const void* context, core::NodeId broker);

    Invariants(const scenario::Scenario& scenario, const core::TopicTable& topics,
               const trace::ClusterView& view, const trace::Ledger& ledger, const void* context,
               DiskOf disk_of);

    void on_note(const trace::Moment& moment, core::NodeId who, const core::Note& note,
                 std::span<const core::NodeId> replicas) override;
    void on_world(const trace::Moment& moment, const trace::WorldEvent& event) override;

  private:
    using PartitionEpochKey = std::pair<core::PartitionId, core::LeaderEpoch>;
    using ReplicaKey = std::pair<core::PartitionId, core::NodeId>;
    struct Committed {
        core::LeaderEpoch leader_epoch;
        core::PartitionEpoch partition_epoch;
    };
    struct Reign {
        core::LeaderEpoch leader_epoch;
        core::Offset high_watermark;
    };
    struct Flush {
        core::TimePoint over;
        core::Offset end;
    };

    void on_leader(core::NodeId who, const core::Note& note);
    void on_change(const core::Note& note);
    void check_isr(core::PartitionId partition) const;
    void on_disk_lost(core::TimePoint at, const trace::WorldEvent& event);
    void on_flush(core::TimePoint at, core::NodeId who, const core::Note& note);
    void check_acked_in_isr(core::PartitionId partition, std::span<const core::NodeId> isr) const;
    void check_isr_agrees(core::PartitionId partition, std::span<const core::NodeId> isr) const;
    void check_sound(core::PartitionId partition, core::NodeId broker) const;
    /// The batches of a replica below the highest high watermark.
    std::vector<const core::Batch*> committed_batches(core::PartitionId partition,
                                                      core::NodeId broker) const;
    std::string where(core::PartitionId partition) const { return topics_.name(partition); }

    const scenario::Scenario& scenario_;
    const core::TopicTable& topics_;
    const trace::ClusterView& view_;
    const trace::Ledger& ledger_;
    const void* context_;
    DiskOf disk_of_;
    std::vector<bool> acks_all_;  ///< by client
    /// No power loss, wipe or unclean election so far.
    bool nothing_destroyed_yet_ = true;
    std::map<PartitionEpochKey, core::NodeId> leaders_;
    std::map<core::PartitionId, Committed> committed_;
    std::map<ReplicaKey, Reign> reigns_;
    std::map<ReplicaKey, std::vector<Flush>> flushes_;
    std::set<ReplicaKey> in_use_;  ///< logs that a running process took up
    /// What power took from below what it left.
    std::map<core::PartitionId, std::vector<std::pair<core::Offset, core::Offset>>> holes_;
};

}  // namespace sim
