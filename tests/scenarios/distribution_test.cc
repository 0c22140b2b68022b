#include "scenarios/distribution.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random.h"
#include "scenarios/units.h"

using core::Duration;
using scenario::Distribution;

namespace {

/// A draw at `share` of the way from 0 to 2^64.
std::uint64_t draw_at(double share) {
    return static_cast<std::uint64_t>(share * 18446744073709551616.0);
}

/// A hash over many samples: every bit of every one of them counts.
std::uint64_t fingerprint(const Distribution& distribution) {
    std::uint64_t hash = 0;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        const std::uint64_t draw = core::keyed_draw(1, core::Purpose::check, {i});
        hash = core::mix64(hash ^ static_cast<std::uint64_t>(distribution.sample(draw).count()));
    }
    return hash;
}

}  // namespace

TEST_SUITE("scenario.distribution") {
    TEST_CASE("log2 and exp2 against the mathematics") {
        for (std::uint64_t n : {1u, 2u, 3u, 7u, 10u, 1'000u, 4'294'967'295u})
            for (std::uint64_t d : {1u, 2u, 3u, 999'983u}) {
                const double exact = std::log2(static_cast<double>(n) / static_cast<double>(d));
                CHECK(std::abs(static_cast<double>(scenario::log2_q32(n, d)) / 4294967296.0 -
                               exact) < 1e-9);
            }
        CHECK(scenario::log2_q32(8, 1) == 3LL << 32);
        CHECK(scenario::log2_q32(1, 8) == -3LL * 4294967296LL);
        CHECK(scenario::log2_q32(UINT64_MAX, 1) > 63LL << 32);
        CHECK(scenario::scale_exp2(1'000, 3LL << 32) == 8'000);
        CHECK(scenario::scale_exp2(1'000, -1LL * 4294967296LL) == 500);
        CHECK(scenario::scale_exp2(1, 63LL << 32) == INT64_MAX);
        CHECK(scenario::scale_exp2(INT64_MAX, -200LL * 4294967296LL) == 0);
        for (int i = -64; i <= 64; ++i) {
            const std::int64_t exponent = i * (1LL << 29);
            const double exact = 1e12 * std::exp2(i / 8.0);
            if (exact > 9e18) continue;
            CHECK(std::abs(static_cast<double>(scenario::scale_exp2(1'000'000'000'000, exponent)) -
                           exact) <= 1.0 + exact * 1e-12);
        }
    }

    TEST_CASE("lognormal has its median and its 99th percentile") {
        const auto d = Distribution::lognormal(Duration(400'000), core::from_ms(3));
        CHECK(d.sample(draw_at(0.5)).count() == doctest::Approx(400'000).epsilon(0.001));
        CHECK(d.sample(draw_at(0.99)).count() == doctest::Approx(3'000'000).epsilon(0.005));
        CHECK(d.sample(draw_at(0.01)).count() == doctest::Approx(400'000 / 7.5).epsilon(0.005));
    }

    TEST_CASE("uniform, exponential and choice have their shapes") {
        const auto u = Distribution::uniform(core::from_ms(2'000), core::from_ms(7'000));
        CHECK(u.sample(0) == core::from_ms(2'000));
        CHECK(u.sample(UINT64_MAX).count() == doctest::Approx(7e9).epsilon(1e-6));
        CHECK(u.sample(UINT64_MAX) <= core::from_ms(7'000));
        CHECK(u.sample(1ull << 63) == Duration(4'499'999'999));  // both halves are cut off
        const auto e = Distribution::exponential(core::from_ms(10));
        CHECK(e.sample(draw_at(0.5)).count() == doctest::Approx(6.931e6).epsilon(0.002));
        double sum = 0;
        for (int i = 0; i < 100'000; ++i)
            sum += static_cast<double>(e.sample(draw_at((i + 0.5) / 100'000)).count());
        CHECK(sum / 100'000 == doctest::Approx(1e7).epsilon(0.001));
        const auto c = Distribution::choice({core::from_ms(1), core::from_ms(9)});
        CHECK(c.sample(0) == core::from_ms(1));
        CHECK(c.sample(UINT64_MAX) == core::from_ms(9));
        CHECK(Distribution::choice({core::from_ms(1)}).is_fixed());
    }

    TEST_CASE("samples never fall as the draw grows, and are never negative") {
        for (const auto& d : {Distribution::lognormal(Duration(1), core::from_ms(86'400'000)),
                              Distribution::lognormal(Duration(5), Duration(5)),
                              Distribution::exponential(core::from_ms(2'592'000'000)),
                              Distribution::uniform(Duration(0), Duration(1))}) {
            Duration last(0);
            for (std::uint64_t i = 0; i < 8'192; ++i) {
                const Duration now = d.sample(i << 51);
                CHECK(now >= last);
                last = now;
            }
        }
    }

    TEST_CASE("to the last bit, on every machine") {
        CHECK(fingerprint(Distribution::lognormal(Duration(400'000), core::from_ms(3))) ==
              0x265bfba1ff366974);
        CHECK(fingerprint(Distribution::exponential(core::from_ms(10))) == 0xdbfcff4eb113ab84);
        CHECK(fingerprint(Distribution::uniform(core::from_ms(2'000), core::from_ms(7'000))) ==
              0xc8d567a6b894cff1);
        CHECK(Distribution::lognormal(Duration(400'000), core::from_ms(3))
                  .sample(0x0123456789abcdefull)
                  .count() == 41480);
    }
}

TEST_SUITE("scenario.units") {
    TEST_CASE("durations") {
        using scenario::DurationError;
        const auto ns = [](const char* text) {
            const auto parsed = scenario::parse_duration(text);
            CHECK(parsed.error == DurationError::none);
            return parsed.value.count();
        };
        CHECK(ns("1m30s") == 90'000'000'000);
        CHECK(ns("0.5ms") == 500'000);
        CHECK(ns("1.0000000019s") == 1'000'000'001);
        CHECK(ns("2d3h") == 183'600'000'000'000);
        CHECK(ns("0s") == 0);
        CHECK(scenario::parse_duration("10").error == DurationError::no_unit);
        CHECK(scenario::parse_duration("1m30").error == DurationError::no_unit);
        CHECK(scenario::parse_duration("999999999999d").error == DurationError::too_long);
        for (const char* bad : {"", "s", "-1s", "1 s", "1s ", ".5s", "1.s", "1..2s", "1M", "1e3s",
                                "1234567890123456789s"})
            CHECK(scenario::parse_duration(bad).error == DurationError::bad);
        for (const char* text : {"1m30s", "250ms", "1d", "1h1ns", "0s"})
            CHECK(scenario::duration_text(scenario::parse_duration(text).value) == text);
    }

    TEST_CASE("rates, bandwidths, shares") {
        const auto rate = scenario::parse_rate("500/s");
        REQUIRE(rate.has_value());
        CHECK(rate->numerator == 2'000'000);
        CHECK(rate->denominator == 1);
        CHECK(scenario::parse_rate("0.5/m")->numerator == 120'000'000'000);
        for (const char* bad : {"0/s", "500", "500/d", "-1/s", "/s", "5 /s", "9999999999/s"})
            CHECK_FALSE(scenario::parse_rate(bad).has_value());
        CHECK(scenario::parse_bandwidth("1.5MB/s") == 1'500'000);
        for (const char* bad : {"1MB", "1MiB/s", "0B/s", "0.5B/s", "99999999999GB/s"})
            CHECK_FALSE(scenario::parse_bandwidth(bad).has_value());
        CHECK(scenario::parse_share("0.01") == core::Ratio{1, 100});
        CHECK(scenario::parse_share("1e-3") == core::Ratio{1, 1'000});
        CHECK(scenario::parse_share("1") == core::Ratio{1, 1});
        CHECK(scenario::parse_share("0") == core::Ratio{0, 1});
        for (const char* bad : {"1.01", "-0.1", "2", "1e9", "1e-99", "0.0000000000000001"})
            CHECK_FALSE(scenario::parse_share(bad).has_value());
    }
}
