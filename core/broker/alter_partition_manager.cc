#include "core/broker/alter_partition_manager.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace core {
namespace {

/// "send-alter-partition".
constexpr Duration kResendDelay = from_ms(50);

}  // namespace

AlterPartitionManager::AlterPartitionManager(NodeId self, std::uint64_t seed,
                                             Duration socket_timeout)
    : self_(self), channel_(self, seed, socket_timeout, Duration::max()) {}

bool AlterPartitionManager::submit(IsrProposal&& proposal) {
    const bool queued = std::any_of(unsent_.begin(), unsent_.end(), [&](const IsrProposal& other) {
        return other.partition == proposal.partition;
    });
    if (queued) return false;
    unsent_.push_back(std::move(proposal));
    return true;
}

void AlterPartitionManager::maybe_send(TimePoint now, std::optional<BrokerEpoch> broker_epoch,
                                       Effects& effects) {
    if (unsent_.empty() || channel_.busy() || resends_at_ != TimePoint::max()) return;
    if (!broker_epoch) return;
    AlterPartitionRequest request{self_, *broker_epoch, {}};
    for (const IsrProposal& proposal : unsent_) request.partitions.push_back(proposal.item);
    in_flight_ = unsent_.size();
    channel_.submit(now, std::move(request), effects);
}

std::vector<AlterPartitionManager::Answer> AlterPartitionManager::on_response(
    TimePoint now, const Received& received, Effects& effects) {
    const auto& response = std::get<AlterPartitionResponse>(*received.message);
    std::vector<Answer> answers;
    if (!channel_.on_response(now, received.correlation, response.error, effects)) return answers;
    const std::size_t sent = std::exchange(in_flight_, 0);
    ASSERT(sent <= unsent_.size());
    if (response.error != ErrorCode::none) {
        resends_at_ = saturating_add(now, kResendDelay);
        return answers;
    }
    std::vector<IsrProposal> left;
    for (std::size_t i = 0; i < unsent_.size(); ++i) {
        const auto at = std::find_if(response.partitions.begin(), response.partitions.end(),
                                     [&](const AlterPartitionResult& result) {
                                         return result.partition == unsent_[i].partition;
                                     });
        if (i < sent && at != response.partitions.end())
            answers.push_back(Answer{unsent_[i].proposal, *at});
        else
            left.push_back(std::move(unsent_[i]));
    }
    unsent_ = std::move(left);
    return answers;
}

void AlterPartitionManager::on_woken(TimePoint now, std::optional<BrokerEpoch> broker_epoch,
                                     Effects& effects) {
    channel_.on_woken(now, effects);
    if (now < resends_at_) return;
    resends_at_ = TimePoint::max();
    maybe_send(now, broker_epoch, effects);
}

std::optional<TimePoint> AlterPartitionManager::next_deadline() const {
    const auto channel = channel_.next_deadline();
    if (resends_at_ == TimePoint::max()) return channel;
    return channel ? std::min(*channel, resends_at_) : resends_at_;
}

}  // namespace core
