#include "reports/chronicle.h"

#include <algorithm>

#include "core/base/assert.h"

namespace report {
namespace {

/// How far back a step looks for a record that lives on one broker only.
constexpr std::size_t kLookBack = 10'000;

bool is_kept(core::NoteKind kind) {
    using core::NoteKind;
    return kind == NoteKind::partition_change || kind == NoteKind::leader_elect ||
           kind == NoteKind::isr_shrink || kind == NoteKind::isr_expand ||
           kind == NoteKind::broker_fenced || kind == NoteKind::broker_unfenced ||
           kind == NoteKind::controlled_shutdown || kind == NoteKind::controller_elect ||
           kind == NoteKind::become_leader || kind == NoteKind::become_follower ||
           kind == NoteKind::become_offline || kind == NoteKind::log_truncate ||
           kind == NoteKind::log_recovered || kind == NoteKind::broker_shut_down ||
           kind == NoteKind::elr_change;
}

bool is_of_process(const Happening& h) {
    using trace::WorldKind;
    return h.of_world &&
           (h.world == WorldKind::process_start || h.world == WorldKind::process_exit ||
            h.world == WorldKind::process_crash || h.world == WorldKind::process_pause ||
            h.world == WorldKind::process_resume);
}

bool starts_life(const Happening& h) {
    return h.is(trace::WorldKind::process_start) || h.is(trace::WorldKind::process_resume);
}

}  // namespace

void Chronicle::add(Happening&& happening) {
    if (all_.size() >= kMostHappenings) {
        complete_ = false;
        return;
    }
    all_.push_back(std::move(happening));
}

void Chronicle::on_note(const trace::Moment& moment, core::NodeId who, const core::Note& note,
                        std::span<const core::NodeId> replicas) {
    if (!is_kept(note.kind)) return;
    Happening h{.moment = moment};
    h.note = note.kind;
    h.who = who;
    h.partition = note.partition;
    h.peer = note.peer;
    h.leader_epoch = note.leader_epoch;
    h.first = note.first;
    h.end = note.end;
    h.value = note.value;
    h.replicas.assign(replicas.begin(), replicas.end());
    add(std::move(h));
}

void Chronicle::on_world(const trace::Moment& moment, const trace::WorldEvent& event) {
    Happening h{.moment = moment};
    h.of_world = true;
    h.world = event.kind;
    h.who = event.node;
    h.partition = event.partition;
    h.first = event.first;
    h.end = event.end;
    h.value = event.value;
    if (event.kind == trace::WorldKind::step_start) h.acked_alone = newest_acked_alone();
    add(std::move(h));
}

std::optional<core::BatchTag> Chronicle::newest_acked_alone() const {
    const auto& batches = ledger_.batches();
    const std::size_t stop = batches.size() > kLookBack ? batches.size() - kLookBack : 0;
    for (std::size_t i = batches.size(); i > stop; --i) {
        const trace::BatchEntry& entry = batches[i - 1];
        if (entry.outcome == trace::ClientOutcome::acked && entry.copy_count() == 1)
            return entry.tag;
    }
    return std::nullopt;
}

const PartitionHistory::State* PartitionHistory::at(core::TimePoint moment) const {
    const auto after = std::upper_bound(states.begin(), states.end(), moment,
                                        [](core::TimePoint m, const State& s) { return m < s.at; });
    return after == states.begin() ? nullptr : &*(after - 1);
}

bool NodeHistory::live_at(core::TimePoint moment) const {
    // Every process is up at 0.
    bool live = true;
    for (const Happening* h : happenings) {
        if (h->moment.at > moment) break;
        if (is_of_process(*h)) live = starts_life(*h);
    }
    return live;
}

Histories::Histories(const Chronicle& chronicle, const scenario::Scenario& scenario)
    : partitions_(scenario.partition_count()) {
    for (std::uint32_t p = 0; p < partitions_.size(); ++p) {
        const auto& replicas = scenario.partition(core::PartitionId(p)).replicas;
        PartitionHistory::State at_rest{core::TimePoint::min(),
                                        trace::EventId(0),
                                        replicas.front(),
                                        core::LeaderEpoch(0),
                                        {},
                                        std::nullopt};
        at_rest.isr.assign(replicas.begin(), replicas.end());
        partitions_[p].states.push_back(std::move(at_rest));
    }
    for (const Happening& h : chronicle.all()) {
        if (h.partition) {
            ASSERT(h.partition->value() < partitions_.size());
            PartitionHistory& history = partitions_[h.partition->value()];
            history.happenings.push_back(&h);
            if (h.is(core::NoteKind::partition_change)) {
                history.states.push_back(PartitionHistory::State{
                    h.moment.at, h.moment.event, h.peer,
                    h.leader_epoch.value_or(core::LeaderEpoch(0)), h.replicas, std::nullopt});
            } else if (h.is(core::NoteKind::leader_elect) && !history.states.empty()) {
                history.states.back().clean = h.value == 1;
            }
        }
        const auto node = h.of_world ? h.who : (h.peer ? h.peer : h.who);
        if (!node || h.partition) continue;
        auto found = std::find_if(nodes_.begin(), nodes_.end(),
                                  [&](const auto& entry) { return entry.first == *node; });
        if (found == nodes_.end()) {
            nodes_.emplace_back(*node, NodeHistory{});
            found = nodes_.end() - 1;
        }
        found->second.happenings.push_back(&h);
    }
}

const NodeHistory& Histories::node(core::NodeId id) const {
    for (const auto& [node, history] : nodes_)
        if (node == id) return history;
    return nothing_;
}

const Happening* Histories::last_stop_before(core::NodeId id, core::TimePoint moment) const {
    const Happening* stop = nullptr;
    for (const Happening* h : node(id).happenings) {
        if (h->moment.at > moment) break;
        if (is_of_process(*h)) stop = starts_life(*h) ? nullptr : h;
        if (h->is(core::NoteKind::controlled_shutdown)) stop = h;
    }
    return stop;
}

}  // namespace report
