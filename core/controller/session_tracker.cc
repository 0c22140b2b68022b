#include "core/controller/session_tracker.h"

#include <algorithm>

namespace core {

void SessionTracker::touch(const Incarnation& incarnation, TimePoint now) {
    const auto at = std::find_if(contacts_.begin(), contacts_.end(), [&](const Contact& contact) {
        return contact.incarnation == incarnation;
    });
    if (at != contacts_.end()) {
        at->at = now;
        return;
    }
    contacts_.push_back(Contact{incarnation, now});
    // The table doubles at three quarters [java.util.concurrent.ConcurrentHashMap].
    while (contacts_.size() * 4 >= std::size_t{buckets_} * 3) buckets_ *= 2;
}

bool SessionTracker::expired(const Contact& contact, TimePoint now) const {
    return saturating_add(contact.at, timeout_) < now;
}

bool SessionTracker::has_valid_session(const Incarnation& incarnation, TimePoint now) const {
    return std::any_of(contacts_.begin(), contacts_.end(), [&](const Contact& contact) {
        return contact.incarnation == incarnation && !expired(contact, now);
    });
}

/// Objects.hash(id, epoch), spread, and cut to the table.
std::uint32_t SessionTracker::bucket(const Incarnation& incarnation) const {
    const auto id = static_cast<std::uint32_t>(incarnation.broker.value());
    const auto epoch = static_cast<std::uint64_t>(incarnation.epoch.value());
    const auto folded = static_cast<std::uint32_t>(epoch ^ (epoch >> 32));
    const std::uint32_t hash = 31 * (31 + id) + folded;
    return (hash ^ (hash >> 16)) & (buckets_ - 1);
}

std::optional<SessionTracker::Incarnation> SessionTracker::take_expired(TimePoint now) {
    auto first = contacts_.end();
    for (auto at = contacts_.begin(); at != contacts_.end(); ++at) {
        if (!expired(*at, now)) continue;
        if (first == contacts_.end() || bucket(at->incarnation) < bucket(first->incarnation))
            first = at;
    }
    if (first == contacts_.end()) return std::nullopt;
    const Incarnation incarnation = first->incarnation;
    contacts_.erase(first);
    return incarnation;
}

Duration SessionTracker::period() const {
    return std::max(from_ms(1), timeout_ / 8);
}

}  // namespace core
