#include "sim/cluster.h"

#include <algorithm>
#include <map>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/broker/broker.h"
#include "core/client/reader.h"
#include "core/controller/controller.h"
#include "sim/audit.h"
#include "sim/cluster_state.h"

namespace sim {
namespace {

/// What the cluster itself does on a note, beside what the ledger makes of it.
constexpr core::NoteKinds kOfCluster =
    trace::ClusterView::kFolded | core::NoteKinds{core::NoteKind::config_change};

}  // namespace

// ---- the public face ----------------------------------------------------------------------------

Cluster::Cluster(const scenario::Scenario& scenario, std::uint64_t seed, const RunOptions& options)
    : state_(std::make_unique<State>(scenario, seed, options)) {}

Cluster::~Cluster() = default;

const core::TopicTable& Cluster::topics() const {
    return state_->topics;
}

const trace::ClusterView& Cluster::view() const {
    return *state_->cluster_view;
}

const trace::Ledger& Cluster::ledger() const {
    return *state_->records;
}

void Cluster::attach(trace::Observer& observer) {
    state_->observers.push_back(&observer);
    state_->observed = core::NoteKinds::all();
}

trace::Outcome Cluster::run() {
    return state_->run();
}

std::vector<std::pair<std::string, core::Bytes>> Cluster::disk_files(core::NodeId broker) const {
    return state_->host(broker).disk()->files();
}

// ---- the run ------------------------------------------------------------------------------------

trace::Outcome Cluster::State::run() {
    trace::Outcome outcome;
    outcome.run_end = core::at_ns(0) + scenario.run.end;
    outcome.audited_at = outcome.run_end + scenario.run.settle;
    try {
        start_up();
        go_live();
        run_scenario(outcome);
        run_audit(outcome);
    } catch (const core::AssertionFailure& failure) {
        outcome.end = trace::RunEnd::broken;
        outcome.failure = core::concat("at ", now().time_since_epoch().count(), " ns, event ",
                                       kernel.count(), ": ", failure.what());
        outcome.digest = digest.value();
        outcome.events = kernel.count();
    }
    outcome.steps = engine->outcomes();
    return outcome;
}

void Cluster::State::run_scenario(trace::Outcome& outcome) {
    const std::uint64_t cap = scenario.run.max_events;
    while (!settled && !kernel.empty()) {
        if (kernel.count() >= cap) {
            outcome.end = trace::RunEnd::event_cap;
            outcome.audited_at = now();
            break;
        }
        take_next();
    }
    outcome.events = kernel.count();
}

/// Settle is over: the cluster is looked at as it stands, view and ledger take no more; then a
/// fresh reader reads, outside the traced time.
void Cluster::State::run_audit(trace::Outcome& outcome) {
    tell({.kind = trace::WorldKind::audit});
    live = false;
    audited = true;
    outcome.digest = digest.value();
    std::vector<AuditedBroker> brokers;
    for (const core::NodeId id : broker_ids) {
        const Host& machine = host(id);
        brokers.push_back(AuditedBroker{id, machine.disk(),
                                        static_cast<const core::Broker*>(machine.node()),
                                        machine.state() == ProcessState::paused});
    }
    outcome.partitions = audit(scenario, topics, *cluster_view, brokers, options.keep_logs);
    if (outcome.end == trace::RunEnd::complete) read_all(outcome.partitions);
}

/// Reads the partitions whose leader lives and can be reached, each at that leader. For others
/// nobody waits: a leader that is elected later says nothing about this moment.
void Cluster::State::read_all(std::vector<trace::PartitionOutcome>& partitions) {
    std::map<core::NodeId, std::vector<trace::PartitionOutcome*>> wanted;
    for (trace::PartitionOutcome& partition : partitions)
        if (partition.leader_live && reader_reaches(*partition.leader))
            wanted[*partition.leader].push_back(&partition);
    for (const auto& [leader, led] : wanted) read_at(leader, led);
}

/// A reader that first asks this broker: what another one knows may be old.
void Cluster::State::read_at(core::NodeId leader,
                             const std::vector<trace::PartitionOutcome*>& led) {
    reading_from = leader;
    reading.clear();
    for (const trace::PartitionOutcome* partition : led) reading.push_back(partition->partition);
    hosts[reader]->crash_process(InFlightFate::drop);
    hosts[reader]->start(core::Duration(0));
    const core::Reader* node = nullptr;
    // The reader gives up by itself; this only bounds a cluster that has gone mad.
    const core::TimePoint latest = now() + core::from_ms(600'000);
    while (!kernel.empty() && kernel.next_due() <= latest) {
        take_next();
        node = static_cast<const core::Reader*>(hosts[reader]->node());
        if (node != nullptr && node->done()) break;
    }
    if (node == nullptr) return;
    for (trace::PartitionOutcome* partition : led)
        if (node->leader(partition->partition) == leader)
            add_reading(scenario, *node, options.keep_logs, *partition);
}

bool Cluster::State::reader_reaches(core::NodeId broker) const {
    const HostIndex there = host_of(broker);
    for (const auto& directions : cuts)
        for (const auto& [from, to] : directions)
            if ((from == reader && to == there) || (from == there && to == reader)) return false;
    return true;
}

// ---- the loop -----------------------------------------------------------------------------------

/// Steps that run before the message that this event brings is handed over.
void Cluster::State::before_arrival(const Event& event) {
    const auto next = network->peek(event);
    if (next && engine->watches_delivery(*next->message) &&
        hosts[next->to]->takes_at_once(*next->message))
        engine->before_delivery(kernel.moment(), hosts[next->to]->id(), hosts[next->from]->id(),
                                *next->message);
}

inline void Cluster::State::on_pipe(const Event& event) {
    if (watches_before && live) before_arrival(event);
    Arrival arrival = network->arrive(event);
    if (arrival.kind == Arrival::Kind::nothing) return;
    if (arrival.kind == Arrival::Kind::dropped) {
        tell({.kind = trace::WorldKind::net_drop,
              .node = hosts[arrival.host]->id(),
              .value = arrival.received.peer.value()});
        return;
    }
    hosts[arrival.host]->on_arrival(arrival);
}

void Cluster::State::take_next() {
    const Event event = kernel.pop();
    if (event.type == EventType::pipe)
        on_pipe(event);
    else
        dispatch(event);
    if (live) engine->after_event();
}

void Cluster::State::dispatch(const Event& event) {
    switch (event.type) {
        case EventType::wake:
            hosts[event.host]->on_wake(event);
            return;
        case EventType::lane_free:
            hosts[event.host]->on_lane_free(event);
            return;
        case EventType::process_begin:
            hosts[event.host]->on_process_begin(event);
            return;
        case EventType::process_exit:
            hosts[event.host]->on_process_exit(event);
            return;
        case EventType::drain:
            hosts[event.host]->on_drain(event);
            return;
        case EventType::workload:
            workload->on_event(event);
            return;
        case EventType::step_wake:
            if (!live) return;
            if (event.payload == 1)
                engine->begin();
            else
                engine->on_wake();
            return;
        case EventType::run_end:
            on_run_end(event);
            return;
        case EventType::pipe:
            break;
    }
    UNREACHABLE();
}

void Cluster::State::on_run_end(const Event& event) {
    if (event.payload == 1) {
        settled = true;
        return;
    }
    workload->stop();
    tell({.kind = trace::WorldKind::run_end});
    engine->end_run();
    Event settle_end(EventType::run_end);
    settle_end.payload = 1;
    kernel.schedule(now() + scenario.run.settle, EventClass::step, settle_end);
}

// ---- what happened ------------------------------------------------------------------------------

void Cluster::State::on_notes(core::NodeId who, const core::Notes& notes) {
    if (audited) return;
    const trace::Moment& moment = kernel.moment();
    const core::NoteKinds wanted_widely = kOfCluster | engine->watched() | observed;
    for (const core::Notes::Said& said : notes) {
        const core::Note& note = said.note;
        if (wanted_widely.has(note.kind))
            fold_widely(moment, who, note, notes.replicas_of(said));
        else if (trace::Ledger::kFolded.has(note.kind))
            records->fold(moment, who, note);
        if (live) digest.add(moment.at, who, note, notes.replicas_of(said));
    }
}

void Cluster::State::fold_widely(const trace::Moment& moment, core::NodeId who,
                                 const core::Note& note, std::span<const core::NodeId> replicas) {
    if (kOfCluster.has(note.kind)) on_cluster_note(moment, who, note, replicas);
    records->fold(moment, who, note);
    if (!live) return;
    if (invariants) invariants->on_note(moment, who, note, replicas);
    engine->on_note(moment, who, note, replicas);
    for (trace::Observer* observer : observers) observer->on_note(moment, who, note, replicas);
}

void Cluster::State::on_cluster_note(const trace::Moment& moment, core::NodeId who,
                                     const core::Note& note,
                                     std::span<const core::NodeId> replicas) {
    cluster_view->on_note(moment, who, note, replicas);
    // What an earlier controller wrote and did not live to commit is committed by its successor.
    const bool settings =
        note.kind == core::NoteKind::config_change || note.kind == core::NoteKind::controller_elect;
    if (settings && live) take_settings(who);
    if (note.kind == core::NoteKind::partition_change) refresh_min_isr(*note.partition);
}

/// Dynamic settings are as this controller has them.
void Cluster::State::take_settings(core::NodeId controller) {
    const core::ClusterImage& image =
        static_cast<const core::Controller&>(*host(controller).node()).image();
    cluster_config = image.cluster_config();
    for (const core::NodeId broker : broker_ids)
        broker_settings.insert_or_assign(broker, image.broker_config(broker));
    for (auto& [topic, settings] : topic_settings) settings = image.topic_config(topic);
    for (std::uint32_t p = 0; p < topics.partition_count(); ++p)
        refresh_min_isr(core::PartitionId(p));
}

/// min.insync.replicas as the partition's leader sees it: of the topic, else of that broker, else
/// of the cluster, else what the broker was configured with. Without a leader the first replica's.
void Cluster::State::refresh_min_isr(core::PartitionId partition) {
    const trace::PartitionView& committed = cluster_view->partition(partition);
    const core::NodeId broker = committed.leader.value_or(committed.replicas.front());
    const auto own = broker_settings.find(broker);
    const core::ConfigMap none;
    for (const core::ConfigMap* config : std::initializer_list<const core::ConfigMap*>{
             &topic_settings[topics.topic_of(partition)],
             own == broker_settings.end() ? &none : &own->second, &cluster_config}) {
        const auto text = core::find_config(*config, "min.insync.replicas");
        const auto number = text ? core::parse_int(*text) : std::nullopt;
        if (!number || *number < 1) continue;
        cluster_view->set_min_insync_replicas(partition, static_cast<std::int32_t>(*number));
        return;
    }
    const std::size_t place = host_of(broker);
    cluster_view->set_min_insync_replicas(partition,
                                          broker_configs[place].topic_defaults.min_insync_replicas);
}

void Cluster::State::tell(const trace::WorldEvent& event) {
    if (audited) return;
    const trace::Moment moment = kernel.moment();
    cluster_view->on_world(moment, event);
    if (event.node == hosts[reader]->id()) return;
    records->on_world(moment, event);
    if (!live) return;
    if (invariants) invariants->on_world(moment, event);
    engine->on_world(moment, event);
    for (trace::Observer* observer : observers) observer->on_world(moment, event);
    digest.add(now(), event);
}

/// A step whose disk failed says nothing, but what it cut before that stays cut: a truncation needs
/// no space, and only the checkpoint behind it does.
void Cluster::State::tell_cuts(core::NodeId broker) {
    const SimDisk* disk = host(broker).disk();
    if (disk == nullptr) return;
    for (std::uint32_t p = 0; p < topics.partition_count(); ++p) {
        const core::PartitionId partition(p);
        const core::Offset held = records->held_end(partition, broker);
        if (held == core::Offset(0)) continue;
        const core::Offset end = disk->log_end(partition);
        if (end >= held) continue;
        core::Notes::Said cut;
        cut.note = {.kind = core::NoteKind::log_truncate,
                    .partition = partition,
                    .first = end,
                    .end = held};
        on_notes(broker, core::Notes(&cut, &cut + 1, nullptr));
    }
}

void Cluster::State::on_process(trace::WorldKind kind, core::NodeId who, std::int64_t value) {
    if (kind == trace::WorldKind::disk_error) tell_cuts(who);
    tell({.kind = kind, .node = who, .value = value});
    const HostIndex index = host_of(who);
    if (!is_client(index) || index == reader) return;
    if (kind == trace::WorldKind::process_resume) workload->on_resume(index - first_client);
    if (kind == trace::WorldKind::process_crash || kind == trace::WorldKind::process_exit)
        workload->on_death(index - first_client);
}

bool Cluster::State::watches_delivery(const core::Message& message) const {
    return watches_before && live && engine->watches_delivery(message);
}

void Cluster::State::before_delivery(core::NodeId to, core::NodeId from,
                                     const core::Message& message) {
    engine->before_delivery(kernel.moment(), to, from, message);
}

HostIndex Cluster::State::host_of(core::NodeId node) const {
    if (node.value() >= core::kFirstClientId)
        return first_client + static_cast<HostIndex>(node.value() - core::kFirstClientId);
    const auto at = index_of.find(node);
    ASSERT(at != index_of.end());
    return at->second;
}

}  // namespace sim
