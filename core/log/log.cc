#include "core/log/log.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/log/log_state.h"
#include "core/record/batch_builder.h"

namespace core {

namespace {

/// What LogValidator.validateBatch asks of a client's batch beyond its checksum. Records are not
/// walked: their offsets are implied by the counts that are checked here.
ErrorCode validate_client_batch(const BatchBody& body, const TopicConfig& config) {
    if (body.size_bytes() > config.max_message_bytes) return ErrorCode::message_too_large;
    if (!body.crc_valid()) return ErrorCode::corrupt_message;
    if (body.size_bytes() > config.segment_bytes) return ErrorCode::record_list_too_large;
    if (body.record_count() <= 0 || body.last_offset_delta() != body.record_count() - 1)
        return ErrorCode::invalid_record;
    if (body.control()) return ErrorCode::invalid_record;
    const auto producer = body.producer();
    if (producer && producer->base_sequence.value() < 0) return ErrorCode::invalid_record;
    return ErrorCode::none;
}

}  // namespace

// ---- State: appending
// ----------------------------------------------------------------------------

void Log::State::add_segment(Offset base) {
    ASSERT(segments.empty() || segments.back().base < base);
    Segment segment{base, storage.open(file_path(directory, base, kLogSuffix)), now};
    segments.push_back(segment);
}

std::size_t Log::State::floor_segment(Offset offset) const {
    if (!segments.empty() && segments.back().base <= offset) return segments.size() - 1;
    const auto above =
        std::partition_point(segments.begin(), segments.end(),
                             [offset](const Segment& segment) { return segment.base <= offset; });
    return above == segments.begin() ? 0 : static_cast<std::size_t>(above - segments.begin()) - 1;
}

void Log::State::set_log_end(Offset end) {
    log_end = end;
    recovery_point = std::min(recovery_point, end);
}

void Log::State::roll(Offset first) {
    add_segment(first);
    producers.set_map_end(first);
    producers.take_snapshot(config.snapshot_flushed_async ? ProducerState::Synced::no
                                                          : ProducerState::Synced::yes);
    flush_waiting = first;
}

void Log::State::append_rest(std::span<const Batch> batches) {
    for (const Batch& batch : batches) {
        ASSERT(batch.base_offset >= log_end);
        storage.append_more(active().file, batch);
        take_up(batch);
    }
}

bool Log::State::flush(Offset end) {
    ASSERT(end <= log_end);
    if (flush_waiting && *flush_waiting <= end) flush_waiting.reset();
    producers.sync_snapshots(end);
    if (end <= recovery_point) return false;
    const std::size_t first = floor_segment(recovery_point);
    ASSERT(first < segments.size());
    bool new_segment = false;
    for (std::size_t i = first; i < segments.size(); ++i) {
        if (i > first && segments[i].base >= end) break;
        storage.sync(segments[i].file);
        new_segment = new_segment || segments[i].base >= recovery_point;
    }
    if (new_segment) storage.sync_directory(directory);
    recovery_point = end;
    last_flush = now;
    return true;
}

// ---- Log
// -----------------------------------------------------------------------------------------

Log::Log(Storage& storage, std::string directory, const TopicConfig& config, TimePoint now,
         const LogLoadState& state, LogLoadReport& report)
    : state_(std::make_unique<State>(storage, std::move(directory), config, now)),
      offsets_(state_.get()),
      epochs_(&state_->epochs) {
    state_->load(state, report);
    state_->check_invariants();
}

Log::Log(Log&&) noexcept = default;
Log& Log::operator=(Log&&) noexcept = default;
Log::~Log() = default;

const std::string& Log::directory() const {
    return state_->directory;
}

std::vector<Offset> Log::segment_base_offsets() const {
    std::vector<Offset> bases;
    for (const Segment& segment : state_->segments) bases.push_back(segment.base);
    return bases;
}

void Log::update_config(const TopicConfig& config) {
    state_->config = config;
    state_->segment_age_ms = to_ms(config.segment_age);
}

Result<AppendInfo> Log::append_as_leader(TimePoint now, const BatchBodyRef& batch,
                                         LeaderEpoch epoch) {
    ASSERT(batch != nullptr);
    State& s = *state_;
    s.now = std::max(s.now, now);
    s.rolled = false;
    const ErrorCode error = validate_client_batch(*batch, s.config);
    if (error != ErrorCode::none) return error;

    Batch placed{s.log_end, epoch, batch};
    if (s.config.log_append_time)
        placed.body = stamp_append_time(*batch, kWallClockAtZeroMs + to_ms(now.time_since_epoch()));
    const BatchBody& body = *placed.body;

    AppendInfo info{placed.base_offset, placed.next_offset()};
    s.epochs.assign(epoch, placed.base_offset);
    ASSERT(s.epochs.latest() == epoch);
    s.rolled = s.maybe_roll(body.size_bytes(), body.max_timestamp_ms(), placed.base_offset,
                            placed.last_offset());
    if (const auto producer = body.producer()) {
        const ProducerState::Verdict verdict =
            s.producers.check(*producer, body.last_offset_delta());
        if (verdict.error != ErrorCode::none) return verdict.error;
        if (verdict.duplicate != nullptr) {
            info.first = verdict.duplicate->first_offset();
            info.end = verdict.duplicate->last_offset.next();
            info.duplicate = true;
            return info;
        }
    }
    ASSERT(placed.base_offset == s.log_end);
    s.append_batch(placed);
    s.finish_append(info.end, info);
    return info;
}

Result<AppendInfo> Log::append_as_follower(TimePoint now, std::span<const Batch> batches) {
    State& s = *state_;
    s.now = std::max(s.now, now);
    s.rolled = false;
    if (batches.empty()) return AppendInfo{s.log_end, s.log_end};
    Offset next = s.log_end;
    std::int64_t bytes = 0;
    std::int64_t max_timestamp_ms = -1;
    for (const Batch& batch : batches) {
        const BatchBody& body = *batch.body;
        if (!body.crc_valid()) return ErrorCode::corrupt_message;
        if (batch.base_offset < next) return ErrorCode::offset_out_of_range;
        next = batch.base_offset + body.last_offset_delta() + 1;
        bytes += body.size_bytes();
        max_timestamp_ms = std::max(max_timestamp_ms, body.max_timestamp_ms());
    }

    AppendInfo info{batches.front().base_offset, next};
    ASSERT(info.first < next);
    s.assign_epochs(batches);
    s.rolled = s.maybe_roll(bytes, max_timestamp_ms, info.first, next + -1);
    s.append_batch(batches.front());
    if (batches.size() > 1) s.append_rest(batches.subspan(1));
    s.finish_append(next, info);
    return info;
}

std::int64_t Log::read(Offset from, std::int64_t max_bytes, Offset limit,
                       BatchList& batches) const {
    const State& s = *state_;
    ASSERT(from >= s.log_start);
    ASSERT(from <= s.log_end);
    ASSERT(batches.empty());
    // Nearly every read is a follower's, for the batch that was appended last.
    const Segment& active = s.segments.back();
    const Batch* last = s.storage.chunks(active.file).last_batch();
    if (last == nullptr || active.irregular || last->base_offset > from)
        return s.read(from, max_bytes, limit, batches);
    const Offset next = last->next_offset();
    if (next > limit || next <= from) return 0;
    batches.push_back(*last);
    return last->size_bytes();
}

std::int64_t Log::State::read(Offset from, std::int64_t max_bytes, Offset limit,
                              BatchList& batches) const {
    // One segment per read: the first, from the one that holds `from` on, that has anything
    // [kafka LocalLog.read].
    std::int64_t size = 0;
    for (std::size_t i = floor_segment(from); i < segments.size() && batches.empty(); ++i) {
        const Segment& segment = segments[i];
        const ChunkList& chunks = storage.chunks(segment.file);
        std::int64_t bytes = 0;
        for (std::size_t c = find_chunk(chunks, from, segment.irregular); c < chunks.size(); ++c) {
            // Bytes that are no batch end what can be served, as a reader of Kafka's would fail.
            const Batch* found = chunks.batch(c);
            if (found == nullptr) break;
            const Batch& batch = *found;
            if (batch.next_offset() > limit) return size;
            if (batches.empty()) ASSERT(batch.last_offset() >= from);
            bytes += batch.size_bytes();
            if (bytes > max_bytes && !batches.empty()) return size;
            batches.push_back(batch);
            size = bytes;
        }
    }
    return size;
}

bool Log::truncate_to(Offset target) {
    const bool removed = state_->truncate_to(target);
    state_->check_invariants();
    return removed;
}

void Log::truncate_fully_and_start_at(Offset start) {
    state_->truncate_fully_and_start_at(start);
    state_->check_invariants();
}

void Log::advance_log_start(Offset start) {
    State& s = *state_;
    ASSERT(start <= s.log_end);
    if (start <= s.log_start) return;
    s.log_start = start;
    s.high_watermark = std::max(s.high_watermark, start);
    s.epochs.truncate_from_start(start);
    s.check_invariants();
}

bool Log::flush(TimePoint now, Offset end) {
    state_->now = std::max(state_->now, now);
    ASSERT(end <= state_->log_end);
    return state_->flush(end);
}

TimePoint Log::last_flush() const {
    return state_->last_flush;
}

std::optional<Offset> Log::flush_waiting() const {
    return state_->flush_waiting;
}

void Log::delete_retired_files(TimePoint now, Duration delay) {
    state_->now = std::max(state_->now, now);
    state_->delete_retired_files(now - delay);
}

std::optional<TimePoint> Log::next_file_deletion(Duration delay) const {
    if (state_->retired.empty()) return std::nullopt;
    return saturating_add(state_->retired.front().since, delay);
}

void Log::close() {
    state_->producers.take_snapshot(ProducerState::Synced::yes);
}

std::span<const OffsetAndEpoch> Log::epochs() const {
    return state_->epochs.entries();
}
void Log::assign_epoch(LeaderEpoch epoch, Offset start) {
    ASSERT(start <= state_->log_end);
    state_->epochs.assign(epoch, start);
}
std::optional<OffsetAndEpoch> Log::end_offset_for(LeaderEpoch epoch) const {
    return core::end_offset_for(state_->epochs.entries(), state_->log_end, epoch);
}

std::vector<Log::ProducerView> Log::producers() const {
    std::vector<ProducerView> views;
    for (const auto& [id, entry] : state_->producers.producers()) {
        if (entry.batches.empty()) continue;
        const CachedBatch& last = entry.batches.back();
        views.push_back(ProducerView{id, entry.epoch, last.last_sequence, last.last_offset,
                                     static_cast<int>(entry.batches.size())});
    }
    return views;
}

void Log::expire_producers(std::int64_t now_ms, Duration expiration) {
    state_->producers.expire(now_ms, expiration);
}

}  // namespace core
