/// What the commands share: finding and reading a scenario, style of texts, output files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/layout.h"
#include "scenarios/read.h"
#include "tools/command_line.h"

namespace tool {

enum class Format : std::uint8_t { text, json, markdown, csv };
/// What a command of documents prints, and one of tables.
inline constexpr Format kDocumentFormats[] = {Format::text, Format::json};
inline constexpr Format kTableFormats[] = {Format::text, Format::json, Format::markdown,
                                           Format::csv};

/// A scenario's bytes and where they came from.
struct Source {
    std::string name;  ///< for problems: the file, the library's file name, or "<stdin>"
    std::string bytes;
    bool built_in = false;
};

/// The problem of a file that cannot be read.
scenario::Problem unreadable(const std::string& name, const std::string& why);

/// S of the command line: a built-in id, a file, or "-". Throws FileError.
Source find_source(const std::string& word);

/// --set, --seed, --kafka, --faults. Throws UsageError.
scenario::ReadOptions read_options(const Invocation& invocation);
std::uint64_t parse_seed(const std::string& text, std::string_view option = "seed");
/// Reads it; what it extends is a file beside it or a built-in scenario.
scenario::ReadResult read(const Source& source, scenario::ReadOptions options);

/// The words that repeat this run: S, then the options that shaped it, quoted for a shell.
std::string arguments_of(const Invocation& invocation);

/// The same without --faults, --seed and --kafka, which a comparison may choose itself.
std::string shared_arguments_of(const Invocation& invocation);
/// A word as a shell needs it.
std::string quoted(const std::string& word);

/// --format, one of those. Throws UsageError.
Format format_of(const Invocation& invocation, std::span<const Format> allowed = kDocumentFormats);
/// --lang, --color, --width.
report::TextStyle style_of(const Invocation& invocation);
/// The same for a file: no colour.
report::TextStyle file_style_of(const Invocation& invocation);

/// A scenario that was read, with what it was read from.
struct Loaded {
    Source source;
    scenario::ReadOptions options;
    scenario::ReadResult result;
};
/// As load, with all of that.
std::optional<Loaded> load_document(const Invocation& invocation, std::string_view command);

/// The scenario, or nothing after its problems were printed: the document to stdout for JSON, the
/// text to stderr (`check` has its own way). Warnings of a valid one go to stderr.
std::optional<scenario::Scenario> load(const Invocation& invocation, std::string_view command);

/// Checks that a file can be written and is none that the command reads. Throws UsageError or
/// FileError.
void check_output(const Invocation& invocation, const std::string& path);

/// One -o: a file and the format that its suffix names.
struct Output {
    std::string path;
    Format format;
};
/// All of them, checked to be writable. Throws UsageError or FileError.
std::vector<Output> outputs_of(const Invocation& invocation,
                               std::span<const Format> allowed = kDocumentFormats);

}  // namespace tool
