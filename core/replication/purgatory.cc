#include "core/replication/purgatory.h"

#include <algorithm>
#include <utility>

namespace core {

void Deadlines::make_room(Duration wait) {
    const auto has_wait = [wait](const Ring& ring) { return ring.wait == wait; };
    auto ring = std::find_if(rings_.begin(), rings_.end(), has_wait);
    if (ring == rings_.end()) {
        const std::uint32_t head = entries_count_;
        add_entry(TimePoint::min(), head, head);
        ring = rings_.insert(ring, Ring{wait, head});
    }
    last_ = *ring;
    if (free_ == kNone) free_ = add_entry(TimePoint::max(), kNone, kNone);
}

std::uint32_t Deadlines::add_entry(TimePoint due, std::uint32_t previous, std::uint32_t next) {
    entries_.push_back(Entry{due, 0, previous, next});
    return entries_count_++;
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

void ProducePurgatory::add_operation() {
    free_ = static_cast<std::uint32_t>(operations_.size());
    operations_.push_back(DelayedProduce{.connection = ConnectionId(0),
                                         .correlation = CorrelationId(0),
                                         .client = NodeId(0),
                                         .number = free_,
                                         .partitions = {},
                                         .next_free = kNone});
}

std::optional<std::uint32_t> ProducePurgatory::expired(TimePoint now) const {
    const auto owner = deadlines_.due(now);
    if (!owner) return std::nullopt;
    return static_cast<std::uint32_t>(*owner);
}

}  // namespace core
