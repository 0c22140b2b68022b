/// The network: connections as ordered byte streams between hosts, like TCP.
///
/// A connection is two pipes. A pipe is a queue of items (handshake, messages, a reset); one kernel
/// event stands for its head. The network knows which hosts have power and which processes listen;
/// it hands what arrives to sim/cluster and calls nobody back.
///
/// Rules:
///   R1  Within a pipe nothing overtakes: an item arrives no earlier than the one before it.
///   R2  Opening takes a round trip and needs both directions; no process: refused after it; no
///       power: silence, and a reset one latency after power is back.
///   R3  A process that dies or closes resets its connections, behind what it had sent.
///   R4  A cut direction holds its items and gives them in order one latency after it is mended;
///       if either end closes meanwhile, what was held is gone and only the reset arrives.
///   R5  Latency and loss are keyed by the identity of the message, or by its number among those
///       of its API on its link, never by other traffic. [DESIGN 4.2] (Fetchers that share a link
///       share its numbers: num.replica.fetchers > 1.)
///   R6  What a busy process would have sent later than its death or pause has not been sent. Its
///       machine needs no process to accept, to refuse and to reset: a pause delays none of that.
///   R7  A message that a rule holds waits at the door of its receiver, and what stands behind it
///       in its pipe waits too; let go, it arrives at that moment. One whose rule is over is left
///       to the next rule that meets it, if there is one. One that a rule drops is as if the
///       request had never been answered: the connection stays, and no later answer gets past the
///       missing one. What is held when an end of its connection goes is gone with it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/base/maybe.h"
#include "core/base/random.h"
#include "core/base/reused_list.h"
#include "core/base/time.h"
#include "core/protocol/message_box.h"
#include "core/step/node.h"
#include "scenarios/model.h"
#include "sim/kernel.h"
#include "sim/world.h"

namespace sim {

/// Dense number of a host: brokers, then controllers, then clients, as the scenario lists them.
using HostIndex = std::uint32_t;

/// What came out of a pipe.
struct Arrival {
    enum class Kind : std::uint8_t { nothing, connected, lost, received, dropped };
    Kind kind = Kind::nothing;
    /// received: of the message; otherwise of the last message that this end of the connection had.
    core::Lane lane = core::Lane::requests;
    core::ConnectionLoss why = core::ConnectionLoss::reset;
    HostIndex host = 0;
    /// Connection and peer of any arrival; the rest of messages only.
    core::Received received{core::ConnectionId(0), core::NodeId(0), core::CorrelationId(0), {}};
};

class Network {
  public:
    /// `link_of(from, to)`: how that direction behaves; asked once a pair, the answer is kept.
    using LinkOf = std::function<scenario::LinkModel(HostIndex from, HostIndex to)>;

    /// `nodes` by host index. The kernel outlives the network.
    Network(Kernel& kernel, std::uint64_t seed, std::vector<core::NodeId> nodes, LinkOf link_of);

    /// The supply of connection ids for every Effects of this cluster.
    std::uint64_t* next_connection() { return &next_connection_; }

    // ---- what nodes do; `at` is when it leaves them (>= now) ----
    void open(core::ConnectionId connection, HostIndex from, HostIndex to, core::Lane lane,
              core::TimePoint at);
    void send(core::ConnectionId connection, HostIndex from, core::CorrelationId correlation,
              core::MessageBox&& message, core::TimePoint at);
    void close(core::ConnectionId connection, HostIndex from, core::TimePoint at);

    // ---- what becomes of hosts ----
    void process_up(HostIndex host);
    /// The process is gone; its connections are reset.
    void process_down(HostIndex host, InFlightFate fate);
    void power_off(HostIndex host, InFlightFate fate);
    void power_on(HostIndex host);
    void pause(HostIndex host);
    void resume(HostIndex host);

    // ---- links ----
    void cut(HostIndex from, HostIndex to);
    void mend(HostIndex from, HostIndex to);
    /// From the next message on.
    void set_link(HostIndex from, HostIndex to, const scenario::LinkModel& model) {
        link(from, to).model = model;
    }

