#include "sim/steps/target.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"

namespace sim {
namespace {

using core::NodeId;
using scenario::TargetKind;

std::vector<NodeId> all_of(const scenario::Target& target, const scenario::Scenario& scenario,
                           const trace::ClusterView& view) {
    std::vector<NodeId> nodes;
    switch (target.kind) {
        case TargetKind::broker:
        case TargetKind::controller:
        case TargetKind::producer:
            nodes.push_back(target.node.value());
            break;
        case TargetKind::all_brokers:
            for (const auto& broker : scenario.cluster.brokers) nodes.push_back(broker.id);
            break;
        case TargetKind::leader_of: {
            const auto leader = view.partition(target.partition.value()).leader;
            if (leader) nodes.push_back(*leader);
            break;
        }
        case TargetKind::followers_of: {
            const auto leader = view.partition(target.partition.value()).leader;
            for (NodeId replica : scenario.partition(target.partition.value()).replicas)
                if (replica != leader) nodes.push_back(replica);
            break;
        }
        case TargetKind::isr_of: {
            const auto& isr = view.partition(target.partition.value()).isr;
            nodes.assign(isr.begin(), isr.end());
            break;
        }
        case TargetKind::rack:
            for (const auto& broker : scenario.cluster.brokers)
                if (broker.rack == target.rack) nodes.push_back(broker.id);
            break;
        case TargetKind::active_controller:
            if (view.active_controller()) nodes.push_back(*view.active_controller());
            break;
        case TargetKind::all_controllers:
            for (const auto& controller : scenario.cluster.controllers)
                nodes.push_back(controller.id);
            break;
        case TargetKind::all_producers:
        case TargetKind::all_clients:
            for (const auto& producer : scenario.producers) nodes.push_back(producer.node);
            break;
    }
    std::sort(nodes.begin(), nodes.end());
    return nodes;
}

/// `count` of the nodes, each set equally likely: a keyed shuffle, then the first ones.
std::vector<NodeId> some(std::vector<NodeId> nodes, std::size_t count, std::uint64_t draw) {
    std::sort(nodes.begin(), nodes.end(), [&](NodeId a, NodeId b) {
        const auto key = [&](NodeId n) {
            return core::mix64(draw ^ core::mix64(static_cast<std::uint64_t>(n.value())));
        };
        return key(a) < key(b);
    });
    nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(std::min(count, nodes.size())),
                nodes.end());
    std::sort(nodes.begin(), nodes.end());
    return nodes;
}

}  // namespace

std::vector<NodeId> resolve(const scenario::Target& target, const scenario::Scenario& scenario,
                            const trace::ClusterView& view, const World& world,
                            std::uint64_t draw) {
    std::vector<NodeId> nodes = all_of(target, scenario, view);
    const std::size_t n = nodes.size();
    switch (target.pick) {
        case scenario::Pick::all:
            return nodes;
        case scenario::Pick::one:
            return some(std::move(nodes), 1, draw);
        case scenario::Pick::minority:
            return n == 0 ? nodes : some(std::move(nodes), (n - 1) / 2, draw);
        case scenario::Pick::majority:
            return n == 0 ? nodes : some(std::move(nodes), n / 2 + 1, draw);
        case scenario::Pick::lowest_leo:
        case scenario::Pick::highest_leo:
            break;
    }
    if (n == 0 || !target.partition) return nodes;
    const bool lowest = target.pick == scenario::Pick::lowest_leo;
    // The first in id order of those that end alike.
    NodeId best = nodes.front();
    for (NodeId node : nodes) {
        const auto end = world.log_end_on_disk(*target.partition, node);
        const auto best_end = world.log_end_on_disk(*target.partition, best);
        if (lowest ? end < best_end : end > best_end) best = node;
    }
    return {best};
}

}  // namespace sim
