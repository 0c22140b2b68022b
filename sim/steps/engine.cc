#include "sim/steps/engine.h"

#include <algorithm>
#include <optional>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/base/variant.h"
#include "sim/steps/actions.h"
#include "sim/steps/condition.h"

namespace sim {

using core::TimePoint;
using scenario::StepNumber;

/// Everything behind the engine's public face.
struct StepEngine::State {
    /// Something that happens at a moment, by itself.
    enum class DueKind : std::uint8_t { end, fire, arm, timeout, start_node };
    struct Due {
        TimePoint at;
        StepNumber step;
        DueKind kind;
        std::uint32_t firing = 0;
        std::optional<core::NodeId> node = std::nullopt;
    };
    struct Progress {
        std::unique_ptr<Watch> watch;  ///< `when` only
        bool waits = false;            ///< on its condition, armed
        bool done = false;
        bool ready = false;      ///< its time is here
        bool scheduled = false;  ///< `after`: its moment is set
        std::uint32_t firings = 0;
        TimePoint last_fired = TimePoint::min();
    };

    State(const scenario::Scenario& the_scenario, std::uint64_t the_seed,
          const trace::ClusterView& the_view, const trace::Ledger& the_ledger, World& the_world,
          StepEngine::Waiting& the_armed)
        : scenario(the_scenario),
          seed(the_seed),
          view(the_view),
          ledger(the_ledger),
          world(the_world),
          actions(the_scenario, the_seed, the_view, the_world),
          armed(the_armed),
          waiting(the_scenario.steps.size()),
          outcomes(the_scenario.steps.size()) {
        for (StepNumber i = 0; i < waiting.size(); ++i) outcomes[i].id = scenario.steps[i].id;
    }

    core::Duration sample(const scenario::Distribution& distribution, StepNumber step,
                          std::uint64_t nth, std::uint64_t which) const {
        return distribution.sample(core::keyed_draw(
            seed, core::Purpose::step_time, {core::text_key(scenario.steps[step].id), nth, which}));
    }
    void schedule(Due due) {
        dues.push_back(due);
        world.wake_steps_at(due.at);
    }
    void begin();
    void begin_step(StepNumber step);
    void raise(StepNumber step, scenario::Edge edge);
    void fire(StepNumber step);
    void end(StepNumber step);
    void time_out(StepNumber step);
    void arm(StepNumber step);
    void disarm(StepNumber step);
    void take(const Due& due);
    void on_wake();
    void run_ready();
    void schedule_starts();
    void end_run();

