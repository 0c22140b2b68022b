#include "reports/causes.h"

#include <algorithm>
#include <set>

#include "core/base/assert.h"

namespace report {
namespace {

using trace::BatchEntry;
using trace::CopyEnd;
using trace::LostCopy;

std::uint32_t client_of(const BatchEntry& entry) {
    return static_cast<std::uint32_t>(entry.tag.client.value() - core::kFirstClientId);
}

/// Whom a step met at one of its firings.
std::vector<core::NodeId> nodes_of(const trace::Outcome& outcome, const Happening& begun) {
    const auto index = static_cast<std::size_t>(begun.value);
    if (index >= outcome.steps.size()) return {};
    const trace::StepOutcome& step = outcome.steps[index];
    for (const trace::StepFiring& firing : step.again)
        if (firing.at == begun.moment.at) return firing.nodes;
    return step.brokers;
}

/// True if the controller counts the broker as eligible (ELR): it may lead, though it is down.
bool is_eligible(const PartitionHistory& partition, core::NodeId broker, core::TimePoint at) {
    bool eligible = false;
    for (const Happening* h : partition.happenings) {
        if (h->moment.at > at) break;
        if (!h->is(core::NoteKind::elr_change)) continue;
        eligible = std::find(h->replicas.begin(), h->replicas.end(), broker) != h->replicas.end();
    }
    return eligible;
}

bool is_power_crash(const Happening& h) {
    return h.is(trace::WorldKind::process_crash) && h.value == 1;
}

}  // namespace

LossJudge::LossJudge(const History& history, const Histories& histories)
    : history_(history), histories_(histories) {
    for (const Happening& h : history.chronicle.all())
        if (h.is(trace::WorldKind::step_start)) steps_.push_back(&h);
}

bool LossJudge::held(const BatchEntry& entry, core::NodeId broker, core::TimePoint at) {
    for (const trace::Copy& copy : entry.copies())
        if (copy.broker == broker && copy.appended_at <= at) return true;
    for (const LostCopy& lost : entry.lost_copies())
        if (lost.copy.broker == broker && lost.copy.appended_at <= at && lost.at > at) return true;
    return false;
}

const PartitionHistory::State* LossJudge::overruled(const BatchEntry& entry) const {
    ASSERT(entry.ack().has_value());
    const PartitionHistory& history = histories_.partition(entry.partition);
    const PartitionHistory::State* first = nullptr;
    const PartitionHistory::State* in_force = history.at(entry.ack()->answered_at);
    std::optional<core::LeaderEpoch> epoch;
    for (const PartitionHistory::State& state : history.states) {
        if (&state != in_force && state.at <= entry.ack()->answered_at) continue;
        // A change of the ISR makes no leadership, even if the leader has lost the record by then.
        if (!state.leader || state.leader_epoch == epoch) continue;
        epoch = state.leader_epoch;
        const core::TimePoint when = std::max(state.at, entry.ack()->answered_at);
        if (held(entry, *state.leader, when)) {
            first = nullptr;
        } else if (first == nullptr) {
            first = &state;
        }
    }
    return first;
}

// ---- moments ------------------------------------------------------------------------------------

core::TimePoint LossJudge::lost_at(const BatchEntry& entry) const {
    core::TimePoint last = entry.ack()->answered_at;
    for (const LostCopy& lost : entry.lost_copies()) last = std::max(last, lost.at);
    if (entry.copy_count() == 0) return last;
    // A copy remains where nobody will read it: it stopped counting when it was overruled for good.
    if (const PartitionHistory::State* state = overruled(entry)) last = std::max(last, state->at);
    return last;
}

bool LossJudge::has_holder(const BatchEntry& entry, core::TimePoint at, bool must_live) const {
    const PartitionHistory::State* state = histories_.partition(entry.partition).at(at);
    const auto counts = [&](core::NodeId broker) {
        if (!held(entry, broker, at)) return false;
        if (must_live && !histories_.node(broker).live_at(at)) return false;
        if (!must_live && is_eligible(histories_.partition(entry.partition), broker, at))
            return true;
        if (state == nullptr || state->leader == broker) return true;
        return std::find(state->isr.begin(), state->isr.end(), broker) != state->isr.end();
    };
    return std::ranges::any_of(entry.copies(),
                               [&](const trace::Copy& c) { return counts(c.broker); }) ||
           std::ranges::any_of(entry.lost_copies(),
                               [&](const LostCopy& c) { return counts(c.copy.broker); });
}

core::TimePoint LossJudge::without_holder_from(const BatchEntry& entry, core::TimePoint lost_at,
                                               bool must_live) const {
    const core::TimePoint acked = entry.ack()->answered_at;
    std::set<core::TimePoint> moments = {acked};
    const auto note = [&](core::TimePoint at) {
        if (at > acked && at <= lost_at) moments.insert(at);
    };
    for (const PartitionHistory::State& state : histories_.partition(entry.partition).states)
        note(state.at);
    for (const Happening* h : histories_.partition(entry.partition).happenings)
        if (h->is(core::NoteKind::elr_change)) note(h->moment.at);
    const auto note_broker = [&](const trace::Copy& copy) {
        note(copy.appended_at);
        for (const Happening* h : histories_.node(copy.broker).happenings) note(h->moment.at);
    };
    for (const trace::Copy& copy : entry.copies()) note_broker(copy);
    for (const LostCopy& lost : entry.lost_copies()) {
        note_broker(lost.copy);
        note(lost.at);
    }
    std::optional<core::TimePoint> empty_since;
    for (const core::TimePoint at : moments) {
        if (has_holder(entry, at, must_live)) {
            empty_since.reset();
        } else if (!empty_since) {
            empty_since = at;
        }
    }
    return std::min(empty_since.value_or(lost_at), lost_at);
}

bool LossJudge::decides(const BatchEntry& entry, const Happening& begun) const {
    const auto index = static_cast<std::size_t>(begun.value);
    if (index >= history_.scenario.steps.size()) return false;
    const scenario::Action& action = history_.scenario.steps[index].action;
    if (const auto* elect = std::get_if<scenario::ElectLeaderAction>(&action))
        return elect->partition == entry.partition;
    if (const auto* alter = std::get_if<scenario::AlterConfigAction>(&action))
        return core::find_config(alter->config, "unclean.leader.election.enable").has_value();
    const std::vector<core::NodeId> nodes = nodes_of(history_.outcome, begun);
    const auto meets = [&](core::NodeId broker) {
        return std::find(nodes.begin(), nodes.end(), broker) != nodes.end();
    };
    if (std::holds_alternative<scenario::RestartAction>(action)) {
        const PartitionHistory::State* next = overruled(entry);
        return next != nullptr && meets(*next->leader);
    }
    if (!std::holds_alternative<scenario::WipeDiskAction>(action)) return false;
    return std::ranges::any_of(entry.lost_copies(), [&](const auto& lost) {
        return lost.how == CopyEnd::wipe && meets(lost.copy.broker) && lost.at == begun.moment.at;
    });
}

void LossJudge::find_no_way_back(const BatchEntry& entry, BatchLoss& loss) const {
    loss.no_way_back_at = without_holder_from(entry, loss.lost_at, true);
    const core::TimePoint sealed = without_holder_from(entry, loss.lost_at, false);
    for (const Happening* step : steps_) {
        if (step->moment.at <= loss.no_way_back_at || step->moment.at > sealed) continue;
        if (!decides(entry, *step)) continue;
        loss.no_way_back_at = step->moment.at;
        loss.decided_by = static_cast<std::size_t>(step->value);
    }
}

// ---- predicates, in the order of the list -------------------------------------------------------

bool LossJudge::is_power(const LostCopy& lost) const {
    if (lost.how == CopyEnd::power_loss) return true;
    if (lost.how != CopyEnd::recovery) return false;
    // What recovery cuts after a loss of power was torn by it.
    bool power = false;
    for (const Happening* h : histories_.node(lost.copy.broker).happenings) {
        if (h->moment.at > lost.at) break;
        if (h->is(trace::WorldKind::process_crash)) power = is_power_crash(*h);
    }
    return power;
}

bool LossJudge::is_decisive(const BatchEntry& entry, const LostCopy& lost) const {
    if (const PartitionHistory::State* next = overruled(entry))
        return *next->leader == lost.copy.broker && lost.at <= next->at;
    const trace::PartitionOutcome* outcome = find_partition(history_.outcome, entry.partition);
    if (outcome != nullptr && outcome->leader) return *outcome->leader == lost.copy.broker;
    return entry.copy_count() == 0 && entry.lost_copies().back().event == lost.event;
}

bool LossJudge::is_corrupted(const BatchEntry& entry) const {
    if (is_unclean(entry)) return false;
    return std::ranges::any_of(entry.lost_copies(), [&](const LostCopy& lost) {
        return lost.how == CopyEnd::recovery && !is_power(lost) && is_decisive(entry, lost);
    });
}

bool LossJudge::is_on_failed_disk(const BatchEntry& entry) const {
    for (const trace::Copy& copy : entry.copies())
        for (const Happening* h : histories_.partition(entry.partition).happenings)
            if (h->is(core::NoteKind::become_offline) && h->who == copy.broker) return true;
    return false;
}

bool LossJudge::is_wiped(const BatchEntry& entry) const {
    // Where others still held it, the election destroyed it, not the disk of whom it elected.
    const bool decided = std::ranges::any_of(entry.lost_copies(), [&](const LostCopy& lost) {
        return lost.how == CopyEnd::wipe && is_decisive(entry, lost);
    });
    return (decided && !is_unclean(entry)) ||
           (entry.copy_count() == 0 && !entry.lost_copies().empty() &&
            entry.lost_copies().back().how == CopyEnd::wipe);
}

bool LossJudge::is_unclean(const BatchEntry& entry) const {
    const PartitionHistory::State* state = overruled(entry);
    if (state == nullptr || state->clean != false) return false;
    const auto alive = [&](core::NodeId broker) { return held(entry, broker, state->at); };
    return std::ranges::any_of(entry.copies(),
                               [&](const trace::Copy& c) { return alive(c.broker); }) ||
           std::ranges::any_of(entry.lost_copies(),
                               [&](const LostCopy& c) { return alive(c.copy.broker); });
}

/// An ISR member cut it although the leader it followed had it, and then led.
bool LossJudge::is_cut_by_isr_member(const BatchEntry& entry) const {
    const auto& isr = entry.ack()->committed.isr;
    for (const LostCopy& lost : entry.lost_copies()) {
        const core::NodeId broker = lost.copy.broker;
        if (lost.how != CopyEnd::truncation) continue;
        if (std::find(isr.begin(), isr.end(), broker) == isr.end()) continue;
        if (!lost.leader || !held(entry, *lost.leader, lost.at)) continue;
        if (is_decisive(entry, lost)) return true;
    }
    return false;
}

bool LossJudge::is_zombie_ack(const BatchEntry& entry) const {
    const trace::Acknowledgement ack = *entry.ack();
    if (ack.leader_epoch && *ack.leader_epoch < ack.committed.leader_epoch) return true;
    return ack.committed.leader && *ack.committed.leader != ack.broker;
}

bool LossJudge::is_isr_of_one(const BatchEntry& entry) const {
    return acks_of(history_.scenario, client_of(entry)) == -1 &&
           entry.ack()->committed.isr.size() == 1;
}

int LossJudge::power_losses(const BatchEntry& entry) const {
    std::set<core::NodeId> brokers;
    for (const LostCopy& lost : entry.lost_copies())
        if (is_power(lost)) brokers.insert(lost.copy.broker);
    return static_cast<int>(brokers.size());
}

bool LossJudge::is_page_cache(const BatchEntry& entry) const {
    return std::ranges::any_of(entry.lost_copies(), [&](const LostCopy& lost) {
        return is_power(lost) && is_decisive(entry, lost);
    });
}

std::optional<Cause> LossJudge::overruled_before_replication(const BatchEntry& entry) const {
    const PartitionHistory::State* state = overruled(entry);
    if (state == nullptr) return std::nullopt;
    for (const LostCopy& lost : entry.lost_copies())
        if (lost.copy.broker == *state->leader && lost.copy.appended_at <= state->at)
            return std::nullopt;
    const core::NodeId before = entry.ack()->broker;
    const Happening* stop = histories_.last_stop_before(before, state->at);
    const bool stopped = stop != nullptr && (stop->is(trace::WorldKind::process_crash) ||
                                             stop->is(trace::WorldKind::process_pause));
    enum class Health : std::uint8_t { working, leaving, failed };
    Health health = stopped ? Health::failed : Health::working;
    for (const Happening* h : histories_.node(before).happenings) {
        if (h->moment.at > state->at) break;
        if (h->is(core::NoteKind::broker_unfenced)) health = Health::working;
        if (health != Health::working) continue;
        if (h->is(core::NoteKind::controlled_shutdown)) health = Health::leaving;
        if (h->is(core::NoteKind::broker_fenced)) health = Health::failed;
    }
    return health == Health::failed ? Cause::leader_crash_before_replication
                                    : Cause::planned_leader_move_before_replication;
}

/// True if the process of the leader that acknowledged it ran from then until another followed.
bool LossJudge::is_cut_off(const BatchEntry& entry) const {
    const PartitionHistory::State* state = overruled(entry);
    const core::TimePoint acked = entry.ack()->answered_at;
    if (state == nullptr || state->at <= acked) return false;
    const core::NodeId before = entry.ack()->broker;
    if (histories_.last_stop_before(before, acked) != nullptr) return false;
    const auto& all = histories_.node(before).happenings;
    return std::none_of(all.begin(), all.end(), [&](const Happening* h) {
        return h->moment.at > acked && h->moment.at <= state->at &&
               (h->is(trace::WorldKind::process_crash) || h->is(trace::WorldKind::process_pause) ||
                h->is(trace::WorldKind::process_exit));
    });
}

Cause LossJudge::cause_of(const BatchEntry& entry) const {
    if (is_corrupted(entry)) return Cause::disk_corrupted;
    if (is_on_failed_disk(entry)) return Cause::disk_failed;
    if (is_wiped(entry)) return Cause::disk_wiped;
    // Retention, unfenced replication and truncation to the high watermark need brokers that delete
    // by age or belong to older eras; the profiles of this version have neither.
    if (is_unclean(entry)) return Cause::unclean_election;
    if (is_cut_by_isr_member(entry)) return Cause::epoch_lookup_truncation;
    if (is_zombie_ack(entry)) return Cause::zombie_leader_ack;
    if (is_isr_of_one(entry)) return Cause::isr_of_one_then_failure;
    if (power_losses(entry) >= 2) return Cause::correlated_power_loss;
    if (is_page_cache(entry)) return Cause::page_cache_lost;
    if (const auto cause = overruled_before_replication(entry)) return *cause;
    return Cause::other;
}

BatchLoss LossJudge::judge(const BatchEntry& entry) const {
    ASSERT(entry.ack().has_value());
    const core::TimePoint lost = lost_at(entry);
    BatchLoss loss{lost, lost, cause_of(entry), is_cut_off(entry)};
    find_no_way_back(entry, loss);
    return loss;
}

}  // namespace report
