#include "reports/timeline.h"

#include <algorithm>

#include "core/base/text.h"
#include "reports/step_facts.h"
#include "reports/step_words.h"

namespace report {
namespace {

using core::concat;
using core::NoteKind;
using trace::WorldKind;

constexpr std::size_t kMostNames = 3;

class TimelineMaker {
  public:
    TimelineMaker(const History& history, const MetricsFold& fold)
        : history_(history),
          scenario_(history.scenario),
          fold_(fold),
          histories_(history.chronicle, history.scenario) {}

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

    Text partitions_text(
        const std::vector<core::PartitionId>& list,
        const std::vector<std::optional<core::LeaderEpoch>>* epochs = nullptr) const {
        if (scenario_.partition_count() == 1) return Text{};
        std::vector<std::string> names;
        for (std::size_t i = 0; i < std::min(list.size(), kMostNames); ++i) {
            names.push_back(scenario_.partition_name(list[i]));
            if (epochs != nullptr && (*epochs)[i])
                names.back() += concat(" epoch ", (*epochs)[i]->value());
        }
        Text text = same(core::join(names, ", "));
        if (list.size() > kMostNames)
            text += say(" and {0} more", " 等，另有 {0} 个", list.size() - kMostNames);
        return text;
    }

    void add(core::TimePoint at, int weight, Ink ink, Text label, Text detail,
             Text evidence = Text{}) {
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
            add(at, 1, Ink::plain, say("{0} back", "{0} 启动", node(*h.who)),
                say("its process starts", "进程启动"));
        } else if (h.world == WorldKind::process_exit) {
            add(at, 2, Ink::plain, say("{0} stopped", "{0} 停止", node(*h.who)),
                exit_text(h.value));
        } else if (h.world == WorldKind::process_resume) {
            add(at, 2, Ink::plain, say("{0} wakes", "{0} 继续运行", node(*h.who)), stood_still(h));
        } else if (h.world == WorldKind::disk_lost) {
            on_disk_lost(h);
        } else if (h.world == WorldKind::run_end) {
            add(at, 3, Ink::grey, say("end of run", "运行结束"),
                say("every fault is undone, nothing more is sent", "所有故障撤销，不再发送消息"));
        } else if (h.world == WorldKind::audit) {
            on_audit(at);
        }
    }

    void on_audit(core::TimePoint at) {
        if (history_.outcome.end == trace::RunEnd::event_cap) {
            add(at, 3, Ink::yellow, say("stopped", "中止"),
                say("run.maxEvents ({0}) was reached: the run is not complete",
                    "达到 run.maxEvents（{0}）：运行不完整", scenario_.run.max_events));
            return;
        }
        std::vector<core::PartitionId> headless;
        for (const trace::PartitionOutcome& partition : history_.outcome.partitions)
            if (!partition.leader_live) headless.push_back(partition.partition);
        Text text =
            say("after {0} without faults", "无故障静置 {0} 之后", words(scenario_.run.settle));
        if (!headless.empty()) {
            text += say("; no live leader", "；没有存活的 leader");
            const Text names = partitions_text(headless);
            if (!names.empty()) text += say(": {0}", "：{0}", names);
        }
        add(at, 3, headless.empty() ? Ink::grey : Ink::yellow, say("audit", "审计"),
            std::move(text));
    }

    Text stood_still(const Happening& h) const {
        const Happening* pause = nullptr;
        for (const Happening& other : history_.chronicle.all()) {
            if (other.moment.event == h.moment.event && other.is(WorldKind::process_resume)) break;
            if (other.is(WorldKind::process_pause) && other.who == h.who) pause = &other;
        }
        if (pause == nullptr) return Text{};
        return say("after standing still for {0}", "停顿了 {0}",
                   words(h.moment.at - pause->moment.at));
    }

