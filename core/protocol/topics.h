/// The topics of a cluster, as its tools created them: names, ids, and dense partition numbers.
///
/// Deviation D1: messages carry the dense PartitionId where Kafka's carry topic id (or name) and
/// index; the table is the bijection between the two and never changes within a run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"

namespace core {

struct TopicEntry {
    std::string name;
    std::uint64_t topic_id_high;  ///< topic id as Kafka's UUID, most significant half
    std::uint64_t topic_id_low;
    PartitionId first_partition;
    std::uint32_t partition_count;
};

class TopicTable {
  public:
    /// Adds a topic; its partitions get the next dense numbers in index order.
    TopicIndex add(std::string name, std::uint64_t topic_id_high, std::uint64_t topic_id_low,
                   std::uint32_t partition_count) {
        const auto first = static_cast<std::uint32_t>(topic_of_.size());
        const TopicIndex index(static_cast<std::uint32_t>(topics_.size()));
        topics_.push_back(TopicEntry{std::move(name), topic_id_high, topic_id_low,
                                     PartitionId(first), partition_count});
        topic_of_.insert(topic_of_.end(), partition_count, index);
        return index;
    }
    const std::vector<TopicEntry>& topics() const { return topics_; }
    std::uint32_t partition_count() const { return static_cast<std::uint32_t>(topic_of_.size()); }
    TopicIndex topic_of(PartitionId partition) const {
        ASSERT(partition.value() < topic_of_.size());
        return topic_of_[partition.value()];
    }
    const TopicEntry& topic(TopicIndex index) const {
        ASSERT(index.value() < topics_.size());
        return topics_[index.value()];
    }
    /// Kafka's partition number within its topic.
    std::uint32_t index_of(PartitionId partition) const {
        return partition.value() - topic(topic_of(partition)).first_partition.value();
    }
    /// "orders-0": also the partition's directory.
    std::string name(PartitionId partition) const {
        return topic(topic_of(partition)).name + "-" + std::to_string(index_of(partition));
    }
    std::optional<TopicIndex> find_topic(std::string_view name) const {
        for (std::uint32_t i = 0; i < topics_.size(); ++i)
            if (topics_[i].name == name) return TopicIndex(i);
        return std::nullopt;
    }
    /// Reads "orders-0"; nothing if no such partition exists.
    std::optional<PartitionId> find_partition(std::string_view name) const {
        for (std::uint32_t p = 0; p < partition_count(); ++p)
            if (this->name(PartitionId(p)) == name) return PartitionId(p);
        return std::nullopt;
    }

  private:
    std::vector<TopicEntry> topics_;
    std::vector<TopicIndex> topic_of_;
};

}  // namespace core
