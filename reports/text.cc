#include "reports/text.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "reports/run_header.h"
#include "reports/timeline.h"

namespace report {
namespace {

using core::concat;

constexpr std::size_t kMostRanges = 8;

/// How bad a fate is in a strip: higher wins.
int weight_of(Fate fate) {
    switch (fate) {
        case Fate::lost:
            return 5;
        case Fate::stranded:
            return 4;
        case Fate::ghost:
            return 3;
        case Fate::unknown:
            return 2;
        case Fate::refused:
            return 1;
        case Fate::kept:
            return 0;
    }
    UNREACHABLE();
}

}  // namespace

char sign_of(Fate fate) {
    switch (fate) {
        case Fate::lost:
            return 'x';
        case Fate::stranded:
            return '~';
        case Fate::ghost:
            return '!';
        case Fate::unknown:
            return '?';
        case Fate::refused:
            return 'r';
        case Fate::kept:
            return '.';
    }
    UNREACHABLE();
}

std::string fate_strip(const History& history, const Fates& fates, std::size_t columns) {
    struct Sent {
        core::TimePoint at;
        std::uint32_t client;
        std::size_t number;
    };
    std::vector<Sent> order;
    for (std::uint32_t c = 0; c < fates.size(); ++c)
        for (std::size_t n = 0; n < fates[c].size(); ++n)
            order.push_back(Sent{history.ledger.records(c)[n].sent_at, c, n});
    std::stable_sort(order.begin(), order.end(),
                     [](const Sent& a, const Sent& b) { return a.at < b.at; });
    const std::size_t cells = std::min(columns, order.size());
    std::string strip;
    for (std::size_t cell = 0; cell < cells; ++cell) {
        Fate worst = Fate::kept;
        const std::size_t end = (cell + 1) * order.size() / cells;
        for (std::size_t i = cell * order.size() / cells; i < end; ++i) {
            const Fate fate = fates[order[i].client][order[i].number].fate;
            if (weight_of(fate) > weight_of(worst)) worst = fate;
        }
        strip += sign_of(worst);
    }
    return strip;
}

namespace {

class RunText {
  public:
    RunText(const History& history, const Judgement& judgement, const MetricsFold& fold,
            const TextInput& input)
        : history_(history),
          scenario_(history.scenario),
          judgement_(judgement),
          fold_(fold),
          input_(input),
          style_(input.style) {}

    std::string make() {
        add_title();
        add_timeline();
        add_verdict();
        add_counts();
        add_losses();
        add_strip();
        add_service();
        add_expectations();
        add_notes();
        add_next();
        return std::move(out_);
    }

  private:
    const std::string& in(const Text& text) const { return text.in(style_.lang); }

    static std::string headed(std::string_view head) {
        std::string plain = padded_right(concat("  ", head), kHead);
        return plain.back() == ' ' ? plain : plain + "  ";
    }

    /// "  counts      " and then the text, wrapped.
    void row(const Text& head_text, const Text& row_text, Ink ink = Ink::plain) {
        const std::string& head = head_text.in(style_.lang);
        const std::string& text = row_text.in(style_.lang);
        const std::string plain = headed(head);
        std::string block = hanging(plain, text, style_);
        if (ink != Ink::plain) {
            const std::size_t begin = head.empty() ? plain.size() : 2;
            const std::size_t length = head.empty() ? text.size() : head.size();
            if (begin + length <= block.size())
                block = block.substr(0, begin) + inked(block.substr(begin, length), ink, style_) +
                        block.substr(begin + length);
        }
        out_ += block;
    }

