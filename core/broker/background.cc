// Periodic tasks, flushes and the clean stop. [kafka KafkaScheduler tasks, BrokerServer.shutdown]
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/broker/broker.h"
#include "core/log/checkpoint.h"

namespace core {
namespace {

/// producer.id.expiration.check.interval.ms, an internal setting.
constexpr Duration kProducerExpirationCheck = from_ms(600'000);

}  // namespace

Duration Broker::period(Task task) const {
    switch (task) {
        case Task::high_watermark_checkpoint:
            return config_.high_watermark_checkpoint_interval;
        case Task::recovery_point_checkpoint:
            return config_.flush_offset_checkpoint_interval;
        case Task::log_start_checkpoint:
            return config_.flush_start_offset_checkpoint_interval;
        case Task::flush_dirty_logs:
            return config_.flush_scheduler_interval;
        case Task::expire_producers:
            return kProducerExpirationCheck;
        case Task::isr_expiration:
            return config_.replica_lag_time_max / 2;
    }
    UNREACHABLE();
}

/// Each task begins somewhere within its period: brokers do not start in step.
void Broker::arm_tasks(TimePoint now) {
    for (int i = 0; i < kTasks; ++i) {
        const auto task = static_cast<Task>(i);
        const Duration every = period(task);
        if (every == Duration::max()) continue;
        ASSERT(every > Duration::zero());
        const std::uint64_t draw =
            keyed_draw(seed_, Purpose::timer_phase,
                       {static_cast<std::uint64_t>(id_.value()), static_cast<std::uint64_t>(i)});
        const auto phase =
            static_cast<std::int64_t>(below(draw, static_cast<std::uint64_t>(every.count())));
        due(task) = saturating_add(now, Duration(phase));
    }
}

void Broker::run_background(TimePoint now, Effects& effects) {
    if (now >= stop_at_) return stop(now, effects);
    flush_rolled(now, effects);
    for (int i = 0; i < kTasks; ++i) {
        const auto task = static_cast<Task>(i);
        if (task != Task::isr_expiration && now >= due(task)) run_task(task, now, effects);
    }
}

void Broker::run_task(Task task, TimePoint now, Effects& effects) {
    // At a fixed rate, but what a pause made late is not made up for.
    while (due(task) <= now) due(task) = saturating_add(due(task), period(task));
    switch (task) {
        case Task::high_watermark_checkpoint:
            logs_.checkpoint_high_watermarks();
            effects.note({.kind = NoteKind::hw_checkpoint});
            return;
        case Task::recovery_point_checkpoint:
            logs_.checkpoint_recovery_points();
            for (PartitionId partition : logs_.partitions())
                logs_.find(partition)->delete_retired_files(now, config_.segment_delete_delay);
            return;
        case Task::log_start_checkpoint:
            return logs_.checkpoint_log_starts();
        case Task::flush_dirty_logs:
            return flush_dirty_logs(now, effects);
        case Task::expire_producers:
            for (PartitionId partition : logs_.partitions())
                logs_.find(partition)->expire_producers(
                    kWallClockAtZeroMs + to_ms(now.time_since_epoch()),
                    config_.producer_id_expiration);
            return;
        case Task::isr_expiration:
            return replicas_.expire_isr();
    }
}

/// A roll schedules the flush of what lies below the new segment. [kafka UnifiedLog.roll]
void Broker::flush_rolled(TimePoint now, Effects& effects) {
    for (PartitionId partition : std::exchange(replicas_.context().rolled, {})) {
        Log* log = logs_.find(partition);
        if (log == nullptr) continue;
        const auto end = log->flush_waiting();
        if (!end || !log->flush(now, *end)) continue;
        effects.note({.kind = NoteKind::log_flush, .partition = partition, .end = *end});
    }
}

/// [kafka LogManager.flushDirtyLogs]
void Broker::flush_dirty_logs(TimePoint now, Effects& effects) {
    for (PartitionId partition : logs_.partitions()) {
        const TopicConfig config = replicas_.topic_config(partition);
        const Duration every = std::min(config.flush_interval, config_.flush_scheduler_interval);
        Log* log = logs_.find(partition);
        if (now - log->last_flush() < every) continue;
        const Offset end = log->log_end_offset();
        if (log->flush(now, end))
            effects.note({.kind = NoteKind::log_flush, .partition = partition, .end = end});
    }
}

void Broker::stop(TimePoint now, Effects& effects) {
    ASSERT(stage_ == Stage::stopping);
    stage_ = Stage::stopped;
    logs_.checkpoint_high_watermarks();
    logs_.shut_down(now, profile_.clean_marker_carries_epoch
                             ? format_clean_shutdown(lifecycle_.broker_epoch())
                             : std::string());
    effects.note({.kind = NoteKind::broker_shut_down});
    effects.exit(ExitReason::clean_shutdown);
}

/// Everything but the delayed requests and the fetchers, which only the requests lane has.
std::optional<TimePoint> Broker::timers_due(Lane lane) const {
    if (stage_ == Stage::down || stage_ == Stage::stopped) return std::nullopt;
    if (stage_ == Stage::stopping && lane != Lane::background) return std::nullopt;
    TimePoint first = TimePoint::max();
    const auto at_most = [&](std::optional<TimePoint> other) {
        if (other) first = std::min(first, *other);
    };
    switch (lane) {
        case Lane::requests:
            first = due(Task::isr_expiration);
            at_most(alter_partition_.next_deadline());
            at_most(directories_.next_deadline());
            at_most(producer_ids_.next_deadline());
            break;
        case Lane::metadata:
            first = metadata_work_at_;
            at_most(observer_.next_deadline());
            break;
        case Lane::background:
            if (stop_at_ != TimePoint::max()) return stop_at_;
            for (int i = 0; i < kTasks; ++i)
                if (static_cast<Task>(i) != Task::isr_expiration)
                    first = std::min(first, due(static_cast<Task>(i)));
            break;
        case Lane::heartbeats:
            return lifecycle_.next_deadline();
    }
    if (first == TimePoint::max()) return std::nullopt;
    return first;
}

void Broker::refresh_timers() {
    timers_moved_ = false;
    for (int lane = 0; lane < kLanes; ++lane)
        timers_[static_cast<Lane>(lane)] =
            timers_due(static_cast<Lane>(lane)).value_or(TimePoint::max());
    deadlines_ = timers_;
}

}  // namespace core
