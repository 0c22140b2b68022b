/// The Java producer as a state machine: records in, one outcome for each record out.
///
/// Follows KafkaProducer, Sender and NetworkClient (3.9). Kafka runs a sender thread in a loop;
/// here every step that may change what can be sent ends with that loop's body (`run`), until
/// nothing more can be done at this instant.
///
/// Promises: every record that was given gets exactly one of record_refused, produce_ack and
/// produce_error, unless the process dies; each batch that is sent was queued; an acknowledgement
/// says what the broker said.
///
/// Rules:
///   P1  Per request and broker at most one batch of a partition, at most max.request.size bytes;
///       per connection at most max.in.flight.requests.per.connection requests.
///   P2  With one request in flight a partition is muted while its batch is under way.
///       [kafka Sender.guaranteeMessageOrder]
///   P3  A batch expires when delivery.timeout.ms have passed since its creation, inclusive, queued
///       or in flight; its late answer only moves sequences.
///   P4  While a metadata refresh is due and not sent, nothing is sent to any broker.
///       [kafka NetworkClient.isReady]
///   P5  With acks=0 a batch succeeds when it is written to the connection.
///   P6  Sends that wait for metadata or memory keep their order; each fails max.block.ms after its
///       call, inclusive.
///   P7  Shut down, it sends what it has at once, takes nothing more, and exits when every send has
///       its outcome. [kafka KafkaProducer.close without a timeout]
///
/// Deviation D9: the first metadata, connection and producer id are asked for with the first record
/// instead of at construction; every metadata request asks for all topics; an error of
/// InitProducerId is always retried.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/client/accumulator.h"
#include "core/client/client_metadata.h"
#include "core/client/connections.h"
#include "core/client/producer_batch.h"
#include "core/client/sequences.h"
#include "core/profile/config.h"
#include "core/profile/profile.h"
#include "core/protocol/topics.h"
#include "core/record/batch_arena.h"
#include "core/step/node.h"

namespace core {

class Producer final : public Node {
  public:
    /// `bootstrap`: the brokers of bootstrap.servers, at least one. `topics` outlives the producer.
    /// `first_batch`: tag number of its first batch; a client that starts again goes on where its
    /// last life ended (next_batch_number), so that tags stay unique.
    Producer(NodeId id, std::uint64_t seed, const Profile& profile, const ProducerConfig& config,
             const TopicTable& topics, std::span<const NodeId> bootstrap,
             std::uint32_t first_batch = 0);

    void step(TimePoint now, Lane lane, Input& input, Effects& effects) override;
    void receive(TimePoint now, Received& received, Effects& effects) override;
    void send_record(TimePoint now, const SendRecord& record, Effects& effects) override;
    const LaneDeadlines& deadlines() const override { return deadlines_; }

    /// For tests: from now on no record is sent at once, which must come to the same.
    void queue_all() { sends_at_once_ = false; }

    std::uint32_t next_batch_number() const { return accumulator_.next_batch_number(); }
    /// Batches that have no outcome yet, or sends that wait.
    bool has_incomplete() const {
        return accumulator_.oldest_incomplete() != kNoBatch || !waiting_.empty();
    }

  private:
    /// A send() that blocks: the record is copied.
    struct WaitingSend {
        RecordNumber number;
        PartitionId partition;
        std::optional<Bytes> key;
        Bytes value;
        std::int64_t timestamp_ms;
        TimePoint expires;
    };
    static constexpr std::uint32_t kNoRequest = UINT32_MAX;
    /// A produce request between drain and response.
    struct ProduceInFlight {
        BrokerIndex broker = 0;
        BatchSlots batches;
        std::uint32_t next_free = kNoRequest;
    };
    enum class RequestKind : std::uint8_t { produce, metadata, init_producer_id };
    static constexpr std::uint64_t mark_of(RequestKind kind, std::uint32_t request) {
        return (std::uint64_t{static_cast<std::uint8_t>(kind)} << 32) | request;
    }
    static constexpr RequestKind kind_of(std::uint64_t mark) {
        return static_cast<RequestKind>(mark >> 32);
    }
    static constexpr std::uint32_t request_of(std::uint64_t mark) {
        return static_cast<std::uint32_t>(mark & 0xffffffff);
    }
    enum class SendOutcome : std::uint8_t { taken, waits_for_metadata, waits_for_memory };
    /// What a drain did with the first batch of a partition's queue.
    enum class DrainOutcome : std::uint8_t { taken, passed_over, ends_drain };