    void add_title() {
        const std::string& title =
            scenario_.title.empty() ? scenario_.id : scenario_.title.in(style_.lang);
        const bool kraft = scenario_.kafka.profile->mode == core::ClusterMode::kraft;
        const std::string right =
            concat("Kafka ", scenario_.kafka.profile->version, kraft ? " KRaft" : " ZooKeeper",
                   in(elr_words()), "   ", in(say("seed", "种子")), " ", history_.seed);
        const std::size_t left = display_width(title);
        const std::size_t need = left + 3 + display_width(right);
        out_ += inked(title, Ink::bold, style_);
        out_ += need <= style_.width ? std::string(style_.width - left - display_width(right), ' ')
                                     : "\n";
        out_ += right + "\n" + run_header(scenario_, style_) + "\n";
    }

    /// Where it is on, and where it is off though the version has it on.
    Text elr_words() const {
        if (scenario_.kafka.elr_level > 0) return say(" with ELR", "（含 ELR）");
        return scenario_.kafka.profile->elr_default_on ? say(" without ELR", "（不含 ELR）")
                                                       : Text{};
    }

    void add_timeline() {
        const Timeline timeline = timeline_of(history_, fold_);
        aimed_ = timeline.aimed;
        std::size_t label_width = 10;
        for (const TimelineLine& line : timeline.lines)
            label_width =
                std::max(label_width, std::min<std::size_t>(display_width(in(line.label)), 26));
        for (const TimelineLine& line : timeline.lines) {
            const std::string& label = in(line.label);
            const std::string head =
                concat(clock_text(line.at), "  ", padded_right(label, label_width), "  ");
            std::string block = hanging(head, in(line.detail), style_);
            const std::size_t at = clock_text(line.at).size() + 2;
            block = block.substr(0, at) + inked(block.substr(at, label.size()), line.ink, style_) +
                    block.substr(at + label.size());
            out_ += block;
            if (!line.evidence.empty())
                out_ += hanging(std::string(display_width(head), ' '), in(line.evidence), style_);
        }
        if (timeline.left_out > 0)
            out_ += concat("           ",
                           in(say("{0} more events are not shown", "另有 {0} 个事件未显示",
                                  timeline.left_out)),
                           "\n");
        out_ += '\n';
    }

    void add_verdict() {
        const Verdict verdict = judgement_.verdict;
        Ink ink = Ink::red;
        if (verdict == Verdict::kept) ink = Ink::green;
        if (verdict == Verdict::lost_unacked_only) ink = Ink::yellow;
        const std::string word = in(words(verdict));
        const std::string head = headed(in(say("verdict", "判定")));
        const Text text = say("{0}: {1}", "{0}：{1}", words(verdict), meaning(verdict));
        const std::string line = hanging(head, in(text), style_);
        const std::size_t at = head.size();
        out_ += line.substr(0, at) + inked(line.substr(at, word.size()), ink, style_) +
                line.substr(at + word.size());
        for (const Text& reason : judgement_.inconclusive) row(Text{}, reason);
    }

    void add_counts() {
        const Measures& m = judgement_.measures;
        std::vector<Text> parts = {say("sent {0}", "已发送 {0}", m.sent),
                                   say("acked {0}", "已应答 {0}", m.acked),
                                   say("refused {0}", "被拒 {0}", m.count(Fate::refused)),
                                   say("unknown {0}", "未知 {0}", m.count(Fate::unknown))};
        const auto add = [&](const Text& word, std::int64_t count) {
            if (count > 0) parts.push_back(say("{0} {1}", "{0} {1}", word, count));
        };
        // Where acks=0 records are there, what is kept is more than what was acknowledged.
        if (m.count(Fate::kept) + m.count(Fate::lost) + m.count(Fate::stranded) != m.acked)
            add(words(Fate::kept), m.count(Fate::kept));
        add(words(Fate::ghost), m.count(Fate::ghost));
        add(words(Fate::stranded), m.count(Fate::stranded));
        add(say("twice", "重复"), m.twice);
        add(say("thin", "副本不足"), m.thin);
        add(say("reordered", "乱序"), m.reordered);
        row(say("records", "消息"), joined(parts, same("   ")));
    }

