/// Notes: what a node did, for the trace. A closed list, one per event, transition and refusal.
///
/// A note changes nothing and is never read by core. The trace, the ledger of records, the cluster
/// view, triggers and reports are folds over notes. Words are Kafka's (SCENARIO_FORMAT 3, Events).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/error_code.h"
#include "core/base/ids.h"
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

/// One note; `replicas` travel beside it (Effects::note).
struct Note {
    NoteKind kind;
    ErrorCode error = ErrorCode::none;
    std::optional<PartitionId> partition = std::nullopt;
    std::optional<NodeId> peer = std::nullopt;
    std::optional<LeaderEpoch> leader_epoch = std::nullopt;
    std::optional<BatchTag> tag = std::nullopt;
    std::optional<Offset> first = std::nullopt;
    std::optional<Offset> end = std::nullopt;  ///< exclusive
    std::int64_t value = 0;
    /// The batch itself for log_append and produce_send; only while the note is being handed over.
    const BatchBody* batch = nullptr;
};

}  // namespace core
