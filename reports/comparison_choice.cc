// Which setting a comparison names, and what is said of it.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "reports/causes.h"
#include "reports/comparison.h"
#include "reports/comparison_table.h"
#include "reports/expect.h"
#include "reports/words.h"

namespace report {
namespace {

using core::concat;

constexpr std::size_t kMostNamed = 4;  // settings of one list
/// A test of which fewer than one record in so many is sent once the fault has come says little.
constexpr std::int64_t kFewSends = 100;

// ---- candidates

bool same_choice(const ComparedCell& a, const ComparedCell& b) {
    const auto next = [](const ComparedCell& cell, std::size_t i) {
        while (i < cell.settings.size() && !cell.settings[i].chosen) ++i;
        return i;
    };
    std::size_t i = next(a, 0);
    std::size_t j = next(b, 0);
    while (i < a.settings.size() && j < b.settings.size()) {
        if (a.settings[i].label != b.settings[j].label || a.settings[i].json != b.settings[j].json)
            return false;
        i = next(a, i + 1);
        j = next(b, j + 1);
    }
    return i == a.settings.size() && j == b.settings.size();
}

/// Figures of a candidate; ranked where every cell that was run is.
CellFigures joined_figures(const Comparison& comparison, const ComparisonFigures& figures,
                           const std::vector<std::size_t>& cells) {
    if (cells.size() == 1) return figures.cells[cells.front()];
    ComparedCell together = comparison.cells[cells.front()];
    bool ranked = true;
    for (const std::size_t cell : cells) {
        const auto& runs = comparison.cells[cell].runs;
        if (cell != cells.front())
            together.runs.insert(together.runs.end(), runs.begin(), runs.end());
        ranked = ranked && (figures.cells[cell].done == 0 || figures.cells[cell].ranked);
    }
    CellFigures out = figures_of(together, comparison.first_seed);
    out.ranked = out.ranked && ranked;
    return out;
}

Standing standing_of(const Comparison& comparison, const ComparisonFigures& figures,
                     const Candidate& candidate, std::size_t most_cells) {
    if (candidate.figures.done == 0) return Standing::apart;
    const bool missed =
        std::any_of(candidate.cells.begin(), candidate.cells.end(), [&](std::size_t cell) {
            return figures.cells[cell].done > 0 && figures.cells[cell].fired == 0;
        });
    if (missed && candidate.figures.capped > 0) return Standing::capped;
    if (missed) return Standing::never_came;
    const ComparedCell& first = comparison.cells[candidate.cells.front()];
    if (!first.promises || first.has_acks0) return Standing::apart;
    if (!candidate.figures.ranked) return Standing::seldom_came;
    const auto run = std::count_if(candidate.cells.begin(), candidate.cells.end(),
                                   [&](std::size_t cell) { return figures.cells[cell].done > 0; });
    return static_cast<std::size_t>(run) < most_cells ? Standing::not_everywhere : Standing::judged;
}

void find_candidates(const Comparison& comparison, ComparisonFigures& figures) {
    auto& candidates = figures.candidates;
    for (std::size_t i = 0; i < comparison.cells.size(); ++i) {
        const auto known =
            std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& one) {
                return same_choice(comparison.cells[one.cells.front()], comparison.cells[i]);
            });
        // Cells without an axis that nobody chooses are their own.
        const auto& settings = comparison.cells[i].settings;
        const bool all_chosen = std::all_of(settings.begin(), settings.end(),
                                            [](const auto& one) { return one.chosen; });
        if (known == candidates.end() || all_chosen)
            candidates.push_back(Candidate{{i}, {}, Standing::apart});
        else
            known->cells.push_back(i);
    }
    std::size_t most_cells = 0;
    for (Candidate& one : candidates) {
        one.figures = joined_figures(comparison, figures, one.cells);
        std::size_t run = 0;
        for (const std::size_t cell : one.cells) run += figures.cells[cell].done > 0 ? 1U : 0U;
        most_cells = std::max(most_cells, run);
    }
    for (Candidate& one : candidates)
        one.standing = standing_of(comparison, figures, one, most_cells);
}

// ---- prices

