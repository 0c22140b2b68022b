/// MemoryStorage: the Storage port over plain memory, and real directories in and out of it.
///
/// Everything is durable at once; what a crash leaves behind is made by editing the files. Every
/// change is written down, so a test can ask in which order things were made durable.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/storage.h"

namespace test {

class MemoryStorage final : public core::Storage {
  public:
    MemoryStorage() = default;
    /// A copy of a real directory tree.
    explicit MemoryStorage(const std::filesystem::path& directory);
    /// Writes every file below a real directory, which is made if absent.
    void dump(const std::filesystem::path& directory) const;

    std::vector<std::string> list(std::string_view directory) const override;
    void make_directory(std::string_view directory) override;
    std::optional<std::uint64_t> size(std::string_view path) const override;
    core::Bytes read(std::string_view path, std::uint64_t position,
                     std::uint64_t length) const override;
    void write_file(std::string_view path, core::BytesView content) override;
    void rename(std::string_view from, std::string_view to) override;
    void remove(std::string_view path) override;
    void sync(std::string_view path) override;
    void sync_directory(std::string_view directory) override;
    core::FileId open(std::string_view path) override;
    void append(core::FileId file, const core::Batch& batch) override;
    void append_more(core::FileId file, const core::Batch& batch) override;
    const core::ChunkList& chunks(core::FileId file) const override;
    void adopt(core::FileId file, std::uint64_t position,
               std::span<const core::Batch> batches) override;
    void truncate(core::FileId file, std::uint64_t size_bytes) override;
    void sync(core::FileId file) override;

    /// The whole content of a file that exists.
    core::Bytes content(std::string_view path) const;
    /// What was done, in order: "append orders-0/...0.log", "sync ...", "write ...", "rename A B".
    const std::vector<std::string>& operations() const { return operations_; }
    void forget_operations() { operations_.clear(); }

  private:
    struct File {
        std::string path;
        core::ChunkList chunks;
    };
    File& file_of(core::FileId file);
    const File& file_of(core::FileId file) const;
    const File* find(std::string_view path) const;

    std::deque<File> files_;
    std::map<std::string, std::size_t, std::less<>> names_;
    std::set<std::string, std::less<>> directories_;
    std::vector<std::string> operations_;
};

}  // namespace test
