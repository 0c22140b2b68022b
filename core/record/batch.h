/// A record batch v2 in memory: immutable, shared by every log, request and cache that holds it.
///
/// The leader stamps base offset and leader epoch, which lie in the first 16 bytes and outside the
/// CRC; so a stored batch is {base offset, leader epoch, shared bytes from 16 on}, and the first 16
/// bytes are made only when raw bytes are asked for. [kafka DefaultRecordBatch 3.9]
///
/// Rules:
///   R1  The bytes of a BatchBody never change after construction.
///   R2  `crc_valid` is decided once, when the body is made; damage makes a new body.
///   R3  The tag is for the trace only; nothing in core decides by it.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/ids.h"

namespace core {

/// Bytes of a v2 batch before the magic byte: base offset (8), batch length (4), leader epoch (4).
inline constexpr std::size_t kBatchPrefixBytes = 16;
/// Bytes of a v2 batch before its first record.
inline constexpr std::size_t kBatchHeaderBytes = 61;
/// Bytes that the length field does not count (base offset and length).
inline constexpr std::size_t kLogOverheadBytes = 12;

/// RecordBatch.NO_PRODUCER_ID / NO_PRODUCER_EPOCH / NO_SEQUENCE are std::nullopt here.
struct ProducerFields {
    ProducerId id;
    ProducerEpoch epoch;
    Sequence base_sequence;
    friend constexpr bool operator==(const ProducerFields&, const ProducerFields&) = default;
};

enum class Compression : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// The fields of a v2 header after the leader epoch.
struct BatchHeader {
    std::uint32_t crc = 0;
    std::int16_t attributes = 0;
    std::int32_t last_offset_delta = 0;
    std::int64_t base_timestamp_ms = 0;
    std::int64_t max_timestamp_ms = 0;
    std::optional<ProducerFields> producer;
    std::int32_t record_count = 0;

    Compression compression() const { return static_cast<Compression>(attributes & 0x7); }
    bool log_append_time() const { return (attributes & 0x8) != 0; }
    bool transactional() const { return (attributes & 0x10) != 0; }
    bool control() const { return (attributes & 0x20) != 0; }
    bool has_delete_horizon() const { return (attributes & 0x40) != 0; }
};

/// Which batch of which client this is, for the trace: the client's own count of its batches.
struct BatchTag {
    NodeId client;
    std::uint32_t number;
    friend constexpr bool operator==(const BatchTag&, const BatchTag&) = default;
};

/// The shared, immutable part of a batch: everything from the magic byte on.
class BatchBody : public boost::intrusive_ref_counter<BatchBody, boost::thread_unsafe_counter> {
  public:
    /// `tail`: the batch's bytes from the magic byte (16) on; `header` as parsed from them.
    BatchBody(Bytes tail, const BatchHeader& header, bool crc_valid, std::optional<BatchTag> tag)
        : tail_(std::move(tail)), header_(header), crc_valid_(crc_valid), tag_(tag) {}

    const BatchHeader& header() const { return header_; }
    BytesView tail() const { return tail_; }
    /// Bytes of the records, after the 61-byte header.
    BytesView records() const {
        return BytesView(tail_).subspan(kBatchHeaderBytes - kBatchPrefixBytes);
    }
    /// Size of the whole batch in a file, in bytes.
    std::int32_t size_bytes() const {
        return static_cast<std::int32_t>(tail_.size() + kBatchPrefixBytes);
    }
    bool crc_valid() const { return crc_valid_; }
    std::optional<BatchTag> tag() const { return tag_; }

  private:
    Bytes tail_;
    BatchHeader header_;
    bool crc_valid_;
    std::optional<BatchTag> tag_;
};

using BatchBodyRef = boost::intrusive_ptr<const BatchBody>;

/// A batch with its place in a log.
struct Batch {
    Offset base_offset;
    LeaderEpoch leader_epoch;
    BatchBodyRef body;

    Offset last_offset() const { return base_offset + body->header().last_offset_delta; }
    Offset next_offset() const { return last_offset().next(); }
    std::int32_t size_bytes() const { return body->size_bytes(); }
};

}  // namespace core
