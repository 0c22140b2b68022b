#include <algorithm>

#include "core/base/text.h"
#include "reports/text.h"
#include "reports/timeline.h"

namespace report {
namespace {

using core::concat;

std::string trimmed_clock(core::TimePoint at) {
    std::string text = clock_text(at);
    text.erase(0, text.find_first_not_of(' '));
    return text;
}

/// "ACKNOWLEDGED, THEN LOST": the fate as a heading.
std::string heading(Fate fate) {
    switch (fate) {
        case Fate::lost:
            return "ACKNOWLEDGED, THEN LOST";
        case Fate::kept:
            return "KEPT";
        case Fate::stranded:
            return "OUT OF REACH, NOT GONE";
        case Fate::refused:
            return "REFUSED";
        case Fate::ghost:
            return "NEVER PROMISED, YET THERE";
        case Fate::unknown:
            return "NEVER PROMISED, NOT THERE";
    }
    return "";
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
        std::string text = link.text;
        // The column already names the node.
        if (!where.empty() && text.substr(0, where.size() + 1) == where + " ")
            text.erase(0, where.size() + 1);
        out += hanging(head, text, style);
        const std::string indent(display_width(head), ' ');
        if (link.promise) out += indent + inked("^ the promise", Ink::green, style) + "\n";
        if (link.no_way_back) out += indent + inked("^ no way back", Ink::red, style) + "\n";
        if (link.last_copy) out += indent + inked("^ last copy destroyed", Ink::red, style) + "\n";
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
    const std::string right = heading(fate.fate);
    const std::size_t need = display_width(title) + 3 + right.size();
    std::string out = title;
    out += need <= style.width ? std::string(style.width - display_width(title) - right.size(), ' ')
                               : "\n";
    out += inked(right, fate.fate == Fate::lost ? Ink::red : Ink::bold, style) + "\n\n";

    const auto chain = chain_of(history, histories, client, number,
                                loss == nullptr ? std::nullopt : std::make_optional(loss->how));
    if (chain.empty())
        out += concat("  it never left the client: ", core::name(outcome.error), "\n");
    out += chain_block(chain, history.scenario, style);
    out += '\n';
    if (loss == nullptr) {
        out += hanging("  fate        ", concat(name(fate.fate), ": ", meaning(fate.fate)), style);
        return out;
    }
    const auto turning =
        std::find_if(chain.begin(), chain.end(), [](const ChainLink& l) { return l.no_way_back; });
    std::string no_way_back = concat("from ", trimmed_clock(loss->how.no_way_back_at), " on");
    if (turning != chain.end()) no_way_back += concat(" (step ", turning - chain.begin() + 1, ")");
    no_way_back += ": ";
    no_way_back += why_no_way_back(history, histories,
                                   *history.ledger.batch_of(client, number), loss->how)
                       .in(style.lang);
    out += hanging("  no way back ", no_way_back, style);
    out += hanging("  because     ", concat(sentence(loss->how), " [", name(loss->how.cause), "]"),
                   style);
    const std::string setting =
        setting_that_mattered(history, loss->how.cause, client, record.partition);
    if (!setting.empty()) out += hanging("  setting     ", setting, style);
    out += '\n';
    out += what_if_text(what_ifs, input);
    out += hanging("  next        ", concat("acklab help ", name(loss->how.cause)), style);
    return out;
}

}  // namespace report
