/// Reads a broker's log directory, of a run or of a real Kafka, and changes nothing.
///
/// Follows LogManager.loadLogs, LogLoader and LogSegment.recover (3.9; the rule is the same from
/// 0.11 on): without the clean-shutdown marker every log is scanned from the segment that holds its
/// recovery point; the first batch that is not sound cuts its segment there, later ones go.
///
/// Rules:
///   D1  The directory is only read, file by file in pieces: a segment of any size fits in memory
///       if its largest batch does.
///   D2  Any bytes give an answer.
#pragma once

#include "core/log/storage.h"
#include "reports/disk.h"

namespace tool {

/// True if there is anything of a broker's in it: meta.properties, a checkpoint, or a partition.
bool is_log_directory(const core::StorageReader& storage);

report::DiskDirectory inspect_disk(const core::StorageReader& storage);

}  // namespace tool
