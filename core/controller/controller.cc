#include "core/controller/controller.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/base/variant.h"

namespace core {

namespace {

/// How long a task that reached its limit of records lets others go first (QuorumController).
constexpr Duration kImmediately = from_ms(10);

void earliest(std::optional<TimePoint>& soonest, std::optional<TimePoint> other) {
    if (other && (!soonest || *other < *soonest)) soonest = other;
}

bool is_due(std::optional<TimePoint> deadline, TimePoint now) {
    return deadline && *deadline <= now;
}

}  // namespace

Controller::Controller(NodeId id, const Profile& profile, const BrokerConfig& config,
                       const TopicTable& topics, Storage& storage,
                       std::optional<std::int16_t> elr_level)
    : id_(id),
      profile_(profile),
      config_(config),
      elr_level_(elr_level.value_or(profile.elr_default_on ? std::int16_t{1} : std::int16_t{0})),
      log_(storage, config.quorum_append_linger),
      image_(topics),
      sessions_(config.broker_session_timeout),
      tracker_(config.broker_session_timeout),
      cluster_(image_, sessions_, tracker_, profile),
      replication_(id, image_, profile, config_, topics) {
    ASSERT(elr_level_ == 0 || profile.elr_supported);
}

void Controller::step(TimePoint now, Lane lane, Input& input, Effects& effects) {
    ASSERT(lane == Lane::requests);
    if (auto* received = std::get_if<Received>(&input)) return receive(now, *received, effects);
    if (log_.commit_at()) commit(effects);
    if (!stopping_) take_up(now, input, effects);
    set_deadline();
}

void Controller::receive(TimePoint now, Received& received, Effects& effects) {
    ASSERT(is_request(*received.message));
    if (log_.commit_at()) commit(effects);
    if (!stopping_) {
        on_request(now, received, effects);
        check_invariants();
    }
    set_deadline();
}

void Controller::take_up(TimePoint now, Input& input, Effects& effects) {
    match(
        input,  //
        [&](const Started&) { on_started(now); }, [&](const Woken&) { on_woken(now, effects); },
        // A controller of one opens no connections.
        [](const Connected&) { UNREACHABLE(); },
        [&](const Lost& lost) { on_lost(lost.connection); }, [](Received&) { UNREACHABLE(); },
        [&](const Call& call) { on_call(now, call, effects); });
    check_invariants();
}

void Controller::set_deadline() {
    deadlines_[Lane::requests] = soonest().value_or(TimePoint::max());
}

std::optional<TimePoint> Controller::soonest() const {
    if (stopping_) return log_.commit_at();
    std::optional<TimePoint> due = log_.drain_at();
    for (auto deadline : {log_.commit_at(), fence_check_at_, no_op_at_, balance_.due, unclean_.due})
        earliest(due, deadline);
    for (const ParkedFetch& fetch : parked_) earliest(due, fetch.expires_at);
    return due;
}

// ---- life ---------------------------------------------------------------------------------------

/// The one voter elects itself: the leader-change message opens the epoch, and with it everything
/// in the log is committed [kafka KafkaRaftClient.onBecomeLeader].
void Controller::on_started(TimePoint now) {
    ASSERT(!active());
    log_.load();
    std::int64_t offset = 0;
    for (const MetadataRecord& record : log_.read(MetadataOffset(0)))
        image_.replay(MetadataOffset(offset++), record);
    const bool empty = offset == 0;
    epoch_ = log_.last_epoch() ? log_.last_epoch()->next() : ControllerEpoch(1);
    notes_.add_election(log_.end_offset(), *epoch_);

    for (const BrokerRegistration& broker : image_.brokers()) {
        sessions_.register_broker(broker.id, broker.fenced, now);
        if (!broker.fenced) tracker_.touch({broker.id, broker.epoch}, now);
    }
    if (profile_.session_tracker_scan) fence_check_at_ = saturating_add(now, tracker_.period());
    MetadataRecords records{NoOpRecord{}};
    if (empty) bootstrap(records);
    write(now, records);
    if (config_.metadata_max_idle_interval > Duration::zero())
        no_op_at_ = saturating_add(now, config_.metadata_max_idle_interval);
    log_.drain(now);
}

/// With ELR the cluster has a min.insync.replicas of its own from the start, so that no broker's
/// configuration can differ from what the controller goes by.
/// [kafka ActivationRecordsGenerator.recordsForEmptyLog, 4.0]
void Controller::bootstrap(MetadataRecords& records) const {
    if (elr_level_ == 0) return;
    records.emplace_back(FeatureLevelRecord{std::string(kElrFeature), elr_level_});
    records.emplace_back(ConfigRecord{ConfigResource::cluster,
                                      {},
                                      {},
                                      "min.insync.replicas",
                                      concat(config_.topic_defaults.min_insync_replicas)});
}

void Controller::on_woken(TimePoint now, Effects& effects) {
    ASSERT(active());
    if (is_due(fence_check_at_, now)) fence_stale_brokers(now);
    if (is_due(balance_.due, now)) run_balance(now);
    if (is_due(unclean_.due, now)) run_unclean_sweep(now);
    if (is_due(no_op_at_, now)) {
        no_op_at_ = saturating_add(now, config_.metadata_max_idle_interval);
        write(now, {NoOpRecord{}});
    }
    if (is_due(log_.drain_at(), now)) log_.drain(now);
    for (const ParkedFetch& fetch : parked_)
        if (fetch.expires_at <= now) answer_fetch(fetch, effects);
    std::erase_if(parked_, [&](const ParkedFetch& fetch) { return fetch.expires_at <= now; });
}

void Controller::on_lost(ConnectionId connection) {
    std::erase_if(parked_,
                  [&](const ParkedFetch& fetch) { return fetch.to.connection == connection; });
    std::erase_if(deferred_,
                  [&](const DeferredReply& reply) { return reply.to.connection == connection; });
}

void Controller::on_call(TimePoint now, const Call& call, Effects& effects) {
    ASSERT(active());
    match(
        call,  //
        [&](const CreateTopics& topics) { write(now, replication_.create_topics(topics).records); },
        [&](const ElectLeaders& elect) { write(now, replication_.elect_leaders(elect).records); },
        [&](const AlterConfig& alter) { on_alter_config(now, alter); },
        [&](const ShutDown&) {
            log_.drain(now);
            stopping_ = true;
            if (!log_.commit_at()) effects.exit(ExitReason::clean_shutdown);
        });
}

void Controller::on_alter_config(TimePoint now, const AlterConfig& call) {
    MetadataRecords records;
    replication_.alter_config(call, records);
    write(now, records);
}

// ---- writing and committing ---------------------------------------------------------------------

MetadataOffset Controller::write(TimePoint now, const MetadataRecords& records) {
    for (const MetadataRecord& record : records) apply(now, record);
    arm_sweeps(now);
    return log_.end_offset();
}

void Controller::apply(TimePoint now, const MetadataRecord& record) {
    const CommitNotes::Before before = CommitNotes::before(image_, record);
    const MetadataOffset offset = log_.append(now, *epoch_, record);
    image_.replay(offset, record);
    notes_.add(offset, record, before, image_);
    if (const auto* registered = std::get_if<RegisterBrokerRecord>(&record)) {
        sessions_.remove(registered->broker);
        sessions_.register_broker(registered->broker, registered->fenced, now);
    }
    if (const auto* change = std::get_if<BrokerRegistrationChangeRecord>(&record))
        sessions_.register_broker(change->broker, image_.find_broker(change->broker)->fenced, now);
    if (const auto partition = touched_partition(record)) {
        const PartitionRegistration* after = image_.find_partition(*partition);
        if (after->leader) ASSERT(contains(after->isr, *after->leader));
    }
}

void Controller::arm_sweeps(TimePoint now) {
    const auto arm = [&](Sweep& sweep, Duration interval) {
        if (!sweep.due)
            sweep.due = saturating_add(now, sweep.immediately ? kImmediately : interval);
    };
    if (config_.auto_leader_rebalance_enable && image_.imbalanced_count() > 0)
        arm(balance_, config_.leader_imbalance_check_interval);
    if (profile_.unclean_config_honoured && image_.leaderless_count() > 0)
        arm(unclean_, config_.unclean_leader_election_interval);
}

void Controller::run_balance(TimePoint now) {
    MetadataRecords records;
    balance_.due.reset();
    balance_.immediately = replication_.balance_leaders(records);
    write(now, records);
}

void Controller::run_unclean_sweep(TimePoint now) {
    MetadataRecords records;
    unclean_.due.reset();
    unclean_.immediately = replication_.elect_unclean_leaders(records);
    write(now, records);
}

/// One broker after the other, so that each fencing sees what the one before it did.
void Controller::fence_stale_brokers(TimePoint now) {
    if (profile_.session_tracker_scan) return scan_sessions(now);
    while (const auto broker = sessions_.stale_broker(now)) {
        MetadataRecords records;
        replication_.broker_fenced(*broker, records);
        sessions_.fence(*broker);
        write(now, records);
    }
    arm_fence_check(now);
}

/// The next look comes soon where there may be more. [kafka maybeFenceOneStaleBroker, 4.0]
void Controller::scan_sessions(TimePoint now) {
    const auto expired = tracker_.take_expired(now);
    fence_check_at_ = saturating_add(now, expired ? kImmediately : tracker_.period());
    if (!expired) return;
    const BrokerRegistration* broker = image_.find_broker(expired->broker);
    if (broker == nullptr || broker->epoch != expired->epoch) return;
    MetadataRecords records;
    replication_.broker_fenced(expired->broker, records);
    sessions_.fence(expired->broker);
    write(now, records);
}

void Controller::arm_fence_check(TimePoint now) {
    if (profile_.session_tracker_scan) return;
    fence_check_at_ = sessions_.next_expiry();
    if (fence_check_at_) fence_check_at_ = std::max(*fence_check_at_, now);
}

void Controller::answer(Reply to, MetadataOffset until, MessageBox message, Effects& effects) {
    if (until <= log_.high_watermark())
        return effects.send(to.connection, to.correlation, std::move(message));
    if (!deferred_.empty()) ASSERT(deferred_.back().until <= until);
    deferred_.push_back(DeferredReply{to, until, std::move(message)});
}

void Controller::commit(Effects& effects) {
    log_.commit();
    const MetadataOffset committed = log_.high_watermark();
    notes_.emit(committed, effects);
    for (const ParkedFetch& fetch : parked_)
        if (fetch.from < committed) answer_fetch(fetch, effects);
    std::erase_if(parked_, [&](const ParkedFetch& fetch) { return fetch.from < committed; });
    auto waiting = deferred_.begin();
    for (; waiting != deferred_.end() && waiting->until <= committed; ++waiting)
        effects.send(waiting->to.connection, waiting->to.correlation, std::move(waiting->message));
    deferred_.erase(deferred_.begin(), waiting);
    if (stopping_) effects.exit(ExitReason::clean_shutdown);
}

void Controller::answer_fetch(const ParkedFetch& fetch, Effects& effects) const {
    const auto records = log_.read(fetch.from);
    MetadataFetchResponse response;
    response.leader = id_;
    response.base_offset = fetch.from;
    response.records.assign(records.begin(), records.end());
    response.high_watermark = log_.high_watermark();
    effects.send(fetch.to.connection, fetch.to.correlation, std::move(response));
}

void Controller::check_invariants() const {
    ASSERT(log_.high_watermark() <= log_.end_offset());
    if (image_.highest_offset()) ASSERT(image_.highest_offset()->next() == log_.end_offset());
    // Something that waits for a commit has a commit to wait for.
    if (!deferred_.empty()) ASSERT(log_.drain_at() || log_.commit_at());
    if (!deferred_.empty()) ASSERT(deferred_.back().until <= log_.end_offset());
}

}  // namespace core
