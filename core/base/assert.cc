#include "core/base/assert.h"

namespace core {

void fail_assertion(const char* file, int line, const char* expression) {
    std::string path(file);
    // Builds in different folders must word the same failure the same way.
    for (const char* top : {"core/", "sim/", "scenarios/", "reports/", "tools/", "tests/"}) {
        if (const auto at = path.rfind(top); at != std::string::npos) {
            path.erase(0, at);
            break;
        }
    }
    throw AssertionFailure(path + ":" + std::to_string(line) + ": " + expression);
}

}  // namespace core
