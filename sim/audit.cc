#include "sim/audit.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/broker/broker.h"
#include "core/client/reader.h"
#include "core/log/checkpoint.h"
#include "core/record/batch_parser.h"
#include "core/record/record.h"

namespace sim {
namespace {

/// Finds out whose record a value is: "p1#7", then a space, dots or the end.
class Identities {
  public:
    explicit Identities(const scenario::Scenario& scenario) {
        for (std::uint32_t i = 0; i < scenario.producers.size(); ++i)
            clients_.emplace(scenario.producers[i].id, i);
    }

    trace::LogRecord identify(core::Offset offset, core::LeaderEpoch epoch,
                              std::optional<core::BytesView> value) {
        trace::LogRecord record{offset, epoch, UINT32_MAX, core::RecordNumber(0)};
        if (!value) return record;
        const std::string_view text = core::as_text(*value);
        // One producer's records come in runs.
        const bool same = last_ != clients_.end() && text.size() > last_->first.size() &&
                          text[last_->first.size()] == '#' && text.starts_with(last_->first);
        if (!same) last_ = clients_.find(text.substr(0, text.find('#')));
        if (last_ == clients_.end()) return record;
        const auto number = number_in(text.substr(std::min(last_->first.size() + 1, text.size())));
        if (!number) return record;
        record.client = last_->second;
        record.number = core::RecordNumber(*number);
        return record;
    }

  private:
    using Clients = std::map<std::string, std::uint32_t, std::less<>>;

    /// The number that a text begins with.
    static std::optional<std::int64_t> number_in(std::string_view text) {
        constexpr std::size_t kDigitsThatFit = 18;
        std::int64_t number = 0;
        std::size_t digits = 0;
        for (; digits < text.size() && '0' <= text[digits] && text[digits] <= '9'; ++digits) {
            if (digits == kDigitsThatFit) return std::nullopt;
            number = 10 * number + (text[digits] - '0');
        }
        if (digits == 0) return std::nullopt;
        return number;
    }

    Clients clients_;
    Clients::const_iterator last_ = clients_.end();
};

/// Calls `take` with every record of a batch; nothing of compressed or control batches.
template <class Take>
void each_record(const core::Batch& batch, Identities& identities, Take take) {
    if (batch.body->header().control()) return;
    core::RecordReader reader(*batch.body);
    while (const auto record = reader.next())
        take(identities.identify(batch.base_offset + record->offset_delta, batch.leader_epoch,
                                 record->value));
}

std::uint64_t add_to_digest(std::uint64_t digest, const trace::LogRecord& record) {
    const auto epoch = static_cast<std::uint64_t>(record.leader_epoch.value());
    return core::mix64(
        digest ^ core::mix64(static_cast<std::uint64_t>(record.offset.value()) ^ (epoch << 40)) ^
        core::mix64((std::uint64_t{record.client} << 40) ^
                    static_cast<std::uint64_t>(record.number.value())));
}

/// Goes over the chunks of a replica's segments, in order.
class SegmentWalk {
  public:
    explicit SegmentWalk(std::vector<const core::ChunkList*> segments)
        : segments_(std::move(segments)) {
        begin_segment();
    }

    bool done() const { return segment_ == segments_.size(); }
    core::Chunk chunk() const { return *at_; }
    /// The chunk if it is a whole batch; null if it is raw bytes, or there is none.
    const core::Batch* batch() const { return done() ? nullptr : at_.batch(); }
    void next() {
        if (++at_ == end_) next_segment();
    }
    void next_segment() {
        ++segment_;
        begin_segment();
    }

  private:
    /// Of the first that is not empty from here on.
    void begin_segment() {
        for (; !done(); ++segment_) {
            at_ = segments_[segment_]->begin();
            end_ = segments_[segment_]->end();
            if (at_ != end_) return;
        }
    }

    std::vector<const core::ChunkList*> segments_;
    std::size_t segment_ = 0;
    core::ChunkList::Iterator at_;  ///< in the segment
    core::ChunkList::Iterator end_;
};

/// What was read of one replica's log.
struct Reading {
    std::uint64_t digest = 0;  ///< of the records
    std::optional<core::Offset> log_start = std::nullopt;
    std::vector<trace::LogRecord> log = {};  ///< empty unless logs are kept
};

/// Reads the logs of a partition's replicas.
class LogReader {
  public:
    LogReader(const scenario::Scenario& scenario, bool keep_logs)
        : identities_(scenario), keep_logs_(keep_logs) {}

    /// Replicas mostly hold the same batches, and share them in memory. So the first one's are
    /// read, and the others go along until they hold something else.
    std::vector<Reading> read(std::span<SegmentWalk> replicas) {
        std::vector<Reading> readings(replicas.size());
        Reading common;
        const auto read_alone = [&](std::size_t replica) {
            readings[replica] = common;
            read_rest(replicas[replica], readings[replica]);
        };
        std::vector<std::size_t> along;
        for (std::size_t i = 1; i < replicas.size(); ++i) along.push_back(i);
        while (const core::Batch* batch = replicas[0].batch()) {
            std::erase_if(along, [&](std::size_t replica) {
                if (is_same(*batch, replicas[replica].batch())) {
                    replicas[replica].next();
                    return false;
                }
                read_alone(replica);
                return true;
            });
            take(*batch, common);
            replicas[0].next();
        }
        read_alone(0);
        for (const std::size_t replica : along) read_alone(replica);
        return readings;
    }

