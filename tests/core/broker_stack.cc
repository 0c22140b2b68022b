#include "tests/core/broker_stack.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/base/variant.h"

namespace test {

using namespace core;

namespace {

constexpr Duration kLatency = from_ms(1);
constexpr PartitionId kPartition{0};

std::string who(int id) {
    if (id == kControllerId) return "controller";
    if (id == kClientId) return "client";
    return std::to_string(id);
}

std::string who(std::optional<NodeId> id) {
    return id ? who(id->value()) : "nobody";
}

std::string replica_text(std::span<const NodeId> replicas) {
    std::vector<std::string> parts;
    for (NodeId replica : replicas) parts.push_back(std::to_string(replica.value()));
    return "[" + join(parts, " ") + "]";
}

std::string range(Offset first, Offset end) {
    if (end - first == 1) return std::to_string(first.value());
    return concat(first.value(), "..", end.value() - 1);
}

}  // namespace

Stack::Stack(int brokers, const ConfigMap& broker_config, const ConfigMap& topic_config)
    : profile_(*find_profile("3.9")->profile), topic_config_(topic_config), brokers_(brokers) {
    std::vector<ConfigProblem> problems;
    config_ = resolve_broker(profile_, broker_config, problems);
    ASSERT(problems.empty());
    topics_.add("t", 1, 2, 1);
    for (int id = 1; id <= brokers; ++id) {
        Machine& machine = machines_[id];
        machine.storage = std::make_unique<MemoryStorage>();
        machine.next_connection = static_cast<std::uint64_t>(id) * 1'000'000;
        write_meta_properties(
            *machine.storage,
            MetaProperties{"test", NodeId(id), DirectoryId(static_cast<std::uint64_t>(1000 + id))});
    }
    machines_[kControllerId].storage = std::make_unique<MemoryStorage>();
    machines_[kControllerId].next_connection = 100'000'000;
}

void Stack::boot() {
    start(kControllerId);
    for (int id = 1; id <= brokers_; ++id) start(id);
    run_for(from_ms(5'000));
    CreateTopics create;
    ReplicaList replicas;
    for (int id = 1; id <= brokers_; ++id) replicas.push_back(NodeId(id));
    create.topics.push_back(CreateTopics::Topic{TopicIndex(0), {replicas}, topic_config_});
    step(kControllerId, Lane::requests, Call(create));
    run_for(from_ms(5'000));
    lines_.clear();
}

// ---- time ---------------------------------------------------------------------------------------

std::optional<std::pair<TimePoint, std::pair<int, Lane>>> Stack::next_wake() const {
    std::optional<std::pair<TimePoint, std::pair<int, Lane>>> first;
    for (const auto& [id, machine] : machines_) {
        if (!machine.node || machine.paused) continue;
        for (int lane = 0; lane < kLanes; ++lane) {
            const auto due = machine.node->next_deadline(static_cast<Lane>(lane));
            if (!due) continue;
            const TimePoint at = std::max(*due, now_);
            if (!first || at < first->first) first = {at, {id, static_cast<Lane>(lane)}};
        }
    }
    return first;
}

void Stack::run_for(Duration time) {
    const TimePoint end = now_ + time;
    int steps = 0;
    while (true) {
        ASSERT(++steps < 2'000'000);
        const auto wake = next_wake();
        const auto next = queue_.begin();
        const bool delivers = next != queue_.end() && (!wake || next->first.first <= wake->first);
        if (delivers) {
            if (next->first.first > end) break;
            now_ = next->first.first;
            Delivery delivery = std::move(next->second);
            queue_.erase(next);
            deliver(std::move(delivery));
            continue;
        }
        if (!wake || wake->first > end) break;
        now_ = wake->first;
        step(wake->second.first, wake->second.second, Woken{});
    }
    now_ = end;
}

void Stack::schedule(TimePoint when, Delivery&& delivery) {
    queue_.emplace(std::pair(when, sequence_++), std::move(delivery));
}

// ---- processes ----------------------------------------------------------------------------------

void Stack::start(int id) {
    Machine& machine = machines_.at(id);
    ASSERT(!machine.node);
    if (id == kControllerId) {
        auto node =
            std::make_unique<Controller>(NodeId(id), profile_, config_, topics_, *machine.storage);
        controller_ = node.get();
        machine.node = std::move(node);
    } else {
        machine.node =
            std::make_unique<Broker>(NodeId(id), 1, profile_, config_, topics_, *machine.storage,
                                     std::vector<NodeId>{NodeId(kControllerId)}, "test");
    }
    step(id, Lane::requests, Started{});
}

void Stack::kill(int id) {
    Machine& machine = machines_.at(id);
    machine.node.reset();
    machine.inbox.clear();
    machine.paused = false;
    drop_connections_of(id);
}

void Stack::drop_connections_of(int id) {
    for (auto& [connection, ends] : connections_)
        if (ends.open && (ends.opener == id || ends.peer == id)) close(connection, id);
}

void Stack::shut_down(int id) {
    step(id, Lane::requests, Call(ShutDown{}));
}

void Stack::pause(int id) {
    machines_.at(id).paused = true;
}

void Stack::resume(int id) {
    Machine& machine = machines_.at(id);
    machine.paused = false;
    // Timers that came due meanwhile run first, then what waits in the sockets.
    for (int lane = 0; lane < kLanes; ++lane) {
        const auto due = machine.node->next_deadline(static_cast<Lane>(lane));
        if (due && *due <= now_) step(id, static_cast<Lane>(lane), Woken{});
    }
    std::deque<Delivery> waiting = std::exchange(machine.inbox, {});
    for (Delivery& delivery : waiting) deliver(std::move(delivery));
}

void Stack::elect(bool unclean) {
    step(kControllerId, Lane::requests, Call(ElectLeaders{kPartition, unclean}));
}

// ---- network ------------------------------------------------------------------------------------

void Stack::cut(int a, int b) {
    cuts_.insert({a, b});
    cuts_.insert({b, a});
}

void Stack::mend(int a, int b) {
    cuts_.erase({a, b});
    cuts_.erase({b, a});
    flush_held();
}

void Stack::hold(int from, const std::string& api) {
    holds_.insert({from, api});
}

void Stack::release(int from, const std::string& api) {
    holds_.erase({from, api});
    flush_held();
}

void Stack::flush_held() {
    std::vector<Delivery> held = std::exchange(held_, {});
    for (Delivery& delivery : held) send(std::move(delivery));
}

/// On its way, unless a cut holds it or something that is held goes before it.
void Stack::send(Delivery&& delivery) {
    const bool behind = std::any_of(held_.begin(), held_.end(), [&](const Delivery& other) {
        return other.connection == delivery.connection && other.from == delivery.from;
    });
    const bool held = delivery.message &&
                      holds_.contains({delivery.from, std::string(api_name(*delivery.message))});
    if (behind || held || cut_off(delivery.from, delivery.to)) {
        held_.push_back(std::move(delivery));
        return;
    }
    const Duration way = delivery.kind == Delivery::Kind::connected ? 2 * kLatency : kLatency;
    schedule(now_ + way, std::move(delivery));
}

void Stack::close(ConnectionId id, int by) {
    Connection& ends = connections_.at(id);
    if (!ends.open) return;
    ends.open = false;
    std::erase_if(held_,
                  [&](const Delivery& held) { return held.connection == id && held.to == by; });
    const int other = ends.opener == by ? ends.peer : ends.opener;
    send(Delivery{id, by, other, Delivery::Kind::lost, CorrelationId(0), std::nullopt,
                  ConnectionLoss::reset});
}

void Stack::deliver(Delivery&& delivery) {
    if (delivery.to == kClientId) {
        if (delivery.message)
            tell_response(delivery.from, std::get<ProduceResponse>(*delivery.message));
        else if (delivery.kind == Delivery::Kind::lost)
            lines_.push_back(concat("client loses its connection to ", who(delivery.from)));
        return;
    }
    Machine& machine = machines_.at(delivery.to);
    if (!machine.node) {
        if (delivery.kind != Delivery::Kind::lost) {
            Connection& ends = connections_.at(delivery.connection);
            if (ends.open) close(delivery.connection, delivery.to);
        }
        return;
    }
    if (machine.paused) {
        machine.inbox.push_back(std::move(delivery));
        return;
    }
    const int to = delivery.to;
    hand_over(to, std::move(delivery));
}

void Stack::hand_over(int id, Delivery&& delivery) {
    Node& node = *machines_.at(id).node;
    Connection& ends = connections_.at(delivery.connection);
    // This end has closed it: nothing more is heard from it.
    if (!ends.open && delivery.kind == Delivery::Kind::connected) return;
    switch (delivery.kind) {
        case Delivery::Kind::connected:
            if (!machines_.at(ends.peer).node) {
                ends.open = false;
                return step(id, Lane::requests,
                            Lost{delivery.connection, NodeId(ends.peer), ConnectionLoss::refused});
            }
            ends.established = true;
            return step(id, Lane::requests, Connected{delivery.connection});
        case Delivery::Kind::lost:
            return step(id, Lane::requests,
                        Lost{delivery.connection, NodeId(delivery.from), delivery.why});
        case Delivery::Kind::message: {
            if (!ends.open) return;
            const Lane lane = node.lane_of(*delivery.message);
            return step(id, lane,
                        Received{delivery.connection, NodeId(delivery.from), delivery.correlation,
                                 std::move(*delivery.message)});
        }
    }
}

void Stack::step(int id, Lane lane, Input input) {
    Machine& machine = machines_.at(id);
    Effects effects(&machine.next_connection);
    machine.node->step(now_, lane, input, effects);
    for (Effect& effect : effects.list()) {
        match(
            effect,
            [&](OpenEffect& open) {
                connections_.emplace(open.connection, Connection{id, open.peer.value()});
                send(Delivery{open.connection, open.peer.value(), id, Delivery::Kind::connected,
                              CorrelationId(0), std::nullopt, ConnectionLoss::reset});
            },
            [&](SendEffect& sent) {
                Connection& ends = connections_.at(sent.connection);
                if (!ends.open) return;
                const int other = ends.opener == id ? ends.peer : ends.opener;
                send(Delivery{sent.connection, id, other, Delivery::Kind::message, sent.correlation,
                              std::move(sent.message), ConnectionLoss::reset});
            },
            [&](CloseEffect& closed) { close(closed.connection, id); },
            [&](ExitEffect& exit) {
                lines_.push_back(concat(
                    who(id), " exits", exit.reason == ExitReason::clean_shutdown ? ", clean" : ""));
                machine.node.reset();
                drop_connections_of(id);
            },
            [&](NoteEffect& note) { tell(id, note.note, effects.replicas(note)); });
        if (!machine.node) break;
    }
}

void Stack::produce(int broker, Acks acks, int records, Duration timeout,
                    std::optional<ProducerFields> producer) {
    BatchBuilder builder(1 << 20);
    const std::int64_t first = next_record_;
    for (int i = 0; i < records; ++i) {
        const std::string value = "p1#" + std::to_string(next_record_++);
        builder.append(std::nullopt, core::as_bytes(value), 0);
    }
    ProduceRequest request{
        .acks = acks, .timeout = timeout, .partitions = {}, .first_record = RecordNumber(first)};
    request.partitions.push_back(ProducePartition{
        kPartition, builder.close(producer, BatchTag{NodeId(kClientId), next_batch_++})});
    // One connection to each broker; a new one after it was lost.
    const std::uint64_t base = 900'000'000 + static_cast<std::uint64_t>(broker) * 1'000;
    std::uint64_t id = base;
    while (connections_.contains(ConnectionId(id)) && !connections_.at(ConnectionId(id)).open) ++id;
    connections_.emplace(ConnectionId(id), Connection{kClientId, broker, true});
    send(Delivery{ConnectionId(id), kClientId, broker, Delivery::Kind::message,
                  CorrelationId(client_correlations_[broker]++), std::move(request),
                  ConnectionLoss::reset});
}

// ---- words --------------------------------------------------------------------------------------

void Stack::tell_response(int broker, const ProduceResponse& response) {
    for (const ProducePartitionResponse& part : response.partitions) {
        std::string line = concat(who(broker), "->client ");
        if (part.error == ErrorCode::none)
            line += concat("ok offset ", part.base_offset->value(), ", isr of ", part.isr_size);
        else
            line += name(part.error);
        lines_.push_back(line);
    }
}

void Stack::tell(int id, const Note& note, std::span<const NodeId> replicas) {
    seen_.insert(note.kind);
    std::string line = concat(who(id), " ");
    const auto epoch = [&] {
        return note.leader_epoch ? std::to_string(note.leader_epoch->value()) : std::string("?");
    };
    switch (note.kind) {
        case NoteKind::log_append:
            line += concat("append ", range(*note.first, *note.end), "@", epoch());
            break;
        case NoteKind::log_truncate:
            line += concat("truncate ", note.end->value(), " to ", note.first->value());
            break;
        case NoteKind::fetch_diverging:
            line += concat("tells ", who(note.peer), ": epoch ", epoch(), " ends at ",
                           note.end->value());
            break;
        case NoteKind::hw_advance:
            line += concat("hw ", note.first->value(), " -> ", note.end->value());
            break;
        case NoteKind::become_leader:
            line += concat("leader epoch ", epoch(), " at ", note.end->value());
            break;
        case NoteKind::become_follower:
            line += concat("follower of ", who(note.peer), " epoch ", epoch());
            break;
        case NoteKind::isr_propose:
            line += concat("propose isr ", replica_text(replicas));
            break;
        case NoteKind::isr_refused:
            line += concat("isr refused ", name(note.error));
            break;
        case NoteKind::produce_refused:
        case NoteKind::fetch_refused:
            line += concat(name(note.kind), " ", name(note.error), " for ", who(note.peer));
            break;
        case NoteKind::produce_expired:
            line += concat(name(note.kind), " ", name(note.error));
            break;
        case NoteKind::duplicate_sequence:
            line += concat("duplicate of ", range(*note.first, *note.end));
            break;
        case NoteKind::leader_elect:
            line += concat("elect ", who(note.peer), " epoch ", epoch(),
                           note.value == 0 ? ", unclean" : "");
            break;
        case NoteKind::isr_shrink:
        case NoteKind::isr_expand:
            line += concat("isr ", replica_text(replicas));
            break;
        case NoteKind::broker_fenced:
            line += concat("fence ", who(note.peer));
            break;
        case NoteKind::broker_unfenced:
            line += concat("unfence ", who(note.peer));
            break;
        case NoteKind::alter_partition_refused:
            line += concat("refuses isr of ", who(note.peer), " ", name(note.error));
            break;
        case NoteKind::broker_running:
            line += "running";
            break;
        case NoteKind::broker_shut_down:
            line += "stopped clean";
            break;
        case NoteKind::log_recovered:
            line += concat("recovers ", note.first->value(), "..", note.end->value());
            break;
        // Too often, or told by their consequences.
        case NoteKind::record_queued:
        case NoteKind::record_refused:
        case NoteKind::produce_send:
        case NoteKind::produce_ack:
        case NoteKind::produce_error:
        case NoteKind::produce_retry:
        case NoteKind::producer_id:
        case NoteKind::epoch_bump:
        case NoteKind::metadata_update:
        case NoteKind::broker_start:
        case NoteKind::broker_recovered:
        case NoteKind::produce_receive:
        case NoteKind::log_flush:
        case NoteKind::log_roll:
        case NoteKind::fetch_request:
        case NoteKind::fetch_response:
        case NoteKind::hw_checkpoint:
        case NoteKind::become_offline:
        case NoteKind::produce_answered:
        case NoteKind::reader_read:
        case NoteKind::controller_elect:
        case NoteKind::broker_registered:
        case NoteKind::registration_refused:
        case NoteKind::controlled_shutdown:
        case NoteKind::partition_change:
        case NoteKind::config_change:
        case NoteKind::connection_lost:
            if (!verbose) return;
            line += name(note.kind);
            if (note.peer) line += concat(" ", who(note.peer));
            break;
    }
    lines_.push_back(line);
}

const Broker* Stack::broker(int id) const {
    return static_cast<const Broker*>(machines_.at(id).node.get());
}

std::string Stack::log_text(int id) const {
    const Broker* node = broker(id);
    const Log* log = node == nullptr ? nullptr : node->log(kPartition);
    if (log == nullptr) return "no log";
    const Offset hw = log->high_watermark();
    std::vector<std::string> parts;
    std::optional<std::pair<Offset, LeaderEpoch>> run;
    Offset at = log->log_start();
    bool bar = false;
    const auto flush = [&](Offset end) {
        if (run && run->first < end)
            parts.push_back(concat(range(run->first, end), "@", run->second.value()));
        run.reset();
    };
    while (at < log->log_end_offset()) {
        for (const Batch& batch : log->read(at, 1 << 20, log->log_end_offset())) {
            for (Offset offset = batch.base_offset; offset < batch.next_offset();
                 offset = offset.next()) {
                if (!bar && offset >= hw) {
                    flush(offset);
                    parts.push_back("|");
                    bar = true;
                }
                if (!run || run->second != batch.leader_epoch) {
                    flush(offset);
                    run = {offset, batch.leader_epoch};
                }
            }
            at = batch.next_offset();
        }
    }
    flush(at);
    if (!bar) parts.push_back("|");
    return join(parts, " ");
}

std::string Stack::role_text(int id) const {
    const Broker* node = broker(id);
    if (node == nullptr) return "down";
    const Partition* partition = node->partition(kPartition);
    if (partition == nullptr) return "nothing";
    if (const Leader* leader = partition->leader()) {
        const auto members_text = [](const ReplicaList& list) {
            return replica_text({list.data(), list.size()});
        };
        std::string text = concat("leader epoch ", leader->epoch().value(), " isr ",
                                  members_text(leader->isr().isr()));
        if (leader->isr().in_flight())
            text += concat(" maximal ", members_text(leader->isr().maximal_isr()));
        return text;
    }
    if (const Follower* follower = partition->follower())
        return concat("follower of ", who(follower->leader()), " epoch ",
                      follower->epoch().value());
    return "offline";
}

}  // namespace test
