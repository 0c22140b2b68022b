/// One partition's log on one broker: segments, epochs, producer state, over the Storage port.
///
/// Follows UnifiedLog / LocalLog / LogLoader of Kafka 3.9. All state is rebuilt from bytes by
/// load().
///
/// Rules:
///   L1  log_start <= high_watermark <= log_end_offset; recovery_point <= log_end_offset.
///   L2  An epoch entry is written and fsynced before the first batch of that epoch is appended
///       [kafka LeaderEpochFileCache.assign].
///   L3  An append is a write into the page cache; only flush makes it durable. flush.messages
///       flushes inside the append.
///   L4  Unclean recovery scans from the start of the segment that holds the recovery point; the
///       first invalid batch cuts its segment there and drops every later one
///       [kafka LogLoader.recoverLog, LogSegment.recover].
///   L5  truncate_to(x) cuts at the first batch whose last offset >= x, and the end becomes x.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/log/epoch_cache.h"
#include "core/log/storage.h"
#include "core/profile/config.h"
#include "core/record/batch.h"

namespace core {

/// What load() is told: what the log directory's checkpoints said of this log.
struct LogLoadState {
    bool clean_shutdown = false;
    Offset recovery_point{0};
    Offset log_start{0};
};

/// What load() found and did.
struct LogLoadReport {
    bool recovered = false;  ///< an unclean scan ran
    std::uint64_t bytes_scanned = 0;
    std::uint64_t bytes_truncated = 0;          ///< cut from the damaged segment
    std::vector<std::string> deleted_segments;  ///< base names dropped behind the damage
    Offset log_end_before{0};                   ///< by the file names and sizes alone: best effort
};

/// What an append did.
struct AppendInfo {
    Offset first;
    Offset end;  ///< exclusive
    /// An idempotent repeat: first..end are of the original, nothing written.
    bool duplicate = false;
    bool flushed = false;  ///< flush.messages made it durable at once
};

using BatchList = boost::container::small_vector<Batch, 1>;

/// The marks of a log (L1).
struct LogOffsets {
    Offset log_start{0};
    Offset high_watermark{0};
    Offset log_end{0};
    /// Believed durable below; never above log_end.
    Offset recovery_point{0};
    /// The last append began a new segment.
    bool rolled = false;
};

class Log {
  public:
    /// Opens (or creates) the log in `directory` ("orders-0"), recovering it if the shutdown was
    /// not clean. The high watermark starts at the log start; the owner sets it from its
    /// checkpoint.
    Log(Storage& storage, std::string directory, const TopicConfig& config, TimePoint now,
        const LogLoadState& state, LogLoadReport& report);
    Log(Log&&) noexcept;
    Log& operator=(Log&&) noexcept;
    ~Log();

    const std::string& directory() const;
    Offset log_start() const { return offsets_->log_start; }
    Offset log_end_offset() const { return offsets_->log_end; }
    Offset high_watermark() const { return offsets_->high_watermark; }
    Offset recovery_point() const { return offsets_->recovery_point; }
    /// Whether the last append began a new segment at the log end: one that was refused for its
    /// sequence, or was a duplicate, may have too. [kafka UnifiedLog.append 3.9]
    bool rolled() const { return offsets_->rolled; }
    std::vector<Offset> segment_base_offsets() const;

    /// Takes over a changed topic configuration (min ISR and unclean are not the log's business).
    void update_config(const TopicConfig& config);

    /// Leader's append of one client batch: assigns offsets, stamps the epoch, checks sequences
    /// (ProducerStateManager), rolls and flushes by the settings. Refusals: message_too_large,
    /// corrupt_message, record_list_too_large, invalid_record, invalid_producer_epoch,
    /// out_of_order_sequence_number.
    Result<AppendInfo> append_as_leader(TimePoint now, const BatchBodyRef& batch,
                                        LeaderEpoch epoch);
    /// Follower's append: exactly as received, all or nothing, into one segment, in one write
    /// [kafka FileRecords.append(MemoryRecords)]. Refusals:
    /// corrupt_message (a checksum), offset_out_of_range (a batch begins below the log end:
    /// UnexpectedAppendOffsetException).
    Result<AppendInfo> append_as_follower(TimePoint now, std::span<const Batch> batches);
    Result<AppendInfo> append_as_follower(TimePoint now, const BatchList& batches) {
        return append_as_follower(now, std::span<const Batch>(batches.data(), batches.size()));
    }

    /// Batches from the one that holds `from` (which may begin below it), wholly below `limit`, up
    /// to `max_bytes` but at least one, out of one segment. `from` must lie in
    /// [log_start, log_end_offset]. [kafka LocalLog.read]
    BatchList read(Offset from, std::int64_t max_bytes, Offset limit) const {
        BatchList batches;
        read(from, max_bytes, limit, batches);
        return batches;
    }
    /// The same, into an empty list; the bytes that were read.
    std::int64_t read(Offset from, std::int64_t max_bytes, Offset limit, BatchList& batches) const;

    /// True if anything was removed. The recovery point falls with the end; the owner must then
    /// write the recovery-point checkpoint at once (LogManager.truncateTo).
    bool truncate_to(Offset target);
    /// Deletes everything and begins at `start`.
    void truncate_fully_and_start_at(Offset start);
    void advance_log_start(Offset start);

    /// Sets the high watermark, clamped into [log_start, log_end_offset].
    void set_high_watermark(Offset high_watermark) {
        offsets_->high_watermark =
            std::clamp(high_watermark, offsets_->log_start, offsets_->log_end);
    }

    /// fsyncs every segment from the recovery point up to `end`, and raises the recovery point.
    /// True if anything was synced.
    bool flush(TimePoint now, Offset end);
    /// When this log was last flushed (flush.ms).
    TimePoint last_flush() const;
    /// A roll schedules a flush of everything below the new segment; the owner runs it on its
    /// background lane. Nothing if none is waiting.
    std::optional<Offset> flush_waiting() const;
    /// Physically removes files renamed to .deleted before `now` - segment delete delay.
    void delete_retired_files(TimePoint now, Duration delay);
    std::optional<TimePoint> next_file_deletion(Duration delay) const;

    /// Writes the producer-state snapshot at the log end (clean close).
    void close();

    // ---- leader epochs [kafka LeaderEpochFileCache] ----
    std::optional<LeaderEpoch> latest_epoch() const { return epochs_->latest(); }
    /// Entry (epoch, start) in ascending order.
    std::span<const OffsetAndEpoch> epochs() const;
    void assign_epoch(LeaderEpoch epoch, Offset start);
    /// endOffsetFor: the largest known epoch <= `epoch` and where it ends; nothing: undefined.
    std::optional<OffsetAndEpoch> end_offset_for(LeaderEpoch epoch) const;

    /// Producers known (for tests and the disk reader).
    struct ProducerView {
        ProducerId id;
        ProducerEpoch epoch;
        Sequence last_sequence;
        Offset last_offset;
        int cached_batches;
    };
    std::vector<ProducerView> producers() const;
    void expire_producers(std::int64_t now_ms, Duration expiration);

  private:
    struct State;
    std::unique_ptr<State> state_;
    // state_'s:
    LogOffsets* offsets_;
    const EpochCache* epochs_;
};

}  // namespace core
