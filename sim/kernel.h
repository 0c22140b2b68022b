/// The event queue: what happens next. A short sorted list of the nearest events before a 4-ary
/// heap of all others; 16-byte keys over pooled events.
///
/// A key is one 128-bit number: due time, class, sequence, slot; comparing keys is comparing
/// numbers. Most events are scheduled to happen before nearly all that are pending (a message among
/// time-outs): they go into the sorted list and never see the heap.
///
/// Rules:
///   R1  Events run by (due, class, sequence); sequence is the order of scheduling. [DESIGN 4.1]
///   R2  Nothing is scheduled before the time of the event that runs.
///   R3  No allocation per event once the pool has grown to the largest number pending.
///   R4  Events are never cancelled: who no longer wants one knows it when it fires.
///   R5  No key in the heap is less than one in the list.
#pragma once

#include <array>
#include <boost/align/aligned_allocator.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/assert.h"
#include "core/base/prefetch.h"
#include "core/base/time.h"
#include "sim/trace/event.h"

namespace sim {

/// Before everything; far from the ends of the number range.
inline constexpr core::TimePoint kBeginning = core::at_ns(-(std::int64_t{1} << 60));

/// Breaks ties within one instant, in this order.
enum class EventClass : std::uint8_t { delivery, timer, workload, step };

/// What a kernel event is; who handles it is in sim/cluster.
enum class EventType : std::uint8_t {
    pipe,  ///< the head of a pipe is here: payload = connection, host = its slot, lane = its side
    lane_free,      ///< a busy lane has work waiting
    wake,           ///< a node's deadline
    process_begin,  ///< a started process runs its first instruction
    process_exit,   ///< a process that ended itself is gone: payload = ExitReason
    drain,          ///< a process woke from a pause, or has calls waiting
    workload,       ///< a producer's next records are due
    step_wake,      ///< the step engine asked to be woken; payload 1: time 0
    run_end,        ///< payload 0: faults end; 1: settle is over
};

/// One event, by value: 24 bytes without a gap, so that it is copied in whole words.
/// `generation`: of the process it is for, where that matters.
struct Event {
    explicit constexpr Event(EventType what) : type(what) {}

    std::uint64_t payload = 0;
    std::uint64_t cause = 0;  ///< number of the event that scheduled it
    std::uint32_t host = 0;
    std::uint16_t generation = 0;
    EventType type;
    std::uint8_t lane = 0;
};
static_assert(sizeof(Event) == 24);

class Kernel {
  public:
    Kernel();

    /// Schedules an event at `due` (not before now()); its cause is the event that runs.
    [[gnu::always_inline]] void schedule(core::TimePoint due, EventClass event_class,
                                         const Event& event) {
        ASSERT(due >= now());
        const std::uint32_t slot = free_;
        Event& place = slots_[slot];
        free_ = next_free(place);
        place = event;
        place.cause = running_;
        push(make_key(due, event_class, slot));
    }

    bool empty() const { return pending() == 0; }
    std::size_t pending() const { return near_size_ + size_; }
    /// Due time of the next event; there is one.
    core::TimePoint next_due() {
        if (near_size_ == 0) refill();
        return due_of(near_[near_size_ - 1]);
    }
    /// Takes the next event and moves the clock to it; there is one.
    Event pop();
    /// Moves the clock to a time at or before the next event.
    void advance_to(core::TimePoint at);

    core::TimePoint now() const { return moment_.at; }
    /// Events numbered from here on count from 1; what was scheduled before has cause 0.
    void restart_numbering() {
        base_ = running_;
        moment_.event = trace::EventId(0);
        moment_.cause = trace::EventId(0);
    }
    /// Events taken since restart_numbering.
    std::uint64_t count() const { return running_ - base_; }
    /// The time, the event that runs (0 before the first) and the one that caused it.
    const trace::Moment& moment() const { return moment_; }

  private:
    __extension__ using Key = unsigned __int128;

    // The root stands at 3, so that the four children of every key share one cache line.
    static constexpr std::size_t kRoot = 3;
    static constexpr std::size_t kArity = 4;
    static constexpr int kSlotBits = 24;
    static constexpr int kSequenceBits = 38;
    static constexpr Key kNever = ~Key{0};
    static constexpr std::size_t kNear = 32;
    /// So many at most come from the heap at once: room is left for what is scheduled among them.
    static constexpr std::size_t kRefill = 8;
    static constexpr std::uint64_t kTimeOffset = 1ULL << 63;

    using Heap = std::vector<Key, boost::alignment::aligned_allocator<Key, 64>>;

    struct Choice {
        Key key;
        std::size_t index;
    };
    /// The lesser of two, word by word, which compilers turn into conditional moves: a jump here is
    /// mispredicted half of the time, and 16-byte moves of what was stored in halves stall.
    static Choice lesser(Choice a, Choice b) {
        const bool second = b.key < a.key;
        const auto low = static_cast<std::uint64_t>(second ? b.key : a.key);
        const auto high = static_cast<std::uint64_t>((second ? b.key : a.key) >> 64);
        return Choice{(static_cast<Key>(high) << 64) | low, second ? b.index : a.index};
    }
    static std::size_t parent_of(std::size_t at) { return at / kArity + 2; }
    static std::size_t first_child_of(std::size_t at) { return kArity * (at - 2); }

