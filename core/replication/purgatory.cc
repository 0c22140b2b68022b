#include "core/replication/purgatory.h"

#include <algorithm>
#include <utility>

namespace core {

std::uint32_t Deadlines::ring_of(Duration wait) {
    for (const Ring& ring : rings_) {
        if (ring.wait != wait) continue;
        last_ = ring;
        return ring.ring;
    }
    const auto head = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back(Entry{TimePoint::min(), 0, head, head});
    last_ = rings_.emplace_back(Ring{wait, head});
    return head;
}

/// A new entry, first of the free ones.
std::uint32_t Deadlines::new_entry() {
    const auto handle = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back(Entry{TimePoint::max(), 0, kNone, kNone});
    return handle;
}

TimePoint Deadlines::earliest() const {
    TimePoint first = TimePoint::max();
    for (const Ring& ring : rings_) {
        const std::uint32_t head = entries_[ring.ring].next;
        if (head != ring.ring) first = std::min(first, entries_[head].due);
    }
    return first;
}

std::optional<std::uint64_t> Deadlines::due(TimePoint now) const {
    if (next_ > now) return std::nullopt;
    // Of several at one moment, that of the wait that was asked for first.
    for (const Ring& ring : rings_) {
        const std::uint32_t head = entries_[ring.ring].next;
        if (head != ring.ring && entries_[head].due == next_) return entries_[head].owner;
    }
    UNREACHABLE();
}

DelayedProduce& ProducePurgatory::take(ConnectionId connection, CorrelationId correlation,
                                       NodeId client) {
    if (free_.empty()) {
        const auto number = static_cast<std::uint32_t>(operations_.size());
        operations_.push_back(DelayedProduce{.connection = connection,
                                             .correlation = correlation,
                                             .client = client,
                                             .number = number,
                                             .partitions = {}});
        free_.push_back(number);
    }
    DelayedProduce& taken = operations_[free_.back()];
    free_.pop_back();
    ASSERT(!taken.used);
    ASSERT(taken.partitions.empty());
    taken.connection = connection;
    taken.correlation = correlation;
    taken.client = client;
    taken.waiting = 0;
    ++taken.generation;
    taken.used = true;
    return taken;
}

void ProducePurgatory::delay(DelayedProduce& operation, TimePoint now, Duration timeout) {
    ASSERT(operation.used);
    ASSERT(operation.waiting > 0);
    operation.wait = deadlines_.add(now, timeout, operation.number);
    operation.delayed = true;
}

DelayedProduce* ProducePurgatory::find(const WaitingProduce& waiting) {
    DelayedProduce& found = operation(waiting.operation);
    if (!found.used || found.generation != waiting.generation) return nullptr;
    return &found;
}

void ProducePurgatory::remove(DelayedProduce& operation) {
    ASSERT(operation.used);
    if (operation.delayed) deadlines_.remove(operation.wait);
    operation.delayed = false;
    operation.used = false;
    operation.partitions.clear();
    free_.push_back(operation.number);
}

std::optional<std::uint32_t> ProducePurgatory::expired(TimePoint now) const {
    const auto owner = deadlines_.due(now);
    if (!owner) return std::nullopt;
    return static_cast<std::uint32_t>(*owner);
}

}  // namespace core
