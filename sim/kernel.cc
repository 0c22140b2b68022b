#include "sim/kernel.h"

#include <algorithm>

namespace sim {

Kernel::Kernel() {
    grow_heap();
    grow_slots();
}

void Kernel::advance_to(core::TimePoint at) {
    ASSERT(at >= now());
    if (!empty()) ASSERT(next_due() >= at);
    moment_.at = at;
}

void Kernel::refill() {
    ASSERT(near_size_ == 0);
    ASSERT(size_ > 0);
    near_size_ = std::min(size_, kRefill);
    for (std::size_t at = near_size_; at-- > 0;) near_[at] = pop_far();
}

void Kernel::push_otherwise(Key key) {
    if (near_size_ > 0 ? key < near_[0] : size_ == 0) {
        if (near_size_ == kNear) evict_latest();
        ++near_size_;
        std::size_t at = near_size_ - 1;
        for (; at > 0 && near_[at - 1] < key; --at) near_[at] = near_[at - 1];
        near_[at] = key;
    } else {
        push_far(key);
    }
}

void Kernel::evict_latest() {
    ASSERT(near_size_ == kNear);
    push_far(near_[0]);
    std::copy(near_.begin() + 1, near_.end(), near_.begin());
    --near_size_;
}

void Kernel::grow_slots() {
    const std::size_t old = slots_.size();
    const std::size_t grown = old == 0 ? 64 : old * 2;
    ASSERT(grown <= (std::size_t{1} << kSlotBits));
    slots_.resize(grown, Event(EventType::wake));
    // The lowest slot first, so that few events touch little memory.
    for (std::size_t i = grown; i-- > old;) free_slot(static_cast<std::uint32_t>(i));
}

void Kernel::grow_heap() {
    const std::size_t grown = storage_.empty() ? 128 : storage_.size() * 2;
    storage_.resize(grown, kNever);
    heap_ = storage_.data();
    // A line is kept behind the last key: children are compared before it is known that they end.
    capacity_ = grown - kArity;
}

}  // namespace sim
