/// The content of a file: a rope of chunks, each a whole batch or bytes that are not (yet) known as
/// one.
///
/// A run appends millions of batches to files that it never cuts, so a batch costs its three words
/// and nothing else: no position (a block knows that of its first chunk, the rest is the sum of
/// sizes), no raw bytes (they lie in a list of their own), and no copy to a larger place, since the
/// list grows by blocks.
///
/// Rules:
///   C1  The chunks lie one behind the other: the first at position 0, none empty.
///   C2  All blocks but the last are full. Only the first one ever moves, while it grows.
///   C3  The raw bytes are in the order of their chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/prefetch.h"
#include "core/record/batch.h"

namespace core {

/// A look at a run of bytes of a file; valid until the file is changed.
struct Chunk {
    const Batch* batch;  ///< null: the bytes are `raw`
    BytesView raw;

    std::uint64_t size_bytes() const {
        return batch != nullptr ? static_cast<std::uint64_t>(batch->size_bytes()) : raw.size();
    }
};

class ChunkList {
  public:
    class Iterator;

    ChunkList() = default;
    ChunkList(const ChunkList&) = default;
    ChunkList(ChunkList&&) = default;
    ChunkList& operator=(const ChunkList&) = default;
    ChunkList& operator=(ChunkList&&) = default;
    ~ChunkList();

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    /// Of the whole file.
    std::uint64_t size_bytes() const { return size_bytes_; }

    Chunk operator[](std::size_t index) const { return look(at(index)); }
    /// The batch that a chunk is; null if it is raw bytes.
    const Batch* batch(std::size_t index) const {
        const Batch& chunk = at(index);
        return chunk.body != nullptr ? &chunk : nullptr;
    }
    /// The batch that the last chunk is; null if that is raw bytes, or there is none.
    const Batch* last_batch() const {
        if (size_ == 0) return nullptr;
        const Batch& chunk = blocks_.back().chunks.back();
        return chunk.body != nullptr ? &chunk : nullptr;
    }
    Iterator begin() const;
    Iterator end() const;

    /// Of a chunk's first byte; of size(), the end of the file. Adds up sizes within a block.
    std::uint64_t position(std::size_t index) const;
    /// The chunk that holds the byte at `position`; size() at the end of the file and behind it.
    std::size_t index_at(std::uint64_t position) const;
    /// Up to `length` bytes from `position`; fewer at the end of the file.
    Bytes read(std::uint64_t position, std::uint64_t length) const;

    void append(const Batch& batch) {
        if (size_ % kBlock == 0) add_block();
        std::vector<Batch>& chunks = blocks_.back().chunks;
        chunks.push_back(batch);
        // What is written next, much later, need not wait for its memory then.
        prefetch(&chunks.back(), kCacheLineBytes);
        ++size_;
        size_bytes_ += static_cast<std::uint64_t>(batch.size_bytes());
    }
    /// Not empty.
    void append_raw(BytesView bytes);
    /// Cuts to `size_bytes` (at most the size); of a chunk that is cut through, raw bytes are left.
    void truncate(std::uint64_t size_bytes);
    /// Puts batches in the place of the bytes that they encode to, from `position` on.
    void adopt(std::uint64_t position, std::span<const Batch> batches);

  private:
    static constexpr std::size_t kBlock = 128;

    /// A chunk of raw bytes is a batch without a body, its base offset the index in raw_.
    struct Block {
        std::uint64_t position;  ///< of its first chunk
        std::vector<Batch> chunks;
    };

    const Batch& at(std::size_t index) const {
        ASSERT(index < size_);
        return blocks_[index / kBlock].chunks[index % kBlock];
    }
    Chunk look(const Batch& chunk) const {
        if (chunk.body != nullptr) return Chunk{&chunk, {}};
        return Chunk{nullptr, raw_[raw_of(chunk)]};
    }
    static std::size_t raw_of(const Batch& chunk) {
        return static_cast<std::size_t>(chunk.base_offset.value());
    }
    std::uint64_t bytes_of(const Batch& chunk) const {
        return chunk.body != nullptr ? static_cast<std::uint64_t>(chunk.size_bytes())
                                     : raw_[raw_of(chunk)].size();
    }
    void add_block();
    void pop_back();

    std::vector<Block> blocks_;
    std::vector<Bytes> raw_;
    std::size_t size_ = 0;
    std::uint64_t size_bytes_ = 0;
};

/// Goes over the chunks in order.
class ChunkList::Iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Chunk;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Chunk;

    Iterator() = default;
    Iterator(const ChunkList& list, std::size_t index) : list_(&list), index_(index) { enter(); }
    Chunk operator*() const { return list_->look(*at_); }
    /// The batch that the chunk is; null if it is raw bytes.
    const Batch* batch() const { return at_->body != nullptr ? at_ : nullptr; }
    Iterator& operator++() {
        ++index_;
        if (++at_ == block_end_) enter();
        return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }
    friend bool operator!=(const Iterator& a, const Iterator& b) { return a.index_ != b.index_; }

  private:
    void enter() {
        if (index_ >= list_->size_) return;
        const std::vector<Batch>& chunks = list_->blocks_[index_ / kBlock].chunks;
        at_ = chunks.data() + index_ % kBlock;
        block_end_ = chunks.data() + chunks.size();
    }

    const ChunkList* list_ = nullptr;
    std::size_t index_ = 0;
    const Batch* at_ = nullptr;
    const Batch* block_end_ = nullptr;
};

inline ChunkList::Iterator ChunkList::begin() const {
    return Iterator(*this, 0);
}
inline ChunkList::Iterator ChunkList::end() const {
    return Iterator(*this, size_);
}

}  // namespace core
