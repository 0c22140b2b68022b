/// The one function that decides leaders and ISRs: what must change of a partition, if anything.
///
/// Follows PartitionChangeBuilder.build, Kafka 3.9 (4.0 and 4.1 with ELR by the options). Pure:
/// registration and wishes in, at most one record out. The controller decides on membership alone;
/// it never sees a log.
///
/// Rules:
///   P1  A new leader is acceptable and stands in the target ISR (or, with that empty, in the ELR),
///       unless the election was unclean. (4.0 may make the last known leader leader though it is
///       dead: KAFKA-19522.)
///   P2  With ELR off an emptied ISR is not written: the last member stays, with leader nobody.
///   P3  The leader field is set only when the leader changes (or a bump of the epoch is due), so
///       the leader epoch grows exactly then.
///   P4  An unclean election makes the ISR exactly the new leader and the state RECOVERING, and
///       empties the ELR.
///   P5  With ELR on, who leaves the ISR in a change that leaves fewer than min ISR members enters
///       the ELR; a change that leaves as many as min ISR empties it [KIP-966].
///   P6  The last known leader is kept while nobody leads, from the change that emptied the ISR on.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/ids.h"
#include "core/protocol/metadata_record.h"

namespace core {

/// online: keep a valid leader, else the first valid one. unclean: the same, else the first
/// acceptable replica whatever its log holds. preferred: the first assigned replica if valid.
enum class Election : std::uint8_t { online, unclean, preferred };

struct PartitionChangeOptions {
    Election election = Election::online;
    bool elr = false;                            ///< KIP-966 part 1 is on
    bool elects_dead_last_known_leader = false;  ///< KAFKA-19522
    bool leader_epoch_bump_on_shrink = false;    ///< metadata.version below 3.6 (KAFKA-15021)
    std::int32_t min_isr = 1;                    ///< effective: capped by the number of replicas
};

/// What the caller wants; unset fields stay as they are.
struct PartitionChangeRequest {
    std::optional<ReplicaList> target_isr;
    std::optional<RecoveryState> recovery_state;
    std::optional<std::pair<NodeId, DirectoryId>> directory;  ///< a replica moved there
    /// It registered after an unclean shutdown: not in the ELR any more.
    std::optional<NodeId> unclean_shutdown;
};

/// The replicas that may lead now, in assignment order: registered, not fenced, not in controlled
/// shutdown, on an online directory (ReplicationControlManager.LeaderAcceptor).
using AcceptableReplicas = ReplicaList;

/// The record that is due, or nothing if nothing changes (step by step KAFKA
/// PartitionChangeBuilder: ELR candidates, election, fields).
std::optional<PartitionChangeRecord> build_partition_change(PartitionId id,
                                                            const PartitionRegistration& partition,
                                                            const AcceptableReplicas& acceptable,
                                                            const PartitionChangeRequest& request,
                                                            const PartitionChangeOptions& options);

/// The list without one node.
ReplicaList without(const ReplicaList& list, NodeId node);

}  // namespace core
