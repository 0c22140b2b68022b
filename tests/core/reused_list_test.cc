#include "core/base/reused_list.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using core::ReusedList;

TEST_SUITE("core.reused_list") {
    TEST_CASE("it gives its elements in order, however many") {
        ReusedList<int> list;
        CHECK(list.empty());
        for (int i = 0; i < 100; ++i) list.add() = i;
        REQUIRE(list.size() == 100);
        int next = 0;
        for (const int element : list) CHECK(element == next++);
        CHECK(next == 100);
        CHECK(list[7] == 7);
        CHECK_THROWS_AS(list[100], core::AssertionFailure);
    }

    TEST_CASE("the front leaves, the rest stays in order") {
        ReusedList<int> list;
        for (int i = 0; i < 10; ++i) list.add() = i;
        list.drop_front(7);
        REQUIRE(list.size() == 3);
        for (int i = 0; i < 3; ++i) CHECK(list[static_cast<std::size_t>(i)] == 7 + i);
        list.add() = 10;
        CHECK(list[3] == 10);
        CHECK_THROWS_AS(list.drop_front(5), core::AssertionFailure);
    }

    TEST_CASE("elements without a default value are added by value, and the back leaves") {
        struct Named {
            explicit Named(int is) : number(is) {}
            int number;
        };
        ReusedList<Named> list;
        for (int i = 0; i < 20; ++i) list.push_back(Named(i));
        list.push_back(list[3]);
        REQUIRE(list.size() == 21);
        CHECK(list[20].number == 3);
        list.keep_front(5);
        REQUIRE(list.size() == 5);
        CHECK(list[4].number == 4);
        CHECK_THROWS_AS(list.keep_front(6), core::AssertionFailure);
    }

    TEST_CASE("a list that was moved from is empty, and can be filled again") {
        ReusedList<int> list;
        for (int i = 0; i < 10; ++i) list.add() = i;
        ReusedList<int> moved(std::move(list));
        CHECK(moved.size() == 10);
        CHECK(list.empty());
        list.add() = 7;
        CHECK(list[0] == 7);
        moved = std::move(list);
        REQUIRE(moved.size() == 1);
        CHECK(moved[0] == 7);
        CHECK(list.empty());
        list.add() = 8;
        CHECK(list[0] == 8);
    }

    TEST_CASE("an emptied list keeps what its places hold") {
        ReusedList<std::string> list;
        list.add().assign(1'000, 'x');
        const char* memory = list[0].data();
        list.clear();
        CHECK(list.empty());
        CHECK(list.begin() == list.end());
        std::string& again = list.add();
        CHECK(again.size() == 1'000);
        again.assign("y");
        CHECK(again.data() == memory);
    }
}
