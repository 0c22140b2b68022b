#include "tools/disk_inspection.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/base/text.h"
#include "core/log/checkpoint.h"
#include "core/log/segment.h"
#include "core/record/batch_parser.h"

namespace tool {
namespace {

using core::BatchProblem;
using core::concat;
using core::Offset;
using core::ParsedBatch;
using core::StorageReader;
using report::DiskPartition;

/// How much of a segment is read at once, in bytes, if no batch is larger.
constexpr std::uint64_t kWindowBytes = std::uint64_t{1} << 20;
/// Its log is recovered from its beginning at every start. [kafka KafkaMetadataLog 3.9]
constexpr std::string_view kMetadataPartition = "__cluster_metadata-0";

std::string_view words_of(BatchProblem problem) {
    switch (problem) {
        case BatchProblem::too_short:
            return "the file ends inside a batch";
        case BatchProblem::bad_length:
            return "a length that no batch can have";
        case BatchProblem::bad_magic:
            return "a magic byte that is not 0, 1 or 2";
        case BatchProblem::bad_fields:
            return "offsets that no batch can have";
        case BatchProblem::bad_crc:
            return "the checksum does not fit the bytes";
    }
    return {};
}

std::string_view word_of(core::Compression compression) {
    switch (compression) {
        case core::Compression::none:
            return "none";
        case core::Compression::gzip:
            return "gzip";
        case core::Compression::snappy:
            return "snappy";
        case core::Compression::lz4:
            return "lz4";
        case core::Compression::zstd:
            return "zstd";
    }
    return "unknown";
}

/// Walks a segment's file from batch to batch, a window of it in memory.
class SegmentWalk {
  public:
    SegmentWalk(const StorageReader& storage, std::string path)
        : storage_(storage), path_(std::move(path)), size_(storage.size(path_).value_or(0)) {}

    std::uint64_t size_bytes() const { return size_; }
    std::uint64_t position() const { return position_; }

    /// What begins at the position; nothing at the end of the file, and behind bytes whose size is
    /// unknown.
    std::optional<ParsedBatch> next() {
        position_ += step_;
        if (lost_ || position_ >= size_) return std::nullopt;
        ParsedBatch parsed = parse_here();
        if (parsed.problem == BatchProblem::too_short) {
            load(needed_bytes());
            parsed = parse_here();
        }
        step_ = parsed.size_bytes;
        lost_ = step_ == 0;
        return parsed;
    }

  private:
    ParsedBatch parse_here() const {
        const auto at = static_cast<std::size_t>(position_ - window_at_);
        return core::parse_batch(window_, std::min(at, window_.size()));
    }
    /// Of the batch that begins here, by its length field.
    std::uint64_t needed_bytes() const {
        const core::Bytes head = storage_.read(path_, position_, core::kLogOverheadBytes);
        if (head.size() < core::kLogOverheadBytes) return kWindowBytes;
        const auto length = core::load_be<std::int32_t>(head, core::kLogOverheadBytes - 4);
        const auto whole =
            static_cast<std::uint64_t>(std::max(length, 0)) + core::kLogOverheadBytes;
        // One that does not fit into the file is too short however much of it is read.
        return whole > size_ - position_ ? kWindowBytes : std::max(whole, kWindowBytes);
    }
    void load(std::uint64_t bytes) {
        window_at_ = position_;
        window_ = storage_.read(path_, position_, bytes);
    }

