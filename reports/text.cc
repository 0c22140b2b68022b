#include "reports/text.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "reports/timeline.h"

namespace report {
namespace {

using core::concat;

constexpr std::size_t kMostRanges = 8;
constexpr std::size_t kMostTopics = 3;

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
    /// "  counts      " and then the text, wrapped.
    void row(std::string_view head, std::string_view text, Ink ink = Ink::plain) {
        std::string plain = padded_right(concat("  ", head), kHead);
        if (plain.back() != ' ') plain += "  ";
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
                   scenario_.kafka.elr_level > 0 ? " with ELR" : "", "   seed ", history_.seed);
        const std::size_t left = display_width(title);
        const std::size_t need = left + 3 + display_width(right);
        out_ += inked(title, Ink::bold, style_);
        out_ += need <= style_.width ? std::string(style_.width - left - display_width(right), ' ')
                                     : "\n";
        out_ += right + "\n" + hanging("", setting_line(), style_) + "\n";
    }

    std::string setting_line() const {
        std::vector<std::string> parts;
        const std::size_t brokers = scenario_.cluster.brokers.size();
        parts.push_back(concat(brokers, brokers == 1 ? " broker" : " brokers"));
        for (std::size_t t = 0; t < std::min(scenario_.topics.size(), kMostTopics); ++t) {
            const scenario::Topic& topic = scenario_.topics[t];
            const std::size_t count = topic.partitions.size();
            parts.push_back(count == 1 ? topic.name + "-0"
                                       : concat(topic.name, " ", count, " partitions"));
            parts.back() += concat(" RF ", topic.partitions.front().replicas.size());
            const auto number = static_cast<std::uint32_t>(t);
            parts.push_back("min.insync.replicas=" +
                            topic_setting(scenario_, number, "min.insync.replicas"));
            parts.push_back(concat(
                "unclean=", topic_setting(scenario_, number, "unclean.leader.election.enable")));
        }
        if (scenario_.topics.size() > kMostTopics)
            parts.push_back(concat(scenario_.topics.size() - kMostTopics, " more topics"));
        std::vector<std::string> acks;
        for (std::uint32_t p = 0; p < scenario_.producers.size(); ++p) {
            const int value = acks_of(scenario_, p);
            const std::string text = value == -1 ? "acks=all" : concat("acks=", value);
            if (std::find(acks.begin(), acks.end(), text) == acks.end()) acks.push_back(text);
        }
        parts.insert(
            parts.begin() + std::min<std::ptrdiff_t>(2, static_cast<std::ptrdiff_t>(parts.size())),
            acks.begin(), acks.end());
        return core::join(parts, "  ");
    }

    void add_timeline() {
        const Timeline timeline = timeline_of(history_, fold_, style_);
        std::size_t label_width = 10;
        for (const TimelineLine& line : timeline.lines)
            label_width =
                std::max(label_width, std::min<std::size_t>(display_width(line.label), 26));
        for (const TimelineLine& line : timeline.lines) {
            const std::string head =
                concat(clock_text(line.at), "  ", padded_right(line.label, label_width), "  ");
            std::string block = hanging(head, line.detail, style_);
            const std::size_t at = clock_text(line.at).size() + 2;
            block = block.substr(0, at) +
                    inked(block.substr(at, line.label.size()), line.ink, style_) +
                    block.substr(at + line.label.size());
            out_ += block;
            if (!line.evidence.empty())
                out_ += hanging(std::string(display_width(head), ' '), line.evidence, style_);
        }
        if (timeline.left_out > 0)
            out_ += concat("           ", timeline.left_out, " more events are not shown\n");
        out_ += '\n';
    }

    void add_verdict() {
        const Verdict verdict = judgement_.verdict;
        Ink ink = Ink::red;
        if (verdict == Verdict::kept) ink = Ink::green;
        if (verdict == Verdict::lost_unacked_only) ink = Ink::yellow;
        const std::string word(name(verdict));
        std::string line = hanging("  verdict     ", concat(word, ": ", meaning(verdict)), style_);
        const std::size_t at = kHead;
        out_ += line.substr(0, at) + inked(line.substr(at, word.size()), ink, style_) +
                line.substr(at + word.size());
        for (const std::string& reason : judgement_.inconclusive) row("", reason);
    }

