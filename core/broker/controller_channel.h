/// A broker's way to the active controller: one request at a time, sent again until it is answered.
///
/// Follows NodeToControllerChannelManagerImpl (3.9). Each user has a channel of its own, as in
/// Kafka (heartbeat, alterPartition, directory-assignments, forwarding).
///
/// Rules:
///   R1  A lost connection or NOT_CONTROLLER puts the request back; it is sent again once the
///       active controller is known and the reconnect back-off (50 ms, jittered) is over.
///   R2  A request that waits to be sent longer than the retry time-out is given up.
#pragma once

#include <optional>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/step/channel.h"

namespace core {

class ControllerChannel {
  public:
    /// `request_timeout`: of one attempt; `retry_timeout`: of the request as a whole.
    ControllerChannel(NodeId self, std::uint64_t seed, Duration request_timeout,
                      Duration retry_timeout);

    /// The active controller, as the metadata observer knows it.
    void set_controller(TimePoint now, std::optional<NodeId> controller, Effects& effects);
    /// True while a request is unanswered.
    bool busy() const { return request_.has_value(); }
    /// Sends, now or when it can (not busy()).
    void submit(TimePoint now, Message&& request, Effects& effects);

    bool owns(ConnectionId connection) const { return channel_ && channel_->owns(connection); }
    void on_connected(TimePoint now, Effects& effects);
    /// True if the response ends the request; false if it will be sent again (NOT_CONTROLLER).
    bool on_response(TimePoint now, CorrelationId correlation, ErrorCode error, Effects& effects);
    void on_lost(TimePoint now, Effects& effects);
    /// Time-outs and retries; true if the request was given up.
    bool on_woken(TimePoint now, Effects& effects);
    std::optional<TimePoint> next_deadline() const;

  private:
    void maybe_send(TimePoint now, Effects& effects);

    NodeId self_;
    std::uint64_t seed_;
    ChannelOptions options_;
    Duration retry_timeout_;
    std::optional<NodeId> controller_;
    std::optional<Channel> channel_;  ///< to the controller last known
    std::optional<Message> request_;
    TimePoint gives_up_at_ = TimePoint::max();
};

}  // namespace core
