/// The command line of acklab: one table of commands and options, from which parsing, help and
/// suggestions are made.
///
/// Rules:
///   R1  A command takes exactly the options of its row; anything else is a usage error (exit 2)
///       with the nearest valid word.
///   R2  stdout carries the result alone; warnings and errors go to stderr.
///   R3  An option that may not be repeated is refused when it is.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/verdict.h"

namespace tool {

/// A mistake on the command line: exit 2.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// A file that cannot be read or written: exit 3.
class FileError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Option {
    std::string_view name;      ///< without dashes
    char letter;                ///< 0: none
    std::string_view argument;  ///< "PATH=VALUE"; empty: a flag
    bool repeatable;
    std::string_view help;
};

/// What the user asked a command to do.
struct Invocation {
    std::map<std::string, std::vector<std::string>> options;
    std::vector<std::string> words;  ///< positional

    bool has(const std::string& name) const { return options.count(name) > 0; }
    std::optional<std::string> one(const std::string& name) const;
    std::vector<std::string> all(const std::string& name) const;
};

struct Command {
    std::string_view name;
    std::string_view words;  ///< "S", "FILE...", "[TOPIC]"
    std::size_t words_min;
    std::size_t words_max;
    std::string_view summary;  ///< one line
    std::string_view text;     ///< more, for its own help
    std::vector<std::string_view> options;
    report::ExitStatus (*run)(const Invocation&);
    /// Names of options with a text that says more of this command than their own.
    std::vector<std::pair<std::string_view, std::string_view>> own_help = {};
};

/// Every option there is; a command's row names its own.
const std::vector<Option>& all_options();
const Option& option_named(std::string_view name);
/// Every command, in the order of help.
const std::vector<Command>& all_commands();
const Command* find_command(std::string_view name);

/// Reads a command's arguments. Throws UsageError.
Invocation parse(const Command& command, const std::vector<std::string>& arguments);

/// `acklab help` and `acklab --help`.
std::string overview();
/// `acklab help COMMAND` and `acklab COMMAND --help`.
std::string command_help(const Command& command);

/// "; did you mean \"x\"?" or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tool
