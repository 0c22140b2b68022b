/// All logs of one broker's directory, and the files that belong to the directory as a whole.
///
/// Follows LogManager (3.9): checkpoints, clean-shutdown marker, meta.properties, load and
/// shutdown. One log directory per broker (KIP-112's several are left out; the type has the place).
///
/// Rules:
///   M1  The clean-shutdown marker is deleted as soon as it has been read (KAFKA-10471). It is
///       written again only if it was there or if all logs have been recovered since: a shutdown in
///       the middle of a start leaves nothing that calls an unrecovered log clean
///       [kafka LogManager.shutdown].
///   M2  Checkpoints are written beside, fsynced, renamed, and the directory is fsynced: old or new
///       content survives, never a mix [kafka CheckpointFile].
///   M3  After a truncation that removed data the recovery-point checkpoint is written at once.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/log/log.h"
#include "core/log/storage.h"
#include "core/profile/config.h"
#include "core/protocol/topics.h"

namespace core {

/// meta.properties of a formatted directory.
struct MetaProperties {
    std::string cluster_id;
    NodeId node;
    DirectoryId directory;
};
void write_meta_properties(Storage& storage, const MetaProperties& meta);
std::optional<MetaProperties> read_meta_properties(const StorageReader& storage);

class LogManager {
  public:
    /// `topics` and `storage` outlive the manager.
    LogManager(Storage& storage, const TopicTable& topics);

    /// Reads the clean-shutdown marker (and deletes it) and the checkpoints. Before any log is
    /// opened. Returns the broker epoch that a clean shutdown left (KIP-966), if any.
    std::optional<BrokerEpoch> open();
    bool clean_shutdown() const { return clean_; }

    struct Loaded {
        PartitionId partition;
        LogLoadReport report;
    };
    /// Loads every partition directory that the table knows, in name order.
    std::vector<Loaded> load_logs(TimePoint now,
                                  const std::function<TopicConfig(PartitionId)>& config_of);

    /// The log of a partition, or nothing.
    Log* find(PartitionId partition);
    const Log* find(PartitionId partition) const;
    /// Creates the directory, partition.metadata and the log of a new replica.
    Log& create(PartitionId partition, const TopicConfig& config, TimePoint now);
    void remove(PartitionId partition);
    std::vector<PartitionId> partitions() const;

    /// The checkpointed high watermark of a partition (0 if none), as read by open().
    Offset checkpointed_high_watermark(PartitionId partition) const;

    /// replication-offset-checkpoint: high watermarks of all logs.
    void checkpoint_high_watermarks();
    /// recovery-point-offset-checkpoint.
    void checkpoint_recovery_points();
    /// log-start-offset-checkpoint.
    void checkpoint_log_starts();
    /// Log::truncate_to, then M3.
    bool truncate_to(PartitionId partition, Offset target);
    void truncate_fully_and_start_at(PartitionId partition, Offset start);

    /// Flushes all, closes all, writes recovery-point and log-start checkpoints, and the
    /// clean-shutdown marker with this content (format_clean_shutdown; empty before 3.7).
    void shut_down(TimePoint now, std::string_view marker);

  private:
    Log& add(PartitionId partition, Log log);

    Storage& storage_;
    const TopicTable& topics_;
    bool clean_ = false;
    bool loaded_ = false;  ///< load_logs is over
    std::map<PartitionId, Log> logs_;
    std::vector<const Log*> by_name_;  ///< by directory, as checkpoints list them
    std::map<std::string, Offset> recovery_points_;
    std::map<std::string, Offset> log_starts_;
    std::map<std::string, Offset> high_watermarks_;
};

}  // namespace core