    const scenario::Scenario& scenario;
    std::uint64_t seed;
    const trace::ClusterView& view;
    const trace::Ledger& ledger;
    World& world;
    Actions actions;
    StepEngine::Waiting& armed;
    std::vector<Progress> waiting;
    std::vector<trace::StepOutcome> outcomes;
    std::vector<Due> dues;
    bool began = false;
    bool ended = false;
};

void StepEngine::State::begin() {
    began = true;
    for (StepNumber i = 0; i < waiting.size(); ++i) begin_step(i);
    on_wake();
}

void StepEngine::State::begin_step(StepNumber step) {
    const TimePoint zero = core::at_ns(0);
    core::match(
        scenario.steps[step].trigger,
        [&](const scenario::AtTrigger& t) {
            schedule(Due{zero + sample(t.at, step, 0, 0), step, DueKind::fire});
        },
        [&](const scenario::AfterTrigger&) {},
        [&](const scenario::WhenTrigger& t) {
            waiting[step].watch = std::make_unique<Watch>(t.condition, view, ledger);
            schedule(Due{zero + t.armed, step, DueKind::arm});
            if (t.timeout)
                schedule(
                    Due{core::saturating_add(zero + t.armed, *t.timeout), step, DueKind::timeout});
        },
        [&](const scenario::EveryTrigger& t) {
            schedule(Due{zero + sample(t.period, step, 0, 0), step, DueKind::fire});
        });
}

void StepEngine::State::raise(StepNumber step, scenario::Edge edge) {
    if (armed.steps == 0) return;
    for (Progress& w : waiting)
        if (w.waits) w.watch->on_edge(step, edge);
}

void StepEngine::State::arm(StepNumber step) {
    ASSERT(!waiting[step].waits);
    waiting[step].waits = true;
    ++armed.steps;
    armed.kinds = armed.kinds | waiting[step].watch->kinds();
}

void StepEngine::State::disarm(StepNumber step) {
    if (!waiting[step].waits) return;
    waiting[step].waits = false;
    --armed.steps;
    armed.kinds = {};
    for (const Progress& w : waiting)
        if (w.waits) armed.kinds = armed.kinds | w.watch->kinds();
}

void StepEngine::State::schedule_starts() {
    for (const DueStart& start : actions.take_due_starts())
        schedule(Due{start.at, 0, DueKind::start_node, 0, start.node});
}

void StepEngine::State::fire(StepNumber step) {
    Progress& w = waiting[step];
    const TimePoint now = world.now();
    const std::uint32_t firing = w.firings++;
    w.ready = false;
    w.last_fired = now;
    disarm(step);
    const auto* every = std::get_if<scenario::EveryTrigger>(&scenario.steps[step].trigger);
    w.done = every == nullptr || (every->count && w.firings >= *every->count);
    if (!w.done)
        schedule(Due{now + sample(every->period, step, w.firings, 0), step, DueKind::fire});

    raise(step, scenario::Edge::before);
    run_ready();

    trace::StepOutcome found;
    std::optional<StepNumber> ends;
    const bool did = actions.perform(step, firing, found, ends);
    schedule_starts();
    trace::StepOutcome& outcome = outcomes[step];
    if (!outcome.fired) {
        outcome.brokers = found.brokers;
        outcome.clients = found.clients;
        outcome.remark = found.remark;
    }
    if (!did) {
        if (!outcome.fired && outcome.remark.empty())
            outcome.remark = {"its target did not exist at that moment", "那一刻它的目标不存在"};
        world.tell({.kind = trace::WorldKind::step_missed, .value = step});
        return;
    }
    if (outcome.fired) {
        found.brokers.insert(found.brokers.end(), found.clients.begin(), found.clients.end());
        outcome.again.push_back(trace::StepFiring{now, std::move(found.brokers)});
    } else {
        outcome.at = now;
    }
    outcome.fired = true;
    world.tell({.kind = trace::WorldKind::step_start, .value = step});
    if (ends) end(*ends);
    raise(step, scenario::Edge::start);
    for (StepNumber i = 0; i < waiting.size(); ++i) {
        const auto* after = std::get_if<scenario::AfterTrigger>(&scenario.steps[i].trigger);
        if (after == nullptr || after->step != step || waiting[i].scheduled) continue;
        waiting[i].scheduled = true;
        schedule(Due{now + sample(after->delay, i, 0, 0), i, DueKind::fire});
    }
    const auto* lasting = std::get_if<scenario::Distribution>(&scenario.steps[step].lasting);
    if (lasting != nullptr && actions.active(step))
        schedule(Due{now + sample(*lasting, step, firing, 1), step, DueKind::end});
}

void StepEngine::State::end(StepNumber step) {
    if (!actions.active(step)) return;
    outcomes[step].messages = actions.end(step);
    schedule_starts();
    outcomes[step].ended_at = world.now();
    world.tell({.kind = trace::WorldKind::step_end, .value = step});
    raise(step, scenario::Edge::end);
}

void StepEngine::State::time_out(StepNumber step) {
    Progress& w = waiting[step];
    if (w.done || w.firings > 0) return;
    outcomes[step].timed_out = true;
    disarm(step);
    const auto& trigger = std::get<scenario::WhenTrigger>(scenario.steps[step].trigger);
    if (trigger.on_timeout == scenario::OnTimeout::run_anyway && !ended) {
        w.ready = true;
        return;
    }
    w.done = true;
    outcomes[step].remark = {"its condition never held", "它的条件从未成立"};
    world.tell({.kind = trace::WorldKind::step_missed, .value = step});
}

void StepEngine::State::take(const Due& due) {
    Progress& w = waiting[due.step];
    switch (due.kind) {
        case DueKind::end:
            end(due.step);
            break;
        case DueKind::fire:
            w.ready = true;
            break;
        case DueKind::arm:
            arm(due.step);
            break;
        case DueKind::timeout:
            time_out(due.step);
            break;
        case DueKind::start_node:
            actions.start(due.node.value());
            break;
    }
}

void StepEngine::State::on_wake() {
    const TimePoint now = world.now();
    while (true) {
        // The earliest first; at one moment in file order, ends before new firings of a step.
        auto next = dues.end();
        for (auto it = dues.begin(); it != dues.end(); ++it) {
            if (it->at > now) continue;
            if (next == dues.end() || it->at < next->at ||
                (it->at == next->at &&
                 (it->step < next->step || (it->step == next->step && it->kind < next->kind))))
                next = it;
        }
        if (next == dues.end()) break;
        const Due due = *next;
        dues.erase(next);
        take(due);
        run_ready();
    }
}

void StepEngine::State::run_ready() {
    const TimePoint now = world.now();
    for (StepNumber i = 0; i < waiting.size();) {
        Progress& w = waiting[i];
        const bool may = !w.done && w.last_fired != now;
        const bool ready = may && (w.ready || (w.waits && w.watch->holds()));
        if (ready) {
            fire(i);
            i = 0;
        } else {
            ++i;
        }
    }
}

void StepEngine::State::end_run() {
    ended = true;
    dues.clear();
    for (StepNumber i = 0; i < waiting.size(); ++i) {
        Progress& w = waiting[i];
        const bool conditional =
            std::holds_alternative<scenario::WhenTrigger>(scenario.steps[i].trigger);
        if (conditional) time_out(i);
        disarm(i);
        if (!conditional && w.firings == 0)
            outcomes[i].remark = {"its moment had not come by run.end",
                                  "到 run.end 时它的时刻还没到"};
        w.ready = false;
        w.done = true;
    }
    actions.end_all(outcomes);
    schedule_starts();
}

StepEngine::StepEngine(const scenario::Scenario& scenario, std::uint64_t seed,
                       const core::TopicTable& /*topics*/, const trace::ClusterView& view,
                       const trace::Ledger& ledger, World& world)
    : state_(std::make_unique<State>(scenario, seed, view, ledger, world, waiting_)) {}

StepEngine::~StepEngine() = default;

void StepEngine::begin() {
    state_->begin();
}

void StepEngine::on_wake() {
    state_->on_wake();
}

bool StepEngine::watches_delivery(const core::Message& message) const {
    if (waiting_.steps == 0) return false;
    return std::any_of(state_->waiting.begin(), state_->waiting.end(), [&](const auto& w) {
        return w.waits && w.watch->watches_delivery(message);
    });
}

void StepEngine::before_delivery(const trace::Moment& /*moment*/, core::NodeId to,
                                 core::NodeId from, const core::Message& message) {
    for (auto& w : state_->waiting)
        if (w.waits) w.watch->on_delivery(to, from, message);
    state_->run_ready();
    for (auto& w : state_->waiting)
        if (w.waits) w.watch->clear();
}

void StepEngine::run_waiting() {
    state_->run_ready();
    for (auto& w : state_->waiting)
        if (w.waits) w.watch->clear();
}

void StepEngine::end_run() {
    state_->end_run();
}

const std::vector<trace::StepOutcome>& StepEngine::outcomes() const {
    return state_->outcomes;
}

void StepEngine::on_note(const trace::Moment& /*moment*/, core::NodeId who, const core::Note& note,
                         std::span<const core::NodeId> replicas) {
    if (!waiting_.kinds.has(note.kind)) return;
    for (auto& w : state_->waiting)
        if (w.waits && w.watch->kinds().has(note.kind)) w.watch->on_note(who, note, replicas);
}

void StepEngine::on_world(const trace::Moment& /*moment*/, const trace::WorldEvent& event) {
    if (!state_->began || !event.node) return;
    if (event.kind == trace::WorldKind::net_drop || event.kind == trace::WorldKind::disk_error) {
        for (auto& w : state_->waiting)
            if (w.waits) w.watch->on_world(event);
        return;
    }
    state_->actions.on_process(event);
    state_->schedule_starts();
}

}  // namespace sim
