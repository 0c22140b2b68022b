// The way of a message: what it is known by, how long it travels, its place in a pipe, its arrival.
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "sim/network.h"

namespace sim {
namespace {

/// First retransmission timeout; doubled by every further loss of the same segment. [Linux TCP]
constexpr core::Duration kRetransmission = core::from_ms(200);
constexpr std::uint64_t kMostLosses = 10;

}  // namespace

// ---- identities and travel times ----------------------------------------------------------------

core::Duration Network::latency(const Link& way, std::size_t api, std::uint64_t identity) const {
    const core::Duration travel =
        way.model.latency.sample(core::mix64(way.latency_draw[api] ^ core::mix64(identity)));
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
    if (!core::is_request(message)) return answered_identity(connection, correlation);
    std::uint64_t identity = 0;
    if (const auto* fetch = std::get_if<core::FetchRequest>(&message)) {
        identity = fetch_identity(way, *fetch);
    } else if (const auto* produce = std::get_if<core::ProduceRequest>(&message)) {
        identity = core::mix64(static_cast<std::uint64_t>(produce->first_record.value())) ^
                   produce->attempt;
        if (produce->acks == core::Acks::none) return identity;
    } else {
        identity = way.counts[message.index()]++;
    }
    Asked& asked = connection.asked.add();
    asked.correlation = correlation;
    asked.identity = identity;
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

std::uint64_t Network::answered_identity(Connection& connection, core::CorrelationId correlation) {
    std::uint64_t identity = correlation.value();
    // Responses come in the order of requests: those passed over will never be answered.
    while (connection.asked_from < connection.asked.size()) {
        const Asked& asked = connection.asked.begin()[connection.asked_from++];
        if (asked.correlation != correlation) continue;
        identity = asked.identity;
        break;
    }
    if (connection.asked_from == connection.asked.size()) {
        connection.asked.clear();
        connection.asked_from = 0;
    } else if (connection.asked_from >= kAskedKept) {
        connection.asked.drop_front(connection.asked_from);
        connection.asked_from = 0;
    }
    return identity;
}

// ---- sending ------------------------------------------------------------------------------------

Network::Item& Network::make_item(const Connection& connection, std::size_t side, ItemKind kind,
                                  core::TimePoint at, core::Duration travel) {
    if (free_item_ == kNone) grow_items();
    Item& item = items_[free_item_];
    item.due = std::max(at + travel, connection.pipe[side].last_due);
    item.sent_at = at;
    item.held_by = kNone;
    item.kind = kind;
    item.let_go = false;
    // A paused process sends nothing: what is sent meanwhile is its machine's.
    item.by_machine = unusual_ > 0 && endpoints_[connection.host[side]].paused_at.has_value();
    item.why = core::ConnectionLoss::reset;
    return item;
}

void Network::append(Connection& connection, std::size_t side, Item& item) {
    const std::uint32_t index = free_item_;
    free_item_ = item.next;
    item.next = kNone;
    Pipe& pipe = connection.pipe[side];
    pipe.last_due = item.due;
    const std::uint32_t before = std::exchange(pipe.tail, index);
    if (before != kNone) {
        items_[before].next = index;
        return;
    }
    pipe.head = index;
    arm_at(connection, side, std::max(item.due, kernel_.now()));
}

void Network::enqueue(std::uint32_t slot, int side, ItemKind kind, core::TimePoint at,
                      core::Duration travel) {
    const auto from = static_cast<std::size_t>(side);
    append(connections_[slot], from, make_item(connections_[slot], from, kind, at, travel));
}

[[gnu::flatten]] void Network::send(core::ConnectionId connection, HostIndex from,
                                    core::CorrelationId correlation, core::MessageBox&& message,
                                    core::TimePoint at) {
    const std::uint32_t slot = slot_of(connection);
    if (slot == kNone) return;
    Connection& through = connections_[slot];
    const auto side = static_cast<std::size_t>(side_of(through, from));
    if (!through.end_open[side]) return;
    Link& way = links_[through.link[side]];
    const std::size_t api = message->index();
    const std::uint64_t identity = identity_of(through, way, *message, correlation);
    if (!through.end_open[1 - side]) return send_into_silence(slot, side, api, identity, at);
    core::Duration travel = latency(way, api, identity);
    if (way.model.bytes_per_second > 0)
        travel += wait_for_link(way, core::size_bytes(*message), at);
    Item& item = make_item(through, side, ItemKind::message, at, travel);
    item.correlation = correlation;
    item.message = std::move(message);
    append(through, side, item);
}

core::Duration Network::wait_for_link(Link& way, std::int64_t bytes, core::TimePoint at) {
    way.busy_until = std::max(at, way.busy_until) +
                     core::Duration(bytes * 1'000'000'000 / way.model.bytes_per_second);
    return way.busy_until - at;
}

}  // namespace sim
