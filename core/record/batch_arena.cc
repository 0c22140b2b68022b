#include "core/record/batch_arena.h"

#include <new>

#include "core/base/assert.h"

namespace core {

static_assert(BatchArena::kBlockBytes - 1 <= UINT16_MAX);

BatchArena::~BatchArena() {
    if (open_ != nullptr) leave(open_);
}

BatchArena::Place BatchArena::take_elsewhere(std::size_t bytes) {
    if (bytes > kBlockBytes / 4) return take_alone(bytes);
    if (open_ != nullptr) leave(open_);
    open_ = ::new (::operator new(kBlockBytes)) Block{1};
    used_ = sizeof(Block);
    room_ = kBlockBytes;
    return take(bytes);
}

BatchArena::Place BatchArena::take_alone(std::size_t bytes) {
    return {static_cast<std::byte*>(::operator new(bytes)), 0};
}

void BatchArena::give_back(std::byte* memory, std::uint16_t in_block) noexcept {
    if (in_block == 0)
        ::operator delete(memory);
    else
        leave(reinterpret_cast<Block*>(memory - in_block));
}

void BatchArena::leave(Block* block) noexcept {
    if (--block->users == 0) ::operator delete(block);
}

}  // namespace core
