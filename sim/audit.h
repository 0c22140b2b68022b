/// The audit: after the settle time, what every replica's disk holds and what a fresh reader read.
///
/// Reads bytes, not memories: records are named by the words of their values ("p1#7"), epochs by
/// the leader-epoch-checkpoint files. [REPORT_FORMAT 1]
#pragma once

#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/protocol/topics.h"
#include "scenarios/model.h"
#include "sim/disk.h"
#include "sim/trace/outcome.h"
#include "sim/trace/view.h"

namespace core {
class Broker;
class Reader;
}  // namespace core

namespace sim {

/// A broker as the audit finds it.
struct AuditedBroker {
    core::NodeId id;
    const SimDisk* disk;
    const core::Broker* process;  ///< none: it is down
};

/// `reader` is done, or null if nothing was read; `keep_logs`: fill logs and what was read.
/// `brokers` in id order.
std::vector<trace::PartitionOutcome> audit(const scenario::Scenario& scenario,
                                           const core::TopicTable& topics,
                                           const trace::ClusterView& view,
                                           const std::vector<AuditedBroker>& brokers,
                                           const core::Reader* reader, bool keep_logs);

}  // namespace sim
