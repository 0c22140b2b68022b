/// What stands below the title of a run: its cluster, and the settings that decide.
#pragma once

#include <string>
#include <vector>

#include "reports/layout.h"
#include "scenarios/model.h"

namespace report {

/// Lines for the style's width. The first has what is always worth knowing (brokers, topics, acks,
/// min.insync.replicas, unclean election), with what this Kafka makes of it where that is something
/// else; then, in at most two lines, every other setting that is not the version's default.
std::string run_header(const scenario::Scenario& scenario, const TextStyle& style);

}  // namespace report
