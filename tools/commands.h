/// The commands of acklab, one function each; each prints its result and gives the exit status.
#pragma once

#include "tools/command_line.h"

namespace tool {

report::ExitStatus run_command(const Invocation& invocation);
report::ExitStatus compare_command(const Invocation& invocation);
report::ExitStatus explain_command(const Invocation& invocation);
report::ExitStatus disk_command(const Invocation& invocation);
report::ExitStatus check_command(const Invocation& invocation);
report::ExitStatus list_command(const Invocation& invocation);
report::ExitStatus show_command(const Invocation& invocation);
report::ExitStatus schema_command(const Invocation& invocation);
report::ExitStatus version_command(const Invocation& invocation);
report::ExitStatus help_command(const Invocation& invocation);

/// The words `acklab help` knows beside commands.
std::vector<std::string> help_topics();

}  // namespace tool
