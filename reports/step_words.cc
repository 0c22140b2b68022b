#include "reports/step_words.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/base/variant.h"
#include "reports/expect.h"

namespace report {
namespace {

using core::concat;

bool condition_waits(const scenario::Condition& condition) {
    if (condition.kind == scenario::ConditionKind::negation) return false;
    if (condition.kind == scenario::ConditionKind::gauge)
        return condition.gauge == scenario::Gauge::acked_only_on_leader;
    return std::any_of(condition.children.begin(), condition.children.end(),
                       [](const scenario::Condition& c) { return condition_waits(c); });
}

}  // namespace

Text target_text(const scenario::Scenario& scenario, const scenario::Target& target) {
    using scenario::TargetKind;
    const auto of_partition = [&](std::string_view what) {
        return say("{0} of {1}", "{1} 的 {0}", what,
                   scenario.partition_name(target.partition.value()));
    };
    switch (target.kind) {
        case TargetKind::broker:
        case TargetKind::controller:
        case TargetKind::producer:
            return same(scenario.node_name(target.node.value()));
        case TargetKind::all_brokers:
            return say("all brokers", "全部 broker");
        case TargetKind::leader_of:
            return of_partition("leader");
        case TargetKind::followers_of:
            return say("followers of {0}", "{0} 的 follower",
                       scenario.partition_name(target.partition.value()));
        case TargetKind::isr_of:
            return of_partition("ISR");
        case TargetKind::rack:
            return say("rack {0}", "机架 {0}", target.rack);
        case TargetKind::active_controller:
            return say("active controller", "活动的 controller");
        case TargetKind::all_controllers:
            return say("all controllers", "全部 controller");
        case TargetKind::all_producers:
            return say("all producers", "全部生产者");
        case TargetKind::all_clients:
            return say("all clients", "全部客户端");
    }
    UNREACHABLE();
}

Text cut_text(const scenario::Scenario& scenario, const scenario::PartitionAction& action) {
    if (action.from && action.to)
        return say("{0} -> {1}", "{0} -> {1}", target_text(scenario, *action.from),
                   target_text(scenario, *action.to));
    std::vector<Text> sides;
    for (const auto& group : action.groups) {
        std::vector<Text> names;
        names.reserve(group.size());
        for (const scenario::Target& target : group) names.push_back(target_text(scenario, target));
        sides.push_back(joined(names, say(", ", "，")));
    }
    return joined(sides, same(" | "));
}

namespace {

/// "Fetch requests, asked by b2".
Text messages_text(const scenario::Scenario& scenario, const scenario::MessageChoice& messages) {
    using scenario::Direction;
    const bool one = messages.count == 1;
    Text text = messages.direction == Direction::request
                    ? one ? say("request", "请求") : say("requests", "请求")
                : messages.direction == Direction::response
                    ? one ? say("response", "响应") : say("responses", "响应")
                : one ? say("message", "消息")
                      : say("messages", "消息");
    if (messages.api) text = say("{0} {1}", "{0} {1}", scenario::name(*messages.api), text);
    if (messages.count)
        text = one ? say("the first {0}", "第一条 {0}", text)
                   : say("the first {0} {1}", "前 {0} 条 {1}", *messages.count, text);
    if (messages.partition)
        text = say("{0} for {1}", "{1} 的 {0}", text, scenario.partition_name(*messages.partition));
    if (messages.from)
        text = say("{0}, asked by {1}", "{0}，由 {1} 请求", text,
                   target_text(scenario, *messages.from));
    if (messages.to)
        text = say("{0}, answered by {1}", "{0}，由 {1} 应答", text,
                   target_text(scenario, *messages.to));
    return text;
}

Text degrade_text(const scenario::Scenario& scenario, const scenario::DegradeAction& action) {
    std::vector<Text> parts;
    if (action.target)
        parts.push_back(say("links of {0}", "{0} 的链路", target_text(scenario, *action.target)));
    else
        parts.push_back(say("{0} -> {1}", "{0} -> {1}", target_text(scenario, action.from.value()),
                            target_text(scenario, action.to.value())));
    const scenario::LinkChange& change = action.change;
    if (change.latency)
        parts.push_back(say("latency {0}", "时延 {0}", words(change.latency->typical())));
    if (change.loss)
        parts.push_back(
            say("loss {0}/{1}", "丢包 {0}/{1}", change.loss->numerator, change.loss->denominator));
    if (change.bytes_per_second)
        parts.push_back(say("{0} B/s", "{0} B/s", *change.bytes_per_second));
    return joined(parts, say(", ", "，"));
}

Text slow_text(const scenario::SlowDiskAction& action) {
    std::vector<Text> parts;
    if (action.append)
        parts.push_back(say("append {0}", "追加 {0}", words(action.append->typical())));
    if (action.fsync)
        parts.push_back(say("fsync {0}", "fsync {0}", words(action.fsync->typical())));
    return joined(parts, say(", ", "，"));
}

Text lasting_text(const scenario::Step& step) {
    const auto* lasting = std::get_if<scenario::Distribution>(&step.lasting);
    if (lasting == nullptr || !lasting->is_fixed()) return Text{};
    return say("for {0}", "持续 {0}", words(lasting->typical()));
}

/// What a step that can be undone did.
std::string_view chinese(const scenario::Action& action) {
    if (std::holds_alternative<scenario::PartitionAction>(action)) return "断网";
    if (std::holds_alternative<scenario::PauseAction>(action)) return "暂停";
    if (std::holds_alternative<scenario::CrashAction>(action)) return "宕机";
    if (std::holds_alternative<scenario::ShutdownAction>(action)) return "关闭";
    if (std::holds_alternative<scenario::HoldMessagesAction>(action)) return "扣留";
    if (std::holds_alternative<scenario::DropMessagesAction>(action)) return "丢失";
    return "故障";
}

/// What the label does not say; empty where it says all.
Text facts_of(const scenario::Scenario& scenario, const scenario::Step& step) {
    return core::match(
        step.action, [&](const scenario::PartitionAction& a) { return cut_text(scenario, a); },
        [&](const scenario::ElectLeaderAction& a) {
            const std::string partition = scenario.partition_name(a.partition);
            return a.unclean ? say("{0}, unclean", "{0}，unclean", partition)
                             : say("{0}, preferred", "{0}，preferred", partition);
        },
        [&](const scenario::AlterConfigAction& a) {
            std::vector<std::string> parts;
            for (const auto& [key, value] : a.config) parts.push_back(concat(key, "=", value));
            return same(core::join(parts, " "));
        },
        [&](const scenario::ProduceAction& a) {
            return a.records == 1 ? say("1 record", "1 条消息")
                                  : say("{0} records", "{0} 条消息", a.records);
        },
        [&](const scenario::PauseAction&) { return lasting_text(step); },
        [&](const scenario::CrashAction&) { return Text{}; },
        [&](const scenario::ShutdownAction&) { return Text{}; },
        [&](const scenario::RestartAction&) { return Text{}; },
        [&](const scenario::HealAction& a) {
            const scenario::Action& healed = scenario.steps[a.step].action;
            return say("the {0} ends", "{0}结束",
                       Text{std::string(scenario::name(healed)), std::string(chinese(healed))});
        },
        [&](const scenario::WipeDiskAction&) { return Text{}; },
        [&](const scenario::NoteAction&) { return Text{}; },
        [&](const scenario::HoldMessagesAction& a) { return messages_text(scenario, a.messages); },
        [&](const scenario::DropMessagesAction& a) { return messages_text(scenario, a.messages); },
        [&](const scenario::ReleaseMessagesAction& a) {
            const std::string& held = scenario.steps[a.step].id;
            return a.count ? say("{0} of {1}", "{1} 的 {0} 条", *a.count, held)
                           : say("all of {0}", "{0} 的全部", held);
        },
        [&](const scenario::DegradeAction& a) { return degrade_text(scenario, a); },
        [&](const scenario::SlowDiskAction& a) { return slow_text(a); },
        [&](const scenario::FullDiskAction&) { return lasting_text(step); },
        [&](const scenario::FailDiskAction&) { return lasting_text(step); });
}

}  // namespace

bool waits_for_lonely_ack(const scenario::Step& step) {
    const auto* when = std::get_if<scenario::WhenTrigger>(&step.trigger);
    return when != nullptr && condition_waits(when->condition);
}

Text step_label(const scenario::Scenario& scenario, const scenario::Step& step,
                const std::string& who) {
    return core::match(
        step.action,
        [&](const scenario::CrashAction& a) {
            return a.kind == scenario::CrashKind::host
                       ? say("FAULT  {0} power loss", "故障   {0} 断电", who)
                       : say("FAULT  {0} crash", "故障   {0} 宕机", who);
        },
        [&](const scenario::ShutdownAction&) {
            return say("STEP   {0} shutdown", "步骤   {0} 关闭", who);
        },
        [&](const scenario::RestartAction&) {
            return say("STEP   {0} restart", "步骤   {0} 重启", who);
        },
        [&](const scenario::PauseAction&) {
            return say("FAULT  {0} pause", "故障   {0} 暂停", who);
        },
        [&](const scenario::PartitionAction&) { return say("FAULT  network cut", "故障   断网"); },
        [&](const scenario::HealAction& a) {
            return say("HEAL   {0}", "撤销   {0}", scenario.steps[a.step].id);
        },
        [&](const scenario::WipeDiskAction&) {
            return say("FAULT  {0} disk wiped", "故障   {0} 磁盘清空", who);
        },
        [&](const scenario::ElectLeaderAction&) {
            return say("STEP   elect leader", "步骤   选举 leader");
        },
        [&](const scenario::AlterConfigAction&) {
            return say("STEP   alter config", "步骤   修改配置");
        },
        [&](const scenario::ProduceAction& a) {
            return say("SEND   {0}", "发送   {0}", scenario.producers[a.producer].id);
        },
        [&](const scenario::NoteAction&) { return say("NOTE", "标记"); },
        [&](const scenario::HoldMessagesAction&) {
            return say("FAULT  messages held", "故障   扣留消息");
        },
        [&](const scenario::DropMessagesAction&) {
            return say("FAULT  messages lost", "故障   丢失消息");
        },
        [&](const scenario::ReleaseMessagesAction&) {
            return say("STEP   messages let go", "步骤   放行消息");
        },
        [&](const scenario::DegradeAction&) {
            return say("FAULT  network worse", "故障   网络变差");
        },
        [&](const scenario::SlowDiskAction&) {
            return say("FAULT  {0} disk slow", "故障   {0} 磁盘变慢", who);
        },
        [&](const scenario::FullDiskAction&) {
            return say("FAULT  {0} disk full", "故障   {0} 磁盘写满", who);
        },
        [&](const scenario::FailDiskAction&) {
            return say("FAULT  {0} disk fails", "故障   {0} 磁盘故障", who);
        });
}

Text step_detail(const scenario::Scenario& scenario, const scenario::Step& step, bool came) {
    const bool waited = waits_for_lonely_ack(step);
    if (waited && came)
        return say("an acknowledged record existed only on the leader",
                   "有一条已应答的消息只存在于 leader");
    const Text facts = facts_of(scenario, step);
    Text text = same(step.id);
    if (!step.title.empty()) text = Text{step.title.in("en"), step.title.in("zh")};
    if (!facts.empty())
        text = step.title.empty() ? facts : say("{0} ({1})", "{0}（{1}）", text, facts);
    if (waited)
        text += say("; no acknowledged record was only on the leader then",
                    "；当时没有已应答的消息只存在于 leader");
    return text;
}

Text tally_text(const scenario::Step& step, const trace::StepOutcome& outcome) {
    const trace::MessageTally tally = outcome.messages.value_or(trace::MessageTally{});
    if (std::holds_alternative<scenario::DropMessagesAction>(step.action))
        return say("{0} ends: {1} lost", "{0} 结束：丢失 {1}", step.id, tally.met);
    return say("{0} ends: {1} held, {2} arrived, {3} gone",
               "{0} 结束：扣留 {1}，到达 {2}，丢失 {3}", step.id, tally.met, tally.arrived,
               tally.gone);
}

Text exit_text(std::int64_t why) {
    switch (why) {
        case 0:
            return say("its shutdown is complete", "关闭完成");
        case 1:
            return say("it gives up: the controller never accepted it",
                       "放弃启动：controller 一直没有接纳它");
        case 2:
            return say("it gives up: its disk fails", "放弃启动：磁盘故障");
        default:
            return say("its process ends", "进程结束");
    }
}

}  // namespace report
