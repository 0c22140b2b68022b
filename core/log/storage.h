/// The Storage port: one broker's log directory, as the core sees it.
///
/// Synchronous on purpose: Kafka's append is a blocking write into the page cache. The host decides
/// what an operation costs and what of it survives which crash; the core only says what it does, in
/// Kafka's order. Paths are relative to the log directory, with '/' ("orders-0/leader-epoch-
/// checkpoint").
///
/// Log segments go through handles: a file is a rope of chunks (chunk_list.h), and what was
/// appended as a batch is given back as that batch, without its bytes being copied. After a crash a
/// chunk may be raw bytes (a torn batch, bytes read from a real directory); recovery parses them
/// and adopts the batches.
///
/// Rules:
///   S1  Every operation is visible to later reads at once, durable only as `sync` says.
///   S2  `sync(file)` makes the file's bytes durable; its name only after `sync_directory`.
///   S3  `rename` replaces the target atomically; old or new content, never a mix.
///   S4  `adopt` changes no byte: the adopted batches encode to exactly the bytes they replace.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/log/chunk_list.h"
#include "core/record/batch.h"

namespace core {

/// An open file of this Storage; never reused while the process lives.
using FileId = Id<struct FileIdTag, std::uint32_t>;

/// The half of the port that changes nothing: all that a look at a directory needs.
class StorageReader {
  public:
    virtual ~StorageReader() = default;

    /// Names in a directory ("" is the log directory itself), sorted; empty if there is none.
    virtual std::vector<std::string> list(std::string_view directory) const = 0;
    /// Bytes of a file, nothing if it does not exist.
    virtual std::optional<std::uint64_t> size(std::string_view path) const = 0;
    /// Up to `length` bytes from `position`; fewer at the end of the file.
    virtual Bytes read(std::string_view path, std::uint64_t position,
                       std::uint64_t length) const = 0;
};

class Storage : public StorageReader {
  public:
    virtual void make_directory(std::string_view directory) = 0;
    /// Replaces the whole content (a temporary file before its rename).
    virtual void write_file(std::string_view path, BytesView content) = 0;
    virtual void rename(std::string_view from, std::string_view to) = 0;
    virtual void remove(std::string_view path) = 0;
    virtual void sync(std::string_view path) = 0;
    virtual void sync_directory(std::string_view directory) = 0;

    /// Opens a segment file, creating it empty if absent. The handle follows renames.
    virtual FileId open(std::string_view path) = 0;
    /// Appends a batch at the end (a write into the page cache).
    virtual void append(FileId file, const Batch& batch) = 0;
    /// Goes on with the write of the last append, which was to this file: a batch more in it. A
    /// follower writes all records of one answer at once. [kafka LocalLog.append 3.9]
    virtual void append_more(FileId file, const Batch& batch) { append(file, batch); }
    /// The file's content in order; valid until the next operation on this file.
    virtual const ChunkList& chunks(FileId file) const = 0;
    /// Puts these batches in the place of the raw bytes that they encode to, from `position` on; a
    /// raw chunk that they cover only in part keeps its rest as raw bytes.
    virtual void adopt(FileId file, std::uint64_t position, std::span<const Batch> batches) = 0;
    /// Cuts the file to `size` bytes (at most its size).
    virtual void truncate(FileId file, std::uint64_t size_bytes) = 0;
    virtual void sync(FileId file) = 0;
};

}  // namespace core
