#include "reports/chain.h"

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "reports/expect.h"
#include "reports/timeline.h"

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
            concat(node(entry_.tag.client), " takes it: send() for ", partition(), unsent()));
        add_attempts();
        add_appends();
        add_high_watermark();
        add_promise();
        core::TimePoint until = loss ? loss->lost_at : end_of_story();
        // The leadership that passed the record over belongs to the story of its end.
        if (loss && entry_.ack) {
            const PartitionHistory::State* next = LossJudge(history_, histories_).overruled(entry_);
            if (next != nullptr) until = std::max(until, next->at);
        }
        add_brokers(until);
        add_leaders(until);
        add_reuse(until);
        add_losses();
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
                   std::optional<core::NodeId> where, std::string text) {
        links_.push_back(ChainLink{at, event, name, where, std::move(text)});
        return links_.back();
    }

    /// What is nowhere has no story behind the client's failure.
    core::TimePoint end_of_story() const {
        const bool refused = entry_.outcome == trace::ClientOutcome::failed &&
                             entry_.copies.empty() && entry_.lost_copies.empty();
        return refused ? entry_.ended_at : history_.outcome.audited_at;
    }

    /// Who led when send() took it, for a record that no broker was ever sent.
    const PartitionHistory::State* state_at_send() const {
        return histories_.partition(entry_.partition).at(sent_at_);
    }

    std::string unsent() const {
        const PartitionHistory::State* state = state_at_send();
        if (!entry_.attempts.empty() || state == nullptr) return "";
        if (!state->leader) return ", which has no leader; it waits and is never sent";
        return concat("; it waits in the client and is never sent; the leader is ",
                      node(*state->leader), state_of(*state->leader, sent_at_));
    }

    void add_attempts() {
        const auto client =
            static_cast<std::uint32_t>(entry_.tag.client.value() - core::kFirstClientId);
        const std::string acks = producer_setting(history_.scenario, client, "acks");
        bool first = true;
        for (const trace::Attempt& attempt : entry_.attempts) {
            std::string text =
                concat(node(entry_.tag.client), first ? " sends it to " : " sends it again to ",
                       node(attempt.broker), ", acks=", acks);
            if (first && attempt.at - sent_at_ >= kLongWait)
                text += concat(", ", words(attempt.at - sent_at_), " after send()");
            const std::string state = state_of(attempt.broker, attempt.at);
            text += state.empty() ? not_leading(attempt) : state;
            if (attempt.ended != core::ErrorCode::none)
                text += concat(" (ends with ", core::name(attempt.ended), ")");
            add(attempt.at, attempt.event, "produce.send", attempt.broker, std::move(text));
            first = false;
        }
    }

    /// Where the client's metadata are old.
    std::string not_leading(const trace::Attempt& attempt) const {
        const PartitionHistory::State* ruling =
            histories_.partition(entry_.partition).at(attempt.at);
        if (ruling == nullptr || ruling->leader == attempt.broker) return "";
        if (!ruling->leader) return ", which does not lead (nobody does)";
        return concat(", which does not lead (", node(*ruling->leader), " does)");
    }

    /// What the broker was doing at that moment, where it was not serving.
    std::string state_of(core::NodeId broker, core::TimePoint at) const {
        const Happening* stop = histories_.last_stop_before(broker, at);
        if (stop == nullptr || stop->moment.at >= at) return "";
        std::string since = clock_text(stop->moment.at);
        since.erase(0, since.find_first_not_of(' '));
        if (stop->is(trace::WorldKind::process_pause))
            return concat(", which stands still since ", since, " (process paused)");
        if (stop->is(core::NoteKind::controlled_shutdown))
            return concat(", which shuts down since ", since);
        return concat(", which is down since ", since);
    }

    /// Everybody who holds it right after that event, or right after the end of one copy where one
    /// event ends several.
    std::string holders(core::TimePoint at, trace::EventId event,
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
        for (const trace::Copy& copy : entry_.copies) consider(copy, false);
        for (const trace::LostCopy& lost : entry_.lost_copies)
            consider(lost.copy, end != nullptr && lost.event == end->event
                                    ? &lost <= end
                                    : by_then(lost.at, lost.event));
        std::sort(names.begin(), names.end());
        return names.empty() ? "none" : core::join(names, ", ");
    }

    void add_append(const trace::Copy& copy) {
        add(copy.appended_at, copy.appended_event, "log.append", copy.broker,
            concat(node(copy.broker),
                   copy.as_leader ? " appends it as the leader at offset "
                                  : " fetches and appends it at offset ",
                   offset_in(copy), ", leader epoch ", copy.leader_epoch.value(),
                   "; copies: ", holders(copy.appended_at, copy.appended_event)));
    }

    void add_appends() {
        for (const trace::Copy& copy : entry_.copies) add_append(copy);
        for (const trace::LostCopy& lost : entry_.lost_copies) add_append(lost.copy);
    }

    void add_promise() {
        if (entry_.outcome == trace::ClientOutcome::failed) {
            add(entry_.ended_at, trace::EventId(UINT64_MAX), "produce.error", std::nullopt,
                concat(node(entry_.tag.client),
                       " is told that it failed: ", core::name(entry_.error)));
        }
        if (entry_.outcome != trace::ClientOutcome::acked || !entry_.ack) return;
        const trace::Acknowledgement& ack = *entry_.ack;
        std::string text = concat(node(ack.broker), " answers success to ", node(entry_.tag.client),
                                  ": the promise; ISR ", nodes(ack.committed_isr),
                                  ", copies: ", holders(ack.answered_at, ack.answered_event));
        if (ack.leader_high_watermark)
            text += concat(", high watermark ", ack.leader_high_watermark->value());
        if (ack.leader_epoch && *ack.leader_epoch < ack.committed_epoch)
            text += concat("; it answers as the leader of epoch ", ack.leader_epoch->value(),
                           " while epoch ", ack.committed_epoch.value(), " rules");
        if (ack.at - ack.answered_at >= kLongWait)
            text += concat("; the answer arrives ", words(ack.at - ack.answered_at), " later");
        add(ack.answered_at, ack.answered_event, "produce.ack", ack.broker, std::move(text))
            .promise = true;
    }

    void add_high_watermark() {
        if (!entry_.below_hw_at) return;
        add(*entry_.below_hw_at, entry_.below_hw_event, "hw.advance", std::nullopt,
            "a leader's high watermark passes it: readers can see it");
    }

    /// What befell the brokers that held it or were sent it, from send() on.
    void add_brokers(core::TimePoint until) {
        std::set<core::NodeId> brokers;
        for (const trace::Attempt& attempt : entry_.attempts) brokers.insert(attempt.broker);
        const PartitionHistory::State* at_send = state_at_send();
        if (entry_.attempts.empty() && at_send != nullptr && at_send->leader)
            brokers.insert(*at_send->leader);
        for (const trace::Copy& copy : entry_.copies) brokers.insert(copy.broker);
        for (const trace::LostCopy& lost : entry_.lost_copies) brokers.insert(lost.copy.broker);
        for (const core::NodeId broker : brokers) {
            for (const Happening* h : histories_.node(broker).happenings) {
                if (h->moment.at < sent_at_ || h->moment.at > until) continue;
                const auto words = words_for(*h);
                if (!words) continue;
                const std::string_view name =
                    h->of_world ? trace::name(h->world) : core::name(h->note);
                add(h->moment.at, h->moment.event, name, broker, concat(node(broker), " ", *words));
            }
        }
    }

    static std::optional<std::string> words_for(const Happening& h) {
        using trace::WorldKind;
        if (h.is(WorldKind::process_crash))
            return std::string(h.value == 1 ? "loses power" : "is killed");
        if (h.is(WorldKind::process_exit)) return std::string("stops");
        if (h.is(WorldKind::process_start)) return std::string("starts");
        if (h.is(WorldKind::process_pause)) return std::string("stands still (process paused)");
        if (h.is(WorldKind::process_resume)) return std::string("wakes up");
        if (h.is(core::NoteKind::broker_fenced)) return std::string("is fenced by the controller");
        if (h.is(core::NoteKind::controlled_shutdown))
            return std::string("begins its controlled shutdown");
        return std::nullopt;
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
                    concat("no leader for ", partition(), "; ISR ", nodes(state.isr)));
                continue;
            }
            std::string text = concat(
                node(*state.leader), " becomes the leader of ", partition(), ", epoch ",
                state.leader_epoch.value(),
                state.clean ? (*state.clean ? ", clean election" : ", UNCLEAN election") : "",
                ", ISR ", nodes(state.isr));
            // Before anybody has it, nobody lacks it.
            if (is_appended_by(state.at))
                text += LossJudge::held(entry_, *state.leader, state.at) ? "; it has the record"
                                                                         : "; it lacks the record";
            add(state.at, state.event, "leader.elect", state.leader, std::move(text));
        }
    }

    bool is_appended_by(core::TimePoint at) const {
        return std::any_of(entry_.copies.begin(), entry_.copies.end(),
                           [&](const trace::Copy& c) { return c.appended_at <= at; }) ||
               std::any_of(entry_.lost_copies.begin(), entry_.lost_copies.end(),
                           [&](const trace::LostCopy& c) { return c.copy.appended_at <= at; });
    }

    /// Another record now stands where this one was acknowledged.
    void add_reuse(core::TimePoint until) {
        if (!entry_.ack || !entry_.ack->base_offset) return;
        const core::Offset offset = *entry_.ack->base_offset + static_cast<std::int64_t>(index_);
        const trace::PartitionOutcome* outcome = find_partition(history_.outcome, entry_.partition);
        if (outcome == nullptr) return;
        const auto at = std::lower_bound(
            outcome->read.begin(), outcome->read.end(), offset,
            [](const trace::LogRecord& r, core::Offset o) { return r.offset < o; });
        if (at == outcome->read.end() || at->offset != offset) return;
        if (at->client >= history_.ledger.client_count()) return;
        const BatchEntry* other = history_.ledger.batch_of(at->client, at->number);
        if (other == nullptr || other == &entry_) return;
        const trace::Copy* first = nullptr;
        for (const trace::Copy& copy : other->copies)
            if (copy.as_leader && (first == nullptr || copy.appended_at < first->appended_at))
                first = &copy;
        if (first == nullptr || first->appended_at > until) return;
        add(first->appended_at, first->appended_event, "log.append", first->broker,
            concat(node(first->broker), " appends ",
                   record_name(history_.scenario, at->client, at->number), " at its offset ",
                   offset.value(), ", epoch ", first->leader_epoch.value()));
    }

    void add_losses() {
        for (const trace::LostCopy& lost : entry_.lost_copies) {
            std::string text = node(lost.copy.broker);
            std::string_view name = "log.truncate";
            switch (lost.how) {
                case trace::CopyEnd::truncation:
                    text += concat(" cuts its log and with it offset ", offset_in(lost.copy));
                    if (lost.leader) {
                        text += concat(", following ", node(*lost.leader));
                        if (lost.leader_epoch)
                            text += concat(" in epoch ", lost.leader_epoch->value());
                    }
                    break;
                case trace::CopyEnd::power_loss:
                    name = "disk.lost";
                    text += concat(" loses offset ", offset_in(lost.copy),
                                   " with the power: it was not yet on the disk");
                    break;
                case trace::CopyEnd::recovery:
                    name = "log.recovered";
                    text += concat(" drops offset ", offset_in(lost.copy),
                                   " in recovery: its bytes were not whole");
                    break;
                case trace::CopyEnd::wipe:
                    name = "disk.wiped";
                    text += " gets an empty disk";
                    break;
            }
            text += concat("; copies: ", holders(lost.at, lost.event, &lost));
            add(lost.at, lost.event, name, lost.copy.broker, std::move(text)).last_copy =
                entry_.copies.empty() && &lost == &entry_.lost_copies.back();
        }
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

Text why_no_way_back(const History& history, const Histories& histories,
                     const trace::BatchEntry& entry, const BatchLoss& loss) {
    const core::TimePoint at = loss.no_way_back_at;
    const PartitionHistory::State* state = histories.partition(entry.partition).at(at);
    const auto in_isr = [&](core::NodeId broker) {
        return state == nullptr ||
               std::find(state->isr.begin(), state->isr.end(), broker) != state->isr.end();
    };
    std::vector<Text> holders;
    for (const core::NodeId broker : history.scenario.partition(entry.partition).replicas) {
        if (!LossJudge::held(entry, broker, at)) continue;
        const Happening* stop = histories.last_stop_before(broker, at);
        const bool paused = stop != nullptr && stop->is(trace::WorldKind::process_pause);
        const std::string name = history.scenario.node_name(broker);
        if (paused)
            holders.push_back(say("{0} (stands still)", "{0}（进程暂停中）", name));
        else if (!histories.node(broker).live_at(at))
            holders.push_back(say("{0} (down)", "{0}（已停机）", name));
        else if (!in_isr(broker))
            holders.push_back(say("{0} (outside the ISR)", "{0}（不在 ISR 中）", name));
        else
            holders.push_back(same(name));
    }
    if (holders.empty())
        return say("from then on no replica held a copy", "此后没有任何副本持有该消息");
    return say("from then on only {0} held a copy, and never again as a live leader or ISR member",
               "此后只有 {0} 持有该消息，且再未以存活的 leader 或 ISR 成员的身份持有它",
               joined(holders, say(", ", "、")));
}

}  // namespace report
