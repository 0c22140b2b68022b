#include "sim/disk.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/log/checkpoint.h"
#include "core/record/batch_parser.h"
#include "sim/draw_key.h"

namespace sim {
namespace {

/// Room for one more. Large lists grow eightfold: memory that is not touched costs nothing, while
/// all that is copied to a larger place is touched twice.
template <class T>
void make_room(std::vector<T>& list) {
    constexpr std::size_t kLarge = 256;
    if (list.size() < list.capacity() || list.size() < kLarge) return;
    list.reserve(8 * list.size());
}

}  // namespace

SimDisk::SimDisk(core::NodeId owner, std::uint64_t seed, const scenario::DiskModel& model,
                 const core::TopicTable& topics, DiskSabotage sabotage)
    : owner_(owner), seed_(seed), model_(model), topics_(topics), sabotage_(sabotage) {}

// ---- time ---------------------------------------------------------------------------------------

void SimDisk::charge_append(const Inode& inode) {
    if (free_of_charge_) return;
    charged_ +=
        model_.append.is_fixed()
            ? model_.append.typical()
            : model_.append.sample(core::keyed_draw(seed_, core::Purpose::disk_latency,
                                                    {draw_key(owner_), 0, inode.key, inode.size}));
}

void SimDisk::charge_sync(std::uint64_t key, std::uint64_t size) {
    if (free_of_charge_) return;
    if (model_.fsync.is_fixed()) {
        charged_ += model_.fsync.typical();
        return;
    }
    const std::uint64_t count = sync_counts_[key]++;
    charged_ += model_.fsync.sample(core::keyed_draw(seed_, core::Purpose::disk_latency,
                                                     {draw_key(owner_), 1, key, size, count}));
}

core::Duration SimDisk::writeback(std::uint64_t key, std::uint64_t position) const {
    if (model_.writeback.is_fixed()) return model_.writeback.typical();
    return model_.writeback.sample(
        core::keyed_draw(seed_, core::Purpose::disk_latency, {draw_key(owner_), 2, key, position}));
}

// ---- names --------------------------------------------------------------------------------------

const SimDisk::Inode* SimDisk::find(std::string_view path) const {
    const auto at = names_.find(path);
    return at == names_.end() ? nullptr : at->second.get();
}

void SimDisk::apply(Names& names, const NameChange& change) {
    if (!change.removed.empty()) names.erase(change.removed);
    if (change.inode)
        names.insert_or_assign(change.path, change.inode);
    else
        names.erase(change.path);
}

void SimDisk::change_names(NameChange change) {
    // Every change takes as long as the others: none is durable before the one ahead of it.
    change.made_at = moment();
    change.durable_at = core::saturating_add(moment(), model_.writeback.typical());
    // New content that is replaced or removed in turn has nothing to wait for: it keeps its place.
    for (NameChange& before : changes_)
        if (before.path == change.path || before.path == change.removed) before.rewrite = false;
    apply(names_, change);
    changes_.push_back(std::move(change));
    if (changes_.size() >= 64) apply_durable_names(now_);
}

void SimDisk::commit_names(core::TimePoint from, core::TimePoint done) {
    for (NameChange& change : changes_)
        if (change.made_at <= from && !change.rewrite)
            change.durable_at = std::min(change.durable_at, done);
    if (changes_.size() >= 16) apply_durable_names(now_);
}

void SimDisk::apply_durable_names(core::TimePoint now) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
        if (changes_[i].durable_at <= now) {
            apply(durable_, changes_[i]);
        } else {
            if (kept != i) changes_[kept] = std::move(changes_[i]);
            ++kept;
        }
    }
    changes_.resize(kept);
}

std::vector<std::string> SimDisk::list(std::string_view directory) const {
    std::set<std::string> found;
    const std::string prefix = directory.empty() ? std::string() : std::string(directory) + "/";
    const auto add = [&](std::string_view path) {
        std::string_view rest = path.substr(prefix.size());
        found.emplace(rest.substr(0, rest.find('/')));
    };
    for (auto at = names_.lower_bound(prefix);
         at != names_.end() && std::string_view(at->first).starts_with(prefix); ++at)
        add(at->first);
    for (auto at = directories_.lower_bound(prefix);
         at != directories_.end() && std::string_view(*at).starts_with(prefix); ++at)
        add(*at);
    return {found.begin(), found.end()};
}

void SimDisk::make_directory(std::string_view directory) {
    fails_from(DiskHealth::full);
    directories_.emplace(directory);
}

