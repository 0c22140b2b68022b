#include "tools/session.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "reports/problems.h"
#include "scenarios/library.h"
#include "tools/files.h"

namespace tool {
namespace {

using core::concat;

constexpr std::size_t kWidthWithoutTerminal = 90;
constexpr std::size_t kWidthMost = 120;

std::vector<std::string> library_ids() {
    std::vector<std::string> ids;
    for (const scenario::LibraryFile& entry : scenario::library()) ids.emplace_back(entry.id);
    return ids;
}

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./=:,+@%").find(c) != std::string_view::npos;
}

struct FormatWords {
    std::string_view word;
    std::string_view suffix;
};
FormatWords words_of(Format format) {
    switch (format) {
        case Format::text:
            return {"text", ".txt"};
        case Format::json:
            return {"json", ".json"};
        case Format::markdown:
            return {"md", ".md"};
        case Format::csv:
            return {"csv", ".csv"};
    }
    UNREACHABLE();
}

bool wants_color(const Invocation& invocation) {
    const std::string choice = invocation.one("color").value_or("auto");
    if (choice == "always") return true;
    if (choice == "never") return false;
    if (choice != "auto")
        throw UsageError(concat("--color takes auto, always or never, not \"", choice, "\""));
    const char* force = std::getenv("CLICOLOR_FORCE");
    if (force != nullptr && std::string_view(force) != "0" && *force != '\0') return true;
    const char* no_color = std::getenv("NO_COLOR");
    if (no_color != nullptr && *no_color != '\0') return false;
    return stdout_is_terminal();
}

std::size_t width_of(const Invocation& invocation) {
    if (const auto asked = invocation.one("width")) {
        const auto number = core::parse_int(*asked);
        if (!number || *number < 40 || *number > 1'000)
            throw UsageError(
                concat("--width takes a number from 40 to 1000, not \"", *asked, "\""));
        return static_cast<std::size_t>(*number);
    }
    const std::size_t columns = terminal_columns();
    return columns < 40 ? kWidthWithoutTerminal : std::min(columns, kWidthMost);
}

/// `path` beside the file `from`, else in the library.
std::optional<scenario::BaseFile> find_base(std::string_view from, std::string_view path,
                                            std::string& why) {
    const std::size_t slash = from.rfind('/');
    const std::string_view folder = slash == std::string_view::npos || path.substr(0, 1) == "/"
                                        ? ""
                                        : from.substr(0, slash + 1);
    std::string name = std::filesystem::path(concat(folder, path)).lexically_normal().string();
    if (name == "-") name = "./-";
    try {
        return scenario::BaseFile{name, read_input(name, scenario::kFileBytesMax)};
    } catch (const FileError& error) {
        std::string in_library;
        auto found = scenario::find_base_in_library(from, path, in_library);
        if (!found) why = concat(error.what(), ", and ", in_library);
        return found;
    }
}

}  // namespace

std::string quoted(const std::string& word) {
    if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

scenario::Problem unreadable(const std::string& name, const std::string& why) {
    scenario::Problem problem;
    problem.file = name;
    problem.code = "AL100";
    problem.message = why;
    return problem;
}

Source find_source(const std::string& word) {
    if (word == "-") return Source{"<stdin>", read_input(word, scenario::kFileBytesMax), false};
    if (const scenario::LibraryFile* entry = scenario::find_in_library(word))
        return Source{std::string(entry->name), std::string(entry->bytes), true};
    try {
        return Source{word, read_input(word, scenario::kFileBytesMax), false};
    } catch (const FileError& error) {
        const bool looks_like_id = word.find_first_of("/.") == std::string::npos;
        if (!looks_like_id) throw;
        throw FileError(concat(error.what(), ", and no built-in scenario has that id",
                               did_you_mean(word, library_ids())));
    }
}

std::uint64_t parse_seed(const std::string& text, std::string_view option) {
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        throw UsageError(
            concat("--", option, " takes a whole number from 0 to 2^64-1, not \"", text, "\""));
    return seed;
}

scenario::ReadOptions read_options(const Invocation& invocation) {
    scenario::ReadOptions options;
    options.set = invocation.all("set");
    for (const std::string& set : options.set)
        if (set.find('=') == std::string::npos)
            throw UsageError(concat("--set takes PATH=VALUE, not \"", set, "\""));
    if (const auto seed = invocation.one("seed")) options.seed = parse_seed(*seed);
    options.kafka = invocation.one("kafka");
    options.faults = invocation.one("faults");
    if (options.faults == scenario::kOwnSteps) options.faults.reset();
    return options;
}

scenario::ReadResult read(const Source& source, scenario::ReadOptions options) {
    if (!source.built_in) options.find_base = find_base;
    return scenario::read_scenario(source.name, source.bytes, options);
}

std::string arguments_of(const Invocation& invocation) {
    std::string out = shared_arguments_of(invocation);
    for (const char* name : {"faults", "seed", "kafka"})
        if (const auto value = invocation.one(name))
            out += concat(" --", name, " ", quoted(*value));
    return out;
}

std::string shared_arguments_of(const Invocation& invocation) {
    std::string out = invocation.words.empty() ? "" : quoted(invocation.words.front());
    for (const std::string& set : invocation.all("set")) out += " --set " + quoted(set);
    return out;
}

Format format_of(const Invocation& invocation, std::span<const Format> allowed) {
    const std::string word = invocation.one("format").value_or("text");
    std::vector<std::string> words;
    for (const Format format : allowed) {
        if (word == words_of(format).word) return format;
        words.emplace_back(words_of(format).word);
    }
    throw UsageError(concat("--format takes ", core::join(words, ", "), ", not \"", word, "\"",
                            did_you_mean(word, words)));
}

report::TextStyle style_of(const Invocation& invocation) {
    report::TextStyle style;
    style.lang = invocation.one("lang").value_or(language_of_environment());
    if (style.lang != "en" && style.lang != "zh")
        throw UsageError(concat("--lang takes en or zh, not \"", style.lang, "\""));
    style.color = wants_color(invocation);
    style.width = width_of(invocation);
    return style;
}

report::TextStyle file_style_of(const Invocation& invocation) {
    report::TextStyle style = style_of(invocation);
    style.color = false;
    if (!invocation.has("width")) style.width = kWidthWithoutTerminal;
    return style;
}

std::optional<Loaded> load_document(const Invocation& invocation, std::string_view command) {
    const bool json = invocation.one("format").value_or("") == "json";
    Loaded loaded;
    loaded.options = read_options(invocation);
    const std::string& word = invocation.words.front();
    try {
        loaded.source = find_source(word);
    } catch (const FileError& error) {
        if (json) print(report::problems_json(command, {unreadable(word, error.what())}));
        throw;
    }
    loaded.result = read(loaded.source, loaded.options);
    const scenario::ReadResult& result = loaded.result;
    if (result.usage_error) {
        std::string text = concat(result.usage_error->option, " ", result.usage_error->argument,
                                  ": ", result.usage_error->message);
        if (!result.usage_error->suggestion.empty()) text += "; " + result.usage_error->suggestion;
        throw UsageError(text);
    }
    if (!result.scenario && json) print(report::problems_json(command, result.problems));
    const bool silent = result.scenario && invocation.has("quiet");
    if (!result.problems.empty() && !silent)
        warn(report::problems_text(result.problems, result.errors, result.warnings));
    if (!result.scenario) return std::nullopt;
    return loaded;
}

std::optional<scenario::Scenario> load(const Invocation& invocation, std::string_view command) {
    std::optional<Loaded> loaded = load_document(invocation, command);
    if (!loaded) return std::nullopt;
    return std::move(loaded->result.scenario);
}

void check_output(const Invocation& invocation, const std::string& path) {
    for (const std::string& word : invocation.words)
        if (is_same_file(path, word))
            throw UsageError(concat("-o ", path, ": that is the input; name another file"));
    check_writable(path);
}

std::vector<Output> outputs_of(const Invocation& invocation, std::span<const Format> allowed) {
    std::vector<Output> outputs;
    for (const std::string& path : invocation.all("out")) {
        const auto ends_with = [&](std::string_view suffix) {
            return path.size() > suffix.size() && path.ends_with(suffix);
        };
        const auto named = std::find_if(allowed.begin(), allowed.end(), [&](Format format) {
            return ends_with(words_of(format).suffix);
        });
        if (named == allowed.end()) {
            std::vector<std::string> suffixes;
            for (const Format format : allowed) suffixes.emplace_back(words_of(format).suffix);
            throw UsageError(concat("-o ", path, ": the suffix names the format; known are ",
                                    core::join(suffixes, ", ")));
        }
        outputs.push_back(Output{path, *named});
        check_output(invocation, path);
    }
    return outputs;
}

}  // namespace tool
