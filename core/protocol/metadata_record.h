/// Records of the metadata log: what the controller decided, in the words of Kafka's own schemas
/// (RegisterBrokerRecord, PartitionRecord, ... 3.9). Only ClusterImage::replay gives them meaning.
#pragma once

#include <boost/container/small_vector.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.h"

namespace core {

using ReplicaList = boost::container::small_vector<NodeId, 4>;
using DirectoryList = boost::container::small_vector<DirectoryId, 4>;

/// LeaderRecoveryState (KIP-704).
enum class RecoveryState : std::int8_t { recovered = 0, recovering = 1 };

/// PartitionRegistration: one partition as the controller committed it.
struct PartitionRegistration {
    ReplicaList replicas;       ///< AR, in preference order
    DirectoryList directories;  ///< of each replica, KIP-858; same order as replicas
    ReplicaList isr;
    ReplicaList elr;             ///< empty where ELR is off
    ReplicaList last_known_elr;  ///< the last known leader, or empty
    std::optional<NodeId> leader;
    LeaderEpoch leader_epoch{0};
    PartitionEpoch partition_epoch{0};
    RecoveryState recovery_state = RecoveryState::recovered;
    friend bool operator==(const PartitionRegistration&, const PartitionRegistration&) = default;
};

struct RegisterBrokerRecord {
    NodeId broker;
    IncarnationId incarnation;
    BrokerEpoch epoch;  ///< the offset of the first record of its write event
    DirectoryList directories;
    bool fenced = true;
    bool in_controlled_shutdown = false;
};

/// What changed of a registration; unset fields stay.
struct BrokerRegistrationChangeRecord {
    NodeId broker;
    BrokerEpoch epoch;
    std::optional<bool> fenced;
    std::optional<bool> in_controlled_shutdown;
    std::optional<DirectoryList> directories;
};

struct UnregisterBrokerRecord {
    NodeId broker;
    BrokerEpoch epoch;
};

struct TopicRecord {
    TopicIndex topic;
};

struct PartitionRecord {
    PartitionId partition;
    PartitionRegistration registration;
};

/// PartitionChangeRecord: unset fields stay; a set leader bumps the leader epoch, any record bumps
/// the partition epoch (PartitionRegistration.merge).
struct PartitionChangeRecord {
    PartitionId partition;
    std::optional<ReplicaList> isr;
    std::optional<std::optional<NodeId>> leader;  ///< set to nothing: no leader (-1)
    std::optional<ReplicaList> replicas;
    std::optional<DirectoryList> directories;
    std::optional<RecoveryState> recovery_state;
    std::optional<ReplicaList> elr;
    std::optional<ReplicaList> last_known_elr;
    /// ISR shrink below MV 3.6 bumps the leader epoch by naming the same leader again.
};

enum class ConfigResource : std::uint8_t { topic, broker, cluster };

/// ConfigRecord: a dynamic setting; no value removes it.
struct ConfigRecord {
    ConfigResource resource;
    std::optional<TopicIndex> topic;  ///< for resource topic
    std::optional<NodeId> broker;     ///< for resource broker
    std::string key;
    std::optional<std::string> value;
};

/// ProducerIdsRecord: ids below `next` are handed out.
struct ProducerIdsRecord {
    NodeId broker;
    ProducerId next;
};

struct FeatureLevelRecord {
    std::string feature;
    std::int16_t level;
};

/// ClearElrRecord: no partition of the topic (of all topics, without one) has an ELR or a last
/// known leader any more; each that had gets a new partition epoch.
struct ClearElrRecord {
    std::optional<TopicIndex> topic;
};

/// NoOpRecord, every metadata.max.idle.interval.ms (KIP-835); and the leader's LeaderChange
/// message.
struct NoOpRecord {};

using MetadataRecord =
    std::variant<RegisterBrokerRecord, BrokerRegistrationChangeRecord, UnregisterBrokerRecord,
                 TopicRecord, PartitionRecord, PartitionChangeRecord, ConfigRecord,
                 ProducerIdsRecord, FeatureLevelRecord, ClearElrRecord, NoOpRecord>;

}  // namespace core