void SimDisk::rename(std::string_view from, std::string_view to) {
    fails_from(DiskHealth::failed);
    const auto at = names_.find(from);
    ASSERT(at != names_.end());
    InodeRef moved = at->second;
    change_names(
        NameChange{std::string(to), std::string(from), std::move(moved), kBeginning, kBeginning});
}

void SimDisk::remove(std::string_view path) {
    fails_from(DiskHealth::failed);
    ASSERT(names_.find(path) != names_.end());
    change_names(NameChange{std::string(path), {}, nullptr, kBeginning, kBeginning});
    // LogManager.loadLogs deletes the marker and syncs nothing, so a loss of power right after a
    // start may bring it back, and the next start would recover nothing. That is a gap of seconds
    // in real clusters, but `writeback` stretches it to whatever a scenario says: it is closed.
    if (path == core::kCleanShutdown) commit_names(moment(), moment());
}

void SimDisk::sync_directory(std::string_view directory) {
    fails_from(DiskHealth::failed);
    const core::TimePoint from = moment();
    charge_sync(core::text_key(directory), 0);
    if (!sabotage_.forget_sync) commit_names(from, moment());
}

// ---- content ------------------------------------------------------------------------------------

void SimDisk::push_raw(Inode& inode, core::BytesView bytes, core::TimePoint durable_at) {
    if (bytes.empty()) return;
    inode.chunks.push_back(core::Chunk{inode.size, bytes.size(), std::nullopt,
                                       core::Bytes(bytes.begin(), bytes.end())});
    inode.durable_at.push_back(durable_at);
    inode.size += bytes.size();
}

