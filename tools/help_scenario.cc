#include "tools/help_scenario.h"

#include <span>

#include "core/base/text.h"
#include "reports/layout.h"

namespace tool {
namespace {

using core::concat;

/// A word and what it means. Without a word: a heading.
struct Entry {
    std::string_view word;
    std::string_view text;
};

struct Guide {
    std::string_view name;
    std::string_view title;
    std::size_t columns;  ///< of the words
    std::span<const Entry> entries;
    std::string_view example;  ///< lines of a scenario file
};

constexpr Entry kSteps[] = {
    {"", "When: exactly one of these"},
    {"at", "a time, \"5s\", or a distribution from which the seed draws one"},
    {"after", "the id of another step; counts from its start; \"delay\" adds to it"},
    {"every", "a period: first after one period; \"count\" limits how often"},
    {"when", "a condition (acklab help conditions)"},
    {"", "What: \"do\", and the keys that go with it"},
    {"crash",
     "target, crash: kind process (kill -9: what was written stays) or host (power loss: what was "
     "not flushed goes, as \"keep\" says: none, all, random, or the first offset that is gone); "
     "inFlight deliver or drop: what it had sent and nobody has yet"},
    {"shutdown", "target: hands its leaderships over, flushes, stops"},
    {"restart", "target: starts it; one that runs is shut down first and is down for \"for\""},
    {"pause", "target: nothing of the process runs, as in a long GC; connections stay open"},
    {"partition", "groups, or from and to: cuts the network between them"},
    {"heal",
     "step: undoes that partition or pause, lets messages flow again, or starts what that crash or "
     "shutdown stopped"},
    {"holdMessages",
     "messages (below): they wait before their receiver, and on the same connection what is behind "
     "them; they are gone when an end of it goes"},
    {"dropMessages",
     "messages: lost, as if the request were never answered; the connection stays until its "
     "request times out"},
    {"releaseMessages", "step, count: lets so many that it holds go, the oldest first, or all"},
    {"wipeDisk",
     "target: kills the broker and empties its disk; it starts again after \"for\", or by restart"},
    {"degrade",
     "from and to (one way), or target (all its links): latency, loss, bandwidth instead of what "
     "network says"},
    {"slowDisk", "target, append and fsync: how long they take instead"},
    {"fullDisk",
     "target: what needs space fails; the broker halts at its next write, as Kafka does without "
     "any "
     "log directory, and stays down until it is started"},
    {"failDisk", "target: the same for every write and flush"},
    {"electLeader", "partition, electionType preferred or unclean"},
    {"alterConfig", "config, and topic or target: Kafka's keys, from now on"},
    {"produce", "producer, records: it sends so many records now"},
    {"note", "no fault, a mark on the timeline"},
    {"", "Which messages"},
    {"api",
     "Produce Fetch ListOffsets Metadata InitProducerId BrokerRegistration BrokerHeartbeat "
     "AlterPartition AssignReplicasToDirs AllocateProducerIds MetadataLog"},
    {"from, to", "targets: who asks, and who is asked"},
    {"direction",
     "request, response or both (the default). A fetch that waits at its leader has arrived: its "
     "response can still be held"},
    {"partition", "only those that concern it"},
    {"count", "only so many, the first"},
    {"", "How long"},
    {"for",
     "with faults, shutdown and restart: how long until it is undone; "
     "\"forever\": not even at run.end. Without it the fault lasts until a heal or run.end"},
};

constexpr Entry kConditions[] = {
    {"", "A condition is an object with exactly one of these"},
    {"event",
     "something happens (below); \"nth\": 3 waits for the third that the filters let through"},
    {"gauge", "a number of a partition is in bounds: ge, gt, le, lt, eq"},
    {"step", "the id of a step; \"edge\": before, start (the default) or end"},
    {"any", "a list: one of them holds"},
    {"all", "a list: all hold at one moment; at most one of them is an event or a step"},
    {"not", "a gauge (or any, all, not of gauges) does not hold"},
    {"then",
     "beside any of these: first that one, then this one, a condition again; its counting begins "
     "there, a gauge may hold already"},
    {"", "Beside it, outermost only"},
    {"armed", "not before this time of the run"},
    {"timeout", "give up so long after arming (at run.end, if left out)"},
    {"onTimeout",
     "inconclusive (the run proves nothing, exit 4; the default), fail, runAnyway, skip"},
    {"", "Events"},
    {"produce", "produce.send produce.receive produce.ack produce.error produce.retry"},
    {"log", "log.append log.flush log.truncate"},
    {"fetch", "fetch.request (at the leader) fetch.response (at the follower)"},
    {"hw", "hw.advance hw.checkpoint: the high watermark"},
    {"isr", "isr.shrink isr.expand leader.elect: when the controller commits them"},
    {"nodes", "broker.start broker.fenced broker.unfenced controller.elect"},
    {"net", "net.drop: a message is lost by dropMessages; broker, producer: an end of its way"},
    {"disk", "disk.error: a write or flush failed, and the broker halts"},
    {"filters",
     "broker partition producer offset isrSize leaderEpochGe clean, where they can match"},
    {"phase",
     "before: the world stops just before the delivery; for produce.receive, produce.ack, "
     "produce.error, fetch.request, fetch.response and the start of steps"},
    {"", "Gauges"},
    {"ackedOnlyOnLeader", "records acknowledged, in the leader's log and in no other"},
    {"isrSize", "members of the ISR, as committed"},
    {"replicaLag", "records behind the leader's end: of \"broker\", else the worst replica"},
};

constexpr Entry kTargets[] = {
    {"", "A target is an object with exactly one of these"},
    {"broker", "a broker's id"},
    {"brokers", "\"all\""},
    {"leaderOf", "the leader of a partition, as committed by the controller: \"orders-0\""},
    {"followersOf", "the partition's replicas without the leader"},
    {"isrOf", "the members of its ISR"},
    {"rack", "the brokers of a rack"},
    {"controller", "\"active\", \"all\" or an id"},
    {"producer", "a producer's id, or \"*\" for all; it can crash, pause and restart"},
    {"", "Of several"},
    {"pick",
     "all (the default), one, minority, majority (drawn from the seed), lowestLeo, highestLeo (by "
     "the end of their logs; with leaderOf, followersOf, isrOf)"},
    {"",
     "A target is looked up when its step fires. Where there is nobody, the step does not count"
     " as fired, and the run is inconclusive."},
};

constexpr Entry kExpect[] = {
    {"",
     "Each expectation compares a metric of the run with a value; a run whose expectations hold"
     " exits with 0, even if they say that records must be lost"},
    {"metric", "what is measured: acklab help metrics"},
    {"eq ne lt le gt ge",
     "one or more; counts are numbers, times are durations with a unit, verdict is a word, "
     "acked.lost.range is [first, last] or null"},
    {"partition", "only of this partition"},
    {"producer", "only of this producer"},
    {"severity", "fail (the default) or warn: a warning does not change the exit status"},
    {"id, why", "a name for the report, and the reason"},
    {"", "On the command line: acklab run S --fail-on lost-acked"},
};

constexpr Entry kNetwork[] = {
    {"", "network.default is every link; network.links changes some, a later entry wins"},
    {"latency", "one way: a duration or a distribution (lognormal, median 400us, p99 3ms)"},
    {"loss", "0 to below 1: each loss shows as the delay of a retransmission (0)"},
    {"bandwidth", "\"100MB/s\": B, KB, MB, GB, powers of 1,000 (no limit)"},
    {"between", "of a link: two ends, both ways"},
    {"from, to", "of a link: one way"},
    {"ends", "\"brokers\", \"controllers\", \"clients\", or a target (acklab help targets)"},
    {"", "disk.default is every broker's disk; disk.brokers changes it by id"},
    {"append", "a write into the page cache (20us)"},
    {"fsync", "making it durable (2ms)"},
    {"writeback", "how long bytes that nobody flushed may be in memory only (30s)"},
    {"", "Cutting links is a step: acklab help steps, partition."},
};

constexpr Entry kDurations[] = {
    {"", "Outside `config` a duration is a text with a unit; inside it, Kafka's own numbers stand"},
    {"units", "ns us ms s m h d, one or more, decimals allowed: \"250ms\", \"1m30s\", \"0.5s\""},
    {"",
     "Where a duration can be random, an object draws it. Each draw is made of the seed and of"
     " what it is for, so changing one setting leaves all the others as they were"},
    {"uniform", "min, max"},
    {"lognormal", "median, p99"},
    {"exponential", "mean"},
    {"choice", "values: one of a list, all equally likely"},
};

constexpr Entry kSweep[] = {
    {"", "What acklab compare runs; acklab run passes over it, but for --faults"},
    {"axes",
     "a list of path (or bare Kafka key, as for --set) and values, with a label; all are crossed"},
    {"variants", "names, each with paths and values that go together; one more axis"},
    {"exclude", "a list of labels with values: settings that have all of one entry are left out"},
    {"include", "a list of labels (or paths) with values: each is one more setting"},
    {"faults",
     "names, each with steps that take the place of the scenario's own; compare takes the first, "
     "or "
     "that of --faults NAME. Give blind ones (\"at\", \"every\"): what waits for an event or a "
     "gauge may never come about under some settings"},
    {"seeds", "from (1) and count (20): every setting meets these seeds"},
};

constexpr Entry kVersions[] = {
    {"", "kafka.version, or --kafka: that version's defaults and behaviour"},
    {"3.6",
     "a KRaft controller ignores unclean.leader.election.enable; the high watermark moves below "
     "min.insync.replicas; min.insync.replicas above the replicas refuses acks=all for good"},
    {"3.9", "unclean.leader.election.enable counts; the high watermark stops below min ISR"},
    {"4.0",
     "linger.ms is 5; a broker is fenced within 9/8 of its session, and after a clean stop, too, "
     "it is let in again only when its old session is over"},
    {"4.1", "eligible leader replicas in new clusters"},
    {"", "kafka.features"},
    {"eligible.leader.replicas.version",
     "1: who left the ISR below min.insync.replicas may still lead (KIP-966). 4.0 has 0, a new 4.1 "
     "cluster 1; with 0 it is a 4.1 cluster that was upgraded"},
    {"", "A version between two of these takes the lower one, with a warning (AL502)."},
};

constexpr Guide kGuides[] = {
    {"steps", "Steps: what is done to the cluster, when, and for how long", 15, kSteps,
     R"("steps": [
  { "id": "cut", "at": "4s", "do": "partition",
    "groups": [[{ "broker": 1 }], [{ "broker": 2 }, { "broker": 3 }]] },
  { "id": "power", "after": "cut", "delay": "3s", "do": "crash",
    "target": { "broker": 1 }, "crash": { "kind": "host" }, "for": "10s" },
  { "id": "mend", "after": "cut", "delay": "6s", "do": "heal", "step": "cut" }
]
)"},
    {"conditions", "Conditions: what a step waits for, in its \"when\"", 17, kConditions,
     R"("steps": [
  { "id": "kill", "do": "crash", "target": { "leaderOf": "orders-0" },
    "when": { "gauge": "ackedOnlyOnLeader", "partition": "orders-0", "ge": 1,
              "armed": "2s", "timeout": "20s" } },
  { "id": "mark", "do": "note",
    "when": { "event": "leader.elect", "partition": "orders-0", "clean": true } }
]
)"},
    {"targets", "Targets: whom a step is done to", 11, kTargets,
     R"("steps": [
  { "id": "gc", "at": "5s", "do": "pause", "for": "15s",
    "target": { "followersOf": "orders-0", "pick": "one" } }
]
)"},
    {"expect", "Expectations: what the run has to show", 17, kExpect,
     R"("expect": [
  { "id": "safe", "metric": "acked.lost", "eq": 0 },
  { "id": "quick", "metric": "unavailable.write", "le": "10s", "severity": "warn" }
]
)"},
    {"network", "Network and disk: how slow they are", 9, kNetwork,
     R"("network": {
  "default": { "latency": { "dist": "lognormal", "median": "400us", "p99": "3ms" } },
  "links": [{ "between": ["brokers", { "broker": 3 }], "latency": "20ms" }]
},
"disk": { "default": { "fsync": "4ms" }, "brokers": { "3": { "fsync": "40ms" } } }
)"},
    {"sweep", "Sweep: settings to compare under the same faults", 10, kSweep,
     R"("sweep": {
  "axes": [
    { "label": "acks", "path": "/producers/*/config/acks", "values": ["1", "all"] },
    { "label": "min.isr", "values": [1, 2],
      "path": "/topics/orders/config/min.insync.replicas" }
  ],
  "exclude": [{ "acks": "1", "min.isr": 2 }],
  "faults": { "the leader dies": [
    { "id": "kill", "at": { "dist": "uniform", "min": "2s", "max": "7s" },
      "do": "crash", "target": { "leaderOf": "orders-0" } }] },
  "seeds": { "from": 1, "count": 200 }
}
)"},
    {"versions", "Versions: what changes a verdict between them", 32, kVersions,
     R"("kafka": { "version": "4.1", "features": { "eligible.leader.replicas.version": 0 } }
)"},
    {"durations", "Durations: units and distributions", 11, kDurations,
     R"("steps": [
  { "id": "gc", "at": { "dist": "uniform", "min": "2s", "max": "7s" }, "do": "pause",
    "target": { "broker": 1 }, "for": "1m30s" }
]
)"},
};

std::string text_of(const Guide& guide) {
    report::TextStyle style;
    style.width = kHelpWidth;
    std::string out = concat(guide.title, "\n");
    for (const Entry& entry : guide.entries) {
        if (entry.word.empty())
            out += concat("\n", report::hanging("", entry.text, style));
        else
            out +=
                report::hanging(concat("  ", report::padded_right(entry.word, guide.columns), "  "),
                                entry.text, style);
    }
    out += "\nexample\n";
    for (std::string_view line : core::split(guide.example, '\n'))
        out += line.empty() ? std::string() : concat("  ", line, "\n");
    return out;
}

}  // namespace

std::vector<std::string_view> guide_names() {
    std::vector<std::string_view> names;
    for (const Guide& guide : kGuides) names.push_back(guide.name);
    return names;
}

std::string guide_text(std::string_view name) {
    for (const Guide& guide : kGuides)
        if (guide.name == name) return text_of(guide);
    return {};
}

}  // namespace tool
