#include "tests/core/memory_storage.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/record/batch_parser.h"

namespace test {

namespace {

using core::Batch;
using core::Bytes;
using core::BytesView;
using core::ChunkList;
using core::concat;

}  // namespace

MemoryStorage::MemoryStorage(const std::filesystem::path& directory) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        const std::string path = std::filesystem::relative(entry.path(), directory).string();
        if (entry.is_directory()) make_directory(path);
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(in)), {});
        write_file(path, core::as_bytes(text));
    }
    forget_operations();
}

void MemoryStorage::dump(const std::filesystem::path& directory) const {
    for (const auto& [path, index] : names_) {
        const std::filesystem::path target = directory / path;
        std::filesystem::create_directories(target.parent_path());
        const Bytes bytes = content(path);
        std::ofstream out(target, std::ios::binary);
        out << core::as_text(bytes);
    }
}

std::vector<std::string> MemoryStorage::list(std::string_view directory) const {
    std::set<std::string> found;
    const std::string prefix = directory.empty() ? "" : concat(directory, "/");
    const auto add = [&](std::string_view path) {
        if (!path.starts_with(prefix) || path.size() == prefix.size()) return;
        path.remove_prefix(prefix.size());
        found.emplace(path.substr(0, path.find('/')));
    };
    for (const auto& [path, index] : names_) add(path);
    for (const std::string& path : directories_) add(path);
    return {found.begin(), found.end()};
}

void MemoryStorage::make_directory(std::string_view directory) {
    directories_.emplace(directory);
}

std::optional<std::uint64_t> MemoryStorage::size(std::string_view path) const {
    const File* file = find(path);
    if (file == nullptr) return std::nullopt;
    return file->chunks.size_bytes();
}

Bytes MemoryStorage::read(std::string_view path, std::uint64_t position,
                          std::uint64_t length) const {
    const File* file = find(path);
    ASSERT(file != nullptr);
    return file->chunks.read(position, length);
}

void MemoryStorage::write_file(std::string_view path, BytesView content) {
    operations_.push_back(concat("write ", path));
    File& file = file_of(open(path));
    file.chunks = ChunkList();
    if (!content.empty()) file.chunks.append_raw(content);
}

void MemoryStorage::rename(std::string_view from, std::string_view to) {
    operations_.push_back(concat("rename ", from, " ", to));
    const auto found = names_.find(from);
    ASSERT(found != names_.end());
    const std::size_t index = found->second;
    names_.erase(found);
    names_.insert_or_assign(std::string(to), index);
    files_[index].path = to;
}

void MemoryStorage::remove(std::string_view path) {
    operations_.push_back(concat("remove ", path));
    const auto found = names_.find(path);
    ASSERT(found != names_.end());
    names_.erase(found);
}

void MemoryStorage::sync(std::string_view path) {
    ASSERT(find(path) != nullptr);
    operations_.push_back(concat("sync ", path));
}

void MemoryStorage::sync_directory(std::string_view directory) {
    operations_.push_back(concat("syncdir ", directory));
}

core::FileId MemoryStorage::open(std::string_view path) {
    const auto found = names_.find(path);
    if (found != names_.end()) return core::FileId(static_cast<std::uint32_t>(found->second));
    names_.emplace(path, files_.size());
    files_.push_back(File{std::string(path), {}});
    return core::FileId(static_cast<std::uint32_t>(files_.size() - 1));
}

void MemoryStorage::append_more(core::FileId id, const Batch& batch) {
    ASSERT(!operations_.empty());
    ASSERT(operations_.back() == concat("append ", file_of(id).path));
    append(id, batch);
    operations_.pop_back();
}

void MemoryStorage::append(core::FileId id, const Batch& batch) {
    File& file = file_of(id);
    operations_.push_back(concat("append ", file.path));
    file.chunks.append(batch);
}

const ChunkList& MemoryStorage::chunks(core::FileId id) const {
    return file_of(id).chunks;
}

void MemoryStorage::adopt(core::FileId id, std::uint64_t position, std::span<const Batch> batches) {
    ChunkList& chunks = file_of(id).chunks;
    Bytes encoded;
    for (const Batch& batch : batches) core::encode_batch(batch, encoded);
    ASSERT(chunks.read(position, encoded.size()) == encoded);
    chunks.adopt(position, batches);
}

void MemoryStorage::truncate(core::FileId id, std::uint64_t size_bytes) {
    File& file = file_of(id);
    operations_.push_back(concat("truncate ", file.path));
    file.chunks.truncate(size_bytes);
}

void MemoryStorage::sync(core::FileId id) {
    operations_.push_back(concat("sync ", file_of(id).path));
}

Bytes MemoryStorage::content(std::string_view path) const {
    const File* file = find(path);
    ASSERT(file != nullptr);
    return file->chunks.read(0, file->chunks.size_bytes());
}

MemoryStorage::File& MemoryStorage::file_of(core::FileId id) {
    ASSERT(id.value() < files_.size());
    return files_[id.value()];
}

const MemoryStorage::File& MemoryStorage::file_of(core::FileId id) const {
    ASSERT(id.value() < files_.size());
    return files_[id.value()];
}

const MemoryStorage::File* MemoryStorage::find(std::string_view path) const {
    const auto found = names_.find(path);
    return found == names_.end() ? nullptr : &files_[found->second];
}

}  // namespace test
