#include "core/record/batch_builder.h"

#include <algorithm>
#include <cstring>

#include "core/record/batch_layout.h"
#include "core/record/batch_parser.h"
#include "core/record/crc32c.h"
#include "core/record/varint.h"

namespace core {

namespace {

using layout::in_tail;

constexpr std::int32_t kNoHeadersSize = 1;
constexpr std::int64_t kNoProducerId = -1;
constexpr std::int16_t kNoProducerEpoch = -1;
constexpr std::int32_t kNoSequence = -1;
constexpr std::byte kMagicV2{2};

std::int32_t length_of(BytesView bytes) {
    return static_cast<std::int32_t>(bytes.size());
}

std::int32_t headers_size(std::span<const RecordHeader> headers) {
    std::int32_t size = varint_size(static_cast<std::int32_t>(headers.size()));
    for (const RecordHeader& header : headers)
        size += field_size(as_bytes(header.key)) + field_size(header.value);
    return size;
}

/// Key, value and headers with their lengths (DefaultRecord.sizeOf).
std::int32_t content_size(const std::optional<BytesView>& key,
                          const std::optional<BytesView>& value,
                          std::span<const RecordHeader> headers) {
    return field_size(key) + field_size(value) +
           (headers.empty() ? kNoHeadersSize : headers_size(headers));
}

/// A record behind its length (DefaultRecord.sizeOfBodyInBytes), given its content's size.
std::int32_t body_size(std::int32_t offset_delta, std::int64_t timestamp_delta,
                       std::int32_t content) {
    return 1 + varlong_size(timestamp_delta) + varint_size(offset_delta) + content;
}

std::byte* write_nullable(std::byte* out, const std::optional<BytesView>& bytes) {
    if (!bytes) return write_varint(out, -1);
    out = write_varint(out, length_of(*bytes));
    if (!bytes->empty()) std::memcpy(out, bytes->data(), bytes->size());
    return out + bytes->size();
}

/// A record of so many bytes behind its length, up to its headers.
std::byte* write_record(std::byte* out, std::int32_t size, std::int64_t timestamp_delta,
                        std::int32_t offset_delta, const std::optional<BytesView>& key,
                        const std::optional<BytesView>& value) {
    out = write_varint(out, size);
    *out++ = std::byte{0};
    out = write_varlong(out, timestamp_delta);
    out = write_varint(out, offset_delta);
    out = write_nullable(out, key);
    return write_nullable(out, value);
}

/// The header's fields are at fixed places: a span of fixed size needs no check of them.
using HeaderBytes = std::span<std::byte, kBatchTailHeaderBytes>;

template <class T>
void store(HeaderBytes header, std::size_t place, T number) {
    store_be(std::span<std::byte>(header), in_tail(place), number);
}

void store_producer(HeaderBytes header, const std::optional<ProducerFields>& producer) {
    store(header, layout::kProducerId, producer ? producer->id.value() : kNoProducerId);
    store(header, layout::kProducerEpoch, producer ? producer->epoch.value() : kNoProducerEpoch);
    store(header, layout::kBaseSequence, producer ? producer->base_sequence.value() : kNoSequence);
}

HeaderBytes header_of(std::span<std::byte> tail) {
    return tail.first<kBatchTailHeaderBytes>();
}

/// All of the header but for its checksum.
void write_header(HeaderBytes header, std::int32_t record_count, std::int64_t base_timestamp_ms,
                  std::int64_t max_timestamp_ms, const std::optional<ProducerFields>& producer) {
    constexpr std::int16_t kNoAttributes = 0;
    header[0] = kMagicV2;
    store(header, layout::kAttributes, kNoAttributes);
    store(header, layout::kLastOffsetDelta, record_count - 1);
    store(header, layout::kBaseTimestamp, base_timestamp_ms);
    store(header, layout::kMaxTimestamp, max_timestamp_ms);
    store_producer(header, producer);
    store(header, layout::kRecordCount, record_count);
}

/// Computes and stores the checksum.
void store_crc(std::span<std::byte> tail) {
    store(header_of(tail), layout::kCrc,
          crc32c(BytesView(tail).subspan(in_tail(layout::kAttributes))));
}

}  // namespace

std::int32_t record_size(std::int32_t offset_delta, std::int64_t timestamp_delta,
                         const std::optional<BytesView>& key, const std::optional<BytesView>& value,
                         std::span<const RecordHeader> headers) {
    const std::int32_t size =
        body_size(offset_delta, timestamp_delta, content_size(key, value, headers));
    return varint_size(size) + size;
}

void BatchBuilder::clear() {
    used_ = kBatchHeaderBytes;
    write_limit_ = batch_size_;
    record_count_ = 0;
    base_timestamp_ms_ = 0;
    max_timestamp_ms_ = 0;
}

bool BatchBuilder::has_room_for(const std::optional<BytesView>& key,
                                const std::optional<BytesView>& value, std::int64_t timestamp_ms,
                                std::span<const RecordHeader> headers) const {
    if (record_count_ == 0) return true;
    if (full()) return false;
    const std::int32_t size =
        record_size(record_count_, timestamp_ms - base_timestamp_ms_, key, value, headers);
    return write_limit_ - size_bytes() >= size;
}

void BatchBuilder::append(const std::optional<BytesView>& key,
                          const std::optional<BytesView>& value, std::int64_t timestamp_ms,
                          std::span<const RecordHeader> headers) {
    const std::int32_t content = content_size(key, value, headers);
    if (record_count_ == 0) {
        write_limit_ = std::max(batch_size_, layout::kUpperBoundWithoutContent + content);
        base_timestamp_ms_ = timestamp_ms;
        max_timestamp_ms_ = timestamp_ms;
    }
    max_timestamp_ms_ = std::max(max_timestamp_ms_, timestamp_ms);
    const std::int64_t timestamp_delta = timestamp_ms - base_timestamp_ms_;
    const std::int32_t size = body_size(record_count_, timestamp_delta, content);
    const std::size_t end = used_ + static_cast<std::size_t>(varint_size(size) + size);
    if (buffer_.size() < end - kBatchPrefixBytes)
        buffer_.resize(std::max(end, 2 * buffer_.size()) - kBatchPrefixBytes);

    std::byte* out = buffer_.data() + (used_ - kBatchPrefixBytes);
    out = write_record(out, size, timestamp_delta, record_count_, key, value);
    out = write_varint(out, static_cast<std::int32_t>(headers.size()));
    for (const RecordHeader& header : headers) {
        out = write_nullable(out, as_bytes(header.key));
        out = write_nullable(out, header.value);
    }
    ASSERT(out == buffer_.data() + (end - kBatchPrefixBytes));
    used_ = end;
    ++record_count_;
}

BatchBodyRef BatchBuilder::close(const std::optional<ProducerFields>& producer,
                                 std::optional<BatchTag> tag, BatchArena* arena) {
    ASSERT(record_count_ > 0);
    const std::span<std::byte> tail(buffer_.data(), used_ - kBatchPrefixBytes);
    write_header(header_of(tail), record_count_, base_timestamp_ms_, max_timestamp_ms_, producer);
    store_crc(tail);
    clear();
    return BatchBody::make(tail, true, tag, arena);
}

BatchBodyRef batch_of_one(const std::optional<BytesView>& key, BytesView value,
                          std::int64_t timestamp_ms, const std::optional<ProducerFields>& producer,
                          BatchTag tag, BatchArena& arena) {
    const std::int32_t size = body_size(0, 0, field_size(key) + field_size(value) + kNoHeadersSize);
    const std::size_t tail_bytes =
        kBatchTailHeaderBytes + static_cast<std::size_t>(varint_size(size) + size);
    return BatchBody::make_written(tail_bytes, true, tag, &arena, [&](std::span<std::byte> tail) {
        write_header(header_of(tail), 1, timestamp_ms, timestamp_ms, producer);
        std::byte* out = tail.data() + kBatchTailHeaderBytes;
        out = write_record(out, size, 0, 0, key, value);
        out = write_varint(out, 0);
        ASSERT(out == tail.data() + tail.size());
        store_crc(tail);
    });
}

BatchBodyRef reissue(const BatchBody& body, const std::optional<ProducerFields>& producer) {
    Bytes tail(body.tail().begin(), body.tail().end());
    store_producer(header_of(tail), producer);
    store_crc(tail);
    return BatchBody::make(tail, true, body.tag());
}

BatchBodyRef stamp_append_time(const BatchBody& body, std::int64_t now_ms) {
    constexpr std::int16_t kLogAppendTime = 0x8;
    Bytes tail(body.tail().begin(), body.tail().end());
    const auto attributes = static_cast<std::int16_t>(body.header().attributes | kLogAppendTime);
    store(header_of(tail), layout::kAttributes, attributes);
    store(header_of(tail), layout::kMaxTimestamp, now_ms);
    store_crc(tail);
    return BatchBody::make(tail, true, body.tag());
}

}  // namespace core