    // ---- rules about single messages (network_rules.cc) ----
    /// Which messages, by sender and receiver; called for what stands at its receiver's door.
    using Matches = std::function<bool(HostIndex from, HostIndex to, const core::Message&)>;
    /// The first of several rules that match a message decides. `count`: only so many.
    MessageRuleId add_rule(MessageFate fate, std::optional<std::int64_t> count, Matches matches);
    /// Lets the oldest go that wait at a door for this rule, all if nothing is said; how many went.
    std::int64_t release_held(MessageRuleId rule, std::optional<std::int64_t> count);
    /// Ends the rule; what it held arrives, the oldest first.
    MessageTally remove_rule(MessageRuleId rule);

    // ---- arrivals ----
    /// The message that `arrive` would hand over now, if the pipe's event is not stale.
    struct Peek {
        HostIndex to;
        HostIndex from;
        const core::Message* message;
    };
    std::optional<Peek> peek(const Event& event) const;
    [[gnu::always_inline]] Arrival arrive(const Event& event);
    core::NodeId node(HostIndex host) const { return nodes_[host]; }
    std::size_t open_connections() const { return connections_.size() - free_connections_.size(); }
    std::size_t items_in_flight() const;

  private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    /// So many requests that were answered may stay in a connection's list.
    static constexpr std::size_t kAskedKept = 64;
    /// Counters of identities: one for each alternative of Message, then these.
    static constexpr std::size_t kOpenApi = std::variant_size_v<core::Message>;
    static constexpr std::size_t kAcceptApi = kOpenApi + 1;
    static constexpr std::size_t kResetApi = kOpenApi + 2;
    static constexpr std::size_t kHealApi = kOpenApi + 3;
    static constexpr std::size_t kApis = kOpenApi + 4;

    enum class ItemKind : std::uint8_t { open, accept, message, reset };
    struct Item {
        core::TimePoint due{};
        core::TimePoint sent_at{};
        std::uint32_t next = kNone;
        std::uint32_t held_by = kNone;  ///< the rule that it waits for
        core::CorrelationId correlation{0};
        ItemKind kind = ItemKind::message;
        bool let_go = false;      ///< by its rule: no rule meets it again
        bool by_machine = false;  ///< by the operating system, whatever its process does
        core::ConnectionLoss why = core::ConnectionLoss::reset;
        core::MessageBox message;  ///< of messages only
    };
    struct Pipe {
        std::uint32_t head = kNone;
        std::uint32_t tail = kNone;
        core::TimePoint last_due = core::TimePoint::min();
        core::TimePoint armed = core::TimePoint::max();  ///< of the pending event; max: none
    };
    /// A request that was sent and whose response has not been: its identity names both.
    struct Asked {
        core::CorrelationId correlation{0};
        std::uint64_t identity = 0;
    };
    /// Side 0 opened, side 1 accepted; pipe s carries what side s sends. Two cache lines.
    struct alignas(64) Connection {
        core::ConnectionId id{0};
        std::array<HostIndex, 2> host{};
        std::array<std::uint32_t, 2> link{};  ///< of each pipe
        std::uint32_t slot = 0;               ///< of this connection
        std::uint32_t asked_from = 0;         ///< those of `asked` before it are answered
        std::array<bool, 2> end_open{};
        std::array<core::Lane, 2> lane{};  ///< of the last message that this side had
        std::array<bool, 2> silent{};      ///< this side lost power and has told nobody
        bool outstanding = false;          ///< the other side has sent something to a silent one
        bool established = false;          ///< the opener knows
        /// The first request that lost its way there or back: no later answer is heard.
        core::Maybe<core::CorrelationId> unanswered;
        core::ReusedList<Asked> asked;
        std::array<Pipe, 2> pipe{};
    };
    static_assert(sizeof(Connection) == 128);
    struct alignas(64) Link {
        // What each message needs comes first.
        scenario::LinkModel model;
        std::uint64_t fetch_key = core::mix64(core::mix64(0));  ///< of partition and offset
        std::uint64_t fetch_repeats = 0;
        core::Maybe<core::Offset> fetch_offset;
        core::Maybe<core::PartitionId> fetch_partition;
        std::uint32_t cuts = 0;
        /// core::keyed_draw of key and API, to be extended by the identity.
        std::array<std::uint64_t, kApis> latency_draw{};
        std::array<std::uint32_t, kApis> counts{};
        std::uint64_t key = 0;
        core::TimePoint busy_until = core::TimePoint::min();
    };
    /// A pipe whose head waits for a rule.
    struct Door {
        core::ConnectionId connection;
        int side;
    };
    struct Rule {
        MessageFate fate;
        std::optional<std::int64_t> left;  ///< nothing: no limit
        Matches matches;
        bool active = true;
        std::vector<Door> doors;  ///< in the order of holding; some may be open again
        MessageTally tally = {};
    };
    enum class Passage : std::uint8_t { through, held, dropped };
    struct Endpoint {
        bool powered = false;
        bool listening = false;
        std::optional<core::TimePoint> paused_at;
        std::vector<std::uint32_t> connections;  ///< slots, in order of opening
    };

