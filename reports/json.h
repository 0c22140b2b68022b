/// The JSON documents of REPORT_FORMAT: one per command, keys in that order.
///
/// Rules:
///   R1  Additive changes only; the order of keys never changes.
///   R2  No wall-clock time, host name, thread count or path: the same scenario, seed and version
///       give the same bytes on every machine.
#pragma once

#include <string>
#include <vector>

#include "reports/counterfactual.h"
#include "reports/judge.h"

namespace report {

inline constexpr std::string_view kVersion = "0.1.0";

struct JsonOptions {
    bool records = false;     ///< `records`, and each replica's `log` and `epochs`
    bool all_losses = false;  ///< more than kMostLosses
};

/// The `run` document.
std::string run_json(const History& history, const Judgement& judgement, const Histories& histories,
                     const JsonOptions& options);

/// The `explain` document: the record's chain, its loss where it is lost, and what would have saved
/// it (`what_ifs`; empty for any other record).
std::string explain_json(const History& history, const Judgement& judgement,
                         const Histories& histories, std::uint32_t client,
                         core::RecordNumber number, const WhatIfs& what_ifs);
/// The `explain` document where there is no record to explain (nothing was lost).
std::string explain_nothing_json(const History& history, const Judgement& judgement);

}  // namespace report
