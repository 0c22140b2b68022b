// Pipes, links and identities: the inside of the network.
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "sim/draw_key.h"
#include "sim/network.h"

namespace sim {
namespace {

/// First retransmission timeout; doubled by every further loss of the same segment. [Linux TCP]
constexpr core::Duration kRetransmission = core::from_ms(200);
constexpr std::uint64_t kMostLosses = 10;


}  // namespace

// ---- lookups ------------------------------------------------------------------------------------

std::uint32_t Network::slot_of(core::ConnectionId connection) const {
    ASSERT(connection.value() < slot_of_id_.size());
    return slot_of_id_[connection.value()];
}

int Network::side_of(const Connection& connection, HostIndex host) const {
    if (connection.host[0] == host) return 0;
    ASSERT(connection.host[1] == host);
    return 1;
}

std::uint32_t Network::link_index(HostIndex from, HostIndex to) {
    std::uint32_t& at = link_at_[from * nodes_.size() + to];
    if (at == kNone) {
        at = static_cast<std::uint32_t>(links_.size());
        Link& made = links_.emplace_back();
        made.model = link_of_(from, to);
        made.key = core::mix64((draw_key(nodes_[from]) << 32) | draw_key(nodes_[to]));
        for (std::size_t api = 0; api < kApis; ++api)
            made.latency_draw[api] =
                core::keyed_draw(seed_, core::Purpose::network_latency, {made.key, api});
    }
    return at;
}

bool Network::is_cut(HostIndex from, HostIndex to) {
    return link(from, to).cuts > 0;
}

// ---- identities and travel times ----------------------------------------------------------------

core::Duration Network::latency(const Link& way, std::size_t api, std::uint64_t identity) const {
    const core::Duration travel =
        way.model.latency.is_fixed()
            ? way.model.latency.typical()
            : way.model.latency.sample(core::mix64(way.latency_draw[api] ^ core::mix64(identity)));
    if (way.model.loss.numerator == 0) return travel;
    return travel + retransmissions(way, api, identity);
}

core::Duration Network::retransmissions(const Link& way, std::size_t api,
                                        std::uint64_t identity) const {
    core::Duration waits(0);
    core::Duration wait = kRetransmission;
    for (std::uint64_t attempt = 0; attempt < kMostLosses; ++attempt, wait *= 2) {
        const std::uint64_t draw =
            core::keyed_draw(seed_, core::Purpose::network_loss, {way.key, api, identity, attempt});
        if (!core::happens(draw, way.model.loss)) break;
        waits += wait;
    }
    return waits;
}

core::Duration Network::counted_latency(Link& way, std::size_t api) {
    return latency(way, api, way.counts[api]++);
}

std::uint64_t Network::identity_of(Connection& connection, Link& way, const core::Message& message,
                                   core::CorrelationId correlation) {
    if (const auto* produce = std::get_if<core::ProduceRequest>(&message)) {
        const std::uint64_t identity =
            core::mix64(static_cast<std::uint64_t>(produce->first_record.value())) ^
            produce->attempt;
        if (produce->acks != core::Acks::none)
            connection.asked.push_back(Asked{correlation, identity});
        return identity;
    }
    if (!core::is_request(message)) return answered_identity(connection, correlation);
    const auto* fetch = std::get_if<core::FetchRequest>(&message);
    const std::uint64_t identity =
        fetch != nullptr ? fetch_identity(way, *fetch) : way.counts[message.index()]++;
    connection.asked.push_back(Asked{correlation, identity});
    return identity;
}

std::uint64_t Network::fetch_identity(Link& way, const core::FetchRequest& fetch) {
    // An incremental fetch without partitions repeats the one before it.
    const core::FetchPartition* first =
        fetch.partitions.empty() ? nullptr : &fetch.partitions.front();
    if (first == nullptr ||
        (way.fetch_partition == first->partition && way.fetch_offset == first->fetch_offset)) {
        ++way.fetch_repeats;
    } else {
        way.fetch_partition = first->partition;
        way.fetch_offset = first->fetch_offset;
        way.fetch_repeats = 0;
        way.fetch_key = core::mix64(core::mix64(std::uint64_t{first->partition.value()} + 1) ^
                                    static_cast<std::uint64_t>(first->fetch_offset.value()));
    }
    return way.fetch_key ^ way.fetch_repeats;
}

/// Responses come in the order of requests: those passed over will never be answered.
std::uint64_t Network::answered_identity(Connection& connection, core::CorrelationId correlation) {
    std::uint64_t identity = correlation.value();
    while (connection.asked_from < connection.asked.size()) {
        const Asked& asked = connection.asked[connection.asked_from++];
        if (asked.correlation != correlation) continue;
        identity = asked.identity;
        break;
    }
    if (connection.asked_from == connection.asked.size()) {
        connection.asked.clear();
        connection.asked_from = 0;
    } else if (connection.asked_from >= 64) {
        connection.asked.erase(
            connection.asked.begin(),
            connection.asked.begin() + static_cast<std::ptrdiff_t>(connection.asked_from));
        connection.asked_from = 0;
    }
    return identity;
}

// ---- items and pipes ----------------------------------------------------------------------------

void Network::make_item() {
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

Network::Item& Network::enqueue(std::uint32_t slot, int side, ItemKind kind, core::TimePoint at,
                                core::Duration travel) {
    if (free_item_ == kNone) make_item();
    const std::uint32_t index = free_item_;
    Item& item = items_[index];
    free_item_ = item.next;
    Connection& connection = connections_[slot];
    Pipe& pipe = connection.pipe[static_cast<std::size_t>(side)];
    item.due = std::max(at + travel, pipe.last_due);
    item.sent_at = at;
    item.next = kNone;
    item.held_by = kNone;
    item.kind = kind;
    item.let_go = false;
    // A paused process sends nothing: what is sent meanwhile is its machine's.
    item.by_machine =
        unusual_ > 0 &&
        endpoints_[connection.host[static_cast<std::size_t>(side)]].paused_at.has_value();
    pipe.last_due = item.due;
    if (pipe.tail == kNone) {
        pipe.head = index;
        pipe.tail = index;
        arm(slot, side);
    } else {
        items_[pipe.tail].next = index;
        pipe.tail = index;
    }
    return item;
}

void Network::enqueue_reset(std::uint32_t slot, int side, core::ConnectionLoss why,
                            core::TimePoint at, core::Duration extra) {
    Link& way = link_of_pipe(connections_[slot], side);
    const core::Duration travel = extra + counted_latency(way, kResetApi);
    enqueue(slot, side, ItemKind::reset, at, travel).why = why;
}

void Network::arm(std::uint32_t slot, int side) {
    Connection& connection = connections_[slot];
    Pipe& pipe = connection.pipe[static_cast<std::size_t>(side)];
    if (pipe.head == kNone) return;
    const core::TimePoint due = std::max(items_[pipe.head].due, kernel_.now());
    if (due >= pipe.armed) return;
    pipe.armed = due;
    Event event(EventType::pipe);
    event.payload = connection.id.value();
    event.host = slot;
    event.lane = static_cast<std::uint8_t>(side);
    kernel_.schedule(due, EventClass::delivery, event);
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
