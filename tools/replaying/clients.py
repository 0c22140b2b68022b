"""Producers, one process each on a host of its own, and the administrator on this machine."""
import dataclasses
import os
import queue
import signal
import threading
from collections.abc import Callable

from replaying.cluster import Child, ClusterError, Lab, broker_host, producer_host, spawn_child
from replaying.jars import Java
from replaying.plan import Plan, Producer, Topic

HEAP_MB = 128


@dataclasses.dataclass
class Record:
    """What the producer knows of one record."""
    outcome: str = "pending"         # pending, acked, failed; acks=0: unanswered
    partition: str | None = None
    offset: int | None = None
    error: str | None = None


def bootstrap(plan: Plan, lab: Lab) -> str:
    return ",".join(f"{lab.network.address[broker_host(one)]}:9092" for one in plan.brokers)


class Sender:
    """One producer of the scenario. Its numbers go on when its process dies and starts again."""

    def __init__(self, plan: Plan, spec: Producer, lab: Lab, java: Java,
                 heard: Callable[["Sender", int, Record], None]) -> None:
        self.plan, self.spec, self.lab, self.java, self.heard = plan, spec, lab, java, heard
        self.records: dict[int, Record] = {}
        self.next_number = 0
        self.next_send = 0           # index into spec.sends
        self.child: Child | None = None
        self.paused = False

    def start(self) -> bool:
        if self.running():
            return False
        partitions = next(len(topic.replicas) for topic in self.plan.topics
                          if topic.name == self.spec.topic)
        config = {"bootstrap.servers": bootstrap(self.plan, self.lab), **self.spec.config}
        arguments = [self.spec.id, self.spec.topic, str(partitions), str(self.spec.size),
                     self.spec.template, *(f"{key}={value}" for key, value in config.items())]
        self.child = spawn_child(self.lab, producer_host(self.spec.id),
                                 self.java.command("ReplayProducer", arguments, HEAP_MB),
                                 self.lab.folder / f"producer-{self.spec.id}.log")
        self.paused = False
        self.ready = threading.Event()
        threading.Thread(target=self.listen, args=(self.child,), daemon=True).start()
        return True

    def running(self) -> bool:
        return self.child is not None and self.child.running()

    def listen(self, child: Child) -> None:
        for line in child.output:
            words = line.split()
            if words == ["ready"]:
                self.ready.set()
            if len(words) < 3 or words[0] not in ("ack", "err") or child is not self.child:
                continue
            record = self.records[int(words[1])]
            if words[0] == "err":
                record.error, record.outcome = words[2], "failed"
            elif self.spec.acks_nothing():
                record.outcome = "unanswered"
            else:
                record.partition = f"{self.spec.topic}-{words[2]}"
                record.offset = int(words[3])
                record.outcome = "acked"
            self.heard(self, int(words[1]), record)

    def send(self, count: int) -> bool:
        """Sends so many records now; a dead producer sends none."""
        if not self.running() or self.child is None:
            return False
        first = self.next_number
        self.next_number += count
        for number in range(first, self.next_number):
            self.records[number] = Record()
        self.child.tell(f"{first} {count}")
        return True

    def send_due(self, now: float) -> None:
        due = 0
        while self.next_send < len(self.spec.sends) and self.spec.sends[self.next_send][0] <= now:
            due += self.spec.sends[self.next_send][1]
            self.next_send += 1
        if due:
            self.send(due)

    def signal(self, number: int) -> None:
        if self.child is not None and self.running():
            os.killpg(self.child.process.pid, number)

    def kill(self) -> bool:
        was = self.running()
        self.signal(signal.SIGKILL)
        self.paused = False
        return was

    def pause(self) -> bool:
        if not self.running() or self.paused:
            return False
        self.signal(signal.SIGSTOP)
        self.paused = True
        return True

    def resume(self) -> None:
        if self.paused:
            self.signal(signal.SIGCONT)
            self.paused = False


class Admin:
    """kafka-topics, kafka-configs, kafka-leader-election and the audit's reader, in one process."""

    def __init__(self, plan: Plan, lab: Lab, java: Java) -> None:
        command = java.command("ReplayAdmin", [bootstrap(plan, lab)], HEAP_MB)
        self.child = spawn_child(lab, None, command, lab.folder / "admin.log")
        self.answers: queue.Queue[str | None] = queue.Queue()
        self.unanswered = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        for line in self.child.output:
            self.answers.put(line.rstrip("\n"))
        self.answers.put(None)

    def ask(self, *words: str) -> None:
        """Sends a command; its answer is read by a later `answer`."""
        self.child.tell("\t".join(words))
        self.unanswered += 1

    def answer(self, limit: float) -> list[str]:
        """The lines of the oldest answer; the last is "done" or "failed EXCEPTION"."""
        lines: list[str] = []
        while not lines or not (lines[-1] == "done" or lines[-1].startswith("failed ")):
            try:
                line = self.answers.get(timeout=limit)
            except queue.Empty:
                raise ClusterError(f"the administrator gave no answer for {limit:.0f} s") from None
            if line is None:
                raise ClusterError("the administrator's process ended; see admin.log")
            lines.append(line)
        self.unanswered -= 1
        return lines

    def call(self, *words: str, limit: float = 60.0) -> list[str]:
        """A command and its own answer, after those of the commands before it."""
        while self.unanswered:
            self.answer(limit)
        self.ask(*words)
        return self.answer(limit)

    def create(self, topic: Topic) -> None:
        assignment = ";".join(",".join(map(str, one)) for one in topic.replicas)
        config = [f"{key}={value}" for key, value in topic.config.items()]
        last = self.call("create", topic.name, assignment, *config)[-1]
        if last != "done":
            raise ClusterError(f"topic {topic.name} was not created: {last}")

    def read(self, partition: str) -> list[tuple[int, str]] | None:
        """(offset, value) up to the high watermark; None where nobody serves the partition."""
        topic, _, index = partition.rpartition("-")
        *lines, last = self.call("read", topic, index, limit=120.0)
        if last != "done":
            return None
        return [(int(offset), value) for offset, value
                in (line.split(" ", 2)[1:] for line in lines)]
