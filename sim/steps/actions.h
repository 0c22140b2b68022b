/// What one step has done and how it is undone. [SCENARIO_FORMAT 3, Actions; How actions meet]
///
/// Rules:
///   A1  A step's effects are remembered with it; ending the step undoes exactly those.
///   A2  A node is started by the end of a step only if it has not been started since by another.
///   A3  A node paused by several steps wakes when the last of them ends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "scenarios/model.h"
#include "sim/trace/outcome.h"
#include "sim/trace/view.h"
#include "sim/world.h"

namespace sim {

/// A node to be started at a moment.
struct DueStart {
    core::TimePoint at;
    core::NodeId node;
};

class Actions {
  public:
    /// All references outlive it.
    Actions(const scenario::Scenario& scenario, std::uint64_t seed, const trace::ClusterView& view,
            World& world);

    /// Performs a step; `heal` asks the caller to end another (`ends`). False: there was no target,
    /// nothing was done. Fills what was resolved and any remark.
    bool perform(scenario::StepNumber step, std::uint32_t firing, trace::StepOutcome& outcome,
                 std::optional<scenario::StepNumber>& ends);
    /// Undoes what is left of a step. What became of the messages that it held or dropped.
    std::optional<trace::MessageTally> end(scenario::StepNumber step);
    bool active(scenario::StepNumber step) const { return !effects_[step].empty(); }

    /// A process began or ended, told by the world.
    void on_process(const trace::WorldEvent& event);
    /// Starts that became due by an exit; the caller schedules them.
    std::vector<DueStart> take_due_starts();
    void start(core::NodeId node) { world_.start(node); }

    /// run.end: undoes everything but what lasts forever, and starts what is down.
    void end_all(std::vector<trace::StepOutcome>& outcomes);

  private:
    struct Down {
        core::NodeId node;
        std::uint32_t episode;
    };
    struct StepEffects {
        std::vector<CutId> cuts;
        std::vector<core::NodeId> paused;
        std::vector<Down> down;
        std::vector<DegradeId> degraded = {};
        std::vector<DiskFaultId> disks = {};
        std::optional<MessageRuleId> rule = std::nullopt;  ///< of an active hold or drop
        bool empty() const {
            return cuts.empty() && paused.empty() && down.empty() && degraded.empty() &&
                   disks.empty() && !rule;
        }
    };
    struct AwaitedExit {
        core::NodeId node;
        core::Duration delay;
    };

    std::vector<core::NodeId> resolve_target(const scenario::Target& target,
                                             scenario::StepNumber step, std::uint32_t firing);
    bool crash(const scenario::CrashAction& action, scenario::StepNumber step, std::uint32_t firing,
               trace::StepOutcome& outcome);
    bool stop(const scenario::Target& target, scenario::StepNumber step, std::uint32_t firing,
              trace::StepOutcome& outcome);
    bool restart(const scenario::RestartAction& action, scenario::StepNumber step,
                 std::uint32_t firing, trace::StepOutcome& outcome);
    bool pause(const scenario::PauseAction& action, scenario::StepNumber step, std::uint32_t firing,
               trace::StepOutcome& outcome);
    bool partition(const scenario::PartitionAction& action, scenario::StepNumber step,
                   std::uint32_t firing, trace::StepOutcome& outcome);
    bool wipe(const scenario::WipeDiskAction& action, scenario::StepNumber step,
              std::uint32_t firing, trace::StepOutcome& outcome);
    bool alter(const scenario::AlterConfigAction& action, scenario::StepNumber step,
               std::uint32_t firing, trace::StepOutcome& outcome);
    bool degrade(const scenario::DegradeAction& action, scenario::StepNumber step,
                 std::uint32_t firing, trace::StepOutcome& outcome);
    bool harm(const scenario::Target& target, DiskFault fault, scenario::StepNumber step,
              std::uint32_t firing, trace::StepOutcome& outcome);
    /// Ends what the step did to links, disks and pauses; processes stay down.
    void undo(const StepEffects& effects, scenario::StepNumber step);
    bool meet(const scenario::MessageChoice& messages, MessageFate fate, scenario::StepNumber step,
              std::uint32_t firing, trace::StepOutcome& outcome);
    bool release(const scenario::ReleaseMessagesAction& action, trace::StepOutcome& outcome);
    void record(const std::vector<core::NodeId>& nodes, trace::StepOutcome& outcome) const;
    void was_down(trace::StepOutcome& outcome, core::NodeId node) const;
    void remember_down(core::NodeId node, scenario::StepNumber step);
    bool paused_by_another(core::NodeId node, scenario::StepNumber step) const;

    const scenario::Scenario& scenario_;
    std::uint64_t seed_;
    const trace::ClusterView& view_;
    World& world_;
    std::vector<StepEffects> effects_;
    std::map<core::NodeId, std::uint32_t> episodes_;  ///< starts so far, by node
    std::vector<AwaitedExit> awaited_;
    std::vector<DueStart> due_starts_;
};

}  // namespace sim
