/// Whom a step means, resolved against the cluster as it is committed now.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/ids.h"
#include "scenarios/model.h"
#include "sim/trace/view.h"
#include "sim/world.h"

namespace sim {

/// The nodes of a target, in id order before `pick`; empty where there is none (a partition without
/// a leader). `draw` decides `pick: one`, minority and majority; it is keyed by the step's id.
std::vector<core::NodeId> resolve(const scenario::Target& target,
                                  const scenario::Scenario& scenario,
                                  const trace::ClusterView& view, const World& world,
                                  std::uint64_t draw);

}  // namespace sim
