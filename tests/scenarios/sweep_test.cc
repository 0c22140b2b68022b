// The sweep block as a type, its cells, and reading one cell (SCENARIO_FORMAT 6).
#include "scenarios/sweep.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/text.h"
#include "scenarios/read.h"
#include "scenarios/set.h"

namespace {

std::string file(const std::string& sweep) {
    return core::concat(R"({"scenario": 1, "id": "x", "kafka": {"version": "3.9"},
        "run": {"end": "9s"}, "cluster": {"brokers": [{"id": 1}, {"id": 2}]},
        "topics": [{"name": "t", "partitions": 1, "replicationFactor": 2, "config": {}}],
        "producers": [{"id": "p1", "topic": "t", "config": {"acks": "all"},
                       "workload": {"records": 5, "rate": "1/s"}}],
        "steps": [{"id": "own", "at": "2s", "do": "note"}],
        "expect": [{"metric": "acked.lost", "eq": 0}],
)",
                        "\"sweep\": ", sweep, "}");
}

constexpr const char* kAxes = R"("axes": [
  {"label": "acks", "path": "/producers/*/config/acks", "values": ["1", "all"]},
  {"path": "/topics/t/config/min.insync.replicas", "values": [1, 2]}])";

scenario::ReadResult read(const std::string& sweep) {
    return scenario::read_scenario("x.json", file(sweep));
}

std::vector<std::string> cells(const std::string& sweep) {
    const scenario::ReadResult result = read(sweep);
    for (const scenario::Problem& problem : result.problems) MESSAGE(problem.message);
    REQUIRE(result.scenario.has_value());
    std::vector<std::string> out;
    for (const scenario::SweepCell& cell : scenario::cells_of(result.sweep)) {
        std::vector<std::string> words;
        for (const scenario::SweepSetting& setting : cell.settings)
            words.push_back(core::concat(setting.label, "=", scenario::value_text(setting.value)));
        out.push_back(core::join(words, " "));
    }
    return out;
}

using Words = std::vector<std::string>;

/// "CODE line:column" of every error.
std::string errors(const scenario::ReadResult& result) {
    Words out;
    for (const scenario::Problem& problem : result.problems)
        if (problem.severity == scenario::Severity::error)
            out.push_back(core::concat(problem.code, " ", problem.line, ":", problem.column));
    return core::join(out, ", ");
}

}  // namespace

