/// Bytes and big-endian numbers, as Kafka writes them on disk and wire.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/assert.h"

namespace core {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;

/// The bytes of a text; valid as long as the text.
inline BytesView as_bytes(std::string_view text) {
    return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

/// The text of some bytes; valid as long as the bytes.
inline std::string_view as_text(BytesView bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

/// The number with its bytes in the other order.
template <class T>
constexpr T swap_bytes(T value) {
    static_assert(std::is_unsigned_v<T>);
    if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
    if constexpr (sizeof(T) == 1) return value;
}

/// From this machine's order to big-endian, and back.
template <class T>
constexpr T big_endian(T value) {
    if constexpr (std::endian::native == std::endian::big) return value;
    return swap_bytes(value);
}

/// Reads a big-endian integer at `position`; the bytes must reach that far.
template <class T>
T load_be(BytesView bytes, std::size_t position) {
    static_assert(std::is_integral_v<T>);
    ASSERT(position <= bytes.size() && sizeof(T) <= bytes.size() - position);
    std::make_unsigned_t<T> value;
    std::memcpy(&value, bytes.data() + position, sizeof value);
    return static_cast<T>(big_endian(value));
}

/// Writes a big-endian integer at `position`; the bytes must reach that far.
template <class T>
void store_be(std::span<std::byte> bytes, std::size_t position, T number) {
    static_assert(std::is_integral_v<T>);
    ASSERT(position <= bytes.size() && sizeof(T) <= bytes.size() - position);
    const auto value = big_endian(static_cast<std::make_unsigned_t<T>>(number));
    std::memcpy(bytes.data() + position, &value, sizeof value);
}

/// Appends a big-endian integer.
template <class T>
void append_be(Bytes& out, T number) {
    const std::size_t at = out.size();
    out.resize(at + sizeof(T));
    store_be(std::span<std::byte>(out), at, number);
}

}  // namespace core
