// AlterPartition on the leader's side: batching, one in flight, and what each answer does to the
// pending state.
#include <doctest/doctest.h>

#include "core/broker/alter_partition_manager.h"
#include "core/log/log_manager.h"
#include "core/replication/leader.h"
#include "tests/core/effect_list.h"
#include "tests/core/memory_storage.h"

namespace {

using namespace core;

constexpr NodeId kSelf{1};

/// A manager whose channel is connected to a controller that the test plays.
struct Wire {
    std::uint64_t next_connection = 0;
    MessagePool messages;
    Effects effects{&next_connection, messages};
    AlterPartitionManager manager{kSelf, 1, from_ms(30'000)};
    TimePoint now = at_ns(0);
    std::vector<AlterPartitionRequest> requests;
    std::vector<CorrelationId> correlations;
    ConnectionId connection{0};

    Wire() { manager.channel().set_controller(now, NodeId(100), effects); }
    void collect() {
        std::vector<test::Effect> list = test::take_list(effects);
        for (test::Effect& effect : list) {
            if (const auto* open = std::get_if<test::OpenEffect>(&effect))
                connection = open->connection;
            if (auto* send = std::get_if<test::SendEffect>(&effect)) {
                requests.push_back(std::get<AlterPartitionRequest>(*send->message));
                correlations.push_back(send->correlation);
            }
        }
    }
    void send() {
        manager.maybe_send(now, BrokerEpoch(5), effects);
        collect();
        if (manager.channel().owns(connection) && requests.empty()) {
            manager.channel().on_connected(now, effects);
            collect();
        }
    }
    std::vector<AlterPartitionManager::Answer> answer(AlterPartitionResponse response) {
        const Received received{connection, NodeId(100), correlations.back(), std::move(response)};
        return manager.on_response(now, received, effects);
    }
};

IsrProposal proposal(std::uint32_t partition, std::uint64_t id) {
    AlterPartitionItem item{.partition = PartitionId(partition),
                            .leader_epoch = LeaderEpoch(0),
                            .new_isr = {},
                            .partition_epoch = PartitionEpoch(0)};
    return IsrProposal{PartitionId(partition), ProposalId(id), item};
}

AlterPartitionResult result(std::uint32_t partition, ErrorCode error) {
    AlterPartitionResult made{.partition = PartitionId(partition),
                              .error = error,
                              .leader = kSelf,
                              .leader_epoch = LeaderEpoch(0),
                              .isr = {}};
    made.partition_epoch = PartitionEpoch(1);
    return made;
}

/// A leader of one partition with replicas 1, 2, 3, all in sync, and follower 3 that lags.
struct Lead {
    test::MemoryStorage storage;
    TopicTable topics;
    std::optional<LogManager> logs;
    std::uint64_t next_connection = 0;
    MessagePool messages;
    Effects effects{&next_connection, messages};
    ReplicationContext context{kSelf, *find_profile("3.9")->profile, from_ms(30'000)};
    std::optional<Leader> leader;

    explicit Lead(ReplicaList isr) {
        topics.add("t", 1, 2, 1);
        logs.emplace(storage, topics);
        logs->open();
        Log& log = logs->create(PartitionId(0), TopicConfig{}, at_ns(0));
        context.now = at_ns(0);
        context.effects = &effects;
        context.broker_epoch = BrokerEpoch(10);
        for (int id = 1; id <= 3; ++id)
            context.brokers.push_back(BrokerStatus{NodeId(id), BrokerEpoch(10 + id), false, false});
        leader.emplace(PartitionId(0), log, 1, registration(std::move(isr), 0), context);
    }
    static PartitionRegistration registration(ReplicaList isr, std::int32_t partition_epoch) {
        PartitionRegistration made;
        made.replicas = {NodeId(1), NodeId(2), NodeId(3)};
        made.isr = std::move(isr);
        made.leader = kSelf;
        made.partition_epoch = PartitionEpoch(partition_epoch);
        return made;
    }
    /// Follower `id` fetches at the end with the epoch of its registration.
    void fetch(FetchSession& session, int id) {
        session.set_replica_epoch(BrokerEpoch(10 + id));
        FetchSlot& slot = session.name(
            FetchPartition{PartitionId(0), LeaderEpoch(0), Offset(0), std::nullopt, Offset(0)});
        CHECK(leader->record_fetch(session, slot, context) == ErrorCode::none);
        session.set_last_fetch(context.now);
    }
};

}  // namespace

TEST_SUITE("core.alter_partition") {
    TEST_CASE("one request is in flight, and everything queued goes into the next") {
        Wire wire;
        CHECK(wire.manager.submit(proposal(0, 1)));
        wire.send();
        REQUIRE(wire.requests.size() == 1);
        CHECK(wire.requests[0].partitions.size() == 1);
        CHECK(wire.manager.submit(proposal(1, 2)));
        CHECK(wire.manager.submit(proposal(2, 3)));
        // A second change of a partition that has one queued is not attempted.
        CHECK_FALSE(wire.manager.submit(proposal(0, 4)));
        wire.send();
        CHECK(wire.requests.size() == 1);
        const auto answers =
            wire.answer(AlterPartitionResponse{ErrorCode::none, {result(0, ErrorCode::none)}});
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].proposal == ProposalId(1));
        wire.send();
        REQUIRE(wire.requests.size() == 2);
        CHECK(wire.requests[1].partitions.size() == 2);
    }

    TEST_CASE("after a top-level error the same changes are sent again, 50 ms later") {
        Wire wire;
        wire.manager.submit(proposal(0, 1));
        wire.send();
        CHECK(wire.answer(AlterPartitionResponse{ErrorCode::stale_broker_epoch, {}}).empty());
        wire.send();
        CHECK(wire.requests.size() == 1);
        REQUIRE(wire.manager.next_deadline());
        CHECK(*wire.manager.next_deadline() == wire.now + from_ms(50));
        wire.now += from_ms(50);
        wire.manager.on_woken(wire.now, BrokerEpoch(6), wire.effects);
        wire.collect();
        REQUIRE(wire.requests.size() == 2);
        CHECK(wire.requests[1].broker_epoch == BrokerEpoch(6));
    }

    TEST_CASE("a partition that the answer lacks stays queued") {
        Wire wire;
        wire.manager.submit(proposal(0, 1));
        wire.manager.submit(proposal(1, 2));
        wire.send();
        CHECK(wire.answer(AlterPartitionResponse{ErrorCode::none, {result(1, ErrorCode::none)}})
                  .size() == 1);
        wire.send();
        REQUIRE(wire.requests.size() == 2);
        CHECK(wire.requests[1].partitions[0].partition == PartitionId(0));
    }

    TEST_CASE("each error has its class: back to committed, stay pending, or ask again") {
        struct Case {
            ErrorCode error;
            bool pending;
            bool again;
        };
        for (const Case& c : {Case{ErrorCode::operation_not_attempted, false, false},
                              Case{ErrorCode::ineligible_replica, false, false},
                              Case{ErrorCode::unknown_topic_or_partition, true, false},
                              Case{ErrorCode::unknown_topic_id, true, false},
                              Case{ErrorCode::fenced_leader_epoch, true, false},
                              Case{ErrorCode::invalid_update_version, true, false},
                              Case{ErrorCode::invalid_request, true, false},
                              Case{ErrorCode::new_leader_elected, true, false},
                              Case{ErrorCode::unknown_server_error, true, true}}) {
            CAPTURE(name(c.error));
            Lead lead({NodeId(1), NodeId(2)});
            FetchSession session(NodeId(3), ConnectionId(1));
            lead.fetch(session, 3);
            REQUIRE(lead.context.proposals.size() == 1);
            const ProposalId id = lead.context.proposals[0].proposal;
            CHECK(lead.leader->on_alter_partition(id, result(0, c.error), lead.context) == c.again);
            CHECK(lead.leader->isr().in_flight() == c.pending);
        }
    }

    TEST_CASE("the proposal carries every member's broker epoch") {
        Lead lead({NodeId(1), NodeId(2)});
        FetchSession session(NodeId(3), ConnectionId(1));
        lead.fetch(session, 3);
        REQUIRE(lead.context.proposals.size() == 1);
        const auto& members = lead.context.proposals[0].item.new_isr;
        REQUIRE(members.size() == 3);
        CHECK(members[0].broker_epoch == BrokerEpoch(10));
        // It has not fetched under this leader: unknown.
        CHECK_FALSE(members[1].broker_epoch);
        CHECK(members[2].broker_epoch == BrokerEpoch(13));
    }

    TEST_CASE("newer metadata throws a pending change away, and its answer finds another state") {
        Lead lead({NodeId(1), NodeId(2)});
        FetchSession session(NodeId(3), ConnectionId(1));
        lead.fetch(session, 3);
        const ProposalId id = lead.context.proposals[0].proposal;
        lead.leader->on_registration(Lead::registration({NodeId(1)}, 5), lead.context);
        CHECK_FALSE(lead.leader->isr().in_flight());
        AlterPartitionResult late = result(0, ErrorCode::none);
        late.isr = {NodeId(1), NodeId(2), NodeId(3)};
        CHECK_FALSE(lead.leader->on_alter_partition(id, late, lead.context));
        CHECK(lead.leader->isr().isr() == ReplicaList{NodeId(1)});
        CHECK(lead.leader->partition_epoch() == PartitionEpoch(5));
    }

    TEST_CASE("a stale broker epoch neither acknowledges nor joins") {
        Lead lead({NodeId(1), NodeId(2)});
        FetchSession session(NodeId(3), ConnectionId(1));
        session.set_replica_epoch(BrokerEpoch(12));
        FetchSlot& slot = session.name(
            FetchPartition{PartitionId(0), LeaderEpoch(0), Offset(0), std::nullopt, Offset(0)});
        CHECK(lead.leader->record_fetch(session, slot, lead.context) ==
              ErrorCode::not_leader_or_follower);
        CHECK(lead.context.proposals.empty());
        CHECK_FALSE(lead.leader->find_remote(NodeId(3))->end);
    }

    TEST_CASE("a replica and the slot it fetches in know each other, and nobody else") {
        Lead lead({NodeId(1), NodeId(2), NodeId(3)});
        FetchSession session(NodeId(3), ConnectionId(1));
        lead.fetch(session, 3);
        CHECK(session.slot(0).leader == &*lead.leader);
        CHECK(session.slot(0).remote == lead.leader->find_remote(NodeId(3)));
        CHECK(session.slot(0).good_under == LeaderEpoch(0));
        // The follower comes back on another connection.
        FetchSession second(NodeId(3), ConnectionId(2));
        lead.fetch(second, 3);
        CHECK(session.slot(0).leader == nullptr);
        CHECK(session.slot(0).remote == nullptr);
        CHECK_FALSE(session.slot(0).good_under);
        CHECK(second.slot(0).remote == lead.leader->find_remote(NodeId(3)));
        // It is assigned no longer.
        PartitionRegistration without = Lead::registration({NodeId(1), NodeId(2)}, 5);
        without.replicas = {NodeId(1), NodeId(2)};
        lead.leader->on_registration(without, lead.context);
        CHECK(second.slot(0).leader == nullptr);
    }

    TEST_CASE("a parked follower counts as caught up at each fetch of its session") {
        Lead lead({NodeId(1), NodeId(2), NodeId(3)});
        FetchSession session(NodeId(3), ConnectionId(1));
        lead.fetch(session, 3);
        lead.context.now = at_ns(5'000);
        session.set_last_fetch(lead.context.now);
        CHECK(lead.leader->last_caught_up(*lead.leader->find_remote(NodeId(3))) == at_ns(5'000));
        // The session goes: what its fetches said is kept.
        lead.leader->detach(session);
        CHECK(lead.leader->last_caught_up(*lead.leader->find_remote(NodeId(3))) == at_ns(5'000));
    }
}
