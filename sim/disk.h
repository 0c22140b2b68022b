/// A machine's disk with its page cache: core::Storage, and what a loss of power leaves of it.
///
/// A file is an inode: a rope of chunks, of which what was written last waits to be durable. Names
/// are a map to inodes; changes of names are a journal, one for the whole disk. The process sees
/// the page cache; a loss of power falls back to what is durable. [DESIGN 3, Disk]
///
/// Rules:
///   R1  A chunk is durable at the earlier of append + writeback and the end of a sync that covers
///       it; a sync is over when the time it charges has passed.
///   R2  Changes of names are durable after a writeback, or once any sync that began after them is
///       over, of whatever file or directory: committing a journal commits all that is before.
///   R3  Power loss never takes what is durable. Of log segments `keep` says what else stays; all
///       other files are as they were last synced. Behind a segment that was cut nothing stays of
///       the later ones but what is durable: no cut makes a hole.
///   R4  The end of a process changes nothing but the open handles.
///   R5  A truncation is durable at once, and with it the changes of names that are before it. (A
///       real file system may bring cut bytes back.)
///   R6  The removal of the clean-shutdown marker is durable at once. (Kafka does not sync it.)
///   R7  What a step does from its first operation on that fails is undone when the step is over:
///       the process that did it ends there.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/log/storage.h"
#include "core/protocol/topics.h"
#include "scenarios/model.h"
#include "sim/kernel.h"
#include "sim/world.h"
#include "sim/writeback.h"

namespace sim {

/// How a disk cheats, for sabotage tests.
struct DiskSabotage {
    bool forget_sync = false;      ///< sync takes its time and makes nothing durable
    bool skip_truncation = false;  ///< truncate does nothing
};

/// What operations on a disk come to. full: those that need space fail. failed: all that write do.
enum class DiskHealth : std::uint8_t { sound, full, failed };

/// Offsets of a partition's log that a loss of power took.
struct DiskLoss {
    core::PartitionId partition;
    core::Offset first;
    core::Offset end;  ///< behind the last of them
};

class SimDisk final : public core::Storage {
  public:
    /// `topics` outlives the disk: directories named like its partitions hold logs.
    SimDisk(core::NodeId owner, std::uint64_t seed, const scenario::DiskModel& model,
            const core::TopicTable& topics, DiskSabotage sabotage = {});

    // ---- the lane that uses it ----
    /// A step begins; what it does to the disk takes time from here on.
    void begin_step(core::TimePoint now) {
        before_error_.reset();
        now_ = now;
        charged_ = core::Duration(0);
    }
    /// Time that the disk took of the step since begin_step.
    core::Duration charged() const { return charged_; }
    /// Whether an operation of the step failed; if so, it and all behind it are undone.
    bool take_error() { return before_error_ != nullptr && undo(); }

    // ---- what befalls the machine ----
    void process_ended();
    /// Power is lost at `now`. What that took of logs, by partition and offset.
    std::vector<DiskLoss> power_lost(core::TimePoint now, const KeepRule& keep,
                                     std::uint64_t step_draw);
    void set_model(const scenario::DiskModel& model);
    void set_health(DiskHealth health) { health_ = health; }
    DiskHealth health() const { return health_; }
    /// Start-up before time 0 takes no time of the disk.
    void set_free_of_charge(bool free) { free_of_charge_ = free; }
    /// The cluster is at rest: everything is durable.
    void settle();
    void wipe();

    // ---- for the simulator's eyes ----
    /// Offset behind the last whole batch in a partition's directory; 0 if there is none.
    core::Offset log_end(core::PartitionId partition) const;
    /// The content of a partition's segments in order of base offset.
    std::vector<const core::ChunkList*> segments(core::PartitionId partition) const;
    /// Every file: path and bytes, sorted by path.
    std::vector<std::pair<std::string, core::Bytes>> files() const;

    // ---- core::Storage ----
    std::vector<std::string> list(std::string_view directory) const override;
    void make_directory(std::string_view directory) override;
    std::optional<std::uint64_t> size(std::string_view path) const override;
    core::Bytes read(std::string_view path, std::uint64_t position,
                     std::uint64_t length) const override;
    void write_file(std::string_view path, core::BytesView content) override;
    void rename(std::string_view from, std::string_view to) override;
    void remove(std::string_view path) override;
    void sync(std::string_view path) override;
    void sync_directory(std::string_view directory) override;
    core::FileId open(std::string_view path) override;
    void append(core::FileId file, const core::Batch& batch) override;
    void append_more(core::FileId file, const core::Batch& batch) override;
    const core::ChunkList& chunks(core::FileId file) const override;
    void adopt(core::FileId file, std::uint64_t position,
               std::span<const core::Batch> batches) override;
    void truncate(core::FileId file, std::uint64_t size_bytes) override;
    void sync(core::FileId file) override;

