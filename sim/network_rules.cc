// Rules about single messages: held at the door of their receiver, or dropped there.
#include <algorithm>

#include "core/base/assert.h"
#include "sim/network.h"

namespace sim {

MessageRuleId Network::add_rule(MessageFate fate, std::optional<std::int64_t> count,
                                Matches matches) {
    rules_.push_back(Rule{fate, count, std::move(matches), true, {}, {}});
    ++active_rules_;
    ++unusual_;
    return MessageRuleId(static_cast<std::uint32_t>(rules_.size() - 1));
}

std::optional<std::uint32_t> Network::rule_for(const Connection& connection, int side,
                                               const Item& item) const {
    if (active_rules_ == 0 || item.let_go) return std::nullopt;
    const auto from = static_cast<std::size_t>(side);
    for (std::uint32_t i = 0; i < rules_.size(); ++i) {
        const Rule& rule = rules_[i];
        if (!rule.active || (rule.left && *rule.left == 0)) continue;
        if (rule.matches(connection.host[from], connection.host[1 - from], *item.message)) return i;
    }
    return std::nullopt;
}

bool Network::unheard(const Connection& connection, const Item& item) const {
    return connection.unanswered && item.correlation > *connection.unanswered &&
           !core::is_request(*item.message);
}

Network::Passage Network::passage(const Connection& connection, int side, const Item& item) const {
    if (item.kind != ItemKind::message || !connection.end_open[static_cast<std::size_t>(1 - side)])
        return Passage::through;
    if (item.held_by != kNone) return Passage::held;
    if (unheard(connection, item)) return Passage::dropped;
    const auto rule = rule_for(connection, side, item);
    if (!rule) return Passage::through;
    return rules_[*rule].fate == MessageFate::held ? Passage::held : Passage::dropped;
}

Network::Passage Network::pass(Connection& connection, int side, Item& item) {
    const Passage passes = passage(connection, side, item);
    if (passes == Passage::through || item.held_by != kNone) return passes;
    if (unheard(connection, item)) return passes;
    const std::uint32_t index = rule_for(connection, side, item).value();
    Rule& rule = rules_[index];
    ++rule.tally.met;
    if (rule.left) --*rule.left;
    if (passes == Passage::held) {
        item.held_by = index;
        rule.doors.push_back(Door{connection.id, side});
        return passes;
    }
    const auto* produce = std::get_if<core::ProduceRequest>(&*item.message);
    if (produce != nullptr && produce->acks == core::Acks::none) return passes;
    if (!connection.unanswered || item.correlation < *connection.unanswered)
        connection.unanswered = item.correlation;
    return passes;
}

bool Network::holds(const Connection& connection, int side) const {
    const std::uint32_t head = connection.pipe[static_cast<std::size_t>(side)].head;
    return head != kNone && items_[head].held_by != kNone;
}

std::optional<std::uint32_t> Network::waiting(const Door& door, std::uint32_t rule) const {
    const std::uint32_t slot = slot_of(door.connection);
    if (slot == kNone) return std::nullopt;
    const Connection& connection = connections_[slot];
    std::uint32_t at = connection.pipe[static_cast<std::size_t>(door.side)].head;
    while (at != kNone && items_[at].let_go) at = items_[at].next;
    if (at == kNone) return std::nullopt;
    const Item& item = items_[at];
    if (item.held_by == rule) return at;
    // It stands behind one that was let go, and would be held as soon as that is through.
    if (item.held_by != kNone || item.kind != ItemKind::message || item.due > kernel_.now())
        return std::nullopt;
    if (unheard(connection, item) || rule_for(connection, door.side, item) != rule)
        return std::nullopt;
    return at;
}

std::int64_t Network::release_held(MessageRuleId id, std::optional<std::int64_t> count) {
    Rule& rule = rules_[id.value()];
    std::int64_t went = 0;
    for (; rule.active && (!count || went < *count); ++went) {
        const Door* from = nullptr;
        std::uint32_t oldest = kNone;
        for (const Door& door : rule.doors) {
            const auto item = waiting(door, id.value());
            if (!item || (oldest != kNone && items_[oldest].due <= items_[*item].due)) continue;
            oldest = *item;
            from = &door;
        }
        if (oldest == kNone) break;
        Item& item = items_[oldest];
        if (item.held_by == kNone) {
            ++rule.tally.met;
            if (rule.left) --*rule.left;
        }
        item.held_by = kNone;
        item.let_go = true;
        arm(slot_of(from->connection), from->side);
    }
    rule.tally.arrived += went;
    std::erase_if(rule.doors, [&](const Door& door) { return !waiting(door, id.value()); });
    return went;
}

MessageTally Network::remove_rule(MessageRuleId id) {
    Rule& rule = rules_[id.value()];
    ASSERT(rule.active);
    rule.active = false;
    --active_rules_;
    --unusual_;
    std::vector<std::pair<core::TimePoint, Door>> held;
    for (const Door& door : rule.doors) {
        const auto item = waiting(door, id.value());
        if (!item) continue;
        items_[*item].held_by = kNone;
        held.emplace_back(items_[*item].due, door);
    }
    std::stable_sort(held.begin(), held.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [due, door] : held) arm(slot_of(door.connection), door.side);
    if (rule.fate == MessageFate::held) {
        rule.tally.arrived += static_cast<std::int64_t>(held.size());
        rule.tally.gone = rule.tally.met - rule.tally.arrived;
    }
    rule.doors.clear();
    return rule.tally;
}

}  // namespace sim
