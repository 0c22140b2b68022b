#include "tests/core/broker_stack.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/base/variant.h"
#include "tests/core/effect_list.h"

namespace test {

using namespace core;

namespace {

constexpr Duration kLatency = from_ms(1);
constexpr PartitionId kPartition{0};

}  // namespace

Stack::Stack(int brokers, const ConfigMap& broker_config, const ConfigMap& topic_config,
             const std::string& kafka, std::optional<std::int16_t> elr)
    : profile_(*find_profile(kafka)->profile),
      elr_(elr),
      topic_config_(topic_config),
      brokers_(brokers) {
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
        auto node = std::make_unique<Controller>(NodeId(id), profile_, config_, topics_,
                                                 *machine.storage, elr_);
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
            lines_.push_back(concat("client loses its connection to ", delivery.from));
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
            const Lane lane = lane_of(*delivery.message);
            return step(id, lane,
                        Received{delivery.connection, NodeId(delivery.from), delivery.correlation,
                                 std::move(*delivery.message)});
        }
    }
}

void Stack::step(int id, Lane lane, Input input) {
    Machine& machine = machines_.at(id);
    Effects effects(&machine.next_connection, messages_);
    machine.node->step(now_, lane, input, effects);
    std::vector<Effect> list = take_list(effects);
    for (Effect& effect : list) {
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
                              std::move(*sent.message), ConnectionLoss::reset});
            },
            [&](CloseEffect& closed) { close(closed.connection, id); },
            [&](ExitEffect& exit) {
                lines_.push_back(concat(
                    id, " exits", exit.reason == ExitReason::clean_shutdown ? ", clean" : ""));
                machine.node.reset();
                drop_connections_of(id);
            },
            [&](NoteEffect& note) { tell(id, note.note, note.replicas); });
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

}  // namespace test
