#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "reports/causes.h"

namespace report {
namespace {

/// The first step for which `does` holds; nothing if there is none.
template <class Does>
const scenario::Step* first_step(const scenario::Scenario& s, const Does& does) {
    const auto step = std::find_if(s.steps.begin(), s.steps.end(), does);
    return step == s.steps.end() ? nullptr : &*step;
}

/// A step that asks for an unclean election of the partition.
const scenario::Step* election_by_hand(const scenario::Scenario& s, core::PartitionId partition) {
    return first_step(s, [&](const scenario::Step& step) {
        const auto* elect = std::get_if<scenario::ElectLeaderAction>(&step.action);
        return elect != nullptr && elect->unclean && elect->partition == partition;
    });
}

/// A step that allows unclean elections.
const scenario::Step* permission(const scenario::Scenario& s) {
    return first_step(s, [](const scenario::Step& step) {
        const auto* alter = std::get_if<scenario::AlterConfigAction>(&step.action);
        return alter != nullptr &&
               core::find_config(alter->config, "unclean.leader.election.enable") == "true";
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

Text sentence(Cause cause) {
    switch (cause) {
        case Cause::disk_corrupted:
            return say("stored bytes were damaged, and recovery cut the log there",
                       "磁盘上的字节损坏，恢复时日志从那里被截断");
        case Cause::disk_failed:
            return say("the disk that holds the last copy failed", "存有最后一份副本的磁盘故障");
        case Cause::disk_wiped:
            return say("the disk that held the deciding copy was replaced by an empty one",
                       "存有决定性副本的磁盘被换成了空磁盘");
        case Cause::retention:
            return say("retention deleted it", "被保留策略删除");
        case Cause::unclean_election:
            return say("an unclean election made a replica the leader that did not have it",
                       "unclean 选举让一个没有该消息的副本当上了 leader");
        case Cause::unfenced_replication:
            return say("the leader counted a fetch of a follower of another epoch",
                       "leader 把另一个 epoch 的 follower 的拉取也算了进去");
        case Cause::high_watermark_truncation:
            return say("an ISR member cut its log to its own high watermark, then led",
                       "一个 ISR 成员把日志截断到自己的高水位，随后当上 leader");
        case Cause::epoch_lookup_truncation:
            return say("an ISR member cut it although its leader had it, then led",
                       "leader 明明持有该消息，一个 ISR 成员却把它截掉，随后当上 leader");
        case Cause::zombie_leader_ack:
            return say("a broker that no longer was the leader acknowledged it",
                       "应答它的 broker 当时已不是 leader（僵尸 leader）");
        case Cause::isr_of_one_then_failure:
            return say("the ISR had one member when it was acknowledged, and that one failed",
                       "应答时 ISR 只剩一个成员，而它随后出了故障");
        case Cause::correlated_power_loss:
            return say("two or more replicas lost it to a loss of power before it was on a disk",
                       "两个或更多副本在落盘之前断电，一起丢掉了它");
        case Cause::page_cache_lost:
            return say("a replica lost it to a loss of power before it was on its disk, then led",
                       "一个副本在落盘之前断电丢掉了它，随后当上 leader");
        case Cause::planned_leader_move_before_replication:
            return say("leadership was moved to a replica that had not fetched it yet",
                       "leader 被切换到一个尚未拉取到它的副本");
        case Cause::leader_crash_before_replication:
            return say("the leader failed before the next leader had fetched it",
                       "下一任 leader 还没拉取到它，leader 就出了故障");
        case Cause::other:
            return say("no cause of the closed list fits: a gap of this explainer",
                       "封闭列表中没有符合的原因：这是解释器的缺口");
    }
    UNREACHABLE();
}

Text sentence(Cause cause, bool cut_off) {
    if (cause == Cause::leader_crash_before_replication && cut_off)
        return say("the leader was cut off and replaced before the next leader had fetched it",
                   "下一任 leader 还没拉取到它，leader 就断网并被取代");
    return sentence(cause);
}

namespace {

Text unclean_setting(const scenario::Scenario& s, core::PartitionId partition) {
    const std::string unclean =
        topic_setting(s, s.topic_of(partition), "unclean.leader.election.enable");
    if (unclean != "false")
        return say(
            "unclean.leader.election.enable={0}: with false the partition waits for a "
            "replica that has the records",
            "unclean.leader.election.enable={0}：设为 false 时，分区会等待持有消息的副本回来",
            unclean);
    if (const scenario::Step* step = election_by_hand(s, partition))
        return say(
            "an election by hand (step {0}) overrides unclean.leader.election.enable=false: "
            "without "
            "it the partition waits for a replica that has the records",
            "手动选举（步骤 {0}）不受 unclean.leader.election.enable=false "
            "限制：没有这次选举，分区会等待持有消息的副本回来",
            step->id);
    if (const scenario::Step* step = permission(s))
        return say(
            "unclean.leader.election.enable=true, which step {0} set: with false the partition "
            "waits for a replica that has the records",
            "unclean.leader.election.enable=true（由步骤 {0} 设置）：设为 false "
            "时，分区会等待持有消息的副本回来",
            step->id);
    if (s.kafka.elr_level == 0) return Text{};
    return say(
        "eligible.leader.replicas.version=1: where nobody is in sync or eligible any more, Kafka "
        "elects the last known leader, whatever its log holds",
        "eligible.leader.replicas.version=1：当没有任何副本同步或有资格当选时，Kafka "
        "会选出最后已知的 leader，不管它的日志里还有什么");
}

Text answers_alone(const std::string& acks) {
    return say(
        "acks={0}: the leader answers alone; acks=all waits until the whole ISR has the record",
        "acks={0}：leader 自己写入就应答；acks=all 要等整个 ISR 都有该消息", acks);
}

/// Why the copy of one disk decided, where acks=all was asked for.
Text disk_setting(const scenario::Scenario& s, core::PartitionId partition,
                  const std::string& min_isr) {
    if (s.partition(partition).replicas.size() == 1)
        return say("replicationFactor=1: there is no other copy",
                   "replicationFactor=1：没有其他副本");
    if (s.kafka.elr_level > 0)
        return say(
            "min.insync.replicas={0}: how large the ISR must be for acks=all to be accepted; all "
            "of the ISR, not this many, must have the record",
            "min.insync.replicas={0}：ISR 至少要有这么大，acks=all 才被接受；必须持有该消息的是 "
            "ISR "
            "的全部成员，而不是这么多个副本",
            min_isr);
    return say(
        "only a member of the ISR may lead, even with an empty or damaged disk: with "
        "eligible.leader.replicas.version=1 (Kafka 4.0 and later) a replica that left the ISR "
        "below min.insync.replicas may lead too",
        "只有 ISR 成员才能当 leader，哪怕它的磁盘是空的或已损坏；"
        "eligible.leader.replicas.version=1（Kafka 4.0 起）时，ISR 小于 min.insync.replicas "
        "之后离开的副本也可以当选");
}

}  // namespace

Text setting_that_mattered(const History& history, Cause cause, std::uint32_t client,
                           core::PartitionId partition) {
    const scenario::Scenario& s = history.scenario;
    const std::string min_isr = topic_setting(s, s.topic_of(partition), "min.insync.replicas");
    const std::string acks = producer_setting(s, client, "acks");
    switch (cause) {
        case Cause::unclean_election:
            return unclean_setting(s, partition);
        case Cause::zombie_leader_ack:
            if (acks_of(s, client) == -1)
                return say(
                    "min.insync.replicas={0}: acks=all means all of the leader's own ISR; one that "
                    "was replaced still answers while its ISR has so many members",
                    "min.insync.replicas={0}：acks=all 指 leader 自己所知的 ISR 全部成员；"
                    "已被取代的 leader 只要 ISR 还有这么多成员就照样应答",
                    min_isr);
            [[fallthrough]];
        case Cause::planned_leader_move_before_replication:
        case Cause::leader_crash_before_replication:
            return answers_alone(acks);
        case Cause::isr_of_one_then_failure:
            return say(
                "min.insync.replicas={0}: acks=all means all of the ISR, and here that was "
                "the leader alone",
                "min.insync.replicas={0}：acks=all 指 ISR 的全部成员，而这里 ISR 只有 leader "
                "自己",
                min_isr);
        case Cause::correlated_power_loss:
        case Cause::page_cache_lost:
            return say(
                "flush.messages=1, or flush.ms together with log.flush.scheduler.interval.ms "
                "(flush.ms alone does nothing): by default Kafka acknowledges from the page "
                "cache and relies on replicas not losing power together",
                "flush.messages=1，或 flush.ms 加上 log.flush.scheduler.interval.ms"
                "（只设 flush.ms 不起作用）：Kafka 默认写入 page cache 就应答，"
                "依靠各副本不会同时断电");
        case Cause::disk_corrupted:
        case Cause::disk_failed:
        case Cause::disk_wiped:
            return acks_of(s, client) == -1 ? disk_setting(s, partition, min_isr)
                                            : answers_alone(acks);
        case Cause::retention:
        case Cause::unfenced_replication:
        case Cause::high_watermark_truncation:
        case Cause::epoch_lookup_truncation:
            return say("the Kafka version ({0})", "Kafka 版本（{0}）", s.kafka.profile->version);
        case Cause::other:
            return Text{};
    }
    UNREACHABLE();
}

}  // namespace report
