#include "reports/metrics.h"

#include <algorithm>

#include "core/base/assert.h"

namespace report {
namespace {

using core::NoteKind;
using scenario::Metric;

}  // namespace

std::vector<Metric> all_metrics() {
    std::vector<Metric> all;
    for (int i = 0; i <= static_cast<int>(Metric::twice); ++i)
        all.push_back(static_cast<Metric>(i));
    return all;
}

std::optional<Metric> find_metric(std::string_view name) {
    for (const Metric metric : all_metrics())
        if (scenario::name(metric) == name) return metric;
    return std::nullopt;
}

bool changes_during_run(Metric metric) {
    return metric == Metric::acked || metric == Metric::acked_lost ||
           metric == Metric::acked_while_isr_size1 || metric == Metric::acks_from_stale_leader ||
           metric == Metric::elections_clean || metric == Metric::elections_unclean;
}

MetricsFold::MetricsFold(const scenario::Scenario& scenario, const trace::ClusterView& view,
                         const trace::Ledger& ledger)
    : scenario_(scenario),
      view_(view),
      ledger_(ledger),
      partitions_(view.partition_count()),
      run_end_(core::TimePoint(scenario.run.end)) {
    for (std::uint32_t p = 0; p < partitions_.size(); ++p) {
        PartitionState& state = partitions_[p];
        const core::NodeId first = scenario.partition(core::PartitionId(p)).replicas.front();
        state.leading.push_back(Leading{first, core::LeaderEpoch(0)});
        state.terms.push_back(Term{first, core::LeaderEpoch(0), core::TimePoint::min()});
        state.write.open = state.read.open = false;
    }
    for (std::uint32_t p = 0; p < scenario.producers.size(); ++p) {
        if (acks_of(scenario, p) != -1) continue;
        const scenario::Topic& topic = scenario.topics[scenario.producers[p].topic];
        for (std::uint32_t i = 0; i < topic.partitions.size(); ++i)
            partitions_[topic.first_partition.value() + i].needs_isr = true;
    }
    for (std::size_t i = 0; i < scenario.expect.size(); ++i) {
        const scenario::Expect& expect = scenario.expect[i];
        if (expect.mode != scenario::Mode::always || !changes_during_run(expect.metric)) continue;
        watches_.push_back(Watch{i});
        if (expect.metric == Metric::acked_lost) watches_lost_ = true;
        test(watches_.back(), core::at_ns(0));
    }
}

std::int64_t MetricsFold::elections(core::PartitionId partition, bool clean) const {
    const PartitionState& state = partitions_[partition.value()];
    return clean ? state.clean : state.unclean;
}

core::Duration MetricsFold::unavailable(core::PartitionId partition, bool write) const {
    const PartitionState& state = partitions_[partition.value()];
    return write ? state.write.total : state.read.total;
}

const std::vector<Term>& MetricsFold::terms(core::PartitionId partition) const {
    return partitions_[partition.value()].terms;
}

std::optional<StaleAck> MetricsFold::first_stale_ack(core::PartitionId partition) const {
    return partitions_[partition.value()].stale;
}

// ---- service ------------------------------------------------------------------------------------

void MetricsFold::set_gap(Gap& gap, bool open, core::TimePoint at) const {
    at = std::clamp(at, core::at_ns(0), run_end_);
    if (gap.open) gap.total += at - std::clamp(gap.since, core::at_ns(0), run_end_);
    gap.open = open;
    gap.since = at;
}

void MetricsFold::refresh(std::uint32_t partition, core::TimePoint at) {
    PartitionState& state = partitions_[partition];
    const trace::PartitionView& committed = view_.partition(core::PartitionId(partition));
    std::optional<core::NodeId> serving;
    for (const Leading& leading : state.leading) {
        if (committed.leader != leading.broker || committed.leader_epoch != leading.epoch) continue;
        if (view_.up(leading.broker) && !view_.paused(leading.broker)) serving = leading.broker;
    }
    const bool isr_suffices =
        !state.needs_isr ||
        static_cast<std::int64_t>(committed.isr.size()) >=
            needed_in_sync(scenario_, committed.min_insync_replicas, committed.replicas.size());
    if (!ended_) {
        set_gap(state.read, !serving, at);
        set_gap(state.write, !serving || !isr_suffices, at);
    }
    // Terms are about who ruled the log, so a paused leader's term goes on.
    std::optional<Leading> ruling;
    for (const Leading& leading : state.leading)
        if (committed.leader == leading.broker && committed.leader_epoch == leading.epoch &&
            view_.up(leading.broker))
            ruling = leading;
    const bool open = !state.terms.empty() && state.terms.back().until == core::TimePoint::max();
    if (open && ruling && state.terms.back().broker == ruling->broker &&
        state.terms.back().leader_epoch == ruling->epoch)
        return;
    if (open) state.terms.back().until = at;
    if (ruling) state.terms.push_back(Term{ruling->broker, ruling->epoch, at});
}

void MetricsFold::refresh_all(core::TimePoint at) {
    for (std::uint32_t p = 0; p < partitions_.size(); ++p) refresh(p, at);
}

void MetricsFold::on_role(const trace::Moment& moment, core::NodeId who, const core::Note& note) {
    ASSERT(note.partition.has_value());
    auto& leading = partitions_[note.partition->value()].leading;
    leading.erase(std::remove_if(leading.begin(), leading.end(),
                                 [&](const Leading& l) { return l.broker == who; }),
                  leading.end());
    if (note.kind == NoteKind::become_leader && note.leader_epoch)
        leading.push_back(Leading{who, *note.leader_epoch});
    refresh(note.partition->value(), moment.at);
}

void MetricsFold::finish() {
    if (ended_) return;
    for (PartitionState& state : partitions_) {
        set_gap(state.read, false, run_end_);
        set_gap(state.write, false, run_end_);
    }
    ended_ = true;
}

// ---- protocol and promises ----------------------------------------------------------------------

void MetricsFold::on_elected(const trace::Moment& moment, const core::Note& note) {
    ASSERT(note.partition.has_value());
    if (moment.at <= core::at_ns(0) || !note.peer) return;
    PartitionState& state = partitions_[note.partition->value()];
    const bool clean = note.value == 1;
    ++(clean ? state.clean : state.unclean);
    const Metric metric = clean ? Metric::elections_clean : Metric::elections_unclean;
    for (Watch& watch : watches_)
        if (watches(watch, metric, *note.partition, std::nullopt)) add(watch, 1, moment.at);
}

void MetricsFold::on_answered(const trace::Moment& moment, core::NodeId who,
                              const core::Note& note) {
    if (!note.partition || !note.leader_epoch) return;
    const core::LeaderEpoch committed = view_.partition(*note.partition).leader_epoch;
    PartitionState& state = partitions_[note.partition->value()];
    if (*note.leader_epoch < committed && !state.stale)
        state.stale = StaleAck{moment.at, who, *note.leader_epoch, committed};
}

void MetricsFold::on_acked(const trace::Moment& moment, const core::Note& note) {
    if (watches_.empty() || !note.tag) return;
    const trace::BatchEntry* entry = ledger_.find(*note.tag);
    if (entry == nullptr || entry->outcome != trace::ClientOutcome::acked) return;
    const auto count = static_cast<std::int64_t>(entry->record_count);
    const trace::Acknowledgement ack = *entry->ack();
    for (Watch& watch : watches_) {
        const Metric metric = scenario_.expect[watch.expect].metric;
        if (!watches(watch, metric, entry->partition, entry->tag.client)) continue;
        const bool counts =
            metric == Metric::acked ||
            (metric == Metric::acked_while_isr_size1 && ack.committed.isr.size() == 1) ||
            (metric == Metric::acks_from_stale_leader && ack.leader_epoch &&
             *ack.leader_epoch < ack.committed.leader_epoch) ||
            (metric == Metric::acked_lost && entry->gone_at());
        if (counts) add(watch, count, moment.at);
    }
}

void MetricsFold::recount_lost(core::TimePoint at) {
    for (Watch& watch : watches_) {
        if (scenario_.expect[watch.expect].metric != Metric::acked_lost) continue;
        watch.value = 0;
        for (const trace::BatchEntry& entry : ledger_.batches())
            if (entry.outcome == trace::ClientOutcome::acked && entry.gone_at() &&
                watches(watch, Metric::acked_lost, entry.partition, entry.tag.client))
                watch.value += entry.record_count;
        test(watch, at);
    }
}

bool MetricsFold::watches(const Watch& watch, Metric metric, core::PartitionId partition,
                          std::optional<core::NodeId> client) const {
    const scenario::Expect& expect = scenario_.expect[watch.expect];
    if (expect.metric != metric) return false;
    if (expect.partition && *expect.partition != partition) return false;
    if (expect.producer && client && scenario_.producers[*expect.producer].node != *client)
        return false;
    return true;
}

void MetricsFold::add(Watch& watch, std::int64_t count, core::TimePoint at) {
    watch.value += count;
    test(watch, at);
}

void MetricsFold::test(Watch& watch, core::TimePoint at) {
    if (watch.broken) return;
    for (const scenario::Test& one : scenario_.expect[watch.expect].tests) {
        const auto* wanted = std::get_if<std::int64_t>(&one.value);
        if (wanted == nullptr || scenario::holds(watch.value, one.op, *wanted)) continue;
        watch.broken = true;
        breaches_.push_back(AlwaysBreach{watch.expect, at, watch.value});
        return;
    }
}

// ---- inputs -------------------------------------------------------------------------------------

void MetricsFold::on_note(const trace::Moment& moment, core::NodeId who, const core::Note& note,
                          std::span<const core::NodeId> /*replicas*/) {
    const NoteKind kind = note.kind;
    if (kind == NoteKind::produce_answered) {
        on_answered(moment, who, note);
    } else if (kind == NoteKind::produce_ack) {
        on_acked(moment, note);
    } else if (kind == NoteKind::partition_change) {
        ASSERT(note.partition.has_value());
        refresh(note.partition->value(), moment.at);
    } else if (kind == NoteKind::leader_elect) {
        on_elected(moment, note);
    } else if (kind == NoteKind::become_leader || kind == NoteKind::become_follower ||
               kind == NoteKind::become_offline) {
        on_role(moment, who, note);
    } else if (kind == NoteKind::config_change) {
        refresh_all(moment.at);
    } else if (watches_lost_ &&
               (kind == NoteKind::log_truncate || kind == NoteKind::log_recovered)) {
        recount_lost(moment.at);
    } else if (watches_lost_ && kind == NoteKind::log_append && note.tag) {
        const trace::BatchEntry* entry = ledger_.find(*note.tag);
        if (entry != nullptr && entry->copy_count() == 1 && !entry->lost_copies().empty())
            recount_lost(moment.at);
    }
}

void MetricsFold::on_world(const trace::Moment& moment, const trace::WorldEvent& event) {
    using trace::WorldKind;
    if (event.kind == WorldKind::process_crash || event.kind == WorldKind::process_exit ||
        event.kind == WorldKind::process_start) {
        for (PartitionState& state : partitions_) {
            auto& leading = state.leading;
            leading.erase(std::remove_if(leading.begin(), leading.end(),
                                         [&](const Leading& l) { return event.node == l.broker; }),
                          leading.end());
        }
        refresh_all(moment.at);
    } else if (event.kind == WorldKind::process_pause || event.kind == WorldKind::process_resume) {
        refresh_all(moment.at);
    } else if (event.kind == WorldKind::run_end) {
        finish();
    } else if (watches_lost_ &&
               (event.kind == WorldKind::disk_lost || event.kind == WorldKind::disk_wiped)) {
        recount_lost(moment.at);
    }
}

}  // namespace report
