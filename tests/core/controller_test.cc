// The controller as a node: registration, sessions, fencing, controlled shutdown, the metadata log.
#include <doctest/doctest.h>

#include "core/record/batch_parser.h"
#include "tests/core/controller_harness.h"

namespace {

using namespace core;
using test::control::ControllerHarness;
using test::control::ThreeBrokers;

std::vector<NoteKind> kinds(const std::vector<test::control::SeenNote>& notes) {
    std::vector<NoteKind> list;
    list.reserve(notes.size());
    for (const auto& seen : notes) list.push_back(seen.note.kind);
    return list;
}

}  // namespace

TEST_SUITE("core.controller") {
    TEST_CASE("a single voter is active at once and opens its epoch") {
        ControllerHarness h;
        h.start();
        CHECK(h.controller->active());
        REQUIRE(h.notes.size() == 1);
        CHECK(h.notes[0].note.kind == NoteKind::controller_elect);
        CHECK(h.notes[0].note.value == 1);
        CHECK(h.controller->high_watermark() == MetadataOffset(1));
    }

    TEST_CASE("a broker registers fenced, under the offset of its record, once that is committed") {
        ControllerHarness h;
        h.start();
        BrokerRegistrationRequest request{
            NodeId(1), IncarnationId(7), {DirectoryId(1001)}, std::nullopt};
        h.send(1, request);
        CHECK_FALSE(h.take<BrokerRegistrationResponse>(1));
        h.run_for(from_ms(24));
        CHECK_FALSE(h.take<BrokerRegistrationResponse>(1));
        CHECK(h.notes_of(NoteKind::broker_registered).empty());
        h.run_for(from_ms(1));
        const auto response = h.take<BrokerRegistrationResponse>(1);
        REQUIRE(response);
        CHECK(response->error == ErrorCode::none);
        CHECK(response->broker_epoch == BrokerEpoch(1));
        CHECK(h.fenced(1));
        REQUIRE(h.notes_of(NoteKind::broker_registered).size() == 1);
        CHECK(h.notes_of(NoteKind::broker_registered)[0].note.value == 1);
    }

    TEST_CASE("a broker is unfenced only when it has applied its registration and is ready") {
        ControllerHarness h;
        h.start();
        h.register_broker(1, 1);
        auto beat = h.beat(1);
        beat.current_metadata_offset = MetadataOffset(0);
        auto answer = h.ask<BrokerHeartbeatResponse>(1, beat);
        CHECK_FALSE(answer.is_caught_up);
        CHECK(answer.is_fenced);
        beat = h.beat(1);
        beat.want_fence = true;
        answer = h.ask<BrokerHeartbeatResponse>(1, beat);
        CHECK(answer.is_caught_up);
        CHECK(answer.is_fenced);
        answer = h.heartbeat(1);
        CHECK_FALSE(answer.is_fenced);
        CHECK(h.notes_of(NoteKind::broker_unfenced).size() == 1);
    }

    TEST_CASE("another incarnation is refused exactly as long as the old session is valid") {
        ThreeBrokers h;
        h.live({2, 3}, from_ms(4'000));
        const TimePoint last = h.now;
        h.send(1, h.beat(1));
        for (int broker : {2, 3}) h.send(broker, h.beat(broker));
        h.run_to(last + from_ms(4'000));
        for (int broker : {2, 3}) h.send(broker, h.beat(broker));
        // The kill and instant restart of broker 1.
        h.run_to(last + from_ms(8'999));
        CHECK(h.register_broker(1, 2).error == ErrorCode::duplicate_broker_registration);
        h.run_to(last + from_ms(9'000));
        CHECK(h.register_broker(1, 2).error == ErrorCode::duplicate_broker_registration);
        CHECK_FALSE(h.fenced(1));
        CHECK(h.notes_of(NoteKind::registration_refused).size() == 2);
        h.run_for(Duration(1));
        CHECK(h.fenced(1));
        CHECK(h.leader() == 2);
        const BrokerEpoch old = h.epoch_of(1);
        CHECK(h.register_broker(1, 2).error == ErrorCode::none);
        CHECK(h.epoch_of(1) > old);
        CHECK(h.fenced(1));
    }

    TEST_CASE("the same incarnation registers again without losing its epoch") {
        ThreeBrokers h;
        const BrokerEpoch epoch = h.epoch_of(1);
        const auto again = h.register_broker(1, 1);
        CHECK(again.error == ErrorCode::none);
        CHECK(again.broker_epoch == epoch);
        CHECK_FALSE(h.fenced(1));
    }

    TEST_CASE("unusable directories are refused") {
        ThreeBrokers h;
        CHECK(h.register_broker(4, 1, 1001).error == ErrorCode::invalid_request);
        CHECK(h.register_broker(4, 1, 1).error == ErrorCode::invalid_request);
        BrokerRegistrationRequest none{NodeId(4), IncarnationId(1), {}, {}};
        CHECK(h.ask<BrokerRegistrationResponse>(4, none).error == ErrorCode::invalid_request);
    }

    TEST_CASE("a silent broker is fenced after the session timeout: partitions first, fence last") {
        ThreeBrokers h;
        const TimePoint last = h.now;
        for (int broker : {1, 2, 3}) h.send(broker, h.beat(broker));
        h.run_for(from_ms(2'000));
        h.live({2, 3}, from_ms(8'000));
        std::vector<test::control::SeenNote> notes = h.notes;
        REQUIRE(kinds(notes) == std::vector{NoteKind::partition_change, NoteKind::leader_elect,
                                            NoteKind::isr_shrink, NoteKind::broker_fenced});
        // Decided right after contact + 9 s, committed within the linger of the next batch.
        CHECK(notes[0].at > last + from_ms(9'000));
        CHECK(notes[0].at <= last + from_ms(9'026));
        CHECK(notes[0].note.peer == NodeId(2));
        CHECK(notes[0].note.leader_epoch == LeaderEpoch(1));
        CHECK(notes[0].note.value == 1);
        CHECK(notes[0].replicas == std::vector{2, 3});
        CHECK(notes[1].note.value == 1);
        CHECK(notes[3].note.peer == NodeId(1));
        CHECK(h.leader() == 2);
        CHECK(h.isr() == std::vector{2, 3});
    }

    TEST_CASE("a broker that comes back from a pause is unfenced but not put into the isr") {
        ThreeBrokers h;
        h.live({2, 3}, from_ms(12'000));
        REQUIRE(h.fenced(1));
        CHECK_FALSE(h.heartbeat(1).is_fenced);
        CHECK(h.leader() == 2);
        CHECK(h.isr() == std::vector{2, 3});
    }

    TEST_CASE("the last isr member stays, leader nobody, and is elected when it returns") {
        ThreeBrokers h;
        h.live({1}, from_ms(12'000));
        CHECK(h.isr() == std::vector{1});
        CHECK(h.leader() == 1);
        h.run_for(from_ms(12'000));
        CHECK(h.isr() == std::vector{1});
        CHECK(h.leader() == 0);
        const auto leaderless = h.notes_of(NoteKind::leader_elect).back();
        CHECK_FALSE(leaderless.note.peer);
        // Others do not help, whatever they hold.
        h.heartbeat(2);
        h.heartbeat(3);
        CHECK(h.leader() == 0);
        h.register_broker(1, 2);
        h.heartbeat(1);
        CHECK(h.leader() == 1);
        CHECK(h.isr() == std::vector{1});
        CHECK(h.at(0).recovery_state == RecoveryState::recovered);
    }

    TEST_CASE("heartbeats under a wrong epoch are refused at once") {
        ThreeBrokers h;
        auto beat = h.beat(1);
        beat.broker_epoch = BrokerEpoch(beat.broker_epoch.value() + 1);
        h.send(1, beat);
        auto response = h.take<BrokerHeartbeatResponse>(1);
        REQUIRE(response);
        CHECK(response->error == ErrorCode::stale_broker_epoch);
        beat.broker = NodeId(9);
        h.send(9, beat);
        CHECK(h.take<BrokerHeartbeatResponse>(9)->error == ErrorCode::stale_broker_epoch);
    }

    TEST_CASE("controlled shutdown moves leaders, then waits for the others' metadata") {
        ThreeBrokers h;
        auto bye = h.beat(1);
        bye.want_shut_down = true;
        auto answer = h.ask<BrokerHeartbeatResponse>(1, bye);
        CHECK_FALSE(answer.should_shut_down);
        CHECK_FALSE(answer.is_fenced);
        CHECK(h.leader() == 2);
        CHECK(h.isr() == std::vector{2, 3});
        CHECK(h.notes_of(NoteKind::controlled_shutdown).size() == 1);
        // It may not come back into the ISR.
        const auto refused = h.ask<AlterPartitionResponse>(2, h.alter(2, h.item({2, 3, 1})));
        CHECK(refused.partitions[0].error == ErrorCode::ineligible_replica);
        // The others have not told that they know.
        CHECK_FALSE(h.ask<BrokerHeartbeatResponse>(1, bye).should_shut_down);
        h.heartbeat(2);
        CHECK_FALSE(h.ask<BrokerHeartbeatResponse>(1, bye).should_shut_down);
        h.heartbeat(3);
        answer = h.ask<BrokerHeartbeatResponse>(1, bye);
        CHECK(answer.should_shut_down);
        CHECK(answer.is_fenced);
        CHECK(h.fenced(1));
        // The session is over: a new incarnation may come at once.
        CHECK(h.register_broker(1, 2).error == ErrorCode::none);
    }

    TEST_CASE("a broker without leaderships goes at once") {
        ThreeBrokers h;
        auto bye = h.beat(3);
        bye.want_shut_down = true;
        CHECK(h.ask<BrokerHeartbeatResponse>(3, bye).should_shut_down);
        CHECK(h.isr() == std::vector{1, 2});
        CHECK(h.fenced(3));
    }

    TEST_CASE("producer ids are handed out in blocks of a thousand") {
        ThreeBrokers h;
        const AllocateProducerIdsRequest request{NodeId(1), h.epoch_of(1)};
        auto first = h.ask<AllocateProducerIdsResponse>(1, request);
        CHECK(first.first == ProducerId(0));
        CHECK(first.count == 1000);
        CHECK(h.ask<AllocateProducerIdsResponse>(1, request).first == ProducerId(1000));
        const AllocateProducerIdsRequest stale{NodeId(1), BrokerEpoch(0)};
        CHECK(h.ask<AllocateProducerIdsResponse>(1, stale).error == ErrorCode::stale_broker_epoch);
    }

    TEST_CASE("a parked fetch gets records and watermark together, or nothing in time") {
        ControllerHarness h;
        h.start();
        h.send(1, MetadataFetchRequest{NodeId(1), MetadataOffset(0), from_ms(500)});
        auto fetched = h.take<MetadataFetchResponse>(1);
        REQUIRE(fetched);
        CHECK(fetched->records.size() == 1);
        CHECK(fetched->high_watermark == MetadataOffset(1));
        CHECK(fetched->leader == NodeId(100));

        h.send(1, MetadataFetchRequest{NodeId(1), MetadataOffset(1), from_ms(200)});
        CHECK_FALSE(h.take<MetadataFetchResponse>(1));
        h.run_for(from_ms(200));
        fetched = h.take<MetadataFetchResponse>(1);
        REQUIRE(fetched);
        CHECK(fetched->records.empty());

        // The idle no-op at 500 ms, written 25 ms later.
        h.send(1, MetadataFetchRequest{NodeId(1), MetadataOffset(1), from_ms(500)});
        h.run_to(at_ns(0) + from_ms(524));
        CHECK_FALSE(h.take<MetadataFetchResponse>(1));
        h.run_to(at_ns(0) + from_ms(525));
        fetched = h.take<MetadataFetchResponse>(1);
        REQUIRE(fetched);
        CHECK(fetched->base_offset == MetadataOffset(1));
        CHECK(fetched->records.size() == 1);
        CHECK(fetched->high_watermark == MetadataOffset(2));
    }

    TEST_CASE("an observer past the end is told so, a lost one is forgotten") {
        ControllerHarness h;
        h.start();
        h.send(1, MetadataFetchRequest{NodeId(1), MetadataOffset(5), from_ms(500)});
        CHECK(h.take<MetadataFetchResponse>(1)->error == ErrorCode::offset_out_of_range);
        h.send(2, MetadataFetchRequest{NodeId(2), MetadataOffset(1), from_ms(500)});
        h.lose(2);
        h.run_for(from_ms(2'000));
        CHECK_FALSE(h.take<MetadataFetchResponse>(2));
    }

    TEST_CASE("a no-op marks every idle interval") {
        ControllerHarness h;
        h.start();
        h.run_for(from_ms(10'000));
        CHECK(h.end() == MetadataOffset(21));
    }

    TEST_CASE("an observer's image is the controller's") {
        ThreeBrokers h(test::control::Settings{{"min.insync.replicas", "2"}});
        h.live({2, 3}, from_ms(12'000));
        h.send(1, MetadataFetchRequest{NodeId(1), MetadataOffset(0), from_ms(0)});
        const auto fetched = h.take<MetadataFetchResponse>(1);
        REQUIRE(fetched);
        ClusterImage image(h.topics);
        for (std::size_t i = 0; i < fetched->records.size(); ++i)
            image.replay(MetadataOffset(static_cast<std::int64_t>(i)), fetched->records[i]);
        CHECK(image == h.controller->image());
    }

    TEST_CASE("a restart rebuilds the same image from bytes, under a new epoch") {
        ThreeBrokers h(test::control::Settings{{"min.insync.replicas", "2"}});
        h.live({2, 3}, from_ms(12'000));
        const AllocateProducerIdsRequest request{NodeId(2), h.epoch_of(2)};
        h.ask<AllocateProducerIdsResponse>(2, request);
        const ClusterImage before = h.controller->image();
        // As a fresh process reads them: bytes only.
        ChunkList bytes;
        for (std::size_t i = 0; i < h.storage.content().size(); ++i) {
            Bytes raw;
            encode_batch(*h.storage.content().batch(i), raw);
            bytes.append_raw(raw);
        }
        h.storage.content() = bytes;
        h.notes.clear();
        h.start();
        REQUIRE(h.notes.size() == 1);
        CHECK(h.notes[0].note.value == 2);
        // The new epoch's opening record came on top; all else is the same.
        ClusterImage expected = before;
        expected.replay(before.highest_offset()->next(), NoOpRecord{});
        CHECK(h.controller->image() == expected);
        CHECK(h.ask<AllocateProducerIdsResponse>(2, request).first == ProducerId(1000));
    }

    TEST_CASE("a torn tail of the metadata log is cut, what was committed stays") {
        ThreeBrokers h;
        const ClusterImage before = h.controller->image();
        Bytes torn;
        ChunkList& content = h.storage.content();
        encode_batch(*content.batch(content.size() - 1), torn);
        torn.resize(torn.size() - 1);
        const std::uint64_t end = content.size_bytes();
        content.append_raw(torn);
        h.start();
        ClusterImage expected = before;
        expected.replay(before.highest_offset()->next(), NoOpRecord{});
        CHECK(h.controller->image() == expected);
        CHECK(content.position(content.size() - 1) == end);
    }

    TEST_CASE("what was answered survives a loss of power, what was not may be gone") {
        ThreeBrokers h;
        const MetadataOffset committed = h.controller->high_watermark();
        h.send(1, AllocateProducerIdsRequest{NodeId(1), h.epoch_of(1)});
        CHECK_FALSE(h.take<AllocateProducerIdsResponse>(1));
        h.storage.lose_power();
        h.start();
        CHECK(h.controller->image().next_producer_id() == ProducerId(0));
        CHECK(h.controller->high_watermark() == committed.next());
        h.ask<AllocateProducerIdsResponse>(1, AllocateProducerIdsRequest{NodeId(1), h.epoch_of(1)});
        h.storage.lose_power();
        h.start();
        CHECK(h.controller->image().next_producer_id() == ProducerId(1000));
    }

    TEST_CASE("a restarted controller gives every broker a whole session more") {
        ThreeBrokers h;
        h.run_for(from_ms(6'000));
        h.start();
        const TimePoint activated = h.now;
        for (int broker : {1, 2}) h.send(broker, h.beat(broker));
        h.run_for(from_ms(4'000));
        CHECK(h.register_broker(3, 2).error == ErrorCode::duplicate_broker_registration);
        h.live({1, 2}, from_ms(4'000));
        h.run_to(activated + from_ms(9'000));
        CHECK_FALSE(h.fenced(3));
        h.run_for(Duration(1));
        CHECK(h.fenced(3));
    }

    // Kafka 3.9 arms the session timer at heartbeats and accepted registrations only: with every
    // broker dead across a controller's restart, nobody is fenced until the first new incarnation
    // is let in; that one keeps its place in the ISR, and the others are fenced at once.
    TEST_CASE("after a loss of everything the first broker let in again is the last isr member") {
        ThreeBrokers h;
        h.run_for(from_ms(1'000));
        h.start();
        const TimePoint activated = h.now;
        h.run_to(activated + from_ms(9'000));
        CHECK(h.register_broker(2, 2).error == ErrorCode::duplicate_broker_registration);
        h.run_to(activated + from_ms(12'000));
        CHECK_FALSE(h.fenced(1));
        CHECK(h.register_broker(2, 2).error == ErrorCode::none);
        h.run_for(from_ms(1));
        for (int broker : {1, 2, 3}) CHECK(h.fenced(broker));
        CHECK(h.isr() == std::vector{2});
        CHECK(h.leader() == 0);
        h.heartbeat(2);
        CHECK(h.leader() == 2);
    }

    TEST_CASE("a clean stop writes what waits and exits") {
        ThreeBrokers h;
        h.send(1, AllocateProducerIdsRequest{NodeId(1), h.epoch_of(1)});
        h.call(ShutDown{});
        CHECK_FALSE(h.exited);
        // A request that comes meanwhile changes nothing any more.
        h.send(2, AllocateProducerIdsRequest{NodeId(2), h.epoch_of(2)});
        CHECK(h.exited);
        CHECK(h.take<AllocateProducerIdsResponse>(1));
        CHECK_FALSE(h.controller->next_deadline(Lane::requests));
    }

    TEST_CASE("a clean stop with nothing to write exits at once") {
        ThreeBrokers h;
        h.call(ShutDown{});
        CHECK(h.exited);
    }

    TEST_CASE("nothing is told of a record in the step that writes it") {
        ThreeBrokers h;
        const MetadataOffset committed = h.controller->high_watermark();
        h.send(3, MetadataFetchRequest{NodeId(3), committed, from_ms(500)});
        h.send(1, h.alter(1, h.item({1, 2})));
        h.send(2, h.beat(2));
        h.now = h.now + h.config.quorum_append_linger;
        h.step(Woken{});
        // Its fsync takes until the next step.
        CHECK(h.storage.durable_bytes() == h.storage.content().size_bytes());
        CHECK(h.controller->high_watermark() == committed);
        CHECK(h.notes.empty());
        CHECK(h.answers.empty());
        REQUIRE(h.controller->next_deadline(Lane::requests) == h.now);
        h.step(Woken{});
        CHECK(h.controller->high_watermark() == committed.next());
        CHECK(kinds(h.notes) == std::vector{NoteKind::partition_change, NoteKind::isr_shrink});
        const auto fetched = h.take<MetadataFetchResponse>(3);
        REQUIRE(fetched);
        CHECK(fetched->records.size() == 1);
        CHECK(fetched->high_watermark == committed.next());
        CHECK(h.take<AlterPartitionResponse>(1));
        // The heartbeat wrote nothing, but saw what was not committed yet.
        CHECK(h.take<BrokerHeartbeatResponse>(2));
    }

    TEST_CASE("a request that comes first after the fsync finds its record committed") {
        ThreeBrokers h;
        h.send(1, h.alter(1, h.item({1, 2})));
        h.now = h.now + h.config.quorum_append_linger;
        h.step(Woken{});
        const MetadataOffset written = h.end();
        h.send(2, AllocateProducerIdsRequest{NodeId(2), h.epoch_of(2)});
        CHECK(h.controller->high_watermark() == written);
        CHECK(h.take<AlterPartitionResponse>(1));
        CHECK_FALSE(h.take<AllocateProducerIdsResponse>(2));
        h.run_for(h.config.quorum_append_linger);
        CHECK(h.take<AllocateProducerIdsResponse>(2));
    }

    TEST_CASE("what was written but not told is there after a restart") {
        ThreeBrokers h;
        h.send(1, h.alter(1, h.item({1, 2})));
        h.now = h.now + h.config.quorum_append_linger;
        h.step(Woken{});
        h.start();
        CHECK(h.isr() == std::vector{1, 2});
        CHECK(h.notes_of(NoteKind::isr_shrink).empty());
        CHECK_FALSE(h.take<AlterPartitionResponse>(1));
    }

    TEST_CASE("an election is told once the record that opens its epoch is durable") {
        ControllerHarness h;
        h.controller =
            std::make_unique<Controller>(NodeId(100), h.profile, h.config, h.topics, h.storage);
        h.step(Started{});
        CHECK(h.notes.empty());
        h.run_to(h.now);
        CHECK(kinds(h.notes) == std::vector{NoteKind::controller_elect});
    }

    TEST_CASE("without a linger a record is written in a step of its own, at once") {
        BrokerConfig config;
        config.quorum_append_linger = Duration(0);
        ThreeBrokers h({}, config);
        const MetadataOffset committed = h.controller->high_watermark();
        h.send(1, h.alter(1, h.item({1, 2})));
        REQUIRE(h.controller->next_deadline(Lane::requests) == h.now);
        h.step(Woken{});
        CHECK(h.controller->high_watermark() == committed);
        REQUIRE(h.controller->next_deadline(Lane::requests) == h.now);
        h.step(Woken{});
        CHECK(h.controller->high_watermark() == committed.next());
        CHECK(h.take<AlterPartitionResponse>(1));
    }
}
