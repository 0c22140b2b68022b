/// A scenario as the rest of acklab sees it: typed, checked, with every default applied.
///
/// Made by read_scenario (scenarios/read.h) and never changed afterwards. What a file leaves out
/// has here the value of SCENARIO_FORMAT 2; ids are resolved to numbers; replica lists are
/// explicit.
///
/// Rules:
///   R1  Every NodeId, PartitionId, topic, producer and step index in it exists.
///   R2  Ids, names and replicas are unique where the format says so; brokers and controllers never
///       share an id.
///   R3  Every `config` holds Kafka's keys only, as text, sorted, each accepted by Kafka.
///   R4  Partitions are numbered densely in the order of topics, then of partition ids: the same
///       order in which a core::TopicTable numbers them.
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
#include "core/profile/profile.h"
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

/// What Kafka runs, and what was asked for.
struct KafkaChoice {
    std::string asked;             ///< as the file or --kafka has it: "3.9", "3.9.1"
    const core::Profile* profile;  ///< of static storage
    bool exact = true;             ///< false: the next lower profile stands in
    std::vector<std::pair<std::string, std::int64_t>> features;
    /// Of eligible.leader.replicas.version: as the file says, else the version's own for a new
    /// cluster. A 4.1 cluster with level 0 is one that was upgraded.
    std::int16_t elr_level = 0;
};

