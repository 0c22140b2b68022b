#include "sim/steps/actions.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/base/variant.h"
#include "sim/steps/target.h"

namespace sim {
namespace {

using core::NodeId;
using scenario::StepNumber;
using trace::StepOutcome;

void add_remark(StepOutcome& outcome, std::string_view en, std::string_view zh) {
    const bool first = outcome.remark.empty();
    outcome.remark.en.append(first ? "" : "; ").append(en);
    outcome.remark.zh.append(first ? "" : "；").append(zh);
}

KeepRule keep_rule(const scenario::Keep& keep) {
    KeepRule rule;
    switch (keep.kind) {
        case scenario::KeepKind::none:
            rule.kind = KeepRule::Kind::none;
            break;
        case scenario::KeepKind::all:
            rule.kind = KeepRule::Kind::all;
            break;
        case scenario::KeepKind::random:
            rule.kind = KeepRule::Kind::random;
            break;
        case scenario::KeepKind::from_offset:
            rule.kind = KeepRule::Kind::from_offset;
            rule.offset = core::Offset(keep.offset);
            break;
    }
    return rule;
}

}  // namespace

Actions::Actions(const scenario::Scenario& scenario, std::uint64_t seed,
                 const trace::ClusterView& view, World& world)
    : scenario_(scenario),
      seed_(seed),
      view_(view),
      world_(world),
      effects_(scenario.steps.size()) {}

std::vector<NodeId> Actions::resolve_target(const scenario::Target& target, StepNumber step,
                                            std::uint32_t firing) {
    const std::uint64_t draw = core::keyed_draw(seed_, core::Purpose::step_pick,
                                                {core::text_key(scenario_.steps[step].id), firing});
    return resolve(target, scenario_, view_, world_, draw);
}

void Actions::record(const std::vector<NodeId>& nodes, StepOutcome& outcome) const {
    for (NodeId node : nodes) {
        auto& list = node.value() >= core::kFirstClientId ? outcome.clients : outcome.brokers;
        if (std::find(list.begin(), list.end(), node) == list.end()) list.push_back(node);
    }
}

void Actions::was_down(StepOutcome& outcome, NodeId node) const {
    add_remark(outcome, scenario_.node_name(node) + " was down already",
               scenario_.node_name(node) + " 早已停机");
}

void Actions::remember_down(NodeId node, StepNumber step) {
    effects_[step].down.push_back(Down{node, episodes_[node]});
}

bool Actions::paused_by_another(NodeId node, StepNumber step) const {
    for (StepNumber other = 0; other < effects_.size(); ++other) {
        const auto& paused = effects_[other].paused;
        if (other != step && std::find(paused.begin(), paused.end(), node) != paused.end())
            return true;
    }
    return false;
}

bool Actions::crash(const scenario::CrashAction& action, StepNumber step, std::uint32_t firing,
                    StepOutcome& outcome) {
    const auto nodes = resolve_target(action.target, step, firing);
    record(nodes, outcome);
    const InFlightFate fate =
        action.in_flight == scenario::InFlight::drop ? InFlightFate::drop : InFlightFate::deliver;
    KeepRule keep = keep_rule(action.keep);
    for (const auto& exception : action.keep_of)
        keep.partitions.emplace_back(exception.partition, keep_rule(exception.keep));
    for (NodeId node : nodes) {
        const std::uint64_t draw =
            core::keyed_draw(seed_, core::Purpose::crash_keep,
                             {core::text_key(scenario_.steps[step].id), firing,
                              static_cast<std::uint64_t>(node.value())});
        const bool done = action.kind == scenario::CrashKind::host
                              ? world_.crash_host(node, keep, fate, draw)
                              : world_.crash_process(node, fate);
        if (done)
            remember_down(node, step);
        else
            was_down(outcome, node);
    }
    return !nodes.empty();
}

bool Actions::stop(const scenario::Target& target, StepNumber step, std::uint32_t firing,
                   StepOutcome& outcome) {
    const auto nodes = resolve_target(target, step, firing);
    record(nodes, outcome);
    for (NodeId node : nodes) {
        if (world_.shut_down(node))
            remember_down(node, step);
        else
            was_down(outcome, node);
    }
    return !nodes.empty();
}

bool Actions::restart(const scenario::RestartAction& action, StepNumber step, std::uint32_t firing,
                      StepOutcome& outcome) {
    const auto nodes = resolve_target(action.target, step, firing);
    record(nodes, outcome);
    core::Duration down_for{0};
    if (const auto* lasting = std::get_if<scenario::Distribution>(&scenario_.steps[step].lasting))
        down_for = lasting->sample(
            core::keyed_draw(seed_, core::Purpose::step_time,
                             {core::text_key(scenario_.steps[step].id), firing, 1}));
    for (NodeId node : nodes) {
        if (world_.process(node) == ProcessState::down) {
            world_.start(node);
            continue;
        }
        world_.shut_down(node);
        awaited_.push_back(AwaitedExit{node, down_for});
    }
    return !nodes.empty();
}

bool Actions::pause(const scenario::PauseAction& action, StepNumber step, std::uint32_t firing,
                    StepOutcome& outcome) {
    const auto nodes = resolve_target(action.target, step, firing);
    record(nodes, outcome);
    for (NodeId node : nodes) {
        if (world_.process(node) == ProcessState::down) {
            was_down(outcome, node);
            continue;
        }
        world_.pause(node);
        effects_[step].paused.push_back(node);
    }
    return !nodes.empty();
}

bool Actions::partition(const scenario::PartitionAction& action, StepNumber step,
                        std::uint32_t firing, StepOutcome& outcome) {
    std::vector<LinkCut> cuts;
    if (action.from && action.to) {
        cuts.push_back(LinkCut{resolve_target(*action.from, step, firing),
                               resolve_target(*action.to, step, firing)});
    } else {
        std::vector<std::vector<NodeId>> groups;
        for (const auto& targets : action.groups) {
            std::vector<NodeId>& group = groups.emplace_back();
            for (const auto& target : targets)
                for (NodeId node : resolve_target(target, step, firing)) group.push_back(node);
        }
        for (std::size_t a = 0; a < groups.size(); ++a)
            for (std::size_t b = 0; b < groups.size(); ++b)
                if (a != b) cuts.push_back(LinkCut{groups[a], groups[b]});
    }
    for (const LinkCut& cut : cuts) {
        record(cut.from, outcome);
        record(cut.to, outcome);
        if (cut.from.empty() || cut.to.empty()) return false;
    }
    effects_[step].cuts.push_back(world_.cut(cuts));
    return true;
}

bool Actions::degrade(const scenario::DegradeAction& action, StepNumber step, std::uint32_t firing,
                      StepOutcome& outcome) {
    std::vector<LinkCut> links;
    if (action.target) {
        const std::vector<NodeId> nodes = resolve_target(*action.target, step, firing);
        std::vector<NodeId> all;
        for (const auto& broker : scenario_.cluster.brokers) all.push_back(broker.id);
        for (const auto& controller : scenario_.cluster.controllers) all.push_back(controller.id);
        for (const auto& producer : scenario_.producers) all.push_back(producer.node);
        record(nodes, outcome);
        links = {LinkCut{nodes, all}, LinkCut{all, nodes}};
    } else {
        links = {LinkCut{resolve_target(action.from.value(), step, firing),
                         resolve_target(action.to.value(), step, firing)}};
        record(links.front().from, outcome);
        record(links.front().to, outcome);
    }
    if (links.front().from.empty() || links.front().to.empty()) return false;
    effects_[step].degraded.push_back(world_.degrade(links, action.change));
    return true;
}

bool Actions::harm(const scenario::Target& target, DiskFault fault, StepNumber step,
                   std::uint32_t firing, StepOutcome& outcome) {
    fault.nodes = resolve_target(target, step, firing);
    record(fault.nodes, outcome);
    if (fault.nodes.empty()) return false;
    effects_[step].disks.push_back(world_.harm_disks(fault));
    return true;
}

/// Holds or drops messages. One that repeats puts its new rule in the place of the old one.
bool Actions::meet(const scenario::MessageChoice& messages, MessageFate fate, StepNumber step,
                   std::uint32_t firing, StepOutcome& outcome) {
    MessageFilter filter;
    filter.api = messages.api;
    filter.direction = messages.direction;
    filter.partition = messages.partition;
    filter.count = messages.count;
    const auto resolved = [&](const std::optional<scenario::Target>& target,
                              std::vector<NodeId>& out) {
        if (!target) return true;
        out = resolve_target(*target, step, firing);
        record(out, outcome);
        return !out.empty();
    };
    if (!resolved(messages.from, filter.from) || !resolved(messages.to, filter.to)) return false;
    std::optional<MessageRuleId>& rule = effects_[step].rule;
    if (rule) world_.end_messages(*rule);
    rule = world_.meet_messages(filter, fate);
    return true;
}

bool Actions::release(const scenario::ReleaseMessagesAction& action, StepOutcome& outcome) {
    const auto& rule = effects_[action.step].rule;
    if (!rule) {
        add_remark(outcome, "there was nothing left to release", "已经没有可放行的消息");
        return true;
    }
    const std::int64_t went = world_.release_messages(*rule, action.count);
    if (went == 0)
        add_remark(outcome, "nothing was held", "没有被扣留的消息");
    else if (action.count && went < *action.count)
        add_remark(outcome, core::concat("only ", went, " of ", *action.count, " were held"),
                   core::concat("被扣留的只有 ", went, " 条，不足 ", *action.count, " 条"));
    return true;
}

bool Actions::wipe(const scenario::WipeDiskAction& action, StepNumber step, std::uint32_t firing,
                   StepOutcome& outcome) {
    const auto nodes = resolve_target(action.target, step, firing);
    record(nodes, outcome);
    for (NodeId node : nodes) {
        world_.wipe_disk(node);
        remember_down(node, step);
    }
    return !nodes.empty();
}

bool Actions::alter(const scenario::AlterConfigAction& action, StepNumber step,
                    std::uint32_t firing, StepOutcome& outcome) {
    std::vector<core::ConfigRecord> changes;
    for (const auto& [key, value] : action.config) {
        if (action.topic) {
            changes.push_back(core::ConfigRecord{core::ConfigResource::topic,
                                                 core::TopicIndex(*action.topic), std::nullopt, key,
                                                 value});
            continue;
        }
        if (scenario_.kafka.elr_level > 0 && key == "min.insync.replicas") {
            add_remark(outcome, "Kafka refuses a broker's own min.insync.replicas while ELR is on",
                       "ELR 开启时 Kafka 拒绝 broker 级的 min.insync.replicas");
            continue;
        }
        for (NodeId node : resolve_target(action.target.value(), step, firing)) {
            record({node}, outcome);
            changes.push_back(
                core::ConfigRecord{core::ConfigResource::broker, std::nullopt, node, key, value});
        }
    }
    if (changes.empty()) return false;
    if (!world_.alter_config(changes)) {
        outcome.remark = {"no active controller: nothing was altered",
                          "没有活动的 controller：配置未修改"};
        return false;
    }
    return true;
}

bool Actions::perform(StepNumber step, std::uint32_t firing, StepOutcome& outcome,
                      std::optional<StepNumber>& ends) {
    return core::match(
        scenario_.steps[step].action,
        [&](const scenario::CrashAction& a) { return crash(a, step, firing, outcome); },
        [&](const scenario::ShutdownAction& a) { return stop(a.target, step, firing, outcome); },
        [&](const scenario::RestartAction& a) { return restart(a, step, firing, outcome); },
        [&](const scenario::PauseAction& a) { return pause(a, step, firing, outcome); },
        [&](const scenario::PartitionAction& a) { return partition(a, step, firing, outcome); },
        [&](const scenario::HealAction& a) {
            ends = a.step;
            if (!active(a.step))
                add_remark(outcome, "there was nothing left to heal", "已经没有可撤销的故障");
            return true;
        },
        [&](const scenario::WipeDiskAction& a) { return wipe(a, step, firing, outcome); },
        [&](const scenario::ElectLeaderAction& a) {
            if (world_.elect_leader(a.partition, a.unclean)) return true;
            outcome.remark = {"no active controller: nothing was elected",
                              "没有活动的 controller：未进行选举"};
            return false;
        },
        [&](const scenario::AlterConfigAction& a) { return alter(a, step, firing, outcome); },
        [&](const scenario::ProduceAction& a) {
            const NodeId producer = scenario_.producers[a.producer].node;
            record({producer}, outcome);
            const std::int64_t missing = world_.produce(producer, a.records);
            if (missing > 0)
                add_remark(outcome,
                           core::concat(missing, " records not produced: ",
                                        scenario_.producers[a.producer].id, " is down"),
                           core::concat(missing, " 条消息未产生：",
                                        scenario_.producers[a.producer].id, " 已停机"));
            return true;
        },
        [&](const scenario::NoteAction&) { return true; },
        [&](const scenario::HoldMessagesAction& a) {
            return meet(a.messages, MessageFate::held, step, firing, outcome);
        },
        [&](const scenario::DropMessagesAction& a) {
            return meet(a.messages, MessageFate::dropped, step, firing, outcome);
        },
        [&](const scenario::ReleaseMessagesAction& a) { return release(a, outcome); },
        [&](const scenario::DegradeAction& a) { return degrade(a, step, firing, outcome); },
        [&](const scenario::SlowDiskAction& a) {
            const DiskFault slow{DiskFault::Kind::slow, {}, a.append, a.fsync};
            return harm(a.target, slow, step, firing, outcome);
        },
        [&](const scenario::FullDiskAction& a) {
            const DiskFault full{DiskFault::Kind::full, {}, {}, {}};
            return harm(a.target, full, step, firing, outcome);
        },
        [&](const scenario::FailDiskAction& a) {
            const DiskFault failed{DiskFault::Kind::failed, {}, {}, {}};
            return harm(a.target, failed, step, firing, outcome);
        });
}

void Actions::undo(const StepEffects& effects, StepNumber step) {
    for (CutId cut : effects.cuts) world_.mend(cut);
    for (DegradeId degraded : effects.degraded) world_.restore(degraded);
    for (DiskFaultId fault : effects.disks) world_.repair(fault);
    for (NodeId node : effects.paused)
        if (!paused_by_another(node, step)) world_.resume(node);
}

std::optional<trace::MessageTally> Actions::end(StepNumber step) {
    StepEffects undone;
    std::swap(undone, effects_[step]);
    undo(undone, step);
    for (const Down& down : undone.down) {
        if (episodes_[down.node] != down.episode) continue;
        if (world_.process(down.node) == ProcessState::down)
            world_.start(down.node);
        else
            awaited_.push_back(AwaitedExit{down.node, core::Duration(0)});
    }
    if (!undone.rule) return std::nullopt;
    return world_.end_messages(*undone.rule);
}

void Actions::on_process(const trace::WorldEvent& event) {
    using trace::WorldKind;
    if (event.kind == WorldKind::process_start) ++episodes_[event.node.value()];
    if (event.kind != WorldKind::process_exit && event.kind != WorldKind::process_crash) return;
    const NodeId node = event.node.value();
    const auto awaited = std::find_if(awaited_.begin(), awaited_.end(),
                                      [&](const AwaitedExit& a) { return a.node == node; });
    if (awaited == awaited_.end()) return;
    due_starts_.push_back(DueStart{world_.now() + awaited->delay, node});
    awaited_.erase(awaited);
}

std::vector<DueStart> Actions::take_due_starts() {
    return std::exchange(due_starts_, {});
}

void Actions::end_all(std::vector<StepOutcome>& outcomes) {
    std::vector<NodeId> stays_down;
    for (StepNumber step = 0; step < effects_.size(); ++step) {
        if (std::holds_alternative<scenario::Forever>(scenario_.steps[step].lasting)) {
            for (const Down& down : effects_[step].down)
                if (episodes_[down.node] == down.episode) stays_down.push_back(down.node);
            continue;
        }
        const StepEffects undone = std::exchange(effects_[step], {});
        undo(undone, step);
        if (undone.rule) outcomes[step].messages = world_.end_messages(*undone.rule);
    }
    std::vector<NodeId> nodes;
    for (const auto& broker : scenario_.cluster.brokers) nodes.push_back(broker.id);
    for (const auto& controller : scenario_.cluster.controllers) nodes.push_back(controller.id);
    std::sort(nodes.begin(), nodes.end());
    for (NodeId node : nodes) {
        if (std::find(stays_down.begin(), stays_down.end(), node) != stays_down.end()) continue;
        const ProcessState state = world_.process(node);
        if (state == ProcessState::down)
            world_.start(node);
        else if (state == ProcessState::shutting_down)
            awaited_.push_back(AwaitedExit{node, core::Duration(0)});
    }
}

}  // namespace sim
