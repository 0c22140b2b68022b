/// Numbers with units, read from text into integers. No floating point anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/base/time.h"

namespace scenario {

enum class DurationError : std::uint8_t { none, no_unit, bad, too_long };

struct ParsedDuration {
    core::Duration value{0};
    DurationError error = DurationError::none;
};
/// One or more NUMBER(ns|us|ms|s|m|h|d), decimals allowed: "1m30s", "0.5s". What is finer than a
/// nanosecond is cut off.
ParsedDuration parse_duration(std::string_view text);
/// "1m30s", "250ms": the shortest exact way to write it in falling units.
std::string duration_text(core::Duration duration);

/// The time between two of N records a second, minute or hour ("500/s"): ns as a fraction.
struct Period {
    std::int64_t numerator;
    std::int64_t denominator;
};
/// Nothing unless N > 0 with at most nine digits before and after the point.
std::optional<Period> parse_rate(std::string_view text);

/// N(B|KB|MB|GB)/s in bytes per second, powers of 1,000; at least 1.
std::optional<std::int64_t> parse_bandwidth(std::string_view text);

/// A JSON number from 0 to 1 as an exact ratio; at most 15 digits behind the point.
std::optional<core::Ratio> parse_share(std::string_view number);

}  // namespace scenario
