// Any bytes as a scenario file: either a scenario or errors with a place, never both, never more
// than are listed, and each can be put into words. What follows a NUL byte is an override (--set).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "scenarios/read.h"

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t nul = bytes.find('\0');
    scenario::ReadOptions options;
    if (nul != std::string_view::npos) options.set.emplace_back(bytes.substr(nul + 1));
    const scenario::ReadResult result =
        scenario::read_scenario("fuzz.json", bytes.substr(0, nul), options);
    if (result.usage_error) {
        check(!options.set.empty() && !result.scenario && !result.usage_error->message.empty());
        return 0;
    }
    check(result.scenario.has_value() == (result.errors == 0));
    check(result.problems.size() <= scenario::kProblemsMax);
    check(result.errors == 0 || !result.problems.empty());
    for (const scenario::Problem& problem : result.problems) {
        check(problem.line >= 1 && problem.column >= 1);
        check(!problem.message.empty());
        check(scenario::find_problem_code(problem.code) != nullptr);
        check(!scenario::problem_text(problem).empty());
    }
    return 0;
}
