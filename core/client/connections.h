/// Connections: a client's channels, one per broker, and the choice among them.
///
/// Follows NetworkClient.leastLoadedNode and InFlightRequests (3.9). Brokers get dense numbers
/// (BrokerIndex) when they are first named, so that hot paths index and never search.
///
/// Deviation D8: Kafka reaches bootstrap servers over connections of their own, which idle away
/// once the first metadata is there; here a broker has one channel from the start.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/step/channel.h"

namespace core {

/// Dense number of a broker in one client's Connections.
using BrokerIndex = std::uint32_t;

class Connections {
  public:
    Connections(NodeId self, std::uint64_t seed, const ChannelOptions& options)
        : self_(self), seed_(seed), options_(options) {}

    /// The number of a broker; a new one gets the next, and a channel: references to others end.
    BrokerIndex index_of(NodeId broker);
    /// The same of several, in their order.
    std::vector<BrokerIndex> indexes_of(std::span<const NodeId> brokers);
    Channel& channel(BrokerIndex broker) { return channels_[broker]; }
    const Channel& channel(BrokerIndex broker) const { return channels_[broker]; }
    BrokerIndex count() const { return static_cast<BrokerIndex>(channels_.size()); }
    /// The broker whose current connection this is; nothing if it is an older one.
    std::optional<BrokerIndex> owner(ConnectionId connection, NodeId peer) {
        if (!channels_.empty() && channels_[last_owner_].owns(connection)) return last_owner_;
        return find_owner(connection, peer);
    }
    /// The same without a known peer.
    std::optional<BrokerIndex> owner(ConnectionId connection) const;

    /// Where a request that any node can answer goes, of `nodes` (not empty), looked at from a
    /// start that `draw` picks: a ready connection with nothing in flight; else the ready one with
    /// fewest in flight; else one that is connecting; else, of those not backing off, the one whose
    /// last attempt is oldest. Nothing if all back off. [kafka NetworkClient.leastLoadedNode]
    std::optional<BrokerIndex> least_loaded(TimePoint now, std::span<const BrokerIndex> nodes,
                                            std::uint64_t draw) const;
    bool any_connecting() const;
    /// The earliest end of a back-off after `now` among these nodes; never if none backs off.
    TimePoint backoff_ends(TimePoint now, std::span<const BrokerIndex> nodes) const;
    /// When some channel must be told to expire; never if none waits.
    TimePoint next_deadline() const {
        TimePoint due = TimePoint::max();
        for (const Channel& channel : channels_) due = std::min(due, channel.expire_due());
        return due;
    }

  private:
    std::optional<BrokerIndex> find_owner(ConnectionId connection, NodeId peer);

    NodeId self_;
    std::uint64_t seed_;
    ChannelOptions options_;
    std::vector<Channel> channels_;
    std::vector<std::pair<NodeId, BrokerIndex>> index_;  ///< sorted by id
    BrokerIndex last_owner_ = 0;  ///< of the last connection that was asked for
};

}  // namespace core
