#include "sim/host.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/text.h"

namespace {

using namespace core;
using sim::Event;
using sim::EventType;
using sim::HostIndex;
using sim::InFlightFate;
using sim::ProcessState;

using Seen = std::vector<std::string>;

constexpr Duration ms(std::int64_t count) {
    return from_ms(count);
}

/// A node that writes down what it is given. It appends a batch (1 ms of its disk) for each
/// metadata request, answers it, and wakes at the deadlines it is told. Woken in the background it
/// opens a connection to node 2 and writes.
struct ToyNode final : Node {
    ToyNode(Seen& the_log, std::string the_name, LaneDeadlines& the_deadlines,
            sim::SimDisk* the_disk)
        : log(the_log), name(std::move(the_name)), wakes(the_deadlines), disk(the_disk) {}

    void step(TimePoint now, Lane lane, Input& input, Effects& effects) override {
        const std::string what = concat(to_ms(now.time_since_epoch()), " ", name, " ");
        if (std::holds_alternative<Started>(input)) {
            log.push_back(what + "starts");
        } else if (std::holds_alternative<Woken>(input)) {
            log.push_back(what + concat("wakes ", static_cast<int>(lane)));
            wakes[lane] = TimePoint::max();
            if (lane == Lane::background) {
                effects.open(NodeId(2));
                disk->write_file("work", as_bytes("x"));
            }
        } else if (const auto* lost = std::get_if<Lost>(&input)) {
            log.push_back(what + "lost " + std::to_string(lost->peer.value()));
        } else if (std::holds_alternative<Connected>(input)) {
            log.push_back(what + "connected");
            connection = std::get<Connected>(input).connection;
        } else if (auto* call = std::get_if<Call>(&input)) {
            REQUIRE(std::holds_alternative<ShutDown>(*call));
            log.push_back(what + "stops");
            effects.exit(ExitReason::clean_shutdown);
        }
    }
    void send_record(TimePoint, const SendRecord&, Effects& effects) override {
        if (!connection)
            connection = effects.open(NodeId(1));
        else
            effects.send(*connection, CorrelationId(next++), MetadataRequest{});
    }
    void receive(TimePoint now, Received& received, Effects& effects) override {
        log.push_back(concat(to_ms(now.time_since_epoch()), " ", name, " got ",
                             received.correlation.value()));
        if (!is_request(*received.message)) return;
        if (disk != nullptr) disk->write_file("work", as_bytes("x"));
        effects.send(received.connection, received.correlation, MetadataResponse{});
    }
    const LaneDeadlines& deadlines() const override { return wakes; }

    Seen& log;
    std::string name;
    LaneDeadlines& wakes;
    sim::SimDisk* disk;
    std::optional<ConnectionId> connection;
    std::uint32_t next = 1;
};

/// A server (node 1, with a disk) and a client (node 2), links of 10 ms.
struct Pair final : sim::HostListener {
    Pair()
        : network(kernel, 1, {NodeId(1), NodeId(2)},
                  [](HostIndex, HostIndex) {
                      scenario::LinkModel model;
                      model.latency = scenario::Distribution(ms(10));
                      return model;
                  }),
          effects(network.next_connection(), messages),
          disk(NodeId(1), 1, disk_model(), topics) {
        kernel.advance_to(at_ns(0));
        add(0, "server", &disk);
        add(1, "client", nullptr);
        hosts[0]->start(Duration(0));
        hosts[1]->start(Duration(0));
        run_to(ms(0));
        call();
        run_to(ms(20));
        log.clear();
    }
    static scenario::DiskModel disk_model() {
        scenario::DiskModel model;
        model.append = scenario::Distribution(ms(1));
        return model;
    }
    void add(HostIndex index, const char* name, sim::SimDisk* of) {
        hosts.push_back(std::make_unique<sim::Host>(
            index, NodeId(static_cast<std::int32_t>(index) + 1), kLanes,
            [this, index, name, of](std::uint32_t) {
                return std::make_unique<ToyNode>(log, name, deadlines[index], of);
            },
            of, kernel, network, effects, *this));
    }
    /// The client opens its connection the first time, then sends its next request.
    void call() {
        hosts[1]->send_record({.number = RecordNumber(0),
                               .partition = PartitionId(0),
                               .key = std::nullopt,
                               .value = {},
                               .timestamp_ms = 0});
    }
    /// Deadlines are looked at after each step, so one is given along with a call.
    void deadline(HostIndex index, Lane lane, Duration at) {
        deadlines[index][lane] = at_ns(0) + at;
    }
    void run_to(Duration end) {
        while (!kernel.empty() && kernel.next_due() <= at_ns(0) + end) {
            const Event event = kernel.pop();
            if (event.type == EventType::pipe) {
                sim::Arrival arrival = network.arrive(event);
                if (arrival.kind != sim::Arrival::Kind::nothing)
                    hosts[arrival.host]->on_arrival(arrival);
            } else if (event.type == EventType::wake) {
                hosts[event.host]->on_wake(event);
            } else if (event.type == EventType::lane_free) {
                hosts[event.host]->on_lane_free(event);
            } else if (event.type == EventType::process_begin) {
                hosts[event.host]->on_process_begin(event);
            } else if (event.type == EventType::process_exit) {
                hosts[event.host]->on_process_exit(event);
            } else if (event.type == EventType::drain) {
                hosts[event.host]->on_drain(event);
            }
        }
        kernel.advance_to(at_ns(0) + end);
    }

