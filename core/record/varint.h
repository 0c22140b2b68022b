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

/// Bytes that write_base128 will write of a number that takes more than one or
/// two.
[[gnu::noinline, gnu::cold]] constexpr int large_base128_size(std::uint64_t raw) {
    return (70 - std::countl_zero(raw)) / 7;
}
/// Bytes that write_varint will write, 1 to 5; one or two for nearly all of a
/// record's numbers.
constexpr int varint_size(std::int32_t value) {
    const std::uint32_t raw = zigzag(value);
    if (raw < 0x80) return 1;
    return raw < 0x4000 ? 2 : large_base128_size(raw);
}
/// Bytes that write_varlong will write, 1 to 10.
constexpr int varlong_size(std::int64_t value) {
    const std::uint64_t raw = zigzag(value);
    return raw < 0x80 ? 1 : large_base128_size(raw);
}

/// Writes at `out`, which has room for the value's size; returns the byte
/// behind it.
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

/// Reads numbers and runs of bytes from the front of some bytes. Every read
/// past the end, and every varint longer than its type allows, is answered by
/// nothing; what follows is then meaningless.
class ByteReader {
  public:
    explicit ByteReader(BytesView bytes)
        : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

    std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
    std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
    [[gnu::always_inline]] std::optional<std::int32_t> read_varint() {
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
        if (at_ == end_) return std::nullopt;
        return std::to_integer<std::int8_t>(*at_++);
    }
    /// The next `length` bytes.
    std::optional<BytesView> read_bytes(std::size_t length) {
        if (length > remaining()) return std::nullopt;
        const BytesView view(at_, length);
        at_ += length;
        return view;
    }

  private:
    template <class Unsigned>
    struct Long {
        Unsigned value;
        int bytes;  ///< that it took; 0: they are no number
    };

    template <class Unsigned, int kBytesMax>
    std::optional<Unsigned> read_base128() {
        if (at_ == end_) return std::nullopt;
        const auto first = std::to_integer<std::uint8_t>(*at_);
        if (first < 0x80) {
            ++at_;
            return first;
        }
        const Long<Unsigned> read = read_long<Unsigned, kBytesMax>(at_, end_);
        if (read.bytes == 0) return std::nullopt;
        at_ += read.bytes;
        return read.value;
    }
    /// One of two bytes or more. Given pointers instead of the reader, which so
    /// lives in registers. Bits beyond the type's width in the last allowed byte
    /// are dropped, as Kafka drops them.
    template <class Unsigned, int kBytesMax>
    [[gnu::noinline]] static Long<Unsigned> read_long(const std::byte* at, const std::byte* end) {
        Unsigned value = 0;
        for (int i = 0; i < kBytesMax && at != end; ++i) {
            const auto byte = std::to_integer<std::uint8_t>(*at++);
            value |= static_cast<Unsigned>(static_cast<Unsigned>(byte & 0x7f) << (7 * i));
            if ((byte & 0x80) == 0) return {value, i + 1};
        }
        return {0, 0};
    }

    const std::byte* begin_;
    const std::byte* at_;
    const std::byte* end_;
};

}  // namespace core
