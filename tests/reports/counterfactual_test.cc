// Two hand-made runs side by side: what became of record 0 of the first in the other.
#include "reports/counterfactual.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "reports/text.h"
#include "tests/reports/hand_history.h"

namespace {

using report::Answer;
using test::HandHistory;

const core::RecordNumber kRecord(0);

report::JudgedRun judged(const HandHistory& h) {
    return {h.history(), h.judgement(), h.histories()};
}

/// One change that saves the record and costs nothing.
report::Counterfactual saved_by(std::string label, std::string change) {
    report::Counterfactual saved;
    saved.change = std::move(change);
    saved.label = report::same(std::move(label));
    saved.answer = Answer::saved;
    saved.cost = report::Cost{};
    return saved;
}

Answer answer(const HandHistory& first, const HandHistory& other) {
    return report::answer_of(judged(first), judged(other), 0, kRecord);
}

std::string because(const HandHistory& first, const HandHistory& other,
                    const std::vector<std::string>& pinned = {}) {
    return report::because_of(judged(first), judged(other), 0, kRecord, pinned).en;
}

/// Broker 2 leads from 11 s on, broker 1 is gone.
void fail_over_to_two(HandHistory& h) {
    h.at_ms(2'000);
    h.crash(1);
    h.at_ms(11'000);
    h.fence(1);
    h.elect(2, 1, {2, 3});
    h.lead(2, 1);
    h.judge(2);
}

void lose(HandHistory& h) {
    const auto batch = h.send(1);
    h.append(1, batch, 0, true);
    h.ack(batch, 0);
    fail_over_to_two(h);
}

void keep(HandHistory& h) {
    const auto batch = h.send(1);
    for (const int broker : {1, 2, 3}) h.append(broker, batch, 0, broker == 1);
    h.ack(batch, 0);
    fail_over_to_two(h);
}

trace::StepOutcome step(const std::string& id, bool fired, const std::string& remark = "") {
    trace::StepOutcome out;
    out.id = id;
    out.fired = fired;
    out.remark = {remark, remark};
    return out;
}

TEST_SUITE("report.counterfactual") {
    TEST_CASE("what is acknowledged and present is saved, and the sentence says who had it") {
        HandHistory first;
        HandHistory other;
        lose(first);
        keep(other);
        CHECK(answer(first, other) == Answer::saved);
        const std::string text = because(first, other);
        CAPTURE(text);
        CHECK(text.find("copies on b1, b2, b3") != std::string::npos);
        CHECK(text.find("b2, which leads from 11.000s on, has it") != std::string::npos);
    }

    TEST_CASE("what is acknowledged and gone is lost again, and the sentence says how") {
        HandHistory first;
        HandHistory other;
        lose(first);
        lose(other);
        CHECK(answer(first, other) == Answer::lost_again);
        const std::string text = because(first, other);
        CAPTURE(text);
        CHECK(text.find("copies on b1;") != std::string::npos);
        CHECK(text.find("the leader failed before") != std::string::npos);
    }

    TEST_CASE("what its client was refused is not saved, and not lost either") {
        HandHistory first;
        lose(first);
        for (const bool present : {false, true}) {
            HandHistory other;
            const auto batch = other.send(1);
            if (present)
                for (const int broker : {1, 2, 3}) other.append(broker, batch, 0, broker == 1);
            other.fail(batch, core::ErrorCode::request_timed_out);
            fail_over_to_two(other);
            CHECK(answer(first, other) == Answer::not_promised);
            const std::string text = because(first, other);
            CAPTURE(text);
            CHECK(text.find("p1 is told at") != std::string::npos);
            CHECK((text.find("in the log all the same") != std::string::npos) == present);
        }
    }

    TEST_CASE("what has no answer was never promised") {
        HandHistory first;
        HandHistory other;
        lose(first);
        other.send(1);
        fail_over_to_two(other);
        CHECK(answer(first, other) == Answer::not_promised);
        CHECK(because(first, other) == "p1 has no answer by the end of the run");
    }

    TEST_CASE("what a disk holds and nobody can read is neither saved nor lost") {
        HandHistory first;
        HandHistory other;
        lose(first);
        const auto batch = other.send(1);
        other.append(1, batch, 0, true);
        other.ack(batch, 0);
        other.at_ms(2'000);
        other.crash(1);
        other.elect(std::nullopt, 1, {1});
        other.judge(std::nullopt);
        CHECK(answer(first, other) == Answer::out_of_reach);
    }

    TEST_CASE("a partition that waited for who had it says how long") {
        HandHistory first;
        HandHistory other;
        lose(first);
        const auto batch = other.send(1);
        other.append(1, batch, 0, true);
        other.ack(batch, 0);
        other.at_ms(2'000);
        other.crash(1);
        other.at_ms(11'000);
        other.fence(1);
        other.elect(std::nullopt, 1, {1});
        other.at_ms(23'000);
        other.start(1);
        other.elect(1, 2, {1});
        other.lead(1, 2);
        other.judge(1);
        CHECK(answer(first, other) == Answer::saved);
        CHECK(because(first, other).find("waits 12.0s without a leader, until b1") !=
              std::string::npos);
    }

    TEST_CASE("a run in which a fault did not come proves nothing, whatever it kept") {
        HandHistory first;
        HandHistory other;
        first.outcome().steps = {step("note", false), step("kill", true)};
        other.outcome().steps = {step("note", true),
                                 step("kill", false, "its condition never held")};
        lose(first);
        keep(other);
        CHECK(report::missing_steps(judged(first), judged(other)) == std::vector<std::size_t>{1});
        CHECK(answer(first, other) == Answer::no_claim);
        CHECK(because(first, other) ==
              "the fault never came about: step kill did not fire (its condition never held)");
        other.outcome().steps[1].fired = true;
        CHECK(answer(first, other) == Answer::saved);
        CHECK(because(first, other, {"kill"}).find("(kill at the same moment as before") !=
              std::string::npos);
    }

    TEST_CASE("faults that came at another moment, or met others, are named") {
        HandHistory first;
        HandHistory other;
        first.outcome().steps = {step("cut", true), step("kill", true), step("back", true),
                                 step("last", true)};
        other.outcome().steps = first.outcome().steps;
        for (trace::StepOutcome& each : first.outcome().steps) each.at = core::at_ns(1'000'000'000);
        for (trace::StepOutcome& each : other.outcome().steps) each.at = core::at_ns(1'000'000'000);
        lose(first);
        keep(other);
        CHECK(report::moved_steps(judged(first), judged(other)).empty());
        CHECK(because(first, other).find("not as before") == std::string::npos);
        auto& steps = other.outcome().steps;
        steps[1].at = core::at_ns(9'500'000'000);
        steps[2].brokers = {core::NodeId(2)};
        steps[3].at = core::at_ns(990'000'000);
        CHECK(report::moved_steps(judged(first), judged(other)) ==
              std::vector<std::size_t>{1, 2, 3});
        const std::string text = because(first, other);
        CAPTURE(text);
        CHECK(text.find("(not as before: kill 8.5s later, back at b2, not -, 1 more)") !=
              std::string::npos);
    }

    TEST_CASE("a run that does not send the record, or is stopped, proves nothing") {
        HandHistory first;
        HandHistory silent;
        HandHistory stopped;
        lose(first);
        fail_over_to_two(silent);
        CHECK(answer(first, silent) == Answer::no_claim);
        CHECK(because(first, silent) == "the record is not sent there");
        keep(stopped);
        stopped.outcome().end = trace::RunEnd::event_cap;
        CHECK(answer(first, stopped) == Answer::no_claim);
    }

    TEST_CASE("costs are what the other run pays more, never a gain") {
        report::Measures first;
        report::Measures other;
        first.unavailable_write = core::from_ms(9'000);
        first.latency_p99 = core::from_ms(3);
        first.by_fate[static_cast<int>(report::Fate::refused)] = 2;
        CHECK(report::cost_of(first, other).none());
        CHECK(report::words(report::cost_of(first, other)).en == "costs nothing here");

        other.unavailable_write = core::from_ms(21'000);
        other.latency_p99 = core::Duration(5'100'000);
        other.by_fate[static_cast<int>(report::Fate::unknown)] = 3;
        const report::Cost cost = report::cost_of(first, other);
        CHECK(cost.unavailable == core::from_ms(12'000));
        CHECK(cost.refused == 1);
        CHECK(cost.p99 == core::Duration(2'100'000));
        CHECK(cost.p50 == core::Duration(0));
        CHECK(report::words(cost).en ==
              "costs 12.0s longer without a leader for writes, one more record "
              "without an acknowledgement, 2.1ms of ack latency at p99");
    }

    TEST_CASE("what saves comes first, and of that the cheapest") {
        const auto one = [](std::string change, Answer answer, std::int64_t unavailable_ms) {
            report::Counterfactual out;
            out.change = std::move(change);
            out.answer = answer;
            out.cost = report::Cost{core::from_ms(unavailable_ms), 0, {}, {}};
            return out;
        };
        std::vector<report::Counterfactual> all = {
            one("lost", Answer::lost_again, 0), one("dear", Answer::saved, 9'000),
            one("told", Answer::not_promised, 0), one("cheap", Answer::saved, 5)};
        report::sort_answers(all);
        std::string order;
        for (const report::Counterfactual& each : all) order += each.change + " ";
        CHECK(order == "cheap dear told lost ");
        CHECK(report::cheapest(all)->change == "cheap");
        // What loses others instead helps nobody, and is never called free.
        all[0].answer = Answer::not_all;
        all[0].others_lost = 3;
        all[0].cost = report::Cost{};
        report::sort_answers(all);
        CHECK(all[0].change == "dear");
        CHECK(report::words(all[1].answer, all[1].others_lost).en == "kept, but 3 others lost");
        CHECK(report::shown_cost(all[1]).empty());
        all[1].answer = Answer::saved;
        CHECK(report::shown_cost(all[1]).en == "costs nothing here");
        all[1].answer = Answer::not_all;
        all.erase(all.begin());
        CHECK(report::cheapest(all) == nullptr);
        all.erase(all.begin());
        CHECK(report::cheapest(all) == nullptr);
    }

    TEST_CASE("a step is needed if the record is not lost without it; no claim needs nothing") {
        report::Branch branch;
        const auto needed = [&](Answer answer) {
            branch.answer = answer;
            return branch.needed();
        };
        CHECK(needed(Answer::saved));
        CHECK(needed(Answer::not_promised));
        CHECK(needed(Answer::out_of_reach));
        CHECK_FALSE(needed(Answer::lost_again));
        CHECK_FALSE(needed(Answer::no_claim));
    }

    TEST_CASE("the text marks each answer and sums up the cheapest that saves") {
        report::WhatIfs what_ifs;
        report::Counterfactual saved = saved_by("acks=all", "/producers/*/config/acks=all");
        saved.because = report::say("it had three copies", "它有三个副本");
        report::Counterfactual lost = saved;
        lost.label = report::same("flush.messages=1");
        lost.answer = Answer::lost_again;
        what_ifs.counterfactuals = {saved, lost};
        report::TextInput input;
        input.arguments = "by-hand";
        const std::string text = report::what_if_text(what_ifs, input);
        CAPTURE(text);
        for (const std::string_view part :
             {"acks=all          saved       costs nothing here\n        it had three copies",
              "flush.messages=1  lost again", "acks=all would have saved it and costs nothing here",
              "acklab run by-hand --set '/producers/*/config/acks=all'"})
            CHECK(text.find(part) != std::string::npos);

        what_ifs.counterfactuals = {lost};
        CHECK(report::what_if_text(what_ifs, input).find("none of these settings alone") !=
              std::string::npos);
        CHECK(report::what_if_text(report::WhatIfs{}, input).empty());
    }

    TEST_CASE("a command is one line; a run that no command repeats says so; moved faults do") {
        report::WhatIfs what_ifs;
        what_ifs.counterfactuals = {
            saved_by("unclean.leader.election.enable=false",
                     "/topics/*/config/unclean.leader.election.enable=false")};
        report::TextInput input;
        input.arguments = "by-hand";
        const auto has = [&](std::string_view part) {
            const std::string text = report::what_if_text(what_ifs, input);
            CAPTURE(text);
            return text.find(part) != std::string::npos;
        };
        CHECK(
            has("acklab run by-hand --set "
                "'/topics/*/config/unclean.leader.election.enable=false'\n"));
        CHECK(has("same seed, same faults, run again"));
        what_ifs.counterfactuals[0].pinned = {"kill"};
        what_ifs.counterfactuals[0].moved = {"back"};
        CHECK_FALSE(has("acklab run"));
        CHECK(has("no command repeats that run: in it kill came"));
        CHECK_FALSE(has("same faults"));
    }
}

}  // namespace
