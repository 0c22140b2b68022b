/// One event of a run, as observers see it: a note of a node, or something the world did.
///
/// The trace is a list of these with the event that caused each; the digest (digest.h) is a running
/// hash of them. Ledger, cluster view, triggers, metrics and reports are folds over this list, fed
/// online.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/note.h"

namespace trace {

/// Number of a kernel event; 0 is "before everything".
using EventId = core::Id<struct EventIdTag, std::uint64_t>;

/// What the world does by itself, beside the notes of nodes.
enum class WorldKind : std::uint8_t {
    step_start,     ///< a scenario step takes effect: value = index of the step
    step_end,       ///< its `for` ran out or it was healed: value = index of the step
    step_missed,    ///< it will never fire, or did nothing: value = index of the step
    process_start,  ///< a node's process begins
    process_exit,   ///< it ended by itself: value = ExitReason
    process_crash,  ///< kill: value 0 process, 1 host
    process_pause,
    process_resume,
    disk_lost,  ///< loss of power took [first, end) of a partition's log; once a range
    disk_wiped,
    run_end,     ///< faults end here
    audit,       ///< settle is over; the readers begin
    net_drop,    ///< a message to `node` was lost: value = id of the node that had sent it
    disk_error,  ///< an operation on the disk of `node` failed
};
inline constexpr int kWorldKinds = static_cast<int>(WorldKind::disk_error) + 1;
std::string_view name(WorldKind kind);

/// Something the world did to a node.
struct WorldEvent {
    WorldKind kind;
    std::optional<core::NodeId> node = std::nullopt;
    std::optional<core::PartitionId> partition = std::nullopt;
    std::optional<core::Offset> first = std::nullopt;
    std::optional<core::Offset> end = std::nullopt;
    std::int64_t value = 0;
};

/// When and inside which kernel event.
struct Moment {
    core::TimePoint at;
    EventId event;
    EventId cause;
};

/// Watches a run as it happens. Attached before it starts; must not change anything of it.
class Observer {
  public:
    virtual ~Observer() = default;
    /// `who`: the node whose note it is. `replicas`: of partition_change, isr_... notes.
    virtual void on_note(const Moment& moment, core::NodeId who, const core::Note& note,
                         std::span<const core::NodeId> replicas) = 0;
    virtual void on_world(const Moment& moment, const WorldEvent& event) = 0;
};

}  // namespace trace
