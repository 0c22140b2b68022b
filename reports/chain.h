/// The chain of a record: from send() to the end of its last copy, in plain sentences.
///
/// Promises: links are in the order they happened; each names the event, the broker it happened on
/// and what it meant for this record; nothing in it is guessed: every link stands on an event of
/// the ledger or the chronicle.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/causes.h"
#include "reports/history.h"
#include "reports/words.h"

namespace report {

struct ChainLink {
    core::TimePoint at;
    trace::EventId event;
    std::string_view name;             ///< "log.append": Kafka's words, as in scenarios
    std::optional<core::NodeId> node;  ///< where it happened
    Text text;                         ///< one sentence
    bool promise = false;              ///< the acknowledgement
    bool last_copy = false;            ///< destroyed the last copy
    bool no_way_back = false;          ///< at or after the point of no return, the first such
};

/// The chain of one record, whatever its fate; `loss` where it is lost.
std::vector<ChainLink> chain_of(const History& history, const Histories& histories,
                                std::uint32_t client, core::RecordNumber number,
                                const std::optional<BatchLoss>& loss);

/// One sentence: why nothing could bring the record back from the point of no return on.
Text why_no_way_back(const History& history, const Histories& histories,
                     const trace::BatchEntry& entry, const BatchLoss& loss);

}  // namespace report
