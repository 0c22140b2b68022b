// cluster-hour: one simulated hour of three brokers, 100 records/s with acks=all in total, on one
// partition and on a hundred. Digest and ledger are on, no trace is stored. cluster-minute is the
// same for a sixtieth of the time, to count instructions (README.md).
#include <benchmark/benchmark.h>

#include "core/base/text.h"
#include "sim/cluster.h"
#include "tests/bench/bench_main.h"
#include "tests/bench/bench_scenario.h"

namespace {

constexpr int kRecordsPerSecond = 100;

void run_cluster(benchmark::State& state, int seconds) {
    bench::Shape shape;
    shape.partitions = static_cast<int>(state.range(0));
    shape.records_per_second = kRecordsPerSecond;
    shape.records = kRecordsPerSecond * seconds;
    shape.end = core::concat(seconds, "s");
    const scenario::Scenario scenario = bench::make_scenario(shape);
    double events = 0;
    double simulated_seconds = 0;
    for (auto _ : state) {
        sim::RunOptions options;
        options.keep_logs = false;
        sim::Cluster cluster(scenario, 1, options);
        const trace::Outcome outcome = cluster.run();
        if (outcome.end != trace::RunEnd::complete) state.SkipWithError("the run did not complete");
        events += static_cast<double>(outcome.events);
        simulated_seconds +=
            static_cast<double>(core::to_ms(outcome.audited_at - core::at_ns(0))) / 1e3;
    }
    state.counters["events/s"] = benchmark::Counter(events, benchmark::Counter::kIsRate);
    state.counters["x_real_time"] =
        benchmark::Counter(simulated_seconds, benchmark::Counter::kIsRate);
    state.counters["events"] = events / static_cast<double>(state.iterations());
}

void cluster_hour(benchmark::State& state) {
    run_cluster(state, 3'600);
}
void cluster_minute(benchmark::State& state) {
    run_cluster(state, 60);
}

BENCHMARK(cluster_hour)->Arg(1)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK(cluster_minute)->Arg(1)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
    return bench::run_benchmarks(argc, argv);
}
