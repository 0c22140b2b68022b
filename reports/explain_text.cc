#include <algorithm>

#include "core/base/text.h"
#include "reports/text.h"

namespace report {
namespace {

using core::concat;

/// "ACKNOWLEDGED, THEN LOST": the fate as a heading.
Text heading(Fate fate) {
    switch (fate) {
        case Fate::lost:
            return say("ACKNOWLEDGED, THEN LOST", "已应答，随后丢失");
        case Fate::kept:
            return say("KEPT", "保住");
        case Fate::stranded:
            return say("OUT OF REACH, NOT GONE", "读不到，但未消失");
        case Fate::refused:
            return say("REFUSED", "被拒");
        case Fate::ghost:
            return say("NEVER PROMISED, YET THERE", "从未承诺，却存在");
        case Fate::unknown:
            return say("NEVER PROMISED, NOT THERE", "从未承诺，也不存在");
    }
    return Text{};
}

/// "  because     " and the like.
std::string head(std::string_view en, std::string_view zh, const TextStyle& style) {
    return padded_right("  " + say(en, zh).in(style.lang), 14);
}

std::string chain_block(const std::vector<ChainLink>& chain, const scenario::Scenario& scenario,
                        const TextStyle& style) {
    std::string out;
    std::size_t step = 0;
    for (const ChainLink& link : chain) {
        ++step;
        const bool of_controller = !link.node && link.name == "leader.elect";
        const std::string where = link.node ? scenario.node_name(*link.node)
                                            : std::string(of_controller ? "controller" : "");
        const std::string head = concat(padded_left(concat(step), 3), "  ", clock_text(link.at),
                                        "  ", padded_right(where, 10), "  ");
        std::string text = link.text.in(style.lang);
        // The column already names the node.
        if (!where.empty() && text.substr(0, where.size() + 1) == where + " ")
            text.erase(0, where.size() + 1);
        out += hanging(head, text, style);
        const std::string indent(display_width(head), ' ');
        const auto mark = [&](const Text& words, Ink ink) {
            out += indent + inked("^ " + words.in(style.lang), ink, style) + "\n";
        };
        if (link.promise) mark(say("the promise", "这就是承诺"), Ink::green);
        if (link.no_way_back) mark(say("no way back", "从此无法挽回"), Ink::red);
        if (link.last_copy) mark(say("last copy destroyed", "最后一份副本消失"), Ink::red);
    }
    return out;
}

}  // namespace

std::string explain_text(const History& history, const Judgement& judgement,
                         const Histories& histories, std::uint32_t client,
                         core::RecordNumber number, const WhatIfs& what_ifs,
                         const TextInput& input) {
    const TextStyle& style = input.style;
    const RecordFate& fate = judgement.fates[client][static_cast<std::size_t>(number.value())];
    const RecordOutcome outcome = outcome_of(history, client, number);
    const auto& record = history.ledger.records(client)[static_cast<std::size_t>(number.value())];
    const Loss* loss = find_loss(judgement, client, number);

    std::string title = concat(shown_record(history.scenario, client, number), " (",
                               history.scenario.partition_name(record.partition));
    if (outcome.offset) title += concat(", offset ", outcome.offset->value());
    if (loss != nullptr && loss->leader_epoch)
        title += concat(", epoch ", loss->leader_epoch->value());
    title += ")";
    const std::string right = heading(fate.fate).in(style.lang);
    const std::size_t taken = display_width(title) + display_width(right);
    std::string out = title;
    out += taken + 3 <= style.width ? std::string(style.width - taken, ' ') : "\n";
    out += inked(right, fate.fate == Fate::lost ? Ink::red : Ink::bold, style) + "\n\n";

    const auto chain = chain_of(history, histories, client, number,
                                loss == nullptr ? std::nullopt : std::make_optional(loss->how));
    if (chain.empty())
        out += concat(
            "  ",
            say("it never left the client: {0}", "它从未离开客户端：{0}", core::name(outcome.error))
                .in(style.lang),
            "\n");
    out += chain_block(chain, history.scenario, style);
    out += '\n';
    if (loss == nullptr) {
        const Text told = say("{0}: {1}", "{0}：{1}", words(fate.fate), meaning(fate.fate));
        return out + hanging(head("fate", "结局", style), told.in(style.lang), style);
    }
    const auto turning =
        std::find_if(chain.begin(), chain.end(), [](const ChainLink& l) { return l.no_way_back; });
    Text step;
    if (turning != chain.end())
        step = say(" ({0} above)", "（上面第 {0} 条）", turning - chain.begin() + 1);
    const Text no_way_back = say(
        "from {0} on{1}: {2}", "{0} 起{1}：{2}", short_clock(loss->how.no_way_back_at), step,
        why_no_way_back(history, histories, *history.ledger.batch_of(client, number), loss->how));
    out += hanging(head("no way back", "无法挽回", style), no_way_back.in(style.lang), style);
    const Text because = say("{0} [{1}]", "{0}［{1}］",
                             sentence(loss->how.cause, loss->how.cut_off), name(loss->how.cause));
    out += hanging(head("because", "原因", style), because.in(style.lang), style);
    const Text setting = setting_that_mattered(history, loss->how.cause, client, record.partition);
    if (!setting.empty())
        out += hanging(head("setting", "相关配置", style), setting.in(style.lang), style);
    out += '\n';
    out += what_if_text(what_ifs, input);
    out += head("next", "下一步", style) + concat("acklab help ", name(loss->how.cause), "\n");
    return out;
}

}  // namespace report
