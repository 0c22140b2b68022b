/// This broker as an observer of the metadata quorum: fetches the metadata log, for ever, one fetch
/// at a time, and hands over what is committed.
///
/// Follows KafkaRaftClient.pollFollowerAsObserver and RaftManager (3.9). The log itself is not kept
/// on this broker's disk: after a restart it is fetched from its beginning (deviation D5).
///
/// Rules:
///   R1  A record is applied only once a response carried a high watermark past it.
///   R2  The long poll waits 500 ms at the leader; a request older than
///       controller.quorum.request.timeout.ms is given up with its connection; the reconnect
///       back-off is 50 ms to 500 ms.
///   R3  A broker that cannot reach the quorum keeps its last metadata for ever.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/profile/config.h"
#include "core/step/channel.h"

namespace core {

class MetadataObserver {
  public:
    /// `voters`: the controllers, in id order, at least one.
    MetadataObserver(NodeId self, std::uint64_t seed, const BrokerConfig& config,
                     std::vector<NodeId> voters);

    /// The active controller, as far as known.
    std::optional<NodeId> leader() const { return leader_; }
    /// True once everything committed that was known at some response was handed over.
    bool caught_up() const { return caught_up_; }

    void start(TimePoint now, Effects& effects) { maybe_fetch(now, effects); }
    bool owns(ConnectionId connection) const { return channel_.owns(connection); }
    void on_connected(TimePoint now, Effects& effects);
    void on_response(TimePoint now, Received& received, Effects& effects);
    void on_lost(TimePoint now, Effects& effects);
    void on_woken(TimePoint now, Effects& effects);
    std::optional<TimePoint> next_deadline() const;

    /// The next committed record, if any.
    struct Committed {
        MetadataOffset offset;
        MetadataRecord record;
    };
    std::optional<Committed> take_committed();

  private:
    void maybe_fetch(TimePoint now, Effects& effects);
    void turn_to(TimePoint now, NodeId voter, Effects& effects);
    NodeId next_voter() const;

    NodeId self_;
    std::uint64_t seed_;
    const BrokerConfig& config_;
    std::vector<NodeId> voters_;
    ChannelOptions options_;
    Channel channel_;
    std::optional<NodeId> leader_;
    MetadataOffset fetch_offset_{0};
    MetadataOffset high_watermark_{0};
    MetadataOffset applied_end_{0};       ///< records below it were handed over
    std::deque<MetadataRecord> records_;  ///< from applied_end_ on
    bool caught_up_ = false;
    TimePoint fetches_at_ =
        TimePoint::min();  ///< controller.quorum.retry.backoff.ms after an error
};

}  // namespace core
