/// Where a follower cuts when its leader answers with a diverging epoch.
///
/// Follows AbstractFetcherThread.getOffsetTruncationState (KIP-279) as truncation on fetch uses it
/// (KAFKA-10554, 2.8+). Pure: the broker and the tests ask the same function.
#pragma once

#include <span>

#include "core/base/ids.h"
#include "core/log/epoch_cache.h"

namespace core {

/// One step of the loop "fetch, be told of a divergence, truncate, fetch again".
struct TruncationStep {
    Offset target;  ///< never above the follower's log end
    bool done;      ///< false: the follower lacks the leader's epoch, so a further answer may come
};

/// `epochs` and `log_end` are the follower's; `diverging` is the leader's answer: the largest epoch
/// that the leader knows at or below the follower's, and where it ends there.
inline TruncationStep next_truncation(std::span<const OffsetAndEpoch> epochs, Offset log_end,
                                      const OffsetAndEpoch& diverging) {
    const auto lower = [](Offset a, Offset b) { return a < b ? a : b; };
    const auto own = end_offset_for(epochs, log_end, diverging.leader_epoch);
    if (!own) return {lower(diverging.offset, log_end), true};
    if (own->leader_epoch != diverging.leader_epoch) return {lower(own->offset, log_end), false};
    return {lower(lower(own->offset, diverging.offset), log_end), true};
}

}  // namespace core
