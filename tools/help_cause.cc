#include "tools/help_cause.h"

#include <string_view>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "reports/layout.h"
#include "scenarios/library.h"
#include "tools/help_scenario.h"

namespace tool {
namespace {

using core::concat;
using report::Cause;

/// What a team can do about it, in Kafka's words. [LOSS_CATALOGUE, KIP-101, KIP-279, KIP-320,
/// KIP-966]
std::string_view what_helps(Cause cause) {
    switch (cause) {
        case Cause::disk_corrupted:
        case Cause::disk_failed:
            return "acks=all with min.insync.replicas=2: what is acknowledged then lies on a "
                   "second disk; and no unclean election, so that a replica which has it leads";
        case Cause::disk_wiped:
            return "acks=all with min.insync.replicas=2, and a replaced disk filled from the other "
                   "replicas before its broker may lead: eligible leader replicas see to that "
                   "(4.0 with the feature, new 4.1 clusters)";
        case Cause::retention:
            return "retention.ms and retention.bytes that outlast the slowest reader";
        case Cause::unclean_election:
            return "unclean.leader.election.enable=false, no election by hand with --unclean, and "
                   "min.insync.replicas=2, so that writes stop before one replica is all there is";
        case Cause::unfenced_replication:
            return "a version whose fetches are fenced by leader epoch (KIP-320)";
        case Cause::high_watermark_truncation:
            return "a version that truncates by leader epochs, not by the high watermark (KIP-101)";
        case Cause::epoch_lookup_truncation:
            return "a version that looks leader epochs up until both logs agree (KIP-279)";
        case Cause::zombie_leader_ack:
            return "acks=all with min.insync.replicas=2: a leader that was replaced meanwhile "
                   "cannot reach its ISR, so it cannot acknowledge";
        case Cause::isr_of_one_then_failure:
            return "min.insync.replicas=2: the leader refuses a record that it alone would hold";
        case Cause::correlated_power_loss:
            return "replicas that do not lose power together (racks, zones); or flush.messages=1, "
                   "an fsync before each acknowledgement, which costs throughput";
        case Cause::page_cache_lost:
            return "eligible leader replicas (4.0 with the feature, new 4.1 clusters): a broker "
                   "back from an unclean stop does not lead before one that kept its log; or "
                   "flush.messages=1";
        case Cause::planned_leader_move_before_replication:
            return "acks=all: leadership moves within the ISR, and the whole ISR has what was "
                   "acknowledged";
        case Cause::leader_crash_before_replication:
            return "acks=all with min.insync.replicas=2: an acknowledgement then means that the "
                   "next leader has it";
        case Cause::other:
            return "unknown: please report the scenario";
    }
    UNREACHABLE();
}

/// Built-in files write a tag as it is looked for here.
std::string scenarios_of(Cause cause) {
    const std::string tag = concat("\"cause:", report::name(cause), "\"");
    std::string ids;
    for (const scenario::LibraryFile& file : scenario::library()) {
        if (file.bytes.find(tag) == std::string_view::npos) continue;
        if (!ids.empty()) ids += ", ";
        ids += file.id;
    }
    return ids;
}

}  // namespace

std::string cause_help(Cause cause) {
    report::TextStyle style;
    style.width = kHelpWidth;
    const auto row = [&](std::string_view name, std::string_view text) {
        return report::hanging(concat("  ", report::padded_right(name, 8), "  "), text, style);
    };
    std::string out = concat(report::name(cause), ": a cause of loss\n\n");
    out += row("how", report::sentence(cause).en);
    out += row("helps", what_helps(cause));
    if (const std::string ids = scenarios_of(cause); !ids.empty()) out += row("to see", ids);
    out += "\nacklab run ID    acklab explain ID    acklab help causes\n";
    return out;
}

}  // namespace tool
