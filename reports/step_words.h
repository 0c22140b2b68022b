/// A scenario's steps in words, as the timeline shows them.
#pragma once

#include <string>
#include <string_view>

#include "reports/words.h"
#include "sim/trace/outcome.h"

namespace report {

/// "FAULT  b1 crash": what it does, to whom (`who`: the resolved nodes).
Text step_label(const scenario::Scenario& scenario, const scenario::Step& step,
                const std::string& who);
/// Its title, and the facts that the label lacks; never empty. `came`: a record was acknowledged
/// and on its leader only, which matters where the step waited for that.
Text step_detail(const scenario::Scenario& scenario, const scenario::Step& step, bool came);
/// Whom a step means, as it is written: "b1", "leader of orders-0".
Text target_text(const scenario::Scenario& scenario, const scenario::Target& target);
/// Which links it cuts: "b1 | b2, b3", "b3 -> b1".
Text cut_text(const scenario::Scenario& scenario, const scenario::PartitionAction& action);
/// True if it waits for a record that is acknowledged and lives on the leader only.
bool waits_for_lonely_ack(const scenario::Step& step);
/// Why a process ended: the value of its WorldKind::process_exit.
Text exit_text(std::int64_t why);

/// What became of the messages of a holdMessages or dropMessages that ended.
Text tally_text(const scenario::Step& step, const trace::StepOutcome& outcome);

}  // namespace report
