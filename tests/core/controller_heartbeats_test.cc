// Sessions of brokers and the state machine of heartbeats.
#include <doctest/doctest.h>

#include "core/controller/heartbeats.h"

namespace {

using namespace core;

constexpr Duration kTimeout = from_ms(9'000);
const NodeId kOne{1};
const NodeId kTwo{2};

TimePoint ms(std::int64_t at) {
    return at_ns(0) + from_ms(at);
}

BrokerHeartbeatRequest beat(NodeId broker, std::int64_t offset, bool want_fence = false,
                            bool want_shut_down = false) {
    return {broker, BrokerEpoch(1), MetadataOffset(offset), want_fence, want_shut_down, {}};
}

/// One broker in this state.
BrokerHeartbeats in_state(BrokerControlState state) {
    BrokerHeartbeats sessions(kTimeout);
    const bool fenced = state == BrokerControlState::fenced;
    sessions.register_broker(kOne, fenced, ms(0));
    if (state == BrokerControlState::controlled_shutdown)
        sessions.start_controlled_shutdown(kOne, MetadataOffset(50));
    return sessions;
}

}  // namespace

TEST_SUITE("core.heartbeats") {
    TEST_CASE("the heartbeat state machine") {
        using enum BrokerControlState;
        struct Case {
            BrokerControlState from;
            std::int64_t offset;
            bool want_fence;
            bool want_shut_down;
            bool leads;
            BrokerControlState to;
        };
        // Registered at offset 10.
        for (const Case& c : {
                 Case{fenced, 9, false, false, false, fenced},
                 Case{fenced, 10, false, false, false, unfenced},
                 Case{fenced, 10, true, false, false, fenced},
                 Case{fenced, 9, true, true, false, shutdown_now},
                 Case{unfenced, 10, false, false, true, unfenced},
                 Case{unfenced, 10, true, false, true, fenced},
                 Case{unfenced, 10, true, true, true, shutdown_now},
                 Case{unfenced, 10, false, true, true, controlled_shutdown},
                 Case{unfenced, 10, false, true, false, shutdown_now},
                 Case{controlled_shutdown, 10, false, true, true, controlled_shutdown},
                 Case{controlled_shutdown, 10, false, true, false, shutdown_now},
                 Case{controlled_shutdown, 10, false, false, true, controlled_shutdown},
             }) {
            const BrokerHeartbeats sessions = in_state(c.from);
            const auto states = sessions.next_state(
                beat(kOne, c.offset, c.want_fence, c.want_shut_down), MetadataOffset(10), c.leads);
            CHECK(states.current == c.from);
            CHECK(states.next == c.to);
        }
    }

    TEST_CASE("a shutdown waits until all active brokers have applied its offset") {
        BrokerHeartbeats sessions = in_state(BrokerControlState::controlled_shutdown);
        const auto next = [&] {
            return sessions.next_state(beat(kOne, 99, false, true), MetadataOffset(10), false).next;
        };
        sessions.register_broker(kTwo, false, ms(0));
        CHECK(next() == BrokerControlState::controlled_shutdown);
        sessions.touch(kTwo, false, MetadataOffset(49), ms(1));
        CHECK(next() == BrokerControlState::controlled_shutdown);
        sessions.touch(kTwo, false, MetadataOffset(50), ms(2));
        CHECK(next() == BrokerControlState::shutdown_now);
        // A change of its registration makes its offset unknown until the next heartbeat.
        sessions.register_broker(kTwo, false, ms(3));
        CHECK(next() == BrokerControlState::controlled_shutdown);
        sessions.fence(kTwo);
        CHECK(next() == BrokerControlState::shutdown_now);
        // The first offset of a shutdown counts.
        sessions.start_controlled_shutdown(kOne, MetadataOffset(1'000));
        sessions.touch(kTwo, false, MetadataOffset(50), ms(4));
        CHECK(next() == BrokerControlState::shutdown_now);
    }

    TEST_CASE("a session is valid up to and with its last moment") {
        BrokerHeartbeats sessions = in_state(BrokerControlState::unfenced);
        CHECK(sessions.next_expiry() == ms(9'000) + Duration(1));
        CHECK(sessions.has_valid_session(kOne, ms(9'000)));
        CHECK_FALSE(sessions.stale_broker(ms(9'000)));
        CHECK_FALSE(sessions.has_valid_session(kOne, ms(9'000) + Duration(1)));
        CHECK(sessions.stale_broker(ms(9'000) + Duration(1)) == kOne);
        sessions.touch(kOne, false, MetadataOffset(1), ms(500));
        CHECK(sessions.next_expiry() == ms(9'500) + Duration(1));
    }

    TEST_CASE("fenced and unknown brokers have no session and never expire") {
        BrokerHeartbeats sessions = in_state(BrokerControlState::fenced);
        CHECK_FALSE(sessions.has_valid_session(kOne, ms(0)));
        CHECK_FALSE(sessions.has_valid_session(kTwo, ms(0)));
        CHECK_FALSE(sessions.next_expiry());
        CHECK_FALSE(sessions.stale_broker(ms(1'000'000)));
        CHECK_FALSE(sessions.known(kTwo));
        sessions.remove(kOne);
        CHECK_FALSE(sessions.known(kOne));
    }

    TEST_CASE("the oldest contact is stale first, of equal ones the one that came first") {
        BrokerHeartbeats sessions(kTimeout);
        sessions.register_broker(kTwo, false, ms(0));
        sessions.register_broker(kOne, false, ms(0));
        CHECK(sessions.stale_broker(ms(20'000)) == kTwo);
        sessions.touch(kTwo, false, std::nullopt, ms(0));
        CHECK(sessions.stale_broker(ms(20'000)) == kOne);
        sessions.touch(kOne, false, std::nullopt, ms(1));
        CHECK(sessions.stale_broker(ms(20'000)) == kTwo);
        sessions.fence(kTwo);
        CHECK(sessions.stale_broker(ms(20'000)) == kOne);
    }
}
