// The leader's half of a partition, by itself.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/replication/leader.h"
#include "tests/core/effect_list.h"
#include "tests/core/log_fixture.h"

namespace {

using namespace core;

/// Broker 1 leads partition 0 of brokers 1 and 2.
struct Lead {
    test::LogOnMemory storage;
    std::uint64_t next_connection = 0;
    MessagePool messages;
    Effects effects{&next_connection, messages};
    ReplicationContext context;
    std::optional<Leader> leader;

    explicit Lead(const TopicConfig& config = {})
        : storage(config), context{NodeId(1), *find_profile("3.9")->profile, from_ms(30'000)} {
        context.now = at_ns(0);
        context.effects = &effects;
        context.brokers = {BrokerStatus{NodeId(1), BrokerEpoch(1), false, false},
                           BrokerStatus{NodeId(2), BrokerEpoch(2), false, false}};
        PartitionRegistration registration;
        registration.replicas = {NodeId(1), NodeId(2)};
        registration.isr = registration.replicas;
        registration.leader = NodeId(1);
        leader.emplace(PartitionId(0), *storage.log, 1, registration, context);
    }
    /// A session of the follower fetches at the leader's end, and waits.
    void fetch(FetchSession& session) {
        session.set_replica_epoch(BrokerEpoch(2));
        FetchSlot& slot = session.name(
            FetchPartition{PartitionId(0), LeaderEpoch(0), Offset(storage.end()), {}, Offset(0)});
        CHECK(leader->record_fetch(session, slot, context) == ErrorCode::none);
        slot.sent = leader->marks();
        session.parked = true;
        session.keep_listed(
            [&](const FetchSlot& each) { return leader->stays_listed(session, each); });
    }
    /// The sessions that an append finds waiting.
    std::vector<ConnectionId> touched_by_append() {
        context.touched.clear();
        CHECK(leader->append(test::make_batch(1), context).ok());
        std::vector<ConnectionId> touched;
        for (FetchSession* session : context.touched) {
            session->touched = false;
            touched.push_back(session->connection());
        }
        return touched;
    }
    int rolls() {
        int count = 0;
        for (const test::Effect& effect : test::take_list(effects))
            if (const auto* note = std::get_if<test::NoteEffect>(&effect))
                count += note->note.kind == NoteKind::log_roll;
        return count;
    }
};

}  // namespace

TEST_SUITE("core.replication_leader") {
    TEST_CASE(
        "a late request of a connection that was given up cuts the live one off from nothing") {
        Lead lead;
        FetchSession live(NodeId(2), ConnectionId(7));
        FetchSession late(NodeId(2), ConnectionId(3));
        lead.fetch(live);
        CHECK(lead.touched_by_append() == std::vector<ConnectionId>{ConnectionId(7)});
        lead.fetch(live);
        CHECK(live.changed().empty());
        lead.fetch(late);
        // The live one has news to look for, and is told when there is some.
        CHECK(live.changed().size() == 1);
        CHECK(lead.touched_by_append() ==
              std::vector<ConnectionId>{ConnectionId(3), ConnectionId(7)});
        // The same behind the reset of the late one's connection.
        lead.leader->detach(late);
        CHECK(lead.touched_by_append() == std::vector<ConnectionId>{ConnectionId(7)});
        // Its next fetch takes it over again.
        lead.fetch(live);
        CHECK(lead.touched_by_append() == std::vector<ConnectionId>{ConnectionId(7)});
        lead.leader->check_invariants();
    }

    TEST_CASE("a session that is gone is told nothing, whoever took over from it") {
        Lead lead;
        FetchSession second(NodeId(2), ConnectionId(8));
        {
            FetchSession first(NodeId(2), ConnectionId(7));
            lead.fetch(first);
            lead.fetch(second);
            lead.leader->detach(first);
        }
        CHECK(lead.touched_by_append() == std::vector<ConnectionId>{ConnectionId(8)});
        lead.leader->release(lead.context);
    }

    TEST_CASE("a roll is told and flushed, whatever becomes of the batch that needed it") {
        const auto batch = [](int sequence) {
            return test::make_batch(1, 0, 8, test::producer(5, 0, sequence));
        };
        struct Case {
            int sequence;
            ErrorCode error;
        };
        for (const Case& c : {Case{2, ErrorCode::none}, Case{1, ErrorCode::none},
                              Case{9, ErrorCode::out_of_order_sequence_number}}) {
            CAPTURE(c.sequence);
            TopicConfig config;
            config.segment_bytes = 2 * batch(0)->size_bytes();
            Lead lead(config);
            for (int sequence = 0; sequence < 2; ++sequence)
                CHECK(lead.leader->append(batch(sequence), lead.context).ok());
            CHECK(lead.rolls() == 0);
            CHECK(lead.context.rolled.empty());
            CHECK(lead.leader->append(batch(c.sequence), lead.context).error() == c.error);
            CHECK(lead.rolls() == 1);
            CHECK(lead.context.rolled == std::vector<PartitionId>{PartitionId(0)});
            CHECK(lead.storage.log->flush_waiting() == Offset(2));
        }
    }
}
