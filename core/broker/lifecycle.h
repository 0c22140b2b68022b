/// The life of a broker as the controller sees it: registration, heartbeats, controlled shutdown.
///
/// Follows BrokerLifecycleManager (3.9). Runs on the heartbeats lane, which never touches a disk,
/// so a broker whose disk is stuck goes on to heartbeat.
///
/// Rules:
///   R1  One message is in flight at a time. The next heartbeat follows a success by
///       broker.heartbeat.interval.ms (10 ms while STARTING, 50 ms after the first answer of a
///       controlled shutdown), a failure by 100 ms x 2^failures up to the session time-out (4.0:
///       half of it), +-2 %; 4.1+ by one interval.
///   R2  wantFence stays true until the broker has loaded its logs.
///   R3  A lost session is not acted upon: only metadata moves leaderships.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/broker/controller_channel.h"
#include "core/profile/config.h"
#include "core/profile/profile.h"
#include "core/step/node.h"

namespace core {

/// BrokerState.
enum class BrokerState : std::uint8_t {
    not_running,
    starting,
    recovery,
    running,
    pending_controlled_shutdown,
    shutting_down,
};

class BrokerLifecycle {
  public:
    BrokerLifecycle(NodeId self, std::uint64_t seed, const Profile& profile,
                    const BrokerConfig& config);

    BrokerState state() const { return state_; }
    /// Set from the first registration on.
    Maybe<BrokerEpoch> broker_epoch() const { return broker_epoch_; }
    ControllerChannel& channel() { return channel_; }

    /// `previous`: of the clean-shutdown marker (KIP-966).
    void start(TimePoint now, DirectoryId directory, std::optional<BrokerEpoch> previous,
               Effects& effects);
    /// The offset of the last metadata record that was applied, for the next heartbeat.
    void set_metadata_offset(std::optional<MetadataOffset> offset) { metadata_offset_ = offset; }
    /// Logs are loaded and the first metadata is published. The next heartbeat goes at once.
    void ready_to_unfence(TimePoint now);
    /// SIGTERM. Without a controlled shutdown (not running) goes to shutting_down at once.
    void begin_shutdown(TimePoint now, bool controlled);

    void on_response(TimePoint now, const Received& received, Effects& effects);
    void on_woken(TimePoint now, Effects& effects);
    std::optional<TimePoint> next_deadline() const;
    /// initial.broker.registration.timeout.ms passed without a registration.
    bool registration_timed_out() const { return registration_timed_out_; }

  private:
    void communicate(TimePoint now, Effects& effects);
    void schedule(TimePoint now, Duration delay);
    void schedule_after_failure(TimePoint now);
    void on_registration(TimePoint now, const BrokerRegistrationResponse& response);
    void on_heartbeat(TimePoint now, const BrokerHeartbeatResponse& response, Effects& effects);

    NodeId self_;
    std::uint64_t seed_;
    const Profile& profile_;
    const BrokerConfig& config_;
    ControllerChannel channel_;
    BrokerState state_ = BrokerState::not_running;
    IncarnationId incarnation_{0};
    DirectoryId directory_ = kUnassignedDirectory;
    std::optional<BrokerEpoch> previous_epoch_;
    Maybe<BrokerEpoch> broker_epoch_;
    std::optional<MetadataOffset> metadata_offset_;
    bool ready_to_unfence_ = false;
    bool shutdown_answered_ = false;
    bool immediately_ = false;  ///< asked for while a message was in flight
    bool registration_timed_out_ = false;
    std::uint32_t failures_ = 0;
    std::uint64_t attempts_ = 0;  ///< ever, for keyed jitter
    TimePoint communicates_at_ = TimePoint::max();
    TimePoint registration_due_ = TimePoint::max();
};

}  // namespace core
