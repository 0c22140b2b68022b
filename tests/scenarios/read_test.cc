#include "scenarios/read.h"

#include <doctest/doctest.h>

#include <string>

using scenario::read_scenario;

namespace {

const std::string kSmall = R"json({
  "scenario": 1, "id": "small",
  "kafka": { "version": "3.9" },
  "run": { "end": "20s" },
  "cluster": { "config": { "min.insync.replicas": 2 },
               "brokers": [{ "id": 3 },
                           { "id": 1, "config": { "min.insync.replicas": 1 } }, { "id": 2 }] },
  "topics": [{ "name": "a", "partitions": 4, "replicationFactor": 2 },
             { "name": "b-c", "partitions": 1 }],
  "producers": [{ "id": "p1", "topic": "b-c", "workload":
                  { "records": 3, "rate": "3/s", "start": "1s" } }]
})json";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_SUITE("scenario.read") {
    TEST_CASE("what is left out has the format's defaults") {
        const auto result = read_scenario("small.json", kSmall);
        REQUIRE(result.scenario.has_value());
        const scenario::Scenario& s = *result.scenario;
        CHECK(s.run.seed == 1);
        CHECK(s.run.settle == core::from_ms(10'000));
        CHECK(s.run.max_events == 10'000'000);
        REQUIRE(s.cluster.controllers.size() == 1);
        CHECK(s.cluster.controllers[0].id == core::NodeId(100));
        CHECK(s.kafka.profile->full_version == "3.9.1");
        CHECK(s.disk.fsync == scenario::Distribution(core::from_ms(2)));
        CHECK(s.network.defaults.latency ==
              scenario::Distribution::lognormal(core::Duration(400'000), core::from_ms(3)));
        CHECK(s.producers[0].node == core::NodeId(1'000'000));
        CHECK(s.producers[0].workload.size == 100);
        CHECK_FALSE(s.producers[0].workload.has_key);
        CHECK(s.sha256 == scenario::sha256_hex(kSmall));
    }

    TEST_CASE("replicas of a count are brokers (i + j) mod n in id order") {
        const auto result = read_scenario("small.json", kSmall);
        REQUIRE(result.scenario.has_value());
        const scenario::Topic& a = result.scenario->topics[0];
        REQUIRE(a.partitions.size() == 4);
        using Ids = std::vector<core::NodeId>;
        CHECK(a.partitions[0].replicas == Ids{core::NodeId(1), core::NodeId(2)});
        CHECK(a.partitions[2].replicas == Ids{core::NodeId(3), core::NodeId(1)});
        CHECK(a.partitions[3].replicas == Ids{core::NodeId(1), core::NodeId(2)});
        CHECK(result.scenario->topics[1].partitions[0].replicas.size() == 1);
    }

    TEST_CASE("partitions are numbered densely and found by Kafka's names") {
        const auto result = read_scenario("small.json", kSmall);
        REQUIRE(result.scenario.has_value());
        const scenario::Scenario& s = *result.scenario;
        CHECK(s.partition_count() == 5);
        CHECK(s.partition_name(core::PartitionId(3)) == "a-3");
        CHECK(s.find_partition("b-c-0") == core::PartitionId(4));
        CHECK_FALSE(s.find_partition("b-c-1").has_value());
        CHECK_FALSE(s.find_partition("a-03").has_value());
        CHECK_FALSE(s.find_partition("b").has_value());
    }

    TEST_CASE("a broker's own settings stand on the cluster's") {
        const auto result = read_scenario("small.json", kSmall);
        REQUIRE(result.scenario.has_value());
        const auto config = [&](std::int32_t id) {
            return *core::find_config(result.scenario->find_broker(core::NodeId(id))->config,
                                      "min.insync.replicas");
        };
        CHECK(config(1) == "1");
        CHECK(config(2) == "2");
    }

    TEST_CASE("a rate that does not divide a second keeps its average") {
        const auto result = read_scenario("small.json", kSmall);
        REQUIRE(result.scenario.has_value());
        const scenario::Workload& workload = result.scenario->producers[0].workload;
        CHECK(workload.time_of(0) == core::from_ms(1'000));
        CHECK(workload.time_of(1) == core::Duration(1'333'333'333));
        CHECK(workload.time_of(3'000'000) == core::from_ms(1'000'001'000));
    }

    TEST_CASE("comments are read over, a byte order mark too, and places stay right") {
        const std::string text =
            "\xef\xbb\xbf// \xe6\xb3\xa8\xe9\x87\x8a \"with\" [ all\n/* kinds\n of */ " +
            replaced(kSmall, R"("id": "small")", R"(/* \xe4 */ "idd": "small")");
        const auto result = read_scenario("small.json", text);
        REQUIRE(result.problems.size() == 1);
        CHECK(result.problems[0].code == "AL201");
        CHECK(result.problems[0].line == 4);
        CHECK(result.problems[0].column == 29);
        CHECK(result.problems[0].suggestion == "did you mean \"id\"?");
    }

    TEST_CASE("columns count code points") {
        const std::string text = replaced(kSmall, R"("id": "small",)",
                                          "\"title\": \"\xe5\xae\x95\xe6\x9c\xba\", \"idd\": 1,");
        const auto result = read_scenario("small.json", text);
        REQUIRE_FALSE(result.problems.empty());
        bool found = false;
        for (const auto& problem : result.problems)
            if (problem.code == "AL201") {
                found = true;
                CHECK(problem.line == 2);
                CHECK(problem.column == 33);
            }
        CHECK(found);
    }

    TEST_CASE("all problems come at once, worst first, at most twenty") {
        std::string steps = "\"steps\": [";
        for (int i = 0; i < 40; ++i)
            steps += (i > 0 ? ", " : "") + std::string("{ \"id\": \"s") + std::to_string(i) +
                     "\", \"at\": 5, \"do\": \"reassign\" }";
        const std::string text = replaced(kSmall, "\"producers\"", steps + "], \"producers\"");
        const auto result = read_scenario("many.json", text);
        CHECK_FALSE(result.scenario.has_value());
        CHECK(result.problems.size() == scenario::kProblemsMax);
        CHECK(result.errors == 80);
        CHECK(result.problems.front().code == "AL211");
        CHECK(result.problems.back().code == "AL211");
    }

    TEST_CASE("limits hold before anything is allocated") {
        const auto code_of = [](const std::string& text) {
            const auto result = read_scenario("limits.json", text);
            REQUIRE_FALSE(result.problems.empty());
            CHECK_FALSE(result.scenario.has_value());
            return result.problems.front().code;
        };
        CHECK(code_of(std::string(scenario::kFileBytesMax + 1, ' ')) == "AL103");
        CHECK(code_of(std::string(100'000, '[')) == "AL104");
        std::string many = "[0";
        for (int i = 0; i < 600'000; ++i) many += ",0";
        CHECK(code_of(many + "]") == "AL106");
        CHECK(code_of(replaced(kSmall, "\"partitions\": 4", "\"partitions\": 10000")) == "AL240");
        CHECK(code_of(replaced(kSmall, "\"partitions\": 4",
                               "\"partitions\": 9000000000000000000")) == "AL206");
        CHECK(code_of(replaced(kSmall, "\"records\": 3", "\"records\": 10000001")) == "AL206");
        CHECK(code_of(
                  replaced(kSmall, "\"producers\"",
                           "\"steps\": [{ \"id\": \"x\", \"every\": \"1ns\", \"do\": \"produce\","
                           " \"producer\": \"p1\", \"records\": 1 }], \"producers\"")) == "AL240");
    }

    TEST_CASE("bytes that are no text are named and can be printed") {
        for (const char* text :
             {"", "\x80\xff", "nul", "{\"a\": \"\xc3\x28\"}", "[1e999]", "{\"a\"", "\"\\ud800\"",
              "{}{}", "/*", "-", "{\"scenario\": 1,,}"}) {
            CAPTURE(text);
            const auto result = read_scenario("\xff.json", text);
            REQUIRE_FALSE(result.problems.empty());
            for (const auto& problem : result.problems) {
                CHECK(problem.file == "\xef\xbf\xbd.json");
                CHECK_FALSE(problem.message.empty());
            }
            CHECK_FALSE(result.scenario.has_value());
        }
    }

    TEST_CASE("a value of another kind anywhere is a problem, never a crash") {
        const std::vector<std::string> others = {"null", "true", "-7",   "1.5", "\"x\"",
                                                 "[]",   "{}",   "[{}]", "[[]]"};
        const std::vector<std::string> places = {"{ \"version\": \"3.9\" }",
                                                 "{ \"end\": \"20s\" }",
                                                 "\"20s\"",
                                                 "[{ \"id\": 3 }",
                                                 "\"a\"",
                                                 "{ \"min.insync.replicas\": 2 }",
                                                 "\"b-c\", \"workload\"",
                                                 "\"3/s\"",
                                                 "4",
                                                 "\"p1\""};
        for (const std::string& place : places)
            for (const std::string& other : others) {
                std::string to = other;
                if (place.substr(0, 2) == "[{") to = "[" + other;
                if (place == "\"b-c\", \"workload\"") to = other + ", \"workload\"";
                const auto result = read_scenario("other.json", replaced(kSmall, place, to));
                CAPTURE(place);
                CAPTURE(other);
                CHECK(result.scenario.has_value() == (result.errors == 0));
            }
    }

    TEST_CASE("a step that is refused moves no warning and hides no circle") {
        const std::string steps = R"("steps": [
            { "id": "bad", "at": "5s", "do": "crash", "target": { "broker": 1 },
              "crash": { "kind": "hots" } },
            { "id": "a", "after": "b", "do": "note" }, { "id": "b", "after": "a", "do": "note" },
            { "id": "late", "at": "70s", "do": "note" }], "producers")";
        const auto result = read_scenario("x.json", replaced(kSmall, "\"producers\"", steps));
        CHECK(result.errors == 2);
        REQUIRE(result.problems.size() == 3);
        CHECK(result.problems[0].path == "/steps/bad/crash/kind");
        CHECK(result.problems[0].suggestion == "did you mean \"host\"?");
        CHECK(result.problems[1].code == "AL232");
        CHECK(result.problems[1].path == "/steps/a");
        CHECK(result.problems[2].code == "AL420");
        CHECK(result.problems[2].path == "/steps/late/at");
    }

    TEST_CASE("one mistake is told once") {
        const std::string steps = R"("steps": [
            { "id": "cut", "at": "2s", "do": "partion", "groups": [] },
            { "id": "mend", "after": "cut", "do": "heal", "step": "cut" }], "producers")";
        const auto word = read_scenario("x.json", replaced(kSmall, "\"producers\"", steps));
        REQUIRE(word.problems.size() == 1);
        CHECK(word.problems[0].suggestion == "did you mean \"partition\"?");
        const auto number =
            read_scenario("x.json", replaced(kSmall, "\"records\": 3", "\"records\": -3"));
        REQUIRE(number.problems.size() == 1);
        CHECK(number.problems[0].code == "AL206");
        const std::string produce = R"("topic": "b-c" }], "steps": [{ "id": "s", "at": "1s",
            "do": "produce", "producer": "p1", "records": 0 }],
            "x": [{ "topic": "b-c", "workload")";
        const auto step =
            read_scenario("x.json", replaced(kSmall, R"("topic": "b-c", "workload")", produce));
        for (const auto& problem : step.problems) CHECK(problem.code != "AL422");
    }

    TEST_CASE("what was refused where it is declared is not missed where it is used") {
        const auto codes = [](const std::string& from, const std::string& to) {
            const std::string steps = R"("steps": [
                { "id": "a", "at": "1s", "do": "crash", "target": { "broker": 3 } },
                { "id": "b", "after": "a", "do": "produce", "producer": "p1", "records": 1 },
                { "id": "c", "at": "1s", "do": "electLeader", "partition": "b-c-0" },
                { "id": "d", "at": "1s", "do": "crash", "target": { "broker": 1 },
                  "crash": { "kind": "host", "keep": "none" } }], "producers")";
            const auto result = read_scenario(
                "x.json", replaced(replaced(kSmall, "\"producers\"", steps), from, to));
            std::string out;
            for (const auto& problem : result.problems)
                if (problem.severity == scenario::Severity::error) out += problem.code + " ";
            return out;
        };
        REQUIRE(codes("\"id\": 3 }", "\"id\": 3 }").empty());
        CHECK(codes("{ \"id\": 3 }", "{ \"id\": \"3\" }") == "AL205 ");
        CHECK(codes("{ \"id\": 3 }", "{ \"ids\": 3 }") == "AL201 ");
        CHECK(codes("\"brokers\"", "\"borkers\"") == "AL201 ");
        CHECK(codes("\"id\": \"p1\"", "\"id\": \"\"") == "AL207 ");
        CHECK(codes("\"name\": \"b-c\"", "\"name\": \"b/c\"") == "AL314 ");
        CHECK(codes("\"id\": \"a\"", "\"id\": 7") == "AL205 ");
        CHECK(codes("\"kind\": \"host\"", "\"kind\": \"hots\"") == "AL224 ");
        CHECK(codes("\"kind\": \"host\"", "\"knid\": \"host\"") == "AL201 ");
        CHECK(codes("\"after\"", "\"aftr\"") == "AL201 ");
        CHECK(codes("\"target\": { \"broker\": 3 }", "\"target\": { \"brokr\": 3 }") == "AL201 ");
        // Where all were read, a name that is not there is a problem of its own.
        CHECK(codes("\"producer\": \"p1\"", "\"producer\": \"p2\"") == "AL230 ");
        CHECK(codes("{ \"broker\": 3 }", "{ \"broker\": 4 }") == "AL230 ");
    }

    TEST_CASE("a fault by another name is recognised") {
        const auto suggestion = [](const std::string& step) {
            const auto result =
                read_scenario("x.json", replaced(kSmall, "\"producers\"",
                                                 "\"steps\": [{ \"id\": \"s\", \"at\": \"1s\", " +
                                                     step + " }], \"producers\""));
            REQUIRE_FALSE(result.problems.empty());
            return result.problems[0].suggestion;
        };
        const std::string crash = R"("do": "crash", "target": { "broker": 1 }, "crash": )";
        CHECK(suggestion(crash + R"({ "kind": "power" })") == "did you mean \"host\"?");
        CHECK(suggestion(crash + R"({ "kind": "kill9" })") == "did you mean \"process\"?");
        CHECK(suggestion(crash + R"({ "kind": "proces" })") == "did you mean \"process\"?");
        CHECK(suggestion(R"("do": "kill")") == "did you mean \"crash\"?");
        CHECK(suggestion(R"("do": "shutdwon")") == "did you mean \"shutdown\"?");
        CHECK(suggestion(R"("do": "meteor")").empty());
    }

    TEST_CASE("a key that Kafka ignores comes with what may have been meant") {
        const auto problem_of = [](const std::string& config) {
            const auto result = read_scenario(
                "x.json", replaced(kSmall, "\"topic\": \"b-c\",",
                                   "\"topic\": \"b-c\", \"config\": { " + config + ": 1 },"));
            REQUIRE(result.problems.size() == 1);
            return result.problems[0];
        };
        const auto warned = [&](const std::string& key, const std::string& hint) {
            const auto problem = problem_of("\"" + key + "\"");
            CHECK(problem.code == "AL302");
            CHECK(problem.severity == scenario::Severity::warning);
            CHECK(problem.suggestion == hint);
        };
        warned("linger", "did you mean \"linger.ms\"?");
        warned("min.insync.replicas", "this is a topic key: write it under the topic's config");
        warned("broker.session.timeout.ms", "this is a broker key: write it under cluster.config");
        warned("group.id", "this is a consumer key, and consumers are not modelled yet");
        warned("MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION",
               "did you mean \"max.in.flight.requests.per.connection\"?");
        warned("my.own.setting", "");
        CHECK(problem_of("\"linger.mss\"").code == "AL204");
        const auto cluster = [](const std::string& key) {
            const auto result = read_scenario(
                "x.json", replaced(kSmall, R"({ "config": { "min.insync.replicas": 2 },)",
                                   "{ \"config\": { \"" + key + "\": 1 },"));
            REQUIRE(result.problems.size() == 1);
            CHECK(result.problems[0].code == "AL302");
            return result.problems[0].suggestion;
        };
        CHECK(cluster("broker.session.timeout") == "did you mean \"broker.session.timeout.ms\"?");
        CHECK(cluster("acks") == "this is a producer key: write it under the producer's config");
        // Too many keys begin so.
        CHECK(cluster("ssl.").empty());
    }

    TEST_CASE("what is not modelled is a warning inside lesson and sweep") {
        const std::string sweep = R"("sweep": { "faults": { "f": [{ "id": "s", "at": "1s",
            "do": "reassign", "target": { "broker": 1 } }] } }, "lesson": { "checkpoints": [
            { "id": "c", "when": { "event": "group.join" }, "say": "x" }] }, "producers")";
        const auto result = read_scenario("soft.json", replaced(kSmall, "\"producers\"", sweep));
        CHECK(result.errors == 0);
        CHECK(result.warnings == 2);
        REQUIRE(result.scenario.has_value());
        CHECK(result.scenario->lesson_json.substr(0, 18) == "{\"checkpoints\":[{\"");
    }

    TEST_CASE("a setting without effect on any fate is listed") {
        const auto result = read_scenario(
            "inert.json",
            replaced(kSmall, "\"topic\": \"b-c\",",
                     "\"topic\": \"b-c\", \"config\": { \"compression.type\": \"lz4\" },"));
        REQUIRE(result.scenario.has_value());
        REQUIRE(result.scenario->not_modelled.size() == 1);
        CHECK(result.scenario->not_modelled[0].path == "/producers/p1/config/compression.type");
        CHECK_FALSE(core::find_config(result.scenario->producers[0].config, "compression.type"));
    }

    TEST_CASE("problem_text shows the line and points at the place") {
        const auto result =
            read_scenario("demo.json", replaced(kSmall, "\"end\": \"20s\"", "\"end\": 20"));
        REQUIRE(result.problems.size() == 1);
        CHECK(scenario::problem_text(result.problems[0]) ==
              "error[AL211] demo.json:4:19  a duration needs a unit\n"
              "   /run/end\n"
              "   4 |   \"run\": { \"end\": 20 },\n"
              "                         ^^  write \"20s\" or \"20ms\"  expected: a text such as "
              "\"250ms\" or \"1m30s\"\n");
    }

    TEST_CASE("sha256 of the file's bytes") {
        CHECK(scenario::sha256_hex("abc") ==
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        CHECK(scenario::sha256_hex("") ==
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