    // Inputs.
    void on_woken(TimePoint now, Effects& effects);
    void maybe_close(Effects& effects) {
        if (closing_) close_if_complete(effects);
    }
    void close_if_complete(Effects& effects);
    void on_lost(TimePoint now, BrokerIndex broker, const std::vector<InFlight>& lost,
                 Effects& effects);
    [[gnu::noinline, gnu::cold]] void on_other_response(TimePoint now, RequestKind kind,
                                                        const Received& received, Effects& effects);
    void on_init_producer_id_response(TimePoint now, const InitProducerIdResponse& response,
                                      Effects& effects);

    // The way of a record into a batch.
    [[gnu::noinline]] void queue_record(TimePoint now, const SendRecord& call, Effects& effects);
    SendOutcome try_send(TimePoint now, const SendRecord& record, Effects& effects);
    [[gnu::always_inline]] static void note_queued(const SendRecord& record, BatchTag batch,
                                                   Effects& effects) {
        effects.note(Note{.kind = NoteKind::record_queued,
                          .partition = record.partition,
                          .tag = batch,
                          .value = record.number.value()});
    }
    void wait(TimePoint now, const SendRecord& call, Effects& effects);
    /// True if a record left the queue.
    bool admit_waiting(TimePoint now, Effects& effects);
    void expire_waiting(TimePoint now, Effects& effects);
    void refuse(const SendRecord& record, ErrorCode error, Effects& effects);

    // The sender's loop.
    void run(TimePoint now, Effects& effects) {
        if (!waiting_.empty() || !at_rest(now)) run_rounds(now, effects);
        plan_deadline(now);
    }
    void run_rounds(TimePoint now, Effects& effects);
    /// True if a round would find nothing to do.
    bool at_rest(TimePoint now) const {
        return !accumulator_.has_queued() && !metadata_.update_due(now) && !expire_now_ &&
               !memory_exhausted_ && !sequences_.may_bump_epoch() && !wants_producer_id();
    }
    /// Once through the loop. True if something was done, so that there may be more.
    bool round(TimePoint now, Effects& effects);
    bool maybe_update_metadata(TimePoint now, Effects& effects);
    void maybe_init_producer_id(TimePoint now, Effects& effects);
    /// One Sender.sendProducerData. True if something was sent or expired.
    bool send_round(TimePoint now, Effects& effects);
    bool broker_ready(TimePoint now, BrokerIndex broker, Effects& effects);
    void drain(TimePoint now, BrokerIndex broker, BatchSlots& drained);
    DrainOutcome drain_first(TimePoint now, PartitionId partition, std::int64_t& size,
                             BatchSlots& drained);
    [[gnu::always_inline]] void take_drained(BatchSlot slot, ProducerBatch& batch,
                                             BatchSlots& drained) {
        batch.in_request = true;
        drained.push_back(slot);
        if (guarantees_order_) accumulator_.mute(batch.partition);
    }
    /// Where a drain of this broker begins, of so many partitions.
    std::size_t& drain_place(BrokerIndex broker, std::size_t count) {
        if (broker >= drain_places_.size()) add_drain_places(broker);
        std::size_t& place = drain_places_[broker];
        if (place >= count) [[unlikely]]
            place %= count;
        return place;
    }
    [[gnu::noinline, gnu::cold]] void add_drain_places(BrokerIndex broker);
    /// A drain that visited all of a broker's partitions.
    [[gnu::always_inline]] void pass_round(BrokerIndex broker) {
        const std::size_t count = metadata_.led_by(broker).size();
        ASSERT(count > 0);
        std::size_t& place = drain_place(broker, count);
        place = before(place, count);
    }
    /// The place before this one in a round of so many.
    static std::size_t before(std::size_t place, std::size_t count) {
        return (place == 0 ? count : place) - 1;
    }
    void build(ProducerBatch& batch);
    /// `request` is as good as new, and this will be its first batch.
    [[gnu::always_inline]] void begin_request(const ProducerBatch& first,
                                              ProduceRequest& request) const;
    [[gnu::always_inline]] static void note_sent(PartitionId partition, BatchTag batch,
                                                 std::uint32_t attempt, NodeId peer,
                                                 Effects& effects) {
        effects.note(Note{.kind = NoteKind::produce_send,
                          .partition = partition,
                          .peer = peer,
                          .tag = batch,
                          .value = attempt});
    }
    void send_produce_request(TimePoint now, std::uint32_t request, Effects& effects);
    /// The usual way: nothing is queued anywhere and the leader can be sent to at once, so that
    /// the record's batch is made and sent without a round of the loop that would find just that.
    /// False, and nothing is done, if it is not so.
    [[gnu::always_inline]] bool send_at_once(TimePoint now, const SendRecord& record,
                                             Effects& effects);
    void plan_deadline(TimePoint now);

