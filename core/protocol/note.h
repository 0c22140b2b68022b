/// Notes: what a node did, for the trace. A closed list, one per event, transition and refusal.
///
/// A note changes nothing and is never read by core. The trace, the ledger of records, the cluster
/// view, triggers and reports are folds over notes. Words are Kafka's (SCENARIO_FORMAT 3, Events).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <type_traits>

#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/base/maybe.h"
#include "core/record/batch.h"

namespace core {

enum class NoteKind : std::uint8_t {
    // Clients. `tag` names the batch; `partition`; see each.
    record_queued,    ///< a record entered a batch: value = record number, tag = its batch
    record_refused,   ///< a record failed before it was in a batch: value = number, error
    produce_send,     ///< a batch was put on a connection: peer = broker, value = attempt (0 first)
    produce_ack,      ///< success at the client: first..end = offsets (acks=0: none), peer = broker
    produce_error,    ///< a batch failed for good: error
    produce_retry,    ///< a batch goes back to the queue: error = why, value = attempt so far
    producer_id,      ///< InitProducerId answered: value = producer id
    epoch_bump,       ///< the idempotent producer bumped its epoch: value = new epoch
    metadata_update,  ///< the client took a metadata response

    // Brokers.
    broker_start,      ///< process up, storage opened
    broker_recovered,  ///< logs loaded: value = bytes scanned
    broker_running,    ///< first told "not fenced"
    broker_shut_down,  ///< clean shutdown finished
    produce_receive,   ///< a produce request is taken up: partition, tag, peer = client
    log_append,        ///< first..end appended: leader_epoch, tag, value = 1 on the leader, else 0
    log_flush,         ///< everything below `end` was fsynced
    log_truncate,      ///< cut: first = new end, end = old end, leader_epoch = of the answer
    log_recovered,     ///< after start: first = log start, end = log end, value = bytes cut
    log_roll,          ///< a new segment begins at first
    fetch_request,     ///< the leader handles a follower's fetch: first = fetch offset, peer
    fetch_response,    ///< the follower takes up a response with data: first = fetch offset, peer
    fetch_diverging,   ///< the leader answers a divergence: leader_epoch, end = of that epoch
    hw_advance,        ///< at the leader: first = old, end = new
    hw_checkpoint,     ///< replication-offset-checkpoint written
    become_leader,     ///< leader_epoch, end = log end offset, first = high watermark
    become_follower,   ///< leader_epoch, peer = leader, end = log end offset
    become_offline,
    isr_propose,       ///< AlterPartition queued: replicas = proposed ISR
    isr_refused,       ///< AlterPartition answered with error
    produce_refused,   ///< a produce partition refused: error, tag
    produce_expired,   ///< purgatory timeout: tag
    produce_answered,  ///< the leader acknowledges: first..end, leader_epoch, tag, value = ISR size
    duplicate_sequence,  ///< an idempotent repeat was answered from the cache: tag, first..end
    fetch_refused,       ///< error, peer
    reader_read,         ///< the audit's reader (not in the digest): unused by brokers

    // The controller.
    controller_elect,      ///< this node is the active controller: value = epoch
    broker_registered,     ///< peer = broker, value = broker epoch
    registration_refused,  ///< peer, error
    broker_fenced,         ///< committed: peer
    broker_unfenced,       ///< committed: peer
    controlled_shutdown,   ///< committed: peer
    leader_elect,      ///< committed: peer = leader (none: no leader), value = 1 clean 0 unclean
    isr_shrink,        ///< committed: replicas = ISR
    isr_expand,        ///< committed: replicas = ISR
    partition_change,  ///< committed, always before the three above: the whole registration:
                       ///< peer = leader, leader_epoch, value = partition epoch, replicas = ISR
    alter_partition_refused,  ///< peer, error
    config_change,            ///< committed

    /// Connections.
    connection_lost,  ///< peer; value = ConnectionLoss

    /// The controller, committed: replicas = eligible leader replicas, peer = last known leader.
    elr_change,
};
inline constexpr int kNoteKinds = static_cast<int>(NoteKind::elr_change) + 1;

/// "produce.send", "hw.advance", ...: as scenarios and reports spell it.
std::string_view name(NoteKind kind);

/// A set of kinds, in one word: who folds notes says with it which ones it wants to see.
class NoteKinds {
  public:
    constexpr NoteKinds() = default;
    constexpr NoteKinds(std::initializer_list<NoteKind> kinds) {
        for (const NoteKind kind : kinds) add(kind);
    }
    static constexpr NoteKinds all() {
        NoteKinds kinds;
        kinds.bits_ = ~std::uint64_t{0};
        return kinds;
    }
    constexpr void add(NoteKind kind) { bits_ |= bit(kind); }
    constexpr bool has(NoteKind kind) const { return (bits_ & bit(kind)) != 0; }
    friend constexpr NoteKinds operator|(NoteKinds a, NoteKinds b) {
        a.bits_ |= b.bits_;
        return a;
    }

  private:
    static constexpr std::uint64_t bit(NoteKind kind) {
        return std::uint64_t{1} << static_cast<unsigned>(kind);
    }
    std::uint64_t bits_ = 0;
};
static_assert(kNoteKinds <= 64);

/// One note: flat, so that a step makes it with a few stores and whoever hashes it needs no branch.
/// `replicas` travel beside it (Effects::note).
struct Note {
    NoteKind kind;
    ErrorCode error = ErrorCode::none;
    Maybe<PartitionId> partition = std::nullopt;
    Maybe<NodeId> peer = std::nullopt;
    Maybe<LeaderEpoch> leader_epoch = std::nullopt;
    Maybe<BatchTag> tag = std::nullopt;
    Maybe<Offset> first = std::nullopt;
    Maybe<Offset> end = std::nullopt;  ///< exclusive
    std::int64_t value = 0;
};
static_assert(sizeof(Note) == 48);
static_assert(std::is_trivially_copyable_v<Note>);

}  // namespace core
