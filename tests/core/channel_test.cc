// One node's way to one peer: handshake, requests in flight, time-outs, back-off.

#include "core/step/channel.h"

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "tests/core/effect_list.h"

using namespace core;

namespace {

struct Fixture {
    std::uint64_t next_connection = 1;
    MessagePool messages;
    Effects effects{&next_connection, messages};
    ChannelOptions options;
    TimePoint now{};
    Channel channel{NodeId(1'000'000), NodeId(1), 42, options};

    void make_ready() {
        REQUIRE(channel.maybe_connect(now, effects));
        channel.on_connected(now);
    }
    CorrelationId send(std::uint64_t mark) {
        return channel.send(now, MetadataRequest{}, mark, effects);
    }
};

}  // namespace

TEST_SUITE("core.channel") {
    TEST_CASE("it opens once, and is ready when the handshake is done") {
        Fixture f;
        CHECK(f.channel.maybe_connect(f.now, f.effects));
        CHECK(f.channel.maybe_connect(f.now, f.effects));
        CHECK(test::take_list(f.effects).size() == 1);
        CHECK_FALSE(f.channel.can_send());
        f.channel.on_connected(f.now);
        CHECK(f.channel.can_send());
        CHECK_FALSE(f.channel.next_deadline());
    }

    TEST_CASE("at most in_flight_max requests, answered in order") {
        Fixture f;
        f.make_ready();
        std::vector<CorrelationId> sent;
        for (std::uint64_t mark = 0; mark < 5; ++mark) sent.push_back(f.send(mark));
        CHECK_FALSE(f.channel.can_send());
        CHECK_THROWS_AS(f.send(5), AssertionFailure);
        CHECK_THROWS_AS(f.channel.on_response(sent[1]), AssertionFailure);
        CHECK(f.channel.on_response(sent[0]).mark == 0);
        CHECK(f.channel.can_send());
    }

    TEST_CASE("a request that expects no response is not in flight") {
        Fixture f;
        f.make_ready();
        for (int i = 0; i < 9; ++i) f.channel.send_unanswered(MetadataRequest{}, f.effects);
        CHECK(f.channel.in_flight() == 0);
    }

    TEST_CASE("the connection goes when a request is strictly older than its time-out") {
        Fixture f;
        f.make_ready();
        f.send(1);
        f.now += from_ms(10);
        f.send(2);
        CHECK(f.channel.next_deadline() == at_ns(30'000'000'001));
        f.now = at_ns(30'000'000'000);
        CHECK_FALSE(f.channel.expire(f.now, f.effects).second);
        f.now += Duration(1);
        const auto [lost, closed] = f.channel.expire(f.now, f.effects);
        CHECK(closed);
        REQUIRE(lost.size() == 2);
        CHECK(lost[0].mark == 1);
        CHECK(lost[1].mark == 2);
        CHECK(std::holds_alternative<test::CloseEffect>(test::take_list(f.effects).back()));
        CHECK(f.channel.backing_off(f.now));
    }

    TEST_CASE("a request's own time-out counts before the channel's") {
        Fixture f;
        f.make_ready();
        f.channel.send(f.now, MetadataRequest{}, 1, f.effects, from_ms(100));
        f.channel.send(f.now, MetadataRequest{}, 2, f.effects);
        CHECK(f.channel.next_deadline() == at_ns(100'000'001));
        f.channel.on_response(CorrelationId(0));
        CHECK(f.channel.next_deadline() == at_ns(30'000'000'001));
    }

    TEST_CASE("the reconnect back-off doubles from 50 ms to 1 s, with 20 % of jitter") {
        Fixture f;
        std::int64_t base_ms = 50;
        for (int failure = 0; failure < 8; ++failure) {
            CAPTURE(failure);
            REQUIRE(f.channel.maybe_connect(f.now, f.effects));
            f.channel.on_lost(f.now);
            const std::int64_t wait_ms = to_ms(f.channel.backoff_ends() - f.now);
            CHECK(wait_ms >= base_ms * 8 / 10);
            CHECK(wait_ms <= std::min<std::int64_t>(base_ms * 12 / 10, 1'000));
            CHECK_FALSE(f.channel.maybe_connect(f.now, f.effects));
            f.now = f.channel.backoff_ends();
            base_ms = std::min<std::int64_t>(2 * base_ms, 1'000);
        }
        // An established connection forgets the failures.
        f.make_ready();
        f.channel.on_lost(f.now);
        CHECK(to_ms(f.channel.backoff_ends() - f.now) <= 60);
    }

    TEST_CASE("the handshake's time-out doubles with every one that came to nothing") {
        Fixture f;
        REQUIRE(f.channel.maybe_connect(f.now, f.effects));
        const std::int64_t first_ms = to_ms(*f.channel.next_deadline() - f.now);
        CHECK(first_ms >= 8'000);
        CHECK(first_ms <= 12'000);
        f.channel.on_lost(f.now);  // refused
        f.now = f.channel.backoff_ends();
        REQUIRE(f.channel.maybe_connect(f.now, f.effects));
        const std::int64_t second_ms = to_ms(*f.channel.next_deadline() - f.now);
        CHECK(second_ms >= 16'000);
        CHECK(second_ms <= 24'000);
        f.now = *f.channel.next_deadline();
        CHECK(f.channel.expire(f.now, f.effects).second);  // timed out
        f.now = f.channel.backoff_ends();
        REQUIRE(f.channel.maybe_connect(f.now, f.effects));
        CHECK(to_ms(*f.channel.next_deadline() - f.now) >= 24'000);
        CHECK(to_ms(*f.channel.next_deadline() - f.now) <= 30'000);
        f.channel.on_connected(f.now);
        f.channel.on_lost(f.now);
        f.now = f.channel.backoff_ends();
        REQUIRE(f.channel.maybe_connect(f.now, f.effects));
        CHECK(to_ms(*f.channel.next_deadline() - f.now) <= 12'000);
    }

    TEST_CASE("a disconnect counts as the last attempt") {
        Fixture f;
        CHECK_FALSE(f.channel.last_attempt());
        f.make_ready();
        CHECK(f.channel.last_attempt() == at_ns(0));
        f.now += from_ms(500);
        f.channel.on_lost(f.now);
        CHECK(f.channel.last_attempt() == f.now);
    }

    TEST_CASE("draws are keyed: another peer or seed has other jitter, the same one the same") {
        const auto ends = [](std::int32_t peer, std::uint64_t seed) {
            std::uint64_t next = 1;
            MessagePool messages;
            Effects effects(&next, messages);
            Channel channel(NodeId(9), NodeId(peer), seed, ChannelOptions{});
            channel.maybe_connect(at_ns(0), effects);
            channel.on_lost(at_ns(0));
            return channel.backoff_ends();
        };
        CHECK(ends(1, 42) == ends(1, 42));
        CHECK(ends(1, 42) != ends(2, 42));
        CHECK(ends(1, 42) != ends(1, 43));
    }

    TEST_CASE("an endless base does not overflow") {
        const std::uint64_t draw = keyed_draw(1, Purpose::check, {1});
        CHECK(exponential_backoff(Duration::max(), Duration::max(), 3, draw) <= Duration::max());
        CHECK(exponential_backoff(Duration::zero(), from_ms(1'000), 60, draw) == Duration::zero());
    }
}
