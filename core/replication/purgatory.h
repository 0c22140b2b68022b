/// Requests that wait: produce requests with acks=all for the high watermark, fetches for data.
///
/// Source: DelayedProduce, DelayedFetch, DelayedOperationPurgatory of Kafka 3.9. No hashed wheel:
/// requests that wait equally long are kept in the order of their arrival, which is the order of
/// their deadlines, so adding, removing and asking for the next deadline take constant time.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/base/maybe.h"
#include "core/base/reused_list.h"
#include "core/base/time.h"
#include "core/protocol/messages.h"

namespace core {

/// Deadlines by handle. `now` must not fall from one add() to the next.
class Deadlines {
  public:
    /// A new deadline `wait` from now; `owner` is given back when it is due.
    std::uint32_t add(TimePoint now, Duration wait, std::uint64_t owner) {
        if (last_.wait != wait || free_ == kNone) [[unlikely]]
            make_room(wait);
        const std::uint32_t handle = free_;
        Entry& entry = entries_[handle];
        Entry& head = entries_[last_.ring];
        Entry& before = entries_[head.previous];
        free_ = entry.next;
        entry = Entry{saturating_add(now, wait), owner, head.previous, last_.ring};
        ASSERT(before.due <= entry.due);
        before.next = handle;
        head.previous = handle;
        next_ = std::min(next_, entry.due);
        return handle;
    }
    void remove(std::uint32_t handle) {
        ASSERT(handle < entries_count_);
        Entry& entry = entries_[handle];
        entries_[entry.previous].next = entry.next;
        entries_[entry.next].previous = entry.previous;
        entry.next = std::exchange(free_, handle);
        if (entry.due == next_) next_ = earliest();
    }
    /// The earliest deadline; TimePoint::max(): there is none.
    TimePoint next() const { return next_; }
    /// The owner of the earliest deadline at or before `now`, which stays until removed.
    std::optional<std::uint64_t> due(TimePoint now) const;

  private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    /// In the ring of all that wait equally long; the ring's head is an entry without a deadline.
    struct Entry {
        TimePoint due;
        std::uint64_t owner;
        std::uint32_t previous;
        std::uint32_t next;
    };
    struct Ring {
        Duration wait;
        std::uint32_t ring;  ///< its head
    };
    /// Makes the ring of this wait the last one, and an entry free.
    [[gnu::noinline, gnu::cold]] void make_room(Duration wait);
    TimePoint earliest() const;

    std::uint32_t add_entry(TimePoint due, std::uint32_t previous, std::uint32_t next);

    std::vector<Entry> entries_;
    std::uint32_t entries_count_ = 0;
    std::uint32_t free_ = kNone;  ///< entries of no ring, linked by `next`
    std::vector<Ring> rings_;
    Ring last_{Duration::min(), 0};      ///< the ring asked for last
    TimePoint next_ = TimePoint::max();  ///< kept by add() and remove()
};

/// A partition of a waiting produce request, as its leader remembers it.
struct WaitingProduce {
    Offset required;  ///< last offset of the batch + 1
    std::uint32_t operation;
    std::uint32_t generation;
    std::uint32_t index;  ///< which partition of the request
};

/// What of a produce partition is needed for its answer.
struct ProduceOutcome {
    /// Made in its place in the list.
    ProduceOutcome(PartitionId partition, Maybe<BatchTag> batch)
        : response{.partition = partition}, tag(batch) {}

    ProducePartitionResponse response;
    Maybe<BatchTag> tag;
    Offset end{0};
    bool waits = false;
};

/// One produce request, from its arrival to its answer.
struct DelayedProduce {
    ConnectionId connection;
    CorrelationId correlation;
    NodeId client;
    std::uint32_t number;  ///< its place in the purgatory
    boost::container::small_vector<ProduceOutcome, 1> partitions;
    std::uint32_t waiting = 0;     ///< partitions without an outcome yet
    std::uint32_t generation = 0;  ///< tells a reused operation from the one that was meant
    std::uint32_t wait = 0;        ///< handle of its deadline
    std::uint32_t next_free = 0;   ///< while it is not used
    bool used = false;
    bool delayed = false;  ///< it has a deadline
};

/// Every produce request is put together in its place here, and leaves at once if nothing waits.
class ProducePurgatory {
  public:
    /// A new operation without partitions; the reference holds until the next one is taken.
    DelayedProduce& take(ConnectionId connection, CorrelationId correlation, NodeId client) {
        if (free_ == kNone) add_operation();
        DelayedProduce& taken = operations_[free_];
        ASSERT(!taken.used);
        ASSERT(taken.partitions.empty());
        free_ = taken.next_free;
        taken.connection = connection;
        taken.correlation = correlation;
        taken.client = client;
        taken.waiting = 0;
        ++taken.generation;
        taken.used = true;
        return taken;
    }
    /// At least one of its partitions waits: its time-out begins.
    void delay(DelayedProduce& operation, TimePoint now, Duration timeout) {
        ASSERT(operation.used);
        ASSERT(operation.waiting > 0);
        operation.wait = deadlines_.add(now, timeout, operation.number);
        operation.delayed = true;
    }
    DelayedProduce& operation(std::uint32_t number) {
        ASSERT(number < operations_.size());
        return operations_[number];
    }
    /// The operation a leader waits with, or nothing if it was answered meanwhile.
    DelayedProduce* find(const WaitingProduce& waiting) {
        DelayedProduce& found = operation(waiting.operation);
        if (!found.used || found.generation != waiting.generation) return nullptr;
        return &found;
    }
    void remove(DelayedProduce& operation) {
        ASSERT(operation.used);
        if (operation.delayed) deadlines_.remove(operation.wait);
        operation.delayed = false;
        operation.used = false;
        operation.partitions.clear();
        operation.next_free = free_;
        free_ = operation.number;
    }
    /// TimePoint::max(): nothing waits.
    TimePoint next_deadline() const { return deadlines_.next(); }
    /// An operation whose time is over; the caller answers and removes it.
    std::optional<std::uint32_t> expired(TimePoint now) const;

  private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    [[gnu::noinline, gnu::cold]] void add_operation();

    std::vector<DelayedProduce> operations_;
    std::uint32_t free_ = kNone;  ///< the first of those that are not used
    Deadlines deadlines_;
};

}  // namespace core
