// Each history is a loss with one cause; the explainer must call it for that reason.
#include "reports/causes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/reports/hand_history.h"

namespace {

using report::Cause;
using test::HandHistory;
using trace::WorldKind;

double ms(core::TimePoint at) {
    return static_cast<double>(at.time_since_epoch().count()) / 1e6;
}

/// Broker 1 has acknowledged a batch that nobody else holds.
std::uint32_t lonely_ack(HandHistory& h) {
    const auto batch = h.send(2);
    h.append(1, batch, 0, true);
    h.ack(batch, 0);
    return batch;
}

/// All three hold it, and broker 1 has acknowledged it.
std::uint32_t replicated_ack(HandHistory& h) {
    const auto batch = h.send(2);
    h.append(1, batch, 0, true);
    h.append(2, batch);
    h.append(3, batch);
    h.ack(batch, 0);
    return batch;
}

/// Broker 2 leads in epoch 1 without broker 1.
void fail_over(HandHistory& h, bool clean = true) {
    h.at_ms(11'000);
    h.fence(1);
    h.elect(2, 1, {2, 3}, clean);
    h.lead(2, 1);
}

std::vector<std::string_view> names_of(const std::vector<report::ChainLink>& chain) {
    std::vector<std::string_view> names;
    names.reserve(chain.size());
    for (const report::ChainLink& link : chain) names.push_back(link.name);
    return names;
}

TEST_SUITE("report.causes") {
    TEST_CASE("the leader crashes before a follower has fetched") {
        HandHistory h;
        h.at_ms(2'000);
        lonely_ack(h);
        h.at_ms(2'100);
        h.crash(1);
        fail_over(h);
        h.at_ms(22'000);
        h.start(1);
        h.follow(1, 1, 2);
        h.truncate(1, 0);
        h.judge(2);
        CHECK(h.only_cause() == Cause::leader_crash_before_replication);
        const report::BatchLoss& how = h.judgement().losses[0].how;
        CHECK(ms(how.lost_at) == doctest::Approx(22'000).epsilon(0.0001));
        CHECK(ms(how.no_way_back_at) == doctest::Approx(2'100).epsilon(0.0001));
    }

    TEST_CASE("leadership moves by plan before a follower has fetched") {
        for (const bool controlled : {true, false}) {
            HandHistory h;
            lonely_ack(h);
            h.at_ms(5'000);
            if (controlled) h.shut_down(1);
            h.elect(2, 1, {1, 2, 3});
            h.lead(2, 1);
            h.follow(1, 1, 2);
            h.truncate(1, 0);
            h.judge(2);
            CHECK(h.only_cause() == Cause::planned_leader_move_before_replication);
        }
    }

    TEST_CASE("an isolated leader that is fenced has failed, though its process runs") {
        HandHistory h;
        lonely_ack(h);
        fail_over(h);
        h.at_ms(20'000);
        h.follow(1, 1, 2);
        h.truncate(1, 0);
        h.judge(2);
        CHECK(h.only_cause() == Cause::leader_crash_before_replication);
        CHECK(ms(h.judgement().losses[0].how.no_way_back_at) ==
              doctest::Approx(11'000).epsilon(0.0001));
    }

    TEST_CASE("a leader that was cut off is not said to have failed") {
        HandHistory h;
        lonely_ack(h);
        fail_over(h);
        h.judge(2);
        const report::BatchLoss& how = h.judgement().losses[0].how;
        CHECK(how.cut_off);
        CHECK(report::sentence(how.cause, how.cut_off).en.find("cut off and replaced") !=
              std::string::npos);

        HandHistory crashed;
        lonely_ack(crashed);
        crashed.crash(1);
        crashed.at_ms(3'000);
        crashed.start(1);
        fail_over(crashed);
        crashed.judge(2);
        const report::BatchLoss& other = crashed.judgement().losses[0].how;
        CHECK(other.cause == Cause::leader_crash_before_replication);
        CHECK_FALSE(other.cut_off);
        CHECK(report::sentence(other.cause, other.cut_off).en == report::sentence(other.cause).en);
    }

    TEST_CASE("a broker that leads without it long after it was overruled decided nothing") {
        HandHistory h;
        lonely_ack(h);
        h.at_ms(2'100);
        h.crash(1, true);
        h.lose_bytes(1, 0);
        fail_over(h);
        h.at_ms(20'000);
        h.start(1);
        h.follow(1, 1, 2);
        h.at_ms(30'000);
        h.crash(2);
        h.at_ms(37'000);
        h.fence(2);
        h.elect(1, 2, {1, 3});
        h.lead(1, 2);
        h.judge(1);
        CHECK(h.only_cause() == Cause::leader_crash_before_replication);
    }

    TEST_CASE("an unclean election passes over a copy that a disk still holds") {
        HandHistory h(HandHistory::Options{.acks = "all"});
        h.commit(1, 0, {1});
        lonely_ack(h);
        h.at_ms(5'000);
        h.crash(1);
        fail_over(h, false);
        h.judge(2);
        CHECK(h.only_cause() == Cause::unclean_election);
        CHECK(ms(h.judgement().losses[0].how.lost_at) == doctest::Approx(11'000).epsilon(0.0001));
    }

    TEST_CASE("a broker that no longer leads acknowledges") {
        HandHistory h;
        h.world(WorldKind::process_pause, 1);
        fail_over(h);
        h.at_ms(15'000);
        h.world(WorldKind::process_resume, 1);
        lonely_ack(h);
        h.follow(1, 1, 2);
        h.truncate(1, 0);
        h.judge(2);
        CHECK(h.only_cause() == Cause::zombie_leader_ack);
        const report::Loss& loss = h.judgement().losses[0];
        // It could never be read: the way back was closed when it was promised.
        CHECK(loss.how.no_way_back_at <= loss.acked_at);
    }

    TEST_CASE("acks=all with an ISR of one, and that one loses power") {
        HandHistory h(HandHistory::Options{.acks = "all"});
        h.commit(1, 0, {1});
        lonely_ack(h);
        h.crash(1, true);
        h.lose_bytes(1, 0);
        h.start(1);
        h.elect(1, 1, {1});
        h.lead(1, 1);
        h.judge(1);
        CHECK(h.only_cause() == Cause::isr_of_one_then_failure);
    }

    TEST_CASE("two replicas lose it to power") {
        HandHistory h(HandHistory::Options{.acks = "all"});
        replicated_ack(h);
        for (const int broker : {1, 2, 3}) {
            h.crash(broker, true);
            h.lose_bytes(broker, 0);
        }
        for (const int broker : {1, 2, 3}) h.start(broker);
        h.elect(1, 1, {1, 2, 3});
        h.lead(1, 1);
        h.judge(1);
        CHECK(h.only_cause() == Cause::correlated_power_loss);
    }

    TEST_CASE(
        "the last replica standing loses it to power, then leads the others into cutting it") {
        HandHistory h(HandHistory::Options{.acks = "all", .min_isr = 2});
        replicated_ack(h);
        h.commit(1, 0, {1});
        h.crash(1, true);
        h.lose_bytes(1, 0);
        h.elect(std::nullopt, 1, {1});
        h.start(1);
        h.elect(1, 2, {1});
        h.lead(1, 2);
        h.follow(2, 2, 1);
        h.truncate(2, 0);
        h.follow(3, 2, 1);
        h.truncate(3, 0);
        h.judge(1);
        CHECK(h.only_cause() == Cause::page_cache_lost);
    }

    TEST_CASE(
        "a leader that loses power and never leads again lost by the crash, not by its cache") {
        HandHistory h;
        lonely_ack(h);
        h.crash(1, true);
        h.lose_bytes(1, 0);
        fail_over(h);
        h.judge(2);
        CHECK(h.only_cause() == Cause::leader_crash_before_replication);
    }

    TEST_CASE("an empty disk on the only ISR member") {
        HandHistory h(HandHistory::Options{.acks = "all"});
        h.commit(1, 0, {1});
        lonely_ack(h);
        h.crash(1);
        h.wipe(1);
        h.start(1);
        h.elect(1, 1, {1});
        h.lead(1, 1);
        h.judge(1);
        CHECK(h.only_cause() == Cause::disk_wiped);
    }

    TEST_CASE("a wiped replica that then leads the others into cutting it") {
        HandHistory h(HandHistory::Options{.acks = "all"});
        replicated_ack(h);
        h.commit(1, 0, {1});
        h.wipe(1);
        h.elect(1, 1, {1});
        h.lead(1, 1);
        h.follow(2, 1, 1);
        h.truncate(2, 0);
        h.follow(3, 1, 1);
        h.truncate(3, 0);
        h.judge(1);
        CHECK(h.only_cause() == Cause::disk_wiped);
    }

    TEST_CASE("an unclean election of a wiped replica, where others still hold it, is unclean") {
        for (const bool clean : {true, false}) {
            HandHistory h;
            replicated_ack(h);
            h.at_ms(2'000);
            h.crash(2);
            h.wipe(2);
            h.start(2);
            h.at_ms(5'000);
            h.crash(1);
            fail_over(h, clean);
            h.start(1);
            h.follow(1, 1, 2);
            h.truncate(1, 0);
            h.follow(3, 1, 2);
            h.truncate(3, 0);
            h.judge(2);
            CHECK(h.only_cause() == (clean ? Cause::disk_wiped : Cause::unclean_election));
        }
    }

    TEST_CASE("a change of the ISR after the leader lost it is no leadership that overrules it") {
        HandHistory h(HandHistory::Options{.acks = "all", .min_isr = 2});
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.append(2, batch);
        h.ack(batch, 0);
        h.at_ms(5'000);
        h.crash(1, true);
        h.lose_bytes(1, 0);
        h.commit(1, 0, {1});
        h.at_ms(15'000);
        h.elect(std::nullopt, 1, {});
        h.start(1);
        h.elect(1, 2, {1}, false);
        h.lead(1, 2);
        h.follow(2, 2, 1);
        h.truncate(2, 0);
        h.judge(1);
        CHECK(h.only_cause() == Cause::unclean_election);
    }

    TEST_CASE("an ISR member cuts what its leader has, then leads") {
        HandHistory h(HandHistory::Options{.acks = "all"});
        replicated_ack(h);
        h.follow(2, 0, 1);
        h.truncate(2, 0);
        h.crash(1);
        fail_over(h);
        h.follow(3, 1, 2);
        h.truncate(3, 0);
        h.judge(2);
        CHECK(h.only_cause() == Cause::epoch_lookup_truncation);
    }

    TEST_CASE("recovery that cuts a log that lost no power found damage") {
        HandHistory h(HandHistory::Options{.acks = "all"});
        h.commit(1, 0, {1});
        lonely_ack(h);
        h.crash(1);
        h.start(1);
        h.recover(1, 0);
        h.elect(1, 1, {1});
        h.lead(1, 1);
        h.judge(1);
        CHECK(h.only_cause() == Cause::disk_corrupted);
    }

    TEST_CASE("recovery that cuts a log after a loss of power belongs to the loss of power") {
        HandHistory h(HandHistory::Options{.acks = "1"});
        h.commit(1, 0, {1});
        lonely_ack(h);
        h.crash(1, true);
        h.start(1);
        h.recover(1, 0);
        h.elect(1, 1, {1});
        h.lead(1, 1);
        h.judge(1);
        CHECK(h.only_cause() == Cause::page_cache_lost);
    }

    TEST_CASE("what no cause explains is called other, not made up") {
        HandHistory h(HandHistory::Options{.acks = "all"});
        replicated_ack(h);
        for (const int broker : {1, 2, 3}) h.truncate(broker, 0);
        h.judge(1);
        CHECK(h.only_cause() == Cause::other);
    }

    TEST_CASE("every cause has a name and a sentence of its own") {
        std::set<std::string_view> names;
        std::set<std::string> sentences;
        for (int i = 0; i < report::kCauses; ++i) {
            names.insert(report::name(static_cast<Cause>(i)));
            sentences.insert(report::sentence(static_cast<Cause>(i)).en);
        }
        CHECK(names.size() == report::kCauses);
        CHECK(sentences.size() == report::kCauses);
    }
}

TEST_SUITE("report.chain") {
    TEST_CASE("the chain of a lost record goes from send to its last copy's end, in order") {
        HandHistory h;
        h.at_ms(2'000);
        lonely_ack(h);
        h.at_ms(2'100);
        h.crash(1);
        fail_over(h);
        h.at_ms(12'000);
        const auto next = h.send(2, 2);
        h.append(2, next, 1, true);
        h.ack(next, 0, 2, 1);
        h.at_ms(22'000);
        h.start(1);
        h.follow(1, 1, 2);
        h.truncate(1, 0);
        h.judge(2);
        const report::Loss& loss = h.judgement().losses[0];
        const auto chain = report::chain_of(h.history(), h.histories(), 0, loss.number, loss.how);
        CHECK(names_of(chain) == std::vector<std::string_view>{
                                     "record.queued", "produce.send", "log.append", "produce.ack",
                                     "process.crash", "broker.fenced", "leader.elect", "log.append",
                                     "process.start", "log.truncate"});
        CHECK(std::is_sorted(chain.begin(), chain.end(),
                             [](const auto& a, const auto& b) { return a.at < b.at; }));
        CHECK(chain[3].promise);
        CHECK(chain[4].no_way_back);
        CHECK(chain.back().last_copy);
        CHECK(chain[2].text.en.find("copies: b1") != std::string::npos);
        CHECK(chain[6].text.en.find("it lacks the record") != std::string::npos);
        CHECK(chain[7].text.en.find("p1#2 at offset 0") != std::string::npos);
        CHECK(chain.back().text.en.find("copies: none") != std::string::npos);
    }

    TEST_CASE("a record that is kept has a chain too, and it ends well") {
        HandHistory h;
        replicated_ack(h);
        h.judge(1);
        const auto chain =
            report::chain_of(h.history(), h.histories(), 0, core::RecordNumber(1), std::nullopt);
        CHECK(names_of(chain) == std::vector<std::string_view>{"record.queued", "produce.send",
                                                               "log.append", "log.append",
                                                               "log.append", "produce.ack"});
        // Each step tells of what is there behind it, not of what comes later at the same moment.
        CHECK(chain[2].text.en.find("copies: b1") != std::string::npos);
        CHECK(chain[2].text.en.find("b2") == std::string::npos);
        CHECK(chain[3].text.en.find("copies: b1, b2") != std::string::npos);
        CHECK(chain[3].text.en.find("b3") == std::string::npos);
        CHECK(chain[4].text.en.find("copies: b1, b2, b3") != std::string::npos);
        for (const report::ChainLink& link : chain) CHECK_FALSE(link.last_copy);
    }

    TEST_CASE("disks that one step empties are told of one by one, and the last is the last") {
        HandHistory h;
        replicated_ack(h);
        h.at_ms(2'000);
        for (const int broker : {1, 2, 3}) h.crash(broker);
        h.together([&] {
            for (const int broker : {1, 2, 3}) h.wipe(broker);
        });
        h.judge(std::nullopt);
        const report::Loss& loss = h.judgement().losses[0];
        const auto chain = report::chain_of(h.history(), h.histories(), 0, loss.number, loss.how);
        std::vector<std::string> wipes;
        for (const report::ChainLink& link : chain)
            if (link.name == "disk.wiped") wipes.push_back(link.text.en);
        REQUIRE(wipes.size() == 3);
        CHECK(wipes[0].find("copies: b2, b3") != std::string::npos);
        CHECK(wipes[1].find("copies: b3") != std::string::npos);
        CHECK(wipes[2].find("copies: none") != std::string::npos);
        CHECK(std::count_if(chain.begin(), chain.end(),
                            [](const report::ChainLink& l) { return l.last_copy; }) == 1);
        CHECK(chain.back().last_copy);
    }

    TEST_CASE("a record that is sent to whom was replaced says so") {
        HandHistory h;
        fail_over(h);
        h.at_ms(12'000);
        const auto late = h.send(1);
        h.fail(late, core::ErrorCode::not_leader_or_follower);
        h.judge(2);
        const auto chain =
            report::chain_of(h.history(), h.histories(), 0, core::RecordNumber(0), std::nullopt);
        REQUIRE(chain.size() == 3);
        CHECK(chain[1].text.en.find("which does not lead (b2 does)") != std::string::npos);
    }

    TEST_CASE("the promise stands where it was given, not where the client heard of it") {
        HandHistory h;
        const auto batch = h.send(1);
        h.append(1, batch, 0, true);
        h.answer(batch, 0);
        h.crash(1);
        h.wipe(1);
        h.hear(batch, 0);
        h.judge(std::nullopt);
        const report::Loss& loss = h.judgement().losses[0];
        const auto chain = report::chain_of(h.history(), h.histories(), 0, loss.number, loss.how);
        CHECK(names_of(chain) == std::vector<std::string_view>{"record.queued", "produce.send",
                                                               "log.append", "produce.ack",
                                                               "process.crash", "disk.wiped"});
        CHECK(chain[3].promise);
    }

    TEST_CASE("a record that never left the client has none") {
        HandHistory h;
        h.refuse(core::ErrorCode::buffer_exhausted);
        h.judge(1);
        CHECK(report::chain_of(h.history(), h.histories(), 0, core::RecordNumber(0), std::nullopt)
                  .empty());
    }
}

}  // namespace
