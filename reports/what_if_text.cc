#include <algorithm>

#include "core/base/text.h"
#include "reports/text.h"

namespace report {
namespace {

using core::concat;

Ink ink_of(const Counterfactual& one) {
    switch (one.answer) {
        case Answer::saved:
            return Ink::green;
        case Answer::lost_again:
            return Ink::red;
        case Answer::not_all:
        case Answer::not_promised:
        case Answer::out_of_reach:
            return Ink::yellow;
        case Answer::no_claim:
        case Answer::refused:
        case Answer::impossible:
            return Ink::grey;
    }
    return Ink::plain;
}

/// "    acks=all    saved    costs nothing here", and below it why.
class Rows {
  public:
    Rows(const TextStyle& style, std::size_t label_width, std::size_t word_width)
        : style_(style), label_width_(label_width), word_width_(word_width) {}

    std::string row(const std::string& label, const Text& word, Ink ink, const Text& cost,
                    const Text& because) const {
        const std::string& text = word.in(style_.lang);
        const std::string& paid = cost.in(style_.lang);
        const std::string gap(paid.empty() ? 0 : word_width_ - display_width(text) + 2, ' ');
        std::string out = concat("    ", padded_right(label, label_width_), "  ");
        const bool fits = display_width(out) + display_width(text + gap + paid) <= style_.width;
        out += inked(text, ink, style_);
        if (fits) out += gap + paid;
        out += '\n';
        if (!fits) out += hanging(kIndent, paid, style_);
        return out + hanging(kIndent, because.in(style_.lang), style_);
    }

  private:
    static constexpr std::string_view kIndent = "        ";
    const TextStyle& style_;
    std::size_t label_width_;
    std::size_t word_width_;
};

Rows rows_for(const WhatIfs& what_ifs, const TextStyle& style) {
    std::size_t label = 0;
    std::size_t word = 0;
    for (const Counterfactual& one : what_ifs.counterfactuals) {
        label = std::max(label, display_width(one.label.in(style.lang)));
        word = std::max(word, display_width(words(one.answer, one.others_lost).in(style.lang)));
    }
    for (const Branch& one : what_ifs.branches) label = std::max(label, display_width(one.step));
    return Rows(style, label, word);
}

Text needed_words(const Branch& branch) {
    if (branch.answer == Answer::no_claim) return words(branch.answer);
    return branch.needed() ? say("needed", "必要") : say("not needed", "并非必要");
}

/// How alike the other runs were.
Text repeated(const std::vector<Counterfactual>& all) {
    if (std::all_of(all.begin(), all.end(), [](const auto& one) { return one.moved.empty(); }))
        return say("same seed, same faults, run again", "同一种子、同样的故障，重新运行");
    return say("same seed; faults that moved are named", "同一种子，重新运行；有变动的故障会注明");
}

/// The cheapest setting that would have saved it, and how to see it.
std::string summary(const WhatIfs& what_ifs, const TextInput& input) {
    const TextStyle& style = input.style;
    const std::string head = padded_right(concat("  ", say("cheapest", "最省").in(style.lang)), 14);
    const Counterfactual* best = cheapest(what_ifs.counterfactuals);
    if (best == nullptr)
        return hanging(head,
                       say("none of these settings alone would have saved it",
                           "以上设置单独改任何一项都保不住它")
                           .in(style.lang),
                       style);
    std::string out = hanging(head,
                              say("{0} would have saved it and {1}", "{0} 即可保住，{1}",
                                  best->label, words(best->cost.value_or(Cost{})))
                                  .in(style.lang),
                              style);
    const std::string indent(14, ' ');
    // A command is never broken: it is there to be pasted.
    if (best->pinned.empty())
        return out + indent +
               concat("acklab run ", input.arguments, " --set '", best->change, "'\n");
    return out +
           hanging(indent,
                   say("no command repeats that run: in it {0} came at the moment of this "
                       "one, which --set cannot write",
                       "没有命令能重做那次运行：其中 {0} 在本次运行的时刻执行，--set 写不出来",
                       core::join(best->pinned, ", "))
                       .in(style.lang),
                   style);
}

}  // namespace

std::string what_if_text(const WhatIfs& what_ifs, const TextInput& input) {
    const TextStyle& style = input.style;
    const Rows rows = rows_for(what_ifs, style);
    std::string out;
    if (!what_ifs.counterfactuals.empty()) {
        out += hanging("  ",
                       say("Would ONE change have saved it?   {0}", "只改一处能保住它吗？   {0}",
                           repeated(what_ifs.counterfactuals))
                           .in(style.lang),
                       style);
        for (const Counterfactual& one : what_ifs.counterfactuals)
            out += rows.row(one.label.in(style.lang), words(one.answer, one.others_lost),
                            ink_of(one), shown_cost(one), one.because);
        out += '\n' + summary(what_ifs, input) + '\n';
    }
    if (!what_ifs.branches.empty()) {
        out += hanging("  ",
                       say("Which steps did the loss need?   the same run without one of them",
                           "哪些步骤是丢失的必要条件？   去掉其中一步，重新运行")
                           .in(style.lang),
                       style);
        for (const Branch& one : what_ifs.branches)
            out += rows.row(one.step, needed_words(one), one.needed() ? Ink::bold : Ink::plain,
                            Text{}, one.because);
        if (what_ifs.branches_left_out > 0)
            out += hanging("    ",
                           say("{0} more steps were not tried", "另有 {0} 个步骤未尝试",
                               what_ifs.branches_left_out)
                               .in(style.lang),
                           style);
        out += '\n';
    }
    return out;
}

}  // namespace report
