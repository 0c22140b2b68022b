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
};
ListRow list_row(const scenario::Scenario& scenario);

std::string list_text(const std::vector<ListRow>& rows, const TextStyle& style);
std::string list_json(const std::vector<ListRow>& rows);
std::string version_json(const std::vector<std::string>& kafka_versions);

}  // namespace report
