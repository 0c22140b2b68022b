// What steps can do to the world and ask it: the World of one cluster.
#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "sim/cluster_state.h"
#include "sim/message_match.h"

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

Cluster::State::Directions Cluster::State::directions_of(std::span<const LinkCut> links) const {
    Directions directions;
    for (const LinkCut& each : links)
        for (const core::NodeId from : each.from)
            for (const core::NodeId to : each.to)
                if (from != to) directions.emplace_back(host_of(from), host_of(to));
    std::sort(directions.begin(), directions.end());
    directions.erase(std::unique(directions.begin(), directions.end()), directions.end());
    return directions;
}

CutId Cluster::State::cut(std::span<const LinkCut> wanted) {
    Directions directions = directions_of(wanted);
    for (const auto& [from, to] : directions) network->cut(from, to);
    cuts.push_back(std::move(directions));
    return CutId(static_cast<std::uint32_t>(cuts.size() - 1));
}

void Cluster::State::mend(CutId cut) {
    ASSERT(cut.value() < cuts.size());
    for (const auto& [from, to] : cuts[cut.value()]) network->mend(from, to);
    cuts[cut.value()].clear();
}

DegradeId Cluster::State::degrade(std::span<const LinkCut> links,
                                  const scenario::LinkChange& change) {
    degraded.push_back(Degraded{directions_of(links), change});
    refresh_links(Directions(degraded.back().directions));
    return DegradeId(static_cast<std::uint32_t>(degraded.size() - 1));
}

void Cluster::State::restore(DegradeId id) {
    ASSERT(id.value() < degraded.size());
    refresh_links(std::exchange(degraded[id.value()].directions, {}));
}

void Cluster::State::refresh_links(const Directions& directions) {
    for (const auto& direction : directions) {
        scenario::LinkModel model = link_model(direction.first, direction.second);
        for (const Degraded& each : degraded) {
            if (!std::binary_search(each.directions.begin(), each.directions.end(), direction))
                continue;
            if (each.change.latency) model.latency = *each.change.latency;
            if (each.change.loss) model.loss = *each.change.loss;
            if (each.change.bytes_per_second)
                model.bytes_per_second = *each.change.bytes_per_second;
        }
        network->set_link(direction.first, direction.second, model);
    }
}

DiskFaultId Cluster::State::harm_disks(const DiskFault& fault) {
    disk_faults.push_back(fault);
    refresh_disks(fault.nodes);
    return DiskFaultId(static_cast<std::uint32_t>(disk_faults.size() - 1));
}

void Cluster::State::repair(DiskFaultId id) {
    ASSERT(id.value() < disk_faults.size());
    refresh_disks(std::exchange(disk_faults[id.value()].nodes, {}));
}

void Cluster::State::refresh_disks(const std::vector<core::NodeId>& nodes) {
    for (const core::NodeId node : nodes) {
        SimDisk* disk = host(node).disk();
        if (disk == nullptr) continue;
        const scenario::BrokerSpec* broker = scenario.find_broker(node);
        scenario::DiskModel model = broker != nullptr ? broker->disk : scenario.disk;
        DiskHealth health = DiskHealth::sound;
        for (const DiskFault& fault : disk_faults) {
            if (std::find(fault.nodes.begin(), fault.nodes.end(), node) == fault.nodes.end())
                continue;
            if (fault.append) model.append = *fault.append;
            if (fault.fsync) model.fsync = *fault.fsync;
            if (fault.kind == DiskFault::Kind::full) health = std::max(health, DiskHealth::full);
            if (fault.kind == DiskFault::Kind::failed) health = DiskHealth::failed;
        }
        disk->set_model(model);
        disk->set_health(health);
    }
}

MessageRuleId Cluster::State::meet_messages(const MessageFilter& filter, MessageFate fate) {
    return network->add_rule(
        fate, filter.count,
        [this, filter](HostIndex from, HostIndex to, const core::Message& message) {
            // The reader of the audit is none of the scenario's nodes.
            if (from == reader || to == reader) return false;
            return matches(filter, *cluster_view, network->node(from), network->node(to), message);
        });
}

std::int64_t Cluster::State::release_messages(MessageRuleId rule,
                                              std::optional<std::int64_t> count) {
    return network->release_held(rule, count);
}

MessageTally Cluster::State::end_messages(MessageRuleId rule) {
    return network->remove_rule(rule);
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
