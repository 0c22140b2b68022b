#include "core/controller/metadata_log.h"

#include "core/base/assert.h"
#include "core/controller/record_codec.h"
#include "core/record/batch_parser.h"
#include "core/record/record.h"

namespace core {

namespace {

constexpr std::string_view kDirectory = "__cluster_metadata-0";
constexpr std::string_view kFile = "__cluster_metadata-0/00000000000000000000.log";
/// KafkaRaftClient.MAX_BATCH_SIZE_BYTES.
constexpr std::int32_t kMaxBatchBytes = 8 << 20;

}  // namespace

MetadataLog::MetadataLog(Storage& storage, Duration append_linger)
    : storage_(storage), linger_(append_linger), builder_(kMaxBatchBytes) {}

void MetadataLog::load() {
    ASSERT(!file_.has_value());
    if (!storage_.size(kFile)) {
        storage_.make_directory(kDirectory);
        storage_.sync_directory("");
        file_ = storage_.open(kFile);
        storage_.sync_directory(kDirectory);
        return;
    }
    file_ = storage_.open(kFile);
    std::optional<std::uint64_t> cut;
    std::uint64_t position = 0;
    for (const Chunk chunk : storage_.chunks(*file_)) {
        if (cut) break;
        if (chunk.batch != nullptr && !take_batch(*chunk.batch)) cut = position;
        for (std::size_t at = 0; at < chunk.raw.size() && !cut;) {
            const ParsedBatch parsed = parse_batch(chunk.raw, at);
            if (!parsed.sound() || !take_batch(*parsed.batch)) cut = position + at;
            at += static_cast<std::size_t>(parsed.size_bytes);
        }
        position += chunk.size_bytes();
    }
    if (cut) {
        storage_.truncate(*file_, *cut);
        storage_.sync(*file_);
    }
    drained_ = end_offset();
    commit();
}

bool MetadataLog::take_batch(const Batch& batch) {
    if (!batch.body->crc_valid()) return false;
    if (batch.base_offset.value() != end_offset().value()) return false;
    const std::size_t before = records_.size();
    RecordReader reader(*batch.body);
    while (const auto record = reader.next()) {
        auto decoded = record->value ? decode_record(*record->value) : std::nullopt;
        if (!decoded) break;
        records_.push_back(std::move(*decoded));
    }
    const auto read = static_cast<std::int32_t>(records_.size() - before);
    if (reader.problem() || read != batch.body->header().record_count) {
        records_.resize(before, MetadataRecord(NoOpRecord{}));
        return false;
    }
    last_epoch_ = ControllerEpoch(batch.leader_epoch.value());
    return true;
}

MetadataOffset MetadataLog::append(TimePoint now, ControllerEpoch epoch,
                                   const MetadataRecord& record) {
    ASSERT(file_.has_value());
    if (last_epoch_ && end_offset() != high_watermark_) ASSERT(epoch == *last_epoch_);
    const MetadataOffset offset = end_offset();
    records_.push_back(record);
    last_epoch_ = epoch;
    if (!drain_at_) drain_at_ = saturating_add(now, linger_);
    return offset;
}

void MetadataLog::drain(TimePoint now) {
    drain_at_.reset();
    if (drained_ == end_offset()) return;
    const std::int64_t wall_ms = kWallClockAtZeroMs + to_ms(now.time_since_epoch());
    for (std::int64_t i = drained_.value(); i < end_offset().value(); ++i) {
        value_.clear();
        encode_record(records_[static_cast<std::size_t>(i)], value_);
        if (!builder_.empty() && !builder_.has_room_for(std::nullopt, BytesView(value_), wall_ms))
            write_batch();
        builder_.append(std::nullopt, BytesView(value_), wall_ms);
    }
    write_batch();
    storage_.sync(*file_);
    ASSERT(drained_ == end_offset());
    commit_at_ = now;
}

void MetadataLog::write_batch() {
    const std::int64_t count = builder_.record_count();
    storage_.append(*file_, Batch{Offset(drained_.value()), LeaderEpoch(last_epoch_->value()),
                                  builder_.close(std::nullopt, std::nullopt)});
    drained_ = drained_ + count;
}

void MetadataLog::commit() {
    ASSERT(high_watermark_ <= drained_);
    commit_at_.reset();
    high_watermark_ = drained_;
}

std::span<const MetadataRecord> MetadataLog::read(MetadataOffset from) const {
    ASSERT(from.value() >= 0);
    if (from >= high_watermark_) return {};
    return std::span<const MetadataRecord>(records_).subspan(
        static_cast<std::size_t>(from.value()), static_cast<std::size_t>(high_watermark_ - from));
}

}  // namespace core
