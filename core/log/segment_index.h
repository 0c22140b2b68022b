/// The .index and .timeindex files of a segment, for other readers than this core.
///
/// This core searches the storage's chunks and keeps no index, so it writes none while it runs; a
/// dumped directory gets them from here, as LogSegment.recover would rebuild them (3.9). A segment
/// without index files is legal too: Kafka rebuilds what is missing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/log/storage.h"

namespace core {

/// index.interval.bytes: an index entry at most every so many bytes of the log.
inline constexpr std::uint64_t kIndexIntervalBytes = 4096;

/// The bytes of both index files.
struct SegmentIndexes {
    Bytes offset_index;  ///< entries of relative last offset (4) and file position (4)
    Bytes time_index;    ///< entries of timestamp (8) and relative offset (4)
};

/// Both indexes of a segment, from its content in order.
SegmentIndexes build_indexes(const ChunkList& chunks, Offset base,
                             std::uint64_t interval_bytes = kIndexIntervalBytes);

/// The same of a segment's bytes, up to the first that are no batch.
SegmentIndexes build_indexes(BytesView file, Offset base,
                             std::uint64_t interval_bytes = kIndexIntervalBytes);

/// Writes both indexes beside every segment in a partition's directory.
void write_indexes(Storage& storage, std::string_view directory);

/// Adds both indexes of every segment ("orders-0/...0.log") to the files of a dumped log directory,
/// where they are not among them: path and bytes, sorted by path.
void add_index_files(std::vector<std::pair<std::string, Bytes>>& files);

}  // namespace core
