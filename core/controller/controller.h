/// Controller: the active controller of a KRaft cluster, as a node.
///
/// Follows QuorumController, Kafka 3.9 (4.0 and 4.1 by the profile's switches), with a quorum of
/// one voter. Records are applied to its own image when they are appended, so later decisions see
/// them; an answer leaves when everything that its decision saw is committed. All on
/// Lane::requests.
///
/// Calls it takes: CreateTopics, ElectLeaders, AlterConfig, ShutDown.
///
/// Rules:
///   K1  Handlers are const and return records; ClusterImage::replay is the only mutator of the
///       image, and every replayed record is in the metadata log.
///   K2  A response leaves only when all records that were appended before it, its own included,
///       are committed. Refusals of a whole request (NOT_CONTROLLER, STALE_BROKER_EPOCH,
///       DUPLICATE_BROKER_REGISTRATION, ...) leave at once [kafka ControllerWriteEvent.run].
///   K3  A note of a decision is emitted when its record is committed, of a refusal at once. Of one
///       record: partition_change, then leader_elect, isr_shrink, isr_expand, elr_change.
///   K4  A restart rebuilds everything but sessions from the metadata log.
///   K5  Records that a step has written are committed at the beginning of the next step, which is
///       due at once: a host starts it when the fsync is over. The commit moves the watermark, then
///       come notes, parked fetches and answers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/controller/cluster_control.h"
#include "core/controller/commit_notes.h"
#include "core/controller/controller_result.h"
#include "core/controller/heartbeats.h"
#include "core/controller/image.h"
#include "core/controller/metadata_log.h"
#include "core/controller/replication_control.h"
#include "core/controller/session_tracker.h"
#include "core/log/storage.h"
#include "core/profile/config.h"
#include "core/profile/profile.h"
#include "core/protocol/topics.h"
#include "core/step/node.h"

namespace core {

class Controller final : public Node {
  public:
    /// `config` is the controller's own (server) configuration. Profile, topics and storage outlive
    /// the node. Static settings of topics come with CreateTopics. `elr_level` is the level of
    /// kElrFeature that an empty metadata log was formatted with; nothing: the version's own for a
    /// new cluster.
    Controller(NodeId id, const Profile& profile, const BrokerConfig& config,
               const TopicTable& topics, Storage& storage,
               std::optional<std::int16_t> elr_level = std::nullopt);

    void step(TimePoint now, Lane lane, Input& input, Effects& effects) override;
    void receive(TimePoint now, Received& received, Effects& effects) override;
    const LaneDeadlines& deadlines() const override { return deadlines_; }

    /// The state after all appended records, committed or not (for tests and the audit).
    const ClusterImage& image() const { return image_; }
    /// True once Started was handled: with one voter the node elects itself.
    bool active() const { return epoch_.has_value(); }
    MetadataOffset high_watermark() const { return log_.high_watermark(); }

  private:
    struct Reply {
        ConnectionId connection;
        CorrelationId correlation;
    };
    /// An answer that waits for the commit of everything below `until`.
    struct DeferredReply {
        Reply to;
        MetadataOffset until;
        MessageBox message;
    };
    struct ParkedFetch {
        Reply to;
        MetadataOffset from;
        TimePoint expires_at;
    };
    /// maybeScheduleNext...: a task that is armed when there is something to do, an interval (or
    /// 10 ms, if the last run reached its limit) after that was seen.
    struct Sweep {
        std::optional<TimePoint> due;
        bool immediately = false;
    };

    void take_up(TimePoint now, Input& input, Effects& effects);
    void set_deadline();
    /// When it has something to do by itself.
    std::optional<TimePoint> soonest() const;
    void on_started(TimePoint now);
    /// What a formatted disk has the first activation write.
    void bootstrap(MetadataRecords& records) const;
    void on_woken(TimePoint now, Effects& effects);
    void on_request(TimePoint now, Received& received, Effects& effects);
    void on_lost(ConnectionId connection);
    void on_call(TimePoint now, const Call& call, Effects& effects);
    void on_alter_config(TimePoint now, const AlterConfig& call);

    void on_registration(TimePoint now, const Received& from,
                         const BrokerRegistrationRequest& request, Effects& effects);
    void on_heartbeat(TimePoint now, const Received& from, const BrokerHeartbeatRequest& request,
                      Effects& effects);
    void on_alter_partition(TimePoint now, const Received& from,
                            const AlterPartitionRequest& request, Effects& effects);
    void on_assign_replicas(TimePoint now, const Received& from,
                            const AssignReplicasToDirsRequest& request, Effects& effects);
    void on_allocate_producer_ids(TimePoint now, const Received& from,
                                  const AllocateProducerIdsRequest& request, Effects& effects);
    void on_metadata_fetch(TimePoint now, const Received& from, const MetadataFetchRequest& request,
                           Effects& effects);

    /// Appends and applies the records of one write event, then arms the sweeps. Returns the offset
    /// below which everything must be committed before its answer may leave.
    MetadataOffset write(TimePoint now, const MetadataRecords& records);
    void apply(TimePoint now, const MetadataRecord& record);
    void arm_sweeps(TimePoint now);
    void run_balance(TimePoint now);
    void run_unclean_sweep(TimePoint now);
    void fence_stale_brokers(TimePoint now);
    /// 4.0+: one look at the tracker.
    void scan_sessions(TimePoint now);
    /// rescheduleMaybeFenceStaleBrokers. Kafka 3.9 calls it after a heartbeat, an accepted
    /// registration and a fencing, and at no other time: a new activation waits for the first. From
    /// 4.0 on looks are periodic, whatever happens.
    void arm_fence_check(TimePoint now);

    /// The answer to a write event that was not refused as a whole.
    void answer(Reply to, MetadataOffset until, MessageBox message, Effects& effects);
    /// K5.
    void commit(Effects& effects);
    void answer_fetch(const ParkedFetch& fetch, Effects& effects) const;
    void check_invariants() const;

    NodeId id_;
    const Profile& profile_;
    BrokerConfig config_;
    std::int16_t elr_level_;
    MetadataLog log_;
    ClusterImage image_;
    BrokerHeartbeats sessions_;
    SessionTracker tracker_;
    ClusterControl cluster_;
    ReplicationControl replication_;
    CommitNotes notes_;
    std::optional<ControllerEpoch> epoch_;  ///< set while active
    bool stopping_ = false;                 ///< only commits what is written, then exits

    std::vector<DeferredReply> deferred_;
    std::vector<ParkedFetch> parked_;
    LaneDeadlines deadlines_;  ///< everything happens on the requests lane
    std::optional<TimePoint> fence_check_at_;
    std::optional<TimePoint> no_op_at_;
    Sweep balance_;
    Sweep unclean_;
};

}  // namespace core
