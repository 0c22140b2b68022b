#include "core/broker/lifecycle.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"

namespace core {
namespace {

/// KAFKA-14392: a heartbeat that is older than half a session is not worth waiting for.
Duration retry_timeout(const BrokerConfig& config) {
    return config.broker_session_timeout / 2;
}

}  // namespace

BrokerLifecycle::BrokerLifecycle(NodeId self, std::uint64_t seed, const Profile& profile,
                                 const BrokerConfig& config)
    : self_(self),
      seed_(seed),
      profile_(profile),
      config_(config),
      channel_(self, seed, config.controller_socket_timeout, retry_timeout(config)) {}

void BrokerLifecycle::start(TimePoint now, DirectoryId directory,
                            std::optional<BrokerEpoch> previous, Effects& effects) {
    ASSERT(state_ == BrokerState::not_running);
    state_ = BrokerState::starting;
    directory_ = directory;
    previous_epoch_ = previous;
    incarnation_ =
        IncarnationId(keyed_draw(seed_, Purpose::incarnation,
                                 {static_cast<std::uint64_t>(self_.value()),
                                  static_cast<std::uint64_t>(now.time_since_epoch().count())}));
    registration_due_ = saturating_add(now, config_.initial_broker_registration_timeout);
    communicate(now, effects);
}

void BrokerLifecycle::communicate(TimePoint now, Effects& effects) {
    if (channel_.busy()) {
        immediately_ = true;
        return;
    }
    if (!broker_epoch_) {
        BrokerRegistrationRequest request{self_, incarnation_, {directory_}, previous_epoch_};
        channel_.submit(now, std::move(request), effects);
        return;
    }
    BrokerHeartbeatRequest request{
        .broker = self_,
        .broker_epoch = *broker_epoch_,
        .current_metadata_offset = metadata_offset_.value_or(MetadataOffset(-1)),
        .want_fence = !ready_to_unfence_,
        .want_shut_down = state_ == BrokerState::pending_controlled_shutdown,
        .offline_directories = {},
    };
    channel_.submit(now, std::move(request), effects);
}

void BrokerLifecycle::schedule(TimePoint now, Duration delay) {
    communicates_at_ = immediately_ ? now : saturating_add(now, delay);
    immediately_ = false;
}

void BrokerLifecycle::schedule_after_failure(TimePoint now) {
    Duration delay = config_.broker_heartbeat_interval;
    if (profile_.heartbeat_exponential_backoff) {
        const Duration most =
            config_.broker_session_timeout / (profile_.heartbeat_backoff_half_session ? 2 : 1);
        delay = from_ms(100);
        for (std::uint32_t i = 0; i < failures_ && delay < most; ++i) delay *= 2;
        delay = std::min(delay, most);
        const std::uint64_t draw = keyed_draw(
            seed_, Purpose::retry_jitter, {static_cast<std::uint64_t>(self_.value()), ++attempts_});
        // 98 % .. 102 % in steps of a thousandth.
        delay = delay / 1000 * static_cast<std::int64_t>(980 + below(draw, 41));
    }
    ++failures_;
    // What waited for the answer waits like everything else.
    // [kafka BrokerLifecycleManager.scheduleNextCommunicationAfterFailure 3.9]
    immediately_ = false;
    schedule(now, delay);
}

void BrokerLifecycle::ready_to_unfence(TimePoint now) {
    ready_to_unfence_ = true;
    communicates_at_ = now;
}

void BrokerLifecycle::begin_shutdown(TimePoint now, bool controlled) {
    if (state_ == BrokerState::pending_controlled_shutdown) return;
    if (state_ == BrokerState::running && controlled) {
        state_ = BrokerState::pending_controlled_shutdown;
        communicates_at_ = now;
        return;
    }
    state_ = BrokerState::shutting_down;
}

void BrokerLifecycle::on_response(TimePoint now, const Received& received, Effects& effects) {
    if (const auto* registration = std::get_if<BrokerRegistrationResponse>(&*received.message)) {
        if (channel_.on_response(now, received.correlation, registration->error, effects))
            on_registration(now, *registration);
        return;
    }
    const auto& heartbeat = std::get<BrokerHeartbeatResponse>(*received.message);
    if (channel_.on_response(now, received.correlation, heartbeat.error, effects))
        on_heartbeat(now, heartbeat, effects);
}

void BrokerLifecycle::on_registration(TimePoint now, const BrokerRegistrationResponse& response) {
    if (response.error != ErrorCode::none) return schedule_after_failure(now);
    ASSERT(response.broker_epoch.has_value());
    failures_ = 0;
    broker_epoch_ = response.broker_epoch;
    registration_due_ = TimePoint::max();
    schedule(now, Duration::zero());
}

void BrokerLifecycle::on_heartbeat(TimePoint now, const BrokerHeartbeatResponse& response,
                                   Effects& effects) {
    if (response.error != ErrorCode::none) return schedule_after_failure(now);
    failures_ = 0;
    switch (state_) {
        case BrokerState::not_running:
            UNREACHABLE();
        case BrokerState::starting:
            if (response.is_caught_up) state_ = BrokerState::recovery;
            return schedule(now, from_ms(10));
        case BrokerState::recovery:
            if (!response.is_fenced) {
                state_ = BrokerState::running;
                effects.note({.kind = NoteKind::broker_running});
            }
            return schedule(now, config_.broker_heartbeat_interval);
        case BrokerState::running:
            return schedule(now, config_.broker_heartbeat_interval);
        case BrokerState::pending_controlled_shutdown:
            if (response.should_shut_down)
                state_ = BrokerState::shutting_down;
            else
                schedule(now, shutdown_answered_ ? config_.broker_heartbeat_interval : from_ms(50));
            shutdown_answered_ = true;
            return;
        case BrokerState::shutting_down:
            return;
    }
}

void BrokerLifecycle::on_woken(TimePoint now, Effects& effects) {
    if (state_ == BrokerState::shutting_down) return;
    if (now >= registration_due_) {
        registration_due_ = TimePoint::max();
        registration_timed_out_ = true;
        return;
    }
    if (channel_.on_woken(now, effects)) schedule_after_failure(now);
    if (now < communicates_at_) return;
    communicates_at_ = TimePoint::max();
    communicate(now, effects);
}

std::optional<TimePoint> BrokerLifecycle::next_deadline() const {
    if (state_ == BrokerState::shutting_down || state_ == BrokerState::not_running)
        return std::nullopt;
    TimePoint due = std::min(communicates_at_, registration_due_);
    if (const auto channel = channel_.next_deadline()) due = std::min(due, *channel);
    if (due == TimePoint::max()) return std::nullopt;
    return due;
}

}  // namespace core
