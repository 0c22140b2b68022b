#include "reports/comparison_table.h"

#include <algorithm>
#include <map>

#include "core/base/text.h"
#include "reports/expect.h"
#include "reports/words.h"

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

Text not_applicable() {
    return say("n/a", "不适用");
}

Text latency_words(const ComparedCell& cell, const std::optional<Spread>& latency) {
    if (!cell.promises) return not_applicable();
    return latency ? same(range_words(*latency)) : say("none acked", "无应答");
}

Text capped_words(const CellFigures& figures) {
    return say("stopped at run.maxEvents in {0} of {1}", "{1} 次中有 {0} 次停在 run.maxEvents",
               figures.capped, figures.done);
}

/// Columns that only some comparisons have.
struct Shown {
    bool stranded = false;
    bool acks0 = false;
};

std::vector<Text> figure_words(const ComparedCell& cell, const CellFigures& figures,
                               const Shown& shown) {
    std::vector<Text> out;
    const auto promised = [&](const Text& words) {
        return cell.promises ? words : not_applicable();
    };
    const auto mean = [](const Spread& spread) {
        return same(spread.most == 0 ? "0" : mean_words(spread.mean));
    };
    Text share = share_words(figures);
    if (figures.fired < figures.done - figures.capped)
        share += say(", fault in {0} of {1}", "，{1} 次中有 {0} 次出现故障", figures.fired,
                     figures.done - figures.capped);
    if (figures.capped > 0) share += say(", {0}", "，{0}", capped_words(figures));
    out.push_back(std::move(share));
    out.push_back(promised(same(spread_words(figures.lost))));
    if (shown.stranded) out.push_back(promised(same(spread_words(figures.stranded))));
    if (shown.acks0) out.push_back(same(cell.has_acks0 ? spread_words(figures.acks0_lost) : "-"));
    out.push_back(promised(mean(figures.failed)));
    out.push_back(same(range_words(figures.unavailable_ns)));
    out.push_back(latency_words(cell, figures.latency_p50_ns));
    out.push_back(latency_words(cell, figures.latency_p99_ns));
    out.push_back(mean(figures.refused));
    out.push_back(mean(figures.duplicates));
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

/// Puts below the table why settings have no row, and reasons that several rows share; the number
/// of each of those.
std::map<std::string, std::size_t> add_remarks(const std::vector<ComparedCell>& cells,
                                               ComparisonTable& table) {
    std::map<std::string, std::size_t> refusals;
    for (const ComparedCell& cell : cells)
        if (!cell.refused.empty()) ++refusals[cell.refused];
    std::erase_if(refusals, [](const auto& one) { return one.second < 2; });
    std::size_t numbers = 0;
    std::map<std::string, std::size_t> numbered;
    for (const ComparedCell& cell : cells) {
        if (!refusals.contains(cell.refused) || numbered.contains(cell.refused)) continue;
        numbered[cell.refused] = ++numbers;
        table.remarks.push_back({same(concat("[", numbers, "]")), same(cell.refused)});
    }
    std::vector<std::pair<std::string, std::size_t>> left_out;
    for (const ComparedCell& cell : cells) {
        if (!cell.refused.empty() || cell.not_modelled.empty()) continue;
        const auto known = std::find_if(left_out.begin(), left_out.end(), [&](const auto& one) {
            return one.first == cell.not_modelled;
        });
        if (known == left_out.end())
            left_out.emplace_back(cell.not_modelled, 1);
        else
            ++known->second;
    }
    for (const auto& [reason, count] : left_out)
        table.remarks.push_back(
            {say("not run", "未运行"), say(count == 1 ? "{0} setting: {1}" : "{0} settings: {1}",
                                           "{0} 种配置：{1}", count, reason)});
    return numbered;
}

}  // namespace

Text why_no_figures(const CellFigures& figures) {
    return figures.capped > 0 ? say("n/a: {0} runs", "不适用：{0}", capped_words(figures))
                              : say("the fault never came about", "故障从未出现");
}

std::string time_words(std::int64_t ns) {
    if (ns == 0) return "0s";
    return words(core::Duration(ns));
}

Text share_words(const CellFigures& figures) {
    const Text alike =
        figures.same_in_all ? say("same in all {0}", "{0} 次全同", figures.fired) : Text();
    if (!figures.share)
        return alike.empty() ? say("n/a (no promise)", "不适用（无承诺）")
                             : say("no promise, {0}", "无承诺，{0}", alike);
    const auto counted = [&](const Text& rest) {
        return say("{0} of {1}, {2}", "{1} 次中 {0} 次，{2}", figures.lossy, figures.fired, rest);
    };
    if (!alike.empty()) return counted(alike);
    const Interval& share = *figures.share;
    if (figures.lossy == 0) return counted(say("at most {0}%", "至多 {0}%", percent(share.hi)));
    if (figures.lossy == figures.fired)
        return counted(say("at least {0}%", "至少 {0}%", percent(share.lo)));
    return counted(say("{0}% ({1}-{2})", "{0}%（{1}-{2}）", percent(share.estimate),
                       percent(share.lo), percent(share.hi)));
}

