#include "core/replication/isr.h"

namespace core {

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

}  // namespace core
