#include "core/record/batch.h"

#include <type_traits>

namespace core {

BatchBodyRef BatchBody::make(BytesView tail, bool crc_valid, std::optional<BatchTag> tag,
                             BatchArena* arena) {
    static_assert(std::is_trivially_copyable_v<BatchTag>);
    return make_written(tail.size(), crc_valid, tag, arena, [&](std::span<std::byte> to) {
        std::memcpy(to.data(), tail.data(), to.size());
    });
}

void BatchBody::destroy(const BatchBody* body) noexcept {
    const std::uint16_t in_block = body->in_block_;
    auto* memory = reinterpret_cast<std::byte*>(const_cast<BatchBody*>(body));
    body->~BatchBody();
    BatchArena::give_back(memory, in_block);
}

}  // namespace core
