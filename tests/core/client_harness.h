/// A client on the stack, and a cluster that the test plays by hand.
///
/// Bench drives one producer: it performs the effects of every step, answers connections, metadata
/// and producer ids by itself where told to, keeps produce requests for the test to answer, and
/// writes down the notes as one short story.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "core/client/producer.h"
#include "core/profile/config.h"
#include "core/profile/profile.h"
#include "core/protocol/topics.h"
#include "core/step/node.h"
#include "tests/core/effect_list.h"

namespace test {

using namespace core;  // NOLINT: tests speak of nothing else

inline constexpr NodeId kClient{kFirstClientId};

/// A request that the client sent and nobody answered yet.
struct Request {
    NodeId peer;
    ConnectionId connection;
    CorrelationId correlation;
    Message message;
};

/// "b3": the client's batch.
inline std::string batch_name(const Note& note) {
    return note.tag ? concat("b", note.tag->number) : "-";
}

/// One note in a few words.
inline std::string tell(const Note& note) {
    std::string error(name(note.error));
    if (note.error == ErrorCode::delivery_timeout) error = "DELIVERY_TIMEOUT";
    if (note.error == ErrorCode::buffer_exhausted) error = "BUFFER_EXHAUSTED";
    if (note.error == ErrorCode::metadata_timeout) error = "METADATA_TIMEOUT";
    const std::string batch = batch_name(note);
    if (note.kind == NoteKind::record_queued) return concat("queue ", note.value, ">", batch);
    if (note.kind == NoteKind::record_refused) return concat("refuse ", note.value, " ", error);
    if (note.kind == NoteKind::produce_send)
        return concat("send ", batch, "@", note.peer->value(), "#", note.value);
    if (note.kind == NoteKind::produce_ack && !note.first) return concat("ack ", batch);
    if (note.kind == NoteKind::produce_ack)
        return concat("ack ", batch, " ", note.first->value(), "..", note.end->value());
    if (note.kind == NoteKind::produce_error) return concat("error ", batch, " ", error);
    if (note.kind == NoteKind::produce_retry)
        return concat("retry ", batch, " ", error, "#", note.value);
    if (note.kind == NoteKind::producer_id) return concat("pid ", note.value);
    if (note.kind == NoteKind::epoch_bump) return concat("epoch ", note.value);
    if (note.kind == NoteKind::metadata_update) return "metadata";
    return std::string(name(note.kind));
}

class Bench {
  public:
    Profile profile;
    ProducerConfig config;
    TopicTable topics;
    std::vector<NodeId> bootstrap{NodeId(1), NodeId(2), NodeId(3)};
    /// What metadata answers say.
    MetadataResponse cluster;
    bool answers_connect = true;
    bool answers_metadata = true;
    bool answers_producer_id = true;
    bool queues_all = false;  ///< no record is sent at once
    TimePoint now{};

    std::vector<Request> produces;  ///< not answered, oldest first
    std::string wire;               ///< all produce requests ever sent, with their bytes
    std::vector<Request> others;    ///< metadata and producer id, if not answered by themselves
    std::vector<OpenEffect> opens;  ///< not answered, if not answered by themselves
    std::vector<ConnectionId> closed;
    int metadata_requests = 0;

