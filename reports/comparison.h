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
///   R3  Where no seed changes when faults happen, and every run lost as many records and ended
///   with
///       the same verdict, the text says "same in all N" where it else shows an interval. Documents
///       keep the interval: delays are drawn all the same, and other seeds may end otherwise.
///   R4  A setting ranks only if the fault happened in at least nine of ten of its runs.
///   R5  The cheapest is the setting that lost nothing with the least median time without writes,
///       then the least median p99 of acknowledgements. Those whose two numbers read alike are
///       named with it, the safer one first.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "reports/fates.h"
#include "reports/layout.h"
#include "reports/statistics.h"
#include "reports/verdict.h"
#include "scenarios/model.h"

namespace report {

using scenario::Text;

/// One run as a comparison counts it. Small: there are many.
struct RunSummary {
    bool done = false;
    /// Steps came about and none is missing that must; the event cap was not hit.
    bool fired = false;
    bool capped = false;  ///< the event cap was hit: the run says nothing
    Verdict verdict = Verdict::inconclusive;
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

/// What makes a setting the safer one among equals, the first that differs.
struct Strictness {
    bool acks_all = false;  ///< of every producer
    std::int64_t min_isr = 0;
    bool no_unclean = false;  ///< unclean.leader.election.enable is false on every topic

    friend auto operator<=>(const Strictness&, const Strictness&) = default;
};

struct ComparedCell {
    std::vector<ComparedSetting> settings;
    std::string kafka;             ///< the version, as an axis names it or of the profile
    std::string refused;           ///< Kafka's reason; empty where it takes the settings
    std::string not_modelled;      ///< why acklab does not; empty where it does
    bool promises = true;          ///< some producer asks for acknowledgements
    bool has_acks0 = false;        ///< some producer asks for none
    bool fixed_faults = false;     ///< no seed changes when its steps happen or whom they meet
    Strictness strictness;         ///< which of two settings is the safer one
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
    std::int64_t capped = 0;
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
    std::vector<std::size_t> cheapest;  ///< of the cells that lost nothing: R5
    std::int64_t runs = 0;
    std::int64_t lossy = 0;
    std::int64_t inconclusive = 0;
};

ComparisonFigures figures_of(const Comparison& comparison);

/// True if the fault happened in some run.
bool any_fired(const ComparisonFigures& figures);
/// True if the cell counts where the cheapest setting is looked for.
bool can_be_cheapest(const ComparedCell& cell, const CellFigures& figures);
/// Every Kafka version that is compared, once each.
std::vector<std::string> versions_of(const Comparison& comparison);

/// "acks=all min.isr=2".
std::string settings_text(const ComparedCell& cell);

// ---- outputs, all of the same words and numbers

/// A sentence each: the cheapest setting that lost nothing, and what every setting left over.
Text cheapest_sentence(const Comparison& comparison, const ComparisonFigures& figures);
Text left_over_sentence(const Comparison& comparison, const ComparisonFigures& figures);

std::string comparison_text(const Comparison& comparison, const ComparisonFigures& figures,
                            const TextStyle& style);
std::string comparison_markdown(const Comparison& comparison, const ComparisonFigures& figures,
                                const TextStyle& style);
/// One row for each cell and metric. [UX F5]
std::string comparison_csv(const Comparison& comparison, const ComparisonFigures& figures);
/// The document of REPORT_FORMAT 2.
std::string comparison_json(const Comparison& comparison, const ComparisonFigures& figures,
                            std::string_view command);

}  // namespace report
