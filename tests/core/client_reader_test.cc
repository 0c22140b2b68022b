// The audit's reader against brokers played by hand.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "core/client/reader.h"
#include "core/record/batch_builder.h"
#include "tests/core/effect_list.h"

using namespace core;

namespace {

BatchBodyRef make_batch(int records) {
    BatchBuilder builder(16'384);
    for (int i = 0; i < records; ++i) builder.append(std::nullopt, as_bytes("value"), 0);
    return builder.close(std::nullopt, std::nullopt);
}

/// Brokers that lead one partition each and answer at once, as far as they are up.
struct Cluster {
    struct Log {
        std::optional<std::int32_t> leader;
        std::int64_t start = 0;
        std::int64_t high_watermark = 0;
        std::vector<Batch> batches;
        ErrorCode error = ErrorCode::none;  ///< of the next answer only
    };
    std::map<std::uint32_t, Log> logs;
    std::vector<std::int32_t> down;
    TopicTable topics;
    TimePoint now{};
    std::uint64_t next_connection = 1;
    MessagePool messages;
    Effects effects{&next_connection, messages};
    std::map<ConnectionId, NodeId> peers;
    std::unique_ptr<Reader> reader;
    ReaderOptions options;
    int fetches = 0;

    explicit Cluster(std::uint32_t partitions) { topics.add("t", 1, 1, partitions); }

    void append(std::uint32_t partition, int records) {
        Log& log = logs[partition];
        const std::int64_t end =
            log.batches.empty() ? log.start : log.batches.back().next_offset().value();
        log.batches.push_back(Batch{Offset(end), LeaderEpoch(0), make_batch(records)});
        log.high_watermark = end + records;
    }
    void start() {
        std::vector<PartitionId> wanted;
        for (std::uint32_t p = 0; p < topics.partition_count(); ++p) wanted.emplace_back(p);
        const std::vector<NodeId> bootstrap{NodeId(1), NodeId(2)};
        reader = std::make_unique<Reader>(NodeId(kFirstClientId), 42, topics, bootstrap, wanted,
                                          options);
        step(Started{});
    }
    void run_to(TimePoint until) {
        while (const auto due = reader->next_deadline(Lane::requests)) {
            if (*due > until) break;
            now = std::max(now, *due);
            step(Woken{});
        }
        now = until;
    }
    bool is_down(NodeId node) const {
        return std::find(down.begin(), down.end(), node.value()) != down.end();
    }
    void step(Input input) {
        reader->step(now, Lane::requests, input, effects);
        std::vector<test::Effect> list = test::take_list(effects);
        std::vector<Input> answers;
        for (test::Effect& effect : list) {
            if (const auto* open = std::get_if<test::OpenEffect>(&effect)) {
                peers.insert_or_assign(open->connection, open->peer);
                if (is_down(open->peer))
                    answers.emplace_back(
                        Lost{open->connection, open->peer, ConnectionLoss::refused});
                else
                    answers.emplace_back(Connected{open->connection});
            } else if (const auto* sent = std::get_if<test::SendEffect>(&effect)) {
                const NodeId peer = peers.at(sent->connection);
                if (auto message = answer(peer, *sent->message))
                    answers.emplace_back(
                        Received{sent->connection, peer, sent->correlation, std::move(*message)});
            }
        }
        for (Input& next : answers) step(std::move(next));
    }
    std::optional<Message> answer(NodeId peer, const Message& message) {
        if (std::holds_alternative<MetadataRequest>(message)) return metadata();
        if (const auto* offsets = std::get_if<ListOffsetsRequest>(&message)) {
            CHECK(offsets->spec == OffsetSpec::earliest);
            const Log& log = logs[offsets->partition.value()];
            CHECK(log.leader == peer.value());
            return ListOffsetsResponse{.partition = offsets->partition,
                                       .error = ErrorCode::none,
                                       .offset = Offset(log.start),
                                       .leader_epoch = LeaderEpoch(0)};
        }
        if (const auto* fetch = std::get_if<FetchRequest>(&message)) return fetched(*fetch);
        FAIL("the reader asked for something else");
        return std::nullopt;
    }
    MetadataResponse metadata() const {
        MetadataResponse response;
        for (std::int32_t id = 1; id <= 3; ++id)
            if (!is_down(NodeId(id))) response.brokers.push_back(NodeId(id));
        for (const auto& [partition, log] : logs) {
            std::optional<NodeId> leader;
            if (log.leader) leader = NodeId(*log.leader);
            response.partitions.push_back(MetadataPartition{.partition = PartitionId(partition),
                                                            .error = ErrorCode::none,
                                                            .leader = leader,
                                                            .leader_epoch = LeaderEpoch(0),
                                                            .isr = {}});
        }
        return response;
    }
    /// At most one batch an answer, so that several rounds are needed.
    FetchResponse fetched(const FetchRequest& request) {
        ++fetches;
        CHECK_FALSE(request.replica);
        const FetchPartition& asked = request.partitions.front();
        Log& log = logs[asked.partition.value()];
        FetchPartitionResponse item(asked.partition);
        item.error = std::exchange(log.error, ErrorCode::none);
        item.high_watermark = Offset(log.high_watermark);
        item.log_start_offset = Offset(log.start);
        for (const Batch& batch : log.batches) {
            if (item.error != ErrorCode::none || batch.next_offset() <= asked.fetch_offset)
                continue;
            item.batches.push_back(batch);
            break;
        }
        FetchResponse response;
        response.partitions.push_back(std::move(item));
        return response;
    }
};

}  // namespace

TEST_SUITE("core.client_reader") {
    TEST_CASE("it reads every partition from log start to high watermark, and says so") {
        Cluster cluster(3);
        cluster.logs[0].leader = 1;
        cluster.append(0, 2);
        cluster.append(0, 3);
        cluster.logs[1].leader = 2;
        cluster.logs[2].leader = 3;
        cluster.logs[2].start = 7;
        cluster.append(2, 1);
        cluster.start();
        cluster.run_to(at_ns(0) + from_ms(1'000));
        REQUIRE(cluster.reader->done());
        CHECK(cluster.reader->is_read(PartitionId(0)));
        CHECK(cluster.reader->batches(PartitionId(0)).size() == 2);
        CHECK(cluster.reader->batches(PartitionId(0))[1].base_offset == Offset(2));
        CHECK(cluster.reader->high_watermark(PartitionId(0)) == Offset(5));
        CHECK(cluster.reader->leader(PartitionId(0)) == NodeId(1));
        CHECK(cluster.reader->is_read(PartitionId(1)));
        CHECK(cluster.reader->batches(PartitionId(1)).empty());
        CHECK(cluster.reader->log_start_offset(PartitionId(2)) == Offset(7));
        CHECK(cluster.reader->problem(PartitionId(2)) == ErrorCode::none);
        CHECK_FALSE(cluster.reader->next_deadline(Lane::requests));
    }

    TEST_CASE("nothing at or above the high watermark is read") {
        Cluster cluster(1);
        cluster.logs[0].leader = 1;
        cluster.append(0, 2);
        cluster.append(0, 2);
        cluster.logs[0].high_watermark = 2;
        cluster.start();
        cluster.run_to(at_ns(0) + from_ms(1'000));
        CHECK(cluster.reader->is_read(PartitionId(0)));
        CHECK(cluster.reader->batches(PartitionId(0)).size() == 1);
    }

    TEST_CASE("an error is retried, a leader that comes later is waited for") {
        Cluster cluster(2);
        cluster.logs[0].leader = 1;
        cluster.append(0, 1);
        cluster.logs[0].error = ErrorCode::not_leader_or_follower;
        cluster.append(1, 1);
        cluster.start();
        cluster.run_to(at_ns(0) + from_ms(5'000));
        CHECK(cluster.reader->is_read(PartitionId(0)));
        CHECK_FALSE(cluster.reader->done());
        CHECK(cluster.reader->problem(PartitionId(1)) == ErrorCode::leader_not_available);
        cluster.logs[1].leader = 2;
        cluster.run_to(at_ns(0) + from_ms(6'000));
        CHECK(cluster.reader->is_read(PartitionId(1)));
        CHECK(cluster.reader->done());
    }

    TEST_CASE("an offset out of range starts the partition over") {
        Cluster cluster(1);
        cluster.logs[0].leader = 1;
        cluster.append(0, 1);
        cluster.append(0, 1);
        cluster.logs[0].error = ErrorCode::offset_out_of_range;
        cluster.start();
        cluster.run_to(at_ns(0) + from_ms(1'000));
        CHECK(cluster.reader->is_read(PartitionId(0)));
        CHECK(cluster.reader->batches(PartitionId(0)).size() == 2);
    }

    TEST_CASE("what cannot be read is given up with its reason") {
        Cluster cluster(2);
        cluster.options.give_up = from_ms(10'000);
        cluster.logs[0].leader = 1;
        cluster.append(0, 1);
        cluster.logs[1].leader = std::nullopt;
        cluster.start();
        cluster.run_to(at_ns(0) + from_ms(9'999));
        CHECK_FALSE(cluster.reader->done());
        cluster.run_to(at_ns(0) + from_ms(10'000));
        CHECK(cluster.reader->done());
        CHECK(cluster.reader->is_read(PartitionId(0)));
        CHECK_FALSE(cluster.reader->is_read(PartitionId(1)));
        CHECK(cluster.reader->problem(PartitionId(1)) == ErrorCode::leader_not_available);
        CHECK_FALSE(cluster.reader->next_deadline(Lane::requests));
    }

    TEST_CASE("with every broker down it ends all the same, without a storm of attempts") {
        Cluster cluster(1);
        cluster.logs[0].leader = 1;
        cluster.down = {1, 2, 3};
        cluster.options.give_up = from_ms(20'000);
        cluster.start();
        cluster.run_to(at_ns(0) + from_ms(20'000));
        CHECK(cluster.reader->done());
        CHECK_FALSE(cluster.reader->is_read(PartitionId(0)));
        CHECK(cluster.next_connection < 120);
    }
}
