#include "scenarios/model.h"

#include <algorithm>
#include <array>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/base/variant.h"

namespace scenario {
namespace {

constexpr std::array<std::string_view, 6> kComparisonNames = {"eq", "ne", "lt", "le", "gt", "ge"};
constexpr std::array<std::string_view, 6> kComparisonSigns = {"=", "!=", "<", "<=", ">", ">="};
constexpr std::array<std::string_view, 21> kEventNames = {
    "produce.send",  "produce.receive", "produce.ack",  "produce.error",    "produce.retry",
    "log.append",    "log.flush",       "log.truncate", "fetch.request",    "fetch.response",
    "hw.advance",    "hw.checkpoint",   "isr.shrink",   "isr.expand",       "leader.elect",
    "broker.fenced", "broker.unfenced", "broker.start", "controller.elect", "net.drop",
    "disk.error"};
constexpr std::array<std::string_view, 3> kGaugeNames = {"ackedOnlyOnLeader", "isrSize",
                                                         "replicaLag"};
constexpr std::array<std::string_view, kApis> kApiNames = {"Produce",
                                                           "Fetch",
                                                           "ListOffsets",
                                                           "Metadata",
                                                           "InitProducerId",
                                                           "BrokerRegistration",
                                                           "BrokerHeartbeat",
                                                           "AlterPartition",
                                                           "AssignReplicasToDirs",
                                                           "AllocateProducerIds",
                                                           "MetadataLog"};
constexpr std::array<std::string_view, 27> kMetricNames = {"acked",
                                                           "acked.lost",
                                                           "acked.lost.range",
                                                           "acked.resurrected",
                                                           "acked.whileIsrSize1",
                                                           "acks.fromStaleLeader",
                                                           "thin",
                                                           "unacked.present",
                                                           "ghosts",
                                                           "unknown",
                                                           "refused",
                                                           "acks0.lost",
                                                           "duplicates",
                                                           "reordered",
                                                           "offsets.reused",
                                                           "elections.clean",
                                                           "elections.unclean",
                                                           "replicas.divergent",
                                                           "truncated.committed",
                                                           "unavailable.write",
                                                           "unavailable.read",
                                                           "latency.ack.p50",
                                                           "latency.ack.p99",
                                                           "verdict",
                                                           "kept",
                                                           "stranded",
                                                           "twice"};
static_assert(kMetricNames.size() == static_cast<std::size_t>(kMetrics));

template <class Names, class Enum>
std::string_view name_in(const Names& names, Enum value) {
    const auto at = static_cast<std::size_t>(value);
    ASSERT(at < names.size());
    return names[at];
}

}  // namespace

Distribution default_latency() {
    static const Distribution latency =
        Distribution::lognormal(core::Duration(400'000), core::from_ms(3));
    return latency;
}

std::string_view name(Comparison op) {
    return name_in(kComparisonNames, op);
}
std::string_view sign(Comparison op) {
    return name_in(kComparisonSigns, op);
}
std::string_view name(Event event) {
    return name_in(kEventNames, event);
}
std::string_view name(Gauge gauge) {
    return name_in(kGaugeNames, gauge);
}
std::string_view name(Api api) {
    return name_in(kApiNames, api);
}
std::string_view name(Metric metric) {
    return name_in(kMetricNames, metric);
}

bool holds(std::int64_t left, Comparison op, std::int64_t right) {
    switch (op) {
        case Comparison::eq:
            return left == right;
        case Comparison::ne:
            return left != right;
        case Comparison::lt:
            return left < right;
        case Comparison::le:
            return left <= right;
        case Comparison::gt:
            return left > right;
        case Comparison::ge:
            return left >= right;
    }
    UNREACHABLE();
}

MetricKind kind_of(Metric metric) {
    if (metric == Metric::verdict) return MetricKind::verdict;
    if (metric == Metric::acked_lost_range) return MetricKind::range;
    const bool time = metric == Metric::unavailable_write || metric == Metric::unavailable_read ||
                      metric == Metric::latency_ack_p50 || metric == Metric::latency_ack_p99;
    return time ? MetricKind::time : MetricKind::count;
}

std::string_view name(const Action& action) {
    return core::match(
        action, [](const CrashAction&) { return "crash"; },
        [](const ShutdownAction&) { return "shutdown"; },
        [](const RestartAction&) { return "restart"; }, [](const PauseAction&) { return "pause"; },
        [](const PartitionAction&) { return "partition"; },
        [](const HealAction&) { return "heal"; }, [](const WipeDiskAction&) { return "wipeDisk"; },
        [](const ElectLeaderAction&) { return "electLeader"; },
        [](const AlterConfigAction&) { return "alterConfig"; },
        [](const ProduceAction&) { return "produce"; }, [](const NoteAction&) { return "note"; },
        [](const HoldMessagesAction&) { return "holdMessages"; },
        [](const DropMessagesAction&) { return "dropMessages"; },
        [](const ReleaseMessagesAction&) { return "releaseMessages"; },
        [](const DegradeAction&) { return "degrade"; },
        [](const SlowDiskAction&) { return "slowDisk"; },
        [](const FullDiskAction&) { return "fullDisk"; },
        [](const FailDiskAction&) { return "failDisk"; });
}

core::Duration Workload::time_of(std::int64_t k) const {
    // In 64 bits wherever they suffice, as they do for hours of records.
    std::int64_t product = 0;
    std::int64_t sum = 0;
    if (!__builtin_mul_overflow(k, period_numerator, &product) &&
        !__builtin_add_overflow(product / period_denominator, start.count(), &sum))
        return core::Duration(sum);
    __extension__ using Product = __int128;
    const Product nanos =
        static_cast<Product>(k) * period_numerator / period_denominator + start.count();
    return nanos > INT64_MAX ? core::Duration::max()
                             : core::Duration(static_cast<std::int64_t>(nanos));
}

std::string expand(std::string_view text_template, std::int64_t n) {
    std::string out;
    while (true) {
        const std::size_t at = text_template.find("{n}");
        if (at == std::string_view::npos) break;
        out += core::concat(text_template.substr(0, at), n);
        text_template.remove_prefix(at + 3);
    }
    out += text_template;
    return out;
}

std::uint32_t Scenario::partition_count() const {
    if (topics.empty()) return 0;
    return topics.back().first_partition.value() +
           static_cast<std::uint32_t>(topics.back().partitions.size());
}

TopicNumber Scenario::topic_of(core::PartitionId partition) const {
    const auto next = std::upper_bound(topics.begin(), topics.end(), partition,
                                       [](core::PartitionId wanted, const Topic& topic) {
                                           return wanted < topic.first_partition;
                                       });
    ASSERT(next != topics.begin() && partition.value() < partition_count());
    return static_cast<TopicNumber>(next - topics.begin() - 1);
}

const Partition& Scenario::partition(core::PartitionId partition) const {
    const Topic& topic = topics[topic_of(partition)];
    return topic.partitions[partition.value() - topic.first_partition.value()];
}

std::string Scenario::partition_name(core::PartitionId partition) const {
    const Topic& topic = topics[topic_of(partition)];
    return core::concat(topic.name, "-", partition.value() - topic.first_partition.value());
}

std::optional<core::PartitionId> Scenario::find_partition(std::string_view text) const {
    const std::size_t dash = text.rfind('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const std::string_view digits = text.substr(dash + 1);
    const std::optional<std::int64_t> index = core::parse_int(digits);
    // "orders-00" names nothing: Kafka prints the number plainly.
    if (!index || *index < 0 || std::to_string(*index) != digits) return std::nullopt;
    for (const Topic& topic : topics)
        if (topic.name == text.substr(0, dash)) {
            if (*index >= static_cast<std::int64_t>(topic.partitions.size())) return std::nullopt;
            return core::PartitionId(topic.first_partition.value() +
                                     static_cast<std::uint32_t>(*index));
        }
    return std::nullopt;
}

const BrokerSpec* Scenario::find_broker(core::NodeId node) const {
    for (const BrokerSpec& broker : cluster.brokers)
        if (broker.id == node) return &broker;
    return nullptr;
}
const ControllerSpec* Scenario::find_controller(core::NodeId node) const {
    for (const ControllerSpec& controller : cluster.controllers)
        if (controller.id == node) return &controller;
    return nullptr;
}
const Producer* Scenario::find_producer(core::NodeId node) const {
    const std::int64_t at = std::int64_t{node.value()} - core::kFirstClientId;
    if (at < 0 || at >= static_cast<std::int64_t>(producers.size())) return nullptr;
    return &producers[static_cast<std::size_t>(at)];
}

std::string Scenario::node_name(core::NodeId node) const {
    if (find_broker(node) != nullptr) return core::concat("b", node.value());
    if (find_controller(node) != nullptr) return core::concat("c", node.value());
    if (const Producer* producer = find_producer(node)) return producer->id;
    return std::to_string(node.value());
}

}  // namespace scenario
