/// MetadataLog: the controller's log, `__cluster_metadata-0`, with one voter.
///
/// Follows KafkaRaftClient and BatchAccumulator, Kafka 3.9: records wait up to
/// controller.quorum.append.linger.ms, are then written as one batch and fsynced; with a single
/// voter the high watermark moves as soon as the fsync is over, so a parked fetch gets records and
/// watermark together.
///
/// Deviations: D30 the values of records are in our own compact encoding (record_codec.h) inside
/// record batches v2; D31 one segment, no snapshots.
///
/// Rules:
///   M1  Offsets are given at append, in order; nothing is visible to a fetch before it is durable.
///   M2  load() keeps exactly the sound batches from the front of the file; the rest is cut.
///   M3  drain() begins the fsync, commit() follows in a later step: what a step has written is
///       durable when the step's time is over, and not before.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/log/storage.h"
#include "core/protocol/metadata_record.h"
#include "core/record/batch_builder.h"

namespace core {

class MetadataLog {
  public:
    /// `storage` outlives the log.
    MetadataLog(Storage& storage, Duration append_linger);

    /// Opens (or creates) the file and reads what it holds; all of it counts as committed, since
    /// this node is the only voter.
    void load();

    /// The epoch of the last batch read or written; nothing in an empty log.
    std::optional<ControllerEpoch> last_epoch() const { return last_epoch_; }
    /// The offset that the next record will get.
    MetadataOffset end_offset() const { return MetadataOffset(end_of(records_)); }
    /// First offset that is not committed.
    MetadataOffset high_watermark() const { return high_watermark_; }

    /// Adds a record under an epoch; it is written at drain(). The linger counts from the first
    /// record that waits.
    MetadataOffset append(TimePoint now, ControllerEpoch epoch, const MetadataRecord& record);
    /// When what waits must be written; nothing if nothing waits.
    std::optional<TimePoint> drain_at() const { return drain_at_; }
    /// Writes and fsyncs what waits. Nothing is committed by it (M3).
    void drain(TimePoint now);
    /// When commit() is due: the moment of a drain() that wrote something; nothing if there is
    /// nothing to commit.
    std::optional<TimePoint> commit_at() const { return commit_at_; }
    /// What was drained is durable: the high watermark moves over it.
    void commit();

    /// Committed records from `from` on, in order; empty at (or past) the high watermark. Valid
    /// until the next append.
    std::span<const MetadataRecord> read(MetadataOffset from) const;

  private:
    static std::int64_t end_of(const std::vector<MetadataRecord>& records) {
        return static_cast<std::int64_t>(records.size());
    }
    bool take_batch(const Batch& batch);
    void write_batch();

    Storage& storage_;
    Duration linger_;
    std::optional<FileId> file_;
    std::vector<MetadataRecord> records_;  ///< the whole log; the index is the offset
    MetadataOffset drained_{0};            ///< first offset that is not written
    MetadataOffset high_watermark_{0};
    std::optional<ControllerEpoch> last_epoch_;
    std::optional<TimePoint> drain_at_;
    std::optional<TimePoint> commit_at_;
    BatchBuilder builder_;
    Bytes value_;  ///< reused
};

}  // namespace core
