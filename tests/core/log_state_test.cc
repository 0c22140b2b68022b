#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/log/checkpoint.h"
#include "core/log/epoch_cache.h"
#include "core/log/producer_state.h"
#include "core/log/truncation.h"
#include "tests/core/log_fixture.h"

namespace {

using core::EpochCache;
using core::ErrorCode;
using core::LeaderEpoch;
using core::Offset;
using core::OffsetAndEpoch;
using test::LogOnMemory;
using test::make_batch;
using test::producer;

std::string text(std::span<const OffsetAndEpoch> entries) {
    std::string out;
    for (const OffsetAndEpoch& entry : entries)
        out += core::concat(out.empty() ? "" : " ", entry.leader_epoch.value(), "@",
                            entry.offset.value());
    return out;
}

/// The answer as "epoch@offset", or "undefined".
std::string text(const std::optional<OffsetAndEpoch>& answer) {
    if (!answer) return "undefined";
    return core::concat(answer->leader_epoch.value(), "@", answer->offset.value());
}

std::vector<OffsetAndEpoch> entries_of(std::initializer_list<std::pair<int, int>> pairs) {
    std::vector<OffsetAndEpoch> entries;
    for (const auto& [epoch, offset] : pairs)
        entries.push_back(OffsetAndEpoch{Offset(offset), LeaderEpoch(epoch)});
    return entries;
}

/// A producer's append on a leader: "first..end", "first..end again" or the refusal's name.
std::string send(LogOnMemory& t, int count, const core::ProducerFields& fields) {
    const auto result =
        t.log->append_as_leader(t.now, make_batch(count, t.end(), 8, fields), LeaderEpoch(0));
    if (!result) return std::string(core::name(result.error()));
    return core::concat(result->first.value(), "..", result->end.value(),
                        result->duplicate ? " again" : "");
}

}  // namespace

