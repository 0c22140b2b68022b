#include "core/replication/isr.h"

#include <algorithm>

#include "core/base/assert.h"

namespace core {

std::int32_t effective_min_isr(const Profile& profile, std::int32_t min_insync_replicas,
                               std::size_t replicas) {
    ASSERT(min_insync_replicas >= 1);
    if (!profile.min_isr_capped_by_replicas) return min_insync_replicas;
    return std::min(min_insync_replicas, static_cast<std::int32_t>(replicas));
}

bool is_caught_up(const Profile& profile, std::optional<Offset> end, Offset leader_end,
                  TimePoint last_caught_up, TimePoint now, Duration lag_max) {
    if (profile.caught_up_by_equal_end && end == leader_end) return true;
    return now - last_caught_up <= lag_max;
}

bool is_out_of_sync(const Profile& profile, std::optional<Offset> end, Offset leader_end,
                    TimePoint last_caught_up, TimePoint now, Duration lag_max) {
    if (profile.shrink_spares_equal_end && end == leader_end) return false;
    return now - last_caught_up > lag_max;
}

bool can_join_isr(std::optional<Offset> end, Offset high_watermark, Offset epoch_start) {
    return end.has_value() && *end >= high_watermark && *end >= epoch_start;
}

bool is_isr_eligible(const Profile& profile, const BrokerStatus* status,
                     std::optional<BrokerEpoch> fetched_with) {
    if (status == nullptr) return false;
    if (status->fenced || status->in_controlled_shutdown) return false;
    if (!profile.fetch_carries_broker_epoch) return true;
    return fetched_with == status->epoch;
}

Offset high_watermark_of(const Profile& profile, Offset current, Offset leader_end,
                         std::span<const ReplicaProgress> remotes, bool under_min_isr) {
    ASSERT(current <= leader_end);
    if (profile.hw_needs_min_isr && under_min_isr) return current;
    Offset lowest = leader_end;
    for (const ReplicaProgress& remote : remotes) {
        const bool joins_soon =
            remote.caught_up && (remote.eligible || !profile.hw_waits_for_eligible_only);
        if (!remote.in_maximal_isr && !joins_soon) continue;
        if (!remote.end) return current;
        lowest = std::min(lowest, *remote.end);
    }
    return std::max(current, lowest);
}

}  // namespace core
