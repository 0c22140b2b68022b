#include "reports/timeline.h"

#include <algorithm>

#include "core/base/text.h"
#include "reports/step_words.h"

namespace report {
namespace {

using core::concat;
using core::NoteKind;
using trace::WorldKind;

constexpr std::size_t kMostNames = 3;
/// By then an election that was asked for is committed.
constexpr core::Duration kElectionTime = core::from_ms(1'000);

class TimelineMaker {
  public:
    TimelineMaker(const History& history, const MetricsFold& fold, const TextStyle& style)
        : history_(history), scenario_(history.scenario), fold_(fold), style_(style) {}

    Timeline make() {
        for (const Happening& h : history_.chronicle.all()) {
            if (h.moment.at < core::at_ns(0)) continue;
            if (!disk_losses_.empty() && h.moment.at > disk_losses_.front().at) flush_disk_losses();
            if (h.of_world) {
                on_world(h);
            } else if (h.moment.at > core::at_ns(0)) {
                on_note(h);
            }
        }
        flush_group();
        flush_disk_losses();
        add_stale_acks();
        std::stable_sort(lines_.begin(), lines_.end(),
                         [](const auto& a, const auto& b) { return a.at < b.at; });
        return bounded();
    }

  private:
    /// Elections or ISR changes of one moment that say the same of several partitions.
    struct Group {
        trace::EventId event{0};
        bool election = false;
        std::vector<core::PartitionId> partitions;
        std::vector<std::optional<core::LeaderEpoch>> epochs;  ///< of each, where it is said
        TimelineLine line;
    };

    std::string node(core::NodeId id) const { return scenario_.node_name(id); }

    std::string nodes(const std::vector<core::NodeId>& list) const {
        std::vector<std::string> names;
        names.reserve(list.size());
        for (const core::NodeId id : list) names.push_back(node(id));
        return core::join(names, " ");
    }

    static std::string isr_text(const core::ReplicaList& isr) {
        std::vector<std::string> ids;
        for (const core::NodeId id : isr) ids.push_back(concat(id.value()));
        std::sort(ids.begin(), ids.end());
        return "{" + core::join(ids, ",") + "}";
    }

    std::string partitions_text(
        const std::vector<core::PartitionId>& list,
        const std::vector<std::optional<core::LeaderEpoch>>* epochs = nullptr) const {
        if (scenario_.partition_count() == 1) return "";
        std::vector<std::string> names;
        for (std::size_t i = 0; i < std::min(list.size(), kMostNames); ++i) {
            names.push_back(scenario_.partition_name(list[i]));
            if (epochs != nullptr && (*epochs)[i])
                names.back() += concat(" epoch ", (*epochs)[i]->value());
        }
        std::string text = core::join(names, ", ");
        if (list.size() > kMostNames) text += concat(" and ", list.size() - kMostNames, " more");
        return text;
    }

    void add(core::TimePoint at, int weight, Ink ink, std::string label, std::string detail,
             std::string evidence = "") {
        lines_.push_back(TimelineLine{at, weight, ink, std::move(label), std::move(detail),
                                      std::move(evidence), false});
    }

    // ---- the world ------------------------------------------------------------------------------

    void on_world(const Happening& h) {
        flush_group();
        const core::TimePoint at = h.moment.at;
        if (h.world == WorldKind::step_start) {
            on_step(h);
        } else if (h.world == WorldKind::step_end) {
            on_step_end(h);
        } else if (h.world == WorldKind::step_missed) {
            on_step_missed(h);
        } else if (h.world == WorldKind::process_start && at > core::at_ns(0)) {
            add(at, 1, Ink::plain, node(*h.who) + " back", "its process starts");
        } else if (h.world == WorldKind::process_exit) {
            constexpr std::string_view kWhy[] = {"its shutdown is complete",
                                                 "it gives up: the controller never accepted it",
                                                 "it gives up: its disk fails"};
            const auto why = static_cast<std::size_t>(h.value);
            add(at, 2, Ink::plain, node(*h.who) + " stopped",
                std::string(why < 3 ? kWhy[why] : "its process ends"));
        } else if (h.world == WorldKind::process_resume) {
            add(at, 2, Ink::plain, node(*h.who) + " wakes", stood_still(h));
        } else if (h.world == WorldKind::disk_lost) {
            on_disk_lost(h);
        } else if (h.world == WorldKind::run_end) {
            add(at, 3, Ink::grey, "end of run", "every fault is undone, nothing more is sent");
        } else if (h.world == WorldKind::audit) {
            on_audit(at);
        }
    }

    void on_audit(core::TimePoint at) {
        if (history_.outcome.end == trace::RunEnd::event_cap) {
            add(at, 3, Ink::yellow, "stopped",
                concat("run.maxEvents (", scenario_.run.max_events,
                       ") was reached: the run is not complete"));
            return;
        }
        std::vector<core::PartitionId> headless;
        for (const trace::PartitionOutcome& partition : history_.outcome.partitions)
            if (!partition.leader_live) headless.push_back(partition.partition);
        std::string text = concat("after ", words(scenario_.run.settle), " without faults");
        if (!headless.empty()) {
            text += "; no live leader";
            const std::string names = partitions_text(headless);
            if (!names.empty()) text += ": " + names;
        }
        add(at, 3, headless.empty() ? Ink::grey : Ink::yellow, "audit", text);
    }

    std::string stood_still(const Happening& h) const {
        const Happening* pause = nullptr;
        for (const Happening& other : history_.chronicle.all()) {
            if (other.moment.event == h.moment.event && other.is(WorldKind::process_resume)) break;
            if (other.is(WorldKind::process_pause) && other.who == h.who) pause = &other;
        }
        if (pause == nullptr) return "";
        return concat("after standing still for ", words(h.moment.at - pause->moment.at));
    }

    void on_disk_lost(const Happening& h) {
        if (!h.partition || !h.first || !h.end || *h.end <= *h.first) return;
        const scenario::OffsetRange range{h.first->value(), h.end->value() - 1};
        // The world tells of it before the step that did it; it is shown behind.
        disk_losses_.push_back(
            TimelineLine{h.moment.at, 2, Ink::red, node(*h.who) + " lost bytes",
                         concat(scenario_.partition_name(*h.partition), " ",
                                words(scenario::MetricValue(range)), " had not reached its disk"),
                         "", false});
    }

    void flush_disk_losses() {
        for (TimelineLine& line : disk_losses_) lines_.push_back(std::move(line));
        disk_losses_.clear();
    }

    const scenario::Step* step_of(const Happening& h) const {
        const auto index = static_cast<std::size_t>(h.value);
        return index < scenario_.steps.size() ? &scenario_.steps[index] : nullptr;
    }

    std::vector<core::NodeId> resolved(const Happening& h) const {
        const auto index = static_cast<std::size_t>(h.value);
        if (index >= history_.outcome.steps.size()) return {};
        const trace::StepOutcome& outcome = history_.outcome.steps[index];
        for (const trace::StepFiring& firing : outcome.again)
            if (firing.at == h.moment.at) return firing.nodes;
        std::vector<core::NodeId> all = outcome.brokers;
        all.insert(all.end(), outcome.clients.begin(), outcome.clients.end());
        return all;
    }

    void on_step(const Happening& h) {
        const scenario::Step* step = step_of(h);
        if (step == nullptr) return;
        const std::string who = nodes(resolved(h));
        std::string label = step_label(scenario_, *step, who);
        const bool fault = label.substr(0, 5) == "FAULT";
        const bool send = label.substr(0, 4) == "SEND";
        add(h.moment.at, send ? 0 : 3, fault ? Ink::yellow : Ink::plain, std::move(label),
            step_detail(scenario_, *step, style_.lang) + outcome_of_election(*step, h),
            evidence(*step, h));
        flush_disk_losses();
    }

    /// An election that was asked for and did not come says so.
    std::string outcome_of_election(const scenario::Step& step, const Happening& asked) const {
        const auto* action = std::get_if<scenario::ElectLeaderAction>(&step.action);
        if (action == nullptr) return "";
        const core::TimePoint until = asked.moment.at + kElectionTime;
        for (const Happening& h : history_.chronicle.all()) {
            if (h.moment.at > until) break;
            if (h.moment.at < asked.moment.at || h.partition != action->partition) continue;
            if (h.is(NoteKind::leader_elect)) return "";
        }
        return "; no leader came of it";
    }

    /// The record that the step waited for, and who did not have it.
    std::string evidence(const scenario::Step& step, const Happening& h) const {
        if (!waits_for_lonely_ack(step) || !h.acked_alone) return "";
        const trace::BatchEntry* entry = history_.ledger.find(*h.acked_alone);
        if (entry == nullptr || !entry->ack || !entry->ack->base_offset) return "";
        const auto client =
            static_cast<std::uint32_t>(entry->tag.client.value() - core::kFirstClientId);
        std::string text =
            concat("(", shown_record(scenario_, client, entry->first_record), ", offset ",
                   entry->ack->base_offset->value(), ", acked ", trimmed_clock(entry->ack->at));
        std::vector<std::string> others;
        for (const core::NodeId broker : scenario_.partition(entry->partition).replicas)
            if (!LossJudge::held(*entry, broker, h.moment.at))
                others.push_back(node(broker) + " no");
        return text + (others.empty() ? ")" : "; " + core::join(others, ", ") + ")");
    }

    static std::string trimmed_clock(core::TimePoint at) {
        std::string text = clock_text(at);
        text.erase(0, text.find_first_not_of(' '));
        return text;
    }

    void on_step_end(const Happening& h) {
        const scenario::Step* step = step_of(h);
        // The end of a crash or a pause shows as the process that comes back.
        if (step == nullptr || !std::holds_alternative<scenario::PartitionAction>(step->action))
            return;
        const bool healed = !lines_.empty() && lines_.back().at == h.moment.at &&
                            lines_.back().label.substr(0, 4) == "HEAL";
        if (healed) return;
        add(h.moment.at, 3, Ink::plain, "network whole", concat("the cut ", step->id, " ends"));
    }

    void on_step_missed(const Happening& h) {
        const scenario::Step* step = step_of(h);
        if (step == nullptr) return;
        const auto index = static_cast<std::size_t>(h.value);
        std::string why = "it did nothing";
        if (index < history_.outcome.steps.size() && !history_.outcome.steps[index].remark.empty())
            why = history_.outcome.steps[index].remark;
        if (const auto* after = std::get_if<scenario::AfterTrigger>(&step->trigger)) {
            const std::size_t awaited = after->step;
            if (awaited < history_.outcome.steps.size() && !history_.outcome.steps[awaited].fired)
                why =
                    concat("step ", scenario_.steps[awaited].id, ", which it waits for, never did");
        }
        add(h.moment.at, 3, Ink::yellow, "step " + step->id, "did not fire: " + why);
    }

    // ---- notes ----------------------------------------------------------------------------------

    void on_note(const Happening& h) {
        if (h.is(NoteKind::partition_change)) {
            registration_ = &h;
        } else if (h.is(NoteKind::leader_elect)) {
            on_elected(h);
        } else if (h.is(NoteKind::isr_shrink) || h.is(NoteKind::isr_expand)) {
            on_isr(h);
        } else if (h.is(NoteKind::elr_change)) {
            on_elr(h);
        } else if (h.is(NoteKind::broker_fenced)) {
            on_fenced(h);
        } else if (h.is(NoteKind::log_truncate)) {
            on_truncate(h);
        } else if (h.is(NoteKind::controller_elect)) {
            flush_group();
            add(h.moment.at, 2, Ink::plain, node(*h.who) + " controller", "is the active one");
        } else if (h.is(NoteKind::become_offline)) {
            flush_group();
            add(h.moment.at, 2, Ink::red, node(*h.who) + " offline",
                scenario_.partition_name(*h.partition));
        }
    }

    /// Fencing causes the changes of its moment, though it is noted behind them.
    void on_fenced(const Happening& h) {
        flush_group();
        auto place = lines_.end();
        while (place != lines_.begin() && (place - 1)->caused && (place - 1)->at == h.moment.at)
            (--place)->caused = false;
        lines_.insert(place, TimelineLine{h.moment.at, 2, Ink::plain, node(*h.peer) + " fenced",
                                          why_fenced(h), "", false});
    }

    std::string why_fenced(const Happening& fenced) const {
        const Happening* stop = nullptr;
        bool shutdown = false;
        for (const Happening& h : history_.chronicle.all()) {
            if (h.moment.at > fenced.moment.at) break;
            if (h.is(NoteKind::controlled_shutdown) && h.peer == fenced.peer) shutdown = true;
            if (h.is(NoteKind::broker_unfenced) && h.peer == fenced.peer) {
                stop = nullptr;
                shutdown = false;
            }
            // A step that restarts a broker which is down shuts nothing down.
            if (h.is(WorldKind::step_start) && stop == nullptr && shuts_down(h, *fenced.peer))
                shutdown = true;
            if (h.who != fenced.peer || !h.of_world) continue;
            // Its last heartbeat came before the first of them.
            if (stop == nullptr &&
                (h.world == WorldKind::process_crash || h.world == WorldKind::process_pause ||
                 h.world == WorldKind::process_exit))
                stop = &h;
            if (h.world == WorldKind::process_crash) shutdown = false;
            // A process that starts has no session before the controller has unfenced it.
            if (h.world == WorldKind::process_resume && stop != nullptr &&
                stop->world == WorldKind::process_pause)
                stop = nullptr;
        }
        if (shutdown) return "it shuts down";
        if (stop == nullptr) return "its session ended: no heartbeat came through";
        const std::string_view what = stop->world == WorldKind::process_pause ? " after its pause"
                                      : stop->world == WorldKind::process_crash
                                          ? " after its crash"
                                          : " after it stopped";
        return concat("its session ended, ", words(fenced.moment.at - stop->moment.at), what);
    }

    bool shuts_down(const Happening& h, core::NodeId broker) const {
        const scenario::Step* step = step_of(h);
        if (step == nullptr) return false;
        if (!std::holds_alternative<scenario::ShutdownAction>(step->action) &&
            !std::holds_alternative<scenario::RestartAction>(step->action))
            return false;
        const std::vector<core::NodeId> all = resolved(h);
        return std::find(all.begin(), all.end(), broker) != all.end();
    }

    /// True if this line says of another partition what the open group says.
    bool joins(const Happening& h, bool election, const TimelineLine& line) const {
        return !group_.partitions.empty() && group_.event == h.moment.event &&
               group_.election == election && group_.line.label == line.label &&
               group_.line.detail == line.detail;
    }

    void add_grouped(const Happening& h, bool election, TimelineLine line,
                     std::optional<core::LeaderEpoch> epoch = std::nullopt) {
        if (!joins(h, election, line)) {
            flush_group();
            group_.event = h.moment.event;
            group_.election = election;
            group_.line = std::move(line);
        }
        group_.partitions.push_back(*h.partition);
        group_.epochs.push_back(epoch);
    }

    void on_elected(const Happening& h) {
        TimelineLine line{h.moment.at, 2, Ink::plain, "no leader", "", "", false};
        const bool known = registration_ != nullptr && registration_->partition == h.partition;
        if (h.peer) {
            line.label = node(*h.peer) + " leader";
            if (h.value == 0) line.ink = Ink::red;
            line.detail = h.value == 1 ? "clean election" : "UNCLEAN election";
        }
        if (known) {
            if (!line.detail.empty()) line.detail += ", ";
            line.detail += "ISR " + isr_text(registration_->replicas);
        }
        add_grouped(h, true, std::move(line),
                    known && h.peer ? registration_->leader_epoch : std::nullopt);
        elected_.emplace_back(h.moment.event, *h.partition);
    }

    void on_isr(const Happening& h) {
        // An election of the same moment already shows the ISR it leaves.
        const auto elected = std::make_pair(h.moment.event, *h.partition);
        if (std::find(elected_.begin(), elected_.end(), elected) != elected_.end()) return;
        add_grouped(h, false,
                    TimelineLine{h.moment.at, 1, Ink::plain, "ISR " + isr_text(h.replicas),
                                 h.is(NoteKind::isr_shrink) ? "shrinks" : "grows", "", false});
    }

    void on_elr(const Happening& h) {
        TimelineLine line{h.moment.at, 1, Ink::plain, "ELR " + isr_text(h.replicas), "", "", false};
        line.detail =
            h.replicas.empty() ? "nobody out of sync is eligible" : "eligible though out of sync";
        if (h.peer) line.detail = "last known leader " + node(*h.peer);
        add_grouped(h, false, std::move(line));
    }

    void flush_group() {
        if (group_.partitions.empty()) return;
        const std::optional<core::LeaderEpoch> epoch = group_.epochs.front();
        const bool one_epoch = std::all_of(group_.epochs.begin(), group_.epochs.end(),
                                           [&](const auto& other) { return other == epoch; });
        std::string& detail = group_.line.detail;
        if (one_epoch && epoch) detail = concat("epoch ", epoch->value(), ", ", detail);
        const std::string names =
            partitions_text(group_.partitions, one_epoch ? nullptr : &group_.epochs);
        if (!names.empty()) detail = detail.empty() ? names : concat(names, ": ", detail);
        group_.line.caused = true;
        lines_.push_back(std::move(group_.line));
        group_ = Group{};
    }

    void on_truncate(const Happening& h) {
        flush_group();
        if (!h.first || !h.end || *h.end <= *h.first) return;
        add(h.moment.at, 2, Ink::plain, node(*h.who) + " cuts",
            concat(scenario_.partition_name(*h.partition), " from ", h.end->value(), " to ",
                   h.first->value()));
    }

    void add_stale_acks() {
        for (std::uint32_t p = 0; p < scenario_.partition_count(); ++p) {
            const auto stale = fold_.first_stale_ack(core::PartitionId(p));
            if (!stale) continue;
            const bool taken = is_stale_ack_taken(core::PartitionId(p));
            add(stale->at, 2, Ink::red,
                node(stale->broker) + (taken ? " zombie ack" : " zombie answer"),
                concat(scenario_.partition_name(core::PartitionId(p)),
                       ": it acknowledges as the leader of epoch ", stale->leader_epoch.value(),
                       " while epoch ", stale->committed_epoch.value(), " rules",
                       taken ? "" : "; no client took it"));
        }
    }

    /// True if some client counts a record as acknowledged by such an answer.
    bool is_stale_ack_taken(core::PartitionId partition) const {
        const auto& batches = history_.ledger.batches();
        return std::any_of(batches.begin(), batches.end(), [&](const trace::BatchEntry& entry) {
            return entry.partition == partition && entry.outcome == trace::ClientOutcome::acked &&
                   entry.ack && entry.ack->leader_epoch &&
                   *entry.ack->leader_epoch < entry.ack->committed_epoch;
        });
    }

    Timeline bounded() {
        Timeline out;
        for (int weight = 0; weight < 3 && lines_.size() > kMostTimelineLines; ++weight) {
            for (std::size_t i = lines_.size(); i-- > 0;) {
                if (lines_.size() <= kMostTimelineLines) break;
                if (lines_[i].weight != weight) continue;
                lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(i));
                ++out.left_out;
            }
        }
        while (lines_.size() > kMostTimelineLines) {
            lines_.erase(lines_.end() - 3);
            ++out.left_out;
        }
        out.lines = std::move(lines_);
        return out;
    }

    const History& history_;
    const scenario::Scenario& scenario_;
    const MetricsFold& fold_;
    const TextStyle& style_;
    std::vector<TimelineLine> lines_;
    std::vector<TimelineLine> disk_losses_;  ///< of this moment, to be shown behind its step
    Group group_;
    const Happening* registration_ = nullptr;
    std::vector<std::pair<trace::EventId, core::PartitionId>> elected_;
};

}  // namespace

Timeline timeline_of(const History& history, const MetricsFold& fold, const TextStyle& style) {
    return TimelineMaker(history, fold, style).make();
}

std::string clock_text(core::TimePoint at) {
    const std::int64_t ms = core::to_ms(at.time_since_epoch());
    return padded_left(core::concat(ms / 1'000, ".", core::padded(ms % 1'000, 3), "s"), 9);
}

std::string shown_record(const scenario::Scenario& scenario, std::uint32_t client,
                         core::RecordNumber number) {
    std::string id = record_name(scenario, client, number);
    const std::string& value = scenario.producers[client].workload.value;
    if (value.empty()) return id;
    return core::concat(id, " ", scenario::expand(value, number.value()));
}

}  // namespace report
