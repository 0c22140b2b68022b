/// ReplicationControl: the controller's decisions about partitions, as const handlers.
///
/// Follows ReplicationControlManager, Kafka 3.9, and 4.0 and 4.1 by the profile's switches. Every
/// method reads the image and returns (or appends) records; nothing here changes state.
///
/// Rules:
///   C1  Leaders are chosen by build_partition_change only.
///   C2  Partitions are visited in the order of their dense number, where Kafka goes by topic id
///       hash and order of insertion (deviation D32).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/controller/controller_result.h"
#include "core/controller/image.h"
#include "core/controller/partition_change.h"
#include "core/profile/config.h"
#include "core/profile/profile.h"
#include "core/protocol/messages.h"
#include "core/protocol/topics.h"
#include "core/step/node.h"

namespace core {

/// Records of one balance or sweep run at most (MAX_ELECTIONS_PER_IMBALANCE).
inline constexpr std::size_t kMaxElectionsPerImbalance = 1'000;
/// The feature whose level 1 turns eligible leader replicas on (KIP-966).
inline constexpr std::string_view kElrFeature = "eligible.leader.replicas.version";
/// ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE.
inline constexpr std::int32_t kProducerIdBlockSize = 1'000;

class ReplicationControl {
  public:
    /// All arguments outlive the object; `self` is the controller, whose dynamic broker settings
    /// topics fall back to.
    ReplicationControl(NodeId self, const ClusterImage& image, const Profile& profile,
                       const BrokerConfig& config, const TopicTable& topics)
        : self_(self), image_(image), profile_(profile), config_(config), topics_(topics) {}

    // ---- requests -------------------------------------------------------------------------------

    /// AlterPartition of a broker whose epoch was checked. Refusals are in the response, by
    /// partition.
    ControllerResult<AlterPartitionResponse> alter_partition(
        const AlterPartitionRequest& request) const;
    /// KIP-858, of a broker whose epoch was checked. The election inside still judges by the old
    /// directory, as 3.9 to 4.1 do: a leaderless partition waits for the next trigger.
    ControllerResult<AssignReplicasToDirsResponse> assign_replicas_to_dirs(
        const AssignReplicasToDirsRequest& request) const;
    /// ElectLeaders for one partition. election_not_needed, preferred_leader_not_available,
    /// eligible_leaders_not_available, unknown_topic_or_partition.
    ControllerResult<ErrorCode> elect_leaders(const ElectLeaders& call) const;
    /// All or none: invalid_replica_assignment if a partition names an unregistered broker, one
    /// twice, or no active one; invalid_request if a topic exists.
    ControllerResult<ErrorCode> create_topics(const CreateTopics& call) const;

    // ---- changes of brokers ---------------------------------------------------------------------

    /// Partition changes first, the fence record last (handleBrokerFenced).
    void broker_fenced(NodeId broker, MetadataRecords& records) const;
    /// The unfence record first, then elections where there is no leader (handleBrokerUnfenced).
    void broker_unfenced(NodeId broker, MetadataRecords& records) const;
    /// KIP-841: flagged, out of every ISR, leaderships moved.
    void broker_in_controlled_shutdown(NodeId broker, MetadataRecords& records) const;
    /// KIP-858: as fencing for the partitions in these directories of the broker.
    /// Another incarnation registers (4.0+): with ELR on and an unclean shutdown the broker leaves
    /// every ISR and every ELR; else as for fencing (handleBrokerShutdown).
    void broker_shut_down(NodeId broker, bool clean, MetadataRecords& records) const;
    void directories_offline(NodeId broker, const DirectoryList& offline,
                             MetadataRecords& records) const;
    bool has_leaderships(NodeId broker) const;

    // ---- periodic tasks -------------------------------------------------------------------------

    /// True if the limit of records was reached.
    bool balance_leaders(MetadataRecords& records) const;
    bool elect_unclean_leaders(MetadataRecords& records) const;

    // ---- settings -------------------------------------------------------------------------------

    /// The effective value of a topic's setting, if any record set it: topic, this controller's
    /// dynamic one, cluster (KafkaConfigSchema.resolveEffectiveTopicConfig).
    std::optional<std::string_view> dynamic_config(PartitionId partition,
                                                   std::string_view key) const;
    /// unclean.leader.election.enable, where the profile honours it.
    bool unclean_election_enabled(PartitionId partition) const;
    /// min(min.insync.replicas, replicas of the topic's first partition).
    std::int32_t effective_min_isr(PartitionId partition) const;
    /// The cluster's level of kElrFeature is 1.
    bool elr_enabled() const;
    /// IncrementalAlterConfigs: the records that are taken, then, with ELR on, a ClearElrRecord for
    /// each change of min.insync.replicas (createClearElrRecordsAsNeeded). Changes of topics that
    /// do not exist are left out, and with ELR on a broker's own min.insync.replicas and the
    /// removal of the cluster's (INVALID_CONFIG).
    void alter_config(const AlterConfig& call, MetadataRecords& records) const;

  private:
    /// Which brokers to judge other than the image does (generateLeaderAndIsrUpdates).
    struct Exception {
        std::optional<NodeId> remove;  ///< never acceptable, out of the ISR
        std::optional<NodeId> add;     ///< acceptable though fenced
        /// Never acceptable, out of ISR and ELR.
        std::optional<NodeId> unclean_shutdown = {};
    };

    ErrorCode validate(NodeId sender, const AlterPartitionItem& item) const;
    bool eligible(const AlterPartitionIsrMember& member) const;
    AlterPartitionResult alter_one(NodeId sender, const AlterPartitionItem& item,
                                   MetadataRecords& records) const;
    ErrorCode assign_one(const AssignReplicasToDirsRequest& request,
                         const DirectoryAssignment& assignment, MetadataRecords& records) const;
    ErrorCode create_topic(const CreateTopics::Topic& topic, MetadataRecords& records) const;
    std::optional<PartitionRegistration> new_partition(const ReplicaList& replicas) const;
    ErrorCode elect_one(PartitionId partition, Election election, MetadataRecords& records) const;

    AcceptableReplicas acceptable(const PartitionRegistration& partition,
                                  const Exception& exception) const;
    PartitionChangeOptions options(PartitionId partition, Election election) const;
    Election automatic_election(PartitionId partition) const;
    void leader_and_isr_update(PartitionId partition, const Exception& exception,
                               MetadataRecords& records) const;
    DirectoryId default_directory(NodeId broker) const;

    NodeId self_;
    const ClusterImage& image_;
    const Profile& profile_;
    const BrokerConfig& config_;
    const TopicTable& topics_;
};

}  // namespace core
