#include "core/controller/partition_change.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/controller/image.h"

namespace core {

namespace {

struct ElectionResult {
    std::optional<NodeId> leader;
    bool unclean = false;
};

/// What the record will say, while it is being worked out.
struct Target {
    ReplicaList isr;
    ReplicaList elr;
};

/// Step 1 [kafka maybePopulateTargetElr]: who left the ISR below min ISR stays eligible, unless its
/// disk may have lost what it had.
ReplicaList elr_candidates(const PartitionRegistration& partition, const ReplicaList& target_isr,
                           std::optional<NodeId> unclean_shutdown,
                           const PartitionChangeOptions& options) {
    if (!options.elr) return partition.elr;
    if (target_isr.size() >= static_cast<std::size_t>(options.min_isr)) return {};
    ReplicaList elr;
    for (const ReplicaList* from : {&partition.elr, &partition.isr})
        for (NodeId replica : *from)
            if (replica != unclean_shutdown && !contains(target_isr, replica) &&
                !contains(elr, replica))
                elr.push_back(replica);
    return elr;
}

/// The one member of lastKnownElr, if it may lead once ISR and ELR are empty.
std::optional<NodeId> last_known_leader(const PartitionRegistration& partition,
                                        const AcceptableReplicas& acceptable, const Target& target,
                                        const PartitionChangeOptions& options) {
    if (!options.elr) return std::nullopt;
    if (!target.isr.empty() || !target.elr.empty()) return std::nullopt;
    if (partition.last_known_elr.size() != 1) return std::nullopt;
    const NodeId last = partition.last_known_elr.front();
    if (!options.elects_dead_last_known_leader && !contains(acceptable, last)) return std::nullopt;
    return last;
}

/// Step 2 [kafka electAnyLeader, electPreferredLeader].
ElectionResult elect(const PartitionRegistration& partition, const AcceptableReplicas& acceptable,
                     const Target& target, const PartitionChangeOptions& options) {
    const auto valid = [&](NodeId replica) {
        const bool member =
            target.isr.empty() ? contains(target.elr, replica) : contains(target.isr, replica);
        return member && contains(acceptable, replica);
    };
    const NodeId preferred = partition.replicas.front();
    if (options.election == Election::preferred && valid(preferred)) return {preferred};
    if (partition.leader && valid(*partition.leader)) return {partition.leader};
    for (NodeId replica : partition.replicas)
        if (valid(replica)) return {replica};
    if (auto last = last_known_leader(partition, acceptable, target, options)) return {last, true};
    if (options.election == Election::unclean)
        for (NodeId replica : partition.replicas)
            if (contains(acceptable, replica)) return {replica, true};
    return {};
}

/// Step 3 [kafka tryElection].
void apply_election(const PartitionRegistration& partition, const ElectionResult& result,
                    Target& target, PartitionChangeRecord& record) {
    if (result.leader == partition.leader) return;
    record.leader = result.leader;
    if (result.leader && contains(target.elr, *result.leader)) {
        target.isr = {*result.leader};
        target.elr = without(target.elr, *result.leader);
    }
    if (result.unclean) {
        record.isr = ReplicaList{*result.leader};
        if (partition.recovery_state != RecoveryState::recovering)
            record.recovery_state = RecoveryState::recovering;
    }
}

/// Step 5 [kafka triggerLeaderEpochBumpForIsrShrinkIfNeeded].
bool shrinks(const PartitionRegistration& partition, const PartitionChangeRecord& record) {
    return record.isr && std::any_of(partition.isr.begin(), partition.isr.end(),
                                     [&](NodeId member) { return !contains(*record.isr, member); });
}

/// Step 6 [kafka maybeUpdateLastKnownLeader].
void update_last_known_leader(const PartitionRegistration& partition,
                              PartitionChangeRecord& record) {
    const bool stored = partition.leader && partition.last_known_elr.size() == 1 &&
                        partition.last_known_elr.front() == *partition.leader;
    if (record.isr && record.isr->empty() && partition.leader && !stored) {
        record.last_known_elr = ReplicaList{*partition.leader};
        return;
    }
    const bool has_leader =
        record.leader ? record.leader->has_value() : partition.leader.has_value();
    if (has_leader && !partition.last_known_elr.empty()) record.last_known_elr = ReplicaList{};
}

DirectoryList with_directory(const PartitionRegistration& partition, NodeId replica,
                             DirectoryId directory) {
    DirectoryList directories = partition.directories;
    for (std::size_t i = 0; i < partition.replicas.size() && i < directories.size(); ++i)
        if (partition.replicas[i] == replica) directories[i] = directory;
    return directories;
}

bool changes_nothing(const PartitionChangeRecord& record) {
    return !record.isr && !record.leader && !record.replicas && !record.directories &&
           !record.recovery_state && !record.elr && !record.last_known_elr;
}

}  // namespace

ReplicaList without(const ReplicaList& list, NodeId node) {
    ReplicaList rest;
    for (NodeId member : list)
        if (member != node) rest.push_back(member);
    return rest;
}

std::optional<PartitionChangeRecord> build_partition_change(PartitionId id,
                                                            const PartitionRegistration& partition,
                                                            const AcceptableReplicas& acceptable,
                                                            const PartitionChangeRequest& request,
                                                            const PartitionChangeOptions& options) {
    ASSERT(!partition.replicas.empty());
    PartitionChangeRecord record{id, {}, {}, {}, {}, {}, {}, {}};
    Target target{request.target_isr.value_or(partition.isr), {}};
    target.elr = elr_candidates(partition, target.isr, request.unclean_shutdown, options);

    const ElectionResult result = elect(partition, acceptable, target, options);
    apply_election(partition, result, target, record);

    const bool unclean = record.isr.has_value();
    if (unclean || !options.elr) target.elr.clear();
    if (target.elr != partition.elr) record.elr = target.elr;

    // P2: with ELR off the last member is not taken out of the ISR, so it alone can be elected.
    if (!unclean && (!target.isr.empty() || options.elr) && target.isr != partition.isr)
        record.isr = target.isr;
    if (options.leader_epoch_bump_on_shrink && !record.leader && shrinks(partition, record))
        record.leader = partition.leader;
    if (options.elr) update_last_known_leader(partition, record);

    if (request.directory) {
        DirectoryList moved =
            with_directory(partition, request.directory->first, request.directory->second);
        if (moved != partition.directories) record.directories = std::move(moved);
    }
    if (request.recovery_state && *request.recovery_state != partition.recovery_state)
        record.recovery_state = request.recovery_state;

    if (changes_nothing(record)) return std::nullopt;
    if (record.isr) ASSERT(options.elr || !record.isr->empty());
    return record;
}

}  // namespace core