    const StorageReader& storage_;
    std::string path_;
    std::uint64_t size_;
    std::uint64_t position_ = 0;
    std::uint64_t step_ = 0;
    bool lost_ = false;
    core::Bytes window_;
    std::uint64_t window_at_ = 0;
};

report::DiskBatch row_of(const core::Batch& batch) {
    const core::BatchHeader& header = batch.body->header();
    report::DiskBatch row;
    row.magic = 2;
    row.base_offset = batch.base_offset;
    row.last_offset = batch.last_offset();
    row.count = header.record_count;
    row.leader_epoch = batch.leader_epoch;
    if (header.producer) {
        row.producer_id = header.producer->id.value();
        row.producer_epoch = header.producer->epoch.value();
        row.base_sequence = header.producer->base_sequence.value();
    }
    row.compression = word_of(header.compression());
    row.transactional = header.transactional();
    row.control = header.control();
    row.valid = batch.body->crc_valid();
    return row;
}

report::DiskBatch row_of(const core::OlderMessage& message, bool valid) {
    report::DiskBatch row;
    row.magic = message.magic;
    row.base_offset = message.offset;
    row.last_offset = message.offset;
    row.compression = word_of(message.compression);
    row.valid = valid;
    return row;
}

/// What recovery would take of a segment, from its beginning on.
struct SoundPart {
    std::uint64_t size_bytes = 0;
    Offset next{0};
};

/// Adds a segment's batches and damage; returns its sound part.
SoundPart read_segment(const StorageReader& storage, Offset base, DiskPartition& partition) {
    SegmentWalk walk(storage, core::file_path(partition.name, base, core::kLogSuffix));
    partition.segments.push_back({base, walk.size_bytes()});
    SoundPart sound{0, base};
    bool stopped = false;
    Offset next = base;
    while (const std::optional<ParsedBatch> parsed = walk.next()) {
        std::string_view problem = parsed->problem ? words_of(*parsed->problem) : "";
        if (parsed->batch || parsed->older) {
            report::DiskBatch row =
                parsed->batch ? row_of(*parsed->batch) : row_of(*parsed->older, !parsed->problem);
            row.segment = base;
            row.position = walk.position();
            row.size_bytes = parsed->size_bytes;
            if (problem.empty() &&
                !core::recovers_at(base, sound.next, row.base_offset, row.last_offset))
                problem = "its offsets do not follow those before it";
            next = row.last_offset.next();
            partition.batches.push_back(std::move(row));
        }
        stopped = stopped || !problem.empty();
        if (!problem.empty())
            partition.damage.push_back({base, walk.position(), std::string(problem)});
        if (!stopped) sound = SoundPart{walk.position() + parsed->size_bytes, next};
    }
    partition.log_end_offset = next;
    return sound;
}

/// [kafka LogLoader.load, recoverLog, 3.9]
void recover(DiskPartition& partition, const std::vector<SoundPart>& sound, bool needed) {
    report::DiskRecovery& recovery = partition.recovery;
    recovery.needed = needed;
    recovery.log_end_offset = partition.log_end_offset;
    const auto& segments = partition.segments;
    if (needed && !segments.empty()) {
        const Offset point = partition.recovery_point.value_or(Offset(0));
        std::size_t i = segments.size() - 1;
        while (i > 0 && segments[i].base_offset > point) --i;
        recovery.scans_from = segments[i].base_offset;
        while (i + 1 < segments.size() && sound[i].size_bytes == segments[i].size_bytes) ++i;
        recovery.truncated_bytes = segments[i].size_bytes - sound[i].size_bytes;
        recovery.log_end_offset = sound[i].next;
        while (++i < segments.size()) recovery.deleted_segments.push_back(segments[i].base_offset);
    }
    if (recovery.log_end_offset >= partition.log_start_offset) return;
    // Nothing at or past the log start is left: the log begins anew there.
    recovery.log_end_offset = partition.log_start_offset;
    recovery.deleted_segments.clear();
    for (const report::DiskSegment& segment : segments)
        recovery.deleted_segments.push_back(segment.base_offset);
}

std::optional<Offset> offset_in(const core::OffsetCheckpoint& offsets, const std::string& name) {
    const auto found = offsets.find(name);
    if (found == offsets.end()) return std::nullopt;
    return found->second;
}

/// The files of a directory that tell which partitions it holds and how far they got.
struct Checkpoints {
    explicit Checkpoints(const StorageReader& storage)
        : recovery_points(core::read_offset_checkpoint(storage, core::kRecoveryPointCheckpoint)),
          high_watermarks(
              core::read_offset_checkpoint(storage, core::kReplicationOffsetCheckpoint)),
          log_starts(core::read_offset_checkpoint(storage, core::kLogStartCheckpoint)) {}

