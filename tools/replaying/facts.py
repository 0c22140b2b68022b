"""What is compared, in one form for both sides, and the differences between two of them.

Both sides are judged by the rules of the scenario format: a record's outcome is what its producer
was told, its fate what the audit found. Leader epochs are compared as ranks within a log, because
how many epochs a cluster spends on starting up is its own business.
"""
import dataclasses
from typing import Any

from replaying.dumps import LogEntry
from replaying.stage import Observed

FATES = ("kept", "lost", "stranded", "refused", "ghost", "unknown")


@dataclasses.dataclass(frozen=True)
class RecordFact:
    outcome: str
    offset: int | None               # of an acknowledged record
    fate: str


@dataclasses.dataclass(frozen=True)
class PartitionFact:
    leader: int
    isr: tuple[int, ...]
    logs: dict[int, list[LogEntry]]


@dataclasses.dataclass(frozen=True)
class Facts:
    verdict: str
    twice: int                       # records that stand in a log more than once
    records: dict[str, RecordFact]
    partitions: dict[str, PartitionFact]

    def counts(self) -> dict[str, int]:
        fates = [record.fate for record in self.records.values()]
        acked = sum(record.outcome == "acked" for record in self.records.values())
        return {"sent": len(fates), "acked": acked,
                **{fate: fates.count(fate) for fate in FATES}, "twice": self.twice}


def fate_of(outcome: str, present: bool, in_reach_of_a_disk: bool) -> str:
    if outcome == "acked":
        return "kept" if present else "stranded" if in_reach_of_a_disk else "lost"
    if outcome == "unanswered":
        return "kept" if present else "unknown"
    if present:
        return "ghost"
    return "refused" if outcome == "failed" else "unknown"


def on_a_disk(observed: Observed) -> set[str]:
    """Records that readers cannot reach and that are not gone: in a leader's log above its high
    watermark, or in any log of a partition that nobody leads."""
    found: set[str] = set()
    for partition, logs in observed.logs.items():
        leader = observed.leaders[partition]
        holders = logs.values() if leader < 0 else [logs.get(leader, [])]
        found |= {record for log in holders for _, _, record in log}
    return found


def diverged(observed: Observed) -> bool:
    """Whether a replica differs from its leader at an offset that both hold."""
    for partition, logs in observed.logs.items():
        of_leader = {offset: record for offset, _, record
                     in logs.get(observed.leaders[partition], [])}
        if any(of_leader.get(offset, record) != record
               for log in logs.values() for offset, _, record in log):
            return True
    return False


def verdict(observed: Observed, records: dict[str, RecordFact]) -> str:
    fates = {record.fate for record in records.values()}
    if observed.not_fired:
        return "inconclusive"
    if diverged(observed):
        return "diverged"
    if "lost" in fates:
        return "lost-acked"
    if "stranded" in fates:
        return "unavailable"
    return "lost-unacked-only" if fates & {"refused", "unknown"} else "kept"


def facts_of_kafka(observed: Observed) -> Facts:
    present: dict[str, int] = {}
    for found in observed.present.values():
        for _, record in found or []:
            present[record] = present.get(record, 0) + 1
    disk = on_a_disk(observed)
    records = {name: RecordFact(record.outcome, record.offset,
                                fate_of(record.outcome, name in present, name in disk))
               for name, record in observed.records.items()}
    partitions = {name: PartitionFact(observed.leaders[name], tuple(observed.isrs[name]), logs)
                  for name, logs in observed.logs.items()}
    return Facts(verdict(observed, records), sum(count > 1 for count in present.values()),
                 records, partitions)


def facts_of_acklab(report: dict[str, Any]) -> Facts:
    """From a report of `acklab run --records --format json`."""
    records = {one["record"]: RecordFact(
        one["outcome"], one["offset"] if one["outcome"] == "acked" else None, one["fate"])
        for one in report["records"]}
    partitions = {one["partition"]: PartitionFact(
        -1 if one["leader"] is None else one["leader"], tuple(sorted(one["isr"])),
        {replica["broker"]: [(offset, epoch, record) for offset, epoch, record in replica["log"]]
         for replica in one["replicas"]}) for one in report["partitions"]}
    return Facts(report["verdict"], report["counts"]["twice"], records, partitions)


