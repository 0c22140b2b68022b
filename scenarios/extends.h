/// `extends`: a scenario as an override of another file. [SCENARIO_FORMAT 2]
///
/// Rules:
///   X1  Blocks are laid over each other path by path; what the base alone has stays.
///   X2  A list whose elements all have an id or a name, on both sides, is laid over element by
///       element, new ones behind; any other list is replaced.
///   X3  Inside a step and an expectation every value is replaced whole (but for `config`): half a
///       target, condition or distribution is none. One of several keys of which a step,
///       expectation, workload or link has exactly one takes the place of the others.
///   X4  null takes the base's value away. `id` and `$schema` are never the base's.
///   X5  At most 3 files stand behind a scenario, none of them twice.
#pragma once

#include <deque>
#include <string_view>

#include "scenarios/read.h"
#include "scenarios/reading.h"
#include "scenarios/value.h"

namespace scenario {

inline constexpr std::size_t kBasesMax = 3;

/// Puts under `root`, a file named `file_name`, what it extends. Problems, also those of the bases,
/// go to `reading`; `bases` keeps the files that it found alive. False: some base could not be
/// read, and nothing else should be judged.
bool apply_bases(Reading& reading, Value& root, std::string_view file_name,
                 const FindBase& find_base, std::deque<BaseFile>& bases);

}  // namespace scenario
