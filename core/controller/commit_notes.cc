#include "core/controller/commit_notes.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/variant.h"

namespace core {

namespace {

/// True if `list` has a member that `other` lacks.
bool has_more(const ReplicaList& list, const ReplicaList& other) {
    return std::any_of(list.begin(), list.end(),
                       [&](NodeId member) { return !contains(other, member); });
}

Note partition_note(NoteKind kind, PartitionId id, const PartitionRegistration& after,
                    std::int64_t value) {
    Note note{kind};
    note.partition = id;
    note.peer = after.leader;
    note.leader_epoch = after.leader_epoch;
    note.value = value;
    return note;
}

Note broker_note(NoteKind kind, NodeId broker, BrokerEpoch epoch) {
    Note note{kind};
    note.peer = broker;
    note.value = epoch.value();
    return note;
}

}  // namespace

CommitNotes::Before CommitNotes::before(const ClusterImage& image, const MetadataRecord& record) {
    Before before;
    if (const auto partition = touched_partition(record)) {
        const PartitionRegistration* found = image.find_partition(*partition);
        if (found != nullptr) before.partition = *found;
    }
    if (const auto* change = std::get_if<BrokerRegistrationChangeRecord>(&record)) {
        const BrokerRegistration* found = image.find_broker(change->broker);
        ASSERT(found != nullptr);
        before.fenced = found->fenced;
        before.in_controlled_shutdown = found->in_controlled_shutdown;
    }
    if (const auto* clear = std::get_if<ClearElrRecord>(&record))
        before.cleared = image.cleared_by(*clear);
    return before;
}

void CommitNotes::push(MetadataOffset offset, const Note& note, const ReplicaList& replicas) {
    if (!waiting_.empty()) ASSERT(waiting_.back().offset <= offset);
    waiting_.push_back(Waiting{offset, note, replicas});
}

void CommitNotes::add(MetadataOffset offset, const MetadataRecord& record, const Before& before,
                      const ClusterImage& image) {
    match(
        record,
        [&](const RegisterBrokerRecord& r) {
            push(offset, broker_note(NoteKind::broker_registered, r.broker, r.epoch));
        },
        [&](const BrokerRegistrationChangeRecord& r) { add_broker(offset, r, before); },
        [](const UnregisterBrokerRecord&) {}, [](const TopicRecord&) {},
        [&](const PartitionRecord& r) {
            add_partition(offset, r.partition, before.partition,
                          *image.find_partition(r.partition));
        },
        [&](const PartitionChangeRecord& r) {
            add_partition(offset, r.partition, before.partition,
                          *image.find_partition(r.partition));
        },
        [&](const ConfigRecord&) { push(offset, Note{NoteKind::config_change}); },
        [](const ProducerIdsRecord&) {}, [](const FeatureLevelRecord&) {},
        [&](const ClearElrRecord&) {
            for (PartitionId partition : before.cleared) {
                const PartitionRegistration& after = *image.find_partition(partition);
                add_whole(offset, partition, after);
                add_elr(offset, partition, after);
            }
        },
        [](const NoOpRecord&) {});
}

void CommitNotes::add_broker(MetadataOffset offset, const BrokerRegistrationChangeRecord& record,
                             const Before& before) {
    if (record.fenced && *record.fenced != before.fenced)
        push(offset,
             broker_note(*record.fenced ? NoteKind::broker_fenced : NoteKind::broker_unfenced,
                         record.broker, record.epoch));
    if (record.in_controlled_shutdown && *record.in_controlled_shutdown &&
        !before.in_controlled_shutdown)
        push(offset, broker_note(NoteKind::controlled_shutdown, record.broker, record.epoch));
}

void CommitNotes::add_partition(MetadataOffset offset, PartitionId id,
                                const std::optional<PartitionRegistration>& before,
                                const PartitionRegistration& after) {
    add_whole(offset, id, after);
    if (!before) return;
    if (after.leader != before->leader) {
        // Clean: the leader stood where its records were promised to be.
        const bool clean = !after.leader || contains(before->isr, *after.leader) ||
                           contains(before->elr, *after.leader);
        push(offset, partition_note(NoteKind::leader_elect, id, after, clean ? 1 : 0));
    }
    if (has_more(before->isr, after.isr))
        push(offset, partition_note(NoteKind::isr_shrink, id, after, 0), after.isr);
    if (has_more(after.isr, before->isr))
        push(offset, partition_note(NoteKind::isr_expand, id, after, 0), after.isr);
    if (after.elr != before->elr || after.last_known_elr != before->last_known_elr)
        add_elr(offset, id, after);
}

void CommitNotes::add_whole(MetadataOffset offset, PartitionId id,
                            const PartitionRegistration& after) {
    push(offset,
         partition_note(NoteKind::partition_change, id, after, after.partition_epoch.value()),
         after.isr);
}

void CommitNotes::add_elr(MetadataOffset offset, PartitionId id,
                          const PartitionRegistration& after) {
    Note note{NoteKind::elr_change};
    note.partition = id;
    note.leader_epoch = after.leader_epoch;
    if (!after.last_known_elr.empty()) note.peer = after.last_known_elr.front();
    push(offset, note, after.elr);
}

void CommitNotes::add_election(MetadataOffset offset, ControllerEpoch epoch) {
    Note note{NoteKind::controller_elect};
    note.value = epoch.value();
    push(offset, note);
}

void CommitNotes::emit(MetadataOffset high_watermark, Effects& effects) {
    auto at = waiting_.begin();
    for (; at != waiting_.end() && at->offset < high_watermark; ++at)
        effects.note(at->note, std::span<const NodeId>(at->replicas.data(), at->replicas.size()));
    waiting_.erase(waiting_.begin(), at);
}

}  // namespace core
