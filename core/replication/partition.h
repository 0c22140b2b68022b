/// One partition on one broker, in the role that metadata gave it.
///
/// Roles are a variant: what only a leader has is in Leader, so stale leader state after a change
/// of role is not a bug one can write. The become_ functions are the only assignments to it:
///
///   Offline ──registration names this broker leader──► Leader     become_leader
///   Offline ──registration names another, or nobody──► Follower   become_follower
///   Leader  ──registration names another, or nobody──► Follower   become_follower
///   Follower ─registration names this broker leader──► Leader     become_leader
///   any     ──not assigned any more, or no log────────► Offline    become_offline
///
/// A registration that keeps the role goes to the role's own on_registration.
///
/// Rules:
///   R1  A registration with a lower partition epoch than the known one changes nothing.
///       [kafka Partition.makeLeader, 3.3+]
///   R2  Becoming leader never truncates.
#pragma once

#include <optional>
#include <variant>

#include "core/base/ids.h"
#include "core/log/log.h"
#include "core/replication/context.h"
#include "core/replication/follower.h"
#include "core/replication/leader.h"

namespace core {

/// Not hosted, or its log cannot be used.
struct Offline {};

class Partition {
  public:
    Partition(PartitionId id, Log* log) : id_(id), log_(log) {}

    PartitionId id() const { return id_; }
    Log* log() { return log_; }
    const Log* log() const { return log_; }
    Leader* leader() { return std::get_if<Leader>(&role_); }
    const Leader* leader() const { return std::get_if<Leader>(&role_); }
    Follower* follower() { return std::get_if<Follower>(&role_); }
    const Follower* follower() const { return std::get_if<Follower>(&role_); }
    /// Nothing while offline.
    std::optional<LeaderEpoch> leader_epoch() const;
    std::optional<PartitionEpoch> partition_epoch() const;

    /// A registration that names this broker leader.
    void become_leader(const PartitionRegistration& registration, std::int32_t min_insync_replicas,
                       ReplicationContext& context);
    /// A registration that names another leader, or none; true if fetching has to start over.
    bool become_follower(const PartitionRegistration& registration, ReplicationContext& context);
    void become_offline(ReplicationContext& context);

    /// Produce requests that waited for a leadership that ended; handed over by become_follower and
    /// become_offline, to be refused by the broker.
    std::vector<WaitingProduce> take_abandoned() { return std::exchange(abandoned_, {}); }

  private:
    void end_leadership(ReplicationContext& context);

    PartitionId id_;
    Log* log_;
    std::variant<Offline, Follower, Leader> role_;
    std::vector<WaitingProduce> abandoned_;
};

}  // namespace core
