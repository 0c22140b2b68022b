#include "tools/lab/sweep.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/base/assert.h"
#include "reports/judge.h"
#include "reports/verdict.h"
#include "sim/cluster.h"

namespace lab {
namespace {

constexpr std::chrono::milliseconds kBetweenReports{100};

std::int32_t narrow(std::int64_t count) {
    ASSERT(count >= 0);
    ASSERT(count <= INT32_MAX);
    return static_cast<std::int32_t>(count);
}

/// Steps that may be skipped are no fault that came about when all of them were.
bool any_step_fired(const trace::Outcome& outcome) {
    return outcome.steps.empty() ||
           std::ranges::any_of(outcome.steps, [](const auto& step) { return step.fired; });
}

/// What the scenario itself asks for, and no fault.
bool is_fault(const scenario::Step& step) {
    return !std::holds_alternative<scenario::NoteAction>(step.action) &&
           !std::holds_alternative<scenario::ProduceAction>(step.action);
}

/// Of the records sent, those of the first fault's moment or later; all where there is none.
void count_sends(const report::History& history, report::RunSummary& out) {
    std::optional<core::TimePoint> first;
    bool any_fault = false;
    for (std::size_t i = 0; i < history.outcome.steps.size(); ++i) {
        const trace::StepOutcome& step = history.outcome.steps[i];
        if (!is_fault(history.scenario.steps[i])) continue;
        any_fault = true;
        if (step.fired && (!first || step.at < *first)) first = step.at;
    }
    std::int64_t since = 0;
    std::int64_t sent = 0;
    for (std::uint32_t client = 0; client < history.ledger.client_count(); ++client)
        for (const trace::RecordEntry& record : history.ledger.records(client)) {
            ++sent;
            if (!any_fault || (first && record.sent_at >= *first)) ++since;
        }
    out.sent = narrow(sent);
    out.sent_since_fault = narrow(since);
}

/// What the workers share.
class Pool {
  public:
    Pool(const SweepPlan& plan, const std::atomic<bool>& stop) : plan_(plan), stop_(stop) {
        total_ = static_cast<std::int64_t>(plan.scenarios.size()) * plan.seeds;
        result_.runs.resize(plan.scenarios.size());
        for (auto& runs : result_.runs) runs.resize(static_cast<std::size_t>(plan.seeds));
    }

    SweepResult run(const std::function<void(const SweepProgress&)>& progress) {
        const auto most = static_cast<std::size_t>(std::max<std::int64_t>(total_, 1));
        const std::size_t workers = std::clamp<std::size_t>(plan_.workers, 1, most);
        working_ = workers;
        std::vector<std::thread> threads;
        threads.reserve(workers);
        start(threads, workers);
        for (bool all_done = false; !all_done;) {
            std::unique_lock lock(mutex_);
            all_done = idle_.wait_for(lock, kBetweenReports, [this] { return working_ == 0; });
            lock.unlock();
            progress(SweepProgress{done_.load(), total_, lossy_.load()});
        }
        for (std::thread& thread : threads) thread.join();
        result_.complete = done_.load() == total_;
        return std::move(result_);
    }

  private:
    /// As many as the system gives; throws std::system_error where it gives none.
    void start(std::vector<std::thread>& threads, std::size_t workers) {
        try {
            while (threads.size() < workers) threads.emplace_back([this] { work(); });
        } catch (const std::system_error&) {
            if (threads.empty()) throw;
            const std::lock_guard lock(mutex_);
            working_ -= workers - threads.size();
        }
    }

    void work() {
        while (!stop_.load() && !failed_.load()) {
            const std::int64_t index = next_.fetch_add(1);
            if (index >= total_) break;
            run_one(static_cast<std::size_t>(index));
        }
        const std::lock_guard lock(mutex_);
        --working_;
        idle_.notify_all();
    }

    void run_one(std::size_t index) {
        const std::size_t which = index % plan_.scenarios.size();
        const std::size_t place = index / plan_.scenarios.size();
        const std::uint64_t seed = plan_.first_seed + place;
        try {
            const report::RunSummary summary = summarize(*plan_.scenarios[which], seed);
            result_.runs[which][place] = summary;
            if (summary.count(report::Fate::lost) > 0) lossy_.fetch_add(1);
            done_.fetch_add(1);
        } catch (const std::exception& error) {
            failed_.store(true);
            const std::lock_guard lock(mutex_);
            if (!result_.failure || index < failed_index_) {
                failed_index_ = index;
                result_.failure = SweepFailure{which, seed, error.what()};
            }
        }
    }

    const SweepPlan& plan_;
    const std::atomic<bool>& stop_;
    std::int64_t total_ = 0;
    std::atomic<std::int64_t> next_{0};
    std::atomic<std::int64_t> done_{0};
    std::atomic<std::int64_t> lossy_{0};
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    std::condition_variable idle_;
    std::size_t working_ = 0;
    std::size_t failed_index_ = 0;
    SweepResult result_;
};

}  // namespace

report::RunSummary summarize(const scenario::Scenario& scenario, std::uint64_t seed,
                             trace::Observer* watcher) {
    sim::Cluster cluster(scenario, seed, sim::RunOptions{});
    report::Watchers watchers(scenario, cluster.view(), cluster.ledger());
    cluster.attach(watchers.metrics);
    if (watcher != nullptr) cluster.attach(*watcher);
    const trace::Outcome outcome = cluster.run();
    if (outcome.end == trace::RunEnd::broken)
        throw core::AssertionFailure(outcome.failure.empty() ? "an invariant broke"
                                                             : outcome.failure);
    const report::History history{scenario,         seed,    cluster.view(),
                                  cluster.ledger(), outcome, watchers.chronicle};
    watchers.metrics.finish();
    const report::Measures measures =
        report::measure(history, report::judge_fates(history), watchers.metrics, report::Filter{});
    report::RunSummary out;
    out.done = true;
    out.capped = outcome.end == trace::RunEnd::event_cap;
    const bool inconclusive = !report::reasons_inconclusive(history).empty();
    out.fired = !inconclusive && report::failed_steps(history).empty() && any_step_fired(outcome);
    out.verdict = report::judge_verdict(measures, inconclusive);
    for (int i = 0; i < report::kFates; ++i)
        out.fates[static_cast<std::size_t>(i)] = narrow(measures.by_fate[i]);
    out.duplicates = narrow(measures.duplicates);
    out.acks0_lost = narrow(measures.acks0_lost);
    count_sends(history, out);
    out.unavailable_write = measures.unavailable_write;
    if (measures.latency_p50) out.latency_p50 = *measures.latency_p50;
    if (measures.latency_p99) out.latency_p99 = *measures.latency_p99;
    out.digest = outcome.digest;
    return out;
}

SweepResult run_sweep(const SweepPlan& plan, const std::atomic<bool>& stop,
                      const std::function<void(const SweepProgress&)>& progress) {
    ASSERT(plan.seeds >= 1);
    return Pool(plan, stop).run(progress);
}

}  // namespace lab
