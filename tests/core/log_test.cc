#include "core/log/log.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/log/checkpoint.h"
#include "core/log/log_manager.h"
#include "core/log/segment.h"
#include "core/log/segment_index.h"
#include "core/record/batch_parser.h"
#include "tests/core/log_fixture.h"

namespace {

using core::Batch;
using core::BatchList;
using core::ErrorCode;
using core::LeaderEpoch;
using core::Offset;
using test::LogOnMemory;
using test::make_batch;

core::TopicConfig small_segments(std::int64_t segment_bytes) {
    core::TopicConfig config;
    config.segment_bytes = segment_bytes;
    return config;
}

/// "0+3 3+2": base offset and count of each batch.
std::string shape(const BatchList& batches) {
    std::string text;
    for (const Batch& batch : batches)
        text += core::concat(text.empty() ? "" : " ", batch.base_offset.value(), "+",
                             batch.next_offset() - batch.base_offset);
    return text;
}

std::string read_all(const core::Log& log, std::int64_t from) {
    return shape(log.read(Offset(from), 1 << 20, log.log_end_offset()));
}

std::string epochs_of(const core::Log& log) {
    std::string text;
    for (const core::OffsetAndEpoch& entry : log.epochs())
        text += core::concat(text.empty() ? "" : " ", entry.leader_epoch.value(), "@",
                             entry.offset.value());
    return text;
}

std::string bases_of(const core::Log& log) {
    std::string text;
    for (Offset base : log.segment_base_offsets())
        text += core::concat(text.empty() ? "" : " ", base.value());
    return text;
}

/// Index of the first operation that begins with a text, from `from` on.
std::size_t position(const std::vector<std::string>& operations, const std::string& text,
                     std::size_t from = 0) {
    for (std::size_t i = from; i < operations.size(); ++i)
        if (operations[i].starts_with(text)) return i;
    return operations.size();
}

}  // namespace

