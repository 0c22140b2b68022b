#include "core/log/chunk_list.h"

#include <algorithm>
#include <utility>

#include "core/base/prefetch.h"
#include "core/record/batch_parser.h"

namespace core {

/// At the end of a run the bodies are long out of the caches: each is asked for some places ahead.
ChunkList::~ChunkList() {
    constexpr std::size_t kAhead = 16;
    for (Block& block : blocks_) {
        std::vector<Batch>& chunks = block.chunks;
        for (std::size_t i = 0; i < chunks.size(); ++i) {
            if (i + kAhead < chunks.size()) prefetch(chunks[i + kAhead].body.get());
            chunks[i].body.reset();
        }
    }
}

void ChunkList::add_block() {
    ASSERT(blocks_.empty() || blocks_.back().chunks.size() == kBlock);
    Block& block = blocks_.emplace_back(Block{size_bytes_, {}});
    // Most files are small: the first block begins with little.
    if (blocks_.size() > 1) block.chunks.reserve(kBlock);
}

void ChunkList::append_raw(BytesView bytes) {
    ASSERT(!bytes.empty());
    if (size_ % kBlock == 0) add_block();
    const Offset index(static_cast<std::int64_t>(raw_.size()));
    blocks_.back().chunks.push_back(Batch{index, LeaderEpoch(-1), nullptr});
    raw_.emplace_back(bytes.begin(), bytes.end());
    ++size_;
    size_bytes_ += bytes.size();
}

void ChunkList::pop_back() {
    ASSERT(size_ > 0);
    std::vector<Batch>& chunks = blocks_.back().chunks;
    size_bytes_ -= bytes_of(chunks.back());
    if (chunks.back().body == nullptr) {
        ASSERT(raw_of(chunks.back()) + 1 == raw_.size());
        raw_.pop_back();
    }
    chunks.pop_back();
    --size_;
    if (chunks.empty()) blocks_.pop_back();
}

std::uint64_t ChunkList::position(std::size_t index) const {
    ASSERT(index <= size_);
    if (index == size_) return size_bytes_;
    const Block& block = blocks_[index / kBlock];
    std::uint64_t position = block.position;
    for (std::size_t i = 0; i < index % kBlock; ++i) position += bytes_of(block.chunks[i]);
    ASSERT(position < size_bytes_);
    return position;
}

std::size_t ChunkList::index_at(std::uint64_t position) const {
    if (position >= size_bytes_) return size_;
    const auto above =
        std::partition_point(blocks_.begin(), blocks_.end(),
                             [position](const Block& block) { return block.position <= position; });
    ASSERT(above != blocks_.begin());
    const Block& block = *std::prev(above);
    std::size_t index = static_cast<std::size_t>(above - blocks_.begin() - 1) * kBlock;
    std::uint64_t end = block.position;
    for (const Batch& chunk : block.chunks) {
        end += bytes_of(chunk);
        if (position < end) break;
        ++index;
    }
    ASSERT(position < end);
    return index;
}

Bytes ChunkList::read(std::uint64_t position, std::uint64_t length) const {
    Bytes out;
    if (position >= size_bytes_) return out;
    const std::uint64_t end = length > size_bytes_ - position ? size_bytes_ : position + length;
    Bytes encoded;
    std::size_t index = index_at(position);
    for (std::uint64_t at = this->position(index); at < end; ++index) {
        const Chunk chunk = (*this)[index];
        BytesView bytes = chunk.raw;
        if (chunk.batch != nullptr) {
            encoded.clear();
            encode_batch(*chunk.batch, encoded);
            bytes = encoded;
        }
        const std::uint64_t from = position > at ? position - at : 0;
        const std::uint64_t to = std::min<std::uint64_t>(bytes.size(), end - at);
        out.insert(out.end(), bytes.begin() + static_cast<std::ptrdiff_t>(from),
                   bytes.begin() + static_cast<std::ptrdiff_t>(to));
        at += bytes.size();
    }
    return out;
}

void ChunkList::truncate(std::uint64_t size_bytes) {
    ASSERT(size_bytes <= size_bytes_);
    while (size_bytes_ > size_bytes) {
        const Batch& last = blocks_.back().chunks.back();
        const std::uint64_t begin = size_bytes_ - bytes_of(last);
        Bytes rest;
        if (begin < size_bytes) rest = read(begin, size_bytes - begin);
        pop_back();
        if (!rest.empty()) append_raw(rest);
    }
    ASSERT(size_bytes_ == size_bytes);
}

void ChunkList::adopt(std::uint64_t position, std::span<const Batch> batches) {
    std::uint64_t end = position;
    for (const Batch& batch : batches) end += static_cast<std::uint64_t>(batch.size_bytes());
    ASSERT(end <= size_bytes_);
    // What lies behind the batches is put aside, from the chunk that they end in on.
    ChunkList behind;
    for (std::size_t i = index_at(end); i < size_; ++i) {
        const Chunk chunk = (*this)[i];
        if (behind.empty()) {
            const std::uint64_t begin = this->position(i);
            if (begin < end) {
                behind.append_raw(read(end, begin + chunk.size_bytes() - end));
                continue;
            }
        }
        if (chunk.batch != nullptr)
            behind.append(*chunk.batch);
        else
            behind.append_raw(chunk.raw);
    }
    truncate(position);
    for (const Batch& batch : batches) append(batch);
    for (const Chunk chunk : behind) {
        if (chunk.batch != nullptr)
            append(*chunk.batch);
        else
            append_raw(chunk.raw);
    }
}

}  // namespace core
