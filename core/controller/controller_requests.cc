// The controller's request handlers: each decides by const handlers, writes, and answers.

#include "core/base/assert.h"
#include "core/base/variant.h"
#include "core/controller/controller.h"

namespace core {

namespace {

/// The request itself is wrong for this controller at this time; nothing was decided.
template <class Response>
void refuse(const Received& from, ErrorCode error, Effects& effects) {
    Response response;
    response.error = error;
    effects.send(from.connection, from.correlation, std::move(response));
}

void note_refusal(NoteKind kind, NodeId broker, ErrorCode error,
                  std::optional<PartitionId> partition, Effects& effects) {
    Note note{kind};
    note.error = error;
    note.peer = broker;
    note.partition = partition;
    effects.note(note);
}

}  // namespace

void Controller::on_request(TimePoint now, Received& received, Effects& effects) {
    const Received& from = received;
    match(
        *received.message,
        [&](const BrokerRegistrationRequest& r) { on_registration(now, from, r, effects); },
        [&](const BrokerHeartbeatRequest& r) { on_heartbeat(now, from, r, effects); },
        [&](const AlterPartitionRequest& r) { on_alter_partition(now, from, r, effects); },
        [&](const AssignReplicasToDirsRequest& r) { on_assign_replicas(now, from, r, effects); },
        [&](const AllocateProducerIdsRequest& r) {
            on_allocate_producer_ids(now, from, r, effects);
        },
        [&](const MetadataFetchRequest& r) { on_metadata_fetch(now, from, r, effects); },
        // What only brokers and clients are sent.
        [](const ProduceRequest&) { UNREACHABLE(); }, [](const ProduceResponse&) { UNREACHABLE(); },
        [](const FetchRequest&) { UNREACHABLE(); }, [](const FetchResponse&) { UNREACHABLE(); },
        [](const ListOffsetsRequest&) { UNREACHABLE(); },
        [](const ListOffsetsResponse&) { UNREACHABLE(); },
        [](const MetadataRequest&) { UNREACHABLE(); },
        [](const MetadataResponse&) { UNREACHABLE(); },
        [](const InitProducerIdRequest&) { UNREACHABLE(); },
        [](const InitProducerIdResponse&) { UNREACHABLE(); },
        [](const BrokerRegistrationResponse&) { UNREACHABLE(); },
        [](const BrokerHeartbeatResponse&) { UNREACHABLE(); },
        [](const AlterPartitionResponse&) { UNREACHABLE(); },
        [](const AssignReplicasToDirsResponse&) { UNREACHABLE(); },
        [](const AllocateProducerIdsResponse&) { UNREACHABLE(); },
        [](const MetadataFetchResponse&) { UNREACHABLE(); });
}

void Controller::on_registration(TimePoint now, const Received& from,
                                 const BrokerRegistrationRequest& request, Effects& effects) {
    if (!active())
        return refuse<BrokerRegistrationResponse>(from, ErrorCode::not_controller, effects);
    const auto result = cluster_.register_broker(now, request, log_.end_offset());
    if (result.response.error != ErrorCode::none) {
        note_refusal(NoteKind::registration_refused, request.broker, result.response.error,
                     std::nullopt, effects);
        return refuse<BrokerRegistrationResponse>(from, result.response.error, effects);
    }
    ASSERT(result.records.size() == 1);

    // The old incarnation's end first, the registration last: where only part of it is written, the
    // broker registers again [kafka 4.0].
    MetadataRecords records;
    if (const auto clean = cluster_.shut_down_cleanly(request))
        replication_.broker_shut_down(request.broker, *clean, records);
    records.push_back(result.records.front());
    const MetadataOffset until = write(now, records);
    arm_fence_check(now);
    answer({from.connection, from.correlation}, until, result.response, effects);
}

void Controller::on_heartbeat(TimePoint now, const Received& from,
                              const BrokerHeartbeatRequest& request, Effects& effects) {
    if (!active()) return refuse<BrokerHeartbeatResponse>(from, ErrorCode::not_controller, effects);
    const NodeId broker = request.broker;
    if (profile_.session_tracker_scan) tracker_.touch({broker, request.broker_epoch}, now);
    const ErrorCode error = cluster_.check_broker_epoch(broker, request.broker_epoch);
    if (error != ErrorCode::none) return refuse<BrokerHeartbeatResponse>(from, error, effects);
    ASSERT(sessions_.known(broker));

    const MetadataOffset registered = image_.find_broker(broker)->registered_at;
    const bool leads = request.want_shut_down && replication_.has_leaderships(broker);
    const BrokerControlStates states = sessions_.next_state(request, registered, leads);
    MetadataRecords records;
    if (states.current != states.next) {
        switch (states.next) {
            case BrokerControlState::fenced:
            case BrokerControlState::shutdown_now:
                replication_.broker_fenced(broker, records);
                break;
            case BrokerControlState::unfenced:
                replication_.broker_unfenced(broker, records);
                break;
            case BrokerControlState::controlled_shutdown:
                replication_.broker_in_controlled_shutdown(broker, records);
                break;
        }
    }
    replication_.directories_offline(broker, request.offline_directories, records);
    sessions_.touch(broker, is_fenced(states.next), request.current_metadata_offset, now);
    arm_fence_check(now);
    const MetadataOffset until = write(now, records);
    if (states.next == BrokerControlState::controlled_shutdown)
        sessions_.start_controlled_shutdown(broker, MetadataOffset(until.value() - 1));

    BrokerHeartbeatResponse response;
    response.is_caught_up = request.current_metadata_offset >= registered;
    response.is_fenced = is_fenced(states.next);
    response.should_shut_down = states.next == BrokerControlState::shutdown_now;
    answer({from.connection, from.correlation}, until, response, effects);
}

void Controller::on_alter_partition(TimePoint now, const Received& from,
                                    const AlterPartitionRequest& request, Effects& effects) {
    if (!active()) return refuse<AlterPartitionResponse>(from, ErrorCode::not_controller, effects);
    const ErrorCode error = cluster_.check_broker_epoch(request.broker, request.broker_epoch);
    if (error != ErrorCode::none) {
        note_refusal(NoteKind::alter_partition_refused, request.broker, error, std::nullopt,
                     effects);
        return refuse<AlterPartitionResponse>(from, error, effects);
    }

    auto result = replication_.alter_partition(request);
    for (const AlterPartitionResult& partition : result.response.partitions)
        if (partition.error != ErrorCode::none)
            note_refusal(NoteKind::alter_partition_refused, request.broker, partition.error,
                         partition.partition, effects);
    const MetadataOffset until = write(now, result.records);
    answer({from.connection, from.correlation}, until, std::move(result.response), effects);
}

void Controller::on_assign_replicas(TimePoint now, const Received& from,
                                    const AssignReplicasToDirsRequest& request, Effects& effects) {
    using Response = AssignReplicasToDirsResponse;
    if (!active()) return refuse<Response>(from, ErrorCode::not_controller, effects);
    if (!profile_.directory_assignment)
        return refuse<Response>(from, ErrorCode::unsupported_version, effects);
    const ErrorCode error = cluster_.check_broker_epoch(request.broker, request.broker_epoch);
    if (error != ErrorCode::none) return refuse<Response>(from, error, effects);

    auto result = replication_.assign_replicas_to_dirs(request);
    const MetadataOffset until = write(now, result.records);
    answer({from.connection, from.correlation}, until, std::move(result.response), effects);
}

void Controller::on_allocate_producer_ids(TimePoint now, const Received& from,
                                          const AllocateProducerIdsRequest& request,
                                          Effects& effects) {
    using Response = AllocateProducerIdsResponse;
    if (!active()) return refuse<Response>(from, ErrorCode::not_controller, effects);
    const ErrorCode error = cluster_.check_broker_epoch(request.broker, request.broker_epoch);
    if (error != ErrorCode::none) return refuse<Response>(from, error, effects);

    const ProducerId first = image_.next_producer_id();
    const MetadataOffset until = write(
        now, {ProducerIdsRecord{request.broker, ProducerId(first.value() + kProducerIdBlockSize)}});
    answer({from.connection, from.correlation}, until,
           Response{ErrorCode::none, first, kProducerIdBlockSize}, effects);
}

void Controller::on_metadata_fetch(TimePoint now, const Received& from,
                                   const MetadataFetchRequest& request, Effects& effects) {
    using Response = MetadataFetchResponse;
    if (!active()) return refuse<Response>(from, ErrorCode::not_controller, effects);
    // An observer that holds more than this log: the log lost its tail, and cannot serve it.
    if (request.fetch_offset > log_.end_offset())
        return refuse<Response>(from, ErrorCode::offset_out_of_range, effects);

    const ParkedFetch fetch{{from.connection, from.correlation},
                            request.fetch_offset,
                            saturating_add(now, request.max_wait)};
    if (request.fetch_offset < log_.high_watermark() || request.max_wait <= Duration::zero())
        return answer_fetch(fetch, effects);
    parked_.push_back(fetch);
}

}  // namespace core
