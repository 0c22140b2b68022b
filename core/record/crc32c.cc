#include "core/record/crc32c.h"

#include <array>
#include <cstring>

namespace core {

namespace {

constexpr std::uint32_t kReversedPolynomial = 0x82f63b78U;

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kReversedPolynomial : 0U);
        tables[0][i] = crc;
    }
    for (std::size_t t = 1; t < tables.size(); ++t)
        for (std::size_t i = 0; i < 256; ++i)
            tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xff];
    return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t byte_at(const std::byte* p, std::size_t i) {
    return std::to_integer<std::uint32_t>(p[i]);
}

#if defined(__x86_64__)
template <class Word>
Word load(const std::byte* p) {
    Word word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_instruction(BytesView bytes,
                                                                   std::uint32_t previous) {
    std::uint64_t crc = previous ^ 0xffffffffU;
    const std::byte* p = bytes.data();
    for (const std::byte* words_end = p + (bytes.size() & ~std::size_t{7}); p != words_end; p += 8)
        crc = __builtin_ia32_crc32di(crc, load<std::uint64_t>(p));
    auto crc32 = static_cast<std::uint32_t>(crc);
    if ((bytes.size() & 4) != 0) {
        crc32 = __builtin_ia32_crc32si(crc32, load<std::uint32_t>(p));
        p += 4;
    }
    if ((bytes.size() & 2) != 0) {
        crc32 = __builtin_ia32_crc32hi(crc32, load<std::uint16_t>(p));
        p += 2;
    }
    if ((bytes.size() & 1) != 0)
        crc32 = __builtin_ia32_crc32qi(crc32, std::to_integer<unsigned char>(*p));
    return crc32 ^ 0xffffffffU;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(BytesView bytes, std::uint32_t previous) {
    std::uint32_t crc = previous ^ 0xffffffffU;
    const std::byte* p = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, p += 8) {
        const std::uint32_t low = crc ^ (byte_at(p, 0) | (byte_at(p, 1) << 8) |
                                         (byte_at(p, 2) << 16) | (byte_at(p, 3) << 24));
        crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^
              kTables[5][(low >> 16) & 0xff] ^ kTables[4][low >> 24] ^ kTables[3][byte_at(p, 4)] ^
              kTables[2][byte_at(p, 5)] ^ kTables[1][byte_at(p, 6)] ^ kTables[0][byte_at(p, 7)];
    }
    for (; left > 0; --left, ++p) crc = (crc >> 8) ^ kTables[0][(crc ^ byte_at(p, 0)) & 0xff];
    return crc ^ 0xffffffffU;
}

bool crc32c_uses_instruction() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("sse4.2") != 0;
#else
    return false;
#endif
}

std::uint32_t crc32c(BytesView bytes, std::uint32_t previous) {
#if defined(__x86_64__)
    if (crc32c_uses_instruction()) return crc32c_instruction(bytes, previous);
#endif
    return crc32c_portable(bytes, previous);
}

}  // namespace core
