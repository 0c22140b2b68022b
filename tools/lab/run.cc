#include "tools/lab/run.h"

#include "core/base/text.h"

namespace lab {
namespace {

sim::RunOptions cluster_options(const RunOptions& options) {
    sim::RunOptions out;
    out.check_invariants = options.check_invariants;
    out.sabotage = options.sabotage;
    return out;
}

}  // namespace

trace::Outcome RunResult::run(sim::Cluster& cluster, report::Watchers& watchers) {
    cluster.attach(watchers.metrics);
    cluster.attach(watchers.chronicle);
    return cluster.run();
}

RunResult::RunResult(const scenario::Scenario& scenario, const RunOptions& options)
    : cluster_(scenario, options.seed, cluster_options(options)),
      watchers_(scenario, cluster_.view(), cluster_.ledger()),
      outcome_(run(cluster_, watchers_)),
      histories_(watchers_.chronicle, scenario),
      history_{scenario,          options.seed, cluster_.view(),
               cluster_.ledger(), outcome_,     watchers_.chronicle} {
    // The end state of a broken run says nothing.
    if (outcome_.end == trace::RunEnd::broken) {
        judgement_.exit = report::ExitStatus::bug;
        return;
    }
    judgement_ = report::judge(history_, watchers_.metrics, histories_, options.fail_on);
}

std::optional<std::string> RunResult::failure() const {
    if (outcome_.end != trace::RunEnd::broken) return std::nullopt;
    return outcome_.failure.empty() ? "an invariant broke" : outcome_.failure;
}

std::unique_ptr<RunResult> run_once(const scenario::Scenario& scenario, const RunOptions& options) {
    return std::make_unique<RunResult>(scenario, options);
}

std::optional<std::string> difference_on_repeat(const scenario::Scenario& scenario,
                                                const RunOptions& options, const RunResult& first) {
    sim::Cluster cluster(scenario, options.seed, cluster_options(options));
    const trace::Outcome again = cluster.run();
    if (again.digest == first.outcome().digest && again.events == first.outcome().events)
        return std::nullopt;
    return core::concat("two runs of seed ", options.seed, " differ: ", first.outcome().events,
                        " events and ", again.events, " events, digests ", first.outcome().digest,
                        " and ", again.digest);
}

}  // namespace lab
