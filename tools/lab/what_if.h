/// Single-setting counterfactuals: the scenario again with one setting changed, and again without
/// one of its steps, to see what becomes of one lost record.
///
/// Promises: every run has the seed of the first; the changes go through the machinery of --set, so
/// that each can be repeated by hand; a setting that holds already is not tried.
#pragma once

#include <string_view>

#include "reports/counterfactual.h"
#include "scenarios/read.h"
#include "tools/lab/run.h"

namespace lab {

/// Steps beyond so many are not left out one by one.
inline constexpr std::size_t kMostBranches = 32;

/// What the first run was read from.
struct Original {
    std::string_view file;
    std::string_view bytes;
    scenario::ReadOptions options;
};

/// `first`: a run of `original` that lost the record.
report::WhatIfs what_if(const Original& original, const RunResult& first, std::uint32_t client,
                        core::RecordNumber number);

}  // namespace lab
