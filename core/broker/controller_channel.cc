#include "core/broker/controller_channel.h"

#include <algorithm>

#include "core/base/assert.h"

namespace core {

ControllerChannel::ControllerChannel(NodeId self, std::uint64_t seed, Duration request_timeout,
                                     Duration retry_timeout)
    : self_(self), seed_(seed), retry_timeout_(retry_timeout) {
    options_.reconnect_backoff = from_ms(50);
    options_.reconnect_backoff_max = from_ms(50);
    options_.request_timeout = std::min(request_timeout, retry_timeout);
    options_.in_flight_max = 1;
}

void ControllerChannel::set_controller(TimePoint now, std::optional<NodeId> controller,
                                       Effects& effects) {
    controller_ = controller;
    if (!controller_) return;
    if (!channel_ || channel_->peer() != *controller_) {
        if (channel_) channel_->disconnect(now, effects);
        channel_.emplace(self_, *controller_, seed_, options_);
    }
    maybe_send(now, effects);
}

void ControllerChannel::submit(TimePoint now, Message&& request, Effects& effects) {
    ASSERT(!request_.has_value());
    request_ = std::move(request);
    gives_up_at_ = saturating_add(now, retry_timeout_);
    maybe_send(now, effects);
}

void ControllerChannel::maybe_send(TimePoint now, Effects& effects) {
    if (!request_ || !controller_ || !channel_ || channel_->in_flight() > 0) return;
    if (!channel_->maybe_connect(now, effects)) return;
    if (!channel_->can_send()) return;
    channel_->send(now, Message(*request_), 0, effects);
}

void ControllerChannel::on_connected(TimePoint now, Effects& effects) {
    channel_->on_connected(now);
    maybe_send(now, effects);
}

bool ControllerChannel::on_response(TimePoint now, CorrelationId correlation, ErrorCode error,
                                    Effects& effects) {
    ASSERT(request_.has_value());
    channel_->on_response(correlation);
    if (error != ErrorCode::not_controller) {
        request_.reset();
        gives_up_at_ = TimePoint::max();
        return true;
    }
    channel_->disconnect(now, effects);
    maybe_send(now, effects);
    return false;
}

void ControllerChannel::on_lost(TimePoint now, Effects& effects) {
    channel_->on_lost(now);
    maybe_send(now, effects);
}

bool ControllerChannel::on_woken(TimePoint now, Effects& effects) {
    if (channel_) channel_->expire(now, effects);
    const bool waits = request_ && (!channel_ || channel_->in_flight() == 0);
    if (waits && now >= gives_up_at_) {
        request_.reset();
        gives_up_at_ = TimePoint::max();
        return true;
    }
    maybe_send(now, effects);
    return false;
}

std::optional<TimePoint> ControllerChannel::next_deadline() const {
    TimePoint due = channel_ ? channel_->expire_due() : TimePoint::max();
    if (request_ && (!channel_ || channel_->in_flight() == 0)) {
        due = std::min(due, gives_up_at_);
        if (channel_ && controller_ && channel_->state() == Channel::State::disconnected)
            due = std::min(due, channel_->backoff_ends());
    }
    if (due == TimePoint::max()) return std::nullopt;
    return due;
}

}  // namespace core
