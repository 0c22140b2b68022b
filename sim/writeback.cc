#include "sim/writeback.h"

#include <iterator>

namespace sim {

void Writeback::forget_durable(core::TimePoint now) {
    const auto waiting = std::partition_point(
        runs_.begin(), runs_.end(), [now](const Run& run) { return run.durable_at <= now; });
    if (waiting - runs_.begin() < runs_.end() - waiting) return;
    durable_ = std::prev(waiting)->end;
    runs_.erase(runs_.begin(), waiting);
}

void Writeback::sync(core::TimePoint done) {
    bool sooner = false;
    while (!runs_.empty() && runs_.back().durable_at > done && last_begin() >= synced_) {
        runs_.pop_back();
        sooner = true;
    }
    // Where two syncs overlap, the first may be over later.
    if (!runs_.empty()) done = std::max(done, runs_.back().durable_at);
    if (sooner) runs_.push_back(Run{done, end_});
    synced_ = end_;
}

void Writeback::cut(std::uint64_t size) {
    ASSERT(size <= end_);
    while (!runs_.empty() && last_begin() >= size) runs_.pop_back();
    if (!runs_.empty()) runs_.back().end = std::min(runs_.back().end, size);
    end_ = size;
    durable_ = std::min(durable_, size);
    synced_ = std::min(synced_, size);
}

void Writeback::all_durable(std::uint64_t size) {
    runs_.clear();
    durable_ = size;
    end_ = size;
    synced_ = size;
}

std::uint64_t Writeback::durable_bytes(core::TimePoint now) const {
    std::uint64_t durable = durable_;
    for (const Run& run : runs_) {
        if (run.durable_at > now) break;
        durable = run.end;
    }
    ASSERT(durable <= end_);
    return durable;
}

}  // namespace sim
