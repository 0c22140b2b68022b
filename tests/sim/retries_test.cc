// What an idempotent producer makes of a log that lost its tail: the whole path, client to disk.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "scenarios/read.h"
#include "sim/cluster.h"

namespace {

using core::NoteKind;

struct Counter final : trace::Observer {
    void on_note(const trace::Moment&, core::NodeId, const core::Note& note,
                 std::span<const core::NodeId>) override {
        ++notes[note.kind];
        if (note.error == core::ErrorCode::out_of_order_sequence_number) ++out_of_order;
        if (note.kind == NoteKind::produce_ack) acked += *note.end - *note.first;
    }
    void on_world(const trace::Moment&, const trace::WorldEvent&) override {}
    std::map<NoteKind, int> notes;
    std::int64_t acked = 0;
    int out_of_order = 0;
};

/// Ten records, of which the second five are on broker 1 alone; it dies, an unclean election makes
/// broker 3 the leader, which ends at five; then three more.
scenario::Scenario unclean_tail(const char* idempotence) {
    const std::string text = core::concat(
        R"({"scenario": 1, "id": "x", "kafka": {"version": "3.9"}, "run": {"end": "40s"},
        "cluster": {"config": {"broker.session.timeout.ms": 3000},
                    "brokers": [{"id": 1}, {"id": 2}, {"id": 3}]},
        "topics": [{"name": "t", "partitions": [{"id": 0, "replicas": [1, 2, 3]}],
                    "config": {"unclean.leader.election.enable": true}}],
        "producers": [{"id": "p1", "topic": "t", "config": {"acks": "all", "batch.size": 0,
                       "enable.idempotence": )",
        idempotence, R"(}}],
        "steps": [{"id": "a", "at": "1s", "do": "produce", "producer": "p1", "records": 5},
            {"id": "stop-2", "at": "3s", "do": "shutdown", "target": {"broker": 2}},
            {"id": "stop-3", "at": "3s", "do": "shutdown", "target": {"broker": 3}},
            {"id": "b", "at": "9s", "do": "produce", "producer": "p1", "records": 5},
            {"id": "kill-1", "at": "12s", "do": "crash", "target": {"broker": 1}},
            {"id": "back-3", "at": "18s", "do": "restart", "target": {"broker": 3}},
            {"id": "c", "at": "28s", "do": "produce", "producer": "p1", "records": 3}]})");
    scenario::ReadResult result = scenario::read_scenario("x.json", text);
    for (const scenario::Problem& problem : result.problems) MESSAGE(problem.message);
    REQUIRE(result.scenario.has_value());
    return std::move(*result.scenario);
}

}  // namespace

TEST_SUITE("sim.retries") {
    TEST_CASE("V19: behind an unclean election's gap the producer takes a new epoch, silently") {
        for (const char* idempotence : {"true", "false"}) {
            CAPTURE(idempotence);
            const scenario::Scenario scenario = unclean_tail(idempotence);
            Counter counter;
            sim::Cluster cluster(scenario, 1, {});
            cluster.attach(counter);
            const trace::Outcome outcome = cluster.run();
            std::vector<std::int64_t> read;
            for (const trace::LogRecord& record : outcome.partitions[0].read)
                read.push_back(record.number.value());
            const bool idempotent = std::string(idempotence) == "true";
            // Several in flight meet a leader that they did not expect: without sequences they may
            // pass each other.
            if (!idempotent) std::sort(read.begin(), read.end());
            // Five acknowledged records are gone, and no callback says so.
            CHECK(read == std::vector<std::int64_t>{0, 1, 2, 3, 4, 10, 11, 12});
            CHECK(counter.acked == 13);
            CHECK(counter.notes[NoteKind::produce_error] == 0);
            CHECK(counter.notes[NoteKind::epoch_bump] == (idempotent ? 1 : 0));
            CHECK((counter.out_of_order > 0) == idempotent);
        }
    }
}