TEST_SUITE("core.log") {
    TEST_CASE("an append gives the next offsets and the leader's epoch") {
        LogOnMemory t;
        CHECK(t.end() == 0);
        CHECK(t.append(3, 5).first == Offset(0));
        const core::AppendInfo info = t.append(2, 6);
        CHECK(info.first == Offset(3));
        CHECK(info.end == Offset(5));
        const BatchList batches = t.log->read(Offset(0), 1 << 20, Offset(5));
        CHECK(shape(batches) == "0+3 3+2");
        CHECK(batches[0].leader_epoch == LeaderEpoch(5));
        CHECK(batches[1].leader_epoch == LeaderEpoch(6));
        CHECK(epochs_of(*t.log) == "5@0 6@3");
    }

    TEST_CASE("a read begins with the batch that holds the offset and keeps to its bounds") {
        LogOnMemory t;
        for (int count : {3, 2, 4, 1}) t.append(count);
        const std::int64_t batch_bytes = make_batch(2)->size_bytes();
        const auto read = [&](std::int64_t from, std::int64_t max_bytes, std::int64_t limit) {
            return shape(t.log->read(Offset(from), max_bytes, Offset(limit)));
        };
        CHECK(read(0, 1 << 20, 10) == "0+3 3+2 5+4 9+1");
        CHECK(read(4, 1 << 20, 10) == "3+2 5+4 9+1");
        CHECK(read(9, 1 << 20, 10) == "9+1");
        CHECK(read(10, 1 << 20, 10).empty());
        // At least one batch, whatever its size.
        CHECK(read(3, 1, 10) == "3+2");
        CHECK(read(3, batch_bytes, 10) == "3+2");
        // A batch that reaches past the limit is not given.
        CHECK(read(0, 1 << 20, 9) == "0+3 3+2 5+4");
        CHECK(read(0, 1 << 20, 8) == "0+3 3+2");
        CHECK(read(0, 1 << 20, 2).empty());
    }

    TEST_CASE("the batch that holds an offset is found in a segment of any length") {
        LogOnMemory t;
        const core::FileId file = t.storage.open("t-0/00000000000000000000.log");
        for (std::size_t batches = 0; batches <= 40; ++batches) {
            const core::ChunkList& chunks = t.storage.chunks(file);
            REQUIRE(chunks.size() == batches);
            for (std::int64_t target = 0; target <= t.end() + 1; ++target) {
                CHECK(core::find_chunk(chunks, Offset(target), false) ==
                      core::find_chunk(chunks, Offset(target), true));
            }
            t.append(1 + static_cast<int>(batches % 3));
        }
    }

    TEST_CASE("a segment rolls by size, and a read stays within one segment") {
        const std::int64_t bytes = make_batch(1)->size_bytes();
        LogOnMemory t(small_segments(2 * bytes));
        for (int i = 0; i < 5; ++i) {
            const bool rolled = t.rolls(1);
            CHECK(rolled == (i == 2 || i == 4));
        }
        CHECK(bases_of(*t.log) == "0 2 4");
        CHECK(t.log->flush_waiting() == Offset(4));
        CHECK(read_all(*t.log, 0) == "0+1 1+1");
        CHECK(read_all(*t.log, 2) == "2+1 3+1");
        // A snapshot of the producers lies at every new segment.
        CHECK(t.storage.size("t-0/00000000000000000002.snapshot") == 10);
        CHECK(t.storage.size("t-0/00000000000000000004.snapshot") == 10);
    }

    TEST_CASE("a segment rolls by the age of its first batch, counted in record time") {
        core::TopicConfig config;
        config.segment_age = core::from_ms(1000);
        LogOnMemory t(config);
        const auto append = [&](std::int64_t timestamp_ms) {
            const auto batch = make_batch(1, 0, 8, std::nullopt, timestamp_ms);
            CHECK(t.log->append_as_leader(t.now, batch, LeaderEpoch(0)).ok());
            return t.log->rolled();
        };
        CHECK(!append(5000));
        CHECK(!append(6000));
        CHECK(append(6001));
        CHECK(!append(7001));
        CHECK(append(7002));
    }

    TEST_CASE("an epoch's entry is durable before the first batch of that epoch is written") {
        LogOnMemory t;
        t.append(1, 3);
        t.storage.forget_operations();
        t.append(1, 4);
        const auto& operations = t.storage.operations();
        const std::size_t synced = position(operations, "sync t-0/leader-epoch-checkpoint.tmp");
        const std::size_t renamed =
            position(operations, "rename t-0/leader-epoch-checkpoint.tmp", synced);
        const std::size_t named = position(operations, "syncdir t-0", renamed);
        const std::size_t appended = position(operations, "append", named);
        CHECK(appended < operations.size());
        CHECK(position(operations, "append") == appended);
        // The same epoch writes no file again.
        t.storage.forget_operations();
        t.append(1, 4);
        CHECK(t.storage.operations() ==
              std::vector<std::string>{"append t-0/00000000000000000000.log"});
    }

    TEST_CASE("a flush syncs every segment from the recovery point on, once") {
        const std::int64_t bytes = make_batch(1)->size_bytes();
        LogOnMemory t(small_segments(2 * bytes));
        for (int i = 0; i < 5; ++i) t.append(1);
        t.storage.forget_operations();
        CHECK(t.log->flush(t.now, Offset(4)));
        CHECK(t.log->recovery_point() == Offset(4));
        CHECK(!t.log->flush_waiting());
        const auto& operations = t.storage.operations();
        const std::string name = "sync t-0/0000000000000000000";
        CHECK(position(operations, name + "0.log") < operations.size());
        CHECK(position(operations, name + "2.log") < operations.size());
        CHECK(position(operations, name + "4.log") == operations.size());
        CHECK(position(operations, name + "2.snapshot") < operations.size());
        CHECK(position(operations, name + "4.snapshot") < operations.size());
        CHECK(position(operations, "syncdir t-0") < operations.size());
        CHECK(!t.log->flush(t.now, Offset(4)));
        t.storage.forget_operations();
        CHECK(t.log->flush(t.now, Offset(5)));
        CHECK(position(operations, name + "2.log") == operations.size());
        CHECK(position(operations, name + "4.log") < operations.size());
    }

    TEST_CASE("a roll at the recovery point leaves nothing to wait for once it was flushed") {
        const std::int64_t bytes = make_batch(1)->size_bytes();
        LogOnMemory t(small_segments(bytes));
        t.append(1);
        CHECK(t.log->flush(t.now, Offset(1)));
        CHECK(t.rolls(1));
        CHECK(t.log->flush_waiting() == Offset(1));
        t.storage.forget_operations();
        CHECK(!t.log->flush(t.now, Offset(1)));
        CHECK(!t.log->flush_waiting());
        CHECK(t.storage.operations() ==
              std::vector<std::string>{"sync t-0/00000000000000000001.snapshot"});
    }

    TEST_CASE("a follower writes all that one answer brought at once") {
        LogOnMemory t;
        t.append(1);
        std::vector<Batch> batches;
        for (int i = 0; i < 3; ++i)
            batches.push_back(Batch{Offset(1 + 2 * i), LeaderEpoch(0), make_batch(2, i)});
        t.storage.forget_operations();
        CHECK(t.log->append_as_follower(t.now, batches).value().end == Offset(7));
        CHECK(t.storage.operations() ==
              std::vector<std::string>{"append t-0/00000000000000000000.log"});
        CHECK(read_all(*t.log, 0) == "0+1 1+2 3+2 5+2");
    }

    TEST_CASE("before 3.7 a roll syncs its snapshot itself (KAFKA-15046)") {
        const std::int64_t bytes = make_batch(1)->size_bytes();
        for (const bool async : {true, false}) {
            core::TopicConfig config = small_segments(bytes);
            config.snapshot_flushed_async = async;
            LogOnMemory t(config);
            t.append(1);
            t.storage.forget_operations();
            CHECK(t.rolls(1));
            const auto& operations = t.storage.operations();
            const bool synced =
                position(operations, "sync t-0/00000000000000000001.snapshot") < operations.size();
            CHECK(synced != async);
        }
    }

    TEST_CASE("flush.messages makes an append durable before it returns") {
        core::TopicConfig config;
        config.flush_messages = 3;
        LogOnMemory t(config);
        CHECK(!t.append(2).flushed);
        CHECK(t.log->recovery_point() == Offset(0));
        CHECK(t.append(1).flushed);
        CHECK(t.log->recovery_point() == Offset(3));
    }

    TEST_CASE("what a client must not send is refused, and nothing is written") {
        core::TopicConfig config;
        config.max_message_bytes = 200;
        config.segment_bytes = 150;
        LogOnMemory t(config);
        const auto refusal = [&](const core::BatchBodyRef& body) {
            const auto result = t.log->append_as_leader(t.now, body, LeaderEpoch(0));
            return result ? ErrorCode::none : result.error();
        };
        CHECK(refusal(make_batch(1, 0, 300)) == ErrorCode::message_too_large);
        CHECK(refusal(make_batch(1, 0, 100)) == ErrorCode::record_list_too_large);
        const core::BatchBodyRef sound = make_batch(1);
        core::Bytes tail(sound->tail().begin(), sound->tail().end());
        tail.back() ^= std::byte{1};
        CHECK(refusal(core::make_batch_body(tail, std::nullopt)) == ErrorCode::corrupt_message);
        CHECK(refusal(make_batch(1, 0, 8, test::producer(1, 0, -1))) == ErrorCode::invalid_record);
        CHECK(t.end() == 0);
        CHECK(epochs_of(*t.log).empty());
    }

    TEST_CASE("a follower appends exactly what it got, all or nothing") {
        LogOnMemory leader;
        for (int count : {2, 3}) leader.append(count, 1);
        leader.append(1, 2);
        LogOnMemory follower;
        const BatchList batches = leader.log->read(Offset(0), 1 << 20, Offset(6));
        CHECK(follower.log->append_as_follower(follower.now, batches).value().end == Offset(6));
        CHECK(epochs_of(*follower.log) == "1@0 2@5");
        CHECK(follower.storage.content("t-0/00000000000000000000.log") ==
              leader.storage.content("t-0/00000000000000000000.log"));
        // Again: the first batch begins below the end.
        const auto again = follower.log->append_as_follower(follower.now, batches);
        CHECK(again.error() == ErrorCode::offset_out_of_range);
        // A sound batch before a damaged one is not kept either.
        leader.append(1, 2);
        BatchList more = leader.log->read(Offset(6), 1 << 20, Offset(7));
        core::Bytes tail(more[0].body->tail().begin(), more[0].body->tail().end());
        tail.back() ^= std::byte{1};
        more.push_back(Batch{Offset(7), LeaderEpoch(2), core::make_batch_body(tail, std::nullopt)});
        CHECK(follower.log->append_as_follower(follower.now, more).error() ==
              ErrorCode::corrupt_message);
        CHECK(follower.end() == 6);
    }

    TEST_CASE("truncation cuts whole batches, and the end is where it was asked for") {
        struct Case {
            std::int64_t target;
            bool removed;
            std::string batches;
            std::string epochs;
        };
        for (const Case& c :
             {Case{12, false, "0+3 3+2 5+4", "1@0 2@5"}, Case{9, false, "0+3 3+2 5+4", "1@0 2@5"},
              Case{7, true, "0+3 3+2", "1@0 2@5"}, Case{5, true, "0+3 3+2", "1@0"},
              Case{4, true, "0+3", "1@0"}, Case{0, true, "", ""}}) {
            CAPTURE(c.target);
            LogOnMemory t;
            t.append(3, 1);
            t.append(2, 1);
            t.append(4, 2);
            t.log->set_high_watermark(Offset(9));
            t.log->flush(t.now, Offset(9));
            CHECK(t.log->truncate_to(Offset(c.target)) == c.removed);
            const std::int64_t end = std::min<std::int64_t>(c.target, 9);
            CHECK(t.end() == end);
            CHECK(t.log->high_watermark() == Offset(end));
            CHECK(t.log->recovery_point() == Offset(end));
            CHECK(read_all(*t.log, 0) == c.batches);
            CHECK(epochs_of(*t.log) == c.epochs);
        }
    }

    TEST_CASE("an election entry at the end falls to any truncation, even one that cuts nothing") {
        LogOnMemory t;
        t.append(3, 1);
        t.log->assign_epoch(LeaderEpoch(4), Offset(3));
        CHECK(epochs_of(*t.log) == "1@0 4@3");
        CHECK(!t.log->truncate_to(Offset(3)));
        CHECK(epochs_of(*t.log) == "1@0");
    }

    TEST_CASE("dropped segments keep their bytes as .deleted until their delay is over") {
        const std::int64_t bytes = make_batch(1)->size_bytes();
        LogOnMemory t(small_segments(2 * bytes));
        for (int i = 0; i < 6; ++i) t.append(1);
        t.now = core::at_ns(5'000'000'000);
        t.append(1);
        CHECK(t.log->truncate_to(Offset(1)));
        CHECK(bases_of(*t.log) == "0");
        const std::string retired = "t-0/00000000000000000002.log.deleted";
        CHECK(t.storage.size(retired) == static_cast<std::uint64_t>(2 * bytes));
        CHECK(!t.storage.size("t-0/00000000000000000002.log"));
        const core::Duration delay = core::from_ms(60'000);
        CHECK(t.log->next_file_deletion(delay) == core::at_ns(65'000'000'000));
        t.log->delete_retired_files(core::at_ns(64'999'999'999), delay);
        CHECK(t.storage.size(retired));
        t.log->delete_retired_files(core::at_ns(65'000'000'000), delay);
        CHECK(!t.storage.size(retired));
        CHECK(!t.log->next_file_deletion(delay));
        // The log goes on in the segment that was kept.
        t.append(3);
        CHECK(t.end() == 4);
    }

    TEST_CASE("a full truncation begins anew at any offset") {
        LogOnMemory t;
        t.append(5, 1);
        t.log->set_high_watermark(Offset(4));
        t.log->truncate_fully_and_start_at(Offset(100));
        CHECK(t.log->log_start() == Offset(100));
        CHECK(t.end() == 100);
        CHECK(t.log->high_watermark() == Offset(100));
        CHECK(epochs_of(*t.log).empty());
        CHECK(t.append(2, 3).first == Offset(100));
        t.open(false, 0, 100);
        CHECK(t.end() == 102);
        CHECK(t.log->log_start() == Offset(100));
        // Below the first segment: the same.
        CHECK(t.log->truncate_to(Offset(7)));
        CHECK(t.log->log_start() == Offset(7));
        CHECK(t.end() == 7);
    }

    TEST_CASE("the log start moves up with its epochs, and survives a start") {
        LogOnMemory t;
        t.append(3, 1);
        t.append(3, 2);
        t.append(3, 5);
        t.log->advance_log_start(Offset(4));
        CHECK(t.log->high_watermark() == Offset(4));
        CHECK(epochs_of(*t.log) == "2@4 5@6");
        t.open(false, 0, 4);
        CHECK(t.log->log_start() == Offset(4));
        CHECK(epochs_of(*t.log) == "2@4 5@6");
        CHECK(t.log->high_watermark() == Offset(4));
    }

    TEST_CASE("the high watermark is kept between log start and log end") {
        LogOnMemory t;
        t.append(5);
        t.log->set_high_watermark(Offset(9));
        CHECK(t.log->high_watermark() == Offset(5));
        t.log->set_high_watermark(Offset(2));
        CHECK(t.log->high_watermark() == Offset(2));
    }

    TEST_CASE("LogAppendTime is stamped from the broker's clock") {
        core::TopicConfig config;
        config.log_append_time = true;
        LogOnMemory t(config);
        t.now = core::at_ns(2'500'000'000);
        t.append(1);
        const BatchList batches = t.log->read(Offset(0), 1, Offset(1));
        CHECK(batches[0].body->header().log_append_time());
        CHECK(batches[0].body->header().max_timestamp_ms == core::kWallClockAtZeroMs + 2500);
        CHECK(batches[0].body->crc_valid());
    }

    TEST_CASE("indexes hold an entry for every interval of the log") {
        LogOnMemory t;
        for (int i = 0; i < 4; ++i)
            CHECK(t.log
                      ->append_as_leader(t.now,
                                         make_batch(2, 0, 100, std::nullopt, 1000 + 10 * (i % 3)),
                                         LeaderEpoch(0))
                      .ok());
        const core::FileId file = t.storage.open("t-0/00000000000000000000.log");
        const core::ChunkList& chunks = t.storage.chunks(file);
        const std::uint64_t size = chunks[0].size_bytes();
        const core::SegmentIndexes indexes = core::build_indexes(chunks, Offset(0), size + 1);
        // Two batches, then the third is more than an interval from the beginning.
        REQUIRE(indexes.offset_index.size() == 8);
        CHECK(core::load_be<std::int32_t>(indexes.offset_index, 0) == 5);
        CHECK(core::load_be<std::int32_t>(indexes.offset_index, 4) ==
              static_cast<std::int32_t>(2 * size));
        REQUIRE(indexes.time_index.size() == 12);
        CHECK(core::load_be<std::int64_t>(indexes.time_index, 0) == 1021);
        CHECK(core::load_be<std::int32_t>(indexes.time_index, 8) == 5);
    }

    TEST_CASE("a dump's files get the indexes that they lack") {
        LogOnMemory t;
        t.append(2);
        std::vector<std::pair<std::string, core::Bytes>> files;
        const std::string log = "t-0/00000000000000000000.log";
        files.emplace_back("meta.properties", core::Bytes());
        files.emplace_back(log, t.storage.content(log));
        core::add_index_files(files);
        REQUIRE(files.size() == 4);
        CHECK(files[1].first == "t-0/00000000000000000000.index");
        CHECK(files[1].second.empty());
        CHECK(files[3].first == "t-0/00000000000000000000.timeindex");
        REQUIRE(files[3].second.size() == 12);
        CHECK(core::load_be<std::int64_t>(files[3].second, 0) == 1'700'000'000'001);
        CHECK(core::load_be<std::int32_t>(files[3].second, 8) == 1);
        core::add_index_files(files);
        CHECK(files.size() == 4);
    }
}
