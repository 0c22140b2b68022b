/// The timeline of a run for people: faults, elections, fencing, cuts, ISR changes, the audit.
/// Routine (heartbeats, fetches, appends) is left out; the number of lines is bounded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/judge.h"
#include "reports/layout.h"
#include "reports/step_facts.h"

namespace report {

inline constexpr std::size_t kMostTimelineLines = 40;

struct TimelineLine {
    core::TimePoint at;
    int weight =
        1;  ///< what goes first where there are too many: 0 sends, 1 ISR, 2 roles, 3 faults
    Ink ink = Ink::plain;
    Text label;           ///< "FAULT  b1 crash", "b2 leader"
    Text detail;          ///< one sentence
    Text evidence;        ///< a second line, in brackets; may be empty
    bool caused = false;  ///< an election or a change of an ISR whose reason may follow
};

struct Timeline {
    std::vector<TimelineLine> lines;
    std::optional<AimedRecord> aimed;  ///< of the first such step
    std::size_t left_out = 0;
};

Timeline timeline_of(const History& history, const MetricsFold& fold);

}  // namespace report
