#include <algorithm>
#include <map>

#include "core/base/assert.h"
#include "reports/metrics.h"

namespace report {
namespace {

using scenario::Metric;

/// Offsets of one acknowledged batch, `end` exclusive.
struct OffsetSpan {
    std::int64_t first;
    std::int64_t end;
};

bool is_selected(const Filter& filter, core::PartitionId partition, std::uint32_t client) {
    if (filter.partition && *filter.partition != partition) return false;
    return !filter.producer || *filter.producer == client;
}

std::uint32_t client_of(const trace::BatchEntry& entry) {
    return static_cast<std::uint32_t>(entry.tag.client.value() - core::kFirstClientId);
}

/// True if some broker ruled the log at or after the acknowledgement while it had no copy.
bool was_absent_from_a_leader(const trace::BatchEntry& entry, const std::vector<Term>& terms) {
    for (const Term& term : terms) {
        const core::TimePoint from = std::max(term.from, entry.ack()->answered_at);
        if (from >= term.until) continue;
        const auto covers = [&](const trace::Copy& copy, core::TimePoint until) {
            return copy.broker == term.broker && copy.appended_at <= from && until > from;
        };
        const bool held =
            std::ranges::any_of(
                entry.copies(),
                [&](const trace::Copy& c) { return covers(c, core::TimePoint::max()); }) ||
            std::ranges::any_of(entry.lost_copies(),
                                [&](const trace::LostCopy& c) { return covers(c.copy, c.at); });
        if (!held) return true;
    }
    return false;
}

/// How many of its records were committed, that is below a leader's high watermark, and cut later
/// on some replica. What another leader's high watermark passed at the same offset is another
/// record, and another attempt's copy (another offset or epoch) is not the one that was committed.
std::int64_t committed_and_cut(const trace::BatchEntry& entry) {
    const auto below = entry.below_high_watermark();
    if (!below) return 0;
    const bool cut = std::ranges::any_of(entry.lost_copies(), [&](const trace::LostCopy& lost) {
        return lost.how == trace::CopyEnd::truncation && lost.at >= below->at &&
               lost.copy.base_offset == below->base_offset &&
               lost.copy.leader_epoch == below->leader_epoch;
    });
    return cut ? entry.record_count : 0;
}

/// Offsets that more than one record was acknowledged at.
std::int64_t count_reused(std::map<std::uint32_t, std::vector<OffsetSpan>>& spans) {
    std::int64_t reused = 0;
    for (auto& [partition, list] : spans) {
        // A sweep over starts and ends: the stretch between two of them has one depth.
        std::vector<std::pair<std::int64_t, int>> edges;
        for (const OffsetSpan& span : list) {
            edges.emplace_back(span.first, +1);
            edges.emplace_back(span.end, -1);
        }
        std::sort(edges.begin(), edges.end());
        int depth = 0;
        std::int64_t from = 0;
        for (const auto& [at, change] : edges) {
            if (depth >= 2) reused += at - from;
            depth += change;
            from = at;
        }
    }
    return reused;
}

void add_record(const History& history, const RecordFate& fate, std::uint32_t client,
                core::RecordNumber number, bool acks_none, Measures& out,
                std::vector<core::Duration>& latencies) {
    ++out.sent;
    ++out.by_fate[static_cast<int>(fate.fate)];
    const auto outcome = outcome_of(history, client, number).outcome;
    const bool present = fate.copies > 0;
    if (outcome == trace::ClientOutcome::acked) {
        ++out.acked;
        const auto& record =
            history.ledger.records(client)[static_cast<std::size_t>(number.value())];
        latencies.push_back(history.ledger.batch_of(client, number)->ended_at - record.sent_at);
    }
    if (fate.thin) ++out.thin;
    if (fate.reordered) ++out.reordered;
    if (fate.twice()) ++out.twice;
    if (fate.copies > 1) out.duplicates += fate.copies - 1;
    if (outcome == trace::ClientOutcome::failed && present) ++out.unacked_present;
    if (acks_none && !present) ++out.acks0_lost;
}

void add_batch(const Fates& fates, const MetricsFold& fold, const trace::BatchEntry& entry,
               Measures& out) {
    out.truncated_committed += committed_and_cut(entry);
    if (entry.outcome != trace::ClientOutcome::acked) return;
    const trace::Acknowledgement ack = *entry.ack();
    if (ack.committed.isr.size() == 1) out.acked_while_isr_size1 += entry.record_count;
    if (ack.leader_epoch && *ack.leader_epoch < ack.committed.leader_epoch)
        out.acks_from_stale_leader += entry.record_count;
    if (!was_absent_from_a_leader(entry, fold.terms(entry.partition))) return;
    for (std::uint32_t i = 0; i < entry.record_count; ++i) {
        const auto n = static_cast<std::size_t>(entry.number(i).value());
        if (fates[client_of(entry)][n].copies > 0) ++out.acked_resurrected;
    }
}

/// Replicas that hold another record than the leader at an offset which both hold.
std::int64_t count_divergent(const trace::PartitionOutcome& partition) {
    if (!partition.leader) return 0;
    const trace::ReplicaOutcome* leader = nullptr;
    for (const trace::ReplicaOutcome& replica : partition.replicas)
        if (replica.broker == *partition.leader) leader = &replica;
    if (leader == nullptr) return 0;
    std::int64_t divergent = 0;
    for (const trace::ReplicaOutcome& replica : partition.replicas) {
        auto truth = leader->log.begin();
        for (const trace::LogRecord& record : replica.log) {
            while (truth != leader->log.end() && truth->offset < record.offset) ++truth;
            if (truth == leader->log.end()) break;
            if (truth->offset != record.offset) continue;
            if (truth->client == record.client && truth->number == record.number) continue;
            ++divergent;
            break;
        }
    }
    return divergent;
}

}  // namespace

std::optional<core::Duration> nearest_rank(std::vector<core::Duration>& values, int percent) {
    ASSERT(percent > 0);
    ASSERT(percent <= 100);
    if (values.empty()) return std::nullopt;
    const std::size_t rank = (values.size() * static_cast<std::size_t>(percent) + 99) / 100;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

Measures measure(const History& history, const Fates& fates, const MetricsFold& fold,
                 const Filter& filter) {
    Measures out;
    std::vector<core::Duration> latencies;
    std::map<std::uint32_t, scenario::OffsetRange> lost;
    for (std::uint32_t c = 0; c < history.ledger.client_count(); ++c) {
        const auto& records = history.ledger.records(c);
        const bool acks_none = acks_of(history.scenario, c) == 0;
        for (std::size_t n = 0; n < records.size(); ++n) {
            if (!is_selected(filter, records[n].partition, c)) continue;
            const core::RecordNumber number(static_cast<std::int64_t>(n));
            add_record(history, fates[c][n], c, number, acks_none, out, latencies);
            const auto offset = outcome_of(history, c, number).offset;
            if (fates[c][n].fate != Fate::lost || !offset) continue;
            const auto [at, added] =
                lost.try_emplace(records[n].partition.value(),
                                 scenario::OffsetRange{offset->value(), offset->value()});
            at->second.first = std::min(at->second.first, offset->value());
            at->second.last = std::max(at->second.last, offset->value());
        }
    }
    if (!lost.empty()) out.lost_range = lost.begin()->second;
    std::map<std::uint32_t, std::vector<OffsetSpan>> spans;
    for (const trace::BatchEntry& entry : history.ledger.batches()) {
        if (!is_selected(filter, entry.partition, client_of(entry))) continue;
        add_batch(fates, fold, entry, out);
        if (entry.outcome == trace::ClientOutcome::acked && entry.answered_offset()) {
            const std::int64_t base = entry.answered_offset()->value();
            spans[entry.partition.value()].push_back(OffsetSpan{base, base + entry.record_count});
        }
    }
    out.offsets_reused = count_reused(spans);
    out.latency_p50 = nearest_rank(latencies, 50);
    out.latency_p99 = nearest_rank(latencies, 99);
    for (std::uint32_t p = 0; p < history.view.partition_count(); ++p) {
        const core::PartitionId id(p);
        if (filter.partition && *filter.partition != id) continue;
        out.elections_clean += fold.elections(id, true);
        out.elections_unclean += fold.elections(id, false);
        out.unavailable_write = std::max(out.unavailable_write, fold.unavailable(id, true));
        out.unavailable_read = std::max(out.unavailable_read, fold.unavailable(id, false));
    }
    for (const trace::PartitionOutcome& partition : history.outcome.partitions)
        if (!filter.partition || *filter.partition == partition.partition)
            out.replicas_divergent += count_divergent(partition);
    return out;
}

scenario::MetricValue value_of(const Measures& m, Metric metric, std::string_view verdict) {
    using Value = scenario::MetricValue;
    const auto latency = [](const std::optional<core::Duration>& value) {
        return value ? Value(*value) : Value(scenario::NoValue{});
    };
    switch (metric) {
        case Metric::acked:
            return m.acked;
        case Metric::acked_lost:
            return m.count(Fate::lost);
        case Metric::acked_lost_range:
            return m.lost_range ? Value(*m.lost_range) : Value(scenario::NoValue{});
        case Metric::acked_resurrected:
            return m.acked_resurrected;
        case Metric::acked_while_isr_size1:
            return m.acked_while_isr_size1;
        case Metric::acks_from_stale_leader:
            return m.acks_from_stale_leader;
        case Metric::thin:
            return m.thin;
        case Metric::unacked_present:
            return m.unacked_present;
        case Metric::ghosts:
            return m.count(Fate::ghost);
        case Metric::unknown:
            return m.count(Fate::unknown);
        case Metric::refused:
            return m.count(Fate::refused);
        case Metric::acks0_lost:
            return m.acks0_lost;
        case Metric::duplicates:
            return m.duplicates;
        case Metric::reordered:
            return m.reordered;
        case Metric::offsets_reused:
            return m.offsets_reused;
        case Metric::elections_clean:
            return m.elections_clean;
        case Metric::elections_unclean:
            return m.elections_unclean;
        case Metric::replicas_divergent:
            return m.replicas_divergent;
        case Metric::truncated_committed:
            return m.truncated_committed;
        case Metric::unavailable_write:
            return m.unavailable_write;
        case Metric::unavailable_read:
            return m.unavailable_read;
        case Metric::latency_ack_p50:
            return latency(m.latency_p50);
        case Metric::latency_ack_p99:
            return latency(m.latency_p99);
        case Metric::verdict:
            return std::string(verdict);
        case Metric::kept:
            return m.count(Fate::kept);
        case Metric::stranded:
            return m.count(Fate::stranded);
        case Metric::twice:
            return m.twice;
    }
    UNREACHABLE();
}

Text meaning(Metric metric) {
    switch (metric) {
        case Metric::acked:
            return say("records whose send succeeded at the client, with acks 1 or all",
                       "以 acks 1 或 all 发送且客户端收到成功应答的消息数");
        case Metric::acked_lost:
            return say("acknowledged records that are absent from the final log",
                       "已应答、最终日志中却不存在的消息数");
        case Metric::acked_lost_range:
            return say("first and last lost offset of the partition, null if none",
                       "该分区丢失的第一个和最后一个 offset，没有则为 null");
        case Metric::acked_resurrected:
            return say("acknowledged, absent from a later leader's log, present at the audit",
                       "已应答、在后来某个 leader 的日志中缺失、审计时又存在的消息数");
        case Metric::acked_while_isr_size1:
            return say("acknowledged while the committed ISR had one member",
                       "应答时已提交的 ISR 只有一个成员的消息数");
        case Metric::acks_from_stale_leader:
            return say("acknowledged by a broker whose leader epoch was no longer the controller's",
                       "由 leader epoch 已过期的 broker 应答的消息数");
        case Metric::thin:
            return say(
                "acknowledged and present, on fewer than min.insync.replicas replicas (from "
                "Kafka 3.7 on it counts as no more than there are)",
                "已应答且存在、但副本数少于 min.insync.replicas 的消息数"
                "（Kafka 3.7 起，该值最多按副本总数计）");
        case Metric::unacked_present:
            return say("records that failed at the client and are in the log",
                       "客户端得知失败、却在日志中的消息数");
        case Metric::ghosts:
            return say("records that failed or had no answer, and are in the log",
                       "失败或没有应答、却在日志中的消息数");
        case Metric::unknown:
            return say("records without an answer (or acks=0) that are absent",
                       "没有应答（或 acks=0）且不存在的消息数");
        case Metric::refused:
            return say("records that failed at the client and are absent",
                       "客户端得知失败且不存在的消息数");
        case Metric::acks0_lost:
            return say("records sent with acks=0 that are absent",
                       "以 acks=0 发送且不存在的消息数");
        case Metric::duplicates:
            return say("copies of records beyond the first", "首份之外的重复消息数");
        case Metric::reordered:
            return say("records that stand before one that their producer sent earlier",
                       "排在同一生产者更早发送的消息之前的消息数");
        case Metric::offsets_reused:
            return say("offsets that were acknowledged for two records",
                       "先后应答给两条消息的 offset 数");
        case Metric::elections_clean:
            return say("changes after 0 that name a leader which is a member of the ISR",
                       "时刻 0 之后、新 leader 属于 ISR 的变更次数");
        case Metric::elections_unclean:
            return say("changes after 0 that name a leader which is no member of the ISR",
                       "时刻 0 之后、新 leader 不属于 ISR 的变更次数");
        case Metric::replicas_divergent:
            return say("replicas that differ from the leader at an offset which both hold",
                       "在双方都持有的 offset 上与 leader 不同的副本数");
        case Metric::truncated_committed:
            return say(
                "records that were below a leader's high watermark and that some replica cut",
                "曾低于 leader 高水位、又被某个副本截掉的消息数");
        case Metric::unavailable_write:
            return say(
                "time before run.end without a live leader that takes these producers' writes, "
                "worst partition (the settle time does not count)",
                "run.end 之前没有存活的 leader "
                "可接受这些生产者写入的时间，取最差分区（不含静置期）");
        case Metric::unavailable_read:
            return say(
                "time before run.end without a live leader at the controller's epoch, worst "
                "partition",
                "run.end 之前没有处于 controller 当前 epoch 的存活 leader 的时间，取最差分区");
        case Metric::latency_ack_p50:
            return say("from send() to the callback: half of the acknowledged records are faster",
                       "从 send() 到回调：半数已应答消息更快");
        case Metric::latency_ack_p99:
            return say("from send() to the callback: 99 in 100 acknowledged records are faster",
                       "从 send() 到回调：99% 的已应答消息更快");
        case Metric::verdict:
            return say("the worst word that holds", "成立的最坏判定");
        case Metric::kept:
            return say("records acknowledged (or sent with acks=0) and present",
                       "已应答（或以 acks=0 发送）且存在的消息数");
        case Metric::stranded:
            return say("acknowledged records that are out of reach but on a disk",
                       "已应答、读不到但仍在磁盘上的消息数");
        case Metric::twice:
            return say("records that stand in the log more than once",
                       "在日志中不止出现一次的消息数");
    }
    UNREACHABLE();
}

}  // namespace report
