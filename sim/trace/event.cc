#include "sim/trace/event.h"

namespace trace {

std::string_view name(WorldKind kind) {
    switch (kind) {
        case WorldKind::step_start:
            return "step.start";
        case WorldKind::step_end:
            return "step.end";
        case WorldKind::step_missed:
            return "step.missed";
        case WorldKind::process_start:
            return "process.start";
        case WorldKind::process_exit:
            return "process.exit";
        case WorldKind::process_crash:
            return "process.crash";
        case WorldKind::process_pause:
            return "process.pause";
        case WorldKind::process_resume:
            return "process.resume";
        case WorldKind::disk_lost:
            return "disk.lost";
        case WorldKind::disk_wiped:
            return "disk.wiped";
        case WorldKind::run_end:
            return "run.end";
        case WorldKind::audit:
            return "audit";
        case WorldKind::net_drop:
            return "net.drop";
        case WorldKind::disk_error:
            return "disk.error";
    }
    return "unknown";
}

}  // namespace trace
