/// Overrides: `--set PATH=VALUE`, and bare Kafka keys (SCENARIO_FORMAT 6, Paths and --set).
///
/// Rules:
///   R1  Split at the first '='. VALUE is JSON if it parses, else a text.
///   R2  List segments are an id, a name, or '*'; '*' stands for every member of an object too.
///   R3  All but the last segment must exist; a '*' that matches nothing is an error.
///   R4  A bare Kafka key goes to all producers (a producer key), else to all topics (a topic key,
///       also where a broker key has that name), else to cluster.config.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scenarios/read.h"
#include "scenarios/value.h"

namespace scenario {

/// Applies one override; nothing if it worked. `source`: the number of the override's text.
std::optional<UsageError> apply_override(Value& root, std::string_view argument,
                                         std::uint32_t source);

/// The same with the value as it is; `argument` is what an error names.
std::optional<UsageError> set_value(Value& root, std::string_view argument, std::string_view path,
                                    const Value& value);

/// Sets a value at a path of plain keys whose parents exist; false if they do not.
bool set_plain(Value& root, std::string_view parent, std::string_view key, const Value& value);

/// Why a path does not lead to a place that can be set, and what to write instead (may be empty).
struct PathProblem {
    std::string message;
    std::string suggestion;
};
/// Of a path, or of a bare Kafka key, as a sweep names it; nothing if it can be set.
std::optional<PathProblem> path_problem(const Value& root, std::string_view path);

/// The path that stands for a bare Kafka key: "/producers/*/config/acks". A path stays as it is.
std::string full_path(std::string_view path);

}  // namespace scenario
