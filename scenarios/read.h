/// Reads a scenario file: any bytes in, a checked Scenario or a list of problems out.
///
/// Promises: never throws for any input (only for a bug of ours); names every problem it can find
/// in one go; allocates nothing in proportion to a number that it has not checked against the
/// limits of SCENARIO_FORMAT 2.
///
/// Rules:
///   R1  With an error there is no Scenario; with warnings alone there is.
///   R2  Problems come worst first: errors before warnings, syntax before shape before Kafka's
///       refusals before what is not modelled, then by place. At most 20 are listed.
///   R3  Overrides are applied in order before checking; `seed` and `kafka` win over them.
///   R4  An error that only the overrides cause carries the file name "--set" (or "--kafka").
///   R5  A change that leads nowhere is an error (AL230) at its value.
///   R6  A scenario that extends another has the digest (sha256) of its flat form.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/model.h"
#include "scenarios/problem.h"
#include "scenarios/sweep.h"

namespace scenario {

inline constexpr std::size_t kFileBytesMax = 4'000'000;
inline constexpr std::size_t kProblemsMax = 20;

/// A file, and the name that problems give it.
struct BaseFile {
    std::string name;
    std::string bytes;
};
/// The file that `extends: path` names in the file `from`; nothing, with the reason in `why`, where
/// there is none.
using FindBase = std::function<std::optional<BaseFile>(std::string_view from, std::string_view path,
                                                       std::string& why)>;
/// In the library, by id or by the path relative to `from`.
std::optional<BaseFile> find_base_in_library(std::string_view from, std::string_view path,
                                             std::string& why);

struct ReadOptions {
    std::vector<std::string> set;       ///< "PATH=VALUE" or "KEY=VALUE" (SCENARIO_FORMAT 6)
    std::optional<std::uint64_t> seed;  ///< --seed
    std::optional<std::string> kafka;   ///< --kafka
    /// Applied after all of these, with the places of their values.
    std::vector<Change> changes = {};
    /// Leaves out `lesson`, `expect` and `sweep`, whose words a changed scenario may contradict.
    bool run_only = false;
    FindBase find_base = find_base_in_library;
    bool flat = false;  ///< ReadResult::flat is wanted
    /// The fault set of `sweep` whose steps take the place of the scenario's own, before `set` is
    /// applied (but to /sweep); then `run_only` holds.
    std::optional<std::string> faults = {};
};

/// An override that cannot be applied: exit 2, nothing of the file is judged.
struct UsageError {
    std::string argument;  ///< the whole "PATH=VALUE", or the fault set's name
    std::string message;
    std::string suggestion;  ///< may be empty
    std::string option = "--set";
};

struct ReadResult {
    std::optional<Scenario> scenario;
    Sweep sweep;  ///< where there is a scenario; empty without a `sweep` block
    std::optional<UsageError> usage_error;
    std::vector<Problem> problems;  ///< at most kProblemsMax
    std::size_t errors = 0;         ///< found in all, listed or not
    std::size_t warnings = 0;
    /// If asked for: the scenario with what it extends laid under it, as pure JSON that reads to
    /// the same scenario; without the overrides. Empty if it is no JSON, or a base could not be
    /// read.
    std::string flat;
};

ReadResult read_scenario(std::string_view file_name, std::string_view bytes,
                         const ReadOptions& options = {});

/// The SHA-256 of bytes in lower-case hex.
std::string sha256_hex(std::string_view bytes);

}  // namespace scenario
