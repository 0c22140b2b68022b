/// Asking for memory ahead of its use.
#pragma once

#include <cstddef>

namespace core {

inline constexpr std::size_t kCacheLineBytes = 64;

/// Asks for the cache line `bytes` behind `from`, for what will be done there thousands of
/// instructions later. Nothing need be there: what cannot be read is not fetched.
inline void prefetch(const void* from, std::size_t bytes = 0) {
    __builtin_prefetch(static_cast<const std::byte*>(from) + bytes, 1);
}

}  // namespace core
