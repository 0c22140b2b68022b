/// Reader: reads partitions from log start to high watermark at their leaders, once.
///
/// A plain consumer without a group, position or session: metadata, ListOffsets(earliest), then
/// Fetch without a replica id until the answer's high watermark is reached. [kafka Fetcher,
/// OffsetFetcher 3.9]
///
/// Promises: when done(), each partition is either read (all batches below the high watermark that
/// its leader named last) or has a problem that says why not.
///
/// Rules:
///   R1  A partition is asked for at one broker at a time: the leader of the last metadata.
///   R2  Any error or lost connection asks for metadata again after a back-off, and goes on.
///   R3  What is not read `give_up` after the start keeps its last problem.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/client/client_metadata.h"
#include "core/client/connections.h"
#include "core/protocol/topics.h"
#include "core/record/batch.h"
#include "core/step/node.h"

namespace core {

struct ReaderOptions {
    Duration retry_backoff = from_ms(100);
    Duration request_timeout = from_ms(30'000);
    Duration give_up = from_ms(60'000);  ///< since Started
    std::int32_t partition_max_bytes = 8 << 20;
    bool keeps_batches = true;  ///< false: it only finds out what can be read
};

class Reader final : public Node {
  public:
    /// Reads these partitions, no one twice. `bootstrap`: at least one broker.
    Reader(NodeId id, std::uint64_t seed, const TopicTable& topics,
           std::span<const NodeId> bootstrap, std::span<const PartitionId> partitions,
           const ReaderOptions& options = {});

    void step(TimePoint now, Lane lane, Input& input, Effects& effects) override;
    void receive(TimePoint now, Received& received, Effects& effects) override;
    const LaneDeadlines& deadlines() const override { return deadlines_; }

    /// Every partition is read or given up.
    bool done() const { return open_ == 0; }
    /// True if it was read to its high watermark.
    bool is_read(PartitionId partition) const;
    /// Why it is not read (yet): leader_not_available without a leader, network_exception where the
    /// leader cannot be reached, else the last error of an answer. none once it is read.
    ErrorCode problem(PartitionId partition) const;
    /// The leader that it was read from, or was asked last.
    std::optional<NodeId> leader(PartitionId partition) const;
    Offset log_start_offset(PartitionId partition) const;
    Offset high_watermark(PartitionId partition) const;
    /// The batches read so far, by offset, if it keeps them.
    const std::vector<Batch>& batches(PartitionId partition) const;

  private:
    enum class State : std::uint8_t { unused, wants_start, wants_data, asked, read, given_up };
    struct Partition {
        State state = State::unused;
        bool has_start = false;
        Offset log_start{0};
        Offset next{0};
        Offset high_watermark{0};
        std::optional<NodeId> leader;
        ErrorCode problem = ErrorCode::leader_not_available;
        std::vector<Batch> batches;
    };

    void on_received(TimePoint now, Received& received);
    void end_step(TimePoint now, Effects& effects);
    void on_list_offsets(TimePoint now, Partition& partition, const ListOffsetsResponse& response);
    void on_fetch(TimePoint now, Partition& partition, const FetchPartitionResponse& response);
    void on_lost(TimePoint now, const std::vector<InFlight>& lost);
    void stumble(TimePoint now, Partition& partition, ErrorCode error);
    void run(TimePoint now, Effects& effects);
    void maybe_update_metadata(TimePoint now, Effects& effects);
    void ask(TimePoint now, PartitionId id, BrokerIndex broker, Effects& effects);
    void plan_deadline(TimePoint now);
    const Partition& at(PartitionId partition) const { return partitions_[partition.value()]; }

    ReaderOptions options_;
    Connections connections_;
    ClientMetadata metadata_;
    std::vector<Partition> partitions_;
    std::size_t open_ = 0;  ///< partitions neither read nor given up
    TimePoint retry_at_ = TimePoint::min();
    TimePoint give_up_at_ = TimePoint::max();
    TimePoint next_connect_ = TimePoint::max();
    LaneDeadlines deadlines_;  ///< everything happens on the requests lane
};

}  // namespace core
