/// The metrics of SCENARIO_FORMAT 5 that concern promises, the protocol and the service.
///
/// What happens during a run is folded online (MetricsFold); what the audit alone can say is
/// counted from ledger, fates and outcome afterwards (measure). Integers only: counts, nanoseconds,
/// nearest-rank percentiles.
///
/// Rules:
///   R1  Every metric has one definition, that of SCENARIO_FORMAT 5; a filter by partition or
///       producer counts the same things among fewer.
///   R2  Time before 0 and from run.end on is never counted as unavailable.
///   R3  An `always` expectation is tested at 0 and whenever its value changes. Metrics that only
///       the audit defines (thin, twice, fates, ...) have one moment, the end. During the run a
///       record counts as lost while it is acknowledged and no disk holds a copy of it.
///   R4  At time 0 the cluster is at rest: every first replica leads in epoch 0 with a full ISR and
///       every process is up [SCENARIO_FORMAT 2]. Observers need not have seen the start-up.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "reports/chronicle.h"
#include "reports/fates.h"
#include "reports/history.h"
#include "scenarios/model.h"

namespace report {

/// Every metric there is here, in the order of reports.
std::vector<scenario::Metric> all_metrics();
std::optional<scenario::Metric> find_metric(std::string_view name);
/// One plain sentence: what the metric counts.
Text meaning(scenario::Metric metric);

/// Counts only what belongs to one partition or one producer.
struct Filter {
    std::optional<core::PartitionId> partition;
    std::optional<std::uint32_t> producer;
};

/// A broker that led at the controller's epoch, from when to when.
struct Term {
    core::NodeId broker;
    core::LeaderEpoch leader_epoch;
    core::TimePoint from;
    core::TimePoint until = core::TimePoint::max();
};

/// The first acknowledgement of a partition by a leader that no longer was one.
struct StaleAck {
    core::TimePoint at;
    core::NodeId broker;
    core::LeaderEpoch leader_epoch;
    core::LeaderEpoch committed_epoch;
};

/// An `always` expectation that failed during the run.
struct AlwaysBreach {
    std::size_t expect;  ///< index in Scenario::expect
    core::TimePoint at;
    std::int64_t observed;
};

class MetricsFold final : public trace::Observer {
  public:
    /// All references outlive the fold; view and ledger are folded before it.
    MetricsFold(const scenario::Scenario& scenario, const trace::ClusterView& view,
                const trace::Ledger& ledger);

    /// Committed changes after 0 that name a leader.
    std::int64_t elections(core::PartitionId partition, bool clean) const;
    /// Nanoseconds in [0, run.end) without a live leader at the controller's epoch that would take
    /// these producers' writes (or, for reads, would answer); up to the last event seen or finish.
    core::Duration unavailable(core::PartitionId partition, bool write) const;
    const std::vector<Term>& terms(core::PartitionId partition) const;
    std::optional<StaleAck> first_stale_ack(core::PartitionId partition) const;
    const std::vector<AlwaysBreach>& breaches() const { return breaches_; }

    /// The run is over: closes what is still open at run.end.
    void finish();

    void on_note(const trace::Moment& moment, core::NodeId who, const core::Note& note,
                 std::span<const core::NodeId> replicas) override;
    void on_world(const trace::Moment& moment, const trace::WorldEvent& event) override;

  private:
    /// Time without service, with the state it is in now.
    struct Gap {
        bool open = true;
        core::TimePoint since;
        core::Duration total{0};
    };
    struct Leading {
        core::NodeId broker;
        core::LeaderEpoch epoch;
    };
    struct PartitionState {
        boost::container::small_vector<Leading, 3>
            leading;  ///< who believes to lead, and since which epoch
        Gap write;
        Gap read;
        std::int64_t clean = 0;
        std::int64_t unclean = 0;
        std::vector<Term> terms;
        std::optional<StaleAck> stale;
        bool needs_isr = false;  ///< some producer of its topic sends with acks=all
    };
    /// One `always` expectation whose metric changes during the run.
    struct Watch {
        std::size_t expect;
        std::int64_t value = 0;
        bool broken = false;
    };

    void set_gap(Gap& gap, bool open, core::TimePoint at) const;
    void refresh(std::uint32_t partition, core::TimePoint at);
    void refresh_all(core::TimePoint at);
    void on_role(const trace::Moment& moment, core::NodeId who, const core::Note& note);
    void on_elected(const trace::Moment& moment, const core::Note& note);
    void on_answered(const trace::Moment& moment, core::NodeId who, const core::Note& note);
    void on_acked(const trace::Moment& moment, const core::Note& note);
    void recount_lost(core::TimePoint at);
    bool watches(const Watch& watch, scenario::Metric metric, core::PartitionId partition,
                 std::optional<core::NodeId> client) const;
    void add(Watch& watch, std::int64_t count, core::TimePoint at);
    void test(Watch& watch, core::TimePoint at);

    const scenario::Scenario& scenario_;
    const trace::ClusterView& view_;
    const trace::Ledger& ledger_;
    std::vector<PartitionState> partitions_;
    std::vector<Watch> watches_;
    bool watches_lost_ = false;
    std::vector<AlwaysBreach> breaches_;
    core::TimePoint run_end_;
    bool ended_ = false;
};

/// True if an `always` expectation on this metric is tested during the run, not only at its end.
bool changes_during_run(scenario::Metric metric);

/// Everything countable under one filter.
struct Measures {
    std::int64_t sent = 0;
    std::int64_t acked = 0;
    std::int64_t by_fate[kFates] = {};
    std::int64_t thin = 0;
    std::int64_t twice = 0;
    std::int64_t duplicates = 0;
    std::int64_t reordered = 0;
    std::int64_t unacked_present = 0;
    std::int64_t acks0_lost = 0;
    std::int64_t acked_resurrected = 0;
    std::int64_t acked_while_isr_size1 = 0;
    std::int64_t acks_from_stale_leader = 0;
    std::int64_t offsets_reused = 0;
    std::int64_t truncated_committed = 0;
    std::int64_t elections_clean = 0;
    std::int64_t elections_unclean = 0;
    std::int64_t replicas_divergent = 0;
    core::Duration unavailable_write{0};  ///< worst partition
    core::Duration unavailable_read{0};
    std::optional<scenario::OffsetRange> lost_range;  ///< of the first partition that lost
    std::optional<core::Duration> latency_p50;        ///< nothing: nothing was acknowledged
    std::optional<core::Duration> latency_p99;

    std::int64_t count(Fate fate) const { return by_fate[static_cast<int>(fate)]; }
};

Measures measure(const History& history, const Fates& fates, const MetricsFold& fold,
                 const Filter& filter);
/// The value of a metric; `verdict` is its word where the metric is the verdict.
scenario::MetricValue value_of(const Measures& measures, scenario::Metric metric,
                               std::string_view verdict);

/// Nearest rank: the smallest value with at least `percent` of all at or below it. Reorders.
std::optional<core::Duration> nearest_rank(std::vector<core::Duration>& values, int percent);

}  // namespace report
