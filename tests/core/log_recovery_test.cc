#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/record/batch_parser.h"
#include "tests/core/log_fixture.h"

namespace {

using core::Bytes;
using core::BytesView;
using core::Offset;
using test::LogOnMemory;
using test::make_batch;

constexpr const char* kFirstSegment = "t-0/00000000000000000000.log";

/// Ends of the whole batches in a file.
std::vector<std::uint64_t> batch_ends(const Bytes& bytes) {
    std::vector<std::uint64_t> ends;
    for (std::uint64_t at = 0; at < bytes.size();) {
        const core::ParsedBatch parsed = core::parse_batch(bytes, at);
        REQUIRE(parsed.sound());
        at += parsed.size_bytes;
        ends.push_back(at);
    }
    return ends;
}

/// Three segments of two batches each: 0..1 2..4 | 5..6 7..9 | 10..11 12..14.
LogOnMemory three_segments() {
    core::TopicConfig config;
    config.segment_bytes = make_batch(2)->size_bytes() + make_batch(3)->size_bytes();
    LogOnMemory t(config);
    for (int i = 0; i < 3; ++i) {
        t.append(2, i);
        t.append(3, i);
    }
    REQUIRE(t.log->segment_base_offsets().size() == 3);
    return t;
}

/// The content with bytes [from, to) zeroed.
Bytes zeroed(Bytes bytes, std::size_t from, std::size_t to) {
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(from),
              bytes.begin() + static_cast<std::ptrdiff_t>(to), std::byte{0});
    return bytes;
}

}  // namespace

