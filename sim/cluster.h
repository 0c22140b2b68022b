/// A simulated cluster: one scenario, one seed, one run. The only thing that knows every part.
///
/// Promises: run() is a function of (scenario, seed); observers change nothing of it; a broken
/// invariant of the core ends the run with Outcome::end == broken and its text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/protocol/topics.h"
#include "scenarios/model.h"
#include "sim/trace/event.h"
#include "sim/trace/ledger.h"
#include "sim/trace/outcome.h"
#include "sim/trace/view.h"

namespace sim {

/// How the host cheats, for sabotage tests: a named check must catch each.
enum class Sabotage : std::uint8_t { none, forget_sync, skip_truncation, reuse_message };

struct RunOptions {
    bool check_invariants = false;  ///< after every event (slow)
    Sabotage sabotage = Sabotage::none;
    bool keep_logs = true;  ///< fill ReplicaOutcome::log and PartitionOutcome::read
};

class Cluster {
  public:
    /// The scenario outlives the cluster.
    Cluster(const scenario::Scenario& scenario, std::uint64_t seed, const RunOptions& options);
    ~Cluster();

    const core::TopicTable& topics() const;
    /// Valid after run() as well.
    const trace::ClusterView& view() const;
    const trace::Ledger& ledger() const;
    /// Before run(); observers see events in the order they were attached, after view and ledger.
    void attach(trace::Observer& observer);
    /// Runs start-up, the scenario, the settle time and the audit.
    trace::Outcome run();
    /// Every file of a broker's disk after the run: path and bytes, sorted.
    std::vector<std::pair<std::string, core::Bytes>> disk_files(core::NodeId broker) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace sim
