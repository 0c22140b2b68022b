/// What a scenario step can do to the world, and what it can ask it. Implemented by sim::Cluster;
/// used by sim/steps, which decides when and to whom.
///
/// Rules:
///   W1  Every action takes effect at once, within the current kernel event.
///   W2  An action on a node that is not in the needed state does nothing and says so.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/profile/config.h"
#include "core/protocol/messages.h"
#include "core/step/node.h"
#include "scenarios/model.h"
#include "sim/trace/event.h"
#include "sim/trace/outcome.h"

namespace sim {

/// What was sent and not received when a node dies (SCENARIO_FORMAT 3, crash.inFlight).
enum class InFlightFate : std::uint8_t { deliver, drop };

/// What un-durable bytes a loss of power leaves (crash.keep).
struct KeepRule {
    enum class Kind : std::uint8_t { none, all, random, from_offset };
    Kind kind = Kind::none;
    core::Offset offset{0};  ///< from_offset: batches with base offset >= this go
    /// Per-partition exceptions; what is not named follows `kind`.
    std::vector<std::pair<core::PartitionId, KeepRule>> partitions;
};

/// One direction of links that is cut: every message from a node of `from` to a node of `to`.
struct LinkCut {
    std::vector<core::NodeId> from;
    std::vector<core::NodeId> to;
};
using CutId = core::Id<struct CutIdTag, std::uint32_t>;
using DegradeId = core::Id<struct DegradeIdTag, std::uint32_t>;

/// What ails the disks of some machines.
struct DiskFault {
    enum class Kind : std::uint8_t { slow, full, failed };
    Kind kind = Kind::slow;
    std::vector<core::NodeId> nodes;
    std::optional<scenario::Distribution> append;  ///< slow
    std::optional<scenario::Distribution> fsync;   ///< slow
};
using DiskFaultId = core::Id<struct DiskFaultIdTag, std::uint32_t>;

/// Messages as a step means them, its targets resolved.
struct MessageFilter {
    std::optional<scenario::Api> api;
    std::vector<core::NodeId> from;  ///< who asks; none: anyone
    std::vector<core::NodeId> to;    ///< who is asked; none: anyone
    scenario::Direction direction = scenario::Direction::both;
    std::optional<core::PartitionId> partition;
    std::optional<std::int64_t> count;
};
enum class MessageFate : std::uint8_t { held, dropped };
using MessageRuleId = core::Id<struct MessageRuleIdTag, std::uint32_t>;

using trace::MessageTally;

/// The state of a node's process.
enum class ProcessState : std::uint8_t { down, up, paused, shutting_down };

class World {
  public:
    virtual ~World() = default;

    virtual core::TimePoint now() const = 0;
    virtual ProcessState process(core::NodeId node) const = 0;

    /// kill -9, or loss of power. False: it was down already.
    virtual bool crash_process(core::NodeId node, InFlightFate in_flight) = 0;
    virtual bool crash_host(core::NodeId node, const KeepRule& keep, InFlightFate in_flight,
                            std::uint64_t step_draw) = 0;
    /// Starts the process (power comes on first where it was off). False: it was up.
    virtual bool start(core::NodeId node) = 0;
    /// SIGTERM. False: it was down. Paused: takes effect when it wakes.
    virtual bool shut_down(core::NodeId node) = 0;
    virtual bool pause(core::NodeId node) = 0;
    virtual bool resume(core::NodeId node) = 0;
    /// Kills the process if up, empties and re-formats the disk; the node stays down.
    virtual void wipe_disk(core::NodeId node) = 0;

    /// Cuts the directions until mend(); several cuts may cover one direction.
    virtual CutId cut(std::span<const LinkCut> cuts) = 0;
    virtual void mend(CutId cut) = 0;
    /// Changes these directions until restore(); of several changes the last one counts.
    virtual DegradeId degrade(std::span<const LinkCut> links,
                              const scenario::LinkChange& change) = 0;
    virtual void restore(DegradeId degraded) = 0;

    /// Until repair(). A process whose operation fails ends: it has one log directory, and without
    /// any a broker halts. [kafka LogManager.handleLogDirFailure]
    virtual DiskFaultId harm_disks(const DiskFault& fault) = 0;
    virtual void repair(DiskFaultId fault) = 0;

    /// Holds or drops such messages from now on. [sim/network_rules.cc]
    virtual MessageRuleId meet_messages(const MessageFilter& filter, MessageFate fate) = 0;
    /// Lets the oldest that the rule holds go; how many.
    virtual std::int64_t release_messages(MessageRuleId rule,
                                          std::optional<std::int64_t> count) = 0;
    /// The rule ends; what it holds arrives.
    virtual MessageTally end_messages(MessageRuleId rule) = 0;

    /// kafka-leader-election.sh / kafka-configs.sh at the active controller. False: none is up.
    virtual bool elect_leader(core::PartitionId partition, bool unclean) = 0;
    virtual bool alter_config(const std::vector<core::ConfigRecord>& changes) = 0;
    /// That producer sends `records` records now. Number not produced because it is down.
    virtual std::int64_t produce(core::NodeId producer, std::int64_t records) = 0;

    /// The step engine wants to run again at `at` (class step, after all else of that instant).
    virtual void wake_steps_at(core::TimePoint at) = 0;
    /// Tells observers and the digest.
    virtual void tell(const trace::WorldEvent& event) = 0;

    /// Which replica of the partition ends lowest or highest, by the bytes on its disk.
    virtual core::Offset log_end_on_disk(core::PartitionId partition,
                                         core::NodeId broker) const = 0;
};

}  // namespace sim
