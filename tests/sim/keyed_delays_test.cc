// The same faults in every cell of a comparison: a produce request meets the same delay whatever
// acks is (sim/network R5).
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/text.h"
#include "scenarios/read.h"
#include "sim/cluster.h"
#include "sim/network.h"

namespace {

using namespace core;

/// What decides a produce request's delay: first record, attempt.
using Identity = std::pair<std::int64_t, std::uint32_t>;

/// Two hosts on links with a wide latency and much loss.
class Wire {
  public:
    Wire()
        : network_(kernel_, 7, {NodeId(1), NodeId(2)}, [](sim::HostIndex, sim::HostIndex) {
              scenario::LinkModel model;
              model.loss = Ratio{1, 4};
              return model;
          }) {
        kernel_.advance_to(at_ns(0));
        network_.process_up(0);
        network_.process_up(1);
        connection_ = ConnectionId((*network_.next_connection())++);
        network_.open(connection_, 0, 1, Lane::requests, kernel_.now());
        wait();
    }

    /// How long each request travels, one after another; `chatter`: with other messages between.
    std::map<Identity, Duration> delays(Acks acks, bool chatter) {
        std::map<Identity, Duration> out;
        for (std::int64_t record = 0; record < 200; record += 7)
            for (std::uint32_t attempt = 0; attempt < 3; ++attempt) {
                if (chatter) send(MetadataRequest{});
                ProduceRequest request{.acks = acks,
                                       .timeout = from_ms(1'000),
                                       .partitions = {},
                                       .first_record = RecordNumber(record),
                                       .attempt = attempt};
                out[{record, attempt}] = send(std::move(request));
            }
        return out;
    }

  private:
    Duration send(Message&& message) {
        const TimePoint sent = kernel_.now();
        network_.send(connection_, 0, CorrelationId(correlation_++), std::move(message), sent);
        return wait() - sent;
    }
    /// Until nothing is on its way; when the last thing arrived.
    TimePoint wait() {
        while (!kernel_.empty()) network_.arrive(kernel_.pop());
        return kernel_.now();
    }

    sim::Kernel kernel_;
    sim::Network network_;
    ConnectionId connection_{0};
    std::uint32_t correlation_ = 1;
};

/// When each attempt of each batch was put on a connection, and was taken up by a broker. Batches
/// of one record have its number.
struct Journeys final : trace::Observer {
    void on_note(const trace::Moment& moment, NodeId who, const Note& note,
                 std::span<const NodeId>) override {
        if (note.kind == NoteKind::produce_send)
            sent[{note.tag->number, static_cast<std::uint32_t>(note.value)}] = moment.at;
        if (note.kind == NoteKind::produce_receive && who == NodeId(1))
            taken[note.tag->number].push_back(moment.at);
    }
    void on_world(const trace::Moment&, const trace::WorldEvent&) override {}
    std::map<Identity, TimePoint> sent;
    std::map<std::int64_t, std::vector<TimePoint>> taken;
};

/// Travel times of first attempts, by first record. One record a batch, far apart, on an idle disk.
std::map<std::int64_t, Duration> journeys(const std::string& acks) {
    const std::string text = concat(
        R"({"scenario": 1, "id": "x", "kafka": {"version": "3.9"},
            "run": {"seed": 5, "end": "8s", "settle": "5s"},
            "cluster": {"brokers": [{"id": 1}, {"id": 2}, {"id": 3}]},
            "disk": {"default": {"append": "0us"}},
            "topics": [{"name": "t", "partitions": [{"id": 0, "replicas": [1, 2, 3]}]}],
            "producers": [{"id": "p1", "topic": "t", "config": {"acks": )",
        acks, R"(, "linger.ms": 0, "batch.size": 0, "enable.idempotence": false},
                      "workload": {"records": 200, "rate": "40/s", "start": "1s"}}]})");
    scenario::ReadResult read = scenario::read_scenario("x.json", text);
    for (const scenario::Problem& problem : read.problems) MESSAGE(problem.message);
    REQUIRE(read.scenario.has_value());
    sim::Cluster cluster(*read.scenario, 5, sim::RunOptions{});
    Journeys seen;
    cluster.attach(seen);
    cluster.run();
    std::map<std::int64_t, Duration> out;
    for (const auto& [record, times] : seen.taken)
        if (times.size() == 1) out[record] = times.front() - seen.sent.at({record, 0});
    return out;
}

}  // namespace

TEST_SUITE("sim.keyed_delays") {
    TEST_CASE("the same first record and attempt meet the same delay whatever acks is") {
        const auto none = Wire().delays(Acks::none, false);
        const auto leader = Wire().delays(Acks::leader, false);
        const auto all = Wire().delays(Acks::all, false);
        CHECK(none == leader);
        CHECK(none == all);
        // Another attempt is another draw, and so is another record.
        CHECK(none.at({7, 0}) != none.at({7, 1}));
        CHECK(none.at({7, 0}) != none.at({14, 0}));
    }

    TEST_CASE("and whatever else is on the wire") {
        CHECK(Wire().delays(Acks::all, false) == Wire().delays(Acks::none, true));
    }

    TEST_CASE("a drawn moment of a step is the same whatever acks is") {
        const auto moment = [](const std::string& acks) {
            scenario::ReadOptions options;
            options.set = {"acks=" + acks};
            const auto read = scenario::read_scenario("x.json", R"({"scenario": 1, "id": "x",
                "kafka": {"version": "3.9"}, "run": {"end": "4s", "settle": "5s"},
                "cluster": {"brokers": [{"id": 1}, {"id": 2}]},
                "topics": [{"name": "t", "partitions": 1, "replicationFactor": 2}],
                "producers": [{"id": "p1", "topic": "t",
                               "workload": {"records": 20, "rate": "10/s"}}],
                "steps": [{"id": "kill", "at": {"dist": "uniform", "min": "1s", "max": "3s"},
                           "do": "crash", "target": {"leaderOf": "t-0"}}]})",
                                                      options);
            REQUIRE(read.scenario.has_value());
            return sim::Cluster(*read.scenario, 9, sim::RunOptions{}).run().steps.front().at;
        };
        CHECK(moment("0") == moment("1"));
        CHECK(moment("0") == moment("all"));
    }

    TEST_CASE("in a whole cluster first attempts travel as long under acks 0, 1 and all") {
        const auto none = journeys("0");
        const auto leader = journeys("1");
        const auto all = journeys("\"all\"");
        CHECK(none.size() == 200);
        CHECK(none == leader);
        CHECK(none == all);
    }
}
