/// The reader's parts, one per block of the file. Each fills its part of `Build::scenario`.
///
/// Order matters: later parts resolve ids against what earlier parts have filled in.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/model.h"
#include "scenarios/reading.h"
#include "scenarios/sweep.h"

namespace scenario {

/// Limits of SCENARIO_FORMAT 2.
inline constexpr std::int64_t kNodesMax = 1'000;
inline constexpr std::int64_t kPartitionsMax = 10'000;
inline constexpr std::int64_t kReplicasMax = 1'000'000;  ///< partitions times replicas
inline constexpr std::int64_t kStepsMax = 10'000;
inline constexpr std::int64_t kRecordsMax = 10'000'000;
inline constexpr std::int64_t kValueBytesMax = std::int64_t{1} << 30;  ///< records times size
inline constexpr core::Duration kTimeMax{30LL * 86'400'000'000'000};

/// What the parts share while a scenario is being read.
struct Build {
    Reading& reading;
    At root;
    Scenario scenario;
    /// Names to numbers. A name that was refused is not in it.
    std::map<std::string, TopicNumber, std::less<>> topics;
    std::map<std::string, ProducerNumber, std::less<>> producers;
    std::map<std::string, StepNumber, std::less<>> steps;
    At step_list{nullptr, {}};  ///< the list that `steps` numbers
    /// Places in `step_list` of the steps that were read; those that were refused are not in it.
    std::vector<StepNumber> step_places;
    std::set<std::string, std::less<>> racks;
    std::set<std::string, std::less<>> checkpoints;
    std::int64_t records = 0;      ///< of all producers and produce steps
    std::int64_t value_bytes = 0;  ///< their sizes
    /// Whether a list was read with all its elements. Where it was not, the name of one that was
    /// refused is no second problem.
    bool brokers_whole = true;
    bool topics_whole = true;
    bool producers_whole = true;
    bool steps_whole = true;
    Sweep sweep = {};
    bool compared = false;  ///< one cell of a comparison is read

    const core::Profile& profile() const { return *scenario.kafka.profile; }
    /// The candidates for did-you-mean.
    std::vector<std::string> topic_names() const;
    std::vector<std::string> producer_names() const;
    std::vector<std::string> step_names() const;
    std::vector<std::string> partition_names() const;
};

// ---- blocks (read_*.cc)
void read_kafka(Build& build);
void read_run(Build& build);
void read_cluster(Build& build);
void read_topics(Build& build);
void read_producers(Build& build);
void refuse_consumers(Build& build);
void read_disk(Build& build);
void read_network(Build& build);
void read_steps(Build& build);
void read_expectations(Build& build);
void check_lesson(Build& build);
void read_sweep(Build& build);
/// AL4xx: legal, but probably not what is meant.
void lint(Build& build);

// ---- shared pieces
/// Judges the keys of a `config` object (SCENARIO_FORMAT 1.7) and returns those that count.
core::ConfigMap read_config(Build& build, const At& at, core::ConfigScope scope);
/// Judges the last segment of a path into some `config`, as the key that it will be there.
void check_config_key(Build& build, const At& at, std::string_view path);
/// Reports what Kafka refuses about keys taken together; `at`: the config object.
void report_conflicts(Build& build, const At& at, std::string_view who,
                      const std::vector<core::ConfigProblem>& problems);

std::optional<core::NodeId> read_broker_id(Build& build, const At& at);
std::optional<TopicNumber> read_topic_name(Build& build, const At& at);
std::optional<ProducerNumber> read_producer_id(Build& build, const At& at);
/// "orders-0".
std::optional<core::PartitionId> read_partition_name(Build& build, const At& at);
/// The id of a step.
std::optional<StepNumber> read_step_id(Build& build, const At& at);
/// A target object; what is not modelled is refused by name.
std::optional<Target> read_target(Build& build, const At& at);
/// What degrade and slowDisk do, the latter's `target` read already.
std::optional<Action> read_degrade(Build& build, const Fields& step);
std::optional<Action> read_slow_disk(Build& build, const Fields& step,
                                     const std::optional<Target>& target);
/// `loss`: a share below 1.
std::optional<core::Ratio> read_loss(Build& build, const At& at);
/// The `messages` of holdMessages and dropMessages.
std::optional<MessageChoice> read_messages(Build& build, const Fields& step);
/// Condition without its top-level keys (armed, timeout, onTimeout), which are allowed if
/// `top_level` and left to the caller.
std::optional<Condition> read_condition(Build& build, const At& at, bool top_level);
/// The `when` of a step or a checkpoint.
std::optional<WhenTrigger> read_when(Build& build, const At& at);
/// One step; `ids` are those that heal, after and when may name.
std::optional<Step> read_step(Build& build, const At& at);
/// Ids of a list of steps, with duplicates reported, into `Build::steps`.
void collect_step_ids(Build& build, const At& list);
/// One metric test of `expect`, rightIf and answer. Tests are required unless `answer`.
std::optional<Expect> read_expect(Build& build, const At& at, bool answer);

}  // namespace scenario
