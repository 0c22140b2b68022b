#include "core/record/varint.h"

namespace core {

namespace {

template <class Unsigned>
std::byte* write_base128(std::byte* out, Unsigned value) {
    while (value >= 0x80) {
        *out++ = static_cast<std::byte>((value & 0x7f) | 0x80);
        value >>= 7;
    }
    *out++ = static_cast<std::byte>(value);
    return out;
}

/// Bits beyond the type's width in the last allowed byte are dropped, as Kafka drops them.
template <class Unsigned>
std::optional<Unsigned> read_base128(BytesView bytes, std::size_t& position, int bytes_max) {
    Unsigned value = 0;
    for (int i = 0; i < bytes_max; ++i) {
        if (position == bytes.size()) return std::nullopt;
        const auto byte = std::to_integer<std::uint8_t>(bytes[position++]);
        value |= static_cast<Unsigned>(static_cast<Unsigned>(byte & 0x7f) << (7 * i));
        if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
}

}  // namespace

std::byte* write_varint(std::byte* out, std::int32_t value) {
    return write_base128(out, zigzag(value));
}

std::byte* write_varlong(std::byte* out, std::int64_t value) {
    return write_base128(out, zigzag(value));
}

std::optional<std::int32_t> ByteReader::read_varint() {
    const auto raw = read_base128<std::uint32_t>(bytes_, position_, kMaxVarintBytes);
    if (!raw) return std::nullopt;
    return unzigzag(*raw);
}

std::optional<std::int64_t> ByteReader::read_varlong() {
    const auto raw = read_base128<std::uint64_t>(bytes_, position_, kMaxVarlongBytes);
    if (!raw) return std::nullopt;
    return unzigzag(*raw);
}

std::optional<std::int8_t> ByteReader::read_int8() {
    if (remaining() == 0) return std::nullopt;
    return std::to_integer<std::int8_t>(bytes_[position_++]);
}

std::optional<BytesView> ByteReader::read_bytes(std::size_t length) {
    if (length > remaining()) return std::nullopt;
    const BytesView view = bytes_.subspan(position_, length);
    position_ += length;
    return view;
}

}  // namespace core