    // The outcome of a batch.
    [[gnu::always_inline]] void on_produce_response(TimePoint now, std::uint32_t request,
                                                    const ProduceResponse& response, NodeId peer,
                                                    Effects& effects);
    /// Of a request with more than one batch.
    [[gnu::noinline, gnu::cold]] void complete_batches(TimePoint now, const BatchSlots& batches,
                                                       const ProduceResponse& response, NodeId peer,
                                                       Effects& effects);
    /// What the client itself finds out about a batch, in the form of a response.
    static ProducePartitionResponse own_finding(PartitionId partition, ErrorCode error);
    void complete_batch(TimePoint now, BatchSlot slot, const ProducePartitionResponse& response,
                        NodeId peer, Effects& effects);
    [[gnu::always_inline]] void end_attempt(TimePoint now, BatchSlot slot,
                                            const ProducePartitionResponse& response, NodeId peer,
                                            Effects& effects);
    bool may_retry(TimePoint now, BatchSlot slot, ErrorCode error);
    void retry(TimePoint now, BatchSlot slot, ErrorCode error, NodeId peer, Effects& effects);
    [[gnu::always_inline]] void succeed(BatchSlot slot, const ProducePartitionResponse& response,
                                        NodeId peer, Effects& effects);
    [[gnu::noinline, gnu::cold]] void end_failed(TimePoint now, BatchSlot slot,
                                                 const ProducePartitionResponse& response,
                                                 NodeId peer, Effects& effects);
    void fail(BatchSlot slot, ErrorCode error, std::optional<NodeId> peer, bool adjust,
              Effects& effects);
    void split(TimePoint now, BatchSlot slot, Effects& effects);
    /// True if any expired.
    bool expire_batches(TimePoint now, Effects& effects);

    bool wants_producer_id() const {
        return idempotent_ && in_use_ && !sequences_.current() && !producer_id_asked_;
    }
    bool past_delivery_timeout(TimePoint now, const ProducerBatch& batch) const {
        return now - batch.created >= config_.delivery_timeout;
    }
    BatchTag tag(const ProducerBatch& batch) const { return BatchTag{id_, batch.number}; }
    [[gnu::always_inline]] std::uint32_t take_request(BrokerIndex broker) {
        if (free_request_ == kNoRequest) add_request();
        const std::uint32_t request = free_request_;
        free_request_ = requests_[request].next_free;
        requests_[request].broker = broker;
        return request;
    }
    void free_request(std::uint32_t request) {
        requests_[request].batches.clear();
        requests_[request].next_free = free_request_;
        free_request_ = request;
    }
    [[gnu::noinline, gnu::cold]] void add_request();

    NodeId id_;
    std::uint64_t seed_;
    ProducerConfig config_;
    const TopicTable& topics_;
    bool idempotent_;
    bool takes_leader_hints_;
    bool guarantees_order_;  ///< P2
    bool sends_at_once_;     ///< a batch is ready when it is begun, and waits for an answer

    Connections connections_;
    Accumulator accumulator_;
    BatchArena arena_;  ///< of the batches that were drained
    Sequences sequences_;
    ClientMetadata metadata_;

    std::deque<WaitingSend> waiting_;  ///< in the order of their calls
    bool closing_ = false;             ///< nothing more is sent; what was sent goes out at once
    bool closed_ = false;              ///< the process has been told to exit
    bool memory_exhausted_ = false;    ///< the first of waiting_ waits for memory
    std::vector<bool> topic_in_use_;
    bool in_use_ = false;  ///< a record was given

    bool producer_id_asked_ = false;  ///< InitProducerId is in flight
    TimePoint producer_id_retry_ = TimePoint::min();
    std::uint64_t producer_id_attempts_ = 0;

    std::vector<ProduceInFlight> requests_;
    std::uint32_t free_request_ = kNoRequest;  ///< the first, linked by next_free
    std::vector<std::size_t> drain_places_;    ///< by broker: which of its partitions goes first

    // Scratch of one step, kept for its memory.
    std::vector<BrokerIndex> ready_brokers_;
    std::vector<std::uint32_t> drained_requests_;
    std::vector<BatchSlot> parts_;

    bool expire_now_ = false;                    ///< this step is a wake-up
    TimePoint next_check_ = TimePoint::max();    ///< when a waiting batch becomes ready
    TimePoint next_connect_ = TimePoint::max();  ///< when a needed broker's back-off ends
    LaneDeadlines deadlines_;                    ///< everything happens on the requests lane
};

}  // namespace core
