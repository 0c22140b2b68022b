/// Histories written by hand: notes and world events of one partition on brokers 1, 2, 3, fed to
/// view, ledger and the observers of reports, and an outcome made of what the logs then hold.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reports/judge.h"

namespace test {

class HandHistory {
  public:
    struct Options {
        std::string acks = "1";
        std::int32_t min_isr = 1;
        const core::Profile* profile = core::find_profile("3.9")->profile;
        std::uint32_t producers = 1;
        std::vector<scenario::Expect> expect = {};
        std::vector<scenario::Step> steps = {};
    };
    explicit HandHistory(const Options& options);
    HandHistory() : HandHistory(Options{}) {}

    /// The clock goes to this millisecond; every event moves it by one microsecond.
    void at_ms(std::int64_t ms);

    // ---- clients ----
    /// Sends `count` records as one batch to a broker; gives the batch's number.
    std::uint32_t send(std::int64_t count, std::int32_t broker = 1, std::uint32_t producer = 0);
    void resend(std::uint32_t batch, std::int32_t broker, std::uint32_t producer = 0);
    void fail(std::uint32_t batch, core::ErrorCode error, std::uint32_t producer = 0);
    /// A record that fails before it is in a batch.
    void refuse(core::ErrorCode error, std::uint32_t producer = 0);
    /// The broker answers and the client hears it: at this offset, in this epoch.
    void ack(std::uint32_t batch, std::int64_t base, std::int32_t broker = 1,
             std::int32_t epoch = 0, std::uint32_t producer = 0);
    /// The same, and the client does not hear it.
    void answer(std::uint32_t batch, std::int64_t base, std::int32_t broker = 1,
                std::int32_t epoch = 0, std::uint32_t producer = 0);
    /// The client hears what was answered.
    void hear(std::uint32_t batch, std::int64_t base, std::int32_t broker = 1,
              std::uint32_t producer = 0);
    /// acks=0: the client's own success.
    void ack_unanswered(std::uint32_t batch, std::uint32_t producer = 0);

    // ---- brokers ----
    void append(std::int32_t broker, std::uint32_t batch, std::int32_t epoch = 0,
                bool leader = false, std::uint32_t producer = 0);
    void truncate(std::int32_t broker, std::int64_t to);
    void high_watermark(std::int32_t broker, std::int64_t value);
    void lead(std::int32_t broker, std::int32_t epoch);
    void follow(std::int32_t broker, std::int32_t epoch, std::int32_t leader);

    // ---- controller ----
    void commit(std::optional<std::int32_t> leader, std::int32_t epoch,
                const std::vector<std::int32_t>& isr);
    void elect(std::optional<std::int32_t> leader, std::int32_t epoch,
               const std::vector<std::int32_t>& isr, bool clean = true);
    void fence(std::int32_t broker);
    void shut_down(std::int32_t broker);

    // ---- the world ----
    void world(trace::WorldKind kind, std::optional<std::int32_t> node = std::nullopt,
               std::int64_t value = 0);
    void crash(std::int32_t broker, bool host = false);
    void start(std::int32_t broker);
    /// A loss of power takes everything from an offset on.
    void lose_bytes(std::int32_t broker, std::int64_t from);
    void wipe(std::int32_t broker);
    /// All of it is one event.
    template <class Body>
    void together(Body body) {
        tick();
        together_ = true;
        body();
        together_ = false;
    }
    /// Start-up recovery finds the log whole up to here.
    void recover(std::int32_t broker, std::int64_t end);

    /// Closes the run at 60 s and judges it. The audit reads the leader's log up to
    /// `high_watermark`.
    const report::Judgement& judge(std::optional<std::int32_t> leader,
                                   std::optional<std::int64_t> high_watermark = std::nullopt);

    /// The same, and its leader does not live at the audit: nothing is read.
    const report::Judgement& judge_dead_leader(std::int32_t leader);

    trace::Outcome& outcome() { return outcome_; }
    const report::History& history() const { return *history_; }
    const report::Histories& histories() const { return *histories_; }
    const report::MetricsFold& metrics() const { return metrics_; }
    const report::Judgement& judgement() const { return judgement_; }
    const scenario::Scenario& scenario() const { return scenario_; }
    /// The value of a metric over everything.
    scenario::MetricValue value(scenario::Metric metric) const;
    std::int64_t count(scenario::Metric metric) const;
    report::Fate fate(std::int64_t number, std::uint32_t producer = 0) const;
    /// The only cause of all losses; fails the test where there are several or none.
    report::Cause only_cause() const;

  private:
    const report::Judgement& judge_with(std::optional<std::int32_t> leader, bool live,
                                        std::optional<std::int64_t> high_watermark);
    struct Held {
        std::uint32_t producer;
        std::uint32_t batch;
        std::int64_t first;
        std::int64_t count;
        std::int32_t epoch;
        std::int64_t base;
    };
    trace::Moment tick();
    bool together_ = false;
    void note(std::int32_t who, const core::Note& note,
              const std::vector<core::NodeId>& replicas = {});
    void cut(std::int32_t broker, std::int64_t to);
    core::BatchTag tag(std::uint32_t producer, std::uint32_t batch) const;
    core::Note partition_note(core::NoteKind kind) const;
    std::int64_t end_of(std::int32_t broker) const;
    std::vector<trace::LogRecord> records_of(std::int32_t broker) const;

    scenario::Scenario scenario_;
    trace::ClusterView view_;
    trace::Ledger ledger_;
    report::MetricsFold metrics_;
    report::Chronicle chronicle_;
    trace::Outcome outcome_;
    std::int64_t now_ns_ = -1'000'000;
    std::uint64_t event_ = 0;
    std::vector<std::uint32_t> next_batch_;
    std::vector<std::int64_t> next_record_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::pair<std::int64_t, std::int64_t>> sent_;
    std::map<std::int32_t, std::vector<Held>> logs_;
    std::unique_ptr<report::History> history_;
    std::unique_ptr<report::Histories> histories_;
    report::Judgement judgement_;
};

}  // namespace test
