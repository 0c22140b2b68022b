/// Conditions of steps: which events match, which gauges hold. [SCENARIO_FORMAT 3, `when`]
///
/// A Watch is the state of one `when` tree while its step waits. Events mark the leaves they match;
/// holds() then evaluates the tree for this moment, and clear() forgets the marks, because an event
/// holds only at its moment while a gauge holds as long as its level does.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/protocol/messages.h"
#include "core/protocol/note.h"
#include "scenarios/model.h"
#include "sim/trace/ledger.h"
#include "sim/trace/view.h"

namespace sim {

/// The kind of note that an event of the format is.
core::NoteKind note_kind(scenario::Event event);

class Watch {
  public:
    /// The condition, view and ledger outlive the watch.
    Watch(const scenario::Condition& condition, const trace::ClusterView& view,
          const trace::Ledger& ledger);

    /// True if no event is in the tree: gauges alone decide, at any moment.
    bool level_only() const { return !has_edges_; }
    bool watches(core::NoteKind kind) const {
        return (kinds_ >> static_cast<unsigned>(kind) & 1) != 0;
    }
    bool watches_delivery(const core::Message& message) const;

    void on_note(core::NodeId who, const core::Note& note, std::span<const core::NodeId> replicas);
    void on_delivery(core::NodeId to, core::NodeId from, const core::Message& message);
    void on_edge(scenario::StepNumber step, scenario::Edge edge);

    /// The whole condition, now.
    bool holds() const;
    void clear();

  private:
    struct Leaf {
        const scenario::Condition* condition;
        std::int64_t matches = 0;
        bool hit = false;
    };
    void collect(const scenario::Condition& condition);
    bool holds(const scenario::Condition& condition) const;
    bool gauge_holds(const scenario::Condition& condition) const;
    bool delivery_matches(const scenario::Condition& condition, core::NodeId to, core::NodeId from,
                          const core::Message& message) const;

    const scenario::Condition& condition_;
    const trace::ClusterView& view_;
    const trace::Ledger& ledger_;
    std::vector<Leaf> leaves_;  ///< events and step edges, in the order of the tree
    std::uint64_t kinds_ = 0;   ///< of notes with phase after
    bool has_edges_ = false;
    bool any_hit_ = false;
};

}  // namespace sim