    std::uint32_t slot_of(core::ConnectionId connection) const {
        ASSERT(connection.value() < slot_of_id_.size());
        return slot_of_id_[connection.value()];
    }
    static int side_of(const Connection& connection, HostIndex host) {
        if (connection.host[0] == host) return 0;
        ASSERT(connection.host[1] == host);
        return 1;
    }
    std::uint32_t link_index(HostIndex from, HostIndex to);
    Link& link(HostIndex from, HostIndex to) { return links_[link_index(from, to)]; }
    Link& link_of_pipe(const Connection& connection, int side) {
        return links_[connection.link[static_cast<std::size_t>(side)]];
    }
    bool is_cut(HostIndex from, HostIndex to);

    core::Duration latency(const Link& link, std::size_t api, std::uint64_t identity) const;
    /// How long what is lost on its way waits to be sent again.
    [[gnu::noinline, gnu::cold]] core::Duration retransmissions(const Link& link, std::size_t api,
                                                                std::uint64_t identity) const;
    /// On a link with a limit: until these bytes have left it.
    [[gnu::noinline, gnu::cold]] static core::Duration wait_for_link(Link& link, std::int64_t bytes,
                                                                     core::TimePoint at);
    core::Duration counted_latency(Link& link, std::size_t api);
    std::uint64_t identity_of(Connection& connection, Link& link, const core::Message& message,
                              core::CorrelationId correlation);
    static std::uint64_t fetch_identity(Link& link, const core::FetchRequest& fetch);
    static std::uint64_t answered_identity(Connection& connection, core::CorrelationId correlation);

