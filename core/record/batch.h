/// A record batch v2 in memory: immutable, shared by every log, request and cache that holds it.
///
/// The leader stamps base offset and leader epoch, which lie in the first 16 bytes and outside the
/// CRC; so a stored batch is {base offset, leader epoch, shared bytes from 16 on}, and the first 16
/// bytes are made only when raw bytes are asked for. [kafka DefaultRecordBatch 3.9]
///
/// A body is one piece of memory: 20 bytes of its own, then the batch's bytes. The header is not
/// kept beside them but read from them.
///
/// Rules:
///   R1  The bytes of a BatchBody never change after construction.
///   R2  `crc_valid` is decided once, when the body is made; damage makes a new body.
///   R3  The tag is for the trace only; nothing in core decides by it.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <optional>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/maybe.h"
#include "core/record/batch_arena.h"
#include "core/record/batch_layout.h"

namespace core {

/// RecordBatch.NO_PRODUCER_ID / NO_PRODUCER_EPOCH / NO_SEQUENCE are std::nullopt here.
struct ProducerFields {
    ProducerId id;
    ProducerEpoch epoch;
    Sequence base_sequence;
    friend constexpr bool operator==(const ProducerFields&, const ProducerFields&) = default;
};

enum class Compression : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// Two of the bits of a batch's attributes.
inline constexpr std::int16_t kTransactional = 0x10;
inline constexpr std::int16_t kControl = 0x20;

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
    bool transactional() const { return (attributes & kTransactional) != 0; }
    bool control() const { return (attributes & kControl) != 0; }
    bool has_delete_horizon() const { return (attributes & 0x40) != 0; }
};

/// Which batch of which client this is, for the trace: the client's own count of its batches.
struct BatchTag {
    NodeId client;
    std::uint32_t number;
    friend constexpr bool operator==(const BatchTag&, const BatchTag&) = default;
};
/// A batch's tag stands for nothing where no client is.
template <>
inline constexpr BatchTag kNothing<BatchTag> = BatchTag{NodeId(0), 0};

class BatchBody;
using BatchBodyRef = boost::intrusive_ptr<const BatchBody>;

/// The shared, immutable part of a batch: everything from the magic byte on.
class BatchBody {
  public:
    /// A body with a copy of these bytes: a batch's from the magic byte (16) on, at least its whole
    /// header. Its memory is the arena's, or its own without one.
    static BatchBodyRef make(BytesView tail, bool crc_valid, std::optional<BatchTag> tag,
                             BatchArena* arena = nullptr);
    /// The same of bytes that do not exist yet: write(tail) makes all of them, in their place.
    template <class Write>
    static BatchBodyRef make_written(std::size_t tail_bytes, bool crc_valid,
                                     const std::optional<BatchTag>& tag, BatchArena* arena,
                                     Write&& write);
    BatchBody(const BatchBody&) = delete;
    BatchBody& operator=(const BatchBody&) = delete;

    /// All fields, as read from the bytes; those that are asked for often have functions.
    BatchHeader header() const;
    std::int32_t last_offset_delta() const { return field<std::int32_t>(layout::kLastOffsetDelta); }
    std::int64_t max_timestamp_ms() const { return field<std::int64_t>(layout::kMaxTimestamp); }
    std::int32_t record_count() const { return field<std::int32_t>(layout::kRecordCount); }
    std::int16_t attributes() const { return field<std::int16_t>(layout::kAttributes); }
    bool transactional() const { return (attributes() & kTransactional) != 0; }
    bool control() const { return (attributes() & kControl) != 0; }
    std::optional<ProducerFields> producer() const {
        const auto id = field<std::int64_t>(layout::kProducerId);
        if (id < 0) return std::nullopt;
        return ProducerFields{ProducerId(id),
                              ProducerEpoch(field<std::int16_t>(layout::kProducerEpoch)),
                              Sequence(field<std::int32_t>(layout::kBaseSequence))};
    }

    BytesView tail() const { return BytesView(bytes(), tail_bytes_); }
    /// Bytes of the records, after the 61-byte header.
    BytesView records() const {
        return BytesView(bytes() + kBatchTailHeaderBytes, tail_bytes_ - kBatchTailHeaderBytes);
    }
    /// Size of the whole batch in a file, in bytes.
    std::int32_t size_bytes() const {
        return static_cast<std::int32_t>(tail_bytes_ + kBatchPrefixBytes);
    }
    bool crc_valid() const { return crc_valid_; }
    Maybe<BatchTag> tag() const { return tag_; }
    /// Logs, requests and caches that hold it.
    std::uint32_t use_count() const { return references_; }

  private:
    BatchBody(std::uint32_t tail_bytes, bool crc_valid, const std::optional<BatchTag>& tag,
              std::uint16_t in_block)
        : tail_bytes_(tail_bytes), tag_(tag), in_block_(in_block), crc_valid_(crc_valid) {}
    ~BatchBody() = default;

    friend void intrusive_ptr_add_ref(const BatchBody* body) { ++body->references_; }
    friend void intrusive_ptr_release(const BatchBody* body) {
        if (--body->references_ == 0) destroy(body);
    }
    static void destroy(const BatchBody* body) noexcept;

    /// The bytes follow the object.
    const std::byte* bytes() const { return reinterpret_cast<const std::byte*>(this + 1); }
    /// A field of the header, which every body has whole.
    template <class T>
    T field(std::size_t place) const {
        std::make_unsigned_t<T> value;
        std::memcpy(&value, bytes() + layout::in_tail(place), sizeof value);
        return static_cast<T>(big_endian(value));
    }

    mutable std::uint32_t references_ = 0;
    std::uint32_t tail_bytes_;
    Maybe<BatchTag> tag_;
    std::uint16_t in_block_;  ///< BatchArena::Place
    bool crc_valid_;
};
static_assert(sizeof(BatchBody) == 20);

template <class Write>
BatchBodyRef BatchBody::make_written(std::size_t tail_bytes, bool crc_valid,
                                     const std::optional<BatchTag>& tag, BatchArena* arena,
                                     Write&& write) {
    static_assert(alignof(BatchBody) <= 4);
    ASSERT(tail_bytes >= kBatchTailHeaderBytes);
    ASSERT(tail_bytes <= std::numeric_limits<std::int32_t>::max() - kBatchPrefixBytes);
    const std::size_t size = sizeof(BatchBody) + tail_bytes;
    const BatchArena::Place place =
        arena != nullptr ? arena->take(size) : BatchArena::take_alone(size);
    BatchBodyRef body(::new (place.memory) BatchBody(static_cast<std::uint32_t>(tail_bytes),
                                                     crc_valid, tag, place.in_block));
    write(std::span<std::byte>(place.memory + sizeof(BatchBody), tail_bytes));
    return body;
}

inline BatchHeader BatchBody::header() const {
    BatchHeader header;
    header.crc = field<std::uint32_t>(layout::kCrc);
    header.attributes = attributes();
    header.last_offset_delta = last_offset_delta();
    header.base_timestamp_ms = field<std::int64_t>(layout::kBaseTimestamp);
    header.max_timestamp_ms = max_timestamp_ms();
    header.producer = producer();
    header.record_count = record_count();
    return header;
}

/// A batch with its place in a log.
struct Batch {
    Offset base_offset;
    LeaderEpoch leader_epoch;
    BatchBodyRef body;

    Offset last_offset() const { return base_offset + body->last_offset_delta(); }
    Offset next_offset() const { return last_offset().next(); }
    std::int32_t size_bytes() const { return body->size_bytes(); }
};

}  // namespace core
