/// Zigzag varints, as records of a batch v2 use them. [kafka ByteUtils 3.9]
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"

namespace core {

inline constexpr int kMaxVarintBytes = 5;
inline constexpr int kMaxVarlongBytes = 10;

constexpr std::uint32_t zigzag(std::int32_t value) {
    return (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
}
constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int32_t unzigzag(std::uint32_t value) {
    return static_cast<std::int32_t>((value >> 1) ^ (0U - (value & 1U)));
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1) ^ (0ULL - (value & 1ULL)));
}

/// Bytes that write_varint will write, 1 to 5; one or two for nearly all of a record's numbers.
constexpr int varint_size(std::int32_t value) {
    const std::uint32_t raw = zigzag(value);
    if (raw < 0x80) return 1;
    return raw < 0x4000 ? 2 : (38 - std::countl_zero(raw)) / 7;
}
/// Bytes that write_varlong will write, 1 to 10.
constexpr int varlong_size(std::int64_t value) {
    const std::uint64_t raw = zigzag(value);
    return raw < 0x80 ? 1 : (70 - std::countl_zero(raw)) / 7;
}

/// Writes at `out`, which has room for the value's size; returns the byte behind it.
template <class Unsigned>
std::byte* write_base128(std::byte* out, Unsigned value) {
    while (value >= 0x80) {
        *out++ = static_cast<std::byte>((value & 0x7f) | 0x80);
        value >>= 7;
    }
    *out++ = static_cast<std::byte>(value);
    return out;
}
inline std::byte* write_varint(std::byte* out, std::int32_t value) {
    return write_base128(out, zigzag(value));
}
inline std::byte* write_varlong(std::byte* out, std::int64_t value) {
    return write_base128(out, zigzag(value));
}

/// Reads numbers and runs of bytes from the front of some bytes. Every read past the end, and every
/// varint longer than its type allows, is answered by nothing; what follows is then meaningless.
class ByteReader {
  public:
    explicit ByteReader(BytesView bytes) : bytes_(bytes) {}

    std::size_t position() const { return position_; }
    std::size_t remaining() const { return bytes_.size() - position_; }
    std::optional<std::int32_t> read_varint() {
        const auto raw = read_base128<std::uint32_t, kMaxVarintBytes>();
        if (!raw) return std::nullopt;
        return unzigzag(*raw);
    }
    std::optional<std::int64_t> read_varlong() {
        const auto raw = read_base128<std::uint64_t, kMaxVarlongBytes>();
        if (!raw) return std::nullopt;
        return unzigzag(*raw);
    }
    std::optional<std::int8_t> read_int8() {
        if (remaining() == 0) return std::nullopt;
        return std::to_integer<std::int8_t>(bytes_[position_++]);
    }
    /// The next `length` bytes.
    std::optional<BytesView> read_bytes(std::size_t length) {
        if (length > remaining()) return std::nullopt;
        const BytesView view = bytes_.subspan(position_, length);
        position_ += length;
        return view;
    }

  private:
    template <class Unsigned, int kBytesMax>
    std::optional<Unsigned> read_base128() {
        if (position_ == bytes_.size()) return std::nullopt;
        const auto first = std::to_integer<std::uint8_t>(bytes_[position_++]);
        if (first < 0x80) return first;
        return read_more<Unsigned, kBytesMax>(first);
    }
    /// Bits beyond the type's width in the last allowed byte are dropped, as Kafka drops them.
    template <class Unsigned, int kBytesMax>
    [[gnu::noinline]] std::optional<Unsigned> read_more(std::uint8_t first) {
        Unsigned value = first & 0x7fU;
        for (int i = 1; i < kBytesMax; ++i) {
            if (position_ == bytes_.size()) return std::nullopt;
            const auto byte = std::to_integer<std::uint8_t>(bytes_[position_++]);
            value |= static_cast<Unsigned>(static_cast<Unsigned>(byte & 0x7f) << (7 * i));
            if ((byte & 0x80) == 0) return value;
        }
        return std::nullopt;
    }

    BytesView bytes_;
    std::size_t position_ = 0;
};

}  // namespace core
