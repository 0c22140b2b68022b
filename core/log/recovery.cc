/// Opening a log: everything it knows is rebuilt from bytes [kafka LogLoader, LogSegment.recover,
/// UnifiedLog.rebuildProducerState, 3.9].
#include <algorithm>
#include <vector>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/log/log_state.h"

namespace core {

namespace {

constexpr std::string_view kTemporarySuffix = ".tmp";

}  // namespace

void Log::State::load(const LogLoadState& state, LogLoadReport& report) {
    report = LogLoadReport{};
    storage.make_directory(directory);
    remove_leftover_files();
    open_segments();
    report.log_end_before =
        segments.empty() ? state.log_start : next_offset(storage, segments.back());

    if (!state.clean_shutdown) recover(state.recovery_point, report);
    if (!segments.empty() && next_offset(storage, segments.back()) < state.log_start) {
        // Nothing at or past the log start is left: begin anew there
        // [kafka LogLoader.deleteSegmentsIfLogStartGreaterThanLogEnd].
        for (const Segment& segment : segments)
            report.deleted_segments.push_back(offset_name(segment.base));
        retire_segments(0);
        epochs.clear();
        producers.truncate_fully_and_start_at(state.log_start);
    }
    const bool intact = !segments.empty();
    if (!intact) add_segment(state.log_start);
    ASSERT(!segments.empty());

    log_end = next_offset(storage, segments.back());
    recovery_point =
        state.clean_shutdown && intact ? log_end : std::min(state.recovery_point, log_end);
    epochs.truncate_from_end(log_end);
    log_start = std::max(state.log_start, segments.front().base);
    epochs.truncate_from_start(state.log_start);
    high_watermark = log_start;

    std::vector<Offset> bases;
    for (const Segment& segment : segments) bases.push_back(segment.base);
    producers.remove_stray_snapshots(bases);
    rebuild_producers(producers, log_start, log_end, state.clean_shutdown);
}

void Log::State::remove_leftover_files() {
    for (const std::string& file : storage.list(directory))
        if (std::string_view(file).ends_with(kDeletedSuffix) ||
            std::string_view(file).ends_with(kTemporarySuffix))
            storage.remove(concat(directory, "/", file));
}

void Log::State::open_segments() {
    for (const std::string& file : storage.list(directory)) {
        const auto base = offset_of_file(file, kLogSuffix);
        if (!base) continue;
        add_segment(*base);
        adopt_batches(storage, segments.back(), Adoption::lenient);
    }
}

void Log::State::recover(Offset recovery_point_checkpoint, LogLoadReport& report) {
    report.recovered = !segments.empty();
    for (std::size_t i = floor_segment(recovery_point_checkpoint); i < segments.size(); ++i) {
        const std::uint64_t cut = recover_segment(i, report);
        if (cut == 0) continue;
        report.bytes_truncated = cut;
        for (std::size_t later = i + 1; later < segments.size(); ++later)
            report.deleted_segments.push_back(offset_name(segments[later].base));
        retire_segments(i + 1);
    }
}

std::uint64_t Log::State::recover_segment(std::size_t index, LogLoadReport& report) {
    ASSERT(index < segments.size());
    Segment& segment = segments[index];
    const std::uint64_t size_before = segment.size_bytes;
    ProducerState scratch(storage, directory);
    rebuild_producers(scratch, log_start, segment.base, false);

    adopt_batches(storage, segment, Adoption::strict);
    std::uint64_t valid_bytes = 0;
    Offset next = segment.base;
    // The file is not touched while its chunks are walked: epochs and snapshots are other files.
    for (const Chunk chunk : storage.chunks(segment.file)) {
        if (chunk.batch == nullptr) break;
        const Batch& batch = *chunk.batch;
        if (!batch.body->crc_valid() ||
            !recovers_at(segment.base, next, batch.base_offset, batch.last_offset()))
            break;
        if (batch.leader_epoch.value() >= 0 &&
            (!epochs.latest() || batch.leader_epoch > *epochs.latest()))
            epochs.assign(batch.leader_epoch, batch.base_offset);
        scratch.update(batch);
        next = batch.next_offset();
        valid_bytes += chunk.size_bytes();
    }
    ASSERT(next >= segment.base);
    ASSERT(valid_bytes <= segment.size_bytes);
    if (valid_bytes < segment.size_bytes) {
        storage.truncate(segment.file, valid_bytes);
        adopt_batches(storage, segment, Adoption::strict);
    }
    ASSERT(segment.size_bytes == valid_bytes);
    ASSERT(valid_bytes <= size_before);
    scratch.take_snapshot(ProducerState::Synced::yes);
    report.bytes_scanned += valid_bytes;
    return size_before - valid_bytes;
}

void Log::State::rebuild_producers(ProducerState& state, Offset start, Offset end,
                                   bool clean_load) const {
    using Synced = ProducerState::Synced;
    ASSERT(start <= end);
    std::vector<Offset> to_snapshot;
    for (std::size_t i = segments.size() > 1 ? segments.size() - 2 : 0; i < segments.size(); ++i)
        to_snapshot.push_back(segments[i].base);

    if (clean_load && state.snapshots().empty()) {
        // No snapshot at all after a clean stop: a log from before there were any. Empty snapshots
        // spare the scan.
        to_snapshot.push_back(end);
        for (Offset at : to_snapshot) {
            state.set_map_end(at);
            state.take_snapshot(Synced::yes);
        }
        return;
    }
    const bool known_empty = state.empty() && state.map_end() >= end;
    state.truncate_and_reload(start, end);
    if (end > state.map_end() && !known_empty) {
        const Offset from = state.map_end();
        for (std::size_t i = floor_segment(from); i < segments.size() && segments[i].base < end;
             ++i) {
            const Segment& segment = segments[i];
            state.set_map_end(std::max({segment.base, state.map_end(), start}));
            if (std::find(to_snapshot.begin(), to_snapshot.end(), segment.base) !=
                to_snapshot.end())
                state.take_snapshot(Synced::yes);
            replay_producers(state, segment, end);
        }
    }
    state.set_map_end(end);
    state.take_snapshot(Synced::yes);
}

void Log::State::replay_producers(ProducerState& state, const Segment& segment, Offset end) const {
    const Offset from = state.map_end();
    const ChunkList& chunks = storage.chunks(segment.file);
    for (std::size_t i = find_chunk(chunks, from, segment.irregular); i < chunks.size(); ++i) {
        const Batch* batch = chunks.batch(i);
        if (batch == nullptr || batch->next_offset() > end) return;
        state.update(*batch);
        ASSERT(state.map_end() <= end);
    }
}

}  // namespace core
