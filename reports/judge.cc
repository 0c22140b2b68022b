#include "reports/judge.h"

#include <algorithm>
#include <map>

#include "core/base/assert.h"

namespace report {
namespace {

std::vector<Loss> find_losses(const History& history, const Histories& histories,
                              const Fates& fates) {
    const LossJudge judge(history, histories);
    // Records of one batch share their history, so they share their judgement.
    std::map<const trace::BatchEntry*, BatchLoss> by_batch;
    std::vector<Loss> losses;
    for (std::uint32_t c = 0; c < fates.size(); ++c) {
        for (std::size_t n = 0; n < fates[c].size(); ++n) {
            if (fates[c][n].fate != Fate::lost) continue;
            const core::RecordNumber number(static_cast<std::int64_t>(n));
            const trace::BatchEntry* entry = history.ledger.batch_of(c, number);
            ASSERT(entry != nullptr);
            auto at = by_batch.find(entry);
            if (at == by_batch.end()) at = by_batch.emplace(entry, judge.judge(*entry)).first;
            losses.push_back(Loss{c, number, entry->partition,
                                  outcome_of(history, c, number).offset, entry->ack()->leader_epoch,
                                  entry->ack()->at, at->second});
        }
    }
    std::stable_sort(losses.begin(), losses.end(), [](const Loss& a, const Loss& b) {
        return a.partition != b.partition ? a.partition < b.partition : a.offset < b.offset;
    });
    return losses;
}

std::vector<LossRange> ranges_of(const std::vector<Loss>& losses) {
    std::vector<LossRange> ranges;
    for (const Loss& loss : losses) {
        if (!loss.offset) continue;
        const std::int64_t offset = loss.offset->value();
        // Only this cause has words of its own for a leader that was cut off.
        const bool cut_off =
            loss.how.cut_off && loss.how.cause == Cause::leader_crash_before_replication;
        if (!ranges.empty()) {
            LossRange& last = ranges.back();
            const bool joins = last.partition == loss.partition && last.cut_off == cut_off &&
                               last.cause == loss.how.cause && offset >= last.offsets.last &&
                               offset <= last.offsets.last + 1;
            if (joins) {
                last.offsets.last = offset;
                continue;
            }
        }
        ranges.push_back(
            LossRange{loss.partition, {offset, offset}, loss.how.cause, cut_off, loss.client});
    }
    return ranges;
}

ExitStatus exit_of(const History& history, const Judgement& judgement) {
    if (history.outcome.end == trace::RunEnd::broken) return ExitStatus::bug;
    if (!judgement.inconclusive.empty()) return ExitStatus::inconclusive;
    return judgement.claim_failed() ? ExitStatus::failed : ExitStatus::held;
}

}  // namespace

bool Judgement::claim_failed() const {
    return !failed_steps.empty() ||
           std::any_of(expect.begin(), expect.end(),
                       [](const ExpectResult& e) { return !e.ok && !e.warns_only; }) ||
           std::any_of(fail_on.begin(), fail_on.end(),
                       [](const FailOnResult& f) { return f.failed; });
}

Judgement judge(const History& history, MetricsFold& fold, const Histories& histories,
                const std::vector<FailOn>& fail_on) {
    fold.finish();
    Judgement out;
    out.fates = judge_fates(history);
    out.measures = measure(history, out.fates, fold, Filter{});
    out.inconclusive = reasons_inconclusive(history);
    out.failed_steps = failed_steps(history);
    out.verdict = judge_verdict(out.measures, !out.inconclusive.empty());
    out.expect = judge_expectations(history, out.fates, fold, out.measures, out.verdict);
    for (const FailOn& one : fail_on)
        out.fail_on.push_back(
            FailOnResult{one, fails(one, out.measures, out.verdict),
                         value_of(out.measures, one.metric.value_or(scenario::Metric::verdict),
                                  name(out.verdict))});
    out.losses = find_losses(history, histories, out.fates);
    out.loss_ranges = ranges_of(out.losses);
    out.exit = exit_of(history, out);
    return out;
}

const Loss* find_loss(const Judgement& judgement, std::uint32_t client, core::RecordNumber number) {
    for (const Loss& loss : judgement.losses)
        if (loss.client == client && loss.number == number) return &loss;
    return nullptr;
}

}  // namespace report
