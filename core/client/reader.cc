#include "core/client/reader.h"

#include <algorithm>
#include <limits>

#include "core/base/assert.h"
#include "core/base/prefetch.h"
#include "core/base/variant.h"

namespace core {
namespace {

constexpr std::uint64_t kMetadataMark = std::numeric_limits<std::uint64_t>::max();

ChannelOptions channel_options(const ReaderOptions& options) {
    ChannelOptions result;
    result.request_timeout = options.request_timeout;
    result.in_flight_max = std::numeric_limits<std::int32_t>::max();
    return result;
}

}  // namespace

Reader::Reader(NodeId id, std::uint64_t seed, const TopicTable& topics,
               std::span<const NodeId> bootstrap, std::span<const PartitionId> partitions,
               const ReaderOptions& options)
    : options_(options),
      connections_(id, seed, channel_options(options)),
      metadata_(
          id, seed,
          MetadataOptions{options.retry_backoff, options.retry_backoff, from_ms(300'000), false},
          topics.partition_count(), connections_.indexes_of(bootstrap)),
      partitions_(topics.partition_count()) {
    for (const PartitionId partition : partitions) {
        Partition& state = partitions_[partition.value()];
        ASSERT(state.state == State::unused);
        state.state = State::wants_start;
        ++open_;
    }
}

bool Reader::is_read(PartitionId partition) const {
    return at(partition).state == State::read;
}

ErrorCode Reader::problem(PartitionId partition) const {
    return is_read(partition) ? ErrorCode::none : at(partition).problem;
}

std::optional<NodeId> Reader::leader(PartitionId partition) const {
    return at(partition).leader;
}

Offset Reader::log_start_offset(PartitionId partition) const {
    return at(partition).log_start;
}

Offset Reader::high_watermark(PartitionId partition) const {
    return at(partition).high_watermark;
}

const std::vector<Batch>& Reader::batches(PartitionId partition) const {
    return at(partition).batches;
}

// ---- inputs -------------------------------------------------------------------------------------

void Reader::step(TimePoint now, Lane, Input& input, Effects& effects) {
    match(
        input,
        [&](Started&) {
            give_up_at_ = saturating_add(now, options_.give_up);
            metadata_.request_update(ClientMetadata::Fresh::yes);
        },
        [&](Woken&) {
            for (BrokerIndex broker = 0; broker < connections_.count(); ++broker) {
                const auto [lost, closed] = connections_.channel(broker).expire(now, effects);
                if (closed) on_lost(now, lost);
            }
            if (now < give_up_at_) return;
            for (Partition& partition : partitions_) {
                if (partition.state == State::unused || partition.state == State::read) continue;
                partition.state = State::given_up;
            }
            open_ = 0;
        },
        [&](Connected& connected) {
            const auto broker = connections_.owner(connected.connection);
            if (broker) connections_.channel(*broker).on_connected(now);
        },
        [&](Lost& lost) {
            const auto broker = connections_.owner(lost.connection, lost.peer);
            if (broker) on_lost(now, connections_.channel(*broker).on_lost(now));
        },
        [&](Received& received) { on_received(now, received); }, [](Call&) { UNREACHABLE(); });
    end_step(now, effects);
}

void Reader::receive(TimePoint now, Received& received, Effects& effects) {
    on_received(now, received);
    end_step(now, effects);
}

void Reader::end_step(TimePoint now, Effects& effects) {
    if (!done()) run(now, effects);
    plan_deadline(now);
}

void Reader::on_received(TimePoint now, Received& received) {
    const auto broker = connections_.owner(received.connection, received.peer);
    if (!broker) return;
    const InFlight answered = connections_.channel(*broker).on_response(received.correlation);
    if (answered.mark == kMetadataMark) {
        metadata_.on_response(now, std::get<MetadataResponse>(*received.message), connections_);
        return;
    }
    Partition& partition = partitions_[answered.mark];
    if (partition.state != State::asked) return;
    if (const auto* offsets = std::get_if<ListOffsetsResponse>(&*received.message)) {
        on_list_offsets(now, partition, *offsets);
        return;
    }
    const auto& fetched = std::get<FetchResponse>(*received.message);
    if (fetched.error != ErrorCode::none || fetched.partitions.empty())
        stumble(now, partition,
                fetched.error == ErrorCode::none ? ErrorCode::unknown_server_error : fetched.error);
    else
        on_fetch(now, partition, fetched.partitions.front());
}

void Reader::on_list_offsets(TimePoint now, Partition& partition,
                             const ListOffsetsResponse& response) {
    if (response.error != ErrorCode::none || !response.offset) {
        stumble(
            now, partition,
            response.error == ErrorCode::none ? ErrorCode::leader_not_available : response.error);
        return;
    }
    partition.has_start = true;
    partition.log_start = *response.offset;
    partition.next = *response.offset;
    partition.batches.clear();
    partition.state = State::wants_data;
}

void Reader::on_fetch(TimePoint now, Partition& partition, const FetchPartitionResponse& response) {
    if (response.error == ErrorCode::offset_out_of_range) partition.has_start = false;
    if (response.error != ErrorCode::none) {
        stumble(now, partition, response.error);
        return;
    }
    const Offset asked = partition.next;
    partition.high_watermark = response.high_watermark;
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = 0; i < response.batches.size(); ++i) {
        // A whole log's bodies come by, and none is in a cache.
        if (i + kAhead < response.batches.size()) prefetch(response.batches[i + kAhead].body.get());
        const Batch& batch = response.batches[i];
        if (batch.next_offset() <= partition.next) continue;
        if (batch.base_offset >= response.high_watermark) break;
        if (options_.keeps_batches) partition.batches.push_back(batch);
        partition.next = batch.next_offset();
    }
    if (partition.next >= response.high_watermark) {
        partition.state = State::read;
        --open_;
    } else if (partition.next > asked) {
        partition.state = State::wants_data;
    } else {
        stumble(now, partition, ErrorCode::offset_not_available);
    }
}

void Reader::on_lost(TimePoint now, const std::vector<InFlight>& lost) {
    if (metadata_.update_due(now)) metadata_.on_failed(now);
    for (const InFlight& request : lost) {
        if (request.mark == kMetadataMark)
            metadata_.on_failed(now);
        else if (partitions_[request.mark].state == State::asked)
            stumble(now, partitions_[request.mark], ErrorCode::network_exception);
    }
    metadata_.request_update(ClientMetadata::Fresh::no);
}

void Reader::stumble(TimePoint now, Partition& partition, ErrorCode error) {
    partition.problem = error;
    partition.state = partition.has_start ? State::wants_data : State::wants_start;
    retry_at_ = saturating_add(now, options_.retry_backoff);
    metadata_.request_update(ClientMetadata::Fresh::no);
}

// ---- what to ask next ---------------------------------------------------------------------------

void Reader::run(TimePoint now, Effects& effects) {
    next_connect_ = TimePoint::max();
    maybe_update_metadata(now, effects);
    if (metadata_.in_progress() || now < retry_at_) return;
    for (std::uint32_t p = 0; p < partitions_.size(); ++p) {
        Partition& partition = partitions_[p];
        if (partition.state != State::wants_start && partition.state != State::wants_data) continue;
        const PartitionView& view = metadata_.partition(PartitionId(p));
        if (!view.leader) {
            partition.problem = ErrorCode::leader_not_available;
            metadata_.request_update(ClientMetadata::Fresh::no);
            continue;
        }
        Channel& channel = connections_.channel(*view.leader);
        partition.leader = channel.peer();
        if (channel.can_send()) {
            ask(now, PartitionId(p), *view.leader, effects);
            continue;
        }
        partition.problem = ErrorCode::network_exception;
        if (!channel.maybe_connect(now, effects))
            next_connect_ = std::min(next_connect_, channel.backoff_ends());
    }
    maybe_update_metadata(now, effects);
}

void Reader::maybe_update_metadata(TimePoint now, Effects& effects) {
    if (!metadata_.update_due(now)) return;
    const auto node = connections_.least_loaded(now, metadata_.nodes(), metadata_.node_draw());
    if (!node) return;
    Channel& channel = connections_.channel(*node);
    if (channel.can_send()) {
        channel.send(now, MetadataRequest{}, kMetadataMark, effects);
        metadata_.on_sent();
    } else if (!connections_.any_connecting()) {
        channel.maybe_connect(now, effects);
    }
}

void Reader::ask(TimePoint now, PartitionId id, BrokerIndex broker, Effects& effects) {
    Partition& partition = partitions_[id.value()];
    Channel& channel = connections_.channel(broker);
    const LeaderEpoch epoch(metadata_.partition(id).leader_epoch);
    if (partition.state == State::wants_start) {
        channel.send(now,
                     ListOffsetsRequest{.replica = std::nullopt,
                                        .partition = id,
                                        .current_leader_epoch = epoch,
                                        .spec = OffsetSpec::earliest},
                     id.value(), effects);
    } else {
        FetchRequest request{.replica = std::nullopt,
                             .replica_epoch = std::nullopt,
                             .max_wait = Duration::zero(),
                             .min_bytes = 0,
                             .max_bytes = options_.partition_max_bytes,
                             .partition_max_bytes = options_.partition_max_bytes,
                             .full = true,
                             .partitions = {},
                             .forgotten = {}};
        request.partitions.push_back(FetchPartition{.partition = id,
                                                    .current_leader_epoch = epoch,
                                                    .fetch_offset = partition.next,
                                                    .last_fetched_epoch = std::nullopt,
                                                    .log_start_offset = partition.log_start});
        channel.send(now, std::move(request), id.value(), effects);
    }
    partition.state = State::asked;
}

void Reader::plan_deadline(TimePoint now) {
    TimePoint& due = deadlines_[Lane::requests];
    due = TimePoint::max();
    if (done()) return;
    due = std::min({give_up_at_, connections_.next_deadline(), next_connect_});
    if (retry_at_ > now) due = std::min(due, retry_at_);
    if (metadata_.in_progress()) return;
    if (metadata_.next_update() > now)
        due = std::min(due, metadata_.next_update());
    else
        due = std::min(due, connections_.backoff_ends(now, metadata_.nodes()));
}

}  // namespace core
