#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "sim/steps/engine.h"

namespace {

using namespace core;
using namespace std::chrono_literals;
using sim::ProcessState;

/// A world that only remembers what was done to it, as short words in order.
class RecordingWorld final : public sim::World {
  public:
    TimePoint now() const override { return clock; }
    ProcessState process(NodeId node) const override {
        const auto at = states.find(node);
        return at == states.end() ? ProcessState::up : at->second;
    }
    bool crash_process(NodeId node, sim::InFlightFate) override { return down(node, "kill"); }
    bool crash_host(NodeId node, const sim::KeepRule&, sim::InFlightFate, std::uint64_t) override {
        return down(node, "power");
    }
    bool start(NodeId node) override {
        if (process(node) != ProcessState::down) return false;
        states[node] = ProcessState::up;
        did.push_back(concat("start ", node.value()));
        tell({.kind = trace::WorldKind::process_start, .node = node});
        return true;
    }
    bool shut_down(NodeId node) override {
        if (process(node) == ProcessState::down) return false;
        states[node] = ProcessState::shutting_down;
        did.push_back(concat("stop ", node.value()));
        return true;
    }
    bool pause(NodeId node) override {
        states[node] = ProcessState::paused;
        did.push_back(concat("pause ", node.value()));
        return true;
    }
    bool resume(NodeId node) override {
        if (process(node) != ProcessState::paused) return false;
        states[node] = ProcessState::up;
        did.push_back(concat("resume ", node.value()));
        return true;
    }
    void wipe_disk(NodeId node) override { down(node, "wipe"); }
    sim::CutId cut(std::span<const sim::LinkCut> cuts) override {
        std::string words = "cut";
        for (const auto& c : cuts)
            words += concat(" ", c.from.front().value(), ">", c.to.front().value());
        did.push_back(words);
        return sim::CutId(next_cut++);
    }
    void mend(sim::CutId) override { did.push_back("mend"); }
    bool elect_leader(PartitionId, bool) override { return true; }
    bool alter_config(const std::vector<ConfigRecord>&) override { return true; }
    std::int64_t produce(NodeId, std::int64_t records) override {
        did.push_back(concat("produce ", records));
        return 0;
    }
    void wake_steps_at(TimePoint at) override { wakes.push_back(at); }
    void tell(const trace::WorldEvent& event) override {
        if (engine != nullptr)
            engine->on_world({clock, trace::EventId(0), trace::EventId(0)}, event);
    }
    Offset log_end_on_disk(PartitionId, NodeId) const override { return Offset(0); }

    /// The process ends by itself.
    void exits(NodeId node) {
        states[node] = ProcessState::down;
        tell({.kind = trace::WorldKind::process_exit, .node = node});
    }

    TimePoint clock = at_ns(0);
    std::map<NodeId, ProcessState> states;
    std::vector<std::string> did;
    std::vector<TimePoint> wakes;
    sim::StepEngine* engine = nullptr;
    std::uint32_t next_cut = 0;

  private:
    bool down(NodeId node, const char* word) {
        if (process(node) == ProcessState::down) return false;
        states[node] = ProcessState::down;
        did.push_back(concat(word, " ", node.value()));
        tell({.kind = trace::WorldKind::process_crash, .node = node});
        return true;
    }
};

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
            engine->after_event(moment());
            woken_now = false;
        }
        world.clock = to;
    }
    trace::Moment moment() const { return {world.clock, trace::EventId(0), trace::EventId(0)}; }
    void note(NodeId who, const Note& n, std::vector<NodeId> replicas = {}) {
        view.on_note(moment(), who, n, replicas);
        ledger.on_note(moment(), who, n, replicas);
        engine->on_note(moment(), who, n, replicas);
        engine->after_event(moment());
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
