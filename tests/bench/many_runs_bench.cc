// many-runs: runs of ten simulated seconds, a thousand records and one crash, one after another in
// one process with a new seed each. Says how many a second, and how the process grew meanwhile.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include "sim/cluster.h"
#include "tests/bench/bench_main.h"
#include "tests/bench/bench_scenario.h"

namespace {

/// Bytes that the heap holds for the program now.
double heap_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
}

void many_runs(benchmark::State& state) {
    bench::Shape shape;
    shape.steps = R"([{"id": "crash", "at": "3s", "do": "crash", "for": "4s",
                       "target": {"leaderOf": "t-0"}, "crash": {"kind": "process"}}])";
    const scenario::Scenario scenario = bench::make_scenario(shape);
    std::uint64_t seed = 0;
    double heap_after_first = 0;
    double events = 0;
    for (auto _ : state) {
        {
            sim::RunOptions options;
            options.keep_logs = false;
            sim::Cluster cluster(scenario, ++seed, options);
            const trace::Outcome outcome = cluster.run();
            if (outcome.end != trace::RunEnd::complete)
                state.SkipWithError("a run did not complete");
            events += static_cast<double>(outcome.events);
        }
        if (heap_after_first == 0) heap_after_first = heap_bytes();
    }
    state.counters["runs/s"] =
        benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
    state.counters["events/run"] = events / static_cast<double>(state.iterations());
    state.counters["heap_growth_bytes"] = heap_bytes() - heap_after_first;
}

BENCHMARK(many_runs)->Iterations(1'000)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
    return bench::run_benchmarks(argc, argv);
}
