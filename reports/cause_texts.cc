#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "reports/causes.h"

namespace report {
namespace {

/// True if a step asks for an unclean election.
bool elects_by_step(const scenario::Scenario& s) {
    return std::any_of(s.steps.begin(), s.steps.end(), [](const scenario::Step& step) {
        const auto* elect = std::get_if<scenario::ElectLeaderAction>(&step.action);
        return elect != nullptr && elect->unclean;
    });
}

}  // namespace

std::string_view name(Cause cause) {
    switch (cause) {
        case Cause::disk_corrupted:
            return "disk-corrupted";
        case Cause::disk_failed:
            return "disk-failed";
        case Cause::disk_wiped:
            return "disk-wiped";
        case Cause::retention:
            return "retention";
        case Cause::unclean_election:
            return "unclean-election";
        case Cause::unfenced_replication:
            return "unfenced-replication";
        case Cause::high_watermark_truncation:
            return "high-watermark-truncation";
        case Cause::epoch_lookup_truncation:
            return "epoch-lookup-truncation";
        case Cause::zombie_leader_ack:
            return "zombie-leader-ack";
        case Cause::isr_of_one_then_failure:
            return "isr-of-one-then-failure";
        case Cause::correlated_power_loss:
            return "correlated-power-loss";
        case Cause::page_cache_lost:
            return "page-cache-lost";
        case Cause::planned_leader_move_before_replication:
            return "planned-leader-move-before-replication";
        case Cause::leader_crash_before_replication:
            return "leader-crash-before-replication";
        case Cause::other:
            return "other";
    }
    UNREACHABLE();
}

std::string_view sentence(Cause cause) {
    switch (cause) {
        case Cause::disk_corrupted:
            return "stored bytes were damaged, and recovery cut the log there";
        case Cause::disk_failed:
            return "the disk that holds the last copy failed";
        case Cause::disk_wiped:
            return "the disk that held the deciding copy was replaced by an empty one";
        case Cause::retention:
            return "retention deleted it";
        case Cause::unclean_election:
            return "an unclean election made a replica the leader that did not have it";
        case Cause::unfenced_replication:
            return "the leader counted a fetch of a follower of another epoch";
        case Cause::high_watermark_truncation:
            return "an ISR member cut its log to its own high watermark, then led";
        case Cause::epoch_lookup_truncation:
            return "an ISR member cut it although its leader had it, then led";
        case Cause::zombie_leader_ack:
            return "a broker that no longer was the leader acknowledged it";
        case Cause::isr_of_one_then_failure:
            return "the ISR had one member when it was acknowledged, and that one failed";
        case Cause::correlated_power_loss:
            return "two or more replicas lost it to a loss of power before it was on a disk";
        case Cause::page_cache_lost:
            return "a replica lost it to a loss of power before it was on its disk, then led";
        case Cause::planned_leader_move_before_replication:
            return "leadership was moved to a replica that had not fetched it yet";
        case Cause::leader_crash_before_replication:
            return "the leader failed before the next leader had fetched it";
        case Cause::other:
            return "no cause of the closed list fits: a gap of this explainer";
    }
    UNREACHABLE();
}

std::string_view sentence(const BatchLoss& loss) {
    if (loss.cause == Cause::leader_crash_before_replication && loss.cut_off)
        return "the leader was cut off and replaced before the next leader had fetched it";
    return sentence(loss.cause);
}

std::string setting_that_mattered(const History& history, Cause cause, std::uint32_t client,
                                  core::PartitionId partition) {
    const scenario::Scenario& s = history.scenario;
    const std::string min_isr = topic_setting(s, s.topic_of(partition), "min.insync.replicas");
    const std::string acks = producer_setting(s, client, "acks");
    switch (cause) {
        case Cause::unclean_election:
            if (s.kafka.elr_level > 0 && !elects_by_step(s) &&
                topic_setting(s, s.topic_of(partition), "unclean.leader.election.enable") ==
                    "false")
                return "eligible.leader.replicas.version=1: where nobody is in sync or eligible "
                       "any more, Kafka elects the last known leader, whatever its log holds";
            if (topic_setting(s, s.topic_of(partition), "unclean.leader.election.enable") ==
                "false")
                return "a step allowed it, unclean.leader.election.enable=false did not: with "
                       "false the partition waits for a replica that has the records";
            return "unclean.leader.election.enable=" +
                   topic_setting(s, s.topic_of(partition), "unclean.leader.election.enable") +
                   ": with false the partition waits for a replica that has the records";
        case Cause::zombie_leader_ack:
        case Cause::planned_leader_move_before_replication:
        case Cause::leader_crash_before_replication:
            return "acks=" + acks +
                   ": the leader answers alone; acks=all waits until the whole ISR has the record";
        case Cause::isr_of_one_then_failure:
            return "min.insync.replicas=" + min_isr +
                   ": acks=all means all of the ISR, and here that was the leader alone";
        case Cause::correlated_power_loss:
        case Cause::page_cache_lost:
            return "flush.messages and flush.ms: by default Kafka acknowledges from the page cache "
                   "and relies on replicas not losing power together";
        case Cause::disk_corrupted:
        case Cause::disk_failed:
        case Cause::disk_wiped:
            if (acks_of(s, client) != -1)
                return "acks=" + acks +
                       ": with acks=all, min.insync.replicas says how many replicas must hold a "
                       "record before it is acknowledged";
            return "min.insync.replicas=" + min_isr +
                   ": how many replicas must hold a record before acks=all succeeds";
        case Cause::retention:
        case Cause::unfenced_replication:
        case Cause::high_watermark_truncation:
        case Cause::epoch_lookup_truncation:
            return core::concat("the Kafka version (", s.kafka.profile->version, ")");
        case Cause::other:
            return "";
    }
    UNREACHABLE();
}

}  // namespace report