TEST_SUITE("core.log") {
    // V33: wherever a write is torn, recovery ends with the last whole batch before the tear.
    TEST_CASE("a segment cut at any byte ends at its last whole batch; later segments go") {
        const Bytes whole = three_segments().storage.content("t-0/00000000000000000005.log");
        const std::vector<std::uint64_t> ends = batch_ends(whole);
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            CAPTURE(size);
            LogOnMemory t = three_segments();
            t.log.reset();
            t.storage.write_file("t-0/00000000000000000005.log", BytesView(whole).first(size));
            t.open(false, 0);
            const bool at_boundary =
                size == 0 || std::find(ends.begin(), ends.end(), size) != ends.end();
            const std::int64_t batches = std::count_if(
                ends.begin(), ends.end(), [size](std::uint64_t end) { return end <= size; });
            const std::int64_t end_of_segment = batches == 0 ? 5 : batches == 1 ? 7 : 10;
            // A cut at a batch boundary cannot be seen: the later segment stays.
            CHECK(t.end() == (at_boundary ? 15 : end_of_segment));
            CHECK(t.report.recovered);
            CHECK(t.report.deleted_segments ==
                  (at_boundary ? std::vector<std::string>{}
                               : std::vector<std::string>{"00000000000000000010"}));
            const std::uint64_t kept =
                batches == 0 ? 0 : ends[static_cast<std::size_t>(batches) - 1];
            CHECK(t.report.bytes_truncated == size - kept);
            CHECK(t.storage.size("t-0/00000000000000000005.log") == kept);
        }
    }

    // V34: what lies behind a zeroed page is dropped, sound or not.
    TEST_CASE("zeroed bytes anywhere in the scanned region drop everything behind them") {
        const Bytes whole = three_segments().storage.content("t-0/00000000000000000005.log");
        const std::vector<std::uint64_t> ends = batch_ends(whole);
        constexpr std::size_t kPage = 16;
        for (std::size_t from = 0; from + kPage <= whole.size(); ++from) {
            CAPTURE(from);
            LogOnMemory t = three_segments();
            t.log.reset();
            const Bytes damaged = zeroed(whole, from, from + kPage);
            t.storage.write_file("t-0/00000000000000000005.log", damaged);
            t.open(false, 0);
            // Some of the bytes were zero before.
            const auto changed = static_cast<std::uint64_t>(
                std::mismatch(whole.begin(), whole.end(), damaged.begin()).first - whole.begin());
            CHECK(t.end() == (changed < ends[0] ? 5 : 7));
            CHECK(t.log->segment_base_offsets().size() == 2);
        }
    }

    TEST_CASE("damage below the recovery point's segment stays, and is served as it lies") {
        const Bytes whole = three_segments().storage.content(kFirstSegment);
        LogOnMemory t = three_segments();
        t.log.reset();
        Bytes damaged = whole;
        damaged[70] ^= std::byte{1};
        t.storage.write_file(kFirstSegment, damaged);
        t.open(false, 7);
        CHECK(t.end() == 15);
        CHECK(t.storage.content(kFirstSegment) == damaged);
        const core::BatchList batches = t.log->read(Offset(0), 1 << 20, Offset(15));
        REQUIRE(batches.size() == 2);
        CHECK(!batches[0].body->crc_valid());
        CHECK(batches[1].body->crc_valid());
        // A follower refuses it.
        LogOnMemory follower;
        CHECK(follower.log->append_as_follower(follower.now, batches).error() ==
              core::ErrorCode::corrupt_message);
    }

    TEST_CASE("recovery begins at the start of the segment that holds the recovery point") {
        for (std::int64_t point = 0; point <= 15; ++point) {
            CAPTURE(point);
            LogOnMemory t = three_segments();
            Bytes damaged = t.storage.content("t-0/00000000000000000005.log");
            t.log.reset();
            damaged[70] ^= std::byte{1};
            t.storage.write_file("t-0/00000000000000000005.log", damaged);
            t.open(false, point);
            CHECK(t.end() == (point < 10 ? 5 : 15));
            CHECK(t.log->recovery_point() == Offset(std::min(point, t.end())));
        }
    }

    TEST_CASE("after a clean stop nothing is scanned, and the recovery point is the end") {
        LogOnMemory t = three_segments();
        t.log->close();
        t.open(true, 3);
        CHECK(!t.report.recovered);
        CHECK(t.report.bytes_scanned == 0);
        CHECK(t.log->recovery_point() == Offset(15));
    }

    TEST_CASE("recovery counts what it read") {
        LogOnMemory t = three_segments();
        t.open(false, 6);
        CHECK(t.report.bytes_scanned == *t.storage.size("t-0/00000000000000000005.log") +
                                            *t.storage.size("t-0/00000000000000000010.log"));
        CHECK(t.report.bytes_truncated == 0);
        CHECK(t.report.log_end_before == Offset(15));
    }

    TEST_CASE("a log that ends below its log start begins anew there") {
        LogOnMemory t = three_segments();
        t.open(false, 0, 40);
        CHECK(t.log->log_start() == Offset(40));
        CHECK(t.end() == 40);
        CHECK(t.log->epochs().empty());
        CHECK(t.log->segment_base_offsets() == std::vector<Offset>{Offset(40)});
        CHECK(t.append(1, 9).first == Offset(40));
    }

    TEST_CASE("epoch entries at or past the end that recovery found are dropped") {
        LogOnMemory t = three_segments();
        t.log->assign_epoch(core::LeaderEpoch(7), Offset(15));
        t.open(false, 0);
        REQUIRE(t.log->epochs().size() == 3);
        CHECK(t.log->latest_epoch() == core::LeaderEpoch(2));
    }

    TEST_CASE("leftovers of another life are removed") {
        LogOnMemory t = three_segments();
        CHECK(t.log->truncate_to(Offset(5)));
        t.storage.write_file("t-0/leader-epoch-checkpoint.tmp", core::as_bytes("torn"));
        CHECK(t.storage.size("t-0/00000000000000000010.log.deleted"));
        t.open(false, 0);
        for (const std::string& file : t.storage.list("t-0")) {
            CHECK(!file.ends_with(".deleted"));
            CHECK(!file.ends_with(".tmp"));
        }
        CHECK(t.end() == 5);
    }

    TEST_CASE("a second crash scans again: recovery does not raise the recovery point") {
        LogOnMemory t = three_segments();
        t.open(false, 6);
        CHECK(t.log->recovery_point() == Offset(6));
        t.open(false, 6);
        CHECK(t.report.recovered);
        CHECK(t.end() == 15);
    }
}
