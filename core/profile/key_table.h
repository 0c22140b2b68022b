/// The rows of kafka-keys.tsv, as the build made them (keys_to_cc.py).
#pragma once

#include <span>
#include <string_view>

#include "core/profile/config.h"

namespace core {

/// One line of the file; see ConfigKey for the columns.
struct KeyRow {
    ConfigScope scope;
    std::string_view name;
    std::string_view type;
    std::string_view first_version;
    std::string_view last_version;
    std::string_view defaults;
    std::string_view values;
    std::string_view broker_key;
};
/// All rows, sorted by (scope, name) in the order of ConfigScope.
std::span<const KeyRow> key_rows();

}  // namespace core