# ---- differences --------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Difference:
    what: str
    acklab: str
    kafka: str


def ranked(log: list[LogEntry]) -> list[LogEntry]:
    """The log with each leader epoch as its rank in order of appearance."""
    seen: dict[int, int] = {}
    return [(offset, seen.setdefault(epoch, len(seen)), record) for offset, epoch, record in log]


def record_words(record: RecordFact | None) -> str:
    if record is None:
        return "not sent"
    at = "" if record.offset is None else f" at {record.offset}"
    return f"{record.outcome}{at}, {record.fate}"


def log_words(log: list[LogEntry] | None, at: int | None = None) -> str:
    """A log in short, or the entry in which two logs part first."""
    if log is None:
        return "no replica"
    if at is None:
        epochs = len({epoch for _, epoch, _ in log})
        end = log[-1][0] + 1 if log else 0
        return f"{len(log)} records, ends at {end}, {epochs} leader epoch{'s' * (epochs != 1)}"
    if at >= len(log):
        return f"ends at {log[-1][0] + 1 if log else 0}"
    offset, epoch, record = ranked(log)[at]
    return f"{record} at {offset}, epoch {epoch + 1} of its log"


def first_parting(one: list[LogEntry], other: list[LogEntry]) -> int | None:
    ours, theirs = ranked(one), ranked(other)
    for at, pair in enumerate(zip(ours, theirs)):
        if pair[0] != pair[1]:
            return at
    return None if len(ours) == len(theirs) else min(len(ours), len(theirs))


def name_order(name: str) -> tuple[str, int]:
    producer, _, number = name.rpartition("#")
    return producer, int(number) if number.isdigit() else 0


def log_difference(what: str, ours: list[LogEntry] | None,
                   theirs: list[LogEntry] | None) -> Difference | None:
    if ours is None or theirs is None:
        if ours is theirs:
            return None
        return Difference(what, log_words(ours), log_words(theirs))
    at = first_parting(ours, theirs)
    return None if at is None else Difference(what, log_words(ours, at), log_words(theirs, at))


def differences(acklab: Facts, kafka: Facts) -> list[Difference]:
    found = [Difference(what, str(ours), str(theirs)) for what, ours, theirs in (
        ("verdict", acklab.verdict, kafka.verdict), ("twice", acklab.twice, kafka.twice))
        if ours != theirs]
    for name in sorted({*acklab.records, *kafka.records}, key=name_order):
        ours, theirs = acklab.records.get(name), kafka.records.get(name)
        if ours != theirs:
            found.append(Difference(f"record {name}", record_words(ours), record_words(theirs)))
    for name in sorted({*acklab.partitions, *kafka.partitions}):
        found += partition_differences(name, acklab.partitions.get(name),
                                       kafka.partitions.get(name))
    return found


def partition_differences(name: str, acklab: PartitionFact | None,
                          kafka: PartitionFact | None) -> list[Difference]:
    if acklab is None or kafka is None:
        return [Difference(name, "there" if acklab else "not there", "there" if kafka else
                           "not there")]
    found = []
    if acklab.leader != kafka.leader:
        found.append(Difference(f"{name} leader", str(acklab.leader), str(kafka.leader)))
    if set(acklab.isr) != set(kafka.isr):
        found.append(Difference(f"{name} ISR", shown_set(acklab.isr), shown_set(kafka.isr)))
    for broker in sorted({*acklab.logs, *kafka.logs}):
        one = log_difference(f"{name} on b{broker}", acklab.logs.get(broker),
                             kafka.logs.get(broker))
        found += [one] if one else []
    return found


def shown_set(isr: tuple[int, ...]) -> str:
    return "{" + ",".join(map(str, sorted(isr))) + "}"
