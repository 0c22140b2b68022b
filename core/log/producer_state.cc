#include "core/log/producer_state.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/log/segment.h"
#include "core/record/crc32c.h"
#include "core/record/record.h"

namespace core {

namespace {

constexpr std::int16_t kSnapshotVersion = 1;
constexpr std::size_t kCrcAt = 2;
constexpr std::size_t kCoveredFrom = 6;
constexpr std::size_t kSnapshotHeaderBytes = 10;
constexpr std::size_t kEntryBytes = 46;
constexpr std::int32_t kNone = -1;

/// DefaultRecordBatch.incrementSequence's inverse.
Sequence minus(Sequence sequence, std::int32_t count) {
    ASSERT(count >= 0);
    if (sequence.value() >= count) return Sequence(sequence.value() - count);
    return Sequence(std::numeric_limits<std::int32_t>::max() - (count - sequence.value()) + 1);
}

/// A batch of another epoch, newer or (replayed) older, makes the remembered ones void.
[[gnu::noinline, gnu::cold]] void begin_epoch(ProducerEntry& entry, ProducerEpoch epoch) {
    entry.epoch = epoch;
    entry.batches.clear();
}

void insert_sorted(std::vector<Offset>& offsets, Offset offset) {
    const auto at = std::lower_bound(offsets.begin(), offsets.end(), offset);
    if (at == offsets.end() || *at != offset) offsets.insert(at, offset);
}

void append_entry(Bytes& out, ProducerId id, const ProducerEntry& entry) {
    const CachedBatch* last = entry.batches.empty() ? nullptr : &entry.batches.back();
    append_be(out, id.value());
    append_be(out, entry.epoch.value());
    append_be(out, last != nullptr ? last->last_sequence.value() : kNone);
    append_be(out, last != nullptr ? last->last_offset.value() : std::int64_t{kNone});
    append_be(out, last != nullptr ? last->offset_delta : 0);
    append_be(out, entry.last_timestamp_ms);
    append_be(out, entry.coordinator_epoch);
    append_be(out,
              entry.transaction_first ? entry.transaction_first->value() : std::int64_t{kNone});
}

ProducerEntry read_entry(BytesView bytes) {
    ASSERT(bytes.size() == kEntryBytes);
    ProducerEntry entry{ProducerEpoch(load_be<std::int16_t>(bytes, 8)), {}, -1, -1, std::nullopt};
    const auto last_sequence = load_be<std::int32_t>(bytes, 10);
    const auto last_offset = load_be<std::int64_t>(bytes, 14);
    const auto offset_delta = load_be<std::int32_t>(bytes, 22);
    entry.last_timestamp_ms = load_be<std::int64_t>(bytes, 26);
    entry.coordinator_epoch = load_be<std::int32_t>(bytes, 34);
    const auto transaction_first = load_be<std::int64_t>(bytes, 38);
    if (last_offset >= 0 && offset_delta >= 0 && last_sequence >= 0)
        entry.batches.push_back(CachedBatch{Sequence(last_sequence), offset_delta,
                                            Offset(last_offset), entry.last_timestamp_ms});
    if (transaction_first >= 0) entry.transaction_first = Offset(transaction_first);
    return entry;
}

}  // namespace

Sequence CachedBatch::first_sequence() const {
    return minus(last_sequence, offset_delta);
}

Bytes encode_snapshot(const ProducerMap& producers) {
    Bytes out;
    out.reserve(kSnapshotHeaderBytes + producers.size() * kEntryBytes);
    append_be(out, kSnapshotVersion);
    append_be(out, std::uint32_t{0});
    append_be(out, static_cast<std::int32_t>(producers.size()));
    for (const auto& [id, entry] : producers) append_entry(out, id, entry);
    ASSERT(out.size() == kSnapshotHeaderBytes + producers.size() * kEntryBytes);
    store_be(std::span<std::byte>(out), kCrcAt, crc32c(BytesView(out).subspan(kCoveredFrom)));
    return out;
}

std::optional<ProducerMap> decode_snapshot(BytesView bytes) {
    if (bytes.size() < kSnapshotHeaderBytes) return std::nullopt;
    if (load_be<std::int16_t>(bytes, 0) != kSnapshotVersion) return std::nullopt;
    if (load_be<std::uint32_t>(bytes, kCrcAt) != crc32c(bytes.subspan(kCoveredFrom)))
        return std::nullopt;
    const auto count = load_be<std::int32_t>(bytes, kCoveredFrom);
    if (count < 0) return std::nullopt;
    if (bytes.size() != kSnapshotHeaderBytes + static_cast<std::size_t>(count) * kEntryBytes)
        return std::nullopt;
    ProducerMap producers;
    for (std::size_t at = kSnapshotHeaderBytes; at < bytes.size(); at += kEntryBytes)
        producers.insert_or_assign(ProducerId(load_be<std::int64_t>(bytes, at)),
                                   read_entry(bytes.subspan(at, kEntryBytes)));
    return producers;
}

ProducerState::ProducerState(Storage& storage, std::string directory)
    : storage_(&storage), directory_(std::move(directory)) {
    for (const std::string& file : storage.list(directory_))
        if (const auto offset = offset_of_file(file, kSnapshotSuffix))
            insert_sorted(snapshots_, *offset);
}

const ProducerEntry* ProducerState::find(ProducerId id) const {
    if (last_ != nullptr && last_->first == id) return &last_->second;
    const auto found = producers_.find(id);
    return found == producers_.end() ? nullptr : &found->second;
}

ProducerEntry& ProducerState::look_up(const ProducerFields& fields) {
    const ProducerEntry fresh{fields.epoch, {}, -1, -1, std::nullopt};
    last_ = &*producers_.try_emplace(fields.id, fresh).first;
    return last_->second;
}

void ProducerState::forget_all() {
    producers_.clear();
    last_ = nullptr;
}

ProducerState::Verdict ProducerState::check(const ProducerFields& fields,
                                            std::int32_t last_offset_delta) const {
    const ProducerEntry* entry = find(fields.id);
    if (entry == nullptr) return {};
    if (fields.epoch == entry->epoch) {
        // What follows the last batch repeats none: five batches never go once round the sequences.
        if (!entry->batches.empty() &&
            fields.base_sequence == entry->batches.back().last_sequence.next())
            return {};
        const Sequence last = fields.base_sequence.plus(last_offset_delta);
        for (const CachedBatch& batch : entry->batches.all())
            if (batch.last_sequence == last && batch.first_sequence() == fields.base_sequence)
                return {ErrorCode::none, &batch};
    }
    if (fields.epoch < entry->epoch) return {ErrorCode::invalid_producer_epoch, nullptr};
    const bool starts_anew = fields.epoch > entry->epoch || entry->batches.empty();
    const Sequence expected =
        starts_anew ? Sequence(0) : entry->batches.back().last_sequence.next();
    if (fields.base_sequence != expected) return {ErrorCode::out_of_order_sequence_number, nullptr};
    return {};
}

void ProducerState::update_producer(const Batch& batch) {
    const BatchBody& body = *batch.body;
    const auto fields = body.producer();
    if (!fields) return;
    if (body.control()) [[unlikely]]
        return update_marker(batch, *fields);
    ProducerEntry& entry = entry_of(*fields);
    if (entry.epoch != fields->epoch) [[unlikely]]
        begin_epoch(entry, fields->epoch);
    const std::int32_t delta = body.last_offset_delta();
    const std::int64_t timestamp_ms = body.max_timestamp_ms();
    entry.batches.push_back(CachedBatch{fields->base_sequence.plus(delta), delta,
                                        batch.base_offset + delta, timestamp_ms});
    entry.last_timestamp_ms = timestamp_ms;
    if (body.transactional() && !entry.transaction_first)
        entry.transaction_first = batch.base_offset;
}

void ProducerState::update_marker(const Batch& batch, const ProducerFields& fields) {
    const auto control = read_control_record(*batch.body);
    if (!control || control->type == ControlType::other) return;
    ProducerEntry& entry = entry_of(fields);
    if (entry.epoch != fields.epoch) begin_epoch(entry, fields.epoch);
    entry.transaction_first.reset();
    entry.coordinator_epoch = control->coordinator_epoch;
    entry.last_timestamp_ms = batch.body->max_timestamp_ms();
}

void ProducerState::take_snapshot(Synced synced) {
    if (map_end_ <= last_snapshot_) return;
    const std::string path = file_path(directory_, map_end_, kSnapshotSuffix);
    storage_->write_file(path, encode_snapshot(producers_));
    if (synced == Synced::yes)
        storage_->sync(path);
    else
        insert_sorted(unsynced_, map_end_);
    insert_sorted(snapshots_, map_end_);
    ASSERT(!snapshots_.empty());
    last_snapshot_ = map_end_;
}

void ProducerState::sync_snapshots(Offset end) {
    while (!unsynced_.empty() && unsynced_.front() <= end) {
        storage_->sync(file_path(directory_, unsynced_.front(), kSnapshotSuffix));
        unsynced_.erase(unsynced_.begin());
    }
}

void ProducerState::truncate_and_reload(Offset log_start, Offset log_end) {
    for (Offset at : std::vector<Offset>(snapshots_))
        if (at > log_end || at <= log_start) remove_snapshot(at);
    if (log_end == map_end_) return;
    forget_all();
    load_from_snapshot(log_start);
}

void ProducerState::load_from_snapshot(Offset log_start) {
    while (!snapshots_.empty()) {
        const Offset at = snapshots_.back();
        const std::string path = file_path(directory_, at, kSnapshotSuffix);
        const auto size = storage_->size(path);
        auto loaded =
            size ? decode_snapshot(storage_->read(path, 0, *size)) : std::optional<ProducerMap>();
        if (loaded) {
            producers_ = std::move(*loaded);
            last_ = nullptr;
            last_snapshot_ = at;
            map_end_ = at;
            return;
        }
        remove_snapshot(at);
    }
    last_snapshot_ = log_start;
    map_end_ = log_start;
}

void ProducerState::truncate_fully_and_start_at(Offset start) {
    forget_all();
    for (Offset at : std::vector<Offset>(snapshots_)) remove_snapshot(at);
    last_snapshot_ = Offset(0);
    map_end_ = start;
}

void ProducerState::remove_stray_snapshots(std::span<const Offset> segment_bases) {
    snapshots_.clear();
    for (const std::string& file : storage_->list(directory_))
        if (const auto offset = offset_of_file(file, kSnapshotSuffix))
            insert_sorted(snapshots_, *offset);
    std::vector<Offset> strays;
    for (Offset at : snapshots_)
        if (!std::binary_search(segment_bases.begin(), segment_bases.end(), at))
            strays.push_back(at);
    if (!strays.empty() && !segment_bases.empty() && strays.back() > segment_bases.back())
        strays.pop_back();
    for (Offset at : strays) remove_snapshot(at);
}

void ProducerState::remove_snapshot(Offset at) {
    const auto found = std::lower_bound(snapshots_.begin(), snapshots_.end(), at);
    if (found == snapshots_.end() || *found != at) return;
    snapshots_.erase(found);
    std::erase(unsynced_, at);
    const std::string path = file_path(directory_, at, kSnapshotSuffix);
    if (storage_->size(path)) storage_->remove(path);
}

void ProducerState::expire(std::int64_t now_ms, Duration expiration) {
    last_ = nullptr;
    std::erase_if(producers_, [&](const auto& item) {
        const ProducerEntry& entry = item.second;
        return !entry.transaction_first && now_ms - entry.last_timestamp_ms >= to_ms(expiration);
    });
}

}  // namespace core
