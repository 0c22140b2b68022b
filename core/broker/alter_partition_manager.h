/// ISR changes on their way to the controller: batched, one request in flight, one change a
/// partition.
///
/// Follows DefaultAlterPartitionManager (3.9).
///
/// Rules:
///   R1  A partition's change stays queued until the controller answered it; a second one meanwhile
///       is not attempted (OPERATION_NOT_ATTEMPTED).
///   R2  Everything queued when a request is built goes into it. After a top-level error it is sent
///       again after 50 ms, with what has been queued since.
///   R3  Time-outs are only the channel's: the request is retried for ever.
#pragma once

#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/broker/controller_channel.h"
#include "core/replication/context.h"

namespace core {

class AlterPartitionManager {
  public:
    AlterPartitionManager(NodeId self, std::uint64_t seed, Duration socket_timeout);

    ControllerChannel& channel() { return channel_; }
    /// False: the partition has a change queued already.
    bool submit(IsrProposal&& proposal);
    /// Sends what is queued, if nothing is in flight.
    void maybe_send(TimePoint now, std::optional<BrokerEpoch> broker_epoch, Effects& effects);

    struct Answer {
        ProposalId proposal;
        AlterPartitionResult result;
    };
    /// The answers to proposals, in the order in which they were queued; empty after a top-level
    /// error or where the request will be repeated.
    std::vector<Answer> on_response(TimePoint now, const Received& received, Effects& effects);
    void on_woken(TimePoint now, std::optional<BrokerEpoch> broker_epoch, Effects& effects);
    std::optional<TimePoint> next_deadline() const;

  private:
    NodeId self_;
    ControllerChannel channel_;
    std::vector<IsrProposal> unsent_;  ///< queued or in flight, by order of submission
    std::size_t in_flight_ = 0;        ///< the first so many of them are in flight
    TimePoint resends_at_ = TimePoint::max();
};

}  // namespace core
