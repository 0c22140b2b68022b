#include "core/replication/fetch_session.h"

#include "core/base/assert.h"

namespace core {

FetchSlot& FetchSession::look_up(const FetchPartition& fetch) {
    const std::size_t at = lower_bound(fetch.partition);
    const bool known = at < index_.size() && index_[at].partition == fetch.partition;
    recent_ = known ? &slots_[index_[at].slot] : &add(at, fetch);
    return *recent_;
}

/// Begins to fetch a partition; `at`: its place in the index.
FetchSlot& FetchSession::add(std::size_t at, const FetchPartition& fetch) {
    std::uint32_t number = static_cast<std::uint32_t>(slots_.size());
    // A forgotten slot may still stand in changed(): it is used again only once it is unlisted.
    if (!free_.empty() && !slots_[free_.back()].listed) {
        number = free_.back();
        free_.pop_back();
        slots_[number] = FetchSlot(number, fetch);
    } else {
        slots_.push_back(FetchSlot(number, fetch));
    }
    index_.insert(index_.begin() + static_cast<std::ptrdiff_t>(at), Entry{fetch.partition, number});
    return slots_[number];
}

std::optional<std::uint32_t> FetchSession::find(PartitionId partition) const {
    const std::size_t at = lower_bound(partition);
    if (at == index_.size() || index_[at].partition != partition) return std::nullopt;
    return index_[at].slot;
}

void FetchSession::forget(std::uint32_t number) {
    FetchSlot& slot = slots_[number];
    ASSERT(slot.used);
    const std::size_t at = lower_bound(slot.fetch.partition);
    ASSERT(at < index_.size());
    ASSERT(index_[at].slot == number);
    index_.erase(index_.begin() + static_cast<std::ptrdiff_t>(at));
    slot.used = false;
    free_.push_back(number);
}

}  // namespace core
