// Metadata records as bytes, and what replay makes of them.
#include <doctest/doctest.h>

#include <vector>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/controller/image.h"
#include "core/controller/record_codec.h"

namespace {

using namespace core;

PartitionRegistration registration() {
    PartitionRegistration p;
    p.replicas = {NodeId(1), NodeId(2)};
    p.directories = {DirectoryId(UINT64_MAX), kLostDirectory};
    p.isr = {NodeId(2)};
    p.elr = {NodeId(1)};
    p.last_known_elr = {NodeId(2)};
    p.leader = NodeId(2);
    p.leader_epoch = LeaderEpoch(3);
    p.partition_epoch = PartitionEpoch(4);
    p.recovery_state = RecoveryState::recovering;
    return p;
}

/// Every alternative, with optional fields set and not set.
std::vector<MetadataRecord> samples() {
    PartitionChangeRecord full{PartitionId(7), {}, {}, {}, {}, {}, {}, {}};
    full.isr = ReplicaList{NodeId(1)};
    full.leader = std::optional<NodeId>{};
    full.replicas = ReplicaList{NodeId(2), NodeId(1)};
    full.directories = DirectoryList{DirectoryId(8), DirectoryId(9)};
    full.recovery_state = RecoveryState::recovered;
    full.elr = ReplicaList{};
    full.last_known_elr = ReplicaList{NodeId(2)};
    PartitionChangeRecord leader_only{PartitionId(7), {}, NodeId(1), {}, {}, {}, {}, {}};
    return {
        RegisterBrokerRecord{NodeId(1), IncarnationId(UINT64_MAX - 1), BrokerEpoch(5),
                             DirectoryList{DirectoryId(77)}, true, false},
        BrokerRegistrationChangeRecord{NodeId(1), BrokerEpoch(5), true, {}, {}},
        BrokerRegistrationChangeRecord{
            NodeId(1), BrokerEpoch(5), {}, true, DirectoryList{DirectoryId(78)}},
        UnregisterBrokerRecord{NodeId(1), BrokerEpoch(5)},
        TopicRecord{TopicIndex(2)},
        PartitionRecord{PartitionId(7), registration()},
        PartitionRecord{PartitionId(7), PartitionRegistration{}},
        full,
        leader_only,
        ConfigRecord{ConfigResource::topic, TopicIndex(2), {}, "retention.ms", "-1"},
        ConfigRecord{ConfigResource::broker, {}, NodeId(1), "k", std::nullopt},
        ConfigRecord{ConfigResource::cluster, {}, {}, "", ""},
        ProducerIdsRecord{NodeId(1), ProducerId(INT64_MAX)},
        FeatureLevelRecord{"eligible.leader.replicas.version", 1},
        ClearElrRecord{},
        ClearElrRecord{TopicIndex(2)},
        NoOpRecord{},
    };
}

Bytes encoded(const MetadataRecord& record) {
    Bytes bytes;
    encode_record(record, bytes);
    return bytes;
}

}  // namespace

