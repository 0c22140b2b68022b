/// The records inside an uncompressed batch v2: read one by one, without copies.
///
/// Follows DefaultRecord (3.9). Any bytes may be given: a record that does not fit its own size, or
/// a batch whose count of records does not fill it, ends the reading with a named problem.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"
#include "core/record/batch.h"
#include "core/record/varint.h"

namespace core {

/// A header of a record; its value may be null.
struct RecordHeader {
    std::string_view key;
    std::optional<BytesView> value;
};

/// One record; the views are valid as long as the batch.
struct RecordView {
    std::int32_t offset_delta = 0;
    std::int64_t timestamp_delta = 0;  ///< milliseconds after the batch's base timestamp
    std::optional<BytesView> key;
    std::optional<BytesView> value;
    std::int32_t header_count = 0;
    BytesView header_bytes;  ///< read by HeaderReader
};

/// Why the records of a batch cannot be read (InvalidRecordException).
enum class RecordProblem : std::uint8_t {
    compressed,     ///< this reader does not decompress
    bad_count,      ///< the header's record count is negative
    too_short,      ///< the batch ends before its last record
    bad_size,       ///< a record's size is negative, or its fields do not fill it exactly
    bad_header,     ///< a negative count of headers or a null header key
    trailing_bytes  ///< bytes are left behind the last record
};

/// Reads `header_count` headers.
class HeaderReader {
  public:
    explicit HeaderReader(const RecordView& record)
        : reader_(record.header_bytes), left_(record.header_count) {}
    /// The next header; nothing at the end.
    std::optional<RecordHeader> next();

  private:
    ByteReader reader_;
    std::int32_t left_;
};

/// Reads the records of one batch in order. The body outlives the reader.
class RecordReader {
  public:
    explicit RecordReader(const BatchBody& body);
    /// The next record; nothing at the end or at a problem.
    std::optional<RecordView> next();
    /// Set once reading stopped for another reason than the end.
    std::optional<RecordProblem> problem() const { return problem_; }

  private:
    /// False at a problem, which it sets.
    [[gnu::always_inline]] bool read_one(RecordView& record);
    bool fail(RecordProblem problem) {
        problem_ = problem;
        return false;
    }

    ByteReader reader_;
    std::int32_t left_;
    std::optional<RecordProblem> problem_;
};

/// What a control batch says (ControlRecordType, EndTransactionMarker).
enum class ControlType : std::uint8_t { abort = 0, commit = 1, other = 2 };
struct ControlRecord {
    ControlType type;
    std::int32_t coordinator_epoch;  ///< of a transaction marker; -1 for other types
};
/// Reads the one record of a control batch; nothing if it is not one or is malformed.
std::optional<ControlRecord> read_control_record(const BatchBody& body);

}  // namespace core
