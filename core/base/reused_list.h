/// A list that is filled, read and emptied over and over.
///
/// Emptying it keeps its places and what they hold, memory included; an element is filled where it
/// stands, so nothing is made elsewhere and moved in.
///
/// Rules:
///   L1  add() gives a place with whatever was left in it: its user sets all that is read later.
///   L2  A reference is good until the next add(), push_back() or drop_front().
///   L3  A list that was moved from is empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/assert.h"

namespace core {

template <class T>
class ReusedList {
  public:
    ReusedList() = default;
    ReusedList(ReusedList&& other) noexcept
        : size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)),
          places_(std::move(other.places_)) {}
    ReusedList& operator=(ReusedList&& other) noexcept {
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        places_ = std::move(other.places_);
        return *this;
    }

    T& add() {
        if (size_ == capacity_) grow();
        return places_[size_++];
    }
    /// Adds by value, where no element stands for nothing.
    void push_back(T value) {
        if (size_ == capacity_) grow(value);
        places_[size_++] = value;
    }
    void clear() { size_ = 0; }
    /// All but the first `count` elements leave.
    void keep_front(std::size_t count) {
        ASSERT(count <= size_);
        size_ = static_cast<std::uint32_t>(count);
    }
    /// The first `count` elements leave; their places go to the end.
    void drop_front(std::size_t count) {
        ASSERT(count <= size_);
        std::rotate(begin(), begin() + count, end());
        size_ -= static_cast<std::uint32_t>(count);
    }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    T& operator[](std::size_t at) {
        ASSERT(at < size_);
        return places_[at];
    }
    T* begin() { return places_.data(); }
    T* end() { return places_.data() + size_; }
    const T* begin() const { return places_.data(); }
    const T* end() const { return places_.data() + size_; }

  private:
    [[gnu::noinline, gnu::cold]] void grow() {
        capacity_ = capacity_ == 0 ? 8 : capacity_ * 2;
        places_.resize(capacity_);
    }
    [[gnu::noinline, gnu::cold]] void grow(const T& filler) {
        capacity_ = capacity_ == 0 ? 8 : capacity_ * 2;
        places_.resize(capacity_, filler);
    }

    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;  ///< that of places_, without a division
    std::vector<T> places_;
};

}  // namespace core
