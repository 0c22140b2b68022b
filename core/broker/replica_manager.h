/// All partitions of one broker, and what clients and other brokers ask of them.
///
/// Follows ReplicaManager and the handlers of KafkaApis (3.9): produce, fetch, list offsets;
/// applying metadata to partitions (applyDelta); ISR expiration; the purgatories.
///
/// Rules:
///   R1  Produce carries no leader epoch: whoever believes to lead appends. There is no fencing of
///   a
///       zombie on this path.
///   R2  acks=1 is answered after the local append, acks=all when the watermark has passed the
///   batch
///       or the client's time-out is over; a batch that timed out stays in the log.
///   R3  Parked fetches are completed after the produce request that brought the data was answered.
///       [kafka ReplicaManager.addCompletePurgatoryAction]
///   R4  Of one metadata change the leaders-to-be come first, then the followers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/assert.h"
#include "core/broker/fetcher.h"
#include "core/broker/request_queue.h"
#include "core/controller/image.h"
#include "core/log/log_manager.h"
#include "core/profile/config.h"
#include "core/protocol/topics.h"
#include "core/replication/partition.h"

namespace core {

class ReplicaManager {
  public:
    /// Everything given by reference outlives the manager.
    ReplicaManager(NodeId self, std::uint64_t seed, const Profile& profile,
                   const BrokerConfig& config, const TopicTable& topics, LogManager& logs,
                   const ClusterImage& image, RequestQueue& queue);

    /// Begins a step: what the partitions may use until the next one.
    void begin_step(TimePoint now, Maybe<BrokerEpoch> broker_epoch, Effects& effects) {
        ASSERT(now >= context_.now);
        context_.now = now;
        context_.broker_epoch = broker_epoch;
        context_.effects = &effects;
    }

    // ---- queries
    ReplicationContext& context() { return context_; }
    const ReplicationContext& context() const { return context_; }
    LogManager& logs() { return logs_; }
    FetcherManager& fetchers() { return fetchers_; }
    Partition* find(PartitionId partition) { return partitions_[partition.value()].get(); }
    const Partition* find(PartitionId partition) const {
        return partitions_[partition.value()].get();
    }

    // ---- requests; each leaves the connection muted until it is answered
    void on_produce(IncomingConnection& connection, CorrelationId correlation,
                    const ProduceRequest& request);
    void on_fetch(IncomingConnection& connection, CorrelationId correlation,
                  const FetchRequest& request);
    void on_list_offsets(IncomingConnection& connection, CorrelationId correlation,
                         const ListOffsetsRequest& request);
    void on_connection_lost(ConnectionId connection);

    /// Answers what has become complete: waiting produce requests, then parked fetches.
    void complete_delayed() {
        if (!context_.settled.empty()) settle_produce();
        if (!context_.touched.empty()) complete_fetches();
    }
    /// Answers what waited too long.
    void expire_delayed();
    /// The earliest time-out of a delayed request.
    TimePoint next_deadline() const { return std::min(produce_.next_deadline(), parked_.next()); }

    // ---- metadata
    /// The image changed in these partitions. `shutting_down`: in a controlled shutdown.
    void publish(std::span<const PartitionId> touched, bool shutting_down);
    /// Registrations of brokers changed.
    void publish_brokers();
    /// Settings changed.
    void publish_configs();
    /// The settings of a partition's log, by the image.
    TopicConfig topic_config(PartitionId partition) const;
    /// Replicas of this broker among `touched` whose directory the image does not know as
    /// `directory`. [kafka ReplicaManager.maybeUpdateTopicAssignment]
    std::vector<PartitionId> misplaced(std::span<const PartitionId> touched,
                                       DirectoryId directory) const;

    // ---- tasks
    void expire_isr();
    void on_alter_partition(ProposalId proposal, const AlterPartitionResult& result);
    /// Between steps nothing is left undone.
    void check_invariants() const {
        ASSERT(context_.touched.empty());
        ASSERT(context_.settled.empty());
    }

  private:
    Leader* find_leader(PartitionId partition) {
        Partition* hosted = find(partition);
        return hosted == nullptr ? nullptr : hosted->leader();
    }
    const Leader* find_leader(PartitionId partition) const {
        const Partition* hosted = find(partition);
        return hosted == nullptr ? nullptr : hosted->leader();
    }

    /// Of a slot it is known without a search once the leader took up a fetch of it.
    Leader* leader_of(const FetchSlot& slot) {
        return slot.leader != nullptr ? slot.leader : find_leader(slot.fetch.partition);
    }
    const Leader* leader_of(const FetchSlot& slot) const {
        return slot.leader != nullptr ? slot.leader : find_leader(slot.fetch.partition);
    }

