// hold: take the next event, schedule one in its place; a fixed number is pending. The kernel
// against std::priority_queue of the same events (24 bytes, by value), ties by order of scheduling.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <queue>
#include <vector>

#include "core/base/random.h"
#include "sim/kernel.h"

namespace {

using core::Duration;

/// Delays until the next event: uniform below 2 ms, the same for both queues.
class Delays {
  public:
    Delays() {
        for (std::size_t i = 0; i < nanoseconds_.size(); ++i)
            nanoseconds_[i] = static_cast<std::int64_t>(core::below(core::mix64(i), 2'000'000));
    }
    std::int64_t next() {
        at_ = (at_ + 1) % nanoseconds_.size();
        return nanoseconds_[at_];
    }

  private:
    std::array<std::int64_t, 8192> nanoseconds_{};
    std::size_t at_ = 0;
};

struct QueuedEvent {
    std::int64_t due;
    std::uint64_t sequence;
    std::uint64_t payload;
};
static_assert(sizeof(QueuedEvent) == 24);

struct Later {
    bool operator()(const QueuedEvent& a, const QueuedEvent& b) const {
        return a.due != b.due ? a.due > b.due : a.sequence > b.sequence;
    }
};

void hold_priority_queue(benchmark::State& state) {
    Delays delays;
    std::priority_queue<QueuedEvent, std::vector<QueuedEvent>, Later> queue;
    std::uint64_t sequence = 0;
    for (std::int64_t i = 0; i < state.range(0); ++i) queue.push({delays.next(), sequence++, 0});
    std::uint64_t sum = 0;
    for (auto _ : state) {
        const QueuedEvent event = queue.top();
        queue.pop();
        sum += event.payload;
        queue.push({event.due + delays.next(), sequence++, event.payload + 1});
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(state.iterations());
}

void hold_kernel(benchmark::State& state) {
    Delays delays;
    sim::Kernel kernel;
    for (std::int64_t i = 0; i < state.range(0); ++i)
        kernel.schedule(core::at_ns(delays.next()), sim::EventClass::timer,
                        sim::Event(sim::EventType::wake));
    std::uint64_t sum = 0;
    for (auto _ : state) {
        sim::Event event = kernel.pop();
        sum += event.payload;
        ++event.payload;
        kernel.schedule(kernel.now() + Duration(delays.next()), sim::EventClass::timer, event);
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(hold_priority_queue)->Arg(16)->Arg(256)->Arg(4096)->Arg(65536);
BENCHMARK(hold_kernel)->Arg(16)->Arg(256)->Arg(4096)->Arg(65536);

}  // namespace

BENCHMARK_MAIN();
