#include "sim/trace/ledger.h"

#include <algorithm>

#include "core/base/assert.h"
#include "sim/trace/view.h"

namespace trace {
namespace {

constexpr std::uint32_t kNoEntry = UINT32_MAX;

}  // namespace

Ledger::Ledger(const ClusterView& view, std::uint32_t partitions, std::vector<bool> acks_none)
    : view_(view), clients_(acks_none.size()), partitions_(partitions) {
    for (std::size_t i = 0; i < acks_none.size(); ++i) clients_[i].acks_none = acks_none[i];
}

Ledger::Client& Ledger::client_of(core::NodeId node) {
    const std::int32_t index = node.value() - core::kFirstClientId;
    ASSERT(index >= 0);
    ASSERT(static_cast<std::size_t>(index) < clients_.size());
    return clients_[static_cast<std::size_t>(index)];
}

std::optional<std::uint32_t> Ledger::index_of(core::BatchTag tag) const {
    const std::int32_t client = tag.client.value() - core::kFirstClientId;
    if (client < 0 || static_cast<std::size_t>(client) >= clients_.size()) return std::nullopt;
    const auto& index = clients_[static_cast<std::size_t>(client)].batch_index;
    if (tag.number >= index.size() || index[tag.number] == kNoEntry) return std::nullopt;
    return index[tag.number];
}

Ledger::ReplicaLog& Ledger::log_of(core::PartitionId partition, core::NodeId broker) {
    ASSERT(partition.value() < partitions_.size());
    auto& logs = partitions_[partition.value()].logs;
    for (ReplicaLog& log : logs)
        if (log.broker == broker) return log;
    logs.push_back(ReplicaLog{broker, core::Offset(0), {}, std::nullopt, std::nullopt, 0});
    return logs.back();
}

const BatchEntry* Ledger::find(core::BatchTag tag) const {
    const auto index = index_of(tag);
    return index ? &batches_[*index] : nullptr;
}

const BatchEntry* Ledger::batch_of(std::uint32_t client, core::RecordNumber number) const {
    const auto& records = clients_[client].records;
    if (number.value() < 0 || static_cast<std::size_t>(number.value()) >= records.size())
        return nullptr;
    const std::uint32_t batch = records[static_cast<std::size_t>(number.value())].batch;
    return batch == kNoEntry ? nullptr : &batches_[batch];
}

const BatchEntry* Ledger::held_at(core::PartitionId partition, core::NodeId broker,
                                  core::Offset offset) const {
    for (const ReplicaLog& log : partitions_[partition.value()].logs) {
        if (log.broker != broker) continue;
        auto above = std::upper_bound(
            log.held.begin(), log.held.end(), offset,
            [](core::Offset wanted, const Held& held) { return wanted < held.base; });
        if (above == log.held.begin()) return nullptr;
        --above;
        const BatchEntry& entry = batches_[above->entry];
        const auto end = above->base + static_cast<std::int64_t>(entry.record_count);
        return offset < end ? &entry : nullptr;
    }
    return nullptr;
}

std::int64_t Ledger::acked_only_on_leader(core::PartitionId partition) const {
    const auto leader = view_.partition(partition).leader;
    if (!leader) return 0;
    for (const ReplicaLog& log : partitions_[partition.value()].logs)
        if (log.broker == *leader) return log.acked_alone;
    return 0;
}

core::Offset Ledger::log_end(core::PartitionId partition, core::NodeId broker) const {
    for (const ReplicaLog& log : partitions_[partition.value()].logs)
        if (log.broker == broker) return log.end;
    return core::Offset(0);
}

core::Offset Ledger::highest_high_watermark(core::PartitionId partition) const {
    return partitions_[partition.value()].highest_hw;
}

void Ledger::on_send(const Moment& moment, core::NodeId client, core::RecordNumber number,
                     core::PartitionId partition) {
    auto& records = client_of(client).records;
    ASSERT(static_cast<std::size_t>(number.value()) == records.size());
    RecordEntry record;
    record.partition = partition;
    record.sent_at = moment.at;
    records.push_back(record);
}

void Ledger::count_alone(const BatchEntry& entry, std::int64_t sign) {
    if (entry.outcome != ClientOutcome::acked || entry.copies.size() != 1) return;
    log_of(entry.partition, entry.copies[0].broker).acked_alone +=
        sign * static_cast<std::int64_t>(entry.record_count);
}

void Ledger::on_queued(const Moment& moment, core::NodeId who, const core::Note& note) {
    ASSERT(note.tag.has_value());
    ASSERT(note.partition.has_value());
    Client& client = client_of(who);
    const core::RecordNumber number(note.value);
    ASSERT(static_cast<std::size_t>(number.value()) < client.records.size());
    auto& index = client.batch_index;
    if (index.size() <= note.tag->number) index.resize(note.tag->number + 1, kNoEntry);
    if (index[note.tag->number] == kNoEntry) {
        index[note.tag->number] = static_cast<std::uint32_t>(batches_.size());
        batches_.push_back(BatchEntry{.tag = *note.tag,
                                      .partition = *note.partition,
                                      .first_record = number,
                                      .queued_at = moment.at});
    }
    BatchEntry& entry = batches_[index[note.tag->number]];
    if (entry.contiguous && number - entry.first_record != entry.record_count) {
        for (std::uint32_t i = 0; i < entry.record_count; ++i)
            entry.numbers.push_back(entry.first_record + static_cast<std::int64_t>(i));
        entry.contiguous = false;
    }
    if (!entry.contiguous) entry.numbers.push_back(number);
    RecordEntry& record = client.records[static_cast<std::size_t>(number.value())];
    record.batch = index[note.tag->number];
    record.index_in_batch = entry.record_count++;
}

void Ledger::on_client_batch(const Moment& moment, core::NodeId who, const core::Note& note) {
    using core::NoteKind;
    ASSERT(note.tag.has_value());
    const auto index = index_of(*note.tag);
    ASSERT(index.has_value());
    BatchEntry& entry = batches_[*index];
    if (note.kind == NoteKind::produce_send) {
        ASSERT(note.peer.has_value());
        entry.attempts.push_back(Attempt{moment.at, *note.peer, moment.event});
    } else if (note.kind == NoteKind::produce_retry) {
        if (!entry.attempts.empty()) entry.attempts.back().ended = note.error;
    } else if (note.kind == NoteKind::produce_error) {
        if (!entry.attempts.empty()) entry.attempts.back().ended = note.error;
        entry.outcome = ClientOutcome::failed;
        entry.error = note.error;
        entry.ended_at = moment.at;
    } else {
        ASSERT(note.kind == NoteKind::produce_ack);
        entry.ended_at = moment.at;
        if (client_of(who).acks_none) {
            entry.outcome = ClientOutcome::unanswered;
            return;
        }
        entry.outcome = ClientOutcome::acked;
        if (!entry.ack)
            entry.ack = Acknowledgement{.answered_at = moment.at,
                                        .event = moment.event,
                                        .broker = note.peer.value_or(core::NodeId(-1)),
                                        .answered_event = moment.event};
        entry.ack->at = moment.at;
        entry.ack->event = moment.event;
        if (note.first) entry.ack->base_offset = note.first;
        count_alone(entry, +1);
    }
}

void Ledger::on_answered(const Moment& moment, core::NodeId who, const core::Note& note) {
    if (!note.tag) return;
    const auto index = index_of(*note.tag);
    if (!index) return;
    BatchEntry& entry = batches_[*index];
    // A late answer to an earlier attempt says nothing once the client has its outcome.
    if (entry.outcome != ClientOutcome::pending) return;
    const PartitionView& committed = view_.partition(entry.partition);
    Acknowledgement& ack = entry.ack.emplace(Acknowledgement{.answered_at = moment.at,
                                                             .event = moment.event,
                                                             .broker = who,
                                                             .answered_event = moment.event});
    ack.base_offset = note.first;
    ack.leader_epoch = note.leader_epoch;
    ack.isr_size = static_cast<std::uint16_t>(note.value);
    ack.committed_leader = committed.leader;
    ack.committed_epoch = committed.leader_epoch;
    ack.committed_isr = committed.isr;
    for (const Copy& copy : entry.copies) ack.copies.push_back(copy.broker);
    ack.leader_high_watermark = partitions_[entry.partition.value()].leader_hw;
}

void Ledger::on_append(const Moment& moment, core::NodeId who, const core::Note& note) {
    ASSERT(note.partition.has_value());
    ASSERT(note.first.has_value());
    ASSERT(note.end.has_value());
    ReplicaLog& log = log_of(*note.partition, who);
    log.end = *note.end;
    if (!note.tag) return;
    const auto index = index_of(*note.tag);
    if (!index) return;
    BatchEntry& entry = batches_[*index];
    count_alone(entry, -1);
    const bool as_leader = note.value == 1;
    entry.copies.push_back(Copy{who, *note.first, note.leader_epoch.value_or(core::LeaderEpoch(0)),
                                moment.at, moment.event, as_leader});
    entry.gone_at.reset();
    count_alone(entry, +1);
    log.held.push_back(Held{*note.first, *index});
    if (as_leader) partitions_[note.partition->value()].above_hw.push_back(*index);
}

void Ledger::on_high_watermark(const Moment& moment, core::NodeId who, core::PartitionId partition,
                               core::Offset high_watermark) {
    PartitionState& state = partitions_[partition.value()];
    state.leader_hw = high_watermark;
    state.highest_hw = std::max(state.highest_hw, high_watermark);
    while (!state.above_hw.empty()) {
        BatchEntry& entry = batches_[state.above_hw.front()];
        const auto copy = std::find_if(entry.copies.begin(), entry.copies.end(),
                                       [&](const Copy& c) { return c.broker == who; });
        if (copy != entry.copies.end()) {
            const core::Offset end =
                copy->base_offset + static_cast<std::int64_t>(entry.record_count);
            if (end > high_watermark) return;
            if (!entry.below_hw_at) {
                entry.below_hw_at = moment.at;
                entry.below_hw_event = moment.event;
                entry.below_hw_base = copy->base_offset;
                entry.below_hw_epoch = copy->leader_epoch;
            }
        }
        // Not held by this leader: it can pass a high watermark only after a new append.
        state.above_hw.pop_front();
    }
}

void Ledger::on_cut(const Moment& moment, core::NodeId who, core::PartitionId partition,
                    core::Offset first, core::Offset end, CopyEnd how) {
    ReplicaLog& log = log_of(partition, who);
    if (end >= log.end) log.end = std::min(log.end, first);
    // A cut removes whole batches: one that reaches into the range goes too.
    const auto from = std::partition_point(log.held.begin(), log.held.end(), [&](const Held& held) {
        return held.base + static_cast<std::int64_t>(batches_[held.entry].record_count) <= first;
    });
    auto to = from;
    for (; to != log.held.end() && to->base < end; ++to) {
        BatchEntry& entry = batches_[to->entry];
        const auto copy = std::find_if(
            entry.copies.begin(), entry.copies.end(),
            [&](const Copy& c) { return c.broker == who && c.base_offset == to->base; });
        ASSERT(copy != entry.copies.end());
        count_alone(entry, -1);
        entry.lost_copies.push_back(
            LostCopy{*copy, how, moment.at, moment.event, log.following, log.epoch});
        entry.copies.erase(copy);
        count_alone(entry, +1);
        if (entry.copies.empty()) entry.gone_at = moment.at;
    }
    log.held.erase(from, to);
}

void Ledger::on_cut(const Moment& moment, core::NodeId who, core::PartitionId partition,
                    core::Offset new_end, CopyEnd how) {
    on_cut(moment, who, partition, new_end, core::Offset(INT64_MAX), how);
}

void Ledger::on_note(const Moment& moment, core::NodeId who, const core::Note& note,
                     std::span<const core::NodeId> /*replicas*/) {
    using core::NoteKind;
    const auto kind = note.kind;
    if (!kFolded.has(kind)) return;
    if (kind == NoteKind::record_queued) {
        on_queued(moment, who, note);
    } else if (kind == NoteKind::produce_send || kind == NoteKind::produce_ack ||
               kind == NoteKind::produce_error || kind == NoteKind::produce_retry) {
        on_client_batch(moment, who, note);
    } else if (kind == NoteKind::log_append) {
        on_append(moment, who, note);
    } else if (kind == NoteKind::produce_answered) {
        on_answered(moment, who, note);
    } else if (kind == NoteKind::hw_advance) {
        on_high_watermark(moment, who, note.partition.value(), note.end.value());
    } else if (kind == NoteKind::record_refused) {
        auto& record = client_of(who).records[static_cast<std::size_t>(note.value)];
        record.refused = note.error;
        record.refused_at = moment.at;
    } else if (kind == NoteKind::log_truncate) {
        on_cut(moment, who, note.partition.value(), note.first.value(), CopyEnd::truncation);
    } else if (kind == NoteKind::log_recovered) {
        on_cut(moment, who, note.partition.value(), note.end.value(), CopyEnd::recovery);
        log_of(note.partition.value(), who).end = note.end.value();
    } else if (kind == NoteKind::become_follower || kind == NoteKind::become_leader) {
        ReplicaLog& log = log_of(note.partition.value(), who);
        log.following = kind == NoteKind::become_follower ? note.peer : std::nullopt;
        log.epoch = note.leader_epoch;
        if (kind == NoteKind::become_leader && note.first)
            partitions_[note.partition->value()].leader_hw = *note.first;
    }
}

void Ledger::on_world(const Moment& moment, const WorldEvent& event) {
    if (event.kind == WorldKind::disk_lost) {
        on_cut(moment, event.node.value(), event.partition.value(), event.first.value(),
               event.end.value(), CopyEnd::power_loss);
    } else if (event.kind == WorldKind::disk_wiped) {
        for (std::uint32_t p = 0; p < partitions_.size(); ++p)
            on_cut(moment, event.node.value(), core::PartitionId(p), core::Offset(0),
                   CopyEnd::wipe);
    }
}

}  // namespace trace
