#include "core/replication/purgatory.h"

#include <algorithm>
#include <utility>

namespace core {

std::uint32_t Deadlines::group_of(Duration wait) {
    for (std::uint32_t group = 0; group < groups_.size(); ++group)
        if (groups_[group].wait == wait) return group;
    groups_.push_back(Group{wait});
    return static_cast<std::uint32_t>(groups_.size() - 1);
}

std::uint32_t Deadlines::add(TimePoint now, Duration wait, std::uint64_t owner) {
    const std::uint32_t group = group_of(wait);
    const std::uint32_t handle = free_ != kNone ? free_ : new_entry();
    Group& list = groups_[group];
    const TimePoint due = saturating_add(now, wait);
    Entry& entry = entries_[handle];
    free_ = entry.next;
    entry = Entry{due, owner, group, list.tail, kNone};
    if (list.tail != kNone) {
        ASSERT(entries_[list.tail].due <= due);
        entries_[list.tail].next = handle;
    } else {
        list.head = handle;
    }
    list.tail = handle;
    next_ = std::min(next_, due);
    return handle;
}

/// A new entry, first of the free ones.
std::uint32_t Deadlines::new_entry() {
    entries_.push_back(Entry{TimePoint::max(), 0, 0, kNone, kNone});
    return static_cast<std::uint32_t>(entries_.size() - 1);
}

void Deadlines::remove(std::uint32_t handle) {
    ASSERT(handle < entries_.size());
    Entry& entry = entries_[handle];
    Group& list = groups_[entry.group];
    if (entry.next != kNone)
        entries_[entry.next].previous = entry.previous;
    else
        list.tail = entry.previous;
    if (entry.previous != kNone)
        entries_[entry.previous].next = entry.next;
    else
        list.head = entry.next;
    entry.next = std::exchange(free_, handle);
    if (entry.due == next_) next_ = earliest();
}

TimePoint Deadlines::earliest() const {
    TimePoint first = TimePoint::max();
    for (const Group& group : groups_)
        if (group.head != kNone) first = std::min(first, entries_[group.head].due);
    return first;
}

std::optional<std::uint64_t> Deadlines::due(TimePoint now) const {
    std::uint32_t earliest = kNone;
    for (const Group& group : groups_) {
        if (group.head == kNone || entries_[group.head].due > now) continue;
        if (earliest == kNone || entries_[group.head].due < entries_[earliest].due)
            earliest = group.head;
    }
    if (earliest == kNone) return std::nullopt;
    return entries_[earliest].owner;
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
