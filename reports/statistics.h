/// Shares of runs and their differences, with the intervals that UX F3 names.
///
/// Rules:
///   R1  Only +, -, *, / and square roots, which IEEE 754 rounds the same everywhere; what leaves
///       is rounded (`rounded`), so that the same counts give the same bytes on every machine.
///   R2  Never an interval by normal approximation of the share: Wilson's holds at 0 and at n.
///   R3  Two settings are compared by seeds: only those on which they differ decide.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace report {

/// An estimate with its 95 % interval.
struct Interval {
    double estimate = 0;
    double lo = 0;
    double hi = 0;
};

/// Wilson's score interval of k among n, n > 0. [Wilson 1927; Newcombe 1998, method 3]
Interval wilson95(std::int64_t k, std::int64_t n);

/// How n seeds ended under two settings, a and b.
struct Paired {
    std::int64_t both = 0;
    std::int64_t only_a = 0;
    std::int64_t only_b = 0;
    std::int64_t neither = 0;

    std::int64_t n() const { return both + only_a + only_b + neither; }
};

/// McNemar's exact test, two-sided: the binomial tail of the discordant pairs, doubled, at most 1.
double mcnemar_exact(std::int64_t only_a, std::int64_t only_b);

/// Newcombe's interval for the difference share(a) - share(b), n > 0. [Newcombe 1998, method 10]
Interval newcombe_paired95(const Paired& pairs);

/// Holm's adjustment of p values, in their order.
std::vector<double> holm(const std::vector<double>& p);

/// Rounded to so many decimals.
double rounded(double value, int decimals);
/// Rounded to so many significant digits.
double rounded_significant(double value, int digits);
/// The same as text, for a number of at least 0.0001.
std::string significant_words(double value);
/// A share in per cent, as a person reads it: "0.04", "7.1", "49"; "0" only where it is nothing,
/// "100" only where it is all.
std::string percent(double share);

}  // namespace report
