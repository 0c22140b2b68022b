#include "reports/fates.h"

#include <algorithm>

#include "core/base/assert.h"

namespace report {

std::string_view name(Fate fate) {
    switch (fate) {
        case Fate::kept:
            return "kept";
        case Fate::lost:
            return "lost";
        case Fate::stranded:
            return "stranded";
        case Fate::refused:
            return "refused";
        case Fate::ghost:
            return "ghost";
        case Fate::unknown:
            return "unknown";
    }
    UNREACHABLE();
}

Text meaning(Fate fate) {
    switch (fate) {
        case Fate::kept:
            return say("acknowledged (or sent with acks=0), and present at the audit",
                       "已应答（或以 acks=0 发送），审计时存在");
        case Fate::lost:
            return say("acknowledged, and absent from the final log", "已应答，最终日志中却不存在");
        case Fate::stranded:
            return say("acknowledged and out of reach at the audit, but not gone: a disk holds it",
                       "已应答，审计时无法读到，但并未消失：有磁盘存着它");
        case Fate::refused:
            return say("the client was told that it failed, and it is absent",
                       "客户端得知发送失败，且它不存在");
        case Fate::ghost:
            return say("failed or without an answer at the client, and present all the same",
                       "客户端得知失败或没有得到应答，它却存在");
        case Fate::unknown:
            return say("without an answer at the client (or acks=0), and absent",
                       "客户端没有得到应答（或 acks=0），且它不存在");
    }
    UNREACHABLE();
}

Text words(Fate fate) {
    switch (fate) {
        case Fate::kept:
            return say("kept", "保住");
        case Fate::lost:
            return say("lost", "丢失");
        case Fate::stranded:
            return say("stranded", "读不到");
        case Fate::refused:
            return say("refused", "被拒");
        case Fate::ghost:
            return say("ghost", "幽灵");
        case Fate::unknown:
            return say("unknown", "未知");
    }
    UNREACHABLE();
}

RecordOutcome outcome_of(const History& history, std::uint32_t client, core::RecordNumber number) {
    RecordOutcome out;
    const trace::BatchEntry* batch = history.ledger.batch_of(client, number);
    if (batch == nullptr) {
        if (const trace::Refusal* refusal = history.ledger.refusal(client, number)) {
            out.outcome = trace::ClientOutcome::failed;
            out.error = refusal->error;
        }
        return out;
    }
    out.outcome = batch->outcome;
    out.error = batch->error;
    if (batch->outcome == trace::ClientOutcome::acked && batch->answered_offset())
        out.offset = *batch->answered_offset() + static_cast<std::int64_t>(batch->index_of(number));
    return out;
}

namespace {

class FateJudge {
  public:
    explicit FateJudge(const History& history) : history_(history) {
        for (std::uint32_t c = 0; c < history.ledger.client_count(); ++c) {
            fates_.emplace_back(history.ledger.records(c).size());
            last_seen_.emplace_back(history.ledger.records(c).size(), 0U);
            on_leader_.emplace_back(history.ledger.records(c).size(), false);
        }
    }

    Fates judge() {
        for (const trace::PartitionOutcome& partition : history_.outcome.partitions) {
            count_copies(partition);
            mark_reordered(partition);
            count_holders(partition);
        }
        for (std::uint32_t c = 0; c < fates_.size(); ++c)
            for (std::size_t n = 0; n < fates_[c].size(); ++n) decide(c, n);
        return std::move(fates_);
    }

  private:
    RecordFate* fate_of(const trace::LogRecord& record) {
        if (record.client >= fates_.size()) return nullptr;
        auto& fates = fates_[record.client];
        const auto n = record.number.value();
        if (n < 0 || static_cast<std::size_t>(n) >= fates.size()) return nullptr;
        return &fates[static_cast<std::size_t>(n)];
    }

    void count_copies(const trace::PartitionOutcome& partition) {
        for (const trace::LogRecord& record : partition.read)
            if (RecordFate* fate = fate_of(record)) ++fate->copies;
    }

    /// A record is reordered if the first copy of one sent earlier stands behind its own.
    void mark_reordered(const trace::PartitionOutcome& partition) {
        std::vector<const trace::LogRecord*> first_copies;
        ++stamp_;
        for (const trace::LogRecord& record : partition.read) {
            if (fate_of(record) == nullptr || !see(record)) continue;
            first_copies.push_back(&record);
        }
        std::vector<std::int64_t> lowest_behind(fates_.size(), INT64_MAX);
        for (auto it = first_copies.rbegin(); it != first_copies.rend(); ++it) {
            std::int64_t& lowest = lowest_behind[(*it)->client];
            if (lowest < (*it)->number.value()) fate_of(**it)->reordered = true;
            lowest = std::min(lowest, (*it)->number.value());
        }
    }

    void count_holders(const trace::PartitionOutcome& partition) {
        for (const trace::ReplicaOutcome& replica : partition.replicas) {
            ++stamp_;
            const bool leads = partition.leader == replica.broker;
            for (const trace::LogRecord& record : replica.log) {
                RecordFate* fate = fate_of(record);
                if (fate == nullptr) continue;
                if (leads) on_leader_[record.client][index(record)] = true;
                if (see(record)) ++fate->holders;
            }
        }
    }

    /// True the first time a record is met under the present stamp.
    bool see(const trace::LogRecord& record) {
        std::uint32_t& seen = last_seen_[record.client][index(record)];
        if (seen == stamp_) return false;
        seen = stamp_;
        return true;
    }

    static std::size_t index(const trace::LogRecord& record) {
        return static_cast<std::size_t>(record.number.value());
    }

    void decide(std::uint32_t client, std::size_t n) {
        const core::RecordNumber number(static_cast<std::int64_t>(n));
        RecordFate& fate = fates_[client][n];
        const bool present = fate.copies > 0;
        switch (outcome_of(history_, client, number).outcome) {
            case trace::ClientOutcome::acked:
                fate.fate = present                   ? Fate::kept
                            : out_of_reach(client, n) ? Fate::stranded
                                                      : Fate::lost;
                fate.thin = present && is_thin(client, n);
                break;
            case trace::ClientOutcome::unanswered:
                fate.fate = present ? Fate::kept : Fate::unknown;
                break;
            case trace::ClientOutcome::failed:
                fate.fate = present ? Fate::ghost : Fate::refused;
                break;
            case trace::ClientOutcome::pending:
                fate.fate = present ? Fate::ghost : Fate::unknown;
                break;
        }
    }

    bool out_of_reach(std::uint32_t client, std::size_t n) const {
        const trace::PartitionOutcome* partition =
            find_partition(history_.outcome, history_.ledger.records(client)[n].partition);
        if (partition == nullptr) return false;
        if (!partition->leader || !partition->leader_live) return fates_[client][n].holders > 0;
        return on_leader_[client][n];
    }

    bool is_thin(std::uint32_t client, std::size_t n) const {
        const core::PartitionId id = history_.ledger.records(client)[n].partition;
        const trace::PartitionView& committed = history_.view.partition(id);
        return static_cast<std::int64_t>(fates_[client][n].holders) <
               needed_in_sync(history_.scenario, committed.min_insync_replicas,
                              committed.replicas.size());
    }

    const History& history_;
    Fates fates_;
    std::vector<std::vector<std::uint32_t>> last_seen_;
    std::vector<std::vector<bool>> on_leader_;
    std::uint32_t stamp_ = 0;
};

}  // namespace

Fates judge_fates(const History& history) {
    return FateJudge(history).judge();
}

}  // namespace report
