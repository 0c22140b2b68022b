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
std::optional<RawRun> next_raw_run(const ChunkList& chunks, std::uint64_t from) {
    std::optional<RawRun> run;
    std::uint64_t position = 0;
    for (const Chunk chunk : chunks) {
        const std::uint64_t begin = std::exchange(position, position + chunk.size_bytes());
        if (begin < from) continue;
        if (chunk.batch != nullptr) {
            if (run) return run;
            continue;
        }
        if (!run) run = RawRun{begin, {}};
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

/// find_chunk in a regular segment whose last batch begins above the target.
std::size_t find_chunk_below_last(const ChunkList& chunks, Offset target) {
    const auto above = [&](std::size_t i) {
        ASSERT(chunks.batch(i) != nullptr);
        return chunks.batch(i)->base_offset > target;
    };
    // Offsets ascend: the last batch that begins at or below the target holds it, or the one behind
    // does. Many searches are for one near the end: doubling steps back from there.
    std::size_t end = chunks.size();  // of those that may begin at or below the target
    std::size_t step = 1;
    while (step <= end && above(end - step)) {
        end -= step;
        step *= 2;
    }
    std::size_t first = step <= end ? end - step + 1 : 0;  // all before it begin at or below it
    while (first < end) {
        const std::size_t middle = first + (end - first) / 2;
        if (above(middle))
            end = middle;
        else
            first = middle + 1;
    }
    if (first > 0 && chunks.batch(first - 1)->last_offset() >= target) --first;
    return first;
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
    const ChunkList& chunks = storage.chunks(segment.file);
    segment.size_bytes = chunks.size_bytes();
    segment.irregular = false;
    segment.first_timestamp_ms.reset();
    std::optional<Offset> next;
    bool first = true;
    for (const Chunk chunk : chunks) {
        const Batch* batch = chunk.batch;
        if (adoption == Adoption::strict) ASSERT(batch != nullptr);
        if (batch == nullptr || (next && batch->base_offset < *next)) segment.irregular = true;
        if (batch != nullptr) next = batch->next_offset();
        if (batch != nullptr && first) segment.first_timestamp_ms = batch->body->max_timestamp_ms();
        first = false;
    }
}

Offset next_offset(const Storage& storage, const Segment& segment) {
    const ChunkList& chunks = storage.chunks(segment.file);
    for (std::size_t i = chunks.size(); i-- > 0;)
        if (const Batch* batch = chunks.batch(i)) return batch->next_offset();
    return segment.base;
}

std::size_t find_chunk(const ChunkList& chunks, Offset target, bool irregular) {
    const std::size_t count = chunks.size();
    if (irregular) {
        for (std::size_t i = 0; i < count; ++i) {
            const Batch* batch = chunks.batch(i);
            if (batch != nullptr && batch->last_offset() >= target) return i;
        }
        return count;
    }
    if (count == 0) return 0;
    // Nearly every search is for the last batch.
    const Batch* last = chunks.last_batch();
    ASSERT(last != nullptr);
    if (last->base_offset > target) return find_chunk_below_last(chunks, target);
    return last->last_offset() >= target ? count - 1 : count;
}

}  // namespace core
