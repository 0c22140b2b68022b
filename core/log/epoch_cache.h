/// Which leader epoch begins at which offset, and the file that remembers it.
///
/// Follows LeaderEpochFileCache and LeaderEpochCheckpointFile (3.9, semantics of 2.1 and later).
///
/// Rules:
///   R1  Entries ascend strictly in both epoch and start offset.
///   R2  assign() writes and fsyncs the file before it returns: no batch of an epoch can be on the
///       disk without its entry.
///   R3  Truncations write the file at once too (3.7+ leaves that to a background task; the entries
///       that a crash in between would bring back are dropped by the next load).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/log/storage.h"

namespace core {

/// endOffsetFor(epoch): the largest known epoch <= `epoch`, and where it ends, with `log_end` as
/// the end of the latest. Nothing: undefined. Before the first entry Kafka answers the asked epoch
/// and the first entry's start.
std::optional<OffsetAndEpoch> end_offset_for(std::span<const OffsetAndEpoch> epochs, Offset log_end,
                                             LeaderEpoch epoch);

class EpochCache {
  public:
    /// Reads `directory`/leader-epoch-checkpoint; a missing or unreadable file is an empty cache.
    EpochCache(Storage& storage, std::string_view directory);

    std::span<const OffsetAndEpoch> entries() const { return entries_; }
    std::optional<LeaderEpoch> latest() const {
        if (entries_.empty()) return std::nullopt;
        return entries_.back().leader_epoch;
    }

    /// No-op if the latest entry already has this epoch from `start` or below; otherwise every
    /// conflicting entry at the tail gives way to (epoch, start).
    void assign(LeaderEpoch epoch, Offset start) {
        if (!entries_.empty()) {
            const OffsetAndEpoch& latest = entries_.back();
            if (latest.leader_epoch == epoch && latest.offset <= start) return;
        }
        begin(epoch, start);
    }
    /// Removes entries that start at or past `end`.
    void truncate_from_end(Offset end);
    /// Removes entries below `start`; the last of them is moved to `start`.
    void truncate_from_start(Offset start);
    void clear();

  private:
    void begin(LeaderEpoch epoch, Offset start);
    void write() const;

    Storage* storage_;
    std::string path_;
    std::vector<OffsetAndEpoch> entries_;
};

}  // namespace core
