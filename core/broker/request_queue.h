/// The connections that others opened to this broker, and the order of requests on each.
///
/// Rules:
///   R1  The next request of a connection is taken up only after the answer to the previous one was
///       handed to the network; a produce request with acks=0 counts as answered at once.
///       [kafka SocketServer.Processor: the channel is muted meanwhile]
///   R2  So with acks=all and several requests in flight on one connection, request k+1 is not
///       appended before request k is answered.
///   R3  Answers to a connection that is gone vanish.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/replication/fetch_session.h"
#include "core/step/node.h"

namespace core {

/// A request that waits for its turn.
struct QueuedRequest {
    CorrelationId correlation;
    MessageBox message;
};

/// One connection, made by its peer.
struct IncomingConnection {
    IncomingConnection(ConnectionId connection, NodeId from) : id(connection), peer(from) {}

    ConnectionId id;
    NodeId peer;
    bool muted = false;     ///< a request is being handled
    bool in_ready = false;  ///< on the list of those to be continued
    std::vector<QueuedRequest> waiting;
    std::size_t waiting_from = 0;  ///< those before it were taken
    std::unique_ptr<FetchSession> session;

    bool has_waiting() const { return waiting_from < waiting.size(); }
};

class RequestQueue {
  public:
    /// The connection a request came on; known from its first request on.
    IncomingConnection& accept(ConnectionId id, NodeId peer) {
        IncomingConnection* known = find(id);
        if (known == nullptr) return add(id, peer);
        ASSERT(known->peer == peer);
        return *known;
    }
    IncomingConnection* find(ConnectionId id) {
        IncomingConnection* recent = recent_[recent_place(id)];
        return recent != nullptr && recent->id == id ? recent : search(id);
    }
    /// Keeps a request for later.
    void put(IncomingConnection& connection, CorrelationId correlation, MessageBox&& message);
    /// The request being handled is answered: the next one may be taken up.
    void answer(ConnectionId id, CorrelationId correlation, MessageBox&& response,
                Effects& effects) {
        IncomingConnection* connection = find(id);
        if (connection == nullptr) return;
        effects.send(id, correlation, std::move(response));
        done(*connection);
    }
    /// The same for a request that has no answer.
    void done(IncomingConnection& connection) {
        ASSERT(connection.muted);
        connection.muted = false;
        if (connection.has_waiting()) make_ready(connection);
    }
    /// A connection whose next request can be taken up, and that request.
    struct Next {
        IncomingConnection* connection;
        QueuedRequest request;
    };
    std::optional<Next> next();
    /// False if next() has nothing to give, which is nearly always.
    bool may_go_on() const { return !ready_.empty(); }
    /// Every connection that has requests waiting may go on (after the broker began to serve).
    void resume();
    /// Forgets the connection; what waited is dropped.
    void remove(ConnectionId id);

  private:
    /// The id stands beside the pointer: a search looks at no connection but the one it is for.
    struct Known {
        ConnectionId id;
        std::unique_ptr<IncomingConnection> connection;
    };

    std::size_t lower_bound(ConnectionId id) const {
        const auto at = std::lower_bound(
            connections_.begin(), connections_.end(), id,
            [](const Known& known, ConnectionId wanted) { return known.id < wanted; });
        return static_cast<std::size_t>(at - connections_.begin());
    }
    static std::size_t recent_place(ConnectionId id) { return id.value() % kRecent; }
    [[gnu::noinline, gnu::cold]] IncomingConnection* search(ConnectionId id);
    IncomingConnection& add(ConnectionId id, NodeId peer);
    [[gnu::noinline, gnu::cold]] void make_ready(IncomingConnection& connection);

    /// Connections found lately, each in the place of its id: a broker hears from few in turn.
    static constexpr std::size_t kRecent = 16;

    std::vector<Known> connections_;  ///< by id
    std::array<IncomingConnection*, kRecent> recent_{};
    std::vector<ConnectionId> ready_;
    std::size_t ready_from_ = 0;
};

}  // namespace core
