#include "reports/verdict.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"

namespace report {

std::string_view name(Verdict verdict) {
    switch (verdict) {
        case Verdict::inconclusive:
            return "inconclusive";
        case Verdict::diverged:
            return "diverged";
        case Verdict::lost_acked:
            return "lost-acked";
        case Verdict::unavailable:
            return "unavailable";
        case Verdict::lost_unacked_only:
            return "lost-unacked-only";
        case Verdict::kept:
            return "kept";
    }
    UNREACHABLE();
}

Text meaning(Verdict verdict) {
    switch (verdict) {
        case Verdict::inconclusive:
            return say("a trigger never fired, a target did not exist, or the event cap was hit",
                       "有触发条件从未出现、目标不存在，或达到了事件上限");
        case Verdict::diverged:
            return say("a replica differs from the leader at an offset which both hold",
                       "有副本在双方都持有的 offset 上与 leader 不同");
        case Verdict::lost_acked:
            return say("acknowledged records are gone", "有已应答的消息不见了");
        case Verdict::unavailable:
            return say("acknowledged records are out of reach but on a disk",
                       "有已应答的消息读不到，但仍在磁盘上");
        case Verdict::lost_unacked_only:
            return say("only records that were never promised are absent",
                       "缺少的只是从未承诺过的消息");
        case Verdict::kept:
            return say("every record is there", "所有消息都在");
    }
    UNREACHABLE();
}

namespace {

std::string_view chinese(Verdict verdict) {
    switch (verdict) {
        case Verdict::inconclusive:
            return "无结论";
        case Verdict::diverged:
            return "副本分歧";
        case Verdict::lost_acked:
            return "丢失已应答消息";
        case Verdict::unavailable:
            return "不可用";
        case Verdict::lost_unacked_only:
            return "仅未承诺者缺失";
        case Verdict::kept:
            return "全部保住";
    }
    UNREACHABLE();
}

}  // namespace

Text words(Verdict verdict) {
    return Text{std::string(name(verdict)),
                core::concat(chinese(verdict), "（", name(verdict), "）")};
}

std::optional<Verdict> find_verdict(std::string_view word) {
    for (int i = 0; i < kVerdicts; ++i)
        if (name(static_cast<Verdict>(i)) == word) return static_cast<Verdict>(i);
    return std::nullopt;
}

namespace {

scenario::OnTimeout on_timeout_of(const scenario::Step& step) {
    if (const auto* when = std::get_if<scenario::WhenTrigger>(&step.trigger))
        return when->on_timeout;
    return scenario::OnTimeout::inconclusive;
}

/// Sentences about steps that did not fire and whose onTimeout is `wanted`.
std::vector<Text> unfired(const History& history, scenario::OnTimeout wanted) {
    std::vector<Text> out;
    const auto& steps = history.outcome.steps;
    for (std::size_t i = 0; i < std::min(steps.size(), history.scenario.steps.size()); ++i) {
        if (steps[i].fired || on_timeout_of(history.scenario.steps[i]) != wanted) continue;
        Text text = say("step {0} never fired", "步骤 {0} 从未触发", steps[i].id);
        if (!steps[i].remark.empty()) text += say(": {0}", "：{0}", text_of(steps[i].remark));
        out.push_back(std::move(text));
    }
    return out;
}

}  // namespace

std::vector<Text> reasons_inconclusive(const History& history) {
    std::vector<Text> reasons = unfired(history, scenario::OnTimeout::inconclusive);
    if (history.outcome.end == trace::RunEnd::event_cap)
        reasons.push_back(say("the run was stopped after {0} events (run.maxEvents)",
                              "运行在 {0} 个事件后被停止（run.maxEvents）",
                              history.outcome.events));
    return reasons;
}

std::vector<Text> failed_steps(const History& history) {
    return unfired(history, scenario::OnTimeout::fail);
}

Verdict judge_verdict(const Measures& whole, bool inconclusive) {
    if (inconclusive) return Verdict::inconclusive;
    if (whole.replicas_divergent > 0) return Verdict::diverged;
    if (whole.count(Fate::lost) > 0) return Verdict::lost_acked;
    if (whole.count(Fate::stranded) > 0) return Verdict::unavailable;
    if (whole.count(Fate::refused) > 0 || whole.count(Fate::unknown) > 0)
        return Verdict::lost_unacked_only;
    return Verdict::kept;
}

}  // namespace report
