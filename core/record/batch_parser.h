/// Batches from raw bytes and back. No input can make it fail other than by a named problem.
///
/// Follows FileLogInputStream.nextBatch and DefaultRecordBatch.ensureValid (3.9).
///
/// Rules:
///   R1  The bytes of a parsed batch, encoded again, are the bytes that were parsed.
///   R2  A batch with a wrong checksum is still given: segments below the recovery point serve it
///       as it lies.
///   R3  Magic 0 and 1 are opaque bytes with an offset and a checksum (LegacyRecord, CRC-32).
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/record/batch.h"

namespace core {

/// Smallest length field of any magic (LegacyRecord.RECORD_OVERHEAD_V0).
inline constexpr std::int32_t kMinLengthField = 14;
/// Bytes up to and with the magic byte: what must be there before anything can be read.
inline constexpr std::size_t kBytesUpToMagic = 17;

/// Why no sound batch begins at a position.
enum class BatchProblem : std::uint8_t {
    too_short,   ///< the bytes end inside the batch: a torn tail
    bad_length,  ///< the length field is below the minimum (zeroed bytes have 0)
    bad_magic,   ///< not 0, 1 or 2
    bad_fields,  ///< offsets that no batch can have
    bad_crc      ///< the checksum differs; `batch` or `older` is set
};

/// A message of magic 0 or 1: a record, or a wrapper around compressed ones. [kafka LegacyRecord]
struct OlderMessage {
    std::int8_t magic;
    /// Of the record; of a wrapper's last record.
    Offset offset;
    Compression compression;
};

struct ParsedBatch {
    std::optional<Batch> batch;         ///< magic 2
    std::optional<OlderMessage> older;  ///< magic 0 or 1: `size_bytes` opaque bytes
    /// Size in the file as the length field says; 0 for too_short and bad_length.
    std::uint64_t size_bytes = 0;
    std::optional<BatchProblem> problem;

    /// A whole batch of magic 2, as it was written.
    bool sound() const { return batch.has_value() && !problem; }
};

/// Parses the batch that begins at `position` (at most bytes.size()).
ParsedBatch parse_batch(BytesView bytes, std::size_t position,
                        std::optional<BatchTag> tag = std::nullopt);

/// Makes a body from the bytes from the magic byte on, at least 45 of them.
BatchBodyRef make_batch_body(BytesView tail, std::optional<BatchTag> tag);

/// Writes the 16 bytes before the magic byte.
void encode_prefix(const Batch& batch, std::span<std::byte> out);
/// Appends the whole batch.
void encode_batch(const Batch& batch, Bytes& out);

}  // namespace core
