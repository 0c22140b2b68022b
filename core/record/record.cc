#include "core/record/record.h"

namespace core {

namespace {

/// A length and that many bytes; -1 (any negative length) leaves `bytes` null, as it is given.
/// False: the bytes end before.
[[gnu::always_inline]] inline bool read_nullable(ByteReader& reader,
                                                 std::optional<BytesView>& bytes) {
    const auto length = reader.read_varint();
    if (!length) return false;
    if (*length < 0) return true;
    bytes = reader.read_bytes(static_cast<std::size_t>(*length));
    return bytes.has_value();
}

std::optional<RecordHeader> read_header(ByteReader& reader) {
    std::optional<BytesView> key;
    if (!read_nullable(reader, key) || !key) return std::nullopt;
    RecordHeader header{as_text(*key), std::nullopt};
    if (!read_nullable(reader, header.value)) return std::nullopt;
    return header;
}

/// The reader behind that many headers. Given by value, for headers are rare: so the reader of a
/// record lives in registers.
[[gnu::noinline, gnu::cold]] std::optional<ByteReader> skip_headers(ByteReader reader,
                                                                    std::int32_t count) {
    for (std::int32_t i = 0; i < count; ++i)
        if (!read_header(reader)) return std::nullopt;
    return reader;
}

}  // namespace

std::optional<RecordHeader> HeaderReader::next() {
    if (left_ <= 0) return std::nullopt;
    --left_;
    return read_header(reader_);
}

RecordReader::RecordReader(const BatchBody& body)
    : reader_(body.records()), left_(body.record_count()) {
    if (body.header().compression() != Compression::none)
        problem_ = RecordProblem::compressed;
    else if (left_ < 0)
        problem_ = RecordProblem::bad_count;
    else if (left_ == 0 && reader_.remaining() > 0)
        problem_ = RecordProblem::trailing_bytes;
}

inline bool RecordReader::read_one(RecordView& record) {
    ByteReader reader = reader_;
    const auto size = reader.read_varint();
    if (!size) return fail(RecordProblem::too_short);
    if (*size < 0) return fail(RecordProblem::bad_size);
    const auto bytes = reader.read_bytes(static_cast<std::size_t>(*size));
    if (!bytes) return fail(RecordProblem::too_short);
    reader_ = reader;

    ByteReader body(*bytes);
    if (!body.read_int8()) return fail(RecordProblem::bad_size);
    const auto timestamp_delta = body.read_varlong();
    if (!timestamp_delta) return fail(RecordProblem::bad_size);
    const auto offset_delta = body.read_varint();
    if (!offset_delta) return fail(RecordProblem::bad_size);
    if (!read_nullable(body, record.key)) return fail(RecordProblem::bad_size);
    if (!read_nullable(body, record.value)) return fail(RecordProblem::bad_size);
    const auto header_count = body.read_varint();
    if (!header_count) return fail(RecordProblem::bad_size);
    if (*header_count < 0) return fail(RecordProblem::bad_header);
    const std::size_t headers_at = body.position();
    if (*header_count > 0) {
        const auto behind = skip_headers(body, *header_count);
        if (!behind) return fail(RecordProblem::bad_header);
        body = *behind;
    }
    if (body.remaining() > 0) return fail(RecordProblem::bad_size);
    record.offset_delta = *offset_delta;
    record.timestamp_delta = *timestamp_delta;
    record.header_count = *header_count;
    record.header_bytes = bytes->subspan(headers_at);
    return true;
}

std::optional<RecordView> RecordReader::next() {
    std::optional<RecordView> record;
    if (problem_ || left_ == 0) return record;
    if (!read_one(record.emplace()))
        record.reset();
    else if (--left_ == 0 && reader_.remaining() > 0)
        problem_ = RecordProblem::trailing_bytes;
    return record;
}

std::optional<ControlRecord> read_control_record(const BatchBody& body) {
    if (!body.header().control() || body.record_count() != 1) return std::nullopt;
    RecordReader reader(body);
    const auto record = reader.next();
    if (!record || !record->key || record->key->size() < 4) return std::nullopt;
    const auto type = load_be<std::int16_t>(*record->key, 2);
    if (type != 0 && type != 1) return ControlRecord{ControlType::other, -1};
    if (!record->value || record->value->size() < 6) return std::nullopt;
    return ControlRecord{type == 0 ? ControlType::abort : ControlType::commit,
                         load_be<std::int32_t>(*record->value, 2)};
}

}  // namespace core
