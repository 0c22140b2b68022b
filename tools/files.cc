#include "tools/files.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/base/text.h"

namespace tool {
namespace {

namespace fs = std::filesystem;
using core::concat;

std::string last_error() {
    return std::strerror(errno);
}

/// Owns a file descriptor.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    bool close() {
        const int fd = fd_;
        fd_ = -1;
        return ::close(fd) == 0;
    }

  private:
    int fd_;
};

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::write(fd, bytes.data(), bytes.size());
        if (done < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
}

[[noreturn]] void fail_write(const std::string& path, const std::string& why) {
    throw FileError(concat("cannot write ", path, ": ", why));
}

std::string beside(const std::string& path) {
    const fs::path target(path);
    return (target.parent_path() / concat(".", target.filename().string(), ".acklab-", ::getpid()))
        .string();
}

/// Where a shell would write: what a symbolic link names, be it there yet or not. The link stays.
std::string behind_links(const std::string& named) {
    constexpr int kMostLinks = 40;
    fs::path path = named;
    std::error_code error;
    for (int i = 0; fs::is_symlink(path, error); ++i) {
        if (i == kMostLinks) fail_write(named, "too many symbolic links");
        const fs::path target = fs::read_symlink(path, error);
        if (error) fail_write(named, error.message());
        path = target.is_absolute() ? target : path.parent_path() / target;
    }
    return path.string();
}

}  // namespace

std::string read_input(const std::string& name, std::size_t most) {
    const bool from_stdin = name == "-";
    Descriptor file(from_stdin ? ::dup(STDIN_FILENO) : ::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    const std::string shown = from_stdin ? "standard input" : name;
    if (file.get() < 0) throw FileError(concat("cannot read ", shown, ": ", last_error()));
    std::string out;
    char buffer[65'536];
    while (out.size() <= most) {
        const std::size_t room = std::min(sizeof buffer, most + 1 - out.size());
        const ssize_t got = ::read(file.get(), buffer, room);
        if (got == 0) break;
        if (got < 0) {
            if (errno == EINTR) continue;
            throw FileError(concat("cannot read ", shown, ": ", last_error()));
        }
        out.append(buffer, static_cast<std::size_t>(got));
    }
    return out;
}

void check_writable(const std::string& path) {
    std::error_code error;
    if (path.empty()) fail_write("\"\"", "no file name");
    if (fs::is_directory(path, error)) fail_write(path, "it is a directory");
    fs::path parent = fs::path(path).parent_path();
    if (parent.empty()) parent = ".";
    if (!fs::is_directory(parent, error))
        fail_write(path, concat("there is no directory ", parent.string()));
    if (::access(parent.c_str(), W_OK) != 0) fail_write(path, last_error());
}

bool is_same_file(const std::string& path, const std::string& input) {
    struct stat there {};
    struct stat read {};
    if (::stat(path.c_str(), &there) != 0 || !S_ISREG(there.st_mode)) return false;
    const int found = input == "-" ? ::fstat(STDIN_FILENO, &read) : ::stat(input.c_str(), &read);
    return found == 0 && there.st_dev == read.st_dev && there.st_ino == read.st_ino;
}

void write_file(const std::string& named, std::string_view bytes) {
    check_writable(named);
    const std::string path = behind_links(named);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::exists(status) && fs::is_other(status)) {
        // A pipe or a device is written to, never replaced.
        Descriptor there(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (there.get() < 0 || !write_all(there.get(), bytes)) fail_write(named, last_error());
        return;
    }
    if (path != named) check_writable(path);
    const std::string temporary = beside(path);
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.get() < 0) fail_write(path, last_error());
    const bool written = write_all(file.get(), bytes) && ::fsync(file.get()) == 0 && file.close();
    if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
        const std::string why = last_error();
        ::unlink(temporary.c_str());
        fail_write(path, why);
    }
}

void make_empty_directory(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) fail_write(path, error.message());
    if (!fs::is_empty(path, error) || error)
        fail_write(path, error ? error.message() : "the directory is not empty");
}

void write_below(const std::string& directory, const std::string& relative, core::BytesView bytes) {
    const fs::path path = fs::path(directory) / fs::path(relative).relative_path();
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) fail_write(path.string(), error.message());
    write_file(path.string(), core::as_text(bytes));
}

void print(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!written || std::fflush(stdout) != 0)
        throw FileError(concat("cannot write standard output: ", last_error()));
}

void warn(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    if (text.empty() || text.back() != '\n') std::fputc('\n', stderr);
}

void write_progress(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

std::string language_of_environment() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        const std::string_view locale(value);
        const bool utf8 = locale.find("UTF-8") != std::string_view::npos ||
                          locale.find("utf8") != std::string_view::npos;
        return locale.substr(0, 2) == "zh" && utf8 ? "zh" : "en";
    }
    return "en";
}

bool stderr_is_terminal() {
    return ::isatty(STDERR_FILENO) == 1;
}

bool stdout_is_terminal() {
    return ::isatty(STDOUT_FILENO) == 1;
}

std::size_t terminal_columns() {
    if (!stdout_is_terminal()) return 0;
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

}  // namespace tool
