/// Expectations: what a scenario, or --fail-on, claims about a run, and whether it held.
///
/// Rules:
///   R1  An expectation holds if every one of its tests does.
///   R2  `always` also needs every moment of the run; everySeed and someSeed are about sweeps and
///       count as `holds` in one run.
///   R3  A test against a value of another kind, or of a range that does not exist, fails; except
///       that `eq null` holds for a range that does not exist.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/history.h"
#include "reports/metrics.h"
#include "reports/verdict.h"

namespace report {

struct ExpectResult {
    std::string id;  ///< its id, else its metric's name
    bool ok = true;
    bool warns_only = false;
    scenario::MetricValue observed;
    Text claim;                                ///< "acked.lost >= 1"
    std::optional<core::TimePoint> broken_at;  ///< of an `always` that failed during the run
};

/// True if the value passes the test.
bool passes(const scenario::MetricValue& observed, const scenario::Test& test);
/// "100", "9.0s", "100-199", "none", "kept": as people read it.
std::string words(const scenario::MetricValue& value);
/// The same in both languages.
Text shown(const scenario::MetricValue& value);
/// "acked.lost >= 1 in orders-0".
Text claim_of(const scenario::Scenario& scenario, const scenario::Expect& expect);

std::vector<ExpectResult> judge_expectations(const History& history, const Fates& fates,
                                             const MetricsFold& fold, const Measures& whole,
                                             Verdict verdict);

/// --fail-on: a verdict (that one or a worse one), or METRIC OP VALUE.
struct FailOn {
    std::string text;  ///< as written
    std::optional<Verdict> verdict;
    std::optional<scenario::Metric> metric;
    std::optional<scenario::Test> test;
};
/// Reads one; on failure `problem` says what was expected.
std::optional<FailOn> parse_fail_on(std::string_view text, std::string& problem);
/// True if the run fails by it.
bool fails(const FailOn& fail_on, const Measures& whole, Verdict verdict);

/// "9.0s", "41ms", "1m30s": short, for people.
std::string words(core::Duration duration);
/// "   2.114s": right-aligned; and "2.114s".
std::string clock_text(core::TimePoint at);
std::string short_clock(core::TimePoint at);

}  // namespace report