    void add_counts() {
        const Measures& m = judgement_.measures;
        std::vector<std::string> parts = {concat("sent ", m.sent), concat("acked ", m.acked),
                                          concat("refused ", m.count(Fate::refused)),
                                          concat("unknown ", m.count(Fate::unknown))};
        const auto add = [&](std::string_view word, std::int64_t count) {
            if (count > 0) parts.push_back(concat(word, " ", count));
        };
        // Where acks=0 records are there, what is kept is more than what was acknowledged.
        if (m.count(Fate::kept) + m.count(Fate::lost) + m.count(Fate::stranded) != m.acked)
            add("kept", m.count(Fate::kept));
        add("ghost", m.count(Fate::ghost));
        add("stranded", m.count(Fate::stranded));
        add("twice", m.twice);
        add("thin", m.thin);
        add("reordered", m.reordered);
        row("records", core::join(parts, "   "));
    }

    std::string range_text(const LossRange& range) const {
        const auto [first, last] = range.offsets;
        return first == last ? concat(first) : concat(first, "-", last);
    }

    void add_losses() {
        const Measures& m = judgement_.measures;
        if (m.count(Fate::lost) > 0) add_lost();
        if (m.count(Fate::stranded) > 0)
            row(concat("STRANDED ", m.count(Fate::stranded)),
                history_.outcome.end == trace::RunEnd::event_cap
                    ? "acknowledged, on a disk; the run was stopped, nothing was read back"
                    : "acknowledged, out of reach at the audit, but still on a disk",
                Ink::yellow);
        if (m.count(Fate::lost) + m.count(Fate::stranded) == 0 && m.acked > 0)
            row("KEPT", "every acknowledged record is there", Ink::green);
    }

    void add_lost() {
        const Measures& m = judgement_.measures;
        row(concat("LOST ", m.count(Fate::lost)), "acknowledged, now gone: " + ranges_text(),
            Ink::red);
        std::vector<std::string_view> sentences;
        for (const LossRange& range : judgement_.loss_ranges)
            if (std::find(sentences.begin(), sentences.end(), range.sentence) == sentences.end())
                sentences.push_back(range.sentence);
        for (const std::string_view how : sentences) {
            const auto range =
                std::find_if(judgement_.loss_ranges.begin(), judgement_.loss_ranges.end(),
                             [&](const LossRange& r) { return r.sentence == how; });
            const Cause cause = range->cause;
            const std::string where =
                sentences.size() > 1 ? concat(" (", ranges_text(how), ")") : std::string();
            row("because", concat(how, where, " [", name(cause), "]"));
            const std::string setting =
                setting_that_mattered(history_, cause, range->client, range->partition);
            if (!setting.empty()) row("setting", setting);
        }
    }