    void on_disk_lost(const Happening& h) {
        if (!h.partition || !h.first || !h.end || *h.end <= *h.first) return;
        const scenario::OffsetRange range{h.first->value(), h.end->value() - 1};
        // The world tells of it before the step that did it; it is shown behind.
        disk_losses_.push_back(TimelineLine{
            h.moment.at, 2, Ink::red, say("{0} lost bytes", "{0} 丢失数据", node(*h.who)),
            say("{0} {1} had not reached its disk", "{0} {1} 尚未落盘",
                scenario_.partition_name(*h.partition), words(scenario::MetricValue(range))),
            Text{}, false});
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
        const std::vector<core::NodeId> met = resolved(h);
        const std::string who = nodes(met);
        Text label = step_label(scenario_, *step, who);
        const std::vector<core::NodeId> down = down_already(histories_, *step, met, h.moment.at);
        if (!down.empty() && down.size() == met.size()) {
            label.en.replace(0, std::string_view("FAULT").size(), "STEP ");
            label.zh.replace(0, std::string_view("故障").size(), "步骤");
        }
        const bool fault = label.en.substr(0, 5) == "FAULT";
        const bool send = label.en.substr(0, 4) == "SEND";
        Text detail = step_detail(scenario_, *step, h.acked_alone.has_value());
        detail += outcome_of_election(history_, *step, h.moment.at);
        if (!down.empty())
            detail += say("; nothing happens to {0}: down already", "；{0} 早已停止，什么也没发生",
                          nodes(down));
        const auto aimed = aimed_at(history_, *step, h);
        if (!aimed_) aimed_ = aimed;
        add(h.moment.at, send ? 0 : 3, fault ? Ink::yellow : Ink::plain, std::move(label),
            std::move(detail),
            aimed ? words(history_, *aimed)
                  : who_is_cut(scenario_, histories_, *step, h.moment.at));
        flush_disk_losses();
    }

    void on_step_end(const Happening& h) {
        const scenario::Step* step = step_of(h);
        if (step == nullptr) return;
        const auto index = static_cast<std::size_t>(h.value);
        if (std::holds_alternative<scenario::HoldMessagesAction>(step->action) ||
            std::holds_alternative<scenario::DropMessagesAction>(step->action))
            add(h.moment.at, 3, Ink::plain, say("messages flow", "消息复通"),
                tally_text(*step, history_.outcome.steps[index]));
        // The end of a crash or a pause shows as the process that comes back.
        if (!std::holds_alternative<scenario::PartitionAction>(step->action)) return;
        const bool healed = !lines_.empty() && lines_.back().at == h.moment.at &&
                            lines_.back().label.en.substr(0, 4) == "HEAL";
        if (healed) return;
        add(h.moment.at, 3, Ink::plain, say("network whole", "网络复通"),
            say("the network cut of step {0} ends", "步骤 {0} 的断网结束", step->id));
    }

    void on_step_missed(const Happening& h) {
        const scenario::Step* step = step_of(h);
        if (step == nullptr) return;
        const auto index = static_cast<std::size_t>(h.value);
        Text why = say("it did nothing", "它什么也没做");
        if (index < history_.outcome.steps.size() && !history_.outcome.steps[index].remark.empty())
            why = text_of(history_.outcome.steps[index].remark);
        if (const auto* after = std::get_if<scenario::AfterTrigger>(&step->trigger)) {
            const std::size_t awaited = after->step;
            if (awaited < history_.outcome.steps.size() && !history_.outcome.steps[awaited].fired)
                why = say("step {0}, which it waits for, never did", "它等待的步骤 {0} 从未触发",
                          scenario_.steps[awaited].id);
        }
        add(h.moment.at, 3, Ink::yellow, say("step {0}", "步骤 {0}", step->id),
            say("did not fire: {0}", "未触发：{0}", why));
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
            add(h.moment.at, 2, Ink::plain, say("{0} controller", "{0} controller", node(*h.who)),
                say("is the active one", "成为活动的 controller"));
        } else if (h.is(NoteKind::become_offline)) {
            flush_group();
            add(h.moment.at, 2, Ink::red, say("{0} offline", "{0} 离线", node(*h.who)),
                same(scenario_.partition_name(*h.partition)));
        }
    }

    /// Fencing causes the changes of its moment, though it is noted behind them.
    void on_fenced(const Happening& h) {
        flush_group();
        auto place = lines_.end();
        while (place != lines_.begin() && (place - 1)->caused && (place - 1)->at == h.moment.at)
            (--place)->caused = false;
        lines_.insert(place, TimelineLine{h.moment.at, 2, Ink::plain,
                                          say("{0} fenced", "{0} 被隔离", node(*h.peer)),
                                          why_fenced(h), Text{}, false});
    }

