/// Cells of a comparison whose runs are made up.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "reports/comparison.h"
#include "scenarios/read.h"

namespace compared_cells {

using report::ComparedCell;
using report::Comparison;
using report::Fate;
using report::RunSummary;

inline const scenario::Scenario& base() {
    static const scenario::Scenario kScenario = [] {
        auto result = scenario::read_scenario("x.json", R"({"scenario": 1, "id": "x",
            "kafka": {"version": "3.9"}, "run": {"end": "9s"},
            "cluster": {"brokers": [{"id": 1}]},
            "topics": [{"name": "t", "partitions": 1}],
            "steps": [{"id": "kill", "at": "2s", "do": "crash", "target": {"broker": 1}}]})");
        REQUIRE(result.scenario.has_value());
        return std::move(*result.scenario);
    }();
    return kScenario;
}

inline RunSummary one_run(std::int32_t lost, std::int64_t gap_ms = 8'000) {
    RunSummary run;
    run.done = true;
    run.fired = true;
    run.fates[static_cast<std::size_t>(Fate::lost)] = lost;
    run.fates[static_cast<std::size_t>(Fate::kept)] = 100 - lost;
    run.unavailable_write = core::from_ms(gap_ms);
    run.latency_p50 = core::from_ms(1);
    run.latency_p99 = core::from_ms(9);
    return run;
}

inline ComparedCell one_cell(const std::string& acks, std::vector<RunSummary> runs) {
    ComparedCell cell;
    cell.settings = {{"acks", acks, core::concat("\"", acks, "\"")}};
    cell.promises = acks != "0";
    cell.has_acks0 = acks == "0";
    cell.runs = std::move(runs);
    return cell;
}

inline Comparison comparison_of(std::vector<ComparedCell> cells) {
    Comparison out{base()};
    out.seeds = static_cast<std::int64_t>(cells.front().runs.size());
    out.cells = std::move(cells);
    return out;
}

}  // namespace compared_cells
