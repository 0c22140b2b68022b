#include "reports/chain.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/text.h"
#include "reports/expect.h"
#include "reports/step_words.h"

namespace report {
namespace {

using core::concat;
using trace::BatchEntry;

/// A wait in the client that is worth a word.
constexpr core::Duration kLongWait = core::from_ms(100);

class ChainMaker {
  public:
    ChainMaker(const History& history, const Histories& histories, const BatchEntry& entry,
               core::RecordNumber number)
        : history_(history), histories_(histories), entry_(entry) {
        for (std::uint32_t i = 0; i < entry.record_count; ++i)
            if (entry.number(i) == number) index_ = i;
        const auto client =
            static_cast<std::uint32_t>(entry.tag.client.value() - core::kFirstClientId);
        sent_at_ = history.ledger.records(client)[static_cast<std::size_t>(number.value())].sent_at;
    }

    std::vector<ChainLink> make(const std::optional<BatchLoss>& loss) {
        add(sent_at_, trace::EventId(0), "record.queued", std::nullopt,
            say("{0} takes it: send() for {1}{2}", "{0} 接收该消息：send() 到 {1}{2}",
                node(entry_.tag.client), partition(), unsent()));
        add_attempts();
        add_appends();
        add_high_watermark();
        add_promise();
        core::TimePoint until = loss ? loss->lost_at : end_of_story();
        // The leadership that passed the record over belongs to the story of its end.
        if (loss && entry_.ack()) {
            const PartitionHistory::State* next = LossJudge(history_, histories_).overruled(entry_);
            if (next != nullptr) until = std::max(until, next->at);
        }
        add_brokers(until);
        add_leaders(until);
        add_reuse(until);
        if (loss) add_isr(until);
        if (loss) add_cuts(until);
        add_losses();
        if (loss) add_decision(loss->no_way_back_at);
        std::stable_sort(links_.begin(), links_.end(), [](const auto& a, const auto& b) {
            return a.at != b.at ? a.at < b.at : a.event < b.event;
        });
        if (loss) mark(*loss);
        return std::move(links_);
    }

  private:
    std::string node(core::NodeId id) const { return history_.scenario.node_name(id); }
    std::string nodes(const core::ReplicaList& list) const {
        std::vector<std::string> names;
        for (const core::NodeId id : list) names.push_back(concat(id.value()));
        std::sort(names.begin(), names.end());
        return "{" + core::join(names, ",") + "}";
    }
    std::int64_t offset_in(const trace::Copy& copy) const {
        return copy.base_offset.value() + static_cast<std::int64_t>(index_);
    }
    std::string partition() const { return history_.scenario.partition_name(entry_.partition); }

    ChainLink& add(core::TimePoint at, trace::EventId event, std::string_view name,
                   std::optional<core::NodeId> where, Text text) {
        links_.push_back(ChainLink{at, event, name, where, std::move(text)});
        return links_.back();
    }

    /// What is nowhere has no story behind the client's failure.
    core::TimePoint end_of_story() const {
        const bool refused = entry_.outcome == trace::ClientOutcome::failed &&
                             entry_.copy_count() == 0 && entry_.lost_copies().empty();
        return refused ? entry_.ended_at : history_.outcome.audited_at;
    }

    /// Who led when send() took it, for a record that no broker was ever sent.
    const PartitionHistory::State* state_at_send() const {
        return histories_.partition(entry_.partition).at(sent_at_);
    }

    Text unsent() const {
        const PartitionHistory::State* state = state_at_send();
        if (!entry_.attempts().empty() || state == nullptr) return Text{};
        if (!state->leader)
            return say(", which has no leader; it waits and is never sent",
                       "，该分区没有 leader；消息一直等待，从未发出");
        return say("; it waits in the client and is never sent; the leader is {0}{1}",
                   "；消息在客户端等待，从未发出；leader 是 {0}{1}", node(*state->leader),
                   state_of(*state->leader, sent_at_));
    }

