#include "sim/host.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace sim {
namespace {

/// A fetch response with partitions in it.
bool carries_data(const core::Message& message) {
    const auto* fetch = std::get_if<core::FetchResponse>(&message);
    return fetch != nullptr && !fetch->partitions.empty();
}

/// More overdue timers than any process has: a node that never moves its deadline is a bug.
constexpr int kOverdueMax = 10'000;

constexpr core::Lane lane_at(int index) {
    return static_cast<core::Lane>(index);
}

std::optional<core::ConnectionId> connection_of(const core::Input& input) {
    if (const auto* received = std::get_if<core::Received>(&input)) return received->connection;
    if (const auto* lost = std::get_if<core::Lost>(&input)) return lost->connection;
    if (const auto* connected = std::get_if<core::Connected>(&input)) return connected->connection;
    return std::nullopt;
}

}  // namespace

Host::Host(HostIndex index, core::NodeId id, int lanes, Factory factory, SimDisk* disk,
           Kernel& kernel, Network& network, core::Effects& effects, HostListener& listener)
    : index_(index),
      id_(id),
      disk_(disk),
      kernel_(kernel),
      network_(network),
      effects_(effects),
      listener_(listener),
      lane_count_(lanes),
      factory_(std::move(factory)) {}

ProcessState Host::state() const {
    if (phase_ == Phase::down) return ProcessState::down;
    if (paused()) return ProcessState::paused;
    return phase_ == Phase::shutting_down ? ProcessState::shutting_down : ProcessState::up;
}

Event Host::event(EventType type, core::Lane lane) const {
    Event made(type);
    made.host = index_;
    made.generation = generation_;
    made.lane = static_cast<std::uint8_t>(lane);
    return made;
}

// ---- steps of the node --------------------------------------------------------------------------

struct Host::Performer {
    Host& host;
    core::Lane lane;
    core::TimePoint leaves;

    void on_open(core::ConnectionId connection, core::NodeId peer) const {
        host.network_.open(connection, host.index_, host.listener_.host_of(peer), lane, leaves);
    }
    void on_send(core::ConnectionId connection, core::CorrelationId correlation,
                 core::MessageBox&& message) const {
        host.network_.send(connection, host.index_, correlation, std::move(message), leaves);
    }
    void on_close(core::ConnectionId connection) const {
        host.network_.close(connection, host.index_, leaves);
        host.purge(connection);
    }
    void on_exit(core::ExitReason reason) const {
        Event ends = host.event(EventType::process_exit);
        ends.payload = static_cast<std::uint64_t>(reason);
        host.kernel_.schedule(leaves, EventClass::delivery, ends);
    }
    void on_notes(const core::Notes& notes) const { host.listener_.on_notes(host.id_, notes); }
};

inline void Host::perform(core::Lane on, core::TimePoint leaves) {
    effects_.perform(Performer{*this, on, leaves});
}

inline void Host::arm_all() {
    for (int i = 0; i < core::kLanes; ++i)
        if ((*deadlines_)[lane_at(i)] < armed(lane_at(i))) arm(lane_at(i));
}

inline void Host::end_step(core::Lane on) {
    core::TimePoint leaves = now();
    if (disk_ != nullptr) {
        if (disk_->take_error()) return fail_step();
        if (disk_->charged() > core::Duration(0)) {
            leaves += disk_->charged();
            busy_until(on) = leaves;
        }
    }
    perform(on, leaves);
    arm_all();
}

inline void Host::receive(core::Lane on, core::Received& received) {
    if (disk_ != nullptr) disk_->begin_step(now());
    node_->receive(now(), received, effects_);
    end_step(on);
}

void Host::step(core::Lane on, core::Input& input) {
    if (auto* received = std::get_if<core::Received>(&input)) return receive(on, *received);
    if (const auto* lost = std::get_if<core::Lost>(&input)) purge(lost->connection);
    if (disk_ != nullptr) disk_->begin_step(now());
    node_->step(now(), on, input, effects_);
    end_step(on);
}

// ---- actions ------------------------------------------------------------------------------------

bool Host::start(core::Duration after) {
    if (phase_ != Phase::down) return false;
    phase_ = Phase::starting;
    network_.power_on(index_);
    kernel_.schedule(now() + after, EventClass::timer, event(EventType::process_begin));
    return true;
}

