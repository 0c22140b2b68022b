/// What a step does: `do` and the keys that go with it.
#pragma once

#include <optional>

#include "scenarios/build.h"

namespace scenario {

/// The action of a step, if it is whole, legal and modelled.
std::optional<Action> read_action(Build& build, const Fields& step);

}  // namespace scenario
