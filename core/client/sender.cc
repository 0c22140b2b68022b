// The sender's loop of the producer: metadata, producer id, drain, send. [kafka Sender 3.9]

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/client/producer.h"

namespace core {
namespace {

ProduceRequest& request_in(const MessageBox& box) {
    auto* request = std::get_if<ProduceRequest>(&*box);
    ASSERT(request != nullptr);
    return *request;
}

constexpr std::uint64_t kInitProducerIdApi = 22;

}  // namespace

void Producer::run_rounds(TimePoint now, Effects& effects) {
    if (!waiting_.empty()) admit_waiting(now, effects);
    for (bool busy = true; busy && !at_rest(now);) busy = round(now, effects);
}

bool Producer::round(TimePoint now, Effects& effects) {
    if (sequences_.may_bump_epoch() && sequences_.maybe_bump_epoch())
        effects.note(
            Note{.kind = NoteKind::epoch_bump, .value = sequences_.current()->epoch.value()});
    bool busy = metadata_.update_due(now) && maybe_update_metadata(now, effects);
    if (wants_producer_id()) maybe_init_producer_id(now, effects);
    if (send_round(now, effects)) busy = true;
    // A batch that expired or was sent with acks=0 gave its memory back.
    if (memory_exhausted_ && admit_waiting(now, effects)) busy = true;
    return busy;
}

bool Producer::maybe_update_metadata(TimePoint now, Effects& effects) {
    const std::optional<BrokerIndex> node =
        connections_.least_loaded(now, metadata_.nodes(), metadata_.node_draw());
    if (!node) return false;
    Channel& channel = connections_.channel(*node);
    if (channel.can_send()) {
        channel.send(now, MetadataRequest{}, mark_of(RequestKind::metadata, 0), effects);
        metadata_.on_sent();
        return true;
    }
    // One connection at a time is set up for metadata. [kafka DefaultMetadataUpdater.maybeUpdate]
    if (!connections_.any_connecting()) channel.maybe_connect(now, effects);
    return false;
}

void Producer::maybe_init_producer_id(TimePoint now, Effects& effects) {
    if (now < producer_id_retry_ || metadata_.update_due(now)) return;
    const std::uint64_t draw = keyed_draw(
        seed_, Purpose::least_loaded_node,
        {static_cast<std::uint64_t>(id_.value()), kInitProducerIdApi, producer_id_attempts_});
    const std::optional<BrokerIndex> node = connections_.least_loaded(now, metadata_.nodes(), draw);
    if (!node) return;
    Channel& channel = connections_.channel(*node);
    if (!channel.can_send()) {
        channel.maybe_connect(now, effects);
        return;
    }
    channel.send(now, InitProducerIdRequest{}, mark_of(RequestKind::init_producer_id, 0), effects);
    producer_id_asked_ = true;
}

bool Producer::send_round(TimePoint now, Effects& effects) {
    next_check_ = TimePoint::max();
    next_connect_ = TimePoint::max();
    drained_requests_.clear();
    // Kafka's sender does not come to its queues before it has a producer id.
    if (accumulator_.has_queued() && (!idempotent_ || sequences_.current())) {
        const Accumulator::ReadyCheck check =
            accumulator_.ready(now, metadata_, memory_exhausted_ || closing_, ready_brokers_);
        next_check_ = check.next_check;
        if (check.unknown_leaders) metadata_.request_update(ClientMetadata::Fresh::no);
        for (const BrokerIndex broker : ready_brokers_) {
            if (!broker_ready(now, broker, effects)) continue;
            const std::uint32_t request = take_request(broker);
            drain(now, broker, requests_[request].batches);
            if (requests_[request].batches.empty())
                free_request(request);
            else
                drained_requests_.push_back(request);
        }
    }
    // Between drain and send, as in Sender.sendProducerData.
    const bool expired = expire_now_ && expire_batches(now, effects);
    expire_now_ = false;
    for (const std::uint32_t request : drained_requests_)
        send_produce_request(now, request, effects);
    return expired || !drained_requests_.empty();
}

bool Producer::broker_ready(TimePoint now, BrokerIndex broker, Effects& effects) {
    Channel& channel = connections_.channel(broker);
    if (channel.can_send()) return !metadata_.update_due(now);
    if (channel.state() == Channel::State::disconnected && !channel.maybe_connect(now, effects))
        next_connect_ = std::min(next_connect_, channel.backoff_ends());
    return false;
}

void Producer::drain(TimePoint now, BrokerIndex broker, BatchSlots& drained) {
    const std::span<const PartitionId> led = metadata_.led_by(broker);
    if (led.empty()) return;
    std::size_t& place = drain_place(broker, led.size());
    const std::size_t start = place;
    // A whole round visits all of them, and ends at the one before its first.
    place = before(start, led.size());
    std::int64_t size = 0;
    std::size_t index = start;
    do {
        if (accumulator_.first_queued(led[index]) != kNoBatch) {
            const DrainOutcome outcome = drain_first(now, led[index], size, drained);
            if (outcome == DrainOutcome::ends_drain) place = index;
            if (outcome == DrainOutcome::ends_drain || !accumulator_.has_queued()) return;
        }
        index = index + 1 == led.size() ? 0 : index + 1;
    } while (index != start);
}

void Producer::add_drain_places(BrokerIndex broker) {
    drain_places_.resize(broker + 1, 0);
}

Producer::DrainOutcome Producer::drain_first(TimePoint now, PartitionId partition,
                                             std::int64_t& size, BatchSlots& drained) {
    const std::optional<BatchSlot> first = accumulator_.drainable(now, partition, metadata_);
    if (!first) return DrainOutcome::passed_over;
    ProducerBatch& batch = accumulator_.batch(*first);
    if (!drained.empty() && size + batch.size_bytes() > config_.max_request_size)
        return DrainOutcome::ends_drain;
    if (idempotent_ && sequences_.must_wait(batch)) return DrainOutcome::ends_drain;
    accumulator_.unqueue(*first);
    if (idempotent_ && !batch.producer) sequences_.assign(*first, batch);
    build(batch);
    take_drained(*first, batch, drained);
    size += batch.size_bytes();
    return DrainOutcome::taken;
}

void Producer::build(ProducerBatch& batch) {
    if (!batch.body)
        batch.body = batch.builder.close(batch.producer, tag(batch), &arena_);
    else if (batch.sequence_reset)
        batch.body = reissue(*batch.body, batch.producer);
    batch.closed = true;
    batch.sequence_reset = false;
}

void Producer::add_request() {
    requests_.emplace_back();
    free_request(static_cast<std::uint32_t>(requests_.size() - 1));
}

inline void Producer::begin_request(const ProducerBatch& first, ProduceRequest& request) const {
    request.acks = static_cast<Acks>(config_.acks);
    request.timeout = config_.request_timeout;
    request.first_record = first.records.front();
    request.attempt = first.attempts;
}

void Producer::send_produce_request(TimePoint now, std::uint32_t request, Effects& effects) {
    Channel& channel = connections_.channel(requests_[request].broker);
    const NodeId peer = channel.peer();
    const BatchSlots& batches = requests_[request].batches;
    MessageBox box = effects.messages().take<ProduceRequest>();
    ProduceRequest& message = request_in(box);
    begin_request(accumulator_.batch(batches.front()), message);
    for (const BatchSlot slot : batches) {
        const ProducerBatch& batch = accumulator_.batch(slot);
        message.partitions.push_back(ProducePartition{batch.partition, batch.body});
        note_sent(batch.partition, tag(batch), batch.attempts, peer, effects);
    }
    const bool expects_response = config_.acks != 0;
    if (expects_response) {
        channel.send(now, std::move(box), mark_of(RequestKind::produce, request), effects);
        return;
    }
    channel.send_unanswered(std::move(box), effects);
    for (const BatchSlot slot : batches) {
        const ProducePartitionResponse success =
            own_finding(accumulator_.batch(slot).partition, ErrorCode::none);
        complete_batch(now, slot, success, peer, effects);
    }
    free_request(request);
}

void Producer::send_record(TimePoint now, const SendRecord& call, Effects& effects) {
    ASSERT(!closing_);
    in_use_ = true;
    if (!sends_at_once_ || !send_at_once(now, call, effects)) queue_record(now, call, effects);
}

inline bool Producer::send_at_once(TimePoint now, const SendRecord& record, Effects& effects) {
    const PartitionView& view = metadata_.partition(record.partition);
    if (!view.leader || !waiting_.empty() || !at_rest(now)) return false;
    if (accumulator_.muted(record.partition)) return false;
    if (idempotent_ && sequences_.new_must_wait(record.partition)) return false;
    const BrokerIndex broker = *view.leader;
    Channel& channel = connections_.channel(broker);
    if (!channel.can_send()) return false;
    const std::int32_t size = batch_size_upper_bound(record.key, record.value);
    if (size > config_.max_request_size || size > config_.buffer_memory) return false;
    if (!accumulator_.has_memory_for(size)) return false;

    const BatchSlot slot = accumulator_.begin_alone(now, record, size, view);
    ProducerBatch& batch = accumulator_.batch(slot);
    if (idempotent_) sequences_.assign(slot, batch);
    const BatchTag own_tag = tag(batch);
    batch.body = batch_of_one(record.key, record.value, record.timestamp_ms, batch.producer,
                              own_tag, arena_);
    note_queued(record, own_tag, effects);
    pass_round(broker);
    const std::uint32_t request = take_request(broker);
    take_drained(slot, batch, requests_[request].batches);
    MessageBox box = effects.messages().take<ProduceRequest>();
    ProduceRequest& message = request_in(box);
    begin_request(batch, message);
    message.partitions.push_back(ProducePartition{record.partition, batch.body});
    note_sent(record.partition, own_tag, 0, channel.peer(), effects);
    channel.send(now, std::move(box), mark_of(RequestKind::produce, request), effects);
    // All that was waited for is waited for still, and the answer to this request.
    TimePoint& due = deadlines_[Lane::requests];
    due = std::min({due, channel.expire_due(), saturating_add(now, config_.delivery_timeout)});
    return true;
}

void Producer::plan_deadline(TimePoint now) {
    TimePoint due = connections_.next_deadline();
    if (accumulator_.has_queued()) due = std::min({due, next_check_, next_connect_});
    const BatchSlot oldest = accumulator_.oldest_incomplete();
    if (oldest != kNoBatch)
        due = std::min(
            due, saturating_add(accumulator_.batch(oldest).created, config_.delivery_timeout));
    if (!waiting_.empty()) due = std::min(due, waiting_.front().expires);
    // What is due but had no node waits for the end of a back-off.
    bool wants_node = false;
    if (!metadata_.in_progress()) {
        if (metadata_.next_update() > now)
            due = std::min(due, metadata_.next_update());
        else
            wants_node = true;
    }
    if (wants_producer_id()) {
        if (producer_id_retry_ > now)
            due = std::min(due, producer_id_retry_);
        else
            wants_node = true;
    }
    if (wants_node) due = std::min(due, connections_.backoff_ends(now, metadata_.nodes()));
    deadlines_[Lane::requests] = due;
}

}  // namespace core
