// --set, --seed and --kafka (SCENARIO_FORMAT 6).
#include <doctest/doctest.h>

#include <string>

#include "scenarios/library.h"
#include "scenarios/read.h"

namespace {

scenario::ReadResult read_with(std::vector<std::string> set) {
    const scenario::LibraryFile* file = scenario::find_in_library("acks1-leader-crash");
    REQUIRE(file != nullptr);
    scenario::ReadOptions options;
    options.set = std::move(set);
    return scenario::read_scenario(file->name, file->bytes, options);
}

std::string usage(const std::string& argument) {
    const auto result = read_with({argument});
    CHECK_FALSE(result.scenario.has_value());
    return result.usage_error ? result.usage_error->message : std::string("no usage error");
}

}  // namespace

TEST_SUITE("scenario.set") {
    TEST_CASE("a path sets one value, a list goes by id or name") {
        const auto result = read_with({"/run/end=1m", "/steps/kill-leader/crash/kind=host",
                                       "/topics/orders/config/min.insync.replicas=1"});
        REQUIRE(result.scenario.has_value());
        CHECK(result.scenario->run.end == core::from_ms(60'000));
        const auto& crash = std::get<scenario::CrashAction>(result.scenario->steps[0].action);
        CHECK(crash.kind == scenario::CrashKind::host);
        CHECK(core::find_config(result.scenario->topics[0].config, "min.insync.replicas") == "1");
    }

    TEST_CASE("the last segment may be new, a star means all, later ones win") {
        const auto result = read_with({"/cluster/brokers/*/rack=z", "/run/maxEvents=5",
                                       "/run/maxEvents=7", "/cluster/brokers/2/rack=y"});
        REQUIRE(result.scenario.has_value());
        CHECK(result.scenario->run.max_events == 7);
        CHECK(result.scenario->cluster.brokers[0].rack == "z");
        CHECK(result.scenario->cluster.brokers[1].rack == "y");
    }

    TEST_CASE("a value is JSON if it parses, else a text; the first '=' splits") {
        const auto result =
            read_with({"/title={\"en\": \"a=b\"}", "/producers/p1/workload/value=x={n}"});
        REQUIRE(result.scenario.has_value());
        CHECK(result.scenario->title.en == "a=b");
        CHECK(scenario::expand(result.scenario->producers[0].workload.value, 12) == "x=12");
    }

    TEST_CASE("a bare Kafka key goes to producers, topics or the cluster") {
        const auto result =
            read_with({"acks=all", "min.insync.replicas=1", "replica.lag.time.max.ms=5000"});
        REQUIRE(result.scenario.has_value());
        const scenario::Scenario& s = *result.scenario;
        CHECK(core::find_config(s.producers[0].config, "acks") == "all");
        CHECK(core::find_config(s.topics[0].config, "min.insync.replicas") == "1");
        CHECK_FALSE(core::find_config(s.cluster.config, "min.insync.replicas"));
        CHECK(core::find_config(s.cluster.config, "replica.lag.time.max.ms") == "5000");
        CHECK(core::find_config(s.cluster.brokers[2].config, "replica.lag.time.max.ms") == "5000");
    }

    TEST_CASE("an override that cannot be applied is a mistake of usage") {
        CHECK(usage("acks") == "an override is PATH=VALUE or KEY=VALUE");
        CHECK(usage("=1") == "an override is PATH=VALUE or KEY=VALUE");
        CHECK(usage("/steps/kill/for=1s") ==
              "the path /steps/kill/for leads nowhere: there is no \"kill\"");
        CHECK(usage("/consumers/*/id=x").find("there is no \"consumers\"") != std::string::npos);
        CHECK(usage("/cluster/brokers/9=1").find("no element of the list") != std::string::npos);
        CHECK(usage("/run/end/x=1").find("would stand inside a text") != std::string::npos);
        CHECK(usage("run.end=1s") == "\"run.end\" is neither a path nor a Kafka key");
        CHECK(usage("auto.offset.reset=earliest").find("consumer key") != std::string::npos);
        const auto result = read_with({"ack=all"});
        REQUIRE(result.usage_error.has_value());
        CHECK(result.usage_error->suggestion == "did you mean \"acks\"?");
    }

    TEST_CASE("a star that matches nothing is a mistake of usage") {
        const std::string text = R"({"steps": []})";
        scenario::ReadOptions options;
        options.set = {"/steps/*/for=1s"};
        const auto result = scenario::read_scenario("x.json", text, options);
        REQUIRE(result.usage_error.has_value());
        CHECK(result.usage_error->message.find("\"*\" matches nothing") != std::string::npos);
    }

    TEST_CASE("a result that is not valid is blamed on --set") {
        const auto direct = read_with({"/steps/kill-leader/for=20"});
        REQUIRE(direct.errors == 1);
        CHECK(direct.problems[0].file == "--set");
        CHECK(direct.problems[0].column == 24);
        CHECK(direct.problems[0].code == "AL211");
        // Broker 3 goes, and the file's replica list now names nobody.
        const auto far = read_with({"/cluster/brokers=[{\"id\": 1}, {\"id\": 2}]"});
        REQUIRE(far.errors >= 1);
        CHECK(far.problems[0].file == "--set");
        CHECK(far.problems[0].path == "/topics/orders/partitions/0/replicas/2");
        const auto conflict = read_with({"enable.idempotence=true"});
        REQUIRE(conflict.errors == 1);
        CHECK(conflict.problems[0].code == "AL311");
        CHECK(conflict.problems[0].file == "--set");
    }

    TEST_CASE("what becomes of a min.insync.replicas above the replicas is the version's") {
        struct Row {
            const char* version;
            const char* words;
        };
        for (const Row& row : {Row{"/kafka/version=\"3.6\"", "refuses every write with acks=all"},
                               Row{"/kafka/version=\"3.9\"", "takes it as 3"}}) {
            CAPTURE(row.version);
            const auto result = read_with({row.version, "acks=all", "min.insync.replicas=5"});
            REQUIRE(result.problems.size() == 1);
            CHECK(result.problems[0].code == "AL413");
            CHECK(result.problems[0].message.find(row.words) != std::string::npos);
        }
    }

    TEST_CASE("a warning about an overridden value is blamed on --set, the file's own is not") {
        const auto result = read_with({"min.insync.replicas=5"});
        CHECK(result.errors == 0);
        REQUIRE(result.problems.size() == 2);
        for (const auto& problem : result.problems) {
            CAPTURE(problem.code);
            CHECK(problem.path == "/topics/orders/config/min.insync.replicas");
            // 5 is the override's; that acks=1 looks at no ISR, the file says by itself.
            CHECK((problem.file == "--set") == (problem.code == "AL413"));
            if (problem.code == "AL413") CHECK(problem.source_line == "min.insync.replicas=5");
        }
        const auto seed = [] {
            const scenario::LibraryFile* file = scenario::find_in_library("acks1-leader-crash");
            scenario::ReadOptions options;
            options.seed = 9;
            return scenario::read_scenario(file->name, file->bytes, options);
        }();
        REQUIRE(seed.problems.size() == 1);
        CHECK(seed.problems[0].file != "--seed");
    }

    TEST_CASE("an error of the file stays the file's") {
        scenario::ReadOptions options;
        options.set = {"/run/end=5s"};
        const auto result =
            scenario::read_scenario("own.json", R"({"run": {"end": 3}, "x": 1})", options);
        REQUIRE_FALSE(result.problems.empty());
        for (const auto& problem : result.problems) CHECK(problem.file == "own.json");
    }

    TEST_CASE("--seed and --kafka win over --set") {
        const scenario::LibraryFile* file = scenario::find_in_library("acks1-leader-crash");
        REQUIRE(file != nullptr);
        scenario::ReadOptions options;
        options.set = {"/run/seed=5", "/kafka/version=0.8"};
        options.seed = 18'446'744'073'709'551'615u;
        options.kafka = "3.9.1";
        const auto result = scenario::read_scenario(file->name, file->bytes, options);
        REQUIRE(result.scenario.has_value());
        CHECK(result.scenario->run.seed == 18'446'744'073'709'551'615u);
        CHECK(result.scenario->kafka.asked == "3.9.1");
        options.kafka = "4.2";
        const auto refused = scenario::read_scenario(file->name, file->bytes, options);
        REQUIRE(refused.errors == 1);
        CHECK(refused.problems[0].code == "AL501");
        CHECK(refused.problems[0].file == "--kafka");
        CHECK(refused.problems[0].expected == "a version of 3.6, 3.9, 4.0, 4.1");
    }
}
