/// The text reports: what a person wants to read first (UX D5).
///
/// Promises: the same history and style give the same bytes; nothing in it is wider than the style
/// asks for where words allow it; commands it names exist.
#pragma once

#include <string>

#include "reports/counterfactual.h"
#include "reports/judge.h"
#include "reports/layout.h"

namespace report {

struct TextInput {
    TextStyle style;
    /// How the scenario was named on the command line, with the options that shaped the run
    /// ("acks1-leader-crash --seed 7"): what the suggested commands repeat.
    std::string arguments;
};

std::string run_text(const History& history, const Judgement& judgement, const MetricsFold& fold,
                     const TextInput& input);
/// The chain of one record; `what_ifs` of a lost one, else empty.
std::string explain_text(const History& history, const Judgement& judgement,
                         const Histories& histories, std::uint32_t client,
                         core::RecordNumber number, const WhatIfs& what_ifs,
                         const TextInput& input);
/// The part of it about what would have saved the record; empty if nothing was tried.
std::string what_if_text(const WhatIfs& what_ifs, const TextInput& input);

/// One character per record, or per stretch of records (its worst fate), in order of sending.
std::string fate_strip(const History& history, const Fates& fates, std::size_t columns);
/// 'x' lost, '~' stranded, ...
char sign_of(Fate fate);

}  // namespace report
