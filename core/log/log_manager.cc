#include "core/log/log_manager.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/log/checkpoint.h"

namespace core {

namespace {

/// java.util.Properties writes the time of storing; a run begins at kWallClockAtZeroMs.
constexpr std::string_view kPropertiesHead = "#\n#Mon Jan 01 00:00:00 UTC 2024\n";
constexpr std::string_view kNodeId = "node.id=";
constexpr std::string_view kDirectoryId = "directory.id=";
constexpr std::string_view kClusterId = "cluster.id=";

Offset offset_in(const OffsetCheckpoint& offsets, const std::string& directory) {
    const auto found = offsets.find(directory);
    return found == offsets.end() ? Offset(0) : found->second;
}

}  // namespace

void write_meta_properties(Storage& storage, const MetaProperties& meta) {
    ASSERT(meta.node.value() >= 0);
    ASSERT(!meta.cluster_id.empty());
    // A DirectoryId is 64 bits of Kafka's 128; the other half is made of it.
    const Uuid directory{mix64(meta.directory.value()), meta.directory.value()};
    replace_file(
        storage, kMetaProperties,
        concat(kPropertiesHead, kNodeId, meta.node.value(), "\n", kDirectoryId,
               format_uuid(directory), "\nversion=1\n", kClusterId, meta.cluster_id, "\n"));
}

std::optional<MetaProperties> read_meta_properties(const StorageReader& storage) {
    const auto text = read_text(storage, kMetaProperties);
    if (!text) return std::nullopt;
    std::optional<std::int64_t> node;
    std::optional<Uuid> directory;
    std::optional<std::string> cluster_id;
    for (std::string_view line : split(*text, '\n')) {
        if (line.starts_with(kNodeId)) node = parse_int(line.substr(kNodeId.size()));
        if (line.starts_with(kDirectoryId))
            directory = parse_uuid(line.substr(kDirectoryId.size()));
        if (line.starts_with(kClusterId)) cluster_id = line.substr(kClusterId.size());
    }
    if (!node || !directory || !cluster_id) return std::nullopt;
    if (*node < 0 || *node > INT32_MAX) return std::nullopt;
    return MetaProperties{*cluster_id, NodeId(static_cast<std::int32_t>(*node)),
                          DirectoryId(directory->low)};
}

LogManager::LogManager(Storage& storage, const TopicTable& topics)
    : storage_(storage), topics_(topics) {}

std::optional<BrokerEpoch> LogManager::open() {
    std::optional<BrokerEpoch> broker_epoch;
    const auto marker = read_text(storage_, kCleanShutdown);
    clean_ = marker.has_value();
    if (marker) {
        broker_epoch = parse_clean_shutdown(*marker);
        storage_.remove(kCleanShutdown);
    }
    recovery_points_ = read_offset_checkpoint(storage_, kRecoveryPointCheckpoint);
    log_starts_ = read_offset_checkpoint(storage_, kLogStartCheckpoint);
    high_watermarks_ = read_offset_checkpoint(storage_, kReplicationOffsetCheckpoint);
    return broker_epoch;
}

std::vector<LogManager::Loaded> LogManager::load_logs(
    TimePoint now, const std::function<TopicConfig(PartitionId)>& config_of) {
    std::map<std::string, PartitionId, std::less<>> partitions;
    for (std::uint32_t i = 0; i < topics_.partition_count(); ++i)
        partitions.emplace(topics_.name(PartitionId(i)), PartitionId(i));

    std::vector<Loaded> loaded;
    for (const std::string& directory : storage_.list("")) {
        const auto found = partitions.find(directory);
        if (found == partitions.end()) continue;
        const PartitionId partition = found->second;
        ASSERT(logs_.find(partition) == logs_.end());
        const LogLoadState state{clean_, offset_in(recovery_points_, directory),
                                 offset_in(log_starts_, directory)};
        LogLoadReport report;
        add(partition, Log(storage_, directory, config_of(partition), now, state, report));
        loaded.push_back(Loaded{partition, std::move(report)});
    }
    loaded_ = true;
    return loaded;
}

Log* LogManager::find(PartitionId partition) {
    const auto found = logs_.find(partition);
    return found == logs_.end() ? nullptr : &found->second;
}

const Log* LogManager::find(PartitionId partition) const {
    const auto found = logs_.find(partition);
    return found == logs_.end() ? nullptr : &found->second;
}

Log& LogManager::create(PartitionId partition, const TopicConfig& config, TimePoint now) {
    ASSERT(logs_.find(partition) == logs_.end());
    ASSERT(partition.value() < topics_.partition_count());
    const std::string directory = topics_.name(partition);
    const TopicEntry& topic = topics_.topic(topics_.topic_of(partition));
    storage_.make_directory(directory);
    write_partition_metadata(storage_, directory, Uuid{topic.topic_id_high, topic.topic_id_low});
    LogLoadReport report;
    const LogLoadState state{true, Offset(0), Offset(0)};
    return add(partition, Log(storage_, directory, config, now, state, report));
}

Log& LogManager::add(PartitionId partition, Log log) {
    Log& added = logs_.emplace(partition, std::move(log)).first->second;
    const auto before = [](const Log* a, const std::string& name) { return a->directory() < name; };
    by_name_.insert(std::lower_bound(by_name_.begin(), by_name_.end(), added.directory(), before),
                    &added);
    ASSERT(by_name_.size() == logs_.size());
    return added;
}

void LogManager::remove(PartitionId partition) {
    std::erase(by_name_, std::as_const(*this).find(partition));
    logs_.erase(partition);
    ASSERT(by_name_.size() == logs_.size());
    const std::string directory = topics_.name(partition);
    for (const std::string& file : storage_.list(directory))
        storage_.remove(concat(directory, "/", file));
}

std::vector<PartitionId> LogManager::partitions() const {
    std::vector<PartitionId> ids;
    ids.reserve(logs_.size());
    for (const auto& [partition, log] : logs_) ids.push_back(partition);
    return ids;
}

Offset LogManager::checkpointed_high_watermark(PartitionId partition) const {
    return offset_in(high_watermarks_, topics_.name(partition));
}

void LogManager::checkpoint_high_watermarks() {
    std::vector<CheckpointedOffset> offsets;
    for (const Log* log : by_name_)
        offsets.push_back(CheckpointedOffset{log->directory(), log->high_watermark()});
    write_offset_checkpoint(storage_, kReplicationOffsetCheckpoint, offsets);
}

void LogManager::checkpoint_recovery_points() {
    std::vector<CheckpointedOffset> offsets;
    for (const Log* log : by_name_)
        offsets.push_back(CheckpointedOffset{log->directory(), log->recovery_point()});
    write_offset_checkpoint(storage_, kRecoveryPointCheckpoint, offsets);
}

void LogManager::checkpoint_log_starts() {
    // Only where the files do not say it themselves
    // [kafka LogManager.checkpointLogStartOffsetsInDir].
    std::vector<CheckpointedOffset> offsets;
    for (const Log* log : by_name_)
        if (log->log_start() > log->segment_base_offsets().front())
            offsets.push_back(CheckpointedOffset{log->directory(), log->log_start()});
    write_offset_checkpoint(storage_, kLogStartCheckpoint, offsets);
}

bool LogManager::truncate_to(PartitionId partition, Offset target) {
    Log* log = find(partition);
    ASSERT(log != nullptr);
    const bool removed = log->truncate_to(target);
    ASSERT(log->log_end_offset() <= target);
    if (removed) checkpoint_recovery_points();
    return removed;
}

void LogManager::truncate_fully_and_start_at(PartitionId partition, Offset start) {
    Log* log = find(partition);
    ASSERT(log != nullptr);
    log->truncate_fully_and_start_at(start);
    ASSERT(log->log_start() == start);
    ASSERT(log->log_end_offset() == start);
    checkpoint_recovery_points();
}

void LogManager::shut_down(TimePoint now, std::string_view marker) {
    for (auto& [partition, log] : logs_) {
        log.flush(now, log.log_end_offset());
        ASSERT(log.recovery_point() == log.log_end_offset());
        log.close();
    }
    checkpoint_recovery_points();
    checkpoint_log_starts();
    if (clean_ || loaded_) replace_file(storage_, kCleanShutdown, marker);
}

}  // namespace core
