#include "reports/comparison_table.h"

#include <algorithm>

#include "core/base/text.h"
#include "reports/expect.h"

namespace report {
namespace {

using core::concat;

constexpr std::size_t kMostSteps = 4;

/// A mean of counts, with at most one decimal and that only below ten.
std::string mean_words(double mean) {
    const bool whole = mean >= 9.95 || rounded(mean, 1) == rounded(mean, 0);
    const double tenths = rounded(mean * 10, 0);
    if (mean > 0 && tenths == 0) return "<0.1";
    const auto units = static_cast<std::int64_t>(rounded(mean, 0));
    if (whole) return core::to_text(units);
    const auto all = static_cast<std::int64_t>(tenths);
    return concat(all / 10, ".", all % 10);
}

std::string spread_words(const Spread& spread) {
    if (spread.most == 0) return "0";
    if (spread.least == spread.most) return core::to_text(spread.most);
    return concat(mean_words(spread.mean), "/", spread.median, "/", spread.most);
}

/// A time: "7.6s (7.1-8.9s)", the median with least and most.
std::string range_words(const Spread& spread) {
    if (spread.most == 0) return "0s";
    std::string median = time_words(spread.median);
    const std::string least = time_words(spread.least);
    const std::string most = time_words(spread.most);
    if (least == most) return median;
    // One unit for both ends, where it is one.
    const auto digits = [](const std::string& time) {
        return time.find_first_not_of("0123456789.");
    };
    const bool one_unit = least.substr(digits(least)) == most.substr(digits(most));
    return concat(median, " (", one_unit ? least.substr(0, digits(least)) : least, "-", most, ")");
}

std::string latency_words(const ComparedCell& cell, const std::optional<Spread>& latency) {
    if (!cell.promises) return "n/a";
    return latency ? range_words(*latency) : "none acked";
}

std::string capped_words(const CellFigures& figures) {
    return concat("stopped at run.maxEvents in ", figures.capped, " of ", figures.done);
}

/// Columns that only some comparisons have.
struct Shown {
    bool stranded = false;
    bool acks0 = false;
};

std::vector<std::string> figure_words(const ComparedCell& cell, const CellFigures& figures,
                                      const Shown& shown) {
    std::vector<std::string> out;
    std::string share = share_words(figures);
    if (figures.fired < figures.done - figures.capped)
        share += concat(", fault in ", figures.fired, " of ", figures.done - figures.capped);
    if (figures.capped > 0) share += concat(", ", capped_words(figures));
    out.push_back(std::move(share));
    out.push_back(cell.promises ? spread_words(figures.lost) : "n/a");
    if (shown.stranded) out.push_back(cell.promises ? spread_words(figures.stranded) : "n/a");
    if (shown.acks0) out.push_back(cell.has_acks0 ? spread_words(figures.acks0_lost) : "-");
    out.push_back(range_words(figures.unavailable_ns));
    out.push_back(latency_words(cell, figures.latency_p50_ns));
    out.push_back(latency_words(cell, figures.latency_p99_ns));
    out.push_back(figures.refused.most == 0 ? "0" : mean_words(figures.refused.mean));
    out.push_back(figures.duplicates.most == 0 ? "0" : mean_words(figures.duplicates.mean));
    return out;
}

/// The least that every ranked cell left of something.
template <class Get>
std::int64_t least_of(const Comparison& comparison, const ComparisonFigures& figures, Get get) {
    std::int64_t least = INT64_MAX;
    for (std::size_t i = 0; i < figures.cells.size(); ++i)
        if (figures.cells[i].ranked)
            least = std::min(least, get(comparison.cells[i], figures.cells[i]));
    return least == INT64_MAX ? 0 : least;
}

/// Why no setting can be named.
std::string nothing_cheapest(const Comparison& comparison, const ComparisonFigures& figures) {
    bool any_applies = false;
    bool any_counts = false;
    for (std::size_t i = 0; i < figures.cells.size(); ++i) {
        any_applies = any_applies || comparison.cells[i].applies();
        any_counts = any_counts || can_be_cheapest(comparison.cells[i], figures.cells[i]);
    }
    if (any_counts) return "No setting lost nothing under this fault.";
    if (!any_applies)
        return "Nothing can be compared: Kafka refuses every setting, or it is not modelled.";
    if (figures.runs == 0) return "Nothing can be compared: no run was made.";
    if (!any_fired(figures))
        return std::any_of(figures.cells.begin(), figures.cells.end(),
                           [](const CellFigures& cell) { return cell.capped > 0; })
                   ? "Nothing can be compared: runs were stopped at run.maxEvents."
                   : "Nothing can be compared: the fault never came about.";
    return "Nothing can be compared: no setting that asks for acknowledgements met the fault in "
           "nine "
           "of ten of its runs.";
}

/// " (alike to the digit: acks=all min.isr=1)": who shares the first place with the first.
std::string equals_words(const Comparison& comparison, const std::vector<std::size_t>& cheapest) {
    constexpr std::size_t kMostEquals = 3;
    if (cheapest.size() < 2) return "";
    std::vector<std::string> others;
    for (std::size_t i = 1; i < std::min(cheapest.size(), kMostEquals + 1); ++i)
        others.push_back(settings_text(comparison.cells[cheapest[i]]));
    if (cheapest.size() > kMostEquals + 1)
        others.push_back(concat("and ", cheapest.size() - kMostEquals - 1, " more"));
    return concat(" (alike to the digit: ", core::join(others, "; "), ")");
}

}  // namespace

std::string why_no_figures(const CellFigures& figures) {
    return figures.capped > 0 ? concat("n/a: ", capped_words(figures), " runs")
                              : std::string("the fault never came about");
}

std::string time_words(std::int64_t ns) {
    if (ns == 0) return "0s";
    return words(core::Duration(ns));
}

std::string share_words(const CellFigures& figures) {
    const std::string same =
        figures.same_in_all ? concat("same in all ", figures.fired) : std::string();
    if (!figures.share) return same.empty() ? "n/a (no promise)" : concat("no promise, ", same);
    const std::string count = concat(figures.lossy, " of ", figures.fired, ", ");
    if (!same.empty()) return concat(count, same);
    const Interval& share = *figures.share;
    if (figures.lossy == 0) return concat(count, "at most ", percent(share.hi), "%");
    if (figures.lossy == figures.fired) return concat(count, "at least ", percent(share.lo), "%");
    return concat(count, percent(share.estimate), "% (", percent(share.lo), "-", percent(share.hi),
                  ")");
}

std::string fault_words(const Comparison& comparison) {
    if (!comparison.fault.empty()) return comparison.fault;
    const auto& steps = comparison.scenario.steps;
    if (steps.empty()) return "no fault";
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < std::min(steps.size(), kMostSteps); ++i) ids.push_back(steps[i].id);
    if (steps.size() > kMostSteps) ids.push_back("...");
    return concat("the scenario's own steps (", core::join(ids, ", "), ")");
}

