#include <exception>
#include <new>
#include <string>
#include <vector>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "sim/keep_memory.h"
#include "tools/commands.h"
#include "tools/files.h"

namespace {

using core::concat;
using report::ExitStatus;

ExitStatus dispatch(std::vector<std::string> arguments) {
    if (arguments.empty()) {
        tool::warn(tool::overview());
        return ExitStatus::usage;
    }
    std::string name = arguments.front();
    arguments.erase(arguments.begin());
    if (name == "--help" || name == "-h") name = "help";
    if (name == "--version") name = "version";
    const tool::Command* command = tool::find_command(name);
    if (command == nullptr) {
        std::vector<std::string> names;
        for (const tool::Command& known : tool::all_commands()) names.emplace_back(known.name);
        throw tool::UsageError(
            concat("there is no command \"", name, "\"", tool::did_you_mean(name, names)));
    }
    const tool::Invocation invocation = tool::parse(*command, arguments);
    if (invocation.has("help")) {
        tool::print(tool::command_help(*command));
        return ExitStatus::held;
    }
    return command->run(invocation);
}

ExitStatus run(const std::vector<std::string>& arguments) {
    try {
        return dispatch(arguments);
    } catch (const tool::UsageError& error) {
        tool::warn(concat("acklab: ", error.what(),
                          "\nacklab help and acklab help topics show what there is"));
        return ExitStatus::usage;
    } catch (const tool::FileError& error) {
        tool::warn(concat("acklab: ", error.what()));
        return ExitStatus::invalid;
    } catch (const core::AssertionFailure& failure) {
        tool::warn(concat("acklab: bug: ", failure.what()));
        return ExitStatus::bug;
    } catch (const std::exception& error) {
        tool::warn(concat("acklab: bug: ", error.what()));
        return ExitStatus::bug;
    }
}

}  // namespace

int main(int argc, char** argv) {
    sim::keep_freed_memory();
    return static_cast<int>(run(std::vector<std::string>(argv + 1, argv + argc)));
}