    void append(const ProducePartition& part, Acks acks, DelayedProduce& operation);
    void refuse_not_hosted(ProducePartitionResponse& response) const;
    ErrorCode not_hosted(PartitionId partition) const;
    std::optional<CurrentLeader> current_leader(PartitionId partition) const;
    void note_refusal(const ProduceOutcome& outcome, NodeId client);
    /// The last answer with acks=0: none, or the end of the connection.
    [[gnu::noinline, gnu::cold]] void end_unanswered(IncomingConnection& connection,
                                                     DelayedProduce& operation);
    void answer_produce(DelayedProduce& operation);
    void settle_produce();
    [[gnu::always_inline]] inline void settle_produce(Leader& leader);
    void fail_produce(std::span<const WaitingProduce> waiting, ErrorCode error);
    void finish_if_complete(DelayedProduce& operation);

    FetchSession& update_session(IncomingConnection& connection, const FetchRequest& request);
    [[gnu::noinline, gnu::cold]] FetchSession& begin_session(IncomingConnection& connection,
                                                             const FetchRequest& request);
    [[gnu::noinline, gnu::cold]] void forget(FetchSession& session,
                                             const PartitionList<PartitionId>& partitions);
    [[gnu::always_inline]] void judge(const FetchSession& session, const FetchSlot& slot,
                                      const Leader* leader, FetchVerdict& verdict) const {
        if (leader != nullptr) [[likely]]
            leader->judge_fetch(session, slot, verdict);
        else
            verdict.error = refusal_without_leader(slot);
    }
    [[gnu::noinline, gnu::cold]] ErrorCode refusal_without_leader(const FetchSlot& slot) const;
    [[gnu::always_inline]] void note_request(const FetchSession& session, const FetchSlot& slot) {
        context_.effects->note({.kind = NoteKind::fetch_request,
                                .partition = slot.fetch.partition,
                                .peer = session.replica(),
                                .leader_epoch = slot.fetch.current_leader_epoch,
                                .first = slot.fetch.fetch_offset});
    }
    /// Notes an error or a divergence.
    [[gnu::noinline, gnu::cold]] void note_news(const FetchSession& session, const FetchSlot& slot,
                                                const Leader* leader, const FetchVerdict& verdict);
    /// An answer to a fetch while it is put together.
    struct Answer {
        MessageBox box;          ///< a FetchResponse, once there is something to say
        std::int64_t bytes = 0;  ///< of records
        bool news = false;       ///< an error or a divergence: it does not wait
    };
    [[gnu::always_inline]] FetchResponse& response_of(Answer& answer) {
        if (answer.box.empty()) answer.box = context_.effects->messages().take<FetchResponse>();
        return std::get<FetchResponse>(*answer.box);
    }
    [[gnu::always_inline]] inline void take_up(FetchSession& session, FetchSlot& slot,
                                               Answer& answer);
    /// Puts into the answer what there is to say of one slot: an error, a divergence, records, or
    /// marks that the fetcher does not know.
    void tell(const FetchSession& session, const FetchSlot& slot, const Leader* leader,
              const FetchVerdict& verdict, Answer& answer) {
        const bool nothing =
            !verdict.has_records_from(slot.fetch.fetch_offset) || answer.bytes >= session.max_bytes;
        if (nothing && slot.sent == verdict.marks && verdict.good()) return;
        say(session, slot, leader, verdict, answer);
    }
    void say(const FetchSession& session, const FetchSlot& slot, const Leader* leader,
             const FetchVerdict& verdict, Answer& answer);
    [[gnu::noinline, gnu::cold]] void say_news(const FetchSlot& slot, const Leader* leader,
                                               const FetchVerdict& verdict,
                                               FetchPartitionResponse& part) const;
    void answer_fetch(FetchSession& session, Answer& answer);
    bool stays_listed(const FetchSession& session, const FetchSlot& slot) const;
    void complete_fetches();
    void complete_fetch(FetchSession& session, bool expired);
    void drop_session(IncomingConnection& connection);
    void forget_touched(const FetchSession& session);

    void ensure_partition(PartitionId partition);
    void make_leader(PartitionId id, const PartitionRegistration& registration);
    void make_follower(PartitionId id, const PartitionRegistration& registration,
                       bool shutting_down);
    void make_offline(PartitionId id);
    void after_role_change(Partition& partition);

    const TopicTable& topics_;
    const BrokerConfig& config_;
    LogManager& logs_;
    const ClusterImage& image_;
    RequestQueue& queue_;
    ReplicationContext context_;
    std::vector<std::unique_ptr<Partition>> partitions_;  ///< by PartitionId
    std::vector<PartitionId> hosted_;                     ///< those that exist, ascending
    FetcherManager fetchers_;
    ProducePurgatory produce_;
    Deadlines parked_;  ///< owner: the connection id
};

}  // namespace core
