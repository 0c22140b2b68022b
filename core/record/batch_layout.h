/// Places of the fields of a batch v2, counted from its first byte. [kafka DefaultRecordBatch 3.9]
#pragma once

#include <cstddef>
#include <cstdint>

namespace core {

/// Bytes of a v2 batch before the magic byte: base offset (8), batch length (4), leader epoch (4).
inline constexpr std::size_t kBatchPrefixBytes = 16;
/// Bytes of a v2 batch before its first record.
inline constexpr std::size_t kBatchHeaderBytes = 61;
/// Of these, the ones from the magic byte on.
inline constexpr std::size_t kBatchTailHeaderBytes = kBatchHeaderBytes - kBatchPrefixBytes;
/// Bytes that the length field does not count (base offset and length).
inline constexpr std::size_t kLogOverheadBytes = 12;

}  // namespace core

namespace core::layout {

inline constexpr std::size_t kBaseOffset = 0;
inline constexpr std::size_t kLength = 8;
inline constexpr std::size_t kLeaderEpoch = 12;
inline constexpr std::size_t kMagic = 16;
inline constexpr std::size_t kCrc = 17;
inline constexpr std::size_t kAttributes = 21;
inline constexpr std::size_t kLastOffsetDelta = 23;
inline constexpr std::size_t kBaseTimestamp = 27;
inline constexpr std::size_t kMaxTimestamp = 35;
inline constexpr std::size_t kProducerId = 43;
inline constexpr std::size_t kProducerEpoch = 51;
inline constexpr std::size_t kBaseSequence = 53;
inline constexpr std::size_t kRecordCount = 57;

/// Length, attributes, timestamp and offset of any record at their largest
/// (DefaultRecord.MAX_RECORD_OVERHEAD).
inline constexpr std::int32_t kMaxRecordOverhead = 21;
/// A batch of one record without its key, value and headers, at most.
inline constexpr std::int32_t kUpperBoundWithoutContent =
    static_cast<std::int32_t>(kBatchHeaderBytes) + kMaxRecordOverhead;

/// Places of the fields of a message of magic 0 or 1 that differ. [kafka LegacyRecord 3.9]
inline constexpr std::size_t kOlderCrc = 12;
inline constexpr std::size_t kOlderAttributes = 17;

/// The same place within the bytes from the magic byte on.
constexpr std::size_t in_tail(std::size_t place) {
    return place - kBatchPrefixBytes;
}

}  // namespace core::layout
