// The rules of the ISR: tables, and every state of up to four replicas held against the rule's own
// words.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/profile/profile.h"
#include "core/replication/isr.h"
#include "core/replication/isr_state.h"

namespace {

using namespace core;

const Profile& kraft_39() {
    return *find_profile("3.9")->profile;
}

constexpr Duration kLagMax = from_ms(30'000);

/// The rule as KAFKA_SEMANTICS words it, without any of the code's shape.
Offset spelled_out(Offset current, Offset leader_end, const std::vector<ReplicaProgress>& remotes,
                   bool under) {
    if (under) return current;
    std::int64_t lowest = leader_end.value();
    for (const ReplicaProgress& remote : remotes) {
        const std::int64_t end = remote.end ? remote.end->value() : -1;
        const bool counts = remote.in_maximal_isr || (remote.caught_up && remote.eligible);
        if (counts && end < lowest) lowest = end;
    }
    return lowest > current.value() ? Offset(lowest) : current;
}

/// Every value one remote replica can have, with ends from "unknown" to 2.
std::vector<ReplicaProgress> every_progress() {
    std::vector<ReplicaProgress> all;
    for (int end = -1; end <= 2; ++end)
        for (int flags = 0; flags < 8; ++flags) {
            ReplicaProgress progress;
            if (end >= 0) progress.end = Offset(end);
            progress.in_maximal_isr = (flags & 1) != 0;
            progress.caught_up = (flags & 2) != 0;
            progress.eligible = (flags & 4) != 0;
            all.push_back(progress);
        }
    return all;
}

Offset new_high_watermark(const Profile& profile, Offset current, Offset leader_end,
                          const std::vector<ReplicaProgress>& remotes, bool under) {
    return high_watermark_of(profile, current, leader_end, remotes, under,
                             [](const ReplicaProgress& progress) { return progress; });
}

}  // namespace

TEST_SUITE("core.isr") {
    // Both bounds matter: a new leader's watermark may lag behind its epoch's first offset.
    TEST_CASE("a replica joins the isr at or past the high watermark and the epoch start") {
        struct Case {
            std::optional<Offset> end;
            Offset high_watermark;
            Offset epoch_start;
            bool joins;
        };
        for (const Case& c : {Case{Offset(9), Offset(10), Offset(0), false},
                              Case{Offset(10), Offset(10), Offset(0), true},
                              Case{Offset(11), Offset(10), Offset(0), true},
                              Case{Offset(10), Offset(10), Offset(12), false},
                              Case{Offset(12), Offset(10), Offset(12), true},
                              Case{std::nullopt, Offset(0), Offset(0), false}})
            CHECK(can_join_isr(c.end, c.high_watermark, c.epoch_start) == c.joins);
    }

    TEST_CASE("a member leaves only behind the leader's end and strictly later than lag.max") {
        struct Case {
            std::optional<Offset> end;
            Duration since;
            bool leaves;
        };
        const TimePoint now = at_ns(0);
        for (const Case& c :
             {Case{Offset(9), kLagMax, false}, Case{Offset(9), kLagMax + Duration(1), true},
              // A dead follower at the leader's end stays while nothing is written.
              Case{Offset(10), 10 * kLagMax, false},
              Case{std::nullopt, kLagMax + Duration(1), true},
              Case{std::nullopt, Duration(0), false}})
            CHECK(is_out_of_sync(kraft_39(), c.end, Offset(10), now - c.since, now, kLagMax) ==
                  c.leaves);
        CHECK(is_out_of_sync(kraft_39(), Offset(9), Offset(10), kLongAgo, now, kLagMax));
        // Up to 2.1 the end did not matter.
        Profile old = kraft_39();
        old.shrink_spares_equal_end = false;
        CHECK(
            is_out_of_sync(old, Offset(10), Offset(10), now - kLagMax - Duration(1), now, kLagMax));
    }

    TEST_CASE("caught up is the leader's end, or lag.max ago at most") {
        const TimePoint now = at_ns(0);
        CHECK(is_caught_up(kraft_39(), Offset(10), Offset(10), kLongAgo, now, kLagMax));
        CHECK(is_caught_up(kraft_39(), Offset(9), Offset(10), now - kLagMax, now, kLagMax));
        CHECK_FALSE(is_caught_up(kraft_39(), Offset(9), Offset(10), now - kLagMax - Duration(1),
                                 now, kLagMax));
        Profile old = kraft_39();
        old.caught_up_by_equal_end = false;
        CHECK_FALSE(is_caught_up(old, Offset(10), Offset(10), kLongAgo, now, kLagMax));
    }

    TEST_CASE("eligible is alive, staying, and fetching with the registered broker epoch") {
        const BrokerStatus alive{NodeId(2), BrokerEpoch(7), false, false};
        BrokerStatus fenced = alive;
        fenced.fenced = true;
        BrokerStatus leaving = alive;
        leaving.in_controlled_shutdown = true;
        CHECK(is_isr_eligible(kraft_39(), &alive, BrokerEpoch(7)));
        CHECK_FALSE(is_isr_eligible(kraft_39(), &alive, BrokerEpoch(6)));
        CHECK_FALSE(is_isr_eligible(kraft_39(), &alive, std::nullopt));
        CHECK_FALSE(is_isr_eligible(kraft_39(), &fenced, BrokerEpoch(7)));
        CHECK_FALSE(is_isr_eligible(kraft_39(), &leaving, BrokerEpoch(7)));
        CHECK_FALSE(is_isr_eligible(kraft_39(), nullptr, BrokerEpoch(7)));
        // KIP-903 came with 3.5: before, a wiped broker could be let in (V15).
        Profile old = kraft_39();
        old.fetch_carries_broker_epoch = false;
        CHECK(is_isr_eligible(old, &alive, BrokerEpoch(6)));
    }

    TEST_CASE("min isr is capped by the number of replicas from 3.7 on") {
        CHECK(effective_min_isr(kraft_39(), 2, 3) == 2);
        CHECK(effective_min_isr(kraft_39(), 3, 2) == 2);
        Profile old = kraft_39();
        old.min_isr_capped_by_replicas = false;
        CHECK(effective_min_isr(old, 3, 2) == 3);
        CHECK(is_under_min_isr(1, 2));
        CHECK_FALSE(is_under_min_isr(2, 2));
    }

    TEST_CASE("the high watermark is the rule's, for every state of up to four replicas") {
        const std::vector<ReplicaProgress> every = every_progress();
        std::int64_t checked = 0;
        const auto check = [&](const std::vector<ReplicaProgress>& remotes) {
            for (std::int64_t current = 0; current <= 2; ++current)
                for (bool under : {false, true}) {
                    const Offset got =
                        new_high_watermark(kraft_39(), Offset(current), Offset(2), remotes, under);
                    if (got != spelled_out(Offset(current), Offset(2), remotes, under)) FAIL("");
                    // It never falls, never passes the leader's end or an ISR member's.
                    if (got < Offset(current) || got > Offset(2)) FAIL("");
                    for (const ReplicaProgress& remote : remotes) {
                        const bool held = remote.end && *remote.end >= got;
                        if (remote.in_maximal_isr && !held && got != Offset(current)) FAIL("");
                    }
                    ++checked;
                }
        };
        check({});
        for (const ReplicaProgress& a : every) {
            check({a});
            for (const ReplicaProgress& b : every) {
                check({a, b});
                for (const ReplicaProgress& c : every) check({a, b, c});
            }
        }
        CHECK(checked == 6 * (1 + 32 + 32 * 32 + 32 * 32 * 32));
    }

    TEST_CASE("older rules: no gate below min isr, and waiting for replicas that cannot join") {
        Profile old = kraft_39();
        old.hw_needs_min_isr = false;
        CHECK(new_high_watermark(old, Offset(0), Offset(5), {}, true) == Offset(5));
        CHECK(new_high_watermark(kraft_39(), Offset(0), Offset(5), {}, true) == Offset(0));
        std::vector<ReplicaProgress> fenced{ReplicaProgress{Offset(3), false, true, false}};
        CHECK(new_high_watermark(kraft_39(), Offset(0), Offset(5), fenced, false) == Offset(5));
        old.hw_waits_for_eligible_only = false;
        CHECK(new_high_watermark(old, Offset(0), Offset(5), fenced, false) == Offset(3));
    }
}

TEST_SUITE("core.isr_state") {
    const ReplicaList kThree{NodeId(1), NodeId(2), NodeId(3)};

    TEST_CASE("an expansion counts its member at once, and not as committed") {
        IsrState state(ReplicaList{NodeId(1), NodeId(2)});
        state.become_pending_expand(NodeId(3), ProposalId(5));
        CHECK(state.in_flight());
        CHECK(state.isr() == ReplicaList{NodeId(1), NodeId(2)});
        CHECK(state.maximal_isr() == kThree);
        CHECK(state.proposed() == kThree);
        CHECK(state.awaits(ProposalId(5)));
        CHECK_FALSE(state.awaits(ProposalId(4)));
    }

    TEST_CASE("a shrink counts its members until it is confirmed") {
        IsrState state(kThree);
        state.become_pending_shrink(ReplicaList{NodeId(2)}, ProposalId(6));
        CHECK(state.isr() == kThree);
        CHECK(state.maximal_isr() == kThree);
        CHECK(state.proposed() == ReplicaList{NodeId(1), NodeId(3)});
        state.become_committed(ReplicaList{NodeId(1), NodeId(3)});
        CHECK_FALSE(state.in_flight());
        CHECK(state.maximal_isr() == ReplicaList{NodeId(1), NodeId(3)});
    }

    TEST_CASE("a refused change falls back to what was committed") {
        IsrState state(ReplicaList{NodeId(1)});
        state.become_pending_expand(NodeId(2), ProposalId(1));
        state.become_last_committed();
        CHECK_FALSE(state.in_flight());
        CHECK(state.isr() == ReplicaList{NodeId(1)});
        CHECK(state.maximal_isr() == ReplicaList{NodeId(1)});
    }

    TEST_CASE("the maximal isr holds every isr that the controller may have committed") {
        // All sequences of proposals and answers of three replicas, three long.
        const std::vector<NodeId> others{NodeId(2), NodeId(3)};
        for (int first = 0; first < 2; ++first) {
            IsrState state(first == 0 ? ReplicaList{NodeId(1)} : kThree);
            for (NodeId other : others) {
                const ReplicaList before = state.isr();
                if (holds(before, other))
                    state.become_pending_shrink(ReplicaList{other}, ProposalId(1));
                else
                    state.become_pending_expand(other, ProposalId(1));
                for (const ReplicaList& possible : {before, state.proposed()})
                    for (NodeId member : possible) CHECK(holds(state.maximal_isr(), member));
                state.become_committed(ReplicaList(state.proposed()));
            }
        }
    }
}
