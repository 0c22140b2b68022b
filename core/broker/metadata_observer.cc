#include "core/broker/metadata_observer.h"

#include <algorithm>

#include "core/base/assert.h"

namespace core {
namespace {

/// KafkaRaftClient.MAX_FETCH_WAIT_MS.
constexpr Duration kFetchMaxWait = from_ms(500);

ChannelOptions raft_channel(const BrokerConfig& config) {
    ChannelOptions options;
    options.reconnect_backoff = from_ms(50);
    options.reconnect_backoff_max = from_ms(500);
    options.request_timeout = config.quorum_request_timeout;
    options.in_flight_max = 1;
    return options;
}

}  // namespace

MetadataObserver::MetadataObserver(NodeId self, std::uint64_t seed, const BrokerConfig& config,
                                   std::vector<NodeId> voters)
    : self_(self),
      seed_(seed),
      config_(config),
      voters_(std::move(voters)),
      options_(raft_channel(config)),
      channel_(self, voters_.at(0), seed, options_) {}

NodeId MetadataObserver::next_voter() const {
    const auto at = std::find(voters_.begin(), voters_.end(), channel_.peer());
    ASSERT(at != voters_.end());
    return std::next(at) == voters_.end() ? voters_.front() : *std::next(at);
}

void MetadataObserver::turn_to(TimePoint now, NodeId voter, Effects& effects) {
    if (channel_.peer() == voter) return;
    channel_.disconnect(now, effects);
    channel_ = Channel(self_, voter, seed_, options_);
}

void MetadataObserver::maybe_fetch(TimePoint now, Effects& effects) {
    if (now < fetches_at_ || channel_.in_flight() > 0) return;
    if (!channel_.maybe_connect(now, effects)) return;
    if (!channel_.can_send()) return;
    channel_.send(now, MetadataFetchRequest{self_, fetch_offset_, kFetchMaxWait}, 0, effects);
}

void MetadataObserver::on_connected(TimePoint now, Effects& effects) {
    channel_.on_connected(now);
    maybe_fetch(now, effects);
}

void MetadataObserver::on_response(TimePoint now, Received& received, Effects& effects) {
    channel_.on_response(received.correlation);
    auto& response = std::get<MetadataFetchResponse>(*received.message);
    if (response.error != ErrorCode::none) {
        leader_ = response.leader;
        fetches_at_ = saturating_add(now, config_.quorum_retry_backoff);
        turn_to(now, leader_ && *leader_ != channel_.peer() ? *leader_ : next_voter(), effects);
        maybe_fetch(now, effects);
        return;
    }
    leader_ = received.peer;
    ASSERT(response.base_offset == fetch_offset_ || response.records.empty());
    for (MetadataRecord& record : response.records) records_.push_back(std::move(record));
    fetch_offset_ = fetch_offset_ + static_cast<std::int64_t>(response.records.size());
    high_watermark_ = std::max(high_watermark_, response.high_watermark);
    caught_up_ = caught_up_ || (fetch_offset_ >= high_watermark_ && high_watermark_.value() > 0);
    maybe_fetch(now, effects);
}

void MetadataObserver::on_lost(TimePoint now, Effects& effects) {
    channel_.on_lost(now);
    // The quorum may have moved on; with one voter the same one is asked again.
    if (voters_.size() > 1) turn_to(now, next_voter(), effects);
    maybe_fetch(now, effects);
}

void MetadataObserver::on_woken(TimePoint now, Effects& effects) {
    if (channel_.expire(now, effects).second && voters_.size() > 1)
        turn_to(now, next_voter(), effects);
    maybe_fetch(now, effects);
}

std::optional<TimePoint> MetadataObserver::next_deadline() const {
    if (channel_.state() == Channel::State::disconnected)
        return std::max(channel_.backoff_ends(), fetches_at_);
    if (channel_.ready() && channel_.in_flight() == 0) return fetches_at_;
    return channel_.next_deadline();
}

std::optional<MetadataObserver::Committed> MetadataObserver::take_committed() {
    if (records_.empty() || applied_end_ >= high_watermark_) return std::nullopt;
    Committed next{applied_end_, std::move(records_.front())};
    records_.pop_front();
    applied_end_ = applied_end_.next();
    return next;
}

}  // namespace core
