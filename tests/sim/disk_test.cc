#include "sim/disk.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/log/checkpoint.h"
#include "core/record/batch_builder.h"
#include "core/record/batch_parser.h"

namespace {

using namespace core;
using sim::DiskLoss;
using sim::KeepRule;

constexpr Duration seconds(std::int64_t count) {
    return from_ms(count * 1'000);
}

TopicTable one_topic() {
    TopicTable topics;
    topics.add("orders", 1, 2, 2);
    return topics;
}

Batch batch_at(std::int64_t offset) {
    BatchBuilder builder(16'384);
    builder.append(std::nullopt, as_bytes("value"), 0);
    return Batch{Offset(offset), LeaderEpoch(0), builder.close(std::nullopt, std::nullopt)};
}

constexpr const char* kSegment = "orders-0/00000000000000000000.log";
constexpr const char* kSecond = "orders-0/00000000000000000001.log";
constexpr const char* kThird = "orders-0/00000000000000000002.log";
constexpr const char* kFourth = "orders-0/00000000000000000003.log";
constexpr const char* kSeventh = "orders-0/00000000000000000006.log";
const PartitionId kPartition(0);

/// A disk whose append takes 1 ms, whose fsync takes 10 ms, with a writeback after 30 s.
struct Machine {
    explicit Machine(sim::DiskSabotage sabotage = {})
        : disk(NodeId(1), 3, model(), topics, sabotage) {
        at(Duration(0));
        file = disk.open(kSegment);
        disk.settle();
    }
    static scenario::DiskModel model() {
        scenario::DiskModel times;
        times.append = scenario::Distribution(from_ms(1));
        times.fsync = scenario::Distribution(from_ms(10));
        times.writeback = scenario::Distribution(seconds(30));
        return times;
    }
    /// A step begins at this moment.
    sim::SimDisk& at(Duration since_zero) {
        now = at_ns(0) + since_zero;
        disk.begin_step(now);
        return disk;
    }
    Offset end() const { return disk.log_end(kPartition); }
    Offset end_after_power_loss(Duration since_zero, const KeepRule& keep = {}) {
        disk.power_lost(at_ns(0) + since_zero, keep, 99);
        return end();
    }

    TopicTable topics = one_topic();
    sim::SimDisk disk;
    TimePoint now = at_ns(0);
    FileId file{0};
};

KeepRule keep(KeepRule::Kind kind, std::int64_t offset = 0) {
    KeepRule rule;
    rule.kind = kind;
    rule.offset = Offset(offset);
    return rule;
}

TEST_SUITE("sim.disk") {
    TEST_CASE("power takes what is neither synced nor written back") {
        struct Case {
            const char* what;
            Duration power_lost;
            bool synced;
            std::int64_t end;
        };
        for (const Case& c :
             {Case{"dirty", seconds(20), false, 0}, Case{"written back", seconds(32), false, 1},
              Case{"synced", seconds(2), true, 1},
              Case{"the sync was not over", from_ms(1'005), true, 0}}) {
            Machine machine;
            machine.at(seconds(1)).append(machine.file, batch_at(0));
            machine.disk.begin_step(machine.now);
            if (c.synced) machine.disk.sync(machine.file);
            INFO(c.what);
            CHECK(machine.end() == Offset(1));
            CHECK(machine.end_after_power_loss(c.power_lost) == Offset(c.end));
        }
    }

    TEST_CASE("batches of one write are paid for once, and are durable together") {
        Machine machine;
        machine.at(seconds(1)).append(machine.file, batch_at(0));
        machine.disk.append_more(machine.file, batch_at(1));
        machine.disk.append_more(machine.file, batch_at(2));
        CHECK(machine.disk.charged() == from_ms(1));
        CHECK(machine.disk.chunks(machine.file).size() == 3);
        machine.disk.sync(machine.file);
        CHECK(machine.disk.charged() == from_ms(11));
    }

    TEST_CASE("the lane pays for appends and syncs, and later work of a step comes later") {
        Machine machine;
        machine.at(seconds(1)).append(machine.file, batch_at(0));
        machine.disk.append(machine.file, batch_at(1));
        machine.disk.sync(machine.file);
        CHECK(machine.disk.charged() == from_ms(12));
        CHECK(machine.end_after_power_loss(from_ms(1'011)) == Offset(0));
    }

    TEST_CASE("keep says what of the dirty bytes stays") {
        const auto end_with = [](const KeepRule& rule) {
            Machine machine;
            machine.at(seconds(1));
            for (std::int64_t offset = 0; offset < 2; ++offset)
                machine.disk.append(machine.file, batch_at(offset));
            machine.disk.sync(machine.file);
            machine.at(seconds(2));
            for (std::int64_t offset = 2; offset < 9; ++offset)
                machine.disk.append(machine.file, batch_at(offset));
            return machine.end_after_power_loss(seconds(3), rule);
        };
        CHECK(end_with(keep(KeepRule::Kind::none)) == Offset(2));
        CHECK(end_with(keep(KeepRule::Kind::all)) == Offset(9));
        CHECK(end_with(keep(KeepRule::Kind::from_offset, 5)) == Offset(5));
        // Never what is durable.
        CHECK(end_with(keep(KeepRule::Kind::from_offset, 0)) == Offset(2));
        KeepRule exception = keep(KeepRule::Kind::all);
        exception.partitions.emplace_back(kPartition, keep(KeepRule::Kind::from_offset, 3));
        CHECK(end_with(exception) == Offset(3));
    }

    TEST_CASE("a random cut lies between what is durable and what was written, torn or not") {
        int torn = 0;
        for (std::uint64_t draw = 0; draw < 50; ++draw) {
            Machine machine;
            machine.at(seconds(1)).append(machine.file, batch_at(0));
            machine.disk.sync(machine.file);
            const std::uint64_t durable = *machine.disk.size(kSegment);
            machine.at(seconds(2)).append(machine.file, batch_at(1));
            machine.disk.append(machine.file, batch_at(2));
            const std::uint64_t written = *machine.disk.size(kSegment);
            const auto losses =
                machine.disk.power_lost(at_ns(0) + seconds(3), keep(KeepRule::Kind::random), draw);
            const std::uint64_t left = *machine.disk.size(kSegment);
            CHECK(left >= durable);
            CHECK(left <= written);
            const Bytes bytes = machine.disk.read(kSegment, 0, UINT64_MAX);
            CHECK(bytes.size() == left);
            if (left % durable != 0) ++torn;
            const Offset end = machine.end();
            CHECK(losses.empty() == (end == Offset(3)));
            for (const DiskLoss& loss : losses) {
                CHECK(loss.first == end);
                CHECK(loss.end == Offset(3));
            }
        }
        CHECK(torn > 0);
    }

    TEST_CASE("the end of a process takes nothing from the page cache") {
        Machine machine;
        machine.at(seconds(1)).append(machine.file, batch_at(0));
        machine.disk.process_ended();
        CHECK(machine.end() == Offset(1));
    }

    TEST_CASE("a checkpoint written beside and renamed is old or new, never a mix") {
        const auto content = [](Duration power_lost, bool sync_file, bool sync_names) {
            Machine machine;
            machine.at(Duration(0)).write_file("checkpoint", as_bytes("old"));
            machine.disk.settle();
            machine.at(seconds(1)).write_file("checkpoint.tmp", as_bytes("newer"));
            if (sync_file) machine.disk.sync("checkpoint.tmp");
            machine.disk.rename("checkpoint.tmp", "checkpoint");
            if (sync_names) machine.disk.sync_directory("");
            machine.disk.power_lost(at_ns(0) + power_lost, KeepRule{}, 1);
            return std::string(as_text(machine.disk.read("checkpoint", 0, 100)));
        };
        CHECK(content(seconds(2), true, true) == "newer");
        CHECK(content(seconds(2), true, false) == "old");
        CHECK(content(seconds(40), true, false) == "newer");
        // Between the two syncs the name is still the old one.
        CHECK(content(from_ms(1'015), true, true) == "old");
    }

    TEST_CASE("a new segment's name is durable after a sync of its directory or of anything else") {
        enum class Synced { nothing, content_before, other_file, directory };
        for (const Synced synced :
             {Synced::nothing, Synced::content_before, Synced::other_file, Synced::directory}) {
            Machine machine;
            machine.at(seconds(1)).write_file("other", as_bytes("x"));
            machine.disk.append(machine.file, batch_at(0));
            machine.disk.sync(machine.file);
            if (synced == Synced::content_before) machine.disk.sync("other");
            machine.disk.append(machine.disk.open(kSecond), batch_at(1));
            if (synced == Synced::other_file) machine.disk.sync("other");
            if (synced == Synced::directory) machine.disk.sync_directory("orders-0");
            const auto losses = machine.disk.power_lost(at_ns(0) + seconds(2), KeepRule{}, 1);
            // Its bytes are not, and an empty segment behind a whole one is as good as none.
            REQUIRE(losses.size() == 1);
            CHECK(losses[0].first == Offset(1));
            CHECK(losses[0].end == Offset(2));
            CHECK(machine.disk.size(kSecond).has_value() ==
                  (synced == Synced::other_file || synced == Synced::directory));
        }
    }

    TEST_CASE("names become durable in the order of their changes, across directories") {
        const auto left = [](bool sync_before_the_last) {
            Machine machine;
            machine.at(seconds(1)).write_file("a/first", as_bytes("x"));
            machine.disk.write_file("b/second", as_bytes("x"));
            if (sync_before_the_last) machine.disk.sync_directory("b");
            machine.disk.write_file("a/third", as_bytes("x"));
            if (!sync_before_the_last) machine.disk.sync_directory("a");
            machine.disk.power_lost(at_ns(0) + seconds(2), KeepRule{}, 1);
            return machine.disk.files().size() - 1;  // without the segment
        };
        CHECK(left(true) == 2);
        CHECK(left(false) == 3);
    }

    TEST_CASE("a removed clean-shutdown marker stays away, any other file comes back") {
        Machine machine;
        for (const std::string_view path : {std::string_view("other"), kCleanShutdown}) {
            machine.at(Duration(0)).write_file(path, as_bytes("x"));
            machine.disk.sync(path);
        }
        machine.disk.settle();
        machine.at(seconds(1)).remove(kCleanShutdown);
        machine.disk.remove("other");
        machine.disk.power_lost(at_ns(0) + seconds(2), KeepRule{}, 1);
        CHECK(!machine.disk.size(kCleanShutdown));
        CHECK(machine.disk.size("other").has_value());
    }

    TEST_CASE("a truncation takes the later segments for good, so that none comes back behind it") {
        Machine machine;
        machine.at(seconds(1)).append(machine.file, batch_at(0));
        machine.disk.append(machine.file, batch_at(1));
        const FileId later = machine.disk.open(kThird);
        machine.disk.append(later, batch_at(2));
        machine.disk.sync(machine.file);
        machine.disk.sync(later);
        machine.disk.settle();
        machine.at(seconds(2)).rename(kThird, concat(kThird, ".deleted"));
        machine.disk.truncate(machine.file, static_cast<std::uint64_t>(batch_at(0).size_bytes()));
        machine.disk.power_lost(at_ns(0) + seconds(3), KeepRule{}, 1);
        CHECK(machine.end() == Offset(1));
        CHECK(!machine.disk.size(kThird));
    }

    TEST_CASE("a file that was rewritten and then removed does not come back later") {
        Machine machine;
        machine.at(Duration(0)).write_file("snapshot", as_bytes("old"));
        machine.disk.settle();
        machine.at(seconds(1)).write_file("snapshot", as_bytes("new"));
        machine.disk.remove("snapshot");
        for (int i = 0; i < 20; ++i) machine.disk.write_file(concat("f", i), as_bytes("x"));
        machine.disk.sync_directory("");
        machine.at(seconds(2)).sync_directory("");
        machine.disk.power_lost(at_ns(0) + seconds(60), KeepRule{}, 1);
        CHECK(!machine.disk.size("snapshot"));
        CHECK(machine.disk.size("f0").has_value());
    }

    TEST_CASE("a cut leaves nothing of later segments but what is durable") {
        // Segments 0-2, 3-5 and 6-8; the first two batches are durable, as is `durable_later`.
        struct Left {
            std::vector<std::string> segments;
            std::vector<std::pair<std::int64_t, std::int64_t>> lost;
        };
        const auto left_by = [](const KeepRule& rule, bool durable_later) {
            Machine machine;
            machine.at(seconds(1));
            machine.disk.append(machine.file, batch_at(0));
            machine.disk.append(machine.file, batch_at(1));
            machine.disk.sync(machine.file);
            machine.at(seconds(2)).append(machine.file, batch_at(2));
            const FileId second = machine.disk.open(kFourth);
            const FileId third = machine.disk.open(kSeventh);
            for (const std::int64_t offset : {3, 4, 5}) {
                machine.disk.append(second, batch_at(offset));
                if (offset == 3 && durable_later) machine.disk.sync(second);
            }
            for (const std::int64_t offset : {6, 7, 8})
                machine.disk.append(third, batch_at(offset));
            Left left;
            for (const auto& loss : machine.disk.power_lost(at_ns(0) + seconds(3), rule, 99))
                left.lost.emplace_back(loss.first.value(), loss.end.value());
            for (const auto& [path, bytes] : machine.disk.files())
                left.segments.push_back(concat(path.substr(28, 1), ": ", bytes.size()));
            return left;
        };
        using Files = std::vector<std::string>;
        using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;
        const auto size = static_cast<std::int64_t>(batch_at(0).size_bytes());
        const std::string one = concat(": ", size);
        const std::string two = concat(": ", 2 * size);
        const std::string three = concat(": ", 3 * size);
        const Left all = left_by(keep(KeepRule::Kind::all), false);
        CHECK(all.segments == Files{"0" + three, "3" + three, "6" + three});
        CHECK(all.lost.empty());
        const Left none = left_by(keep(KeepRule::Kind::none), false);
        CHECK(none.segments == Files{"0" + two});
        CHECK(none.lost == Ranges{{2, 9}});
        const Left first = left_by(keep(KeepRule::Kind::from_offset, 2), false);
        CHECK(first.segments == Files{"0" + two});
        CHECK(first.lost == Ranges{{2, 9}});
        const Left edge = left_by(keep(KeepRule::Kind::from_offset, 3), false);
        CHECK(edge.segments == Files{"0" + three});
        CHECK(edge.lost == Ranges{{3, 9}});
        const Left middle = left_by(keep(KeepRule::Kind::from_offset, 7), false);
        CHECK(middle.segments == Files{"0" + three, "3" + three, "6" + one});
        CHECK(middle.lost == Ranges{{7, 9}});
        // What is durable stays, behind a hole: each range that is lost is told.
        const Left hole = left_by(keep(KeepRule::Kind::from_offset, 2), true);
        CHECK(hole.segments == Files{"0" + two, "3" + one});
        CHECK(hole.lost == Ranges{{2, 3}, {4, 9}});
    }

    TEST_CASE("a random cut makes no hole between segments") {
        int cut_before_the_last = 0;
        for (std::uint64_t draw = 0; draw < 60; ++draw) {
            Machine machine;
            machine.at(seconds(1)).append(machine.file, batch_at(0));
            machine.disk.append(machine.disk.open(kSecond), batch_at(1));
            machine.disk.append(machine.disk.open(kThird), batch_at(2));
            machine.disk.power_lost(at_ns(0) + seconds(2), keep(KeepRule::Kind::random), draw);
            bool whole = true;
            for (const char* path : {kSegment, kSecond, kThird}) {
                const auto left = machine.disk.size(path);
                if (!whole) CHECK(!left);
                whole = left == static_cast<std::uint64_t>(batch_at(0).size_bytes());
                if (!whole && path != kThird) ++cut_before_the_last;
            }
        }
        CHECK(cut_before_the_last > 0);
        CHECK(cut_before_the_last < 120);
    }

    TEST_CASE("an unsynced rename is undone by a loss of power") {
        Machine machine;
        machine.at(seconds(1)).append(machine.file, batch_at(0));
        machine.disk.sync(machine.file);
        machine.at(seconds(2)).rename(kSegment, std::string(kSegment) + ".deleted");
        CHECK(machine.end() == Offset(0));
        CHECK(machine.end_after_power_loss(seconds(3)) == Offset(1));
    }

    TEST_CASE("truncation inside a batch leaves raw bytes, at its edge whole batches") {
        Machine machine;
        machine.at(seconds(1));
        for (std::int64_t offset = 0; offset < 3; ++offset)
            machine.disk.append(machine.file, batch_at(offset));
        const std::uint64_t one = *machine.disk.size(kSegment) / 3;
        machine.disk.truncate(machine.file, 2 * one);
        CHECK(machine.end() == Offset(2));
        REQUIRE(machine.disk.chunks(machine.file).size() == 2);
        machine.disk.truncate(machine.file, one + 7);
        REQUIRE(machine.disk.chunks(machine.file).size() == 2);
        CHECK(machine.disk.chunks(machine.file).batch(1) == nullptr);
        CHECK(machine.disk.chunks(machine.file)[1].raw.size() == 7);
        CHECK(machine.end() == Offset(1));
    }

    TEST_CASE("adopting batches changes no byte") {
        Machine machine;
        machine.at(seconds(1));
        Bytes bytes;
        for (std::int64_t offset = 0; offset < 3; ++offset) encode_batch(batch_at(offset), bytes);
        const std::uint64_t one = bytes.size() / 3;
        bytes.resize(bytes.size() + 5);
        machine.disk.write_file(kSegment, bytes);
        const FileId file = machine.disk.open(kSegment);
        const std::vector<Batch> middle{batch_at(1), batch_at(2)};
        machine.disk.adopt(file, one, middle);
        const core::ChunkList& chunks = machine.disk.chunks(file);
        REQUIRE(chunks.size() == 4);
        CHECK(chunks.batch(0) == nullptr);
        CHECK(chunks.batch(1) != nullptr);
        CHECK(chunks.position(2) == 2 * one);
        CHECK(chunks[3].raw.size() == 5);
        CHECK(machine.disk.read(kSegment, 0, UINT64_MAX) == bytes);
        CHECK(machine.disk.read(kSegment, one - 2, 9) ==
              Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(one - 2),
                    bytes.begin() + static_cast<std::ptrdiff_t>(one + 7)));
    }

    TEST_CASE("listing names files and directories once, sorted") {
        Machine machine;
        machine.disk.make_directory("orders-1");
        machine.disk.write_file("orders-1/partition.metadata", as_bytes("x"));
        machine.disk.write_file("meta.properties", as_bytes("x"));
        CHECK(machine.disk.list("") ==
              std::vector<std::string>{"meta.properties", "orders-0", "orders-1"});
        CHECK(machine.disk.list("orders-1") == std::vector<std::string>{"partition.metadata"});
        CHECK(machine.disk.list("nothing").empty());
    }

    TEST_CASE("sabotage: a forgotten sync makes nothing durable") {
        Machine machine({.forget_sync = true, .skip_truncation = false});
        machine.at(seconds(1)).append(machine.file, batch_at(0));
        machine.disk.sync(machine.file);
        CHECK(machine.disk.charged() == from_ms(11));
        CHECK(machine.end_after_power_loss(seconds(2)) == Offset(0));
    }

    TEST_CASE("an operation that fails is undone with all behind it, what was before it stays") {
        Machine machine;
        machine.at(seconds(1)).append(machine.file, batch_at(0));
        CHECK_FALSE(machine.disk.take_error());
        sim::SimDisk& disk = machine.at(seconds(2));
        disk.append(machine.file, batch_at(1));
        disk.set_health(sim::DiskHealth::full);
        disk.append(machine.file, batch_at(2));
        disk.write_file("checkpoint", as_bytes("new"));
        CHECK(disk.take_error());
        CHECK_FALSE(disk.take_error());
        CHECK(disk.log_end(kPartition) == Offset(2));
        CHECK_FALSE(disk.size("checkpoint").has_value());
    }

    TEST_CASE("a full disk still syncs and cuts, one that fails does not") {
        for (const bool failed : {false, true}) {
            CAPTURE(failed);
            Machine machine;
            machine.at(seconds(1)).append(machine.file, batch_at(0));
            machine.disk.set_health(failed ? sim::DiskHealth::failed : sim::DiskHealth::full);
            machine.at(seconds(2)).sync(machine.file);
            CHECK(machine.disk.take_error() == failed);
            machine.at(seconds(3)).truncate(machine.file, 0);
            CHECK(machine.disk.take_error() == failed);
            CHECK(machine.disk.log_end(kPartition) == Offset(failed ? 1 : 0));
        }
    }
}

}  // namespace
