#include "core/client/producer.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/variant.h"

namespace core {
namespace {

ChannelOptions channel_options(const ProducerConfig& config) {
    ChannelOptions options;
    options.reconnect_backoff = config.reconnect_backoff;
    options.reconnect_backoff_max = config.reconnect_backoff_max;
    options.setup_timeout = config.connection_setup_timeout;
    options.setup_timeout_max = config.connection_setup_timeout_max;
    options.request_timeout = config.request_timeout;
    options.in_flight_max = config.max_in_flight_requests_per_connection;
    return options;
}

}  // namespace

Producer::Producer(NodeId id, std::uint64_t seed, const Profile& profile,
                   const ProducerConfig& config, const TopicTable& topics,
                   std::span<const NodeId> bootstrap, std::uint32_t first_batch)
    : id_(id),
      seed_(seed),
      config_(config),
      topics_(topics),
      idempotent_(config.enable_idempotence),
      takes_leader_hints_(profile.produce_response_names_leader),
      guarantees_order_(config.max_in_flight_requests_per_connection == 1),
      sends_at_once_(config.linger == Duration::zero() && config.acks != 0),
      connections_(id, seed, channel_options(config)),
      accumulator_(id, seed, profile, config, topics.partition_count(), first_batch),
      sequences_(profile, accumulator_.pool(), topics.partition_count()),
      metadata_(id, seed,
                MetadataOptions{config.retry_backoff, config.retry_backoff_max,
                                config.metadata_max_age, profile.retry_backoff_exponential},
                topics.partition_count(), connections_.indexes_of(bootstrap)),
      topic_in_use_(topics.topics().size(), false) {
    ASSERT(!idempotent_ || config.acks == -1);
}

void Producer::step(TimePoint now, Lane, Input& input, Effects& effects) {
    match(
        input, [](Started&) {}, [&](Woken&) { on_woken(now, effects); },
        [&](Connected& connected) {
            const std::optional<BrokerIndex> broker = connections_.owner(connected.connection);
            if (!broker) return;
            connections_.channel(*broker).on_connected(now);
            run(now, effects);
        },
        [&](Lost& lost) {
            const std::optional<BrokerIndex> broker =
                connections_.owner(lost.connection, lost.peer);
            if (!broker) return;
            const std::vector<InFlight> requests = connections_.channel(*broker).on_lost(now);
            on_lost(now, *broker, requests, effects);
            run(now, effects);
        },
        [&](Received& received) { receive(now, received, effects); },
        [&](Call& call) {
            ASSERT(std::holds_alternative<ShutDown>(call));
            closing_ = true;
            run(now, effects);
        });
    maybe_close(effects);
}

void Producer::close_if_complete(Effects& effects) {
    if (closed_ || has_incomplete()) return;
    closed_ = true;
    effects.exit(ExitReason::clean_shutdown);
}

// ---- inputs -------------------------------------------------------------------------------------

void Producer::on_woken(TimePoint now, Effects& effects) {
    for (BrokerIndex broker = 0; broker < connections_.count(); ++broker) {
        if (connections_.channel(broker).expire_due() > now) continue;
        const auto [lost, closed] = connections_.channel(broker).expire(now, effects);
        if (closed) on_lost(now, broker, lost, effects);
    }
    expire_waiting(now, effects);
    expire_now_ = true;
    run(now, effects);
}

void Producer::on_other_response(TimePoint now, RequestKind kind, const Received& received,
                                 Effects& effects) {
    if (kind == RequestKind::init_producer_id)
        return on_init_producer_id_response(
            now, std::get<InitProducerIdResponse>(*received.message), effects);
    ASSERT(kind == RequestKind::metadata);
    if (metadata_.on_response(now, std::get<MetadataResponse>(*received.message), connections_))
        effects.note(Note{.kind = NoteKind::metadata_update, .peer = received.peer});
}

void Producer::on_lost(TimePoint now, BrokerIndex broker, const std::vector<InFlight>& lost,
                       Effects& effects) {
    // [kafka NetworkClient.processDisconnection, handleServerDisconnect]
    bool asked_producer_id = false;
    for (const InFlight& request : lost) {
        const RequestKind kind = kind_of(request.mark);
        if (kind == RequestKind::metadata) metadata_.on_failed(now);
        if (kind == RequestKind::init_producer_id) asked_producer_id = true;
    }
    // A disconnect while a refresh is due counts as a failed refresh: it backs off.
    if (metadata_.update_due(now)) metadata_.on_failed(now);
    metadata_.request_update(ClientMetadata::Fresh::no);

    if (asked_producer_id) producer_id_asked_ = false;
    if (wants_producer_id()) {
        producer_id_retry_ = saturating_add(now, config_.retry_backoff);
        ++producer_id_attempts_;
    }
    const NodeId peer = connections_.channel(broker).peer();
    for (const InFlight& in_flight : lost) {
        if (kind_of(in_flight.mark) != RequestKind::produce) continue;
        const std::uint32_t request = request_of(in_flight.mark);
        for (const BatchSlot batch : requests_[request].batches) {
            const ProducePartitionResponse response =
                own_finding(accumulator_.batch(batch).partition, ErrorCode::network_exception);
            complete_batch(now, batch, response, peer, effects);
        }
        free_request(request);
    }
}

void Producer::on_init_producer_id_response(TimePoint now, const InitProducerIdResponse& response,
                                            Effects& effects) {
    producer_id_asked_ = false;
    if (response.error != ErrorCode::none) {
        producer_id_retry_ = saturating_add(now, config_.retry_backoff);
        ++producer_id_attempts_;
        return;
    }
    ASSERT(response.producer_id.has_value());
    sequences_.set_producer_id(ProducerIdAndEpoch{
        *response.producer_id, response.producer_epoch.value_or(ProducerEpoch(0))});
    effects.note(Note{.kind = NoteKind::producer_id, .value = response.producer_id->value()});
}

// ---- the way of a record into a batch -----------------------------------------------------------

void Producer::queue_record(TimePoint now, const SendRecord& call, Effects& effects) {
    if (waiting_.empty()) {
        const BatchSlot last = accumulator_.last_queued(call.partition);
        const SendOutcome outcome = try_send(now, call, effects);
        if (outcome == SendOutcome::taken) {
            // Kafka wakes its sender only for a new or a full batch.
            const BatchSlot batch = accumulator_.last_queued(call.partition);
            if (batch != last || batch == kNoBatch || accumulator_.batch(batch).full())
                run(now, effects);
            return;
        }
        memory_exhausted_ = outcome == SendOutcome::waits_for_memory;
    }
    wait(now, call, effects);
    run(now, effects);
}

void Producer::wait(TimePoint now, const SendRecord& call, Effects& effects) {
    std::optional<Bytes> key;
    if (call.key) key.emplace(call.key->begin(), call.key->end());
    waiting_.push_back(WaitingSend{call.number, call.partition, std::move(key),
                                   Bytes(call.value.begin(), call.value.end()), call.timestamp_ms,
                                   saturating_add(now, config_.max_block)});
    if (config_.max_block == Duration::zero()) expire_waiting(now, effects);
}

Producer::SendOutcome Producer::try_send(TimePoint now, const SendRecord& record,
                                         Effects& effects) {
    if (!metadata_.partition(record.partition).known) {
        const std::size_t topic = topics_.topic_of(record.partition).value();
        if (!topic_in_use_[topic])
            metadata_.request_update_for_new_topic();
        else
            metadata_.request_update(ClientMetadata::Fresh::no);
        topic_in_use_[topic] = true;
        return SendOutcome::waits_for_metadata;
    }
    // [kafka KafkaProducer.ensureValidRecordSize]
    const std::int32_t size = batch_size_upper_bound(record.key, record.value);
    if (size > config_.max_request_size || size > config_.buffer_memory) {
        refuse(record, ErrorCode::message_too_large, effects);
        return SendOutcome::taken;
    }
    const BatchSlot batch = accumulator_.append(now, record, size);
    if (batch == kNoBatch) return SendOutcome::waits_for_memory;
    note_queued(record, tag(accumulator_.batch(batch)), effects);
    return SendOutcome::taken;
}

bool Producer::admit_waiting(TimePoint now, Effects& effects) {
    const std::size_t waiting = waiting_.size();
    memory_exhausted_ = false;
    while (!waiting_.empty()) {
        const WaitingSend& head = waiting_.front();
        std::optional<BytesView> key;
        if (head.key) key = BytesView(*head.key);
        const SendRecord record{head.number, head.partition, key, head.value, head.timestamp_ms};
        const SendOutcome outcome = try_send(now, record, effects);
        memory_exhausted_ = outcome == SendOutcome::waits_for_memory;
        if (outcome != SendOutcome::taken) break;
        waiting_.pop_front();
    }
    return waiting_.size() < waiting;
}

void Producer::expire_waiting(TimePoint now, Effects& effects) {
    while (!waiting_.empty() && waiting_.front().expires <= now) {
        const WaitingSend& head = waiting_.front();
        const bool known = metadata_.partition(head.partition).known;
        refuse(SendRecord{head.number, head.partition, std::nullopt, head.value, head.timestamp_ms},
               known ? ErrorCode::buffer_exhausted : ErrorCode::metadata_timeout, effects);
        waiting_.pop_front();
    }
}

void Producer::refuse(const SendRecord& record, ErrorCode error, Effects& effects) {
    effects.note(Note{.kind = NoteKind::record_refused,
                      .error = error,
                      .partition = record.partition,
                      .value = record.number.value()});
}

}  // namespace core
