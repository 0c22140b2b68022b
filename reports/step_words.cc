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
    if (condition.kind == scenario::ConditionKind::gauge)
        return condition.gauge == scenario::Gauge::acked_only_on_leader;
    return std::any_of(condition.children.begin(), condition.children.end(),
                       [](const scenario::Condition& c) { return condition_waits(c); });
}

std::string target_text(const scenario::Scenario& scenario, const scenario::Target& target) {
    using scenario::TargetKind;
    const auto of_partition = [&](std::string_view what) {
        return concat(what, " of ", scenario.partition_name(target.partition.value()));
    };
    switch (target.kind) {
        case TargetKind::broker:
        case TargetKind::controller:
        case TargetKind::producer:
            return scenario.node_name(target.node.value());
        case TargetKind::all_brokers:
            return "all brokers";
        case TargetKind::leader_of:
            return of_partition("leader");
        case TargetKind::followers_of:
            return of_partition("followers");
        case TargetKind::isr_of:
            return of_partition("ISR");
        case TargetKind::rack:
            return "rack " + target.rack;
        case TargetKind::active_controller:
            return "active controller";
        case TargetKind::all_controllers:
            return "all controllers";
        case TargetKind::all_producers:
            return "all producers";
        case TargetKind::all_clients:
            return "all clients";
    }
    UNREACHABLE();
}

std::string cut_text(const scenario::Scenario& scenario, const scenario::PartitionAction& action) {
    if (action.from && action.to)
        return concat(target_text(scenario, *action.from), " -> ",
                      target_text(scenario, *action.to));
    std::vector<std::string> sides;
    for (const auto& group : action.groups) {
        std::vector<std::string> names;
        names.reserve(group.size());
        for (const scenario::Target& target : group) names.push_back(target_text(scenario, target));
        sides.push_back(core::join(names, " "));
    }
    return core::join(sides, " | ");
}

std::string lasting_text(const scenario::Step& step) {
    const auto* lasting = std::get_if<scenario::Distribution>(&step.lasting);
    if (lasting == nullptr || !lasting->is_fixed()) return "";
    return "for " + words(lasting->typical());
}

/// What the label does not say; empty where it says all.
std::string facts_of(const scenario::Scenario& scenario, const scenario::Step& step) {
    return core::match(
        step.action, [&](const scenario::PartitionAction& a) { return cut_text(scenario, a); },
        [&](const scenario::ElectLeaderAction& a) {
            return scenario.partition_name(a.partition) + (a.unclean ? ", unclean" : ", preferred");
        },
        [&](const scenario::AlterConfigAction& a) {
            std::vector<std::string> parts;
            for (const auto& [key, value] : a.config) parts.push_back(concat(key, "=", value));
            return core::join(parts, " ");
        },
        [&](const scenario::ProduceAction& a) {
            return concat(a.records, a.records == 1 ? " record" : " records");
        },
        [&](const scenario::PauseAction&) { return lasting_text(step); },
        [&](const scenario::CrashAction&) { return std::string(); },
        [&](const scenario::ShutdownAction&) { return std::string(); },
        [&](const scenario::RestartAction&) { return std::string(); },
        [&](const scenario::HealAction& a) {
            return concat("the ", scenario::name(scenario.steps[a.step].action), " ends");
        },
        [&](const scenario::WipeDiskAction&) { return std::string(); },
        [&](const scenario::NoteAction&) { return std::string(); });
}

}  // namespace

bool waits_for_lonely_ack(const scenario::Step& step) {
    const auto* when = std::get_if<scenario::WhenTrigger>(&step.trigger);
    return when != nullptr && condition_waits(when->condition);
}

std::string step_label(const scenario::Scenario& scenario, const scenario::Step& step,
                       const std::string& who) {
    return core::match(
        step.action,
        [&](const scenario::CrashAction& a) {
            const bool host = a.kind == scenario::CrashKind::host;
            return concat("FAULT  ", who, host ? " power loss" : " crash");
        },
        [&](const scenario::ShutdownAction&) { return concat("STEP   ", who, " shutdown"); },
        [&](const scenario::RestartAction&) { return concat("STEP   ", who, " restart"); },
        [&](const scenario::PauseAction&) { return concat("FAULT  ", who, " pause"); },
        [&](const scenario::PartitionAction&) { return std::string("FAULT  network cut"); },
        [&](const scenario::HealAction& a) { return concat("HEAL   ", scenario.steps[a.step].id); },
        [&](const scenario::WipeDiskAction&) { return concat("FAULT  ", who, " disk wiped"); },
        [&](const scenario::ElectLeaderAction&) { return std::string("STEP   elect leader"); },
        [&](const scenario::AlterConfigAction&) { return std::string("STEP   alter config"); },
        [&](const scenario::ProduceAction& a) {
            return concat("SEND   ", scenario.producers[a.producer].id);
        },
        [&](const scenario::NoteAction&) { return std::string("NOTE"); });
}

std::string step_detail(const scenario::Scenario& scenario, const scenario::Step& step,
                        std::string_view lang) {
    if (waits_for_lonely_ack(step) && (lang == "en" || step.title.zh.empty()))
        return "an acknowledged record existed only on the leader";
    const std::string& title = step.title.in(lang);
    const std::string facts = facts_of(scenario, step);
    if (title.empty()) return facts.empty() ? step.id : facts;
    return facts.empty() ? title : concat(title, " (", facts, ")");
}

}  // namespace report
