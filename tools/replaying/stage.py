"""One run on real brokers: start-up, steps in real time, the end of every fault, the audit."""
import dataclasses
import time
from collections.abc import Callable
from typing import Any

from replaying.actions import ACTIONS, NoTarget
from replaying.clients import Admin, Record, Sender
from replaying.cluster import Cluster, ClusterError, Lab, broker_host, controller_host
from replaying.cluster import producer_host
from replaying.dumps import LogEntry, dump_logs
from replaying.jars import Java
from replaying.network import Network
from replaying.observe import Condition, Observer, Occurrence, World
from replaying.plan import Plan, Step

TICK = 0.01
START_LIMIT = 120.0                  # seconds for brokers to come up
REJOIN_LIMIT = 60.0                  # after `settle`, for replicas that JVMs start slowly


@dataclasses.dataclass
class Observed:
    """What became of everything."""
    records: dict[str, Record]
    present: dict[str, list[tuple[int, str]] | None]       # partition -> (offset, record) readable
    logs: dict[str, dict[int, list[LogEntry]]]             # partition -> broker -> log
    leaders: dict[str, int]
    isrs: dict[str, list[int]]
    not_fired: list[str]
    steps: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    warnings: list[str]


class Stage:
    """The parts of a run, and its clock, which begins at 0 when the cluster is at rest."""

    def __init__(self, plan: Plan, network: Network, lab: Lab, java: Java,
                 say: Callable[[str], None]) -> None:
        self.plan, self.network, self.lab, self.java, self.say = plan, network, lab, java, say
        self.world = World()
        self.cluster = Cluster(plan, lab, java)
        self.senders = {producer_host(one.id): Sender(plan, one, lab, java, self.heard)
                        for one in plan.producers}
        self.zero: float | None = None
        self.fired: dict[str, float] = {}
        self.dropped: set[str] = set()           # skipped, or their target did not exist
        self.not_fired: list[str] = []
        self.undoing: dict[str, Callable[[], None]] = {}
        self.due: list[tuple[float, str]] = []
        self.starting: list[str] = []
        self.conditions = {step.id: Condition(step.when) for step in plan.steps if step.when}
        self.judged = 0                          # occurrences that conditions have seen
        self.log: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        addresses = {one: network.address[broker_host(one)] for one in plan.brokers}
        self.observer = Observer(self.world, [topic.name for topic in plan.topics], addresses,
                                 self.distrusted, self.now)

    def now(self) -> float:
        return 0.0 if self.zero is None else time.monotonic() - self.zero

    def sender(self, host: str) -> Sender:
        return self.senders[host]

    def heard(self, sender: Sender, _number: int, record: Record) -> None:
        event = "produce.error" if record.outcome == "failed" else "produce.ack"
        self.world.add(Occurrence(self.now(), event, partition=record.partition,
                                  producer=sender.spec.id, offset=record.offset))

    def distrusted(self) -> set[int]:
        """Brokers whose view may be old: down, paused, or not in touch with every controller."""
        cut = self.network.cut_now()
        controllers = [controller_host(one) for one in self.plan.controllers]
        bad = set()
        for broker in self.plan.brokers:
            host = broker_host(broker)
            severed = any((host, one) in cut or (one, host) in cut for one in controllers)
            if severed or host in self.cluster.paused or not self.cluster.running(host):
                bad.add(broker)
        return bad

    # ---- start-up -------------------------------------------------------------------------------

    def start_up(self) -> None:
        self.network.up()
        for host in self.cluster.nodes():
            self.cluster.start(host)
        self.observer.start()
        self.wait(lambda: len(self.world.brokers) == len(self.plan.brokers),
                  START_LIMIT, "the brokers did not come up")
        self.admin = Admin(self.plan, self.lab, self.java)
        for topic in self.plan.topics:
            self.admin.create(topic)
        for sender in self.senders.values():
            sender.start()
        self.wait(self.at_rest, 30.0, "the replicas did not join the ISR")
        for sender in self.senders.values():
            self.wait(sender.ready.is_set, 30.0, f"producer {sender.spec.id} did not start")
        time.sleep(2.0)              # followers' first fetches, the JVMs' first compilations

    def at_rest(self) -> bool:
        return all(self.world.leader(name) == replicas[0]
                   and set(self.world.isr(name)) == set(replicas)
                   for name, replicas in self.plan.replicas().items())

    def wait(self, ready: Callable[[], bool], limit: float, failure: str) -> None:
        end = time.monotonic() + limit
        while not ready():
            for host in self.cluster.died():
                raise ClusterError(f"{host} ended: {self.cluster.log_tail(host)}")
            if time.monotonic() > end:
                raise ClusterError(f"{failure} within {limit:.0f} s")
            time.sleep(0.05)

    # ---- steps ----------------------------------------------------------------------------------

    def start_when_down(self, host: str) -> None:
        """Starts a node as soon as it is down: a controlled shutdown may still be under way."""
        if host.startswith("producer "):
            self.senders[host].start()
        elif self.cluster.running(host) and host in self.cluster.stopping:
            self.starting.append(host)
        else:
            self.cluster.start(host)

    def undo(self, step: str) -> None:
        """Ends a step's fault; one that has not fired or has ended is left alone."""
        undo = self.undoing.pop(step, None)
        if undo is not None:
            undo()
            self.world.add(Occurrence(self.now(), "step", step=step, edge="end"))
            self.log.append({"at": round(self.now(), 2), "step": step, "what": "ends"})

    def fire(self, step: Step) -> None:
        at = self.now()
        try:
            undo = ACTIONS[step.action](self, step)
        except NoTarget as problem:
            self.drop(step)
            self.warnings.append(f"step {step.id} did nothing: {problem}")
            return
        self.fired[step.id] = at
        self.world.add(Occurrence(at, "step", step=step.id, edge="start"))
        self.log.append({"at": round(at, 2), "step": step.id, "what": step.action})
        self.say(f"{at:8.2f}s  {step.id}: {step.action}")
        if undo is not None:
            self.undoing[step.id] = undo
            if step.lasting is not None:
                self.due.append((at + step.lasting, step.id))

    def drop(self, step: Step) -> None:
        """The step never fires; whether that leaves the run inconclusive is the step's to say."""
        self.dropped.add(step.id)
        if step.on_timeout == "inconclusive":
            self.not_fired.append(step.id)

    def ready(self, step: Step, occurrences: list[Occurrence]) -> bool:
        now = self.now()
        if step.at is not None:
            return now >= step.at
        if step.after is not None:
            first = self.fired.get(step.after[0])
            return first is not None and now >= first + step.after[1]
        return self.condition_holds(step, occurrences)

    def condition_holds(self, step: Step, occurrences: list[Occurrence]) -> bool:
        condition, now = self.conditions[step.id], self.now()
        if step.timeout is not None and now > step.armed + step.timeout:
            if step.on_timeout == "runAnyway":
                return True
            self.drop(step)
            return False
        for occurrence in occurrences:
            if occurrence.at >= step.armed and condition.holds(self.world, occurrence):
                return True
        return now >= step.armed and condition.holds(self.world, None)

    def tick(self) -> None:
        for sender in self.senders.values():
            sender.send_due(self.now())
        occurrences = self.world.since(self.judged)
        self.judged += len(occurrences)
        for step in self.plan.steps:
            if step.id not in self.fired and step.id not in self.dropped \
                    and self.ready(step, occurrences):
                self.fire(step)
        for when, step_id in list(self.due):
            if self.now() >= when:
                self.due.remove((when, step_id))
                self.undo(step_id)
        for host in list(self.starting):
            if not self.cluster.running(host):
                self.starting.remove(host)
                self.cluster.start(host)

    def until_next(self) -> float:
        """Seconds to sleep: a tick, or less where a record is due."""
        sends = [sender.spec.sends[sender.next_send][0] for sender in self.senders.values()
                 if sender.next_send < len(sender.spec.sends)]
        return max(0.0005, min([TICK, *(at - self.now() for at in sends)]))

    def perform(self) -> None:
        self.world.forget()
        self.judged, self.zero = 0, time.monotonic()
        while self.now() < self.plan.end:
            self.tick()
            time.sleep(self.until_next())
        for step in self.plan.steps:
            if step.id not in self.fired and step.id not in self.dropped:
                self.drop(step)

    # ---- the end --------------------------------------------------------------------------------

    def end_faults(self) -> None:
        forever = {step.id for step in self.plan.steps if step.raw.get("for") == "forever"}
        kept_down: set[str] = set()
        self.warnings += [f"{host} ended by itself and was started again: "
                          f"{self.cluster.log_tail(host)}" for host in self.cluster.died()]
        for step_id in list(self.undoing):
            if step_id not in forever:
                self.undo(step_id)
        for step in self.plan.steps:
            if step.id in forever and step.id in self.undoing and step.action in (
                    "crash", "shutdown"):
                kept_down |= {host for host in self.cluster.nodes()
                              if not self.cluster.running(host)}
        for host in self.cluster.nodes():
            if host not in kept_down:
                self.start_when_down(host)

    def settle(self) -> None:
        begin = time.monotonic()
        while True:
            passed = time.monotonic() - begin
            self.tick_after_end()
            if passed >= self.plan.settle and self.whole():
                return
            if passed >= self.plan.settle + REJOIN_LIMIT:
                self.warnings.append("not every replica was back in the ISR at the audit")
                return
            time.sleep(0.1)

    def tick_after_end(self) -> None:
        """A node whose shutdown ends now is started."""
        for host in list(self.starting):
            if not self.cluster.running(host):
                self.starting.remove(host)
                self.cluster.start(host)

    def whole(self) -> bool:
        return all(self.world.leader(name) >= 0
                   and set(self.world.isr(name)) == set(replicas)
                   for name, replicas in self.plan.replicas().items())

    def audit(self) -> Observed:
        present: dict[str, list[tuple[int, str]] | None] = {}
        for partition in self.plan.replicas():
            found = self.admin.read(partition)
            present[partition] = None if found is None else [
                (offset, record_of(value)) for offset, value in found]
        leaders = {name: self.world.leader(name) for name in present}
        isrs = {name: sorted(self.world.isr(name)) for name in present}
        self.observer.stop()
        self.warnings += [f"{host} ended by itself: {self.cluster.log_tail(host)}"
                          for host in self.cluster.died()]
        self.warnings += [f"step {step} did not fire on real brokers" for step in self.not_fired
                          if not any(f"step {step} " in word for word in self.warnings)]
        records = {f"{sender.spec.id}#{number}": record for sender in self.senders.values()
                   for number, record in sorted(sender.records.items())}
        records = {name: dataclasses.replace(record) for name, record in records.items()}
        for host in self.cluster.nodes():
            self.cluster.kill(host)
        for sender in self.senders.values():
            sender.kill()
        logs = dump_logs(self.plan, self.cluster, self.java)
        return Observed(records, present, logs, leaders, isrs, self.not_fired, self.log,
                        self.world.changes, self.warnings)

    def run(self) -> Observed:
        self.say(f"starting {len(self.plan.brokers)} brokers and {len(self.plan.controllers)} "
                 f"controllers of Kafka {self.plan.release}")
        self.start_up()
        self.say(f"the cluster is at rest; {self.plan.end:.0f} s of steps, "
                 f"{self.plan.settle:.0f} s or more to settle")
        self.perform()
        self.end_faults()
        self.settle()
        self.say("audit")
        return self.audit()


def record_of(value: str) -> str:
    """The record's name in a value: what stands before the template and the padding."""
    return value.split(" ", 1)[0].rstrip(".")
