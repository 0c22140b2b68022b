/// Steps of a scenario: who, when, what and how long. Part of the model (scenarios/model.h), whose
/// rules hold here too. [SCENARIO_FORMAT 3]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/base/random.h"
#include "core/base/time.h"
#include "core/profile/config.h"
#include "scenarios/distribution.h"

namespace scenario {

// ---- small values ------------------------------------------------------------------------------

/// A text for people: English, and Chinese where the file has it.
struct Text {
    std::string en;
    std::string zh;
    bool empty() const { return en.empty() && zh.empty(); }
    /// In the language asked for ("en", "zh"), else in the one there is.
    const std::string& in(std::string_view language) const {
        const bool chinese = language.substr(0, 2) == "zh";
        return chinese ? (zh.empty() ? en : zh) : (en.empty() ? zh : en);
    }
};

/// Index into Scenario::topics, producers, steps.
using TopicNumber = std::uint32_t;
using ProducerNumber = std::uint32_t;
using StepNumber = std::uint32_t;

enum class Comparison : std::uint8_t { eq, ne, lt, le, gt, ge };
std::string_view name(Comparison op);  ///< "eq", "ge", ...
std::string_view sign(Comparison op);  ///< "=", ">=", ...
bool holds(std::int64_t left, Comparison op, std::int64_t right);

// ---- who ---------------------------------------------------------------------------------------

enum class TargetKind : std::uint8_t {
    broker,             ///< node
    all_brokers,        ///< brokers: "all"
    leader_of,          ///< partition: the controller's committed leader
    followers_of,       ///< partition: assigned replicas without the leader
    isr_of,             ///< partition: committed ISR
    rack,               ///< rack
    active_controller,  ///< controller: "active"
    controller,         ///< node
    all_controllers,    ///< controller: "all"
    producer,           ///< node
    all_producers,      ///< producer: "*"
    all_clients,        ///< "clients", in network links only
};
enum class Pick : std::uint8_t { all, one, minority, majority, lowest_leo, highest_leo };

/// Whom a step or a link means; resolved when it is used.
struct Target {
    TargetKind kind;
    std::optional<core::NodeId> node = std::nullopt;
    std::optional<core::PartitionId> partition = std::nullopt;
    std::string rack = {};
    Pick pick = Pick::all;
};

// ---- steps: when -------------------------------------------------------------------------------

enum class Event : std::uint8_t {
    produce_send,
    produce_receive,
    produce_ack,
    produce_error,
    produce_retry,
    log_append,
    log_flush,
    log_truncate,
    fetch_request,
    fetch_response,
    hw_advance,
    hw_checkpoint,
    isr_shrink,
    isr_expand,
    leader_elect,
    broker_fenced,
    broker_unfenced,
    broker_start,
    controller_elect,
    net_drop,
    disk_error,
};
std::string_view name(Event event);  ///< "produce.send", ...

enum class Gauge : std::uint8_t { acked_only_on_leader, isr_size, replica_lag };
std::string_view name(Gauge gauge);  ///< "ackedOnlyOnLeader", ...

enum class Edge : std::uint8_t { before, start, end };
enum class Phase : std::uint8_t { after, before };
enum class OnTimeout : std::uint8_t { inconclusive, fail, run_anyway, skip };
/// negation: `not`, of its one child; sequence: `A.then = B`, its children A and B.
enum class ConditionKind : std::uint8_t { event, gauge, step, any, all, negation, sequence };

/// `ge: 1` and the like.
struct Bound {
    Comparison op;
    std::int64_t value;
};

/// One node of a `when` tree. Which fields count depends on `kind`; what is nothing matches all.
struct Condition {
    ConditionKind kind;
    // event: edge-triggered.
    Event event = Event::produce_send;
    std::int64_t nth = 1;  ///< which match; counted from `armed` on
    Phase phase = Phase::after;
    std::optional<core::NodeId> broker = std::nullopt;          ///< event, gauge replicaLag
    std::optional<core::PartitionId> partition = std::nullopt;  ///< event, gauge
    std::optional<core::NodeId> producer = std::nullopt;        ///< event: the client's node
    std::optional<std::int64_t> offset = std::nullopt;
    std::optional<std::int64_t> isr_size = std::nullopt;
    std::optional<std::int64_t> leader_epoch_ge = std::nullopt;
    std::optional<bool> clean = std::nullopt;
    // gauge: level-triggered; all bounds hold.
    Gauge gauge = Gauge::isr_size;
    std::vector<Bound> bounds = {};
    // step: `phase` counts too.
    StepNumber step = 0;
    Edge edge = Edge::start;
    // any, all, negation, sequence.
    std::vector<Condition> children = {};
};

struct AtTrigger {
    Distribution at;  ///< since time 0, drawn by step id
};
/// Counts from the start of another step.
struct AfterTrigger {
    StepNumber step;
    Distribution delay{core::Duration(0)};
};
struct WhenTrigger {
    Condition condition;
    core::Duration armed{0};                ///< since time 0; matches before are ignored
    std::optional<core::Duration> timeout;  ///< since arming; nothing: run.end
    OnTimeout on_timeout = OnTimeout::inconclusive;
};
/// First at one period, then one period after the other.
struct EveryTrigger {
    Distribution period;
    std::optional<std::int64_t> count;  ///< how often; nothing: until run.end
};
using Trigger = std::variant<AtTrigger, AfterTrigger, WhenTrigger, EveryTrigger>;

// ---- steps: what -------------------------------------------------------------------------------

enum class CrashKind : std::uint8_t { process, host };
enum class InFlight : std::uint8_t { deliver, drop };
enum class KeepKind : std::uint8_t { none, all, random, from_offset };

/// What a loss of power leaves of bytes that are not durable.
struct Keep {
    KeepKind kind = KeepKind::none;
    std::int64_t offset = 0;  ///< from_offset: batches with base offset >= this go
};
struct PartitionKeep {
    core::PartitionId partition;
    Keep keep;
};

struct CrashAction {
    Target target;
    CrashKind kind = CrashKind::process;
    InFlight in_flight = InFlight::deliver;  ///< default: deliver for process, drop for host
    Keep keep;                               ///< kind host
    std::vector<PartitionKeep> keep_of;      ///< exceptions by partition
};
struct ShutdownAction {
    Target target;
};
struct RestartAction {
    Target target;
};
struct PauseAction {
    Target target;
};
/// Either groups (each pair of different groups, both ways) or one direction from -> to.
struct PartitionAction {
    std::vector<std::vector<Target>> groups;
    std::optional<Target> from;
    std::optional<Target> to;
};
struct HealAction {
    StepNumber step;
};
struct WipeDiskAction {
    Target target;
};
/// What is nothing stays as it was.
struct LinkChange {
    std::optional<Distribution> latency;
    std::optional<core::Ratio> loss;
    std::optional<std::int64_t> bytes_per_second;
};
/// Either one direction from -> to, or everything to and from the target.
struct DegradeAction {
    std::optional<Target> from;
    std::optional<Target> to;
    std::optional<Target> target;
    LinkChange change;
};
struct SlowDiskAction {
    Target target;
    std::optional<Distribution> append;
    std::optional<Distribution> fsync;
};
/// No space: what needs some fails.
struct FullDiskAction {
    Target target;
};
/// I/O errors: every operation that writes fails.
struct FailDiskAction {
    Target target;
};
struct ElectLeaderAction {
    core::PartitionId partition;
    bool unclean = false;
};
/// Topic settings of one topic, or broker settings of the target.
struct AlterConfigAction {
    std::optional<TopicNumber> topic;
    std::optional<Target> target;
    core::ConfigMap config;
};
struct ProduceAction {
    ProducerNumber producer;
    std::int64_t records;
};
struct NoteAction {};

/// Kafka's name of a request and of its answer.
enum class Api : std::uint8_t {
    produce,
    fetch,
    list_offsets,
    metadata,
    init_producer_id,
    broker_registration,
    broker_heartbeat,
    alter_partition,
    assign_replicas_to_dirs,
    allocate_producer_ids,
    metadata_log,  ///< the Fetch by which a broker reads the controller's log
};
inline constexpr int kApis = static_cast<int>(Api::metadata_log) + 1;
std::string_view name(Api api);  ///< "Produce", ...

/// Which half of an exchange.
enum class Direction : std::uint8_t { both, request, response };

/// Messages by what they are; what is nothing matches all.
struct MessageChoice {
    std::optional<Api> api;
    std::optional<Target> from;  ///< who asks
    std::optional<Target> to;    ///< who is asked
    Direction direction = Direction::both;
    std::optional<core::PartitionId> partition;  ///< only those that concern it
    std::optional<std::int64_t> count;           ///< only so many, the first ones
};
struct HoldMessagesAction {
    MessageChoice messages;
};
struct DropMessagesAction {
    MessageChoice messages;
};
struct ReleaseMessagesAction {
    StepNumber step;                    ///< a holdMessages
    std::optional<std::int64_t> count;  ///< nothing: all that it holds now
};

using Action =
    std::variant<CrashAction, ShutdownAction, RestartAction, PauseAction, PartitionAction,
                 HealAction, WipeDiskAction, ElectLeaderAction, AlterConfigAction, ProduceAction,
                 NoteAction, HoldMessagesAction, DropMessagesAction, ReleaseMessagesAction,
                 DegradeAction, SlowDiskAction, FullDiskAction, FailDiskAction>;
std::string_view name(const Action& action);  ///< "crash", ...

/// How long a step lasts.
struct Forever {};
struct UntilHealed {};  ///< no `for`: until heal, restart, or run.end
using Lasting = std::variant<UntilHealed, Distribution, Forever>;

struct Step {
    std::string id;
    Text title;
    Trigger trigger;
    Action action;
    Lasting lasting;
};

}  // namespace scenario
