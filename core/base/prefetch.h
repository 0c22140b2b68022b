/// Asking for memory ahead of its use.
#pragma once

#include <cstddef>
#include <cstdint>

namespace core {

inline constexpr std::size_t kCacheLineBytes = 64;

/// Asks for the cache line `bytes` behind `from`, for what will be done there thousands of
/// instructions later. Nothing need be there: a line that does not exist is not fetched.
inline void prefetch(const void* from, std::size_t bytes = 0) {
    // As a number: the sum may point behind the object that `from` is in.
    const std::uintptr_t line = reinterpret_cast<std::uintptr_t>(from) + bytes;
    __builtin_prefetch(reinterpret_cast<const void*>(line), 1);
}

}  // namespace core
