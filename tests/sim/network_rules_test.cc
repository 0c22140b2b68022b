// Single messages, held at the door of their receiver or dropped there.
#include <doctest/doctest.h>

#include "tests/sim/lan.h"

namespace {

using namespace test;
using sim::MessageFate;

/// From the first host to the second.
bool there(HostIndex from, HostIndex to, const Message&) {
    return from == 0 && to == 1;
}
bool anywhere(HostIndex, HostIndex, const Message&) {
    return true;
}

/// With a connection from the first host to the second, established at 20 ms.
struct Connected : Lan {
    Connected() : connection(open(0, 1)) { run_to(ms(20)); }
    ConnectionId connection;
};

TEST_SUITE("sim.network-rules") {
    TEST_CASE("a held message waits at the door, and what stands behind it waits too") {
        Connected lan;
        const auto rule = lan.network.add_rule(MessageFate::held, 1, there);
        lan.send(lan.connection, 0, 1);
        lan.send(lan.connection, 0, 2);
        lan.send(lan.connection, 1, 3);
        CHECK(lan.run_to(ms(100)) == Seen{"30ms 1: message 3"});
        const auto tally = lan.network.remove_rule(rule);
        CHECK(lan.run_to(ms(200)) == Seen{"100ms 2: message 1", "100ms 2: message 2"});
        CHECK(tally.met == 1);
        CHECK(tally.arrived == 1);
        CHECK(tally.gone == 0);
    }

    TEST_CASE("another connection between the same two goes on") {
        Connected lan;
        const auto other = lan.open(0, 1);
        lan.run_to(ms(50));
        lan.network.add_rule(MessageFate::held, 1, there);
        lan.send(lan.connection, 0, 1);
        lan.run_to(ms(60));
        lan.send(other, 0, 2);
        CHECK(lan.run_to(ms(100)) == Seen{"70ms 2: message 2"});
    }

    TEST_CASE("what was on its way when the rule began is held") {
        Connected lan;
        lan.send(lan.connection, 0, 1);
        lan.run_to(ms(29));
        lan.network.add_rule(MessageFate::held, std::nullopt, there);
        CHECK(lan.run_to(ms(100)).empty());
    }

    TEST_CASE("released messages go one by one, the oldest first, also from one connection") {
        Connected lan;
        const auto other = lan.open(2, 1);
        lan.run_to(ms(50));
        const auto rule = lan.network.add_rule(MessageFate::held, std::nullopt, anywhere);
        lan.send(lan.connection, 0, 1);
        lan.run_to(ms(51));
        lan.send(other, 2, 2);
        lan.run_to(ms(52));
        lan.send(lan.connection, 0, 3);
        CHECK(lan.run_to(ms(100)).empty());
        CHECK(lan.network.release_held(rule, 1) == 1);
        CHECK(lan.run_to(ms(200)) == Seen{"100ms 2: message 1"});
        CHECK(lan.network.release_held(rule, 2) == 2);
        CHECK(lan.run_to(ms(300)) == Seen{"200ms 2: message 2", "200ms 2: message 3"});
        CHECK(lan.network.release_held(rule, 1) == 0);
        lan.send(lan.connection, 0, 4);
        CHECK(lan.run_to(ms(400)).empty());
        CHECK(lan.network.release_held(rule, std::nullopt) == 1);
        CHECK(lan.run_to(ms(500)) == Seen{"400ms 2: message 4"});
    }

    TEST_CASE("several go at once from one connection, and the rest stays") {
        Connected lan;
        const auto rule = lan.network.add_rule(MessageFate::held, std::nullopt, there);
        for (std::uint32_t i = 1; i <= 4; ++i) lan.send(lan.connection, 0, i);
        lan.run_to(ms(100));
        CHECK(lan.network.release_held(rule, 2) == 2);
        CHECK(lan.run_to(ms(200)) == Seen{"100ms 2: message 1", "100ms 2: message 2"});
        const auto tally = lan.network.remove_rule(rule);
        CHECK(lan.run_to(ms(300)) == Seen{"200ms 2: message 3", "200ms 2: message 4"});
        CHECK(tally.met == 3);
        CHECK(tally.arrived == 3);
    }

    TEST_CASE("an end that goes takes held messages with it, and only the reset arrives") {
        for (const bool crash : {false, true}) {
            CAPTURE(crash);
            Connected lan;
            const auto rule = lan.network.add_rule(MessageFate::held, std::nullopt, there);
            lan.send(lan.connection, 0, 1);
            lan.send(lan.connection, 0, 2);
            lan.run_to(ms(50));
            if (crash)
                lan.network.process_down(0, InFlightFate::deliver);
            else
                lan.network.close(lan.connection, 0, lan.kernel.now());
            CHECK(lan.run_to(ms(100)) == Seen{"60ms 2: reset"});
            const auto tally = lan.network.remove_rule(rule);
            CHECK(tally.met == 1);
            CHECK(tally.gone == 1);
            CHECK(lan.run_to(ms(200)).empty());
            CHECK(lan.network.items_in_flight() == 0);
        }
    }

    TEST_CASE("a receiver that dies takes them too") {
        Connected lan;
        const auto rule = lan.network.add_rule(MessageFate::held, std::nullopt, there);
        lan.send(lan.connection, 0, 1);
        lan.run_to(ms(50));
        lan.network.process_down(1, InFlightFate::deliver);
        CHECK(lan.run_to(ms(100)) == Seen{"60ms 1: reset"});
        CHECK(lan.network.release_held(rule, std::nullopt) == 0);
        CHECK(lan.network.remove_rule(rule).gone == 1);
    }

    TEST_CASE("held in a cut, it waits for both") {
        Connected lan;
        const auto rule = lan.network.add_rule(MessageFate::held, std::nullopt, there);
        lan.send(lan.connection, 0, 1);
        lan.run_to(ms(50));
        lan.network.cut(0, 1);
        CHECK(lan.network.release_held(rule, 1) == 1);
        CHECK(lan.run_to(ms(100)).empty());
        lan.network.mend(0, 1);
        CHECK(lan.run_to(ms(200)) == Seen{"110ms 2: message 1"});
    }

    TEST_CASE("a dropped request is as if never answered: later answers are not heard") {
        Connected lan;
        const auto rule = lan.network.add_rule(MessageFate::dropped, 1, there);
        lan.send(lan.connection, 0, 1);
        lan.send(lan.connection, 0, 2);
        CHECK(lan.run_to(ms(40)) == Seen{"30ms 2: loses one from 1", "30ms 2: message 2"});
        lan.answer(lan.connection, 1, 2);
        CHECK(lan.run_to(ms(100)) == Seen{"50ms 1: loses one from 2"});
        CHECK(lan.network.remove_rule(rule).met == 1);
        lan.network.close(lan.connection, 0, lan.kernel.now());
        CHECK(lan.run_to(ms(200)) == Seen{"110ms 2: reset"});
        CHECK(lan.network.items_in_flight() == 0);
    }

    TEST_CASE("answers of earlier requests arrive though a later request was dropped") {
        Connected lan;
        lan.send(lan.connection, 0, 1);
        lan.run_to(ms(30));
        lan.network.add_rule(MessageFate::dropped, std::nullopt, there);
        lan.send(lan.connection, 0, 2);
        lan.run_to(ms(40));
        lan.answer(lan.connection, 1, 1);
        CHECK(lan.run_to(ms(100)) == Seen{"50ms 1: message 1"});
    }

    TEST_CASE("a dropped acks=0 request silences no answer") {
        Connected lan;
        lan.network.add_rule(MessageFate::dropped, 1, there);
        lan.network.send(lan.connection, 0, CorrelationId(1),
                         ProduceRequest{Acks::none, ms(1), {}, RecordNumber(0), 0},
                         lan.kernel.now());
        lan.send(lan.connection, 0, 2);
        CHECK(lan.run_to(ms(40)) == Seen{"30ms 2: loses one from 1", "30ms 2: message 2"});
        lan.answer(lan.connection, 1, 2);
        CHECK(lan.run_to(ms(100)) == Seen{"50ms 1: message 2"});
    }

    TEST_CASE("the first rule that matches decides, and what it lets go no rule meets again") {
        Connected lan;
        const auto hold = lan.network.add_rule(MessageFate::held, std::nullopt, there);
        lan.network.add_rule(MessageFate::dropped, std::nullopt, there);
        lan.send(lan.connection, 0, 1);
        lan.send(lan.connection, 0, 2);
        CHECK(lan.run_to(ms(100)).empty());
        CHECK(lan.network.release_held(hold, 1) == 1);
        CHECK(lan.run_to(ms(200)) == Seen{"100ms 2: message 1"});
        // The end of the rule leaves what it held to the next one.
        lan.network.remove_rule(hold);
        CHECK(lan.run_to(ms(300)) == Seen{"200ms 2: loses one from 1"});
    }
}

}  // namespace
