#include "sim/trace/digest.h"

namespace trace {

void Digest::add(core::TimePoint at, const WorldEvent& event) {
    const auto offset = [](std::optional<core::Offset> value) {
        return value ? word(value->value()) + 1 : 0;
    };
    add(word(at.time_since_epoch().count()));
    add((static_cast<std::uint64_t>(event.kind) << 40) ^ 0xffff000000000000ULL);
    add(event.node ? word(*event.node) + 1 : 0);
    add(event.partition ? std::uint64_t{event.partition->value()} + 1 : 0);
    add(offset(event.first));
    add(offset(event.end));
    add(word(event.value));
}

}  // namespace trace
