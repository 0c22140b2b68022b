/// Log directories that Kafka 3.9.1 wrote: read, recovered and truncated here as Kafka did it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "core/base/text.h"
#include "core/log/checkpoint.h"
#include "core/log/log_manager.h"
#include "core/log/producer_state.h"
#include "core/log/segment.h"
#include "core/log/segment_index.h"
#include "core/log/truncation.h"
#include "core/record/batch_parser.h"
#include "core/record/record.h"
#include "tests/core/memory_storage.h"

namespace {

using core::Batch;
using core::Bytes;
using core::BytesView;
using core::Log;
using core::LogManager;
using core::Offset;
using core::OffsetAndEpoch;
using nlohmann::json;
using test::MemoryStorage;

const std::filesystem::path kVectors = std::filesystem::path(ACKLAB_TESTS_DIR) / "vectors";

json story_of(const std::string& name) {
    std::ifstream in(kVectors / name / "story.json");
    REQUIRE(in.good());
    return json::parse(in);
}

std::vector<std::string> cases() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(kVectors))
        if (entry.is_directory()) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

/// The directories of a case that were copied from a broker.
std::vector<std::string> copies_of(const json& story) {
    std::vector<std::string> names;
    for (const auto& [name, text] : story.at("copies").items()) names.push_back(name);
    return names;
}

/// As the stories spell it: long texts are cut.
std::optional<std::string> text_of(const std::optional<BytesView>& bytes) {
    constexpr std::size_t kLongest = 60;
    constexpr std::size_t kShown = 20;
    if (!bytes) return std::nullopt;
    const std::string_view text = core::as_text(*bytes);
    if (text.size() <= kLongest) return std::string(text);
    return core::concat(text.substr(0, kShown), "...(", text.size(), " chars)");
}

std::optional<std::string> text_of(const json& value) {
    if (value.is_null()) return std::nullopt;
    return value.get<std::string>();
}

std::vector<std::string> files_with(const MemoryStorage& storage, const std::string& directory,
                                    std::string_view suffix) {
    std::vector<std::string> files;
    for (const std::string& file : storage.list(directory))
        if (core::offset_of_file(file, suffix)) files.push_back(file);
    return files;
}

/// A table with every partition that has a directory, and the manager's view of it.
struct Broker {
    explicit Broker(const std::filesystem::path& directory) : storage(directory) {
        std::map<std::string, std::uint32_t> counts;
        for (const std::string& name : storage.list("")) {
            const auto dash = name.rfind('-');
            if (files_with(storage, name, core::kLogSuffix).empty()) continue;
            const auto index = core::parse_int(std::string_view(name).substr(dash + 1));
            std::uint32_t& count = counts[name.substr(0, dash)];
            count = std::max(count, static_cast<std::uint32_t>(*index) + 1);
        }
        for (const auto& [topic, count] : counts) topics.add(topic, 1, 2, count);
    }
    void load() {
        manager.open();
        loaded = manager.load_logs(core::at_ns(0),
                                   [](core::PartitionId) { return core::TopicConfig{}; });
    }
    Log& log(const std::string& partition) {
        Log* found = manager.find(*topics.find_partition(partition));
        REQUIRE(found != nullptr);
        return *found;
    }

    MemoryStorage storage;
    core::TopicTable topics;
    LogManager manager{storage, topics};
    std::vector<LogManager::Loaded> loaded;
};

std::vector<OffsetAndEpoch> epochs_below(std::span<const OffsetAndEpoch> epochs, Offset end) {
    std::vector<OffsetAndEpoch> below;
    for (const OffsetAndEpoch& entry : epochs)
        if (entry.offset < end) below.push_back(entry);
    return below;
}

/// Every field of the story's row about a batch.
void check_batch(const json& row, const Batch& batch, std::uint64_t position) {
    const core::BatchHeader& header = batch.body->header();
    CHECK(row.at("position") == position);
    CHECK(row.at("size") == batch.size_bytes());
    CHECK(row.at("base_offset") == batch.base_offset.value());
    CHECK(row.at("last_offset") == batch.last_offset().value());
    CHECK(row.at("count") == header.record_count);
    CHECK(row.at("leader_epoch") == batch.leader_epoch.value());
    CHECK(row.at("attributes") == header.attributes);
    CHECK(row.at("base_timestamp") == header.base_timestamp_ms);
    CHECK(row.at("max_timestamp") == header.max_timestamp_ms);
    CHECK(row.at("producer_id") == (header.producer ? header.producer->id.value() : -1));
    CHECK(row.at("producer_epoch") == (header.producer ? header.producer->epoch.value() : -1));
    CHECK(row.at("crc") == header.crc);
    CHECK(row.at("crc_ok") == batch.body->crc_valid());
}

