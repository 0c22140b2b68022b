#include "sim/message_match.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/variant.h"

namespace sim {
namespace {

using core::NodeId;
using core::PartitionId;

/// Kafka's own name of an API is that of the message, but for the fetch of the controller's log.
bool is_api(scenario::Api api, const core::Message& message) {
    if (api == scenario::Api::metadata_log)
        return std::holds_alternative<core::MetadataFetchRequest>(message) ||
               std::holds_alternative<core::MetadataFetchResponse>(message);
    return scenario::name(api) == core::api_name(message);
}

bool includes(const std::vector<NodeId>& nodes, NodeId node) {
    return nodes.empty() || std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

template <class List>
bool names(const List& list, PartitionId partition) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& each) { return each.partition == partition; });
}

bool asks_for(const core::FetchRequest& fetch, PartitionId partition,
              const trace::ClusterView& view, NodeId leader) {
    if (names(fetch.partitions, partition)) return true;
    if (fetch.full || !fetch.replica) return false;
    const trace::PartitionView& committed = view.partition(partition);
    return committed.leader == leader &&
           std::find(committed.replicas.begin(), committed.replicas.end(), *fetch.replica) !=
               committed.replicas.end();
}

bool concerns(const core::Message& message, PartitionId partition, const trace::ClusterView& view,
              NodeId receiver) {
    return core::match(
        message, [&](const core::ProduceRequest& m) { return names(m.partitions, partition); },
        [&](const core::ProduceResponse& m) { return names(m.partitions, partition); },
        [&](const core::FetchRequest& m) { return asks_for(m, partition, view, receiver); },
        [&](const core::FetchResponse& m) { return names(m.partitions, partition); },
        [&](const core::ListOffsetsRequest& m) { return m.partition == partition; },
        [&](const core::ListOffsetsResponse& m) { return m.partition == partition; },
        [&](const core::AlterPartitionRequest& m) { return names(m.partitions, partition); },
        [&](const core::AlterPartitionResponse& m) { return names(m.partitions, partition); },
        [&](const core::AssignReplicasToDirsRequest& m) { return names(m.assignments, partition); },
        [&](const core::AssignReplicasToDirsResponse& m) {
            return names(m.assignments, partition);
        },
        [](const auto&) { return false; });
}

}  // namespace

bool matches(const MessageFilter& filter, const trace::ClusterView& view, NodeId sender,
             NodeId receiver, const core::Message& message) {
    if (filter.api && !is_api(*filter.api, message)) return false;
    const bool request = core::is_request(message);
    if (request && filter.direction == scenario::Direction::response) return false;
    if (!request && filter.direction == scenario::Direction::request) return false;
    if (!includes(filter.from, request ? sender : receiver)) return false;
    if (!includes(filter.to, request ? receiver : sender)) return false;
    return !filter.partition || concerns(message, *filter.partition, view, receiver);
}

}  // namespace sim
