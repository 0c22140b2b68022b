#include "sim/network.h"

#include <doctest/doctest.h>

#include "tests/sim/lan.h"

namespace {

using namespace test;

TEST_SUITE("sim.network") {
    TEST_CASE("opening takes a round trip, a message one latency") {
        Lan lan;
        const auto connection = lan.open(0, 1);
        CHECK(lan.run_to(ms(20)) == Seen{"20ms 1: connected"});
        lan.send(connection, 0, 1);
        lan.send(connection, 0, 2);
        CHECK(lan.run_to(ms(100)) == Seen{"30ms 2: message 1", "30ms 2: message 2"});
    }

    TEST_CASE("no process: refused after a round trip; no power: silence") {
        Lan lan;
        lan.network.process_down(1, InFlightFate::deliver);
        lan.network.power_off(2, InFlightFate::drop);
        lan.open(0, 1);
        lan.open(0, 2);
        CHECK(lan.run_to(ms(1'000)) == Seen{"20ms 1: refused"});
        // Power comes back: the handshake that was repeated meanwhile is refused.
        lan.network.power_on(2);
        CHECK(lan.run_to(ms(2'000)) == Seen{"1010ms 1: refused"});
        CHECK(lan.network.open_connections() == 0);
    }

    TEST_CASE("a dead process resets its connections behind what it had sent") {
        Lan lan;
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.send(connection, 1, 5);
        lan.send(connection, 0, 6);
        lan.run_to(ms(22));
        lan.network.process_down(1, InFlightFate::deliver);
        CHECK(lan.run_to(ms(100)) == Seen{"30ms 1: message 5", "32ms 1: reset"});
        CHECK(lan.network.open_connections() == 0);
        CHECK(lan.network.items_in_flight() == 0);
    }

    TEST_CASE("with drop what was in flight is lost and only the reset arrives") {
        Lan lan;
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.send(connection, 1, 5);
        lan.network.process_down(1, InFlightFate::drop);
        CHECK(lan.run_to(ms(100)) == Seen{"30ms 1: reset"});
    }

    TEST_CASE("what would have left after the death has not left") {
        Lan lan;
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.send_at(connection, 1, 5, lan.kernel.now());
        lan.send_at(connection, 1, 6, lan.kernel.now() + ms(3));
        lan.run_to(ms(21));
        lan.network.process_down(1, InFlightFate::deliver);
        CHECK(lan.run_to(ms(100)) == Seen{"30ms 1: message 5", "31ms 1: reset"});
    }

    TEST_CASE("a pause withholds what had not left, and only that") {
        Lan lan;
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.send_at(connection, 1, 5, lan.kernel.now());
        lan.send_at(connection, 1, 6, lan.kernel.now() + ms(3));
        lan.run_to(ms(21));
        lan.network.pause(1);
        CHECK(lan.run_to(ms(121)) == Seen{"30ms 1: message 5"});
        lan.network.resume(1);
        CHECK(lan.run_to(ms(200)) == Seen{"133ms 1: message 6"});
    }

    TEST_CASE("the kernel of a paused process accepts, and what comes waits in its sockets") {
        Lan lan;
        lan.network.pause(1);
        lan.run_to(ms(5));
        const auto connection = lan.open(0, 1);
        CHECK(lan.run_to(ms(30)) == Seen{"25ms 1: connected"});
        lan.send(connection, 0, 1);
        CHECK(lan.run_to(ms(100)) == Seen{"40ms 2: message 1"});
        lan.network.resume(1);
        lan.send(connection, 1, 2);
        CHECK(lan.run_to(ms(200)) == Seen{"110ms 1: message 2"});
    }

    TEST_CASE("a process that dies in its pause had accepted; one that is starting refuses") {
        Lan lan;
        lan.network.pause(1);
        lan.open(0, 1);
        lan.run_to(ms(15));
        lan.network.process_down(1, InFlightFate::deliver);
        CHECK(lan.run_to(ms(100)) == Seen{"20ms 1: connected", "25ms 1: reset"});
        lan.network.pause(1);
        lan.run_to(ms(110));
        lan.open(0, 1);
        CHECK(lan.run_to(ms(200)) == Seen{"130ms 1: refused"});
    }

    TEST_CASE("a paused process's machine resets what it no longer knows") {
        Lan lan;
        const auto idle = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.network.power_off(1, InFlightFate::drop);
        lan.network.power_on(1);
        lan.network.process_up(1);
        lan.network.pause(1);
        lan.run_to(ms(30));
        lan.send(idle, 0, 1);
        CHECK(lan.run_to(ms(100)) == Seen{"50ms 1: reset"});
    }

    TEST_CASE("loss of power is silent; power resets whoever had something outstanding") {
        Lan lan;
        const auto asks = lan.open(0, 1);
        const auto idle = lan.open(2, 1);
        lan.run_to(ms(20));
        lan.network.power_off(1, InFlightFate::drop);
        lan.send(asks, 0, 1);
        CHECK(lan.run_to(ms(500)).empty());
        lan.network.power_on(1);
        CHECK(lan.run_to(ms(600)) == Seen{"510ms 1: reset"});
        // The idle peer learns it when it speaks.
        lan.send(idle, 2, 1);
        CHECK(lan.run_to(ms(700)) == Seen{"620ms 3: reset"});
    }

    TEST_CASE("a cut direction holds its bytes in order; the other goes on") {
        Lan lan;
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.send(connection, 0, 1);
        lan.run_to(ms(25));
        lan.network.cut(0, 1);
        lan.send(connection, 0, 2);
        lan.send(connection, 1, 3);
        CHECK(lan.run_to(ms(100)) == Seen{"35ms 1: message 3"});
        lan.network.mend(0, 1);
        lan.send(connection, 0, 4);
        CHECK(lan.run_to(ms(200)) ==
              Seen{"110ms 2: message 1", "110ms 2: message 2", "110ms 2: message 4"});
    }

    TEST_CASE("a direction is cut while any cut covers it") {
        Lan lan;
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.network.cut(0, 1);
        lan.network.cut(0, 1);
        lan.send(connection, 0, 1);
        lan.network.mend(0, 1);
        CHECK(lan.run_to(ms(100)).empty());
        lan.network.mend(0, 1);
        CHECK(lan.run_to(ms(200)) == Seen{"110ms 2: message 1"});
    }

    TEST_CASE("an end that closes meanwhile: what was held is gone, the reset arrives") {
        Lan lan;
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.network.cut(0, 1);
        lan.send(connection, 0, 1);
        lan.run_to(ms(50));
        lan.network.close(connection, 0, lan.kernel.now());
        lan.run_to(ms(100));
        lan.network.mend(0, 1);
        CHECK(lan.run_to(ms(200)) == Seen{"110ms 2: reset"});
    }

    TEST_CASE("a cut holds a handshake, which completes one latency after each mending") {
        Lan lan;
        lan.network.cut(0, 1);
        lan.network.cut(1, 0);
        lan.open(0, 1);
        lan.run_to(ms(50));
        lan.network.mend(0, 1);
        CHECK(lan.run_to(ms(100)).empty());
        lan.network.mend(1, 0);
        CHECK(lan.run_to(ms(200)) == Seen{"110ms 1: connected"});
    }

    TEST_CASE("an opener that gave up is not connected when the cut ends") {
        Lan lan;
        lan.network.cut(0, 1);
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(50));
        lan.network.close(connection, 0, lan.kernel.now());
        lan.network.mend(0, 1);
        CHECK(lan.run_to(ms(200)).empty());
        CHECK(lan.network.open_connections() == 0);
    }

    TEST_CASE("closing tells the other end behind what was sent") {
        Lan lan;
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.send(connection, 0, 1);
        lan.send(connection, 1, 2);
        lan.network.close(connection, 0, lan.kernel.now());
        CHECK(lan.run_to(ms(100)) == Seen{"30ms 2: message 1", "30ms 2: reset"});
    }

    TEST_CASE("nothing overtakes within a direction, whatever the latencies drawn") {
        scenario::LinkModel model;
        model.latency = scenario::Distribution::lognormal(Duration(400'000), ms(30));
        model.loss = Ratio{1, 5};
        Lan lan(model);
        const auto connection = lan.open(0, 1);
        while (lan.run_to(lan.kernel.now().time_since_epoch() + ms(10)).empty()) {
        }
        for (std::uint32_t i = 0; i < 200; ++i) lan.send(connection, 0, i);
        const Seen seen = lan.run_to(lan.kernel.now().time_since_epoch() + from_ms(1'000'000));
        REQUIRE(seen.size() == 200);
        for (std::uint32_t i = 0; i < 200; ++i) CHECK(seen[i].ends_with(concat("message ", i)));
    }

    TEST_CASE("a produce request's latency depends on its record and attempt alone") {
        const auto arrival_of = [](int others) {
            scenario::LinkModel model;
            model.latency = scenario::Distribution::lognormal(ms(1), ms(50));
            Lan lan(model);
            const auto connection = lan.open(0, 1);
            const auto busy = lan.open(2, 1);
            lan.run_to(from_ms(10'000));
            for (int i = 0; i < others; ++i) lan.send(busy, 2, static_cast<std::uint32_t>(i) + 100);
            lan.network.send(connection, 0, CorrelationId(0),
                             ProduceRequest{Acks::leader, ms(1), {}, RecordNumber(41), 0},
                             lan.kernel.now());
            Seen seen;
            for (const std::string& each : lan.run_to(from_ms(20'000)))
                if (each.find("message 0") != std::string::npos) seen.push_back(each);
            return seen.back();
        };
        CHECK(arrival_of(0) == arrival_of(1));
    }

    TEST_CASE("bandwidth makes messages wait for each other") {
        scenario::LinkModel model = Lan::fixed(ms(10));
        model.bytes_per_second = size_bytes(Message(MetadataRequest{})) * 100;
        Lan lan(model);
        const auto connection = lan.open(0, 1);
        lan.run_to(ms(20));
        lan.send(connection, 0, 1);
        lan.send(connection, 0, 2);
        CHECK(lan.run_to(ms(100)) == Seen{"40ms 2: message 1", "50ms 2: message 2"});
    }
}

}  // namespace
