#include "sim/trace/ledger.h"

#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "sim/trace/view.h"

namespace {

using namespace core;
using trace::ClientOutcome;
using trace::CopyEnd;

const NodeId kClient(kFirstClientId);
const PartitionId kPartition(0);

/// One partition on brokers 1, 2, 3, led by 1; notes are fed by hand.
struct History {
    History()
        : view({trace::PartitionView{.replicas = {NodeId(1), NodeId(2), NodeId(3)},
                                     .isr = {NodeId(1), NodeId(2), NodeId(3)},
                                     .leader = NodeId(1)}}),
          ledger(view, 1, {false}) {}

    trace::Moment moment() {
        ++clock;
        return trace::Moment{at_ns(clock), trace::EventId(static_cast<std::uint64_t>(clock)),
                             trace::EventId(0)};
    }
    void note(NodeId who, const Note& n, std::vector<NodeId> replicas = {}) {
        const auto now = moment();
        view.on_note(now, who, n, replicas);
        ledger.on_note(now, who, n, replicas);
    }
    /// The client sends records first.. as one batch with this number.
    void send(std::int64_t first, std::int64_t count, std::uint32_t batch) {
        for (std::int64_t i = first; i < first + count; ++i) {
            ledger.on_send(moment(), kClient, RecordNumber(i), kPartition);
            Note queued{.kind = NoteKind::record_queued, .partition = kPartition};
            queued.tag = BatchTag{kClient, batch};
            queued.value = i;
            note(kClient, queued);
        }
        Note sent{.kind = NoteKind::produce_send, .partition = kPartition, .peer = NodeId(1)};
        sent.tag = BatchTag{kClient, batch};
        note(kClient, sent);
    }
    void append(std::int32_t broker, std::int64_t first, std::int64_t end, std::uint32_t batch,
                bool leader) {
        Note n{.kind = NoteKind::log_append, .partition = kPartition};
        n.leader_epoch = LeaderEpoch(0);
        n.tag = BatchTag{kClient, batch};
        n.first = Offset(first);
        n.end = Offset(end);
        n.value = leader ? 1 : 0;
        note(NodeId(broker), n);
    }
    void ack(std::int64_t first, std::int64_t end, std::uint32_t batch) {
        Note answered{.kind = NoteKind::produce_answered, .partition = kPartition};
        answered.tag = BatchTag{kClient, batch};
        answered.first = Offset(first);
        answered.end = Offset(end);
        answered.leader_epoch = LeaderEpoch(0);
        answered.value = 3;
        note(NodeId(1), answered);
        Note acked{.kind = NoteKind::produce_ack, .partition = kPartition, .peer = NodeId(1)};
        acked.tag = BatchTag{kClient, batch};
        acked.first = Offset(first);
        acked.end = Offset(end);
        note(kClient, acked);
    }
    void advance(std::int32_t broker, std::int64_t high_watermark) {
        Note n{.kind = NoteKind::hw_advance, .partition = kPartition};
        n.first = Offset(0);
        n.end = Offset(high_watermark);
        note(NodeId(broker), n);
    }
    /// The last attempt ends with `why`; the next goes to `broker`.
    void try_again(std::uint32_t batch, ErrorCode why, std::int32_t broker) {
        Note n{.kind = NoteKind::produce_retry, .error = why, .partition = kPartition};
        n.tag = BatchTag{kClient, batch};
        note(kClient, n);
        n.kind = NoteKind::produce_send;
        n.error = ErrorCode::none;
        n.peer = NodeId(broker);
        note(kClient, n);
    }
    void lead(std::int32_t broker, std::int64_t high_watermark) {
        Note n{.kind = NoteKind::become_leader, .partition = kPartition};
        n.first = Offset(high_watermark);
        note(NodeId(broker), n);
    }
    bool passed(std::int64_t record) const {
        return ledger.batch_of(0, RecordNumber(record))->has_passed();
    }
    void truncate(std::int32_t broker, std::int64_t to) {
        Note n{.kind = NoteKind::log_truncate, .partition = kPartition};
        n.first = Offset(to);
        note(NodeId(broker), n);
    }

