#include <algorithm>

#include "core/base/text.h"
#include "core/profile/profile.h"
#include "reports/causes.h"
#include "reports/json.h"
#include "reports/layout.h"
#include "reports/listing.h"
#include "reports/problems.h"
#include "scenarios/library.h"
#include "tools/commands.h"
#include "tools/files.h"
#include "tools/session.h"

namespace tool {
namespace {

using core::concat;
using report::ExitStatus;

/// Prints a file's bytes, or writes them to every -o.
ExitStatus deliver(const Invocation& invocation, std::string_view bytes) {
    const auto paths = invocation.all("out");
    for (const std::string& path : paths) check_output(invocation, path);
    for (const std::string& path : paths) {
        write_file(path, bytes);
        warn(concat("wrote ", path));
    }
    if (paths.empty()) print(bytes);
    return ExitStatus::held;
}

bool has_every_tag(const scenario::Scenario& scenario, const std::vector<std::string>& tags) {
    return std::all_of(tags.begin(), tags.end(), [&](const std::string& tag) {
        return std::find(scenario.tags.begin(), scenario.tags.end(), tag) != scenario.tags.end();
    });
}

/// Whether --cause and --kafka let a scenario through. Throws UsageError for words that name
/// nothing.
class ListFilter {
  public:
    explicit ListFilter(const Invocation& invocation)
        : tags_(invocation.all("tag")), cause_(invocation.one("cause")) {
        std::vector<std::string> causes;
        causes.reserve(report::kCauses);
        for (int i = 0; i < report::kCauses; ++i)
            causes.emplace_back(report::name(static_cast<report::Cause>(i)));
        if (cause_ && std::find(causes.begin(), causes.end(), *cause_) == causes.end())
            throw UsageError(concat("--cause: there is no cause \"", *cause_, "\"",
                                    did_you_mean(*cause_, causes), " (acklab help causes)"));
        check_tags();
        const auto version = invocation.one("kafka");
        if (!version) return;
        std::vector<std::string> versions;
        for (const core::Profile& profile : core::all_profiles()) {
            if (*version == profile.version || *version == profile.full_version)
                kafka_ = profile.version;
            versions.emplace_back(profile.version);
        }
        if (!kafka_)
            throw UsageError(
                concat("--kafka: \"", *version, "\" is none of ", core::join(versions, ", ")));
    }
    bool passes(const scenario::Scenario& scenario) const {
        return has_every_tag(scenario, tags_) &&
               (!cause_ || has_every_tag(scenario, {concat("cause:", *cause_)})) &&
               (!kafka_ || *kafka_ == scenario.kafka.profile->version);
    }

  private:
    void check_tags() const {
        if (tags_.empty()) return;
        std::vector<std::string> known;
        for (const scenario::LibraryFile& entry : scenario::library())
            if (const auto one = scenario::read_scenario(entry.name, entry.bytes).scenario)
                known.insert(known.end(), one->tags.begin(), one->tags.end());
        for (const std::string& tag : tags_)
            if (std::find(known.begin(), known.end(), tag) == known.end())
                throw UsageError(concat("--tag: no scenario has the tag \"", tag, "\"",
                                        did_you_mean(tag, known)));
    }

    std::vector<std::string> tags_;
    std::optional<std::string> cause_;
    std::optional<std::string> kafka_;
};

bool is_json_name(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return false;
    return path.substr(dot) == ".json" || path.substr(dot) == ".jsonc";
}

}  // namespace

ExitStatus check_command(const Invocation& invocation) {
    const bool json = format_of(invocation) == Format::json;
    const scenario::ReadOptions options = read_options(invocation);
    std::vector<scenario::Problem> all;
    std::size_t errors = 0;
    std::string text;
    for (const std::string& word : invocation.words) {
        try {
            const Source source = find_source(word);
            const auto result = read(source, options);
            if (result.usage_error)
                throw UsageError(concat(result.usage_error->option, " ",
                                        result.usage_error->argument, ": ",
                                        result.usage_error->message));
            errors += result.errors;
            all.insert(all.end(), result.problems.begin(), result.problems.end());
            if (result.errors == 0) text += concat(source.name, ": valid\n");
            text += report::problems_text(result.problems, result.errors, result.warnings);
        } catch (const FileError& error) {
            ++errors;
            all.push_back(unreadable(word, error.what()));
            text += concat("error[AL100] ", error.what(), "\n");
        }
    }
    print(json ? report::problems_json("check", all) : text);
    return errors == 0 ? ExitStatus::held : ExitStatus::invalid;
}

ExitStatus list_command(const Invocation& invocation) {
    const report::TextStyle style = style_of(invocation);
    const ListFilter filter(invocation);
    std::vector<report::ListRow> rows;
    for (const scenario::LibraryFile& entry : scenario::library()) {
        const auto result = scenario::read_scenario(entry.name, entry.bytes);
        if (!result.scenario) {
            warn(report::problems_text(result.problems, result.errors, result.warnings));
            continue;
        }
        if (filter.passes(*result.scenario)) rows.push_back(report::list_row(*result.scenario));
    }
    if (format_of(invocation) == Format::json) {
        print(report::list_json(rows));
        return ExitStatus::held;
    }
    print(report::list_text(rows, style));
    return ExitStatus::held;
}

ExitStatus show_command(const Invocation& invocation) {
    for (const std::string& path : invocation.all("out"))
        if (!is_json_name(path))
            throw UsageError(concat("-o ", path, ": a scenario is JSON; name it .json or .jsonc"));
    const Source source = find_source(invocation.words.front());
    if (!invocation.has("flat")) return deliver(invocation, source.bytes);
    scenario::ReadOptions options;
    options.flat = true;
    const scenario::ReadResult result = read(source, options);
    if (result.errors > 0) {
        warn(report::problems_text(result.problems, result.errors, result.warnings));
        return ExitStatus::invalid;
    }
    return deliver(invocation, result.flat);
}

ExitStatus schema_command(const Invocation& invocation) {
    return deliver(invocation, scenario::scenario_schema());
}

ExitStatus version_command(const Invocation& invocation) {
    std::vector<std::string> versions;
    for (const core::Profile& profile : core::all_profiles())
        versions.emplace_back(profile.full_version);
    if (format_of(invocation) == Format::json) {
        print(report::version_json(versions));
        return ExitStatus::held;
    }
    print(concat("acklab ", report::kVersion, "\nKafka ", core::join(versions, ", "), "\n"));
    return ExitStatus::held;
}

}  // namespace tool
