/// Which messages a step means by its `messages`. [SCENARIO_FORMAT 3, holdMessages]
#pragma once

#include "core/base/ids.h"
#include "core/protocol/messages.h"
#include "sim/trace/view.h"
#include "sim/world.h"

namespace sim {

/// Whether a message that `sender` sent to `receiver` is one of them. An incremental fetch asks for
/// every partition of its session, named or not: for those that the receiver leads and the sender
/// follows, as committed.
bool matches(const MessageFilter& filter, const trace::ClusterView& view, core::NodeId sender,
             core::NodeId receiver, const core::Message& message);

}  // namespace sim
