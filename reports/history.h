/// A finished history: everything a judge may look at. References only; all outlive it.
///
/// Nothing here says that the history was simulated: one written down from a real Kafka has the
/// same parts.
#pragma once

#include "reports/chronicle.h"
#include "reports/words.h"
#include "scenarios/model.h"
#include "sim/trace/ledger.h"
#include "sim/trace/outcome.h"
#include "sim/trace/view.h"

namespace report {

struct History {
    const scenario::Scenario& scenario;
    std::uint64_t seed;
    const trace::ClusterView& view;
    const trace::Ledger& ledger;
    const trace::Outcome& outcome;
    const Chronicle& chronicle;
};

/// What a producer's configuration asks for: 0, 1, -1 (all).
int acks_of(const scenario::Scenario& scenario, std::uint32_t producer);
/// The value a producer really has for a key: its own, else the version's default ("" if none).
std::string producer_setting(const scenario::Scenario& scenario, std::uint32_t producer,
                             std::string_view key);
/// The value a topic really has: its own, else the broker's, else the version's default.
std::string topic_setting(const scenario::Scenario& scenario, std::uint32_t topic,
                          std::string_view key);
/// How many replicas min.insync.replicas really asks for: from 3.7 on at most those there are.
std::int64_t needed_in_sync(const scenario::Scenario& scenario, std::int64_t min_insync_replicas,
                            std::size_t replicas);
/// The outcome of a partition; nothing if the audit has none.
const trace::PartitionOutcome* find_partition(const trace::Outcome& outcome, core::PartitionId id);
/// What a step says of itself.
Text text_of(const trace::Remark& remark);
/// "p1#7".
std::string record_name(const scenario::Scenario& scenario, std::uint32_t client,
                        core::RecordNumber number);
/// The record as its value shows it: "p1#7 order-7", or its id alone.
std::string shown_record(const scenario::Scenario& scenario, std::uint32_t client,
                         core::RecordNumber number);

}  // namespace report
