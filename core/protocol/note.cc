#include "core/protocol/note.h"

#include <array>

#include "core/base/assert.h"

namespace core {

namespace {

struct NoteName {
    NoteKind kind;
    std::string_view name;
};

/// In the order of NoteKind.
constexpr std::array<NoteName, kNoteKinds> kNames{{
    {NoteKind::record_queued, "record.queued"},
    {NoteKind::record_refused, "record.refused"},
    {NoteKind::produce_send, "produce.send"},
    {NoteKind::produce_ack, "produce.ack"},
    {NoteKind::produce_error, "produce.error"},
    {NoteKind::produce_retry, "produce.retry"},
    {NoteKind::producer_id, "producer.id"},
    {NoteKind::epoch_bump, "producer.epochBump"},
    {NoteKind::metadata_update, "metadata.update"},
    {NoteKind::broker_start, "broker.start"},
    {NoteKind::broker_recovered, "broker.recovered"},
    {NoteKind::broker_running, "broker.running"},
    {NoteKind::broker_shut_down, "broker.shutDown"},
    {NoteKind::produce_receive, "produce.receive"},
    {NoteKind::log_append, "log.append"},
    {NoteKind::log_flush, "log.flush"},
    {NoteKind::log_truncate, "log.truncate"},
    {NoteKind::log_recovered, "log.recovered"},
    {NoteKind::log_roll, "log.roll"},
    {NoteKind::fetch_request, "fetch.request"},
    {NoteKind::fetch_response, "fetch.response"},
    {NoteKind::fetch_diverging, "fetch.diverging"},
    {NoteKind::hw_advance, "hw.advance"},
    {NoteKind::hw_checkpoint, "hw.checkpoint"},
    {NoteKind::become_leader, "replica.leader"},
    {NoteKind::become_follower, "replica.follower"},
    {NoteKind::become_offline, "replica.offline"},
    {NoteKind::isr_propose, "isr.propose"},
    {NoteKind::isr_refused, "isr.refused"},
    {NoteKind::produce_refused, "produce.refused"},
    {NoteKind::produce_expired, "produce.expired"},
    {NoteKind::produce_answered, "produce.answered"},
    {NoteKind::duplicate_sequence, "produce.duplicate"},
    {NoteKind::fetch_refused, "fetch.refused"},
    {NoteKind::reader_read, "reader.read"},
    {NoteKind::controller_elect, "controller.elect"},
    {NoteKind::broker_registered, "broker.registered"},
    {NoteKind::registration_refused, "broker.registrationRefused"},
    {NoteKind::broker_fenced, "broker.fenced"},
    {NoteKind::broker_unfenced, "broker.unfenced"},
    {NoteKind::controlled_shutdown, "broker.controlledShutdown"},
    {NoteKind::leader_elect, "leader.elect"},
    {NoteKind::isr_shrink, "isr.shrink"},
    {NoteKind::isr_expand, "isr.expand"},
    {NoteKind::partition_change, "partition.change"},
    {NoteKind::alter_partition_refused, "isr.alterRefused"},
    {NoteKind::config_change, "config.change"},
    {NoteKind::connection_lost, "connection.lost"},
    {NoteKind::elr_change, "elr.change"},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (static_cast<std::size_t>(kNames[i].kind) != i || kNames[i].name.empty()) return false;
    return true;
}
static_assert(in_order());

}  // namespace

std::string_view name(NoteKind kind) {
    const auto index = static_cast<std::size_t>(kind);
    ASSERT(index < kNames.size());
    return kNames[index].name;
}

}  // namespace core
