#include <doctest/doctest.h>

#include <map>
#include <string>

#include "scenarios/read.h"

namespace {

using scenario::BaseFile;
using scenario::ReadOptions;
using scenario::ReadResult;

const std::string kBaseFile = R"json({
  "scenario": 1, "id": "base", "title": { "en": "base", "zh": "x" },
  "kafka": { "version": "3.9" },
  "run": { "seed": 3, "end": "20s" },
  "cluster": { "brokers": [{ "id": 1, "rack": "a" }, { "id": 2 }, { "id": 3 }] },
  "topics": [{ "name": "orders", "partitions": [{ "id": 0, "replicas": [1, 2, 3] }],
               "config": { "min.insync.replicas": 2, "unclean.leader.election.enable": true } }],
  "producers": [{ "id": "p1", "topic": "orders", "config": { "acks": "all" },
                  "workload": { "records": 10, "rate": "10/s" } }],
  "steps": [
    { "id": "kill", "at": "5s", "do": "crash", "target": { "broker": 1 }, "for": "5s" },
    { "id": "mark", "after": "kill", "delay": "2s", "do": "note" }
  ],
  "expect": [{ "id": "none", "metric": "acked.lost", "eq": 0 }]
}
)json";

/// Reads `files["own"]`; what it extends is looked up in the map.
ReadResult read_files(const std::map<std::string, std::string>& files, ReadOptions options = {}) {
    options.find_base = [&](std::string_view, std::string_view path,
                            std::string& why) -> std::optional<BaseFile> {
        const auto found = files.find(std::string(path));
        if (found != files.end()) return BaseFile{found->first, found->second};
        why = "no such file";
        return std::nullopt;
    };
    return scenario::read_scenario("own", files.at("own"), options);
}

ReadResult over_base(const std::string& own, const ReadOptions& options = {}) {
    return read_files(
        {{"own", R"({ "id": "own", "extends": "base", )" + own + "}"}, {"base", kBaseFile}},
        options);
}

const scenario::Scenario& valid(const ReadResult& result) {
    for (const auto& problem : result.problems) MESSAGE(scenario::problem_text(problem));
    REQUIRE(result.scenario.has_value());
    return *result.scenario;
}

}  // namespace

