#include "sim/trace/ledger.h"

#include <algorithm>

#include "core/base/assert.h"
#include "sim/trace/view.h"

namespace trace {

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

/// kNoEntry for no tag, and for one of a client or batch that is not known here.
std::uint32_t Ledger::index_of(core::Maybe<core::BatchTag> tag) const {
    const auto client = static_cast<std::uint32_t>(tag.raw().client.value() - core::kFirstClientId);
    if (client >= clients_.size()) return kNoEntry;
    const auto& index = clients_[client].batch_index;
    return tag->number < index.size() ? index[tag->number] : kNoEntry;
}

void Ledger::look_up(core::Maybe<core::BatchTag> tag) {
    const std::uint32_t index = index_of(tag);
    recent_ = Recent{tag, index, index == kNoEntry ? nullptr : &batches_[index]};
}

Ledger::PartitionState& Ledger::state_of(core::PartitionId partition) {
    ASSERT(partition.value() < partitions_.size());
    return partitions_[partition.value()];
}

inline Ledger::ReplicaLog& Ledger::log_of(PartitionState& state, core::NodeId broker) {
    for (ReplicaLog& log : state.logs)
        if (log.broker == broker) return log;
    return add_log(state, broker);
}

Ledger::ReplicaLog& Ledger::add_log(PartitionState& state, core::NodeId broker) {
    return state.logs.emplace_back(ReplicaLog{.broker = broker});
}

const BatchEntry* Ledger::find(core::BatchTag tag) const {
    const std::uint32_t index = index_of(tag);
    return index == kNoEntry ? nullptr : &batches_[index];
}

const BatchEntry* Ledger::batch_of(std::uint32_t client, core::RecordNumber number) const {
    const auto& records = clients_[client].records;
    if (number.value() < 0 || static_cast<std::size_t>(number.value()) >= records.size())
        return nullptr;
    const std::uint32_t batch = records[static_cast<std::size_t>(number.value())].batch;
    return batch == kNoEntry ? nullptr : &batches_[batch];
}

const Refusal* Ledger::refusal(std::uint32_t client, core::RecordNumber number) const {
    const auto at = clients_[client].refusals.find(number);
    return at == clients_[client].refusals.end() ? nullptr : &at->second;
}

const BatchEntry* Ledger::held_at(core::PartitionId partition, core::NodeId broker,
                                  core::Offset offset) const {
    for (const ReplicaLog& log : partitions_[partition.value()].logs) {
        if (log.broker != broker) continue;
        const std::size_t above = log.held.partition_point(
            [&](const Held& held) { return base_of(log, held) <= offset; });
        if (above == 0) return nullptr;
        const Held& held = log.held[above - 1];
        return offset < end_of(log, held) ? &batches_[held.entry] : nullptr;
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

core::Offset Ledger::held_end(core::PartitionId partition, core::NodeId broker) const {
    for (const ReplicaLog& log : partitions_[partition.value()].logs)
        if (log.broker == broker && !log.held.empty()) return end_of(log, log.held.back());
    return core::Offset(0);
}

core::Offset Ledger::highest_high_watermark(core::PartitionId partition) const {
    return partitions_[partition.value()].highest_hw;
}

void Ledger::on_send(const Moment& moment, core::NodeId client, core::RecordNumber number,
                     core::PartitionId partition) {
    auto& records = client_of(client).records;
    ASSERT(static_cast<std::size_t>(number.value()) == records.size());
    records.emplace_back(partition, kNoEntry, moment.at);
}

void Ledger::count_alone(const BatchEntry& entry, std::int64_t sign) {
    if (entry.outcome != ClientOutcome::acked || entry.copy_count() != 1) return;
    log_of(state_of(entry.partition), entry.first_holder()).acked_alone +=
        sign * static_cast<std::int64_t>(entry.record_count);
}

void Ledger::on_queued(core::NodeId who, const core::Note& note) {
    ASSERT(note.tag.has_value());
    ASSERT(note.partition.has_value());
    Client& client = client_of(who);
    const core::RecordNumber number(note.value);
    ASSERT(static_cast<std::size_t>(number.value()) < client.records.size());
    auto& index = client.batch_index;
    while (index.size() <= note.tag->number) index.emplace_back(kNoEntry);
    std::uint32_t& place = index[note.tag->number];
    if (place == kNoEntry) {
        place = static_cast<std::uint32_t>(batches_.size());
        recent_ =
            Recent{note.tag, place, &batches_.emplace_back(*note.tag, *note.partition, number)};
    }
    entry_of(note.tag)->add_record(number, details_);
    client.records[static_cast<std::size_t>(number.value())].batch = place;
}

void Ledger::on_client_batch(const Moment& moment, core::NodeId who, const core::Note& note) {
    using core::NoteKind;
    BatchEntry* const found = entry_of(note.tag);
    ASSERT(found != nullptr);
    BatchEntry& entry = *found;
    if (note.kind == NoteKind::produce_send) {
        ASSERT(note.peer.has_value());
        entry.add_attempt(Attempt{moment.at, *note.peer, moment.event}, details_);
    } else if (note.kind == NoteKind::produce_retry) {
        entry.end_attempt(note.error);
    } else if (note.kind == NoteKind::produce_error) {
        entry.end_attempt(note.error);
        entry.outcome = ClientOutcome::failed;
        entry.error = note.error;
        entry.ended_at = moment.at;
    } else if (client_of(who).acks_none) {
        ASSERT(note.kind == NoteKind::produce_ack);
        entry.outcome = ClientOutcome::unanswered;
        entry.ended_at = moment.at;
    } else {
        ASSERT(note.kind == NoteKind::produce_ack);
        entry.acknowledge(moment, note, details_);
        count_alone(entry, +1);
    }
}

/// What the view has now; the one of the last answer, unless something was committed since.
const CommittedLeadership& Ledger::committed_of(core::PartitionId partition) {
    PartitionState& state = state_of(partition);
    const PartitionView& now = view_.partition(partition);
    if (state.committed == nullptr || state.changes != now.changes) {
        leaderships_.push_back(CommittedLeadership{now.leader, now.leader_epoch, now.isr});
        state.committed = &leaderships_.back();
        state.changes = now.changes;
    }
    return *state.committed;
}

void Ledger::on_answered(const Moment& moment, core::NodeId who, const core::Note& note) {
    BatchEntry* const found = entry_of(note.tag);
    if (found == nullptr) return;
    BatchEntry& entry = *found;
    // A late answer to an earlier attempt says nothing once the client has its outcome.
    if (entry.outcome != ClientOutcome::pending) return;
    entry.answer(moment, who, note, committed_of(entry.partition),
                 log_of(state_of(entry.partition), who).high_watermark, details_);
}

void Ledger::on_append(const Moment& moment, core::NodeId who, const core::Note& note) {
    const core::Offset base = note.first.value();
    PartitionState& state = state_of(note.partition.value());
    ReplicaLog& log = log_of(state, who);
    log.end = note.end.value();
    BatchEntry* const found = entry_of(note.tag);
    if (found == nullptr) return;
    BatchEntry& entry = *found;
    const std::uint32_t index = recent_.index;
    const bool counts = entry.outcome == ClientOutcome::acked;
    if (counts) count_alone(entry, -1);
    entry.add_copy(moment, who, note, details_);
    if (counts) count_alone(entry, +1);
    log.held.emplace_back(index, static_cast<std::uint32_t>(base.value()));
    if (note.value == 1) log.above_high_watermark.push(index);
}

void Ledger::AboveHighWatermark::pop() {
    // Where the queue never drains, what was taken must not stay for good.
    constexpr std::size_t kMostTaken = 1'024;
    ++first_;
    if (!empty() && first_ < kMostTaken) return;
    list_.erase(list_.begin(), list_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
}

void Ledger::on_high_watermark(const Moment& moment, core::NodeId who, core::PartitionId partition,
                               core::Offset high_watermark) {
    PartitionState& state = state_of(partition);
    ReplicaLog& log = log_of(state, who);
    log.high_watermark = high_watermark;
    state.highest_hw = std::max(state.highest_hw, high_watermark);
    for (; !log.above_high_watermark.empty(); log.above_high_watermark.pop()) {
        BatchEntry& entry = batches_[log.above_high_watermark.front()];
        // Wiped under the leader: it can pass a high watermark only after a new append.
        const auto base = entry.base_in(who);
        if (!base) continue;
        if (*base + static_cast<std::int64_t>(entry.record_count) > high_watermark) return;
        if (!entry.has_passed()) entry.pass_high_watermark(moment, who);
    }
}

void Ledger::on_cut(const Moment& moment, core::NodeId who, core::PartitionId partition,
                    core::Offset first, core::Offset end, CopyEnd how) {
    ReplicaLog& log = log_of(state_of(partition), who);
    if (end >= log.end) log.end = std::min(log.end, first);
    // A cut removes whole batches: one that reaches into the range goes too.
    const std::size_t from =
        log.held.partition_point([&](const Held& held) { return end_of(log, held) <= first; });
    std::size_t to = from;
    for (; to < log.held.size(); ++to) {
        const core::Offset base = base_of(log, log.held[to]);
        if (base >= end) break;
        BatchEntry& entry = batches_[log.held[to].entry];
        count_alone(entry, -1);
        const Copy copy = entry.take_copy(who, base, details_);
        entry.add_lost(LostCopy{copy, how, moment.at, moment.event, log.following, log.epoch});
        count_alone(entry, +1);
    }
    std::size_t kept = from;
    for (; to < log.held.size(); ++to) log.held[kept++] = log.held[to];
    log.held.truncate(kept);
}

void Ledger::on_cut(const Moment& moment, core::NodeId who, core::PartitionId partition,
                    core::Offset new_end, CopyEnd how) {
    on_cut(moment, who, partition, new_end, core::Offset(INT64_MAX), how);
}

void Ledger::fold(const Moment& moment, core::NodeId who, const core::Note& note) {
    using core::NoteKind;
    const auto kind = note.kind;
    if (kind == NoteKind::log_append) {
        on_append(moment, who, note);
    } else if (kind == NoteKind::record_queued) {
        on_queued(who, note);
    } else if (kind == NoteKind::produce_send || kind == NoteKind::produce_ack ||
               kind == NoteKind::produce_error || kind == NoteKind::produce_retry) {
        on_client_batch(moment, who, note);
    } else if (kind == NoteKind::produce_answered) {
        on_answered(moment, who, note);
    } else if (kind == NoteKind::hw_advance) {
        on_high_watermark(moment, who, note.partition.value(), note.end.value());
    } else if (kFolded.has(kind)) {
        on_rare_note(moment, who, note);
    }
}

/// What it holds above its high watermark waits for that from here on, whoever appended it.
void Ledger::on_leader(ReplicaLog& log, const core::Note& note) const {
    if (note.first) log.high_watermark = *note.first;
    log.above_high_watermark.clear();
    const std::size_t from = log.held.partition_point(
        [&](const Held& held) { return end_of(log, held) <= log.high_watermark; });
    for (std::size_t i = from; i < log.held.size(); ++i)
        log.above_high_watermark.push(log.held[i].entry);
}

void Ledger::on_rare_note(const Moment& moment, core::NodeId who, const core::Note& note) {
    using core::NoteKind;
    const auto kind = note.kind;
    if (kind == NoteKind::record_refused) {
        client_of(who).refusals.insert_or_assign(core::RecordNumber(note.value),
                                                 Refusal{note.error, moment.at});
    } else if (kind == NoteKind::log_truncate) {
        on_cut(moment, who, note.partition.value(), note.first.value(), CopyEnd::truncation);
    } else if (kind == NoteKind::log_recovered) {
        on_cut(moment, who, note.partition.value(), note.end.value(), CopyEnd::recovery);
        log_of(state_of(note.partition.value()), who).end = note.end.value();
    } else {
        ASSERT(kind == NoteKind::become_follower || kind == NoteKind::become_leader);
        ReplicaLog& log = log_of(state_of(note.partition.value()), who);
        log.following = kind == NoteKind::become_follower ? note.peer : std::nullopt;
        log.epoch = note.leader_epoch;
        if (kind == NoteKind::become_leader)
            on_leader(log, note);
        else
            log.above_high_watermark.clear();
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