    /// True if a step hit an acknowledged record that only its leader had, and it is there.
    bool is_aimed_kept() const {
        return aimed_ &&
               judgement_.fates[aimed_->client][static_cast<std::size_t>(aimed_->number.value())]
                       .fate == Fate::kept;
    }

    std::string range_text(const LossRange& range) const {
        const auto [first, last] = range.offsets;
        return first == last ? concat(first) : concat(first, "-", last);
    }

    void add_losses() {
        const Measures& m = judgement_.measures;
        if (m.count(Fate::lost) > 0) add_lost();
        if (m.count(Fate::stranded) > 0)
            row(say("STRANDED {0}", "读不到 {0}", m.count(Fate::stranded)),
                history_.outcome.end == trace::RunEnd::event_cap
                    ? say("acknowledged, on a disk; the run was stopped, nothing was read back",
                          "已应答，在磁盘上；运行被中止，没有读回任何消息")
                    : say("acknowledged, out of reach at the audit, but still on a disk",
                          "已应答，审计时读不到，但仍在磁盘上"),
                Ink::yellow);
        if (m.count(Fate::lost) + m.count(Fate::stranded) == 0 && m.acked > 0)
            row(say("KEPT", "保住"),
                say("every acknowledged record is there", "所有已应答的消息都在"), Ink::green);
        if (is_aimed_kept()) {
            const Text how = how_it_survived(history_, *aimed_);
            if (!how.empty()) row(Text{}, how);
        }
    }

    void add_lost() {
        const Measures& m = judgement_.measures;
        row(say("LOST {0}", "丢失 {0}", m.count(Fate::lost)),
            say("acknowledged, now gone: {0}", "已应答、现已不在：{0}", ranges_text()), Ink::red);
        using How = std::pair<Cause, bool>;
        std::vector<How> hows;
        for (const LossRange& range : judgement_.loss_ranges)
            if (std::find(hows.begin(), hows.end(), How(range.cause, range.cut_off)) == hows.end())
                hows.emplace_back(range.cause, range.cut_off);
        for (const auto& [cause, cut_off] : hows) {
            const auto range =
                std::find_if(judgement_.loss_ranges.begin(), judgement_.loss_ranges.end(),
                             [how = How(cause, cut_off)](const LossRange& r) {
                                 return How(r.cause, r.cut_off) == how;
                             });
            const Text where =
                hows.size() > 1 ? say(" ({0})", "（{0}）", ranges_text(&*range)) : Text{};
            row(say("because", "原因"),
                say("{0}{1} [{2}]", "{0}{1}［{2}］", sentence(cause, cut_off), where, name(cause)));
            const Text setting =
                setting_that_mattered(history_, cause, range->client, range->partition);
            if (!setting.empty()) row(say("setting", "相关配置"), setting);
        }
    }

    /// "orders-0 100-199, 205, orders-1 7", of all or of those that were lost in the way of one.
    Text ranges_text(const LossRange* how = nullptr) const {
        const bool named = how == nullptr || scenario_.partition_count() > 1;
        std::vector<LossRange> together;
        for (const LossRange& range : judgement_.loss_ranges) {
            if (how != nullptr && (range.cause != how->cause || range.cut_off != how->cut_off))
                continue;
            const bool joins = !together.empty() && together.back().partition == range.partition &&
                               range.offsets.first <= together.back().offsets.last + 1;
            if (!joins)
                together.push_back(range);
            else
                together.back().offsets.last =
                    std::max(together.back().offsets.last, range.offsets.last);
        }
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < std::min(together.size(), kMostRanges); ++i) {
            const bool same = i > 0 && together[i - 1].partition == together[i].partition;
            parts.push_back(same || !named ? range_text(together[i])
                                           : concat(scenario_.partition_name(together[i].partition),
                                                    " ", range_text(together[i])));
        }
        Text text = same(core::join(parts, ", "));
        if (together.size() > kMostRanges)
            text += say(", and {0} more ranges", "，另有 {0} 段", together.size() - kMostRanges);
        return text;
    }

