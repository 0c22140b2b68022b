#include "sim/workload.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/text.h"

namespace {

using namespace core;
using Seen = std::vector<std::string>;

/// A producer that only writes down what it is given.
struct Sink final : Node {
    explicit Sink(Seen& the_log) : log(the_log) {}
    void step(TimePoint, Lane, Input&, Effects&) override {}
    void receive(TimePoint, Received&, Effects&) override {}
    void send_record(TimePoint now, const SendRecord& record, Effects&) override {
        log.push_back(concat(to_ms(now.time_since_epoch()), " p", record.partition.value(), " ",
                             record.key ? as_text(*record.key) : "-", " ", as_text(record.value)));
    }
    const LaneDeadlines& deadlines() const override { return none; }
    Seen& log;
    LaneDeadlines none;
};

/// One producer "p1" on a topic of three partitions, driven by hand.
struct Bench final : sim::HostListener {
    explicit Bench(const scenario::Workload& plan)
        : network(kernel, 1, {NodeId(kFirstClientId)},
                  [](sim::HostIndex, sim::HostIndex) { return scenario::LinkModel{}; }),
          effects(network.next_connection(), messages) {
        scenario::Topic topic{"orders", PartitionId(0), {}, {}};
        for (std::int32_t p = 0; p < 3; ++p) topic.partitions.push_back({p, {NodeId(1)}});
        scenario.topics.push_back(topic);
        scenario.producers.push_back({"p1", NodeId(kFirstClientId), 0, {}, plan});
        kernel.advance_to(at_ns(0));
        host = std::make_unique<sim::Host>(
            0, NodeId(kFirstClientId), 1,
            [this](std::uint32_t) { return std::make_unique<Sink>(log); }, nullptr, kernel, network,
            effects, *this);
        workload =
            std::make_unique<sim::Workload>(scenario, kernel, std::vector<sim::Host*>{host.get()},
                                            [this](NodeId, RecordNumber number, PartitionId) {
                                                CHECK(number.value() == sent);
                                                ++sent;
                                            });
        host->start(Duration(0));
        workload->begin();
    }
    void run_to(std::int64_t end_ms) {
        while (!kernel.empty() && kernel.next_due() <= at_ns(0) + from_ms(end_ms)) {
            const sim::Event event = kernel.pop();
            if (event.type == sim::EventType::workload) workload->on_event(event);
            if (event.type == sim::EventType::process_begin) host->on_process_begin(event);
            if (event.type == sim::EventType::drain) host->on_drain(event);
        }
        kernel.advance_to(at_ns(0) + from_ms(end_ms));
    }
    void on_notes(NodeId, const Notes&) override {}
    void on_process(trace::WorldKind kind, NodeId, std::int64_t) override {
        if (kind == trace::WorldKind::process_resume) workload->on_resume(0);
        if (kind == trace::WorldKind::process_crash) workload->on_death(0);
    }
    bool watches_delivery(const Message&) const override { return false; }
    void before_delivery(NodeId, NodeId, const Message&) override {}
    sim::HostIndex host_of(NodeId) const override { return 0; }
    void before_end(sim::HostIndex, const Node&) override {}

    Seen log;
    std::int64_t sent = 0;
    scenario::Scenario scenario;
    MessagePool messages;
    sim::Kernel kernel;
    sim::Network network;
    Effects effects;
    std::unique_ptr<sim::Host> host;
    std::unique_ptr<sim::Workload> workload;
};

/// One record every 10 ms from 0 on, values as short as their ids.
scenario::Workload steady(std::int64_t records) {
    scenario::Workload plan;
    plan.records = records;
    plan.period_numerator = 10'000'000;
    plan.size = 4;
    return plan;
}

TEST_SUITE("sim.workload") {
    TEST_CASE("murmur2 is Kafka's") {
        // From Kafka's own UtilsTest.testMurmur2.
        struct Case {
            const char* text;
            std::int32_t hash;
        };
        for (const Case& c : {Case{"21", -973932308}, Case{"foobar", -790332482},
                              Case{"a-little-bit-long-string", -985981536},
                              Case{"a-little-bit-longer-string", -1486304829},
                              Case{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
                              Case{"abc", 479470107}})
            CHECK(static_cast<std::int32_t>(sim::murmur2(as_bytes(c.text))) == c.hash);
    }

    TEST_CASE("record n goes out at n periods, to partition n mod partitions, padded to size") {
        Bench bench(steady(4));
        bench.run_to(1'000);
        CHECK(bench.log == Seen{"0 p0 - p1#0", "10 p1 - p1#1", "20 p2 - p1#2", "30 p0 - p1#3"});
        scenario::Workload plan = steady(1);
        plan.size = 10;
        plan.value = "v{n}";
        Bench padded(plan);
        padded.run_to(1'000);
        CHECK(padded.log == Seen{"0 p0 - p1#0 v0..."});
    }

    TEST_CASE("a keyed record goes where Kafka's partitioner sends it") {
        scenario::Workload plan = steady(1);
        plan.has_key = true;
        plan.key = "abc";
        Bench bench(plan);
        bench.run_to(1'000);
        CHECK(bench.log == Seen{concat("0 p", 479470107 % 3, " abc p1#0")});
    }

    TEST_CASE("a burst sends all at once") {
        scenario::Workload plan = steady(0);
        plan.bursts = {{from_ms(5), 2}, {from_ms(7), 1}};
        Bench bench(plan);
        bench.run_to(1'000);
        CHECK(bench.log == Seen{"5 p0 - p1#0", "5 p1 - p1#1", "7 p2 - p1#2"});
    }

    TEST_CASE("what comes due while the producer is down is not produced and takes no number") {
        Bench bench(steady(6));
        bench.run_to(5);
        bench.host->crash_process(sim::InFlightFate::deliver);
        bench.run_to(35);
        CHECK(bench.workload->produce(0, 3) == 3);
        bench.host->start(Duration(0));
        bench.run_to(1'000);
        CHECK(bench.log == Seen{"0 p0 - p1#0", "40 p1 - p1#1", "50 p2 - p1#2"});
    }

    TEST_CASE("what comes due while it is paused is sent when it wakes") {
        Bench bench(steady(4));
        bench.run_to(5);
        bench.host->pause();
        CHECK(bench.workload->produce(0, 1) == 0);
        bench.run_to(25);
        bench.host->resume();
        bench.run_to(1'000);
        CHECK(bench.log ==
              Seen{"0 p0 - p1#0", "25 p1 - p1#1", "25 p2 - p1#2", "25 p0 - p1#3", "30 p1 - p1#4"});
    }

    TEST_CASE("nothing is produced once the run has ended") {
        Bench bench(steady(100));
        bench.run_to(15);
        bench.workload->stop();
        bench.run_to(1'000);
        CHECK(bench.sent == 2);
        CHECK(bench.workload->produce(0, 5) == 5);
    }
}

}  // namespace