    void add_attempts() {
        const auto client =
            static_cast<std::uint32_t>(entry_.tag.client.value() - core::kFirstClientId);
        const std::string acks = producer_setting(history_.scenario, client, "acks");
        bool first = true;
        for (const trace::Attempt& attempt : entry_.attempts()) {
            Text text =
                first ? say("{0} sends it to {1}, acks={2}", "{0} 发送给 {1}，acks={2}",
                            node(entry_.tag.client), node(attempt.broker), acks)
                      : say("{0} sends it again to {1}, acks={2}", "{0} 重新发送给 {1}，acks={2}",
                            node(entry_.tag.client), node(attempt.broker), acks);
            if (first && attempt.at - sent_at_ >= kLongWait)
                text += say(", {0} after send()", "，距 send() {0}", words(attempt.at - sent_at_));
            const Text state = state_of(attempt.broker, attempt.at);
            text += state.empty() ? not_leading(attempt) : state;
            if (attempt.ended != core::ErrorCode::none)
                text += say(" (ends with {0})", "（以 {0} 告终）", core::name(attempt.ended));
            add(attempt.at, attempt.event, "produce.send", attempt.broker, std::move(text));
            first = false;
        }
    }

    /// Where the client's metadata are old.
    Text not_leading(const trace::Attempt& attempt) const {
        const PartitionHistory::State* ruling =
            histories_.partition(entry_.partition).at(attempt.at);
        if (ruling == nullptr || ruling->leader == attempt.broker) return Text{};
        if (!ruling->leader)
            return say(", which does not lead (nobody does)",
                       "，但它不是 leader（此时没有 leader）");
        return say(", which does not lead ({0} does)", "，但它不是 leader（leader 是 {0}）",
                   node(*ruling->leader));
    }

    /// What the broker was doing at that moment, where it was not serving.
    Text state_of(core::NodeId broker, core::TimePoint at) const {
        const Happening* stop = histories_.last_stop_before(broker, at);
        if (stop == nullptr || stop->moment.at >= at) return Text{};
        const std::string since = short_clock(stop->moment.at);
        if (stop->is(trace::WorldKind::process_pause))
            return say(", which stands still since {0} (process paused)",
                       "，它自 {0} 起停顿（进程暂停）", since);
        if (stop->is(core::NoteKind::controlled_shutdown))
            return say(", which shuts down since {0}", "，它自 {0} 起正在关闭", since);
        return say(", which is down since {0}", "，它自 {0} 起已停机", since);
    }

    /// Everybody who holds it right after that event, or right after the end of one copy where one
    /// event ends several.
    Text holders(core::TimePoint at, trace::EventId event,
                 const trace::LostCopy* end = nullptr) const {
        std::vector<std::string> names;
        const auto by_then = [&](core::TimePoint when, trace::EventId what) {
            return when != at ? when < at : what <= event;
        };
        const auto consider = [&](const trace::Copy& copy, bool gone) {
            const std::string text = node(copy.broker);
            if (by_then(copy.appended_at, copy.appended_event) && !gone &&
                std::find(names.begin(), names.end(), text) == names.end())
                names.push_back(text);
        };
        for (const trace::Copy& copy : entry_.copies()) consider(copy, false);
        for (const trace::LostCopy& lost : entry_.lost_copies())
            consider(lost.copy, end != nullptr && lost.event == end->event
                                    ? &lost <= end
                                    : by_then(lost.at, lost.event));
        std::sort(names.begin(), names.end());
        return names.empty() ? say("none", "无") : same(core::join(names, ", "));
    }

    void add_append(const trace::Copy& copy) {
        const Text what = copy.as_leader ? say("appends it as the leader", "作为 leader 追加")
                                         : say("fetches and appends it", "拉取并追加");
        add(copy.appended_at, copy.appended_event, "log.append", copy.broker,
            say("{0} {1} at offset {2}, leader epoch {3}; copies: {4}",
                "{0} {1}到 offset {2}，leader epoch {3}；持有者：{4}", node(copy.broker), what,
                offset_in(copy), copy.leader_epoch.value(),
                holders(copy.appended_at, copy.appended_event)));
    }

    void add_appends() {
        for (const trace::Copy& copy : entry_.copies()) add_append(copy);
        for (const trace::LostCopy& lost : entry_.lost_copies()) add_append(lost.copy);
    }

