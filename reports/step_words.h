/// A scenario's steps in words, as the timeline shows them.
#pragma once

#include <string>
#include <string_view>

#include "scenarios/model.h"

namespace report {

/// "FAULT  b1 crash": what it does, to whom (`who`: the resolved nodes).
std::string step_label(const scenario::Scenario& scenario, const scenario::Step& step,
                       const std::string& who);
/// Its title in a language, and the facts that the label lacks; never empty.
std::string step_detail(const scenario::Scenario& scenario, const scenario::Step& step,
                        std::string_view lang);
/// True if it waits for a record that is acknowledged and lives on the leader only.
bool waits_for_lonely_ack(const scenario::Step& step);

}  // namespace report
