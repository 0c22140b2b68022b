#include "reports/comparison.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/base/text.h"

namespace report {
namespace {

/// Of the runs in which the fault happened, at least so many of ten for a rank.
constexpr std::int64_t kTenthsForRank = 9;

template <class Get>
Spread spread_of(const std::vector<const RunSummary*>& runs, Get get) {
    Spread out;
    std::vector<std::int64_t> values;
    values.reserve(runs.size());
    for (const RunSummary* run : runs) values.push_back(get(*run));
    if (values.empty()) return out;
    std::sort(values.begin(), values.end());
    std::int64_t sum = 0;
    for (const std::int64_t value : values) sum += value;
    out.mean = static_cast<double>(sum) / static_cast<double>(values.size());
    out.median = values[(values.size() - 1) / 2];
    out.least = values.front();
    out.most = values.back();
    return out;
}

bool end_alike(const RunSummary& a, const RunSummary& b) {
    return a.verdict == b.verdict && a.count(Fate::lost) == b.count(Fate::lost) &&
           a.acks0_lost == b.acks0_lost;
}

std::optional<Spread> latency_of(const std::vector<const RunSummary*>& fired,
                                 core::Duration RunSummary::*member) {
    std::vector<const RunSummary*> acked;
    for (const RunSummary* run : fired)
        if ((run->*member).count() >= 0) acked.push_back(run);
    if (acked.empty()) return std::nullopt;
    return spread_of(acked, [&](const RunSummary& run) { return (run.*member).count(); });
}

/// Seeds of the worst run and of a typical one among those that lost.
void name_seeds(const ComparedCell& cell, std::uint64_t first_seed, CellFigures& out) {
    std::vector<std::pair<std::int32_t, std::uint64_t>> losing;
    for (std::size_t i = 0; i < cell.runs.size(); ++i) {
        const RunSummary& run = cell.runs[i];
        if (run.fired && run.count(Fate::lost) > 0)
            losing.emplace_back(run.count(Fate::lost), first_seed + i);
    }
    if (losing.empty()) return;
    std::stable_sort(losing.begin(), losing.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const auto worst = std::find_if(losing.begin(), losing.end(), [&](const auto& one) {
        return one.first == losing.back().first;
    });
    out.worst_seed = worst->second;
    out.typical_seed = losing[(losing.size() - 1) / 2].second;
}

}  // namespace

CellFigures figures_of(const ComparedCell& cell, std::uint64_t first_seed) {
    CellFigures out;
    std::vector<const RunSummary*> fired;
    for (const RunSummary& run : cell.runs) {
        if (!run.done) continue;
        ++out.done;
        out.digest = core::mix64(out.digest ^ run.digest);
        if (run.fired) fired.push_back(&run);
        if (run.capped) ++out.capped;
    }
    out.fired = static_cast<std::int64_t>(fired.size());
    if (fired.empty()) return out;
    for (const RunSummary* run : fired) out.lossy += run->count(Fate::lost) > 0 ? 1 : 0;
    if (cell.promises) out.share = wilson95(out.lossy, out.fired);
    out.same_in_all = cell.fixed_faults && out.fired > 1 &&
                      std::all_of(fired.begin(), fired.end(), [&](const RunSummary* run) {
                          return end_alike(*run, *fired.front());
                      });
    const auto fate = [](Fate which) {
        return [which](const RunSummary& run) { return std::int64_t{run.count(which)}; };
    };
    out.lost = spread_of(fired, fate(Fate::lost));
    out.stranded = spread_of(fired, fate(Fate::stranded));
    out.refused = spread_of(fired, fate(Fate::refused));
    out.failed = spread_of(fired, [](const RunSummary& run) { return std::int64_t{run.failed()}; });
    for (const RunSummary* run : fired) {
        out.sent += run->sent;
        out.sent_since_fault += run->sent_since_fault;
    }
    out.acks0_lost =
        spread_of(fired, [](const RunSummary& run) { return std::int64_t{run.acks0_lost}; });
    out.duplicates =
        spread_of(fired, [](const RunSummary& run) { return std::int64_t{run.duplicates}; });
    out.unavailable_ns =
        spread_of(fired, [](const RunSummary& run) { return run.unavailable_write.count(); });
    out.latency_p50_ns = latency_of(fired, &RunSummary::latency_p50);
    out.latency_p99_ns = latency_of(fired, &RunSummary::latency_p99);
    name_seeds(cell, first_seed, out);
    out.ranked = 10 * out.fired >= kTenthsForRank * out.done;
    return out;
}

namespace {

/// The only axis in whose value two cells differ that have acknowledged losses to compare.
std::optional<std::size_t> differing_axis(const ComparedCell& a, const ComparedCell& b) {
    if (!a.applies() || !b.applies() || !a.promises || !b.promises) return std::nullopt;
    if (a.settings.size() != b.settings.size()) return std::nullopt;
    std::optional<std::size_t> axis;
    for (std::size_t i = 0; i < a.settings.size(); ++i) {
        if (a.settings[i].label != b.settings[i].label) return std::nullopt;
        if (a.settings[i].json == b.settings[i].json) continue;
        if (axis) return std::nullopt;
        axis = i;
    }
    return axis;
}

/// Which cells are compared by seeds.
std::vector<std::pair<std::size_t, std::size_t>> pairs_to_compare(
    const std::vector<ComparedCell>& cells) {
    std::vector<std::pair<std::size_t, std::size_t>> all;
    std::vector<std::pair<std::size_t, std::size_t>> neighbours;
    for (std::size_t a = 0; a < cells.size(); ++a) {
        std::set<std::size_t> axes;
        for (std::size_t b = a + 1; b < cells.size(); ++b) {
            const auto axis = differing_axis(cells[a], cells[b]);
            if (!axis) continue;
            all.emplace_back(a, b);
            if (axes.insert(*axis).second) neighbours.emplace_back(a, b);
        }
    }
    return all.size() > kMostPairs ? neighbours : all;
}

Paired paired_seeds(const ComparedCell& a, const ComparedCell& b) {
    Paired out;
    for (std::size_t i = 0; i < std::min(a.runs.size(), b.runs.size()); ++i) {
        if (!a.runs[i].fired || !b.runs[i].fired) continue;
        const bool in_a = a.runs[i].count(Fate::lost) > 0;
        const bool in_b = b.runs[i].count(Fate::lost) > 0;
        ++(in_a ? (in_b ? out.both : out.only_a) : (in_b ? out.only_b : out.neither));
    }
    return out;
}

std::vector<ComparedPair> pairs_of(const Comparison& comparison) {
    std::vector<ComparedPair> out;
    for (const auto& [a, b] : pairs_to_compare(comparison.cells)) {
        const Paired seeds = paired_seeds(comparison.cells[a], comparison.cells[b]);
        if (seeds.n() == 0) continue;
        const double p = mcnemar_exact(seeds.only_a, seeds.only_b);
        out.push_back(ComparedPair{a, b, seeds, p, p, newcombe_paired95(seeds)});
    }
    std::vector<double> p;
    p.reserve(out.size());
    for (const ComparedPair& pair : out) p.push_back(pair.p);
    const std::vector<double> adjusted = holm(p);
    for (std::size_t i = 0; i < out.size(); ++i) out[i].holm_p = adjusted[i];
    return out;
}

}  // namespace

ComparisonFigures figures_of(const Comparison& comparison) {
    ComparisonFigures out;
    for (const ComparedCell& cell : comparison.cells) {
        out.cells.push_back(figures_of(cell, comparison.first_seed));
        const CellFigures& figures = out.cells.back();
        out.runs += figures.done;
        out.lossy += figures.lossy;
        out.inconclusive += figures.done - figures.fired;
    }
    out.pairs = pairs_of(comparison);
    judge_candidates(comparison, out);
    return out;
}

bool any_fired(const ComparisonFigures& figures) {
    return std::any_of(figures.cells.begin(), figures.cells.end(),
                       [](const CellFigures& cell) { return cell.fired > 0; });
}

bool can_be_cheapest(const ComparedCell& cell, const CellFigures& figures) {
    return figures.ranked && cell.promises && !cell.has_acks0;
}

std::vector<std::string> versions_of(const Comparison& comparison) {
    std::vector<std::string> out;
    for (const ComparedCell& cell : comparison.cells)
        if (std::find(out.begin(), out.end(), cell.kafka) == out.end()) out.push_back(cell.kafka);
    return out;
}

std::vector<std::string> modelled_versions_of(const Comparison& comparison) {
    std::vector<std::string> out;
    for (const ComparedCell& cell : comparison.cells)
        if (cell.not_modelled.empty() && std::find(out.begin(), out.end(), cell.kafka) == out.end())
            out.push_back(cell.kafka);
    return out.empty() ? versions_of(comparison) : out;
}

std::string settings_text(const ComparedCell& cell) {
    std::vector<std::string> parts;
    parts.reserve(cell.settings.size());
    for (const ComparedSetting& setting : cell.settings)
        parts.push_back(core::concat(setting.label, "=", setting.text));
    return parts.empty() ? "as the scenario says" : core::join(parts, " ");
}

}  // namespace report
