/// The inside of Log, shared by its sources: log.cc (append, read, flush), recovery.cc (load) and
/// log_truncation.cc (truncate, roll of files to ".deleted").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/assert.h"
#include "core/log/epoch_cache.h"
#include "core/log/log.h"
#include "core/log/producer_state.h"
#include "core/log/segment.h"

namespace core {

/// A file that was renamed to ".deleted" and waits for its physical removal.
struct RetiredFile {
    std::string path;
    TimePoint since;
};

struct Log::State : LogOffsets {
    State(Storage& log_storage, std::string log_directory, const TopicConfig& topic_config,
          TimePoint load_time)
        : storage(log_storage),
          directory(std::move(log_directory)),
          config(topic_config),
          segment_age_ms(to_ms(topic_config.segment_age)),
          epochs(log_storage, directory),
          producers(log_storage, directory),
          now(load_time),
          last_flush(load_time) {}

    Storage& storage;
    std::string directory;
    TopicConfig config;
    std::int64_t segment_age_ms;  ///< by the config
    EpochCache epochs;
    ProducerState producers;
    std::vector<Segment> segments;  ///< ascending by base; never empty once loaded
    std::vector<RetiredFile> retired;

    /// The latest moment that the log was told: what the time of a truncation is taken from.
    TimePoint now;
    TimePoint last_flush;
    std::optional<Offset> flush_waiting;

    // ---- recovery.cc ----
    void load(const LogLoadState& state, LogLoadReport& report);
    void remove_leftover_files();
    void open_segments();
    /// Scans the segments from the recovery point on; cuts at the first damage.
    void recover(Offset recovery_point_checkpoint, LogLoadReport& report);
    /// Scans one segment; bytes removed from its end.
    std::uint64_t recover_segment(std::size_t index, LogLoadReport& report);
    /// Rebuilds `state` up to `end` from its snapshots and these segments.
    void rebuild_producers(ProducerState& state, Offset start, Offset end, bool clean_load) const;
    void replay_producers(ProducerState& state, const Segment& segment, Offset end) const;

    // ---- log_truncation.cc ----
    bool truncate_to(Offset target);
    void truncate_fully_and_start_at(Offset start);
    /// Cuts one segment at the first batch that ends at or past `target`.
    void truncate_segment(Segment& segment, Offset target);
    /// Renames the files of the segments from `first` on to ".deleted".
    void retire_segments(std::size_t first);
    void delete_retired_files(TimePoint until);

    // ---- log.cc ----
    Segment& active() { return segments.back(); }
    void add_segment(Offset base);
    /// Index of the last segment whose base is at or below `offset`; 0 if none is.
    std::size_t floor_segment(Offset offset) const;
    void set_log_end(Offset end);
    [[gnu::always_inline]] bool maybe_roll(std::int64_t bytes, std::int64_t max_timestamp_ms,
                                           Offset first, Offset last) {
        ASSERT(first <= last);
        ASSERT(first >= log_end);
        const Segment& segment = segments.back();
        if (!should_roll(segment, bytes, max_timestamp_ms, last, config.segment_bytes,
                         segment_age_ms, now)) [[likely]]
            return false;
        // A segment without a batch at the same offset is used as it is: a log that was cut to its
        // base, whose offsets then ran away by more than an int.
        if (segment.base == first) return false;
        roll(first);
        return true;
    }
    void roll(Offset first);
    std::int64_t read(Offset from, std::int64_t max_bytes, Offset limit, BatchList& batches) const;
    void append_batch(const Batch& batch) {
        ASSERT(batch.base_offset >= log_end);
        ASSERT(batch.base_offset >= segments.back().base);
        storage.append(segments.back().file, batch);
        take_up(batch);
    }
    /// In the write of the batch before them.
    [[gnu::noinline]] void append_rest(std::span<const Batch> batches);
    /// What follows the bytes of a batch.
    void take_up(const Batch& batch) {
        Segment& segment = segments.back();
        const BatchBody& body = *batch.body;
        if (segment.size_bytes == 0) segment.first_timestamp_ms = body.max_timestamp_ms();
        segment.size_bytes += static_cast<std::uint64_t>(body.size_bytes());
        producers.update(batch);
        log_end = producers.map_end();
    }
    /// L2, for batches that lie one behind the other.
    void assign_epochs(std::span<const Batch> batches) {
        for (const Batch& batch : batches)
            if (batch.leader_epoch.value() >= 0)
                epochs.assign(batch.leader_epoch, batch.base_offset);
    }
    /// What follows the bytes of an append: ends, watermark, flush.messages.
    [[gnu::always_inline]] void finish_append(Offset end, AppendInfo& info) {
        ASSERT(log_end == end);
        if (log_end - recovery_point >= config.flush_messages) info.flushed = flush(log_end);
        check_invariants();
    }
    bool flush(Offset end);
    [[gnu::always_inline]] void check_invariants() const {
        ASSERT(!segments.empty());
        ASSERT(log_start <= high_watermark);
        ASSERT(high_watermark <= log_end);
        ASSERT(recovery_point <= log_end);
        ASSERT(segments.back().base <= log_end);
    }
};

}  // namespace core
