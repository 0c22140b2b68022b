#include "reports/statistics.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/assert.h"

namespace report {
namespace {

/// The 97.5th percentile of the standard normal distribution.
constexpr double kZ = 1.959963984540054;

double square(double x) {
    return x * x;
}

/// The correlation of the two outcomes, with Newcombe's correction for small counts.
double corrected_phi(const Paired& pairs) {
    const auto a = static_cast<double>(pairs.both);
    const auto b = static_cast<double>(pairs.only_a);
    const auto c = static_cast<double>(pairs.only_b);
    const auto d = static_cast<double>(pairs.neither);
    const double margins = (a + b) * (c + d) * (a + c) * (b + d);
    if (margins == 0) return 0;
    const double half = (a + b + c + d) / 2;
    double cross = a * d - b * c;
    if (cross > 0) cross = std::max(cross - half, 0.0);
    return cross / std::sqrt(margins);
}

std::string printed(double value, std::chars_format format, int precision) {
    char buffer[64];
    const auto [end, error] =
        std::to_chars(std::begin(buffer), std::end(buffer), value, format, precision);
    ASSERT(error == std::errc());
    return std::string(buffer, end);
}

double parsed(const std::string& text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

Interval wilson95(std::int64_t k, std::int64_t n) {
    ASSERT(n > 0);
    ASSERT(k >= 0);
    ASSERT(k <= n);
    const auto total = static_cast<double>(n);
    const double share = static_cast<double>(k) / total;
    const double z2 = kZ * kZ;
    const double middle = share + z2 / (2 * total);
    const double half = kZ * std::sqrt(share * (1 - share) / total + z2 / (4 * total * total));
    const double scale = 1 + z2 / total;
    return Interval{share, k == 0 ? 0 : (middle - half) / scale,
                    k == n ? 1 : (middle + half) / scale};
}

double mcnemar_exact(std::int64_t only_a, std::int64_t only_b) {
    ASSERT(only_a >= 0);
    ASSERT(only_b >= 0);
    const std::int64_t n = only_a + only_b;
    const std::int64_t k = std::min(only_a, only_b);
    if (2 * k >= n) return 1;
    // C(n, k) / 2^n as a mantissa in [0.5, 1) and a power of two, which do not underflow.
    double mantissa = 0.5;
    int power = 1;
    const auto settle = [&] {
        int shift = 0;
        mantissa = std::frexp(mantissa, &shift);
        power += shift;
    };
    for (std::int64_t i = 1; i <= k; ++i) {
        mantissa *= static_cast<double>(n - k + i) / static_cast<double>(i);
        settle();
    }
    power -= static_cast<int>(n);
    // The tail below k, relative to its largest term.
    double tail = 0;
    double term = 1;
    for (std::int64_t i = k; i >= 0; --i) {
        tail += term;
        term *= static_cast<double>(i) / static_cast<double>(n - i + 1);
    }
    return std::min(1.0, std::ldexp(2 * tail * mantissa, power));
}

Interval newcombe_paired95(const Paired& pairs) {
    ASSERT(pairs.n() > 0);
    const Interval a = wilson95(pairs.both + pairs.only_a, pairs.n());
    const Interval b = wilson95(pairs.both + pairs.only_b, pairs.n());
    const double phi = corrected_phi(pairs);
    const auto reach = [&](double first, double second) {
        const double sum = square(first) - 2 * phi * first * second + square(second);
        return std::sqrt(std::max(sum, 0.0));
    };
    const double difference =
        static_cast<double>(pairs.only_a - pairs.only_b) / static_cast<double>(pairs.n());
    return Interval{difference, difference - reach(a.estimate - a.lo, b.hi - b.estimate),
                    difference + reach(a.hi - a.estimate, b.estimate - b.lo)};
}

std::vector<double> holm(const std::vector<double>& p) {
    std::vector<std::size_t> order(p.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
    std::vector<double> out(p.size());
    double least = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        least = std::max(least, p[order[i]] * static_cast<double>(p.size() - i));
        out[order[i]] = std::min(1.0, least);
    }
    return out;
}

double rounded(double value, int decimals) {
    const double out = parsed(printed(value, std::chars_format::fixed, decimals));
    return out == 0 ? 0 : out;
}

double rounded_significant(double value, int digits) {
    return parsed(printed(value, std::chars_format::scientific, digits - 1));
}

std::string significant_words(double value) {
    return printed(value, std::chars_format::general, 2);
}

std::string percent(double share) {
    const double value = share * 100;
    // As exact near the whole as near nothing: 9,999 of 10,000 are not all.
    if (share > 0.99 && share < 1) {
        const std::string rest = percent(1 - share);
        const std::size_t point = rest.find('.');
        const std::size_t decimals = point == std::string::npos ? 0 : rest.size() - point - 1;
        return printed(value, std::chars_format::fixed, static_cast<int>(decimals));
    }
    // A bound from many runs is small, but not nothing.
    if (value > 0 && value < 0.1) return printed(value, std::chars_format::general, 1);
    std::string text = printed(value, std::chars_format::fixed, value < 9.95 ? 1 : 0);
    if (text.size() > 2 && text.substr(text.size() - 2) == ".0") text.erase(text.size() - 2);
    return text;
}

}  // namespace report
