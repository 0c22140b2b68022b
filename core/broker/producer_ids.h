/// Producer ids, in blocks of 1,000 that the controller hands out.
///
/// Follows RPCProducerIdManager (3.9): the next block is asked for when the first request comes and
/// when a block is used up to 90 %. A request that finds no block waits for it here, where Kafka
/// answers COORDINATOR_LOAD_IN_PROGRESS and the client asks again (deviation D6).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/broker/controller_channel.h"

namespace core {

class ProducerIds {
  public:
    ProducerIds(NodeId self, std::uint64_t seed, Duration socket_timeout)
        : self_(self), channel_(self, seed, socket_timeout, from_ms(60'000)) {}

    ControllerChannel& channel() { return channel_; }
    /// The next id, or nothing while there is no block.
    std::optional<ProducerId> take();
    /// Asks for a block if one is needed.
    void maybe_request(TimePoint now, std::optional<BrokerEpoch> broker_epoch, Effects& effects);
    void on_response(TimePoint now, const Received& received, Effects& effects);
    void on_woken(TimePoint now, std::optional<BrokerEpoch> broker_epoch, Effects& effects);
    std::optional<TimePoint> next_deadline() const;

    struct Waiting {
        ConnectionId connection;
        CorrelationId correlation;
    };
    /// InitProducerId requests that wait for a block, oldest first.
    std::vector<Waiting> waiting;

  private:
    struct Block {
        std::int64_t next;
        std::int64_t end;
        std::int32_t count;
    };
    NodeId self_;
    ControllerChannel channel_;
    std::optional<Block> block_;
    std::optional<Block> next_block_;
    bool wanted_ = false;
    TimePoint resends_at_ = TimePoint::max();
};

}  // namespace core