    void add_strip() {
        if (judgement_.measures.sent == 0) return;
        const std::size_t columns =
            style_.width > 60 ? std::min<std::size_t>(style_.width, 120) - 20 : 40;
        const std::string strip = fate_strip(history_, judgement_.fates, columns);
        out_ += headed(in(say("fate", "结局"))) + "|";
        for (const char sign : strip)
            out_ += inked(std::string_view(&sign, 1), sign == 'x' ? Ink::red : Ink::plain, style_);
        out_ += "|\n";
        std::vector<Text> legend;
        for (const Fate fate :
             {Fate::lost, Fate::stranded, Fate::ghost, Fate::unknown, Fate::refused, Fate::kept})
            if (judgement_.measures.count(fate) > 0)
                legend.push_back(
                    say("{0} {1}", "{0} {1}", std::string(1, sign_of(fate)), words(fate)));
        const auto sent = static_cast<std::size_t>(judgement_.measures.sent);
        if (sent > strip.size())
            legend.push_back(say("one sign is about {0} records, the worst of them",
                                 "每个符号约 {0} 条消息，取最坏的结局",
                                 (sent + strip.size() / 2) / strip.size()));
        row(Text{}, joined(legend, same("   ")));
    }

    void add_service() {
        const Measures& m = judgement_.measures;
        const auto gap = [](core::Duration d, const Text& what) {
            return d.count() == 0 ? say("always there for {0}", "始终可{0}", what)
                                  : say("none for {0} for {1}", "{1} 不可{0}", what, words(d));
        };
        Text text = gap(m.unavailable_write, say("writes", "写"));
        if (m.unavailable_read != m.unavailable_write)
            text += say("   {0}", "   {0}", gap(m.unavailable_read, say("reads", "读")));
        if (m.latency_p50)
            text += say("   ack latency p50 {0} p99 {1}", "   应答延迟 p50 {0} p99 {1}",
                        words(*m.latency_p50), words(*m.latency_p99));
        row(say("leaders", "leader"), text);
        add_unacknowledged(m.unavailable_write.count() == 0);
    }

    /// A leader that takes writes is no promise that they came through: what the clients saw.
    void add_unacknowledged(bool although) {
        const Measures& m = judgement_.measures;
        std::vector<Text> parts;
        const auto add = [&](std::int64_t count, const Text& what) {
            if (count > 0) parts.push_back(say("{0} {1}", "{0} 次{1}", count, what));
        };
        add(m.count(Fate::refused), say("refused", "被拒"));
        add(m.count(Fate::ghost),
            say("not acknowledged though in the log", "未获应答（却在日志里）"));
        add(m.count(Fate::unknown), say("with an unknown outcome", "结果未知"));
        if (parts.empty()) return;
        const Text seen = joined(parts, say(", ", "，"));
        row(Text{}, although ? say("but of {0} sends clients saw {1}",
                                   "但在 {0} 次发送中，客户端看到 {1}", m.sent, seen)
                             : say("of {0} sends clients saw {1}", "{0} 次发送中，客户端看到 {1}",
                                   m.sent, seen));
    }

    void add_expectations() {
        if (!judgement_.expect.empty()) {
            std::vector<std::string> held;
            for (const ExpectResult& result : judgement_.expect)
                if (result.ok) held.push_back(result.id);
            row(say("expect", "期望"),
                say("{0} of {1} hold   {2}", "{1} 项中 {0} 项成立   {2}", held.size(),
                    judgement_.expect.size(), core::join(held, "  ")));
        }
        const Text failed = say("FAILED", "未通过");
        for (std::size_t i = 0; i < judgement_.expect.size(); ++i)
            if (!judgement_.expect[i].ok) add_failed(i, failed);
        for (const Text& step : judgement_.failed_steps) row(failed, step, Ink::red);
        for (const FailOnResult& result : judgement_.fail_on)
            if (result.failed)
                row(failed,
                    say("--fail-on {0}: observed {1}", "--fail-on {0}：实际为 {1}",
                        result.what.text, shown(result.observed)),
                    Ink::red);
    }

