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

#include <algorithm>
#include <cstddef>
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
        if (modest_ == nullptr) return sample_otherwise(draw);
        const Place place(draw);
        const std::int64_t* const entry = modest_ + place.below;
        const auto rise =
            static_cast<std::int64_t>(static_cast<Wide>(entry[1] - entry[0]) * place.beyond >> 32);
        return core::Duration(std::max<std::int64_t>(entry[0] + rise, 0));
    }

    friend bool operator==(const Distribution& a, const Distribution& b);

  private:
    struct Table {
        bool stepwise;                    ///< a choice: no interpolation
        std::vector<std::int64_t> nanos;  ///< rising unless stepwise
    };
    __extension__ using Wide = __int128;
    /// Where a draw falls on a table: a draw is a position on the axis of its slices, and entry i
    /// stands at i + 1/2.
    struct Place {
        explicit Place(std::uint64_t draw) {
            constexpr std::int64_t kOne = std::int64_t{1} << 32;
            const auto position = static_cast<std::int64_t>(draw >> 22) - kOne / 2;
            below = std::clamp<std::int64_t>(position >> 32, 0,
                                             static_cast<std::int64_t>(kQuantiles) - 2);
            beyond = position - below * kOne;
        }
        std::int64_t below;   ///< entry
        std::int64_t beyond;  ///< that entry, in units of 2^-32
    };
    explicit Distribution(Table table);
    core::Duration sample_otherwise(std::uint64_t draw) const;

    /// Entries of a smooth table, each so far from the end of 64 bits that nothing between or
    /// beside them can pass it; null for anything else.
    const std::int64_t* modest_ = nullptr;
    core::Duration constant_{0};
    std::shared_ptr<const Table> table_;
};

/// log2 of numerator/denominator (both > 0) in units of 2^-32, rounded towards minus infinity.
std::int64_t log2_q32(std::uint64_t numerator, std::uint64_t denominator);
/// `value` * 2^(exponent / 2^32), rounded down; saturates at INT64_MAX. value >= 0.
std::int64_t scale_exp2(std::int64_t value, std::int64_t exponent_q32);

}  // namespace scenario
