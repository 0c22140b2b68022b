#include "reports/problems.h"

#include <nlohmann/json.hpp>

#include "core/base/text.h"

namespace report {
namespace {

using Json = nlohmann::ordered_json;

std::string counted(std::size_t count, std::string_view word) {
    return core::concat(count, " ", word, count == 1 ? "" : "s");
}

}  // namespace

std::string problems_json(std::string_view command,
                          const std::vector<scenario::Problem>& problems) {
    Json out = Json::object();
    out["report"] = 1;
    out["command"] = command;
    out["problems"] = Json::array();
    for (const scenario::Problem& problem : problems) {
        Json one = Json::object();
        one["file"] = problem.file;
        one["line"] = problem.line;
        one["column"] = problem.column;
        one["path"] = problem.path;
        one["code"] = problem.code;
        one["severity"] = problem.severity == scenario::Severity::error ? "error" : "warning";
        std::string message = problem.message;
        if (!problem.expected.empty()) message += "; expected " + problem.expected;
        one["message"] = std::move(message);
        one["suggestion"] = problem.suggestion;
        out["problems"].push_back(std::move(one));
    }
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string problems_text(const std::vector<scenario::Problem>& problems, std::size_t errors,
                          std::size_t warnings) {
    std::string out;
    for (const scenario::Problem& problem : problems) {
        out += scenario::problem_text(problem);
        if (out.back() != '\n') out += '\n';
    }
    if (problems.empty()) return out;
    std::vector<std::string> counts;
    if (errors > 0) counts.push_back(counted(errors, "error"));
    if (warnings > 0) counts.push_back(counted(warnings, "warning"));
    std::string line = core::join(counts, ", ");
    if (problems.size() < errors + warnings)
        line += core::concat(" (the first ", problems.size(), " are listed)");
    if (errors > 0) line += "; nothing was run";
    line += core::concat("            acklab help ", problems.front().code, " explains a code");
    return out + line + "\n";
}

}  // namespace report