    /// "orders-0 100-199, 205, orders-1 7", of all or of those that were lost in one way.
    std::string ranges_text(std::optional<std::string_view> how = std::nullopt) const {
        const bool named = !how || scenario_.partition_count() > 1;
        std::vector<LossRange> joined;
        for (const LossRange& range : judgement_.loss_ranges) {
            if (how && range.sentence != *how) continue;
            const bool joins = !joined.empty() && joined.back().partition == range.partition &&
                               range.offsets.first <= joined.back().offsets.last + 1;
            if (!joins)
                joined.push_back(range);
            else
                joined.back().offsets.last =
                    std::max(joined.back().offsets.last, range.offsets.last);
        }
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < std::min(joined.size(), kMostRanges); ++i) {
            const bool same = i > 0 && joined[i - 1].partition == joined[i].partition;
            parts.push_back(same || !named ? range_text(joined[i])
                                           : concat(scenario_.partition_name(joined[i].partition),
                                                    " ", range_text(joined[i])));
        }
        if (joined.size() > kMostRanges)
            parts.push_back(concat("and ", joined.size() - kMostRanges, " more ranges"));
        return core::join(parts, ", ");
    }

    void add_strip() {
        if (judgement_.measures.sent == 0) return;
        const std::size_t columns =
            style_.width > 60 ? std::min<std::size_t>(style_.width, 120) - 20 : 40;
        const std::string strip = fate_strip(history_, judgement_.fates, columns);
        out_ += padded_right("  fate", kHead) + "|";
        for (const char sign : strip)
            out_ += inked(std::string_view(&sign, 1), sign == 'x' ? Ink::red : Ink::plain, style_);
        out_ += "|\n";
        std::vector<std::string> legend;
        for (const Fate fate :
             {Fate::lost, Fate::stranded, Fate::ghost, Fate::unknown, Fate::refused, Fate::kept})
            if (judgement_.measures.count(fate) > 0)
                legend.push_back(concat(std::string(1, sign_of(fate)), " ", name(fate)));
        const auto sent = static_cast<std::size_t>(judgement_.measures.sent);
        if (sent > strip.size())
            legend.push_back(concat("one sign is about ", (sent + strip.size() / 2) / strip.size(),
                                    " records, the worst of them"));
        row("", core::join(legend, "   "));
    }

    void add_service() {
        const Measures& m = judgement_.measures;
        const auto gap = [](core::Duration d) {
            return d.count() == 0 ? std::string("always available") : "unavailable " + words(d);
        };
        std::string text = gap(m.unavailable_write);
        if (m.unavailable_read != m.unavailable_write)
            text += concat("   reads ", gap(m.unavailable_read));
        if (m.latency_p50)
            text += concat("   ack latency p50 ", words(*m.latency_p50), " p99 ",
                           words(*m.latency_p99));
        row("writes", text);
    }

    void add_expectations() {
        if (!judgement_.expect.empty()) {
            std::vector<std::string> held;
            for (const ExpectResult& result : judgement_.expect)
                if (result.ok) held.push_back(result.id);
            row("expect", concat(held.size(), " of ", judgement_.expect.size(), " hold   ",
                                 core::join(held, "  ")));
        }
        for (std::size_t i = 0; i < judgement_.expect.size(); ++i) {
            const ExpectResult& result = judgement_.expect[i];
            if (result.ok) continue;
            std::string text = concat(result.id, ": expected ", result.claim, ", observed ",
                                      words(result.observed));
            if (result.broken_at) {
                std::string at = clock_text(*result.broken_at);
                at.erase(0, at.find_first_not_of(' '));
                text += " at " + at;
            }
            const std::string& why = scenario_.expect[i].why.in(style_.lang);
            if (!why.empty()) text += ". " + why;
            row(result.warns_only ? "WARNING" : "FAILED", text,
                result.warns_only ? Ink::yellow : Ink::red);
        }
        for (const std::string& step : judgement_.failed_steps) row("FAILED", step, Ink::red);
        for (const FailOnResult& result : judgement_.fail_on)
            if (result.failed)
                row("FAILED",
                    concat("--fail-on ", result.what.text, ": observed ", words(result.observed)),
                    Ink::red);
    }

    void add_notes() {
        if (!scenario_.not_modelled.empty()) {
            std::vector<std::string> keys;
            for (const scenario::NotModelled& one : scenario_.not_modelled)
                if (std::find(keys.begin(), keys.end(), one.key) == keys.end())
                    keys.push_back(one.key);
            row("note", "without effect here: " + core::join(keys, ", "));
        }
        if (!history_.chronicle.complete())
            row("note", "there were more events than are kept for explanations");
    }

    void add_next() {
        out_ += '\n';
        if (!judgement_.losses.empty()) {
            const Loss& first = judgement_.losses.front();
            row("next", concat("acklab explain ", input_.arguments, " --record ",
                               record_name(scenario_, first.client, first.number)));
            row("", concat("acklab help ", name(first.how.cause)));
        } else {
            row("next", concat("acklab run ", input_.arguments, " --format json"));
        }
    }

    static constexpr std::size_t kHead = 14;

    const History& history_;
    const scenario::Scenario& scenario_;
    const Judgement& judgement_;
    const MetricsFold& fold_;
    const TextInput& input_;
    const TextStyle& style_;
    std::string out_;
};

}  // namespace

std::string run_text(const History& history, const Judgement& judgement, const MetricsFold& fold,
                     const TextInput& input) {
    return RunText(history, judgement, fold, input).make();
}

}  // namespace report
