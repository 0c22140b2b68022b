// matrix: the standard matrix of `acklab compare` on the lesson acks1-leader-crash. Says how many
// runs a second one worker and two make, and what a run's time goes to: build-up (the cluster and
// its start-up), the run from 0 to the audit, and the audit with the judgement.
#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>

#include "scenarios/library.h"
#include "tests/bench/bench_main.h"
#include "tools/comparing.h"
#include "tools/lab/sweep.h"

namespace {

constexpr std::int64_t kSeeds = 10;

/// The lesson as it was read; its cells are prepared once.
struct Matrix {
    Matrix() {
        const scenario::LibraryFile* file = scenario::find_in_library("acks1-leader-crash");
        document.source = tool::Source{std::string(file->name), std::string(file->bytes)};
        document.result = scenario::read_scenario(file->name, file->bytes);
        tool::CompareChoice choice;
        choice.standard = true;
        prepared.emplace(tool::prepare(document, choice));
        for (const auto& scenario : prepared->scenarios) cells.push_back(&*scenario);
    }
    tool::Loaded document;
    std::optional<tool::Prepared> prepared;
    std::vector<const scenario::Scenario*> cells;
};

const Matrix& matrix() {
    static const Matrix kMatrix;
    return kMatrix;
}

void sweep(benchmark::State& state) {
    lab::SweepPlan plan;
    plan.scenarios = matrix().cells;
    plan.seeds = kSeeds;
    plan.workers = static_cast<std::size_t>(state.range(0));
    const std::atomic<bool> stop{false};
    double runs = 0;
    for (auto _ : state) {
        const lab::SweepResult result =
            lab::run_sweep(plan, stop, [](const lab::SweepProgress&) {});
        if (result.failure) state.SkipWithError("a run failed");
        runs += static_cast<double>(plan.seeds) * static_cast<double>(plan.scenarios.size());
        plan.first_seed += static_cast<std::uint64_t>(plan.seeds);
    }
    state.counters["runs/s"] = benchmark::Counter(runs, benchmark::Counter::kIsRate);
}

using Clock = std::chrono::steady_clock;

/// Notes when the run leaves its start-up and when its audit begins.
struct Stopwatch final : trace::Observer {
    void on_note(const trace::Moment&, core::NodeId, const core::Note&,
                 std::span<const core::NodeId>) override {
        begin();
    }
    void on_world(const trace::Moment&, const trace::WorldEvent& event) override {
        begin();
        if (event.kind == trace::WorldKind::audit) audited = Clock::now();
    }
    void begin() {
        if (begun == Clock::time_point{}) begun = Clock::now();
    }
    Clock::time_point begun{};
    Clock::time_point audited{};
};

void shares(benchmark::State& state) {
    Clock::duration build_up{0};
    Clock::duration run{0};
    Clock::duration audit{0};
    std::uint64_t seed = 0;
    for (auto _ : state) {
        ++seed;
        for (const scenario::Scenario* cell : matrix().cells) {
            Stopwatch watch;
            const auto start = Clock::now();
            benchmark::DoNotOptimize(lab::summarize(*cell, seed, &watch));
            const auto end = Clock::now();
            build_up += watch.begun - start;
            run += watch.audited - watch.begun;
            audit += end - watch.audited;
        }
    }
    const auto percent = [&](Clock::duration part) {
        return 100.0 * static_cast<double>(part.count()) /
               static_cast<double>((build_up + run + audit).count());
    };
    state.counters["build-up %"] = percent(build_up);
    state.counters["run %"] = percent(run);
    state.counters["audit+judgement %"] = percent(audit);
}

BENCHMARK(sweep)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(shares)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
    return bench::run_benchmarks(argc, argv);
}
