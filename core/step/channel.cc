#include "core/step/channel.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"

namespace core {

Duration exponential_backoff(Duration base, Duration most, std::uint64_t exponent,
                             std::uint64_t draw) {
    Duration term = std::min(base, most);
    for (std::uint64_t i = 0; i < exponent && term < most; ++i)
        term = term > most / 2 ? most : term * 2;
    // 80 % .. 120 % in steps of a thousandth.
    const auto thousandths = static_cast<std::int64_t>(800 + below(draw, 401));
    if (term.count() / 1000 > Duration::max().count() / thousandths) return most;
    return std::min(Duration(term.count() / 1000 * thousandths), most);
}

bool Channel::backing_off(TimePoint now) const {
    return state_ == State::disconnected && now < backoff_ends_;
}

bool Channel::maybe_connect(TimePoint now, Effects& effects) {
    if (state_ != State::disconnected) return true;
    if (backing_off(now)) return false;
    connection_ = effects.open(peer_);
    state_ = State::connecting;
    last_attempt_ = now;
    ++attempts_;
    const std::uint64_t draw = keyed_draw(seed_, Purpose::setup_jitter,
                                          {static_cast<std::uint64_t>(self_.value()),
                                           static_cast<std::uint64_t>(peer_.value()), attempts_});
    due_ =
        saturating_add(now, exponential_backoff(options_.setup_timeout, options_.setup_timeout_max,
                                                setup_failures_, draw));
    return true;
}

void Channel::on_connected(TimePoint now) {
    ASSERT(state_ == State::connecting);
    state_ = State::ready;
    failures_ = 0;
    setup_failures_ = 0;
    backoff_ends_ = now;
    due_ = TimePoint::max();
}

void Channel::drop_oldest() {
    in_flight_.drop_front(1);
    TimePoint first = TimePoint::max();
    for (const InFlight& request : in_flight_) first = std::min(first, request.expires_at);
    due_ = saturating_add(first, Duration(1));
}

void Channel::start_backoff(TimePoint now) {
    const std::uint64_t draw = keyed_draw(seed_, Purpose::reconnect_jitter,
                                          {static_cast<std::uint64_t>(self_.value()),
                                           static_cast<std::uint64_t>(peer_.value()), attempts_});
    backoff_ends_ =
        saturating_add(now, exponential_backoff(options_.reconnect_backoff,
                                                options_.reconnect_backoff_max, failures_, draw));
    ++failures_;
    if (state_ == State::connecting)
        ++setup_failures_;
    else
        setup_failures_ = 0;
    last_attempt_ = now;
    state_ = State::disconnected;
    connection_.reset();
    due_ = TimePoint::max();
}

std::vector<InFlight> Channel::on_lost(TimePoint now) {
    ASSERT(state_ != State::disconnected);
    std::vector<InFlight> lost(in_flight_.begin(), in_flight_.end());
    in_flight_.clear();
    start_backoff(now);
    return lost;
}

std::vector<InFlight> Channel::disconnect(TimePoint now, Effects& effects) {
    if (state_ == State::disconnected) return {};
    effects.close(*connection_);
    return on_lost(now);
}

std::pair<std::vector<InFlight>, bool> Channel::expire(TimePoint now, Effects& effects) {
    // A handshake is given up at its time-out; a connection is dropped only when a request is
    // strictly older than its own. [kafka NetworkClient]
    if (now >= due_) return {disconnect(now, effects), true};
    return {std::vector<InFlight>{}, false};
}

std::optional<TimePoint> Channel::next_deadline() const {
    if (due_ == TimePoint::max()) return std::nullopt;
    return due_;
}

}  // namespace core
