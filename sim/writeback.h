/// Which bytes of a file are durable, and when those behind them will be.
///
/// Bytes are durable in their order: none before the one ahead of it. What is known to be durable
/// is one number, so only the bytes of the last moments cost anything: a run for each write that
/// waits for its write-back.
///
/// Rules:
///   W1  The moments of the runs never fall; their ends grow, up to the end of the file.
///   W2  A sync reaches what no earlier one has covered; what an earlier one covers is durable when
///       that one is over.
///   W3  The time that is told never falls.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/assert.h"
#include "core/base/time.h"

namespace sim {

class Writeback {
  public:
    /// `bytes` more stand at the end, durable from `at` on, or once all before them are.
    void wrote(core::TimePoint now, std::uint64_t bytes, core::TimePoint at) {
        end_ += bytes;
        if (at <= last_at_) {
            at = last_at_;
            Run& last = runs_[count_ - 1];
            if (last.end != synced_) {
                last.end = end_;
                return;
            }
        }
        if (count_ == runs_.size()) make_room(now);
        runs_[count_++] = Run{at, end_};
        last_at_ = at;
    }
    /// A sync of all that stands now is over at `done`.
    void sync(core::TimePoint done);
    /// The file is cut to `size` bytes (at most its size).
    void cut(std::uint64_t size);
    /// The file has `size` bytes, all of them durable.
    void all_durable(std::uint64_t size);
    /// Bytes from the beginning on that are durable at `now`.
    std::uint64_t durable_bytes(core::TimePoint now) const;

  private:
    struct Run {
        core::TimePoint durable_at{};
        std::uint64_t end = 0;
    };

    /// Forgets the runs that are durable by now; only if they are few there is more room for
    /// others.
    [[gnu::noinline, gnu::cold]] void make_room(core::TimePoint now);
    void note_last() {
        last_at_ = count_ > 0 ? runs_[count_ - 1].durable_at : core::TimePoint::min();
    }
    /// Where the last run begins.
    std::uint64_t last_begin() const { return count_ > 1 ? runs_[count_ - 2].end : durable_; }

    /// Moment of the last run; none: TimePoint::min(). Runs lie far apart in time and memory.
    core::TimePoint last_at_ = core::TimePoint::min();
    std::vector<Run> runs_;  ///< places; the first `count_` are in use
    std::size_t count_ = 0;
    std::uint64_t durable_ = 0;  ///< bytes before it are durable: the first run begins there
    std::uint64_t end_ = 0;      ///< of the file
    std::uint64_t synced_ = 0;   ///< bytes before it are covered by a sync
};

}  // namespace sim
