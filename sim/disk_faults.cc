// What befalls a disk, and what the simulator reads from it.
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/log/segment.h"
#include "core/record/batch_parser.h"
#include "sim/disk.h"

namespace sim {
namespace {

/// Base offset of a chunk, as its first eight bytes say; nothing if it is too short for that.
std::optional<core::Offset> base_offset_of(const core::Chunk& chunk) {
    if (chunk.batch != nullptr) return chunk.batch->base_offset;
    if (chunk.raw.size() < sizeof(std::int64_t)) return std::nullopt;
    return core::Offset(core::load_be<std::int64_t>(chunk.raw, 0));
}

/// Base offset of a segment's file, by its name; nothing for any other file.
std::optional<core::Offset> segment_base(std::string_view path) {
    return core::offset_of_file(path.substr(path.rfind('/') + 1), core::kLogSuffix);
}

}  // namespace

void SimDisk::process_ended() {
    handles_.clear();
}

void SimDisk::remember() {
    before_error_ = std::make_unique<Snapshot>();
    before_error_->names = names_;
    before_error_->durable = durable_;
    before_error_->changes = changes_;
    before_error_->directories = directories_;
    const auto add = [&](const InodeRef& file) {
        if (file) before_error_->contents.emplace_back(file, *file);
    };
    for (const auto& [path, file] : names_) add(file);
    for (const auto& [path, file] : durable_) add(file);
    for (const NameChange& change : changes_) add(change.inode);
}

bool SimDisk::undo() {
    ASSERT(before_error_ != nullptr);
    const std::unique_ptr<Snapshot> before = std::move(before_error_);
    for (auto& [file, content] : before->contents) {
        file->chunks = std::move(content.chunks);
        file->writeback = std::move(content.writeback);
    }
    names_ = std::move(before->names);
    durable_ = std::move(before->durable);
    changes_ = std::move(before->changes);
    directories_ = std::move(before->directories);
    return true;
}

void SimDisk::settle() {
    for (const NameChange& change : changes_) apply(durable_, change);
    changes_.clear();
    ASSERT(durable_.size() == names_.size());
    for (auto& [path, file] : names_) file->writeback.all_durable(file->chunks.size_bytes());
}

void SimDisk::wipe() {
    handles_.clear();
    names_.clear();
    durable_.clear();
    changes_.clear();
    directories_.clear();
}

std::optional<core::PartitionId> SimDisk::partition_of(std::string_view path) const {
    if (!path.ends_with(core::kLogSuffix)) return std::nullopt;
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto at = partitions_.find(path.substr(0, slash));
    if (at == partitions_.end()) return std::nullopt;
    return at->second;
}

/// What the rule says of this file: only segments of partition logs are under a rule.
const KeepRule* SimDisk::keep_of(std::string_view path, const KeepRule& keep) const {
    const auto partition = partition_of(path);
    if (!partition) return nullptr;
    for (const auto& [of, rule] : keep.partitions)
        if (of == *partition) return &rule;
    return &keep;
}

/// Whether the rule keeps a change of names that is not durable.
bool SimDisk::outlives_power(const NameChange& change, const KeepRule& keep) const {
    const KeepRule* rule = keep_of(change.path, keep);
    if (rule == nullptr || rule->kind == KeepRule::Kind::none) return false;
    if (rule->kind != KeepRule::Kind::from_offset) return true;
    const auto base = segment_base(change.path);
    return base && *base < rule->offset;
}

/// Cuts a file to what a loss of power leaves. The draw is of this file.
bool SimDisk::cut_undurable(Inode& file, core::TimePoint now, const KeepRule* keep,
                            std::uint64_t draw) const {
    const std::uint64_t size = file.chunks.size_bytes();
    const std::uint64_t durable = file.writeback.durable_bytes(now);
    std::uint64_t left = durable;
    const auto kind = keep == nullptr ? KeepRule::Kind::none : keep->kind;
    switch (kind) {
        case KeepRule::Kind::none:
            break;
        case KeepRule::Kind::all:
            left = size;
            break;
        case KeepRule::Kind::random:
            left += core::below(draw, size - durable + 1);
            break;
        case KeepRule::Kind::from_offset:
            for (std::size_t i = file.chunks.index_at(durable); i < file.chunks.size(); ++i) {
                const auto base = base_offset_of(file.chunks[i]);
                if (!base || *base >= keep->offset) break;
                left += file.chunks[i].size_bytes();
            }
            break;
    }
    const bool shorter = left < size;
    file.chunks.truncate(left);
    file.writeback.all_durable(left);
    return shorter;
}

/// Files sort by directory and segments within one by base offset, so a segment that was cut comes
/// before those whose bytes would stand behind the hole.
void SimDisk::cut_files(core::TimePoint now, const KeepRule& keep, std::uint64_t step_draw) {
    std::optional<core::PartitionId> shortened;
    for (auto at = names_.begin(); at != names_.end();) {
        const auto& [path, file] = *at;
        const std::uint64_t draw = core::keyed_draw(
            seed_, core::Purpose::crash_keep,
            {step_draw, static_cast<std::uint64_t>(static_cast<std::uint32_t>(owner_.value())),
             core::text_key(path)});
        const auto partition = partition_of(path);
        const bool behind_a_cut = partition && partition == shortened;
        const bool cut =
            cut_undurable(*file, now, behind_a_cut ? nullptr : keep_of(path, keep), draw);
        if (partition && cut) shortened = partition;
        if (behind_a_cut && file->chunks.empty()) {
            durable_.erase(path);
            at = names_.erase(at);
        } else {
            ++at;
        }
    }
}

std::vector<DiskLoss> SimDisk::power_lost(core::TimePoint now, const KeepRule& keep,
                                          std::uint64_t step_draw) {
    if (partitions_.empty())
        for (std::uint32_t p = 0; p < topics_.partition_count(); ++p)
            partitions_.emplace(topics_.name(core::PartitionId(p)), core::PartitionId(p));
    std::vector<std::vector<Extent>> before;
    for (std::uint32_t p = 0; p < topics_.partition_count(); ++p)
        before.push_back(extents(core::PartitionId(p)));
    for (const NameChange& change : changes_)
        if (change.durable_at <= now || outlives_power(change, keep)) apply(durable_, change);
    changes_.clear();
    names_ = durable_;
    handles_.clear();
    cut_files(now, keep, step_draw);
    std::vector<DiskLoss> losses;
    for (std::uint32_t p = 0; p < topics_.partition_count(); ++p) {
        const core::PartitionId partition(p);
        const std::vector<Extent> after = extents(partition);
        for (const Extent& was : before[p]) {
            const auto is = std::find_if(after.begin(), after.end(), [&](const Extent& extent) {
                return extent.base == was.base;
            });
            const core::Offset end = is == after.end() ? was.base : is->end;
            if (end >= was.end) continue;
            if (!losses.empty() && losses.back().partition == partition && losses.back().end == end)
                losses.back().end = was.end;
            else
                losses.push_back(DiskLoss{partition, end, was.end});
        }
    }
    return losses;
}

std::vector<const core::ChunkList*> SimDisk::segments(core::PartitionId partition) const {
    std::vector<const core::ChunkList*> out;
    const std::string prefix = topics_.name(partition) + "/";
    for (auto at = names_.lower_bound(prefix);
         at != names_.end() && std::string_view(at->first).starts_with(prefix); ++at)
        if (core::offset_of_file(std::string_view(at->first).substr(prefix.size()),
                                 core::kLogSuffix))
            out.push_back(&at->second->chunks);
    return out;
}

std::vector<SimDisk::Extent> SimDisk::extents(core::PartitionId partition) const {
    std::vector<Extent> out;
    const std::string prefix = topics_.name(partition) + "/";
    for (auto at = names_.lower_bound(prefix);
         at != names_.end() && std::string_view(at->first).starts_with(prefix); ++at) {
        const auto base = segment_base(at->first);
        if (!base) continue;
        core::Offset end = *base;
        const core::ChunkList& chunks = at->second->chunks;
        // From the back: the last chunk that is a batch, with raw batches behind it read.
        std::size_t from = chunks.size();
        while (from > 0 && chunks.batch(from - 1) == nullptr) --from;
        if (from > 0) end = std::max(end, chunks.batch(from - 1)->next_offset());
        core::Bytes raw;
        for (std::size_t i = from; i < chunks.size(); ++i)
            raw.insert(raw.end(), chunks[i].raw.begin(), chunks[i].raw.end());
        for (std::size_t position = 0; position < raw.size();) {
            const core::ParsedBatch parsed = core::parse_batch(raw, position);
            if (!parsed.sound()) break;
            end = std::max(end, parsed.batch->next_offset());
            position += parsed.size_bytes;
        }
        out.push_back(Extent{*base, end});
    }
    return out;
}

core::Offset SimDisk::log_end(core::PartitionId partition) const {
    core::Offset end{0};
    for (const Extent& extent : extents(partition)) end = std::max(end, extent.end);
    return end;
}

std::vector<std::pair<std::string, core::Bytes>> SimDisk::files() const {
    std::vector<std::pair<std::string, core::Bytes>> out;
    for (const auto& [path, file] : names_)
        out.emplace_back(path, file->chunks.read(0, file->chunks.size_bytes()));
    return out;
}

}  // namespace sim
