/// Which settings of a scenario differ from the defaults of its Kafka version.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/model.h"

namespace report {

struct Setting {
    std::string path;                     ///< "/producers/p1/config/acks"
    std::string value;                    ///< as written
    std::optional<std::string> standard;  ///< that version's default; nothing: it has none
};

/// In the order of the scenario: cluster, brokers, topics, producers.
std::vector<Setting> settings_that_differ(const scenario::Scenario& scenario);

}  // namespace report
