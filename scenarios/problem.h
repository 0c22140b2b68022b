/// What is wrong with a scenario, said so that a person finds the place and knows what to write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scenario {

enum class Severity : std::uint8_t { error, warning };

/// One problem. All texts are valid UTF-8, whatever the file holds.
struct Problem {
    std::string file;  ///< the name given to the reader, or "--set", "--kafka", "--seed"
    int line = 1;      ///< from 1
    int column = 1;    ///< code points, from 1
    std::string path;  ///< "/topics/orders/config/min.insync.replica"
    std::string code;  ///< "AL203"
    Severity severity = Severity::error;
    std::string message;
    std::string expected;    ///< what may stand there; may be empty
    std::string suggestion;  ///< what to write instead, a phrase; may be empty

    std::string source_line;  ///< that line (a part of it if long), tabs as blanks
    int caret_column = 0;     ///< blanks before the carets under source_line
    int caret_length = 0;     ///< 0: no carets
};

/// "error[AL220] demo.json:63:15  unknown action ...", with path, line and carets (UX D5).
std::string problem_text(const Problem& problem);

/// One kind of problem, for `acklab help AL311`.
struct ProblemCode {
    std::string_view code;
    std::string_view title;
    std::string_view text;
};
/// Every code that the reader uses, in order.
const std::vector<ProblemCode>& problem_codes();
const ProblemCode* find_problem_code(std::string_view code);

}  // namespace scenario