    trace::EventId numbered(std::uint64_t event) const {
        return trace::EventId(event > base_ ? event - base_ : 0);
    }
    Key make_key(core::TimePoint due, EventClass event_class, std::uint32_t slot) {
        const std::uint64_t sequence = next_sequence_++;
        ASSERT(sequence < (1ULL << kSequenceBits));
        const auto time = static_cast<std::uint64_t>(due.time_since_epoch().count()) ^ kTimeOffset;
        const std::uint64_t rest =
            (static_cast<std::uint64_t>(event_class) << (kSequenceBits + kSlotBits)) |
            (sequence << kSlotBits) | slot;
        return (static_cast<Key>(time) << 64) | rest;
    }
    static core::TimePoint due_of(Key key) {
        return core::at_ns(
            static_cast<std::int64_t>(static_cast<std::uint64_t>(key >> 64) ^ kTimeOffset));
    }
    static std::uint32_t slot_of(Key key) {
        return static_cast<std::uint32_t>(key) & ((1U << kSlotBits) - 1);
    }

    /// A slot without an event names the next such slot.
    static std::uint32_t next_free(const Event& place) {
        return static_cast<std::uint32_t>(place.payload);
    }
    void free_slot(std::uint32_t slot) {
        slots_[slot].payload = free_;
        free_ = slot;
    }
    [[gnu::noinline, gnu::cold]] void grow_slots();
    void grow_heap();

    [[gnu::noinline]] void push(Key key) {
        if (free_ == kNoSlot) [[unlikely]]
            grow_slots();
        const bool fits = near_size_ > 0 && near_size_ < kNear && key < near_[0];
        if (!fits) return push_otherwise(key);
        // The first key is greater, so the way down ends.
        std::size_t at = near_size_++;
        for (; near_[at - 1] < key; --at) near_[at] = near_[at - 1];
        near_[at] = key;
    }
    /// A key that does not come before another in a list with room.
    [[gnu::noinline]] void push_otherwise(Key key);
    void push_far(Key key) {
        if (kRoot + size_ >= capacity_) grow_heap();
        ++size_;
        climb(kRoot + size_ - 1, key);
    }
    Key pop_far() {
        const Key least = heap_[kRoot];
        --size_;
        const Key last = heap_[kRoot + size_];
        heap_[kRoot + size_] = kNever;
        if (size_ > 0) sift_down(last);
        return least;
    }
    /// The list is empty, the heap is not.
    [[gnu::noinline, gnu::cold]] void refill();
    /// The list is full.
    void evict_latest();
    /// Puts `key` where it belongs, starting from an empty root: the hole walks down to a leaf
    /// along the least children without looking at `key` (most keys belong near the bottom, and the
    /// walk has no branch that is hard to predict), then the key climbs.
    void sift_down(Key key) {
        const std::size_t end = kRoot + size_;
        std::size_t at = kRoot;
        for (std::size_t first = first_child_of(at); first < end; first = first_child_of(at)) {
            // Slots behind the end hold kNever, so all four can be compared.
            const Key* child = heap_ + first;
            const Choice low = lesser(Choice{child[0], 0}, Choice{child[1], 1});
            const Choice high = lesser(Choice{child[2], 2}, Choice{child[3], 3});
            const Choice least = lesser(low, high);
            heap_[at] = least.key;
            at = first + least.index;
        }
        climb(at, key);
    }
    void climb(std::size_t at, Key key) {
        while (at != kRoot) {
            const std::size_t parent = parent_of(at);
            if (heap_[parent] < key) break;
            heap_[at] = heap_[parent];
            at = parent;
        }
        heap_[at] = key;
    }
    Heap storage_;
    Key* heap_ = nullptr;            ///< storage_'s first key; used from kRoot on
    std::size_t capacity_ = 0;       ///< places that may hold a key, those before kRoot included
    std::size_t size_ = 0;           ///< keys in the heap
    std::array<Key, kNear> near_{};  ///< the least keys of all, the least at the end
    std::size_t near_size_ = 0;
    static constexpr std::uint32_t kNoSlot = UINT32_MAX;
    std::vector<Event> slots_;
    std::uint32_t free_ = kNoSlot;  ///< the first slot without an event: there is always one
    std::uint64_t next_sequence_ = 0;
    std::uint64_t running_ = 0;  ///< number of the event that runs, counted from the first
    std::uint64_t base_ = 0;     ///< running_ when numbering began
    trace::Moment moment_{kBeginning, trace::EventId(0), trace::EventId(0)};
};

inline Event Kernel::pop() {
    if (near_size_ == 0) refill();
    const Key key = near_[--near_size_];
    const std::uint32_t slot = slot_of(key);
    const Event event = slots_[slot];
    // It is long since the next one was written.
    if (near_size_ > 0) core::prefetch(&slots_[slot_of(near_[near_size_ - 1])]);
    free_slot(slot);
    ++running_;
    moment_ = trace::Moment{due_of(key), numbered(running_), numbered(event.cause)};
    return event;
}

}  // namespace sim
