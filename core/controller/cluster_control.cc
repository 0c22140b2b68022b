#include "core/controller/cluster_control.h"

#include <algorithm>

namespace core {

bool ClusterControl::directories_usable(const BrokerRegistrationRequest& request) const {
    const DirectoryList& named = request.directories;
    if (named.empty()) return false;
    for (auto at = named.begin(); at != named.end(); ++at) {
        if (*at <= kMigratingDirectory) return false;
        if (std::find(named.begin(), at, *at) != at) return false;
        for (const BrokerRegistration& other : image_.brokers())
            if (other.id != request.broker &&
                std::find(other.directories.begin(), other.directories.end(), *at) !=
                    other.directories.end())
                return false;
    }
    return true;
}

bool ClusterControl::has_valid_session(const BrokerRegistration& broker, TimePoint now) const {
    if (profile_.session_tracker_scan)
        return tracker_.has_valid_session({broker.id, broker.epoch}, now);
    return sessions_.has_valid_session(broker.id, now);
}

std::optional<bool> ClusterControl::shut_down_cleanly(
    const BrokerRegistrationRequest& request) const {
    if (!profile_.unclean_shutdown_detection) return std::nullopt;
    const BrokerRegistration* existing = image_.find_broker(request.broker);
    if (existing == nullptr) return false;
    if (existing->incarnation == request.incarnation) return std::nullopt;
    return request.previous_broker_epoch == existing->epoch;
}

ControllerResult<BrokerRegistrationResponse> ClusterControl::register_broker(
    TimePoint now, const BrokerRegistrationRequest& request, MetadataOffset offset) const {
    const BrokerRegistration* existing = image_.find_broker(request.broker);
    const bool returning = existing != nullptr && existing->incarnation == request.incarnation;
    // Until the old session is over the broker may still be alive and leading.
    if (existing != nullptr && !returning && has_valid_session(*existing, now))
        return {{}, {ErrorCode::duplicate_broker_registration, {}}};
    if (profile_.directory_assignment && !directories_usable(request))
        return {{}, {ErrorCode::invalid_request, {}}};

    RegisterBrokerRecord record{
        request.broker, request.incarnation, BrokerEpoch(offset.value()), request.directories, true,
        false};
    if (returning) {
        record.epoch = existing->epoch;
        record.fenced = existing->fenced;
        record.in_controlled_shutdown = existing->in_controlled_shutdown;
    }
    return {{record}, {ErrorCode::none, record.epoch}};
}

ErrorCode ClusterControl::check_broker_epoch(NodeId broker, BrokerEpoch epoch) const {
    const BrokerRegistration* registration = image_.find_broker(broker);
    if (registration == nullptr || registration->epoch != epoch)
        return ErrorCode::stale_broker_epoch;
    return ErrorCode::none;
}

}  // namespace core