/// The least time without a writable leader comes first, then the least p99.
struct Price {
    std::int64_t leaderless_ns;
    std::int64_t p99_ns;
    friend auto operator<=>(const Price&, const Price&) = default;
};

Price price_of(const CellFigures& figures) {
    return {figures.unavailable_ns.median,
            figures.latency_p99_ns ? figures.latency_p99_ns->median : INT64_MAX};
}

/// Whether the two prices read alike: what is not printed decides nothing.
bool read_alike(const CellFigures& a, const CellFigures& b) {
    if (time_words(a.unavailable_ns.median) != time_words(b.unavailable_ns.median)) return false;
    if (!a.latency_p99_ns || !b.latency_p99_ns)
        return a.latency_p99_ns.has_value() == b.latency_p99_ns.has_value();
    return time_words(a.latency_p99_ns->median) == time_words(b.latency_p99_ns->median);
}

GivenUp given_up(const Strictness& own, const Strictness& other) {
    return {!own.acks_all && other.acks_all, own.min_isr < 2 && other.min_isr >= 2,
            !own.no_unclean && other.no_unclean};
}

int count_of(const GivenUp& one) {
    return (one.acks_all ? 1 : 0) + (one.min_isr ? 1 : 0) + (one.no_unclean ? 1 : 0);
}

// ---- words

Text lacks_words(const GivenUp& lacks) {
    std::vector<Text> parts;
    if (lacks.acks_all) parts.push_back(say("acks is below all", "acks 低于 all"));
    if (lacks.min_isr) parts.push_back(same("min.insync.replicas=1"));
    if (lacks.no_unclean) parts.push_back(say("unclean election is on", "unclean 选举已开启"));
    return joined(parts, say(", ", "，"));
}

const ComparedCell& first_cell(const Comparison& comparison, const ComparisonFigures& figures,
                               std::size_t candidate) {
    return comparison.cells[figures.candidates[candidate].cells.front()];
}

/// "acks=all; acks=1; and 3 more"
Text listed(const std::vector<Text>& all) {
    std::vector<Text> shown(
        all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), kMostNamed)));
    if (all.size() > kMostNamed)
        shown.push_back(say("and {0} more", "还有 {0} 种", all.size() - kMostNamed));
    return joined(shown, say("; ", "；"));
}

/// The axes that nobody chooses; empty where there are none.
std::string given_axes(const Comparison& comparison) {
    std::vector<std::string> labels;
    for (const ComparedCell& cell : comparison.cells)
        for (const ComparedSetting& one : cell.settings)
            if (!one.chosen && std::find(labels.begin(), labels.end(), one.label) == labels.end())
                labels.push_back(one.label);
    return core::join(labels, ", ");
}

/// Why no setting can be named.
Text nothing_cheapest(const Comparison& comparison, const ComparisonFigures& figures) {
    const bool any_judged =
        std::any_of(figures.candidates.begin(), figures.candidates.end(),
                    [](const Candidate& one) { return one.standing == Standing::judged; });
    if (any_judged) {
        const std::string given = given_axes(comparison);
        Text out = given.empty()
                       ? say("No setting lost nothing under this fault.",
                             "在此故障下，没有一种配置不丢消息。")
                       : say("No setting lost nothing under this fault at every {0}.",
                             "在此故障下，没有一种配置在 {0} 的每个取值下都不丢消息。", given);
        if (!comparison.remedy.empty()) out += say(" {0}", "{0}", comparison.remedy);
        return out;
    }
    const bool any_applies = std::any_of(comparison.cells.begin(), comparison.cells.end(),
                                         [](const ComparedCell& cell) { return cell.applies(); });
    const auto nothing = [](const Text& why) {
        return say("Nothing can be compared: {0}.", "无从比较：{0}。", why);
    };
    if (!any_applies)
        return nothing(say("Kafka refuses every setting, or it is not modelled",
                           "每种配置都被 Kafka 拒绝，或未被建模"));
    if (figures.runs == 0) return nothing(say("no run was made", "没有运行过"));
    if (!any_fired(figures))
        return nothing(std::any_of(figures.cells.begin(), figures.cells.end(),
                                   [](const CellFigures& cell) { return cell.capped > 0; })
                           ? say("runs were stopped at run.maxEvents", "运行停在了 run.maxEvents")
                           : say("the fault never came about", "故障从未出现"));
    return nothing(
        say("no setting that asks for acknowledgements met the fault in nine of ten of its runs",
            "没有一种要求应答的配置在九成的运行中遇到故障"));
}

