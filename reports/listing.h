/// What `list` and `version` print: the scenarios that are built in, and what can be run.
#pragma once

#include <string>
#include <vector>

#include "reports/layout.h"
#include "scenarios/model.h"

namespace report {

/// One scenario of a list.
struct ListRow {
    std::string id;
    scenario::Text title;
    std::vector<std::string> tags;
    std::string level;         ///< of its lesson; empty: it is no lesson
    std::int64_t minutes = 0;  ///< likewise
    std::string kafka;
    std::string group;                 ///< of the catalogue: its tag group:A is "A"; else empty
    std::vector<std::string> causes;   ///< its tags cause:..., how it loses
    std::vector<std::string> sources;  ///< its tags source:..., where it comes from
};
ListRow list_row(const scenario::Scenario& scenario);

/// Lessons first, then the catalogue by its groups, then what was held against real brokers.
std::string list_text(const std::vector<ListRow>& rows, const TextStyle& style);
std::string list_json(const std::vector<ListRow>& rows);
std::string version_json(const std::vector<std::string>& kafka_versions);

}  // namespace report
