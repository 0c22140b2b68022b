/// A host: one machine with one process, which runs one node of the core.
///
/// Turns kernel events and arrivals into steps of the node, performs their effects, and keeps what
/// a process is made of beside its state: lanes that are busy, inputs that wait, the pending
/// wake-ups, pauses, starts and ends.
///
/// Rules:
///   H1  A step of a lane happens when the lane is free; its effects leave when the lane is free
///       again, that is after the time the disk charged.
///   H2  Inputs of a busy lane wait in order. Nothing of one connection overtakes.
///   H3  A paused process runs nothing. When it wakes, overdue timers run first, oldest first, then
///       what waited in its lanes and sockets. [DESIGN 4.1]
///   H4  One wake-up is pending per lane. One that comes too early, because the deadline moved
///       away, is armed again.
///   H5  A restart makes a new node: only the disk carries anything over. [DESIGN 2.2]
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/step/node.h"
#include "sim/disk.h"
#include "sim/kernel.h"
#include "sim/network.h"
#include "sim/world.h"

namespace sim {

/// How long a process takes from its start to its first instruction. [SCENARIO_FORMAT 2]
inline constexpr core::Duration kStartTime = core::from_ms(1'000);

/// What a host tells the cluster while it runs.
class HostListener {
  public:
    virtual ~HostListener() = default;
    virtual void on_notes(core::NodeId who, const core::Notes& notes) = 0;
    virtual void on_process(trace::WorldKind kind, core::NodeId who, std::int64_t value) = 0;
    /// True if some step of the scenario waits to run before such a delivery.
    virtual bool watches_delivery(const core::Message& message) const = 0;
    virtual void before_delivery(core::NodeId to, core::NodeId from,
                                 const core::Message& message) = 0;
    virtual HostIndex host_of(core::NodeId node) const = 0;
    /// The process of `host` is about to end, its node with it.
    virtual void before_end(HostIndex host, const core::Node& node) = 0;
};

class alignas(64) Host {
  public:
    /// Makes the node of the `start`-th start of this process (0: the first).
    using Factory = std::function<std::unique_ptr<core::Node>(std::uint32_t start)>;

    /// All references outlive the host; `disk` may be null. `effects` is shared by all hosts.
    /// `lanes`: how many lanes this node has deadlines on.
    Host(HostIndex index, core::NodeId id, int lanes, Factory factory, SimDisk* disk,
         Kernel& kernel, Network& network, core::Effects& effects, HostListener& listener);

    core::NodeId id() const { return id_; }
    HostIndex index() const { return index_; }
    SimDisk* disk() const { return disk_; }
    /// The node, while its process runs.
    core::Node* node() const { return node_.get(); }
    ProcessState state() const;
    bool down() const { return phase_ == Phase::down; }
    /// Takes a call at once: it runs, is not paused, and has caught up with its pauses.
    bool ready() const { return (hindrances_ & (kNoNode | kPaused | kResuming)) == 0; }

    // ---- actions; each takes effect within the current kernel event ----
    /// `after`: until its first instruction.
    bool start(core::Duration after);
    bool crash_process(InFlightFate fate);
    /// The caller sees to the disk.
    bool crash_host(InFlightFate fate);
    bool shut_down();
    bool pause();
    bool resume();
    /// Hands a call to the process at the end of this instant's deliveries.
    void call(core::Call&& call);
    /// Hands a record to the node at once; ready(), and no disk that makes it wait.
    void send_record(const core::SendRecord& record);

    // ---- kernel events ----
    void on_arrival(Arrival& arrival) {
        if (arrival.kind == Arrival::Kind::received)
            on_message(arrival.lane, arrival.received);
        else
            on_other_arrival(arrival);
    }
    /// True if a message would be handed to the node at once.
    bool takes_at_once(const core::Message& message) const;
    void on_wake(const Event& event);
    void on_lane_free(const Event& event);
    void on_process_begin(const Event& event);
    void on_process_exit(const Event& event);
    void on_drain(const Event& event);

    /// Sabotage: hands the next data response to the node twice.
    void set_repeat_fetch(bool repeat) { set(kRepeatsFetch, repeat); }

  private:
    enum class Phase : std::uint8_t { down, starting, up, shutting_down };
    struct Waiting {
        core::Input input;
        core::Lane lane;
        bool announced;  ///< steps that run before its delivery have had their chance
    };
    struct LaneState {
        bool free_event = false;    ///< a lane_free event is pending
        bool wake_waiting = false;  ///< a Woken waits in the lane
        std::deque<Waiting> waiting;
    };

    /// Each keeps a message from being handed over as it arrives; so does a lane that is busy.
    enum Hindrance : std::uint8_t {
        kNoNode = 1,
        kPaused = 2,
        kResuming = 4,   ///< woken in this instant, not yet drained
        kLaneWaits = 8,  ///< inputs wait in some lane
        kRepeatsFetch = 16,
    };
    using LaneTimes = std::array<core::TimePoint, core::kLanes>;
    static LaneTimes all_lanes(core::TimePoint at) { return {at, at, at, at}; }

    core::TimePoint now() const { return kernel_.now(); }
    bool paused() const { return (hindrances_ & kPaused) != 0; }
    bool resuming() const { return (hindrances_ & kResuming) != 0; }
    void set(Hindrance hindrance, bool is) {
        hindrances_ =
            static_cast<std::uint8_t>(is ? hindrances_ | hindrance : hindrances_ & ~hindrance);
    }
    core::TimePoint& busy_until(core::Lane lane) {
        return busy_until_[static_cast<std::size_t>(lane)];
    }
    core::TimePoint& armed(core::Lane lane) { return armed_[static_cast<std::size_t>(lane)]; }
    LaneState& lane(core::Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
    bool current(const Event& event) const { return event.generation == generation_; }
    Event event(EventType type, core::Lane lane = core::Lane::requests) const;
    void drain_soon();
    void end_process();
    void on_message(core::Lane lane, core::Received& received);
    /// One that cannot simply be handed over.
    [[gnu::noinline]] void on_message_otherwise(core::Lane lane, core::Received& received);
    void on_other_arrival(const Arrival& arrival);
    void run(core::Lane lane, core::Input&& input, bool announced);
    void enqueue(core::Lane lane, core::Input&& input);
    void run_waiting(core::Lane lane);
    void run_overdue();
    void step(core::Lane lane, core::Input& input);
    /// The way of nearly every event, so it is one function with what it calls.
    [[gnu::always_inline]] void receive(core::Lane lane, core::Received& received);
    /// What follows a step of the node: its effects, and when it wants to be woken.
    [[gnu::always_inline]] void end_step(core::Lane lane);
    void note_waiting();
    /// Halts: an operation on its disk failed, and it has no other. [kafka LogManager]
    [[gnu::noinline, gnu::cold]] void halt();
    [[gnu::noinline, gnu::cold]] void fail_step();
    [[gnu::always_inline]] void perform(core::Lane lane, core::TimePoint leaves);
    /// Performs the effects of a step.
    struct Performer;
    [[gnu::noinline]] void arm(core::Lane lane);
    [[gnu::always_inline]] void arm_all();
    /// Forgets waiting inputs of a connection that this end closed or lost.
    void purge(core::ConnectionId connection);
    /// Runs steps that wait for this delivery; false if the process cannot take it any more.
    bool announce(core::Lane lane, core::Input& input);

    // What each message needs comes first, so that it lies in few cache lines.
    HostIndex index_;
    core::NodeId id_;
    std::uint16_t generation_ = 0;  ///< grows with every end of a process
    std::uint8_t hindrances_ = kNoNode;
    Phase phase_ = Phase::down;
    std::uint32_t starts_ = 0;
    SimDisk* disk_;
    Kernel& kernel_;
    Network& network_;
    core::Effects& effects_;
    HostListener& listener_;
    std::unique_ptr<core::Node> node_;
    LaneTimes busy_until_ = all_lanes(core::TimePoint::min());
    LaneTimes armed_ = all_lanes(core::TimePoint::max());
    const core::LaneDeadlines* deadlines_ = nullptr;  ///< of the node

    int lane_count_;
    Factory factory_;
    bool begin_waits_ = false;  ///< its first instruction came due during a pause
    bool drain_event_ = false;
    std::optional<Event> exit_waits_;  ///< its end came due during a pause
    core::TimePoint paused_at_{};
    std::array<LaneState, core::kLanes> lanes_;
    std::deque<Waiting> inbox_;
};

}  // namespace sim
