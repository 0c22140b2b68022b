/// A real directory behind the reading half of the Storage port. It opens files for reading only.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/storage.h"

namespace tool {

class DirectoryReader final : public core::StorageReader {
  public:
    /// Throws FileError where `directory` is none or cannot be read.
    explicit DirectoryReader(std::filesystem::path directory);

    std::vector<std::string> list(std::string_view directory) const override;
    std::optional<std::uint64_t> size(std::string_view path) const override;
    /// Throws FileError where the file cannot be read.
    core::Bytes read(std::string_view path, std::uint64_t position,
                     std::uint64_t length) const override;

  private:
    std::filesystem::path root_;
};

}  // namespace tool