    void add_promise() {
        if (entry_.outcome == trace::ClientOutcome::failed) {
            add(entry_.ended_at, trace::EventId(UINT64_MAX), "produce.error", std::nullopt,
                say("{0} is told that it failed: {1}", "{0} 得知发送失败：{1}",
                    node(entry_.tag.client), core::name(entry_.error)));
        }
        if (entry_.outcome != trace::ClientOutcome::acked) return;
        const trace::Acknowledgement ack = *entry_.ack();
        const bool stale = ack.leader_epoch && *ack.leader_epoch < ack.committed.leader_epoch;
        Text text = say("{0} answers success to {1}; ", "{0} 向 {1} 应答成功；", node(ack.broker),
                        node(entry_.tag.client));
        if (!stale) text += say("ISR {0}, ", "ISR {0}，", nodes(ack.committed.isr));
        text += say("copies: {0}", "持有者：{0}", holders(ack.answered_at, ack.answered_event));
        if (ack.leader_high_watermark)
            text += say(", high watermark {0}", "，高水位 {0}", ack.leader_high_watermark->value());
        if (stale)
            text += say("; it answers as the leader of epoch {0} while epoch {1} rules, ISR {2}",
                        "；它以 epoch {0} 的 leader 身份应答，而此时生效的是 epoch {1}，ISR {2}",
                        ack.leader_epoch->value(), ack.committed.leader_epoch.value(),
                        nodes(ack.committed.isr));
        if (ack.at - ack.answered_at >= kLongWait)
            text += say("; the answer arrives {0} later", "；应答在 {0} 后才到达",
                        words(ack.at - ack.answered_at));
        add(ack.answered_at, ack.answered_event, "produce.ack", ack.broker, std::move(text))
            .promise = true;
    }

    void add_high_watermark() {
        const auto below = entry_.below_high_watermark();
        if (!below) return;
        add(below->at, below->event, "hw.advance", std::nullopt,
            say("a leader's high watermark passes it: readers can see it",
                "leader 的高水位越过该消息：消费者可以读到它了"));
    }

    /// What befell the brokers that held it or were sent it, from send() on.
    void add_brokers(core::TimePoint until) {
        std::set<core::NodeId> brokers;
        for (const trace::Attempt& attempt : entry_.attempts()) brokers.insert(attempt.broker);
        const PartitionHistory::State* at_send = state_at_send();
        if (entry_.attempts().empty() && at_send != nullptr && at_send->leader)
            brokers.insert(*at_send->leader);
        for (const trace::Copy& copy : entry_.copies()) brokers.insert(copy.broker);
        for (const trace::LostCopy& lost : entry_.lost_copies()) brokers.insert(lost.copy.broker);
        for (const core::NodeId broker : brokers) {
            for (const Happening* h : histories_.node(broker).happenings) {
                if (h->moment.at < sent_at_ || h->moment.at > until) continue;
                const Text words = words_for(*h);
                if (words.empty()) continue;
                const std::string_view name =
                    h->of_world ? trace::name(h->world) : core::name(h->note);
                add(h->moment.at, h->moment.event, name, broker,
                    say("{0} {1}", "{0} {1}", node(broker), words));
            }
        }
    }

    static Text words_for(const Happening& h) {
        using trace::WorldKind;
        if (h.is(WorldKind::process_crash))
            return h.value == 1 ? say("loses power", "断电") : say("is killed", "进程被杀死");
        if (h.is(WorldKind::process_exit)) return say("stops", "停止");
        if (h.is(WorldKind::process_start)) return say("starts", "启动");
        if (h.is(WorldKind::process_pause))
            return say("stands still (process paused)", "停顿（进程暂停）");
        if (h.is(WorldKind::process_resume)) return say("wakes up", "继续运行");
        if (h.is(core::NoteKind::broker_fenced))
            return say("is fenced by the controller", "被 controller 隔离（fenced）");
        if (h.is(core::NoteKind::controlled_shutdown))
            return say("begins its controlled shutdown", "开始受控关闭");
        return Text{};
    }

    void add_leaders(core::TimePoint until) {
        std::optional<core::NodeId> last;
        bool any = false;
        for (const PartitionHistory::State& state : histories_.partition(entry_.partition).states) {
            const bool changed = !any || state.leader != last || state.clean.has_value();
            any = true;
            last = state.leader;
            if (!changed || state.at < sent_at_ || state.at > until) continue;
            if (!state.leader) {
                add(state.at, state.event, "leader.elect", std::nullopt,
                    say("no leader for {0}; ISR {1}", "{0} 没有 leader；ISR {1}", partition(),
                        nodes(state.isr)));
                continue;
            }
            Text how;
            if (state.clean)
                how = *state.clean ? say(", clean election", "，clean 选举")
                                   : say(", UNCLEAN election", "，UNCLEAN 选举");
            Text text = say("{0} becomes the leader of {1}, epoch {2}{3}, ISR {4}",
                            "{0} 成为 {1} 的 leader，epoch {2}{3}，ISR {4}", node(*state.leader),
                            partition(), state.leader_epoch.value(), how, nodes(state.isr));
            // Before anybody has it, nobody lacks it.
            if (is_appended_by(state.at))
                text += LossJudge::held(entry_, *state.leader, state.at)
                            ? say("; it has the record", "；它持有该消息")
                            : say("; it lacks the record", "；它没有该消息");
            add(state.at, state.event, "leader.elect", state.leader, std::move(text));
        }
    }

