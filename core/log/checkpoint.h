/// The small text files of a log directory, in Kafka's exact formats.
///
/// Follows CheckpointFile, OffsetCheckpointFile, LeaderEpochCheckpointFile, PartitionMetadataFile
/// and CleanShutdownFileHandler (3.9). Each writer makes a ".tmp" file, fsyncs it, renames it over
/// the old one and fsyncs the directory, so a crash leaves the old or the new content.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/log/storage.h"

namespace core {

inline constexpr std::string_view kLeaderEpochCheckpoint = "leader-epoch-checkpoint";
inline constexpr std::string_view kReplicationOffsetCheckpoint = "replication-offset-checkpoint";
inline constexpr std::string_view kRecoveryPointCheckpoint = "recovery-point-offset-checkpoint";
inline constexpr std::string_view kLogStartCheckpoint = "log-start-offset-checkpoint";
inline constexpr std::string_view kPartitionMetadata = "partition.metadata";
inline constexpr std::string_view kCleanShutdown = ".kafka_cleanshutdown";
inline constexpr std::string_view kMetaProperties = "meta.properties";

/// Replaces a file's content: temporary file, fsync, rename, fsync of the directory.
void replace_file(Storage& storage, std::string_view path, std::string_view content);
/// The whole content as text; nothing if the file does not exist.
std::optional<std::string> read_text(const StorageReader& storage, std::string_view path);

/// Offsets by partition directory ("orders-0"): "0\n<count>\ntopic partition offset\n...". A
/// missing or malformed file is empty, which means "scan everything".
using OffsetCheckpoint = std::map<std::string, Offset>;
OffsetCheckpoint parse_offset_checkpoint(std::string_view text);
/// A line of it, and all of them, in the order of their directories.
struct CheckpointedOffset {
    std::string_view directory;
    Offset offset;
};
std::string format_offset_checkpoint(std::span<const CheckpointedOffset> offsets);
OffsetCheckpoint read_offset_checkpoint(const StorageReader& storage, std::string_view path);
void write_offset_checkpoint(Storage& storage, std::string_view path,
                             std::span<const CheckpointedOffset> offsets);

/// Epoch entries: "0\n<count>\nepoch offset\n...". A missing or malformed file is empty.
std::vector<OffsetAndEpoch> parse_epoch_checkpoint(std::string_view text);
std::string format_epoch_checkpoint(std::span<const OffsetAndEpoch> entries);
std::vector<OffsetAndEpoch> read_epoch_checkpoint(const StorageReader& storage,
                                                  std::string_view path);
void write_epoch_checkpoint(Storage& storage, std::string_view path,
                            std::span<const OffsetAndEpoch> entries);

/// A 128-bit id as Kafka's Uuid prints it: 22 characters of URL-safe base64.
struct Uuid {
    std::uint64_t high;
    std::uint64_t low;
    friend constexpr bool operator==(const Uuid&, const Uuid&) = default;
};
std::string format_uuid(const Uuid& uuid);
std::optional<Uuid> parse_uuid(std::string_view text);

/// partition.metadata: "version: 0\ntopic_id: <uuid>".
void write_partition_metadata(Storage& storage, std::string_view directory, const Uuid& topic_id);
std::optional<Uuid> read_partition_metadata(const StorageReader& storage,
                                            std::string_view directory);

/// .kafka_cleanshutdown: {"version":0,"brokerEpoch":45}, -1 for none (KIP-966, 3.7+).
std::string format_clean_shutdown(std::optional<BrokerEpoch> broker_epoch);
/// The broker epoch in a marker's content; nothing for an empty marker (before 3.7) or -1.
std::optional<BrokerEpoch> parse_clean_shutdown(std::string_view text);

}  // namespace core
