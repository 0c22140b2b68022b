#include "sim/network.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"

namespace sim {

Network::Network(Kernel& kernel, std::uint64_t seed, std::vector<core::NodeId> nodes,
                 LinkOf link_of)
    : kernel_(kernel), seed_(seed), nodes_(std::move(nodes)), link_of_(std::move(link_of)) {
    endpoints_.resize(nodes_.size());
    link_at_.resize(nodes_.size() * nodes_.size(), kNone);
}

// ---- what nodes do ------------------------------------------------------------------------------

void Network::open(core::ConnectionId connection, HostIndex from, HostIndex to, core::Lane lane,
                   core::TimePoint at) {
    ASSERT(connection.value() == slot_of_id_.size());
    ASSERT(from != to);
    std::uint32_t slot = 0;
    if (free_connections_.empty()) {
        slot = static_cast<std::uint32_t>(connections_.size());
        connections_.emplace_back();
    } else {
        slot = free_connections_.back();
        free_connections_.pop_back();
        connections_[slot] = Connection{};
    }
    slot_of_id_.push_back(slot);
    Connection& made = connections_[slot];
    made.id = connection;
    made.slot = slot;
    made.host = {from, to};
    made.end_open = {true, false};
    made.lane = {lane, core::Lane::requests};
    made.link = {link_index(from, to), link_index(to, from)};
    endpoints_[from].connections.push_back(slot);
    endpoints_[to].connections.push_back(slot);
    Link& way = link_of_pipe(made, 0);
    if (!endpoints_[to].powered) {
        made.silent[1] = true;
        made.outstanding = true;
        return;
    }
    enqueue(slot, 0, ItemKind::open, at, counted_latency(way, kOpenApi));
}

void Network::send_into_silence(std::uint32_t slot, std::size_t side, std::size_t api,
                                std::uint64_t identity, core::TimePoint at) {
    Connection& connection = connections_[slot];
    const std::size_t other = 1 - side;
    if (!connection.silent[other]) return;
    Link& way = links_[connection.link[side]];
    const HostIndex peer = connection.host[other];
    if (endpoints_[peer].powered && !connection.outstanding && way.cuts == 0)
        // The machine is back and knows nothing of this connection.
        enqueue_reset(slot, static_cast<int>(other), core::ConnectionLoss::reset, at,
                      latency(way, api, identity));
    connection.outstanding = true;
}

void Network::close(core::ConnectionId connection, HostIndex from, core::TimePoint at) {
    const std::uint32_t slot = slot_of(connection);
    if (slot == kNone) return;
    Connection& closing = connections_[slot];
    const int side = side_of(closing, from);
    if (!closing.end_open[static_cast<std::size_t>(side)]) return;
    end_side(slot, side, InFlightFate::deliver, false, at);
}

// ---- what becomes of hosts ----------------------------------------------------------------------

void Network::process_up(HostIndex host) {
    endpoints_[host].powered = true;
    endpoints_[host].listening = true;
}

void Network::process_down(HostIndex host, InFlightFate fate) {
    process_gone(host, fate, false);
}

void Network::power_off(HostIndex host, InFlightFate fate) {
    endpoints_[host].powered = false;
    process_gone(host, fate, true);
}

void Network::power_on(HostIndex host) {
    if (endpoints_[host].powered) return;
    endpoints_[host].powered = true;
    const std::vector<std::uint32_t> slots = endpoints_[host].connections;
    for (const std::uint32_t slot : slots) {
        Connection& connection = connections_[slot];
        const int side = side_of(connection, host);
        if (!connection.silent[static_cast<std::size_t>(side)]) continue;
        if (!connection.outstanding) continue;
        // Retransmissions find the machine up; behind a cut they do so when it is mended.
        if (is_cut(connection.host[static_cast<std::size_t>(1 - side)], host)) continue;
        enqueue_reset(slot, side, core::ConnectionLoss::reset, kernel_.now(), core::Duration(0));
    }
}

void Network::pause(HostIndex host) {
    if (!endpoints_[host].paused_at) ++unusual_;
    endpoints_[host].paused_at = kernel_.now();
}

void Network::resume(HostIndex host) {
    Endpoint& endpoint = endpoints_[host];
    if (!endpoint.paused_at) return;
    const core::Duration pause = kernel_.now() - *endpoint.paused_at;
    for (const std::uint32_t slot : endpoint.connections) {
        const int side = side_of(connections_[slot], host);
        Pipe& pipe = connections_[slot].pipe[static_cast<std::size_t>(side)];
        for (std::uint32_t at = pipe.head; at != kNone; at = items_[at].next) {
            if (!withheld(items_[at], host)) continue;
            items_[at].sent_at += pause;
            items_[at].due += pause;
            pipe.last_due = std::max(pipe.last_due, items_[at].due);
        }
        arm(slot, side);
    }
    endpoint.paused_at.reset();
    --unusual_;
}

void Network::process_gone(HostIndex host, InFlightFate fate, bool silently) {
    Endpoint& endpoint = endpoints_[host];
    const core::TimePoint alive_until = endpoint.paused_at.value_or(kernel_.now());
    endpoint.listening = false;
    if (endpoint.paused_at) --unusual_;
    endpoint.paused_at.reset();
    const std::vector<std::uint32_t> slots = endpoint.connections;
    for (const std::uint32_t slot : slots) {
        Connection& connection = connections_[slot];
        const int side = side_of(connection, host);
        const bool opening = side == 1 && !connection.end_open[1] && !connection.established;
        if (connection.end_open[static_cast<std::size_t>(side)]) {
            end_side(slot, side, fate, silently, alive_until);
        } else if (silently && opening && connection.pipe[0].head != kNone) {
            // A handshake on its way to a machine without power.
            clear_pipe(connection, 0);
            connection.silent[1] = true;
            connection.outstanding = true;
        }
    }
}

/// One end is gone: what was on its way to it is too; the other learns it behind what was sent.
void Network::end_side(std::uint32_t slot, int side, InFlightFate fate, bool silently,
                       core::TimePoint alive_until) {
    Connection& connection = connections_[slot];
    const int other = 1 - side;
    const auto mine = static_cast<std::size_t>(side);
    const auto theirs = static_cast<std::size_t>(other);
    connection.end_open[mine] = false;
    const bool unread = connection.pipe[theirs].head != kNone;
    clear_pipe(connection, other);
    if (fate == InFlightFate::drop || holds(connection, side) ||
        is_cut(connection.host[mine], connection.host[theirs]))
        clear_pipe(connection, side);
    else
        drop_unsent(connection, side, alive_until);
    if (!connection.end_open[theirs]) {
        // A handshake that nobody took up, or a peer that is gone as well.
        clear_pipe(connection, side);
    } else if (silently) {
        connection.silent[mine] = true;
        connection.outstanding = unread;
    } else {
        enqueue_reset(slot, side, core::ConnectionLoss::reset, std::max(alive_until, kernel_.now()),
                      core::Duration(0));
    }
    maybe_forget(slot);
}

// ---- links --------------------------------------------------------------------------------------

void Network::cut(HostIndex from, HostIndex to) {
    ++link(from, to).cuts;
    ++unusual_;
}

void Network::mend(HostIndex from, HostIndex to) {
    Link& way = link(from, to);
    ASSERT(way.cuts > 0);
    --unusual_;
    if (--way.cuts > 0) return;
    const std::vector<std::uint32_t> slots = endpoints_[from].connections;
    for (const std::uint32_t slot : slots) {
        Connection& connection = connections_[slot];
        const int side = side_of(connection, from);
        const int other = 1 - side;
        if (connection.host[static_cast<std::size_t>(other)] != to) continue;
        delay_held(slot, side);
        if (connection.silent[static_cast<std::size_t>(other)] && connection.outstanding &&
            endpoints_[to].powered)
            enqueue_reset(slot, other, core::ConnectionLoss::reset, kernel_.now(),
                          counted_latency(way, kHealApi));
    }
}

/// What a mended direction held arrives one latency after the mending, in order.
void Network::delay_held(std::uint32_t slot, int side) {
    Connection& connection = connections_[slot];
    Pipe& pipe = connection.pipe[static_cast<std::size_t>(side)];
    if (pipe.head == kNone) return;
    const core::TimePoint earliest =
        kernel_.now() + counted_latency(link_of_pipe(connection, side), kHealApi);
    for (std::uint32_t at = pipe.head; at != kNone; at = items_[at].next)
        items_[at].due = std::max(items_[at].due, earliest);
    pipe.last_due = std::max(pipe.last_due, earliest);
    arm(slot, side);
}

// ---- arrivals -----------------------------------------------------------------------------------

std::optional<Network::Peek> Network::peek(const Event& event) const {
    const auto side = std::size_t{event.lane};
    const Connection& connection = connections_[event.host];
    const Pipe& pipe = connection.pipe[side];
    if (connection.id.value() != event.payload || pipe.armed != kernel_.now()) return std::nullopt;
    if (pipe.head == kNone) return std::nullopt;
    const Item& item = items_[pipe.head];
    if (item.due > kernel_.now() || item.kind != ItemKind::message) return std::nullopt;
    const HostIndex from = connection.host[side];
    const HostIndex to = connection.host[1 - side];
    if (!connection.end_open[1 - side]) return std::nullopt;
    if (links_[connection.link[side]].cuts > 0) return std::nullopt;
    if (withheld(item, from)) return std::nullopt;
    if (passage(connection, static_cast<int>(side), item) != Passage::through) return std::nullopt;
    return Peek{to, from, &*item.message};
}

Arrival Network::arrive_otherwise(std::uint32_t slot, int of) {
    Connection& connection = connections_[slot];
    const auto side = static_cast<std::size_t>(of);
    const std::uint32_t at = connection.pipe[side].head;
    if (at == kNone) return Arrival{};
    Item& item = items_[at];
    if (item.due > kernel_.now()) {
        arm(slot, of);
        return Arrival{};
    }
    // Held: the mending, the waking or the end of the rule arms the pipe again.
    if (links_[connection.link[side]].cuts > 0) return Arrival{};
    if (withheld(item, connection.host[side])) return Arrival{};
    const Passage passes = pass(connection, of, item);
    if (passes == Passage::held) return Arrival{};

    Pipe& pipe = connection.pipe[side];
    pipe.head = item.next;
    if (pipe.head == kNone) pipe.tail = kNone;
    arm(slot, of);
    Arrival arrival;
    arrival.host = connection.host[1 - side];
    arrival.received.peer = nodes_[connection.host[side]];
    arrival.received.connection = connection.id;
    arrival.lane = connection.lane[1 - side];
    switch (item.kind) {
        case ItemKind::open:
            free_item(at);
            return arrive_open(slot);
        case ItemKind::accept:
            free_item(at);
            if (!connection.end_open[0]) return Arrival{};
            connection.established = true;
            arrival.kind = Arrival::Kind::connected;
            return arrival;
        case ItemKind::message:
            if (passes == Passage::dropped) {
                arrival.kind = Arrival::Kind::dropped;
            } else if (connection.end_open[1 - side]) {
                arrival.kind = Arrival::Kind::received;
                arrival.received.correlation = item.correlation;
                arrival.received.message = std::move(item.message);
                arrival.lane = core::lane_of(*arrival.received.message);
                connection.lane[1 - side] = arrival.lane;
            }
            free_item(at);
            return arrival;
        case ItemKind::reset:
            break;
    }
    arrival.why = connection.established || side == 0 ? item.why : core::ConnectionLoss::refused;
    free_item(at);
    const bool told = connection.end_open[1 - side];
    // A machine that came back has told its peer; both ends are gone now.
    connection.end_open[1 - side] = false;
    connection.silent = {};
    clear_pipe(connection, static_cast<int>(1 - side));
    maybe_forget(slot);
    if (told) arrival.kind = Arrival::Kind::lost;
    return arrival;
}

/// A handshake reached the other machine.
Arrival Network::arrive_open(std::uint32_t slot) {
    Connection& connection = connections_[slot];
    const HostIndex to = connection.host[1];
    ASSERT(endpoints_[to].powered);
    if (!connection.end_open[0]) {
        maybe_forget(slot);
        return Arrival{};
    }
    if (!endpoints_[to].listening) {
        enqueue_reset(slot, 1, core::ConnectionLoss::refused, kernel_.now(), core::Duration(0));
        return Arrival{};
    }
    connection.end_open[1] = true;
    Link& back = link_of_pipe(connection, 1);
    enqueue(slot, 1, ItemKind::accept, kernel_.now(), counted_latency(back, kAcceptApi));
    return Arrival{};
}

}  // namespace sim
