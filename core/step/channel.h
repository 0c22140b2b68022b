/// A Channel: one node's way to one peer, as Kafka's NetworkClient keeps it.
///
/// Opens on demand, gives up a handshake after socket.connection.setup.timeout.ms, backs off
/// exponentially with jitter after a failure, limits requests in flight, and closes the connection
/// when the oldest request is older than its timeout. [kafka NetworkClient,
/// ClusterConnectionStates]
///
/// The owner calls in; nothing is called back: each on_... and the maintenance return what became
/// of requests, and next_deadline says when `expire` must run.
///
/// Rules:
///   C1  At most `in_flight_max` requests are unanswered.
///   C2  Requests are answered in order; a response with no request in flight is a bug.
///   C3  When the connection goes, every request in flight is reported lost, oldest first.
///   C4  Not before the back-off has ended is a new connection opened. The back-off counts from
///       the disconnect; it is 50 ms x 2^failures up to the maximum, with +-20 % jitter
///       (ExponentialBackoff), keyed by (node, peer, attempt).
///   C5  The handshake's time-out doubles with each handshake that came to nothing, whether it was
///       refused or timed out, and starts over with an established connection.
///       [kafka ClusterConnectionStates.updateConnectionSetupTimeout]
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/base/reused_list.h"
#include "core/base/time.h"
#include "core/step/node.h"

namespace core {

/// `base` x 2^exponent up to `most`, times 0.8 to 1.2 by `draw`, and never above `most`.
/// [kafka ExponentialBackoff: multiplier 2, jitter 0.2]
Duration exponential_backoff(Duration base, Duration most, std::uint64_t exponent,
                             std::uint64_t draw);

struct ChannelOptions {
    Duration reconnect_backoff = from_ms(50);
    Duration reconnect_backoff_max = from_ms(1'000);
    Duration setup_timeout = from_ms(10'000);
    Duration setup_timeout_max = from_ms(30'000);
    Duration request_timeout = from_ms(30'000);
    std::int32_t in_flight_max = 5;
};

/// A request that was sent and not answered: the owner's own mark for it.
struct InFlight {
    CorrelationId correlation{0};
    std::uint64_t mark = 0;  ///< what the owner gave to send()
    TimePoint sent_at;
    TimePoint expires_at;
};

class Channel {
  public:
    enum class State : std::uint8_t { disconnected, connecting, ready };

    Channel(NodeId self, NodeId peer, std::uint64_t seed, const ChannelOptions& options)
        : self_(self), peer_(peer), seed_(seed), options_(options) {}

    NodeId peer() const { return peer_; }
    State state() const { return state_; }
    bool ready() const { return state_ == State::ready; }
    std::optional<ConnectionId> connection() const { return connection_; }
    /// True while a new connection may not be opened yet.
    bool backing_off(TimePoint now) const;
    /// When the back-off ends (meaningful while disconnected).
    TimePoint backoff_ends() const { return backoff_ends_; }
    /// When the last attempt to connect began, or the connection was lost, whichever came last;
    /// nothing before the first. [kafka ClusterConnectionStates.lastConnectAttemptMs]
    std::optional<TimePoint> last_attempt() const { return last_attempt_; }
    std::size_t in_flight() const { return in_flight_.size(); }
    bool can_send() const {
        return ready() && in_flight_.size() < static_cast<std::size_t>(options_.in_flight_max);
    }

    /// Opens a connection if disconnected and not backing off; true if one is ready or on its way.
    bool maybe_connect(TimePoint now, Effects& effects);
    /// Sends on the ready connection (can_send()). `timeout`: of this request, default the
    /// channel's.
    CorrelationId send(TimePoint now, MessageBox&& message, std::uint64_t mark, Effects& effects) {
        return send(now, std::move(message), mark, effects, options_.request_timeout);
    }
    CorrelationId send(TimePoint now, MessageBox&& message, std::uint64_t mark, Effects& effects,
                       Duration timeout) {
        const CorrelationId correlation = send_unanswered(std::move(message), effects);
        const TimePoint expires = saturating_add(now, timeout);
        InFlight& request = in_flight_.add();
        request.correlation = correlation;
        request.mark = mark;
        request.sent_at = now;
        request.expires_at = expires;
        // One nanosecond later: strictly older.
        due_ = std::min(due_, saturating_add(expires, Duration(1)));
        return correlation;
    }
    /// Sends what has no answer (a produce request with acks=0).
    CorrelationId send_unanswered(MessageBox&& message, Effects& effects) {
        ASSERT(can_send());
        const CorrelationId correlation(next_correlation_++);
        effects.send(*connection_, correlation, std::move(message));
        return correlation;
    }

    /// True if this connection is this channel's current one.
    bool owns(ConnectionId connection) const { return connection_ == connection; }
    void on_connected(TimePoint now);
    /// The request that this response answers.
    InFlight on_response(CorrelationId correlation) {
        const InFlight answered = in_flight_[0];
        ASSERT(answered.correlation == correlation);
        if (in_flight_.size() == 1) {
            in_flight_.clear();
            due_ = TimePoint::max();
        } else {
            drop_oldest();
        }
        return answered;
    }
    /// The connection went: all requests that were in flight, oldest first.
    std::vector<InFlight> on_lost(TimePoint now);
    /// Closes by the owner's own decision: as on_lost, and the peer sees a reset.
    std::vector<InFlight> disconnect(TimePoint now, Effects& effects);
    /// Due time-outs (request, handshake): closes the connection if one passed. All requests that
    /// were in flight, oldest first; `true` second if the connection was given up.
    std::pair<std::vector<InFlight>, bool> expire(TimePoint now, Effects& effects);

    /// When expire() must run: the oldest request's or the handshake's time-out. The end of a
    /// back-off is the owner's to watch (backoff_ends), if it wants to send.
    std::optional<TimePoint> next_deadline() const;
    /// The same as a plain time; never (TimePoint::max()) if nothing is waited for.
    TimePoint expire_due() const { return due_; }

  private:
    [[gnu::noinline]] void drop_oldest();
    void start_backoff(TimePoint now);

    NodeId self_;
    NodeId peer_;
    std::uint64_t seed_;
    ChannelOptions options_;
    State state_ = State::disconnected;
    std::optional<ConnectionId> connection_;
    ReusedList<InFlight> in_flight_;  ///< oldest first
    std::uint32_t next_correlation_ = 0;
    std::uint32_t failures_ = 0;        ///< since the last established connection
    std::uint32_t setup_failures_ = 0;  ///< handshakes in a row that came to nothing
    std::uint64_t attempts_ = 0;        ///< ever, for keyed jitter
    TimePoint backoff_ends_ = TimePoint::min();
    TimePoint due_ = TimePoint::max();  ///< of the handshake, or of what is in flight
    std::optional<TimePoint> last_attempt_;
};

}  // namespace core
