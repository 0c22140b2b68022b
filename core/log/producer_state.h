/// What a partition knows of its idempotent producers, and the snapshots that remember it.
///
/// Follows ProducerStateManager, ProducerStateEntry, ProducerAppendInfo and VerificationState-free
/// parts of them (3.9). Built from snapshot and log alone, on leaders and followers alike.
///
/// Rules:
///   R1  The last five batches of a producer are remembered; a repeat of one of them under the same
///       epoch is answered with its offsets.
///   R2  Order of checks: duplicate, older epoch, newer epoch (sequence must be 0), next sequence.
///       A producer without an entry may begin anywhere (2.5+).
///   R3  A snapshot keeps only the last batch of each producer.
///   R4  Batches of replication and replay are never refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/assert.h"
#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/log/storage.h"
#include "core/record/batch.h"

namespace core {

/// ProducerStateEntry.NUM_BATCHES_TO_RETAIN.
inline constexpr std::size_t kBatchesToRetain = 5;

/// One remembered batch.
struct CachedBatch {
    Sequence last_sequence;
    std::int32_t offset_delta;  ///< last offset - first offset
    Offset last_offset;
    std::int64_t timestamp_ms;

    Sequence first_sequence() const;
    Offset first_offset() const { return last_offset + -std::int64_t{offset_delta}; }
};

/// The last batches of a producer: each takes the place of the oldest.
class CachedBatches {
  public:
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    void push_back(const CachedBatch& batch) {
        if (++last_ == kBatchesToRetain) last_ = 0;
        places_[last_] = batch;
        if (size_ < kBatchesToRetain) ++size_;
    }
    void clear() { *this = CachedBatches(); }
    const CachedBatch& back() const {
        ASSERT(size_ > 0);
        return places_[last_];
    }
    /// All of them, in no order.
    std::span<const CachedBatch> all() const { return {places_.data(), size_}; }

  private:
    static constexpr CachedBatch kNone{Sequence(0), 0, Offset(0), 0};

    std::array<CachedBatch, kBatchesToRetain> places_{kNone, kNone, kNone, kNone, kNone};
    std::size_t size_ = 0;
    std::size_t last_ = kBatchesToRetain - 1;
};

struct ProducerEntry {
    ProducerEpoch epoch;
    CachedBatches batches;
    std::int64_t last_timestamp_ms = -1;
    std::int32_t coordinator_epoch = -1;
    std::optional<Offset> transaction_first;  ///< first offset of the open transaction
};

using ProducerMap = std::map<ProducerId, ProducerEntry>;

/// The content of a ".snapshot" file of version 1, and back; nothing if it is malformed or its CRC
/// differs (CorruptSnapshotException).
Bytes encode_snapshot(const ProducerMap& producers);
std::optional<ProducerMap> decode_snapshot(BytesView bytes);

class ProducerState {
  public:
    /// Finds the snapshots of the partition's directory; no state is loaded yet.
    ProducerState(Storage& storage, std::string directory);
    ProducerState(const ProducerState&) = delete;
    ProducerState& operator=(const ProducerState&) = delete;

    const ProducerMap& producers() const { return producers_; }
    bool empty() const { return producers_.empty(); }
    /// Every batch below this offset is in the state.
    Offset map_end() const { return map_end_; }
    void set_map_end(Offset end) { map_end_ = end; }
    std::span<const Offset> snapshots() const { return snapshots_; }

    /// The verdict on a client's batch: a refusal, a duplicate, or neither.
    struct Verdict {
        ErrorCode error = ErrorCode::none;
        const CachedBatch* duplicate = nullptr;  ///< valid until the state changes
    };
    Verdict check(const ProducerFields& fields, std::int32_t last_offset_delta) const;
    /// Takes a batch that is in the log into the state (R4), and moves map_end behind it.
    void update(const Batch& batch) {
        map_end_ = batch.next_offset();
        ASSERT(map_end_ > batch.base_offset);
        update_producer(batch);
    }

    /// Writes a snapshot at map_end, unless the last one is already there. `synced`: fsync it now
    /// (at a roll the flush behind it does, KAFKA-15046).
    enum class Synced : bool { no, yes };
    void take_snapshot(Synced synced);
    /// fsyncs the snapshots that take_snapshot left unsynced, up to `end`.
    void sync_snapshots(Offset end);

    /// Drops snapshots outside (log_start, log_end]; where `log_end` is not map_end, reloads from
    /// the newest that is left. map_end then says where replay must begin.
    void truncate_and_reload(Offset log_start, Offset log_end);
    /// Forgets everything and begins at `start`.
    void truncate_fully_and_start_at(Offset start);
    /// Looks at the directory again, and drops snapshots that belong to no segment, but for the
    /// newest if it lies above all segments.
    void remove_stray_snapshots(std::span<const Offset> segment_bases);
    /// Removes one snapshot, with the segment that it belongs to.
    void remove_snapshot(Offset at);
    /// Forgets producers without an open transaction whose last batch is older than `expiration`.
    void expire(std::int64_t now_ms, Duration expiration);

  private:
    const ProducerEntry* find(ProducerId id) const;
    ProducerEntry& entry_of(const ProducerFields& fields) {
        return last_ != nullptr && last_->first == fields.id ? last_->second : look_up(fields);
    }
    [[gnu::noinline, gnu::cold]] ProducerEntry& look_up(const ProducerFields& fields);
    void forget_all();
    void load_from_snapshot(Offset log_start);
    void update_producer(const Batch& batch);
    [[gnu::noinline, gnu::cold]] void update_marker(const Batch& batch,
                                                    const ProducerFields& fields);

    Storage* storage_;
    std::string directory_;
    ProducerMap producers_;
    ProducerMap::value_type* last_ = nullptr;  ///< whose batch came last: most logs have but one
    std::vector<Offset> snapshots_;            ///< ascending
    std::vector<Offset> unsynced_;             ///< ascending
    Offset map_end_{0};
    Offset last_snapshot_{0};
};

}  // namespace core
