#include "core/log/segment.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/record/batch_parser.h"

namespace core {

namespace {

constexpr int kNameDigits = 20;

/// A run of raw chunks that lie one behind the other, as one piece.
struct RawRun {
    std::uint64_t position;
    Bytes bytes;
};

/// The first raw run at or past `from`.
std::optional<RawRun> next_raw_run(std::span<const Chunk> chunks, std::uint64_t from) {
    std::optional<RawRun> run;
    for (const Chunk& chunk : chunks) {
        if (chunk.position < from) continue;
        if (chunk.batch) {
            if (run) return run;
            continue;
        }
        if (!run) run = RawRun{chunk.position, {}};
        run->bytes.insert(run->bytes.end(), chunk.raw.begin(), chunk.raw.end());
    }
    return run;
}

struct RunContent {
    std::vector<Batch> batches;  ///< from the run's beginning on, without a gap
    std::uint64_t size_bytes = 0;
};

RunContent parse_run(const RawRun& run, Adoption adoption) {
    RunContent content;
    while (content.size_bytes < run.bytes.size()) {
        ParsedBatch parsed = parse_batch(run.bytes, content.size_bytes);
        if (!parsed.batch) break;
        if (parsed.problem && adoption == Adoption::strict) break;
        ASSERT(parsed.size_bytes > 0);
        ASSERT(parsed.size_bytes <= run.bytes.size() - content.size_bytes);
        content.size_bytes += parsed.size_bytes;
        content.batches.push_back(std::move(*parsed.batch));
    }
    return content;
}

std::uint64_t file_size(std::span<const Chunk> chunks) {
    return chunks.empty() ? 0 : chunks.back().position + chunks.back().size_bytes;
}

}  // namespace

std::string offset_name(Offset offset) {
    ASSERT(offset.value() >= 0);
    return padded(offset.value(), kNameDigits);
}

std::string file_path(std::string_view directory, Offset offset, std::string_view suffix) {
    return concat(directory, "/", offset_name(offset), suffix);
}

std::optional<Offset> offset_of_file(std::string_view file, std::string_view suffix) {
    if (!file.ends_with(suffix)) return std::nullopt;
    file.remove_suffix(suffix.size());
    if (file.size() != kNameDigits) return std::nullopt;
    const auto offset = parse_int(file);
    if (!offset || *offset < 0) return std::nullopt;
    return Offset(*offset);
}

bool recovers_at(Offset segment_base, Offset next, Offset first, Offset last) {
    ASSERT(next >= segment_base);
    return first >= next && last - segment_base <= std::numeric_limits<std::int32_t>::max();
}

bool should_roll(const Segment& segment, std::int64_t batch_bytes, std::int64_t max_timestamp_ms,
                 Offset last_offset, std::int64_t segment_bytes, Duration segment_age,
                 TimePoint now) {
    ASSERT(batch_bytes > 0);
    ASSERT(last_offset >= segment.base);
    if (static_cast<std::int64_t>(segment.size_bytes) > segment_bytes - batch_bytes) return true;
    if (last_offset - segment.base > std::numeric_limits<std::int32_t>::max()) return true;
    if (segment.size_bytes == 0) return false;
    const std::int64_t waited_ms = segment.first_timestamp_ms && *segment.first_timestamp_ms >= 0
                                       ? max_timestamp_ms - *segment.first_timestamp_ms
                                       : to_ms(now - segment.created);
    return waited_ms > to_ms(segment_age);
}

void adopt_batches(Storage& storage, Segment& segment, Adoption adoption) {
    std::uint64_t from = 0;
    while (const auto run = next_raw_run(storage.chunks(segment.file), from)) {
        ASSERT(run->position >= from);
        const RunContent content = parse_run(*run, adoption);
        const bool whole = content.size_bytes == run->bytes.size();
        const std::uint64_t end = run->position + content.size_bytes;
        if (!whole && adoption == Adoption::strict) storage.truncate(segment.file, end);
        if (!content.batches.empty()) storage.adopt(segment.file, run->position, content.batches);
        if (!whole) segment.irregular = true;
        if (!whole && adoption == Adoption::strict) break;
        from = run->position + run->bytes.size();
    }
    const std::span<const Chunk> chunks = storage.chunks(segment.file);
    segment.size_bytes = file_size(chunks);
    segment.irregular = false;
    segment.first_timestamp_ms.reset();
    std::optional<Offset> next;
    std::uint64_t position = 0;
    for (const Chunk& chunk : chunks) {
        ASSERT(chunk.position == position);
        if (adoption == Adoption::strict) ASSERT(chunk.batch.has_value());
        position += chunk.size_bytes;
        if (!chunk.batch || (next && chunk.batch->base_offset < *next)) segment.irregular = true;
        if (!chunk.batch) continue;
        next = chunk.batch->next_offset();
        if (chunk.position == 0)
            segment.first_timestamp_ms = chunk.batch->body->header().max_timestamp_ms;
    }
}

Offset next_offset(const Storage& storage, const Segment& segment) {
    const std::span<const Chunk> chunks = storage.chunks(segment.file);
    for (std::size_t i = chunks.size(); i-- > 0;)
        if (chunks[i].batch) return chunks[i].batch->next_offset();
    return segment.base;
}

std::size_t find_chunk(std::span<const Chunk> chunks, Offset target, bool irregular) {
    const auto below = [target](const Chunk& chunk) {
        return !chunk.batch || chunk.batch->last_offset() < target;
    };
    const auto begin = chunks.begin();
    if (irregular)
        return static_cast<std::size_t>(std::find_if_not(begin, chunks.end(), below) - begin);
    // Nearly every search is for the last batch, or for one near it: doubling steps back from
    // there.
    std::size_t end = chunks.size();
    if (end >= 2 && !below(chunks[end - 1]) && below(chunks[end - 2])) return end - 1;
    std::size_t step = 1;
    while (step <= end && !below(chunks[end - step])) {
        end -= step;
        step *= 2;
    }
    const std::size_t first = step <= end ? end - step + 1 : 0;
    ASSERT(first <= end);
    const auto found = std::partition_point(begin + static_cast<std::ptrdiff_t>(first),
                                            begin + static_cast<std::ptrdiff_t>(end), below);
    ASSERT(found == chunks.end() || !below(*found));
    return static_cast<std::size_t>(found - begin);
}

}  // namespace core