    void on_notes(NodeId, const Notes&) override {}
    void on_process(trace::WorldKind kind, NodeId who, std::int64_t) override {
        log.push_back(concat(to_ms(kernel.now().time_since_epoch()), " ", trace::name(kind), " ",
                             who.value()));
    }
    bool watches_delivery(const Message&) const override { return false; }
    void before_delivery(NodeId, NodeId, const Message&) override {}
    HostIndex host_of(NodeId node) const override {
        return static_cast<HostIndex>(node.value() - 1);
    }
    void before_end(HostIndex, const Node&) override {}

    Seen log;
    TopicTable topics;
    MessagePool messages;
    sim::Kernel kernel;
    sim::Network network;
    Effects effects;
    sim::SimDisk disk;
    std::map<HostIndex, LaneDeadlines> deadlines;
    std::vector<std::unique_ptr<sim::Host>> hosts;
};

TEST_SUITE("sim.host") {
    TEST_CASE("a busy lane takes the next input when it is free, and answers when it is free") {
        Pair pair;
        pair.call();
        pair.call();
        pair.call();
        pair.run_to(ms(100));
        // 1 ms of disk each: taken up at 30, 31, 32, answered at 31, 32, 33.
        CHECK(pair.log == Seen{"30 server got 1", "31 server got 2", "32 server got 3",
                               "41 client got 1", "42 client got 2", "43 client got 3"});
    }

    TEST_CASE("on waking overdue timers run first, oldest first, then the sockets") {
        Pair pair;
        pair.deadline(0, Lane::requests, ms(40));
        pair.deadline(0, Lane::heartbeats, ms(35));
        pair.call();
        pair.run_to(ms(30));
        pair.hosts[0]->pause();
        pair.call();
        pair.log.clear();
        pair.run_to(ms(200));
        CHECK(pair.log.empty());
        pair.hosts[0]->resume();
        pair.run_to(ms(205));
        CHECK(pair.log == Seen{"200 process.resume 1", "200 server wakes 3", "201 server wakes 0",
                               "201 server got 2"});
    }

    TEST_CASE("a disk that failed during a pause ends the process with its first overdue timer") {
        Pair pair;
        pair.deadline(0, Lane::background, ms(35));
        pair.deadline(0, Lane::heartbeats, ms(40));
        pair.call();
        pair.run_to(ms(30));
        pair.hosts[0]->pause();
        pair.disk.set_health(sim::DiskHealth::failed);
        pair.call();
        pair.run_to(ms(200));
        pair.hosts[0]->resume();
        pair.log.clear();
        pair.run_to(ms(205));
        CHECK(pair.log == Seen{"200 server wakes 2", "200 disk.error 1", "200 process.exit 1"});
        CHECK(pair.hosts[0]->state() == ProcessState::down);
    }

    TEST_CASE("what a step would have opened before its disk failed is not missed") {
        Pair pair;
        pair.deadline(0, Lane::background, ms(35));
        pair.call();
        pair.run_to(ms(32));
        pair.disk.set_health(sim::DiskHealth::failed);
        pair.run_to(ms(50));
        CHECK(pair.hosts[0]->state() == ProcessState::down);
        pair.disk.set_health(sim::DiskHealth::sound);
        pair.log.clear();
        CHECK(pair.hosts[0]->start(sim::kStartTime));
        pair.deadline(0, Lane::background, ms(1'000));
        pair.run_to(ms(2'000));
        CHECK(pair.log == Seen{"1050 process.start 1", "1050 server starts", "1050 server wakes 2",
                               "1071 server connected"});
    }

    TEST_CASE("a pause stretches what was under way: the answer leaves after waking") {
        Pair pair;
        pair.call();
        pair.run_to(ms(30));
        pair.hosts[0]->pause();
        pair.run_to(ms(130));
        pair.hosts[0]->resume();
        pair.log.clear();
        pair.run_to(ms(300));
        CHECK(pair.log == Seen{"141 client got 1"});
    }

    TEST_CASE("a wake-up follows its deadline when that moves, either way") {
        Pair pair;
        pair.deadline(1, Lane::requests, ms(100));
        pair.call();
        pair.deadline(1, Lane::requests, ms(60));
        pair.call();
        pair.run_to(ms(45));
        pair.deadline(1, Lane::requests, ms(80));
        pair.log.clear();
        pair.run_to(ms(300));
        CHECK(pair.log == Seen{"80 client wakes 0"});
    }

    TEST_CASE("a killed process loses what waited; its peer is reset; it begins a second later") {
        Pair pair;
        pair.call();
        pair.call();
        pair.run_to(ms(30));
        pair.log.clear();
        CHECK(pair.hosts[0]->crash_process(InFlightFate::deliver));
        CHECK(!pair.hosts[0]->crash_process(InFlightFate::deliver));
        CHECK(pair.hosts[0]->start(sim::kStartTime));
        pair.run_to(ms(2'000));
        CHECK(pair.log == Seen{"30 process.crash 1", "40 client lost 1", "1030 process.start 1",
                               "1030 server starts"});
    }

    TEST_CASE("a shutdown asked of a paused process waits until it wakes") {
        Pair pair;
        pair.hosts[0]->pause();
        CHECK(pair.hosts[0]->shut_down());
        pair.log.clear();
        pair.run_to(ms(100));
        CHECK(pair.log.empty());
        pair.hosts[0]->resume();
        pair.run_to(ms(200));
        CHECK(pair.log == Seen{"100 process.resume 1", "100 server stops", "100 process.exit 1",
                               "110 client lost 1"});
        CHECK(pair.hosts[0]->state() == ProcessState::down);
    }

    TEST_CASE("a paused process that is killed is dead, and its pause over") {
        Pair pair;
        pair.hosts[0]->pause();
        pair.hosts[0]->crash_process(InFlightFate::deliver);
        CHECK(!pair.hosts[0]->resume());
        CHECK(pair.hosts[0]->start(Duration(0)));
        pair.log.clear();
        pair.run_to(ms(21));
        CHECK(pair.log == Seen{"20 process.start 1", "20 server starts"});
    }

    TEST_CASE("a process paused before its first instruction begins when it wakes") {
        Pair pair;
        pair.hosts[0]->crash_process(InFlightFate::deliver);
        pair.hosts[0]->start(sim::kStartTime);
        pair.hosts[0]->pause();
        pair.run_to(ms(5'000));
        pair.log.clear();
        pair.hosts[0]->resume();
        pair.run_to(ms(5'001));
        CHECK(pair.log ==
              Seen{"5000 process.resume 1", "5000 process.start 1", "5000 server starts"});
    }
}

}  // namespace
