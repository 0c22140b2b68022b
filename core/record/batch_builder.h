/// BatchBuilder: records in, one record batch v2 out, as the Java producer makes it.
///
/// Follows MemoryRecordsBuilder, DefaultRecord and DefaultRecordBatch (3.9), uncompressed. The base
/// offset and the leader epoch are the leader's to stamp.
///
/// Rules:
///   R1  The first record always fits; a later one fits while the bytes so far and its exact size
///       stay within max(batch_size, upper bound of the first record).
///       [kafka MemoryRecordsBuilder.hasRoomFor, RecordAccumulator.append]
///   R2  Timestamps are deltas to the first record's; the batch's maximum is the largest.
///   R3  The buffer is reused from batch to batch; close() makes one piece of memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/record/batch.h"
#include "core/record/batch_layout.h"
#include "core/record/record.h"
#include "core/record/varint.h"

namespace core {

/// Exact bytes of a record without headers (DefaultRecord.sizeInBytes).
std::int32_t record_size(std::int32_t offset_delta, std::int64_t timestamp_delta,
                         const std::optional<BytesView>& key, const std::optional<BytesView>& value,
                         std::span<const RecordHeader> headers = {});
/// Bytes of a key or value in a record, its length included.
inline std::int32_t field_size(BytesView bytes) {
    const auto length = static_cast<std::int32_t>(bytes.size());
    return varint_size(length) + length;
}
inline std::int32_t field_size(const std::optional<BytesView>& bytes) {
    constexpr std::int32_t kNull = 1;
    return bytes ? field_size(*bytes) : kNull;
}

/// Upper bound of a batch with this one record, 61-byte header included
/// (DefaultRecordBatch.estimateBatchSizeUpperBound): what the accumulator reserves at least.
inline std::int32_t batch_size_upper_bound(const std::optional<BytesView>& key, BytesView value) {
    constexpr std::int32_t kNoHeaders = 1;
    return layout::kUpperBoundWithoutContent + field_size(key) + field_size(value) + kNoHeaders;
}

class BatchBuilder {
  public:
    /// `batch_size`: the producer's batch.size in bytes.
    explicit BatchBuilder(std::int32_t batch_size) : batch_size_(batch_size) { clear(); }

    /// Forgets the records, keeps the memory.
    void clear();
    std::int32_t record_count() const { return record_count_; }
    bool empty() const { return record_count_ == 0; }
    /// Bytes so far, the header included.
    std::int32_t size_bytes() const { return static_cast<std::int32_t>(used_); }
    /// Size of the buffer that buffer.memory is charged with; batch_size while empty.
    std::int32_t write_limit() const { return write_limit_; }
    /// MemoryRecordsBuilder.isFull: no further record can fit.
    bool full() const { return record_count_ > 0 && write_limit_ <= size_bytes(); }

    bool has_room_for(const std::optional<BytesView>& key, const std::optional<BytesView>& value,
                      std::int64_t timestamp_ms, std::span<const RecordHeader> headers = {}) const;
    /// Appends a record, whether or not it fits (R1 is the caller's).
    void append(const std::optional<BytesView>& key, const std::optional<BytesView>& value,
                std::int64_t timestamp_ms, std::span<const RecordHeader> headers = {});

    /// The batch of all records so far (at least one), in memory of the arena if there is one; the
    /// builder is empty again.
    BatchBodyRef close(const std::optional<ProducerFields>& producer, std::optional<BatchTag> tag,
                       BatchArena* arena = nullptr);

  private:
    std::int32_t batch_size_;
    Bytes buffer_;          ///< the batch from its magic byte on; only grows
    std::size_t used_ = 0;  ///< bytes of the batch so far, the 16 before the magic byte included
    std::int32_t write_limit_ = 0;
    std::int32_t record_count_ = 0;
    std::int64_t base_timestamp_ms_ = 0;
    std::int64_t max_timestamp_ms_ = 0;
};

/// The batch of one record without headers, as a builder would make it: its size is known before,
/// so it is written where it stays.
BatchBodyRef batch_of_one(const std::optional<BytesView>& key, BytesView value,
                          std::int64_t timestamp_ms, const std::optional<ProducerFields>& producer,
                          BatchTag tag, BatchArena& arena);

/// The same records and tag under other producer fields, CRC recomputed
/// (MemoryRecordsBuilder.reopenAndRewriteProducerState).
BatchBodyRef reissue(const BatchBody& body, const std::optional<ProducerFields>& producer);

/// The same batch with its append time stamped by the leader (message.timestamp.type
/// LogAppendTime), CRC recomputed.
BatchBodyRef stamp_append_time(const BatchBody& body, std::int64_t now_ms);

}  // namespace core
