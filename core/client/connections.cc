#include "core/client/connections.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"

namespace core {

BrokerIndex Connections::index_of(NodeId broker) {
    const auto at = std::lower_bound(index_.begin(), index_.end(), broker,
                                     [](const auto& entry, NodeId id) { return entry.first < id; });
    if (at != index_.end() && at->first == broker) return at->second;
    const BrokerIndex index = count();
    index_.insert(at, {broker, index});
    channels_.emplace_back(self_, broker, seed_, options_);
    return index;
}

std::vector<BrokerIndex> Connections::indexes_of(std::span<const NodeId> brokers) {
    std::vector<BrokerIndex> result;
    result.reserve(brokers.size());
    for (const NodeId broker : brokers) result.push_back(index_of(broker));
    return result;
}

std::optional<BrokerIndex> Connections::find_owner(ConnectionId connection, NodeId peer) {
    const auto at = std::lower_bound(index_.begin(), index_.end(), peer,
                                     [](const auto& entry, NodeId id) { return entry.first < id; });
    if (at == index_.end() || at->first != peer) return std::nullopt;
    if (!channels_[at->second].owns(connection)) return std::nullopt;
    last_owner_ = at->second;
    return last_owner_;
}

std::optional<BrokerIndex> Connections::owner(ConnectionId connection) const {
    for (BrokerIndex i = 0; i < count(); ++i)
        if (channels_[i].owns(connection)) return i;
    return std::nullopt;
}

std::optional<BrokerIndex> Connections::least_loaded(TimePoint now,
                                                     std::span<const BrokerIndex> nodes,
                                                     std::uint64_t draw) const {
    ASSERT(!nodes.empty());
    std::optional<BrokerIndex> ready;
    std::optional<BrokerIndex> connecting;
    std::optional<BrokerIndex> connectable;
    const auto start = static_cast<std::size_t>(below(draw, nodes.size()));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const BrokerIndex node = nodes[(start + i) % nodes.size()];
        const Channel& candidate = channels_[node];
        if (candidate.can_send()) {
            if (candidate.in_flight() == 0) return node;
            if (!ready || candidate.in_flight() < channels_[*ready].in_flight()) ready = node;
        } else if (candidate.state() == Channel::State::connecting) {
            connecting = node;
        } else if (candidate.state() == Channel::State::disconnected &&
                   !candidate.backing_off(now)) {
            // Nothing compares below every time: a node never tried goes first.
            if (!connectable || candidate.last_attempt() < channels_[*connectable].last_attempt())
                connectable = node;
        }
    }
    if (ready) return ready;
    if (connecting) return connecting;
    return connectable;
}

bool Connections::any_connecting() const {
    return std::any_of(channels_.begin(), channels_.end(), [](const Channel& channel) {
        return channel.state() == Channel::State::connecting;
    });
}

TimePoint Connections::backoff_ends(TimePoint now, std::span<const BrokerIndex> nodes) const {
    TimePoint ends = TimePoint::max();
    for (const BrokerIndex node : nodes)
        if (channels_[node].backing_off(now)) ends = std::min(ends, channels_[node].backoff_ends());
    return ends;
}

}  // namespace core
