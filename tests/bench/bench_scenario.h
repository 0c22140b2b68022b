/// Scenarios of the benchmarks: made as text, read as any scenario is.
#pragma once

#include <string>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "scenarios/read.h"

namespace bench {

/// Three brokers, one topic of `partitions` with three replicas each, one producer with acks=all.
struct Shape {
    int partitions = 1;
    int records = 1'000;
    int records_per_second = 100;
    std::string end = "10s";
    std::string steps;  ///< JSON array; empty: none
};

inline scenario::Scenario make_scenario(const Shape& shape) {
    const std::string text = core::concat(
        R"({"scenario": 1, "id": "bench", "title": "bench", "kafka": {"version": "3.9"}, )",
        R"("run": {"seed": 1, "settle": "5s", "maxEvents": 100000000, "end": ")", shape.end,
        R"("}, "cluster": {"brokers": [{"id": 1}, {"id": 2}, {"id": 3}]}, )",
        R"("topics": [{"name": "t", "replicationFactor": 3, "partitions": )", shape.partitions,
        R"(, "config": {"min.insync.replicas": 2}}], "producers": [{"id": "p1", "topic": "t", )",
        R"("config": {"acks": "all"}, "workload": {"records": )", shape.records, R"(, "rate": ")",
        shape.records_per_second, R"(/s"}}])",
        shape.steps.empty() ? std::string() : core::concat(R"(, "steps": )", shape.steps), "}");
    scenario::ReadResult result = scenario::read_scenario("bench.json", text);
    for (const scenario::Problem& problem : result.problems)
        if (problem.severity == scenario::Severity::error)
            core::fail_assertion(problem.file.c_str(), problem.line, problem.message.c_str());
    ASSERT(result.scenario.has_value());
    return std::move(*result.scenario);
}

}  // namespace bench