TEST_SUITE("core.log") {
    // ---- leader epochs
    // ---------------------------------------------------------------------------

    TEST_CASE("an epoch is assigned once, and what conflicts gives way") {
        struct Case {
            int epoch;
            int start;
            std::string entries;
        };
        // Each on top of 1@0 3@10 5@20.
        for (const Case& c : {Case{5, 25, "1@0 3@10 5@20"},       // already known from below
                              Case{5, 15, "1@0 3@10 5@15"},       // the same epoch from lower on
                              Case{6, 30, "1@0 3@10 5@20 6@30"},  // the usual case
                              Case{6, 20, "1@0 3@10 6@20"},       // 5 had no record
                              Case{6, 10, "1@0 6@10"},            // neither had 3
                              Case{4, 30, "1@0 3@10 4@30"},       // an older epoch replaces newer
                              Case{2, 5, "1@0 2@5"}}) {
            test::MemoryStorage storage;
            EpochCache cache(storage, "t-0");
            cache.assign(LeaderEpoch(1), Offset(0));
            cache.assign(LeaderEpoch(3), Offset(10));
            cache.assign(LeaderEpoch(5), Offset(20));
            cache.assign(LeaderEpoch(c.epoch), Offset(c.start));
            CHECK(text(cache.entries()) == c.entries);
            const EpochCache read(storage, "t-0");
            CHECK(text(read.entries()) == c.entries);
        }
    }

    TEST_CASE("an epoch's end is where the next known epoch begins") {
        const auto epochs = entries_of({{1, 0}, {3, 10}, {5, 20}});
        struct Case {
            int asked;
            std::string answer;
        };
        for (const Case& c : {Case{0, "0@0"}, Case{1, "1@10"}, Case{2, "1@10"}, Case{3, "3@20"},
                              Case{4, "3@20"}, Case{5, "5@33"}, Case{6, "undefined"}})
            CHECK(text(core::end_offset_for(epochs, Offset(33), LeaderEpoch(c.asked))) == c.answer);
        CHECK(!core::end_offset_for({}, Offset(33), LeaderEpoch(1)));
    }

    TEST_CASE("truncation from either end keeps the entries of what is left") {
        struct Case {
            int from_end;
            int from_start;
            std::string entries;
        };
        for (const Case& c :
             {Case{99, 0, "1@2 3@10 5@20"}, Case{20, 0, "1@2 3@10"}, Case{21, 0, "1@2 3@10 5@20"},
              Case{0, 0, ""}, Case{99, 1, "1@2 3@10 5@20"}, Case{99, 2, "1@2 3@10 5@20"},
              Case{99, 5, "1@5 3@10 5@20"}, Case{99, 10, "3@10 5@20"}, Case{99, 40, "5@40"}}) {
            test::MemoryStorage storage;
            EpochCache cache(storage, "t-0");
            cache.assign(LeaderEpoch(1), Offset(2));
            cache.assign(LeaderEpoch(3), Offset(10));
            cache.assign(LeaderEpoch(5), Offset(20));
            cache.truncate_from_end(Offset(c.from_end));
            cache.truncate_from_start(Offset(c.from_start));
            CHECK(text(cache.entries()) == c.entries);
            CHECK(text(EpochCache(storage, "t-0").entries()) == c.entries);
        }
    }

    TEST_CASE("a malformed checkpoint is an empty one") {
        for (const char* content :
             {"", "0", "0\n", "1\n1\n0 0\n", "0\n2\n0 0\n", "0\n1\n0\n", "0\n1\nx 0\n", "0\n-1\n",
              "0\n2\n1 0\n0 5\n", "0\n2\n0 5\n1 5\n", "garbage"}) {
            CAPTURE(content);
            CHECK(core::parse_epoch_checkpoint(content).empty());
        }
        CHECK(core::parse_offset_checkpoint("0\n1\na b 3\n").empty());
        CHECK(core::parse_offset_checkpoint("0\n2\na 0 3\n").empty());
        CHECK(core::parse_offset_checkpoint("0\n1\na-b 0 3\n").at("a-b-0") == Offset(3));
    }

    TEST_CASE("uuids are Kafka's base64, there and back") {
        const auto uuid = core::parse_uuid("1Djr6RToR9qjMTEyWC_XAQ");
        REQUIRE(uuid);
        CHECK(uuid->high == 0xd438ebe914e847da);
        CHECK(uuid->low == 0xa3313132582fd701);
        CHECK(core::format_uuid(*uuid) == "1Djr6RToR9qjMTEyWC_XAQ");
        CHECK(core::format_uuid({0, 1}) == "AAAAAAAAAAAAAAAAAAAAAQ");
        CHECK(!core::parse_uuid("short"));
        CHECK(!core::parse_uuid("1Djr6RToR9qjMTEyWC+XAQ"));
    }

    TEST_CASE("the clean-shutdown marker names the broker epoch, or none") {
        CHECK(core::format_clean_shutdown(std::nullopt) == "{\"version\":0,\"brokerEpoch\":-1}");
        CHECK(!core::parse_clean_shutdown("{\"version\":0,\"brokerEpoch\":-1}"));
        CHECK(!core::parse_clean_shutdown(""));
        CHECK(core::parse_clean_shutdown("{\"brokerEpoch\": 7, \"version\":0}") ==
              core::BrokerEpoch(7));
    }

    TEST_CASE("a follower cuts to the lesser of both ends, or goes one known epoch back") {
        struct Case {
            OffsetAndEpoch diverging;
            int target;
            bool done;
        };
        const auto answer = [](int epoch, int end) {
            return OffsetAndEpoch{Offset(end), LeaderEpoch(epoch)};
        };
        // The follower: 1@0 3@10 5@20, end 30.
        const auto epochs = entries_of({{1, 0}, {3, 10}, {5, 20}});
        for (const Case& c : {Case{answer(5, 25), 25, true},   // KIP-101
                              Case{answer(5, 40), 30, true},   // the follower is behind
                              Case{answer(3, 15), 15, true},   // the leader has less of 3
                              Case{answer(3, 25), 20, true},   // the follower has less of 3
                              Case{answer(4, 25), 20, false},  // KIP-279: 4 is unknown here
                              Case{answer(2, 25), 10, false}, Case{answer(0, 7), 0, true}}) {
            CAPTURE(c.diverging.leader_epoch.value());
            const core::TruncationStep step =
                core::next_truncation(epochs, Offset(30), c.diverging);
            CHECK(step.target == Offset(c.target));
            CHECK(step.done == c.done);
        }
        // Without any entry the leader's end decides.
        CHECK(core::next_truncation({}, Offset(30), answer(3, 12)).target == Offset(12));
        CHECK(core::next_truncation({}, Offset(30), answer(3, 99)).target == Offset(30));
    }

    // ---- producers
    // -------------------------------------------------------------------------------

    TEST_CASE("sequences are checked in Kafka's order") {
        struct Case {
            int epoch;
            int sequence;
            int count;
            std::string verdict;
        };
        // Each after producer 7 wrote, under epoch 1, sequences 10..12 and 13..14 at 0..2 and 3..4.
        for (const Case& c :
             {Case{1, 15, 2, "5..7"},                          // the next one
              Case{1, 10, 3, "0..3 again"},                    // repeats
              Case{1, 13, 2, "3..5 again"},                    //
              Case{1, 13, 1, "OUT_OF_ORDER_SEQUENCE_NUMBER"},  // not the same batch
              Case{1, 16, 1, "OUT_OF_ORDER_SEQUENCE_NUMBER"},  // a gap
              Case{1, 0, 1, "OUT_OF_ORDER_SEQUENCE_NUMBER"},   //
              Case{0, 15, 1, "INVALID_PRODUCER_EPOCH"},        // an older instance
              Case{0, 13, 2, "INVALID_PRODUCER_EPOCH"},        // even with known sequences
              Case{2, 0, 1, "5..6"},                           // a newer one starts at 0
              Case{2, 15, 1, "OUT_OF_ORDER_SEQUENCE_NUMBER"}}) {
            CAPTURE(c.epoch);
            CAPTURE(c.sequence);
            LogOnMemory t;
            // An unknown producer may begin anywhere.
            CHECK(send(t, 3, producer(7, 1, 10)) == "0..3");
            CHECK(send(t, 2, producer(7, 1, 13)) == "3..5");
            CHECK(send(t, c.count, producer(7, c.epoch, c.sequence)) == c.verdict);
            // Another producer's sequences are its own.
            const std::int64_t end = t.end();
            CHECK(send(t, 1, producer(8, 0, 0)) == core::concat(end, "..", end + 1));
        }
    }

    TEST_CASE("five batches are remembered; the sixth back is out of order") {
        LogOnMemory t;
        for (int i = 0; i < 6; ++i) send(t, 1, producer(7, 0, i));
        for (int i = 1; i < 6; ++i)
            CHECK(send(t, 1, producer(7, 0, i)) == core::concat(i, "..", i + 1, " again"));
        CHECK(send(t, 1, producer(7, 0, 0)) == "OUT_OF_ORDER_SEQUENCE_NUMBER");
        CHECK(t.end() == 6);
    }

    TEST_CASE("sequences wrap to zero, within a batch and between two") {
        constexpr int kMost = std::numeric_limits<std::int32_t>::max();
        LogOnMemory t;
        CHECK(send(t, 2, producer(7, 0, kMost - 1)) == "0..2");
        CHECK(send(t, 1, producer(7, 0, 0)) == "2..3");
        CHECK(send(t, 2, producer(7, 0, kMost - 1)) == "0..2 again");
        LogOnMemory across;
        CHECK(send(across, 3, producer(7, 0, kMost)) == "0..3");
        CHECK(send(across, 3, producer(7, 0, kMost)) == "0..3 again");
        CHECK(send(across, 1, producer(7, 0, 2)) == "3..4");
    }

    TEST_CASE("after a clean start a snapshot knows the last batch of each producer only") {
        LogOnMemory t;
        for (int i = 0; i < 3; ++i) send(t, 1, producer(7, 0, i));
        send(t, 1, producer(9, 4, 0));
        CHECK(t.log->producers().at(0).cached_batches == 3);
        t.log->close();
        t.open(true, 0);
        const auto producers = t.log->producers();
        REQUIRE(producers.size() == 2);
        CHECK(producers[0].cached_batches == 1);
        CHECK(producers[0].last_sequence == core::Sequence(2));
        CHECK(producers[1].epoch == core::ProducerEpoch(4));
        CHECK(send(t, 1, producer(7, 0, 2)) == "2..3 again");
        CHECK(send(t, 1, producer(7, 0, 1)) == "OUT_OF_ORDER_SEQUENCE_NUMBER");
        CHECK(send(t, 1, producer(7, 0, 3)) == "4..5");
    }

    // Recovery leaves a snapshot at the end of each segment that it scans, the last one included.
    TEST_CASE("after a crash, too, the last batch of each producer is known") {
        LogOnMemory t;
        for (int i = 0; i < 5; ++i) send(t, 1, producer(7, 0, i));
        t.open(false, 3);
        CHECK(t.storage.size("t-0/00000000000000000005.snapshot"));
        CHECK(t.log->producers().at(0).cached_batches == 1);
        CHECK(send(t, 1, producer(7, 0, 3)) == "OUT_OF_ORDER_SEQUENCE_NUMBER");
        CHECK(send(t, 1, producer(7, 0, 4)) == "4..5 again");
        CHECK(send(t, 1, producer(7, 0, 5)) == "5..6");
    }

    TEST_CASE("what lies behind the snapshot is replayed from the log") {
        core::TopicConfig config;
        config.segment_bytes = 3 * make_batch(1, 0, 8, producer(7, 0, 0))->size_bytes();
        LogOnMemory t(config);
        for (int i = 0; i < 6; ++i) send(t, 1, producer(7, 0, i));
        REQUIRE(t.log->segment_base_offsets().size() == 2);
        CHECK(t.log->truncate_to(Offset(5)));
        // Sequence 2 from the snapshot at 3, then 3 and 4.
        CHECK(t.log->producers().at(0).cached_batches == 3);
        CHECK(send(t, 1, producer(7, 0, 2)) == "2..3 again");
        CHECK(send(t, 1, producer(7, 0, 1)) == "OUT_OF_ORDER_SEQUENCE_NUMBER");
    }

    TEST_CASE("truncation takes the sequence state back with the records") {
        LogOnMemory t;
        for (int i = 0; i < 4; ++i) send(t, 1, producer(7, 0, i));
        CHECK(t.log->truncate_to(Offset(2)));
        CHECK(send(t, 1, producer(7, 0, 3)) == "OUT_OF_ORDER_SEQUENCE_NUMBER");
        CHECK(send(t, 1, producer(7, 0, 1)) == "1..2 again");
        CHECK(send(t, 1, producer(7, 0, 2)) == "2..3");
    }

    TEST_CASE("followers know their leader's producers") {
        LogOnMemory leader;
        for (int i = 0; i < 3; ++i) send(leader, 2, producer(7, 0, 2 * i));
        LogOnMemory follower;
        CHECK(
            follower.log
                ->append_as_follower(follower.now, leader.log->read(Offset(0), 1 << 20, Offset(6)))
                .ok());
        CHECK(send(follower, 2, producer(7, 0, 2)) == "2..4 again");
        CHECK(send(follower, 2, producer(7, 0, 6)) == "6..8");
    }

    TEST_CASE("producers that were silent for long are forgotten") {
        LogOnMemory t;
        send(t, 1, producer(7, 0, 0));
        const std::int64_t sent_ms = 1'700'000'000'000;
        t.log->expire_producers(sent_ms + 999, core::from_ms(1000));
        CHECK(t.log->producers().size() == 1);
        t.log->expire_producers(sent_ms + 1000, core::from_ms(1000));
        CHECK(t.log->producers().empty());
        CHECK(send(t, 1, producer(7, 0, 5)) == "1..2");
    }

    TEST_CASE("a damaged snapshot is dropped, and the one before it taken") {
        LogOnMemory t;
        for (int i = 0; i < 3; ++i) send(t, 1, producer(7, 0, i));
        t.log->close();
        core::Bytes bytes = t.storage.content("t-0/00000000000000000003.snapshot");
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            core::Bytes damaged = bytes;
            damaged[at] ^= std::byte{1};
            CHECK(!core::decode_snapshot(damaged));
            CHECK(!core::decode_snapshot(core::BytesView(bytes).first(at)));
        }
        bytes.back() ^= std::byte{1};
        t.storage.write_file("t-0/00000000000000000003.snapshot", bytes);
        t.open(true, 0);
        CHECK(t.log->producers().at(0).cached_batches == 3);
        CHECK(core::decode_snapshot(t.storage.content("t-0/00000000000000000003.snapshot")));
    }
}
