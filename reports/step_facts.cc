#include "reports/step_facts.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "reports/expect.h"
#include "reports/step_words.h"

namespace report {
namespace {

using core::NoteKind;
using trace::WorldKind;

/// By then an election that was asked for is committed.
constexpr core::Duration kElectionTime = core::from_ms(1'000);

std::string names(const scenario::Scenario& scenario, const std::vector<core::NodeId>& list) {
    std::vector<std::string> out;
    out.reserve(list.size());
    for (const core::NodeId id : list) out.push_back(scenario.node_name(id));
    return core::join(out, " ");
}

}  // namespace

std::vector<core::NodeId> down_already(const Histories& histories, const scenario::Step& step,
                                       const std::vector<core::NodeId>& met, core::TimePoint at) {
    std::vector<core::NodeId> down;
    if (!std::holds_alternative<scenario::CrashAction>(step.action) &&
        !std::holds_alternative<scenario::PauseAction>(step.action))
        return down;
    for (const core::NodeId id : met) {
        bool runs = true;
        for (const Happening* h : histories.node(id).happenings) {
            if (h->moment.at >= at) break;
            if (h->is(WorldKind::process_crash) || h->is(WorldKind::process_exit)) runs = false;
            if (h->is(WorldKind::process_start)) runs = true;
        }
        if (!runs) down.push_back(id);
    }
    return down;
}

Text who_is_cut(const scenario::Scenario& scenario, const Histories& histories,
                const scenario::Step& step, core::TimePoint at) {
    const auto* cut = std::get_if<scenario::PartitionAction>(&step.action);
    if (cut == nullptr) return Text{};
    std::vector<Text> parts;
    const auto tell = [&](const scenario::Target& target) {
        if (!target.partition || target.pick != scenario::Pick::all) return;
        const PartitionHistory::State* state = histories.partition(*target.partition).at(at);
        if (state == nullptr) return;
        std::vector<core::NodeId> who(state->isr.begin(), state->isr.end());
        if (target.kind == scenario::TargetKind::leader_of) {
            who.clear();
            if (state->leader) who.push_back(*state->leader);
        } else if (target.kind == scenario::TargetKind::followers_of) {
            who = scenario.partition(*target.partition).replicas;
            std::erase_if(who, [&](core::NodeId id) { return state->leader == id; });
        }
        std::sort(who.begin(), who.end());
        parts.push_back(say("{0}: {1}", "{0}：{1}", target_text(scenario, target),
                            who.empty() ? say("none", "无") : same(names(scenario, who))));
    };
    if (cut->from) tell(*cut->from);
    if (cut->to) tell(*cut->to);
    for (const auto& group : cut->groups)
        for (const scenario::Target& target : group) tell(target);
    return parts.empty() ? Text{} : say("({0})", "（{0}）", joined(parts, say("; ", "；")));
}

Text outcome_of_election(const History& history, const scenario::Step& step,
                         core::TimePoint asked) {
    const auto* action = std::get_if<scenario::ElectLeaderAction>(&step.action);
    if (action == nullptr) return Text{};
    const core::TimePoint until = asked + kElectionTime;
    for (const Happening& h : history.chronicle.all()) {
        if (h.moment.at > until) break;
        if (h.moment.at < asked || h.partition != action->partition) continue;
        if (h.is(NoteKind::leader_elect)) return Text{};
    }
    return say("; no leader came of it", "；没有选出 leader");
}

std::optional<AimedRecord> aimed_at(const History& history, const scenario::Step& step,
                                    const Happening& began) {
    if (!waits_for_lonely_ack(step) || !began.acked_alone) return std::nullopt;
    const trace::BatchEntry* entry = history.ledger.find(*began.acked_alone);
    if (entry == nullptr || !entry->answered_offset()) return std::nullopt;
    const auto client =
        static_cast<std::uint32_t>(entry->tag.client.value() - core::kFirstClientId);
    return AimedRecord{entry->tag, client, entry->first_record, began.moment.at};
}

Text words(const History& history, const AimedRecord& aimed) {
    const scenario::Scenario& scenario = history.scenario;
    const trace::BatchEntry* entry = history.ledger.find(aimed.tag);
    ASSERT(entry != nullptr && entry->answered_offset() && entry->ack());
    std::vector<Text> others;
    for (const core::NodeId broker : scenario.partition(entry->partition).replicas)
        if (!LossJudge::held(*entry, broker, aimed.at))
            others.push_back(say("{0} no", "{0} 没有", scenario.node_name(broker)));
    return say("({0}, offset {1}, acked {2}{3}{4})", "（{0}，offset {1}，{2} 应答{3}{4}）",
               shown_record(scenario, aimed.client, aimed.number),
               entry->answered_offset()->value(), short_clock(entry->ack()->at),
               others.empty() ? Text{} : say("; ", "；"), joined(others, say(", ", "，")));
}

Text how_it_survived(const History& history, const AimedRecord& aimed) {
    const trace::BatchEntry* entry = history.ledger.find(aimed.tag);
    if (entry == nullptr || !entry->ack()) return Text{};
    const scenario::Scenario& scenario = history.scenario;
    const Histories histories(history.chronicle, scenario);
    const core::NodeId leader = entry->ack()->broker;
    const std::string its_name = scenario.node_name(leader);
    const std::string record = record_name(scenario, aimed.client, aimed.number);
    std::optional<trace::Copy> first;
    const auto earlier = [&](const trace::Copy& copy) {
        if (copy.broker != leader && (!first || copy.appended_at < first->appended_at))
            first = copy;
    };
    for (const trace::Copy& copy : entry->copies()) earlier(copy);
    for (const trace::LostCopy& lost : entry->lost_copies()) earlier(lost.copy);
    if (first && first->appended_at >= aimed.at &&
        !histories.node(leader).live_at(first->appended_at))
        return say("{0} was on its way when {1} failed: {2} appended it at {3}",
                   "{0} 在 {1} 出故障时已在路上：{2} 于 {3} 写入了它", record, its_name,
                   scenario.node_name(first->broker), short_clock(first->appended_at));
    for (const PartitionHistory::State& state : histories.partition(entry->partition).states) {
        if (state.at <= aimed.at || !state.clean) continue;
        if (state.leader == leader)
            return say("{0} was still on the disk of {1}, which led again at {2}",
                       "{0} 仍在 {1} 的磁盘上，它于 {2} 再次当选 leader", record, its_name,
                       short_clock(state.at));
        break;
    }
    return Text{};
}

}  // namespace report
