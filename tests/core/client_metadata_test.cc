// What a client believes of the cluster, when it asks again, and whom.

#include "core/client/client_metadata.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/client/connections.h"
#include "core/client/error_class.h"

using namespace core;

namespace {

using Fresh = ClientMetadata::Fresh;

struct MetadataFixture {
    std::uint64_t next_connection = 1;
    MessagePool messages;
    Effects effects{&next_connection, messages};
    ChannelOptions channel_options;
    Connections connections{NodeId(kFirstClientId), 42, channel_options};
    MetadataOptions options{from_ms(100), from_ms(1'000), from_ms(300'000), true};
    ClientMetadata metadata{NodeId(kFirstClientId),
                            42,
                            options,
                            2,
                            {connections.index_of(NodeId(1)), connections.index_of(NodeId(2))}};
    TimePoint now{};

    MetadataResponse response(std::optional<std::int32_t> leader, std::int32_t epoch,
                              ErrorCode error = ErrorCode::none) {
        MetadataResponse answer;
        answer.brokers = {NodeId(1), NodeId(2), NodeId(3)};
        std::optional<NodeId> node;
        if (leader) node = NodeId(*leader);
        answer.partitions.push_back(MetadataPartition{.partition = PartitionId(0),
                                                      .error = error,
                                                      .leader = node,
                                                      .leader_epoch = LeaderEpoch(epoch),
                                                      .isr = {}});
        return answer;
    }
    bool take(const MetadataResponse& answer) {
        metadata.on_sent();
        return metadata.on_response(now, answer, connections);
    }
    std::optional<NodeId> leader() const {
        const PartitionView& view = metadata.partition(PartitionId(0));
        if (!view.leader) return std::nullopt;
        return connections.channel(*view.leader).peer();
    }
    std::int64_t wait_ms() const { return to_ms(metadata.next_update() - now); }

    void make_ready(std::int32_t broker, int in_flight = 0) {
        Channel& channel = connections.channel(connections.index_of(NodeId(broker)));
        channel.maybe_connect(now, effects);
        channel.on_connected(now);
        for (int i = 0; i < in_flight; ++i) channel.send(now, MetadataRequest{}, 0, effects);
    }
    std::optional<NodeId> least_loaded(std::uint64_t draw = 0) {
        std::vector<BrokerIndex> nodes;
        for (std::int32_t id = 1; id <= 3; ++id) nodes.push_back(connections.index_of(NodeId(id)));
        const auto found = connections.least_loaded(now, nodes, draw);
        if (!found) return std::nullopt;
        return connections.channel(*found).peer();
    }
};

}  // namespace

