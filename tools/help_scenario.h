/// The topics of `acklab help` about writing a scenario: steps, conditions, targets, expect,
/// network, durations. One table; each topic is words with their meaning, and an example.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// Columns of all help texts.
inline constexpr std::size_t kHelpWidth = 90;

/// The topics' names, in the order of reading.
std::vector<std::string_view> guide_names();

/// The text of a topic; "" if there is none of this name.
std::string guide_text(std::string_view name);

}  // namespace tool
