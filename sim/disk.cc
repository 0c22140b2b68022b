#include "sim/disk.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/log/checkpoint.h"
#include "core/record/batch_parser.h"
#include "sim/draw_key.h"

namespace sim {

SimDisk::SimDisk(core::NodeId owner, std::uint64_t seed, const scenario::DiskModel& model,
                 const core::TopicTable& topics, DiskSabotage sabotage)
    : owner_(owner), seed_(seed), model_(model), topics_(topics), sabotage_(sabotage) {
    set_model(model);
}

// ---- time ---------------------------------------------------------------------------------------

void SimDisk::set_model(const scenario::DiskModel& model) {
    model_ = model;
    times_vary_ = !model_.append.is_fixed() || !model_.writeback.is_fixed();
    append_time_ = model_.append.typical();
    writeback_time_ = model_.writeback.typical();
}

void SimDisk::draw_times(const Inode& inode) {
    const auto draw = [&](const scenario::Distribution& times, std::uint64_t which) {
        if (times.is_fixed()) return times.typical();
        return times.sample(
            core::keyed_draw(seed_, core::Purpose::disk_latency,
                             {draw_key(owner_), which, inode.key, inode.chunks.size_bytes()}));
    };
    append_time_ = draw(model_.append, 0);
    writeback_time_ = draw(model_.writeback, 2);
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

std::optional<std::uint64_t> SimDisk::size(std::string_view path) const {
    const Inode* found = find(path);
    if (found == nullptr) return std::nullopt;
    return found->chunks.size_bytes();
}

core::Bytes SimDisk::read(std::string_view path, std::uint64_t position,
                          std::uint64_t length) const {
    const Inode* found = find(path);
    ASSERT(found != nullptr);
    return found->chunks.read(position, length);
}

void SimDisk::write_file(std::string_view path, core::BytesView content) {
    fails_from(DiskHealth::full);
    InodeRef made(new Inode);
    made->key = core::text_key(path);
    const core::TimePoint durable_at = charge_append(*made);
    if (!content.empty()) {
        made->chunks.append_raw(content);
        made->writeback.wrote(now_, content.size(), durable_at);
    }
    NameChange change{std::string(path), {}, made, kBeginning, kBeginning};
    change.rewrite = names_.find(path) != names_.end();
    change_names(std::move(change));
}

void SimDisk::sync_inode(Inode& synced) {
    fails_from(DiskHealth::failed);
    const core::TimePoint from = moment();
    charge_sync(synced.key, synced.chunks.size_bytes());
    if (sabotage_.forget_sync) return;
    synced.writeback.sync(moment());
    commit_names(from, moment());
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

[[gnu::flatten]] void SimDisk::append(core::FileId file, const core::Batch& batch) {
    fails_from(DiskHealth::full);
    Inode& to = inode(file);
    const core::TimePoint durable_at = charge_append(to);
    to.writeback.wrote(now_, static_cast<std::uint64_t>(batch.size_bytes()), durable_at);
    to.chunks.append(batch);
}

void SimDisk::append_more(core::FileId file, const core::Batch& batch) {
    fails_from(DiskHealth::full);
    Inode& to = inode(file);
    to.writeback.wrote(now_, static_cast<std::uint64_t>(batch.size_bytes()),
                       core::saturating_add(moment(), writeback_time_));
    to.chunks.append(batch);
}

const core::ChunkList& SimDisk::chunks(core::FileId file) const {
    return inode(file).chunks;
}

void SimDisk::adopt(core::FileId file, std::uint64_t position,
                    std::span<const core::Batch> batches) {
    if (!batches.empty()) inode(file).chunks.adopt(position, batches);
}

void SimDisk::truncate(core::FileId file, std::uint64_t size_bytes) {
    fails_from(DiskHealth::failed);
    Inode& of = inode(file);
    ASSERT(size_bytes <= of.chunks.size_bytes());
    if (sabotage_.skip_truncation) return;
    of.chunks.truncate(size_bytes);
    of.writeback.cut(size_bytes);
    commit_names(moment(), moment());
}

void SimDisk::sync(core::FileId file) {
    sync_inode(inode(file));
}

}  // namespace sim
