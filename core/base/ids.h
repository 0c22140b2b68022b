/// Strong types for everything that is a number: ids, epochs, offsets, sequences.
///
/// Three shapes: Id (a name), Epoch (a name that only grows), Ordinal (a position one can count
/// from). No implicit conversion in or out, no default value: what is not known is std::optional;
/// -1 exists only where a message is printed or parsed.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace core {

/// A name that happens to be a number: it can be compared and printed, nothing else.
template <class Tag, class Rep>
class Id {
  public:
    using rep = Rep;
    Id() = delete;
    explicit constexpr Id(Rep value) : value_(value) {}
    constexpr Rep value() const { return value_; }
    friend constexpr bool operator==(Id, Id) = default;
    friend constexpr auto operator<=>(Id, Id) = default;

  private:
    Rep value_;
};

/// A name that only grows: leader epochs, partition epochs, broker epochs, producer epochs.
template <class Tag, class Rep>
class Epoch {
  public:
    using rep = Rep;
    Epoch() = delete;
    explicit constexpr Epoch(Rep value) : value_(value) {}
    constexpr Rep value() const { return value_; }
    constexpr Epoch next() const { return Epoch(static_cast<Rep>(value_ + 1)); }
    friend constexpr bool operator==(Epoch, Epoch) = default;
    friend constexpr auto operator<=>(Epoch, Epoch) = default;

  private:
    Rep value_;
};

/// A position in a sequence: differences are plain counts.
template <class Tag, class Rep>
class Ordinal {
  public:
    using rep = Rep;
    Ordinal() = delete;
    explicit constexpr Ordinal(Rep value) : value_(value) {}
    constexpr Rep value() const { return value_; }
    constexpr Ordinal next() const { return Ordinal(value_ + 1); }
    friend constexpr Ordinal operator+(Ordinal a, Rep count) { return Ordinal(a.value_ + count); }
    friend constexpr Rep operator-(Ordinal a, Ordinal b) { return a.value_ - b.value_; }
    friend constexpr bool operator==(Ordinal, Ordinal) = default;
    friend constexpr auto operator<=>(Ordinal, Ordinal) = default;

  private:
    Rep value_;
};

/// A broker, a controller or a client of the cluster. Brokers and controllers carry the ids of the
/// scenario; clients are numbered from 1,000,000 in the order of the scenario.
using NodeId = Id<struct NodeIdTag, std::int32_t>;
/// The first NodeId of a client.
inline constexpr std::int32_t kFirstClientId = 1'000'000;

/// Dense number of a topic partition in the cluster's TopicTable; stands for (topic id, index).
using PartitionId = Id<struct PartitionIdTag, std::uint32_t>;
/// Dense number of a topic in the cluster's TopicTable.
using TopicIndex = Id<struct TopicIndexTag, std::uint32_t>;
/// A connection, made by its opener; both ends use the same id. Never reused within a run.
using ConnectionId = Id<struct ConnectionIdTag, std::uint64_t>;
/// Matches a response with its request on one connection.
using CorrelationId = Id<struct CorrelationIdTag, std::uint32_t>;
/// Kafka's producer id (idempotence).
using ProducerId = Id<struct ProducerIdTag, std::int64_t>;
/// Drawn at each start of a broker process (BrokerRegistrationRequest.incarnationId).
using IncarnationId = Id<struct IncarnationIdTag, std::uint64_t>;
/// Names one log directory for good (meta.properties directory.id, KIP-858). 0 and 1 and 2 are
/// Kafka's reserved UNASSIGNED, LOST and MIGRATING.
using DirectoryId = Id<struct DirectoryIdTag, std::uint64_t>;
inline constexpr DirectoryId kUnassignedDirectory{0};
inline constexpr DirectoryId kLostDirectory{1};
inline constexpr DirectoryId kMigratingDirectory{2};

/// Grows with every leader of a partition (PartitionRegistration.leaderEpoch).
using LeaderEpoch = Epoch<struct LeaderEpochTag, std::int32_t>;
/// Grows with every change of a partition (PartitionRegistration.partitionEpoch).
using PartitionEpoch = Epoch<struct PartitionEpochTag, std::int32_t>;
/// The metadata-log offset of a broker's registration.
using BrokerEpoch = Epoch<struct BrokerEpochTag, std::int64_t>;
/// The epoch of the active controller (Raft epoch).
using ControllerEpoch = Epoch<struct ControllerEpochTag, std::int32_t>;
/// Fences older instances of one producer id.
using ProducerEpoch = Epoch<struct ProducerEpochTag, std::int16_t>;

/// A position in a partition's log; "end" offsets are exclusive.
using Offset = Ordinal<struct OffsetTag, std::int64_t>;
/// A position in the metadata log.
using MetadataOffset = Ordinal<struct MetadataOffsetTag, std::int64_t>;
/// Number of a record as its producer counts them, from 0 ("p1#7"); across all partitions.
using RecordNumber = Ordinal<struct RecordNumberTag, std::int64_t>;

/// Sequence number of a record within (producer id, epoch, partition); wraps from 2^31-1 to 0
/// (DefaultRecordBatch.incrementSequence).
class Sequence {
  public:
    Sequence() = delete;
    explicit constexpr Sequence(std::int32_t value) : value_(value) {}
    constexpr std::int32_t value() const { return value_; }
    /// The sequence `count` (>= 0) records later.
    constexpr Sequence plus(std::int32_t count) const {
        if (value_ > std::numeric_limits<std::int32_t>::max() - count)
            return Sequence(count - (std::numeric_limits<std::int32_t>::max() - value_) - 1);
        return Sequence(value_ + count);
    }
    constexpr Sequence next() const { return plus(1); }
    friend constexpr bool operator==(Sequence, Sequence) = default;

  private:
    std::int32_t value_;
};

/// An offset and the leader epoch it belongs to.
struct OffsetAndEpoch {
    Offset offset;
    LeaderEpoch leader_epoch;
    friend constexpr bool operator==(const OffsetAndEpoch&, const OffsetAndEpoch&) = default;
};

}  // namespace core
