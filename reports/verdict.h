/// One word for a run, the worst that holds [SCENARIO_FORMAT 5], and the exit status
/// [REPORT_FORMAT 4].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/history.h"
#include "reports/metrics.h"

namespace report {

/// Worst first.
enum class Verdict : std::uint8_t {
    inconclusive,
    diverged,
    lost_acked,
    unavailable,
    lost_unacked_only,
    kept,
};
inline constexpr int kVerdicts = static_cast<int>(Verdict::kept) + 1;
std::string_view name(Verdict verdict);
Text meaning(Verdict verdict);
/// The name for people: in Chinese with the word of JSON behind it.
Text words(Verdict verdict);
std::optional<Verdict> find_verdict(std::string_view name);

/// Why a run decides nothing: one sentence each; empty where it does decide.
std::vector<Text> reasons_inconclusive(const History& history);
/// Steps with onTimeout fail that did not fire: one sentence each.
std::vector<Text> failed_steps(const History& history);
Verdict judge_verdict(const Measures& whole, bool inconclusive);

/// The command's exit status.
enum class ExitStatus : int {
    held = 0,
    failed = 1,
    usage = 2,
    invalid = 3,
    inconclusive = 4,
    bug = 70,
    interrupted = 130,
};

}  // namespace report
