#include "sim/writeback.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/base/random.h"

namespace {

using core::at_ns;
using core::Duration;
using core::TimePoint;

/// Byte by byte: when each is durable, none before the one ahead of it.
struct NaiveWriteback {
    std::vector<TimePoint> durable_at;
    std::size_t synced = 0;

    void wrote(std::uint64_t bytes, TimePoint at) {
        durable_at.insert(durable_at.end(), bytes, at);
    }
    void sync(TimePoint done) {
        for (std::size_t i = synced; i < durable_at.size(); ++i)
            durable_at[i] = std::min(durable_at[i], done);
        synced = durable_at.size();
    }
    void cut(std::uint64_t size) {
        durable_at.resize(size);
        synced = std::min(synced, durable_at.size());
    }
    std::uint64_t durable_bytes(TimePoint now) const {
        const auto waiting = std::find_if(durable_at.begin(), durable_at.end(),
                                          [now](TimePoint at) { return at > now; });
        return static_cast<std::uint64_t>(waiting - durable_at.begin());
    }
};

}  // namespace

TEST_SUITE("sim.writeback") {
    TEST_CASE("bytes are durable after their time, in their order") {
        sim::Writeback file;
        file.wrote(at_ns(0), 10, at_ns(100));
        file.wrote(at_ns(1), 10, at_ns(50));
        file.wrote(at_ns(2), 10, at_ns(101));
        CHECK(file.durable_bytes(at_ns(99)) == 0);
        CHECK(file.durable_bytes(at_ns(100)) == 20);
        CHECK(file.durable_bytes(at_ns(101)) == 30);
        file.cut(25);
        CHECK(file.durable_bytes(at_ns(101)) == 25);
        file.sync(at_ns(7));
        CHECK(file.durable_bytes(at_ns(6)) == 0);
        CHECK(file.durable_bytes(at_ns(7)) == 25);
        file.wrote(at_ns(8), 5, TimePoint::max());
        file.wrote(at_ns(8), 5, TimePoint::max());
        CHECK(file.durable_bytes(at_ns(1'000'000)) == 25);
        file.all_durable(30);
        CHECK(file.durable_bytes(at_ns(8)) == 30);
    }

    TEST_CASE("it is the same as moments kept for each byte") {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            sim::Writeback file;
            NaiveWriteback naive;
            TimePoint now = at_ns(0);
            for (std::uint64_t step = 0; step < 2'000; ++step) {
                const std::uint64_t draw = core::mix64(seed << 32 ^ step);
                now += Duration(static_cast<std::int64_t>(draw % 3));
                const auto delay = Duration(static_cast<std::int64_t>((draw >> 8) % 50));
                if (draw % 97 == 0) {
                    const std::uint64_t size = naive.durable_at.size() * (draw >> 20 & 7) / 7;
                    naive.cut(size);
                    file.cut(size);
                } else if (draw % 13 == 0) {
                    // A sync may be over before an earlier one is.
                    naive.sync(now + delay);
                    file.sync(now + delay);
                } else {
                    const std::uint64_t bytes = 1 + (draw >> 16) % 3;
                    naive.wrote(bytes, now + 8 * delay);
                    file.wrote(now, bytes, now + 8 * delay);
                }
                const TimePoint later = now + Duration(static_cast<std::int64_t>(draw >> 30 & 255));
                REQUIRE(file.durable_bytes(now) == naive.durable_bytes(now));
                REQUIRE(file.durable_bytes(later) == naive.durable_bytes(later));
            }
        }
    }
}