/// " (alike to the digit: acks=all min.isr=1)": who shares the first place.
Text equals_words(const Comparison& comparison, const ComparisonFigures& figures) {
    if (figures.cheapest.size() < 2) return {};
    std::vector<Text> others;
    for (std::size_t i = 1; i < figures.cheapest.size(); ++i)
        others.push_back(choice_text(first_cell(comparison, figures, figures.cheapest[i])));
    return say(" (alike to the digit: {0})", "（数字完全相同：{0}）", listed(others));
}

Text named_cheapest(const Comparison& comparison, const ComparisonFigures& figures) {
    const std::size_t first = figures.cheapest.front();
    const CellFigures& best = figures.candidates[first].figures;
    const Text choice = choice_text(first_cell(comparison, figures, first));
    const Text equals = equals_words(comparison, figures);
    const std::string given = given_axes(comparison);
    Text out = given.empty()
                   ? say("The cheapest setting that lost nothing under this fault is {0}{1}: ",
                         "在此故障下不丢消息、代价最小的配置是 {0}{1}：", choice, equals)
                   : say("The cheapest setting that lost nothing under this fault at every {2} is "
                         "{0}{1}: ",
                         "在此故障下，{2} 取任何值都不丢消息、代价最小的配置是 {0}{1}：", choice,
                         equals, given);
    const auto failed = static_cast<std::int64_t>(rounded(best.failed.mean, 0));
    if (best.failed.most == 0)
        out += say("no send failed", "没有发送失败");
    else if (failed == 0)
        out += say("fewer than one failed send a run", "每次运行失败的发送不到一次");
    else
        out += say(failed == 1 ? "{0} failed send a run" : "{0} failed sends a run",
                   "每次运行 {0} 次发送失败", failed);
    out += best.unavailable_ns.most == 0
               ? say(", always a writable leader", "，一直有可写的 leader")
               : say(", no writable leader for {0}", "，无可写 leader {0}",
                     time_words(best.unavailable_ns.median));
    if (best.latency_p99_ns)
        out += say(", acknowledgements p99 {0}", "，应答 p99 {0}",
                   time_words(best.latency_p99_ns->median));
    if (best.stranded.most > 0)
        out += say(", up to {0} acknowledged records out of reach at the end of a run",
                   "，运行结束时至多有 {0} 条已应答消息读不到", best.stranded.most);
    out += say(
        best.fired == 1 ? "; none lost in {0} run, and a true share up to {1}% would look the same."
                        : "; none lost in {0} runs, and a true share up to {1}% would look the "
                          "same.",
        "；{0} 次运行都没有丢，真实比例高达 {1}% 也会如此。", best.fired, percent(best.share->hi));
    return out;
}

}  // namespace

void judge_candidates(const Comparison& comparison, ComparisonFigures& figures) {
    find_candidates(comparison, figures);
    const auto& all = figures.candidates;
    const auto own = [&](std::size_t i) -> const Strictness& {
        return first_cell(comparison, figures, i).strictness;
    };
    std::vector<std::size_t> safe;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].standing == Standing::judged && all[i].figures.lossy == 0) safe.push_back(i);
    if (safe.empty()) return;
    std::stable_sort(safe.begin(), safe.end(), [&](std::size_t a, std::size_t b) {
        return price_of(all[a].figures) < price_of(all[b].figures);
    });
    for (const std::size_t i : safe)
        if (read_alike(all[i].figures, all[safe.front()].figures)) figures.cheapest.push_back(i);
    std::stable_sort(figures.cheapest.begin(), figures.cheapest.end(),
                     [&](std::size_t a, std::size_t b) { return own(a) > own(b); });
    const Strictness& first = own(figures.cheapest.front());
    Strictness most;
    for (const std::size_t i : safe) {
        const GivenUp one = given_up(first, own(i));
        most.acks_all = most.acks_all || own(i).acks_all;
        most.min_isr = std::max(most.min_isr, own(i).min_isr);
        most.no_unclean = most.no_unclean || own(i).no_unclean;
        const int more = count_of(one) - count_of(figures.given_up);
        if (more < 0 || count_of(one) == 0) continue;
        if (more == 0 && own(i) <= own(figures.keeper)) continue;
        figures.given_up = one;
        figures.keeper = i;
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].standing == Standing::apart) continue;
        const GivenUp one = given_up(most, own(i));
        figures.lacking.acks_all = figures.lacking.acks_all || one.acks_all;
        figures.lacking.min_isr = figures.lacking.min_isr || one.min_isr;
        figures.lacking.no_unclean = figures.lacking.no_unclean || one.no_unclean;
    }
}