    Text why_fenced(const Happening& fenced) const {
        const Happening* stop = nullptr;
        bool shutdown = false;
        bool back = false;
        for (const Happening& h : history_.chronicle.all()) {
            if (h.moment.at > fenced.moment.at) break;
            if (h.is(NoteKind::controlled_shutdown) && h.peer == fenced.peer) shutdown = true;
            if (h.is(NoteKind::broker_unfenced) && h.peer == fenced.peer) {
                stop = nullptr;
                shutdown = false;
                back = false;
            }
            // A step that restarts a broker which is down shuts nothing down.
            if (stop == nullptr &&
                does<scenario::ShutdownAction, scenario::RestartAction>(h, *fenced.peer))
                shutdown = true;
            if (h.who != fenced.peer || !h.of_world) continue;
            // Its last heartbeat came before the first of them.
            if (stop == nullptr &&
                (h.world == WorldKind::process_crash || h.world == WorldKind::process_pause ||
                 h.world == WorldKind::process_exit))
                stop = &h;
            if (h.world == WorldKind::process_crash) shutdown = false;
            if (h.world == WorldKind::process_start) back = stop != nullptr;
            // A process that starts has no session before the controller has unfenced it.
            if (h.world == WorldKind::process_resume && stop != nullptr &&
                stop->world == WorldKind::process_pause)
                stop = nullptr;
        }
        if (shutdown) return say("it shuts down", "它在关闭");
        if (stop == nullptr)
            return say("its session ended: no heartbeat came through", "会话过期：没有收到心跳");
        const std::string time = words(fenced.moment.at - stop->moment.at);
        if (back)
            return say(
                "the session of its earlier life ended, {0} after {1}; it had not "
                "registered anew yet",
                "它上次运行的会话过期，距其{1} {0}；它还没有重新注册", time,
                stop->world == WorldKind::process_crash ? say("its crash", "宕机")
                                                        : say("it stopped", "停止"));
        if (stop->world == WorldKind::process_pause)
            return say("its session ended, {0} after its pause", "会话过期，距其暂停 {0}", time);
        if (stop->world == WorldKind::process_crash && wipes(stop->moment.at, *fenced.peer))
            return say("its session ended, {0} after its disk was wiped",
                       "会话过期，距其磁盘清空 {0}", time);
        if (stop->world == WorldKind::process_crash)
            return say("its session ended, {0} after its crash", "会话过期，距其宕机 {0}", time);
        return say("its session ended, {0} after it stopped", "会话过期，距其停止 {0}", time);
    }

    /// True if a step empties the broker's disk at that moment: it kills the process for it.
    bool wipes(core::TimePoint at, core::NodeId broker) const {
        for (const Happening& h : history_.chronicle.all())
            if (h.moment.at == at && does<scenario::WipeDiskAction>(h, broker)) return true;
        return false;
    }

    /// True if a step that does one of these begins, and meets the broker.
    template <class... Actions>
    bool does(const Happening& h, core::NodeId broker) const {
        const scenario::Step* step = h.is(WorldKind::step_start) ? step_of(h) : nullptr;
        if (step == nullptr || !(std::holds_alternative<Actions>(step->action) || ...))
            return false;
        const std::vector<core::NodeId> all = resolved(h);
        return std::find(all.begin(), all.end(), broker) != all.end();
    }

    /// True if this line says of another partition what the open group says.
    bool joins(const Happening& h, bool election, const TimelineLine& line) const {
        return !group_.partitions.empty() && group_.event == h.moment.event &&
               group_.election == election && group_.line.label.en == line.label.en &&
               group_.line.detail.en == line.detail.en;
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
        TimelineLine line{h.moment.at, 2,      Ink::plain, say("no leader", "没有 leader"),
                          Text{},      Text{}, false};
        const bool known = registration_ != nullptr && registration_->partition == h.partition;
        std::vector<Text> details;
        if (h.peer) {
            line.label = say("{0} leader", "{0} 当选 leader", node(*h.peer));
            if (h.value == 0) line.ink = Ink::red;
            details.push_back(h.value == 1 ? say("clean election", "clean 选举")
                                           : say("UNCLEAN election", "UNCLEAN 选举"));
        }
        if (known) details.push_back(same("ISR " + isr_text(registration_->replicas)));
        line.detail = joined(details, say(", ", "，"));
        add_grouped(h, true, std::move(line),
                    known && h.peer ? registration_->leader_epoch : std::nullopt);
        elected_.emplace_back(h.moment.event, *h.partition);
    }

