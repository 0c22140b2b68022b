/// The fate of every produced record, from what the client was told and what the audit read.
///
/// Promises:
///   R1  Every record has exactly one fate; the six counts sum to `sent`.  [SCENARIO_FORMAT 5]
///   R2  Presence is decided by the records' own words (their values), wherever they stand, so
///       duplicates and reordering are seen without trusting the protocol.
///   R3  A record is stranded only if a disk holds it: its partition has no live leader at the
///       audit, or the leader's own log has it where the audit's reader could not get.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "reports/history.h"
#include "reports/words.h"

namespace report {

enum class Fate : std::uint8_t {
    kept,      ///< acked, or acks=0, and present
    lost,      ///< acked, absent, not stranded
    stranded,  ///< acked, out of reach at the audit, on a disk
    refused,   ///< failed to the client, and absent
    ghost,     ///< failed or pending, and present
    unknown,   ///< pending or acks=0, and absent
};
inline constexpr int kFates = static_cast<int>(Fate::unknown) + 1;
std::string_view name(Fate fate);
/// The name for people.
Text words(Fate fate);
/// One plain sentence: what the fate means.
Text meaning(Fate fate);

/// How the client was told about one record.
struct RecordOutcome {
    trace::ClientOutcome outcome = trace::ClientOutcome::pending;
    core::ErrorCode error = core::ErrorCode::none;
    std::optional<core::Offset> offset;  ///< of an acknowledgement
};

struct RecordFate {
    Fate fate = Fate::unknown;
    std::uint32_t copies = 0;   ///< in what the audit read
    std::uint32_t holders = 0;  ///< replicas whose log has it
    bool thin = false;
    bool reordered = false;
    bool twice() const { return copies > 1; }
};

/// By client, then by record number.
using Fates = std::vector<std::vector<RecordFate>>;

RecordOutcome outcome_of(const History& history, std::uint32_t client, core::RecordNumber number);
Fates judge_fates(const History& history);

}  // namespace report
