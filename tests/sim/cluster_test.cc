#include "sim/cluster.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.h"
#include "scenarios/read.h"

namespace {

using core::NodeId;
using core::NoteKind;
using core::PartitionId;

struct Recipe {
    std::string acks = "\"all\"";
    std::string producer_config = R"("enable.idempotence": false)";
    std::string topic_config = R"("min.insync.replicas": 2)";
    std::string workload = R"("records": 200, "rate": "100/s")";
    std::string steps = {};
    std::string run = R"("seed": 5, "end": "20s", "settle": "15s")";
    std::string more = {};
};

/// Three brokers, topic "t" with one partition of three replicas, one producer.
scenario::Scenario make(const Recipe& recipe) {
    const std::string text = core::concat(
        R"({"scenario": 1, "id": "x", "title": "x", "kafka": {"version": "3.9"}, "run": {)",
        recipe.run, R"(}, "cluster": {"brokers": [{"id": 1}, {"id": 2}, {"id": 3}]}, )",
        R"("topics": [{"name": "t", "partitions": [{"id": 0, "replicas": [1, 2, 3]}], )",
        R"("config": {)", recipe.topic_config,
        R"(}}], "producers": [{"id": "p1", "topic": "t", "config": {"acks": )", recipe.acks, ", ",
        recipe.producer_config, R"(}, "workload": {)", recipe.workload, R"(}}], "steps": [)",
        recipe.steps, "]", recipe.more, "}");
    scenario::ReadResult result = scenario::read_scenario("x.json", text);
    for (const scenario::Problem& problem : result.problems) MESSAGE(problem.message);
    REQUIRE(result.scenario.has_value());
    return std::move(*result.scenario);
}

trace::Outcome run(const scenario::Scenario& scenario, const sim::RunOptions& options = {}) {
    return sim::Cluster(scenario, scenario.run.seed, options).run();
}

sim::RunOptions checked(sim::Sabotage sabotage = sim::Sabotage::none) {
    sim::RunOptions options;
    options.check_invariants = true;
    options.sabotage = sabotage;
    return options;
}

/// Counts what it sees and keeps the words of world events.
struct Watcher final : trace::Observer {
    void on_note(const trace::Moment& moment, NodeId, const core::Note& note,
                 std::span<const NodeId>) override {
        ++notes[note.kind];
        CHECK(moment.at >= core::at_ns(0));
        CHECK(moment.cause < moment.event);
    }
    void on_world(const trace::Moment& moment, const trace::WorldEvent& event) override {
        world.push_back(core::concat(core::to_ms(moment.at.time_since_epoch()), " ",
                                     trace::name(event.kind), " ",
                                     event.node ? event.node->value() : 0));
    }
    std::map<NoteKind, int> notes;
    std::vector<std::string> world;
};

/// What was appended, flushed and rolled at each broker when its log was recovered.
struct RecoveryWatcher final : trace::Observer {
    struct Ends {
        core::Offset appended{0};
        core::Offset flushed{0};
        core::Offset rolled{0};
        core::Offset recovered{0};
    };
    void on_note(const trace::Moment&, NodeId who, const core::Note& note,
                 std::span<const NodeId>) override {
        Ends& ends = now[who.value()];
        if (note.kind == NoteKind::log_append) ends.appended = *note.end;
        if (note.kind == NoteKind::log_flush) ends.flushed = *note.end;
        if (note.kind == NoteKind::log_roll) ends.rolled = *note.first;
        if (note.kind != NoteKind::log_recovered) return;
        ends.recovered = *note.end;
        recoveries.push_back(ends);
    }
    void on_world(const trace::Moment&, const trace::WorldEvent&) override {}
    std::map<std::int32_t, Ends> now;
    std::vector<Ends> recoveries;
};

int distinct(const std::vector<trace::LogRecord>& records) {
    std::set<std::int64_t> numbers;
    for (const trace::LogRecord& record : records) numbers.insert(record.number.value());
    return static_cast<int>(numbers.size());
}

constexpr const char* kCrash =
    R"({"id": "kill", "at": "1s", "do": "crash", "target": {"leaderOf": "t-0"}, "for": "3s"})";

TEST_SUITE("sim.cluster") {
    TEST_CASE("without faults every record is kept on every replica and read") {
        const scenario::Scenario scenario = make({});
        const trace::Outcome outcome = run(scenario, checked());
        CHECK(outcome.failure == "");
        REQUIRE(outcome.end == trace::RunEnd::complete);
        REQUIRE(outcome.partitions.size() == 1);
        const trace::PartitionOutcome& partition = outcome.partitions[0];
        CHECK(partition.leader == NodeId(1));
        CHECK(partition.leader_epoch == core::LeaderEpoch(0));
        CHECK(partition.high_watermark == core::Offset(200));
        REQUIRE(partition.read.size() == 200);
        for (std::size_t i = 0; i < 200; ++i) {
            CHECK(partition.read[i].client == 0);
            CHECK(partition.read[i].number.value() == static_cast<std::int64_t>(i));
        }
        for (const trace::ReplicaOutcome& replica : partition.replicas) {
            CHECK(replica.log.size() == 200);
            CHECK(replica.log_end == core::Offset(200));
            CHECK(replica.digest == partition.replicas[0].digest);
            REQUIRE(replica.epochs.size() == 1);
            CHECK(replica.epochs[0].offset == core::Offset(0));
        }
    }

    TEST_CASE("a run is a function of scenario and seed; whoever watches changes nothing") {
        const scenario::Scenario scenario = make({.acks = "1", .steps = kCrash});
        const trace::Outcome plain = run(scenario);
        CHECK(run(scenario).digest == plain.digest);
        Watcher watcher;
        sim::Cluster watched(scenario, scenario.run.seed, checked());
        watched.attach(watcher);
        const trace::Outcome outcome = watched.run();
        CHECK(outcome.failure == "");
        CHECK(outcome.digest == plain.digest);
        CHECK(outcome.events == plain.events);
        CHECK(sim::Cluster(scenario, 6, {}).run().digest != plain.digest);
        CHECK(watcher.notes[NoteKind::produce_ack] > 0);
        const std::vector<std::string> first(watcher.world.begin(), watcher.world.begin() + 3);
        CHECK(first == std::vector<std::string>{"0 process.start 1000000", "1000 process.crash 1",
                                                "1000 step.start 0"});
    }

    TEST_CASE("a killed leader comes back and follows; nothing acked by all is lost") {
        const scenario::Scenario scenario = make({.steps = kCrash});
        const trace::Outcome outcome = run(scenario, checked());
        CHECK(outcome.failure == "");
        const trace::PartitionOutcome& partition = outcome.partitions[0];
        CHECK(partition.leader != std::nullopt);
        CHECK(partition.leader_epoch > core::LeaderEpoch(0));
        CHECK(partition.isr.size() == 3);
        CHECK(distinct(partition.read) == 200);
    }

    TEST_CASE("what the controller tells of survives its loss of power at that moment") {
        const scenario::Scenario scenario =
            make({.steps = R"({"id": "kill", "at": "5s", "do": "crash", "target": {"broker": 2},
                          "for": "15s"},
                         {"id": "dark", "when": {"event": "isr.shrink"}, "do": "crash",
                          "target": {"controller": 100}, "for": "2s",
                          "crash": {"kind": "host", "keep": "none"}})",
                  .run = R"("seed": 1, "end": "40s", "settle": "20s")",
                  .more = R"(, "disk": {"default": {"append": "20us", "fsync": "2ms"}})"});
        sim::Cluster cluster(scenario, 1, checked());
        Watcher watcher;
        cluster.attach(watcher);
        const trace::Outcome outcome = cluster.run();
        CHECK(outcome.failure == "");
        // The first election was before time 0.
        CHECK(watcher.notes[NoteKind::controller_elect] == 1);
        CHECK(watcher.notes[NoteKind::isr_shrink] == 1);
        CHECK(outcome.partitions[0].read.size() == 200);
    }

    TEST_CASE("the view takes up every alterConfig, and none makes it forget an earlier one") {
        const auto alter = [](const std::string& id, const std::string& of,
                              const std::string& config) {
            return core::concat(R"({"id": ")", id, R"(", "at": ")", id,
                                R"(s", "do": "alterConfig", )", of, R"(, "config": {)", config,
                                "}}");
        };
        const std::string topic = R"("topic": "t")";
        const std::string leader = R"("target": {"broker": 1})";
        const std::string follower = R"("target": {"broker": 2})";
        const std::string brokers = R"("target": {"brokers": "all"})";
        const std::string two = R"("min.insync.replicas": 2)";
        const std::string three = R"("min.insync.replicas": 3)";
        const std::string other = R"("max.message.bytes": 500000)";
        const auto min_isr = [](const std::string& config, const std::string& steps) {
            const scenario::Scenario scenario = make({.topic_config = config, .steps = steps});
            sim::Cluster cluster(scenario, 5, checked());
            CHECK(cluster.run().failure == "");
            return cluster.view().partition(PartitionId(0)).min_insync_replicas;
        };
        CHECK(min_isr("", alter("2", topic, other)) == 1);
        CHECK(min_isr(two, alter("2", topic, three)) == 3);
        CHECK(min_isr(two, alter("2", topic, three) + ", " + alter("3", topic, other)) == 3);
        CHECK(min_isr("", alter("2", brokers, three)) == 3);
        CHECK(min_isr("", alter("2", leader, three)) == 3);
        CHECK(min_isr("", alter("2", follower, three)) == 1);
        // A topic's own setting is nearer than a broker's.
        CHECK(min_isr(two, alter("2", brokers, three)) == 2);
    }

    TEST_CASE("a setting that dies with the controller is not taken for a later one") {
        const scenario::Scenario scenario =
            make({.steps = R"({"id": "pause", "at": "1s", "do": "pause",
                               "target": {"controller": 100}, "for": "10s"},
                              {"id": "three", "at": "2s", "do": "alterConfig", "topic": "t",
                               "config": {"min.insync.replicas": 3}},
                              {"id": "dead", "at": "3s", "do": "crash",
                               "target": {"controller": 100}, "for": "1s"},
                              {"id": "one", "at": "10s", "do": "alterConfig", "topic": "t",
                               "config": {"min.insync.replicas": 1}})"});
        sim::Cluster cluster(scenario, 5, checked());
        CHECK(cluster.run().failure == "");
        CHECK(cluster.view().partition(PartitionId(0)).min_insync_replicas == 1);
    }

    TEST_CASE("what a follower cut before the checkpoint behind it failed stays cut, and is told") {
        // Broker 1 comes back with five records that nobody has, and its disk is full by then.
        const scenario::Scenario scenario = make(
            {.acks = "1",
             .producer_config = R"("enable.idempotence": false, "batch.size": 0)",
             .topic_config = R"("min.insync.replicas": 1)",
             .workload = R"("size": 100)",
             .steps = R"({"id": "a", "at": "1s", "do": "produce", "producer": "p1", "records": 5},
                         {"id": "c", "at": "3s", "do": "partition", "for": "17s",
                          "groups": [[{"broker": 1}, {"producer": "p1"}],
                                     [{"broker": 2}, {"broker": 3}, {"controller": 100}]]},
                         {"id": "b", "at": "4s", "do": "produce", "producer": "p1", "records": 5},
                         {"id": "full", "when": {"event": "fetch.request", "broker": 2,
                                                 "armed": "19s", "nth": 1},
                          "do": "fullDisk", "target": {"broker": 1}, "for": "forever"})",
             .run = R"("seed": 1, "end": "60s", "settle": "20s")"});
        sim::Cluster cluster(scenario, 1, checked());
        Watcher watcher;
        cluster.attach(watcher);
        const trace::Outcome outcome = cluster.run();
        CHECK(outcome.failure == "");
        CHECK(watcher.notes[NoteKind::log_truncate] == 1);
        const auto held = [&](std::int64_t record) {
            return cluster.ledger().batch_of(0, core::RecordNumber(record))->held_by(NodeId(1));
        };
        for (std::int64_t record = 0; record < 10; ++record) CHECK(held(record) == (record < 5));
        for (const trace::ReplicaOutcome& replica : outcome.partitions[0].replicas)
            CHECK(replica.digest == outcome.partitions[0].replicas[0].digest);
    }

    TEST_CASE("the audit is the end of settle: a leader that is elected later says nothing") {
        const Recipe recipe{.acks = "1",
                            .topic_config = R"("min.insync.replicas": 1)",
                            .steps = R"({"id": "kill", "at": "19s", "do": "crash",
                                         "target": {"leaderOf": "t-0"}})",
                            .run = R"("seed": 5, "end": "20s", "settle": "1s")"};
        const scenario::Scenario scenario = make(recipe);
        sim::Cluster cluster(scenario, scenario.run.seed, checked());
        const trace::Outcome outcome = cluster.run();
        CHECK(outcome.failure == "");
        CHECK(outcome.audited_at == core::at_ns(21'000'000'000));
        const trace::PartitionOutcome& partition = outcome.partitions[0];
        CHECK(partition.leader == NodeId(1));
        CHECK_FALSE(partition.leader_live);
        CHECK_FALSE(partition.readable);
        CHECK(partition.read.empty());
        CHECK(partition.isr.size() == 3);
        CHECK(cluster.view().partition(PartitionId(0)).leader_epoch == core::LeaderEpoch(0));
    }

    TEST_CASE("each partition is read at its leader, whatever a broker that is cut off believes") {
        // Broker 1 stays cut from brokers and controllers and goes on believing that it leads; the
        // audit's reader reaches it all the same.
        const Recipe recipe{.acks = "1",
                            .topic_config = R"("min.insync.replicas": 1)",
                            .workload = R"("records": 400, "rate": "20/s")",
                            .steps = R"({"id": "cut", "at": "5s", "do": "partition",
                                         "for": "forever",
                                         "groups": [[{"broker": 1}], [{"broker": 2}, {"broker": 3},
                                                    {"controller": "all"}]]})",
                            .run = R"("seed": 5, "end": "30s", "settle": "15s")"};
        for (const char* seed : {"1", "2", "3", "4", "5", "6"}) {
            Recipe one = recipe;
            one.run = core::concat(R"("seed": )", seed, R"(, "end": "30s", "settle": "15s")");
            const trace::Outcome outcome = run(make(one), checked());
            CAPTURE(seed);
            CHECK(outcome.failure == "");
            const trace::PartitionOutcome& partition = outcome.partitions[0];
            REQUIRE(partition.leader.has_value());
            CHECK(partition.leader != NodeId(1));
            CHECK(partition.leader_live);
            CHECK(partition.readable);
            CHECK(static_cast<std::int64_t>(partition.read.size()) ==
                  partition.high_watermark.value());
        }
    }

    TEST_CASE("a leader that lives is read, whatever cut stays between brokers") {
        const Recipe recipe{.steps =
                                R"({"id": "cut", "at": "1s", "do": "partition", "for": "forever",
                         "from": {"broker": 1}, "to": {"brokers": "all"}})"};
        const trace::Outcome outcome = run(make(recipe), checked());
        CHECK(outcome.failure == "");
        const trace::PartitionOutcome& partition = outcome.partitions[0];
        CHECK(partition.leader_live);
        CHECK(partition.readable);
        // Alone it is under min.insync.replicas: its high watermark stays where it was.
        CHECK(partition.read.size() >= 90);
        CHECK(static_cast<std::int64_t>(partition.read.size()) == partition.high_watermark.value());
    }

    TEST_CASE("a run that would not end hits its cap of events") {
        const scenario::Scenario scenario =
            make({.run = R"("seed": 5, "end": "20s", "settle": "15s", "maxEvents": 500)"});
        const trace::Outcome outcome = run(scenario);
        CHECK(outcome.end == trace::RunEnd::event_cap);
        CHECK(outcome.events == 500);
    }

    TEST_CASE("a loss of power takes what was not durable, and the world says so") {
        // All three replicas lose power together: what was written a moment ago is nowhere.
        const scenario::Scenario scenario = make(
            {.steps = R"({"id": "dark", "at": "1s", "do": "crash", "target": {"brokers": "all"},
                          "crash": {"kind": "host"}, "for": "2s"})"});
        sim::Cluster cluster(scenario, 5, checked());
        Watcher watcher;
        cluster.attach(watcher);
        const trace::Outcome outcome = cluster.run();
        CHECK(outcome.failure == "");
        int losses = 0;
        for (const std::string& event : watcher.world)
            if (event.find("disk.lost") != std::string::npos) ++losses;
        CHECK(losses == 3);
        CHECK(outcome.partitions[0].read.size() < 200);
    }

    TEST_CASE("V23: what stands above a watermark that cannot move is there, and is not read") {
        // Alone below min ISR, and restarted: acks=1 goes on, the watermark does not.
        const scenario::Scenario scenario =
            make({.acks = "1",
                  .workload = R"("records": 1800, "rate": "100/s")",
                  .steps = R"({"id": "two", "at": "1s", "do": "crash", "target": {"broker": 2},
                          "for": "forever"},
                         {"id": "three", "at": "1s", "do": "crash", "target": {"broker": 3},
                          "for": "forever"},
                         {"id": "one", "at": "15s", "do": "restart", "target": {"broker": 1}})"});
        const trace::Outcome outcome = run(scenario, checked());
        CHECK(outcome.failure == "");
        const trace::PartitionOutcome& partition = outcome.partitions[0];
        CHECK(partition.leader == NodeId(1));
        CHECK(partition.isr.size() == 1);
        REQUIRE(!partition.read.empty());
        CHECK(core::Offset(static_cast<std::int64_t>(partition.read.size())) ==
              partition.high_watermark);
        CHECK(partition.read.size() < 200);
        CHECK(partition.replicas[0].log.size() > 1000);
    }

    TEST_CASE("a producer that is restarted closes politely: what it sent has its outcome") {
        const scenario::Scenario scenario =
            make({.workload = R"("records": 400, "rate": "100/s")",
                  .steps = R"({"id": "again", "at": "1s", "do": "restart",
                               "target": {"producer": "p1"}, "for": "1s"})"});
        sim::Cluster cluster(scenario, 5, checked());
        Watcher watcher;
        cluster.attach(watcher);
        const trace::Outcome outcome = cluster.run();
        CHECK(outcome.failure == "");
        CHECK(watcher.notes[NoteKind::produce_error] == 0);
        // Nothing is produced while it is away: a second, and one more until it runs.
        const auto& read = outcome.partitions[0].read;
        CHECK(read.size() > 150);
        CHECK(read.size() < 350);
        for (std::size_t i = 0; i < read.size(); ++i)
            CHECK(read[i].number.value() == static_cast<std::int64_t>(i));
        CHECK(std::any_of(watcher.world.begin(), watcher.world.end(), [](const auto& event) {
            return event.find("process.exit 1000000") != std::string::npos;
        }));
    }

    TEST_CASE("a loss of power takes no more than the active segment") {
        // About ten records to a segment; what lies below a roll is flushed at once.
        for (const std::string_view keep : {"none", "random", "all"})
            for (const std::string_view target :
                 {R"("broker": 1)", R"("broker": 2)", R"("brokers": "all")"}) {
                CAPTURE(keep);
                CAPTURE(target);
                const std::string steps = core::concat(
                    R"({"id": "dark", "at": "1s", "do": "crash", "target": {)", target,
                    R"(}, "crash": {"kind": "host", "keep": ")", keep, R"("}, "for": "2s"})");
                const scenario::Scenario scenario =
                    make({.producer_config = R"("enable.idempotence": false, "batch.size": 500)",
                          .topic_config = R"("min.insync.replicas": 2, "segment.bytes": 2000)",
                          .steps = steps});
                sim::Cluster cluster(scenario, 5, checked());
                RecoveryWatcher watcher;
                cluster.attach(watcher);
                const trace::Outcome outcome = cluster.run();
                CHECK(outcome.failure == "");
                REQUIRE(outcome.end == trace::RunEnd::complete);

                const bool everybody = target == R"("brokers": "all")";
                CHECK(watcher.recoveries.size() == (everybody ? 3 : 1));
                for (const RecoveryWatcher::Ends& ends : watcher.recoveries) {
                    CHECK(ends.rolled >= core::Offset(70));
                    CHECK(ends.flushed == ends.rolled);
                    CHECK(ends.appended > ends.rolled);
                    CHECK(ends.recovered >= ends.flushed);
                    CHECK(ends.recovered <= ends.appended);
                    if (keep == "none") CHECK(ends.recovered == ends.flushed);
                    if (keep == "all") CHECK(ends.recovered == ends.appended);
                }
                const trace::PartitionOutcome& partition = outcome.partitions[0];
                CHECK(partition.isr.size() == 3);
                for (const trace::ReplicaOutcome& replica : partition.replicas)
                    CHECK(replica.digest == partition.replicas[0].digest);
                if (!everybody || keep == "all") CHECK(distinct(partition.read) == 200);
            }
    }

    TEST_CASE("what a controller committed survives the loss of its power at that moment") {
        const scenario::Scenario scenario =
            make({.steps = R"({"id": "kill", "at": "500ms", "do": "crash", "target": {"broker": 2},
                          "for": "12s"},
                         {"id": "dark", "when": {"event": "isr.shrink"}, "do": "crash",
                          "target": {"controller": 100}, "crash": {"kind": "host"}, "for": "1s"})",
                  .run = R"("seed": 5, "end": "25s", "settle": "20s")"});
        sim::Cluster cluster(scenario, 5, checked());
        Watcher watcher;
        cluster.attach(watcher);
        CHECK(cluster.run().failure == "");
        CHECK(watcher.notes[NoteKind::isr_shrink] == 1);
    }

    TEST_CASE("flush.messages=1 makes a record survive any loss of power") {
        const Recipe recipe{
            .topic_config = R"("min.insync.replicas": 2, "flush.messages": 1)",
            .steps = R"({"id": "dark", "at": "2100ms", "do": "crash", "target": {"brokers": "all"},
                         "crash": {"kind": "host"}, "for": "2s"})"};
        const trace::Outcome outcome = run(make(recipe), checked());
        CHECK(outcome.failure == "");
        CHECK(outcome.partitions[0].read.size() >= 199);
    }

    TEST_CASE("sabotage: a disk that forgets its syncs breaks flushed-survives") {
        const Recipe recipe{
            .topic_config = R"("min.insync.replicas": 2, "flush.messages": 1)",
            .steps = R"({"id": "dark", "at": "5s", "do": "crash", "target": {"brokers": "all"},
                         "crash": {"kind": "host"}, "for": "2s"})"};
        const trace::Outcome outcome = run(make(recipe), checked(sim::Sabotage::forget_sync));
        CHECK(outcome.end == trace::RunEnd::broken);
        CHECK(outcome.failure.find("flushed-survives") != std::string::npos);
    }

    TEST_CASE("sabotage: a follower whose truncation is skipped is caught") {
        // Broker 1 appends what nobody copies, dies, and must cut it when it comes back.
        const Recipe recipe{.acks = "1",
                            .topic_config = R"("min.insync.replicas": 1)",
                            .workload = R"("records": 400, "rate": "100/s")",
                            .steps = R"({"id": "cut", "at": "1s", "do": "partition", "for": "1s",
                         "from": {"broker": 1}, "to": {"brokers": "all"}},
                        {"id": "kill", "at": "1500ms", "do": "crash", "target": {"broker": 1},
                         "for": "3s"})"};
        const scenario::Scenario scenario = make(recipe);
        CHECK(run(scenario, checked()).failure == "");
        const trace::Outcome outcome = run(scenario, checked(sim::Sabotage::skip_truncation));
        CHECK(outcome.end == trace::RunEnd::broken);
        CHECK(outcome.failure.find("isr-agrees") != std::string::npos);
    }

    TEST_CASE("sabotage: a loss of power somewhere does not shelter a log that is not sound") {
        const Recipe recipe{.acks = "1",
                            .topic_config = R"("min.insync.replicas": 1)",
                            .workload = R"("records": 400, "rate": "100/s")",
                            .steps = R"({"id": "dark", "at": "10ms", "do": "crash",
                         "target": {"broker": 3}, "crash": {"kind": "host"}},
                        {"id": "cut", "at": "1s", "do": "partition", "for": "1s",
                         "from": {"broker": 1}, "to": {"brokers": "all"}},
                        {"id": "kill", "at": "1500ms", "do": "crash", "target": {"broker": 1},
                         "for": "3s"})"};
        const scenario::Scenario scenario = make(recipe);
        CHECK(run(scenario, checked()).failure == "");
        const trace::Outcome outcome = run(scenario, checked(sim::Sabotage::skip_truncation));
        CHECK(outcome.end == trace::RunEnd::broken);
        CHECK(outcome.failure.find("log-is-sound") != std::string::npos);
    }

    TEST_CASE("sabotage: a response that is handed over twice is caught") {
        const trace::Outcome outcome = run(make({}), checked(sim::Sabotage::reuse_message));
        CHECK(outcome.end == trace::RunEnd::broken);
        CHECK(outcome.failure != "");
    }
}

}  // namespace
