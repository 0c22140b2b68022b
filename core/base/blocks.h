/// Blocks<T>: a list that grows with the run, in blocks of fixed size.
///
/// Elements never move, growing copies nothing and touches no more memory than it fills, and the
/// end of the list costs a call a block: T is plain data without a destructor.
///
/// Rules:
///   B1  A reference to an element is good until truncate() takes it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/prefetch.h"

namespace core {

template <class T>
class Blocks {
    static_assert(std::is_trivially_destructible_v<T>);

  public:
    static constexpr std::size_t kBlockBytes = 16'384;
    /// A power of two: an index is split by a shift and a mask.
    static constexpr std::size_t kPerBlock = std::bit_floor(kBlockBytes / sizeof(T));

    class Iterator {
      public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using pointer = const T*;
        using reference = const T&;

        Iterator() = default;
        Iterator(const Blocks* list, std::size_t index) : list_(list), index_(index) {}
        reference operator*() const { return (*list_)[index_]; }
        pointer operator->() const { return &(*list_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        Iterator operator++(int) {
            Iterator before = *this;
            ++index_;
            return before;
        }
        friend bool operator==(const Iterator&, const Iterator&) = default;

      private:
        const Blocks* list_ = nullptr;
        std::size_t index_ = 0;
    };

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T& operator[](std::size_t index) { return blocks_[index / kPerBlock]->at(index % kPerBlock); }
    const T& operator[](std::size_t index) const {
        return blocks_[index / kPerBlock]->at(index % kPerBlock);
    }
    const T& back() const { return (*this)[size_ - 1]; }
    Iterator begin() const { return Iterator(this, 0); }
    Iterator end() const { return Iterator(this, size_); }

    template <class... Args>
    T& emplace_back(Args&&... args) {
        if (size_ == blocks_.size() * kPerBlock) grow();
        T* const place = blocks_[size_ / kPerBlock]->place(size_ % kPerBlock);
        ++size_;
        fetch_ahead(place);
        return *::new (place) T{std::forward<Args>(args)...};
    }
    /// Takes all elements from `size` on away; their blocks stay for the next ones.
    void truncate(std::size_t size) {
        ASSERT(size <= size_);
        size_ = size;
    }
    /// The first index whose element is not `before`; those that are come first.
    template <class Before>
    std::size_t partition_point(Before before) const {
        std::size_t low = 0;
        std::size_t high = size_;
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            if (before((*this)[middle]))
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

  private:
    struct Block {
        T* place(std::size_t index) { return reinterpret_cast<T*>(bytes) + index; }
        T& at(std::size_t index) { return *std::launder(place(index)); }
        alignas(T) std::byte bytes[kPerBlock * sizeof(T)];
    };

    /// When the next element is written, much later, its memory need not be waited for.
    static void fetch_ahead(const T* place) {
        constexpr std::size_t kNext = std::max(sizeof(T), kCacheLineBytes);
        for (std::size_t at = 0; at < sizeof(T); at += kCacheLineBytes) prefetch(place, kNext + at);
    }
    [[gnu::noinline, gnu::cold]] void grow() {
        blocks_.push_back(std::make_unique_for_overwrite<Block>());
    }

    std::vector<std::unique_ptr<Block>> blocks_;
    std::size_t size_ = 0;
};

}  // namespace core
