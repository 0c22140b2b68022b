/// When each incarnation of a broker was last heard of, from 4.0 on.
///
/// Follows BrokerHeartbeatTracker (4.0, 4.1). The controller looks at it every eighth of a session,
/// and at most one incarnation expires at a look, so that each fencing sees what the one before
/// did.
///
/// Rules:
///   S1  Only a heartbeat counts as contact; a registration does not. At an activation every broker
///       that is not fenced was heard of just now.
///   S2  An incarnation expires when the last contact is more than a session ago.
///   S3  A session is valid while it is known and has not expired, whether or not the broker is
///       fenced: after a controlled shutdown it goes on to its end, and until then another
///       incarnation is refused.
///   S4  Of several that have expired the first in the order of Java's ConcurrentHashMap is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace core {

class SessionTracker {
  public:
    /// BrokerIdAndEpoch.
    struct Incarnation {
        NodeId broker;
        BrokerEpoch epoch;
        friend bool operator==(const Incarnation&, const Incarnation&) = default;
    };

    explicit SessionTracker(Duration session_timeout) : timeout_(session_timeout) {}

    /// A heartbeat of it arrived.
    void touch(const Incarnation& incarnation, TimePoint now);
    /// S3.
    bool has_valid_session(const Incarnation& incarnation, TimePoint now) const;
    /// Takes the first that has expired, if any (S4).
    std::optional<Incarnation> take_expired(TimePoint now);
    /// How often to look: QuorumController.maybeFenceStaleBrokerPeriodNs.
    Duration period() const;

  private:
    struct Contact {
        Incarnation incarnation;
        TimePoint at;
    };
    bool expired(const Contact& contact, TimePoint now) const;
    std::uint32_t bucket(const Incarnation& incarnation) const;

    Duration timeout_;
    std::vector<Contact> contacts_;  ///< in the order in which they came
    std::uint32_t buckets_ = 16;     ///< of the hash table; it only grows
};

}  // namespace core