struct Run {
    std::uint64_t seed = 1;
    core::Duration end{0};
    core::Duration settle = core::from_ms(10'000);
    std::uint64_t max_events = 10'000'000;
};

// ---- the cluster -------------------------------------------------------------------------------

/// A disk's times.
struct DiskModel {
    Distribution append{core::Duration(20'000)};  ///< charged to the lane that appends
    Distribution fsync{core::from_ms(2)};         ///< charged to the lane that syncs
    Distribution writeback{
        core::from_ms(30'000)};  ///< how long un-fsynced bytes live in memory only
};

struct BrokerSpec {
    core::NodeId id;
    std::string rack;        ///< empty: none
    core::ConfigMap config;  ///< cluster.config with the broker's own on top
    DiskModel disk;          ///< disk.default with the broker's override on top
};
struct ControllerSpec {
    core::NodeId id;
    core::ConfigMap config;  ///< cluster.config
};
enum class GroupCoordinator : std::uint8_t { modelled, reliable };

struct Cluster {
    core::ConfigMap config;
    std::vector<BrokerSpec> brokers;          ///< in file order, at least one
    std::vector<ControllerSpec> controllers;  ///< in file order, at least one
    GroupCoordinator group_coordinator = GroupCoordinator::modelled;
};

struct Partition {
    std::int32_t id;                     ///< 0, 1, ... in order
    std::vector<core::NodeId> replicas;  ///< the first is the preferred leader
};
struct Topic {
    std::string name;
    core::PartitionId first_partition;  ///< dense number of partition 0
    std::vector<Partition> partitions;
    core::ConfigMap config;
};

// ---- clients -----------------------------------------------------------------------------------

enum class OnError : std::uint8_t { count_as_failed, ignore, resend };

/// Records sent at once.
struct Burst {
    core::Duration at;
    std::int64_t records;
};
/// What a producer sends by itself; `produce` steps come on top.
struct Workload {
    std::int64_t records = 0;  ///< in all; 0: none
    /// Record k is sent at start + k * period_numerator / period_denominator ns (rate form).
    std::int64_t period_numerator = 0;
    std::int64_t period_denominator = 1;
    std::vector<Burst> bursts;  ///< in order of time; empty in the rate form
    core::Duration start{0};
    std::string key;  ///< template; has_key false: null keys
    bool has_key = false;
    std::string value;        ///< template; empty: the record's id alone
    std::int32_t size = 100;  ///< bytes of a value, padded with '.'
    OnError on_error = OnError::count_as_failed;

    /// When record k of the rate form is sent.
    core::Duration time_of(std::int64_t k) const;
};
/// A template with {n} replaced by the record's number. Nothing else is replaced.
std::string expand(std::string_view text_template, std::int64_t n);

struct Producer {
    std::string id;
    core::NodeId node;  ///< kFirstClientId + its place in the file
    TopicNumber topic;
    core::ConfigMap config;
    Workload workload;
};

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

// ---- network -----------------------------------------------------------------------------------

/// network.default's latency where a file names none; its table is made once.
Distribution default_latency();

/// A link's behaviour in one direction.
struct LinkModel {
    Distribution latency = default_latency();
    core::Ratio loss;                   ///< share of messages that wait for a retransmission
    std::int64_t bytes_per_second = 0;  ///< 0: no limit
};
/// Overrides for some links; a later one wins, field by field.
struct LinkOverride {
    Target from;
    Target to;
    bool both_ways;  ///< `between`
    std::optional<Distribution> latency;
    std::optional<core::Ratio> loss;
    std::optional<std::int64_t> bytes_per_second;
};
struct Network {
    LinkModel defaults;
    std::vector<LinkOverride> links;
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
};
std::string_view name(Event event);  ///< "produce.send", ...

enum class Gauge : std::uint8_t { acked_only_on_leader, isr_size, replica_lag };
std::string_view name(Gauge gauge);  ///< "ackedOnlyOnLeader", ...

enum class Edge : std::uint8_t { before, start, end };
enum class Phase : std::uint8_t { after, before };
enum class OnTimeout : std::uint8_t { inconclusive, fail, run_anyway, skip };
enum class ConditionKind : std::uint8_t { event, gauge, step, any, all };

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
    // any, all.
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

using Action = std::variant<CrashAction, ShutdownAction, RestartAction, PauseAction,
                            PartitionAction, HealAction, WipeDiskAction, ElectLeaderAction,
                            AlterConfigAction, ProduceAction, NoteAction>;
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

// ---- judgement ---------------------------------------------------------------------------------

/// Metrics of SCENARIO_FORMAT 5 that an `expect` may name here.
enum class Metric : std::uint8_t {
    acked,
    acked_lost,
    acked_lost_range,
    acked_resurrected,
    acked_while_isr_size1,
    acks_from_stale_leader,
    thin,
    unacked_present,
    ghosts,
    unknown,
    refused,
    acks0_lost,
    duplicates,
    reordered,
    offsets_reused,
    elections_clean,
    elections_unclean,
    replicas_divergent,
    truncated_committed,
    unavailable_write,
    unavailable_read,
    latency_ack_p50,
    latency_ack_p99,
    verdict,
    kept,
    stranded,
    twice,
};
inline constexpr int kMetrics = static_cast<int>(Metric::twice) + 1;
std::string_view name(Metric metric);  ///< "acked.lost", ...

enum class MetricKind : std::uint8_t { count, time, range, verdict };
MetricKind kind_of(Metric metric);

/// First and last lost offset, both included.
struct OffsetRange {
    std::int64_t first;
    std::int64_t last;
    friend bool operator==(const OffsetRange&, const OffsetRange&) = default;
};
struct NoValue {
    friend bool operator==(const NoValue&, const NoValue&) = default;
};
/// By MetricKind: count int64, time Duration, range OffsetRange or NoValue (null), verdict text.
using MetricValue = std::variant<NoValue, std::int64_t, core::Duration, OffsetRange, std::string>;

/// holds: at the end of this run; always: at every moment of it; the last two are about sweeps and
/// count as holds in a single run.
enum class Mode : std::uint8_t { holds, always, every_seed, some_seed };
enum class ExpectSeverity : std::uint8_t { fail, warn };

struct Test {
    Comparison op;
    MetricValue value;
};
struct Expect {
    std::string id;  ///< empty: none given
    Metric metric;
    std::vector<Test> tests;  ///< all of them; at least one
    std::optional<core::PartitionId> partition;
    std::optional<ProducerNumber> producer;
    Mode mode = Mode::holds;
    ExpectSeverity severity = ExpectSeverity::fail;
    Text why;
};

/// A known Kafka setting that changes no fate here.
struct NotModelled {
    std::string path;  ///< "/producers/p1/config/compression.type"
    std::string key;
};

// ---- the whole ---------------------------------------------------------------------------------

struct Scenario {
    std::string id;
    Text title;
    Text summary;
    std::vector<std::string> tags;
    std::string sha256;  ///< of the file's bytes, lower-case hex
    KafkaChoice kafka;
    Run run;
    Cluster cluster;
    std::vector<Topic> topics;
    std::vector<Producer> producers;
    Network network;
    DiskModel disk;  ///< disk.default: of controllers
    std::vector<Step> steps;
    std::vector<Expect> expect;
    std::string lesson_json;  ///< the `lesson` block as compact JSON, comments removed; "" if none
    std::string sweep_json;   ///< the `sweep` block, likewise
    std::vector<NotModelled> not_modelled;

    std::uint32_t partition_count() const;
    /// The topic a partition belongs to, and its place in that topic.
    TopicNumber topic_of(core::PartitionId partition) const;
    const Partition& partition(core::PartitionId partition) const;
    /// "orders-0".
    std::string partition_name(core::PartitionId partition) const;
    /// The partition with that name.
    std::optional<core::PartitionId> find_partition(std::string_view name) const;
    const BrokerSpec* find_broker(core::NodeId node) const;
    const ControllerSpec* find_controller(core::NodeId node) const;
    const Producer* find_producer(core::NodeId node) const;
    /// "b1", "c100", or the client's id: how texts name a node.
    std::string node_name(core::NodeId node) const;
};

}  // namespace scenario
