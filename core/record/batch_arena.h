/// BatchArena: the memory of one producer's batch bodies, block by block.
///
/// A body is some hundred bytes, lives in several logs and goes with them, mostly at the end of a
/// run. So bodies lie one behind the other in blocks, and a block is given back when the last of
/// its bodies is gone.
///
/// Rules:
///   R1  A place never moves and is never used again.
///   R2  A block lives as long as its arena fills it or one of its bodies lives; bodies may outlive
///       the arena.
///   R3  What does not fit into the open block and takes more than a quarter of one, or has no
///       arena, gets memory of its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/prefetch.h"

namespace core {

class BatchArena {
  public:
    static constexpr std::size_t kBlockBytes = 32 * 1024;

    /// Memory for one body.
    struct Place {
        std::byte* memory;
        std::uint16_t in_block;  ///< bytes from the beginning of its block; 0: memory of its own
    };

    BatchArena() = default;
    BatchArena(const BatchArena&) = delete;
    BatchArena& operator=(const BatchArena&) = delete;
    ~BatchArena();

    Place take(std::size_t bytes) {
        const std::size_t end = used_ + ((bytes + kAlignment - 1) & ~(kAlignment - 1));
        if (end > room_) [[unlikely]]
            return take_elsewhere(bytes);
        const auto in_block = static_cast<std::uint16_t>(used_);
        used_ = end;
        ++open_->users;
        // The next body comes much later, and then need not wait for its memory.
        for (std::size_t ahead = 0; ahead < kFetchedAhead; ahead += kCacheLineBytes)
            prefetch(open_, end + ahead);
        return {reinterpret_cast<std::byte*>(open_) + in_block, in_block};
    }
    static Place take_alone(std::size_t bytes);
    static void give_back(std::byte* memory, std::uint16_t in_block) noexcept;

  private:
    static constexpr std::size_t kAlignment = 4;
    static constexpr std::size_t kFetchedAhead = 256;
    /// The head of a block; places follow.
    struct Block {
        std::uint32_t users;  ///< bodies that live, and the arena while it fills the block
    };

    Place take_elsewhere(std::size_t bytes);
    static void leave(Block* block) noexcept;

    Block* open_ = nullptr;
    std::size_t used_ = 0;  ///< bytes of the open block
    std::size_t room_ = 0;  ///< kBlockBytes; 0 while no block is open
};

}  // namespace core
