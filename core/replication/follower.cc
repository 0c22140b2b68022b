#include "core/replication/follower.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/log/truncation.h"

namespace core {

Follower::Follower(PartitionId partition, Log& log, const PartitionRegistration& registration)
    : partition_(partition),
      log_(&log),
      leader_(registration.leader),
      epoch_(registration.leader_epoch),
      partition_epoch_(registration.partition_epoch),
      replicas_(registration.replicas),
      fetch_offset_(log.log_end_offset()) {}

// ---- metadata -----------------------------------------------------------------------------------

bool Follower::on_registration(const PartitionRegistration& registration) {
    if (registration.partition_epoch < partition_epoch_) return false;
    ASSERT(registration.leader_epoch >= epoch_);
    const bool new_epoch = registration.leader_epoch > epoch_;
    leader_ = registration.leader;
    epoch_ = registration.leader_epoch;
    partition_epoch_ = registration.partition_epoch;
    replicas_ = registration.replicas;
    return new_epoch;
}

void Follower::fetch_from_end() {
    fetch_offset_ = log_->log_end_offset();
    last_fetched_epoch_ = log_->latest_epoch();
}

void Follower::start_fetching(LogManager& logs, ReplicationContext& context) {
    ASSERT(leader_.has_value());
    fetching_ = true;
    range_unknown_ = false;
    delayed_until_ = TimePoint::min();
    const bool epochs_known = context.profile->truncate_on_fetch && log_->latest_epoch();
    if (!epochs_known) truncate(log_->high_watermark(), epoch_, logs, context);
    fetch_from_end();
}

// ---- answers ------------------------------------------------------------------------------------

bool Follower::append(std::span<const Batch> batches, ReplicationContext& context) {
    context.effects->note({.kind = NoteKind::fetch_response,
                           .partition = partition_,
                           .peer = leader_,
                           .leader_epoch = epoch_,
                           .first = fetch_offset_});
    const Result<AppendInfo> appended = log_->append_as_follower(context.now, batches);
    if (!appended.ok()) return false;
    if (log_->rolled()) [[unlikely]]
        note_roll(context);
    for (const Batch& batch : batches)
        context.effects->note({.kind = NoteKind::log_append,
                               .partition = partition_,
                               .leader_epoch = batch.leader_epoch,
                               .tag = batch.body->tag(),
                               .first = batch.base_offset,
                               .end = batch.next_offset(),
                               .value = 0});
    fetch_offset_ = appended->end;
    last_fetched_epoch_ = batches.back().leader_epoch;
    ASSERT(fetch_offset_ == log_->log_end_offset());
    if (appended->flushed) [[unlikely]]
        note_flush(context);
    return true;
}

FetchOutcome Follower::on_response(const FetchPartition& asked,
                                   const FetchPartitionResponse& response, LogManager& logs,
                                   ReplicationContext& context) {
    ASSERT(asked.partition == partition_);
    if (!ready_to_fetch(context.now)) return FetchOutcome::ignored;
    if (asked.fetch_offset != fetch_offset_) return FetchOutcome::ignored;
    if (response.error != ErrorCode::none) [[unlikely]]
        return on_error(response.error, asked);
    if (response.diverging) [[unlikely]]
        return on_diverging(*response.diverging, logs, context);
    ASSERT(fetch_offset_ == log_->log_end_offset());
    const std::span<const Batch> batches = taken(response, *context.profile);
    // Damaged on its way or at the leader: the same records are asked for again, later.
    if (!batches.empty() && !append(batches, context)) return FetchOutcome::delayed;
    log_->set_high_watermark(response.high_watermark);
    const Offset start = std::min(response.log_start_offset, log_->high_watermark());
    const bool start_moved = start > log_->log_start();
    if (start_moved) [[unlikely]]
        raise_log_start(start, logs);
    return batches.empty() && !start_moved ? FetchOutcome::unchanged : FetchOutcome::moved;
}

FetchOutcome Follower::on_error(ErrorCode error, const FetchPartition& asked) {
    if (error == ErrorCode::offset_out_of_range) {
        range_unknown_ = true;
        return FetchOutcome::out_of_range;
    }
    if (error == ErrorCode::fenced_leader_epoch && asked.current_leader_epoch == epoch_) {
        stop_fetching();
        return FetchOutcome::stopped;
    }
    return FetchOutcome::delayed;
}

FetchOutcome Follower::on_diverging(const OffsetAndEpoch& diverging, LogManager& logs,
                                    ReplicationContext& context) {
    const TruncationStep step = next_truncation(log_->epochs(), log_->log_end_offset(), diverging);
    truncate(step.target, diverging.leader_epoch, logs, context);
    // Done or not, the next fetch asks again with what is the latest epoch now.
    fetch_from_end();
    return FetchOutcome::moved;
}

void Follower::raise_log_start(Offset start, LogManager& logs) {
    log_->advance_log_start(start);
    logs.checkpoint_log_starts();
}

void Follower::note_roll(ReplicationContext& context) const {
    context.rolled.push_back(partition_);
    context.effects->note(
        {.kind = NoteKind::log_roll, .partition = partition_, .first = fetch_offset_});
}

void Follower::note_flush(ReplicationContext& context) const {
    context.effects->note(
        {.kind = NoteKind::log_flush, .partition = partition_, .end = fetch_offset_});
}

void Follower::truncate(Offset target, LeaderEpoch answer_epoch, LogManager& logs,
                        ReplicationContext& context) {
    const Offset before = log_->log_end_offset();
    if (!logs.truncate_to(partition_, target)) return;
    ASSERT(log_->log_end_offset() <= before);
    context.effects->note({.kind = NoteKind::log_truncate,
                           .partition = partition_,
                           .peer = leader_,
                           .leader_epoch = answer_epoch,
                           .first = log_->log_end_offset(),
                           .end = before});
}

bool Follower::on_leader_end(Offset leader_end, LogManager& logs, ReplicationContext& context) {
    if (leader_end >= log_->log_end_offset()) return true;
    // An unclean election gave the leadership to a shorter log.
    truncate(leader_end, epoch_, logs, context);
    range_unknown_ = false;
    fetch_from_end();
    return false;
}

void Follower::on_leader_start(Offset leader_start, LogManager& logs, ReplicationContext& context) {
    const Offset before = log_->log_end_offset();
    if (leader_start > before) {
        // Everything this replica has was deleted at the leader already.
        logs.truncate_fully_and_start_at(partition_, leader_start);
        context.effects->note({.kind = NoteKind::log_truncate,
                               .partition = partition_,
                               .peer = leader_,
                               .leader_epoch = epoch_,
                               .first = leader_start,
                               .end = before});
    }
    range_unknown_ = false;
    fetch_from_end();
}

}  // namespace core
