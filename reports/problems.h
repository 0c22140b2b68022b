/// Problems of a scenario, as a document and as text (REPORT_FORMAT 3, UX D5).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/problem.h"

namespace report {

/// { "report", "command", "problems": [...] }
std::string problems_json(std::string_view command, const std::vector<scenario::Problem>& problems);

/// All problems with their source lines, then one line that counts them. `errors` and `warnings`
/// are what was found in all, listed or not; with errors it says that nothing was run.
std::string problems_text(const std::vector<scenario::Problem>& problems, std::size_t errors,
                          std::size_t warnings);

}  // namespace report
