/// A process that runs one cluster after another keeps the memory that a run gave back.
#pragma once

#include <malloc.h>

namespace sim {

/// Asks the allocator to give freed memory back to the system late and to take large blocks from
/// what it has: the next run then finds its pages in place, where making them anew costs a tenth of
/// a run's time. Called once, by a program's main, before it starts threads.
inline void keep_freed_memory() {
    constexpr int kKept = 1 << 30;         // bytes
    constexpr int kLargeBlock = 32 << 20;  // bytes; the most that glibc takes here
    ::mallopt(M_TRIM_THRESHOLD, kKept);
    ::mallopt(M_MMAP_THRESHOLD, kLargeBlock);
}

}  // namespace sim
