// The partition-change function: by table for each rule of PartitionChangeBuilder, and
// exhaustively for all small partitions.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/controller/image.h"
#include "core/controller/partition_change.h"

namespace {

using namespace core;

ReplicaList nodes(std::initializer_list<int> ids) {
    ReplicaList list;
    for (int id : ids) list.emplace_back(id);
    return list;
}

ReplicaList subset(const ReplicaList& of, unsigned mask) {
    ReplicaList list;
    for (std::size_t i = 0; i < of.size(); ++i)
        if ((mask >> i & 1U) != 0) list.push_back(of[i]);
    return list;
}

/// A partition of replicas 1..n; leader 0 is none.
PartitionRegistration partition(int n, const ReplicaList& isr, int leader) {
    PartitionRegistration p;
    for (int i = 1; i <= n; ++i) {
        p.replicas.emplace_back(i);
        p.directories.emplace_back(static_cast<std::uint64_t>(100 + i));
    }
    p.isr = isr;
    if (leader != 0) p.leader = NodeId(leader);
    p.leader_epoch = LeaderEpoch(5);
    p.partition_epoch = PartitionEpoch(9);
    return p;
}

const PartitionId kId{0};

std::optional<PartitionChangeRecord> build(const PartitionRegistration& p,
                                           const ReplicaList& acceptable,
                                           std::optional<ReplicaList> target_isr, Election election,
                                           bool elr = false, int min_isr = 1) {
    PartitionChangeRequest request;
    request.target_isr = std::move(target_isr);
    PartitionChangeOptions options;
    options.election = election;
    options.elr = elr;
    options.min_isr = min_isr;
    return build_partition_change(kId, p, acceptable, request, options);
}

PartitionRegistration after(const PartitionRegistration& p,
                            const std::optional<PartitionChangeRecord>& record) {
    return record ? merge(p, *record) : p;
}

/// What the record changed, against the rules that hold whatever the inputs.
void check_rules(const PartitionRegistration& p, const ReplicaList& acceptable,
                 const ReplicaList& wanted, bool elr, Election election,
                 const std::optional<PartitionChangeRecord>& record) {
    const PartitionRegistration now = after(p, record);
    REQUIRE(now.partition_epoch.value() - p.partition_epoch.value() == (record ? 1 : 0));
    REQUIRE(now.leader_epoch.value() - p.leader_epoch.value() ==
            (record && record->leader ? 1 : 0));
    REQUIRE((record && record->leader) == (now.leader != p.leader));
    if (!elr) REQUIRE_FALSE(now.isr.empty());
    if (now.leader) {
        REQUIRE(contains(now.isr, *now.leader));
        REQUIRE(contains(acceptable, *now.leader));
    }
    if (now.leader && now.leader != p.leader) {
        const bool eligible = contains(p.elr, *now.leader) || contains(p.isr, *now.leader);
        const bool clean = contains(wanted, *now.leader) || (elr && wanted.empty() && eligible);
        const bool last_known = elr && p.last_known_elr.size() == 1;
        if (!clean) REQUIRE((election == Election::unclean || last_known));
        if (!clean) REQUIRE(now.isr == ReplicaList{*now.leader});
        if (!clean) REQUIRE(now.recovery_state == RecoveryState::recovering);
        if (clean && !last_known) REQUIRE(now.recovery_state == p.recovery_state);
    }
    for (NodeId member : now.elr) REQUIRE_FALSE(contains(now.isr, member));
}

/// The leader that the rules allow, worked out anew without an ELR: keep a valid one, else the
/// first valid one in assignment order, else (unclean) the first acceptable one.
std::optional<NodeId> expected_leader(const PartitionRegistration& p, const ReplicaList& acceptable,
                                      const ReplicaList& isr, Election election) {
    std::vector<NodeId> order(p.replicas.begin(), p.replicas.end());
    if (p.leader) order.insert(order.begin(), *p.leader);
    if (election == Election::preferred) order.insert(order.begin(), p.replicas.front());
    for (NodeId replica : order)
        if (contains(isr, replica) && contains(acceptable, replica)) return replica;
    if (election != Election::unclean) return std::nullopt;
    for (NodeId replica : p.replicas)
        if (contains(acceptable, replica)) return replica;
    return std::nullopt;
}

/// Nobody asks for more: who takes the leader out of the ISR also holds it unacceptable.
bool reachable(const PartitionRegistration& p, const ReplicaList& acceptable,
               const ReplicaList& wanted) {
    return !p.leader || contains(wanted, *p.leader) || !contains(acceptable, *p.leader);
}

constexpr Election kElections[] = {Election::online, Election::unclean, Election::preferred};

}  // namespace

