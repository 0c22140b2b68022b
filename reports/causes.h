/// Why an acknowledged record is lost: one cause per record, from a closed list.
///
/// Each cause is a predicate over what happened to the record's batch; the first of the list's
/// order that holds is the cause [REPORT_FORMAT 1]. A loss that ends as `other` is a gap of this
/// explainer.
///
/// Words used here:
///   overruled   the first committed leadership at or after the acknowledgement that lacks the
///               record, behind the last one that had it.
///   decisive    a copy whose end mattered: the leadership that overruled the record was its
///               broker's; or nothing overruled it, and its broker leads at the audit, or nobody
///               does and it was the last copy. A broker that leads without it much later decided
///               nothing.
///   no way back the first moment after which no live leader or ISR member ever held a copy again;
///               or, while a leader or ISR member that is down still held one, the last step that
///               decided against it (a wiped disk, an election by hand, the start of the broker
///               that overruled it): without the steps behind that moment it is lost all the same.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "reports/history.h"
#include "reports/words.h"

namespace report {

enum class Cause : std::uint8_t {
    disk_corrupted,
    disk_failed,
    disk_wiped,
    retention,
    unclean_election,
    unfenced_replication,
    high_watermark_truncation,
    epoch_lookup_truncation,
    zombie_leader_ack,
    isr_of_one_then_failure,
    correlated_power_loss,
    page_cache_lost,
    planned_leader_move_before_replication,
    leader_crash_before_replication,
    other,
};
inline constexpr int kCauses = static_cast<int>(Cause::other) + 1;
std::string_view name(Cause cause);
/// One plain sentence: how the record was lost.
Text sentence(Cause cause);
/// One plain sentence: the setting that mattered, in Kafka's words; may name values of the run.
/// Empty where there is none.
Text setting_that_mattered(const History& history, Cause cause, std::uint32_t client,
                           core::PartitionId partition);

/// What happened to the copies of one acknowledged batch.
struct BatchLoss {
    core::TimePoint lost_at;
    core::TimePoint no_way_back_at;
    Cause cause;
    /// leader-crash-before-replication, and the leader's process ran: it was cut off.
    bool cut_off = false;
    /// The step that closed the way back, by its place in the scenario; nothing: no step decided,
    /// the last leader or ISR member that was live and held it ended so.
    std::optional<std::size_t> decided_by = std::nullopt;
};

/// One plain sentence in words of this very loss (its cause, and whether the leader was cut off).
Text sentence(Cause cause, bool cut_off);

class LossJudge {
  public:
    /// Both outlive the judge.
    LossJudge(const History& history, const Histories& histories);

    /// `entry`: acknowledged at its client, and lost.
    BatchLoss judge(const trace::BatchEntry& entry) const;
    /// True if the broker's log held the batch at a moment.
    static bool held(const trace::BatchEntry& entry, core::NodeId broker, core::TimePoint at);
    /// The leadership that overruled the batch, if one did.
    const PartitionHistory::State* overruled(const trace::BatchEntry& entry) const;

  private:
    core::TimePoint lost_at(const trace::BatchEntry& entry) const;
    void find_no_way_back(const trace::BatchEntry& entry, BatchLoss& loss) const;
    /// From when on no leader or ISR member holds a copy; with `must_live`, none that runs.
    core::TimePoint without_holder_from(const trace::BatchEntry& entry, core::TimePoint lost_at,
                                        bool must_live) const;
    bool has_holder(const trace::BatchEntry& entry, core::TimePoint at, bool must_live) const;
    /// True if the step, which began then, decided against a copy on a broker that is down.
    bool decides(const trace::BatchEntry& entry, const Happening& begun) const;
    Cause cause_of(const trace::BatchEntry& entry) const;
    bool is_cut_off(const trace::BatchEntry& entry) const;
    bool is_power(const trace::LostCopy& lost) const;
    bool is_decisive(const trace::BatchEntry& entry, const trace::LostCopy& lost) const;
    bool is_corrupted(const trace::BatchEntry& entry) const;
    bool is_on_failed_disk(const trace::BatchEntry& entry) const;
    bool is_wiped(const trace::BatchEntry& entry) const;
    bool is_unclean(const trace::BatchEntry& entry) const;
    bool is_cut_by_isr_member(const trace::BatchEntry& entry) const;
    bool is_zombie_ack(const trace::BatchEntry& entry) const;
    bool is_isr_of_one(const trace::BatchEntry& entry) const;
    int power_losses(const trace::BatchEntry& entry) const;
    bool is_page_cache(const trace::BatchEntry& entry) const;
    /// The cause, if it was overruled by a leader that never had it: had its own leader failed?
    std::optional<Cause> overruled_before_replication(const trace::BatchEntry& entry) const;

    const History& history_;
    const Histories& histories_;
    std::vector<const Happening*> steps_;  ///< each time that a step began
};

}  // namespace report