    void on_isr(const Happening& h) {
        // An election of the same moment already shows the ISR it leaves.
        const auto elected = std::make_pair(h.moment.event, *h.partition);
        if (std::find(elected_.begin(), elected_.end(), elected) != elected_.end()) return;
        add_grouped(
            h, false,
            TimelineLine{h.moment.at, 1, Ink::plain, same("ISR " + isr_text(h.replicas)),
                         h.is(NoteKind::isr_shrink) ? say("shrinks", "收缩") : say("grows", "扩张"),
                         Text{}, false});
    }

    void on_elr(const Happening& h) {
        TimelineLine line{h.moment.at, 1,      Ink::plain, same("ELR " + isr_text(h.replicas)),
                          Text{},      Text{}, false};
        line.detail = h.replicas.empty()
                          ? say("nobody out of sync is eligible", "不同步的副本都没有资格当选")
                          : say("eligible though out of sync", "虽不同步，仍有资格当选");
        if (h.peer)
            line.detail = say("last known leader {0}", "最后已知的 leader 是 {0}", node(*h.peer));
        add_grouped(h, false, std::move(line));
    }

    void flush_group() {
        if (group_.partitions.empty()) return;
        const std::optional<core::LeaderEpoch> epoch = group_.epochs.front();
        const bool one_epoch = std::all_of(group_.epochs.begin(), group_.epochs.end(),
                                           [&](const auto& other) { return other == epoch; });
        Text& detail = group_.line.detail;
        if (one_epoch && epoch)
            detail = say("epoch {0}, {1}", "epoch {0}，{1}", epoch->value(), detail);
        const Text names = partitions_text(group_.partitions, one_epoch ? nullptr : &group_.epochs);
        if (!names.empty())
            detail = detail.empty() ? names : say("{0}: {1}", "{0}：{1}", names, detail);
        group_.line.caused = true;
        lines_.push_back(std::move(group_.line));
        group_ = Group{};
    }

    void on_truncate(const Happening& h) {
        flush_group();
        if (!h.first || !h.end || *h.end <= *h.first) return;
        add(h.moment.at, 2, Ink::plain, say("{0} cuts", "{0} 截断", node(*h.who)),
            say("{0} from {1} to {2}", "{0} 从 {1} 截到 {2}",
                scenario_.partition_name(*h.partition), h.end->value(), h.first->value()));
    }

    void add_stale_acks() {
        for (std::uint32_t p = 0; p < scenario_.partition_count(); ++p) {
            const auto stale = fold_.first_stale_ack(core::PartitionId(p));
            if (!stale) continue;
            const bool taken = is_stale_ack_taken(core::PartitionId(p));
            add(stale->at, 2, Ink::red,
                taken ? say("{0} zombie ack", "{0} 僵尸应答", node(stale->broker))
                      : say("{0} zombie answer", "{0} 僵尸回应", node(stale->broker)),
                say("{0}: it acknowledges as the leader of epoch {1} while epoch {2} rules{3}",
                    "{0}：它以 epoch {1} 的 leader 身份应答，而此时生效的是 epoch {2}{3}",
                    scenario_.partition_name(core::PartitionId(p)), stale->leader_epoch.value(),
                    stale->committed_epoch.value(),
                    taken ? Text{} : say("; no client took it", "；没有客户端收下它")));
        }
    }

    /// True if some client counts a record as acknowledged by such an answer.
    bool is_stale_ack_taken(core::PartitionId partition) const {
        const auto& batches = history_.ledger.batches();
        return std::any_of(batches.begin(), batches.end(), [&](const trace::BatchEntry& entry) {
            return entry.partition == partition && entry.outcome == trace::ClientOutcome::acked &&
                   entry.ack() && entry.ack()->leader_epoch &&
                   *entry.ack()->leader_epoch < entry.ack()->committed.leader_epoch;
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
        out.aimed = aimed_;
        return out;
    }

    const History& history_;
    const scenario::Scenario& scenario_;
    const MetricsFold& fold_;
    const Histories histories_;
    std::optional<AimedRecord> aimed_;
    std::vector<TimelineLine> lines_;
    std::vector<TimelineLine> disk_losses_;  ///< of this moment, to be shown behind its step
    Group group_;
    const Happening* registration_ = nullptr;
    std::vector<std::pair<trace::EventId, core::PartitionId>> elected_;
};

}  // namespace

Timeline timeline_of(const History& history, const MetricsFold& fold) {
    return TimelineMaker(history, fold).make();
}

}  // namespace report
