#include "reports/disk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "reports/json.h"

namespace report {
namespace {

using core::concat;
using core::Offset;
using Json = nlohmann::ordered_json;

template <class T>
Json value_json(const std::optional<T>& value) {
    return value ? Json(value->value()) : Json(nullptr);
}

Json bases_json(const std::vector<Offset>& offsets) {
    Json out = Json::array();
    for (const Offset offset : offsets) out.push_back(offset.value());
    return out;
}

Json batch_json(const DiskBatch& batch) {
    Json out = Json::object();
    out["baseOffset"] = batch.base_offset.value();
    out["lastOffset"] = batch.last_offset.value();
    out["count"] = batch.count ? Json(*batch.count) : Json(nullptr);
    out["leaderEpoch"] = batch.leader_epoch.value();
    out["producerId"] = batch.producer_id;
    out["producerEpoch"] = batch.producer_epoch;
    out["baseSequence"] = batch.base_sequence;
    out["compression"] = batch.compression;
    out["transactional"] = batch.transactional;
    out["control"] = batch.control;
    out["magic"] = batch.magic;
    out["valid"] = batch.valid;
    out["segment"] = batch.segment.value();
    out["position"] = batch.position;
    out["bytes"] = batch.size_bytes;
    return out;
}

Json recovery_json(const DiskRecovery& recovery) {
    Json out = Json::object();
    out["needed"] = recovery.needed;
    out["logEndOffset"] = recovery.log_end_offset.value();
    out["truncatedBytes"] = recovery.truncated_bytes;
    out["deletedSegments"] = bases_json(recovery.deleted_segments);
    out["scansFrom"] = value_json(recovery.scans_from);
    return out;
}

Json partition_json(const DiskPartition& partition) {
    Json out = Json::object();
    out["partition"] = partition.name;
    out["logStartOffset"] = partition.log_start_offset.value();
    out["logEndOffset"] = partition.log_end_offset.value();
    out["recoveryPoint"] = value_json(partition.recovery_point);
    out["highWatermark"] = value_json(partition.high_watermark);
    out["epochs"] = Json::array();
    for (const core::OffsetAndEpoch& entry : partition.epochs)
        out["epochs"].push_back(Json::array({entry.leader_epoch.value(), entry.offset.value()}));
    out["segments"] = Json::array();
    for (const DiskSegment& segment : partition.segments)
        out["segments"].push_back(Json::object(
            {{"baseOffset", segment.base_offset.value()}, {"bytes", segment.size_bytes}}));
    out["batches"] = Json::array();
    for (const DiskBatch& batch : partition.batches) out["batches"].push_back(batch_json(batch));
    out["recovery"] = recovery_json(partition.recovery);
    out["damage"] = Json::array();
    for (const DiskDamage& damage : partition.damage)
        out["damage"].push_back(Json::object({{"segment", damage.segment.value()},
                                              {"position", damage.position},
                                              {"problem", damage.problem}}));
    out["leftovers"] = partition.leftovers;
    return out;
}

// ---- text ----

std::string number(std::uint64_t value) {
    std::string digits = std::to_string(value);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
    return digits;
}

std::string counted(std::uint64_t count, std::string_view one) {
    return concat(number(count), " ", one, count == 1 ? "" : "s");
}

std::string offset_text(const std::optional<Offset>& offset) {
    return offset ? std::to_string(offset->value()) : "-";
}

std::string list_text(const std::vector<Offset>& offsets) {
    std::vector<std::string> words;
    words.reserve(offsets.size());
    for (const Offset offset : offsets) words.push_back(std::to_string(offset.value()));
    return core::join(words, ", ");
}

/// Whether recovery changes what lies there.
bool loses(const DiskPartition& partition) {
    return partition.recovery.truncated_bytes > 0 || !partition.recovery.deleted_segments.empty();
}

std::string recovery_text(const DiskPartition& partition) {
    const DiskRecovery& recovery = partition.recovery;
    if (!recovery.needed && !loses(partition)) return "none: the shutdown was clean";
    if (!recovery.scans_from && !loses(partition)) return "nothing to scan";
    std::vector<std::string> parts;
    if (recovery.scans_from)
        parts.push_back(concat("scans from segment ", recovery.scans_from->value()));
    if (recovery.truncated_bytes > 0)
        parts.push_back(concat("cuts ", counted(recovery.truncated_bytes, "byte")));
    if (!recovery.deleted_segments.empty())
        parts.push_back(concat("deletes the segments ", list_text(recovery.deleted_segments)));
    if (!loses(partition)) parts.emplace_back("keeps every byte");
    return concat(core::join(parts, ", "), "; the log then ends at ",
                  recovery.log_end_offset.value());
}

std::string table_text(const std::vector<DiskPartition>& partitions) {
    std::vector<std::vector<std::string>> rows = {{"partition", "start", "end", "recovery point",
                                                   "high watermark", "segments", "batches",
                                                   "end after recovery"}};
    for (const DiskPartition& p : partitions)
        rows.push_back({p.name, std::to_string(p.log_start_offset.value()),
                        std::to_string(p.log_end_offset.value()), offset_text(p.recovery_point),
                        offset_text(p.high_watermark), std::to_string(p.segments.size()),
                        std::to_string(p.batches.size()),
                        std::to_string(p.recovery.log_end_offset.value())});
    std::string out;
    for (const auto& row : rows) {
        for (std::size_t column = 0; column < row.size(); ++column) {
            std::size_t width = 0;
            for (const auto& other : rows) width = std::max(width, other[column].size());
            out += column == 0 ? padded_right(row[column], width)
                               : "  " + padded_left(row[column], width);
        }
        out += "\n";
    }
    return out;
}

std::string batch_text(const DiskBatch& batch) {
    std::string out = concat("    ", batch.base_offset.value(), "..", batch.last_offset.value(),
                             "  segment ", batch.segment.value(), " byte ", batch.position, "  ",
                             counted(batch.size_bytes, "byte"));
    if (batch.magic == 2) out += concat("  epoch ", batch.leader_epoch.value());
    if (batch.count)
        out +=
            concat("  ", counted(static_cast<std::uint64_t>(std::max(*batch.count, 0)), "record"));
    if (batch.producer_id >= 0)
        out += concat("  producer ", batch.producer_id, " epoch ", batch.producer_epoch,
                      " sequence ", batch.base_sequence);
    if (batch.compression != "none") out += concat("  ", batch.compression);
    if (batch.transactional) out += "  transactional";
    if (batch.control) out += "  control";
    if (batch.magic != 2) out += concat("  magic ", static_cast<int>(batch.magic));
    return out + (batch.valid ? "\n" : "  DAMAGED\n");
}

std::string partition_text(const DiskPartition& partition, DiskDetail detail,
                           const TextStyle& style) {
    std::string out = concat("\n", inked(partition.name, Ink::bold, style), "\n");
    std::vector<std::string> words;
    for (const core::OffsetAndEpoch& entry : partition.epochs)
        words.push_back(concat(entry.leader_epoch.value(), " from ", entry.offset.value()));
    if (!words.empty()) out += hanging("  epochs    ", core::join(words, ", "), style);
    words.clear();
    for (const DiskSegment& segment : partition.segments)
        words.push_back(
            concat(segment.base_offset.value(), " (", counted(segment.size_bytes, "byte"), ")"));
    out += hanging("  segments  ", words.empty() ? "none" : core::join(words, ", "), style);
    for (const DiskDamage& damage : partition.damage)
        out += hanging("  DAMAGE    ",
                       concat("segment ", damage.segment.value(), " at byte ", damage.position,
                              ": ", damage.problem),
                       style);
    out += hanging("  recovery  ", recovery_text(partition), style);
    if (!partition.leftovers.empty())
        out += hanging("  leftover  ", core::join(partition.leftovers, ", "), style);
    if (detail == DiskDetail::batches) {
        out += "  batches\n";
        for (const DiskBatch& batch : partition.batches) out += batch_text(batch);
    }
    return out;
}

}  // namespace

std::string disk_json(const DiskDirectory& directory) {
    Json out = Json::object();
    out["report"] = 1;
    out["command"] = "disk";
    out["acklab"] = kVersion;
    out["broker"] = directory.broker.empty() ? Json(nullptr) : Json(directory.broker);
    out["clusterId"] = directory.cluster_id.empty() ? Json(nullptr) : Json(directory.cluster_id);
    out["cleanShutdown"] = directory.clean_shutdown;
    out["partitions"] = Json::array();
    for (const DiskPartition& partition : directory.partitions)
        out["partitions"].push_back(partition_json(partition));
    out["others"] = directory.others;
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string disk_text(const DiskDirectory& directory, DiskDetail detail, const TextStyle& style) {
    std::string out =
        concat("log directory of ", directory.broker.empty() ? std::string("an unknown broker")
                                                             : concat("broker ", directory.broker));
    if (!directory.cluster_id.empty()) out += concat(", cluster ", directory.cluster_id);
    out += "\n";
    out += hanging("shutdown  ",
                   directory.clean_shutdown
                       ? "clean: Kafka's next start takes the logs as they lie"
                       : "not clean (no .kafka_cleanshutdown): Kafka's next start scans every log "
                         "from the segment that holds its recovery point",
                   style);
    if (directory.partitions.empty()) return out + "no partition\n";
    out += "\n" + table_text(directory.partitions);
    for (const DiskPartition& partition : directory.partitions)
        out += partition_text(partition, detail, style);
    if (!directory.others.empty())
        out += hanging("\nnot read  ", core::join(directory.others, ", "), style);
    return out;
}

}  // namespace report