TEST_SUITE("core.client_metadata") {
    TEST_CASE("nothing is asked before the first need, then at once") {
        MetadataFixture f;
        CHECK_FALSE(f.metadata.update_due(f.now));
        CHECK(f.metadata.next_update() == TimePoint::max());
        f.metadata.request_update_for_new_topic();
        CHECK(f.metadata.update_due(f.now));
        f.metadata.on_sent();
        CHECK_FALSE(f.metadata.update_due(f.now));
    }

    TEST_CASE("a leader's epoch never falls") {
        MetadataFixture f;
        f.metadata.request_update(Fresh::yes);
        CHECK(f.take(f.response(2, 5)));
        CHECK(f.leader() == NodeId(2));
        CHECK(f.take(f.response(1, 4)));
        CHECK(f.leader() == NodeId(2));
        CHECK(f.take(f.response(std::nullopt, 5)));
        CHECK_FALSE(f.leader());
        CHECK(f.take(f.response(3, 6)));
        CHECK(f.leader() == NodeId(3));
        CHECK_FALSE(f.metadata.partition(PartitionId(1)).known);
    }

    TEST_CASE("a leader that is not alive in the answer is none") {
        MetadataFixture f;
        f.metadata.request_update(Fresh::yes);
        MetadataResponse answer = f.response(3, 1);
        answer.brokers = {NodeId(1), NodeId(2)};
        CHECK(f.take(answer));
        CHECK_FALSE(f.leader());
        CHECK(f.metadata.nodes().size() == 2);
    }

    TEST_CASE("an answer without brokers counts as failed") {
        MetadataFixture f;
        f.metadata.request_update(Fresh::yes);
        MetadataResponse answer;
        CHECK_FALSE(f.take(answer));
        CHECK(f.metadata.update_requested());
        CHECK(f.wait_ms() >= 80);
        CHECK(f.wait_ms() <= 120);
    }

    TEST_CASE("answers without news back off longer and longer; a newer epoch starts over") {
        MetadataFixture f;
        f.metadata.request_update(Fresh::yes);
        f.take(f.response(1, 0));
        std::int64_t base_ms = 100;
        for (int i = 0; i < 5; ++i) {
            f.metadata.request_update(Fresh::no);
            f.take(f.response(1, 0));
            f.metadata.request_update(Fresh::no);
            CAPTURE(i);
            CHECK(f.wait_ms() >= base_ms * 8 / 10);
            CHECK(f.wait_ms() <= std::min<std::int64_t>(base_ms * 12 / 10, 1'000));
            base_ms = std::min<std::int64_t>(2 * base_ms, 1'000);
        }
        f.take(f.response(1, 1));
        f.metadata.request_update(Fresh::no);
        CHECK(f.wait_ms() <= 120);
    }

    TEST_CASE("before 3.7 every back-off is retry.backoff.ms") {
        MetadataFixture f;
        f.options.exponential_backoff = false;
        ClientMetadata metadata(NodeId(9), 1, f.options, 2, {0});
        metadata.request_update(Fresh::yes);
        for (int i = 0; i < 4; ++i) {
            metadata.on_sent();
            metadata.on_response(f.now, f.response(1, 0), f.connections);
            metadata.request_update(Fresh::no);
            CHECK(metadata.next_update() == f.now + from_ms(100));
        }
    }

    TEST_CASE("failures back off longer and longer") {
        MetadataFixture f;
        f.metadata.request_update(Fresh::yes);
        std::int64_t base_ms = 100;
        for (int i = 0; i < 5; ++i) {
            f.metadata.on_failed(f.now);
            CHECK(f.wait_ms() >= base_ms * 8 / 10);
            CHECK(f.wait_ms() <= std::min<std::int64_t>(base_ms * 12 / 10, 1'000));
            base_ms = std::min<std::int64_t>(2 * base_ms, 1'000);
        }
    }

    TEST_CASE("without a request the next one comes at the maximum age") {
        MetadataFixture f;
        f.metadata.request_update(Fresh::yes);
        f.take(f.response(1, 0));
        CHECK(f.wait_ms() == 300'000);
    }

    TEST_CASE("a partition error about leaders asks again") {
        MetadataFixture f;
        f.metadata.request_update(Fresh::yes);
        f.take(f.response(std::nullopt, 0, ErrorCode::leader_not_available));
        CHECK(f.metadata.update_requested());
    }

    TEST_CASE("a leader hint counts only if it is newer and the partition is known") {
        MetadataFixture f;
        const auto hint = [&](std::int32_t leader, std::int32_t epoch, std::uint32_t partition) {
            return f.metadata.on_leader_hint(PartitionId(partition),
                                             CurrentLeader{NodeId(leader), LeaderEpoch(epoch)},
                                             f.connections);
        };
        CHECK_FALSE(hint(3, 1, 0));
        f.metadata.request_update(Fresh::yes);
        f.take(f.response(1, 1));
        CHECK_FALSE(hint(2, 1, 0));
        CHECK(f.leader() == NodeId(1));
        CHECK(hint(2, 2, 0));
        CHECK(f.leader() == NodeId(2));
        CHECK_FALSE(hint(2, 2, 1));
        const BrokerIndex second = f.connections.index_of(NodeId(2));
        REQUIRE(f.metadata.led_by(second).size() == 1);
        CHECK(f.metadata.led_by(second)[0] == PartitionId(0));
        CHECK(f.metadata.led_by(f.connections.index_of(NodeId(1))).empty());
    }

    TEST_CASE("the least loaded node: idle, then fewest, then connecting, then longest untried") {
        MetadataFixture f;
        CHECK(f.least_loaded());  // none tried: any
        Channel& first = f.connections.channel(f.connections.index_of(NodeId(1)));
        first.maybe_connect(f.now, f.effects);
        for (std::uint64_t draw : {std::uint64_t{0}, ~std::uint64_t{0}})
            CHECK(f.least_loaded(draw) == NodeId(1));  // connecting
        f.make_ready(2, 2);
        f.make_ready(3, 1);
        CHECK(f.least_loaded() == NodeId(3));
        first.on_connected(f.now);
        CHECK(f.least_loaded() == NodeId(1));
        // A ready one whose requests are all out is no candidate.
        MetadataFixture full;
        full.make_ready(1, 5);
        CHECK(full.least_loaded() != NodeId(1));
    }

    TEST_CASE("a node in back-off is not chosen, and of the others the oldest attempt goes first") {
        MetadataFixture f;
        f.least_loaded();
        for (std::int32_t id = 1; id <= 3; ++id) {
            f.now += from_ms(1);
            Channel& channel = f.connections.channel(f.connections.index_of(NodeId(id)));
            channel.maybe_connect(f.now, f.effects);
            channel.on_lost(f.now);
        }
        CHECK_FALSE(f.least_loaded());
        f.now += from_ms(200);
        for (std::uint64_t part = 0; part < 3; ++part)
            CHECK(f.least_loaded(part * (~std::uint64_t{0} / 3)) == NodeId(1));
    }

    TEST_CASE("the start among equals is the draw's") {
        MetadataFixture f;
        for (std::int32_t id = 1; id <= 3; ++id) f.make_ready(id);
        CHECK(f.least_loaded(0) == NodeId(1));
        CHECK(f.least_loaded(~std::uint64_t{0} / 2) == NodeId(2));
        CHECK(f.least_loaded(~std::uint64_t{0}) == NodeId(3));
    }

    TEST_CASE("errors: what may be retried, and what tells of stale leaders") {
        CHECK(is_retriable(ErrorCode::not_enough_replicas));
        CHECK(is_retriable(ErrorCode::corrupt_message));
        CHECK(is_retriable(ErrorCode::network_exception));
        CHECK_FALSE(is_retriable(ErrorCode::message_too_large));
        CHECK_FALSE(is_retriable(ErrorCode::out_of_order_sequence_number));
        CHECK_FALSE(is_retriable(ErrorCode::duplicate_sequence_number));
        CHECK(is_invalid_metadata(ErrorCode::network_exception));
        CHECK_FALSE(is_invalid_metadata(ErrorCode::request_timed_out));
        CHECK_FALSE(is_invalid_metadata(ErrorCode::unknown_leader_epoch));
    }
}