TEST_SUITE("scenario.extends") {
    TEST_CASE("what a file does not say is its base's, its id is its own") {
        const auto result = over_base(R"("run": { "end": "30s" })");
        const auto& read = valid(result);
        CHECK(read.id == "own");
        CHECK(read.title.en == "base");
        CHECK(read.run.seed == 3);
        CHECK(read.run.end == core::from_ms(30'000));
        CHECK(read.steps.size() == 2);
    }

    TEST_CASE("a file without an id has none") {
        const auto result = read_files({{"own", R"({ "extends": "base" })"}, {"base", kBaseFile}});
        REQUIRE(result.errors == 1);
        CHECK(result.problems[0].code == "AL202");
        CHECK(result.problems[0].file == "own");
    }

    TEST_CASE("lists of named things are laid over each other by name, configs key by key") {
        const auto result = over_base(
            R"("topics": [{ "name": "orders", "config": { "min.insync.replicas": 1 } }],
               "cluster": { "brokers": [{ "id": 4 }, { "id": 1, "rack": "b" }] },
               "producers": [{ "id": "p2", "topic": "orders" }])");
        const auto& read = valid(result);
        REQUIRE(read.cluster.brokers.size() == 4);
        CHECK(read.cluster.brokers[0].rack == "b");
        CHECK(read.cluster.brokers[3].id == core::NodeId(4));
        CHECK(core::find_config(read.topics[0].config, "min.insync.replicas") == "1");
        CHECK(core::find_config(read.topics[0].config, "unclean.leader.election.enable") == "true");
        REQUIRE(read.producers.size() == 2);
        CHECK(read.producers[0].workload.records == 10);
    }

    TEST_CASE("other lists are replaced") {
        const auto result = over_base(
            R"("topics": [{ "name": "orders", "partitions": [{ "id": 0, "replicas": [2, 3] }] }],
               "expect": [{ "metric": "acked.lost", "ge": 1 }])");
        const auto& read = valid(result);
        CHECK(read.topics[0].partitions[0].replicas.size() == 2);
        REQUIRE(read.expect.size() == 1);
        CHECK(read.expect[0].tests[0].op == scenario::Comparison::ge);
    }

    TEST_CASE("a step's values are replaced whole, one trigger takes the place of another") {
        const auto result = over_base(
            R"("steps": [{ "id": "kill", "target": { "leaderOf": "orders-0" },
                           "when": { "gauge": "isrSize", "ge": 3 }, "for": null },
                         { "id": "mark", "at": "9s" }],
               "expect": [{ "id": "none", "ge": 1 }])");
        const auto& read = valid(result);
        REQUIRE(read.steps.size() == 2);
        CHECK(std::holds_alternative<scenario::WhenTrigger>(read.steps[0].trigger));
        CHECK(std::holds_alternative<scenario::UntilHealed>(read.steps[0].lasting));
        const auto& crash = std::get<scenario::CrashAction>(read.steps[0].action);
        CHECK(crash.target.kind == scenario::TargetKind::leader_of);
        CHECK(std::holds_alternative<scenario::AtTrigger>(read.steps[1].trigger));
        REQUIRE(read.expect[0].tests.size() == 1);
        CHECK(read.expect[0].tests[0].op == scenario::Comparison::ge);
    }

    TEST_CASE("null takes a block away") {
        CHECK(valid(over_base(R"("steps": null)")).steps.empty());
    }

    TEST_CASE(
        "a chain of three is laid one over the other, the nearest last; a fourth is refused") {
        const auto link = [](const std::string& id, const std::string& base, int seed) {
            return R"({ "id": ")" + id + R"(", "extends": ")" + base + R"(", "run": { "seed": )" +
                   std::to_string(seed) + " } }";
        };
        std::map<std::string, std::string> files = {{"base", kBaseFile},
                                                    {"a", link("a", "base", 5)},
                                                    {"b", link("b", "a", 6)},
                                                    {"own", R"({ "id": "own", "extends": "b" })"}};
        CHECK(valid(read_files(files)).run.seed == 6);
        files["c"] = link("c", "b", 7);
        files["own"] = R"({ "id": "own", "extends": "c" })";
        const auto refused = read_files(files);
        REQUIRE(refused.problems.size() == 1);
        CHECK(refused.problems[0].code == "AL235");
        CHECK(refused.problems[0].file == "a");
        CHECK_FALSE(refused.scenario.has_value());
    }

    TEST_CASE("a circle is refused where it closes, a missing base where it is named") {
        const auto circle = read_files({{"own", "{ \"id\": \"own\",\n  \"extends\": \"a\" }"},
                                        {"a", R"({ "extends": "own" })"}});
        REQUIRE(circle.problems.size() == 1);
        CHECK(circle.problems[0].code == "AL235");
        CHECK(circle.problems[0].file == "a");
        CHECK(circle.problems[0].column == 14);
        const auto missing = read_files({{"own", "{ \"id\": \"own\",\n  \"extends\": \"x\" }"}});
        REQUIRE(missing.problems.size() == 1);
        CHECK(missing.problems[0].file == "own");
        CHECK(missing.problems[0].line == 2);
        CHECK(missing.problems[0].path == "/extends");
    }

    TEST_CASE("a problem of the base is named in its file, one of an override as the override's") {
        std::string broken = kBaseFile;
        broken.replace(broken.find("\"20s\""), 5, "20");
        const auto result =
            read_files({{"own", R"({ "id": "own", "extends": "base" })"}, {"base", broken}});
        REQUIRE(result.problems.size() == 1);
        CHECK(result.problems[0].code == "AL211");
        CHECK(result.problems[0].file == "base");
        CHECK(result.problems[0].line == 4);
        CHECK(result.problems[0].column == 30);
        ReadOptions options;
        options.set = {"/steps/kill/target={\"broker\": 9}"};
        const auto overridden = over_base(R"("tags": [])", options);
        REQUIRE(overridden.problems.size() == 1);
        CHECK(overridden.problems[0].file == "--set");
    }

    TEST_CASE("a base that is no JSON is refused alone") {
        const auto result =
            read_files({{"own", R"({ "id": "own", "extends": "base" })"}, {"base", "{ 1 }"}});
        REQUIRE(result.problems.size() == 1);
        CHECK(result.problems[0].code == "AL101");
        CHECK(result.problems[0].file == "base");
    }

    TEST_CASE("the flat form reads to the same scenario, with the same digest of the file") {
        ReadOptions options;
        options.flat = true;
        const auto result =
            over_base(R"("run": { "end": "30s" } /* pure JSON has no comments */)", options);
        const auto& read = valid(result);
        const auto again = scenario::read_scenario("flat", result.flat, options);
        CHECK(valid(again).sha256 == read.sha256);
        CHECK(again.flat == result.flat);
        CHECK(result.flat.find("extends") == std::string::npos);
        CHECK(again.scenario->run.end == read.run.end);
    }

    TEST_CASE("built-in scenarios are found by id and by their place") {
        for (const char* path : {"acks1-leader-crash", "../lessons/acks1-leader-crash.json"}) {
            const std::string own = std::string(R"({ "id": "own", "extends": ")") + path + "\" }";
            const auto result = scenario::read_scenario("scenarios/truth/own.json", own);
            CHECK(valid(result).producers.size() == 1);
        }
    }
}
