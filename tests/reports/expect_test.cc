#include "reports/expect.h"

#include <doctest/doctest.h>

#include "tests/reports/hand_history.h"

namespace {

using core::from_ms;
using report::ExitStatus;
using report::Verdict;
using Operator = scenario::Comparison;
using scenario::Metric;
using scenario::MetricValue;
using scenario::Test;
using test::HandHistory;

scenario::Expect expectation(Metric metric, std::vector<Test> tests) {
    return scenario::Expect{"claim",
                            metric,
                            std::move(tests),
                            std::nullopt,
                            std::nullopt,
                            scenario::Mode::holds,
                            scenario::ExpectSeverity::fail,
                            {}};
}

scenario::Step when_step(scenario::OnTimeout on_timeout) {
    scenario::WhenTrigger when{
        scenario::Condition{.kind = scenario::ConditionKind::gauge}, {}, {}, on_timeout};
    return scenario::Step{"kill", {}, when, scenario::NoteAction{}, scenario::UntilHealed{}};
}

TEST_SUITE("report.expect") {
    TEST_CASE("a test passes by its operator, and only against its own kind") {
        struct Case {
            MetricValue observed;
            Operator op;
            MetricValue wanted;
            bool passes;
        };
        const MetricValue none = scenario::NoValue{};
        const MetricValue range = scenario::OffsetRange{100, 199};
        for (const Case& c :
             {Case{std::int64_t{2}, Operator::eq, std::int64_t{2}, true},
              Case{std::int64_t{2}, Operator::ne, std::int64_t{2}, false},
              Case{std::int64_t{2}, Operator::lt, std::int64_t{2}, false},
              Case{std::int64_t{2}, Operator::le, std::int64_t{2}, true},
              Case{std::int64_t{3}, Operator::gt, std::int64_t{2}, true},
              Case{std::int64_t{1}, Operator::ge, std::int64_t{2}, false},
              Case{from_ms(9'000), Operator::le, from_ms(30'000), true},
              Case{from_ms(31'000), Operator::le, from_ms(30'000), false},
              Case{range, Operator::eq, range, true},
              Case{range, Operator::eq, scenario::OffsetRange{100, 198}, false},
              Case{range, Operator::ne, none, true}, Case{none, Operator::eq, none, true},
              Case{none, Operator::eq, range, false},
              Case{none, Operator::ge, std::int64_t{0}, false},
              Case{std::string("kept"), Operator::eq, std::string("kept"), true},
              Case{std::string("kept"), Operator::ne, std::string("kept"), false}})
            CHECK(report::passes(c.observed, Test{c.op, c.wanted}) == c.passes);
    }

    TEST_CASE("a claim that data is lost holds where it is lost, and its exit status is 0") {
        HandHistory h(HandHistory::Options{
            .expect = {expectation(Metric::acked_lost, {{Operator::ge, std::int64_t{1}}}),
                       expectation(Metric::acked_lost_range,
                                   {{Operator::eq, scenario::OffsetRange{0, 1}}})}});
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.ack(batch, 0);
        h.truncate(1, 0);
        h.judge(2);
        for (const auto& result : h.judgement().expect) CHECK(result.ok);
        CHECK(h.judgement().exit == ExitStatus::held);
    }

    TEST_CASE("the same claim fails where nothing is lost") {
        HandHistory h(HandHistory::Options{
            .expect = {expectation(Metric::acked_lost, {{Operator::ge, std::int64_t{1}}})}});
        h.judge(1);
        CHECK_FALSE(h.judgement().expect[0].ok);
        CHECK(h.judgement().expect[0].claim.en == "acked.lost >= 1");
        CHECK(h.judgement().exit == ExitStatus::failed);
    }

    TEST_CASE("a warning does not fail the run") {
        scenario::Expect expect =
            expectation(Metric::acked_lost, {{Operator::ge, std::int64_t{1}}});
        expect.severity = scenario::ExpectSeverity::warn;
        HandHistory h(HandHistory::Options{.expect = {expect}});
        h.judge(1);
        CHECK_FALSE(h.judgement().expect[0].ok);
        CHECK(h.judgement().exit == ExitStatus::held);
    }

    TEST_CASE("an expectation about one producer sees only that producer") {
        scenario::Expect expect = expectation(Metric::acked, {{Operator::eq, std::int64_t{3}}});
        expect.producer = 1;
        HandHistory h(HandHistory::Options{.producers = 2, .expect = {expect}});
        const auto a = h.send(2, 1, 0);
        const auto b = h.send(3, 1, 1);
        h.append(1, a, 0, true, 0);
        h.append(1, b, 0, true, 1);
        h.ack(a, 0, 1, 0, 0);
        h.ack(b, 2, 1, 0, 1);
        h.judge(1);
        CHECK(h.judgement().expect[0].ok);
        CHECK(h.judgement().expect[0].claim.en == "acked = 3 of p2");
    }

    TEST_CASE("a step that never fired decides by its onTimeout") {
        struct Case {
            scenario::OnTimeout on_timeout;
            ExitStatus exit;
            Verdict verdict;
        };
        for (const Case& c : {Case{scenario::OnTimeout::inconclusive, ExitStatus::inconclusive,
                                   Verdict::inconclusive},
                              Case{scenario::OnTimeout::fail, ExitStatus::failed, Verdict::kept},
                              Case{scenario::OnTimeout::skip, ExitStatus::held, Verdict::kept}}) {
            HandHistory h(HandHistory::Options{.steps = {when_step(c.on_timeout)}});
            h.judge(1);
            CHECK(h.judgement().exit == c.exit);
            CHECK(h.judgement().verdict == c.verdict);
        }
    }

    TEST_CASE("inconclusive wins over a claim that failed") {
        HandHistory h(HandHistory::Options{
            .expect = {expectation(Metric::acked, {{Operator::ge, std::int64_t{1}}})},
            .steps = {when_step(scenario::OnTimeout::inconclusive)}});
        h.judge(1);
        CHECK_FALSE(h.judgement().expect[0].ok);
        CHECK(h.judgement().exit == ExitStatus::inconclusive);
    }

    TEST_CASE("a run that hit its cap of events is inconclusive, a broken one is a bug") {
        HandHistory capped;
        capped.outcome().end = trace::RunEnd::event_cap;
        capped.judge(1);
        CHECK(capped.judgement().exit == ExitStatus::inconclusive);
        HandHistory broken;
        broken.outcome().end = trace::RunEnd::broken;
        broken.judge(1);
        CHECK(broken.judgement().exit == ExitStatus::bug);
    }

    TEST_CASE("--fail-on takes a verdict or METRIC OP VALUE, and says what is wrong otherwise") {
        struct Case {
            std::string_view text;
            std::string_view problem;  ///< a part of it; empty: it is read
        };
        for (const Case& c :
             {Case{"lost-acked", ""}, Case{"acked.lost>0", ""}, Case{"acked.lost >= 1", ""},
              Case{"unavailable.write>30s", ""}, Case{"verdict=kept", ""},
              Case{"verdict!=kept", ""}, Case{"lost-aked", "did you mean \"lost-acked\""},
              Case{"acked.lots>0", "did you mean \"acked.lost\""},
              Case{"acked.lost>few", "no whole number"},
              Case{"unavailable.write>30", "needs a number and a unit"},
              Case{"acked.lost.range>1", "cannot be compared"}, Case{"verdict>kept", "= or !="},
              Case{"", "neither a verdict"}, Case{"acked.lost!1", "expected one of"}}) {
            std::string problem;
            const auto read = report::parse_fail_on(c.text, problem);
            INFO(c.text << ": " << problem);
            CHECK(read.has_value() == c.problem.empty());
            CHECK(problem.find(c.problem) != std::string::npos);
        }
    }

    TEST_CASE("--fail-on with a verdict fails on that one and on worse ones") {
        std::string problem;
        const auto fail_on = report::parse_fail_on("lost-acked", problem);
        REQUIRE(fail_on);
        const report::Measures measures;
        CHECK(report::fails(*fail_on, measures, Verdict::diverged));
        CHECK(report::fails(*fail_on, measures, Verdict::lost_acked));
        CHECK_FALSE(report::fails(*fail_on, measures, Verdict::unavailable));
        CHECK_FALSE(report::fails(*fail_on, measures, Verdict::kept));
    }

    TEST_CASE("durations read as people say them") {
        CHECK(report::words(core::Duration(0)) == "0ns");
        CHECK(report::words(core::Duration(850'000)) == "850us");
        CHECK(report::words(core::Duration(3'440'000)) == "3.4ms");
        CHECK(report::words(core::Duration(109'767'000)) == "110ms");
        CHECK(report::words(core::Duration(9'960'000)) == "10ms");
        CHECK(report::words(core::Duration(999'600)) == "1.0ms");
        CHECK(report::words(core::Duration(999'700'000)) == "1.0s");
        CHECK(report::words(from_ms(41)) == "41ms");
        CHECK(report::words(from_ms(9'000)) == "9.0s");
        CHECK(report::words(from_ms(150'000)) == "2m30s");
        CHECK(report::words(from_ms(7'260'000)) == "2h1m");
    }
}

}  // namespace
