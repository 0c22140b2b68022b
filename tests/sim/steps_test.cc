#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/sim/recording_world.h"

namespace {

using namespace test;
using namespace std::chrono_literals;

scenario::Target broker(std::int32_t id) {
    return scenario::Target{.kind = scenario::TargetKind::broker, .node = NodeId(id)};
}

scenario::CrashAction kill(scenario::Target target) {
    scenario::CrashAction action{};
    action.target = std::move(target);
    return action;
}

scenario::Step step(std::string id, scenario::Trigger trigger, scenario::Action action,
                    scenario::Lasting lasting = scenario::UntilHealed{}) {
    return scenario::Step{
        std::move(id), {}, std::move(trigger), std::move(action), std::move(lasting)};
}

scenario::Trigger at(Duration when) {
    return scenario::AtTrigger{scenario::Distribution(when)};
}

scenario::Trigger when(scenario::Condition condition, Duration armed = 0ns,
                       std::optional<Duration> timeout = std::nullopt,
                       scenario::OnTimeout on_timeout = scenario::OnTimeout::inconclusive) {
    return scenario::WhenTrigger{std::move(condition), armed, timeout, on_timeout};
}

/// disk.error of this broker.
scenario::Condition of_disk(std::int32_t id) {
    scenario::Condition error{.kind = scenario::ConditionKind::event};
    error.event = scenario::Event::disk_error;
    error.broker = NodeId(id);
    return error;
}

scenario::Condition sequence(const scenario::Condition& first, const scenario::Condition& second) {
    scenario::Condition both{.kind = scenario::ConditionKind::sequence};
    both.children = {first, second};
    return both;
}

/// A cluster of three brokers, one partition, one producer, driven by hand.
struct Lab {
    explicit Lab(std::vector<scenario::Step> steps)
        : view({trace::PartitionView{.replicas = {NodeId(1), NodeId(2), NodeId(3)},
                                     .isr = {NodeId(1), NodeId(2), NodeId(3)},
                                     .leader = NodeId(1)}}),
          ledger(view, 1, {false}) {
        for (std::int32_t id : {1, 2, 3})
            scenario.cluster.brokers.push_back(scenario::BrokerSpec{NodeId(id), "", {}, {}});
        scenario.cluster.controllers.push_back(scenario::ControllerSpec{NodeId(100), {}});
        scenario.topics.push_back(
            scenario::Topic{"orders",
                            PartitionId(0),
                            {scenario::Partition{0, {NodeId(1), NodeId(2), NodeId(3)}}},
                            {}});
        scenario.producers.push_back(scenario::Producer{"p1", NodeId(kFirstClientId), 0, {}, {}});
        scenario.steps = std::move(steps);
        engine = std::make_unique<sim::StepEngine>(scenario, 1, topics, view, ledger, world);
        world.engine = engine.get();
        engine->begin();
    }
    /// Lets simulated time pass, waking the engine when it asked to be woken.
    void run_to(Duration when) {
        const TimePoint to = at_ns(when.count());
        while (true) {
            TimePoint next = TimePoint::max();
            for (TimePoint wake : world.wakes)
                if (wake > world.clock || !woken_now)
                    next = std::min(next, std::max(wake, world.clock));
            if (next > to) break;
            world.clock = next;
            std::erase_if(world.wakes, [&](TimePoint wake) { return wake <= next; });
            woken_now = true;
            engine->on_wake();
            engine->after_event();
            woken_now = false;
        }
        world.clock = to;
    }
    trace::Moment moment() const { return {world.clock, trace::EventId(0), trace::EventId(0)}; }
    void note(NodeId who, const Note& n, std::vector<NodeId> replicas = {}) {
        view.on_note(moment(), who, n, replicas);
        ledger.on_note(moment(), who, n, replicas);
        engine->on_note(moment(), who, n, replicas);
        engine->after_event();
    }

