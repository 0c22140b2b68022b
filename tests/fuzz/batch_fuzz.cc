// Any bytes as a segment file: batches, their records and headers are read to the end, whatever the
// checksum says, and what was parsed encodes to the same bytes.
#include <algorithm>
#include <cstdlib>
#include <span>

#include "core/record/batch_parser.h"
#include "core/record/record.h"

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

void read_records(const core::BatchBody& body) {
    core::RecordReader reader(body);
    while (const auto record = reader.next()) {
        core::HeaderReader headers(*record);
        while (headers.next().has_value()) continue;
    }
    if (body.header().control()) (void)core::read_control_record(body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const core::BytesView bytes = std::as_bytes(std::span(data, size));
    std::size_t position = 0;
    while (position < size) {
        const core::ParsedBatch parsed = core::parse_batch(bytes, position);
        if (parsed.batch) {
            core::Bytes again;
            core::encode_batch(*parsed.batch, again);
            check(again.size() == parsed.size_bytes && again.size() <= size - position);
            check(std::equal(again.begin(), again.end(),
                             bytes.begin() + static_cast<std::ptrdiff_t>(position)));
            read_records(*parsed.batch->body);
        }
        if (parsed.size_bytes == 0 || parsed.size_bytes > size - position) break;
        position += parsed.size_bytes;
    }
    return 0;
}