  private:
    static bool is_same(const core::Batch& one, const core::Batch* other) {
        return other != nullptr && other->body == one.body &&
               other->base_offset == one.base_offset && other->leader_epoch == one.leader_epoch;
    }
    /// All that is left, raw bytes read as batches. What is unsound ends its segment.
    void read_rest(SegmentWalk& walk, Reading& reading) {
        while (!walk.done()) {
            const core::Chunk chunk = walk.chunk();
            if (chunk.batch == nullptr && !take_raw(chunk.raw, reading)) {
                walk.next_segment();
                continue;
            }
            if (chunk.batch != nullptr) take(*chunk.batch, reading);
            walk.next();
        }
    }
    /// False if not all of it is sound.
    bool take_raw(core::BytesView raw, Reading& reading) {
        for (std::size_t position = 0; position < raw.size();) {
            const core::ParsedBatch parsed = core::parse_batch(raw, position);
            if (!parsed.sound()) return false;
            take(*parsed.batch, reading);
            position += parsed.size_bytes;
        }
        return true;
    }
    void take(const core::Batch& batch, Reading& reading) {
        if (!reading.log_start) reading.log_start = batch.base_offset;
        each_record(batch, identities_, [&](const trace::LogRecord& record) {
            reading.digest = add_to_digest(reading.digest, record);
            if (keep_logs_) reading.log.push_back(record);
        });
    }

    Identities identities_;
    bool keep_logs_;
};

const AuditedBroker& broker_of(const std::vector<AuditedBroker>& brokers, core::NodeId id) {
    const auto at = std::lower_bound(
        brokers.begin(), brokers.end(), id,
        [](const AuditedBroker& broker, core::NodeId wanted) { return broker.id < wanted; });
    ASSERT(at != brokers.end());
    ASSERT(at->id == id);
    return *at;
}

trace::ReplicaOutcome audit_replica(core::PartitionId partition, const std::string& name,
                                    const AuditedBroker& broker, Reading&& reading) {
    trace::ReplicaOutcome outcome{broker.id,
                                  broker.process != nullptr,
                                  reading.log_start.value_or(core::Offset(0)),
                                  broker.disk->log_end(partition),
                                  core::Offset(0),
                                  reading.digest,
                                  std::move(reading.log),
                                  {}};
    outcome.epochs = core::read_epoch_checkpoint(
        *broker.disk, name + "/" + std::string(core::kLeaderEpochCheckpoint));
    if (broker.process == nullptr) return outcome;
    outcome.high_watermark = broker.process->high_watermark(partition);
    if (const core::Log* log = broker.process->log(partition)) outcome.log_start = log->log_start();
    return outcome;
}

/// True if its process runs and has taken up the leadership that is committed.
bool is_leading(const AuditedBroker& broker, core::PartitionId partition,
                core::LeaderEpoch committed_epoch) {
    return broker.process != nullptr && !broker.paused && broker.process->leads(partition) &&
           broker.process->leader_epoch(partition) == committed_epoch;
}

}  // namespace

std::vector<trace::PartitionOutcome> audit(const scenario::Scenario& scenario,
                                           const core::TopicTable& topics,
                                           const trace::ClusterView& view,
                                           const std::vector<AuditedBroker>& brokers,
                                           bool keep_logs) {
    LogReader reader(scenario, keep_logs);
    std::vector<trace::PartitionOutcome> outcomes;
    outcomes.reserve(topics.partition_count());
    for (std::uint32_t p = 0; p < topics.partition_count(); ++p) {
        const core::PartitionId id(p);
        const trace::PartitionView& committed = view.partition(id);
        trace::PartitionOutcome& outcome =
            outcomes.emplace_back(trace::PartitionOutcome{id,
                                                          topics.name(id),
                                                          committed.leader,
                                                          committed.leader_epoch,
                                                          committed.isr,
                                                          core::Offset(0),
                                                          {},
                                                          false,
                                                          false,
                                                          {}});
        outcome.elr = committed.elr;
        std::vector<SegmentWalk> logs;
        for (const core::NodeId replica : committed.replicas)
            logs.emplace_back(broker_of(brokers, replica).disk->segments(id));
        std::vector<Reading> readings = reader.read(logs);
        for (std::size_t i = 0; i < readings.size(); ++i) {
            const AuditedBroker& broker = broker_of(brokers, committed.replicas[i]);
            outcome.replicas.push_back(
                audit_replica(id, outcome.name, broker, std::move(readings[i])));
            if (committed.leader != broker.id) continue;
            outcome.high_watermark = outcome.replicas.back().high_watermark;
            outcome.leader_live = is_leading(broker, id, committed.leader_epoch);
        }
    }
    return outcomes;
}

void add_reading(const scenario::Scenario& scenario, const core::Reader& reader, bool keep_logs,
                 trace::PartitionOutcome& partition) {
    partition.readable = reader.is_read(partition.partition);
    if (!partition.readable || !keep_logs) return;
    Identities identities(scenario);
    for (const core::Batch& batch : reader.batches(partition.partition))
        each_record(batch, identities, [&](const trace::LogRecord& record) {
            if (record.offset < partition.high_watermark) partition.read.push_back(record);
        });
}

}  // namespace sim