    core::OffsetCheckpoint recovery_points;
    core::OffsetCheckpoint high_watermarks;
    core::OffsetCheckpoint log_starts;
};

DiskPartition inspect_partition(const StorageReader& storage, const std::string& name,
                                const Checkpoints& checkpoints, bool clean) {
    DiskPartition partition;
    partition.name = name;
    partition.recovery_point = offset_in(checkpoints.recovery_points, name);
    partition.high_watermark = offset_in(checkpoints.high_watermarks, name);
    partition.epochs =
        core::read_epoch_checkpoint(storage, concat(name, "/", core::kLeaderEpochCheckpoint));
    std::vector<SoundPart> sound;
    for (const std::string& file : storage.list(name)) {
        if (const auto base = core::offset_of_file(file, core::kLogSuffix))
            sound.push_back(read_segment(storage, *base, partition));
        for (const std::string_view suffix : {".deleted", ".cleaned", ".swap", ".tmp"})
            if (file.ends_with(suffix)) partition.leftovers.push_back(file);
    }
    partition.log_start_offset = offset_in(checkpoints.log_starts, name).value_or(Offset(0));
    if (partition.segments.empty())
        partition.log_end_offset = partition.log_start_offset;
    else
        partition.log_start_offset =
            std::max(partition.log_start_offset, partition.segments.front().base_offset);
    recover(partition, sound, !clean || name == kMetadataPartition);
    return partition;
}

/// "orders-0": a topic, a dash and a number. [kafka UnifiedLog.parseTopicPartitionName]
bool is_partition_name(std::string_view name) {
    const auto dash = name.rfind('-');
    if (dash == std::string_view::npos || dash == 0) return false;
    const auto index = core::parse_int(name.substr(dash + 1));
    return index && *index >= 0;
}

bool is_partition(const StorageReader& storage, const std::string& name) {
    if (!is_partition_name(name)) return false;
    const std::vector<std::string> files = storage.list(name);
    return std::any_of(files.begin(), files.end(), [](const std::string& file) {
        return file == core::kLeaderEpochCheckpoint || file == core::kPartitionMetadata ||
               core::offset_of_file(file, core::kLogSuffix);
    });
}

/// The value of a line "key=value" of a Java properties file.
std::string property_in(std::string_view text, std::string_view key) {
    for (const std::string_view line : core::split(text, '\n'))
        if (line.starts_with(key) && line.substr(key.size()).starts_with('='))
            return std::string(line.substr(key.size() + 1));
    return {};
}

}  // namespace

bool is_log_directory(const StorageReader& storage) {
    for (const std::string& name : storage.list(""))
        if (name == core::kMetaProperties || name == core::kRecoveryPointCheckpoint ||
            name == core::kReplicationOffsetCheckpoint || is_partition(storage, name))
            return true;
    return false;
}

report::DiskDirectory inspect_disk(const StorageReader& storage) {
    report::DiskDirectory directory;
    directory.clean_shutdown = storage.size(core::kCleanShutdown).has_value();
    if (const auto meta = core::read_text(storage, core::kMetaProperties)) {
        directory.broker = property_in(*meta, "node.id");
        if (directory.broker.empty()) directory.broker = property_in(*meta, "broker.id");
        directory.cluster_id = property_in(*meta, "cluster.id");
    }
    const Checkpoints checkpoints(storage);
    for (const std::string& name : storage.list("")) {
        if (is_partition(storage, name))
            directory.partitions.push_back(
                inspect_partition(storage, name, checkpoints, directory.clean_shutdown));
        else if (!storage.size(name))
            directory.others.push_back(name);
    }
    return directory;
}

}  // namespace tool
