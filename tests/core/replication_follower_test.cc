// What a follower does with each kind of answer.
#include <doctest/doctest.h>

#include "core/record/batch_builder.h"
#include "core/replication/follower.h"
#include "tests/core/memory_storage.h"

namespace {

using namespace core;

/// Broker 2 follows broker 1 in partition 0, epoch 3, with what it appended before.
struct Follow {
    test::MemoryStorage storage;
    TopicTable topics;
    std::optional<LogManager> logs;
    std::uint64_t next_connection = 0;
    MessagePool messages;
    Effects effects{&next_connection, messages};
    ReplicationContext context;
    Log* log = nullptr;
    std::optional<Follower> follower;

    explicit Follow(const char* kafka = "3.9")
        : context{NodeId(2), *find_profile(kafka)->profile, from_ms(30'000)} {
        topics.add("t", 1, 2, 1);
        logs.emplace(storage, topics);
        logs->open();
        log = &logs->create(PartitionId(0), TopicConfig{}, at_ns(0));
        context.now = at_ns(0);
        context.effects = &effects;
        PartitionRegistration registration;
        registration.replicas = {NodeId(1), NodeId(2)};
        registration.isr = registration.replicas;
        registration.leader = NodeId(1);
        registration.leader_epoch = LeaderEpoch(3);
        follower.emplace(PartitionId(0), *log, registration);
        follower->start_fetching(*logs, context);
    }
    static Batch batch(std::int64_t base, std::int32_t epoch, int records) {
        BatchBuilder builder(1 << 16);
        for (int i = 0; i < records; ++i) builder.append(std::nullopt, as_bytes("x"), 0);
        return Batch{Offset(base), LeaderEpoch(epoch), builder.close(std::nullopt, std::nullopt)};
    }
    static FetchPartitionResponse answer(std::int64_t high_watermark) {
        FetchPartitionResponse made(PartitionId(0));
        made.high_watermark = Offset(high_watermark);
        return made;
    }
    FetchOutcome take(const FetchPartitionResponse& response) {
        return follower->on_response(follower->request(*context.profile), response, *logs, context);
    }
    FetchOutcome take_batches(std::int64_t high_watermark, std::vector<Batch> batches) {
        FetchPartitionResponse response = answer(high_watermark);
        for (Batch& each : batches) response.batches.push_back(std::move(each));
        return take(response);
    }
    FetchOutcome take_error(ErrorCode error) {
        FetchPartitionResponse response = answer(0);
        response.error = error;
        return take(response);
    }
    FetchPartition request() const { return follower->request(*context.profile); }
};

}  // namespace

TEST_SUITE("core.follower") {
    TEST_CASE("records are appended as received, and the watermark is the smaller of the two") {
        Follow f;
        CHECK(f.take_batches(1, {Follow::batch(0, 2, 2), Follow::batch(2, 3, 1)}) ==
              FetchOutcome::moved);
        CHECK(f.log->log_end_offset() == Offset(3));
        CHECK(f.log->high_watermark() == Offset(1));
        CHECK(f.request().fetch_offset == Offset(3));
        CHECK(f.request().last_fetched_epoch == LeaderEpoch(3));
        CHECK(f.take(Follow::answer(9)) == FetchOutcome::unchanged);
        CHECK(f.log->high_watermark() == Offset(3));
        // A new leader may know less: the follower's watermark falls with it.
        CHECK(f.take(Follow::answer(2)) == FetchOutcome::unchanged);
        CHECK(f.log->high_watermark() == Offset(2));
    }

    TEST_CASE("batches of a newer epoch than the one fetched under are left out (KAFKA-18723)") {
        struct Row {
            const char* kafka;
            std::int64_t end;
        };
        for (const Row& row : {Row{"3.6", 2}, Row{"3.9", 1}, Row{"4.0", 2}, Row{"4.1", 1}}) {
            CAPTURE(row.kafka);
            Follow f(row.kafka);
            CHECK(f.take_batches(0, {Follow::batch(0, 3, 1), Follow::batch(1, 4, 1)}) ==
                  FetchOutcome::moved);
            CHECK(f.log->log_end_offset() == Offset(row.end));
        }
    }

    TEST_CASE("an answer to another offset, or while delayed, is ignored") {
        Follow f;
        FetchPartition other = f.request();
        other.fetch_offset = Offset(7);
        CHECK(f.follower->on_response(other, Follow::answer(0), *f.logs, f.context) ==
              FetchOutcome::ignored);
        f.follower->delay(at_ns(10));
        CHECK(f.take(Follow::answer(0)) == FetchOutcome::ignored);
        f.context.now = at_ns(10);
        CHECK(f.take(Follow::answer(0)) == FetchOutcome::unchanged);
    }

    TEST_CASE("errors: fenced under the current epoch stops, the others wait") {
        for (ErrorCode error :
             {ErrorCode::not_leader_or_follower, ErrorCode::unknown_leader_epoch,
              ErrorCode::unknown_topic_or_partition, ErrorCode::kafka_storage_error}) {
            Follow f;
            CHECK(f.take_error(error) == FetchOutcome::delayed);
        }
        Follow f;
        FetchPartition older = f.request();
        older.current_leader_epoch = LeaderEpoch(2);
        FetchPartitionResponse fenced = Follow::answer(0);
        fenced.error = ErrorCode::fenced_leader_epoch;
        // The epoch moved on meanwhile: try again.
        CHECK(f.follower->on_response(older, fenced, *f.logs, f.context) == FetchOutcome::delayed);
        CHECK(f.take(fenced) == FetchOutcome::stopped);
        CHECK_FALSE(f.follower->fetching());
    }

    TEST_CASE("a divergence cuts the log and leaves the watermark of its answer aside") {
        Follow f;
        f.take_batches(0, {Follow::batch(0, 1, 2), Follow::batch(2, 2, 3)});
        FetchPartitionResponse diverging = Follow::answer(9);
        diverging.diverging = OffsetAndEpoch{Offset(4), LeaderEpoch(1)};
        CHECK(f.take(diverging) == FetchOutcome::moved);
        // Its own epoch 1 ends at 2, before the leader's.
        CHECK(f.log->log_end_offset() == Offset(2));
        CHECK(f.log->high_watermark() == Offset(0));
        CHECK(f.request().last_fetched_epoch == LeaderEpoch(1));
    }

    TEST_CASE("out of range: cut to the leader's end, or begin at its start") {
        Follow f;
        f.take_batches(0, {Follow::batch(0, 1, 5)});
        CHECK(f.take_error(ErrorCode::offset_out_of_range) == FetchOutcome::out_of_range);
        CHECK_FALSE(f.follower->ready_to_fetch(f.context.now));
        CHECK_FALSE(f.follower->on_leader_end(Offset(0), *f.logs, f.context));
        CHECK(f.log->log_end_offset() == Offset(0));
        CHECK(f.follower->ready_to_fetch(f.context.now));

        Follow g;
        CHECK(g.take_error(ErrorCode::offset_out_of_range) == FetchOutcome::out_of_range);
        CHECK(g.follower->on_leader_end(Offset(100), *g.logs, g.context));
        g.follower->on_leader_start(Offset(40), *g.logs, g.context);
        CHECK(g.log->log_start() == Offset(40));
        CHECK(g.request().fetch_offset == Offset(40));
    }

    TEST_CASE("only a newer leader epoch starts the fetch over") {
        Follow f;
        PartitionRegistration registration;
        registration.replicas = {NodeId(1), NodeId(2)};
        registration.isr = {NodeId(1)};
        registration.leader = NodeId(1);
        registration.leader_epoch = LeaderEpoch(3);
        registration.partition_epoch = PartitionEpoch(1);
        CHECK_FALSE(f.follower->on_registration(registration));
        registration.leader_epoch = LeaderEpoch(4);
        registration.partition_epoch = PartitionEpoch(2);
        CHECK(f.follower->on_registration(registration));
        // What is older than known changes nothing.
        registration.leader_epoch = LeaderEpoch(9);
        registration.partition_epoch = PartitionEpoch(1);
        CHECK_FALSE(f.follower->on_registration(registration));
        CHECK(f.follower->epoch() == LeaderEpoch(4));
    }
}
