/// Conditions of steps: which events match, which gauges hold. [SCENARIO_FORMAT 3, `when`]
///
/// A Watch is the state of one `when` tree while its step waits. Events mark the leaves they match;
/// holds() then evaluates the tree for this moment, and clear() forgets the marks, because an event
/// holds only at its moment while a gauge holds as long as its level does.
///
/// Rules:
///   C1  What stands behind a `then` sees nothing before the first condition has held: its counting
///       of `nth` begins there, and the moment at which the first held is not its own.
///   C2  Within one kernel event the order of notes decides: an ISR change and the election that
///       the controller commits behind it are one after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/protocol/messages.h"
#include "core/protocol/note.h"
#include "scenarios/model.h"
#include "sim/trace/event.h"
#include "sim/trace/ledger.h"
#include "sim/trace/view.h"

namespace sim {

/// The kind of note that an event of the format is; nothing for those that the world makes.
std::optional<core::NoteKind> note_kind(scenario::Event event);

class Watch {
  public:
    /// The condition, view and ledger outlive the watch.
    Watch(const scenario::Condition& condition, const trace::ClusterView& view,
          const trace::Ledger& ledger);

    /// Kinds of notes that on_note does something with.
    core::NoteKinds kinds() const { return kinds_; }
    bool watches_delivery(const core::Message& message) const;

    void on_note(core::NodeId who, const core::Note& note, std::span<const core::NodeId> replicas);
    void on_world(const trace::WorldEvent& event);
    void on_delivery(core::NodeId to, core::NodeId from, const core::Message& message);
    void on_edge(scenario::StepNumber step, scenario::Edge edge);

    /// The whole condition, now.
    bool holds();
    void clear();

  private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    /// A `then`: opens when its first condition holds, and stays open.
    struct Gate {
        const scenario::Condition* sequence;
        std::uint32_t outer;  ///< the gate it stands behind, or kNone
        bool open = false;
    };
    struct Leaf {
        const scenario::Condition* condition;
        std::uint32_t gate;  ///< the gate it stands behind, or kNone
        std::int64_t matches = 0;
        bool hit = false;
    };
    void collect(const scenario::Condition& condition, std::uint32_t gate);
    bool is_open(std::uint32_t gate) const { return gate == kNone || gates_[gate].open; }
    /// Marks the leaves behind open gates that `matches`, then opens gates.
    template <class Matches>
    void mark(Matches matches);
    void open_gates();
    bool holds(const scenario::Condition& condition) const;
    bool gauge_holds(const scenario::Condition& condition) const;
    bool delivery_matches(const scenario::Condition& condition, core::NodeId to, core::NodeId from,
                          const core::Message& message) const;

    const scenario::Condition& condition_;
    const trace::ClusterView& view_;
    const trace::Ledger& ledger_;
    std::vector<Leaf> leaves_;  ///< events and step edges, in the order of the tree
    std::vector<Gate> gates_;   ///< outer ones first
    core::NoteKinds kinds_;     ///< of notes with phase after
    bool any_hit_ = false;
};

}  // namespace sim
