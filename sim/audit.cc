#include "sim/audit.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/blocks.h"
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

/// Calls `take(batch, from_raw)` with every sound batch of a segment, raw bytes read as batches.
template <class Take>
void each_batch(const core::ChunkList& chunks, Take take) {
    for (const core::Chunk chunk : chunks) {
        if (chunk.batch != nullptr) {
            take(*chunk.batch, false);
            continue;
        }
        for (std::size_t position = 0; position < chunk.raw.size();) {
            const core::ParsedBatch parsed = core::parse_batch(chunk.raw, position);
            if (!parsed.sound()) return;
            take(*parsed.batch, true);
            position += parsed.size_bytes;
        }
    }
}

std::uint64_t add_to_digest(std::uint64_t digest, const trace::LogRecord& record) {
    const auto epoch = static_cast<std::uint64_t>(record.leader_epoch.value());
    return core::mix64(
        digest ^ core::mix64(static_cast<std::uint64_t>(record.offset.value()) ^ (epoch << 40)) ^
        core::mix64((std::uint64_t{record.client} << 40) ^
                    static_cast<std::uint64_t>(record.number.value())));
}

/// The batches of one replica and what its log came to behind each of them: another replica that
/// begins with the same shared batches need not be read again.
struct Pieces {
    struct Piece {
        const core::BatchBody* body;  ///< null: read from raw bytes, like no other
        core::Offset base_offset;
        core::LeaderEpoch leader_epoch;
        std::uint64_t digest;  ///< of all records up to here
        std::size_t records;   ///< in the log up to here
    };
    core::Blocks<Piece> list;
    std::vector<trace::LogRecord> log;  ///< empty unless logs are kept

    bool same(std::size_t index, const core::Batch& batch) const {
        if (index >= list.size()) return false;
        const Piece& piece = list[index];
        return piece.body == batch.body.get() && piece.base_offset == batch.base_offset &&
               piece.leader_epoch == batch.leader_epoch;
    }
};

/// Reads one replica's segments. `shared` holds the first replica's pieces; that one fills it.
class ReplicaReading {
  public:
    ReplicaReading(Identities& identities, Pieces& shared, bool keep_logs)
        : identities_(identities),
          shared_(shared),
          fills_(shared.list.empty()),
          keeps_(keep_logs) {}

    void take(const core::Batch& batch, bool from_raw) {
        if (!log_start_) log_start_ = batch.base_offset;
        if (!fills_ && !from_raw && same_ == index_ && shared_.same(index_, batch)) {
            digest_ = shared_.list[index_].digest;
            ++same_;
            ++index_;
            return;
        }
        finish_shared();
        each_record(batch, identities_, [&](const trace::LogRecord& record) {
            digest_ = add_to_digest(digest_, record);
            if (keeps_) log_.push_back(record);
        });
        ++index_;
        if (fills_)
            shared_.list.emplace_back(from_raw ? nullptr : batch.body.get(), batch.base_offset,
                                      batch.leader_epoch, digest_, log_.size());
    }
    void finish(trace::ReplicaOutcome& outcome) {
        finish_shared();
        outcome.digest = digest_;
        outcome.log_start = log_start_.value_or(core::Offset(0));
        if (fills_ && keeps_) shared_.log = log_;
        outcome.log = std::move(log_);
    }

  private:
    /// The records of the pieces that were the same are copied, once.
    void finish_shared() {
        if (copied_ || same_ == 0) return;
        copied_ = true;
        if (!keeps_) return;
        const auto end = static_cast<std::ptrdiff_t>(shared_.list[same_ - 1].records);
        log_.assign(shared_.log.begin(), shared_.log.begin() + end);
    }

    Identities& identities_;
    Pieces& shared_;
    bool fills_;
    bool keeps_;
    bool copied_ = false;
    std::size_t index_ = 0;  ///< batches so far
    std::size_t same_ = 0;   ///< of them, from the first on, the same as shared_'s
    std::uint64_t digest_ = 0;
    std::vector<trace::LogRecord> log_;
    std::optional<core::Offset> log_start_;
};

trace::ReplicaOutcome audit_replica(core::PartitionId partition, const std::string& name,
                                    const AuditedBroker& broker, Identities& identities,
                                    Pieces& shared, bool keep_logs) {
    trace::ReplicaOutcome outcome{broker.id,
                                  broker.process != nullptr,
                                  core::Offset(0),
                                  core::Offset(0),
                                  core::Offset(0),
                                  0,
                                  {},
                                  {}};
    ReplicaReading reading(identities, shared, keep_logs);
    for (const core::ChunkList* chunks : broker.disk->segments(partition))
        each_batch(*chunks,
                   [&](const core::Batch& batch, bool from_raw) { reading.take(batch, from_raw); });
    reading.finish(outcome);
    outcome.log_end = broker.disk->log_end(partition);
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
    Identities identities(scenario);
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
        Pieces shared;
        for (const core::NodeId replica : committed.replicas) {
            const auto at = std::lower_bound(brokers.begin(), brokers.end(), replica,
                                             [](const AuditedBroker& broker, core::NodeId wanted) {
                                                 return broker.id < wanted;
                                             });
            ASSERT(at != brokers.end());
            ASSERT(at->id == replica);
            outcome.replicas.push_back(
                audit_replica(id, outcome.name, *at, identities, shared, keep_logs));
            if (committed.leader != replica) continue;
            outcome.high_watermark = outcome.replicas.back().high_watermark;
            outcome.leader_live = is_leading(*at, id, committed.leader_epoch);
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
