/// The Kafka settings of a scenario that differ from its version's defaults, for reports.
#pragma once

#include <string>
#include <vector>

#include "scenarios/model.h"

namespace scenario {

struct Setting {
    std::string path;           ///< "/producers/p1/config/acks"
    std::string key;            ///< "acks"
    std::string value;          ///< "1"
    std::string default_value;  ///< "all"; empty: Kafka has none
};
/// In the order of the file's blocks: cluster, brokers (what differs from the cluster's), topics,
/// producers; keys sorted within each.
std::vector<Setting> settings(const Scenario& scenario);

}  // namespace scenario