    [[gnu::noinline, gnu::cold]] void grow_items();
    void free_item(std::uint32_t item);
    /// An item that leaves at `at` and travels `travel`; append() puts the last one made into its
    /// pipe.
    Item& make_item(const Connection& connection, std::size_t side, ItemKind kind,
                    core::TimePoint at, core::Duration travel);
    [[gnu::noinline]] void append(Connection& connection, std::size_t side, Item& item);
    void enqueue(std::uint32_t slot, int side, ItemKind kind, core::TimePoint at,
                 core::Duration travel);
    /// A message to a machine that lost power, or has come back without knowing its connections.
    [[gnu::noinline, gnu::cold]] void send_into_silence(std::uint32_t slot, std::size_t side,
                                                        std::size_t api, std::uint64_t identity,
                                                        core::TimePoint at);
    void enqueue_reset(std::uint32_t slot, int side, core::ConnectionLoss why, core::TimePoint at,
                       core::Duration extra);
    /// An event when the pipe's head is due; when anything in it is due.
    void arm(std::uint32_t slot, int side);
    void arm_at(Connection& connection, std::size_t side, core::TimePoint due) {
        Pipe& pipe = connection.pipe[side];
        if (due >= pipe.armed) return;
        pipe.armed = due;
        Event event(EventType::pipe);
        event.payload = connection.id.value();
        event.host = connection.slot;
        event.lane = static_cast<std::uint8_t>(side);
        kernel_.schedule(due, EventClass::delivery, event);
    }
    /// Whether the item would have left its process during the pause that it is in.
    bool withheld(const Item& item, HostIndex from) const;
    /// Drops all items, or those that had not left at `after`.
    void clear_pipe(Connection& connection, int side);
    void drop_unsent(Connection& connection, int side, core::TimePoint after);
    void process_gone(HostIndex host, InFlightFate fate, bool silently);
    void end_side(std::uint32_t slot, int side, InFlightFate fate, bool silently,
                  core::TimePoint alive_until);
    void delay_held(std::uint32_t slot, int side);
    void maybe_forget(std::uint32_t slot);
    /// Nothing is in the way of what this pipe has to give now: a message to an open end, and no
    /// cut, pause or rule anywhere.
    bool is_plain(const Connection& connection, std::size_t side) const {
        const std::uint32_t head = connection.pipe[side].head;
        if (head == kNone || unusual_ > 0) return false;
        const Item& item = items_[head];
        return item.kind == ItemKind::message && item.due <= kernel_.now() &&
               item.held_by == kNone && connection.end_open[1 - side] && !connection.unanswered;
    }
    /// Anything that is not plain.
    [[gnu::noinline]] Arrival arrive_otherwise(std::uint32_t slot, int side);
    Arrival arrive_open(std::uint32_t slot);

    std::optional<std::uint32_t> rule_for(const Connection& connection, int side,
                                          const Item& item) const;
    /// An answer behind one that will never come.
    bool unheard(const Connection& connection, const Item& item) const;
    Passage passage(const Connection& connection, int side, const Item& item) const;
    /// What becomes of the message at the head of a pipe, and takes note of it.
    Passage pass(Connection& connection, int side, Item& item);
    bool holds(const Connection& connection, int side) const;
    /// The item of this pipe that waits for the rule, the oldest; nothing: none does.
    std::optional<std::uint32_t> waiting(const Door& door, std::uint32_t rule) const;

    Kernel& kernel_;
    std::uint64_t seed_;
    std::vector<core::NodeId> nodes_;
    LinkOf link_of_;
    std::uint64_t next_connection_ = 0;
    std::vector<std::uint32_t> slot_of_id_;  ///< kNone once a connection is forgotten
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> free_connections_;
    std::vector<Item> items_;
    std::uint32_t free_item_ = kNone;  ///< the first of those that are free
    std::vector<Link> links_;
    std::vector<std::uint32_t> link_at_;  ///< by from * hosts + to; kNone where not yet used
    std::vector<Endpoint> endpoints_;
    std::vector<Rule> rules_;  ///< by MessageRuleId
    std::size_t active_rules_ = 0;
    /// Cuts, paused hosts and active rules. With none, a message is simply handed over.
    std::size_t unusual_ = 0;
};

inline Arrival Network::arrive(const Event& event) {
    Connection& connection = connections_[event.host];
    const std::size_t side = event.lane;
    Pipe& pipe = connection.pipe[side];
    // An earlier connection of this slot, or an event that is no longer this pipe's.
    if (connection.id.value() != event.payload || pipe.armed != kernel_.now()) return Arrival{};
    pipe.armed = core::TimePoint::max();
    if (!is_plain(connection, side)) return arrive_otherwise(event.host, static_cast<int>(side));
    const std::uint32_t at = pipe.head;
    Item& item = items_[at];
    pipe.head = item.next;
    if (pipe.head == kNone)
        pipe.tail = kNone;
    else
        arm(event.host, static_cast<int>(side));
    item.next = free_item_;
    free_item_ = at;
    const core::Lane lane = core::lane_of(*item.message);
    connection.lane[1 - side] = lane;
    return Arrival{Arrival::Kind::received, lane, core::ConnectionLoss::reset,
                   connection.host[1 - side],
                   core::Received{connection.id, nodes_[connection.host[side]], item.correlation,
                                  std::move(item.message)}};
}

}  // namespace sim
