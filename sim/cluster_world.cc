// What steps can do to the world and ask it: the World of one cluster.
#include <algorithm>

#include "core/base/assert.h"
#include "sim/cluster_state.h"

namespace sim {

ProcessState Cluster::State::process(core::NodeId node) const {
    return host(node).state();
}

bool Cluster::State::crash_process(core::NodeId node, InFlightFate in_flight) {
    return host(node).crash_process(in_flight);
}

bool Cluster::State::crash_host(core::NodeId node, const KeepRule& keep, InFlightFate in_flight,
                                std::uint64_t step_draw) {
    Host& machine = host(node);
    if (!machine.crash_host(in_flight)) return false;
    if (machine.disk() == nullptr) return true;
    for (const DiskLoss& loss : machine.disk()->power_lost(now(), keep, step_draw))
        tell({.kind = trace::WorldKind::disk_lost,
              .node = node,
              .partition = loss.partition,
              .first = loss.first,
              .end = loss.end});
    return true;
}

bool Cluster::State::start(core::NodeId node) {
    return host(node).start(kStartTime);
}

bool Cluster::State::shut_down(core::NodeId node) {
    return host(node).shut_down();
}

bool Cluster::State::pause(core::NodeId node) {
    return host(node).pause();
}

bool Cluster::State::resume(core::NodeId node) {
    return host(node).resume();
}

void Cluster::State::wipe_disk(core::NodeId node) {
    Host& machine = host(node);
    machine.crash_process(InFlightFate::deliver);
    if (machine.disk() == nullptr) return;
    machine.disk()->wipe();
    format(machine);
    tell({.kind = trace::WorldKind::disk_wiped, .node = node});
}

CutId Cluster::State::cut(std::span<const LinkCut> wanted) {
    std::vector<std::pair<HostIndex, HostIndex>> directions;
    for (const LinkCut& each : wanted)
        for (const core::NodeId from : each.from)
            for (const core::NodeId to : each.to)
                if (from != to) directions.emplace_back(host_of(from), host_of(to));
    std::sort(directions.begin(), directions.end());
    directions.erase(std::unique(directions.begin(), directions.end()), directions.end());
    for (const auto& [from, to] : directions) network->cut(from, to);
    cuts.push_back(std::move(directions));
    return CutId(static_cast<std::uint32_t>(cuts.size() - 1));
}

void Cluster::State::mend(CutId cut) {
    ASSERT(cut.value() < cuts.size());
    for (const auto& [from, to] : cuts[cut.value()]) network->mend(from, to);
    cuts[cut.value()].clear();
}

Host* Cluster::State::active_controller() {
    const auto id = cluster_view->active_controller();
    if (!id) return nullptr;
    Host& controller = host(*id);
    return controller.node() == nullptr ? nullptr : &controller;
}

bool Cluster::State::elect_leader(core::PartitionId partition, bool unclean) {
    Host* controller = active_controller();
    if (controller == nullptr) return false;
    controller->call(core::Call(core::ElectLeaders{partition, unclean}));
    return true;
}

bool Cluster::State::alter_config(const std::vector<core::ConfigRecord>& changes) {
    Host* controller = active_controller();
    if (controller == nullptr) return false;
    for (const core::ConfigRecord& change : changes) config_changes.push_back({change});
    controller->call(core::Call(core::AlterConfig{changes}));
    return true;
}

std::int64_t Cluster::State::produce(core::NodeId producer, std::int64_t wanted) {
    const auto index = static_cast<std::uint32_t>(producer.value() - core::kFirstClientId);
    return workload->produce(index, wanted);
}

void Cluster::State::wake_steps_at(core::TimePoint at) {
    kernel.schedule(std::max(at, now()), EventClass::step, Event(EventType::step_wake));
}

core::Offset Cluster::State::log_end_on_disk(core::PartitionId partition,
                                             core::NodeId broker) const {
    const SimDisk* disk = host(broker).disk();
    ASSERT(disk != nullptr);
    return disk->log_end(partition);
}

}  // namespace sim
