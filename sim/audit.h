/// The audit: at the end of the settle time, what every replica's disk holds and who leads; then
/// what a fresh reader read there.
///
/// Promises: the cluster is judged as it stands when the settle time is over. The reader needs time
/// of its own; what the cluster does meanwhile (elections, appends) changes no outcome.
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
    bool paused;                  ///< its process stands still
};

/// The cluster as it stands; nothing is read yet. `keep_logs`: fill the replicas' logs. `brokers`
/// in id order.
std::vector<trace::PartitionOutcome> audit(const scenario::Scenario& scenario,
                                           const core::TopicTable& topics,
                                           const trace::ClusterView& view,
                                           const std::vector<AuditedBroker>& brokers,
                                           bool keep_logs);

/// Adds what `reader` has read, up to the high watermark that the partition had at the audit.
/// `keep_logs`: fill what was read.
void add_reading(const scenario::Scenario& scenario, const core::Reader& reader, bool keep_logs,
                 trace::PartitionOutcome& partition);

}  // namespace sim
