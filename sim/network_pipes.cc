// Links, pipes and connections: what the network is made of.
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "sim/draw_key.h"
#include "sim/network.h"

namespace sim {

// ---- lookups ------------------------------------------------------------------------------------

std::uint32_t Network::link_index(HostIndex from, HostIndex to) {
    std::uint32_t& at = link_at_[from * nodes_.size() + to];
    if (at == kNone) {
        at = static_cast<std::uint32_t>(links_.size());
        Link& made = links_.emplace_back();
        made.model = link_of_(from, to);
        made.key = core::mix64((draw_key(nodes_[from]) << 32) | draw_key(nodes_[to]));
        const std::uint64_t draw =
            core::keyed_draw(seed_, core::Purpose::network_latency, {made.key});
        // As keyed_draw would go on with the API.
        for (std::size_t api = 0; api < kApis; ++api)
            made.latency_draw[api] = core::mix64(draw ^ core::mix64(api));
    }
    return at;
}

bool Network::is_cut(HostIndex from, HostIndex to) {
    return link(from, to).cuts > 0;
}

// ---- items and pipes ----------------------------------------------------------------------------

void Network::grow_items() {
    items_.emplace_back();
    free_item_ = static_cast<std::uint32_t>(items_.size() - 1);
}

void Network::free_item(std::uint32_t item) {
    // A message that nobody takes must not keep its batches alive.
    items_[item].message = core::MessageBox();
    items_[item].next = free_item_;
    free_item_ = item;
}

std::size_t Network::items_in_flight() const {
    std::size_t free = 0;
    for (std::uint32_t at = free_item_; at != kNone; at = items_[at].next) ++free;
    return items_.size() - free;
}

void Network::enqueue_reset(std::uint32_t slot, int side, core::ConnectionLoss why,
                            core::TimePoint at, core::Duration extra) {
    Link& way = link_of_pipe(connections_[slot], side);
    const core::Duration travel = extra + counted_latency(way, kResetApi);
    Connection& connection = connections_[slot];
    const auto from = static_cast<std::size_t>(side);
    Item& item = make_item(connection, from, ItemKind::reset, at, travel);
    item.why = why;
    append(connection, from, item);
}

void Network::arm(std::uint32_t slot, int side) {
    const auto from = static_cast<std::size_t>(side);
    const std::uint32_t head = connections_[slot].pipe[from].head;
    if (head == kNone) return;
    arm_at(connections_[slot], from, std::max(items_[head].due, kernel_.now()));
}

bool Network::withheld(const Item& item, HostIndex from) const {
    const auto& paused_at = endpoints_[from].paused_at;
    return paused_at && item.sent_at > *paused_at && !item.by_machine;
}

void Network::clear_pipe(Connection& connection, int side) {
    Pipe& pipe = connection.pipe[static_cast<std::size_t>(side)];
    for (std::uint32_t at = pipe.head; at != kNone;) {
        const std::uint32_t next = items_[at].next;
        free_item(at);
        at = next;
    }
    pipe.head = kNone;
    pipe.tail = kNone;
    pipe.last_due = core::TimePoint::min();
}

void Network::drop_unsent(Connection& connection, int side, core::TimePoint after) {
    Pipe& pipe = connection.pipe[static_cast<std::size_t>(side)];
    std::uint32_t last = kNone;
    for (std::uint32_t at = pipe.head; at != kNone; at = items_[at].next) {
        if (items_[at].sent_at > after && !items_[at].by_machine) break;
        last = at;
    }
    std::uint32_t rest = last == kNone ? pipe.head : items_[last].next;
    while (rest != kNone) {
        const std::uint32_t next = items_[rest].next;
        free_item(rest);
        rest = next;
    }
    if (last == kNone) pipe.head = kNone;
    if (last != kNone) items_[last].next = kNone;
    pipe.tail = last;
    pipe.last_due = last == kNone ? core::TimePoint::min() : items_[last].due;
}

/// A connection of which nobody will hear again frees its slot.
void Network::maybe_forget(std::uint32_t slot) {
    Connection& connection = connections_[slot];
    if (connection.end_open[0] || connection.end_open[1]) return;
    if (connection.pipe[0].head != kNone || connection.pipe[1].head != kNone) return;
    for (const HostIndex host : connection.host) {
        auto& list = endpoints_[host].connections;
        list.erase(std::remove(list.begin(), list.end(), slot), list.end());
    }
    slot_of_id_[connection.id.value()] = kNone;
    connection.asked.clear();
    free_connections_.push_back(slot);
}

}  // namespace sim