TEST_SUITE("core.partition_change") {
    TEST_CASE("nothing changes while the leader is valid and the isr stays") {
        const auto p = partition(3, nodes({1, 2, 3}), 2);
        CHECK_FALSE(build(p, nodes({1, 2, 3}), std::nullopt, Election::online));
        CHECK_FALSE(build(p, nodes({1, 2, 3}), std::nullopt, Election::unclean));
        // A follower's absence is none of the election's business.
        CHECK_FALSE(build(p, nodes({2}), std::nullopt, Election::online));
    }

    TEST_CASE("the first valid replica in assignment order follows a lost leader") {
        const auto p = partition(4, nodes({4, 3, 1}), 1);
        const auto record = build(p, nodes({2, 3, 4}), nodes({4, 3}), Election::online);
        REQUIRE(record);
        CHECK(*record->leader == NodeId(3));
        CHECK(*record->isr == nodes({4, 3}));
        CHECK_FALSE(record->recovery_state);
        CHECK(after(p, record).leader_epoch == LeaderEpoch(6));
        CHECK(after(p, record).partition_epoch == PartitionEpoch(10));
    }

    TEST_CASE("the last isr member stays in the isr, with nobody as leader") {
        const auto p = partition(3, nodes({2}), 2);
        const auto record = build(p, nodes({1, 3}), ReplicaList{}, Election::online);
        REQUIRE(record);
        CHECK(record->leader == std::optional<std::optional<NodeId>>{std::optional<NodeId>{}});
        CHECK_FALSE(record->isr);
        CHECK(after(p, record).isr == nodes({2}));
        CHECK_FALSE(after(p, record).leader);
        CHECK(after(p, record).leader_epoch == LeaderEpoch(6));

        // And it alone comes back, whoever else is there.
        const auto back = build(after(p, record), nodes({1, 2, 3}), std::nullopt, Election::online);
        REQUIRE(back);
        CHECK(*back->leader == NodeId(2));
        CHECK_FALSE(back->isr);
    }

    TEST_CASE("an unclean election takes the first acceptable replica and resets the isr") {
        const auto p = partition(3, nodes({2}), 2);
        const auto record = build(p, nodes({1, 3}), ReplicaList{}, Election::unclean);
        REQUIRE(record);
        CHECK(*record->leader == NodeId(1));
        CHECK(*record->isr == nodes({1}));
        CHECK(*record->recovery_state == RecoveryState::recovering);
    }

    TEST_CASE("unclean election prefers a valid leader") {
        const auto p = partition(3, nodes({2, 3}), 2);
        const auto record = build(p, nodes({1, 3}), nodes({3}), Election::unclean);
        REQUIRE(record);
        CHECK(*record->leader == NodeId(3));
        CHECK_FALSE(record->recovery_state);
    }

    TEST_CASE("preferred moves to the first replica only if it is valid") {
        const auto p = partition(3, nodes({2, 3, 1}), 2);
        const auto moved = build(p, nodes({1, 2, 3}), std::nullopt, Election::preferred);
        REQUIRE(moved);
        CHECK(*moved->leader == NodeId(1));
        CHECK_FALSE(moved->isr);
        CHECK_FALSE(build(p, nodes({2, 3}), std::nullopt, Election::preferred));
        const auto out_of_isr = partition(3, nodes({2, 3}), 2);
        CHECK_FALSE(build(out_of_isr, nodes({1, 2, 3}), std::nullopt, Election::preferred));
    }

    TEST_CASE("a shrink bumps the leader epoch only below metadata version 3.6") {
        const auto p = partition(3, nodes({1, 2, 3}), 1);
        PartitionChangeRequest request;
        request.target_isr = nodes({1, 2});
        PartitionChangeOptions options;
        auto record = build_partition_change(kId, p, p.replicas, request, options);
        REQUIRE(record);
        CHECK_FALSE(record->leader);
        options.leader_epoch_bump_on_shrink = true;
        record = build_partition_change(kId, p, p.replicas, request, options);
        REQUIRE(record);
        CHECK(*record->leader == NodeId(1));
        CHECK(after(p, record).leader_epoch == LeaderEpoch(6));
        // An expansion never does.
        const auto small = partition(3, nodes({1}), 1);
        record = build_partition_change(kId, small, p.replicas, request, options);
        REQUIRE(record);
        CHECK_FALSE(record->leader);
    }

    TEST_CASE("a directory changes only its own replica's entry") {
        const auto p = partition(3, nodes({1, 2}), 1);
        PartitionChangeRequest request;
        request.directory = {NodeId(2), DirectoryId(999)};
        const auto record = build_partition_change(kId, p, p.replicas, request, {});
        REQUIRE(record);
        CHECK(*record->directories ==
              DirectoryList{DirectoryId(101), DirectoryId(999), DirectoryId(103)});
        CHECK_FALSE(record->leader);
        CHECK_FALSE(record->isr);
        request.directory = {NodeId(2), DirectoryId(102)};
        CHECK_FALSE(build_partition_change(kId, p, p.replicas, request, {}));
    }

    TEST_CASE("with elr on, who leaves below min isr stays eligible") {
        auto p = partition(3, nodes({1, 2, 3}), 1);
        // 3 leaves while two stay: not below min ISR 2, so it is just gone.
        auto record = build(p, nodes({1, 2}), nodes({1, 2}), Election::online, true, 2);
        p = after(p, record);
        CHECK(p.elr.empty());
        // 2 leaves: eligible.
        record = build(p, nodes({1}), nodes({1}), Election::online, true, 2);
        p = after(p, record);
        CHECK(p.isr == nodes({1}));
        CHECK(p.elr == nodes({2}));
        // 1 leaves: the ISR is empty, and 1 is the last known leader.
        record = build(p, ReplicaList{}, ReplicaList{}, Election::online, true, 2);
        p = after(p, record);
        CHECK(p.isr.empty());
        CHECK(p.elr == nodes({2, 1}));
        CHECK(p.last_known_elr == nodes({1}));
        CHECK_FALSE(p.leader);
        // 2 is back first: clean.
        record = build(p, nodes({2}), std::nullopt, Election::online, true, 2);
        p = after(p, record);
        CHECK(p.leader == NodeId(2));
        CHECK(p.isr == nodes({2}));
        CHECK(p.elr == nodes({1}));
        CHECK(p.last_known_elr.empty());
        CHECK(p.recovery_state == RecoveryState::recovered);
    }

    TEST_CASE("with elr on and both sets empty the last known leader may lead, if alive") {
        auto p = partition(3, ReplicaList{}, 0);
        p.last_known_elr = nodes({2});
        CHECK_FALSE(build(p, nodes({1, 3}), std::nullopt, Election::online, true, 2));
        const auto record = build(p, nodes({2, 3}), std::nullopt, Election::online, true, 2);
        REQUIRE(record);
        CHECK(*record->leader == NodeId(2));
        CHECK(*record->recovery_state == RecoveryState::recovering);
    }

    TEST_CASE("all partitions of up to four replicas, elr off") {
        int cases = 0;
        for (int n = 1; n <= 4; ++n) {
            const unsigned all = (1U << n) - 1;
            const ReplicaList replicas = partition(n, {}, 0).replicas;
            for (unsigned isr_mask = 1; isr_mask <= all; ++isr_mask)
                for (int leader = 0; leader <= n; ++leader) {
                    const ReplicaList isr = subset(replicas, isr_mask);
                    if (leader != 0 && !contains(isr, NodeId(leader))) continue;
                    const auto p = partition(n, isr, leader);
                    for (unsigned target = 0; target <= all; ++target)
                        for (unsigned ok = 0; ok <= all; ++ok)
                            for (Election election : kElections) {
                                const ReplicaList acceptable = subset(replicas, ok);
                                const ReplicaList wanted = subset(replicas, target);
                                if (!reachable(p, acceptable, wanted)) continue;
                                const auto record = build(p, acceptable, wanted, election);
                                check_rules(p, acceptable, wanted, false, election, record);
                                const auto now = after(p, record);
                                REQUIRE(now.leader ==
                                        expected_leader(p, acceptable, wanted, election));
                                if (!wanted.empty() &&
                                    (!now.leader || contains(wanted, *now.leader)))
                                    REQUIRE(now.isr == wanted);
                                ++cases;
                            }
                }
        }
        CHECK(cases > 30'000);
    }

    TEST_CASE("all partitions of up to three replicas, elr on") {
        for (int n = 1; n <= 3; ++n) {
            const unsigned all = (1U << n) - 1;
            const ReplicaList replicas = partition(n, {}, 0).replicas;
            for (unsigned isr_mask = 0; isr_mask <= all; ++isr_mask)
                for (unsigned elr_mask = 0; elr_mask <= all; ++elr_mask)
                    for (unsigned target = 0; target <= all; ++target)
                        for (unsigned ok = 0; ok <= all; ++ok)
                            for (int leader = 0; leader <= n; ++leader)
                                for (Election election : kElections) {
                                    if ((isr_mask & elr_mask) != 0) continue;
                                    auto p = partition(n, subset(replicas, isr_mask), leader);
                                    if (leader != 0 && !contains(p.isr, NodeId(leader))) continue;
                                    p.elr = subset(replicas, elr_mask);
                                    const ReplicaList acceptable = subset(replicas, ok);
                                    const ReplicaList wanted = subset(replicas, target);
                                    if (!reachable(p, acceptable, wanted)) continue;
                                    const auto record =
                                        build(p, acceptable, wanted, election, true, 2);
                                    check_rules(p, acceptable, wanted, true, election, record);
                                }
        }
    }
}