core::Bytes SimDisk::bytes_of(const Inode& inode, std::uint64_t position, std::uint64_t length) {
    core::Bytes out;
    if (position >= inode.size) return out;
    const std::uint64_t end = length > inode.size - position ? inode.size : position + length;
    auto at = std::upper_bound(
        inode.chunks.begin(), inode.chunks.end(), position,
        [](std::uint64_t wanted, const core::Chunk& chunk) { return wanted < chunk.position; });
    if (at != inode.chunks.begin()) --at;
    core::Bytes encoded;
    for (; at != inode.chunks.end() && at->position < end; ++at) {
        core::BytesView bytes = at->raw;
        if (at->batch) {
            encoded.clear();
            core::encode_batch(*at->batch, encoded);
            bytes = encoded;
        }
        const std::uint64_t from = position > at->position ? position - at->position : 0;
        const std::uint64_t to = std::min(at->size_bytes, end - at->position);
        if (from >= to) continue;
        const core::BytesView part = bytes.subspan(from, to - from);
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

std::optional<std::uint64_t> SimDisk::size(std::string_view path) const {
    const Inode* found = find(path);
    if (found == nullptr) return std::nullopt;
    return found->size;
}

core::Bytes SimDisk::read(std::string_view path, std::uint64_t position,
                          std::uint64_t length) const {
    const Inode* found = find(path);
    ASSERT(found != nullptr);
    return bytes_of(*found, position, length);
}

void SimDisk::write_file(std::string_view path, core::BytesView content) {
    fails_from(DiskHealth::full);
    InodeRef made(new Inode);
    made->key = core::text_key(path);
    charge_append(*made);
    push_raw(*made, content, core::saturating_add(moment(), writeback(made->key, 0)));
    NameChange change{std::string(path), {}, made, kBeginning, kBeginning};
    change.rewrite = names_.find(path) != names_.end();
    change_names(std::move(change));
}

void SimDisk::sync_inode(Inode& synced) {
    fails_from(DiskHealth::failed);
    const core::TimePoint from = moment();
    charge_sync(synced.key, synced.size);
    if (sabotage_.forget_sync) return;
    const core::TimePoint done = moment();
    for (std::size_t i = synced.unsynced_from; i < synced.durable_at.size(); ++i)
        synced.durable_at[i] = std::min(synced.durable_at[i], done);
    synced.unsynced_from = synced.durable_at.size();
    commit_names(from, done);
}

void SimDisk::sync(std::string_view path) {
    const auto at = names_.find(path);
    ASSERT(at != names_.end());
    sync_inode(*at->second);
    if (sabotage_.forget_sync) return;
    for (NameChange& change : changes_)
        if (change.rewrite && change.inode == at->second && change.path == path)
            change.durable_at = std::min(change.durable_at, moment());
}

// ---- segments -----------------------------------------------------------------------------------

SimDisk::Inode& SimDisk::inode(core::FileId file) const {
    ASSERT(file.value() < handles_.size());
    return *handles_[file.value()];
}

core::FileId SimDisk::open(std::string_view path) {
    fails_from(DiskHealth::full);
    const core::FileId handle(static_cast<std::uint32_t>(handles_.size()));
    if (const auto at = names_.find(path); at != names_.end()) {
        handles_.push_back(at->second);
        return handle;
    }
    InodeRef made(new Inode);
    made->key = core::text_key(path);
    handles_.push_back(made);
    change_names(NameChange{std::string(path), {}, made, kBeginning, kBeginning});
    return handle;
}

void SimDisk::append(core::FileId file, const core::Batch& batch) {
    fails_from(DiskHealth::full);
    Inode& to = inode(file);
    charge_append(to);
    const auto bytes = static_cast<std::uint64_t>(batch.size_bytes());
    core::TimePoint durable_at = core::saturating_add(moment(), writeback(to.key, to.size));
    if (!to.durable_at.empty()) durable_at = std::max(durable_at, to.durable_at.back());
    make_room(to.chunks);
    make_room(to.durable_at);
    core::Chunk& chunk = to.chunks.emplace_back();
    chunk.position = to.size;
    chunk.size_bytes = bytes;
    chunk.batch = batch;
    to.durable_at.push_back(durable_at);
    to.size += bytes;
}

std::span<const core::Chunk> SimDisk::chunks(core::FileId file) const {
    return inode(file).chunks;
}

void SimDisk::adopt(core::FileId file, std::uint64_t position,
                    std::span<const core::Batch> batches) {
    if (batches.empty()) return;
    Inode& of = inode(file);
    std::uint64_t end = position;
    for (const core::Batch& batch : batches) end += static_cast<std::uint64_t>(batch.size_bytes());
    ASSERT(end <= of.size);
    std::vector<core::Chunk> chunks;
    std::vector<core::TimePoint> durable_at;
    const auto keep = [&](const core::Chunk& chunk, std::uint64_t from, std::uint64_t to,
                          core::TimePoint durable) {
        if (from >= to) return;
        ASSERT(!chunk.batch);
        const auto begin = chunk.raw.begin();
        chunks.push_back(core::Chunk{chunk.position + from, to - from, std::nullopt,
                                     core::Bytes(begin + static_cast<std::ptrdiff_t>(from),
                                                 begin + static_cast<std::ptrdiff_t>(to))});
        durable_at.push_back(durable);
    };
    std::size_t i = 0;
    for (; i < of.chunks.size() && of.chunks[i].position + of.chunks[i].size_bytes <= position;
         ++i) {
        chunks.push_back(std::move(of.chunks[i]));
        durable_at.push_back(of.durable_at[i]);
    }
    ASSERT(i < of.chunks.size());
    keep(of.chunks[i], 0, position - of.chunks[i].position, of.durable_at[i]);
    // The batches are durable when the last chunk that they lie in is.
    std::size_t last = i;
    while (of.chunks[last].position + of.chunks[last].size_bytes < end) ++last;
    for (const core::Batch& batch : batches) {
        const auto bytes = static_cast<std::uint64_t>(batch.size_bytes());
        chunks.push_back(core::Chunk{position, bytes, batch, {}});
        durable_at.push_back(of.durable_at[last]);
        position += bytes;
    }
    keep(of.chunks[last], end - of.chunks[last].position, of.chunks[last].size_bytes,
         of.durable_at[last]);
    for (i = last + 1; i < of.chunks.size(); ++i) {
        chunks.push_back(std::move(of.chunks[i]));
        durable_at.push_back(of.durable_at[i]);
    }
    of.chunks = std::move(chunks);
    of.durable_at = std::move(durable_at);
    of.unsynced_from = 0;
}

void SimDisk::truncate(core::FileId file, std::uint64_t size_bytes) {
    fails_from(DiskHealth::failed);
    Inode& of = inode(file);
    ASSERT(size_bytes <= of.size);
    if (sabotage_.skip_truncation) return;
    while (!of.chunks.empty() && of.chunks.back().position >= size_bytes) {
        of.chunks.pop_back();
        of.durable_at.pop_back();
    }
    if (!of.chunks.empty()) {
        core::Chunk& last = of.chunks.back();
        const std::uint64_t rest = size_bytes - last.position;
        if (rest < last.size_bytes) {
            core::Bytes bytes = std::move(last.raw);
            if (last.batch) core::encode_batch(*last.batch, bytes);
            bytes.resize(rest);
            last = core::Chunk{last.position, rest, std::nullopt, std::move(bytes)};
        }
    }
    of.size = size_bytes;
    of.unsynced_from = std::min(of.unsynced_from, of.chunks.size());
    commit_names(moment(), moment());
}

void SimDisk::sync(core::FileId file) {
    sync_inode(inode(file));
}

}  // namespace sim
