#include "tools/lab/what_if.h"

#include <algorithm>
#include <functional>

#include "core/base/assert.h"
#include "core/base/text.h"

namespace lab {
namespace {

using core::concat;
using report::Answer;
using report::Branch;
using report::Counterfactual;
using report::JudgedRun;
using report::say;
using report::Text;
using scenario::Scenario;

/// One run of a changed scenario. The scenario stays where it is: the run refers to it.
struct Trial {
    std::unique_ptr<const Scenario> scenario;
    std::unique_ptr<const RunResult> run;
    std::vector<std::string> pinned;
    JudgedRun judged() const { return {run->history(), run->judgement(), run->histories()}; }
};

/// A setting to change.
struct Change {
    std::vector<std::string> arguments;  ///< of --set; the first that has the effect is taken
    Text label;
    std::function<bool(const Scenario&)> holds;  ///< true where the setting is so already
    std::optional<std::string> kafka = std::nullopt;
    Text impossible = {};  ///< why there is nothing to run
};

class Laboratory {
  public:
    Laboratory(const Original& original, const RunResult& first, std::uint32_t client,
               core::RecordNumber number)
        : original_(original),
          scenario_(first.history().scenario),
          first_{first.history(), first.judgement(), first.histories()},
          client_(client),
          number_(number),
          partition_(first.history()
                         .ledger.records(client)[static_cast<std::size_t>(number.value())]
                         .partition),
          topic_(scenario_.topic_of(partition_)) {}

    report::WhatIfs make() {
        report::WhatIfs out;
        for (const Change& change : changes())
            if (!change.holds(scenario_)) out.counterfactuals.push_back(try_change(change));
        report::sort_answers(out.counterfactuals);
        for (std::size_t i = 0; i < scenario_.steps.size(); ++i) {
            const scenario::Action& action = scenario_.steps[i].action;
            // Without a step that sends, the record would have another number.
            if (std::holds_alternative<scenario::NoteAction>(action) ||
                std::holds_alternative<scenario::ProduceAction>(action) ||
                !first_.history.outcome.steps[i].fired)
                continue;
            if (out.branches.size() == kMostBranches)
                ++out.branches_left_out;
            else
                out.branches.push_back(try_without(i));
        }
        return out;
    }

  private:
    // ---- what is changed ------------------------------------------------------------------------

    std::vector<Change> changes() const {
        const scenario::TopicNumber topic = topic_;
        const std::uint32_t client = client_;
        const auto has = [topic](std::string_view key, std::string_view value) {
            return [topic, key, value](const Scenario& s) {
                return report::topic_setting(s, topic, key) == value;
            };
        };
        const auto idempotent = [client](const Scenario& s) {
            std::vector<core::ConfigProblem> problems;
            return core::resolve_producer(*s.kafka.profile, s.producers[client].config, problems)
                .enable_idempotence;
        };
        const auto min_isr = [topic](const Scenario& s) {
            return core::parse_int(report::topic_setting(s, topic, "min.insync.replicas"))
                       .value_or(1) >= 2;
        };
        return {setting("producers", "acks", "all",
                        [client](const Scenario& s) { return report::acks_of(s, client) == -1; }),
                setting("topics", "min.insync.replicas", "2", min_isr),
                setting("topics", "unclean.leader.election.enable", "false",
                        has("unclean.leader.election.enable", "false")),
                setting("topics", "flush.messages", "1", has("flush.messages", "1")),
                one_more_replica(),
                setting("producers", "enable.idempotence", "true", idempotent),
                eligible_replicas(),
                newest_version()};
    }

    static Change setting(std::string_view block, std::string_view key, std::string_view value,
                          std::function<bool(const Scenario&)> holds) {
        const std::string bare = concat(key, "=", value);
        return Change{
            {concat("/", block, "/*/config/", bare), bare}, report::same(bare), std::move(holds)};
    }

    Change one_more_replica() const {
        const auto& replicas = scenario_.partition(partition_).replicas;
        const std::size_t count = replicas.size();
        Change change{{},
                      say("one more replica", "多一个副本"),
                      [partition = partition_, count](const Scenario& s) {
                          return s.partition(partition).replicas.size() > count;
                      }};
        if (const auto list = one_more_for_each()) {
            const std::string topic = concat("/topics/", scenario_.topics[topic_].name);
            change.arguments = {concat(topic, "/replicationFactor=", count + 1),
                                concat(topic, "/partitions=[", *list, "]")};
            return change;
        }
        change.impossible = say("every broker has a replica already: there is no broker for it",
                                "每个 broker 上都已有副本，没有多余的 broker");
        return change;
    }

    /// Every partition of the topic with a broker more; nothing if some partition has none left.
    std::optional<std::string> one_more_for_each() const {
        std::vector<std::string> partitions;
        for (const scenario::Partition& partition : scenario_.topics[topic_].partitions) {
            std::string list;
            for (const core::NodeId broker : partition.replicas)
                list += concat(broker.value(), ",");
            const auto free = std::find_if(
                scenario_.cluster.brokers.begin(), scenario_.cluster.brokers.end(),
                [&](const scenario::BrokerSpec& broker) {
                    return std::find(partition.replicas.begin(), partition.replicas.end(),
                                     broker.id) == partition.replicas.end();
                });
            if (free == scenario_.cluster.brokers.end()) return std::nullopt;
            partitions.push_back(
                concat("{\"id\":", partition.id, ",\"replicas\":[", list, free->id.value(), "]}"));
        }
        return core::join(partitions, ",");
    }

