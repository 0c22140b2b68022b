/// One segment of a log: a file of batches that begins at its base offset.
///
/// Follows LogSegment and LogFileUtils (3.9). Kafka's sparse indexes only speed up what a search
/// over the storage's chunks does here; segment_index.h writes them for other readers.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/log/storage.h"

namespace core {

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kTxnIndexSuffix = ".txnindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
inline constexpr std::string_view kDeletedSuffix = ".deleted";

/// "00000000000000000042".
std::string offset_name(Offset offset);
/// "orders-0/00000000000000000042.log".
std::string file_path(std::string_view directory, Offset offset, std::string_view suffix);
/// The offset in a file name with this suffix; nothing if it is another kind of file.
std::optional<Offset> offset_of_file(std::string_view file, std::string_view suffix);

/// What the log knows of one of its files.
struct Segment {
    Offset base;
    FileId file;
    TimePoint created;
    std::uint64_t size_bytes = 0;
    /// Largest timestamp of the first batch, which segment.ms counts from; nothing while empty.
    std::optional<std::int64_t> first_timestamp_ms = std::nullopt;
    /// Some bytes are no batch, or offsets do not ascend: reads search one by one.
    bool irregular = false;
};

/// LogSegment.shouldRoll, before `batch_bytes` more bytes with this largest timestamp are appended.
/// (Full indexes do not count: they hold more than a segment of any size tested here needs.)
inline bool should_roll(const Segment& segment, std::int64_t batch_bytes,
                        std::int64_t max_timestamp_ms, Offset last_offset,
                        std::int64_t segment_bytes, std::int64_t segment_age_ms, TimePoint now) {
    ASSERT(batch_bytes > 0);
    ASSERT(last_offset >= segment.base);
    if (static_cast<std::int64_t>(segment.size_bytes) > segment_bytes - batch_bytes) return true;
    if (last_offset - segment.base > std::numeric_limits<std::int32_t>::max()) return true;
    if (segment.size_bytes == 0) return false;
    const std::int64_t waited_ms = segment.first_timestamp_ms && *segment.first_timestamp_ms >= 0
                                       ? max_timestamp_ms - *segment.first_timestamp_ms
                                       : to_ms(now - segment.created);
    return waited_ms > segment_age_ms;
}

/// Recovery takes a sound batch first..last of a segment only where its offsets ascend and can be
/// told from the segment's base in 32 bits. `next`: behind the batch before it.
bool recovers_at(Offset segment_base, Offset next, Offset first, Offset last);

/// Turns the raw bytes of a segment's file into batches. `strict` stops at the first bytes that are
/// no sound batch and cuts the file there; otherwise what is no batch stays as raw bytes, and a
/// batch with a wrong checksum is taken as it lies. Sets size_bytes, first timestamp, irregular.
enum class Adoption : bool { lenient, strict };
void adopt_batches(Storage& storage, Segment& segment, Adoption adoption);

/// Offset behind the last batch of the file, or the base offset (LogSegment.readNextOffset).
Offset next_offset(const Storage& storage, const Segment& segment);

/// Index of the first chunk whose batch ends at or past `target`; the count of chunks if none.
std::size_t find_chunk(const ChunkList& chunks, Offset target, bool irregular);

}  // namespace core