void Host::end_process() {
    phase_ = Phase::down;
    if (node_ != nullptr) listener_.before_end(index_, *node_);
    node_.reset();
    deadlines_ = nullptr;
    ASSERT(generation_ < UINT16_MAX);
    ++generation_;
    hindrances_ = static_cast<std::uint8_t>((hindrances_ & kRepeatsFetch) | kNoNode);
    begin_waits_ = false;
    exit_waits_.reset();
    drain_event_ = false;
    busy_until_ = all_lanes(core::TimePoint::min());
    armed_ = all_lanes(core::TimePoint::max());
    for (LaneState& state : lanes_) state = LaneState{};
    inbox_.clear();
    if (disk_ != nullptr) disk_->process_ended();
}

bool Host::crash_process(InFlightFate fate) {
    if (phase_ == Phase::down) return false;
    end_process();
    network_.process_down(index_, fate);
    listener_.on_process(trace::WorldKind::process_crash, id_, 0);
    return true;
}

bool Host::crash_host(InFlightFate fate) {
    if (phase_ == Phase::down) return false;
    end_process();
    network_.power_off(index_, fate);
    listener_.on_process(trace::WorldKind::process_crash, id_, 1);
    return true;
}

bool Host::shut_down() {
    if (phase_ == Phase::down) return false;
    if (phase_ == Phase::shutting_down) return true;
    if (node_ == nullptr) {
        // SIGTERM before the process has done anything: it is simply gone.
        end_process();
        network_.process_down(index_, InFlightFate::deliver);
        listener_.on_process(trace::WorldKind::process_exit, id_,
                             static_cast<std::int64_t>(core::ExitReason::clean_shutdown));
        return true;
    }
    phase_ = Phase::shutting_down;
    call(core::Call(core::ShutDown{}));
    return true;
}

bool Host::pause() {
    if (phase_ == Phase::down || paused()) return false;
    set(kPaused, true);
    set(kResuming, false);
    paused_at_ = now();
    network_.pause(index_);
    // What waits in lanes has been read from sockets; it stays ahead of what is there still.
    std::deque<Waiting> waiting;
    for (LaneState& state : lanes_) {
        for (Waiting& each : state.waiting)
            if (!std::holds_alternative<core::Woken>(each.input))
                waiting.push_back(std::move(each));
        state.waiting.clear();
        state.wake_waiting = false;
    }
    set(kLaneWaits, false);
    inbox_.insert(inbox_.begin(), std::make_move_iterator(waiting.begin()),
                  std::make_move_iterator(waiting.end()));
    listener_.on_process(trace::WorldKind::process_pause, id_, 0);
    return true;
}

bool Host::resume() {
    if (!paused()) return false;
    set(kPaused, false);
    network_.resume(index_);
    listener_.on_process(trace::WorldKind::process_resume, id_, 0);
    if (begin_waits_) {
        begin_waits_ = false;
        kernel_.schedule(now(), EventClass::timer, event(EventType::process_begin));
    }
    if (node_ == nullptr) return true;
    if (exit_waits_) kernel_.schedule(now(), EventClass::delivery, *exit_waits_);
    exit_waits_.reset();
    const core::Duration pause = now() - paused_at_;
    for (core::TimePoint& busy_until : busy_until_)
        if (busy_until > paused_at_) busy_until += pause;
    set(kResuming, true);
    drain_soon();
    return true;
}

void Host::drain_soon() {
    if (drain_event_) return;
    drain_event_ = true;
    kernel_.schedule(now(), EventClass::delivery, event(EventType::drain));
}

void Host::call(core::Call&& call) {
    if (phase_ == Phase::down) return;
    inbox_.push_back(Waiting{core::Input(std::move(call)), core::Lane::requests, true});
    if (node_ != nullptr && !paused()) drain_soon();
}

void Host::send_record(const core::SendRecord& record) {
    ASSERT(ready() && disk_ == nullptr);
    node_->send_record(now(), record, effects_);
    perform(core::Lane::requests, now());
    arm_all();
}

// ---- kernel events ------------------------------------------------------------------------------

