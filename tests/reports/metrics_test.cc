#include "reports/metrics.h"

#include <doctest/doctest.h>

#include "tests/reports/hand_history.h"

namespace {

using core::Duration;
using core::from_ms;
using scenario::Metric;
using test::HandHistory;

Duration time_of(const HandHistory& h, Metric metric) {
    const auto value = h.value(metric);
    REQUIRE(std::holds_alternative<Duration>(value));
    // Every hand-written event takes a microsecond; here whole milliseconds matter.
    return std::chrono::round<std::chrono::milliseconds>(std::get<Duration>(value));
}

scenario::Expect always(Metric metric, scenario::Comparison op, std::int64_t value) {
    return scenario::Expect{"always",
                            metric,
                            {scenario::Test{op, value}},
                            std::nullopt,
                            std::nullopt,
                            scenario::Mode::always,
                            scenario::ExpectSeverity::fail,
                            {}};
}

TEST_SUITE("report.metrics") {
    TEST_CASE("every metric has a name that finds it, a meaning and a value") {
        HandHistory h;
        h.judge(1);
        CHECK(report::all_metrics().size() == 27);
        for (const Metric metric : report::all_metrics()) {
            CHECK(report::find_metric(scenario::name(metric)) == metric);
            CHECK_FALSE(report::meaning(metric).empty());
            h.value(metric);
        }
        CHECK_FALSE(report::find_metric("acked.lots").has_value());
    }

    TEST_CASE("a copy too many is a duplicate, and its record stands there twice") {
        HandHistory h;
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.resend(batch, 1);
        h.append(1, batch, 0, true);
        h.append(1, batch, 0, true);
        h.ack(batch, 2);
        h.judge(1);
        CHECK(h.count(Metric::twice) == 2);
        CHECK(h.count(Metric::duplicates) == 4);
        CHECK(h.count(Metric::reordered) == 0);
    }

    TEST_CASE("reordered looks at first copies only") {
        HandHistory h;
        const auto a = h.send(1);
        const auto b = h.send(1);
        const auto c = h.send(1);
        for (const auto batch : {b, c, a, b}) h.append(1, batch, 0, true);
        h.judge(1);
        CHECK(h.count(Metric::reordered) == 2);
        CHECK_FALSE(h.judgement().fates[0][0].reordered);
        CHECK(h.judgement().fates[0][1].reordered);
        CHECK(h.judgement().fates[0][2].reordered);
    }

    TEST_CASE("records of two producers are never reordered against each other") {
        HandHistory h(HandHistory::Options{.producers = 2});
        const auto a = h.send(1, 1, 0);
        const auto b = h.send(1, 1, 1);
        h.append(1, b, 0, true, 1);
        h.append(1, a, 0, true, 0);
        h.judge(1);
        CHECK(h.count(Metric::reordered) == 0);
    }

    TEST_CASE("an offset that was acknowledged for two records is reused, each such offset once") {
        HandHistory h;
        const auto old_batch = h.send(3);
        h.append(1, old_batch, 0, true);
        h.ack(old_batch, 0);
        h.crash(1);
        h.elect(2, 1, {2, 3});
        h.lead(2, 1);
        const auto new_batch = h.send(2, 2);
        h.append(2, new_batch, 1, true);
        h.ack(new_batch, 0, 2, 1);
        h.judge(2);
        CHECK(h.count(Metric::offsets_reused) == 2);
        CHECK(h.count(Metric::acked_lost) == 3);
    }

    TEST_CASE("acknowledgements with an ISR of one, and by a leader that no longer is one") {
        HandHistory h;
        const auto full = h.send(1);
        h.append(1, full, 0, true);
        h.ack(full, 0);
        h.commit(1, 0, {1});
        const auto alone = h.send(2);
        h.append(1, alone, 0, true);
        h.ack(alone, 1);
        h.elect(2, 1, {2, 3});
        const auto stale = h.send(4);
        h.append(1, stale, 0, true);
        h.ack(stale, 3, 1, 0);
        h.judge(1);
        CHECK(h.count(Metric::acked_while_isr_size1) == 2);
        CHECK(h.count(Metric::acks_from_stale_leader) == 4);
        REQUIRE(h.metrics().first_stale_ack(core::PartitionId(0)).has_value());
        CHECK(h.metrics().first_stale_ack(core::PartitionId(0))->broker == core::NodeId(1));
    }

    TEST_CASE("a record that a leader lacked and that is back at the audit is resurrected") {
        HandHistory h;
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.ack(batch, 0);
        h.crash(1);
        h.elect(2, 1, {2, 3});
        h.lead(2, 1);
        h.crash(2);
        h.start(1);
        h.elect(1, 2, {1}, false);
        h.lead(1, 2);
        h.judge(1);
        CHECK(h.count(Metric::acked_resurrected) == 2);
        CHECK(h.count(Metric::acked_lost) == 0);
    }

    TEST_CASE("a record that every leader had is not resurrected") {
        HandHistory h;
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.append(2, batch);
        h.ack(batch, 0);
        h.crash(1);
        h.elect(2, 1, {2, 3});
        h.lead(2, 1);
        h.judge(2);
        CHECK(h.count(Metric::acked_resurrected) == 0);
    }

    TEST_CASE("elections are counted after 0, and only if they name a leader") {
        HandHistory h;
        h.at_ms(10);
        h.elect(std::nullopt, 1, {1});
        h.elect(2, 2, {2}, false);
        h.elect(3, 3, {2, 3}, true);
        h.judge(3);
        CHECK(h.count(Metric::elections_clean) == 1);
        CHECK(h.count(Metric::elections_unclean) == 1);
    }

    TEST_CASE("a replica diverges by the records it holds, not by how far it reaches") {
        HandHistory h;
        const auto a = h.send(1);
        const auto b = h.send(1);
        const auto c = h.send(1);
        h.append(1, a, 0, true);
        h.append(1, b, 0, true);
        h.append(2, a);
        h.append(2, c, 1);
        h.append(3, a);
        h.judge(1);
        CHECK(h.count(Metric::replicas_divergent) == 1);
        CHECK(h.judgement().verdict == report::Verdict::diverged);
    }

    TEST_CASE("truncated.committed counts records that were committed and cut afterwards") {
        HandHistory h;
        const auto a = h.send(1);
        const auto b = h.send(2);
        const auto c = h.send(1);
        for (const int broker : {1, 2}) {
            h.append(broker, a, 0, broker == 1);
            h.append(broker, b, 0, broker == 1);
            h.append(broker, c, 0, broker == 1);
        }
        h.high_watermark(1, 3);
        h.truncate(2, 1);
        h.truncate(1, 1);
        h.judge(1);
        CHECK(h.count(Metric::truncated_committed) == 2);
    }

    TEST_CASE("a record that was never committed is none that was committed and cut") {
        HandHistory h;
        const auto alone = h.send(1);
        h.append(1, alone, 0, true);
        h.ack(alone, 0);
        h.crash(1);
        h.fence(1);
        h.elect(2, 1, {2, 3});
        h.lead(2, 1);
        // Another record takes its offset and is committed there.
        const auto next = h.send(2, 2);
        h.append(2, next, 1, true);
        h.append(3, next, 1);
        h.high_watermark(2, 2);
        h.start(1);
        h.follow(1, 1, 2);
        h.truncate(1, 0);
        h.judge(2);
        CHECK(h.count(Metric::acked_lost) == 1);
        CHECK(h.count(Metric::truncated_committed) == 0);
    }

    TEST_CASE("the copy of an attempt that was not committed is none that was committed and cut") {
        HandHistory h;
        const auto batch = h.send(1);
        h.append(1, batch, 0, true);
        h.crash(1);
        h.fence(1);
        h.elect(2, 1, {2, 3});
        h.lead(2, 1);
        // Sent again, it takes the same offset in the next epoch and is committed there.
        h.resend(batch, 2);
        h.append(2, batch, 1, true);
        h.append(3, batch, 1);
        h.high_watermark(2, 1);
        h.ack(batch, 0, 2, 1);
        h.start(1);
        h.follow(1, 1, 2);
        h.truncate(1, 0);
        h.judge(2);
        CHECK(h.count(Metric::acked_lost) == 0);
        CHECK(h.count(Metric::truncated_committed) == 0);
    }

    TEST_CASE("writes are unavailable from the crash until the next leader knows that it leads") {
        HandHistory h;
        h.at_ms(10'000);
        h.crash(1);
        h.at_ms(19'000);
        h.elect(2, 1, {2, 3});
        h.at_ms(19'500);
        h.lead(2, 1);
        h.judge(2);
        CHECK(time_of(h, Metric::unavailable_write) == from_ms(9'500));
        CHECK(time_of(h, Metric::unavailable_read) == from_ms(9'500));
    }

    TEST_CASE("a paused leader serves nobody; a zombie does not count as a leader") {
        HandHistory h;
        h.at_ms(10'000);
        h.world(trace::WorldKind::process_pause, 1);
        h.at_ms(12'000);
        h.world(trace::WorldKind::process_resume, 1);
        h.at_ms(20'000);
        h.elect(2, 1, {2, 3});
        h.at_ms(21'000);
        h.lead(2, 1);
        h.judge(2);
        CHECK(time_of(h, Metric::unavailable_write) == from_ms(3'000));
    }

    TEST_CASE("below min.insync.replicas acks=all writes are refused, reads go on") {
        for (const std::string acks : {"all", "1"}) {
            HandHistory h(HandHistory::Options{.acks = acks, .min_isr = 2});
            h.at_ms(5'000);
            h.commit(1, 0, {1});
            h.at_ms(9'000);
            h.commit(1, 0, {1, 2});
            h.judge(1);
            CHECK(time_of(h, Metric::unavailable_write) == from_ms(acks == "all" ? 4'000 : 0));
            CHECK(time_of(h, Metric::unavailable_read) == from_ms(0));
        }
    }

    TEST_CASE("more min.insync.replicas than there are replicas: all of them, refused before 3.7") {
        core::Profile uncapped = *core::find_profile("3.9")->profile;
        uncapped.min_isr_capped_by_replicas = false;
        HandHistory now(HandHistory::Options{.acks = "all", .min_isr = 5});
        HandHistory before(HandHistory::Options{.acks = "all", .min_isr = 5, .profile = &uncapped});
        for (HandHistory* h : {&now, &before}) {
            h->at_ms(5'000);
            h->commit(1, 0, {1, 2});
            h->at_ms(9'000);
            h->commit(1, 0, {1, 2, 3});
            h->judge(1);
        }
        CHECK(time_of(now, Metric::unavailable_write) == from_ms(4'000));
        // Looked at with the first change.
        CHECK(time_of(before, Metric::unavailable_write) == from_ms(55'000));
    }

    TEST_CASE("what is unavailable to the end is unavailable until run.end, not beyond") {
        HandHistory h;
        h.at_ms(59'000);
        h.crash(1);
        h.judge(std::nullopt);
        CHECK(time_of(h, Metric::unavailable_write) == from_ms(1'000));
    }

    TEST_CASE("percentiles are nearest rank") {
        std::vector<Duration> values;
        for (int i = 100; i >= 1; --i) values.push_back(from_ms(i));
        CHECK(report::nearest_rank(values, 50) == from_ms(50));
        CHECK(report::nearest_rank(values, 99) == from_ms(99));
        CHECK(report::nearest_rank(values, 100) == from_ms(100));
        std::vector<Duration> one = {from_ms(7)};
        CHECK(report::nearest_rank(one, 50) == from_ms(7));
        std::vector<Duration> none;
        CHECK_FALSE(report::nearest_rank(none, 50).has_value());
    }

    TEST_CASE("latency runs from send() to the callback") {
        HandHistory h;
        h.at_ms(100);
        const auto batch = h.send(1);
        h.append(1, batch, 0, true);
        h.at_ms(350);
        h.ack(batch, 0);
        h.judge(1);
        CHECK(time_of(h, Metric::latency_ack_p50) == from_ms(250));
    }

    TEST_CASE("always fails on what was so for a moment, though it is well at the end") {
        HandHistory h(HandHistory::Options{
            .expect = {always(Metric::acked_lost, scenario::Comparison::eq, 0)}});
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.ack(batch, 0);
        h.truncate(1, 0);
        h.append(1, batch, 1, true);
        h.judge(1);
        CHECK(h.count(Metric::acked_lost) == 0);
        REQUIRE(h.judgement().expect.size() == 1);
        CHECK_FALSE(h.judgement().expect[0].ok);
        CHECK(h.judgement().expect[0].observed == scenario::MetricValue(std::int64_t{2}));
        CHECK(h.judgement().exit == report::ExitStatus::failed);
    }

    TEST_CASE("always holds where it held at every moment") {
        HandHistory h(HandHistory::Options{
            .expect = {always(Metric::elections_unclean, scenario::Comparison::eq, 0),
                       always(Metric::acked, scenario::Comparison::le, 2)}});
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.ack(batch, 0);
        h.elect(2, 1, {2});
        h.judge(1);
        for (const auto& result : h.judgement().expect) CHECK(result.ok);
    }
}

}  // namespace
