// Idempotence at the client: sequences over retries, gaps, epoch bumps.

#include <doctest/doctest.h>

#include "tests/core/client_harness.h"

using namespace core;
using test::Bench;

namespace {

/// An idempotent producer with `records` acknowledged batches of one record (sequences 0, 1, ...).
struct Idempotent : Bench {
    explicit Idempotent(std::int64_t records = 0, std::uint32_t partitions = 1)
        : Bench(partitions) {
        config.enable_idempotence = true;
        for (std::int64_t n = 0; n < records; ++n) {
            send(n);
            ack(n);
        }
        story();
    }
};

std::vector<std::int32_t> sequences(const Bench& bench) {
    std::vector<std::int32_t> found;
    for (std::size_t i = 0; i < bench.produces.size(); ++i) found.push_back(bench.sequence(i));
    return found;
}

}  // namespace

TEST_SUITE("core.client_idempotence") {
    TEST_CASE("the producer id comes before the first batch, which starts at sequence 0") {
        Idempotent bench;
        bench.answers_producer_id = false;
        bench.send(0);
        CHECK(bench.produces.empty());
        REQUIRE(bench.others.size() == 1);
        bench.reply(bench.others[0], InitProducerIdResponse{.error = ErrorCode::none,
                                                            .producer_id = ProducerId(12),
                                                            .producer_epoch = ProducerEpoch(0)});
        REQUIRE(bench.produces.size() == 1);
        CHECK(bench.header(0).producer ==
              ProducerFields{ProducerId(12), ProducerEpoch(0), Sequence(0)});
        CHECK(bench.outcome() == "pid 12;send b0@1#0");
    }

    TEST_CASE("a refused or lost InitProducerId is asked again after the back-off") {
        Idempotent bench;
        bench.answers_producer_id = false;
        bench.send(0);
        REQUIRE(bench.others.size() == 1);
        const test::Request first = bench.others[0];
        bench.others.clear();
        bench.reply(first, InitProducerIdResponse{.error = ErrorCode::unknown_server_error,
                                                  .producer_id = std::nullopt,
                                                  .producer_epoch = std::nullopt});
        CHECK(bench.others.empty());
        bench.pass(from_ms(100));
        REQUIRE(bench.others.size() == 1);
        bench.lose(bench.others[0].peer);
        CHECK(bench.others.empty());
        bench.answers_producer_id = true;
        bench.pass(from_ms(200));
        CHECK(bench.produces.size() == 1);
    }

    TEST_CASE("V20: with five in flight a retry keeps the order, one batch at a time") {
        Idempotent bench;
        for (std::int64_t n = 0; n < 5; ++n) bench.send(n);
        CHECK(sequences(bench) == std::vector<std::int32_t>{0, 1, 2, 3, 4});
        bench.outcome();
        bench.answer(ErrorCode::not_enough_replicas);
        for (int i = 0; i < 4; ++i) bench.answer(ErrorCode::out_of_order_sequence_number);
        bench.send(5);
        CHECK(bench.produces.empty());
        bench.outcome();
        for (std::int32_t n = 0; n < 5; ++n) {
            bench.pass(from_ms(121));
            // The last one that is retried no longer holds up what has no sequence yet.
            const std::vector<std::int32_t> last{4, 5};
            REQUIRE(sequences(bench) == (n < 4 ? std::vector<std::int32_t>{n} : last));
            bench.ack(n);
        }
        CHECK(sequences(bench) == std::vector<std::int32_t>{5});
        CHECK(bench.outcome() ==
              "send b0@1#1;ack b0 0..1;send b1@1#1;ack b1 1..2;send b2@1#1;ack b2 2..3;"
              "send b3@1#1;ack b3 3..4;send b4@1#1;send b5@1#0;ack b4 4..5");
        CHECK(bench.notes(NoteKind::epoch_bump).empty());
    }

    TEST_CASE("V21: a retry after the append carries the same sequence") {
        Idempotent bench(3);
        bench.send(3);
        bench.answer(ErrorCode::not_enough_replicas_after_append);
        bench.pass(from_ms(121));
        REQUIRE(sequences(bench) == std::vector<std::int32_t>{3});
        bench.ack(3);
        CHECK(bench.outcome() ==
              "send b3@1#0;retry b3 NOT_ENOUGH_REPLICAS_AFTER_APPEND#1;send b3@1#1;ack b3 3..4");
    }

    TEST_CASE("a duplicate sequence is a success whose offset nobody knows") {
        Idempotent bench(1);
        bench.send(1);
        bench.answer(ErrorCode::duplicate_sequence_number);
        CHECK(bench.outcome() == "send b1@1#0;ack b1");
    }

    TEST_CASE("V19: a real gap bumps the epoch, and the batch is sent again from sequence 0") {
        Idempotent bench(10);
        bench.send(10);
        CHECK(sequences(bench) == std::vector<std::int32_t>{10});
        bench.outcome();
        bench.answer(ErrorCode::out_of_order_sequence_number);
        bench.pass(from_ms(121));
        REQUIRE(bench.produces.size() == 1);
        CHECK(bench.header(0).producer ==
              ProducerFields{ProducerId(7), ProducerEpoch(1), Sequence(0)});
        bench.ack(5);
        CHECK(bench.outcome() ==
              "retry b10 OUT_OF_ORDER_SEQUENCE_NUMBER#1;epoch 1;send b10@1#1;ack b10 5..6");
        bench.send(11);
        CHECK(bench.header(0).producer ==
              ProducerFields{ProducerId(7), ProducerEpoch(1), Sequence(1)});
    }

    TEST_CASE("V19 with more in flight: all of the partition are numbered anew, in order") {
        Idempotent bench(10);
        for (std::int64_t n = 10; n < 13; ++n) bench.send(n);
        CHECK(sequences(bench) == std::vector<std::int32_t>{10, 11, 12});
        for (int i = 0; i < 3; ++i) bench.answer(ErrorCode::out_of_order_sequence_number);
        for (std::int32_t n = 0; n < 3; ++n) {
            bench.pass(from_ms(121));
            REQUIRE(sequences(bench) == std::vector<std::int32_t>{n});
            CHECK(bench.header(0).producer->epoch == ProducerEpoch(1));
            bench.ack(5 + n);
        }
        CHECK(bench.notes(NoteKind::epoch_bump).size() == 1);
        CHECK(bench.notes(NoteKind::produce_error).empty());
    }

    TEST_CASE("V19 before 2.5: the gap fails the batch and costs the producer id") {
        Idempotent bench;
        bench.profile.idempotence_epoch_bump = false;
        bench.send(0);
        bench.ack(0);
        bench.send(1);
        bench.outcome();
        bench.answer(ErrorCode::out_of_order_sequence_number);
        CHECK(bench.outcome() == "error b1 OUT_OF_ORDER_SEQUENCE_NUMBER;pid 7");
        bench.send(2);
        CHECK(sequences(bench) == std::vector<std::int32_t>{0});
    }

    TEST_CASE("another partition starts over with the new epoch once its batches have ended") {
        Idempotent bench(2, 2);
        bench.send(2, 1);
        bench.send(3, 0);
        CHECK(sequences(bench) == std::vector<std::int32_t>{0, 2});
        bench.answer(ErrorCode::out_of_order_sequence_number, std::nullopt, 1);
        CHECK(bench.outcome().find("epoch 1") != std::string::npos);
        bench.send(4, 1);  // waits: a batch of the old epoch is under way there
        CHECK(bench.produces.size() == 1);
        bench.ack(0);
        REQUIRE(bench.produces.size() == 1);
        CHECK(bench.header(0).producer ==
              ProducerFields{ProducerId(7), ProducerEpoch(1), Sequence(0)});
    }

    TEST_CASE("an unknown producer id bumps the epoch and is retried") {
        Idempotent bench(4);
        bench.send(4);
        bench.answer(ErrorCode::unknown_producer_id);
        bench.pass(from_ms(121));
        REQUIRE(bench.produces.size() == 1);
        CHECK(bench.header(0).producer->epoch == ProducerEpoch(1));
        CHECK(bench.sequence(0) == 0);
    }

    TEST_CASE("a batch that the broker refuses for good bumps the epoch for those behind it") {
        Idempotent bench(1);
        bench.send(1);
        bench.send(2);
        bench.outcome();
        bench.answer(ErrorCode::invalid_timestamp);
        CHECK(bench.outcome() == "error b1 INVALID_TIMESTAMP;epoch 1");
        bench.answer(ErrorCode::out_of_order_sequence_number);
        bench.pass(from_ms(121));
        REQUIRE(bench.produces.size() == 1);
        CHECK(bench.header(0).producer ==
              ProducerFields{ProducerId(7), ProducerEpoch(1), Sequence(0)});
    }

    TEST_CASE("a retried batch that expires leaves its partition unresolved until the rest ended") {
        Idempotent bench;
        bench.config.delivery_timeout = from_ms(1'000);
        bench.config.request_timeout = from_ms(5'000);
        bench.send(0);
        bench.ack(0);
        bench.send(1);
        bench.answer(ErrorCode::request_timed_out);
        bench.pass(from_ms(500));  // sent again
        REQUIRE(bench.produces.size() == 1);
        bench.pass(from_ms(100));
        bench.outcome();
        bench.pass(from_ms(400));
        CHECK(bench.outcome() == "error b1 DELIVERY_TIMEOUT;epoch 1");
        bench.send(2);
        REQUIRE(bench.produces.size() == 2);
        CHECK(bench.header(1).producer ==
              ProducerFields{ProducerId(7), ProducerEpoch(1), Sequence(0)});
    }

    TEST_CASE("an expired batch is no gap when a later one succeeded") {
        Idempotent bench;
        bench.config.delivery_timeout = from_ms(1'000);
        bench.config.request_timeout = from_ms(5'000);
        bench.send(0);
        bench.answer(ErrorCode::request_timed_out);
        bench.pass(from_ms(500));  // b0 is out again
        bench.send(1);             // b1 behind it
        REQUIRE(sequences(bench) == std::vector<std::int32_t>{0, 1});
        bench.outcome();
        bench.pass(from_ms(500));
        CHECK(bench.outcome() == "error b0 DELIVERY_TIMEOUT");
        bench.send(2);  // waits until b1 has ended
        CHECK(bench.produces.size() == 2);
        bench.ack(0);  // late: no outcome, but the sequence counts
        CHECK(bench.outcome().empty());
        bench.ack(1);
        CHECK(bench.outcome() == "ack b1 1..2;send b2@1#0");
        CHECK(sequences(bench) == std::vector<std::int32_t>{2});
        CHECK(bench.notes(NoteKind::epoch_bump).empty());
    }

    TEST_CASE("a late failure of an expired batch moves nothing") {
        Idempotent bench;
        bench.config.delivery_timeout = from_ms(1'000);
        bench.config.request_timeout = from_ms(5'000);
        bench.send(0);
        bench.pass(from_ms(500));
        bench.send(1);
        REQUIRE(sequences(bench) == std::vector<std::int32_t>{0, 1});
        bench.outcome();
        bench.pass(from_ms(500));
        // It was sent only once, so that its partition does not become unresolved.
        CHECK(bench.outcome() == "error b0 DELIVERY_TIMEOUT");
        bench.answer(ErrorCode::not_enough_replicas_after_append);
        bench.send(2);
        CHECK(bench.outcome() == "send b2@1#0");
        REQUIRE(sequences(bench) == std::vector<std::int32_t>{1, 2});
        CHECK(bench.header(1).producer->epoch == ProducerEpoch(0));
        bench.answer(ErrorCode::none, 1);
        bench.answer(ErrorCode::none, 2);
        CHECK(bench.outcome() == "ack b1 1..2;ack b2 2..3");
        CHECK(bench.notes(NoteKind::epoch_bump).empty());
    }

    TEST_CASE("a split batch hands its sequences on to its parts") {
        Idempotent lingering;
        lingering.config.linger = from_ms(1);
        for (std::int64_t n = 0; n < 3; ++n) lingering.send(n, 0, 50);
        lingering.pass(from_ms(1));
        REQUIRE(lingering.header(0).record_count == 3);
        lingering.answer(ErrorCode::message_too_large);
        REQUIRE(lingering.produces.size() == 1);
        CHECK(lingering.sequence(0) == 0);
        lingering.ack(0);
        lingering.send(3, 0, 50);
        lingering.pass(from_ms(1));
        CHECK(lingering.sequence(0) == 3);
    }

    TEST_CASE("a first batch that was overtaken at a broker without state never gets in") {
        // 2.5 and later: a broker that does not know the producer takes any first sequence. The
        // second batch went in; the first is out of order for ever, but not "the next one".
        Idempotent bench;
        bench.send(0);
        bench.send(1);
        bench.answer(ErrorCode::not_enough_replicas);
        bench.ack(0);
        bench.outcome();
        for (int i = 0; i < 3; ++i) {
            bench.pass(from_ms(1'000));
            REQUIRE(sequences(bench) == std::vector<std::int32_t>{0});
            bench.answer(ErrorCode::out_of_order_sequence_number);
        }
        CHECK(bench.notes(NoteKind::epoch_bump).empty());
        CHECK(bench.notes(NoteKind::produce_retry).size() == 4);
    }

    TEST_CASE("lost connections with five in flight come back in sequence order") {
        Idempotent bench;
        for (std::int64_t n = 0; n < 5; ++n) bench.send(n);
        bench.outcome();
        bench.lead(0, NodeId(2), 1);
        bench.lose(NodeId(1));
        for (std::int32_t n = 0; n < 5; ++n) {
            bench.pass(from_ms(121));
            REQUIRE(sequences(bench) == std::vector<std::int32_t>{n});
            CHECK(bench.produces[0].peer == NodeId(2));
            bench.ack(n);
        }
    }
}
