// Who leads: AlterPartition with every refusal, elections on demand and by timer, directories.
#include <doctest/doctest.h>

#include "tests/core/controller_harness.h"

namespace {

using namespace core;
using test::control::ControllerHarness;
using test::control::ThreeBrokers;

ErrorCode alter(ControllerHarness& h, int sender, const AlterPartitionItem& item) {
    const auto response = h.ask<AlterPartitionResponse>(sender, h.alter(sender, item));
    CHECK(response.error == ErrorCode::none);
    REQUIRE(response.partitions.size() == 1);
    return response.partitions[0].error;
}

LeaderEpoch earlier(LeaderEpoch epoch) {
    return LeaderEpoch(epoch.value() - 1);
}
PartitionEpoch earlier(PartitionEpoch epoch) {
    return PartitionEpoch(epoch.value() - 1);
}

/// Fences everyone but these, and waits until that is done.
void only(ControllerHarness& h, std::initializer_list<int> alive) {
    h.live(alive, from_ms(12'000));
}

/// Takes dynamic settings of the one topic.
void set_topic(ControllerHarness& h, const char* key, std::optional<std::string> value) {
    h.call(AlterConfig{{ConfigRecord{ConfigResource::topic, TopicIndex(0), {}, key, value}}});
}

constexpr const char* kUnclean = "unclean.leader.election.enable";

}  // namespace

TEST_SUITE("core.controller_elections") {
    TEST_CASE("a new topic is led by its first live replica") {
        ControllerHarness h({2});
        h.start();
        h.register_broker(1, 1);
        for (int broker : {2, 3}) h.join(broker);
        h.notes.clear();
        h.create({{1, 2, 3}, {3, 2}});
        CHECK(h.leader(0) == 2);
        CHECK(h.isr(0) == std::vector{2, 3});
        CHECK(h.leader(1) == 3);
        CHECK(h.at(0).leader_epoch == LeaderEpoch(0));
        CHECK(h.at(0).partition_epoch == PartitionEpoch(0));
        CHECK(h.at(0).directories ==
              DirectoryList{DirectoryId(1001), DirectoryId(1002), DirectoryId(1003)});
        CHECK(h.notes_of(NoteKind::partition_change).size() == 2);
        CHECK(h.notes_of(NoteKind::leader_elect).empty());
    }

    TEST_CASE("a topic that cannot be placed is not created") {
        ControllerHarness h;
        h.start();
        h.join(1);
        for (const auto& replicas : {std::vector{1, 2}, std::vector{1, 1}, std::vector<int>{}}) {
            h.create({replicas});
            CHECK(h.controller->image().find_partition(PartitionId(0)) == nullptr);
        }
        h.create({{1}});
        CHECK(h.leader() == 1);
    }

    TEST_CASE("the leader shrinks and expands its isr; the answer waits for the commit") {
        ThreeBrokers h;
        h.send(1, h.alter(1, h.item({1, 2})));
        CHECK_FALSE(h.take<AlterPartitionResponse>(1));
        CHECK(h.notes.empty());
        h.run_for(from_ms(25));
        const auto response = h.take<AlterPartitionResponse>(1);
        REQUIRE(response);
        const AlterPartitionResult& result = response->partitions[0];
        CHECK(result.error == ErrorCode::none);
        CHECK(result.leader == NodeId(1));
        CHECK(result.leader_epoch == LeaderEpoch(0));
        CHECK(result.partition_epoch == PartitionEpoch(1));
        CHECK(result.isr.size() == 2);
        REQUIRE(h.notes.size() == 2);
        CHECK(h.notes[0].note.kind == NoteKind::partition_change);
        CHECK(h.notes[1].note.kind == NoteKind::isr_shrink);
        CHECK(h.notes[1].replicas == std::vector{1, 2});

        h.notes.clear();
        CHECK(alter(h, 1, h.item({1, 2, 3})) == ErrorCode::none);
        CHECK(h.isr() == std::vector{1, 2, 3});
        CHECK(h.at(0).leader_epoch == LeaderEpoch(0));
        CHECK(h.at(0).partition_epoch == PartitionEpoch(2));
        REQUIRE(h.notes.size() == 2);
        CHECK(h.notes[1].note.kind == NoteKind::isr_expand);
    }

    TEST_CASE("a later decision sees what is not yet committed") {
        ThreeBrokers h;
        h.send(1, h.alter(1, h.item({1, 2})));
        AlterPartitionItem stale = h.item({1});
        stale.partition_epoch = earlier(stale.partition_epoch);
        h.send(1, h.alter(1, stale));
        // The refusal saw uncommitted state, so it waits for it too.
        CHECK(h.notes_of(NoteKind::alter_partition_refused).size() == 1);
        CHECK_FALSE(h.take<AlterPartitionResponse>(1));
        h.run_for(from_ms(25));
        CHECK(h.take<AlterPartitionResponse>(1)->partitions[0].error == ErrorCode::none);
        CHECK(h.take<AlterPartitionResponse>(1)->partitions[0].error ==
              ErrorCode::invalid_update_version);
    }

    TEST_CASE("every refusal of AlterPartition, in the order of Kafka's checks") {
        ThreeBrokers h;
        // One leader change, so that epochs have something below them.
        only(h, {2, 3});
        h.heartbeat(1);
        REQUIRE(h.leader() == 2);
        struct Case {
            const char* why;
            int sender;
            ErrorCode error;
            void (*change)(AlterPartitionItem&);
        };
        const Case cases[] = {
            {"leader epoch ahead, though all else is wrong too", 3, ErrorCode::not_controller,
             [](AlterPartitionItem& i) {
                 i.leader_epoch = i.leader_epoch.next();
                 i.partition_epoch = earlier(i.partition_epoch);
             }},
            {"partition epoch ahead beats leader epoch behind", 2, ErrorCode::not_controller,
             [](AlterPartitionItem& i) {
                 i.partition_epoch = i.partition_epoch.next();
                 i.leader_epoch = earlier(i.leader_epoch);
             }},
            {"leader epoch behind beats the wrong sender", 1, ErrorCode::fenced_leader_epoch,
             [](AlterPartitionItem& i) { i.leader_epoch = earlier(i.leader_epoch); }},
            {"the wrong sender beats the partition epoch behind", 3, ErrorCode::invalid_request,
             [](AlterPartitionItem& i) { i.partition_epoch = earlier(i.partition_epoch); }},
            {"partition epoch behind beats a bad isr", 2, ErrorCode::invalid_update_version,
             [](AlterPartitionItem& i) {
                 i.partition_epoch = earlier(i.partition_epoch);
                 i.new_isr.clear();
             }},
            {"not a replica", 2, ErrorCode::invalid_request,
             [](AlterPartitionItem& i) { i.new_isr[1].broker = NodeId(9); }},
            {"twice the same", 2, ErrorCode::invalid_request,
             [](AlterPartitionItem& i) { i.new_isr[1] = i.new_isr[0]; }},
            {"without the leader", 2, ErrorCode::invalid_request,
             [](AlterPartitionItem& i) { i.new_isr.erase(i.new_isr.begin()); }},
            {"recovering with two members", 2, ErrorCode::invalid_request,
             [](AlterPartitionItem& i) { i.recovery_state = RecoveryState::recovering; }},
            {"back from recovered to recovering", 2, ErrorCode::invalid_request,
             [](AlterPartitionItem& i) {
                 i.recovery_state = RecoveryState::recovering;
                 i.new_isr.resize(1, i.new_isr[0]);
             }},
            {"a follower of another broker epoch", 2, ErrorCode::ineligible_replica,
             [](AlterPartitionItem& i) { i.new_isr[1].broker_epoch = BrokerEpoch(0); }},
            {"an epoch that the leader does not know is not compared", 2, ErrorCode::none,
             [](AlterPartitionItem& i) { i.new_isr[1].broker_epoch.reset(); }},
        };
        for (const Case& c : cases) {
            CAPTURE(c.why);
            const PartitionRegistration before = h.at(0);
            h.notes.clear();
            AlterPartitionItem item = h.item({2, 3});
            c.change(item);
            CHECK(alter(h, c.sender, item) == c.error);
            CHECK(h.at(0) == before);
            CHECK(h.notes_of(NoteKind::alter_partition_refused).size() ==
                  (c.error == ErrorCode::none ? 0 : 1));
        }
        AlterPartitionItem unknown = h.item({2, 3});
        unknown.partition = PartitionId(77);
        CHECK(alter(h, 2, unknown) == ErrorCode::unknown_topic_or_partition);
    }

    TEST_CASE("a whole request under a stale broker epoch is refused at once") {
        ThreeBrokers h;
        auto request = h.alter(1, h.item({1}));
        request.broker_epoch = BrokerEpoch(0);
        h.send(1, request);
        const auto response = h.take<AlterPartitionResponse>(1);
        REQUIRE(response);
        CHECK(response->error == ErrorCode::stale_broker_epoch);
        CHECK(response->partitions.empty());
    }

    TEST_CASE("fenced and unregistered brokers may not enter an isr") {
        ThreeBrokers h;
        only(h, {1, 2});
        REQUIRE(h.fenced(3));
        CHECK(alter(h, 1, h.item({1, 2, 3})) == ErrorCode::ineligible_replica);
        h.heartbeat(3);
        CHECK(alter(h, 1, h.item({1, 2, 3})) == ErrorCode::none);
    }

    // KIP-903: the follower was wiped and registered anew while its admission was under way.
    TEST_CASE("a follower that restarted since the leader saw it may not enter the isr") {
        ThreeBrokers h;
        only(h, {1, 2});
        AlterPartitionItem wanted = h.item({1, 2, 3});
        h.register_broker(3, 2);
        h.heartbeat(3);
        REQUIRE_FALSE(h.fenced(3));
        CHECK(alter(h, 1, wanted) == ErrorCode::ineligible_replica);
        CHECK(alter(h, 1, h.item({1, 2, 3})) == ErrorCode::none);
    }

    TEST_CASE("a zombie leader's shrink is fenced") {
        ThreeBrokers h;
        AlterPartitionItem shrink = h.item({1});
        only(h, {2, 3});
        h.heartbeat(1);
        CHECK(alter(h, 1, shrink) == ErrorCode::fenced_leader_epoch);
        CHECK(h.isr() == std::vector{2, 3});
    }

    TEST_CASE("preferred election on demand") {
        ThreeBrokers h;
        const ElectLeaders preferred{PartitionId(0), false};
        const MetadataOffset before = h.end();
        h.call(preferred);
        CHECK(h.end() == before);
        only(h, {2, 3});
        h.heartbeat(1);
        // Not in the ISR: not valid.
        h.call(preferred);
        CHECK(h.leader() == 2);
        CHECK(alter(h, 2, h.item({1, 2, 3})) == ErrorCode::none);
        h.notes.clear();
        h.call(preferred);
        h.run_for(from_ms(25));
        CHECK(h.leader() == 1);
        CHECK(h.isr() == std::vector{1, 2, 3});
        REQUIRE(h.notes.size() == 2);
        CHECK(h.notes[1].note.kind == NoteKind::leader_elect);
        CHECK(h.notes[1].note.value == 1);
    }

    TEST_CASE("the balance runs an interval after the imbalance was seen") {
        ThreeBrokers h;
        only(h, {2, 3});
        h.heartbeat(1);
        alter(h, 2, h.item({1, 2, 3}));
        h.live({1, 2, 3}, from_ms(290'000));
        CHECK(h.leader() == 2);
        h.live({1, 2, 3}, from_ms(12'000));
        CHECK(h.leader() == 1);

        BrokerConfig off;
        off.auto_leader_rebalance_enable = false;
        ThreeBrokers still({}, off);
        only(still, {2, 3});
        still.heartbeat(1);
        alter(still, 2, still.item({1, 2, 3}));
        still.live({1, 2, 3}, from_ms(620'000));
        CHECK(still.leader() == 2);
    }

    TEST_CASE("unclean election on demand needs a partition without a leader") {
        ThreeBrokers h;
        h.call(ElectLeaders{PartitionId(0), true});
        CHECK(h.leader() == 1);
        only(h, {3});
        only(h, {});
        REQUIRE(h.leader() == 0);
        REQUIRE(h.isr() == std::vector{3});
        h.call(ElectLeaders{PartitionId(0), true});
        CHECK(h.leader() == 0);
        h.heartbeat(2);
        h.notes.clear();
        h.call(ElectLeaders{PartitionId(0), true});
        h.run_for(from_ms(25));
        CHECK(h.leader() == 2);
        CHECK(h.isr() == std::vector{2});
        CHECK(h.at(0).recovery_state == RecoveryState::recovering);
        REQUIRE(h.notes_of(NoteKind::leader_elect).size() == 1);
        CHECK(h.notes_of(NoteKind::leader_elect)[0].note.value == 0);
        CHECK(h.notes_of(NoteKind::isr_shrink).size() == 1);
        CHECK(h.notes_of(NoteKind::isr_expand).size() == 1);
        // The leader's first expansion carries RECOVERED and is taken.
        h.heartbeat(1);
        CHECK(alter(h, 2, h.item({2, 1})) == ErrorCode::none);
        CHECK(h.at(0).recovery_state == RecoveryState::recovered);
    }

    TEST_CASE("with unclean election on, the fencing of the last member elects in its own record") {
        ThreeBrokers h(test::control::Settings{{kUnclean, "true"}});
        AlterPartitionItem alone = h.item({1});
        CHECK(alter(h, 1, alone) == ErrorCode::none);
        h.notes.clear();
        only(h, {2, 3});
        CHECK(h.leader() == 2);
        CHECK(h.isr() == std::vector{2});
        CHECK(h.at(0).partition_epoch == PartitionEpoch(2));
        CHECK(h.notes_of(NoteKind::leader_elect)[0].note.value == 0);
    }

    TEST_CASE("profiles that ignore the unclean setting leave the partition without a leader") {
        Profile before_3_9;
        before_3_9.unclean_config_honoured = false;
        ThreeBrokers h(test::control::Settings{{kUnclean, "true"}}, {}, before_3_9);
        alter(h, 1, h.item({1}));
        only(h, {2, 3});
        CHECK(h.leader() == 0);
        h.live({2, 3}, from_ms(620'000));
        CHECK(h.leader() == 0);
    }

    TEST_CASE("a topic's setting wins over the cluster's, the cluster's over the server's") {
        BrokerConfig server;
        server.topic_defaults.unclean_leader_election_enable = true;
        const ConfigRecord cluster{ConfigResource::cluster, {}, {}, kUnclean, "false"};
        const ConfigRecord topic{ConfigResource::topic, TopicIndex(0), {}, kUnclean, "TRUE"};
        struct Case {
            std::vector<ConfigRecord> changes;
            int leader;
        };
        for (const Case& c : {Case{{}, 2}, Case{{cluster}, 0}, Case{{cluster, topic}, 2}}) {
            ThreeBrokers h({}, server);
            h.call(AlterConfig{c.changes});
            alter(h, 1, h.item({1}));
            only(h, {2, 3});
            CHECK(h.leader() == c.leader);
        }
    }

    TEST_CASE("a changed unclean setting is acted on by the next sweep, or by the next unfencing") {
        ThreeBrokers h;
        alter(h, 1, h.item({1}));
        only(h, {2, 3});
        REQUIRE(h.leader() == 0);
        h.notes.clear();
        set_topic(h, kUnclean, "true");
        h.live({2, 3}, from_ms(2'000));
        CHECK(h.notes_of(NoteKind::config_change).size() == 1);
        CHECK(h.leader() == 0);
        h.live({2, 3}, from_ms(286'000));
        CHECK(h.leader() == 0);
        h.live({2, 3}, from_ms(14'000));
        CHECK(h.leader() == 2);

        ThreeBrokers sooner;
        alter(sooner, 1, sooner.item({1}));
        only(sooner, {2});
        REQUIRE(sooner.leader() == 0);
        set_topic(sooner, kUnclean, "true");
        sooner.heartbeat(3);
        CHECK(sooner.leader() == 2);
        set_topic(sooner, kUnclean, std::nullopt);
        CHECK(sooner.controller->image().topic_config(TopicIndex(0)).empty());
    }

    // KIP-858: the reformatted disk has a new directory id, so its replica may not lead until it
    // says that it lives there. Delay, not protection.
    TEST_CASE("a wiped last isr member leads only once its new directory is assigned") {
        for (bool before_unfence : {true, false}) {
            CAPTURE(before_unfence);
            ThreeBrokers h;
            only(h, {1});
            only(h, {});
            REQUIRE(h.leader() == 0);
            REQUIRE(h.isr() == std::vector{1});
            h.register_broker(1, 2, 5001);
            const auto assign = [&] {
                const AssignReplicasToDirsRequest request{
                    NodeId(1), h.epoch_of(1), {{PartitionId(0), DirectoryId(5001)}}};
                const auto response = h.ask<AssignReplicasToDirsResponse>(1, request);
                CHECK(response.error == ErrorCode::none);
                CHECK(response.assignments.size() == 1);
                CHECK(h.at(0).directories[0] == DirectoryId(5001));
            };
            if (before_unfence) {
                assign();
                CHECK(h.leader() == 0);
                h.heartbeat(1);
                CHECK(h.leader() == 1);
                continue;
            }
            h.heartbeat(1);
            CHECK_FALSE(h.fenced(1));
            CHECK(h.leader() == 0);
            assign();
            // 3.9 judges by the directory as it was: no election here.
            CHECK(h.leader() == 0);
            h.heartbeat(2);
            CHECK(h.leader() == 1);
            CHECK(h.isr() == std::vector{1});
        }
    }

    TEST_CASE("directories are assigned only to replicas of the sender, under its epoch") {
        ThreeBrokers h;
        AssignReplicasToDirsRequest request{
            NodeId(1), h.epoch_of(1), {{PartitionId(9), DirectoryId(1001)}}};
        CHECK(h.ask<AssignReplicasToDirsResponse>(1, request).assignments.empty());
        request.broker_epoch = BrokerEpoch(0);
        CHECK(h.ask<AssignReplicasToDirsResponse>(1, request).error ==
              ErrorCode::stale_broker_epoch);
        h.join(4);
        request = {NodeId(4), h.epoch_of(4), {{PartitionId(0), DirectoryId(1004)}}};
        CHECK(h.ask<AssignReplicasToDirsResponse>(4, request).assignments.empty());
    }

    TEST_CASE("a failed directory takes its replicas out as fencing would") {
        ThreeBrokers h;
        auto beat = h.beat(1);
        beat.offline_directories.emplace_back(1001);
        CHECK_FALSE(h.ask<BrokerHeartbeatResponse>(1, beat).is_fenced);
        CHECK(h.leader() == 2);
        CHECK(h.isr() == std::vector{2, 3});
        CHECK(h.controller->image().find_broker(NodeId(1))->directories.empty());
        CHECK(h.controller->image().is_active(NodeId(1)));
        // Told once: the next heartbeat repeats it without effect.
        const MetadataOffset end = h.end();
        h.send(1, beat);
        CHECK(h.end() == end);
    }

    TEST_CASE("brokers that fell silent together are fenced in the order of their last contact") {
        ThreeBrokers h;
        for (int broker : {3, 1, 2}) {
            h.send(broker, h.beat(broker));
            h.run_for(from_ms(1));
        }
        only(h, {});
        std::vector<int> order;
        for (const auto& seen : h.notes_of(NoteKind::broker_fenced))
            order.push_back(seen.note.peer->value());
        CHECK(order == std::vector{3, 1, 2});
        // The last one fenced is the one that remains, and that alone can lead.
        CHECK(h.isr() == std::vector{2});
        CHECK(h.leader() == 0);
    }
}
