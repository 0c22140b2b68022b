#include "reports/fates.h"

#include <doctest/doctest.h>

#include "tests/reports/hand_history.h"

namespace {

using core::ErrorCode;
using report::Fate;
using scenario::Metric;
using test::HandHistory;

TEST_SUITE("report.fates") {
    TEST_CASE("a record that was acknowledged and is read back is kept") {
        HandHistory h;
        const auto batch = h.send(3);
        for (const int broker : {1, 2, 3}) h.append(broker, batch, 0, broker == 1);
        h.ack(batch, 0);
        h.judge(1);
        for (const int n : {0, 1, 2}) CHECK(h.fate(n) == Fate::kept);
        CHECK(h.judgement().verdict == report::Verdict::kept);
    }

    TEST_CASE("a record that was acknowledged and is nowhere is lost") {
        HandHistory h;
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.ack(batch, 0);
        h.truncate(1, 0);
        h.judge(2);
        CHECK(h.fate(0) == Fate::lost);
        CHECK(h.fate(1) == Fate::lost);
        CHECK(h.judgement().verdict == report::Verdict::lost_acked);
        REQUIRE(h.judgement().loss_ranges.size() == 1);
        CHECK(h.judgement().loss_ranges[0].offsets == scenario::OffsetRange{0, 1});
    }

    TEST_CASE("an error is not an absence: a failed record that is in the log is a ghost") {
        HandHistory h;
        const auto there = h.send(1);
        h.append(1, there, 0, true);
        h.fail(there, ErrorCode::request_timed_out);
        const auto gone = h.send(1);
        h.fail(gone, ErrorCode::not_enough_replicas);
        h.refuse(ErrorCode::buffer_exhausted);
        h.judge(1);
        CHECK(h.fate(0) == Fate::ghost);
        CHECK(h.fate(1) == Fate::refused);
        CHECK(h.fate(2) == Fate::refused);
        CHECK(h.count(Metric::unacked_present) == 1);
        CHECK(h.judgement().verdict == report::Verdict::lost_unacked_only);
    }

    TEST_CASE("with a leader that is not live at the audit, what a disk holds is stranded") {
        HandHistory h;
        const auto copied = h.send(1);
        for (const int broker : {1, 2}) h.append(broker, copied, 0, broker == 1);
        h.ack(copied, 0);
        const auto alone = h.send(1);
        h.append(1, alone, 0, true);
        h.ack(alone, 1);
        h.crash(1, true);
        h.lose_bytes(1, 0);
        h.judge_dead_leader(1);
        CHECK(h.fate(0) == Fate::stranded);
        CHECK(h.fate(1) == Fate::lost);
    }

    TEST_CASE("a record without an answer is a ghost where it is present, else unknown") {
        HandHistory h;
        const auto there = h.send(1);
        h.append(1, there, 0, true);
        h.send(1);
        h.judge(1);
        CHECK(h.fate(0) == Fate::ghost);
        CHECK(h.fate(1) == Fate::unknown);
        CHECK(h.count(Metric::unacked_present) == 0);
        CHECK(h.count(Metric::ghosts) == 1);
    }

    TEST_CASE("a success with acks=0 is no promise: absent it is unknown, never lost") {
        HandHistory h(HandHistory::Options{.acks = "0"});
        const auto there = h.send(1);
        h.append(1, there, 0, true);
        h.ack_unanswered(there);
        const auto gone = h.send(1);
        h.ack_unanswered(gone);
        h.judge(1);
        CHECK(h.fate(0) == Fate::kept);
        CHECK(h.fate(1) == Fate::unknown);
        CHECK(h.count(Metric::acked) == 0);
        CHECK(h.count(Metric::acks0_lost) == 1);
        CHECK(h.judgement().verdict == report::Verdict::lost_unacked_only);
    }

    TEST_CASE("without a leader an acknowledged record on some disk is stranded, not lost") {
        HandHistory h;
        const auto batch = h.send(1);
        h.append(2, batch, 0, true);
        h.ack(batch, 0, 2);
        h.judge(std::nullopt);
        CHECK(h.fate(0) == Fate::stranded);
        CHECK(h.judgement().verdict == report::Verdict::unavailable);
    }

    TEST_CASE("without a leader and without a copy an acknowledged record is lost") {
        HandHistory h;
        const auto batch = h.send(1);
        h.append(2, batch, 0, true);
        h.ack(batch, 0, 2);
        h.wipe(2);
        h.judge(std::nullopt);
        CHECK(h.fate(0) == Fate::lost);
    }

    TEST_CASE("at or above the leader's high watermark an acknowledged record is stranded") {
        HandHistory h;
        const auto low = h.send(1);
        const auto high = h.send(1);
        h.append(1, low, 0, true);
        h.append(1, high, 0, true);
        h.ack(low, 0);
        h.ack(high, 1);
        h.judge(1, 1);
        CHECK(h.fate(0) == Fate::kept);
        CHECK(h.fate(1) == Fate::stranded);
    }

    TEST_CASE("a copy on a follower only does not strand a record: a leader rules without it") {
        HandHistory h;
        const auto batch = h.send(1);
        h.append(1, batch, 0, true);
        h.ack(batch, 0);
        h.judge(2);
        CHECK(h.fate(0) == Fate::lost);
    }

    TEST_CASE("thin counts replicas, not acknowledgements") {
        HandHistory h(HandHistory::Options{.acks = "1", .min_isr = 2});
        const auto one = h.send(1);
        const auto two = h.send(1);
        h.append(1, one, 0, true);
        h.append(1, two, 0, true);
        h.append(2, one);
        h.ack(one, 0);
        h.ack(two, 1);
        h.judge(1);
        CHECK(h.count(Metric::thin) == 1);
        CHECK(h.judgement().fates[0][1].thin);
    }

    TEST_CASE("the six fates sum to what was sent") {
        HandHistory h;
        const auto kept = h.send(2);
        const auto lost = h.send(1);
        const auto ghost = h.send(1);
        h.append(1, kept, 0, true);
        h.ack(kept, 0);
        h.append(2, lost, 0, true);
        h.ack(lost, 2, 2);
        h.append(1, ghost, 0, true);
        h.send(1);
        h.refuse(ErrorCode::metadata_timeout);
        h.judge(1);
        std::int64_t sum = 0;
        for (const std::int64_t count : h.judgement().measures.by_fate) sum += count;
        CHECK(sum == 6);
        CHECK(h.judgement().measures.sent == 6);
    }
}

}  // namespace