TEST_SUITE("core.metadata_records") {
    TEST_CASE("every record comes back from its bytes, and from no fewer or more of them") {
        for (const MetadataRecord& record : samples()) {
            Bytes bytes = encoded(record);
            const auto decoded = decode_record(bytes);
            REQUIRE(decoded);
            CHECK(decoded->index() == record.index());
            CHECK(encoded(*decoded) == bytes);
            for (std::size_t n = 0; n < bytes.size(); ++n)
                CHECK_FALSE(decode_record(BytesView(bytes).first(n)));
            bytes.push_back(std::byte{0});
            CHECK_FALSE(decode_record(bytes));
        }
    }

    TEST_CASE("set to nobody and not set are different leaders") {
        PartitionChangeRecord change{PartitionId(7), {}, {}, {}, {}, {}, {}, {}};
        const auto unset = decode_record(encoded(change));
        CHECK_FALSE(std::get<PartitionChangeRecord>(*unset).leader.has_value());
        change.leader = std::optional<NodeId>{};
        const auto nobody = decode_record(encoded(change));
        REQUIRE(std::get<PartitionChangeRecord>(*nobody).leader.has_value());
        CHECK_FALSE(std::get<PartitionChangeRecord>(*nobody).leader->has_value());
    }

    TEST_CASE("damaged bytes are no record or another record, never a crash") {
        int read = 0;
        for (const MetadataRecord& record : samples()) {
            const Bytes bytes = encoded(record);
            for (std::size_t at = 0; at < bytes.size(); ++at)
                for (std::uint64_t draw = 0; draw < 64; ++draw) {
                    Bytes damaged = bytes;
                    damaged[at] = static_cast<std::byte>(
                        below(keyed_draw(1, Purpose::check, {at, draw, record.index()}), 256));
                    if (decode_record(damaged)) ++read;
                }
        }
        CHECK(read > 0);
    }

    TEST_CASE(
        "merge: the partition epoch always grows, the leader epoch with a leader field only") {
        const PartitionRegistration before = registration();
        PartitionChangeRecord change{PartitionId(0), {}, {}, {}, {}, {}, {}, {}};
        change.isr = ReplicaList{NodeId(1), NodeId(2)};
        PartitionRegistration after = merge(before, change);
        CHECK(after.partition_epoch == PartitionEpoch(5));
        CHECK(after.leader_epoch == LeaderEpoch(3));
        CHECK(after.leader == NodeId(2));
        change.leader = std::optional<NodeId>{};
        after = merge(before, change);
        CHECK(after.leader_epoch == LeaderEpoch(4));
        CHECK_FALSE(after.leader);
        CHECK(after.elr == before.elr);
    }

    TEST_CASE("an image refuses records out of order and changes of what is not there") {
        TopicTable topics;
        topics.add("t", 1, 1, 2);
        ClusterImage image(topics);
        image.replay(MetadataOffset(4), NoOpRecord{});
        CHECK_THROWS_AS(image.replay(MetadataOffset(4), NoOpRecord{}), AssertionFailure);
        const BrokerRegistrationChangeRecord stranger{NodeId(9), BrokerEpoch(1), true, {}, {}};
        CHECK_THROWS_AS(image.replay(MetadataOffset(5), stranger), AssertionFailure);
        const PartitionChangeRecord missing{PartitionId(1), {}, NodeId(1), {}, {}, {}, {}, {}};
        CHECK_THROWS_AS(image.replay(MetadataOffset(5), missing), AssertionFailure);
    }

    TEST_CASE("an image counts partitions without a leader and without their preferred one") {
        TopicTable topics;
        topics.add("t", 1, 1, 2);
        ClusterImage image(topics);
        image.replay(MetadataOffset(0), PartitionRecord{PartitionId(1), registration()});
        CHECK(image.leaderless_count() == 0);
        CHECK(image.imbalanced_count() == 1);
        PartitionChangeRecord change{PartitionId(1), {}, {}, {}, {}, {}, {}, {}};
        change.leader = std::optional<NodeId>{};
        image.replay(MetadataOffset(1), change);
        CHECK(image.leaderless_count() == 1);
        CHECK(image.imbalanced_count() == 1);
        change.leader = NodeId(1);
        image.replay(MetadataOffset(2), change);
        CHECK(image.leaderless_count() == 0);
        CHECK(image.imbalanced_count() == 0);
    }

    TEST_CASE("touched partitions are named once, in order of first touch") {
        TouchedPartitions touched(4);
        const auto change = [](std::uint32_t p) {
            return PartitionChangeRecord{PartitionId(p), {}, NodeId(1), {}, {}, {}, {}, {}};
        };
        touched.add(change(3));
        touched.add(NoOpRecord{});
        touched.add(change(1));
        touched.add(change(3));
        REQUIRE(touched.list().size() == 2);
        CHECK(touched.list()[0] == PartitionId(3));
        CHECK(touched.list()[1] == PartitionId(1));
        CHECK(touched.contains(PartitionId(1)));
        touched.clear();
        CHECK(touched.list().empty());
        CHECK_FALSE(touched.contains(PartitionId(3)));
    }
}
