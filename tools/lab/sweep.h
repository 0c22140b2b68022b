/// Many runs: scenarios times seeds, spread over threads.
///
/// Rules:
///   R1  The result does not depend on the number of workers: each run is a function of (scenario,
///       seed) and its summary goes to its own place.
///   R2  Runs are handed out seed by seed, all scenarios of one seed before the next, so that an
///       interrupted sweep has about as many runs of each.
///   R3  Once `stop` is set no run begins; those that have begun are finished.
///   R4  A broken invariant ends the sweep; of several the first in that order is told.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reports/comparison.h"
#include "scenarios/model.h"
#include "sim/trace/event.h"

namespace lab {

struct SweepPlan {
    std::vector<const scenario::Scenario*> scenarios;  ///< all outlive the sweep
    std::uint64_t first_seed = 1;
    std::int64_t seeds = 1;
    std::size_t workers = 1;
};

struct SweepFailure {
    std::size_t scenario;
    std::uint64_t seed;
    std::string what;
};

struct SweepResult {
    std::vector<std::vector<report::RunSummary>> runs;  ///< by scenario, then by seed
    bool complete = true;
    std::optional<SweepFailure> failure;
};

struct SweepProgress {
    std::int64_t done;
    std::int64_t total;
    std::int64_t lossy;  ///< runs that lost acknowledged records
};

/// `progress` is called by the calling thread, about ten times a second and once at the end.
SweepResult run_sweep(const SweepPlan& plan, const std::atomic<bool>& stop,
                      const std::function<void(const SweepProgress&)>& progress);

/// One run; throws core::AssertionFailure with the invariant that broke. `watcher` may look on.
report::RunSummary summarize(const scenario::Scenario& scenario, std::uint64_t seed,
                             trace::Observer* watcher = nullptr);

}  // namespace lab
