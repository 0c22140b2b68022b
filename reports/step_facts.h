/// What a step met when it began, as the timeline tells it beside the step's own words.
///
/// Promises: all of it stands on the history; where that does not say, the text is empty.
#pragma once

#include <optional>
#include <vector>

#include "reports/causes.h"
#include "reports/history.h"

namespace report {

/// Of those that a crash or a pause would stop: who does not run when it comes.
std::vector<core::NodeId> down_already(const Histories& histories, const scenario::Step& step,
                                       const std::vector<core::NodeId>& met, core::TimePoint at);

/// "(leader of orders-0: b1; followers of orders-0: b2 b3)": those that a cut names by role.
Text who_is_cut(const scenario::Scenario& scenario, const Histories& histories,
                const scenario::Step& step, core::TimePoint at);

/// An election that was asked for and did not come says so.
Text outcome_of_election(const History& history, const scenario::Step& step, core::TimePoint asked);

/// The record that a step waited for: acknowledged, and on its leader only.
struct AimedRecord {
    core::BatchTag tag;
    std::uint32_t client;
    core::RecordNumber number;
    core::TimePoint at;  ///< when the step began
};
std::optional<AimedRecord> aimed_at(const History& history, const scenario::Step& step,
                                    const Happening& began);
/// Which record it is, and who did not have it.
Text words(const History& history, const AimedRecord& aimed);
/// How such a record, which was kept, outlived the failure of its leader; empty where no single
/// event says it.
Text how_it_survived(const History& history, const AimedRecord& aimed);

}  // namespace report
