#include "core/base/text.h"

#include <doctest/doctest.h>

using core::nearest;

TEST_SUITE("core.text") {
    TEST_CASE("the nearest word has the fewest edits and is within the limit") {
        CHECK(nearest("crahs", {"pause", "crash", "crush"}, 2) == "crash");
        CHECK(nearest("acks", {"ackss", "acks"}, 3) == "acks");
        CHECK_FALSE(nearest("meteor", {"crash", "pause"}, 3).has_value());
        CHECK_FALSE(nearest("x", {}, 3).has_value());
    }

    TEST_CASE("of equally near words one whose letters were only swapped wins") {
        CHECK(nearest("--sede", {"--set", "--seed"}, 2) == "--seed");
        CHECK(nearest("--sede", {"--seed", "--set"}, 2) == "--seed");
    }

    TEST_CASE("then the one that begins and ends alike, then the first") {
        CHECK(nearest("--sed", {"--set", "--seed"}, 2) == "--seed");
        CHECK(nearest("--sett", {"--seed", "--set"}, 2) == "--set");
        CHECK(nearest("ab", {"ac", "ad"}, 1) == "ac");
    }
}