  private:
    struct Inode : boost::intrusive_ref_counter<Inode, boost::thread_unsafe_counter> {
        core::ChunkList chunks;
        Writeback writeback;
        std::uint64_t key = 0;  ///< of the path it was made under, for draws
    };
    using InodeRef = boost::intrusive_ptr<Inode>;
    using Names = std::map<std::string, InodeRef, std::less<>>;

    /// A change of names: `path` gets `inode` (none: goes), `removed` goes with it in a rename.
    struct NameChange {
        std::string path;
        std::string removed;  ///< empty: nothing else
        InodeRef inode;
        core::TimePoint made_at;
        core::TimePoint durable_at;
        bool rewrite = false;  ///< new content of a name that exists: durable with its content
    };
    /// Offsets of a segment: its name's and the one behind its last whole batch.
    struct Extent {
        core::Offset base;
        core::Offset end;
    };

    /// All that an operation can change, as it was before the first one that failed.
    struct Snapshot {
        Names names;
        Names durable;
        std::vector<NameChange> changes;
        std::set<std::string, std::less<>> directories;
        std::vector<std::pair<InodeRef, Inode>> contents;
    };
    /// An operation begins that fails from this health on: what it does will be undone.
    void fails_from(DiskHealth health) {
        if (health_ >= health && !before_error_) remember();
    }
    void remember();
    bool undo();

    core::TimePoint moment() const { return now_ + charged_; }
    const Inode* find(std::string_view path) const;
    Inode& inode(core::FileId file) const;
    /// A write at the end of a file is charged; when its bytes are durable.
    core::TimePoint charge_append(const Inode& inode) {
        if (times_vary_) draw_times(inode);
        if (!free_of_charge_) charged_ += append_time_;
        return core::saturating_add(moment(), writeback_time_);
    }
    [[gnu::noinline, gnu::cold]] void draw_times(const Inode& inode);
    void charge_sync(std::uint64_t key, std::uint64_t size);
    void sync_inode(Inode& inode);
    void change_names(NameChange change);
    /// Every change of names that was made by `from` is durable at `done`.
    void commit_names(core::TimePoint from, core::TimePoint done);
    void apply_durable_names(core::TimePoint now);
    static void apply(Names& names, const NameChange& change);

    const KeepRule* keep_of(std::string_view path, const KeepRule& keep) const;
    std::optional<core::PartitionId> partition_of(std::string_view path) const;
    bool outlives_power(const NameChange& change, const KeepRule& keep) const;
    /// Whether it took anything.
    bool cut_undurable(Inode& inode, core::TimePoint now, const KeepRule* keep,
                       std::uint64_t draw) const;
    void cut_files(core::TimePoint now, const KeepRule& keep, std::uint64_t step_draw);
    std::vector<Extent> extents(core::PartitionId partition) const;

    core::NodeId owner_;
    std::uint64_t seed_;
    scenario::DiskModel model_;
    const core::TopicTable& topics_;
    DiskSabotage sabotage_;
    DiskHealth health_ = DiskHealth::sound;
    std::unique_ptr<Snapshot> before_error_;
    bool free_of_charge_ = false;
    /// Of the model: whether an append or a write-back may take other times than the one before.
    bool times_vary_ = false;
    core::Duration append_time_{0};  ///< of the last append, if they vary
    core::Duration writeback_time_{0};
    core::TimePoint now_ = kBeginning;
    core::Duration charged_{0};
    Names names_;    ///< as processes see them
    Names durable_;  ///< as they were made durable
    std::vector<NameChange> changes_;
    std::set<std::string, std::less<>> directories_;
    std::vector<InodeRef> handles_;
    std::map<std::string, core::PartitionId, std::less<>> partitions_;  ///< once it is needed
    std::map<std::uint64_t, std::uint64_t> sync_counts_;  ///< by key, where fsync times vary
};

}  // namespace sim
