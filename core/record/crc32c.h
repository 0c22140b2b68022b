/// CRC-32C (Castagnoli), the checksum of record batches v2 and of producer-state snapshots.
///
/// The SSE4.2 instruction where the processor has it, a table otherwise; both give equal results.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"

namespace core {

/// The checksum of `bytes`; `previous` continues one over the bytes before them.
std::uint32_t crc32c(BytesView bytes, std::uint32_t previous = 0);

/// The same by slicing-by-8 tables, on any machine.
std::uint32_t crc32c_portable(BytesView bytes, std::uint32_t previous = 0);

/// True where crc32c() uses the processor's instruction.
bool crc32c_uses_instruction();

}  // namespace core
