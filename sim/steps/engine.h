/// The step engine: when a scenario's steps fire, on whom, and how they end.
///
/// Watches the run as an observer, keeps the conditions of steps that have not fired, and acts
/// through World. [SCENARIO_FORMAT 3]
///
/// Rules:
///   E1  A step set off by an event runs at the end of that event's step call; `phase: before`
///       runs before the delivery takes effect (before_delivery).
///   E2  Several run in file order until none is left; the same one never twice in one instant.
///   E3  A target is resolved when the step fires, and the answer is recorded.
///   E4  With no condition on events or gauges waiting, an event costs one branch.
#pragma once

#include <memory>
#include <vector>

#include "core/protocol/topics.h"
#include "core/step/node.h"
#include "scenarios/model.h"
#include "sim/trace/event.h"
#include "sim/trace/ledger.h"
#include "sim/trace/outcome.h"
#include "sim/trace/view.h"
#include "sim/world.h"

namespace sim {

class StepEngine final : public trace::Observer {
  public:
    /// All references outlive the engine; view and ledger are folded before it sees an event.
    StepEngine(const scenario::Scenario& scenario, std::uint64_t seed,
               const core::TopicTable& topics, const trace::ClusterView& view,
               const trace::Ledger& ledger, World& world);
    ~StepEngine() override;

    /// Time 0: schedules `at` and `every`, arms conditions.
    void begin();
    /// A wake-up asked for by wake_steps_at is here.
    void on_wake();
    /// True if some step waits with `phase: before` on this message's kind of delivery; cheap.
    bool watches_delivery(const core::Message& message) const;
    /// A message is about to be handed to `to`: runs `phase: before` steps that it sets off.
    void before_delivery(const trace::Moment& moment, core::NodeId to, core::NodeId from,
                         const core::Message& message);
    /// After all effects of a kernel event: runs what it set off.
    void after_event() {
        if (waiting_.steps > 0) run_waiting();
    }
    /// Kinds of notes that some step waits for now; on_note does nothing with any other.
    core::NoteKinds watched() const { return waiting_.kinds; }
    /// run.end: nothing fires any more; every fault that is not "forever" ends.
    void end_run();

    const std::vector<trace::StepOutcome>& outcomes() const;
    /// True if a step with onTimeout fail timed out, or with inconclusive did not fire.
    void on_note(const trace::Moment& moment, core::NodeId who, const core::Note& note,
                 std::span<const core::NodeId> replicas) override;
    void on_world(const trace::Moment& moment, const trace::WorldEvent& event) override;

  private:
    struct State;
    /// The steps that wait on a condition now.
    struct Waiting {
        int steps = 0;
        core::NoteKinds kinds;  ///< of notes that their conditions watch
    };
    void run_waiting();

    Waiting waiting_;
    std::unique_ptr<State> state_;
};

}  // namespace sim