Text choice_text(const ComparedCell& cell) {
    std::vector<std::string> parts;
    for (const ComparedSetting& setting : cell.settings)
        if (setting.chosen) parts.push_back(concat(setting.label, "=", setting.text));
    return parts.empty() ? say("the scenario's own", "场景自身的配置")
                         : same(core::join(parts, " "));
}

Text caution_sentence(const Comparison& comparison, const ComparisonFigures& figures) {
    Text out;
    if (figures.given_up.any())
        out +=
            say("Caution: it gives up what {0} keeps, also without loss ({1}); another fault may "
                "take acknowledged records under it.",
                "注意：它放弃了 {0} 同样不丢消息却保留的保护（{1}）；换一种故障就可能丢失已应答的"
                "消息。",
                choice_text(first_cell(comparison, figures, figures.keeper)),
                lacks_words(figures.given_up));
    if (figures.lacking.any())
        out +=
            say(out.empty() ? "Caution: all that lost nothing here go without a safeguard ({0}); "
                              "another fault may take acknowledged records under each of them."
                            : " And all that lost nothing here go without a safeguard ({0}).",
                out.empty() ? "注意：这里不丢消息的配置都缺少一项保护（{0}）；换一种故障，它们都"
                              "可能丢失已应答的消息。"
                            : "而且，这里不丢消息的配置都缺少一项保护（{0}）。",
                lacks_words(figures.lacking));
    return out;
}

Text few_sends_sentence(const ComparisonFigures& figures) {
    if (figures.cheapest.empty()) return {};
    const CellFigures& best = figures.candidates[figures.cheapest.front()].figures;
    if (best.sent == 0 || best.sent_since_fault * kFewSends >= best.sent) return {};
    return best.sent_since_fault == 0
               ? say("No record was sent during or after the fault, so this test says little of "
                     "what writes would meet then.",
                     "故障期间和之后没有发送任何消息，所以这次测试很少能说明届时写入会遇到什么。")
               : say("Only {0} of {1} records were sent during or after the fault, so this test "
                     "says little of what writes would meet then.",
                     "{1} 条消息中只有 {0} 条在故障期间或之后发送，所以这次测试很少能说明届时写入"
                     "会遇到什么。",
                     best.sent_since_fault, best.sent);
}

Text standing_words(Standing standing) {
    switch (standing) {
        case Standing::judged:
        case Standing::apart:
            return {};
        case Standing::capped:
            return say("runs were stopped at run.maxEvents there", "运行停在了 run.maxEvents");
        case Standing::never_came:
            return say("the fault never came about there", "故障在那里从未出现");
        case Standing::seldom_came:
            return say("the fault came about in fewer than nine of ten of the runs there",
                       "故障在那里的出现不到九成");
        case Standing::not_everywhere:
            return say("not run under all that the others met",
                       "没有在其他配置遇到的全部情形下运行");
    }
    UNREACHABLE();
}

