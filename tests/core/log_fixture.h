/// What the tests of the log share: batches of given shape, a log over memory, and its end of life.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/log/log.h"
#include "core/record/batch_builder.h"
#include "tests/core/memory_storage.h"

namespace test {

/// A batch of `count` records whose values carry `salt`, `value_bytes` long each.
inline core::BatchBodyRef make_batch(int count, std::int64_t salt = 0, std::size_t value_bytes = 8,
                                     std::optional<core::ProducerFields> producer = std::nullopt,
                                     std::int64_t timestamp_ms = 1'700'000'000'000) {
    core::BatchBuilder builder(1 << 20);
    for (int i = 0; i < count; ++i) {
        std::string value = std::to_string(salt + i);
        value.resize(value_bytes, '.');
        builder.append(std::nullopt, core::as_bytes(value), timestamp_ms + i);
    }
    return builder.close(producer, std::nullopt);
}

inline core::ProducerFields producer(std::int64_t id, int epoch, int sequence) {
    return {core::ProducerId(id), core::ProducerEpoch(static_cast<std::int16_t>(epoch)),
            core::Sequence(sequence)};
}

/// A log in "t-0" over memory that can be opened again, cleanly or not.
struct LogOnMemory {
    explicit LogOnMemory(core::TopicConfig topic = {}) : config(topic) { open(true, 0); }

    void open(bool clean, std::int64_t recovery_point, std::int64_t log_start = 0) {
        log.reset();
        const core::LogLoadState state{clean, core::Offset(recovery_point),
                                       core::Offset(log_start)};
        log = std::make_unique<core::Log>(storage, "t-0", config, now, state, report);
    }
    core::AppendInfo append(int count, int epoch = 0) {
        const auto info = log->append_as_leader(
            now, make_batch(count, log->log_end_offset().value()), core::LeaderEpoch(epoch));
        return info.value();
    }
    /// Appends; whether that began a new segment.
    bool rolls(int count) {
        append(count);
        return log->rolled();
    }
    std::int64_t end() const { return log->log_end_offset().value(); }

    MemoryStorage storage;
    core::TopicConfig config;
    core::TimePoint now = core::at_ns(0);
    core::LogLoadReport report;
    std::unique_ptr<core::Log> log;
};

}  // namespace test
