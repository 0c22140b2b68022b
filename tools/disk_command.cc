#include "core/base/text.h"
#include "tools/commands.h"
#include "tools/directory_reader.h"
#include "tools/disk_inspection.h"
#include "tools/files.h"
#include "tools/session.h"

namespace tool {
namespace {

using core::concat;

/// What to name instead of a directory that is no broker's.
std::string hint(const std::filesystem::path& directory, const DirectoryReader& reader) {
    for (const std::string& name : reader.list("")) {
        if (name.ends_with(".log") && name.size() == std::string_view("0.log").size() + 19)
            return concat("; it is one partition's: name the directory above it");
        if (!reader.size(name) && is_log_directory(DirectoryReader(directory / name)))
            return concat("; did you mean \"", (directory / name).string(), "\"?");
    }
    return {};
}

}  // namespace

report::ExitStatus disk_command(const Invocation& invocation) {
    const std::vector<Output> outputs = outputs_of(invocation);
    const Format format = format_of(invocation);
    const report::TextStyle style = style_of(invocation);
    const std::filesystem::path path = invocation.words.front();
    const DirectoryReader reader(path);
    if (!is_log_directory(reader))
        throw FileError(concat(path.string(),
                               " is no log directory: it has no meta.properties, no ",
                               "checkpoint and no partition", hint(path, reader)));
    const report::DiskDirectory directory = inspect_disk(reader);
    const auto detail =
        invocation.has("batches") ? report::DiskDetail::batches : report::DiskDetail::partitions;
    const auto make = [&](Format wanted, const report::TextStyle& look) {
        return wanted == Format::json ? report::disk_json(directory)
                                      : report::disk_text(directory, detail, look);
    };
    print(make(format, style));
    for (const Output& output : outputs)
        write_file(output.path, make(output.format, file_style_of(invocation)));
    return report::ExitStatus::held;
}

}  // namespace tool
