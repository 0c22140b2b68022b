#include "tools/directory_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "core/base/text.h"
#include "tools/command_line.h"

namespace tool {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& why) {
    throw FileError(core::concat("cannot read ", path.string(), ": ", why));
}

}  // namespace

DirectoryReader::DirectoryReader(fs::path directory) : root_(std::move(directory)) {
    std::error_code error;
    const fs::file_status status = fs::status(root_, error);
    if (!fs::exists(status)) fail(root_, "No such file or directory");
    if (!fs::is_directory(status)) fail(root_, "it is not a directory");
    const fs::directory_iterator readable(root_, error);
    if (error) fail(root_, error.message());
}

std::vector<std::string> DirectoryReader::list(std::string_view directory) const {
    std::vector<std::string> names;
    const fs::path path = root_ / directory;
    std::error_code error;
    if (!fs::is_directory(path, error)) return names;
    fs::directory_iterator at(path, error);
    if (error) fail(path, error.message());
    for (const fs::directory_entry& entry : at) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

std::optional<std::uint64_t> DirectoryReader::size(std::string_view path) const {
    std::error_code error;
    if (!fs::is_regular_file(root_ / path, error)) return std::nullopt;
    const auto size = fs::file_size(root_ / path, error);
    if (error) fail(root_ / path, error.message());
    return size;
}

core::Bytes DirectoryReader::read(std::string_view path, std::uint64_t position,
                                  std::uint64_t length) const {
    const fs::path file = root_ / path;
    const std::uint64_t whole = size(path).value_or(0);
    core::Bytes bytes(
        static_cast<std::size_t>(position >= whole ? 0 : std::min(length, whole - position)));
    std::ifstream in(file, std::ios::binary);
    if (!in) fail(file, std::strerror(errno));
    in.seekg(static_cast<std::streamoff>(position));
    in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (static_cast<std::size_t>(in.gcount()) != bytes.size())
        fail(file, "it became shorter while it was read");
    return bytes;
}

}  // namespace tool
