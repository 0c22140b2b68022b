/// Truncation of a log and the fate of the files that it drops [kafka UnifiedLog.truncateTo,
/// LocalLog.truncateTo, LocalLog.truncateFullyAndStartAt, 3.9].
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/log/log_state.h"

namespace core {

bool Log::State::truncate_to(Offset target) {
    ASSERT(target.value() >= 0);
    if (target >= log_end) {
        // A leader's election entry may lie at the end without a record behind it.
        epochs.truncate_from_end(log_end);
        return false;
    }
    if (segments.front().base > target) {
        truncate_fully_and_start_at(target);
        return true;
    }
    const auto above =
        std::partition_point(segments.begin(), segments.end(),
                             [target](const Segment& segment) { return segment.base <= target; });
    retire_segments(static_cast<std::size_t>(above - segments.begin()));
    ASSERT(!segments.empty());
    ASSERT(active().base <= target);
    truncate_segment(active(), target);
    set_log_end(target);
    ASSERT(recovery_point <= target);
    epochs.truncate_from_end(target);
    log_start = std::min(log_start, target);
    rebuild_producers(producers, log_start, target, false);
    high_watermark = std::min(high_watermark, log_end);
    if (flush_waiting && *flush_waiting > log_end) flush_waiting.reset();
    return true;
}

void Log::State::truncate_fully_and_start_at(Offset start) {
    ASSERT(start.value() >= 0);
    retire_segments(0);
    ASSERT(segments.empty());
    epochs.clear();
    producers.truncate_fully_and_start_at(start);
    add_segment(start);
    log_start = start;
    set_log_end(start);
    high_watermark = start;
    flush_waiting.reset();
    rebuild_producers(producers, start, start, false);
}

void Log::State::truncate_segment(Segment& segment, Offset target) {
    const ChunkList& chunks = storage.chunks(segment.file);
    const std::size_t index = find_chunk(chunks, target, segment.irregular);
    if (index == chunks.size()) return;
    const std::uint64_t size = chunks.position(index);
    ASSERT(size < segment.size_bytes);
    storage.truncate(segment.file, size);
    segment.size_bytes = size;
    // LogSegment.truncateTo: an emptied segment counts its age anew.
    if (size == 0) {
        segment.first_timestamp_ms.reset();
        segment.created = now;
    }
}

void Log::State::retire_segments(std::size_t first) {
    ASSERT(first <= segments.size());
    for (std::size_t i = first; i < segments.size(); ++i) {
        for (std::string_view suffix :
             {kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix, kSnapshotSuffix}) {
            const std::string path = file_path(directory, segments[i].base, suffix);
            if (!storage.size(path)) continue;
            const std::string retired_path = concat(path, kDeletedSuffix);
            storage.rename(path, retired_path);
            std::erase_if(retired,
                          [&](const RetiredFile& file) { return file.path == retired_path; });
            ASSERT(retired.empty() || retired.back().since <= now);
            retired.push_back(RetiredFile{retired_path, now});
        }
        producers.remove_snapshot(segments[i].base);
    }
    segments.erase(segments.begin() + static_cast<std::ptrdiff_t>(first), segments.end());
}

void Log::State::delete_retired_files(TimePoint until) {
    std::size_t count = 0;
    while (count < retired.size() && retired[count].since <= until) {
        if (storage.size(retired[count].path)) storage.remove(retired[count].path);
        ++count;
    }
    retired.erase(retired.begin(), retired.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace core
