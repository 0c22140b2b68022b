/// Tells the controller in which log directory this broker keeps a replica, where metadata says
/// something else (KIP-858).
///
/// Follows AssignmentsManager (3.9): what is queued goes in one request, one in flight; a refused
/// one is sent again with exponential back-off from 100 ms to 10 s.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/broker/controller_channel.h"

namespace core {

class DirectoryAssigner {
  public:
    DirectoryAssigner(NodeId self, std::uint64_t seed, Duration socket_timeout);

    ControllerChannel& channel() { return channel_; }
    void assign(PartitionId partition, DirectoryId directory);
    void maybe_send(TimePoint now, std::optional<BrokerEpoch> broker_epoch, Effects& effects);
    void on_response(TimePoint now, const Received& received,
                     std::optional<BrokerEpoch> broker_epoch, Effects& effects);
    void on_woken(TimePoint now, std::optional<BrokerEpoch> broker_epoch, Effects& effects);
    std::optional<TimePoint> next_deadline() const;

  private:
    void put_back(TimePoint now);

    NodeId self_;
    std::uint64_t seed_;
    ControllerChannel channel_;
    std::vector<DirectoryAssignment> queued_;
    std::vector<DirectoryAssignment> in_flight_;
    std::uint32_t failures_ = 0;
    std::uint64_t attempts_ = 0;  ///< ever, for keyed jitter
    TimePoint resends_at_ = TimePoint::max();
};

}  // namespace core
