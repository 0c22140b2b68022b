#include "core/broker/producer_ids.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace core {
namespace {

/// RPCProducerIdManager.RetryBackoffMs.
constexpr Duration kRetryBackoff = from_ms(50);

}  // namespace

std::optional<ProducerId> ProducerIds::take() {
    if (block_ && block_->next == block_->end) block_.reset();
    if (!block_) block_ = std::exchange(next_block_, std::nullopt);
    if (!block_) {
        wanted_ = true;
        return std::nullopt;
    }
    const ProducerId id(block_->next++);
    if (!next_block_ && (block_->end - block_->next) * 10 <= block_->count) wanted_ = true;
    return id;
}

void ProducerIds::maybe_request(TimePoint now, std::optional<BrokerEpoch> broker_epoch,
                                Effects& effects) {
    if (!wanted_ || channel_.busy() || !broker_epoch) return;
    if (resends_at_ != TimePoint::max()) return;
    channel_.submit(now, AllocateProducerIdsRequest{self_, *broker_epoch}, effects);
}

void ProducerIds::on_response(TimePoint now, const Received& received, Effects& effects) {
    const auto& response = std::get<AllocateProducerIdsResponse>(*received.message);
    if (!channel_.on_response(now, received.correlation, response.error, effects)) return;
    if (response.error != ErrorCode::none) {
        resends_at_ = saturating_add(now, kRetryBackoff);
        return;
    }
    ASSERT(response.first.has_value());
    ASSERT(response.count > 0);
    wanted_ = false;
    next_block_ =
        Block{response.first->value(), response.first->value() + response.count, response.count};
}

void ProducerIds::on_woken(TimePoint now, std::optional<BrokerEpoch> broker_epoch,
                           Effects& effects) {
    if (channel_.on_woken(now, effects)) resends_at_ = saturating_add(now, kRetryBackoff);
    if (now < resends_at_) return;
    resends_at_ = TimePoint::max();
    maybe_request(now, broker_epoch, effects);
}

std::optional<TimePoint> ProducerIds::next_deadline() const {
    const auto channel = channel_.next_deadline();
    if (resends_at_ == TimePoint::max()) return channel;
    return channel ? std::min(*channel, resends_at_) : resends_at_;
}

}  // namespace core
