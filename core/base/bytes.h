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

/// Reads a big-endian integer at `position`; the bytes must reach that far.
template <class T>
T load_be(BytesView bytes, std::size_t position) {
    static_assert(std::is_integral_v<T>);
    ASSERT(position <= bytes.size() && sizeof(T) <= bytes.size() - position);
    std::make_unsigned_t<T> value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<std::make_unsigned_t<T>>(
            (static_cast<std::uint64_t>(value) << 8) |
            std::to_integer<std::uint8_t>(bytes[position + i]));
    }
    return static_cast<T>(value);
}

/// Writes a big-endian integer at `position`; the bytes must reach that far.
template <class T>
void store_be(std::span<std::byte> bytes, std::size_t position, T number) {
    static_assert(std::is_integral_v<T>);
    ASSERT(position <= bytes.size() && sizeof(T) <= bytes.size() - position);
    auto value = static_cast<std::make_unsigned_t<T>>(number);
    for (std::size_t i = sizeof(T); i-- > 0;) {
        bytes[position + i] = static_cast<std::byte>(value & 0xff);
        value = static_cast<std::make_unsigned_t<T>>(static_cast<std::uint64_t>(value) >> 8);
    }
}

/// Appends a big-endian integer.
template <class T>
void append_be(Bytes& out, T number) {
    const std::size_t at = out.size();
    out.resize(at + sizeof(T));
    store_be(std::span<std::byte>(out), at, number);
}

}  // namespace core
