#include "core/broker/directory_assigner.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/random.h"

namespace core {

DirectoryAssigner::DirectoryAssigner(NodeId self, std::uint64_t seed, Duration socket_timeout)
    : self_(self), seed_(seed), channel_(self, seed, socket_timeout, from_ms(60'000)) {}

void DirectoryAssigner::assign(PartitionId partition, DirectoryId directory) {
    for (DirectoryAssignment& known : queued_) {
        if (known.partition != partition) continue;
        known.directory = directory;
        return;
    }
    queued_.push_back(DirectoryAssignment{partition, directory});
}

void DirectoryAssigner::maybe_send(TimePoint now, std::optional<BrokerEpoch> broker_epoch,
                                   Effects& effects) {
    if (queued_.empty() || channel_.busy() || !broker_epoch) return;
    if (resends_at_ != TimePoint::max()) return;
    in_flight_ = std::exchange(queued_, {});
    channel_.submit(now, AssignReplicasToDirsRequest{self_, *broker_epoch, in_flight_}, effects);
}

void DirectoryAssigner::put_back(TimePoint now) {
    for (const DirectoryAssignment& assignment : std::exchange(in_flight_, {})) {
        const bool newer =
            std::any_of(queued_.begin(), queued_.end(), [&](const DirectoryAssignment& other) {
                return other.partition == assignment.partition;
            });
        if (!newer) queued_.push_back(assignment);
    }
    const std::uint64_t draw = keyed_draw(
        seed_, Purpose::retry_jitter, {static_cast<std::uint64_t>(self_.value()), ++attempts_, 1});
    resends_at_ =
        saturating_add(now, exponential_backoff(from_ms(100), from_ms(10'000), failures_++, draw));
}

void DirectoryAssigner::on_response(TimePoint now, const Received& received,
                                    std::optional<BrokerEpoch> broker_epoch, Effects& effects) {
    const auto& response = std::get<AssignReplicasToDirsResponse>(*received.message);
    if (!channel_.on_response(now, received.correlation, response.error, effects)) return;
    if (response.error != ErrorCode::none) return put_back(now);
    failures_ = 0;
    in_flight_.clear();
    maybe_send(now, broker_epoch, effects);
}

void DirectoryAssigner::on_woken(TimePoint now, std::optional<BrokerEpoch> broker_epoch,
                                 Effects& effects) {
    if (channel_.on_woken(now, effects)) put_back(now);
    if (now < resends_at_) return;
    resends_at_ = TimePoint::max();
    maybe_send(now, broker_epoch, effects);
}

std::optional<TimePoint> DirectoryAssigner::next_deadline() const {
    const auto channel = channel_.next_deadline();
    if (resends_at_ == TimePoint::max()) return channel;
    return channel ? std::min(*channel, resends_at_) : resends_at_;
}

}  // namespace core
