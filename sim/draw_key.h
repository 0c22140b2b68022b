/// What names a node in a keyed draw (core/base/random.h).
#pragma once

#include <cstdint>

#include "core/base/ids.h"

namespace sim {

/// The node's id as 32 bits: part of the identity of what is drawn for it.
constexpr std::uint64_t draw_key(core::NodeId node) {
    return static_cast<std::uint32_t>(node.value());
}

}  // namespace sim
