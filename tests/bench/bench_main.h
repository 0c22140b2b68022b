/// The main of benchmarks that run clusters: as the command does, it keeps a run's memory for the
/// next one.
#pragma once

#include <benchmark/benchmark.h>

#include "sim/keep_memory.h"

namespace bench {

inline int run_benchmarks(int argc, char** argv) {
    sim::keep_freed_memory();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

}  // namespace bench
