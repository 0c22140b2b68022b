#include "core/broker/request_queue.h"

#include <algorithm>

#include "core/base/assert.h"

namespace core {

std::size_t RequestQueue::lower_bound(ConnectionId id) const {
    const auto at = std::lower_bound(
        connections_.begin(), connections_.end(), id,
        [](const auto& connection, ConnectionId wanted) { return connection->id < wanted; });
    return static_cast<std::size_t>(at - connections_.begin());
}

IncomingConnection* RequestQueue::find(ConnectionId id) {
    if (last_ != nullptr && last_->id == id) return last_;
    const std::size_t at = lower_bound(id);
    if (at == connections_.size() || connections_[at]->id != id) return nullptr;
    last_ = connections_[at].get();
    return last_;
}

IncomingConnection& RequestQueue::accept(ConnectionId id, NodeId peer) {
    if (IncomingConnection* known = find(id)) {
        ASSERT(known->peer == peer);
        return *known;
    }
    const auto at = connections_.begin() + static_cast<std::ptrdiff_t>(lower_bound(id));
    last_ = connections_.insert(at, std::make_unique<IncomingConnection>(id, peer))->get();
    return *last_;
}

void RequestQueue::put(IncomingConnection& connection, CorrelationId correlation,
                       MessageBox message) {
    connection.waiting.push_back(QueuedRequest{correlation, std::move(message)});
}

void RequestQueue::done(IncomingConnection& connection) {
    ASSERT(connection.muted);
    connection.muted = false;
    if (!connection.has_waiting() || connection.in_ready) return;
    connection.in_ready = true;
    ready_.push_back(connection.id);
}

void RequestQueue::answer(ConnectionId id, CorrelationId correlation, MessageBox response,
                          Effects& effects) {
    IncomingConnection* connection = find(id);
    if (connection == nullptr) return;
    effects.send(id, correlation, std::move(response));
    done(*connection);
}

std::optional<RequestQueue::Next> RequestQueue::next() {
    while (ready_from_ < ready_.size()) {
        IncomingConnection* connection = find(ready_[ready_from_++]);
        if (connection == nullptr) continue;
        connection->in_ready = false;
        if (connection->muted || !connection->has_waiting()) continue;
        QueuedRequest request = std::move(connection->waiting[connection->waiting_from++]);
        if (!connection->has_waiting()) {
            connection->waiting.clear();
            connection->waiting_from = 0;
        }
        return Next{connection, std::move(request)};
    }
    ready_.clear();
    ready_from_ = 0;
    return std::nullopt;
}

void RequestQueue::resume() {
    for (const auto& connection : connections_) {
        if (connection->muted || connection->in_ready || !connection->has_waiting()) continue;
        connection->in_ready = true;
        ready_.push_back(connection->id);
    }
}

void RequestQueue::remove(ConnectionId id) {
    const std::size_t at = lower_bound(id);
    if (at == connections_.size() || connections_[at]->id != id) return;
    if (last_ == connections_[at].get()) last_ = nullptr;
    connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace core