    void add_failed(std::size_t index, const Text& failed) {
        const ExpectResult& result = judgement_.expect[index];
        const scenario::Expect& expect = scenario_.expect[index];
        Text text = say("{0}: expected {1}, observed {2}", "{0}：期望 {1}，实际为 {2}", result.id,
                        result.claim, shown(result.observed));
        if (result.broken_at) text += say(" at {0}", "（{0}）", short_clock(*result.broken_at));
        text += say(" ({0})", "（{0}）", meaning(expect.metric));
        const Text why{expect.why.in("en"), expect.why.in("zh")};
        if (!why.empty()) text += say(". {0}", "。{0}", why);
        row(result.warns_only ? say("WARNING", "警告") : failed, text,
            result.warns_only ? Ink::yellow : Ink::red);
    }

    void add_notes() {
        const Text note = say("note", "注意");
        if (!scenario_.not_modelled.empty()) {
            std::vector<std::string> keys;
            for (const scenario::NotModelled& one : scenario_.not_modelled)
                if (std::find(keys.begin(), keys.end(), one.key) == keys.end())
                    keys.push_back(one.key);
            row(note,
                say("without effect here: {0}", "在这里不起作用：{0}", core::join(keys, ", ")));
        }
        if (!history_.chronicle.complete())
            row(note, say("there were more events than are kept for explanations",
                          "事件太多，超出了为解释而保留的数量"));
    }

    void add_next() {
        out_ += '\n';
        const Text next = say("next", "下一步");
        if (!judgement_.losses.empty()) {
            const Loss& first = judgement_.losses.front();
            explain_next(next, first.client, first.number);
            row(Text{}, same(concat("acklab help ", name(first.how.cause))));
        } else if (is_aimed_kept()) {
            explain_next(next, aimed_->client, aimed_->number);
        } else if (const auto record = worth_a_look()) {
            explain_next(next, record->first, record->second);
        } else {
            command(next, concat("acklab run ", input_.arguments, " --format json"));
        }
    }

    /// A command is never broken: it is there to be pasted.
    void command(const Text& head, const std::string& text) {
        out_ += headed(head.in(style_.lang)) + text + "\n";
    }

    void explain_next(const Text& head, std::uint32_t client, core::RecordNumber number) {
        command(head, concat("acklab explain ", input_.arguments, " --record ",
                             record_name(scenario_, client, number)));
    }

    /// Of a run that lost nothing it acknowledged: the record that fared worst, the first of those.
    std::optional<std::pair<std::uint32_t, core::RecordNumber>> worth_a_look() const {
        std::optional<std::pair<std::uint32_t, core::RecordNumber>> worst;
        int weight = -1;
        for (std::uint32_t c = 0; c < judgement_.fates.size(); ++c)
            for (std::size_t n = 0; n < judgement_.fates[c].size(); ++n) {
                const int its = weight_of(judgement_.fates[c][n].fate);
                if (its <= weight) continue;
                weight = its;
                worst.emplace(c, core::RecordNumber(static_cast<std::int64_t>(n)));
            }
        return worst;
    }

    static constexpr std::size_t kHead = 14;

    const History& history_;
    const scenario::Scenario& scenario_;
    const Judgement& judgement_;
    const MetricsFold& fold_;
    const TextInput& input_;
    const TextStyle& style_;
    std::optional<AimedRecord> aimed_;
    std::string out_;
};

}  // namespace

std::string run_text(const History& history, const Judgement& judgement, const MetricsFold& fold,
                     const TextInput& input) {
    return RunText(history, judgement, fold, input).make();
}

}  // namespace report
