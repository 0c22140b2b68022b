// The producer against a cluster played by hand: batching, requests, retries, time-outs.

#include <doctest/doctest.h>

#include "tests/core/client_harness.h"

using namespace core;
using test::Bench;

namespace {

std::vector<std::int32_t> record_counts(const Bench& bench) {
    std::vector<std::int32_t> counts;
    for (std::size_t i = 0; i < bench.produces.size(); ++i)
        counts.push_back(bench.header(i).record_count);
    return counts;
}

}  // namespace

TEST_SUITE("core.client_producer") {
    TEST_CASE("the first record asks for a connection and metadata, then goes to the leader") {
        Bench bench;
        bench.answers_connect = false;
        bench.answers_metadata = false;
        CHECK_FALSE(bench.deadline());
        bench.send(0);
        CHECK(bench.opens.size() == 1);
        CHECK(bench.story().empty());
        bench.connect();
        REQUIRE(bench.others.size() == 1);
        bench.reply(bench.others[0], bench.cluster);
        if (!bench.opens.empty()) bench.connect();
        REQUIRE(bench.produces.size() == 1);
        CHECK(bench.produces[0].peer == NodeId(1));
        const ProduceRequest& request = Bench::produce(bench.produces[0]);
        CHECK(request.acks == Acks::all);
        CHECK(request.timeout == from_ms(30'000));
        CHECK(request.first_record == RecordNumber(0));
        CHECK(request.attempt == 0);
        CHECK(bench.story() == "metadata;queue 0>b0;send b0@1#0");
        bench.ack(41);
        CHECK(bench.story() == "ack b0 41..42");
        CHECK_FALSE(bench.producer().has_incomplete());
    }

    TEST_CASE("an acknowledgement tells the epoch and the ISR that the broker named") {
        Bench bench;
        bench.send(0);
        bench.ack(7);
        const Note ack = bench.notes(NoteKind::produce_ack).at(0);
        CHECK(ack.peer == NodeId(1));
        CHECK(ack.leader_epoch == LeaderEpoch(0));
        CHECK(ack.value == 3);
        CHECK(ack.tag->client == test::kClient);
    }

    TEST_CASE("linger holds a batch until its time, and a full one goes at once") {
        Bench bench;
        bench.config.linger = from_ms(5);
        bench.config.batch_size = 200;
        bench.send(0);
        bench.send(1);
        CHECK(bench.produces.empty());
        bench.pass(from_ms(5) - Duration(1));
        CHECK(bench.produces.empty());
        bench.pass(Duration(1));
        CHECK(record_counts(bench) == std::vector<std::int32_t>{2});
        // 61 + 92 fits 200 once: the second record of 90 bytes opens a batch, so the first goes.
        bench.send(2, 0, 90);
        CHECK(bench.produces.size() == 1);
        bench.send(3, 0, 90);
        CHECK(record_counts(bench) == std::vector<std::int32_t>{2, 1});
        bench.pass(from_ms(5));
        CHECK(record_counts(bench) == std::vector<std::int32_t>{2, 1, 1});
    }

    TEST_CASE("a ready partition takes the broker's other partitions with it, lingering or not") {
        Bench bench(6);  // broker 1 leads 0 and 3
        bench.config.linger = from_ms(10);
        bench.send(0, 0);
        bench.pass(from_ms(6));
        bench.send(1, 3);
        bench.pass(from_ms(4));
        REQUIRE(bench.produces.size() == 1);
        CHECK(Bench::produce(bench.produces[0]).partitions.size() == 2);
    }

    TEST_CASE("batch.size 0 holds two tiny records, and one of any other size") {
        struct Case {
            std::size_t bytes;
            std::int32_t records;
        };
        for (const Case& c : {Case{5, 2}, Case{10, 2}, Case{11, 1}, Case{200, 1}}) {
            const std::size_t bytes = c.bytes;
            CAPTURE(bytes);
            Bench bench;
            bench.config.batch_size = 0;
            bench.config.linger = from_ms(1);
            bench.send(0, 0, bytes);
            bench.send(1, 0, bytes);
            bench.send(2, 0, bytes);
            bench.pass(from_ms(1));
            CHECK(record_counts(bench).front() == c.records);
        }
    }

    TEST_CASE(
        "at most max.in.flight requests are out on a connection; the rest gathers in a batch") {
        Bench bench;
        for (std::int64_t n = 0; n < 9; ++n) bench.send(n);
        CHECK(record_counts(bench) == std::vector<std::int32_t>{1, 1, 1, 1, 1});
        bench.ack(0);
        CHECK(record_counts(bench) == std::vector<std::int32_t>{1, 1, 1, 1, 4});
    }

    TEST_CASE("a request stays within max.request.size and holds one batch of a partition") {
        Bench bench(6);
        bench.config.max_request_size = 1000;
        bench.config.max_in_flight_requests_per_connection = 1;
        bench.send(0, 0, 600);
        bench.send(1, 0, 600);
        bench.send(2, 3, 600);
        REQUIRE(bench.produces.size() == 1);
        bench.ack(0);
        REQUIRE(bench.produces.size() == 1);
        CHECK(Bench::produce(bench.produces[0]).partitions.size() == 1);
        bench.ack(0);
        REQUIRE(bench.produces.size() == 1);
        CHECK(Bench::produce(bench.produces[0]).partitions.size() == 1);
        bench.ack(1);
        CHECK(bench.produces.empty());
        CHECK_FALSE(bench.producer().has_incomplete());
    }

    TEST_CASE("V20 without idempotence: a retried batch lands behind those that passed it") {
        Bench bench;
        for (std::int64_t n = 0; n < 5; ++n) bench.send(n);
        bench.outcome();
        bench.answer(ErrorCode::not_enough_replicas);
        for (std::int64_t offset = 0; offset < 4; ++offset) bench.ack(offset);
        CHECK(bench.outcome() ==
              "retry b0 NOT_ENOUGH_REPLICAS#1;ack b1 0..1;ack b2 1..2;ack b3 2..3;ack b4 3..4");
        CHECK(bench.produces.empty());
        bench.pass(from_ms(121));  // 100 ms and 20 % of jitter
        REQUIRE(bench.produces.size() == 1);
        CHECK(Bench::produce(bench.produces[0]).attempt == 1);
        bench.ack(4);
        CHECK(bench.outcome() == "send b0@1#1;ack b0 4..5");
    }

    TEST_CASE("with one request in flight a retry keeps the order") {
        Bench bench;
        bench.config.max_in_flight_requests_per_connection = 1;
        for (std::int64_t n = 0; n < 3; ++n) bench.send(n);
        bench.outcome();
        bench.answer(ErrorCode::request_timed_out);
        bench.pass(from_ms(50));
        CHECK(bench.produces.empty());
        bench.pass(from_ms(71));
        bench.ack(0);
        bench.ack(1);
        CHECK(bench.outcome() ==
              "retry b0 REQUEST_TIMED_OUT#1;send b0@1#1;ack b0 0..1;send b1@1#0;ack b1 1..3");
    }

    TEST_CASE("V21: a retry after the append is a second record, without idempotence") {
        Bench bench;
        bench.send(0);
        bench.answer(ErrorCode::not_enough_replicas_after_append);
        bench.pass(from_ms(121));
        REQUIRE(bench.produces.size() == 1);
        CHECK_FALSE(bench.header(0).producer);
        bench.ack(1);
        CHECK(bench.outcome() ==
              "send b0@1#0;retry b0 NOT_ENOUGH_REPLICAS_AFTER_APPEND#1;send b0@1#1;ack b0 1..2");
    }

    TEST_CASE("retries back off twice as long each time, up to the maximum; fixed before 3.7") {
        for (const bool exponential : {true, false}) {
            CAPTURE(exponential);
            Bench bench;
            bench.profile.retry_backoff_exponential = exponential;
            bench.send(0);
            std::int64_t base_ms = 100;
            for (int attempt = 1; attempt <= 6; ++attempt) {
                const TimePoint failed = bench.now;
                bench.answer(ErrorCode::request_timed_out);
                while (bench.produces.empty()) bench.pass_to(*bench.deadline());
                const std::int64_t waited_ms = to_ms(bench.now - failed);
                CAPTURE(attempt);
                if (exponential) {
                    CHECK(waited_ms >= base_ms * 8 / 10);
                    CHECK(waited_ms <= std::min<std::int64_t>(base_ms * 12 / 10, 1000));
                    base_ms = std::min<std::int64_t>(base_ms * 2, 1000);
                } else {
                    CHECK(waited_ms == 100);
                }
            }
        }
    }

    TEST_CASE("a batch out of retries fails with its last error") {
        Bench bench;
        bench.config.retries = 1;
        bench.send(0);
        bench.answer(ErrorCode::not_enough_replicas);
        bench.pass(from_ms(121));
        bench.answer(ErrorCode::not_enough_replicas);
        CHECK(
            bench.outcome() ==
            "send b0@1#0;retry b0 NOT_ENOUGH_REPLICAS#1;send b0@1#1;error b0 NOT_ENOUGH_REPLICAS");
    }

    TEST_CASE("errors that are not retriable fail the batch at once") {
        for (const ErrorCode error :
             {ErrorCode::invalid_required_acks, ErrorCode::record_list_too_large,
              ErrorCode::invalid_record, ErrorCode::invalid_timestamp,
              ErrorCode::unknown_server_error, ErrorCode::message_too_large}) {
            CAPTURE(name(error));
            Bench bench;
            bench.send(0);
            bench.answer(error);
            CHECK(bench.outcome() == concat("send b0@1#0;error b0 ", name(error)));
        }
    }

    TEST_CASE("a batch too large for the broker is cut by batch.size and sent again at once") {
        Bench bench;
        bench.config.linger = from_ms(1);
        bench.send(0, 0, 300);
        bench.send(1, 0, 300);
        bench.send(2, 0, 300);
        bench.pass(from_ms(1));
        CHECK(record_counts(bench) == std::vector<std::int32_t>{3});
        bench.story();
        bench.answer(ErrorCode::message_too_large);
        // All three fit batch.size, so Kafka makes the same batch again under another name.
        CHECK(bench.story() == "queue 0>b1;queue 1>b1;queue 2>b1;send b1@1#0");
        bench.ack(0);
        CHECK(bench.outcome() == "ack b1 0..3");
        CHECK_FALSE(bench.producer().has_incomplete());
    }

    TEST_CASE("delivery.timeout counts from the batch's creation, inclusive, queued or in flight") {
        Bench bench;
        bench.config.delivery_timeout = from_ms(1'000);
        bench.config.request_timeout = from_ms(5'000);
        bench.send(0);
        bench.pass(from_ms(400));
        bench.answer(ErrorCode::not_enough_replicas);
        bench.pass(from_ms(121));  // in flight again
        bench.send(1);
        bench.outcome();
        bench.pass_to(at_ns(0) + from_ms(1'000) - Duration(1));
        CHECK(bench.outcome().empty());
        bench.pass(Duration(1));
        CHECK(bench.outcome() == "error b0 DELIVERY_TIMEOUT");
        // Its late success is no second outcome.
        bench.ack(0);
        CHECK(bench.outcome().empty());
        // The second batch fails in flight and waits for a leader until its own time is up.
        bench.lead(0, std::nullopt, 1);
        bench.answer(ErrorCode::not_leader_or_follower);
        CHECK(bench.outcome() == "retry b1 NOT_LEADER_OR_FOLLOWER#1");
        bench.pass_to(at_ns(0) + from_ms(1'521) - Duration(1));
        CHECK(bench.outcome().empty());
        bench.pass(Duration(1));
        CHECK(bench.outcome() == "error b1 DELIVERY_TIMEOUT");
        CHECK_FALSE(bench.producer().has_incomplete());
    }

    TEST_CASE("acks=0 succeeds when written, without offsets, and waits for nobody") {
        Bench bench;
        bench.config.acks = 0;
        for (std::int64_t n = 0; n < 8; ++n) bench.send(n);
        CHECK(bench.notes(NoteKind::produce_ack).size() == 8);
        CHECK_FALSE(bench.notes(NoteKind::produce_ack)[0].first);
        CHECK_FALSE(bench.producer().has_incomplete());
    }

    TEST_CASE("a full buffer makes sends wait in order, and max.block.ms fails them") {
        Bench bench;
        bench.config.buffer_memory = 2 * 16'384;
        bench.config.max_block = from_ms(1'000);
        bench.config.max_in_flight_requests_per_connection = 1;
        bench.send(0, 0);
        bench.send(1, 0, 16'000);
        bench.pass(from_ms(100));
        bench.send(2, 0, 16'000);
        bench.send(3, 0, 1);
        bench.outcome();
        bench.pass(from_ms(500));
        CHECK(bench.story().empty());
        bench.ack(0);  // memory for record 2; record 3 enters its batch
        CHECK(bench.story() == "ack b0 0..1;queue 2>b2;queue 3>b2;send b1@1#0");
        bench.send(4, 0, 16'000);
        bench.pass(from_ms(1'000) - Duration(1));
        CHECK(bench.story().empty());
        bench.pass(Duration(1));
        CHECK(bench.story() == "refuse 4 BUFFER_EXHAUSTED");
    }

    TEST_CASE("a record larger than max.request.size is refused at once") {
        Bench bench;
        bench.config.max_request_size = 1'000;
        bench.send(0, 0, 2'000);
        CHECK(bench.outcome() == "refuse 0 MESSAGE_TOO_LARGE");
        bench.send(1);
        CHECK(bench.outcome() == "send b0@1#0");
    }

    TEST_CASE("without metadata a send fails after max.block.ms; with max.block.ms 0 at once") {
        Bench bench;
        bench.answers_connect = false;
        bench.config.max_block = from_ms(60'000);
        bench.send(0);
        bench.pass(from_ms(59'999));
        CHECK(bench.story().empty());
        bench.pass(from_ms(1));
        CHECK(bench.story() == "refuse 0 METADATA_TIMEOUT");

        Bench hasty;
        hasty.answers_connect = false;
        hasty.config.max_block = Duration::zero();
        hasty.send(0);
        CHECK(hasty.story() == "refuse 0 METADATA_TIMEOUT");
        CHECK(hasty.opens.size() == 1);
    }

    TEST_CASE(
        "a silent broker costs its connection after request.timeout, and the batch is retried") {
        Bench bench;
        bench.config.request_timeout = from_ms(2'000);
        bench.send(0);
        bench.outcome();
        const auto before = bench.closed.size();
        bench.pass(from_ms(2'000));
        CHECK(bench.closed.size() == before);
        const int asked = bench.metadata_requests;
        bench.lead(0, NodeId(2), 1);
        bench.pass(Duration(1));
        CHECK(bench.closed.size() == before + 1);
        CHECK(bench.metadata_requests == asked + 1);
        bench.pass(from_ms(200));
        CHECK(bench.outcome() == "retry b0 NETWORK_EXCEPTION#1;send b0@2#1");
        bench.ack(0);
        CHECK(bench.outcome() == "ack b0 0..1");
    }

    TEST_CASE("a lost connection fails all it carried, oldest first, and asks for metadata") {
        Bench bench;
        for (std::int64_t n = 0; n < 3; ++n) bench.send(n);
        bench.pass(from_ms(1'000));
        bench.outcome();
        const int asked = bench.metadata_requests;
        bench.lead(0, NodeId(3), 1);
        bench.lose(NodeId(1));
        // The new leader is known before any back-off ends, and the raised epoch ends them all.
        CHECK(bench.metadata_requests == asked + 1);
        CHECK(bench.outcome() ==
              "retry b0 NETWORK_EXCEPTION#1;retry b1 NETWORK_EXCEPTION#1;"
              "retry b2 NETWORK_EXCEPTION#1;send b2@3#1;send b1@3#1;send b0@3#1");
    }

    TEST_CASE("KIP-951: a named newer leader is used without metadata and without back-off") {
        for (const bool names_leader : {true, false}) {
            CAPTURE(names_leader);
            Bench bench;
            bench.profile.produce_response_names_leader = names_leader;
            bench.send(0);
            bench.answers_metadata = false;
            bench.outcome();
            bench.answer(ErrorCode::not_leader_or_follower, std::nullopt, 0,
                         CurrentLeader{NodeId(2), LeaderEpoch(1)});
            CHECK(bench.outcome() == (names_leader ? "retry b0 NOT_LEADER_OR_FOLLOWER#1;send b0@2#1"
                                                   : "retry b0 NOT_LEADER_OR_FOLLOWER#1"));
        }
        // An older or equal epoch is no news.
        Bench bench;
        bench.send(0);
        bench.outcome();
        bench.answers_metadata = false;
        bench.answer(ErrorCode::not_leader_or_follower, std::nullopt, 0,
                     CurrentLeader{NodeId(2), LeaderEpoch(0)});
        CHECK(bench.outcome() == "retry b0 NOT_LEADER_OR_FOLLOWER#1");
    }

    TEST_CASE("errors about leaders ask for metadata, others do not") {
        struct Case {
            ErrorCode error;
            bool refreshes;
        };
        for (const Case& c :
             {Case{ErrorCode::not_leader_or_follower, true},
              Case{ErrorCode::leader_not_available, true},
              Case{ErrorCode::kafka_storage_error, true},
              Case{ErrorCode::fenced_leader_epoch, true},
              Case{ErrorCode::not_enough_replicas, false},
              Case{ErrorCode::request_timed_out, false}, Case{ErrorCode::corrupt_message, false}}) {
            CAPTURE(name(c.error));
            Bench bench;
            bench.send(0);
            bench.pass(from_ms(5'000));
            const int asked = bench.metadata_requests;
            bench.answer(c.error);
            CHECK((bench.metadata_requests > asked) == c.refreshes);
        }
    }

    TEST_CASE("a partition without a leader is asked for less and less often, and then sent") {
        Bench bench;
        bench.send(0);
        bench.ack(0);
        bench.pass(from_ms(10'000));
        bench.lead(0, std::nullopt, 1);
        bench.lose(NodeId(1));
        bench.send(1);
        int asked = bench.metadata_requests;
        bench.pass(from_ms(10'000));
        // 100, 200, 400, 800, 1000, 1000, ... ms, each with 20 % of jitter.
        CHECK(bench.metadata_requests - asked >= 10);
        CHECK(bench.metadata_requests - asked <= 17);
        bench.lead(0, NodeId(2), 2);
        bench.pass(from_ms(1'200));
        REQUIRE(bench.produces.size() == 1);
        CHECK(bench.produces[0].peer == NodeId(2));
        asked = bench.metadata_requests;
        bench.ack(1);
        bench.pass(from_ms(10'000));
        CHECK(bench.metadata_requests == asked);
    }

    TEST_CASE("metadata is refreshed when it is max age old, idle or not") {
        Bench bench;
        bench.send(0);
        bench.ack(0);
        const int asked = bench.metadata_requests;
        bench.pass(from_ms(299'000));
        CHECK(bench.metadata_requests == asked);
        bench.pass(from_ms(2'000));
        CHECK(bench.metadata_requests == asked + 1);
    }

    TEST_CASE("a broker that refuses is tried again after its reconnect back-off") {
        Bench bench;
        bench.send(0);
        bench.ack(0);
        bench.pass(from_ms(1'000));
        bench.answers_connect = false;
        bench.answers_metadata = false;
        bench.lose(NodeId(1));
        bench.send(1);
        std::vector<std::int64_t> waits_ms;
        TimePoint refused = bench.now;
        for (int i = 0; i < 5; ++i) {
            bench.opens.erase(
                std::remove_if(bench.opens.begin(), bench.opens.end(),
                               [](const test::OpenEffect& open) { return open.peer != NodeId(1); }),
                bench.opens.end());
            while (bench.opens.empty()) {
                bench.pass_to(*bench.deadline());
                std::erase_if(bench.opens,
                              [](const test::OpenEffect& open) { return open.peer != NodeId(1); });
            }
            waits_ms.push_back(to_ms(bench.now - refused));
            refused = bench.now;
            bench.refuse_open(0);
        }
        CHECK(waits_ms[0] >= 40);
        CHECK(waits_ms[0] <= 60);
        CHECK(waits_ms[1] >= 40);
        CHECK(waits_ms[2] > waits_ms[1]);
        CHECK(waits_ms[4] <= 1'000);
    }

    TEST_CASE("a client that starts again goes on with its batch numbers") {
        Bench bench;
        const Producer later(test::kClient, 42, bench.profile, bench.config, bench.topics,
                             bench.bootstrap, 17);
        CHECK(later.next_batch_number() == 17);
    }
}
