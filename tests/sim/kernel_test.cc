#include "sim/kernel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "core/base/random.h"

namespace {

using core::at_ns;
using sim::Event;
using sim::EventClass;
using sim::Kernel;

Event numbered(std::uint64_t number) {
    Event event(sim::EventType::wake);
    event.payload = number;
    return event;
}

TEST_SUITE("sim.kernel") {
    TEST_CASE("events of one instant run by class, then in the order of scheduling") {
        Kernel kernel;
        kernel.advance_to(at_ns(0));
        const EventClass classes[] = {EventClass::step,     EventClass::timer,
                                      EventClass::workload, EventClass::delivery,
                                      EventClass::timer,    EventClass::delivery};
        for (std::uint64_t i = 0; i < std::size(classes); ++i)
            kernel.schedule(at_ns(5), classes[i], numbered(i));
        kernel.schedule(at_ns(4), EventClass::step, numbered(99));
        std::vector<std::uint64_t> order;
        while (!kernel.empty()) order.push_back(kernel.pop().payload);
        CHECK(order == std::vector<std::uint64_t>{99, 3, 5, 1, 4, 2, 0});
    }

    TEST_CASE("an event knows which event scheduled it, and numbering can begin anew") {
        Kernel kernel;
        kernel.advance_to(at_ns(0));
        kernel.schedule(at_ns(1), EventClass::timer, numbered(1));
        kernel.pop();
        CHECK(kernel.moment().event.value() == 1);
        CHECK(kernel.moment().cause.value() == 0);
        kernel.schedule(at_ns(2), EventClass::timer, numbered(2));
        kernel.pop();
        CHECK(kernel.moment().cause.value() == 1);
        kernel.schedule(at_ns(3), EventClass::timer, numbered(3));
        kernel.restart_numbering();
        CHECK(kernel.count() == 0);
        kernel.pop();
        CHECK(kernel.moment().event.value() == 1);
        CHECK(kernel.moment().cause.value() == 0);
    }

    TEST_CASE("times before zero come before times after it") {
        Kernel kernel;
        kernel.advance_to(at_ns(-100));
        kernel.schedule(at_ns(7), EventClass::delivery, numbered(2));
        kernel.schedule(at_ns(-7), EventClass::step, numbered(1));
        CHECK(kernel.next_due() == at_ns(-7));
        CHECK(kernel.pop().payload == 1);
        CHECK(kernel.pop().payload == 2);
    }

    TEST_CASE("nothing is scheduled in the past") {
        Kernel kernel;
        kernel.advance_to(at_ns(10));
        CHECK_THROWS_AS(kernel.schedule(at_ns(9), EventClass::timer, numbered(0)),
                        core::AssertionFailure);
    }

    // Against the plainest model: a list of which the least is taken each time.
    TEST_CASE("any mixture of scheduling and taking gives the order of a sorted list") {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            Kernel kernel;
            kernel.advance_to(at_ns(0));
            using Entry = std::tuple<std::int64_t, int, std::uint64_t>;
            std::vector<Entry> model;
            std::uint64_t next = 0;
            std::uint64_t state = seed;
            for (int i = 0; i < 4'000; ++i) {
                state = core::mix64(state);
                // Growing first, then shrinking, with many equal times.
                const bool grow = model.empty() || state % 100 < (i < 2'000 ? 60U : 40U);
                if (grow) {
                    const auto due = kernel.now().time_since_epoch().count() +
                                     static_cast<std::int64_t>((state >> 8) % 50);
                    const auto kind = static_cast<int>((state >> 32) % 4);
                    model.emplace_back(due, kind, next);
                    kernel.schedule(at_ns(due), static_cast<EventClass>(kind), numbered(next));
                    ++next;
                } else {
                    const auto least = std::min_element(model.begin(), model.end());
                    const Event event = kernel.pop();
                    REQUIRE(event.payload == std::get<2>(*least));
                    REQUIRE(kernel.now() == at_ns(std::get<0>(*least)));
                    model.erase(least);
                }
                REQUIRE(kernel.pending() == model.size());
            }
        }
    }
}

}  // namespace
