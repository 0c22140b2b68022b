/// What `acklab compare` runs: the cells of a scenario, each read for itself.
///
/// Rules:
///   R1  Without axes and variants of the file, or with `standard`, the axes are those of the
///       standard matrix: acks, min.insync.replicas, unclean.leader.election.enable.
///   R2  Of the file's fault sets the first takes the place of all steps, or the one that is
///       named; scenario::kOwnSteps names the scenario's own.
///   R3  What Kafka refuses (AL3xx) and what is not modelled (AL5xx) is a cell without runs, with
///       the reason. Any other error is one of the file.
///   R4  Limits are checked before cells are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/comparison.h"
#include "scenarios/problem.h"
#include "tools/session.h"

namespace tool {

inline constexpr std::int64_t kSeedsDefault = 20;
inline constexpr std::int64_t kMostRuns = 500'000;  ///< cells times seeds

struct CompareChoice {
    bool standard = false;
    std::vector<std::string> versions;  ///< --versions: one more axis
    std::optional<std::string> faults;
    std::uint64_t first_seed = 1;
    std::int64_t seeds = kSeedsDefault;
};

struct Prepared {
    report::Comparison comparison;                             ///< without runs
    std::vector<std::optional<scenario::Scenario>> scenarios;  ///< by cell; nothing: no runs
    std::vector<scenario::Problem> problems;                   ///< not empty: nothing can be run
    std::vector<scenario::Problem> warnings;                   ///< that the document alone lacks
};

/// Throws UsageError. `document` has a scenario and outlives what is prepared.
Prepared prepare(const Loaded& document, const CompareChoice& choice);

}  // namespace tool
