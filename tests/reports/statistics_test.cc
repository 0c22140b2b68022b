// Intervals and tests against worked examples that were published.
#include "reports/statistics.h"

#include <doctest/doctest.h>

#include <cmath>

namespace {

using report::Interval;
using report::Paired;

bool is(double value, double wanted, int decimals = 4) {
    const bool same = report::rounded(value, decimals) == wanted;
    if (!same) MESSAGE("observed " << value << ", wanted " << wanted);
    return same;
}

}  // namespace

TEST_SUITE("report.statistics") {
    TEST_CASE("Wilson's interval is that of Newcombe 1998, Statist. Med. 17:857, table I") {
        struct Row {
            std::int64_t k, n;
            double lo, hi;
        };
        for (const Row& row : {Row{81, 263, 0.2553, 0.3662}, Row{15, 148, 0.0624, 0.1605},
                               Row{0, 20, 0.0, 0.1611}, Row{1, 29, 0.0061, 0.1718}}) {
            const Interval interval = report::wilson95(row.k, row.n);
            CHECK(is(interval.lo, row.lo));
            CHECK(is(interval.hi, row.hi));
        }
    }

    TEST_CASE("none in n, and all of n, have the bound that the reports name") {
        CHECK(is(report::wilson95(0, 100).hi, 0.037, 3));
        CHECK(is(report::wilson95(0, 200).hi, 0.019, 3));
        CHECK(is(report::wilson95(0, 500).hi, 0.008, 3));
        CHECK(is(report::wilson95(0, 1'000).hi, 0.004, 3));
        for (const std::int64_t n : {1, 7, 200}) {
            CHECK(report::wilson95(0, n).lo == 0);
            CHECK(report::wilson95(n, n).hi == 1);
            CHECK(is(report::wilson95(n, n).lo, report::rounded(1 - report::wilson95(0, n).hi, 9),
                     9));
        }
    }

    TEST_CASE(
        "Newcombe's paired interval is that of Altman 2000, Statistics with confidence, 6.2") {
        const Interval interval = report::newcombe_paired95(Paired{14, 5, 0, 22});
        CHECK(is(interval.estimate, 0.122, 3));
        CHECK(is(interval.lo, 0.011, 3));
        CHECK(is(interval.hi, 0.226, 3));
    }

    TEST_CASE("... and of Fagerland 2014, BMC Med. Res. Methodol. 13:91, airway reactivity") {
        const Paired pairs{1, 1, 7, 12};
        const Interval interval = report::newcombe_paired95(pairs);
        CHECK(is(interval.estimate, -0.286, 3));
        CHECK(is(interval.lo, -0.507, 3));
        CHECK(is(interval.hi, -0.026, 3));
        CHECK(is(report::mcnemar_exact(pairs.only_a, pairs.only_b), 0.0703));
    }

    TEST_CASE("McNemar's exact p is the doubled binomial tail") {
        CHECK(report::mcnemar_exact(0, 0) == 1);
        CHECK(report::mcnemar_exact(3, 3) == 1);
        CHECK(report::mcnemar_exact(5, 0) == 0.0625);
        CHECK(report::mcnemar_exact(0, 5) == 0.0625);
        CHECK(report::mcnemar_exact(9, 1) == 22.0 / 1024);
        // 2 * 0.5^112, and a count whose powers of two alone would underflow.
        CHECK(report::mcnemar_exact(112, 0) == std::ldexp(1.0, -111));
        CHECK(report::mcnemar_exact(2'000, 1'800) > 0.001);
        CHECK(report::mcnemar_exact(2'000, 1'800) < 0.0013);
    }

    TEST_CASE("swapping the two settings mirrors the interval") {
        const Interval one = report::newcombe_paired95(Paired{9, 4, 2, 5});
        const Interval other = report::newcombe_paired95(Paired{9, 2, 4, 5});
        CHECK(is(one.lo, report::rounded(-other.hi, 9), 9));
        CHECK(is(one.hi, report::rounded(-other.lo, 9), 9));
    }

    TEST_CASE("Holm's adjustment keeps the order and never exceeds one") {
        CHECK(report::holm({0.01, 0.04, 0.03}) == std::vector<double>{0.03, 0.06, 0.06});
        CHECK(report::holm({0.5, 0.9}) == std::vector<double>{1.0, 1.0});
        CHECK(report::holm({}).empty());
    }

    TEST_CASE("numbers are rounded for people and for documents") {
        CHECK(report::percent(0.56) == "56");
        CHECK(report::percent(0.018833) == "1.9");
        CHECK(report::percent(0.0996) == "10");
        CHECK(report::percent(0) == "0");
        CHECK(report::percent(1) == "100");
        CHECK(report::percent(0.9999) == "99.99");
        CHECK(report::percent(0.996) == "99.6");
        CHECK(report::percent(0.992) == "99.2");
        CHECK(report::percent(report::wilson95(10'000, 10'000).lo) == "99.96");
        // None in 10,000 runs: at most 0.04%, not 0%.
        CHECK(report::percent(report::wilson95(0, 10'000).hi) == "0.04");
        CHECK(report::percent(report::wilson95(0, 500'000).hi) == "0.0008");
        CHECK(report::percent(0.001) == "0.1");
        CHECK(report::rounded_significant(1.2345e-34, 2) == 1.2e-34);
    }
}