    /// Who counts as in sync is half of the story of a loss.
    void add_isr(core::TimePoint until) {
        const PartitionHistory::State* before = nullptr;
        for (const PartitionHistory::State& state : histories_.partition(entry_.partition).states) {
            const PartitionHistory::State* last = std::exchange(before, &state);
            if (last == nullptr || state.at < sent_at_ || state.at > until) continue;
            const bool elected = state.leader != last->leader || state.clean.has_value();
            if (elected || nodes(state.isr) == nodes(last->isr)) continue;
            const bool smaller = state.isr.size() < last->isr.size();
            add(state.at, state.event,
                core::name(smaller ? core::NoteKind::isr_shrink : core::NoteKind::isr_expand),
                std::nullopt,
                say("the ISR of {0} becomes {1}", "{0} 的 ISR 变为 {1}", partition(),
                    nodes(state.isr)));
        }
    }

    /// Links that a step cuts, or has cut when send() takes the record.
    void add_cuts(core::TimePoint until) {
        for (std::size_t i = 0; i < history_.scenario.steps.size(); ++i) {
            const scenario::Step& step = history_.scenario.steps[i];
            const auto* cut = std::get_if<scenario::PartitionAction>(&step.action);
            if (cut == nullptr) continue;
            const Happening* open = nullptr;
            for (const Happening& h : history_.chronicle.all()) {
                if (h.value != static_cast<std::int64_t>(i) || h.moment.at > until) continue;
                if (h.is(trace::WorldKind::step_start)) open = &h;
                if (!h.is(trace::WorldKind::step_end) || open == nullptr) continue;
                if (h.moment.at >= sent_at_) add_cut(step.id, *cut, *open);
                open = nullptr;
            }
            if (open != nullptr) add_cut(step.id, *cut, *open);
        }
    }

    void add_cut(const std::string& id, const scenario::PartitionAction& cut, const Happening& h) {
        const Text links = cut_text(history_.scenario, cut);
        const std::string_view name = trace::name(trace::WorldKind::step_start);
        if (h.moment.at >= sent_at_)
            add(h.moment.at, h.moment.event, name, std::nullopt,
                say("the network is cut: {0} (step {1})", "断网：{0}（步骤 {1}）", links, id));
        else
            add(sent_at_, trace::EventId(0), name, std::nullopt,
                say("the network is cut since {0}: {1} (step {2})",
                    "自 {0} 起断网：{1}（步骤 {2}）", short_clock(h.moment.at), links, id));
    }

    bool is_appended_by(core::TimePoint at) const {
        return std::ranges::any_of(entry_.copies(),
                                   [&](const trace::Copy& c) { return c.appended_at <= at; }) ||
               std::ranges::any_of(entry_.lost_copies(), [&](const trace::LostCopy& c) {
                   return c.copy.appended_at <= at;
               });
    }

    /// Another record now stands where this one was acknowledged.
    void add_reuse(core::TimePoint until) {
        if (!entry_.answered_offset()) return;
        const core::Offset offset = *entry_.answered_offset() + static_cast<std::int64_t>(index_);
        const trace::PartitionOutcome* outcome = find_partition(history_.outcome, entry_.partition);
        if (outcome == nullptr) return;
        const auto at = std::lower_bound(
            outcome->read.begin(), outcome->read.end(), offset,
            [](const trace::LogRecord& r, core::Offset o) { return r.offset < o; });
        if (at == outcome->read.end() || at->offset != offset) return;
        if (at->client >= history_.ledger.client_count()) return;
        const BatchEntry* other = history_.ledger.batch_of(at->client, at->number);
        if (other == nullptr || other == &entry_) return;
        const trace::Copies copies = other->copies();
        const trace::Copy* first = nullptr;
        for (const trace::Copy& copy : copies)
            if (copy.as_leader && (first == nullptr || copy.appended_at < first->appended_at))
                first = &copy;
        if (first == nullptr || first->appended_at > until) return;
        Text text = say("{0} appends {1} at offset {2}, epoch {3}",
                        "{0} 把 {1} 追加到 offset {2}，epoch {3}", node(first->broker),
                        record_name(history_.scenario, at->client, at->number), offset.value(),
                        first->leader_epoch.value());
        if (is_appended_by(first->appended_at))
            text += say(", where the record stood", "，占用了该消息的位置");
        else
            text += say("; {0} gives the record that offset later", "；{0} 之后又把它给了该消息",
                        node(entry_.ack()->broker));
        add(first->appended_at, first->appended_event, "log.append", first->broker,
            std::move(text));
    }

