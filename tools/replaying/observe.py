"""What can be seen from outside while a replay runs, and conditions on it.

An observer asks brokers for metadata ten times a second, always one whose view is current: it runs,
is not paused, and nothing stands between it and the controllers, for two seconds already. Changes
become occurrences; so do acknowledgements and the edges of steps. Conditions are judged on them as
acklab judges its own events: an event at the moment it occurs, a gauge by its value then.
"""
import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Any

from replaying.metadata import ClusterView, MetadataError, PartitionView, ask
from replaying.plan import BOUNDS

PERIOD, PROBATION = 0.1, 2.0


@dataclasses.dataclass(frozen=True)
class Occurrence:
    at: float
    event: str                       # a name of the scenario format, or "step"
    partition: str | None = None
    broker: int | None = None
    isr_size: int | None = None
    epoch: int | None = None
    producer: str | None = None
    offset: int | None = None
    step: str | None = None
    edge: str | None = None


class World:
    """The latest view and everything that has occurred; shared by threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.partitions: dict[str, PartitionView] = {}
        self.brokers: frozenset[int] = frozenset()
        self.occurred: list[Occurrence] = []
        self.changes: list[dict[str, Any]] = []       # of leaders and ISRs, for people

    def add(self, occurrence: Occurrence) -> None:
        with self.lock:
            self.occurred.append(occurrence)

    def since(self, index: int) -> list[Occurrence]:
        with self.lock:
            return self.occurred[index:]

    def forget(self) -> None:
        """Time begins: what came before it is start-up."""
        with self.lock:
            self.occurred.clear()
            self.changes.clear()

    def leader(self, partition: str) -> int:
        view = self.partitions.get(partition)
        return view.leader if view else -1

    def isr(self, partition: str) -> tuple[int, ...]:
        view = self.partitions.get(partition)
        return view.isr if view else ()

    def take(self, now: float, view: ClusterView) -> None:
        """A new view: what changed against the last one occurs now."""
        for broker in sorted(self.brokers - view.brokers):
            self.add(Occurrence(now, "broker.fenced", broker=broker))
        for broker in sorted(view.brokers - self.brokers):
            self.add(Occurrence(now, "broker.unfenced", broker=broker))
        self.brokers = view.brokers
        for name, new in view.partitions.items():
            old = self.partitions.get(name)
            if old is not None and new.epoch < old.epoch:
                continue             # a broker that has not caught up yet
            self.partitions[name] = new
            if old is not None and (old.leader, set(old.isr)) != (new.leader, set(new.isr)):
                self.changed(now, name, old, new)

    def changed(self, now: float, name: str, old: PartitionView, new: PartitionView) -> None:
        self.changes.append({"at": round(now, 2), "partition": name, "leader": new.leader,
                             "epoch": new.epoch, "isr": sorted(new.isr)})
        common: dict[str, Any] = {"partition": name, "isr_size": len(new.isr), "epoch": new.epoch}
        if new.epoch > old.epoch and new.leader >= 0:
            self.add(Occurrence(now, "leader.elect", broker=new.leader, **common))
        if set(old.isr) - set(new.isr):
            self.add(Occurrence(now, "isr.shrink", broker=new.leader, **common))
        if set(new.isr) - set(old.isr):
            self.add(Occurrence(now, "isr.expand", broker=new.leader, **common))


class Observer:
    """The thread that keeps a world current."""

    def __init__(self, world: World, topics: list[str], addresses: dict[int, str],
                 distrusted: Callable[[], set[int]], now: Callable[[], float]) -> None:
        self.world, self.topics, self.addresses = world, topics, addresses
        self.distrusted, self.now = distrusted, now
        self.trusted_from: dict[int, float] = {}
        self.last: int | None = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        self.thread.join(3)

    def candidates(self) -> list[int]:
        """Brokers whose view is current, the last one that answered first."""
        now, bad = time.monotonic(), self.distrusted()
        for broker in bad:
            self.trusted_from[broker] = now + PROBATION
        good = [broker for broker in self.addresses
                if broker not in bad and self.trusted_from.get(broker, 0.0) <= now]
        return sorted(good, key=lambda broker: broker != self.last)

    def watch(self) -> None:
        while not self.ended.wait(PERIOD):
            for broker in self.candidates():
                try:
                    view = ask(self.addresses[broker], self.topics)
                except MetadataError:
                    continue
                if broker not in self.distrusted():
                    self.world.take(self.now(), view)
                    self.last = broker
                    break


def bounded(value: int, condition: dict[str, Any]) -> bool:
    tests = {"ge": value.__ge__, "gt": value.__gt__, "le": value.__le__, "lt": value.__lt__,
             "eq": value.__eq__}
    return all(tests[word](condition[word]) for word in BOUNDS if word in condition)


class Condition:
    """A `when` of the scenario format; it holds state, because `nth` counts."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.count = 0
        self.inner = [Condition(one) for word in ("any", "all") for one in spec.get(word, [])]

    def holds(self, world: World, occurrence: Occurrence | None) -> bool:
        """Whether it holds at an occurrence, or (None) between occurrences."""
        if "any" in self.spec:
            return any([one.holds(world, occurrence) for one in self.inner])
        if "all" in self.spec:
            return all([one.holds(world, occurrence) for one in self.inner])
        if "gauge" in self.spec:
            partition = self.spec.get("partition") or next(iter(world.partitions), "")
            return bounded(len(world.isr(partition)), self.spec)
        if occurrence is None or not self.matches(occurrence):
            return False
        self.count += 1
        return self.count >= int(self.spec.get("nth", 1))

    def matches(self, occurrence: Occurrence) -> bool:
        if "step" in self.spec:
            return (occurrence.event == "step" and occurrence.step == self.spec["step"]
                    and occurrence.edge == self.spec.get("edge", "start"))
        if occurrence.event != self.spec["event"]:
            return False
        wanted = {"broker": occurrence.broker, "partition": occurrence.partition,
                  "producer": occurrence.producer, "offset": occurrence.offset,
                  "isrSize": occurrence.isr_size}
        return (all(self.spec[word] == value for word, value in wanted.items()
                    if word in self.spec)
                and (occurrence.epoch or 0) >= self.spec.get("leaderEpochGe", 0))
