#include "core/record/batch.h"

#include <limits>
#include <new>
#include <type_traits>

#include "core/record/batch_arena.h"

namespace core {

BatchBodyRef BatchBody::make(BytesView tail, bool crc_valid, std::optional<BatchTag> tag,
                             BatchArena* arena) {
    static_assert(alignof(BatchBody) <= 4);
    static_assert(std::is_trivially_copyable_v<BatchTag>);
    ASSERT(tail.size() >= kBatchTailHeaderBytes);
    ASSERT(tail.size() <= std::numeric_limits<std::int32_t>::max() - kBatchPrefixBytes);
    const std::size_t size = sizeof(BatchBody) + tail.size();
    const BatchArena::Place place =
        arena != nullptr ? arena->take(size) : BatchArena::take_alone(size);
    auto* body = ::new (place.memory)
        BatchBody(static_cast<std::uint32_t>(tail.size()), crc_valid, tag, place.in_block);
    std::memcpy(place.memory + sizeof(BatchBody), tail.data(), tail.size());
    return BatchBodyRef(body);
}

void BatchBody::destroy(const BatchBody* body) noexcept {
    const std::uint16_t in_block = body->in_block_;
    auto* memory = reinterpret_cast<std::byte*>(const_cast<BatchBody*>(body));
    body->~BatchBody();
    BatchArena::give_back(memory, in_block);
}

}  // namespace core
