/// ClusterImage: what the metadata log says about the cluster, as the controller and every broker
/// know it. Controllers apply a record when they append it, brokers when it is committed.
///
/// Follows ClusterControlManager, ReplicationControlManager and PartitionRegistration (the
/// controller's state) and MetadataImage (the brokers'), Kafka 3.9. [KIP-631]
///
/// Rules:
///   I1  replay() is the only mutator: an image is a pure function of the records replayed.
///   I2  A PartitionChangeRecord always makes partition epoch + 1; leader epoch + 1 if and only if
///       it carries a leader field (nobody included) [kafka PartitionRegistration.merge].
///   I3  Records come in offset order, each once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/profile/config.h"
#include "core/protocol/metadata_record.h"
#include "core/protocol/topics.h"

namespace core {

/// One broker as it registered (BrokerRegistration).
struct BrokerRegistration {
    NodeId id;
    BrokerEpoch epoch;  ///< the log's next offset when this incarnation first registered
    IncarnationId incarnation;
    DirectoryList directories;  ///< online log directories
    bool fenced = true;
    bool in_controlled_shutdown = false;
    /// Offset of its last RegisterBrokerRecord: a broker that has applied it may be unfenced.
    MetadataOffset registered_at;

    /// Not fenced and not about to leave: may lead and join an ISR.
    bool active() const { return !fenced && !in_controlled_shutdown; }
    /// The directory is online; UNASSIGNED and MIGRATING count as online, LOST does not
    /// [kafka BrokerRegistration.hasOnlineDir].
    bool has_online_directory(DirectoryId directory) const;
    friend bool operator==(const BrokerRegistration&, const BrokerRegistration&) = default;
};

/// The registration after a change (PartitionRegistration.merge); see I2.
PartitionRegistration merge(const PartitionRegistration& before,
                            const PartitionChangeRecord& change);

/// The partition that a record creates or changes; nothing for all other records.
std::optional<PartitionId> touched_partition(const MetadataRecord& record);

/// Which partitions a run of records touched, each once, in the order of first touch. Reused
/// between runs: clear() costs what was added.
class TouchedPartitions {
  public:
    explicit TouchedPartitions(std::uint32_t partition_count) : seen_(partition_count, 0) {}
    void add(const MetadataRecord& record) {
        if (auto partition = touched_partition(record)) add(*partition);
    }
    void add(PartitionId partition);
    std::span<const PartitionId> list() const { return list_; }
    bool contains(PartitionId partition) const { return seen_[partition.value()] != 0; }
    void clear();

  private:
    std::vector<std::uint8_t> seen_;
    std::vector<PartitionId> list_;
};

class ClusterImage {
  public:
    /// An empty image of a cluster with these topics. The table is only read for its sizes.
    explicit ClusterImage(const TopicTable& topics);

    /// Applies the record at `offset`; the next one must have a higher offset.
    void replay(MetadataOffset offset, const MetadataRecord& record);

    /// The offset of the last record applied; nothing before the first.
    std::optional<MetadataOffset> highest_offset() const { return highest_offset_; }

    /// All registrations in id order.
    std::span<const BrokerRegistration> brokers() const { return brokers_; }
    /// The registration of a broker, or nothing. Valid until the next replay.
    const BrokerRegistration* find_broker(NodeId broker) const;
    /// Registered, not fenced and not in controlled shutdown (ClusterControlManager.isActive).
    bool is_active(NodeId broker) const;
    /// Registered and not fenced: brokers that clients are told of.
    bool is_unfenced(NodeId broker) const;

    std::uint32_t partition_count() const { return static_cast<std::uint32_t>(partitions_.size()); }
    /// The partition's registration, or nothing while it is not created. Valid until the next
    /// replay.
    const PartitionRegistration* find_partition(PartitionId partition) const {
        const auto& slot = partitions_[partition.value()];
        return slot ? &*slot : nullptr;
    }
    bool topic_exists(TopicIndex topic) const { return topics_[topic.value()] != 0; }

    /// Dynamic settings only; static ones of a topic came as records when it was created.
    const ConfigMap& topic_config(TopicIndex topic) const { return topic_configs_[topic.value()]; }
    /// Empty if the broker has none.
    const ConfigMap& broker_config(NodeId broker) const;
    const ConfigMap& cluster_config() const { return cluster_config_; }

    /// Partitions with no leader, and with another leader (or none) than their first replica.
    std::uint32_t leaderless_count() const { return leaderless_; }
    std::uint32_t imbalanced_count() const { return imbalanced_; }

    /// Ids below are handed out.
    ProducerId next_producer_id() const { return next_producer_id_; }
    /// The partitions whose ELR or last known leader this record takes, by number.
    std::vector<PartitionId> cleared_by(const ClearElrRecord& record) const;

    /// The level of a feature (metadata.version, ...); 0 if no record named it.
    std::int16_t feature_level(std::string_view feature) const;

    friend bool operator==(const ClusterImage&, const ClusterImage&) = default;

  private:
    void apply(MetadataOffset offset, const RegisterBrokerRecord& record);
    void apply(const BrokerRegistrationChangeRecord& record);
    void apply(const UnregisterBrokerRecord& record);
    void apply(const PartitionRecord& record);
    void apply(const PartitionChangeRecord& record);
    void apply(const ConfigRecord& record);
    void apply(const ClearElrRecord& record);

    void count(const PartitionRegistration& partition, std::uint32_t step);

    std::optional<MetadataOffset> highest_offset_;
    std::uint32_t leaderless_ = 0;
    std::uint32_t imbalanced_ = 0;
    std::vector<BrokerRegistration> brokers_;
    std::vector<std::optional<PartitionRegistration>> partitions_;
    std::vector<std::uint8_t> topics_;
    std::vector<std::uint32_t> topic_begins_;  ///< first partition of each topic, then the end
    std::vector<ConfigMap> topic_configs_;
    std::map<NodeId, ConfigMap> broker_configs_;
    ConfigMap cluster_config_;
    ConfigMap no_config_;  ///< stays empty: the settings of a broker without any
    ProducerId next_producer_id_{0};
    std::map<std::string, std::int16_t, std::less<>> features_;
};

/// True if `node` is in the list.
bool contains(const ReplicaList& list, NodeId node);

}  // namespace core
