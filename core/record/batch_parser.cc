#include "core/record/batch_parser.h"

#include <boost/crc.hpp>

#include "core/record/batch_layout.h"
#include "core/record/crc32c.h"

namespace core {

namespace {

using layout::in_tail;

ParsedBatch refused(BatchProblem problem, std::uint64_t size_bytes) {
    ParsedBatch parsed;
    parsed.size_bytes = size_bytes;
    parsed.problem = problem;
    return parsed;
}

/// `message`: at least LogOverhead and the smallest length, 26 bytes.
ParsedBatch parse_older(BytesView message, std::int8_t magic) {
    const auto attributes = load_be<std::int8_t>(message, layout::kOlderAttributes);
    ParsedBatch parsed;
    parsed.size_bytes = message.size();
    parsed.older = OlderMessage{magic, Offset(load_be<std::int64_t>(message, layout::kBaseOffset)),
                                static_cast<Compression>(attributes & 0x7)};
    const BytesView covered = message.subspan(layout::kMagic);
    boost::crc_32_type crc;
    crc.process_bytes(covered.data(), covered.size());
    if (crc.checksum() != load_be<std::uint32_t>(message, layout::kOlderCrc))
        parsed.problem = BatchProblem::bad_crc;
    return parsed;
}

}  // namespace

BatchBodyRef make_batch_body(BytesView tail, std::optional<BatchTag> tag) {
    ASSERT(tail.size() >= kBatchTailHeaderBytes);
    const std::uint32_t crc = crc32c(tail.subspan(in_tail(layout::kAttributes)));
    return BatchBody::make(tail, crc == load_be<std::uint32_t>(tail, in_tail(layout::kCrc)), tag);
}

ParsedBatch parse_batch(BytesView bytes, std::size_t position, std::optional<BatchTag> tag) {
    ASSERT(position <= bytes.size());
    const BytesView rest = bytes.subspan(position);
    if (rest.size() < kBytesUpToMagic) return refused(BatchProblem::too_short, 0);
    const auto base_offset = load_be<std::int64_t>(rest, layout::kBaseOffset);
    const auto length = load_be<std::int32_t>(rest, layout::kLength);
    if (length < kMinLengthField) return refused(BatchProblem::bad_length, 0);
    const std::size_t size = static_cast<std::size_t>(length) + kLogOverheadBytes;
    if (size > rest.size()) return refused(BatchProblem::too_short, 0);

    const auto magic = load_be<std::int8_t>(rest, layout::kMagic);
    if (magic == 0 || magic == 1) return parse_older(rest.first(size), magic);
    if (magic != 2) return refused(BatchProblem::bad_magic, size);
    if (size < kBatchHeaderBytes) return refused(BatchProblem::bad_length, 0);
    const auto delta = load_be<std::int32_t>(rest, layout::kLastOffsetDelta);
    if (base_offset < 0 || delta < 0 || base_offset > INT64_MAX - 1 - delta)
        return refused(BatchProblem::bad_fields, size);

    const BytesView tail = rest.subspan(kBatchPrefixBytes, size - kBatchPrefixBytes);
    ParsedBatch parsed;
    parsed.size_bytes = size;
    parsed.batch =
        Batch{Offset(base_offset), LeaderEpoch(load_be<std::int32_t>(rest, layout::kLeaderEpoch)),
              make_batch_body(tail, tag)};
    if (!parsed.batch->body->crc_valid()) parsed.problem = BatchProblem::bad_crc;
    return parsed;
}

void encode_prefix(const Batch& batch, std::span<std::byte> out) {
    ASSERT(out.size() >= kBatchPrefixBytes);
    store_be(out, layout::kBaseOffset, batch.base_offset.value());
    store_be(out, layout::kLength,
             batch.size_bytes() - static_cast<std::int32_t>(kLogOverheadBytes));
    store_be(out, layout::kLeaderEpoch, batch.leader_epoch.value());
}

void encode_batch(const Batch& batch, Bytes& out) {
    const std::size_t at = out.size();
    const BytesView tail = batch.body->tail();
    out.resize(at + kBatchPrefixBytes);
    encode_prefix(batch, std::span<std::byte>(out).subspan(at));
    out.insert(out.end(), tail.begin(), tail.end());
}

}  // namespace core
