/// Broker: one KRaft broker process, as a node.
///
/// Follows BrokerServer (3.9): registers, catches up with metadata, loads its logs, asks to be
/// unfenced, serves; leaves by a controlled shutdown. Holds nothing that a restart would not
/// rebuild from Storage and the metadata log.
///
/// Lanes: requests (all requests, fetch answers, AlterPartition), metadata (the metadata log,
/// loading and recovering logs, becoming leader and follower), background (checkpoints, flushes,
/// the clean stop), heartbeats (registration and heartbeats; never touches a disk).
///
/// Rules:
///   R1  Requests are handled only once the broker was told "not fenced" for the first time; what
///       comes earlier waits, as connections wait in the listener's backlog.
///       [kafka BrokerServer.startup: enableRequestProcessing comes last]
///   R2  Work whose end others may see is finished in a step after the one that did it, on the same
///       lane: so it is seen when the lane has spent the time it takes.
///   R3  Only metadata makes a leader or a follower; losing the session or the quorum does not.
///   R4  After SIGTERM: controlled shutdown, then no request is handled any more, then the
///   watermark
///       checkpoint, the flush, the clean marker, and exit.
///
/// Calls it takes: ShutDown.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/assert.h"
#include "core/broker/alter_partition_manager.h"
#include "core/broker/directory_assigner.h"
#include "core/broker/lifecycle.h"
#include "core/broker/metadata_observer.h"
#include "core/broker/producer_ids.h"
#include "core/broker/replica_manager.h"
#include "core/broker/request_queue.h"
#include "core/controller/image.h"
#include "core/log/log_manager.h"
#include "core/profile/config.h"
#include "core/profile/profile.h"
#include "core/protocol/topics.h"
#include "core/step/node.h"

namespace core {

class Broker final : public Node {
  public:
    /// What is given by reference outlives the node. `controllers`: the voters, at least one.
    Broker(NodeId id, std::uint64_t seed, const Profile& profile, const BrokerConfig& config,
           const TopicTable& topics, Storage& storage, std::vector<NodeId> controllers,
           std::string cluster_id);

    void step(TimePoint now, Lane lane, Input& input, Effects& effects) override;
    void receive(TimePoint now, Received& received, Effects& effects) override;
    const LaneDeadlines& deadlines() const override { return deadlines_; }

    // ---- for the audit: const, without effect
    BrokerState state() const { return lifecycle_.state(); }
    const Log* log(PartitionId partition) const { return logs_.find(partition); }
    /// 0 if the partition is not hosted.
    Offset high_watermark(PartitionId partition) const;
    bool leads(PartitionId partition) const;
    /// Of the role this broker has in the partition; nothing while it has none.
    std::optional<LeaderEpoch> leader_epoch(PartitionId partition) const;
    const Partition* partition(PartitionId partition) const { return replicas_.find(partition); }
    const ClusterImage& image() const { return image_; }

  private:
    /// Periodic work of the background lane, and ISR expiration on the requests lane.
    enum class Task : std::uint8_t {
        high_watermark_checkpoint,
        recovery_point_checkpoint,
        log_start_checkpoint,
        flush_dirty_logs,
        expire_producers,
        isr_expiration,
    };
    static constexpr int kTasks = 6;
    /// How far the start has come.
    enum class Stage : std::uint8_t { down, observing, loading, published, stopping, stopped };

    // What every request passes lies in receive() itself: as calls it would cost twice as much.

    /// What every step begins and ends with; a broker that has stopped takes none.
    [[gnu::always_inline]] bool begin_step(TimePoint now, Effects& effects) {
        ASSERT(now >= now_);
        now_ = now;
        if (stage_ == Stage::stopped) return false;
        replicas_.begin_step(now, lifecycle_.broker_epoch(), effects);
        return true;
    }
    [[gnu::always_inline]] void end_step(TimePoint now, Effects& effects) {
        drain(now, effects);
        refresh_deadlines();
        replicas_.check_invariants();
    }
    void on_started(TimePoint now, Effects& effects);
    void on_woken(TimePoint now, Lane lane, Effects& effects);
    void on_connected(TimePoint now, ConnectionId connection, Effects& effects);
    void on_lost(TimePoint now, const Lost& lost, Effects& effects);
    [[gnu::always_inline]] void on_request(TimePoint now, Received& received, Effects& effects) {
        if (stage_ == Stage::stopping) return;
        IncomingConnection& connection = queue_.accept(received.connection, received.peer);
        if (connection.muted || connection.in_ready || !serving()) [[unlikely]]
            queue_.put(connection, received.correlation, std::move(received.message));
        else
            handle(now, connection, received.correlation, *received.message, effects);
    }
    [[gnu::always_inline]] void on_fetch_response(TimePoint now, Received& received) {
        fetchers_moved_ = true;
        // A fetcher that was closed meanwhile wants no answer.
        if (Fetcher* fetcher = replicas_.fetchers().find(received.connection))
            fetcher->on_response(now, received);
    }
    /// Anything but produce and fetch, which move no timer of the broker itself.
    [[gnu::noinline, gnu::cold]] void receive_other(TimePoint now, Received& received,
                                                    Effects& effects);
    void on_response(TimePoint now, Received& received, Effects& effects);
    void on_controller_response(TimePoint now, Received& received, Effects& effects);
    void on_shut_down(TimePoint now);

