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
///   R5  The cheapest is the setting that lost nothing with the least median time without a leader
///       that takes writes, then the least median p99 of acknowledgements. Those whose two numbers
///       read alike are named with it, the safer one first; how many sends failed is said. Where
///       the first gives up a safeguard that another setting without loss keeps, or goes without
///       one as all do that lost nothing, that is said.
///   R6  Nobody chooses the size or the moment of a fault, or the world around the cluster: values
///       of such axes are judged together, and a setting lost nothing only if it did so at all.
///   R7  A setting that was run and is not judged is named, with the reason.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "reports/judge.h"
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
    std::int32_t sent = 0;
    std::int32_t sent_since_fault = 0;  ///< by send(), from the first fault on
    core::Duration unavailable_write{0};
    core::Duration latency_p50{-1};  ///< below 0: nothing was acknowledged
    core::Duration latency_p99{-1};
    std::uint64_t digest = 0;

    std::int32_t count(Fate fate) const { return fates[static_cast<std::size_t>(fate)]; }
    /// Sends under a promise that the client never saw acknowledged, in the log or not.
    std::int32_t failed() const {
        return count(Fate::refused) + count(Fate::ghost) + count(Fate::unknown) - acks0_lost;
    }
};

/// What one axis is set to.
struct ComparedSetting {
    std::string label;
    std::string text;
    std::string json;
    bool chosen = true;  ///< false: of the fault or the world, nothing that one chooses (R6)
};

struct ComparedAxis {
    std::string label;
    std::string path;                 ///< "" for variants
    std::vector<std::string> values;  ///< as JSON
    bool chosen = true;               ///< see ComparedSetting
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
    Text remedy = {};                     ///< where every setting lost: what the causes ask for
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
    Spread failed;
    Spread duplicates;
    std::int64_t sent = 0;  ///< over all runs in which the fault happened
    std::int64_t sent_since_fault = 0;
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

/// Why a setting is not in the contest for the cheapest.
enum class Standing : std::uint8_t {
    judged,
    apart,       ///< refused, not modelled, not run, or without a promise: the table says so
    capped,      ///< no run in which the fault happened: they were stopped at run.maxEvents
    never_came,  ///< the fault, at some value of the axes that nobody chooses
    seldom_came,
    not_everywhere,  ///< it has fewer of those values than others
};

/// What one may choose: a cell, or those that differ only in what nobody chooses (R6).
struct Candidate {
    std::vector<std::size_t> cells;  ///< ascending
    CellFigures figures;             ///< over the runs of all of them
    Standing standing = Standing::apart;
};

/// Safeguards that one setting goes without and another keeps.
struct GivenUp {
    bool acks_all = false;
    bool min_isr = false;  ///< two or more
    bool no_unclean = false;
    bool any() const { return acks_all || min_isr || no_unclean; }
};

struct ComparisonFigures {
    std::vector<CellFigures> cells;
    std::vector<ComparedPair> pairs;
    std::vector<Candidate> candidates;  ///< all cells, each in one
    std::vector<std::size_t> cheapest;  ///< of the candidates that lost nothing: R5
    /// What the first of the cheapest gives up, and which candidate without loss keeps.
    GivenUp given_up;
    std::size_t keeper = 0;
    /// What all that lost nothing go without, and one keeps that lost or could not be judged.
    GivenUp lacking;
    std::int64_t runs = 0;
    std::int64_t lossy = 0;
    std::int64_t inconclusive = 0;
};

ComparisonFigures figures_of(const Comparison& comparison);

/// True if the fault happened in some run.
bool any_fired(const ComparisonFigures& figures);
/// True if the cell counts where the cheapest setting is looked for.
bool can_be_cheapest(const ComparedCell& cell, const CellFigures& figures);
/// Every Kafka version that is asked for, once each, and those of which acklab has a model; all
/// where it has none.
std::vector<std::string> versions_of(const Comparison& comparison);
std::vector<std::string> modelled_versions_of(const Comparison& comparison);

/// "acks=all min.isr=2".
std::string settings_text(const ComparedCell& cell);
/// The same without what nobody chooses.
Text choice_text(const ComparedCell& cell);

/// Fills all that is said of candidates; `cells` are there.
void judge_candidates(const Comparison& comparison, ComparisonFigures& figures);
/// Figures over the runs of one cell; seeds begin at `first_seed`.
CellFigures figures_of(const ComparedCell& cell, std::uint64_t first_seed);

/// Where every setting that counts lost records: the safest of them.
std::optional<std::size_t> safest_losing(const Comparison& comparison,
                                         const ComparisonFigures& figures);
/// What the causes of one run's losses say of settings.
Text remedy_sentence(const ComparedCell& cell, const History& history, const Judgement& judgement);

// ---- outputs, all of the same words and numbers

/// Sentences: the cheapest setting that lost nothing, what it gives up, and what was not judged.
Text cheapest_sentence(const Comparison& comparison, const ComparisonFigures& figures);
/// What every setting left over.
Text left_over_sentence(const Comparison& comparison, const ComparisonFigures& figures);

std::string comparison_text(const Comparison& comparison, const ComparisonFigures& figures,
                            const TextStyle& style);
std::string comparison_markdown(const Comparison& comparison, const ComparisonFigures& figures,
                                const TextStyle& style);
/// One row for each cell and metric. [UX F5]
std::string comparison_csv(const Comparison& comparison, const ComparisonFigures& figures);
/// What the cheapest setting gives up, how little a test says, what is not judged; or empty.
Text caution_sentence(const Comparison& comparison, const ComparisonFigures& figures);
Text few_sends_sentence(const ComparisonFigures& figures);
Text not_judged_sentence(const Comparison& comparison, const ComparisonFigures& figures);
/// Why a candidate is not judged.
Text standing_words(Standing standing);
/// The document of REPORT_FORMAT 2.
std::string comparison_json(const Comparison& comparison, const ComparisonFigures& figures,
                            std::string_view command);

}  // namespace report
