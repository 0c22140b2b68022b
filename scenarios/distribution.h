/// A random duration, as data: a fixed value, or a table that turns a uniform draw into
/// nanoseconds.
///
/// Rules:
///   R1  sample() is a pure function of (distribution, draw), in integers only, the same on every
///       machine and compiler to the last bit.
///   R2  It never falls as the draw grows (smooth distributions), and is never negative.
///   R3  Copies share one immutable table.
///
/// A smooth distribution holds its quantiles at the middles of 1,024 equal slices of probability;
/// between them values are interpolated, beyond the first and last continued with the same slope.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/time.h"

namespace scenario {

/// Entries of a smooth distribution's table.
inline constexpr std::size_t kQuantiles = 1'024;

class Distribution {
  public:
    /// Always `value` (not negative).
    explicit Distribution(core::Duration value) : constant_(value) {}

    /// Evenly between min and max, 0 <= min <= max.
    static Distribution uniform(core::Duration min, core::Duration max);
    /// exp of a normal variable: half below median, 99 in 100 below p99; 0 < median <= p99.
    static Distribution lognormal(core::Duration median, core::Duration p99);
    /// Memoryless, with this mean >= 0.
    static Distribution exponential(core::Duration mean);
    /// One of the values, each as likely as any other; at least one.
    static Distribution choice(std::vector<core::Duration> values);

    bool is_fixed() const { return table_ == nullptr; }
    /// The value of a fixed one; the median (of a choice: the first value) of any other.
    core::Duration typical() const;
    /// The duration for a uniform 64-bit draw.
    core::Duration sample(std::uint64_t draw) const {
        return table_ == nullptr ? constant_ : sample_table(draw);
    }

    friend bool operator==(const Distribution& a, const Distribution& b);

  private:
    struct Table {
        bool stepwise;                    ///< a choice: no interpolation
        std::vector<std::int64_t> nanos;  ///< rising unless stepwise
    };
    explicit Distribution(Table table);
    core::Duration sample_table(std::uint64_t draw) const;

    core::Duration constant_{0};
    std::shared_ptr<const Table> table_;
};

/// log2 of numerator/denominator (both > 0) in units of 2^-32, rounded towards minus infinity.
std::int64_t log2_q32(std::uint64_t numerator, std::uint64_t denominator);
/// `value` * 2^(exponent / 2^32), rounded down; saturates at INT64_MAX. value >= 0.
std::int64_t scale_exp2(std::int64_t value, std::int64_t exponent_q32);

}  // namespace scenario
