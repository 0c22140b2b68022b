#include "core/replication/partition.h"

#include "core/base/assert.h"

namespace core {

std::optional<LeaderEpoch> Partition::leader_epoch() const {
    if (const Leader* role = leader()) return role->epoch();
    if (const Follower* role = follower()) return role->epoch();
    return std::nullopt;
}

std::optional<PartitionEpoch> Partition::partition_epoch() const {
    if (const Leader* role = leader()) return role->partition_epoch();
    if (const Follower* role = follower()) return role->partition_epoch();
    return std::nullopt;
}

void Partition::become_leader(const PartitionRegistration& registration,
                              std::int32_t min_insync_replicas, ReplicationContext& context) {
    ASSERT(log_ != nullptr);
    if (const auto known = partition_epoch(); known && registration.partition_epoch < *known)
        return;
    if (Leader* role = leader()) return role->on_registration(registration, context);
    const Offset end = log_->log_end_offset();
    role_.emplace<Leader>(id_, *log_, min_insync_replicas, registration, context);
    ASSERT(log_->log_end_offset() == end);
}

bool Partition::become_follower(const PartitionRegistration& registration,
                                ReplicationContext& context) {
    ASSERT(log_ != nullptr);
    ASSERT(registration.leader != context.self);
    if (const auto known = partition_epoch(); known && registration.partition_epoch < *known)
        return false;
    bool new_epoch = true;
    if (Follower* role = follower()) {
        new_epoch = role->on_registration(registration);
    } else {
        const auto before = leader_epoch();
        end_leadership(context);
        role_.emplace<Follower>(id_, *log_, registration);
        new_epoch = !before || registration.leader_epoch > *before;
    }
    if (!new_epoch) return false;
    context.effects->note({.kind = NoteKind::become_follower,
                           .partition = id_,
                           .peer = registration.leader,
                           .leader_epoch = registration.leader_epoch,
                           .first = log_->high_watermark(),
                           .end = log_->log_end_offset()});
    return true;
}

void Partition::become_offline(ReplicationContext& context) {
    if (std::holds_alternative<Offline>(role_)) return;
    end_leadership(context);
    role_.emplace<Offline>();
    context.effects->note({.kind = NoteKind::become_offline, .partition = id_});
}

void Partition::end_leadership(ReplicationContext& context) {
    Leader* role = leader();
    if (role == nullptr) return;
    role->release(context);
    abandoned_.assign(role->waiting().begin(), role->waiting().end());
}

}  // namespace core
