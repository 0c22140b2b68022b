#include "tests/reports/hand_history.h"

#include <doctest/doctest.h>

namespace test {
namespace {

using core::NodeId;
using core::NoteKind;
using core::Offset;
using trace::WorldKind;

const core::PartitionId kPartition(0);

scenario::Scenario scenario_of(const HandHistory::Options& options) {
    scenario::Scenario s;
    s.id = "by-hand";
    s.title.en = "A history written by hand";
    s.sha256 = std::string(64, '0');
    s.kafka.asked = "3.9";
    s.kafka.profile = options.profile;
    s.run.end = core::from_ms(60'000);
    s.run.seed = 7;
    for (const std::int32_t id : {1, 2, 3})
        s.cluster.brokers.push_back(scenario::BrokerSpec{NodeId(id), "", {}, {}});
    s.cluster.controllers.push_back(scenario::ControllerSpec{NodeId(100), {}});
    scenario::Topic topic{"orders", kPartition, {}, {}};
    topic.partitions.push_back(scenario::Partition{0, {NodeId(1), NodeId(2), NodeId(3)}});
    core::set_config(topic.config, "min.insync.replicas", std::to_string(options.min_isr));
    s.topics.push_back(topic);
    for (std::uint32_t p = 0; p < options.producers; ++p) {
        scenario::Producer producer{"p" + std::to_string(p + 1),
                                    NodeId(core::kFirstClientId + static_cast<std::int32_t>(p)),
                                    0,
                                    {},
                                    {}};
        core::set_config(producer.config, "acks", options.acks);
        s.producers.push_back(producer);
    }
    s.expect = options.expect;
    s.steps = options.steps;
    return s;
}

std::vector<trace::PartitionView> views_of(const HandHistory::Options& options) {
    trace::PartitionView view;
    view.replicas = {NodeId(1), NodeId(2), NodeId(3)};
    view.isr = view.replicas;
    view.leader = NodeId(1);
    view.min_insync_replicas = options.min_isr;
    return {view};
}

}  // namespace

HandHistory::HandHistory(const Options& options)
    : scenario_(scenario_of(options)),
      view_(views_of(options)),
      ledger_(view_, 1, std::vector<bool>(options.producers, options.acks == "0")),
      metrics_(scenario_, view_, ledger_),
      chronicle_(ledger_),
      next_batch_(options.producers, 0),
      next_record_(options.producers, 0) {
    // Observers see nothing of the start-up; the view has seen it.
    for (const std::int32_t id : {100, 1, 2, 3}) {
        trace::WorldEvent up{WorldKind::process_start};
        up.node = NodeId(id);
        view_.on_world(tick(), up);
    }
    now_ns_ = 0;
    for (const scenario::Step& step : scenario_.steps)
        outcome_.steps.push_back(trace::StepOutcome{
            step.id, false, core::TimePoint::max(), std::nullopt, {}, {}, {}, false});
}

trace::Moment HandHistory::tick() {
    if (!together_) {
        now_ns_ += 1'000;
        ++event_;
    }
    return trace::Moment{core::at_ns(now_ns_), trace::EventId(event_), trace::EventId(0)};
}

void HandHistory::at_ms(std::int64_t ms) {
    CHECK(ms * 1'000'000 >= now_ns_);
    now_ns_ = ms * 1'000'000 - 1'000;
}

void HandHistory::note(std::int32_t who, const core::Note& note,
                       const std::vector<core::NodeId>& replicas) {
    const trace::Moment moment = tick();
    for (trace::Observer* observer :
         std::initializer_list<trace::Observer*>{&view_, &ledger_, &metrics_, &chronicle_})
        observer->on_note(moment, NodeId(who), note, replicas);
}

void HandHistory::world(WorldKind kind, std::optional<std::int32_t> node, std::int64_t value) {
    trace::WorldEvent event{kind};
    if (node) event.node = NodeId(*node);
    event.value = value;
    const trace::Moment moment = tick();
    for (trace::Observer* observer :
         std::initializer_list<trace::Observer*>{&view_, &ledger_, &metrics_, &chronicle_})
        observer->on_world(moment, event);
}

core::BatchTag HandHistory::tag(std::uint32_t producer, std::uint32_t batch) const {
    return core::BatchTag{scenario_.producers[producer].node, batch};
}

core::Note HandHistory::partition_note(NoteKind kind) const {
    core::Note n{.kind = kind};
    n.partition = kPartition;
    return n;
}

// ---- clients ------------------------------------------------------------------------------------

std::uint32_t HandHistory::send(std::int64_t count, std::int32_t broker, std::uint32_t producer) {
    const std::uint32_t batch = next_batch_[producer]++;
    const NodeId client = scenario_.producers[producer].node;
    sent_[{producer, batch}] = {next_record_[producer], count};
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t number = next_record_[producer]++;
        ledger_.on_send(tick(), client, core::RecordNumber(number), kPartition);
        core::Note queued = partition_note(NoteKind::record_queued);
        queued.tag = tag(producer, batch);
        queued.value = number;
        note(client.value(), queued);
    }
    resend(batch, broker, producer);
    return batch;
}

void HandHistory::resend(std::uint32_t batch, std::int32_t broker, std::uint32_t producer) {
    core::Note sent = partition_note(NoteKind::produce_send);
    sent.tag = tag(producer, batch);
    sent.peer = NodeId(broker);
    note(scenario_.producers[producer].node.value(), sent);
}

void HandHistory::fail(std::uint32_t batch, core::ErrorCode error, std::uint32_t producer) {
    core::Note n = partition_note(NoteKind::produce_error);
    n.tag = tag(producer, batch);
    n.error = error;
    note(scenario_.producers[producer].node.value(), n);
}

void HandHistory::refuse(core::ErrorCode error, std::uint32_t producer) {
    const NodeId client = scenario_.producers[producer].node;
    const std::int64_t number = next_record_[producer]++;
    ledger_.on_send(tick(), client, core::RecordNumber(number), kPartition);
    core::Note n = partition_note(NoteKind::record_refused);
    n.value = number;
    n.error = error;
    note(client.value(), n);
}

void HandHistory::answer(std::uint32_t batch, std::int64_t base, std::int32_t broker,
                         std::int32_t epoch, std::uint32_t producer) {
    const std::int64_t count = sent_[{producer, batch}].second;
    core::Note answered = partition_note(NoteKind::produce_answered);
    answered.tag = tag(producer, batch);
    answered.first = Offset(base);
    answered.end = Offset(base + count);
    answered.leader_epoch = core::LeaderEpoch(epoch);
    answered.value = static_cast<std::int64_t>(view_.partition(kPartition).isr.size());
    note(broker, answered);
}

void HandHistory::ack(std::uint32_t batch, std::int64_t base, std::int32_t broker,
                      std::int32_t epoch, std::uint32_t producer) {
    answer(batch, base, broker, epoch, producer);
    hear(batch, base, broker, producer);
}

void HandHistory::hear(std::uint32_t batch, std::int64_t base, std::int32_t broker,
                       std::uint32_t producer) {
    const std::int64_t count = sent_[{producer, batch}].second;
    core::Note acked = partition_note(NoteKind::produce_ack);
    acked.tag = tag(producer, batch);
    acked.peer = NodeId(broker);
    acked.first = Offset(base);
    acked.end = Offset(base + count);
    note(scenario_.producers[producer].node.value(), acked);
}

void HandHistory::ack_unanswered(std::uint32_t batch, std::uint32_t producer) {
    core::Note acked = partition_note(NoteKind::produce_ack);
    acked.tag = tag(producer, batch);
    acked.peer = NodeId(1);
    note(scenario_.producers[producer].node.value(), acked);
}

// ---- brokers ------------------------------------------------------------------------------------

std::int64_t HandHistory::end_of(std::int32_t broker) const {
    const auto at = logs_.find(broker);
    if (at == logs_.end() || at->second.empty()) return 0;
    return at->second.back().base + at->second.back().count;
}

void HandHistory::append(std::int32_t broker, std::uint32_t batch, std::int32_t epoch, bool leader,
                         std::uint32_t producer) {
    const auto [first, count] = sent_[{producer, batch}];
    const std::int64_t base = end_of(broker);
    logs_[broker].push_back(Held{producer, batch, first, count, epoch, base});
    core::Note n = partition_note(NoteKind::log_append);
    n.leader_epoch = core::LeaderEpoch(epoch);
    n.tag = tag(producer, batch);
    n.first = Offset(base);
    n.end = Offset(base + count);
    n.value = leader ? 1 : 0;
    note(broker, n);
}

void HandHistory::cut(std::int32_t broker, std::int64_t to) {
    auto& log = logs_[broker];
    while (!log.empty() && log.back().base + log.back().count > to) log.pop_back();
}

void HandHistory::truncate(std::int32_t broker, std::int64_t to) {
    core::Note n = partition_note(NoteKind::log_truncate);
    n.first = Offset(to);
    n.end = Offset(end_of(broker));
    cut(broker, to);
    note(broker, n);
}

void HandHistory::high_watermark(std::int32_t broker, std::int64_t value) {
    core::Note n = partition_note(NoteKind::hw_advance);
    n.first = Offset(0);
    n.end = Offset(value);
    note(broker, n);
}

void HandHistory::lead(std::int32_t broker, std::int32_t epoch) {
    core::Note n = partition_note(NoteKind::become_leader);
    n.leader_epoch = core::LeaderEpoch(epoch);
    n.end = Offset(end_of(broker));
    note(broker, n);
}

void HandHistory::follow(std::int32_t broker, std::int32_t epoch, std::int32_t leader) {
    core::Note n = partition_note(NoteKind::become_follower);
    n.leader_epoch = core::LeaderEpoch(epoch);
    n.peer = NodeId(leader);
    n.end = Offset(end_of(broker));
    note(broker, n);
}

// ---- controller ---------------------------------------------------------------------------------

void HandHistory::commit(std::optional<std::int32_t> leader, std::int32_t epoch,
                         const std::vector<std::int32_t>& isr) {
    core::Note n = partition_note(NoteKind::partition_change);
    if (leader) n.peer = NodeId(*leader);
    n.leader_epoch = core::LeaderEpoch(epoch);
    std::vector<NodeId> members;
    members.reserve(isr.size());
    for (const std::int32_t id : isr) members.emplace_back(id);
    note(100, n, members);
}

void HandHistory::elect(std::optional<std::int32_t> leader, std::int32_t epoch,
                        const std::vector<std::int32_t>& isr, bool clean) {
    commit(leader, epoch, isr);
    core::Note n = partition_note(NoteKind::leader_elect);
    if (leader) n.peer = NodeId(*leader);
    n.value = clean ? 1 : 0;
    note(100, n);
}

void HandHistory::fence(std::int32_t broker) {
    core::Note n{.kind = NoteKind::broker_fenced};
    n.peer = NodeId(broker);
    note(100, n);
}

void HandHistory::shut_down(std::int32_t broker) {
    core::Note n{.kind = NoteKind::controlled_shutdown};
    n.peer = NodeId(broker);
    note(100, n);
}

// ---- the world ----------------------------------------------------------------------------------

void HandHistory::crash(std::int32_t broker, bool host) {
    world(WorldKind::process_crash, broker, host ? 1 : 0);
}

void HandHistory::start(std::int32_t broker) {
    world(WorldKind::process_start, broker);
}

void HandHistory::lose_bytes(std::int32_t broker, std::int64_t from) {
    trace::WorldEvent event{WorldKind::disk_lost};
    event.node = NodeId(broker);
    event.partition = kPartition;
    event.first = Offset(from);
    event.end = Offset(end_of(broker));
    cut(broker, from);
    const trace::Moment moment = tick();
    for (trace::Observer* observer :
         std::initializer_list<trace::Observer*>{&view_, &ledger_, &metrics_, &chronicle_})
        observer->on_world(moment, event);
}

void HandHistory::wipe(std::int32_t broker) {
    logs_[broker].clear();
    world(WorldKind::disk_wiped, broker);
}

void HandHistory::recover(std::int32_t broker, std::int64_t end) {
    core::Note n = partition_note(NoteKind::log_recovered);
    n.first = Offset(0);
    n.end = Offset(end);
    cut(broker, end);
    note(broker, n);
}

// ---- judgement ----------------------------------------------------------------------------------

std::vector<trace::LogRecord> HandHistory::records_of(std::int32_t broker) const {
    std::vector<trace::LogRecord> out;
    const auto at = logs_.find(broker);
    if (at == logs_.end()) return out;
    for (const Held& held : at->second)
        for (std::int64_t i = 0; i < held.count; ++i)
            out.push_back(trace::LogRecord{Offset(held.base + i), core::LeaderEpoch(held.epoch),
                                           held.producer, core::RecordNumber(held.first + i)});
    return out;
}

const report::Judgement& HandHistory::judge(std::optional<std::int32_t> leader,
                                            std::optional<std::int64_t> high_watermark) {
    return judge_with(leader, true, high_watermark);
}

const report::Judgement& HandHistory::judge_dead_leader(std::int32_t leader) {
    return judge_with(leader, false, std::nullopt);
}

const report::Judgement& HandHistory::judge_with(std::optional<std::int32_t> leader, bool live,
                                                 std::optional<std::int64_t> high_watermark) {
    at_ms(60'000);
    world(WorldKind::run_end);
    at_ms(70'000);
    world(WorldKind::audit);
    outcome_.digest = 0x9f3c52d1a07be644ULL;
    outcome_.events = event_;
    outcome_.run_end = core::at_ns(60'000'000'000);
    outcome_.audited_at = core::at_ns(70'000'000'000);
    trace::PartitionOutcome partition{kPartition, "orders-0", std::nullopt, core::LeaderEpoch(0),
                                      {},         Offset(0),  {},           false,
                                      false,      {}};
    partition.leader_epoch = view_.partition(kPartition).leader_epoch;
    partition.isr = view_.partition(kPartition).isr;
    for (const std::int32_t id : {1, 2, 3}) {
        trace::ReplicaOutcome replica{NodeId(id), true, Offset(0), Offset(0), Offset(0), 0, {}, {}};
        replica.log_end = Offset(end_of(id));
        replica.log = records_of(id);
        replica.digest = static_cast<std::uint64_t>(id);
        replica.epochs = {core::OffsetAndEpoch{Offset(0), core::LeaderEpoch(0)}};
        partition.replicas.push_back(replica);
    }
    if (leader) partition.leader = NodeId(*leader);
    if (leader && live) {
        partition.leader_live = true;
        partition.readable = true;
        const std::int64_t end = high_watermark.value_or(end_of(*leader));
        partition.high_watermark = Offset(end);
        for (const trace::LogRecord& record : records_of(*leader))
            if (record.offset.value() < end) partition.read.push_back(record);
    }
    outcome_.partitions.push_back(std::move(partition));
    histories_ = std::make_unique<report::Histories>(chronicle_, scenario_);
    history_ = std::make_unique<report::History>(
        report::History{scenario_, scenario_.run.seed, view_, ledger_, outcome_, chronicle_});
    judgement_ = report::judge(*history_, metrics_, *histories_, {});
    return judgement_;
}

scenario::MetricValue HandHistory::value(scenario::Metric metric) const {
    return report::value_of(judgement_.measures, metric, report::name(judgement_.verdict));
}

std::int64_t HandHistory::count(scenario::Metric metric) const {
    const scenario::MetricValue value_found = value(metric);
    REQUIRE(std::holds_alternative<std::int64_t>(value_found));
    return std::get<std::int64_t>(value_found);
}

report::Fate HandHistory::fate(std::int64_t number, std::uint32_t producer) const {
    return judgement_.fates[producer][static_cast<std::size_t>(number)].fate;
}

report::Cause HandHistory::only_cause() const {
    REQUIRE(!judgement_.losses.empty());
    for (const report::Loss& loss : judgement_.losses)
        REQUIRE(loss.how.cause == judgement_.losses.front().how.cause);
    return judgement_.losses.front().how.cause;
}

}  // namespace test