Text fault_words(const Comparison& comparison) {
    if (!comparison.fault.empty()) return same(comparison.fault);
    const auto& steps = comparison.scenario.steps;
    if (steps.empty()) return say("no fault", "无故障");
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < std::min(steps.size(), kMostSteps); ++i) ids.push_back(steps[i].id);
    if (steps.size() > kMostSteps) ids.push_back("...");
    return say("the scenario's own steps ({0})", "场景自己的步骤（{0}）", core::join(ids, ", "));
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
    table.heads = {say("runs that lost acked records", "丢失已应答消息的运行"),
                   say("lost per run", "每次丢失")};
    if (shown.stranded) table.heads.push_back(say("out of reach", "读不到"));
    if (shown.acks0) table.heads.push_back(say("sent and gone", "已发送却不在"));
    for (const Text& head :
         {say("failed sends", "发送失败"), say("no writable leader", "无可写 leader"),
          say("ack p50", "应答 p50"), say("ack p99", "应答 p99"), say("refused", "被拒"),
          say("duplicates", "重复")})
        table.heads.push_back(head);
    const auto numbered = add_remarks(cells, table);
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (cells[i].refused.empty() && !cells[i].not_modelled.empty()) continue;
        ComparisonRow row;
        for (const std::string& label : table.labels) {
            const auto own = std::find_if(
                cells[i].settings.begin(), cells[i].settings.end(),
                [&](const ComparedSetting& setting) { return setting.label == label; });
            row.settings.push_back(own == cells[i].settings.end() ? "-" : own->text);
        }
        if (!cells[i].refused.empty()) {
            const auto number = numbered.find(cells[i].refused);
            row.reason = number == numbered.end()
                             ? say("n/a: {0}", "不适用：{0}", cells[i].refused)
                             : say("n/a [{0}]", "不适用［{0}］", number->second);
        } else if (figures.cells[i].done == 0) {
            row.reason = say("not run", "未运行");
        } else if (figures.cells[i].fired == 0) {
            row.reason = why_no_figures(figures.cells[i]);
        } else {
            row.figures = figure_words(cells[i], figures.cells[i], shown);
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

Text left_over_sentence(const Comparison& comparison, const ComparisonFigures& figures) {
    std::vector<Text> parts;
    const auto least = [&](auto get) { return least_of(comparison, figures, get); };
    const std::int64_t gap = least(
        [](const ComparedCell&, const CellFigures& cell) { return cell.unavailable_ns.least; });
    if (gap > 0)
        parts.push_back(say("at least {0} without a writable leader in every run",
                            "每次运行至少 {0} 没有可写的 leader", time_words(gap)));
    const auto count = [&](auto get, const Text& what) {
        if (least(get) > 0) parts.push_back(what);
    };
    // Where nothing was promised there is no such record to leave over.
    const auto promised = [](const ComparedCell& cell, std::int64_t records) {
        return cell.promises ? records : INT64_MAX;
    };
    count([&](const ComparedCell& c, const CellFigures& f) { return promised(c, f.lost.most); },
          say("acknowledged records that were lost", "丢失的已应答消息"));
    count([&](const ComparedCell& c, const CellFigures& f) { return promised(c, f.stranded.most); },
          say("acknowledged records out of reach", "读不到的已应答消息"));
    count([&](const ComparedCell& c, const CellFigures& f) { return promised(c, f.failed.most); },
          say("failed sends", "失败的发送"));
    count([](const ComparedCell&, const CellFigures& f) { return f.duplicates.most; },
          say("duplicates", "重复"));
    const bool any_ranked = std::any_of(figures.cells.begin(), figures.cells.end(),
                                        [](const CellFigures& cell) { return cell.ranked; });
    if (!any_ranked)
        return say("Nothing can be said of what a setting leaves over.",
                   "无法说明各配置留下的代价。");
    if (parts.empty())
        return say("Every cost in the table is avoided by some setting.",
                   "表中每一项代价都有某种配置能够避免。");
    return say("What every setting left over: {0}.", "每种配置都留下的代价：{0}。",
               joined(parts, say(", ", "，")));
}

Text paired_sentence(const Comparison& comparison, const ComparisonFigures& figures) {
    if (figures.pairs.size() != 1) return {};
    const ComparedPair& pair = figures.pairs.front();
    const std::string a = settings_text(comparison.cells[pair.a]);
    const std::string b = settings_text(comparison.cells[pair.b]);
    if (pair.seeds.only_a + pair.seeds.only_b == 0)
        return say("By seed: no seed lost records under only one of {0} and {1} (~).",
                   "按种子：没有种子只在 {0} 与 {1} 之一下丢消息（~）。", a, b);
    const std::string p = pair.p < 0.0001 ? "<0.0001" : concat("=", significant_words(pair.p));
    const std::string_view english =
        pair.seeds.only_a == 1
            ? "By seed: {0} seed lost records only under {1}, {2} only under {3} (McNemar p{4})"
            : "By seed: {0} seeds lost records only under {1}, {2} only under {3} (McNemar p{4})";
    Text out =
        say(english, "按种子：{0} 个种子只在 {1} 下丢消息，{2} 个只在 {3} 下（McNemar p{4}）",
            pair.seeds.only_a, a, pair.seeds.only_b, b, p);
    out += pair.p < 0.05 ? say(".", "。")
                         : say(": so few seeds may differ by chance (~).",
                               "：这么少的种子可能只是偶然不同（~）。");
    return out;
}

std::vector<Text> reading_sentences(const Comparison& comparison,
                                    const ComparisonFigures& figures) {
    const bool any_same = std::any_of(figures.cells.begin(), figures.cells.end(),
                                      [](const CellFigures& cell) { return cell.same_in_all; });
    std::vector<Text> out;
    if (comparison.aimed)
        out.push_back(
            say("Aimed faults: a step waits for what the settings decide, so this says what is "
                "possible, not how often (AL401).",
                "瞄准的故障：有步骤等待由配置决定的事，所以这里说的是可能性，不是频率（AL401）。"));
    out.push_back(
        say("Shares of simulated runs in which the fault happened, with 95% Wilson "
            "intervals, in this model of Kafka {0}. Not yearly odds.",
            "比例只计出现故障的模拟运行，附 95% Wilson 区间，针对本模型中的 Kafka {0}。"
            "不是年度概率。",
            core::join(modelled_versions_of(comparison), ", ")));
    if (any_same && comparison.aimed)
        out.push_back(say(
            "Same in all N: faults come when what they wait for happens, the seed draws neither "
            "their moment nor whom they meet, and these seeds ended alike, with as many lost "
            "and the same verdict. Delays are still drawn, and with them the moment, so "
            "another seed may end otherwise; JSON and CSV have the interval.",
            "N 次全同：故障等待的事一发生就出现，种子不直接决定其时刻与对象，这些种子的结果"
            "相同，丢失数与判定都一样。延迟仍是随机的，时刻也随之而变，换一个种子可能不同；"
            "JSON 与 CSV 中有区间。"));
    else if (any_same)
        out.push_back(
            say("Same in all N: with faults at fixed moments these seeds ended alike, with as many "
                "lost and the same verdict. Delays are still drawn, so another seed may end "
                "otherwise; JSON and CSV have the interval.",
                "N 次全同：故障时刻固定，这些种子的结果相同，丢失数与判定都一样。延迟仍是随机的，"
                "换一个种子可能不同；JSON 与 CSV 中有区间。"));
    out.push_back(
        say("Lost = acknowledged, then absent after {0} without faults (out of reach: "
            "still on a disk). Lost, and sent and gone: mean/median/most per run; no "
            "writable leader, and latencies of acknowledgements: median over the runs, with "
            "least and most; failed sends, refused, duplicates: mean per run.",
            "丢失 = 已应答，无故障 {0} 后却不在（读不到：仍在某块磁盘上）。丢失、已发送却不"
            "在：每次运行的平均/中位/最多；无可写 leader 与应答延迟：各次运行的中位数，附最少与"
            "最多；发送失败、被拒、重复：每次运行的平均。",
            words(comparison.scenario.run.settle)));
    out.push_back(
        say("Failed sends: refused, timed out or still unanswered at the end; some may be in the "
            "log all the same. No writable leader: time in which the controller's leader of the "
            "worst partition was down, or there was none, or its ISR was too small for these "
            "producers' acks; sends may fail although it is 0.",
            "发送失败：被拒、超时或到最后仍无应答；其中一些可能仍在日志里。无可写 leader：最差分区"
            "没有 leader、controller 所认的 leader 停机，或其 ISR 对这些生产者的 acks "
            "来说太小的时间；即使为 0，发送也可能失败。"));
    for (const std::string& note : comparison.notes) out.push_back(same(note));
    return out;
}

}  // namespace report
