#include "core/log/epoch_cache.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/log/checkpoint.h"

namespace core {

std::optional<OffsetAndEpoch> end_offset_for(std::span<const OffsetAndEpoch> epochs, Offset log_end,
                                             LeaderEpoch epoch) {
    if (epochs.empty()) return std::nullopt;
    if (epochs.back().leader_epoch == epoch) return OffsetAndEpoch{log_end, epoch};
    const auto higher = std::partition_point(
        epochs.begin(), epochs.end(),
        [epoch](const OffsetAndEpoch& entry) { return entry.leader_epoch <= epoch; });
    if (higher == epochs.end()) return std::nullopt;
    ASSERT(higher->leader_epoch > epoch);
    if (higher == epochs.begin()) return OffsetAndEpoch{higher->offset, epoch};
    return OffsetAndEpoch{higher->offset, std::prev(higher)->leader_epoch};
}

EpochCache::EpochCache(Storage& storage, std::string_view directory)
    : storage_(&storage),
      path_(concat(directory, "/", kLeaderEpochCheckpoint)),
      entries_(read_epoch_checkpoint(storage, path_)) {}

void EpochCache::begin(LeaderEpoch epoch, Offset start) {
    ASSERT(epoch.value() >= 0);
    ASSERT(start.value() >= 0);
    while (!entries_.empty() &&
           (entries_.back().leader_epoch >= epoch || entries_.back().offset >= start))
        entries_.pop_back();
    entries_.push_back(OffsetAndEpoch{start, epoch});
    write();
}

void EpochCache::truncate_from_end(Offset end) {
    bool changed = false;
    while (!entries_.empty() && entries_.back().offset >= end) {
        entries_.pop_back();
        changed = true;
    }
    ASSERT(entries_.empty() || entries_.back().offset < end);
    if (changed) write();
}

void EpochCache::truncate_from_start(Offset start) {
    const auto above = std::partition_point(
        entries_.begin(), entries_.end(),
        [start](const OffsetAndEpoch& entry) { return entry.offset <= start; });
    if (above == entries_.begin()) return;
    const auto kept = std::prev(above);
    if (kept == entries_.begin() && kept->offset == start) return;
    kept->offset = start;
    entries_.erase(entries_.begin(), kept);
    ASSERT(entries_.front().offset == start);
    write();
}

void EpochCache::clear() {
    if (entries_.empty()) return;
    entries_.clear();
    write();
}

void EpochCache::write() const {
    for (std::size_t i = 1; i < entries_.size(); ++i) {
        ASSERT(entries_[i - 1].leader_epoch < entries_[i].leader_epoch);
        ASSERT(entries_[i - 1].offset < entries_[i].offset);
    }
    write_epoch_checkpoint(*storage_, path_, entries_);
}

}  // namespace core
