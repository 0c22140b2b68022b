/// The `sweep` block, typed: which settings are compared under which faults (SCENARIO_FORMAT 6).
///
/// Rules:
///   R1  Axes are crossed; the first one varies slowest. Variants are one more axis, before all.
///   R2  An entry of `exclude` drops every cell that has all its settings. One of `include` is a
///       cell of its own behind the others; what it does not name is as the file has it.
///   R3  A cell is a list of changes to the document, applied in order after every override: a
///       problem with a value has the place where the value stands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/model.h"
#include "scenarios/value.h"

namespace scenario {

/// A value put at a path, or at a bare Kafka key, as --set does it.
struct Change {
    std::string path;
    Value value;
};

struct SweepAxis {
    std::string label;  ///< where the file has none: the last segment of the path
    std::string path;
    std::vector<Value> values;
};
struct SweepVariant {
    std::string name;
    std::vector<Change> changes;
};
/// Steps that take the place of all the scenario's own.
struct FaultSet {
    std::string name;
    Value steps;
};
/// What one axis is set to; the label is that of an axis, or a path.
struct SweepSetting {
    std::string label;
    Value value;
};

struct Sweep {
    std::vector<SweepAxis> axes;
    std::vector<SweepVariant> variants;
    std::vector<FaultSet> faults;
    std::vector<std::vector<SweepSetting>> exclude;
    std::vector<std::vector<SweepSetting>> include;
    std::optional<std::uint64_t> first_seed;
    std::optional<std::int64_t> seeds;
};

/// Limits of what axes make, and of lists in the block.
inline constexpr std::int64_t kCellsMax = 1'000;
inline constexpr std::size_t kSweepEntriesMax = 1'000;

inline constexpr std::string_view kVariantLabel = "variant";
/// In place of a fault set's name: the scenario's own steps.
inline constexpr std::string_view kOwnSteps = "steps";

struct SweepCell {
    std::vector<SweepSetting> settings;  ///< one for each axis that it has a value of, in order
    std::vector<Change> changes;
};

/// How many cells variants and axes make before `exclude`; at most INT64_MAX.
std::int64_t crossed_cells(const Sweep& sweep);
/// All cells. Costs memory in proportion to crossed_cells.
std::vector<SweepCell> cells_of(const Sweep& sweep);

/// A value as tables show it: texts without quotes, all else as JSON.
std::string value_text(const Value& value);

/// True if a step waits for what the settings under comparison decide: an event or a gauge.
bool depends_on_outcome(const Step& step);

}  // namespace scenario