    void add_losses() {
        for (const trace::LostCopy& lost : entry_.lost_copies()) {
            Text text;
            std::string_view name = "log.truncate";
            const std::string broker = node(lost.copy.broker);
            const std::int64_t offset = offset_in(lost.copy);
            switch (lost.how) {
                case trace::CopyEnd::truncation:
                    text =
                        say("{0} cuts its log and with it offset {1}{2}",
                            "{0} 截断日志，offset {1} 随之消失{2}", broker, offset, cause_of(lost));
                    break;
                case trace::CopyEnd::power_loss:
                    name = "disk.lost";
                    text = say("{0} loses offset {1} with the power: it was not yet on the disk",
                               "{0} 断电丢失 offset {1}：它尚未落盘", broker, offset);
                    break;
                case trace::CopyEnd::recovery:
                    name = "log.recovered";
                    text = say("{0} drops offset {1} in recovery: its bytes were not whole",
                               "{0} 在恢复时丢弃 offset {1}：其字节不完整", broker, offset);
                    break;
                case trace::CopyEnd::wipe:
                    name = "disk.wiped";
                    text = say("{0} gets an empty disk", "{0} 换上了空磁盘", broker);
                    break;
            }
            text += say("; copies: {0}", "；持有者：{0}", holders(lost.at, lost.event, &lost));
            add(lost.at, lost.event, name, lost.copy.broker, std::move(text)).last_copy =
                entry_.copy_count() == 0 && &lost == &entry_.lost_copies().back();
        }
    }

    /// A step that closed the way back and shows in no other link.
    void add_decision(core::TimePoint at) {
        if (std::any_of(links_.begin(), links_.end(), [&](const auto& l) { return l.at == at; }))
            return;
        for (const Happening& h : history_.chronicle.all()) {
            const auto index = static_cast<std::size_t>(h.value);
            if (h.moment.at != at || !h.is(trace::WorldKind::step_start)) continue;
            if (index >= history_.scenario.steps.size()) continue;
            add(at, h.moment.event, trace::name(h.world), std::nullopt,
                say("step {0} begins", "步骤 {0} 开始", history_.scenario.steps[index].id));
            return;
        }
    }

    /// Whom it followed when it cut its log.
    Text cause_of(const trace::LostCopy& lost) const {
        if (!lost.leader) return Text{};
        if (!lost.leader_epoch) return say(", following {0}", "（跟随 {0}）", node(*lost.leader));
        return say(", following {0} in epoch {1}", "（在 epoch {1} 跟随 {0}）", node(*lost.leader),
                   lost.leader_epoch->value());
    }

    /// The event that closed the way back: the last of that moment, else the next.
    void mark(const BatchLoss& loss) {
        const auto after = std::find_if(links_.begin(), links_.end(), [&](const ChainLink& l) {
            return l.at > loss.no_way_back_at;
        });
        const bool exact = after != links_.begin() && (after - 1)->at == loss.no_way_back_at;
        if (exact) {
            (after - 1)->no_way_back = true;
        } else if (after != links_.end()) {
            after->no_way_back = true;
        }
    }

    const History& history_;
    const Histories& histories_;
    const BatchEntry& entry_;
    std::uint32_t index_ = 0;
    core::TimePoint sent_at_{};
    std::vector<ChainLink> links_;
};

}  // namespace

std::vector<ChainLink> chain_of(const History& history, const Histories& histories,
                                std::uint32_t client, core::RecordNumber number,
                                const std::optional<BatchLoss>& loss) {
    const BatchEntry* entry = history.ledger.batch_of(client, number);
    if (entry == nullptr) return {};
    return ChainMaker(history, histories, *entry, number).make(loss);
}

}  // namespace report
