/// What a change of the scenario would have made of a lost record: the same seed, run once more.
///
/// Rules:
///   R1  A record counts as saved only if it is acknowledged and present in the other run. What was
///       never acknowledged there is not saved, but its client knew. Where others are lost there,
///       that is an answer of its own, and the change is none that helps.
///   R2  A run in which a step of the first run did not fire proves nothing: no claim.
///   R3  Every sentence says what happened in the other run; none is drawn from settings alone.
///   R4  Where a step came at another moment or met others than in the first run, that is said: the
///       faults were not the same.
///   R5  Costs are differences of the two runs, never less than nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/judge.h"
#include "reports/words.h"
#include "scenarios/problem.h"

namespace report {

/// One finished run. References only; all outlive it.
struct JudgedRun {
    const History& history;
    const Judgement& judgement;
    const Histories& histories;
};

/// Best first.
enum class Answer : std::uint8_t {
    saved,         ///< acknowledged and present, and no other is lost
    not_all,       ///< acknowledged and present, and others are lost
    not_promised,  ///< not acknowledged: the client knew
    out_of_reach,  ///< acknowledged, on a disk, not readable at the audit
    lost_again,    ///< acknowledged and gone
    no_claim,      ///< a fault of the first run never came about, or the record was not sent
    refused,       ///< Kafka refuses the setting: no run
    impossible,    ///< there is nothing to change: no run
};
inline constexpr int kAnswers = static_cast<int>(Answer::impossible) + 1;
/// "saved", "not-promised", ...: of JSON.
std::string_view name(Answer answer);
/// The same for people.
Text words(Answer answer);

/// For people; `others`: acknowledged records that are lost there, beside this one.
Text words(Answer answer, std::int64_t others);

/// What the other run pays more than the first; zero where it pays less.
struct Cost {
    core::Duration unavailable{0};  ///< of writes
    std::int64_t refused = 0;       ///< records without an acknowledgement
    core::Duration p99{0};          ///< of the latency of acknowledgements
    core::Duration p50{0};
    bool none() const;
    friend bool operator==(const Cost&, const Cost&) = default;
};
Cost cost_of(const Measures& first, const Measures& other);
/// "costs 2.1ms of ack latency at p99", "costs nothing here".
Text words(const Cost& cost);

/// One change and what came of it.
struct Counterfactual {
    std::string change;  ///< an argument of --set: "/producers/*/config/acks=all"
    Text label;          ///< "acks=all", "one more replica (on b4)"
    Answer answer = Answer::impossible;
    std::optional<Verdict> verdict = std::nullopt;  ///< nothing: there was no run
    std::optional<Cost> cost = std::nullopt;        ///< likewise, and where there is no claim
    std::int64_t others_lost = 0;                   ///< acknowledged records but this one
    /// Steps whose condition did not come there, done at the moment of the first run instead.
    std::vector<std::string> pinned = {};
    /// Steps that came at another moment there, or met others.
    std::vector<std::string> moved = {};
    Text because;
};
/// The cost for people; empty where "nothing" would mislead: only what saved can be for nothing.
Text shown_cost(const Counterfactual& one);

/// The same run without one step: was that step needed for the loss?
struct Branch {
    std::string step;
    Answer answer = Answer::no_claim;
    std::optional<Verdict> verdict = std::nullopt;
    std::vector<std::string> pinned = {};
    std::vector<std::string> moved = {};
    Text because;
    /// Without it the record is not lost.
    bool needed() const { return answer < Answer::lost_again; }
};

struct WhatIfs {
    std::vector<Counterfactual> counterfactuals;  ///< sorted: see sort_answers
    std::vector<Branch> branches;                 ///< in the order of the file
    std::size_t branches_left_out = 0;            ///< steps that were not tried
};

/// Steps that did in the first run what they did not do in the other.
std::vector<std::size_t> missing_steps(const JudgedRun& first, const JudgedRun& other);
/// Steps that fired in both at different moments, or met others.
std::vector<std::size_t> moved_steps(const JudgedRun& first, const JudgedRun& other);
/// What became of the record in the other run, whatever became of others; no claim where a step is
/// missing.
Answer answer_of(const JudgedRun& first, const JudgedRun& other, std::uint32_t client,
                 core::RecordNumber number);
/// One sentence from what happened to the record there; `pinned`: see Counterfactual.
Text because_of(const JudgedRun& first, const JudgedRun& other, std::uint32_t client,
                core::RecordNumber number, const std::vector<std::string>& pinned);

/// Why Kafka, or acklab, does not take a setting.
Text refusal(const scenario::Problem& problem);

/// Saved first, then the cheapest: time without writes, then records refused, then latency.
void sort_answers(std::vector<Counterfactual>& all);
/// The cheapest change that saved it and lost no other; nothing if none did. `all` is sorted.
const Counterfactual* cheapest(const std::vector<Counterfactual>& all);

}  // namespace report
