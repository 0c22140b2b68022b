/// Simulated time: std::chrono over a clock that cannot be read. Nobody in core or sim can ask what
/// time it is; they are told.
#pragma once

#include <chrono>
#include <cstdint>

namespace core {

/// Nanoseconds since the start of the run (start-up runs before 0). Has no now() on purpose.
struct Clock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<Clock, duration>;
    static constexpr bool is_steady = true;
};

using Duration = Clock::duration;
using TimePoint = Clock::time_point;

using namespace std::chrono_literals;

/// A moment `ns` nanoseconds after the start of the run.
constexpr TimePoint at_ns(std::int64_t ns) {
    return TimePoint(Duration(ns));
}

/// Kafka's millisecond settings; values beyond about 292 years are "never".
constexpr Duration from_ms(std::int64_t ms) {
    constexpr std::int64_t kMost = INT64_MAX / 1'000'000;
    return ms >= kMost ? Duration::max() : Duration(ms * 1'000'000);
}

/// Whole milliseconds, rounded down, as Kafka's clocks count.
constexpr std::int64_t to_ms(Duration duration) {
    return std::chrono::floor<std::chrono::milliseconds>(duration).count();
}

/// `a + b` that stays at "never" instead of overflowing; b is not negative.
constexpr TimePoint saturating_add(TimePoint a, Duration b) {
    if (a > TimePoint() && b > TimePoint::max() - a) return TimePoint::max();
    return a + b;
}

/// The wall clock at time 0: 2024-01-01T00:00:00Z in milliseconds of Unix time.
inline constexpr std::int64_t kWallClockAtZeroMs = 1'704'067'200'000;

}  // namespace core
