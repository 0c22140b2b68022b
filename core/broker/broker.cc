#include "core/broker/broker.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/variant.h"

namespace core {

Broker::Broker(NodeId id, std::uint64_t seed, const Profile& profile, const BrokerConfig& config,
               const TopicTable& topics, Storage& storage, std::vector<NodeId> controllers,
               std::string cluster_id)
    : id_(id),
      seed_(seed),
      profile_(profile),
      config_(config),
      topics_(topics),
      storage_(storage),
      cluster_id_(std::move(cluster_id)),
      logs_(storage, topics),
      image_(topics),
      touched_(topics.partition_count()),
      replicas_(id, seed, profile, config_, topics, logs_, image_, queue_),
      lifecycle_(id, seed, profile, config_),
      observer_(id, seed, config_, std::move(controllers)),
      alter_partition_(id, seed, config_.controller_socket_timeout),
      directories_(id, seed, config_.controller_socket_timeout),
      producer_ids_(id, seed, config_.controller_socket_timeout) {
    due_.fill(TimePoint::max());
}

Offset Broker::high_watermark(PartitionId partition) const {
    const Log* found = logs_.find(partition);
    return found == nullptr ? Offset(0) : found->high_watermark();
}

bool Broker::leads(PartitionId id) const {
    const Partition* found = replicas_.find(id);
    return found != nullptr && found->leader() != nullptr;
}

std::optional<LeaderEpoch> Broker::leader_epoch(PartitionId id) const {
    const Partition* found = replicas_.find(id);
    if (found == nullptr) return std::nullopt;
    return found->leader_epoch();
}

void Broker::receive(TimePoint now, Received& received, Effects& effects) {
    if (!begin_step(now, effects)) return;
    if (!is_data_path(*received.message)) [[unlikely]]
        receive_other(now, received, effects);
    else if (is_request(*received.message))
        on_request(now, received, effects);
    else
        on_fetch_response(now, received);
    end_step(now, effects);
}

void Broker::receive_other(TimePoint now, Received& received, Effects& effects) {
    timers_moved_ = true;
    fetchers_moved_ = true;
    if (is_request(*received.message))
        on_request(now, received, effects);
    else
        on_response(now, received, effects);
}

void Broker::step(TimePoint now, Lane lane, Input& input, Effects& effects) {
    if (auto* received = std::get_if<Received>(&input)) return receive(now, *received, effects);
    if (!begin_step(now, effects)) return;
    timers_moved_ = true;
    fetchers_moved_ = true;
    match(
        input, [&](Started&) { on_started(now, effects); },
        [&](Woken&) { on_woken(now, lane, effects); },
        [&](Connected& connected) { on_connected(now, connected.connection, effects); },
        [&](Lost& lost) { on_lost(now, lost, effects); }, [](Received&) { UNREACHABLE(); },
        [&](Call& call) {
            ASSERT(std::holds_alternative<ShutDown>(call));
            on_shut_down(now);
        });
    end_step(now, effects);
}

void Broker::on_started(TimePoint now, Effects& effects) {
    ASSERT(stage_ == Stage::down);
    stage_ = Stage::observing;
    const auto meta = read_meta_properties(storage_);
    ASSERT(meta.has_value());
    ASSERT(meta->node == id_);
    ASSERT(meta->cluster_id == cluster_id_);
    directory_ = meta->directory;
    const auto previous = logs_.open();
    effects.note({.kind = NoteKind::broker_start, .value = logs_.clean_shutdown() ? 1 : 0});
    observer_.start(now, effects);
    lifecycle_.start(now, directory_, previous, effects);
}

void Broker::on_woken(TimePoint now, Lane lane, Effects& effects) {
    switch (lane) {
        case Lane::requests: {
            replicas_.fetchers().on_woken(now);
            replicas_.expire_delayed();
            if (now >= due(Task::isr_expiration)) run_task(Task::isr_expiration, now, effects);
            const auto epoch = lifecycle_.broker_epoch();
            alter_partition_.on_woken(now, epoch, effects);
            directories_.on_woken(now, epoch, effects);
            producer_ids_.on_woken(now, epoch, effects);
            return;
        }
        case Lane::metadata:
            return wake_metadata(now, effects);
        case Lane::background:
            return run_background(now, effects);
        case Lane::heartbeats:
            lifecycle_.on_woken(now, effects);
            return after_heartbeat(now, effects);
    }
}

// ---- connections --------------------------------------------------------------------------------

void Broker::on_connected(TimePoint now, ConnectionId connection, Effects& effects) {
    if (observer_.owns(connection)) return observer_.on_connected(now, effects);
    for (ControllerChannel* channel : {&lifecycle_.channel(), &alter_partition_.channel(),
                                       &directories_.channel(), &producer_ids_.channel()})
        if (channel->owns(connection)) return channel->on_connected(now, effects);
    if (Fetcher* fetcher = replicas_.fetchers().find(connection)) fetcher->on_connected(now);
}

void Broker::on_lost(TimePoint now, const Lost& lost, Effects& effects) {
    effects.note({.kind = NoteKind::connection_lost,
                  .peer = lost.peer,
                  .value = static_cast<std::int64_t>(lost.why)});
    if (observer_.owns(lost.connection)) return observer_.on_lost(now, effects);
    for (ControllerChannel* channel : {&lifecycle_.channel(), &alter_partition_.channel(),
                                       &directories_.channel(), &producer_ids_.channel()})
        if (channel->owns(lost.connection)) return channel->on_lost(now, effects);
    if (Fetcher* fetcher = replicas_.fetchers().find(lost.connection)) return fetcher->on_lost(now);
    replicas_.on_connection_lost(lost.connection);
}

void Broker::on_response(TimePoint now, Received& received, Effects& effects) {
    if (std::holds_alternative<ListOffsetsResponse>(*received.message))
        return on_fetch_response(now, received);
    if (std::holds_alternative<MetadataFetchResponse>(*received.message)) {
        if (!observer_.owns(received.connection)) return;
        observer_.on_response(now, received, effects);
        return on_metadata(now, effects);
    }
    on_controller_response(now, received, effects);
}

void Broker::on_controller_response(TimePoint now, Received& received, Effects& effects) {
    const ConnectionId connection = received.connection;
    const auto epoch = lifecycle_.broker_epoch();
    if (lifecycle_.channel().owns(connection)) {
        lifecycle_.on_response(now, received, effects);
        return after_heartbeat(now, effects);
    }
    if (alter_partition_.channel().owns(connection)) {
        for (const auto& answer : alter_partition_.on_response(now, received, effects))
            replicas_.on_alter_partition(answer.proposal, answer.result);
        return alter_partition_.maybe_send(now, epoch, effects);
    }
    if (directories_.channel().owns(connection))
        return directories_.on_response(now, received, epoch, effects);
    if (!producer_ids_.channel().owns(connection)) return;
    producer_ids_.on_response(now, received, effects);
    while (!producer_ids_.waiting.empty()) {
        const auto id = producer_ids_.take();
        if (!id) break;
        const ProducerIds::Waiting first = producer_ids_.waiting.front();
        producer_ids_.waiting.erase(producer_ids_.waiting.begin());
        answer_init_producer_id(first.connection, first.correlation, id, effects);
    }
    producer_ids_.maybe_request(now, epoch, effects);
}

// ---- requests -----------------------------------------------------------------------------------

void Broker::handle_other(TimePoint now, IncomingConnection& connection, CorrelationId correlation,
                          const Message& message, Effects& effects) {
    if (const auto* offsets = std::get_if<ListOffsetsRequest>(&message))
        return replicas_.on_list_offsets(connection, correlation, *offsets);
    if (std::holds_alternative<MetadataRequest>(message))
        return on_metadata_request(connection, correlation, effects);
    // Whatever else is a request goes to controllers only.
    ASSERT(std::holds_alternative<InitProducerIdRequest>(message));
    on_init_producer_id(now, connection, correlation, effects);
}

void Broker::on_metadata_request(IncomingConnection& connection, CorrelationId correlation,
                                 Effects& effects) {
    MetadataResponse response;
    for (const BrokerRegistration& broker : image_.brokers())
        if (!broker.fenced) response.brokers.push_back(broker.id);
    for (std::uint32_t p = 0; p < topics_.partition_count(); ++p) {
        const PartitionRegistration* registration = image_.find_partition(PartitionId(p));
        if (registration == nullptr) continue;
        response.partitions.push_back(MetadataPartition{
            .partition = PartitionId(p),
            .error = registration->leader ? ErrorCode::none : ErrorCode::leader_not_available,
            .leader = registration->leader,
            .leader_epoch = registration->leader_epoch,
            .isr = registration->isr,
        });
    }
    queue_.answer(connection.id, correlation, std::move(response), effects);
}

void Broker::on_init_producer_id(TimePoint now, IncomingConnection& connection,
                                 CorrelationId correlation, Effects& effects) {
    timers_moved_ = true;
    const auto id = producer_ids_.take();
    if (id)
        answer_init_producer_id(connection.id, correlation, id, effects);
    else
        producer_ids_.waiting.push_back(ProducerIds::Waiting{connection.id, correlation});
    producer_ids_.maybe_request(now, lifecycle_.broker_epoch(), effects);
}

void Broker::answer_init_producer_id(ConnectionId connection, CorrelationId correlation,
                                     std::optional<ProducerId> id, Effects& effects) {
    queue_.answer(connection, correlation,
                  InitProducerIdResponse{ErrorCode::none, id, ProducerEpoch(0)}, effects);
}

void Broker::take_up_waiting(TimePoint now, Effects& effects) {
    while (stage_ != Stage::stopping && stage_ != Stage::stopped) {
        std::optional<RequestQueue::Next> next = queue_.next();
        if (!next) return;
        handle(now, *next->connection, next->request.correlation, *next->request.message, effects);
        replicas_.complete_delayed();
        drain_proposals(now, effects);
    }
}

void Broker::drain_proposals(TimePoint now, Effects& effects) {
    ReplicationContext& context = replicas_.context();
    if (context.proposals.empty()) return;
    timers_moved_ = true;
    std::vector<IsrProposal> proposals;
    proposals.swap(context.proposals);
    for (IsrProposal& proposal : proposals) {
        const PartitionId partition = proposal.partition;
        const ProposalId id = proposal.proposal;
        if (alter_partition_.submit(std::move(proposal))) continue;
        AlterPartitionResult refused{.partition = partition,
                                     .error = ErrorCode::operation_not_attempted,
                                     .leader = std::nullopt,
                                     .isr = {}};
        replicas_.on_alter_partition(id, refused);
    }
    alter_partition_.maybe_send(now, lifecycle_.broker_epoch(), effects);
}

}  // namespace core
