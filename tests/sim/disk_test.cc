#include "sim/disk.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

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
const PartitionId kPartition(0);

/// A disk whose append takes 1 ms, whose fsync takes 10 ms, with a writeback after 30 s.
struct Machine {
    explicit Machine(sim::DiskSabotage sabotage = {})
        : disk(NodeId(1), 3, model(), topics, sabotage) {
        at(Duration(0));
        file = disk.open(kSegment);
        disk.settle(now);
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
                CHECK(loss.new_end == end);
                CHECK(loss.old_end == Offset(3));
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
            machine.disk.settle(machine.now);
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

    TEST_CASE("a new segment's name is durable after its directory was synced") {
        constexpr const char* kSecond = "orders-0/00000000000000000001.log";
        for (const bool names : {false, true}) {
            Machine machine;
            machine.at(seconds(1)).append(machine.file, batch_at(0));
            machine.disk.sync(machine.file);
            const FileId second = machine.disk.open(kSecond);
            machine.disk.append(second, batch_at(1));
            machine.disk.sync(second);
            if (names) machine.disk.sync_directory("orders-0");
            machine.disk.power_lost(at_ns(0) + seconds(2), KeepRule{}, 1);
            CHECK(machine.disk.size(kSecond).has_value() == names);
        }
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
        CHECK(!machine.disk.chunks(machine.file)[1].batch);
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
        const auto chunks = machine.disk.chunks(file);
        REQUIRE(chunks.size() == 4);
        CHECK(!chunks[0].batch);
        CHECK(chunks[1].batch.has_value());
        CHECK(chunks[2].position == 2 * one);
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
}

}  // namespace
