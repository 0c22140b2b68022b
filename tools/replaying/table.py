"""Both verdicts side by side, as text and as JSON."""
import dataclasses
from typing import Any

from replaying.facts import Difference, Facts, differences, log_words, name_order, record_words
from replaying.facts import shown_set
from replaying.plan import Plan
from replaying.stage import Observed

SHOWN_MAX = 40
Row = tuple[str, str, str, str]      # mark, what, acklab, Kafka


@dataclasses.dataclass(frozen=True)
class Comparison:
    plan: Plan
    changes: list[str]               # --set
    acklab: Facts
    kafka: Facts
    observed: Observed
    found: list[Difference]
    disks: tuple[int, list[str]] | None
    simulated: str                   # the profile that acklab ran

    def agrees(self) -> bool:
        return not self.found and not (self.disks and self.disks[1])


def compare(plan: Plan, changes: list[str], acklab: Facts, kafka: Facts, observed: Observed,
            disks: tuple[int, list[str]] | None = None, simulated: str = "") -> Comparison:
    return Comparison(plan, changes, acklab, kafka, observed, differences(acklab, kafka), disks,
                      simulated or plan.profile)


def aligned(rows: list[Row]) -> list[str]:
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(3)]
    return [f"  {row[0]:1} {row[1]:{widths[1]}}  {row[2]:{widths[2]}}  {row[3]}".rstrip()
            for row in rows]


def grouped(found: list[Difference]) -> list[Difference]:
    """Runs of records that differ in the same words, apart from the offset, as one line."""
    out: list[list[Difference]] = []
    for one in found:
        if out and together(out[-1][-1], one):
            out[-1].append(one)
        else:
            out.append([one])
    return [one[0] if len(one) == 1 else Difference(
        f"{one[0].what} .. {one[-1].what.removeprefix('record ')}",
        f"{one[0].acklab}  ({len(one)} records)", one[0].kafka) for one in out]


def together(before: Difference, after: Difference) -> bool:
    if not (before.what.startswith("record ") and after.what.startswith("record ")):
        return False
    (producer, number), (other, next_number) = name_order(before.what), name_order(after.what)

    def words(text: str) -> str:
        outcome, _, fate = text.partition(", ")
        return outcome.split(" at ")[0] + fate
    return (producer == other and next_number == number + 1
            and words(before.acklab) == words(after.acklab)
            and words(before.kafka) == words(after.kafka))


def count_rows(acklab: Facts, kafka: Facts) -> list[Row]:
    ours, theirs = acklab.counts(), kafka.counts()
    rows = [("", "verdict", acklab.verdict, kafka.verdict)]
    rows += [("", name, str(ours[name]), str(theirs[name])) for name in ours
             if name in ("sent", "acked") or ours[name] or theirs[name]]
    return [("!" if row[2] != row[3] else "", *row[1:]) for row in rows]


def partition_rows(acklab: Facts, kafka: Facts, differing: set[str]) -> list[Row]:
    rows: list[Row] = []

    def row(what: str, ours: str, theirs: str) -> None:
        rows.append(("!" if what in differing else "", what, ours, theirs))
    for name in sorted({*acklab.partitions} & {*kafka.partitions}):
        ours, theirs = acklab.partitions[name], kafka.partitions[name]
        row(f"{name} leader", str(ours.leader), str(theirs.leader))
        row(f"{name} ISR", shown_set(ours.isr), shown_set(theirs.isr))
        for broker in sorted({*ours.logs, *theirs.logs}):
            row(f"{name} on b{broker}", log_words(ours.logs.get(broker)),
                log_words(theirs.logs.get(broker)))
    return rows


def record_rows(acklab: Facts, kafka: Facts, differing: set[str]) -> list[Row]:
    return [("!" if f"record {name}" in differing else "", f"record {name}",
             record_words(acklab.records.get(name)), record_words(kafka.records.get(name)))
            for name in sorted({*acklab.records, *kafka.records}, key=name_order)]


def disk_lines(disks: tuple[int, list[str]] | None) -> list[str]:
    if disks is None:
        return []
    files, complaints = disks
    if not complaints:
        return [f"disks: Kafka's DumpLogSegments read {files} of acklab's files, no complaint"]
    return [f"disks: DumpLogSegments complains of acklab's files ({len(complaints)} lines)",
            *(f"    {line[:150]}" for line in complaints[:20])]


def text_of(result: Comparison, everything: bool) -> str:
    plan = result.plan
    lines = [f"{plan.id}: {plan.title}"]
    lines += [f"  set {change}" for change in result.changes]
    head: Row = ("", "", f"acklab {result.simulated}", f"Kafka {plan.release}")
    shown = grouped(result.found)
    if result.found:
        lines += ["", f"{len(result.found)} differences"]
        lines += aligned([head, *(("!", one.what, one.acklab, one.kafka)
                                  for one in (shown if everything else shown[:SHOWN_MAX]))])
        if len(shown) > SHOWN_MAX and not everything:
            lines.append(f"    and {len(shown) - SHOWN_MAX} more lines: --all")
    differing = {one.what for one in result.found}
    rows = count_rows(result.acklab, result.kafka)
    rows += partition_rows(result.acklab, result.kafka, differing)
    if everything:
        rows += record_rows(result.acklab, result.kafka, differing)
    lines += ["", *aligned([head, *rows])]
    replicas = sum(len(partition.logs) for partition in result.kafka.partitions.values())
    stands_in = [] if result.simulated == plan.profile else [
        f"note: acklab has no profile {plan.profile}; {result.simulated} stands in for it"]
    lines += ["", *stands_in, *(f"note: {warning}" for warning in result.observed.warnings),
              *disk_lines(result.disks)]
    lines.append(f"acklab and Kafka agree on all {len(result.kafka.records)} records and "
                 f"{replicas} replicas" if not result.found else
                 f"acklab and Kafka differ: {len(result.found)} differences")
    return "\n".join(lines)


def facts_json(facts: Facts) -> dict[str, Any]:
    return {
        "verdict": facts.verdict, "counts": facts.counts(),
        "records": {name: dataclasses.asdict(record) for name, record in facts.records.items()},
        "partitions": {name: {"leader": one.leader, "isr": list(one.isr),
                              "logs": {str(broker): log for broker, log in one.logs.items()}}
                       for name, one in facts.partitions.items()}}


def json_of(result: Comparison) -> dict[str, Any]:
    observed = result.observed
    return {
        "replay": 1, "scenario": result.plan.id,
        "kafka": {"profile": result.plan.profile, "release": result.plan.release,
                  "simulated": result.simulated},
        "set": result.changes, "agree": result.agrees(),
        "differences": [dataclasses.asdict(one) for one in result.found],
        "acklab": facts_json(result.acklab), "real": facts_json(result.kafka),
        "errors": {name: record.error for name, record in observed.records.items()
                   if record.error},
        "steps": observed.steps, "leadership": observed.changes, "notes": observed.warnings,
        "disks": None if result.disks is None else
        {"files": result.disks[0], "complaints": result.disks[1]}}
