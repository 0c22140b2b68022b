// From the metadata log to roles, and from start to serving. [kafka MetadataLoader,
// BrokerMetadataPublisher, BrokerServer.startup]
#include <algorithm>

#include "core/base/assert.h"
#include "core/broker/broker.h"

namespace core {

void Broker::on_metadata(TimePoint now, Effects& effects) {
    while (auto next = observer_.take_committed()) {
        touched_.add(next->record);
        if (const auto* clear = std::get_if<ClearElrRecord>(&next->record))
            for (PartitionId partition : image_.cleared_by(*clear)) touched_.add(partition);
        brokers_changed_ = brokers_changed_ ||
                           std::holds_alternative<RegisterBrokerRecord>(next->record) ||
                           std::holds_alternative<BrokerRegistrationChangeRecord>(next->record) ||
                           std::holds_alternative<UnregisterBrokerRecord>(next->record);
        configs_changed_ = configs_changed_ || std::holds_alternative<ConfigRecord>(next->record);
        image_.replay(next->offset, next->record);
    }
    lifecycle_.set_metadata_offset(image_.highest_offset());
    for (ControllerChannel* channel : {&lifecycle_.channel(), &alter_partition_.channel(),
                                       &directories_.channel(), &producer_ids_.channel()})
        channel->set_controller(now, observer_.leader(), effects);
    if (stage_ == Stage::published) publish(now, effects);
    maybe_load_logs(now);
}

void Broker::maybe_load_logs(TimePoint now) {
    if (stage_ != Stage::observing || metadata_work_at_ != TimePoint::max()) return;
    if (lifecycle_.state() == BrokerState::recovery && observer_.caught_up())
        metadata_work_at_ = now;
}

void Broker::wake_metadata(TimePoint now, Effects& effects) {
    observer_.on_woken(now, effects);
    if (now < metadata_work_at_) return;
    metadata_work_at_ = TimePoint::max();
    if (stage_ == Stage::observing) return load_logs(now, effects);
    if (stage_ == Stage::loading) publish_first(now, effects);
}

/// First half of the first publish: recovery. Its time is charged to the metadata lane; the second
/// half runs when the lane is free again.
void Broker::load_logs(TimePoint now, Effects& effects) {
    stage_ = Stage::loading;
    std::int64_t scanned = 0;
    const auto loaded = logs_.load_logs(
        now, [&](PartitionId partition) { return replicas_.topic_config(partition); });
    for (const LogManager::Loaded& log : loaded) {
        scanned += static_cast<std::int64_t>(log.report.bytes_scanned);
        const Log* found = logs_.find(log.partition);
        ASSERT(found != nullptr);
        effects.note({.kind = NoteKind::log_recovered,
                      .partition = log.partition,
                      .first = found->log_start(),
                      .end = found->log_end_offset(),
                      .value = static_cast<std::int64_t>(log.report.bytes_truncated)});
    }
    effects.note({.kind = NoteKind::broker_recovered, .value = scanned});
    metadata_work_at_ = now;
}

void Broker::publish_first(TimePoint now, Effects& effects) {
    ASSERT(stage_ == Stage::loading);
    stage_ = Stage::published;
    publish(now, effects);
    lifecycle_.ready_to_unfence(now);
    arm_tasks(now);
}

void Broker::publish(TimePoint now, Effects& effects) {
    if (brokers_changed_) replicas_.publish_brokers();
    if (configs_changed_) replicas_.publish_configs();
    brokers_changed_ = false;
    configs_changed_ = false;
    if (touched_.list().empty()) return;
    const bool leaving = lifecycle_.state() == BrokerState::pending_controlled_shutdown;
    replicas_.publish(touched_.list(), leaving);
    if (profile_.directory_assignment) {
        for (PartitionId partition : replicas_.misplaced(touched_.list(), directory_))
            directories_.assign(partition, directory_);
        directories_.maybe_send(now, lifecycle_.broker_epoch(), effects);
    }
    touched_.clear();
}

/// What the heartbeats lane learned concerns the others.
void Broker::after_heartbeat(TimePoint now, Effects& effects) {
    if (lifecycle_.registration_timed_out()) {
        stage_ = Stage::stopped;
        effects.exit(ExitReason::registration_timeout);
        return;
    }
    const BrokerState state = lifecycle_.state();
    maybe_load_logs(now);
    if (stage_ == Stage::published && state == BrokerState::running) queue_.resume();
    if (state == BrokerState::shutting_down && stop_at_ == TimePoint::max()) {
        stage_ = Stage::stopping;
        stop_at_ = now;
    }
}

void Broker::on_shut_down(TimePoint now) {
    lifecycle_.begin_shutdown(now, config_.controlled_shutdown_enable);
    if (lifecycle_.state() != BrokerState::shutting_down) return;
    stage_ = Stage::stopping;
    stop_at_ = now;
}

}  // namespace core
