/// The judgement of a finished history: fates, metrics, verdict, expectations and losses, in one
/// value that every output is drawn from.
///
/// Promises: a pure function of the history; nothing in it depends on how it will be printed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/causes.h"
#include "reports/chain.h"
#include "reports/expect.h"
#include "reports/fates.h"
#include "reports/history.h"
#include "reports/metrics.h"
#include "reports/verdict.h"

namespace report {

/// `losses` of the JSON document holds at most so many (--all-losses: all).
inline constexpr std::size_t kMostLosses = 1'000;

/// One lost record.
struct Loss {
    std::uint32_t client;
    core::RecordNumber number;
    core::PartitionId partition;
    std::optional<core::Offset> offset;  ///< as acknowledged
    std::optional<core::LeaderEpoch> leader_epoch;
    core::TimePoint acked_at;
    BatchLoss how;
};

/// Neighbouring lost offsets of one partition with one cause; both ends included.
struct LossRange {
    core::PartitionId partition;
    scenario::OffsetRange offsets;
    Cause cause;
    bool cut_off;          ///< see BatchLoss
    std::uint32_t client;  ///< of its first record
};

struct FailOnResult {
    FailOn what;
    bool failed;
    scenario::MetricValue observed;  ///< of its metric, or the verdict
};

struct Judgement {
    Fates fates;
    Measures measures;
    Verdict verdict = Verdict::kept;
    std::vector<Text> inconclusive;  ///< why; empty where the run decides
    std::vector<Text> failed_steps;  ///< onTimeout: fail
    std::vector<ExpectResult> expect;
    std::vector<FailOnResult> fail_on;
    std::vector<Loss> losses;            ///< all, by partition and offset
    std::vector<LossRange> loss_ranges;  ///< all, likewise
    ExitStatus exit = ExitStatus::held;

    bool claim_failed() const;
};

/// The observers that a run needs for its judgement, to be attached before it starts.
class Watchers {
  public:
    Watchers(const scenario::Scenario& scenario, const trace::ClusterView& view,
             const trace::Ledger& ledger)
        : metrics(scenario, view, ledger), chronicle(ledger) {}
    MetricsFold metrics;
    Chronicle chronicle;
};

Judgement judge(const History& history, MetricsFold& fold, const Histories& histories,
                const std::vector<FailOn>& fail_on);

/// The loss of one record, if it is lost.
const Loss* find_loss(const Judgement& judgement, std::uint32_t client, core::RecordNumber number);

}  // namespace report
