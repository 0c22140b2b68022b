/// What a leader remembers of one fetching connection: the partitions it fetches, and a list of
/// those that changed since the last response, so that an idle partition costs nothing.
///
/// KIP-227 without its session ids and eviction: the connection is the session.
///
/// Rules:
///   S1  A slot keeps its number until it is forgotten.
///   S2  A slot is in changed() exactly once, or not at all; whoever changes what the next response
///       would say of a partition (its end, its watermark, its role) lists it.
///   S3  A slot that is not listed holds no data, error or news for the fetcher. If a follower's,
///       it stood at the leader's end at each fetch since it was unlisted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/ids.h"
#include "core/base/maybe.h"
#include "core/base/reused_list.h"
#include "core/base/time.h"
#include "core/protocol/messages.h"
#include "core/replication/isr.h"

namespace core {

class Leader;
struct RemoteReplica;

/// What an answer says of a partition beside its records.
struct LogMarks {
    Offset high_watermark{0};
    Offset log_start{0};
    friend constexpr bool operator==(const LogMarks&, const LogMarks&) = default;
};
template <>
inline constexpr LogMarks kNothing<LogMarks> = LogMarks{Offset(-1), Offset(-1)};

struct FetchSlot {
    FetchSlot(std::uint32_t place, const FetchPartition& partition)
        : fetch(partition), number(place) {}

    FetchPartition fetch;  ///< as last named by the fetcher
    std::uint32_t number;  ///< its place in the session (S1)
    bool used = true;
    bool listed = false;
    /// Named by the request that is being handled.
    bool named = false;
    Maybe<LogMarks> sent;  ///< with the last answer that named it

    // Set and taken back by the leader of the partition (Leader R7).
    /// The leader here, while it knows this slot, and the fetching replica there (null: a
    /// consumer).
    Leader* leader = nullptr;
    RemoteReplica* remote = nullptr;
    /// The leader epoch under which `fetch` was found good.
    Maybe<LeaderEpoch> good_under;

    void unlink() {
        leader = nullptr;
        remote = nullptr;
        good_under.reset();
    }
};

class FetchSession {
  public:
    FetchSession(Maybe<NodeId> replica, ConnectionId connection)
        : replica_(replica), connection_(connection) {}
    FetchSession(const FetchSession&) = delete;
    FetchSession& operator=(const FetchSession&) = delete;

    /// The fetching follower; nothing: a consumer.
    Maybe<NodeId> replica() const { return replica_; }
    ConnectionId connection() const { return connection_; }
    Maybe<BrokerEpoch> replica_epoch() const { return replica_epoch_; }
    void set_replica_epoch(Maybe<BrokerEpoch> epoch) { replica_epoch_ = epoch; }
    /// When the last request came. At each request every unlisted slot of a follower was at the
    /// leader's end.
    TimePoint last_fetch() const { return last_fetch_; }
    void set_last_fetch(TimePoint when) { last_fetch_ = when; }

    FetchSlot& slot(std::uint32_t number) { return slots_[number]; }
    const FetchSlot& slot(std::uint32_t number) const { return slots_[number]; }
    /// Adds or replaces what is fetched of a partition, and lists it.
    FetchSlot& name(const FetchPartition& fetch) {
        const bool again =
            recent_ != nullptr && recent_->fetch.partition == fetch.partition && recent_->used;
        FetchSlot& slot = again ? *recent_ : look_up(fetch);
        slot.fetch = fetch;
        slot.named = true;
        slot.good_under.reset();
        list(slot);
        return slot;
    }
    std::optional<std::uint32_t> find(PartitionId partition) const;
    void forget(std::uint32_t number);
    bool empty() const { return index_.empty(); }
    std::size_t size() const { return index_.size(); }

    /// The partition's next response differs from the last.
    void list(FetchSlot& slot) {
        if (slot.listed) return;
        slot.listed = true;
        changed_.push_back(slot.number);
    }
    void list(std::uint32_t number) { list(slots_[number]); }
    /// Slots that changed, in the order in which they did. May hold forgotten ones.
    std::span<const std::uint32_t> changed() const { return {changed_.begin(), changed_.size()}; }
    /// Keeps those of changed() for which `keep(slot)`; the others are unlisted.
    template <class Keep>
    void keep_listed(Keep keep) {
        std::uint32_t* kept = changed_.begin();
        for (const std::uint32_t number : changed_) {
            FetchSlot& slot = slots_[number];
            if (slot.used && keep(slot))
                *kept++ = number;
            else
                slot.listed = false;
        }
        changed_.keep_front(static_cast<std::size_t>(kept - changed_.begin()));
    }
    /// All slots that are in use, in partition order.
    template <class Visit>
    void each(Visit visit) const {
        for (const Entry& entry : index_) visit(entry.slot);
    }

    /// The request that waits for data, if any.
    bool parked = false;
    /// In the broker's list of sessions to look at before its step ends.
    bool touched = false;
    std::int32_t min_bytes = 1;
    std::int32_t max_bytes = 0;
    std::int32_t partition_max_bytes = 0;
    CorrelationId correlation{0};
    std::uint32_t wait = 0;  ///< its place in the list of deadlines while parked

  private:
    struct Entry {
        PartitionId partition;
        std::uint32_t slot;
    };
    std::size_t lower_bound(PartitionId partition) const {
        const auto at = std::lower_bound(
            index_.begin(), index_.end(), partition,
            [](const Entry& entry, PartitionId wanted) { return entry.partition < wanted; });
        return static_cast<std::size_t>(at - index_.begin());
    }
    /// The slot of a partition, a new one if need be.
    FetchSlot& look_up(const FetchPartition& fetch);
    FetchSlot& add(std::size_t at, const FetchPartition& fetch);

    Maybe<NodeId> replica_;
    ConnectionId connection_;
    Maybe<BrokerEpoch> replica_epoch_;
    TimePoint last_fetch_ = kLongAgo;
    std::vector<FetchSlot> slots_;
    FetchSlot* recent_ = nullptr;  ///< the one that was named last
    std::vector<std::uint32_t> free_;
    std::vector<Entry> index_;  ///< sorted by partition
    ReusedList<std::uint32_t> changed_;
};

}  // namespace core