/// A row of one of the story's tables, by the names of its fields.
json named(const json& table, const json& row) {
    json out;
    for (std::size_t i = 0; i < row.size(); ++i)
        out[table.at("fields").at(i).get<std::string>()] = row.at(i);
    return out;
}

void check_batches(const MemoryStorage& storage, const std::string& partition, const json& table) {
    std::map<std::int64_t, std::vector<json>> rows;
    for (const json& row : table.at("rows"))
        rows[row.at(0).get<std::int64_t>()].push_back(named(table, row));
    for (const auto& [base, expected] : rows) {
        const Bytes bytes =
            storage.content(core::file_path(partition, Offset(base), core::kLogSuffix));
        std::uint64_t position = 0;
        for (const json& row : expected) {
            const core::ParsedBatch parsed = core::parse_batch(bytes, position);
            REQUIRE(parsed.batch.has_value());
            check_batch(row, *parsed.batch, position);
            Bytes again;
            core::encode_batch(*parsed.batch, again);
            REQUIRE(again.size() == parsed.size_bytes);
            CHECK(std::memcmp(again.data(), bytes.data() + position, again.size()) == 0);
            position += parsed.size_bytes;
        }
    }
}

/// Compares the uncompressed records of a segment with DumpLogSegments' rows, by offset.
int check_records(const MemoryStorage& storage, const std::string& partition,
                  const std::map<std::int64_t, json>& rows) {
    int checked = 0;
    for (const std::string& file : files_with(storage, partition, core::kLogSuffix)) {
        const Bytes bytes = storage.content(core::concat(partition, "/", file));
        for (std::uint64_t at = 0; at < bytes.size();) {
            const core::ParsedBatch parsed = core::parse_batch(bytes, at);
            if (!parsed.batch) break;
            at += parsed.size_bytes;
            const Batch& batch = *parsed.batch;
            const core::BatchHeader& header = batch.body->header();
            if (!parsed.sound() || header.compression() != core::Compression::none) continue;
            core::RecordReader reader(*batch.body);
            while (const auto record = reader.next()) {
                const Offset offset = batch.base_offset + record->offset_delta;
                const auto row = rows.find(offset.value());
                REQUIRE(row != rows.end());
                ++checked;
                const std::int64_t timestamp_ms =
                    header.log_append_time() ? header.max_timestamp_ms
                                             : header.base_timestamp_ms + record->timestamp_delta;
                CHECK(row->second.at("timestamp") == timestamp_ms);
                if (header.control()) continue;
                CHECK(text_of(row->second.at("key")) == text_of(record->key));
                CHECK(text_of(row->second.at("value")) == text_of(record->value));
                if (header.producer)
                    CHECK(row->second.at("sequence") ==
                          header.producer->base_sequence.plus(record->offset_delta).value());
            }
            CHECK(!reader.problem());
        }
    }
    return checked;
}

