/// The outcome of a run: what is judged. End state of every partition, every replica's log, what
/// the audit read, what every step did. Made by sim/audit, judged and worded by reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/protocol/metadata_record.h"
#include "sim/trace/event.h"
#include "sim/trace/ledger.h"

namespace trace {

/// A record as it stands in a log: by its value's own words ("p1#7").
struct LogRecord {
    core::Offset offset;
    core::LeaderEpoch leader_epoch;
    std::uint32_t client;       ///< index of its producer; UINT32_MAX: not one of ours
    core::RecordNumber number;  ///< its producer's count
};

struct ReplicaOutcome {
    core::NodeId broker;
    bool up;  ///< its process ran at the audit
    core::Offset log_start{0};
    core::Offset log_end{0};
    core::Offset high_watermark{0};
    std::uint64_t digest = 0;  ///< of (offset, epoch, record) of its whole log
    std::vector<LogRecord> log;
    std::vector<core::OffsetAndEpoch> epochs;  ///< leader-epoch-checkpoint
};

struct PartitionOutcome {
    core::PartitionId partition;
    std::string name;                    ///< "orders-0"
    std::optional<core::NodeId> leader;  ///< committed at the audit; none: no leader
    core::LeaderEpoch leader_epoch{0};
    core::ReplicaList isr;
    core::Offset high_watermark{0};  ///< the leader's; 0 without one
    std::vector<ReplicaOutcome> replicas;
    /// At the audit that leader's process ran and led at that epoch.
    bool leader_live = false;
    bool readable = false;        ///< the audit's reader got through to it
    std::vector<LogRecord> read;  ///< what it read below high_watermark, in offset order
    core::ReplicaList elr = {};   ///< committed, as the ISR
};

/// One of the moments at which a step that repeats took effect.
struct StepFiring {
    core::TimePoint at;
    std::vector<core::NodeId> nodes;  ///< what its target was then
};

/// A sentence for people about a step, in English and Chinese.
struct Remark {
    std::string en;
    std::string zh;
    bool empty() const { return en.empty(); }
};

/// What became of the messages that a step held or dropped.
struct MessageTally {
    std::int64_t met = 0;
    std::int64_t arrived = 0;  ///< held, and let go since, be it to another rule
    std::int64_t gone = 0;     ///< held, and gone with their connection
};

struct StepOutcome {
    std::string id;
    bool fired = false;
    core::TimePoint at = core::TimePoint::max();
    std::optional<core::TimePoint> ended_at;
    std::vector<core::NodeId> brokers;  ///< resolved, the first time
    std::vector<core::NodeId> clients;
    Remark remark;  ///< why it did nothing, or what it did not do; empty otherwise
    bool timed_out = false;
    std::vector<StepFiring> again = {};  ///< behind the first
    std::optional<MessageTally> messages = std::nullopt;
};

/// How the run itself went.
enum class RunEnd : std::uint8_t { complete, event_cap, broken };

struct Outcome {
    RunEnd end = RunEnd::complete;
    std::string failure;  ///< the broken invariant, where end is broken
    std::uint64_t digest = 0;
    std::uint64_t events = 0;    ///< kernel events from 0 on
    core::TimePoint run_end;     ///< faults end
    core::TimePoint audited_at;  ///< settle is over
    std::vector<PartitionOutcome> partitions;
    std::vector<StepOutcome> steps;
};

}  // namespace trace
