#include "core/replication/purgatory.h"

#include <algorithm>

namespace core {

std::uint32_t Deadlines::add(TimePoint now, Duration wait, std::uint64_t owner) {
    std::uint32_t group = 0;
    while (group < groups_.size() && groups_[group].wait != wait) ++group;
    if (group == groups_.size()) groups_.push_back(Group{wait});

    std::uint32_t handle = static_cast<std::uint32_t>(entries_.size());
    if (free_.empty()) {
        entries_.push_back(Entry{now, owner, group, kNone, kNone});
    } else {
        handle = free_.back();
        free_.pop_back();
    }
    Group& list = groups_[group];
    entries_[handle] = Entry{saturating_add(now, wait), owner, group, list.tail, kNone};
    if (list.tail != kNone) {
        ASSERT(entries_[list.tail].due <= entries_[handle].due);
        entries_[list.tail].next = handle;
    } else {
        list.head = handle;
    }
    list.tail = handle;
    return handle;
}

void Deadlines::remove(std::uint32_t handle) {
    ASSERT(handle < entries_.size());
    const Entry& entry = entries_[handle];
    Group& list = groups_[entry.group];
    if (entry.previous != kNone)
        entries_[entry.previous].next = entry.next;
    else
        list.head = entry.next;
    if (entry.next != kNone)
        entries_[entry.next].previous = entry.previous;
    else
        list.tail = entry.previous;
    free_.push_back(handle);
}

std::optional<TimePoint> Deadlines::next() const {
    std::optional<TimePoint> first;
    for (const Group& group : groups_) {
        if (group.head == kNone) continue;
        const TimePoint due = entries_[group.head].due;
        if (!first || due < *first) first = due;
    }
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

std::uint32_t ProducePurgatory::add(TimePoint now, Duration timeout, DelayedProduce&& operation) {
    ASSERT(operation.waiting > 0);
    std::uint32_t number = static_cast<std::uint32_t>(operations_.size());
    if (free_.empty()) {
        operations_.push_back(std::move(operation));
    } else {
        number = free_.back();
        free_.pop_back();
        operation.generation = operations_[number].generation + 1;
        operations_[number] = std::move(operation);
    }
    operations_[number].used = true;
    operations_[number].wait = deadlines_.add(now, timeout, number);
    return number;
}

DelayedProduce* ProducePurgatory::find(const WaitingProduce& waiting) {
    DelayedProduce& found = operation(waiting.operation);
    if (!found.used || found.generation != waiting.generation) return nullptr;
    return &found;
}

void ProducePurgatory::remove(std::uint32_t number) {
    DelayedProduce& done = operation(number);
    ASSERT(done.used);
    deadlines_.remove(done.wait);
    done.used = false;
    free_.push_back(number);
}

std::optional<std::uint32_t> ProducePurgatory::expired(TimePoint now) const {
    const auto owner = deadlines_.due(now);
    if (!owner) return std::nullopt;
    return static_cast<std::uint32_t>(*owner);
}

}  // namespace core
