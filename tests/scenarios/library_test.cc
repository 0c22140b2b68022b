#include "scenarios/library.h"

#include <doctest/doctest.h>

#include <set>

#include "scenarios/read.h"
#include "scenarios/settings.h"

TEST_SUITE("scenario.library") {
    TEST_CASE("every scenario of the library is valid and called as its file") {
        CHECK(scenario::library().size() >= 92);
        std::set<std::string_view> ids;
        for (const scenario::LibraryFile& file : scenario::library()) {
            CAPTURE(file.name);
            const auto result = scenario::read_scenario(file.name, file.bytes);
            for (const auto& problem : result.problems)
                if (problem.severity == scenario::Severity::error)
                    MESSAGE(scenario::problem_text(problem));
            REQUIRE(result.scenario.has_value());
            CHECK(result.scenario->id == file.id);
            CHECK(ids.insert(file.id).second);
        }
        CHECK(scenario::find_in_library("no-such-scenario") == nullptr);
        CHECK(scenario::scenario_schema().substr(0, 1) == "{");
    }

    TEST_CASE("the lesson on acks=1, as the simulator sees it") {
        const scenario::LibraryFile* file = scenario::find_in_library("acks1-leader-crash");
        REQUIRE(file != nullptr);
        const auto result = scenario::read_scenario(file->name, file->bytes);
        REQUIRE(result.scenario.has_value());
        const scenario::Scenario& s = *result.scenario;
        CHECK(
            s.title.in("zh") ==
            "acks=1\xef\xbc\x9aleader "
            "\xe5\x85\x88\xe5\xba\x94\xe7\xad\x94\xe3\x80\x81\xe5\x90\x8e\xe5\xae\x95\xe6\x9c\xba");
        REQUIRE(s.steps.size() == 1);
        const auto& when = std::get<scenario::WhenTrigger>(s.steps[0].trigger);
        CHECK(when.condition.kind == scenario::ConditionKind::gauge);
        CHECK(when.condition.gauge == scenario::Gauge::acked_only_on_leader);
        REQUIRE(when.condition.bounds.size() == 1);
        CHECK(when.condition.bounds[0].op == scenario::Comparison::ge);
        CHECK(when.armed == core::from_ms(2'000));
        CHECK(when.timeout == core::from_ms(20'000));
        const auto& crash = std::get<scenario::CrashAction>(s.steps[0].action);
        CHECK(crash.target.kind == scenario::TargetKind::leader_of);
        CHECK(crash.kind == scenario::CrashKind::process);
        CHECK(crash.in_flight == scenario::InFlight::drop);
        CHECK(std::get<scenario::Distribution>(s.steps[0].lasting) ==
              scenario::Distribution(core::from_ms(20'000)));
        REQUIRE(s.network.links.size() == 1);
        CHECK(s.network.links[0].both_ways);
        REQUIRE(s.expect.size() == 3);
        CHECK(s.expect[0].metric == scenario::Metric::acked_lost);
    }

    TEST_CASE("settings that differ from the version's defaults") {
        const scenario::LibraryFile* file = scenario::find_in_library("acks1-leader-crash");
        REQUIRE(file != nullptr);
        const auto result = scenario::read_scenario(file->name, file->bytes);
        REQUIRE(result.scenario.has_value());
        const auto settings = scenario::settings(*result.scenario);
        REQUIRE(settings.size() == 2);
        CHECK(settings[0].path == "/topics/orders/config/min.insync.replicas");
        CHECK(settings[0].value == "2");
        CHECK(settings[0].default_value == "1");
        CHECK(settings[1].path == "/producers/p1/config/acks");
        CHECK(settings[1].default_value == "all");
    }

    TEST_CASE("power losses keep what their steps say") {
        const scenario::LibraryFile* file = scenario::find_in_library("isr-of-one-power");
        REQUIRE(file != nullptr);
        const auto result = scenario::read_scenario(file->name, file->bytes);
        REQUIRE(result.scenario.has_value());
        bool found = false;
        for (const scenario::Step& step : result.scenario->steps)
            if (const auto* crash = std::get_if<scenario::CrashAction>(&step.action)) {
                found = true;
                CHECK(crash->kind == scenario::CrashKind::host);
                CHECK(crash->keep.kind == scenario::KeepKind::from_offset);
                CHECK(crash->keep.offset == 10);
                CHECK(crash->in_flight == scenario::InFlight::drop);
            }
        CHECK(found);
    }
}