void Host::on_process_begin(const Event& begin) {
    if (!current(begin) || phase_ != Phase::starting) return;
    if (paused()) {
        begin_waits_ = true;
        return;
    }
    phase_ = Phase::up;
    node_ = factory_(starts_++);
    deadlines_ = &node_->deadlines();
    set(kNoNode, false);
    network_.process_up(index_);
    listener_.on_process(trace::WorldKind::process_start, id_, 0);
    // A log directory that cannot be written is offline from the start.
    if (disk_ != nullptr && disk_->health() == DiskHealth::failed) {
        halt();
        return;
    }
    core::Input started = core::Started{};
    step(core::Lane::requests, started);
    if (!inbox_.empty()) drain_soon();
}

void Host::on_process_exit(const Event& exit) {
    if (!current(exit) || phase_ == Phase::down) return;
    if (paused()) {
        // It was about to end; it does when it wakes.
        exit_waits_ = exit;
        return;
    }
    end_process();
    network_.process_down(index_, InFlightFate::deliver);
    listener_.on_process(trace::WorldKind::process_exit, id_,
                         static_cast<std::int64_t>(exit.payload));
}

void Host::on_other_arrival(const Arrival& arrival) {
    const core::Received& from = arrival.received;
    if (arrival.kind == Arrival::Kind::connected)
        run(arrival.lane, core::Connected{from.connection}, true);
    else if (arrival.kind == Arrival::Kind::lost)
        run(arrival.lane, core::Lost{from.connection, from.peer, arrival.why}, true);
}

void Host::on_message(core::Lane on, core::Received& received) {
    if (hindrances_ == 0 && busy_until(on) <= now())
        receive(on, received);
    else
        on_message_otherwise(on, received);
}

void Host::on_message_otherwise(core::Lane on, core::Received& received) {
    if (node_ == nullptr) return;
    if ((hindrances_ & kRepeatsFetch) != 0 && carries_data(*received.message)) {
        set(kRepeatsFetch, false);
        run(on,
            core::Received{received.connection, received.peer, received.correlation,
                           received.message.copy()},
            true);
    }
    run(on, std::move(received), true);
}

bool Host::takes_at_once(const core::Message& message) const {
    if (!ready()) return false;
    const auto on = static_cast<std::size_t>(core::lane_of(message));
    return lanes_[on].waiting.empty() && busy_until_[on] <= now();
}

void Host::on_wake(const Event& wake) {
    if (!current(wake) || node_ == nullptr) return;
    const core::Lane on = lane_at(wake.lane);
    if (armed(on) != now()) return;
    armed(on) = core::TimePoint::max();
    if (paused() || resuming() || lane(on).wake_waiting) return;
    const auto deadline = node_->next_deadline(on);
    if (!deadline || *deadline > now()) {
        arm(on);
        return;
    }
    run(on, core::Woken{}, true);
}

void Host::on_lane_free(const Event& free) {
    if (!current(free)) return;
    lane(lane_at(free.lane)).free_event = false;
    if (!ready()) return;
    run_waiting(lane_at(free.lane));
}

void Host::on_drain(const Event& drain) {
    if (!current(drain)) return;
    drain_event_ = false;
    if (node_ == nullptr || paused()) return;
    const std::uint16_t generation = generation_;
    if (resuming()) {
        set(kResuming, false);
        run_overdue();
        if (generation != generation_ || paused()) return;
    }
    // Only what is here now: a step may put new calls behind it.
    for (std::size_t left = inbox_.size(); left > 0 && !inbox_.empty(); --left) {
        Waiting next = std::move(inbox_.front());
        inbox_.pop_front();
        run(next.lane, std::move(next.input), next.announced);
        if (generation != generation_ || paused()) return;
    }
    arm_all();
}

/// Timers that came due during a pause, oldest first.
void Host::run_overdue() {
    const std::uint16_t generation = generation_;
    for (int runs = 0; runs < kOverdueMax; ++runs) {
        std::optional<core::Lane> oldest;
        core::TimePoint due = core::TimePoint::max();
        for (int i = 0; i < lane_count_; ++i) {
            const auto deadline = node_->next_deadline(lane_at(i));
            if (!deadline || *deadline > now() || lane(lane_at(i)).wake_waiting) continue;
            if (!oldest || *deadline < due) {
                oldest = lane_at(i);
                due = *deadline;
            }
        }
        if (!oldest) return;
        run(*oldest, core::Woken{}, true);
        if (generation != generation_ || paused()) return;
    }
    UNREACHABLE();
}

