#include "core/controller/heartbeats.h"

#include <algorithm>

#include "core/base/assert.h"

namespace core {

std::size_t BrokerHeartbeats::position(NodeId broker) const {
    const auto at =
        std::lower_bound(sessions_.begin(), sessions_.end(), broker,
                         [](const Session& s, NodeId wanted) { return s.broker < wanted; });
    return static_cast<std::size_t>(at - sessions_.begin());
}

const BrokerHeartbeats::Session* BrokerHeartbeats::find(NodeId broker) const {
    const std::size_t at = position(broker);
    return at < sessions_.size() && sessions_[at].broker == broker ? &sessions_[at] : nullptr;
}

BrokerHeartbeats::Session* BrokerHeartbeats::find(NodeId broker) {
    const std::size_t at = position(broker);
    return at < sessions_.size() && sessions_[at].broker == broker ? &sessions_[at] : nullptr;
}

void BrokerHeartbeats::register_broker(NodeId broker, bool fenced, TimePoint now) {
    std::optional<MetadataOffset> metadata_offset;
    if (const Session* session = find(broker)) {
        if (session->fenced != fenced) metadata_offset = session->metadata_offset;
    } else {
        sessions_.insert(sessions_.begin() + static_cast<std::ptrdiff_t>(position(broker)),
                         Session{broker, now, contacts_, true, {}, {}, false});
    }
    touch(broker, fenced, metadata_offset, now);
}

void BrokerHeartbeats::touch(NodeId broker, bool fenced,
                             std::optional<MetadataOffset> metadata_offset, TimePoint now) {
    Session* session = find(broker);
    ASSERT(session != nullptr);
    ASSERT(now >= session->last_contact);
    session->last_contact = now;
    session->order = ++contacts_;
    session->metadata_offset = metadata_offset;
    session->fenced = fenced;
    // A fenced broker leaves controlled shutdown; its next heartbeat lets it go at once.
    if (fenced) session->controlled_shutdown_offset.reset();
    session->active = !fenced && !session->controlled_shutdown_offset;
}

void BrokerHeartbeats::fence(NodeId broker) {
    Session* session = find(broker);
    if (session == nullptr) return;
    session->fenced = true;
    session->active = false;
}

void BrokerHeartbeats::remove(NodeId broker) {
    const Session* session = find(broker);
    if (session != nullptr) sessions_.erase(sessions_.begin() + (session - sessions_.data()));
}

void BrokerHeartbeats::start_controlled_shutdown(NodeId broker, MetadataOffset offset) {
    Session* session = find(broker);
    ASSERT(session != nullptr);
    ASSERT(!session->fenced);
    session->active = false;
    if (!session->controlled_shutdown_offset) session->controlled_shutdown_offset = offset;
}

bool BrokerHeartbeats::has_valid_session(NodeId broker, TimePoint now) const {
    const Session* session = find(broker);
    if (session == nullptr || session->fenced) return false;
    return now <= saturating_add(session->last_contact, timeout_);
}

const BrokerHeartbeats::Session* BrokerHeartbeats::oldest() const {
    const Session* oldest = nullptr;
    for (const Session& session : sessions_) {
        if (session.fenced) continue;
        if (oldest == nullptr || session.last_contact < oldest->last_contact ||
            (session.last_contact == oldest->last_contact && session.order < oldest->order))
            oldest = &session;
    }
    return oldest;
}

std::optional<NodeId> BrokerHeartbeats::stale_broker(TimePoint now) const {
    const Session* session = oldest();
    if (session == nullptr || has_valid_session(session->broker, now)) return std::nullopt;
    return session->broker;
}

std::optional<TimePoint> BrokerHeartbeats::next_expiry() const {
    const Session* session = oldest();
    if (session == nullptr) return std::nullopt;
    // Kafka wakes at contact + timeout, finds the session still valid and wakes again at once.
    return saturating_add(saturating_add(session->last_contact, timeout_), Duration(1));
}

bool BrokerHeartbeats::active_brokers_reached(MetadataOffset offset) const {
    return std::all_of(sessions_.begin(), sessions_.end(), [&](const Session& session) {
        return !session.active || (session.metadata_offset && *session.metadata_offset >= offset);
    });
}

BrokerControlStates BrokerHeartbeats::next_state(const BrokerHeartbeatRequest& request,
                                                 MetadataOffset registered,
                                                 bool has_leaderships) const {
    using enum BrokerControlState;
    const Session* session = find(request.broker);
    ASSERT(session != nullptr);
    if (session->controlled_shutdown_offset) {
        const bool may_go =
            !has_leaderships && active_brokers_reached(*session->controlled_shutdown_offset);
        return {controlled_shutdown, may_go ? shutdown_now : controlled_shutdown};
    }
    if (session->fenced) {
        if (request.want_shut_down) return {fenced, shutdown_now};
        const bool ready = !request.want_fence && request.current_metadata_offset >= registered;
        return {fenced, ready ? unfenced : fenced};
    }
    if (request.want_fence) return {unfenced, request.want_shut_down ? shutdown_now : fenced};
    if (!request.want_shut_down) return {unfenced, unfenced};
    return {unfenced, has_leaderships ? controlled_shutdown : shutdown_now};
}

}  // namespace core
