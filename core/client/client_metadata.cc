#include "core/client/client_metadata.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/client/error_class.h"

namespace core {
namespace {

constexpr std::uint64_t kAfterFailure = 1;
constexpr std::uint64_t kWithoutNews = 2;
constexpr std::uint64_t kMetadataApi = 3;

}  // namespace

ClientMetadata::ClientMetadata(NodeId self, std::uint64_t seed, const MetadataOptions& options,
                               std::uint32_t partition_count, std::vector<BrokerIndex> bootstrap)
    : self_(self),
      seed_(seed),
      options_(options),
      partitions_(partition_count),
      nodes_(std::move(bootstrap)) {
    ASSERT(!nodes_.empty());
}

void ClientMetadata::request_update(Fresh fresh) {
    if (requested_ && (fresh == Fresh::no || without_news_ == 0)) return;
    enabled_ = true;
    requested_ = true;
    if (fresh == Fresh::yes) without_news_ = 0;
    schedule();
}

void ClientMetadata::request_update_for_new_topic() {
    enabled_ = true;
    requested_ = true;
    without_news_ = 0;
    last_refresh_.reset();
    schedule();
}

void ClientMetadata::on_sent() {
    ASSERT(!in_progress_);
    in_progress_ = true;
}

bool ClientMetadata::on_response(TimePoint now, const MetadataResponse& response,
                                 Connections& connections) {
    // [kafka DefaultMetadataUpdater.handleSuccessfulResponse: no brokers is a failed update]
    if (response.brokers.empty()) {
        on_failed(now);
        return false;
    }
    in_progress_ = false;
    requested_ = false;
    last_refresh_ = now;
    last_success_ = now;
    failed_attempts_ = 0;
    ++without_news_;
    ++refreshes_;

    nodes_.clear();
    for (const NodeId broker : response.brokers) nodes_.push_back(connections.index_of(broker));
    for (const MetadataPartition& item : response.partitions) {
        ASSERT(item.partition.value() < partitions_.size());
        PartitionView& view = partitions_[item.partition.value()];
        view.known = true;
        if (item.leader_epoch.value() >= view.leader_epoch) {
            if (item.leader_epoch.value() > view.leader_epoch) without_news_ = 0;
            view.leader_epoch = item.leader_epoch.value();
            view.leader.reset();
            if (item.leader) view.leader = connections.index_of(*item.leader);
        }
        if (is_invalid_metadata(item.error)) requested_ = true;
    }
    for (PartitionView& view : partitions_)
        if (view.leader && std::find(nodes_.begin(), nodes_.end(), *view.leader) == nodes_.end())
            view.leader.reset();
    index_leaders();
    schedule();
    return true;
}

void ClientMetadata::on_failed(TimePoint now) {
    in_progress_ = false;
    last_refresh_ = now;
    ++failed_attempts_;
    without_news_ = 0;
    ++refreshes_;
    schedule();
}

bool ClientMetadata::on_leader_hint(PartitionId partition, const CurrentLeader& hint,
                                    Connections& connections) {
    PartitionView& view = partitions_[partition.value()];
    if (!view.known || hint.leader_epoch.value() <= view.leader_epoch) return false;
    view.leader = connections.index_of(hint.leader);
    view.leader_epoch = hint.leader_epoch.value();
    // The response carries the leader's address, so the node is known from here on.
    if (std::find(nodes_.begin(), nodes_.end(), *view.leader) == nodes_.end())
        nodes_.push_back(*view.leader);
    index_leaders();
    return true;
}

std::uint64_t ClientMetadata::node_draw() const {
    return keyed_draw(seed_, Purpose::least_loaded_node,
                      {static_cast<std::uint64_t>(self_.value()), kMetadataApi, refreshes_});
}

Duration ClientMetadata::backoff(std::uint64_t attempts, std::uint64_t what) const {
    if (!options_.exponential_backoff) return options_.retry_backoff;
    const std::uint64_t draw =
        keyed_draw(seed_, Purpose::retry_jitter,
                   {static_cast<std::uint64_t>(self_.value()), what, refreshes_});
    return exponential_backoff(options_.retry_backoff, options_.retry_backoff_max, attempts, draw);
}

void ClientMetadata::schedule() {
    if (!enabled_) return;
    next_update_ = TimePoint::min();
    if (!requested_ && last_success_)
        next_update_ = saturating_add(*last_success_, options_.max_age);
    if (!last_refresh_) return;
    const std::uint64_t failed = failed_attempts_ > 0 ? failed_attempts_ - 1 : 0;
    next_update_ =
        std::max(next_update_, saturating_add(*last_refresh_, backoff(failed, kAfterFailure)));
    if (options_.exponential_backoff && without_news_ > 0)
        next_update_ = std::max(
            next_update_, saturating_add(*last_refresh_, backoff(without_news_ - 1, kWithoutNews)));
}

void ClientMetadata::index_leaders() {
    for (auto& list : led_) list.clear();
    for (std::uint32_t p = 0; p < partitions_.size(); ++p) {
        const std::optional<BrokerIndex> leader = partitions_[p].leader;
        if (!leader) continue;
        if (*leader >= led_.size()) led_.resize(*leader + 1);
        led_[*leader].push_back(PartitionId(p));
    }
}

}  // namespace core
