#include "core/log/segment_index.h"

#include <optional>
#include <string>

#include "core/log/segment.h"

namespace core {

namespace {

/// The latest largest timestamp of a segment, and the last offset of the batch that holds it.
struct TimestampOffset {
    std::int64_t timestamp_ms = -1;
    Offset offset;
};

std::int32_t relative(Offset offset, Offset base) {
    return static_cast<std::int32_t>(offset - base);
}

/// TimeIndex.maybeAppend: entries ascend in their timestamps.
void maybe_append(Bytes& time_index, std::int64_t& last_timestamp_ms, const TimestampOffset& entry,
                  Offset base) {
    if (entry.timestamp_ms <= last_timestamp_ms) return;
    append_be(time_index, entry.timestamp_ms);
    append_be(time_index, relative(entry.offset, base));
    last_timestamp_ms = entry.timestamp_ms;
}

}  // namespace

SegmentIndexes build_indexes(std::span<const Chunk> chunks, Offset base,
                             std::uint64_t interval_bytes) {
    SegmentIndexes indexes;
    TimestampOffset largest{-1, base};
    std::int64_t last_timestamp_ms = -1;
    std::uint64_t last_entry_at = 0;
    for (const Chunk& chunk : chunks) {
        if (!chunk.batch) continue;
        const Batch& batch = *chunk.batch;
        const std::int64_t timestamp_ms = batch.body->header().max_timestamp_ms;
        if (timestamp_ms > largest.timestamp_ms)
            largest = TimestampOffset{timestamp_ms, batch.last_offset()};
        if (chunk.position - last_entry_at > interval_bytes) {
            append_be(indexes.offset_index, relative(batch.last_offset(), base));
            append_be(indexes.offset_index, static_cast<std::int32_t>(chunk.position));
            maybe_append(indexes.time_index, last_timestamp_ms, largest, base);
            last_entry_at = chunk.position;
        }
    }
    maybe_append(indexes.time_index, last_timestamp_ms, largest, base);
    return indexes;
}

void write_indexes(Storage& storage, std::string_view directory) {
    for (const std::string& file : storage.list(directory)) {
        const auto base = offset_of_file(file, kLogSuffix);
        if (!base) continue;
        const FileId id = storage.open(file_path(directory, *base, kLogSuffix));
        const SegmentIndexes indexes = build_indexes(storage.chunks(id), *base);
        storage.write_file(file_path(directory, *base, kIndexSuffix), indexes.offset_index);
        storage.write_file(file_path(directory, *base, kTimeIndexSuffix), indexes.time_index);
    }
}

}  // namespace core
