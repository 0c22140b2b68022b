/// One fetcher: all partitions that this broker follows under one leader broker (and fetcher id),
/// over one connection, one request at a time.
///
/// Follows AbstractFetcherThread, ReplicaFetcherThread, RemoteLeaderEndPoint, BrokerBlockingSender
/// (3.9). The first request of a connection is full, later ones name only what changed (KIP-227).
///
/// Rules:
///   R1  One request is in flight; everything else waits for its answer, as the thread does.
///   R2  After an error of the request as a whole, every partition waits
///       replica.fetch.backoff.ms; after an error of one partition, that one does.
///   R3  After OFFSET_OUT_OF_RANGE the leader's end, then maybe its start, is asked for before
///       anything is fetched again.
///   R4  A fetcher without partitions closes its connection.
///   R5  A partition is carried only while this broker follows in it: whoever changes its role
///   takes
///       it off first, and puts it back after.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/reused_list.h"
#include "core/base/time.h"
#include "core/profile/config.h"
#include "core/replication/follower.h"
#include "core/step/channel.h"

namespace core {

class ReplicaManager;

class Fetcher {
  public:
    /// `replicas` outlives the fetcher.
    Fetcher(NodeId self, NodeId leader, std::uint32_t fetcher_id, std::uint64_t seed,
            const BrokerConfig& config, ReplicaManager& replicas);

    NodeId leader() const { return leader_; }
    std::uint32_t fetcher_id() const { return fetcher_id_; }
    bool empty() const { return entries_.empty(); }
    void add(PartitionId partition);
    /// True if it was carried here.
    bool remove(PartitionId partition);

    bool owns(ConnectionId connection) const { return channel_.owns(connection); }
    void on_connected(TimePoint now);
    void on_response(TimePoint now, Received& received);
    void on_lost(TimePoint now);
    /// Sends what there is to send.
    void maybe_fetch(TimePoint now);
    void on_woken(TimePoint now);
    /// Closes the connection (no partitions left).
    void close(TimePoint now);
    /// TimePoint::max(): never.
    TimePoint next_deadline() const {
        if (delayed_.empty() || channel_.in_flight() > 0) return channel_.expire_due();
        return std::min(channel_.expire_due(), revival());
    }

  private:
    /// One partition. What the leader's session holds of it is `asked`, while `in_session`.
    struct Entry {
        PartitionId partition;
        Follower* role;  ///< R5
        bool in_session = false;
        bool changed = true;  ///< the next request has to name it
        FetchPartition asked;
    };

    Entry* find(PartitionId partition) {
        if (found_ != nullptr && found_->partition == partition) return found_;
        return search(partition);
    }
    [[gnu::noinline]] Entry* search(PartitionId partition);
    std::vector<Entry>::const_iterator lower_bound(PartitionId partition) const;
    void mark_changed(Entry& entry) {
        if (entry.changed) return;
        entry.changed = true;
        changed_.push_back(entry.partition);
    }
    void leave_session(Entry& entry);
    void delay(Entry& entry, TimePoint now);
    [[gnu::noinline, gnu::cold]] void revive(TimePoint now);
    /// When the first of those that are delayed may be fetched again.
    TimePoint revival() const;
    [[gnu::noinline, gnu::cold]] void send_range_request(TimePoint now);
    [[gnu::always_inline]] inline void send_fetch(TimePoint now);
    bool anything_ready(TimePoint now) const {
        return session_size_ > 0 || !range_unknown_.empty() || any_entry_ready(now);
    }
    [[gnu::noinline, gnu::cold]] bool any_entry_ready(TimePoint now) const;
    /// Opens the connection if there is anything to fetch.
    [[gnu::noinline, gnu::cold]] void connect(TimePoint now);
    [[gnu::noinline, gnu::cold]] void tell_forgotten(FetchRequest& request);
    [[gnu::always_inline]] inline void on_fetch(TimePoint now, const FetchResponse& response);
    /// What becomes of a partition whose answer did not simply move it.
    [[gnu::noinline, gnu::cold]] void settle(TimePoint now, Entry& entry, FetchOutcome outcome);
    [[gnu::noinline, gnu::cold]] void on_list_offsets(TimePoint now,
                                                      const ListOffsetsResponse& response);
    void on_failure(TimePoint now);

    NodeId self_;
    NodeId leader_;
    std::uint32_t fetcher_id_;
    const BrokerConfig& config_;
    ReplicaManager& replicas_;
    Channel channel_;
    std::vector<Entry> entries_;       ///< by partition
    Entry* found_ = nullptr;           ///< the one found last
    ReusedList<PartitionId> changed_;  ///< entries with `changed`
    std::vector<PartitionId> delayed_;
    std::vector<PartitionId> forgotten_;      ///< the leader's session still holds them
    std::vector<PartitionId> range_unknown_;  ///< the leader's offsets have to be asked for
    OffsetSpec range_spec_ = OffsetSpec::latest;
    std::size_t session_size_ = 0;  ///< entries in the leader's session
    bool session_open_ = false;     ///< the full request of this connection was sent
};

/// All fetchers of a broker. [kafka AbstractFetcherManager]
class FetcherManager {
  public:
    FetcherManager(NodeId self, std::uint64_t seed, const BrokerConfig& config,
                   ReplicaManager& replicas)
        : self_(self), seed_(seed), config_(config), replicas_(replicas) {}

    void add(PartitionId partition, std::uint32_t index, NodeId leader);
    void remove(PartitionId partition);
    /// After a change of the assignment: closes what is empty, starts what is new.
    void settle(TimePoint now);

    Fetcher* find(ConnectionId connection) {
        for (const auto& fetcher : fetchers_)
            if (fetcher->owns(connection)) return fetcher.get();
        return nullptr;
    }
    void on_woken(TimePoint now);
    TimePoint next_deadline() const {
        TimePoint due = TimePoint::max();
        for (const auto& fetcher : fetchers_) due = std::min(due, fetcher->next_deadline());
        return due;
    }

  private:
    NodeId self_;
    std::uint64_t seed_;
    const BrokerConfig& config_;
    ReplicaManager& replicas_;
    std::vector<std::unique_ptr<Fetcher>> fetchers_;  ///< by leader, fetcher id
};

}  // namespace core
