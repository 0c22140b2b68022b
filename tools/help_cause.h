/// Help on one cause of a loss: how it comes about, what helps against it, and where to see it.
#pragma once

#include <string>

#include "reports/causes.h"

namespace tool {

/// Names the scenarios of the catalogue that lose records this way.
std::string cause_help(report::Cause cause);

}  // namespace tool