    /// Where that Kafka has the feature (4.0 on).
    static Change eligible_replicas() {
        constexpr std::string_view kLevel = "\"eligible.leader.replicas.version\":1";
        return Change{{"/kafka/features/eligible.leader.replicas.version=1",
                       concat("/kafka/features={", kLevel, "}"),
                       concat("/kafka={\"features\":{", kLevel, "}}")},
                      say("ELR on", "开启 ELR"),
                      [](const Scenario& s) {
                          return !s.kafka.profile->elr_supported || s.kafka.elr_level > 0;
                      }};
    }

    static Change newest_version() {
        const core::Profile& newest = core::all_profiles().back();
        Change change{{concat("/kafka/version=\"", newest.version, "\"")},
                      say("Kafka {0}", "换成 Kafka {0}", newest.version),
                      [&newest](const Scenario& s) { return s.kafka.profile == &newest; }};
        change.kafka = std::string(newest.version);
        return change;
    }

    // ---- trying it ------------------------------------------------------------------------------

    Counterfactual try_change(const Change& change) const {
        Counterfactual out;
        out.label = change.label;
        out.because = change.impossible;
        for (const std::string& argument : change.arguments) {
            scenario::ReadOptions options = original_.options;
            options.set.push_back(argument);
            if (change.kafka) options.kafka = change.kafka;
            scenario::ReadResult read =
                scenario::read_scenario(original_.file, original_.bytes, options);
            out.change = argument;
            if (read.scenario && change.holds(*read.scenario)) {
                judge(run(std::move(*read.scenario)), out);
                return out;
            }
            if (read.usage_error)
                out.because = report::same(read.usage_error->message);
            else if (!read.scenario)
                refuse(read, out);
        }
        return out;
    }

    static void refuse(const scenario::ReadResult& read, Counterfactual& out) {
        for (const scenario::Problem& problem : read.problems) {
            if (problem.severity != scenario::Severity::error) continue;
            out.because = report::refusal(problem);
            out.answer = problem.code.substr(0, 3) == "AL3" ? Answer::refused : Answer::impossible;
            return;
        }
    }

    void judge(const Trial& trial, Counterfactual& out) const {
        const JudgedRun other = trial.judged();
        out.answer = report::answer_of(first_, other, client_, number_);
        out.verdict = other.judgement.verdict;
        out.pinned = trial.pinned;
        out.moved = moved(other);
        out.because = report::because_of(first_, other, client_, number_, trial.pinned);
        if (out.answer == Answer::no_claim) return;
        out.others_lost = other.judgement.measures.count(report::Fate::lost) -
                          (out.answer == Answer::lost_again ? 1 : 0);
        if (out.answer == Answer::saved && out.others_lost > 0) out.answer = Answer::not_all;
        out.cost = report::cost_of(first_.judgement.measures, other.judgement.measures);
    }

    std::vector<std::string> moved(const JudgedRun& other) const {
        std::vector<std::string> names;
        for (const std::size_t step : report::moved_steps(first_, other))
            names.push_back(scenario_.steps[step].id);
        return names;
    }

    Branch try_without(std::size_t step) const {
        Scenario changed = scenario_;
        // A note in its place keeps what others say about it.
        changed.steps[step].action = scenario::NoteAction{};
        changed.steps[step].lasting = scenario::UntilHealed{};
        const Trial trial = run(std::move(changed));
        const JudgedRun other = trial.judged();
        Branch out;
        out.step = scenario_.steps[step].id;
        out.answer = report::answer_of(first_, other, client_, number_);
        out.verdict = other.judgement.verdict;
        out.pinned = trial.pinned;
        out.moved = moved(other);
        out.because = report::because_of(first_, other, client_, number_, trial.pinned);
        return out;
    }

    /// Where a condition does not come, the step is done at the moment of the first run: the same
    /// fault.
    Trial run(Scenario changed) const {
        Trial trial = run_as_is(std::move(changed));
        Scenario pinned = *trial.scenario;
        std::vector<std::string> names;
        for (const std::size_t step : report::missing_steps(first_, trial.judged())) {
            if (!std::holds_alternative<scenario::WhenTrigger>(pinned.steps[step].trigger))
                continue;
            const core::TimePoint at = first_.history.outcome.steps[step].at;
            pinned.steps[step].trigger =
                scenario::AtTrigger{scenario::Distribution(at.time_since_epoch())};
            names.push_back(pinned.steps[step].id);
        }
        if (names.empty()) return trial;
        Trial again = run_as_is(std::move(pinned));
        again.pinned = std::move(names);
        return again;
    }

    Trial run_as_is(Scenario changed) const {
        Trial trial;
        trial.scenario = std::make_unique<const Scenario>(std::move(changed));
        RunOptions options;
        options.seed = first_.history.seed;
        trial.run = run_once(*trial.scenario, options);
        if (const auto failure = trial.run->failure()) throw core::AssertionFailure(*failure);
        return trial;
    }

    const Original& original_;
    const Scenario& scenario_;
    JudgedRun first_;
    std::uint32_t client_;
    core::RecordNumber number_;
    core::PartitionId partition_;
    scenario::TopicNumber topic_;
};

}  // namespace

report::WhatIfs what_if(const Original& original, const RunResult& first, std::uint32_t client,
                        core::RecordNumber number) {
    return Laboratory(original, first, client, number).make();
}

}  // namespace lab
