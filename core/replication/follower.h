/// The follower's half of one partition: where it fetches from, what it asks for, and what it does
/// with an answer.
///
/// Lives inside Partition while another broker leads (or nobody does); made by become_follower. The
/// broker's fetchers carry its requests; everything that concerns the log happens here.
///
/// Rules:
///   R1  An answer is used only if it answers what this partition still asks for: same offset, not
///       delayed, not stopped.    [kafka AbstractFetcherThread.processFetchRequest]
///   R2  The high watermark becomes min(leader's, own end), even if that is lower, and only from an
///       answer without a divergence.   [KAFKA-14704; kafka ReplicaFetcherThread]
///   R3  Truncation only on the leader's word: a diverging epoch, or its end after an answer "out
///   of
///       range".    [KIP-279, KAFKA-10554]
///   R4  Batches of a newer epoch than the one fetched under are not taken.   [KAFKA-18723, 3.9.1]
///   R5  FENCED_LEADER_EPOCH stops the fetch until a new leader epoch comes by metadata.
///
/// Source: AbstractFetcherThread, ReplicaFetcherThread, Partition.makeFollower of Kafka 3.9.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/ids.h"
#include "core/base/maybe.h"
#include "core/base/time.h"
#include "core/log/log.h"
#include "core/log/log_manager.h"
#include "core/protocol/messages.h"
#include "core/replication/context.h"

namespace core {

/// What became of an answer, for the fetcher that carried it.
enum class FetchOutcome : std::uint8_t {
    ignored,       ///< not what this partition asks for any more
    unchanged,     ///< taken; the next request need not name the partition
    moved,         ///< taken; it has a new offset or epoch to fetch with
    delayed,       ///< an error: not before replica.fetch.backoff.ms
    stopped,       ///< not until a new leader epoch
    out_of_range,  ///< the leader's offsets have to be asked for
};

class Follower {
  public:
    Follower(PartitionId partition, Log& log, const PartitionRegistration& registration);

    // ---- queries
    Maybe<NodeId> leader() const { return leader_; }
    LeaderEpoch epoch() const { return epoch_; }
    PartitionEpoch partition_epoch() const { return partition_epoch_; }
    const ReplicaList& replicas() const { return replicas_; }
    const Log& log() const { return *log_; }
    /// Started, not stopped, and not delayed at `now`.
    bool ready_to_fetch(TimePoint now) const {
        return fetching_ && now >= delayed_until_ && !range_unknown_;
    }
    bool fetching() const { return fetching_; }
    TimePoint delayed_until() const { return delayed_until_; }
    /// What the next request says of this partition.
    FetchPartition request(const Profile& profile) const {
        FetchPartition request{
            .partition = partition_,
            .current_leader_epoch = std::nullopt,
            .fetch_offset = fetch_offset_,
            .last_fetched_epoch = std::nullopt,
            .log_start_offset = log_->log_start(),
        };
        if (profile.fetch_fenced_by_leader_epoch) request.current_leader_epoch = epoch_;
        if (profile.truncate_on_fetch) request.last_fetched_epoch = last_fetched_epoch_;
        return request;
    }

    // ---- metadata
    /// A newer registration under which this broker follows; true if the leader epoch is new, so
    /// that fetching has to start over. [kafka Partition.makeFollower]
    bool on_registration(const PartitionRegistration& registration);
    /// Fetch from the log's end, if epochs are known; else cut to the high watermark first and
    /// fetch from there. [kafka ReplicaManager.initialFetchOffset]
    void start_fetching(LogManager& logs, ReplicationContext& context);
    void stop_fetching() { fetching_ = false; }
    /// An error of the whole request, or of this partition.
    void delay(TimePoint until) {
        delayed_until_ = until;
        range_unknown_ = false;
    }

    // ---- answers
    /// `asked`: what the session holds of this partition since it was last named.
    FetchOutcome on_response(const FetchPartition& asked, const FetchPartitionResponse& response,
                             LogManager& logs, ReplicationContext& context);
    /// The leader's end (latest) or start (earliest) after "out of range". Returns true if the
    /// leader's start has to be asked for now. [kafka fetchOffsetAndTruncate]
    bool on_leader_end(Offset leader_end, LogManager& logs, ReplicationContext& context);
    void on_leader_start(Offset leader_start, LogManager& logs, ReplicationContext& context);

  private:
    [[gnu::noinline, gnu::cold]] FetchOutcome on_error(ErrorCode error,
                                                       const FetchPartition& asked);
    [[gnu::noinline, gnu::cold]] FetchOutcome on_diverging(const OffsetAndEpoch& diverging,
                                                           LogManager& logs,
                                                           ReplicationContext& context);
    /// Those that may be taken (R4).
    std::span<const Batch> taken(const FetchPartitionResponse& response,
                                 const Profile& profile) const {
        const Batch* const batches = response.batches.data();
        std::size_t count = response.batches.size();
        if (profile.drops_batches_of_newer_epoch)
            for (std::size_t i = 0; i < count; ++i)
                if (batches[i].leader_epoch > epoch_) count = i;
        return {batches, count};
    }
    /// False: the log refused them.
    [[gnu::always_inline]] inline bool append(std::span<const Batch> batches,
                                              ReplicationContext& context);
    [[gnu::noinline, gnu::cold]] void note_roll(ReplicationContext& context) const;
    [[gnu::noinline, gnu::cold]] void note_flush(ReplicationContext& context) const;
    [[gnu::noinline, gnu::cold]] void raise_log_start(Offset start, LogManager& logs);
    void truncate(Offset target, LeaderEpoch answer_epoch, LogManager& logs,
                  ReplicationContext& context);
    void fetch_from_end();

    PartitionId partition_;
    Log* log_;
    Maybe<NodeId> leader_;
    LeaderEpoch epoch_;
    PartitionEpoch partition_epoch_;
    ReplicaList replicas_;

    /// A fetcher carries this partition.
    bool fetching_ = false;
    /// The leader said "out of range"; its offsets are being asked for.
    bool range_unknown_ = false;
    Offset fetch_offset_;
    Maybe<LeaderEpoch> last_fetched_epoch_;
    TimePoint delayed_until_ = TimePoint::min();
};

}  // namespace core
