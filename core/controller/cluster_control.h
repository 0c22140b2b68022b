/// ClusterControl: the controller's decisions about brokers, as const handlers.
///
/// Follows ClusterControlManager, Kafka 3.9 to 4.1: registration (KIP-631, KIP-858, KIP-966),
/// broker epochs.
#pragma once

#include <optional>

#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/controller/controller_result.h"
#include "core/controller/heartbeats.h"
#include "core/controller/image.h"
#include "core/controller/session_tracker.h"
#include "core/profile/profile.h"
#include "core/protocol/messages.h"

namespace core {

class ClusterControl {
  public:
    /// All arguments outlive the object.
    ClusterControl(const ClusterImage& image, const BrokerHeartbeats& sessions,
                   const SessionTracker& tracker, const Profile& profile)
        : image_(image), sessions_(sessions), tracker_(tracker), profile_(profile) {}

    /// A registration whose broker epoch is to be `offset`, the next one of the log.
    /// duplicate_broker_registration while another incarnation has a valid session; invalid_request
    /// for unusable directories. A new incarnation starts fenced under a new epoch; the same one
    /// again keeps both.
    ControllerResult<BrokerRegistrationResponse> register_broker(
        TimePoint now, const BrokerRegistrationRequest& request, MetadataOffset offset) const;

    /// What a registration says of the incarnation before it: true if that one has written its
    /// epoch into its clean-shutdown marker, false if not; nothing if the same incarnation
    /// registers again, or the version does not ask.
    std::optional<bool> shut_down_cleanly(const BrokerRegistrationRequest& request) const;

    /// none, or stale_broker_epoch: not registered, or under another epoch.
    ErrorCode check_broker_epoch(NodeId broker, BrokerEpoch epoch) const;

  private:
    bool has_valid_session(const BrokerRegistration& broker, TimePoint now) const;
    bool directories_usable(const BrokerRegistrationRequest& request) const;

    const ClusterImage& image_;
    const BrokerHeartbeats& sessions_;
    const SessionTracker& tracker_;
    const Profile& profile_;
};

}  // namespace core
