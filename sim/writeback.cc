#include "sim/writeback.h"

#include <iterator>

namespace sim {

namespace {

constexpr std::size_t kFirstRuns = 2;

}  // namespace

void Writeback::make_room(core::TimePoint now) {
    const auto end = runs_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto waiting = std::partition_point(
        runs_.begin(), end, [now](const Run& run) { return run.durable_at <= now; });
    const auto durable = static_cast<std::size_t>(waiting - runs_.begin());
    if (durable > 0) {
        durable_ = std::prev(waiting)->end;
        std::move(waiting, end, runs_.begin());
        count_ -= durable;
        note_last();
    }
    if (2 * count_ >= runs_.size()) runs_.resize(std::max(kFirstRuns, 2 * runs_.size()));
}

void Writeback::sync(core::TimePoint done) {
    bool sooner = false;
    while (count_ > 0 && runs_[count_ - 1].durable_at > done && last_begin() >= synced_) {
        --count_;
        sooner = true;
    }
    // Where two syncs overlap, the first may be over later.
    if (count_ > 0) done = std::max(done, runs_[count_ - 1].durable_at);
    if (sooner) runs_[count_++] = Run{done, end_};
    note_last();
    synced_ = end_;
}

void Writeback::cut(std::uint64_t size) {
    ASSERT(size <= end_);
    while (count_ > 0 && last_begin() >= size) --count_;
    if (count_ > 0) runs_[count_ - 1].end = std::min(runs_[count_ - 1].end, size);
    note_last();
    end_ = size;
    durable_ = std::min(durable_, size);
    synced_ = std::min(synced_, size);
}

void Writeback::all_durable(std::uint64_t size) {
    count_ = 0;
    note_last();
    durable_ = size;
    end_ = size;
    synced_ = size;
}

std::uint64_t Writeback::durable_bytes(core::TimePoint now) const {
    std::uint64_t durable = durable_;
    for (std::size_t i = 0; i < count_ && runs_[i].durable_at <= now; ++i) durable = runs_[i].end;
    ASSERT(durable <= end_);
    return durable;
}

}  // namespace sim
