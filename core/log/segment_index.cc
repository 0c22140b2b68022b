#include "core/log/segment_index.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "core/base/assert.h"
#include "core/log/segment.h"
#include "core/record/batch_parser.h"

namespace core {

namespace {

constexpr std::size_t kOffsetEntryBytes = 8;
constexpr std::size_t kTimeEntryBytes = 12;

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

/// Builds both indexes from batch after batch.
class IndexBuilder {
  public:
    IndexBuilder(Offset base, std::uint64_t interval_bytes)
        : base_(base), interval_bytes_(interval_bytes), largest_{-1, base} {}

    void add(const Batch& batch, std::uint64_t position) {
        const std::int64_t timestamp_ms = batch.body->max_timestamp_ms();
        if (timestamp_ms > largest_.timestamp_ms)
            largest_ = TimestampOffset{timestamp_ms, batch.last_offset()};
        ASSERT(position >= last_entry_at_);
        if (position - last_entry_at_ <= interval_bytes_) return;
        append_be(indexes_.offset_index, relative(batch.last_offset(), base_));
        append_be(indexes_.offset_index, static_cast<std::int32_t>(position));
        maybe_append(indexes_.time_index, last_timestamp_ms_, largest_, base_);
        last_entry_at_ = position;
    }
    SegmentIndexes finish() {
        maybe_append(indexes_.time_index, last_timestamp_ms_, largest_, base_);
        ASSERT(indexes_.offset_index.size() % kOffsetEntryBytes == 0);
        ASSERT(indexes_.time_index.size() % kTimeEntryBytes == 0);
        return std::move(indexes_);
    }

  private:
    Offset base_;
    std::uint64_t interval_bytes_;
    TimestampOffset largest_;
    std::int64_t last_timestamp_ms_ = -1;
    std::uint64_t last_entry_at_ = 0;
    SegmentIndexes indexes_;
};

}  // namespace

SegmentIndexes build_indexes(const ChunkList& chunks, Offset base, std::uint64_t interval_bytes) {
    IndexBuilder builder(base, interval_bytes);
    std::uint64_t position = 0;
    for (const Chunk chunk : chunks) {
        if (chunk.batch != nullptr) builder.add(*chunk.batch, position);
        position += chunk.size_bytes();
    }
    return builder.finish();
}

SegmentIndexes build_indexes(BytesView file, Offset base, std::uint64_t interval_bytes) {
    IndexBuilder builder(base, interval_bytes);
    for (std::uint64_t position = 0; position < file.size();) {
        const ParsedBatch parsed = parse_batch(file, position);
        if (!parsed.sound()) break;
        ASSERT(parsed.size_bytes > 0);
        builder.add(*parsed.batch, position);
        position += parsed.size_bytes;
    }
    return builder.finish();
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

void add_index_files(std::vector<std::pair<std::string, Bytes>>& files) {
    std::vector<std::pair<std::string, Bytes>> added;
    const auto add = [&](std::string path, Bytes bytes) {
        const auto same = [&](const auto& file) { return file.first == path; };
        if (std::none_of(files.begin(), files.end(), same))
            added.emplace_back(std::move(path), std::move(bytes));
    };
    for (const auto& [path, bytes] : files) {
        const auto slash = path.rfind('/');
        if (slash == std::string::npos) continue;
        const auto base = offset_of_file(std::string_view(path).substr(slash + 1), kLogSuffix);
        if (!base) continue;
        const std::string_view directory = std::string_view(path).substr(0, slash);
        SegmentIndexes indexes = build_indexes(BytesView(bytes), *base);
        add(file_path(directory, *base, kIndexSuffix), std::move(indexes.offset_index));
        add(file_path(directory, *base, kTimeIndexSuffix), std::move(indexes.time_index));
    }
    files.insert(files.end(), std::make_move_iterator(added.begin()),
                 std::make_move_iterator(added.end()));
    std::sort(files.begin(), files.end());
}

}  // namespace core