// ---- lanes --------------------------------------------------------------------------------------

void Host::run(core::Lane on, core::Input&& input, bool announced) {
    if (node_ == nullptr) return;
    if (paused() || resuming()) {
        if (!std::holds_alternative<core::Woken>(input))
            inbox_.push_back(Waiting{std::move(input), on, false});
        return;
    }
    if (busy_until(on) > now() || !lane(on).waiting.empty()) {
        enqueue(on, std::move(input));
        return;
    }
    if (!announced && !announce(on, input)) return;
    step(on, input);
}

void Host::enqueue(core::Lane on, core::Input&& input) {
    LaneState& state = lane(on);
    if (std::holds_alternative<core::Woken>(input)) state.wake_waiting = true;
    state.waiting.push_back(Waiting{std::move(input), on, false});
    set(kLaneWaits, true);
    if (state.free_event) return;
    state.free_event = true;
    kernel_.schedule(std::max(busy_until(on), now()), EventClass::delivery,
                     event(EventType::lane_free, on));
}

void Host::run_waiting(core::Lane on) {
    const std::uint16_t generation = generation_;
    LaneState& state = lane(on);
    while (!state.waiting.empty() && busy_until(on) <= now()) {
        Waiting next = std::move(state.waiting.front());
        state.waiting.pop_front();
        note_waiting();
        if (std::holds_alternative<core::Woken>(next.input)) {
            state.wake_waiting = false;
            const auto deadline = node_->next_deadline(on);
            if (!deadline || *deadline > now()) {
                arm(on);
                continue;
            }
        } else if (!next.announced && !announce(on, next.input)) {
            return;
        }
        step(on, next.input);
        if (generation != generation_ || paused()) return;
    }
    if (state.waiting.empty() || state.free_event) return;
    state.free_event = true;
    kernel_.schedule(std::max(busy_until(on), now()), EventClass::delivery,
                     event(EventType::lane_free, on));
}

bool Host::announce(core::Lane on, core::Input& input) {
    const auto* received = std::get_if<core::Received>(&input);
    if (received == nullptr || !listener_.watches_delivery(*received->message)) return true;
    const std::uint16_t generation = generation_;
    listener_.before_delivery(id_, received->peer, *received->message);
    if (generation != generation_) return false;
    if (!paused()) return true;
    inbox_.push_front(Waiting{std::move(input), on, true});
    return false;
}

/// Whatever the step was about to say, nobody hears: the failed operation came first.
void Host::fail_step() {
    effects_.clear();
    halt();
}

void Host::halt() {
    listener_.on_process(trace::WorldKind::disk_error, id_, 0);
    end_process();
    network_.process_down(index_, InFlightFate::deliver);
    listener_.on_process(trace::WorldKind::process_exit, id_,
                         static_cast<std::int64_t>(core::ExitReason::storage_failure));
}

void Host::arm(core::Lane on) {
    if (lane(on).wake_waiting || paused() || resuming()) return;
    const core::TimePoint due = std::max((*deadlines_)[on], now());
    if (due >= armed(on)) return;
    armed(on) = due;
    kernel_.schedule(due, EventClass::timer, event(EventType::wake, on));
}

/// After waiting inputs were taken out.
void Host::note_waiting() {
    set(kLaneWaits, std::any_of(lanes_.begin(), lanes_.end(),
                                [](const LaneState& state) { return !state.waiting.empty(); }));
}

void Host::purge(core::ConnectionId connection) {
    const auto of_connection = [&](const Waiting& waiting) {
        return connection_of(waiting.input) == connection;
    };
    if ((hindrances_ & kLaneWaits) != 0) {
        for (LaneState& state : lanes_)
            if (!state.waiting.empty()) std::erase_if(state.waiting, of_connection);
        note_waiting();
    }
    if (!inbox_.empty()) std::erase_if(inbox_, of_connection);
}

}  // namespace sim
