#include "core/broker/request_queue.h"

namespace core {

IncomingConnection* RequestQueue::search(ConnectionId id) {
    const std::size_t at = lower_bound(id);
    if (at == connections_.size() || connections_[at].id != id) return nullptr;
    return recent_[recent_place(id)] = connections_[at].connection.get();
}

IncomingConnection& RequestQueue::add(ConnectionId id, NodeId peer) {
    const auto at = connections_.begin() + static_cast<std::ptrdiff_t>(lower_bound(id));
    return *connections_.insert(at, Known{id, std::make_unique<IncomingConnection>(id, peer)})
                ->connection;
}

void RequestQueue::put(IncomingConnection& connection, CorrelationId correlation,
                       MessageBox&& message) {
    connection.waiting.push_back(QueuedRequest{correlation, std::move(message)});
}

void RequestQueue::make_ready(IncomingConnection& connection) {
    if (connection.in_ready) return;
    connection.in_ready = true;
    ready_.push_back(connection.id);
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
    for (const Known& known : connections_)
        if (!known.connection->muted && known.connection->has_waiting())
            make_ready(*known.connection);
}

void RequestQueue::remove(ConnectionId id) {
    const std::size_t at = lower_bound(id);
    if (at == connections_.size() || connections_[at].id != id) return;
    IncomingConnection*& recent = recent_[recent_place(id)];
    if (recent == connections_[at].connection.get()) recent = nullptr;
    connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace core
