#include "reports/counterfactual.h"

#include <algorithm>
#include <tuple>

#include "core/base/assert.h"
#include "reports/expect.h"

namespace report {
namespace {

using trace::BatchEntry;

/// A difference of latency that is worth a word.
constexpr core::Duration kLeastLatency{100'000};
/// A difference of time without writes that is.
constexpr core::Duration kLeastOutage = core::from_ms(100);
/// A partition without a leader for so long is worth a word.
constexpr core::Duration kLongWait = core::from_ms(1'000);

/// What happened to one record in one run, in words.
class Teller {
  public:
    Teller(const JudgedRun& run, std::uint32_t client, core::RecordNumber number)
        : run_(run),
          scenario_(run.history.scenario),
          client_(client),
          number_(number),
          entry_(run.history.ledger.batch_of(client, number)) {}

    Text kept() const {
        Text text = promise();
        const PartitionHistory::State* next = next_leadership();
        if (next == nullptr) {
            text += say("; nobody else leads after that", "；之后 leader 未再变动");
            return text;
        }
        const std::string leader = node(*next->leader);
        const core::Duration waited = leaderless_before(*next);
        if (waited >= kLongWait)
            text +=
                say("; the partition waits {0} without a leader, until {1}, which has it, leads",
                    "；分区在 {0} 内没有 leader，直到持有该消息的 {1} 当选", words(waited), leader);
        else if (LossJudge::held(*entry_, *next->leader, next->at))
            text += say("; {0}, which leads from {1} on, has it",
                        "；{1} 起担任 leader 的 {0} 持有该消息", leader, short_clock(next->at));
        return text;
    }

    Text lost() const {
        const Loss* loss = find_loss(run_.judgement, client_, number_);
        ASSERT(loss != nullptr);
        Text text = promise();
        text += say("; {0}", "；{0}", sentence(loss->how.cause, loss->how.cut_off));
        return text;
    }

    Text stranded() const {
        Text text = promise();
        text += say("; at the audit it is on a disk, and nobody can read it",
                    "；审计时它仍在磁盘上，但无法读到");
        return text;
    }

    /// Of a record that has no acknowledgement.
    Text unpromised(Fate fate) const {
        const RecordOutcome outcome = outcome_of(run_.history, client_, number_);
        const std::string& producer = scenario_.producers[client_].id;
        Text text;
        if (outcome.outcome == trace::ClientOutcome::failed) {
            text = say("{0} is told at {1} that it failed: {2}", "{0} 在 {1} 得知发送失败：{2}",
                       producer, short_clock(ended_at()), core::name(outcome.error));
            text += short_isr(ended_at());
        } else {
            text = say("{0} has no answer by the end of the run", "到运行结束时 {0} 仍未收到应答",
                       producer);
        }
        if (fate == Fate::ghost)
            text += say("; it is in the log all the same", "；但该消息仍在日志中");
        return text;
    }

  private:
    std::string node(core::NodeId id) const { return scenario_.node_name(id); }

    /// Who answered when, and who had it then.
    Text promise() const {
        if (entry_ == nullptr || !entry_->ack()) return say("it has no promise", "没有应答");
        const trace::Acknowledgement ack = *entry_->ack();
        std::vector<std::string> holders;
        for (const core::NodeId broker : ack.copies) holders.push_back(node(broker));
        std::sort(holders.begin(), holders.end());
        return say("{0} acknowledges it at {1} with copies on {2}",
                   "{0} 在 {1} 应答，当时持有副本的有 {2}", node(ack.broker),
                   short_clock(ack.answered_at),
                   holders.empty() ? std::string("-") : core::join(holders, ", "));
    }

    /// The first change of the leader after the acknowledgement that names one.
    const PartitionHistory::State* next_leadership() const {
        if (entry_ == nullptr || !entry_->ack()) return nullptr;
        const PartitionHistory& history = run_.histories.partition(entry_->partition);
        const PartitionHistory::State* before = history.at(entry_->ack()->answered_at);
        for (const PartitionHistory::State& state : history.states) {
            if (state.at <= entry_->ack()->answered_at || !state.leader) continue;
            const bool same_term = before != nullptr && before->leader == state.leader &&
                                   before->leader_epoch == state.leader_epoch;
            if (!same_term) return &state;
        }
        return nullptr;
    }

    core::Duration leaderless_before(const PartitionHistory::State& next) const {
        core::TimePoint since = next.at;
        for (const PartitionHistory::State& state :
             run_.histories.partition(entry_->partition).states) {
            if (&state == &next) break;
            if (state.leader)
                since = next.at;
            else
                since = std::min(since, state.at);
        }
        return next.at - since;
    }

    core::TimePoint ended_at() const {
        if (entry_ != nullptr) return entry_->ended_at;
        const trace::Refusal* refusal = run_.history.ledger.refusal(client_, number_);
        return refusal == nullptr ? core::TimePoint::max() : refusal->at;
    }

    /// An ISR that is too small for acks=all.
    Text short_isr(core::TimePoint at) const {
        if (entry_ == nullptr || acks_of(scenario_, client_) != -1) return Text{};
        const PartitionHistory::State* state = run_.histories.partition(entry_->partition).at(at);
        if (state == nullptr) return Text{};
        const std::string least =
            topic_setting(scenario_, scenario_.topic_of(entry_->partition), "min.insync.replicas");
        const auto needed = core::parse_int(least);
        const auto members = static_cast<std::int64_t>(state->isr.size());
        if (!needed || members >= *needed) return Text{};
        return say("; the ISR has {0} of the {1} members it needs",
                   "；ISR 只有 {0} 个成员，至少需要 {1} 个", members, least);
    }

    const JudgedRun& run_;
    const scenario::Scenario& scenario_;
    std::uint32_t client_;
    core::RecordNumber number_;
    const BatchEntry* entry_;
};

bool is_sent(const JudgedRun& run, std::uint32_t client, core::RecordNumber number) {
    return client < run.judgement.fates.size() &&
           static_cast<std::size_t>(number.value()) < run.judgement.fates[client].size();
}

Fate fate_in(const JudgedRun& run, std::uint32_t client, core::RecordNumber number) {
    return run.judgement.fates[client][static_cast<std::size_t>(number.value())].fate;
}

core::Duration more(std::optional<core::Duration> first, std::optional<core::Duration> other) {
    if (!first || !other || *other - *first < kLeastLatency) return core::Duration(0);
    return *other - *first;
}

}  // namespace

std::string_view name(Answer answer) {
    switch (answer) {
        case Answer::saved:
            return "saved";
        case Answer::not_all:
            return "saved-not-all";
        case Answer::not_promised:
            return "not-promised";
        case Answer::out_of_reach:
            return "out-of-reach";
        case Answer::lost_again:
            return "lost-again";
        case Answer::no_claim:
            return "no-claim";
        case Answer::refused:
            return "refused";
        case Answer::impossible:
            return "impossible";
    }
    UNREACHABLE();
}

Text words(Answer answer) {
    switch (answer) {
        case Answer::saved:
            return say("saved", "保住");
        case Answer::not_all:
            return say("kept, others lost", "保住，但另有丢失");
        case Answer::not_promised:
            return say("never promised", "未应答");
        case Answer::out_of_reach:
            return say("out of reach", "读不到");
        case Answer::lost_again:
            return say("lost again", "仍丢失");
        case Answer::no_claim:
            return say("no claim", "无法判断");
        case Answer::refused:
            return say("refused by Kafka", "Kafka 拒绝");
        case Answer::impossible:
            return say("not possible", "不可行");
    }
    UNREACHABLE();
}

Text words(Answer answer, std::int64_t others) {
    if (answer != Answer::not_all) return words(answer);
    return others == 1 ? say("kept, but 1 other lost", "保住，但另丢 1 条")
                       : say("kept, but {0} others lost", "保住，但另丢 {0} 条", others);
}

// ---- costs --------------------------------------------------------------------------------------

bool Cost::none() const {
    return *this == Cost{};
}

Cost cost_of(const Measures& first, const Measures& other) {
    Cost cost;
    const core::Duration outage = other.unavailable_write - first.unavailable_write;
    if (outage >= kLeastOutage) cost.unavailable = outage;
    const auto without = [](const Measures& m) {
        return m.count(Fate::refused) + m.count(Fate::ghost) + m.count(Fate::unknown);
    };
    cost.refused = std::max<std::int64_t>(0, without(other) - without(first));
    cost.p99 = more(first.latency_p99, other.latency_p99);
    cost.p50 = more(first.latency_p50, other.latency_p50);
    return cost;
}

namespace {

/// "26ms of ack latency at p50"; what follows needs not say of what.
Text words_at(std::string_view percentile, core::Duration more, bool first) {
    return first ? say("{0} of ack latency at {1}", "应答延迟 {1} 多 {0}", words(more), percentile)
                 : say("{0} at {1}", "{1} 多 {0}", words(more), percentile);
}

}  // namespace

Text words(const Cost& cost) {
    if (cost.none()) return say("costs nothing here", "在这里没有代价");
    std::vector<Text> parts;
    if (cost.unavailable.count() > 0)
        parts.push_back(say("{0} longer without a leader for writes",
                            "没有可写 leader 的时间多 {0}", words(cost.unavailable)));
    if (cost.refused > 0)
        parts.push_back(cost.refused == 1 ? say("one more record without an acknowledgement",
                                                "多 1 条消息未获应答")
                                          : say("{0} more records without an acknowledgement",
                                                "多 {0} 条消息未获应答", cost.refused));
    const Text latency = cost.p50.count() > 0 ? words_at("p50", cost.p50, true) : Text{};
    if (!latency.empty()) parts.push_back(latency);
    if (cost.p99.count() > 0) parts.push_back(words_at("p99", cost.p99, latency.empty()));
    return say("costs {0}", "代价：{0}", joined(parts, say(", ", "，")));
}

Text shown_cost(const Counterfactual& one) {
    if (!one.cost || (one.cost->none() && one.answer != Answer::saved)) return Text{};
    return words(*one.cost);
}

// ---- answers ------------------------------------------------------------------------------------

std::vector<std::size_t> missing_steps(const JudgedRun& first, const JudgedRun& other) {
    std::vector<std::size_t> missing;
    const auto& before = first.history.outcome.steps;
    const auto& after = other.history.outcome.steps;
    for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i)
        if (before[i].fired && !after[i].fired) missing.push_back(i);
    return missing;
}

std::vector<std::size_t> moved_steps(const JudgedRun& first, const JudgedRun& other) {
    std::vector<std::size_t> moved;
    const auto& before = first.history.outcome.steps;
    const auto& after = other.history.outcome.steps;
    const auto& steps = other.history.scenario.steps;
    for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
        if (!before[i].fired || !after[i].fired) continue;
        // A note does nothing, whenever it comes.
        if (i < steps.size() && std::holds_alternative<scenario::NoteAction>(steps[i].action))
            continue;
        if (before[i].at != after[i].at || before[i].brokers != after[i].brokers ||
            before[i].clients != after[i].clients)
            moved.push_back(i);
    }
    return moved;
}

Answer answer_of(const JudgedRun& first, const JudgedRun& other, std::uint32_t client,
                 core::RecordNumber number) {
    if (!missing_steps(first, other).empty() || !is_sent(other, client, number) ||
        other.history.outcome.end != trace::RunEnd::complete)
        return Answer::no_claim;
    switch (fate_in(other, client, number)) {
        case Fate::kept:
            // Without an acknowledgement (acks=0) nothing was promised.
            return outcome_of(other.history, client, number).outcome == trace::ClientOutcome::acked
                       ? Answer::saved
                       : Answer::not_promised;
        case Fate::lost:
            return Answer::lost_again;
        case Fate::stranded:
            return Answer::out_of_reach;
        case Fate::refused:
        case Fate::ghost:
        case Fate::unknown:
            return Answer::not_promised;
    }
    UNREACHABLE();
}

namespace {

/// More steps that moved are only counted.
constexpr std::size_t kMostMoved = 2;

std::string names_of(const JudgedRun& run, const std::vector<core::NodeId>& nodes) {
    std::vector<std::string> names;
    names.reserve(nodes.size());
    for (const core::NodeId node : nodes) names.push_back(run.history.scenario.node_name(node));
    return names.empty() ? "-" : core::join(names, " ");
}

Text move_of(const JudgedRun& first, const JudgedRun& other, std::size_t step) {
    const trace::StepOutcome& before = first.history.outcome.steps[step];
    const trace::StepOutcome& after = other.history.outcome.steps[step];
    Text text = same(before.id);
    if (after.at > before.at)
        text += say(" {0} later", " 晚了 {0}", words(after.at - before.at));
    else if (after.at < before.at)
        text += say(" {0} earlier", " 早了 {0}", words(before.at - after.at));
    if (before.brokers != after.brokers)
        text += say(" at {0}, not {1}", " 落在 {0} 而不是 {1}", names_of(other, after.brokers),
                    names_of(first, before.brokers));
    return text;
}

/// " (other faults: kill-leader 8.5s later)"; empty where they were the same.
Text moves(const JudgedRun& first, const JudgedRun& other) {
    const std::vector<std::size_t> moved = moved_steps(first, other);
    if (moved.empty()) return Text{};
    std::vector<Text> parts;
    for (std::size_t i = 0; i < std::min(moved.size(), kMostMoved); ++i)
        parts.push_back(move_of(first, other, moved[i]));
    if (moved.size() > kMostMoved)
        parts.push_back(say("{0} more", "另有 {0} 个步骤", moved.size() - kMostMoved));
    return say(" (not as before: {0})", "（与原来不同：{0}）", joined(parts, say(", ", "，")));
}

}  // namespace

Text because_of(const JudgedRun& first, const JudgedRun& other, std::uint32_t client,
                core::RecordNumber number, const std::vector<std::string>& pinned) {
    if (const auto missing = missing_steps(first, other); !missing.empty()) {
        const trace::StepOutcome& step = other.history.outcome.steps[missing.front()];
        Text text = say("the fault never came about: step {0} did not fire",
                        "故障没有发生：步骤 {0} 未触发", step.id);
        if (!step.remark.empty()) text += say(" ({0})", "（{0}）", text_of(step.remark));
        return text;
    }
    if (other.history.outcome.end != trace::RunEnd::complete)
        return say("that run was stopped before its end", "该次运行未完成");
    if (!is_sent(other, client, number))
        return say("the record is not sent there", "该次运行没有发送这条消息");
    const Teller teller(other, client, number);
    const Answer answer = answer_of(first, other, client, number);
    Text text;
    if (answer == Answer::saved) {
        text = teller.kept();
    } else if (answer == Answer::lost_again) {
        text = teller.lost();
    } else if (answer == Answer::out_of_reach) {
        text = teller.stranded();
    } else {
        text = teller.unpromised(fate_in(other, client, number));
    }
    if (pinned.size() == 1)
        text += say(" ({0} at the same moment as before: what it waits for never came)",
                    "（{0} 仍在原来的时刻执行：它等待的条件没有出现）", pinned.front());
    if (pinned.size() > 1)
        text += say(" ({0} at the same moments as before: what they wait for never came)",
                    "（{0} 仍在原来的时刻执行：它们等待的条件没有出现）", core::join(pinned, ", "));
    text += moves(first, other);
    return text;
}

Text refusal(const scenario::Problem& problem) {
    std::string_view zh = "该设置不被接受";
    if (problem.code == "AL301") zh = "取值不合法，Kafka 不会启动";
    if (problem.code == "AL312") zh = "delivery.timeout.ms 太短";
    if (problem.code == "AL313") zh = "副本分配不合法";
    if (problem.code.substr(0, 3) == "AL5") zh = "acklab 尚未建模";
    std::string need = problem.suggestion;
    constexpr std::string_view kNeeds = "idempotence needs ";
    if (problem.code == "AL311" && need.substr(0, kNeeds.size()) == kNeeds) {
        need = need.substr(kNeeds.size(), need.find(';') - kNeeds.size());
        need = core::concat("生产者配置冲突：幂等要求 ", need, "，两者只能留一个");
        zh = need;
    }
    const std::string why =
        problem.suggestion.empty() ? "" : core::concat(": ", problem.suggestion);
    return Text{core::concat(problem.message, why, " [", problem.code, "]"),
                core::concat(zh, "［", problem.code, "］")};
}

void sort_answers(std::vector<Counterfactual>& all) {
    const auto key = [](const Counterfactual& one) {
        const Cost cost = one.cost.value_or(Cost{});
        return std::make_tuple(one.answer, cost.unavailable, cost.refused, cost.p99, cost.p50);
    };
    std::stable_sort(all.begin(), all.end(),
                     [&](const auto& a, const auto& b) { return key(a) < key(b); });
}

const Counterfactual* cheapest(const std::vector<Counterfactual>& all) {
    if (all.empty() || all.front().answer != Answer::saved) return nullptr;
    return &all.front();
}

}  // namespace report
