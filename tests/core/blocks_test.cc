#include "core/base/blocks.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>

namespace {

using Numbers = core::Blocks<std::uint32_t>;

/// 0, 10, 20, ... over a little more than two blocks.
Numbers tens() {
    Numbers numbers;
    for (std::uint32_t i = 0; i < 2 * Numbers::kPerBlock + 3; ++i) numbers.emplace_back(10 * i);
    return numbers;
}

TEST_SUITE("core.blocks") {
    TEST_CASE("elements stay where they are while the list grows") {
        Numbers numbers;
        const std::uint32_t* const first = &numbers.emplace_back(7U);
        for (std::uint32_t i = 1; i < 3 * Numbers::kPerBlock; ++i) numbers.emplace_back(i);
        CHECK(first == &numbers[0]);
        CHECK(numbers[0] == 7);
        CHECK(numbers[Numbers::kPerBlock] == Numbers::kPerBlock);
        CHECK(numbers.size() == 3 * Numbers::kPerBlock);
        CHECK(numbers.back() == numbers.size() - 1);
    }

    TEST_CASE("all elements come in their order, across blocks") {
        const Numbers numbers = tens();
        std::uint32_t next = 0;
        for (const std::uint32_t number : numbers) {
            CHECK(number == next);
            next += 10;
        }
        CHECK(next == 10 * numbers.size());
        CHECK(std::find(numbers.begin(), numbers.end(), 5U) == numbers.end());
    }

    TEST_CASE("the first element that is not before a place is found") {
        const Numbers numbers = tens();
        const auto first_from = [&](std::uint32_t least) {
            return numbers.partition_point([&](std::uint32_t number) { return number < least; });
        };
        CHECK(first_from(0) == 0);
        CHECK(first_from(1) == 1);
        CHECK(first_from(10 * Numbers::kPerBlock) == Numbers::kPerBlock);
        CHECK(first_from(UINT32_MAX) == numbers.size());
    }

    TEST_CASE("what is cut off the end makes room for the next") {
        Numbers numbers = tens();
        numbers.truncate(Numbers::kPerBlock);
        CHECK(numbers.size() == Numbers::kPerBlock);
        numbers.emplace_back(3U);
        CHECK(numbers.back() == 3);
        CHECK(numbers[Numbers::kPerBlock - 1] == 10 * (Numbers::kPerBlock - 1));
        numbers.truncate(0);
        CHECK(numbers.empty());
        CHECK(numbers.begin() == numbers.end());
    }
}

}  // namespace
