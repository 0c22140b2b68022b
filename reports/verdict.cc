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

std::string_view meaning(Verdict verdict) {
    switch (verdict) {
        case Verdict::inconclusive:
            return "a trigger never fired, a target did not exist, or the event cap was hit";
        case Verdict::diverged:
            return "a replica differs from the leader at an offset which both hold";
        case Verdict::lost_acked:
            return "acknowledged records are gone";
        case Verdict::unavailable:
            return "acknowledged records are out of reach but on a disk";
        case Verdict::lost_unacked_only:
            return "only records that were never promised are absent";
        case Verdict::kept:
            return "every record is there";
    }
    UNREACHABLE();
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
std::vector<std::string> unfired(const History& history, scenario::OnTimeout wanted) {
    std::vector<std::string> out;
    const auto& steps = history.outcome.steps;
    for (std::size_t i = 0; i < std::min(steps.size(), history.scenario.steps.size()); ++i) {
        if (steps[i].fired || on_timeout_of(history.scenario.steps[i]) != wanted) continue;
        std::string text = core::concat("step ", steps[i].id, " never fired");
        if (!steps[i].remark.empty()) text += ": " + steps[i].remark;
        out.push_back(std::move(text));
    }
    return out;
}

}  // namespace

std::vector<std::string> reasons_inconclusive(const History& history) {
    std::vector<std::string> reasons = unfired(history, scenario::OnTimeout::inconclusive);
    if (history.outcome.end == trace::RunEnd::event_cap)
        reasons.push_back(core::concat("the run was stopped after ", history.outcome.events,
                                       " events (run.maxEvents)"));
    return reasons;
}

std::vector<std::string> failed_steps(const History& history) {
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
