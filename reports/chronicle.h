/// The chronicle: the rare events of a run, kept for explanations and for the timeline.
///
/// Elections, ISR changes, fencing, cuts, crashes and steps are few; appends and fetches are many
/// and are not here (the ledger has what became of them).
///
/// Rules:
///   R1  An event of a kept kind is in all(), in the order it happened, up to kMostHappenings;
///       beyond that complete() is false and what is derived says less, never something else.
///   R2  Watching changes nothing of the run.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/protocol/metadata_record.h"
#include "scenarios/model.h"
#include "sim/trace/event.h"
#include "sim/trace/ledger.h"
#include "sim/trace/view.h"

namespace report {

inline constexpr std::size_t kMostHappenings = 100'000;

/// One rare event: a note of `who`, or what the world did to `who`.
struct Happening {
    trace::Moment moment;
    bool of_world = false;
    core::NoteKind note = core::NoteKind::broker_start;        ///< unless of_world
    trace::WorldKind world = trace::WorldKind::process_start;  ///< if of_world
    std::optional<core::NodeId> who = std::nullopt;
    std::optional<core::PartitionId> partition = std::nullopt;
    std::optional<core::NodeId> peer = std::nullopt;
    std::optional<core::LeaderEpoch> leader_epoch = std::nullopt;
    std::optional<core::Offset> first = std::nullopt;
    std::optional<core::Offset> end = std::nullopt;
    std::int64_t value = 0;
    core::ReplicaList replicas = {};
    /// step_start: the newest batch that was acknowledged and lived on one broker only.
    std::optional<core::BatchTag> acked_alone = std::nullopt;

    bool is(core::NoteKind kind) const { return !of_world && note == kind; }
    bool is(trace::WorldKind kind) const { return of_world && world == kind; }
};

class Chronicle final : public trace::Observer {
  public:
    /// `ledger` outlives the chronicle and is folded before it.
    explicit Chronicle(const trace::Ledger& ledger) : ledger_(ledger) {}

    const std::vector<Happening>& all() const { return all_; }
    bool complete() const { return complete_; }

    void on_note(const trace::Moment& moment, core::NodeId who, const core::Note& note,
                 std::span<const core::NodeId> replicas) override;
    void on_world(const trace::Moment& moment, const trace::WorldEvent& event) override;

  private:
    void add(Happening&& happening);
    std::optional<core::BatchTag> newest_acked_alone() const;

    const trace::Ledger& ledger_;
    std::vector<Happening> all_;
    bool complete_ = true;
};

/// Leadership and ISR of one partition over time, read from a chronicle.
struct PartitionHistory {
    /// The committed registration from `at` on.
    struct State {
        core::TimePoint at;
        trace::EventId event;
        std::optional<core::NodeId> leader;
        core::LeaderEpoch leader_epoch;
        core::ReplicaList isr;
        /// Of the election that made it; nothing: the leader did not change.
        std::optional<bool> clean;
    };
    std::vector<State> states;                 ///< ascending
    std::vector<const Happening*> happenings;  ///< everything that names the partition
    /// The state that held at a moment; nothing before the first.
    const State* at(core::TimePoint moment) const;
};

/// What a node's process did.
struct NodeHistory {
    std::vector<const Happening*> happenings;
    /// True if its process runs and is not paused at a moment (after that moment's events).
    bool live_at(core::TimePoint moment) const;
};

/// The chronicle, by partition and by node. The chronicle outlives it.
class Histories {
  public:
    /// At time 0 first replicas lead in epoch 0 with a full ISR and every process is up.
    Histories(const Chronicle& chronicle, const scenario::Scenario& scenario);
    const PartitionHistory& partition(core::PartitionId id) const {
        return partitions_[id.value()];
    }
    /// Empty for a node nothing happened to.
    const NodeHistory& node(core::NodeId id) const;
    /// What ended or froze the node's process, or began its shutdown, if it is so at `moment`.
    const Happening* last_stop_before(core::NodeId id, core::TimePoint moment) const;

  private:
    std::vector<PartitionHistory> partitions_;
    std::vector<std::pair<core::NodeId, NodeHistory>> nodes_;
    NodeHistory nothing_;
};

}  // namespace report