namespace {

/// The value of an axis in a setting; empty where it has none that one chooses.
std::string value_of(const ComparedCell& cell, const std::string& label) {
    for (const ComparedSetting& one : cell.settings)
        if (one.label == label && one.chosen) return concat(label, "=", one.text);
    return "";
}

/// The candidates that stand so: "acks=0" for all with that value of an axis, if two or more have
/// it and all of them stand so, then the others one by one.
std::vector<Text> named_by(const Comparison& comparison, const ComparisonFigures& figures,
                           Standing standing, const std::string& label) {
    const auto& all = figures.candidates;
    const auto value = [&](std::size_t i) {
        return value_of(first_cell(comparison, figures, i), label);
    };
    struct Count {
        int stand = 0;
        int all = 0;
    };
    std::map<std::string, Count> counts;
    for (std::size_t i = 0; i < all.size(); ++i) {
        Count& count = counts[value(i)];
        count.stand += all[i].standing == standing ? 1 : 0;
        ++count.all;
    }
    std::set<std::string> named;
    std::vector<Text> values;
    std::vector<Text> others;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].standing != standing) continue;
        const std::string own = value(i);
        const Count& count = counts[own];
        if (own.empty() || count.stand < count.all || count.all < 2)
            others.push_back(choice_text(first_cell(comparison, figures, i)));
        else if (named.insert(own).second)
            values.push_back(same(own));
    }
    values.insert(values.end(), others.begin(), others.end());
    return values;
}

/// The shortest of these lists.
std::vector<Text> names_of(const Comparison& comparison, const ComparisonFigures& figures,
                           Standing standing) {
    std::vector<Text> shortest = named_by(comparison, figures, standing, "");
    for (const ComparedSetting& one : comparison.cells.front().settings) {
        std::vector<Text> names = named_by(comparison, figures, standing, one.label);
        if (names.size() < shortest.size()) shortest = std::move(names);
    }
    return shortest;
}

}  // namespace

Text not_judged_sentence(const Comparison& comparison, const ComparisonFigures& figures) {
    std::vector<Text> parts;
    for (const Standing standing : {Standing::never_came, Standing::seldom_came, Standing::capped,
                                    Standing::not_everywhere}) {
        const std::vector<Text> names = names_of(comparison, figures, standing);
        if (!names.empty())
            parts.push_back(say("{0}: {1}", "{0}：{1}", listed(names), standing_words(standing)));
    }
    if (parts.empty()) return {};
    return say("Not judged: {0}.", "未评判：{0}。", joined(parts, say("; ", "；")));
}

Text cheapest_sentence(const Comparison& comparison, const ComparisonFigures& figures) {
    if (!any_fired(figures)) return nothing_cheapest(comparison, figures);
    Text out = figures.cheapest.empty() ? nothing_cheapest(comparison, figures)
                                        : named_cheapest(comparison, figures);
    for (const Text& more : {caution_sentence(comparison, figures), few_sends_sentence(figures),
                             not_judged_sentence(comparison, figures)})
        if (!more.empty()) out += say(" {0}", "{0}", more);
    return out;
}

std::optional<std::size_t> safest_losing(const Comparison& comparison,
                                         const ComparisonFigures& figures) {
    std::optional<std::size_t> out;
    if (!figures.cheapest.empty()) return out;
    for (const Candidate& one : figures.candidates) {
        if (one.standing != Standing::judged) continue;
        for (const std::size_t i : one.cells) {
            if (!figures.cells[i].worst_seed) continue;
            const auto rank = [&](std::size_t cell) {
                return std::pair(comparison.cells[cell].strictness, -figures.cells[cell].lossy);
            };
            if (!out || rank(i) > rank(*out)) out = i;
        }
    }
    return out;
}

Text remedy_sentence(const ComparedCell& cell, const History& history, const Judgement& judgement) {
    std::vector<Cause> causes;
    std::vector<Text> parts;
    for (const LossRange& range : judgement.loss_ranges) {
        if (std::find(causes.begin(), causes.end(), range.cause) != causes.end()) continue;
        causes.push_back(range.cause);
        const Text setting =
            setting_that_mattered(history, range.cause, range.client, range.partition);
        Text part =
            say("{0} [{1}]", "{0}［{1}］", sentence(range.cause, range.cut_off), name(range.cause));
        if (!setting.empty()) part += say("; the setting: {0}", "；相关配置：{0}", setting);
        if (range.cause == Cause::correlated_power_loss || range.cause == Cause::page_cache_lost)
            part += say("; flush.messages=1 has it on the disk before it is acknowledged",
                        "；flush.messages=1 会先落盘再应答");
        parts.push_back(std::move(part));
    }
    if (parts.empty()) return {};
    return say("Under {0}, the most careful of them: {1}.", "其中最谨慎的 {0}：{1}。",
               same(settings_text(cell)), joined(parts, say("; ", "；")));
}

}  // namespace report
