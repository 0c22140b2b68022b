// How a broker goes on after a heartbeat that failed, and what its clean stop leaves behind.
#include <doctest/doctest.h>

#include <vector>

#include "core/base/text.h"
#include "core/broker/lifecycle.h"
#include "core/log/checkpoint.h"
#include "tests/core/broker_stack.h"
#include "tests/core/effect_list.h"

namespace {

using namespace core;

/// Waits between refused registrations, in whole ms.
std::vector<std::int64_t> waits(const char* kafka, std::size_t count) {
    const Profile& profile = *find_profile(kafka)->profile;
    BrokerConfig config;
    config.initial_broker_registration_timeout = from_ms(600'000);
    BrokerLifecycle lifecycle(NodeId(1), 1, profile, config);
    std::uint64_t next_connection = 1;
    MessagePool messages;
    Effects effects(&next_connection, messages);
    TimePoint now = at_ns(0);
    lifecycle.start(now, DirectoryId(1000), std::nullopt, effects);
    lifecycle.channel().set_controller(now, NodeId(100), effects);
    std::vector<std::int64_t> found;
    ConnectionId connection(0);
    while (found.size() < count) {
        std::optional<CorrelationId> asked;
        const std::vector<test::Effect> list = test::take_list(effects);
        for (const test::Effect& effect : list) {
            if (const auto* open = std::get_if<test::OpenEffect>(&effect))
                connection = open->connection;
            if (const auto* send = std::get_if<test::SendEffect>(&effect))
                asked = send->correlation;
        }
        if (!asked) {
            lifecycle.channel().on_connected(now, effects);
            continue;
        }
        const Received refusal{
            connection, NodeId(100), *asked,
            BrokerRegistrationResponse{ErrorCode::duplicate_broker_registration, {}}};
        lifecycle.on_response(now, refusal, effects);
        const TimePoint next = lifecycle.next_deadline().value();
        found.push_back(to_ms(next - now));
        now = next;
        lifecycle.on_woken(now, effects);
    }
    return found;
}

/// Within the jitter of 2 %.
void check_about(const std::vector<std::int64_t>& seen, const std::vector<std::int64_t>& wanted) {
    REQUIRE(seen.size() == wanted.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
        CAPTURE(i);
        CHECK(seen[i] >= wanted[i] * 98 / 100 - 1);
        CHECK(seen[i] <= wanted[i] * 102 / 100 + 1);
    }
}

}  // namespace

TEST_SUITE("core.broker_lifecycle") {
    TEST_CASE(
        "failures double the wait up to a session, in 4.0 to half of it; 4.1 keeps the pace") {
        for (const char* kafka : {"3.6", "3.9"})
            check_about(waits(kafka, 9), {100, 200, 400, 800, 1'600, 3'200, 6'400, 9'000, 9'000});
        check_about(waits("4.0", 9), {100, 200, 400, 800, 1'600, 3'200, 4'500, 4'500, 4'500});
        CHECK(waits("4.1", 3) == std::vector<std::int64_t>{2'000, 2'000, 2'000});
    }

    TEST_CASE("a clean stop leaves its broker epoch in the marker, from 3.7 on") {
        for (const char* kafka : {"3.6", "3.9", "4.1"}) {
            CAPTURE(kafka);
            test::Stack stack(2, {}, {}, kafka);
            stack.boot();
            const BrokerEpoch epoch = stack.controller().image().find_broker(NodeId(2))->epoch;
            stack.shut_down(2);
            stack.run_for(from_ms(5'000));
            REQUIRE(stack.disk(2).size(kCleanShutdown).has_value());
            const auto marker =
                parse_clean_shutdown(as_text(stack.disk(2).content(kCleanShutdown)));
            if (std::string_view(kafka) == "3.6") {
                CHECK(stack.disk(2).size(kCleanShutdown) == 0);
                CHECK_FALSE(marker.has_value());
            } else {
                CHECK(marker == epoch);
            }
        }
    }
}
