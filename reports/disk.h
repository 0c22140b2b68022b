/// What lies in a broker's log directory, and what Kafka's start-up recovery would make of it:
/// plain values, and how they are shown.
///
/// Rules:
///   R1  Nothing in it depends on where the directory is or on who reads it.
///   R2  What could not be read is absent (null), never a guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "reports/layout.h"

namespace report {

/// One batch of magic 2, or one message of magic 0 or 1.
struct DiskBatch {
    core::Offset segment{0};     ///< base offset of its file
    std::uint64_t position = 0;  ///< of its first byte in the file
    std::uint64_t size_bytes = 0;
    std::int8_t magic = 2;
    core::Offset base_offset{0};  ///< of a message of magic 0 or 1: the one it has, the last
    core::Offset last_offset{0};
    std::optional<std::int32_t> count;   ///< records; absent for magic 0 and 1
    core::LeaderEpoch leader_epoch{-1};  ///< -1 for magic 0 and 1
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::string compression;  ///< Kafka's word: none, gzip, snappy, lz4, zstd
    bool transactional = false;
    bool control = false;
    bool valid = true;  ///< its checksum is right
};

struct DiskSegment {
    core::Offset base_offset;
    std::uint64_t size_bytes;
};

/// Bytes that are no sound batch.
struct DiskDamage {
    core::Offset segment;
    std::uint64_t position;
    std::string problem;  ///< words
};

struct DiskRecovery {
    bool needed = false;
    core::Offset log_end_offset{0};     ///< after it
    std::uint64_t truncated_bytes = 0;  ///< cut from the segment with the damage
    std::vector<core::Offset> deleted_segments;
    std::optional<core::Offset> scans_from;  ///< base offset of the first segment that is read
};

struct DiskPartition {
    std::string name;  ///< of its directory: "orders-0"
    core::Offset log_start_offset{0};
    core::Offset log_end_offset{0};  ///< behind the last batch of the last segment, as it lies
    std::optional<core::Offset> recovery_point;
    std::optional<core::Offset> high_watermark;
    std::vector<core::OffsetAndEpoch> epochs;
    std::vector<DiskSegment> segments;
    std::vector<DiskBatch> batches;
    std::vector<DiskDamage> damage;
    std::vector<std::string> leftovers;  ///< files that a start removes: .deleted, .cleaned, ...
    DiskRecovery recovery;
};

struct DiskDirectory {
    bool clean_shutdown = false;
    std::string broker;      ///< node.id or broker.id of meta.properties; empty: none
    std::string cluster_id;  ///< empty: none
    std::vector<DiskPartition> partitions;  ///< by name
    std::vector<std::string> others;        ///< directories that are no partition's
};

std::string disk_json(const DiskDirectory& directory);
/// `batches`: every batch too, a line each.
enum class DiskDetail { partitions, batches };
std::string disk_text(const DiskDirectory& directory, DiskDetail detail, const TextStyle& style);

}  // namespace report
