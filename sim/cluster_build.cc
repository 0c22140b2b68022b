// Building a cluster from its scenario, and its start-up before time 0.
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/broker/broker.h"
#include "core/controller/controller.h"
#include "core/log/log_manager.h"
#include "sim/cluster_state.h"
#include "sim/draw_key.h"

namespace sim {
namespace {

constexpr std::string_view kClusterId = "acklab-cluster-0000000";
/// Start-up begins so long before 0, and this much longer for every unit of latency.
constexpr core::Duration kStartUp = core::from_ms(10'000);
constexpr std::int64_t kStartUpLatencies = 200;
/// Brokers start within this span, so that their periodic work is not in step.
constexpr std::uint64_t kStartSpan = 2'000'000'000;

bool waits_before(const scenario::Condition& condition) {
    return condition.phase == scenario::Phase::before ||
           std::any_of(condition.children.begin(), condition.children.end(), waits_before);
}

}  // namespace

Cluster::State::State(const scenario::Scenario& the_scenario, std::uint64_t the_seed,
                      const RunOptions& the_options)
    : scenario(the_scenario), seed(the_seed), options(the_options) {
    build_topics();
    build_settings();
    std::vector<trace::PartitionView> partitions;
    std::vector<bool> acks_none;
    for (const scenario::Topic& topic : scenario.topics) {
        for (const scenario::Partition& partition : topic.partitions)
            partitions.emplace_back().replicas.assign(partition.replicas.begin(),
                                                      partition.replicas.end());
    }
    for (const core::ProducerConfig& config : producer_configs)
        acks_none.push_back(config.acks == 0);
    cluster_view = std::make_unique<trace::ClusterView>(std::move(partitions));
    records = std::make_unique<trace::Ledger>(*cluster_view, topics.partition_count(), acks_none);
    build_hosts();
    for (std::uint32_t p = 0; p < topics.partition_count(); ++p)
        refresh_min_isr(core::PartitionId(p));
    engine = std::make_unique<StepEngine>(scenario, seed, topics, *cluster_view, *records, *this);
    std::vector<Host*> producers;
    for (std::size_t i = 0; i < scenario.producers.size(); ++i)
        producers.push_back(hosts[first_client + i].get());
    workload = std::make_unique<Workload>(
        scenario, kernel, std::move(producers),
        [this](core::NodeId client, core::RecordNumber record, core::PartitionId partition) {
            records->on_send(kernel.moment(), client, record, partition);
        });
    for (const scenario::Step& step : scenario.steps)
        if (const auto* when = std::get_if<scenario::WhenTrigger>(&step.trigger))
            watches_before = watches_before || waits_before(when->condition);
}

Cluster::State::~State() = default;

void Cluster::State::build_topics() {
    for (std::uint32_t i = 0; i < scenario.topics.size(); ++i) {
        const scenario::Topic& topic = scenario.topics[i];
        const core::TopicIndex index =
            topics.add(topic.name, core::keyed_draw(seed, core::Purpose::topic_id, {i, 0}),
                       core::keyed_draw(seed, core::Purpose::topic_id, {i, 1}),
                       static_cast<std::uint32_t>(topic.partitions.size()));
        ASSERT(topics.topic(index).first_partition == topic.first_partition);
        topic_settings.emplace(index, topic.config);
    }
}

void Cluster::State::build_settings() {
    const core::Profile& profile = *scenario.kafka.profile;
    std::vector<core::ConfigProblem> problems;
    for (const scenario::BrokerSpec& broker : scenario.cluster.brokers) {
        broker_configs.push_back(core::resolve_broker(profile, broker.config, problems));
        broker_ids.push_back(broker.id);
    }
    for (const scenario::ControllerSpec& controller : scenario.cluster.controllers) {
        controller_configs.push_back(core::resolve_broker(profile, controller.config, problems));
        voters.push_back(controller.id);
    }
    for (const scenario::Producer& producer : scenario.producers)
        producer_configs.push_back(core::resolve_producer(profile, producer.config, problems));
    // With ELR the cluster's own setting goes before the brokers' [core::Controller::bootstrap].
    if (scenario.kafka.elr_level > 0)
        core::set_config(
            cluster_config, "min.insync.replicas",
            core::concat(controller_configs.front().topic_defaults.min_insync_replicas));
    std::sort(broker_ids.begin(), broker_ids.end());
    std::sort(voters.begin(), voters.end());
}

// ---- hosts --------------------------------------------------------------------------------------

SimDisk& Cluster::State::add_disk(core::NodeId id, const scenario::DiskModel& model) {
    const DiskSabotage sabotage{options.sabotage == Sabotage::forget_sync,
                                options.sabotage == Sabotage::skip_truncation};
    disks.push_back(std::make_unique<SimDisk>(id, seed, model, topics, sabotage));
    return *disks.back();
}

void Cluster::State::add_host(core::NodeId id, int lanes, Host::Factory factory, SimDisk* disk) {
    const auto index = static_cast<HostIndex>(hosts.size());
    hosts.push_back(std::make_unique<Host>(index, id, lanes, std::move(factory), disk, kernel,
                                           *network, *effects, *this));
}

void Cluster::State::build_hosts() {
    std::vector<core::NodeId> nodes;
    for (const auto& broker : scenario.cluster.brokers) nodes.push_back(broker.id);
    for (const auto& controller : scenario.cluster.controllers) nodes.push_back(controller.id);
    for (std::size_t i = 0; i < nodes.size(); ++i)
        index_of.emplace(nodes[i], static_cast<HostIndex>(i));
    first_client = static_cast<HostIndex>(nodes.size());
    for (const auto& producer : scenario.producers) nodes.push_back(producer.node);
    reader = static_cast<HostIndex>(nodes.size());
    nodes.push_back(
        core::NodeId(core::kFirstClientId + static_cast<std::int32_t>(scenario.producers.size())));
    network = std::make_unique<Network>(
        kernel, seed, nodes, [this](HostIndex from, HostIndex to) { return link_model(from, to); });
    effects = std::make_unique<core::Effects>(network->next_connection(), messages);
    for (std::size_t i = 0; i < scenario.cluster.brokers.size(); ++i) {
        const scenario::BrokerSpec& spec = scenario.cluster.brokers[i];
        add_host(
            spec.id, core::kLanes, [this, i](std::uint32_t) { return make_broker(i); },
            &add_disk(spec.id, spec.disk));
    }
    for (std::size_t i = 0; i < scenario.cluster.controllers.size(); ++i) {
        const core::NodeId id = scenario.cluster.controllers[i].id;
        add_host(
            id, 1, [this, i](std::uint32_t) { return make_controller(i); },
            &add_disk(id, scenario.disk));
    }
    next_batch.resize(scenario.producers.size(), 0);
    for (std::size_t i = 0; i < scenario.producers.size(); ++i)
        add_host(
            scenario.producers[i].node, 1, [this, i](std::uint32_t) { return make_producer(i); },
            nullptr);
    add_host(
        nodes.back(), 1, [this](std::uint32_t) { return make_reader(); }, nullptr);
    for (HostIndex i = 0; i < first_client; ++i) format(*hosts[i]);
}

void Cluster::State::format(Host& machine) {
    const std::uint64_t times = formats[machine.id()]++;
    // Kafka reserves the lowest directory ids.
    const std::uint64_t draw =
        core::keyed_draw(seed, core::Purpose::directory, {draw_key(machine.id()), times});
    core::write_meta_properties(*machine.disk(),
                                core::MetaProperties{std::string(kClusterId), machine.id(),
                                                     core::DirectoryId((draw >> 1) | 128)});
    machine.disk()->settle();
}

std::unique_ptr<core::Node> Cluster::State::make_broker(std::size_t broker) {
    return std::make_unique<core::Broker>(scenario.cluster.brokers[broker].id, seed,
                                          *scenario.kafka.profile, broker_configs[broker], topics,
                                          *disks[broker], voters, std::string(kClusterId));
}

std::unique_ptr<core::Node> Cluster::State::make_controller(std::size_t controller) {
    return std::make_unique<core::Controller>(
        scenario.cluster.controllers[controller].id, *scenario.kafka.profile,
        controller_configs[controller], topics,
        *disks[scenario.cluster.brokers.size() + controller], scenario.kafka.elr_level);
}

// ---- links --------------------------------------------------------------------------------------

/// Whether a link's target means this host; links are resolved once, before anything has happened.
bool Cluster::State::means(const scenario::Target& target, HostIndex index) const {
    using scenario::TargetKind;
    const core::NodeId id = hosts[index]->id();
    const std::size_t brokers = scenario.cluster.brokers.size();
    const auto holds = [&](std::size_t from) {
        const auto& replicas = scenario.partition(*target.partition).replicas;
        const auto at = std::find(replicas.begin(), replicas.end(), id);
        return at != replicas.end() && static_cast<std::size_t>(at - replicas.begin()) >= from;
    };
    switch (target.kind) {
        case TargetKind::broker:
        case TargetKind::controller:
        case TargetKind::producer:
            return target.node == id;
        case TargetKind::all_brokers:
            return index < brokers;
        case TargetKind::leader_of:
            return holds(0) && !holds(1);
        case TargetKind::followers_of:
            return holds(1);
        case TargetKind::isr_of:
            return holds(0);
        case TargetKind::rack:
            return index < brokers && scenario.cluster.brokers[index].rack == target.rack;
        case TargetKind::active_controller:
        case TargetKind::all_controllers:
            return index >= brokers && index < first_client;
        case TargetKind::all_producers:
        case TargetKind::all_clients:
            return index >= first_client;
    }
    UNREACHABLE();
}

scenario::LinkModel Cluster::State::link_model(HostIndex from, HostIndex to) const {
    if (from == reader || to == reader) {
        // The audit looks on from outside: no network of the scenario slows it.
        scenario::LinkModel outside = scenario.network.defaults;
        outside.latency = scenario::Distribution(core::Duration(100'000));
        outside.loss = {};
        outside.bytes_per_second = 0;
        return outside;
    }
    scenario::LinkModel model = scenario.network.defaults;
    for (const scenario::LinkOverride& link : scenario.network.links) {
        const bool there = means(link.from, from) && means(link.to, to);
        const bool back = link.both_ways && means(link.from, to) && means(link.to, from);
        if (!there && !back) continue;
        if (link.latency) model.latency = *link.latency;
        if (link.loss) model.loss = *link.loss;
        if (link.bytes_per_second) model.bytes_per_second = *link.bytes_per_second;
    }
    return model;
}

// ---- start-up -----------------------------------------------------------------------------------

core::TimePoint Cluster::State::start_time() const {
    core::Duration slowest = scenario.network.defaults.latency.typical();
    for (const scenario::LinkOverride& link : scenario.network.links)
        if (link.latency) slowest = std::max(slowest, link.latency->typical());
    return core::at_ns(0) - kStartUp - slowest * kStartUpLatencies;
}

void Cluster::State::start_up() {
    kernel.advance_to(start_time());
    for (auto& disk : disks) disk->set_free_of_charge(true);
    for (const core::NodeId id : voters) host(id).start(core::Duration(0));
    for (const core::NodeId id : broker_ids) {
        const std::uint64_t draw =
            core::keyed_draw(seed, core::Purpose::start_time, {draw_key(id)});
        host(id).start(kStartTime +
                       core::Duration(static_cast<std::int64_t>(core::below(draw, kStartSpan))));
    }
    bool created = false;
    while (!kernel.empty() && kernel.next_due() < core::at_ns(0)) {
        take_next();
        if (created || !all_unfenced()) continue;
        created = true;
        create_topics();
    }
    assert_at_rest();
}

bool Cluster::State::all_unfenced() const {
    return std::none_of(broker_ids.begin(), broker_ids.end(),
                        [&](core::NodeId id) { return cluster_view->fenced(id); });
}

void Cluster::State::create_topics() {
    core::CreateTopics call;
    for (std::uint32_t i = 0; i < scenario.topics.size(); ++i) {
        core::CreateTopics::Topic& topic =
            call.topics.emplace_back(core::CreateTopics::Topic{core::TopicIndex(i), {}, {}});
        for (const scenario::Partition& partition : scenario.topics[i].partitions)
            topic.replicas.emplace_back(partition.replicas.begin(), partition.replicas.end());
        topic.config = scenario.topics[i].config;
    }
    Host* controller = active_controller();
    ASSERT(controller != nullptr);
    controller->call(core::Call(std::move(call)));
}

void Cluster::State::assert_at_rest() const {
    for (std::uint32_t p = 0; p < topics.partition_count(); ++p) {
        const trace::PartitionView& partition = cluster_view->partition(core::PartitionId(p));
        ASSERT(partition.leader == partition.replicas.front());
        ASSERT(partition.leader_epoch == core::LeaderEpoch(0));
        ASSERT(partition.isr.size() == partition.replicas.size());
    }
}

/// Time 0: the cluster is at rest, clients come to life, the trace begins.
void Cluster::State::go_live() {
    kernel.advance_to(core::at_ns(0));
    kernel.restart_numbering();
    for (auto& disk : disks) {
        disk->set_free_of_charge(false);
        disk->settle();
    }
    if (options.check_invariants) {
        observed = core::NoteKinds::all();
        invariants = std::make_unique<Invariants>(
            scenario, topics, *cluster_view, *records, this,
            [](const void* context, core::NodeId broker) -> const SimDisk& {
                return *static_cast<const State*>(context)->host(broker).disk();
            });
    }
    live = true;
    for (HostIndex i = first_client; i < reader; ++i) hosts[i]->start(core::Duration(0));
    Event begin(EventType::step_wake);
    begin.payload = 1;
    kernel.schedule(kernel.now(), EventClass::step, begin);
    kernel.schedule(core::at_ns(0) + scenario.run.end, EventClass::delivery,
                    Event(EventType::run_end));
    workload->begin();
    if (options.sabotage == Sabotage::reuse_message)
        for (HostIndex i = 0; i < scenario.cluster.brokers.size(); ++i)
            hosts[i]->set_repeat_fetch(true);
}

}  // namespace sim
