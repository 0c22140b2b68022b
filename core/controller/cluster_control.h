/// ClusterControl: the controller's decisions about brokers, as const handlers.
///
/// Follows ClusterControlManager, Kafka 3.9: registration (KIP-631, KIP-858), broker epochs.
#pragma once

#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/controller/controller_result.h"
#include "core/controller/heartbeats.h"
#include "core/controller/image.h"
#include "core/profile/profile.h"
#include "core/protocol/messages.h"

namespace core {

class ClusterControl {
  public:
    /// All arguments outlive the object.
    ClusterControl(const ClusterImage& image, const BrokerHeartbeats& sessions,
                   const Profile& profile)
        : image_(image), sessions_(sessions), profile_(profile) {}

    /// A registration at `offset`, the offset of its record. duplicate_broker_registration while
    /// another incarnation has a valid session; invalid_request for unusable directories. A new
    /// incarnation starts fenced under a new epoch; the same one again keeps both.
    ControllerResult<BrokerRegistrationResponse> register_broker(
        TimePoint now, const BrokerRegistrationRequest& request, MetadataOffset offset) const;

    /// none, or stale_broker_epoch: not registered, or under another epoch.
    ErrorCode check_broker_epoch(NodeId broker, BrokerEpoch epoch) const;

  private:
    bool directories_usable(const BrokerRegistrationRequest& request) const;

    const ClusterImage& image_;
    const BrokerHeartbeats& sessions_;
    const Profile& profile_;
};

}  // namespace core
