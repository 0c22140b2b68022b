// What a cluster comes to once its faults are undone, over the library and over lossy links.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "scenarios/library.h"
#include "scenarios/read.h"
#include "sim/cluster.h"

namespace {

/// What a cluster need not have caught up with when settle is over.
bool may_stay_behind(const scenario::Scenario& scenario) {
    return std::any_of(scenario.steps.begin(), scenario.steps.end(),
                       [](const scenario::Step& step) {
                           return std::holds_alternative<scenario::WipeDiskAction>(step.action) ||
                                  std::holds_alternative<scenario::SlowDiskAction>(step.action) ||
                                  std::holds_alternative<scenario::PauseAction>(step.action);
                       });
}

/// Replicas that run, of partitions whose leader does, and are not in the ISR or not as their
/// leader.
std::vector<std::string> left_behind(const scenario::Scenario& scenario, std::uint64_t seed) {
    const trace::Outcome outcome = sim::Cluster(scenario, seed, {}).run();
    CHECK(outcome.failure == "");
    std::vector<std::string> behind;
    for (const trace::PartitionOutcome& partition : outcome.partitions) {
        if (!partition.leader_live) continue;
        const auto leader =
            std::find_if(partition.replicas.begin(), partition.replicas.end(),
                         [&](const auto& replica) { return replica.broker == partition.leader; });
        for (const trace::ReplicaOutcome& replica : partition.replicas) {
            if (!replica.up) continue;
            const bool in_isr = std::find(partition.isr.begin(), partition.isr.end(),
                                          replica.broker) != partition.isr.end();
            if (in_isr && replica.digest == leader->digest) continue;
            behind.push_back(core::concat(scenario.id, " seed ", seed, " ", partition.name,
                                          " broker ", replica.broker.value(), ": ",
                                          replica.log_end.value(), " of ", leader->log_end.value(),
                                          in_isr ? "" : ", no ISR"));
        }
    }
    return behind;
}

scenario::Scenario read(std::string_view name, std::string_view bytes) {
    scenario::ReadResult result = scenario::read_scenario(name, bytes);
    REQUIRE(result.scenario.has_value());
    return std::move(*result.scenario);
}

}  // namespace

TEST_SUITE("sim.settled") {
    TEST_CASE("whatever befell a scenario of the library, its replicas are in the ISR and equal") {
        int held = 0;
        for (const scenario::LibraryFile& file : scenario::library()) {
            scenario::Scenario scenario = read(file.name, file.bytes);
            if (may_stay_behind(scenario)) continue;
            ++held;
            for (const std::string& behind : left_behind(scenario, scenario.run.seed))
                FAIL_CHECK(behind);
            scenario.network.defaults.loss = core::Ratio{1, 20};
            scenario.run.settle = std::max(scenario.run.settle, core::from_ms(60'000));
            for (std::uint64_t more = 1; more <= 4; ++more)
                for (const std::string& behind : left_behind(scenario, scenario.run.seed + more))
                    FAIL_CHECK(behind);
        }
        CHECK(held > 50);
    }

    TEST_CASE(
        "a link that lost half of what a follower asked cuts it off for no longer than that") {
        const scenario::Scenario scenario = read("x.json", R"({"scenario": 1, "id": "x",
            "kafka": {"version": "3.9"}, "run": {"end": "140s", "settle": "60s"},
            "cluster": {"brokers": [{"id": 1}, {"id": 2}, {"id": 3}]},
            "topics": [{"name": "t", "partitions": [{"id": 0, "replicas": [1, 2, 3]}]}],
            "producers": [{"id": "p1", "topic": "t",
                           "config": {"acks": 1, "batch.size": 0, "enable.idempotence": false},
                           "workload": {"records": 600, "rate": "5/s"}}],
            "network": {"default": {"latency": "1ms"}},
            "steps": [{"id": "lossy", "at": "2s", "do": "degrade", "from": {"broker": 2},
                       "to": {"broker": 1}, "loss": 0.5, "for": "60s"}]})");
        for (std::uint64_t seed = 1; seed <= 8; ++seed)
            for (const std::string& behind : left_behind(scenario, seed)) FAIL_CHECK(behind);
    }
}