ComparisonTable table_of(const Comparison& comparison, const ComparisonFigures& figures) {
    ComparisonTable table;
    const auto& cells = comparison.cells;
    for (const ComparedCell& cell : cells)
        for (const ComparedSetting& setting : cell.settings)
            if (std::find(table.labels.begin(), table.labels.end(), setting.label) ==
                table.labels.end())
                table.labels.push_back(setting.label);
    Shown shown;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (cells[i].applies() && cells[i].has_acks0) shown.acks0 = true;
        if (figures.cells[i].stranded.most > 0) shown.stranded = true;
    }
    table.heads = {"runs that lost acked records", "lost per run"};
    if (shown.stranded) table.heads.emplace_back("out of reach");
    if (shown.acks0) table.heads.emplace_back("sent and gone");
    for (const char* head : {"no writes", "ack p50", "ack p99", "refused", "duplicates"})
        table.heads.emplace_back(head);
    for (std::size_t i = 0; i < cells.size(); ++i) {
        ComparisonRow row;
        for (const std::string& label : table.labels) {
            const auto own = std::find_if(
                cells[i].settings.begin(), cells[i].settings.end(),
                [&](const ComparedSetting& setting) { return setting.label == label; });
            row.settings.push_back(own == cells[i].settings.end() ? "-" : own->text);
        }
        if (!cells[i].refused.empty()) {
            row.reason = concat("n/a: ", cells[i].refused);
        } else if (!cells[i].not_modelled.empty()) {
            row.reason = concat("n/a: ", cells[i].not_modelled);
        } else if (figures.cells[i].done == 0) {
            row.reason = "not run";
        } else if (figures.cells[i].fired == 0) {
            row.reason = why_no_figures(figures.cells[i]);
        } else {
            row.figures = figure_words(cells[i], figures.cells[i], shown);
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

std::string cheapest_sentence(const Comparison& comparison, const ComparisonFigures& figures) {
    if (figures.cheapest.empty()) return nothing_cheapest(comparison, figures);
    const std::size_t first = figures.cheapest.front();
    const CellFigures& best = figures.cells[first];
    std::string out = concat("The cheapest setting that lost nothing under this fault is ",
                             settings_text(comparison.cells[first]),
                             equals_words(comparison, figures.cheapest), ": writes ",
                             best.unavailable_ns.most == 0
                                 ? std::string("always available")
                                 : concat("unavailable ", time_words(best.unavailable_ns.median)));
    if (best.latency_p99_ns)
        out += concat(", acknowledgements p99 ", time_words(best.latency_p99_ns->median));
    if (best.stranded.most > 0)
        out += concat(", up to ", best.stranded.most,
                      " acknowledged records out of reach at the end of a run");
    return concat(out, "; none lost in ", best.fired, best.fired == 1 ? " run" : " runs",
                  ", and a true share up to ", percent(best.share->hi), "% would look the same.");
}

std::string left_over_sentence(const Comparison& comparison, const ComparisonFigures& figures) {
    std::vector<std::string> parts;
    const auto least = [&](auto get) { return least_of(comparison, figures, get); };
    const std::int64_t gap = least(
        [](const ComparedCell&, const CellFigures& cell) { return cell.unavailable_ns.least; });
    if (gap > 0)
        parts.push_back(concat("at least ", time_words(gap), " without writes in every run"));
    const auto count = [&](auto get, std::string_view what) {
        if (least(get) > 0) parts.emplace_back(what);
    };
    // Where nothing was promised there is no such record to leave over.
    const auto promised = [](const ComparedCell& cell, std::int64_t records) {
        return cell.promises ? records : INT64_MAX;
    };
    count([&](const ComparedCell& c, const CellFigures& f) { return promised(c, f.lost.most); },
          "acknowledged records that were lost");
    count([&](const ComparedCell& c, const CellFigures& f) { return promised(c, f.stranded.most); },
          "acknowledged records out of reach");
    count([](const ComparedCell&, const CellFigures& f) { return f.refused.most; },
          "refused writes");
    count([](const ComparedCell&, const CellFigures& f) { return f.duplicates.most; },
          "duplicates");
    const bool any_ranked = std::any_of(figures.cells.begin(), figures.cells.end(),
                                        [](const CellFigures& cell) { return cell.ranked; });
    if (!any_ranked) return "Nothing can be said of what a setting leaves over.";
    if (parts.empty()) return "Every cost in the table is avoided by some setting.";
    return concat("What every setting left over: ", core::join(parts, ", "), ".");
}

std::string paired_sentence(const Comparison& comparison, const ComparisonFigures& figures) {
    if (figures.pairs.size() != 1) return "";
    const ComparedPair& pair = figures.pairs.front();
    const std::string a = settings_text(comparison.cells[pair.a]);
    const std::string b = settings_text(comparison.cells[pair.b]);
    const std::string p = pair.p < 0.0001 ? "<0.0001" : concat("=", significant_words(pair.p));
    if (pair.seeds.only_a + pair.seeds.only_b == 0)
        return concat("By seed: no seed lost records under only one of ", a, " and ", b, " (~).");
    return concat("By seed: ", pair.seeds.only_a,
                  pair.seeds.only_a == 1 ? " seed lost" : " seeds lost", " records only under ", a,
                  ", ", pair.seeds.only_b, " only under ", b, " (McNemar p", p, ")",
                  pair.p < 0.05 ? "." : ": so few seeds may differ by chance (~).");
}

std::vector<std::string> reading_sentences(const Comparison& comparison,
                                           const ComparisonFigures& figures) {
    const bool any_same = std::any_of(figures.cells.begin(), figures.cells.end(),
                                      [](const CellFigures& cell) { return cell.same_in_all; });
    std::vector<std::string> out;
    if (comparison.aimed)
        out.emplace_back(
            "Aimed faults: a step waits for what the settings decide, so this says what is "
            "possible, not how often (AL401).");
    out.push_back(
        concat("Shares of simulated runs in which the fault happened, with 95% Wilson "
               "intervals, in this model of Kafka ",
               core::join(versions_of(comparison), ", "), ". Not yearly odds."));
    if (any_same)
        out.emplace_back(
            "Same in all N: with faults at fixed moments these seeds ended alike, with as many "
            "lost "
            "and the same verdict. Delays are still drawn, so another seed may end otherwise; JSON "
            "and CSV have the interval.");
    out.push_back(concat("Lost = acknowledged, then absent after ",
                         words(comparison.scenario.run.settle),
                         " without faults (out of reach: still on a disk). Lost, and sent and "
                         "gone: mean/median/most per run; no writes, and latencies of "
                         "acknowledgements: median over the runs, with least and most; refused, "
                         "duplicates: mean per run."));
    for (const std::string& note : comparison.notes) out.push_back(note);
    return out;
}

}  // namespace report
