#include <openssl/evp.h>

#include <array>

#include "core/base/assert.h"
#include "scenarios/read.h"

namespace scenario {

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    const int done =
        EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
    ASSERT(done == 1 && length == 32);
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < length; ++i) {
        out += kHex[digest[i] >> 4];
        out += kHex[digest[i] & 15u];
    }
    return out;
}

}  // namespace scenario
