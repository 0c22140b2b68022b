#include <algorithm>

#include "reports/chain.h"

namespace report {
namespace {

/// What a step that closed the way back did.
Text decision_text(const History& history, const Histories& histories,
                   const trace::BatchEntry& entry, std::size_t index) {
    const scenario::Step& step = history.scenario.steps[index];
    if (std::holds_alternative<scenario::RestartAction>(step.action)) {
        const PartitionHistory::State* next = LossJudge(history, histories).overruled(entry);
        if (next != nullptr)
            return say("step {0} starts {1}, which becomes the leader without it",
                       "步骤 {0} 启动 {1}，它没有该消息却成为 leader", step.id,
                       history.scenario.node_name(*next->leader));
    }
    if (const auto* elect = std::get_if<scenario::ElectLeaderAction>(&step.action))
        return say("step {0} asks for an election, {1}, that passes it over",
                   "步骤 {0} 发起 {1} 选举，当选者没有该消息", step.id,
                   elect->unclean ? "unclean" : "preferred");
    if (std::holds_alternative<scenario::AlterConfigAction>(step.action))
        return say("step {0} changes unclean.leader.election.enable",
                   "步骤 {0} 修改 unclean.leader.election.enable", step.id);
    return say("step {0} empties a disk that held it", "步骤 {0} 清空了一块存有它的磁盘", step.id);
}

}  // namespace

Text why_no_way_back(const History& history, const Histories& histories,
                     const trace::BatchEntry& entry, const BatchLoss& loss) {
    const core::TimePoint at = loss.no_way_back_at;
    const PartitionHistory::State* state = histories.partition(entry.partition).at(at);
    const auto in_isr = [&](core::NodeId broker) {
        return state == nullptr ||
               std::find(state->isr.begin(), state->isr.end(), broker) != state->isr.end();
    };
    std::vector<Text> holders;
    for (const core::NodeId broker : history.scenario.partition(entry.partition).replicas) {
        if (!LossJudge::held(entry, broker, at)) continue;
        const Happening* stop = histories.last_stop_before(broker, at);
        const bool paused = stop != nullptr && stop->is(trace::WorldKind::process_pause);
        const std::string name = history.scenario.node_name(broker);
        if (paused)
            holders.push_back(say("{0} (stands still)", "{0}（进程暂停中）", name));
        else if (!histories.node(broker).live_at(at))
            holders.push_back(say("{0} (down)", "{0}（已停机）", name));
        else if (!in_isr(broker))
            holders.push_back(say("{0} (outside the ISR)", "{0}（不在 ISR 中）", name));
        else
            holders.push_back(same(name));
    }
    const Text only = holders.empty() ? say("no replica held a copy", "没有任何副本持有该消息")
                                      : say("only {0} held a copy", "持有该消息的只有 {0}",
                                            joined(holders, say(", ", "、")));
    if (loss.decided_by)
        return say("{0}; {1} then", "{0}；当时{1}",
                   decision_text(history, histories, entry, *loss.decided_by), only);
    if (holders.empty()) return say("{0} any more", "再也{0}", only);
    return say("{0}, and never again as a live leader or ISR member",
               "{0}，此后再也没有存活的 leader 或 ISR 成员持有它", only);
}

}  // namespace report