    std::int64_t clock = 0;
    trace::ClusterView view;
    trace::Ledger ledger;
};

/// What an entry tells, one line a part.
using Told = std::vector<std::array<std::int64_t, 4>>;

TEST_SUITE("trace.ledger") {
    TEST_CASE("a record acknowledged by the leader alone counts until a follower has it") {
        History h;
        h.send(0, 2, 0);
        h.append(1, 0, 2, 0, true);
        CHECK(h.ledger.acked_only_on_leader(kPartition) == 0);
        h.ack(0, 2, 0);
        CHECK(h.ledger.acked_only_on_leader(kPartition) == 2);
        h.append(2, 0, 2, 0, false);
        CHECK(h.ledger.acked_only_on_leader(kPartition) == 0);
        h.truncate(2, 0);
        CHECK(h.ledger.acked_only_on_leader(kPartition) == 2);
    }

    TEST_CASE("the last copy's end is the moment a record is gone, and a new copy takes it back") {
        History h;
        h.send(0, 1, 0);
        h.append(1, 0, 1, 0, true);
        h.ack(0, 1, 0);
        h.truncate(1, 0);
        const trace::BatchEntry* entry = h.ledger.batch_of(0, RecordNumber(0));
        REQUIRE(entry != nullptr);
        CHECK(entry->copies().empty());
        CHECK(entry->gone_at() == at_ns(h.clock));
        REQUIRE(entry->lost_copies().size() == 1);
        CHECK(entry->lost_copies()[0].how == CopyEnd::truncation);
        CHECK(entry->outcome == ClientOutcome::acked);
        h.append(2, 0, 1, 0, true);
        CHECK_FALSE(entry->gone_at().has_value());
    }

    TEST_CASE("a cut inside a batch takes the whole batch") {
        History h;
        h.send(0, 3, 0);
        h.send(3, 3, 1);
        h.append(1, 0, 3, 0, true);
        h.append(1, 3, 6, 1, true);
        h.truncate(1, 4);
        CHECK(h.ledger.batch_of(0, RecordNumber(0))->copies().size() == 1);
        CHECK(h.ledger.batch_of(0, RecordNumber(5))->copies().empty());
    }

    TEST_CASE("loss of power and a wiped disk end copies, each by its own name") {
        History h;
        h.send(0, 1, 0);
        h.send(1, 1, 1);
        h.append(1, 0, 1, 0, true);
        h.append(1, 1, 2, 1, true);
        const trace::WorldEvent power{.kind = trace::WorldKind::disk_lost,
                                      .node = NodeId(1),
                                      .partition = kPartition,
                                      .first = Offset(1),
                                      .end = Offset(2)};
        h.ledger.on_world(h.moment(), power);
        CHECK(h.ledger.batch_of(0, RecordNumber(1))->lost_copies()[0].how == CopyEnd::power_loss);
        CHECK(h.ledger.batch_of(0, RecordNumber(0))->copies().size() == 1);
        const trace::WorldEvent wiped{.kind = trace::WorldKind::disk_wiped, .node = NodeId(1)};
        h.ledger.on_world(h.moment(), wiped);
        CHECK(h.ledger.batch_of(0, RecordNumber(0))->lost_copies()[0].how == CopyEnd::wipe);
    }

    TEST_CASE("power takes ranges, one after the other, and what lies between stays") {
        History h;
        for (std::uint32_t i = 0; i < 4; ++i) {
            h.send(2 * i, 2, i);
            h.append(1, 2 * i, 2 * i + 2, i, true);
        }
        const auto lose = [&](std::int64_t first, std::int64_t end) {
            h.ledger.on_world(h.moment(), {.kind = trace::WorldKind::disk_lost,
                                           .node = NodeId(1),
                                           .partition = kPartition,
                                           .first = Offset(first),
                                           .end = Offset(end)});
        };
        lose(2, 4);
        CHECK(h.ledger.log_end(kPartition, NodeId(1)) == Offset(8));
        lose(6, 8);
        CHECK(h.ledger.log_end(kPartition, NodeId(1)) == Offset(6));
        for (const std::int64_t record : {0, 4}) {
            CHECK(h.ledger.batch_of(0, RecordNumber(record))->copies().size() == 1);
            CHECK(h.ledger.held_at(kPartition, NodeId(1), Offset(record)) ==
                  h.ledger.batch_of(0, RecordNumber(record)));
        }
        for (const std::int64_t record : {2, 6}) {
            const trace::BatchEntry* entry = h.ledger.batch_of(0, RecordNumber(record));
            CHECK(entry->copies().empty());
            REQUIRE(entry->lost_copies().size() == 1);
            CHECK(entry->lost_copies()[0].how == CopyEnd::power_loss);
            CHECK(h.ledger.held_at(kPartition, NodeId(1), Offset(record)) == nullptr);
        }
        // Appends go on behind the hole, and a truncation takes all above it.
        h.send(8, 2, 4);
        h.append(1, 6, 8, 4, true);
        h.truncate(1, 4);
        CHECK(h.ledger.batch_of(0, RecordNumber(8))->copies().empty());
        CHECK(h.ledger.batch_of(0, RecordNumber(4))->copies().empty());
        CHECK(h.ledger.batch_of(0, RecordNumber(0))->copies().size() == 1);
    }

    TEST_CASE("an acknowledgement remembers who led, who was in sync and who held it") {
        History h;
        h.send(0, 1, 0);
        h.append(1, 0, 1, 0, true);
        Note elected{.kind = NoteKind::partition_change, .partition = kPartition};
        elected.peer = NodeId(2);
        elected.leader_epoch = LeaderEpoch(1);
        elected.value = 1;
        h.note(NodeId(100), elected, {NodeId(2), NodeId(3)});
        h.ack(0, 1, 0);
        const auto ack = h.ledger.batch_of(0, RecordNumber(0))->ack();
        REQUIRE(ack.has_value());
        CHECK(ack->broker == NodeId(1));
        CHECK(ack->leader_epoch == LeaderEpoch(0));
        CHECK(ack->committed.leader == NodeId(2));
        CHECK(ack->committed.leader_epoch == LeaderEpoch(1));
        CHECK(ack->committed.isr == ReplicaList{NodeId(2), NodeId(3)});
        REQUIRE(ack->copies.size() == 1);
        CHECK(ack->copies[0] == NodeId(1));
    }

    TEST_CASE("a split batch moves its records to the new entries") {
        History h;
        h.send(0, 2, 0);
        for (std::int64_t i = 0; i < 2; ++i) {
            Note moved{.kind = NoteKind::record_queued, .partition = kPartition};
            moved.tag = BatchTag{kClient, static_cast<std::uint32_t>(1 + i)};
            moved.value = i;
            h.note(kClient, moved);
        }
        CHECK(h.ledger.batch_of(0, RecordNumber(0))->tag.number == 1);
        CHECK(h.ledger.batch_of(0, RecordNumber(1))->tag.number == 2);
    }

    TEST_CASE("a batch that was tried again tells both attempts and how the first ended") {
        History h;
        h.send(0, 1, 0);
        h.try_again(0, ErrorCode::not_leader_or_follower, 2);
        const trace::Attempts attempts = h.ledger.batch_of(0, RecordNumber(0))->attempts();
        REQUIRE(attempts.size() == 2);
        CHECK(attempts[0].broker == NodeId(1));
        CHECK(attempts[0].ended == ErrorCode::not_leader_or_follower);
        CHECK(attempts[1].broker == NodeId(2));
        CHECK(attempts[1].ended == ErrorCode::none);
        CHECK(attempts[1].at > attempts[0].at);
    }

    TEST_CASE("two copies of one batch in one log are told apart by where they stand") {
        History h;
        h.send(0, 2, 0);
        h.append(1, 0, 2, 0, true);
        h.append(1, 2, 4, 0, true);
        const trace::BatchEntry* entry = h.ledger.batch_of(0, RecordNumber(0));
        CHECK(entry->copy_count() == 2);
        CHECK(h.ledger.held_at(kPartition, NodeId(1), Offset(1)) == entry);
        CHECK(h.ledger.held_at(kPartition, NodeId(1), Offset(3)) == entry);
        h.truncate(1, 2);
        REQUIRE(entry->copy_count() == 1);
        CHECK(entry->copies()[0].base_offset == Offset(0));
        CHECK(entry->lost_copies()[0].copy.base_offset == Offset(2));
        CHECK(h.ledger.held_at(kPartition, NodeId(1), Offset(1)) == entry);
        CHECK(h.ledger.held_at(kPartition, NodeId(1), Offset(3)) == nullptr);
    }

    TEST_CASE("what an entry has told so far stays as it was, whatever door leads to its details") {
        struct Door {
            const char* name;
            bool before_answer;
            void (*pass)(History&);
        };
        const Door doors[] = {
            {"a second attempt", false,
             [](History& h) { h.try_again(0, ErrorCode::request_timed_out, 1); }},
            {"a copy elsewhere", false, [](History& h) { h.append(1, 20, 21, 0, true); }},
            {"a fourth copy", false, [](History& h) { h.append(4, 7, 8, 0, false); }},
            {"a copy cut", false, [](History& h) { h.truncate(2, 7); }},
            {"a record out of order", false,
             [](History& h) {
                 h.ledger.on_send(h.moment(), kClient, RecordNumber(1), kPartition);
                 h.send(2, 1, 0);
             }},
            {"an answer at another offset", true,
             [](History& h) {
                 Note answered{.kind = NoteKind::produce_answered, .partition = kPartition};
                 answered.tag = BatchTag{kClient, 0};
                 answered.first = Offset(30);
                 answered.leader_epoch = LeaderEpoch(0);
                 h.note(NodeId(1), answered);
             }},
            {"an acknowledgement nobody is known to have sent", true,
             [](History& h) {
                 Note acked{.kind = NoteKind::produce_ack, .partition = kPartition};
                 acked.tag = BatchTag{kClient, 0};
                 acked.first = Offset(30);
                 h.note(kClient, acked);
             }},
        };
        for (const Door& door : doors) {
            CAPTURE(door.name);
            History h;
            h.send(0, 1, 0);
            h.append(1, 7, 8, 0, true);
            h.append(3, 7, 8, 0, false);
            h.advance(1, 8);
            if (!door.before_answer) h.ack(7, 8, 0);
            h.append(2, 7, 8, 0, false);
            const trace::BatchEntry* entry = h.ledger.batch_of(0, RecordNumber(0));
            const auto tell = [&] {
                Told told;
                // A door may take broker 2's copy, or add some.
                for (const trace::Copy& copy : entry->copies())
                    if (copy.base_offset == Offset(7) && copy.broker.value() % 2 == 1)
                        told.push_back({copy.broker.value(), copy.base_offset.value(),
                                        copy.appended_at.time_since_epoch().count(),
                                        copy.as_leader});
                const auto ack = entry->ack();
                if (ack && !door.before_answer) {
                    told.push_back({ack->broker.value(), ack->base_offset->value(),
                                    ack->answered_at.time_since_epoch().count(), 0});
                    for (const NodeId holder : ack->copies)
                        told.push_back({holder.value(), 0, 0, 0});
                }
                const auto below = entry->below_high_watermark();
                told.push_back(
                    {0, below->base_offset.value(), below->at.time_since_epoch().count(), 0});
                const trace::Attempt first = entry->attempts()[0];
                told.push_back({first.broker.value(), 0, first.at.time_since_epoch().count(), 0});
                told.push_back({entry->number(0).value(), 0, 0, 0});
                return told;
            };
            const Told before = tell();
            CHECK(before.size() == (door.before_answer ? 2U : 5U) + 3U);
            door.pass(h);
            CHECK(tell() == before);
        }
    }

    TEST_CASE("a record that never entered a batch has its refusal, any other has none") {
        History h;
        h.send(0, 1, 0);
        h.ledger.on_send(h.moment(), kClient, RecordNumber(1), kPartition);
        Note refused{.kind = NoteKind::record_refused, .error = ErrorCode::record_list_too_large};
        refused.value = 1;
        h.note(kClient, refused);
        CHECK(h.ledger.refusal(0, RecordNumber(0)) == nullptr);
        REQUIRE(h.ledger.refusal(0, RecordNumber(1)) != nullptr);
        CHECK(h.ledger.refusal(0, RecordNumber(1))->error == ErrorCode::record_list_too_large);
        CHECK(h.ledger.refusal(0, RecordNumber(1))->at == at_ns(h.clock));
        CHECK(h.ledger.batch_of(0, RecordNumber(1)) == nullptr);
    }

    TEST_CASE("batches below a leader's high watermark are marked once, in order") {
        History h;
        h.send(0, 1, 0);
        h.send(1, 1, 1);
        h.append(1, 0, 1, 0, true);
        h.append(1, 1, 2, 1, true);
        h.advance(1, 1);
        CHECK(h.ledger.batch_of(0, RecordNumber(0))->has_passed());
        CHECK_FALSE(h.ledger.batch_of(0, RecordNumber(1))->has_passed());
        CHECK(h.ledger.highest_high_watermark(kPartition) == Offset(1));
    }

    TEST_CASE(
        "a watermark that moves on passes batch after batch, also those of an earlier leader") {
        History h;
        for (std::uint32_t i = 0; i < 5; ++i) {
            h.send(i, 1, i);
            h.append(1, i, i + 1, i, true);
            if (i < 4) h.append(2, i, i + 1, i, false);
        }
        h.advance(1, 1);
        h.advance(1, 3);
        for (std::int64_t i = 0; i < 5; ++i) CHECK(h.passed(i) == (i < 3));
        const auto third = h.ledger.batch_of(0, RecordNumber(2))->below_high_watermark();
        CHECK(third->at == at_ns(h.clock));
        // Broker 2 leads with a watermark that is behind; what it has not it cannot pass.
        h.lead(2, 1);
        h.send(5, 1, 5);
        h.append(2, 4, 5, 5, true);
        h.advance(2, 4);
        for (std::int64_t i = 0; i < 6; ++i) CHECK(h.passed(i) == (i < 4));
        h.advance(2, 5);
        CHECK(h.passed(5));
        CHECK_FALSE(h.passed(4));
        CHECK(h.ledger.batch_of(0, RecordNumber(2))->below_high_watermark()->at == third->at);
    }

    TEST_CASE("a zombie's watermark passes its own batches and says nothing of the new leader's") {
        History h;
        h.send(0, 1, 0);
        h.send(1, 1, 1);
        h.lead(1, 0);
        h.append(1, 0, 1, 0, true);
        h.lead(2, 0);
        h.append(2, 0, 1, 1, true);
        h.advance(1, 1);
        CHECK(h.passed(0));
        CHECK_FALSE(h.passed(1));
        Note answered{.kind = NoteKind::produce_answered, .partition = kPartition};
        answered.tag = BatchTag{kClient, 1};
        answered.first = Offset(0);
        answered.end = Offset(1);
        answered.leader_epoch = LeaderEpoch(0);
        h.note(NodeId(2), answered);
        h.advance(2, 1);
        CHECK(h.passed(1));
        Note acked{.kind = NoteKind::produce_ack, .partition = kPartition, .peer = NodeId(2)};
        acked.tag = answered.tag;
        acked.first = Offset(0);
        h.note(kClient, acked);
        CHECK(h.ledger.batch_of(0, RecordNumber(1))->ack()->leader_high_watermark == Offset(0));
    }
}

}  // namespace