    /// One topic with `partitions` partitions; partition p is led by broker 1 + p % 3, epoch 0.
    explicit Bench(std::uint32_t partitions = 1) {
        topics.add("orders", 1, 1, partitions);
        for (std::int32_t id = 1; id <= 3; ++id) cluster.brokers.push_back(NodeId(id));
        for (std::uint32_t p = 0; p < partitions; ++p)
            cluster.partitions.push_back(
                MetadataPartition{.partition = PartitionId(p),
                                  .error = ErrorCode::none,
                                  .leader = NodeId(static_cast<std::int32_t>(1 + p % 3)),
                                  .leader_epoch = LeaderEpoch(0),
                                  .isr = {}});
        config.enable_idempotence = false;
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    Producer& producer() {
        if (!producer_) {
            producer_ = std::make_unique<Producer>(kClient, 42, profile, config, topics, bootstrap);
            if (queues_all) producer_->queue_all();
        }
        return *producer_;
    }

    // ---- time -----------------------------------------------------------------------------------
    void step(Input input) {
        producer().step(now, Lane::requests, input, effects_);
        perform();
    }
    std::optional<TimePoint> deadline() { return producer().next_deadline(Lane::requests); }
    /// Lets time pass to `until`, waking the client whenever it wants.
    void pass_to(TimePoint until) {
        int wakes = 0;
        for (auto due = deadline(); due && *due <= until; due = deadline()) {
            now = std::max(now, *due);
            step(Woken{});
            if (++wakes > 100'000) throw std::runtime_error("the client wakes without end");
        }
        now = until;
    }
    void pass(Duration duration) { pass_to(now + duration); }
    std::int64_t now_ms() const { return to_ms(now.time_since_epoch()); }

    // ---- the workload ---------------------------------------------------------------------------
    void send(std::int64_t number, std::uint32_t partition = 0, std::size_t bytes = 5) {
        const std::string value(bytes, 'v');
        send(SendRecord{.number = RecordNumber(number),
                        .partition = PartitionId(partition),
                        .key = std::nullopt,
                        .value = as_bytes(value),
                        .timestamp_ms = now_ms()});
    }
    void send(const SendRecord& record) {
        producer().send_record(now, record, effects_);
        perform();
    }

    // ---- the cluster ----------------------------------------------------------------------------
    void lead(std::uint32_t partition, std::optional<NodeId> leader, std::int32_t epoch) {
        cluster.partitions[partition].leader = leader;
        cluster.partitions[partition].leader_epoch = LeaderEpoch(epoch);
    }
    static const ProduceRequest& produce(const Request& request) {
        return std::get<ProduceRequest>(request.message);
    }
    /// The headers of what the n-th unanswered request carries for its first partition.
    BatchHeader header(std::size_t n) const {
        return produce(produces.at(n)).partitions.front().batch->header();
    }
    std::int32_t sequence(std::size_t n) const { return header(n).producer->base_sequence.value(); }
    /// Answers the oldest produce request to any broker (or the n-th): all partitions alike.
    void answer(ErrorCode error, std::optional<std::int64_t> base_offset = std::nullopt,
                std::size_t n = 0, std::optional<CurrentLeader> hint = std::nullopt) {
        const Request request = std::move(produces.at(n));
        produces.erase(produces.begin() + static_cast<std::ptrdiff_t>(n));
        ProduceResponse response;
        for (const ProducePartition& item : produce(request).partitions) {
            std::optional<Offset> base;
            if (base_offset) base = Offset(*base_offset);
            response.partitions.push_back(ProducePartitionResponse{.partition = item.partition,
                                                                   .error = error,
                                                                   .base_offset = base,
                                                                   .current_leader = hint,
                                                                   .appended_epoch = LeaderEpoch(0),
                                                                   .isr_size = 3});
        }
        reply(request, std::move(response));
    }
    void ack(std::int64_t base_offset) { answer(ErrorCode::none, base_offset); }
    void reply(const Request& request, Message message) {
        step(Received{request.connection, request.peer, request.correlation, std::move(message)});
    }
    /// The current connection to a broker breaks.
    void lose(NodeId peer, ConnectionLoss why = ConnectionLoss::reset) {
        const ConnectionId connection = connections_.at(peer);
        connections_.erase(peer);
        forget(connection);
        step(Lost{connection, peer, why});
    }
    /// The n-th unanswered open is established / refused.
    void connect(std::size_t n = 0) {
        const OpenEffect open = take_open(n);
        step(Connected{open.connection});
    }
    void refuse_open(std::size_t n = 0) {
        const OpenEffect open = take_open(n);
        step(Lost{open.connection, open.peer, ConnectionLoss::refused});
    }

    // ---- what was seen --------------------------------------------------------------------------
    /// The notes since the last call, in order.
    std::string story() { return std::exchange(story_, {}); }
    /// The same without "queue" and "metadata".
    std::string outcome() {
        std::string kept;
        for (const std::string_view part : split(story_, ';')) {
            if (part.empty() || part.starts_with("queue") || part.starts_with("metadata")) continue;
            if (!kept.empty()) kept += ";";
            kept += part;
        }
        story_.clear();
        return kept;
    }
    std::vector<Note> notes(NoteKind kind) const {
        std::vector<Note> found;
        for (const Note& note : all_notes_)
            if (note.kind == kind) found.push_back(note);
        return found;
    }

  private:
    OpenEffect take_open(std::size_t n) {
        const OpenEffect open = opens.at(n);
        opens.erase(opens.begin() + static_cast<std::ptrdiff_t>(n));
        return open;
    }
    void forget(ConnectionId connection) {
        std::erase_if(produces, [&](const Request& r) { return r.connection == connection; });
        std::erase_if(others, [&](const Request& r) { return r.connection == connection; });
        std::erase_if(answerable_, [&](const Request& r) { return r.connection == connection; });
    }

    /// Performs the effects of the last step, then gives what the cluster answers by itself.
    void perform() {
        std::vector<Effect> effects = take_list(effects_);
        std::vector<Input> answers;
        for (Effect& effect : effects) {
            if (auto* open = std::get_if<OpenEffect>(&effect)) {
                connections_.insert_or_assign(open->peer, open->connection);
                peers_.insert_or_assign(open->connection, open->peer);
                if (answers_connect)
                    answers.emplace_back(Connected{open->connection});
                else
                    opens.push_back(*open);
            } else if (auto* close = std::get_if<CloseEffect>(&effect)) {
                closed.push_back(close->connection);
                forget(close->connection);
                std::erase_if(
                    opens, [&](const OpenEffect& o) { return o.connection == close->connection; });
            } else if (auto* sent = std::get_if<SendEffect>(&effect)) {
                take(*sent);
            } else if (auto* note = std::get_if<NoteEffect>(&effect)) {
                all_notes_.push_back(note->note);
                if (!story_.empty()) story_ += ";";
                story_ += tell(note->note);
            }
        }
        for (Input& answer : answers) step(std::move(answer));
        answer_others();
    }
    void take(SendEffect& sent) {
        const NodeId peer = peers_.at(sent.connection);
        Request request{peer, sent.connection, sent.correlation, std::move(*sent.message)};
        if (std::holds_alternative<ProduceRequest>(request.message)) {
            write_down(request);
            if (produce(request).acks != Acks::none) produces.push_back(std::move(request));
        } else if (std::holds_alternative<MetadataRequest>(request.message)) {
            ++metadata_requests;
            (answers_metadata ? answerable_ : others).push_back(std::move(request));
        } else {
            (answers_producer_id ? answerable_ : others).push_back(std::move(request));
        }
    }
    void write_down(const Request& request) {
        const ProduceRequest& sent = produce(request);
        wire += concat(now.time_since_epoch().count(), " to ", request.peer.value(), " #",
                       request.correlation.value(), " acks ", static_cast<int>(sent.acks), " for ",
                       sent.timeout.count(), " record ", sent.first_record.value(), " attempt ",
                       sent.attempt, ":");
        for (const ProducePartition& item : sent.partitions) {
            wire += concat(" p", item.partition.value(), " b", item.batch->tag()->number,
                           item.batch->crc_valid() ? " " : " broken ");
            wire += as_text(item.batch->tail());
        }
        wire += "\n";
    }
    /// Answers what is asked for itself, in the order of each connection: behind produce requests.
    void answer_others() {
        for (std::size_t i = 0; i < answerable_.size();) {
            const bool waits =
                std::any_of(produces.begin(), produces.end(), [&](const Request& older) {
                    return older.connection == answerable_[i].connection &&
                           older.correlation < answerable_[i].correlation;
                });
            if (waits) {
                ++i;
                continue;
            }
            const Request request = std::move(answerable_[i]);
            answerable_.erase(answerable_.begin() + static_cast<std::ptrdiff_t>(i));
            if (std::holds_alternative<MetadataRequest>(request.message))
                return reply(request, cluster);
            return reply(request, InitProducerIdResponse{.error = ErrorCode::none,
                                                         .producer_id = ProducerId(7),
                                                         .producer_epoch = ProducerEpoch(0)});
        }
    }

    std::uint64_t next_connection_ = 1;
    MessagePool messages_;
    Effects effects_{&next_connection_, messages_};
    std::unique_ptr<Producer> producer_;
    std::map<NodeId, ConnectionId> connections_;
    std::map<ConnectionId, NodeId> peers_;
    std::vector<Request> answerable_;  ///< metadata and producer id, to be answered by itself
    std::string story_;
    std::vector<Note> all_notes_;
};

}  // namespace test
