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
#include "scenarios/step_model.h"

namespace scenario {

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