    scenario::Scenario scenario;
    TopicTable topics;
    trace::ClusterView view;
    trace::Ledger ledger;
    RecordingWorld world;
    std::unique_ptr<sim::StepEngine> engine;
    bool woken_now = false;
};

using Did = std::vector<std::string>;

TEST_SUITE("sim.steps") {
    TEST_CASE("a crash with `for` starts the node again when it runs out") {
        Lab lab({step("kill", at(5s), kill(broker(1)), scenario::Distribution(10s))});
        lab.run_to(4s);
        CHECK(lab.world.did.empty());
        lab.run_to(14s);
        CHECK(lab.world.did == Did{"kill 1"});
        lab.run_to(15s);
        CHECK(lab.world.did == Did{"kill 1", "start 1"});
        CHECK(lab.engine->outcomes()[0].fired);
        CHECK(lab.engine->outcomes()[0].at == at_ns(Duration(5s).count()));
    }

    TEST_CASE("a `for` that runs out does nothing if a restart came first") {
        Lab lab({step("kill", at(1s), kill(broker(1)), scenario::Distribution(10s)),
                 step("back", at(3s), scenario::RestartAction{broker(1)}),
                 step("again", at(5s), kill(broker(1)), scenario::Forever{})});
        lab.run_to(20s);
        CHECK(lab.world.did == Did{"kill 1", "start 1", "kill 1"});
        lab.engine->end_run();
        CHECK(lab.world.did.size() == 3);
    }

    TEST_CASE("groups cut each pair both ways, and heal mends just that step") {
        Lab lab({step("cut", at(1s),
                      scenario::PartitionAction{{{broker(1)}, {broker(2), broker(3)}}, {}, {}}),
                 step("one-way", at(2s), scenario::PartitionAction{{}, broker(1), broker(3)}),
                 step("mend", scenario::AfterTrigger{0, scenario::Distribution(4s)},
                      scenario::HealAction{0})});
        lab.run_to(10s);
        CHECK(lab.world.did == Did{"cut 1>2 2>1", "cut 1>3", "mend"});
        lab.engine->end_run();
        CHECK(lab.world.did.back() == "mend");
        CHECK(lab.world.did.size() == 4);
    }

    TEST_CASE("restart of a running node waits for its polite end, then for its time down") {
        Lab lab({step("bounce", at(1s), scenario::RestartAction{broker(2)},
                      scenario::Distribution(3s))});
        lab.run_to(2s);
        CHECK(lab.world.did == Did{"stop 2"});
        lab.world.exits(NodeId(2));
        lab.run_to(4900ms);
        CHECK(lab.world.did == Did{"stop 2"});
        lab.run_to(5s);
        CHECK(lab.world.did == Did{"stop 2", "start 2"});
    }

    TEST_CASE("a gauge is a level: it fires when armed, though it held before") {
        scenario::Condition isr{.kind = scenario::ConditionKind::gauge};
        isr.gauge = scenario::Gauge::isr_size;
        isr.partition = PartitionId(0);
        isr.bounds = {{scenario::Comparison::ge, 3}};
        Lab lab({step("kill", when(isr, 2s), kill(broker(3)))});
        lab.run_to(1s);
        CHECK(lab.world.did.empty());
        lab.run_to(2s);
        CHECK(lab.world.did == Did{"kill 3"});
    }

    TEST_CASE("an event before arming does not count, the nth after it does") {
        scenario::Condition shrink{.kind = scenario::ConditionKind::event};
        shrink.event = scenario::Event::isr_shrink;
        shrink.nth = 2;
        Lab lab({step("mark", when(shrink, 2s), scenario::ProduceAction{0, 7})});
        Note n{.kind = NoteKind::isr_shrink, .partition = PartitionId(0)};
        lab.run_to(1s);
        lab.note(NodeId(100), n, {NodeId(1)});
        lab.run_to(3s);
        lab.note(NodeId(100), n, {NodeId(1)});
        CHECK(lab.world.did.empty());
        lab.note(NodeId(100), n, {NodeId(1)});
        CHECK(lab.world.did == Did{"produce 7"});
    }

    TEST_CASE("all: the rest must hold at the event's own moment") {
        scenario::Condition event{.kind = scenario::ConditionKind::event};
        event.event = scenario::Event::hw_advance;
        event.offset = 10;
        scenario::Condition isr{.kind = scenario::ConditionKind::gauge};
        isr.partition = PartitionId(0);
        isr.bounds = {{scenario::Comparison::eq, 1}};
        scenario::Condition both{.kind = scenario::ConditionKind::all};
        both.children = {event, isr};
        Lab lab({step("mark", when(both), scenario::ProduceAction{0, 1})});
        lab.run_to(1s);
        Note advance{.kind = NoteKind::hw_advance, .partition = PartitionId(0)};
        advance.first = Offset(8);
        advance.end = Offset(12);
        lab.note(NodeId(1), advance);
        Note change{.kind = NoteKind::partition_change, .partition = PartitionId(0)};
        change.peer = NodeId(1);
        lab.note(NodeId(100), change, {NodeId(1)});
        CHECK(lab.world.did.empty());
        lab.note(NodeId(1), advance);
        CHECK(lab.world.did == Did{"produce 1"});
    }

    TEST_CASE("a target that does not exist counts as not fired, with its reason") {
        Lab lab(
            {step("kill", at(1s),
                  kill({.kind = scenario::TargetKind::leader_of, .partition = PartitionId(0)}))});
        Note change{.kind = NoteKind::partition_change, .partition = PartitionId(0)};
        lab.note(NodeId(100), change, {NodeId(1)});
        lab.run_to(2s);
        CHECK(lab.world.did.empty());
        CHECK_FALSE(lab.engine->outcomes()[0].fired);
        CHECK_FALSE(lab.engine->outcomes()[0].remark.empty());
    }

    TEST_CASE("time-outs: inconclusive stays unfired, runAnyway fires") {
        scenario::Condition never{.kind = scenario::ConditionKind::event};
        never.event = scenario::Event::controller_elect;
        Lab lab({step("waits", when(never, 0s, 3s), scenario::ProduceAction{0, 1}),
                 step("anyway", when(never, 0s, 3s, scenario::OnTimeout::run_anyway),
                      scenario::ProduceAction{0, 2})});
        lab.run_to(5s);
        CHECK(lab.world.did == Did{"produce 2"});
        CHECK(lab.engine->outcomes()[0].timed_out);
        CHECK_FALSE(lab.engine->outcomes()[0].fired);
        CHECK(lab.engine->outcomes()[1].fired);
    }

    TEST_CASE("a step's edges set off others: before it acts, and after") {
        scenario::Condition before{.kind = scenario::ConditionKind::step};
        before.step = 0;
        before.edge = scenario::Edge::before;
        scenario::Condition end{.kind = scenario::ConditionKind::step};
        end.step = 0;
        end.edge = scenario::Edge::end;
        Lab lab(
            {step("pause", at(1s), scenario::PauseAction{broker(1)}, scenario::Distribution(2s)),
             step("first", when(before), scenario::ProduceAction{0, 1}),
             step("last", when(end), scenario::ProduceAction{0, 2})});
        lab.run_to(5s);
        CHECK(lab.world.did == Did{"produce 1", "pause 1", "resume 1", "produce 2"});
    }

    TEST_CASE("every fires at each period, as often as it says") {
        Lab lab({step("drip", scenario::EveryTrigger{scenario::Distribution(2s), 3},
                      scenario::ProduceAction{0, 1})});
        lab.run_to(20s);
        CHECK(lab.world.did.size() == 3);
        CHECK(lab.engine->outcomes()[0].at == at_ns(Duration(2s).count()));
    }

    TEST_CASE("phase before: the step runs ahead of the delivery that sets it off") {
        scenario::Condition fetch{.kind = scenario::ConditionKind::event};
        fetch.event = scenario::Event::fetch_request;
        fetch.phase = scenario::Phase::before;
        fetch.broker = NodeId(1);
        Lab lab({step("kill", when(fetch), kill(broker(1)))});
        lab.run_to(1s);
        FetchRequest request;
        request.replica = NodeId(2);
        request.max_wait = 500ms;
        request.partitions.push_back(
            FetchPartition{PartitionId(0), LeaderEpoch(0), Offset(3), std::nullopt, Offset(0)});
        const Message message = request;
        CHECK(lab.engine->watches_delivery(message));
        lab.engine->before_delivery(lab.moment(), NodeId(3), NodeId(2), message);
        CHECK(lab.world.did.empty());
        lab.engine->before_delivery(lab.moment(), NodeId(1), NodeId(2), message);
        CHECK(lab.world.did == Did{"kill 1"});
        CHECK_FALSE(lab.engine->watches_delivery(message));
    }

    TEST_CASE("then: only an event behind the first counts, its own moment does not") {
        scenario::Condition shrink{.kind = scenario::ConditionKind::event};
        shrink.event = scenario::Event::isr_shrink;
        scenario::Condition twice = shrink;
        twice.nth = 2;
        Lab lab({step("mark", when(sequence(shrink, twice)), scenario::ProduceAction{0, 1})});
        const Note n{.kind = NoteKind::isr_shrink, .partition = PartitionId(0)};
        lab.note(NodeId(100), n, {NodeId(1)});
        lab.note(NodeId(100), n, {NodeId(1)});
        CHECK(lab.world.did.empty());
        lab.note(NodeId(100), n, {NodeId(1)});
        CHECK(lab.world.did == Did{"produce 1"});
    }

    TEST_CASE("then: within one event the order of notes decides") {
        scenario::Condition shrink{.kind = scenario::ConditionKind::event};
        shrink.event = scenario::Event::isr_shrink;
        scenario::Condition elect{.kind = scenario::ConditionKind::event};
        elect.event = scenario::Event::leader_elect;
        Lab lab({step("right", when(sequence(shrink, elect)), scenario::ProduceAction{0, 1}),
                 step("wrong", when(sequence(elect, shrink)), scenario::ProduceAction{0, 2})});
        lab.engine->on_note(lab.moment(), NodeId(100), {.kind = NoteKind::isr_shrink},
                            std::vector<NodeId>{});
        lab.engine->on_note(lab.moment(), NodeId(100),
                            {.kind = NoteKind::leader_elect, .peer = NodeId(2)},
                            std::vector<NodeId>{});
        lab.engine->after_event();
        CHECK(lab.world.did == Did{"produce 1"});
    }

    TEST_CASE(
        "then: a gauge may hold already when the first does; a chain takes one after another") {
        scenario::Condition shrink{.kind = scenario::ConditionKind::event};
        shrink.event = scenario::Event::isr_shrink;
        scenario::Condition expand{.kind = scenario::ConditionKind::event};
        expand.event = scenario::Event::isr_expand;
        scenario::Condition whole{.kind = scenario::ConditionKind::gauge};
        whole.partition = PartitionId(0);
        whole.bounds = {{scenario::Comparison::eq, 3}};
        Lab lab({step("level", when(sequence(shrink, whole)), scenario::ProduceAction{0, 1}),
                 step("chain", when(sequence(shrink, sequence(expand, shrink))),
                      scenario::ProduceAction{0, 2})});
        const Note shrinks{.kind = NoteKind::isr_shrink, .partition = PartitionId(0)};
        const Note expands{.kind = NoteKind::isr_expand, .partition = PartitionId(0)};
        lab.note(NodeId(100), expands, {});
        CHECK(lab.world.did.empty());
        lab.note(NodeId(100), shrinks, {});
        CHECK(lab.world.did == Did{"produce 1"});
        lab.note(NodeId(100), shrinks, {});
        lab.note(NodeId(100), expands, {});
        CHECK(lab.world.did == Did{"produce 1"});
        lab.note(NodeId(100), shrinks, {});
        CHECK(lab.world.did == Did{"produce 1", "produce 2"});
    }

    TEST_CASE("not: holds while its gauge does not") {
        scenario::Condition whole{.kind = scenario::ConditionKind::gauge};
        whole.partition = PartitionId(0);
        whole.bounds = {{scenario::Comparison::eq, 3}};
        scenario::Condition denied{.kind = scenario::ConditionKind::negation};
        denied.children = {whole};
        Lab lab({step("mark", when(denied), scenario::ProduceAction{0, 1})});
        lab.run_to(1s);
        CHECK(lab.world.did.empty());
        Note change{.kind = NoteKind::partition_change, .partition = PartitionId(0)};
        change.peer = NodeId(1);
        lab.note(NodeId(100), change, {NodeId(1), NodeId(2)});
        CHECK(lab.world.did == Did{"produce 1"});
    }

    TEST_CASE("messages are held until healed, and released meanwhile") {
        scenario::MessageChoice fetches;
        fetches.api = scenario::Api::fetch;
        fetches.from = broker(2);
        fetches.to =
            scenario::Target{.kind = scenario::TargetKind::leader_of, .partition = PartitionId(0)};
        Lab lab({step("hold", at(1s), scenario::HoldMessagesAction{fetches}),
                 step("some", at(2s), scenario::ReleaseMessagesAction{0, 3}),
                 step("heal", at(3s), scenario::HealAction{0}),
                 step("late", at(4s), scenario::ReleaseMessagesAction{0, 3}),
                 step("drop", at(5s), scenario::DropMessagesAction{fetches},
                      scenario::Distribution(1s))});
        lab.run_to(10s);
        CHECK(lab.world.did == Did{"hold Fetch from 2 to 1", "release 0", "flow 0",
                                   "drop Fetch from 2 to 1", "flow 1"});
        CHECK(lab.engine->outcomes()[0].brokers == std::vector{NodeId(2), NodeId(1)});
        REQUIRE(lab.engine->outcomes()[0].messages.has_value());
        CHECK(lab.engine->outcomes()[0].messages->gone == 1);
        CHECK(lab.engine->outcomes()[3].remark.en == "there was nothing left to release");
    }

    TEST_CASE("links and disks are harmed until their step ends, at the latest at run.end") {
        scenario::DegradeAction links;
        links.target = broker(2);
        links.change.latency = scenario::Distribution(20ms);
        Lab lab({step("links", at(1s), links, scenario::Distribution(1s)),
                 step("slow", at(3s), scenario::SlowDiskAction{broker(1), {}, {}}),
                 step("heal", at(4s), scenario::HealAction{1}),
                 step("full", at(5s), scenario::FullDiskAction{broker(1)}),
                 step("failed", at(6s), scenario::FailDiskAction{broker(3)}, scenario::Forever{}),
                 step("error", when(of_disk(3)), scenario::ProduceAction{0, 1})});
        lab.run_to(7s);
        lab.world.tell({.kind = trace::WorldKind::disk_error, .node = NodeId(1)});
        lab.world.tell({.kind = trace::WorldKind::disk_error, .node = NodeId(3)});
        lab.engine->after_event();
        lab.engine->end_run();
        CHECK(lab.world.did == Did{"degrade 1>5 5>1", "restore 0", "slow 1", "repair 1", "full 1",
                                   "failed 3", "produce 1", "repair 2"});
    }

    TEST_CASE("run.end lets go what is held") {
        scenario::MessageChoice all;
        all.from = broker(2);
        Lab lab({step("hold", at(1s), scenario::HoldMessagesAction{all})});
        lab.run_to(2s);
        lab.engine->end_run();
        CHECK(lab.world.did == Did{"hold from 2", "flow 0"});
        REQUIRE(lab.engine->outcomes()[0].messages.has_value());
        CHECK(lab.engine->outcomes()[0].messages->gone == 1);
    }

    TEST_CASE("a lost message is an event, of its sender and of its receiver") {
        scenario::Condition drop{.kind = scenario::ConditionKind::event};
        drop.event = scenario::Event::net_drop;
        scenario::Condition of_two = drop;
        of_two.broker = NodeId(2);
        Lab lab({step("any", when(drop), scenario::ProduceAction{0, 1}),
                 step("two", when(of_two), scenario::ProduceAction{0, 2})});
        lab.world.tell({.kind = trace::WorldKind::net_drop, .node = NodeId(1), .value = 3});
        lab.engine->after_event();
        CHECK(lab.world.did == Did{"produce 1"});
        lab.world.tell({.kind = trace::WorldKind::net_drop, .node = NodeId(1), .value = 2});
        lab.engine->after_event();
        CHECK(lab.world.did == Did{"produce 1", "produce 2"});
    }

    TEST_CASE("a node paused by two steps wakes with the later end") {
        Lab lab({step("a", at(1s), scenario::PauseAction{broker(1)}, scenario::Distribution(2s)),
                 step("b", at(2s), scenario::PauseAction{broker(1)}, scenario::Distribution(4s))});
        lab.run_to(5s);
        CHECK(lab.world.did == Did{"pause 1", "pause 1"});
        lab.run_to(6s);
        CHECK(lab.world.did.back() == "resume 1");
    }
}

}  // namespace
