#include "tools/command_line.h"

#include <algorithm>
#include <boost/program_options.hpp>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "reports/layout.h"

namespace tool {
namespace {

namespace po = boost::program_options;
using core::concat;

constexpr std::size_t kHelpWidth = 96;

std::vector<std::string> option_words(const Command& command) {
    std::vector<std::string> words;
    for (const std::string_view name : command.options) words.push_back(concat("--", name));
    words.push_back("--help");
    return words;
}

/// What Boost has to know of a command's options.
void describe(const Command& command, po::options_description& description) {
    auto add = description.add_options();
    for (const std::string_view name : command.options) {
        const Option& option = option_named(name);
        std::string spelling(name);
        if (option.letter != 0) spelling += concat(",", std::string(1, option.letter));
        if (option.argument.empty()) {
            add(spelling.c_str(), "");
        } else {
            add(spelling.c_str(), po::value<std::string>(), "");
        }
    }
    add("help,h", "");
}

[[noreturn]] void fail_parse(const Command& command, const po::error& error) {
    if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
        const std::string word = unknown->get_option_name();
        throw UsageError(concat("acklab ", command.name, " has no option ", word,
                                did_you_mean(word, option_words(command))));
    }
    throw UsageError(concat("acklab ", command.name, ": ", error.what()));
}

std::string option_line(const Command& command, const Option& option) {
    std::string head = "  ";
    head += option.letter != 0 ? concat("-", std::string(1, option.letter), ", ") : "    ";
    head += concat("--", option.name);
    if (!option.argument.empty()) head += concat(" ", option.argument);
    std::string text(option.help);
    for (const auto& [name, help] : command.own_help)
        if (name == option.name) text = help;
    if (option.repeatable) text += " (may be repeated)";
    report::TextStyle style;
    style.width = kHelpWidth;
    return report::hanging(report::padded_right(head, 32) + "  ", text, style);
}

}  // namespace

std::optional<std::string> Invocation::one(const std::string& name) const {
    const auto at = options.find(name);
    if (at == options.end() || at->second.empty()) return std::nullopt;
    return at->second.back();
}

std::vector<std::string> Invocation::all(const std::string& name) const {
    const auto at = options.find(name);
    return at == options.end() ? std::vector<std::string>{} : at->second;
}

const Option& option_named(std::string_view name) {
    const auto& all = all_options();
    const auto at = std::find_if(all.begin(), all.end(),
                                 [&](const Option& option) { return option.name == name; });
    ASSERT(at != all.end());
    return *at;
}

const Command* find_command(std::string_view name) {
    for (const Command& command : all_commands())
        if (command.name == name) return &command;
    return nullptr;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    const int limit = word.size() < 6 ? 2 : 3;
    const auto near = core::nearest(word, candidates, limit);
    return near ? concat("; did you mean \"", *near, "\"?") : "";
}

Invocation parse(const Command& command, const std::vector<std::string>& arguments) {
    namespace style = po::command_line_style;
    po::options_description description;
    describe(command, description);
    po::positional_options_description positional;
    po::options_description all;
    all.add(description);
    all.add_options()("words", po::value<std::vector<std::string>>(), "");
    positional.add("words", -1);
    Invocation out;
    try {
        const auto parsed = po::command_line_parser(arguments)
                                .options(all)
                                .positional(positional)
                                .style(style::unix_style & ~style::allow_guessing)
                                .run();
        for (const auto& option : parsed.options) {
            const std::string& name = option.string_key;
            if (name == "words") {
                // `--words` is no option of ours; only positions come here.
                if (option.position_key < 0)
                    throw UsageError(concat("acklab ", command.name, " has no option --words"));
                out.words.insert(out.words.end(), option.value.begin(), option.value.end());
                continue;
            }
            auto& values = out.options[name];
            if (!values.empty() && name != "help" && !option_named(name).repeatable)
                throw UsageError(concat("--", name, " is given twice"));
            values.push_back(option.value.empty() ? "" : option.value.front());
        }
    } catch (const po::error& error) {
        fail_parse(command, error);
    }
    if (out.has("help")) return out;
    if (out.words.size() < command.words_min)
        throw UsageError(concat("acklab ", command.name, " needs ", command.words));
    if (out.words.size() > command.words_max)
        throw UsageError(concat("acklab ", command.name, ": too many words, beginning with \"",
                                out.words[command.words_max], "\""));
    return out;
}

std::string overview() {
    std::string out =
        "acklab: which acknowledged records survive when a Kafka cluster fails\n\n"
        "usage: acklab COMMAND ...\n\n";
    for (const Command& command : all_commands()) {
        const std::string head = concat("  ", command.name, " ", command.words);
        out += concat(report::padded_right(head, 24), "  ", command.summary, "\n");
    }
    out +=
        "\nS is a built-in id (acklab list), a file, or - for stdin.\n"
        "acklab help COMMAND shows a command's options; acklab help topics the other topics.\n"
        "Exit status: 0 the claim held, 1 it failed, 2 usage, 3 invalid input, 4 inconclusive,\n"
        "70 a bug in acklab (acklab help exit-codes).\n";
    return out;
}

std::string command_help(const Command& command) {
    report::TextStyle style;
    style.width = kHelpWidth;
    std::string out = concat("acklab ", command.name, ": ", command.summary, "\n\nusage: acklab ",
                             command.name, command.options.empty() ? "" : " [OPTIONS]",
                             command.words.empty() ? "" : " ", command.words, "\n");
    if (!command.text.empty()) out += "\n" + report::hanging("", command.text, style);
    if (command.options.empty()) return out;
    out += "\noptions\n";
    for (const std::string_view name : command.options)
        out += option_line(command, option_named(name));
    out += "  -h, --help                      this text\n";
    return out;
}

}  // namespace tool
