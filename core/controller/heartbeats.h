/// Sessions of brokers: who was heard of when, and what a heartbeat makes of a broker's state.
///
/// Follows BrokerHeartbeatManager, Kafka 3.9 (timers at oldest contact + timeout). Soft state of
/// the active controller: it is not in the metadata log, and starts anew at each activation, so a
/// controller's restart gives every broker a whole session more.
///
/// Rules:
///   H1  A session is valid while the broker is not fenced and now <= last contact + timeout.
///   H2  Only sessions of unfenced brokers expire; the oldest contact first, equal ones in the
///   order
///       in which they came.
///   H3  A broker in controlled shutdown may go once it leads nothing and every active broker has
///       applied the metadata up to the offset at which its shutdown was decided.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/messages.h"

namespace core {

/// BrokerControlState.
enum class BrokerControlState : std::uint8_t {
    fenced,
    unfenced,
    controlled_shutdown,
    shutdown_now,
};

/// What a heartbeat answer says of the state: fenced, may exit.
constexpr bool is_fenced(BrokerControlState state) {
    return state == BrokerControlState::fenced || state == BrokerControlState::shutdown_now;
}

struct BrokerControlStates {
    BrokerControlState current;
    BrokerControlState next;
};

class BrokerHeartbeats {
  public:
    explicit BrokerHeartbeats(Duration session_timeout) : timeout_(session_timeout) {}

    /// Forgets everything (a new activation).
    void clear() { sessions_.clear(); }
    /// A registration or a change of one was applied: contact is now. The metadata offset is kept
    /// only if the fencing changed [kafka BrokerHeartbeatManager.register].
    void register_broker(NodeId broker, bool fenced, TimePoint now);
    /// A heartbeat came: contact is now. The broker is known.
    void touch(NodeId broker, bool fenced, std::optional<MetadataOffset> metadata_offset,
               TimePoint now);
    /// Its session has expired.
    void fence(NodeId broker);
    void remove(NodeId broker);
    /// From here on the broker waits for all active brokers to reach `offset`, if it does not wait
    /// for an earlier one already.
    void start_controlled_shutdown(NodeId broker, MetadataOffset offset);

    bool known(NodeId broker) const { return find(broker) != nullptr; }
    /// H1.
    bool has_valid_session(NodeId broker, TimePoint now) const;
    /// The unfenced broker with the oldest contact, if its session is not valid any more.
    std::optional<NodeId> stale_broker(TimePoint now) const;
    /// The first moment at which the oldest session is not valid any more; nothing if none can
    /// expire.
    std::optional<TimePoint> next_expiry() const;

    /// calculateNextBrokerState for a heartbeat of a known broker that registered at `registered`.
    BrokerControlStates next_state(const BrokerHeartbeatRequest& request, MetadataOffset registered,
                                   bool has_leaderships) const;

  private:
    struct Session {
        NodeId broker;
        TimePoint last_contact;
        std::uint64_t order;  ///< of contacts, for H2
        bool fenced = true;
        std::optional<MetadataOffset> metadata_offset;
        std::optional<MetadataOffset> controlled_shutdown_offset;
        bool active = false;  ///< unfenced and not shutting down when last touched
    };

    /// Where the broker's session is, or would stand.
    std::size_t position(NodeId broker) const;
    const Session* find(NodeId broker) const;
    Session* find(NodeId broker);
    const Session* oldest() const;
    /// Every active broker has applied at least `offset`.
    bool active_brokers_reached(MetadataOffset offset) const;

    Duration timeout_;
    std::vector<Session> sessions_;  ///< by broker id
    std::uint64_t contacts_ = 0;
};

}  // namespace core
