#include "scenarios/distribution.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "scenarios/normal_quantiles.h"

namespace scenario {
namespace {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

constexpr std::int64_t kOne = std::int64_t{1} << 32;
constexpr std::int64_t kModest = std::int64_t{1} << 61;
constexpr int kFraction = 62;  ///< fraction bits of numbers in [1, 2)

/// Square root of a 126-bit number, rounded down.
constexpr std::uint64_t root(UnsignedWide square) {
    std::uint64_t found = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 63; bit != 0; bit >>= 1) {
        const std::uint64_t tried = found | bit;
        if (static_cast<UnsignedWide>(tried) * tried <= square) found = tried;
    }
    return found;
}

/// 2^(1/2), 2^(1/4), ..., 2^(1/2^32) with 62 fraction bits.
constexpr std::array<std::uint64_t, 32> make_roots_of_two() {
    std::array<std::uint64_t, 32> roots{};
    std::uint64_t last = std::uint64_t{2} << kFraction;
    for (std::uint64_t& entry : roots) {
        last = root(static_cast<UnsignedWide>(last) << kFraction);
        entry = last;
    }
    return roots;
}
constexpr std::array<std::uint64_t, 32> kRootsOfTwo = make_roots_of_two();

std::int64_t saturated(Wide value) {
    if (value > INT64_MAX) return INT64_MAX;
    return value < 0 ? 0 : static_cast<std::int64_t>(value);
}

}  // namespace

std::int64_t log2_q32(std::uint64_t numerator, std::uint64_t denominator) {
    ASSERT(numerator > 0 && denominator > 0);
    int whole = std::countl_zero(denominator) - std::countl_zero(numerator);
    // ratio in [1/2, 2) after the shift; both sides are made 64 bits wide first.
    const std::uint64_t top = numerator << std::countl_zero(numerator);
    const std::uint64_t bottom = denominator << std::countl_zero(denominator);
    UnsignedWide ratio = (static_cast<UnsignedWide>(top) << kFraction) / bottom;
    if (top < bottom) {
        ratio = (static_cast<UnsignedWide>(top) << (kFraction + 1)) / bottom;
        --whole;
    }
    std::int64_t fraction = 0;
    for (int bit = 0; bit < 32; ++bit) {
        ratio = (ratio * ratio) >> kFraction;
        fraction <<= 1;
        if (ratio >= (static_cast<UnsignedWide>(2) << kFraction)) {
            ratio >>= 1;
            fraction |= 1;
        }
    }
    return static_cast<std::int64_t>(whole) * kOne + fraction;
}

std::int64_t scale_exp2(std::int64_t value, std::int64_t exponent_q32) {
    ASSERT(value >= 0);
    const std::int64_t whole = exponent_q32 >> 32;
    const auto fraction = static_cast<std::uint32_t>(exponent_q32 & 0xffff'ffff);
    std::uint64_t factor = std::uint64_t{1} << kFraction;
    for (std::size_t i = 0; i < kRootsOfTwo.size(); ++i) {
        if ((fraction >> (31 - i) & 1) == 0) continue;
        const UnsignedWide product = static_cast<UnsignedWide>(factor) * kRootsOfTwo[i];
        factor = static_cast<std::uint64_t>(product >> kFraction);
    }
    const Wide product = static_cast<Wide>(value) * factor;
    const std::int64_t shift = kFraction - whole;
    if (shift < 0) return value == 0 ? 0 : INT64_MAX;
    return shift > 126 ? 0 : saturated(product >> shift);
}

Distribution::Distribution(Table table) : table_(std::make_shared<const Table>(std::move(table))) {
    if (!table_->stepwise && table_->nanos.back() < kModest) modest_ = table_->nanos.data();
}

Distribution Distribution::uniform(core::Duration min, core::Duration max) {
    ASSERT(min.count() >= 0 && min <= max);
    const Wide width = static_cast<Wide>(max.count()) - min.count();
    Table table{false, {}};
    table.nanos.reserve(kQuantiles);
    for (std::size_t i = 0; i < kQuantiles; ++i)
        table.nanos.push_back(
            min.count() +
            static_cast<std::int64_t>(width * static_cast<Wide>(2 * i + 1) / (2 * kQuantiles)));
    return Distribution(std::move(table));
}

Distribution Distribution::lognormal(core::Duration median, core::Duration p99) {
    ASSERT(median.count() > 0 && median <= p99);
    const std::int64_t spread = log2_q32(static_cast<std::uint64_t>(p99.count()),
                                         static_cast<std::uint64_t>(median.count()));
    Table table{false, {}};
    table.nanos.reserve(kQuantiles);
    for (std::size_t i = 0; i < kQuantiles; ++i) {
        const bool upper = i >= kQuantiles / 2;
        const std::int64_t share = upper ? kNormalQuantiles[i - kQuantiles / 2]
                                         : -kNormalQuantiles[kQuantiles / 2 - 1 - i];
        const Wide exponent = static_cast<Wide>(spread) * share >> 32;
        table.nanos.push_back(scale_exp2(median.count(), static_cast<std::int64_t>(exponent)));
    }
    return Distribution(std::move(table));
}

Distribution Distribution::exponential(core::Duration mean) {
    ASSERT(mean.count() >= 0);
    constexpr std::int64_t kLn2 = 2'977'044'472;  // ln 2 in units of 2^-32
    Table table{false, {}};
    table.nanos.reserve(kQuantiles);
    for (std::size_t i = 0; i < kQuantiles; ++i) {
        const std::int64_t bits = log2_q32(2 * kQuantiles, 2 * kQuantiles - 1 - 2 * i);
        const Wide nats = static_cast<Wide>(bits) * kLn2 >> 32;
        table.nanos.push_back(saturated(nats * mean.count() >> 32));
    }
    return Distribution(std::move(table));
}

Distribution Distribution::choice(std::vector<core::Duration> values) {
    ASSERT(!values.empty());
    if (values.size() == 1) return Distribution(values.front());
    Table table{true, {}};
    table.nanos.reserve(values.size());
    for (core::Duration value : values) table.nanos.push_back(value.count());
    return Distribution(std::move(table));
}

core::Duration Distribution::typical() const {
    if (table_ == nullptr) return constant_;
    return core::Duration(table_->stepwise ? table_->nanos.front() : table_->nanos[kQuantiles / 2]);
}

core::Duration Distribution::sample_otherwise(std::uint64_t draw) const {
    if (table_ == nullptr) return constant_;
    const std::vector<std::int64_t>& nanos = table_->nanos;
    if (table_->stepwise) return core::Duration(nanos[core::below(draw, nanos.size())]);
    const Place place(draw);
    const std::int64_t* const entry = nanos.data() + place.below;
    const Wide rise = (static_cast<Wide>(entry[1]) - entry[0]) * place.beyond >> 32;
    return core::Duration(saturated(entry[0] + rise));
}

bool operator==(const Distribution& a, const Distribution& b) {
    if (a.table_ == nullptr || b.table_ == nullptr)
        return a.table_ == b.table_ && a.constant_ == b.constant_;
    return a.table_->stepwise == b.table_->stepwise && a.table_->nanos == b.table_->nanos;
}

}  // namespace scenario
