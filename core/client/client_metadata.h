/// ClientMetadata: what a client believes of the cluster, and when it asks again.
///
/// Follows Metadata and NetworkClient.DefaultMetadataUpdater (3.9), without I/O: the owner sends
/// the request when update_due says so, and tells what became of it.
///
/// Rules:
///   M1  A partition's leader epoch never falls: older answers are ignored per partition.
///       [kafka Metadata.updateLatestMetadata]
///   M2  Between two refreshes lies a back-off: retry.backoff.ms after any, and where answers
///       bring nothing new, or fail, an exponential one (3.7+, KIP-580).
///   M3  A leader that is not among the alive brokers of the answer is no leader.
///       [kafka MetadataResponse.toPartitionInfo]
///   M4  Until the first record there is no refresh at all.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/client/connections.h"
#include "core/protocol/messages.h"

namespace core {

struct MetadataOptions {
    Duration retry_backoff;
    Duration retry_backoff_max;
    Duration max_age;
    bool exponential_backoff;  ///< KIP-580
};

/// One partition as the client knows it.
struct PartitionView {
    bool known = false;  ///< some answer named it
    std::optional<BrokerIndex> leader;
    std::int32_t leader_epoch = -1;  ///< -1: none seen
};

class ClientMetadata {
  public:
    ClientMetadata(NodeId self, std::uint64_t seed, const MetadataOptions& options,
                   std::uint32_t partition_count, std::vector<BrokerIndex> bootstrap);

    // Requests for a refresh.
    /// `fresh`: something new is wanted, so the back-off for answers without news starts over.
    enum class Fresh : bool { no, yes };
    void request_update(Fresh fresh);
    /// A topic is used for the first time: no back-off. [kafka requestUpdateForNewTopics]
    void request_update_for_new_topic();
    bool update_requested() const { return requested_; }
    bool in_progress() const { return in_progress_; }
    /// A refresh should be sent now.
    bool update_due(TimePoint now) const { return !in_progress_ && now >= next_update_; }
    /// When the next refresh is due; never before the first request_update.
    TimePoint next_update() const { return next_update_; }

    // What became of it.
    void on_sent();
    /// Takes an answer; false if it names no broker and so counts as failed.
    bool on_response(TimePoint now, const MetadataResponse& response, Connections& connections);
    void on_failed(TimePoint now);
    /// KIP-951: a produce response names a newer leader. True if it was news.
    bool on_leader_hint(PartitionId partition, const CurrentLeader& hint, Connections& connections);

    // The view.
    const PartitionView& partition(PartitionId partition) const {
        return partitions_[partition.value()];
    }
    /// The nodes to choose from: alive brokers of the last answer, before it the bootstrap ones.
    std::span<const BrokerIndex> nodes() const { return nodes_; }
    /// The partitions that a broker leads, ascending.
    std::span<const PartitionId> led_by(BrokerIndex broker) const {
        if (broker >= led_.size()) return {};
        return led_[broker];
    }
    /// Keyed start for the choice of the next refresh's node.
    std::uint64_t node_draw() const;

  private:
    Duration backoff(std::uint64_t attempts, std::uint64_t what) const;
    void schedule();
    void index_leaders();

    NodeId self_;
    std::uint64_t seed_;
    MetadataOptions options_;
    std::vector<PartitionView> partitions_;
    std::vector<BrokerIndex> nodes_;
    std::vector<std::vector<PartitionId>> led_;  ///< by BrokerIndex
    bool enabled_ = false;
    bool requested_ = false;
    bool in_progress_ = false;
    std::optional<TimePoint> last_refresh_;  ///< answered or failed; M2 counts from here
    std::optional<TimePoint> last_success_;
    std::uint64_t failed_attempts_ = 0;  ///< refreshes failed in a row
    std::uint64_t without_news_ = 0;     ///< answers in a row that brought no newer epoch
    std::uint64_t refreshes_ = 0;        ///< ended ever, for keyed jitter
    TimePoint next_update_ = TimePoint::max();
};

}  // namespace core
