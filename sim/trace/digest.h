/// The digest: a 64-bit running hash of everything that observers see from time 0 on.
///
/// Two runs with one digest are one run (tests/determinism). What goes in, and how, is part of
/// every digest that was ever written down: a change here changes them all.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/note.h"
#include "sim/trace/event.h"

namespace trace {

class Digest {
  public:
    /// One multiplication a field and one round of mixing a note: a sum of products with odd
    /// constants. What is not there adds nothing, so nothing is asked.
    void add(core::TimePoint at, core::NodeId who, const core::Note& note,
             std::span<const core::NodeId> replicas) {
        std::uint64_t sum = word(at.time_since_epoch().count()) * 0x9e3779b97f4a7c15ULL;
        sum += ((static_cast<std::uint64_t>(note.kind) << 48) ^ word(who)) * 0xbf58476d1ce4e5b9ULL;
        sum += ((word(note.partition.raw().value() + 1U)) ^ (next(note.peer) << 32)) *
               0x94d049bb133111ebULL;
        sum += (next(note.leader_epoch) ^ (static_cast<std::uint64_t>(note.error) << 48)) *
               0xd6e8feb86659fd93ULL;
        const core::BatchTag tag = note.tag.raw();
        sum += ((word(tag.client) << 32) ^ tag.number) * 0xa0761d6478bd642fULL;
        sum += next(note.first) * 0xe7037ed1a0b428dbULL;
        sum += next(note.end) * 0x8ebc6af09c88c6e3ULL;
        sum += word(note.value) * 0x589965cc75374cc3ULL;
        for (const core::NodeId replica : replicas)
            sum = (sum ^ word(replica)) * 0x1d8e4e27c47d124fULL;
        add(sum);
    }
    void add(core::TimePoint at, const WorldEvent& event);
    std::uint64_t value() const { return state_; }

  private:
    static std::uint64_t word(std::int64_t value) { return static_cast<std::uint64_t>(value); }
    static std::uint64_t word(core::NodeId node) { return word(std::int64_t{node.value()}); }
    /// One more than the value; 0 for nothing, which is -1 in every type that comes here.
    template <class T>
    static std::uint64_t next(core::Maybe<T> value) {
        static_assert(core::kNothing<T>.value() == -1);
        return word(std::int64_t{value.raw().value()}) + 1;
    }
    void add(std::uint64_t word) { state_ = mix(state_ ^ word) + 0x2545f4914f6cdd1dULL; }
    static std::uint64_t mix(std::uint64_t x) {
        x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
        x = (x ^ (x >> 29)) * 0x9fb21c651e98df25ULL;
        return x ^ (x >> 32);
    }
    std::uint64_t state_ = 0x9e3779b97f4a7c15ULL;
};

}  // namespace trace
