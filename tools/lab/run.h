/// Making runs: one scenario, one seed, one judged result.
///
/// Promises: run_once is a function of (scenario, seed, version). A broken invariant of the
/// simulator ends as Outcome::end == broken, never as an exception.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reports/judge.h"
#include "scenarios/model.h"
#include "sim/cluster.h"

namespace lab {

struct RunOptions {
    std::uint64_t seed = 1;
    bool check_invariants = false;  ///< after every event (slow)
    sim::Sabotage sabotage = sim::Sabotage::none;
    std::vector<report::FailOn> fail_on;
};

/// One finished run with everything that its judgement stands on.
class RunResult {
  public:
    /// Runs; the scenario outlives the result.
    RunResult(const scenario::Scenario& scenario, const RunOptions& options);
    RunResult(const RunResult&) = delete;
    RunResult& operator=(const RunResult&) = delete;

    const sim::Cluster& cluster() const { return cluster_; }
    const trace::Outcome& outcome() const { return outcome_; }
    const report::MetricsFold& metrics() const { return watchers_.metrics; }
    const report::Histories& histories() const { return histories_; }
    const report::History& history() const { return history_; }
    const report::Judgement& judgement() const { return judgement_; }
    /// The invariant that broke, where one did.
    std::optional<std::string> failure() const;

  private:
    static trace::Outcome run(sim::Cluster& cluster, report::Watchers& watchers);

    sim::Cluster cluster_;
    report::Watchers watchers_;
    trace::Outcome outcome_;
    report::Histories histories_;
    report::History history_;
    report::Judgement judgement_;
};

std::unique_ptr<RunResult> run_once(const scenario::Scenario& scenario, const RunOptions& options);

/// Runs once more without observers; what differs from the first run, or nothing.
std::optional<std::string> difference_on_repeat(const scenario::Scenario& scenario,
                                                const RunOptions& options, const RunResult& first);

}  // namespace lab
