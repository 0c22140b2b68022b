/// Many runs of one scenario under several settings, and what they amount to (UX F).
///
/// Promises: a pure function of the runs' summaries; nothing in it depends on the order in which
/// they were made, on how many were made at once, or on how it will be printed.
///
/// Rules:
///   R1  A share is of the runs in which the fault happened; a cell in which it never did has none
///       and no rank.
///   R2  acks=0 promises nothing: such a cell has no acknowledged loss, what it sent and lost
///       stands beside it, and it never counts as one that lost nothing.
///   R3  Where no seed can change when faults happen and all runs share their fates, an interval
///       would speak of a chance that is not there: the cell says "same in all N".
///   R4  A setting ranks only if the fault happened in at least nine of ten of its runs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "reports/fates.h"
#include "reports/layout.h"
#include "reports/statistics.h"
#include "scenarios/model.h"

namespace report {

/// One run as a comparison counts it. Small: there are many.
struct RunSummary {
    bool done = false;
    bool fired = false;  ///< every step did, and the event cap was not hit
    std::array<std::int32_t, kFates> fates{};
    std::int32_t duplicates = 0;
    std::int32_t acks0_lost = 0;
    core::Duration unavailable_write{0};
    core::Duration latency_p50{-1};  ///< below 0: nothing was acknowledged
    core::Duration latency_p99{-1};
    std::uint64_t digest = 0;

    std::int32_t count(Fate fate) const { return fates[static_cast<std::size_t>(fate)]; }
};

/// What one axis is set to.
struct ComparedSetting {
    std::string label;
    std::string text;
    std::string json;
};

struct ComparedAxis {
    std::string label;
    std::string path;                 ///< "" for variants
    std::vector<std::string> values;  ///< as JSON
};

struct ComparedCell {
    std::vector<ComparedSetting> settings;
    std::string refused;           ///< Kafka's reason; empty where it takes the settings
    std::string not_modelled;      ///< why acklab does not; empty where it does
    bool promises = true;          ///< some producer asks for acknowledgements
    bool has_acks0 = false;        ///< some producer asks for none
    bool fixed_faults = false;     ///< no seed changes when its steps happen or whom they meet
    std::string repeat_words;      ///< " --set acks=1 ...": what `acklab run` needs to repeat it
    std::vector<RunSummary> runs;  ///< by seed; none where it is refused or not modelled

    bool applies() const { return refused.empty() && not_modelled.empty(); }
};

struct Comparison {
    const scenario::Scenario& scenario;
    std::vector<ComparedAxis> axes = {};
    std::vector<ComparedCell> cells = {};
    std::string fault = {};  ///< the fault set's name; "" for the scenario's own steps
    std::uint64_t first_seed = 1;
    std::int64_t seeds = 0;
    bool partial = false;
    bool aimed = false;                   ///< some step waits for what the settings decide
    std::vector<std::string> notes = {};  ///< stand-ins for versions, and the like
    std::string arguments = {};           ///< how the scenario was named, with the user's --set
};

/// A count over the runs of a cell.
struct Spread {
    double mean = 0;
    std::int64_t median = 0;
    std::int64_t least = 0;
    std::int64_t most = 0;
};

struct CellFigures {
    std::int64_t done = 0;
    std::int64_t fired = 0;
    std::int64_t lossy = 0;  ///< runs among them that lost acknowledged records
    std::optional<Interval> share;
    bool same_in_all = false;
    Spread lost;
    Spread stranded;
    Spread acks0_lost;
    Spread refused;
    Spread duplicates;
    Spread unavailable_ns;
    std::optional<Spread> latency_p50_ns;  ///< over the runs that acknowledged anything
    std::optional<Spread> latency_p99_ns;
    std::optional<std::uint64_t> worst_seed;    ///< lost most
    std::optional<std::uint64_t> typical_seed;  ///< the median of those that lost
    std::uint64_t digest = 0;                   ///< of all its runs
    bool ranked = false;
};

/// Where there are more pairs, only those with the next value of an axis are kept.
inline constexpr std::size_t kMostPairs = 1'000;

/// The same seeds under two settings that differ in one axis.
struct ComparedPair {
    std::size_t a;
    std::size_t b;
    Paired seeds;
    double p;
    double holm_p;
    Interval difference;
};

struct ComparisonFigures {
    std::vector<CellFigures> cells;
    std::vector<ComparedPair> pairs;
    std::optional<std::size_t> cheapest;  ///< of the ranked cells that lost nothing
    std::int64_t runs = 0;
    std::int64_t lossy = 0;
    std::int64_t inconclusive = 0;
};

ComparisonFigures figures_of(const Comparison& comparison);

/// True if the fault happened in some run.
bool any_fired(const ComparisonFigures& figures);

/// "acks=all min.isr=2".
std::string settings_text(const ComparedCell& cell);

// ---- outputs, all of the same words and numbers

/// A sentence each: the cheapest setting that lost nothing, and what every setting left over.
std::string cheapest_sentence(const Comparison& comparison, const ComparisonFigures& figures);
std::string left_over_sentence(const Comparison& comparison, const ComparisonFigures& figures);

std::string comparison_text(const Comparison& comparison, const ComparisonFigures& figures,
                            const TextStyle& style);
std::string comparison_markdown(const Comparison& comparison, const ComparisonFigures& figures);
/// One row for each cell and metric. [UX F5]
std::string comparison_csv(const Comparison& comparison, const ComparisonFigures& figures);
/// The document of REPORT_FORMAT 2.
std::string comparison_json(const Comparison& comparison, const ComparisonFigures& figures,
                            std::string_view command);

}  // namespace report
