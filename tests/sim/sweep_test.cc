// Many runs at once: the pool of tools/lab.
#include "tools/lab/sweep.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/read.h"
#include "tools/lab/run.h"

namespace {

const scenario::Scenario& scenario_with(const std::string& acks) {
    static std::vector<std::pair<std::string, std::unique_ptr<scenario::Scenario>>> made;
    for (const auto& [key, one] : made)
        if (key == acks) return *one;
    scenario::ReadOptions options;
    options.set = {"acks=" + acks};
    auto result = scenario::read_scenario("x.json", R"({"scenario": 1, "id": "x",
        "kafka": {"version": "3.9"}, "run": {"end": "3s", "settle": "3s"},
        "cluster": {"brokers": [{"id": 1}, {"id": 2}, {"id": 3}]},
        "topics": [{"name": "t", "partitions": [{"id": 0, "replicas": [1, 2, 3]}]}],
        "producers": [{"id": "p1", "topic": "t", "config": {},
                       "workload": {"records": 40, "rate": "20/s"}}],
        "steps": [{"id": "kill", "at": "1s", "do": "crash", "target": {"leaderOf": "t-0"},
                   "for": "1s"}]})",
                                          options);
    REQUIRE(result.scenario.has_value());
    made.emplace_back(acks, std::make_unique<scenario::Scenario>(std::move(*result.scenario)));
    return *made.back().second;
}

lab::SweepPlan plan_of(std::int64_t seeds, std::size_t workers) {
    lab::SweepPlan plan;
    plan.scenarios = {&scenario_with("1"), &scenario_with("all")};
    plan.first_seed = 7;
    plan.seeds = seeds;
    plan.workers = workers;
    return plan;
}

const auto kNoProgress = [](const lab::SweepProgress&) {};

}  // namespace

TEST_SUITE("sim.sweep") {
    TEST_CASE("a fault that may be skipped and was has not come about") {
        for (const auto& [acknowledgement, came] : {std::pair{"0", true}, {"5000", false}}) {
            const auto read = scenario::read_scenario(
                "x.json", std::string(R"({"scenario": 1, "id": "x",
        "kafka": {"version": "3.9"}, "run": {"end": "3s", "settle": "3s"},
        "cluster": {"brokers": [{"id": 1}, {"id": 2}, {"id": 3}]},
        "topics": [{"name": "t", "partitions": [{"id": 0, "replicas": [1, 2, 3]}]}],
        "producers": [{"id": "p1", "topic": "t", "config": {},
                       "workload": {"records": 5, "rate": "20/s"}}],
        "steps": [{"id": "kill", "when": {"event": "produce.ack", "producer": "p1", "offset": )") +
                              acknowledgement + R"(, "onTimeout": "skip"}, "do": "crash",
                   "target": {"leaderOf": "t-0"}, "for": "1s"}]})");
            REQUIRE(read.scenario.has_value());
            CHECK(lab::summarize(*read.scenario, 1).fired == came);
        }
    }

    TEST_CASE("any number of workers gives the same summaries, each in its own place") {
        const std::atomic<bool> stop{false};
        const auto one = lab::run_sweep(plan_of(4, 1), stop, kNoProgress);
        const auto many = lab::run_sweep(plan_of(4, 3), stop, kNoProgress);
        CHECK(one.complete);
        CHECK(many.complete);
        for (std::size_t scenario = 0; scenario < 2; ++scenario)
            for (std::size_t place = 0; place < 4; ++place) {
                const report::RunSummary& a = one.runs[scenario][place];
                const report::RunSummary& b = many.runs[scenario][place];
                CHECK(a.done);
                CHECK(a.fired);
                CHECK(a.digest == b.digest);
                CHECK(a.fates == b.fates);
                CHECK(a.unavailable_write == b.unavailable_write);
                CHECK(a.latency_p99 == b.latency_p99);
            }
        const auto alone = lab::summarize(scenario_with("all"), 9);
        CHECK(one.runs[1][2].digest == alone.digest);
        CHECK(one.runs[0][0].digest != one.runs[0][1].digest);
    }

    TEST_CASE("a summary has the numbers of `acklab run` with that seed") {
        for (const char* acks : {"1", "all"})
            for (const std::uint64_t seed : {7U, 8U, 9U}) {
                const report::RunSummary summary = lab::summarize(scenario_with(acks), seed);
                lab::RunOptions options;
                options.seed = seed;
                const auto run = lab::run_once(scenario_with(acks), options);
                const report::Measures& measures = run->judgement().measures;
                for (int i = 0; i < report::kFates; ++i)
                    CHECK(summary.count(static_cast<report::Fate>(i)) == measures.by_fate[i]);
                CHECK(summary.duplicates == measures.duplicates);
                CHECK(summary.unavailable_write == measures.unavailable_write);
                CHECK(summary.latency_p50 == measures.latency_p50);
                CHECK(summary.latency_p99 == measures.latency_p99);
                CHECK(summary.digest == run->outcome().digest);
            }
    }

    TEST_CASE("progress ends with all runs") {
        const std::atomic<bool> stop{false};
        lab::SweepProgress last{0, 0, 0};
        lab::run_sweep(plan_of(2, 2), stop, [&](const lab::SweepProgress& now) { last = now; });
        CHECK(last.done == 4);
        CHECK(last.total == 4);
    }

    TEST_CASE("once it is stopped no run begins") {
        const std::atomic<bool> stop{true};
        const auto result = lab::run_sweep(plan_of(2, 2), stop, kNoProgress);
        CHECK_FALSE(result.complete);
        CHECK_FALSE(result.failure.has_value());
        CHECK_FALSE(result.runs[0][0].done);
    }
}