    /// R1
    bool serving() const {
        return lifecycle_.state() == BrokerState::running ||
               lifecycle_.state() == BrokerState::pending_controlled_shutdown;
    }
    [[gnu::always_inline]] void handle(TimePoint now, IncomingConnection& connection,
                                       CorrelationId correlation, Message& message,
                                       Effects& effects) {
        ASSERT(!connection.muted);
        connection.muted = true;
        if (const auto* fetch = std::get_if<FetchRequest>(&message))
            replicas_.on_fetch(connection, correlation, *fetch);
        else if (const auto* produce = std::get_if<ProduceRequest>(&message))
            replicas_.on_produce(connection, correlation, *produce);
        else
            handle_other(now, connection, correlation, message, effects);
    }
    [[gnu::noinline, gnu::cold]] void handle_other(TimePoint now, IncomingConnection& connection,
                                                   CorrelationId correlation,
                                                   const Message& message, Effects& effects);
    void on_metadata_request(IncomingConnection& connection, CorrelationId correlation,
                             Effects& effects);
    void on_init_producer_id(TimePoint now, IncomingConnection& connection,
                             CorrelationId correlation, Effects& effects);
    void answer_init_producer_id(ConnectionId connection, CorrelationId correlation,
                                 std::optional<ProducerId> id, Effects& effects);
    /// Everything that this step made possible: delayed requests, ISR proposals, next requests.
    [[gnu::always_inline]] void drain(TimePoint now, Effects& effects) {
        replicas_.complete_delayed();
        if (!replicas_.context().proposals.empty()) drain_proposals(now, effects);
        if (queue_.may_go_on()) take_up_waiting(now, effects);
    }
    [[gnu::noinline, gnu::cold]] void take_up_waiting(TimePoint now, Effects& effects);
    void drain_proposals(TimePoint now, Effects& effects);

    void on_metadata(TimePoint now, Effects& effects);
    void wake_metadata(TimePoint now, Effects& effects);
    /// Recovery begins once the controller says that this broker is caught up.
    void maybe_load_logs(TimePoint now);
    void load_logs(TimePoint now, Effects& effects);
    void publish_first(TimePoint now, Effects& effects);
    void publish(TimePoint now, Effects& effects);
    void after_heartbeat(TimePoint now, Effects& effects);

    void arm_tasks(TimePoint now);
    Duration period(Task task) const;
    void run_background(TimePoint now, Effects& effects);
    void run_task(Task task, TimePoint now, Effects& effects);
    void flush_rolled(TimePoint now, Effects& effects);
    void flush_dirty_logs(TimePoint now, Effects& effects);
    void stop(TimePoint now, Effects& effects);
    std::optional<TimePoint> timers_due(Lane lane) const;
    [[gnu::noinline, gnu::cold]] void refresh_timers();
    [[gnu::always_inline]] void refresh_deadlines() {
        if (timers_moved_) refresh_timers();
        if (fetchers_moved_) {
            fetchers_moved_ = false;
            fetchers_due_ = replicas_.fetchers().next_deadline();
        }
        if (stage_ == Stage::down || stage_ == Stage::stopping || stage_ == Stage::stopped) return;
        deadlines_[Lane::requests] =
            std::min(std::min(timers_[Lane::requests], fetchers_due_), replicas_.next_deadline());
        // The flush behind a new segment; once it is done, the background lane's timers say so.
        if (!replicas_.context().rolled.empty())
            deadlines_[Lane::background] = std::min(timers_[Lane::background], now_);
    }
    TimePoint& due(Task task) { return due_[static_cast<std::size_t>(task)]; }
    TimePoint due(Task task) const { return due_[static_cast<std::size_t>(task)]; }

    NodeId id_;
    std::uint64_t seed_;
    const Profile& profile_;
    BrokerConfig config_;
    const TopicTable& topics_;
    Storage& storage_;
    std::string cluster_id_;

    Stage stage_ = Stage::down;
    DirectoryId directory_ = kUnassignedDirectory;
    TimePoint now_ = TimePoint::min();
    /// What the metadata lane has to do next, by itself.
    TimePoint metadata_work_at_ = TimePoint::max();
    TimePoint stop_at_ = TimePoint::max();
    std::array<TimePoint, kTasks> due_;
    /// timers_due() of each lane. Produce and fetch, the hot path, move none of them, so a step
    /// that did nothing else leaves them as they are.
    LaneDeadlines timers_;
    bool timers_moved_ = true;
    /// Of the fetchers; requests do not move it.
    TimePoint fetchers_due_ = TimePoint::max();
    bool fetchers_moved_ = true;
    /// The same with what produce and fetch wait for.
    LaneDeadlines deadlines_;

    LogManager logs_;
    ClusterImage image_;
    TouchedPartitions touched_;  ///< since the last publish
    bool brokers_changed_ = false;
    bool configs_changed_ = false;
    RequestQueue queue_;
    ReplicaManager replicas_;
    BrokerLifecycle lifecycle_;
    MetadataObserver observer_;
    AlterPartitionManager alter_partition_;
    DirectoryAssigner directories_;
    ProducerIds producer_ids_;
};

}  // namespace core