TEST_SUITE("scenario.sweep") {
    TEST_CASE("axes are crossed, the first varies slowest; a label is the last segment") {
        CHECK(cells(core::concat("{", kAxes, "}")) ==
              Words{"acks=1 min.insync.replicas=1", "acks=1 min.insync.replicas=2",
                    "acks=all min.insync.replicas=1", "acks=all min.insync.replicas=2"});
    }

    TEST_CASE("exclude drops what has all its settings, include adds a cell of its own") {
        CHECK(cells(core::concat("{", kAxes,
                                 R"(, "exclude": [{"acks": "1"}, {"min.insync.replicas": 2}],
                  "include": [{"acks": "all", "min.insync.replicas": 3},
                              {"/run/end": "8s"}]})")) == Words{"acks=all min.insync.replicas=1",
                                                                "acks=all min.insync.replicas=3",
                                                                "/run/end=8s"});
    }

    TEST_CASE("what is included stands in the order of the axes") {
        CHECK(cells(core::concat("{", kAxes,
                                 R"(, "exclude": [{"acks": "1"}, {"min.insync.replicas": 2}],
                  "include": [{"min.insync.replicas": 3, "acks": "all"}]})")) ==
              Words{"acks=all min.insync.replicas=1", "acks=all min.insync.replicas=3"});
    }

    TEST_CASE("an axis may set a step of a fault set") {
        const std::string faults = R"({"faults": {"f": [{"id": "x", "at": "2s", "do": "note"}]},
            "axes": [{"label": "x", "path": "/steps/)";
        CHECK(errors(read(core::concat(faults, R"(x/at", "values": ["3s"]}]})"))).empty());
        CHECK(errors(read(core::concat(faults, R"(own/at", "values": ["3s"]}]})"))).empty());
        CHECK(errors(read(core::concat(faults, R"(y/at", "values": ["3s"]}]})"))) == "AL230 9:45");
    }

    TEST_CASE("variants are one more axis, before all") {
        CHECK(cells(R"({"variants": {"today": {"/producers/p1/config/acks": "1"}, "safe": {}},
                        "axes": [{"label": "end", "path": "/run/end", "values": ["8s"]}]})") ==
              Words{"variant=today end=8s", "variant=safe end=8s"});
    }

    TEST_CASE("seeds and fault sets are read, in the file's order") {
        const auto result = read(R"({"faults": {"b": [{"id": "x", "at": "2s", "do": "note"}],
                              "a": [{"id": "y", "at": "2s", "do": "note"}]},
                              "seeds": {"from": 3, "count": 9}})");
        REQUIRE(result.scenario.has_value());
        REQUIRE(result.sweep.faults.size() == 2);
        CHECK(result.sweep.faults[0].name == "b");
        CHECK(result.sweep.first_seed == 3);
        CHECK(result.sweep.seeds == 9);
        CHECK(scenario::crossed_cells(result.sweep) == 1);
    }

    TEST_CASE("what is wrong in it has its place") {
        CHECK(errors(read(R"({"axes": [{"path": "/producers/p9/x", "values": [1]}]})")) ==
              "AL230 8:29");
        CHECK(errors(read(R"({"axes": [{"label": "a", "path": "/run/end", "values": ["8s"]},
                  {"label": "a", "path": "/run/settle", "values": ["8s"]}]})")) == "AL207 9:29");
        CHECK(errors(read(R"({"axes": [{"path": "/run/end", "values": []}]})")) == "AL206 8:51");
        CHECK(errors(read(R"({"exclude": [{"acks": "1"}]})")) == "AL230 8:24");
    }

    TEST_CASE("what says nothing, or the same twice, is refused where it stands") {
        CHECK(errors(read(R"({"axes": []})")) == "AL206 8:19");
        CHECK(errors(read(R"({"variants": {}})")) == "AL206 8:23");
        CHECK(errors(read(R"({"faults": {}})")) == "AL206 8:21");
        CHECK(errors(read(R"({"faults": {"x": []}})")) == "AL206 8:27");
        CHECK(errors(read(R"({"faults": {"steps": [{"id": "x", "at": "2s", "do": "note"}]}})")) ==
              "AL207 8:22");
        CHECK(errors(read(R"({"axes": [{"path": "/run/end", "values": ["8s", "8s"]}]})")) ==
              "AL207 8:58");
        CHECK(errors(read(R"({"axes": [{"path": "/run/seed", "values": [1, 2]}]})")) ==
              "AL225 8:29");
        CHECK(errors(read(R"({"variants": {"a": {"/run/seed": 3}}})")) == "AL225 8:30");
        const std::string axes = core::concat("{", kAxes);
        CHECK(errors(read(core::concat(axes, R"(, "exclude": [{"acks": "2"}]})"))) ==
              "AL230 10:93");
        CHECK(errors(read(core::concat(
                  axes, R"(, "exclude": [{"acks": "1"}, {"acks": "all"}]})"))) == "AL206 10:83");
        CHECK(errors(read(R"({"variants": {"a": {}}, "include": [{"variant": "b"}]})")) ==
              "AL230 8:58");
        std::string values = "1";
        for (int i = 2; i <= 1'001; ++i) values += core::concat(",", i);
        CHECK(errors(read(core::concat(R"({"axes": [{"path": "/run/maxEvents", "values": [)",
                                       values, "]}]}"))) == "AL240 8:10");
    }

    TEST_CASE("a bare Kafka key is an axis as it is for --set; a slip in one is told at the path") {
        CHECK(cells(R"({"axes": [{"path": "acks", "values": ["1"]},
                        {"path": "replica.lag.time.max.ms", "values": [9000]}]})") ==
              Words{"acks=1 replica.lag.time.max.ms=9000"});
        CHECK(scenario::full_path("min.insync.replicas") == "/topics/*/config/min.insync.replicas");
        CHECK(scenario::full_path("replica.lag.time.max.ms") ==
              "/cluster/config/replica.lag.time.max.ms");
        CHECK(errors(read(R"({"axes": [{"path": "ackss", "values": ["1"]}]})")) == "AL230 8:29");
        CHECK(errors(read(R"({"axes": [{"path": "/producers/*/config/ack", "values": ["1"]}]})")) ==
              "AL204 8:29");
        CHECK(errors(read(R"({"axes": [{"path": "/topics/t/config/acks", "values": ["1"]}]})")) ==
              "AL203 8:29");
        // cluster has no "config" here.
        const auto result = read(
            R"({"axes": [{"path": "/cluster/config/replica.lag.time.max.ms", "values": [9]}]})");
        CHECK(errors(result) == "AL230 8:29");
        CHECK(result.problems[0].suggestion.find("the bare key \"replica.lag.time.max.ms\"") !=
              std::string::npos);
    }

    TEST_CASE("a fault set by name takes the place of the steps, before --set is applied") {
        const std::string text = file(R"({"faults": {"f": [
            {"id": "other", "at": "3s", "do": "note"}]}})");
        scenario::ReadOptions options;
        options.faults = "f";
        options.set = {"/steps/other/at=4s"};
        const auto result = scenario::read_scenario("x.json", text, options);
        REQUIRE(result.scenario.has_value());
        REQUIRE(result.scenario->steps.size() == 1);
        CHECK(result.scenario->steps[0].id == "other");
        CHECK(result.scenario->expect.empty());
        options.set = {"/steps/own/at=4s"};
        CHECK(scenario::read_scenario("x.json", text, options).usage_error.has_value());
        options.set = {"/sweep/faults/f=[{\"id\": \"new\", \"at\": \"1s\", \"do\": \"note\"}]"};
        CHECK(scenario::read_scenario("x.json", text, options).scenario->steps[0].id == "new");
        options.faults = "g";
        const auto unknown = scenario::read_scenario("x.json", text, options);
        REQUIRE(unknown.usage_error.has_value());
        CHECK(unknown.usage_error->option == "--faults");
    }

    TEST_CASE("a change is applied last, without lesson, expectations and sweep") {
        const auto document = read(core::concat("{", kAxes, R"(, "faults": {"f": [
            {"id": "other", "at": "3s", "do": "note"}]}})"));
        REQUIRE(document.scenario.has_value());
        scenario::ReadOptions options;
        options.set = {"/producers/p1/config/acks=0"};
        options.run_only = true;
        options.changes = scenario::cells_of(document.sweep)[1].changes;
        options.changes.push_back({"/steps", document.sweep.faults[0].steps});
        const auto cell =
            scenario::read_scenario("x.json", file(core::concat("{", kAxes, R"(, "faults": {"f": [
            {"id": "other", "at": "3s", "do": "note"}]}})")),
                                    options);
        REQUIRE(cell.scenario.has_value());
        CHECK(core::find_config(cell.scenario->producers[0].config, "acks") == "1");
        CHECK(core::find_config(cell.scenario->topics[0].config, "min.insync.replicas") == "2");
        REQUIRE(cell.scenario->steps.size() == 1);
        CHECK(cell.scenario->steps[0].id == "other");
        CHECK(cell.scenario->expect.empty());
    }

    TEST_CASE("a value that is wrong is told where it stands in the sweep") {
        const std::string sweep = R"({"axes": [{"path": "/run/end", "values": ["8s", "eight"]}]})";
        const auto document = read(sweep);
        REQUIRE(document.scenario.has_value());
        scenario::ReadOptions options;
        options.run_only = true;
        options.changes = scenario::cells_of(document.sweep)[1].changes;
        const auto cell = scenario::read_scenario("x.json", file(sweep), options);
        CHECK_FALSE(cell.scenario.has_value());
        CHECK(errors(cell) == "AL212 8:58");
    }

    TEST_CASE("a step depends on the outcome if it waits for an event or a gauge") {
        const auto steps = [](const std::string& list) {
            scenario::ReadOptions options;
            options.set = {core::concat("/steps=", list)};
            const auto result = scenario::read_scenario("x.json", file("{}"), options);
            REQUIRE(result.scenario.has_value());
            return scenario::depends_on_outcome(result.scenario->steps.back());
        };
        CHECK_FALSE(steps(R"([{"id": "a", "at": "1s", "do": "note"}])"));
        CHECK(steps(R"([{"id": "a", "when": {"event": "produce.ack"}, "do": "note"}])"));
        CHECK_FALSE(steps(R"([{"id": "a", "at": "1s", "do": "note"},
                              {"id": "b", "when": {"step": "a"}, "do": "note"}])"));
    }
}