/// Our recovery of `before` against the directory that Kafka's recovery left.
void check_recovery(const std::string& name) {
    CAPTURE(name);
    const json story = story_of(name);
    Broker broker(kVectors / name / "before");
    const MemoryStorage after(kVectors / name / "after");
    const core::OffsetCheckpoint recovery_points =
        core::read_offset_checkpoint(broker.storage, core::kRecoveryPointCheckpoint);
    const bool clean = broker.storage.size(core::kCleanShutdown).has_value();
    CHECK(clean == story.at("before").at("clean_shutdown_marker").get<bool>());
    broker.load();
    CHECK(!broker.storage.size(core::kCleanShutdown));
    CHECK(!broker.loaded.empty());

    for (const auto& item : story.at("after").at("partitions").items()) {
        const std::string& partition = item.key();
        const json& facts = item.value();
        CAPTURE(partition);
        Log& log = broker.log(partition);
        const Offset end(facts.at("log_end_offset").get<std::int64_t>());
        CHECK(log.log_end_offset() == end);
        CHECK(log.log_start().value() == facts.at("log_start_offset").get<std::int64_t>());
        const auto point = recovery_points.find(partition);
        const Offset checkpointed = point == recovery_points.end() ? Offset(0) : point->second;
        CHECK(log.recovery_point() == (clean ? end : std::min(checkpointed, end)));

        CHECK(files_with(broker.storage, partition, core::kLogSuffix) ==
              files_with(after, partition, core::kLogSuffix));
        for (const std::string& file : files_with(after, partition, core::kLogSuffix)) {
            const std::string path = core::concat(partition, "/", file);
            CHECK_MESSAGE(broker.storage.content(path) == after.content(path), path);
        }
        const Bytes epoch_file = after.content(core::concat(partition, "/leader-epoch-checkpoint"));
        const auto epochs = core::parse_epoch_checkpoint(core::as_text(epoch_file));
        CHECK(epochs_below(log.epochs(), end) == epochs_below(epochs, end));
        CHECK(log.epochs().size() == epochs_below(log.epochs(), end).size());
    }
    if (!story.at("observed").contains("recovery")) return;
    std::set<std::string> deleted;
    for (const LogManager::Loaded& loaded : broker.loaded)
        for (const std::string& base : loaded.report.deleted_segments)
            deleted.insert(core::concat(base, core::kLogSuffix));
    const json& recovery = story.at("observed").at("recovery");
    CHECK(deleted == recovery.at("segments_deleted").get<std::set<std::string>>());
}

/// The snapshots that our recovery left are those that Kafka's left, entry by entry.
void check_snapshots(const std::string& name) {
    CAPTURE(name);
    Broker broker(kVectors / name / "before");
    const MemoryStorage after(kVectors / name / "after");
    broker.load();
    for (const LogManager::Loaded& loaded : broker.loaded) {
        const std::string partition = broker.topics.name(loaded.partition);
        CAPTURE(partition);
        const auto files = files_with(after, partition, core::kSnapshotSuffix);
        CHECK(files_with(broker.storage, partition, core::kSnapshotSuffix) == files);
        for (const std::string& file : files) {
            CAPTURE(file);
            const std::string path = core::concat(partition, "/", file);
            REQUIRE(broker.storage.size(path));
            CHECK(broker.storage.content(path) == after.content(path));
        }
    }
}

/// What a leader answers to a follower's fetch (KAFKA-10435): nothing if the logs agree.
std::optional<OffsetAndEpoch> divergence(const Log& leader, const Log& follower) {
    const auto last = follower.latest_epoch();
    if (!last) return std::nullopt;
    const auto end = leader.end_offset_for(*last);
    REQUIRE(end.has_value());
    if (end->leader_epoch < *last || end->offset < follower.log_end_offset()) return end;
    return std::nullopt;
}

/// Lets the follower truncate and fetch until it holds the leader's log; where it cut first.
Offset catch_up(const Log& leader, Log& follower) {
    std::optional<Offset> first_cut;
    for (int rounds = 0; rounds < 10; ++rounds) {
        const auto diverging = divergence(leader, follower);
        if (!diverging) break;
        const core::TruncationStep step =
            core::next_truncation(follower.epochs(), follower.log_end_offset(), *diverging);
        follower.truncate_to(step.target);
        first_cut = step.target;
    }
    while (follower.log_end_offset() < leader.log_end_offset()) {
        const core::BatchList batches =
            leader.read(follower.log_end_offset(), 1 << 20, leader.log_end_offset());
        REQUIRE(!batches.empty());
        REQUIRE(follower.append_as_follower(core::at_ns(0), batches).ok());
    }
    REQUIRE(first_cut.has_value());
    return *first_cut;
}

/// Truncation by the leader's answers, then fetching: Kafka's offset and Kafka's bytes.
void check_divergence(const std::string& name, Offset cut_at) {
    CAPTURE(name);
    Broker follower(kVectors / name / "before");
    Broker leader(kVectors / name / "leader");
    const MemoryStorage after(kVectors / name / "after");
    follower.load();
    leader.load();
    CHECK(catch_up(leader.log("vec-0"), follower.log("vec-0")) == cut_at);
    for (const std::string& file : files_with(after, "vec-0", core::kLogSuffix)) {
        const std::string path = core::concat("vec-0/", file);
        CHECK(follower.storage.content(path) == after.content(path));
    }
    const std::string epochs = "vec-0/leader-epoch-checkpoint";
    CHECK(follower.storage.content(epochs) == after.content(epochs));
}

}  // namespace

TEST_SUITE("core.log") {
    TEST_CASE("every batch that Kafka wrote is read, and encoded again to the same bytes") {
        int batches = 0;
        for (const std::string& name : cases()) {
            const json story = story_of(name);
            for (const std::string& copy : copies_of(story)) {
                const MemoryStorage storage(kVectors / name / copy);
                for (const auto& item : story.at(copy).at("partitions").items()) {
                    const std::string& partition = item.key();
                    const json& facts = item.value();
                    CAPTURE(name + "/" + copy + "/" + partition);
                    if (!facts.contains("batches") || !facts["batches"].contains("rows")) continue;
                    check_batches(storage, partition, facts["batches"]);
                    batches += static_cast<int>(facts["batches"]["rows"].size());
                }
            }
        }
        CHECK(batches == 950);
    }

    TEST_CASE("the records of every readable batch are those that DumpLogSegments printed") {
        int records = 0;
        for (const std::string& name : cases()) {
            const json story = story_of(name);
            for (const std::string& copy : copies_of(story)) {
                const MemoryStorage storage(kVectors / name / copy);
                for (const auto& item : story.at(copy).at("partitions").items()) {
                    const std::string& partition = item.key();
                    const json& facts = item.value();
                    CAPTURE(name + "/" + copy + "/" + partition);
                    // Kafka's tool prints internal topics in another form.
                    if (partition.starts_with("__")) continue;
                    if (!facts.contains("records") || !facts["records"].contains("rows")) continue;
                    std::map<std::int64_t, json> rows;
                    for (const json& row : facts["records"]["rows"])
                        rows.emplace(row.at(0).get<std::int64_t>(), named(facts["records"], row));
                    records += check_records(storage, partition, rows);
                }
            }
        }
        CHECK(records == 1918);
    }

    TEST_CASE("transaction markers are read") {
        const MemoryStorage storage(kVectors / "transactions" / "before");
        std::string markers;
        for (const std::string& file : files_with(storage, "tx-0", core::kLogSuffix)) {
            const Bytes bytes = storage.content(core::concat("tx-0/", file));
            for (std::uint64_t at = 0; at < bytes.size();) {
                const core::ParsedBatch parsed = core::parse_batch(bytes, at);
                REQUIRE(parsed.sound());
                at += parsed.size_bytes;
                const auto control = core::read_control_record(*parsed.batch->body);
                CHECK(control.has_value() == parsed.batch->body->header().control());
                if (!control) continue;
                markers += control->type == core::ControlType::commit ? 'C' : 'A';
                CHECK(control->coordinator_epoch == 0);
            }
        }
        // The story's order: tx-1 commits, tx-2 aborts, tx-1 commits, tx-2 aborts, tx-1 commits.
        CHECK(markers == "CACAC");
    }

    TEST_CASE("recovery leaves the log that Kafka's recovery left") {
        for (const char* name :
             {"kill9", "torn-tail-prefix", "torn-tail-length", "torn-tail-header",
              "torn-tail-records", "torn-tail-zeros", "bitrot-tail", "bitrot-same-segment",
              "bitrot-middle", "idempotent-kill9", "transactions-kill9"})
            check_recovery(name);
    }

    TEST_CASE("recovery leaves the snapshots that Kafka's recovery left") {
        for (const char* name : {"kill9", "torn-tail-records", "torn-tail-zeros", "bitrot-tail",
                                 "bitrot-same-segment", "idempotent-kill9", "transactions-kill9"})
            check_snapshots(name);
    }

    TEST_CASE("a clean start reads every log as it lies and scans nothing") {
        for (const char* name :
             {"clean-stop", "edge-records", "compressed", "idempotent", "transactions"}) {
            CAPTURE(name);
            const json story = story_of(name);
            Broker broker(kVectors / name / "before");
            broker.load();
            CHECK(broker.manager.clean_shutdown());
            for (const LogManager::Loaded& loaded : broker.loaded) {
                const std::string partition = broker.topics.name(loaded.partition);
                CAPTURE(partition);
                const json& facts = story.at("before").at("partitions").at(partition);
                const Log& log = broker.log(partition);
                CHECK(!loaded.report.recovered);
                CHECK(log.log_end_offset().value() == facts.at("log_end_offset"));
                CHECK(log.recovery_point() == log.log_end_offset());
                CHECK(broker.manager.checkpointed_high_watermark(loaded.partition).value() ==
                      facts.at("high_watermark_checkpoint"));
            }
        }
    }

    TEST_CASE("epoch entries are those that Kafka wrote, on all three replicas") {
        for (const char* copy : {"before-1", "before-2", "before-3"}) {
            Broker broker(kVectors / "leader-epochs" / copy);
            broker.load();
            std::string entries;
            for (const OffsetAndEpoch& entry : broker.log("vec-0").epochs())
                entries += core::concat(entry.leader_epoch.value(), "@", entry.offset.value(), " ");
            CHECK(entries == "0@0 1@10 2@22 4@28 5@33 ");
        }
    }

    TEST_CASE("a lost epoch file is made again from the batches that recovery scans") {
        Broker broker(kVectors / "leader-epochs" / "before-2");
        broker.storage.remove("vec-0/leader-epoch-checkpoint");
        broker.load();
        std::string entries;
        for (const OffsetAndEpoch& entry : broker.log("vec-0").epochs())
            entries += core::concat(entry.leader_epoch.value(), "@", entry.offset.value(), " ");
        CHECK(entries == "0@0 1@10 2@22 4@28 5@33 ");
    }

    TEST_CASE("a diverged follower cuts where Kafka cut, and ends with the leader's bytes") {
        check_divergence("divergence", Offset(31));
        check_divergence("divergence-unclean", Offset(11));
    }

    TEST_CASE("the files of a directory are read, and written again to the same bytes") {
        const MemoryStorage storage(kVectors / "clean-stop" / "before");
        const auto meta = core::read_meta_properties(storage);
        REQUIRE(meta.has_value());
        CHECK(meta->node == core::NodeId(1));
        CHECK(meta->cluster_id == "MkU3OEVBNTcwNTJENDM2Qg");
        const Bytes marker = storage.content(core::kCleanShutdown);
        CHECK(core::parse_clean_shutdown(core::as_text(marker)) == core::BrokerEpoch(45));
        CHECK(core::format_clean_shutdown(core::BrokerEpoch(45)) == core::as_text(marker));
        const auto points = core::read_offset_checkpoint(storage, core::kRecoveryPointCheckpoint);
        std::vector<core::CheckpointedOffset> listed;
        for (const auto& [directory, offset] : points) listed.push_back({directory, offset});
        CHECK(core::format_offset_checkpoint(listed) ==
              core::as_text(storage.content(core::kRecoveryPointCheckpoint)));
        const auto topic_id = core::read_partition_metadata(storage, "clean-0");
        REQUIRE(topic_id.has_value());
        MemoryStorage written;
        core::write_partition_metadata(written, "clean-0", *topic_id);
        CHECK(written.content("clean-0/partition.metadata") ==
              storage.content("clean-0/partition.metadata"));
    }

    // The recording broker had log.index.interval.bytes=512.
    TEST_CASE("indexes are those that Kafka's recovery rebuilt") {
        int compared = 0;
        for (const auto& [name, partition] :
             {std::pair("kill9", "vec-0"), std::pair("idempotent-kill9", "idem-0"),
              std::pair("transactions-kill9", "tx-0")}) {
            Broker broker(kVectors / name / "before");
            const MemoryStorage after(kVectors / name / "after");
            broker.load();
            for (Offset base : broker.log(partition).segment_base_offsets()) {
                const std::string index = core::file_path(partition, base, core::kIndexSuffix);
                const std::string time = core::file_path(partition, base, core::kTimeIndexSuffix);
                // Below the recovery point they were written live; the active ones are
                // preallocated.
                if (base < broker.log(partition).segment_base_offsets()[1]) continue;
                if (base == broker.log(partition).segment_base_offsets().back()) continue;
                CAPTURE(index);
                const core::FileId file =
                    broker.storage.open(core::file_path(partition, base, core::kLogSuffix));
                const core::SegmentIndexes built =
                    core::build_indexes(broker.storage.chunks(file), base, 512);
                CHECK(built.offset_index == after.content(index));
                CHECK(built.time_index == after.content(time));
                ++compared;
            }
        }
        CHECK(compared == 4);
    }
}
