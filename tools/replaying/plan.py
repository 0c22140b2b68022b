"""What a replay will do: a scenario, read into plain values and checked before anything starts.

Real machines cannot do all that a simulator can: stop the world between two messages, hold one
answer back, draw from acklab's seed. `read_plan` names every such thing, with the step it stands
in, and nothing starts.
"""
import dataclasses
import re
from typing import Any

from replaying.scenario_file import ScenarioError, kafka_value, period, seconds

# Profile -> the release that is run for it.
RELEASES = {"3.6": "3.6.2", "3.9": "3.9.1", "4.0": "4.0.0", "4.1": "4.1.0"}

ACTIONS = frozenset({"crash", "shutdown", "restart", "pause", "partition", "heal", "electLeader",
                     "alterConfig", "produce", "wipeDisk", "note"})
EVENTS = frozenset({"leader.elect", "isr.shrink", "isr.expand", "broker.fenced",
                    "broker.unfenced", "produce.ack", "produce.error"})
TARGETS = frozenset({"broker", "brokers", "leaderOf", "followersOf", "isrOf", "rack", "controller",
                     "producer"})
HEALED = frozenset({"partition", "pause", "crash", "shutdown"})
BOUNDS = ("ge", "gt", "le", "lt", "eq")
# A replay gives these to its own processes; a scenario that sets them would leave its lab.
LAB_KEYS = frozenset("""
node.id broker.id process.roles log.dir log.dirs metadata.log.dir listeners advertised.listeners
controller.listener.names controller.quorum.voters controller.quorum.bootstrap.servers
inter.broker.listener.name listener.security.protocol.map bootstrap.servers key.serializer
value.serializer
""".split())
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
PRODUCERS_MAX = 8
NODES_MAX = 200                      # host numbers of a /24 network


class Refused(Exception):
    """A replay of this scenario is impossible; one line for each reason."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


@dataclasses.dataclass(frozen=True)
class Topic:
    name: str
    replicas: list[list[int]]        # one list a partition, the preferred leader first
    config: dict[str, str]

    def partitions(self) -> list[str]:
        return [f"{self.name}-{index}" for index in range(len(self.replicas))]


@dataclasses.dataclass(frozen=True)
class Producer:
    id: str
    topic: str
    config: dict[str, str]
    sends: list[tuple[float, int]]   # (seconds, records), in order of time
    size: int
    template: str                    # of the value; {n} is the record's number

    def acks_nothing(self) -> bool:
        return self.config.get("acks") == "0"


@dataclasses.dataclass(frozen=True)
class Step:
    id: str
    action: str
    raw: dict[str, Any]
    at: float | None = None          # exactly one of at, after, when
    after: tuple[str, float] | None = None
    when: dict[str, Any] | None = None
    armed: float = 0.0
    timeout: float | None = None
    on_timeout: str = "inconclusive"
    lasting: float | None = None     # seconds until it is undone


@dataclasses.dataclass(frozen=True)
class Plan:
    id: str
    title: str
    release: str                     # 3.9.1
    profile: str                     # 3.9
    features: dict[str, int]
    end: float
    settle: float
    brokers: list[int]
    controllers: list[int]
    config: dict[str, str]           # of brokers and controllers
    broker_config: dict[int, dict[str, str]]
    racks: dict[int, str]
    topics: list[Topic]
    producers: list[Producer]
    steps: list[Step]

    def replicas(self) -> dict[str, list[int]]:
        """Partition -> its assigned replicas."""
        return {f"{topic.name}-{index}": replicas for topic in self.topics
                for index, replicas in enumerate(topic.replicas)}

    def node_count(self) -> int:
        return len(self.brokers) + len(self.controllers)


def release_of(version: str) -> tuple[str, str]:
    """(profile, release) of a version as --kafka or a scenario names it."""
    for profile, release in RELEASES.items():
        if version in (profile, release):
            return profile, release
    known = ", ".join(f"{profile} ({release})" for profile, release in RELEASES.items())
    raise Refused([f'Kafka "{version}" cannot be replayed; known: {known}'])


def strings(config: dict[str, Any] | None) -> dict[str, str]:
    return {key: kafka_value(value) for key, value in (config or {}).items()}


def broker_ids(document: dict[str, Any]) -> list[int]:
    return [broker["id"] for broker in document["cluster"]["brokers"]]


def read_topic(document: dict[str, Any], topic: dict[str, Any]) -> Topic:
    partitions = topic.get("partitions", 1)
    if isinstance(partitions, list):
        replicas = [list(one["replicas"]) for one in sorted(partitions, key=lambda p: p["id"])]
    else:
        ids = sorted(broker_ids(document))
        default = document["cluster"].get("config", {}).get("default.replication.factor", 1)
        factor = int(topic.get("replicationFactor", default))
        replicas = [[ids[(index + j) % len(ids)] for j in range(factor)]
                    for index in range(partitions)]
    return Topic(topic["name"], replicas, strings(topic.get("config")))


def read_producer(producer: dict[str, Any], refuse: list[str]) -> Producer:
    load = producer.get("workload", {})
    name = f'producer {producer["id"]}'
    if load.get("key") is not None:
        refuse.append(f"{name}: workload.key: a replay sends records without a key")
    if load.get("onError", "countAsFailed") != "countAsFailed":
        refuse.append(f'{name}: workload.onError "{load["onError"]}" is not done by a replay')
    if "transactional.id" in producer.get("config", {}):
        refuse.append(f"{name}: transactional.id: a replay sends no transactions")
    start = seconds(load.get("start", "0s"))
    if "bursts" in load:
        sends = sorted((seconds(burst["at"]), int(burst["records"])) for burst in load["bursts"])
    elif load.get("records"):
        gap = period(load["rate"])
        sends = [(start + number * gap, 1) for number in range(load["records"])]
    else:
        sends = []
    return Producer(producer["id"], producer["topic"], strings(producer.get("config")), sends,
                    int(load.get("size", 100)), load.get("value") or "")


def check_condition(condition: dict[str, Any], step: str, refuse: list[str]) -> None:
    for word in ("any", "all"):
        if word in condition:
            for inner in condition[word]:
                check_condition(inner, step, refuse)
            return
    for word in ("not", "then"):
        if word in condition:
            refuse.append(f'step {step}: the condition "{word}" is not watched by a replay')
            return
    if condition.get("phase") == "before" or condition.get("edge") == "before":
        refuse.append(f'step {step}: the moment "before" needs a world that can be stopped')
    if "gauge" in condition and condition["gauge"] != "isrSize":
        refuse.append(f'step {step}: the gauge "{condition["gauge"]}" cannot be read from real '
                      "brokers in time; a replay knows isrSize")
    if "event" in condition:
        if condition["event"] not in EVENTS:
            refuse.append(f'step {step}: the event "{condition["event"]}" cannot be seen from '
                          f'outside; a replay sees {", ".join(sorted(EVENTS))}')
        blind = {"broker", "nth"} if condition["event"].startswith("produce.") else (
            {"broker"} if condition["event"].startswith("isr.") else set())
        if condition["event"] == "produce.error":
            blind |= {"offset", "partition"}
        for word in sorted(blind & set(condition)):
            refuse.append(f'step {step}: "{word}" of {condition["event"]} cannot be seen from '
                          "outside")
        if "clean" in condition:
            refuse.append(f'step {step}: "clean" of an election cannot be seen from outside')


def check_target(target: dict[str, Any], step: str, refuse: list[str]) -> None:
    if not TARGETS & set(target):
        refuse.append(f'step {step}: the target {"/".join(target)} is not known to a replay')
    if target.get("pick", "all") != "all":
        refuse.append(f'step {step}: the target\'s pick "{target["pick"]}" is drawn by acklab')


def targets_of(step: dict[str, Any]) -> list[dict[str, Any]]:
    groups = [target for group in step.get("groups", []) for target in group]
    single = [step["target"]] if isinstance(step.get("target"), dict) else []
    sides = [target for side in ("from", "to") for target in as_list(step.get(side))]
    return groups + single + sides


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def check_crash(step: dict[str, Any], refuse: list[str]) -> None:
    crash, name = step.get("crash", {}), f'step {step["id"]}'
    kind = crash.get("kind", "process")
    if kind == "process":
        if crash.get("inFlight", "deliver") == "drop":
            refuse.append(f'{name}: crash.inFlight "drop" of a process: what a real process has '
                          "sent is delivered by its kernel")
        return
    keeps = crash.get("keep", "none")
    for keep in keeps.values() if isinstance(keeps, dict) else [keeps]:
        if keep in ("none", "random"):
            refuse.append(f'{name}: crash.keep "{keep}": a replay cannot know what a real disk '
                          'has; write the first offset that is gone, or "all"')
    if "controller" in step.get("target", {}) and keeps != "all":
        refuse.append(f'{name}: power loss of a controller is replayed with crash.keep "all" only')
    if crash.get("inFlight", "drop") == "deliver":
        refuse.append(f'{name}: crash.inFlight "deliver" of a host: a dead host is silent')


def check_action(step: dict[str, Any], actions: dict[str, str], refuse: list[str]) -> None:
    name, action = f'step {step["id"]}', step["do"]
    if action not in ACTIONS:
        refuse.append(f'{name}: the action "{action}" is not done to real machines; a replay does '
                      f'{", ".join(sorted(ACTIONS))}')
        return
    for target in targets_of(step):
        check_target(target, step["id"], refuse)
    target = step.get("target", {})
    if action == "crash":
        check_crash(step, refuse)
    if action == "heal" and actions.get(step["step"]) not in HEALED:
        refuse.append(f'{name}: heal of "{actions.get(step["step"])}" is not done by a replay')
    if action == "alterConfig" and "topic" not in step:
        refuse.append(f"{name}: alterConfig of a broker is not done by a replay, of a topic it is")
    if action in ("shutdown", "wipeDisk") and "producer" in target:
        refuse.append(f"{name}: {action} of a producer is not done by a replay")
    if action == "wipeDisk" and "controller" in target:
        refuse.append(f"{name}: wipeDisk of a controller is not done by a replay")


def read_step(raw: dict[str, Any], refuse: list[str]) -> Step:
    when = raw.get("when")
    if when is not None:
        check_condition(when, raw["id"], refuse)
    timed = when if when is not None else {}
    try:
        lasting = raw.get("for")
        return Step(
            raw["id"], raw["do"], raw,
            at=seconds(raw["at"]) if "at" in raw else None,
            after=(raw["after"], seconds(raw.get("delay", "0s"))) if "after" in raw else None,
            when=when, armed=seconds(timed.get("armed", "0s")),
            timeout=seconds(timed["timeout"]) if "timeout" in timed else None,
            on_timeout=timed.get("onTimeout", "inconclusive"),
            lasting=seconds(lasting) if lasting not in (None, "forever") else None)
    except ScenarioError as problem:
        refuse.append(f'step {raw["id"]}: {problem}')
        return Step(raw["id"], raw["do"], raw, at=0.0)


def repeated(raw: dict[str, Any], end: float) -> list[dict[str, Any]]:
    """A step with `every` as as many steps with `at`."""
    if "every" not in raw:
        return [raw]
    gap = seconds(raw["every"])
    count = min(int(raw.get("count", 10_000)), int(end / gap) if gap > 0 else 1)
    plain = {key: value for key, value in raw.items() if key not in ("every", "count")}
    return [plain | {"id": raw["id"] if k == 1 else f'{raw["id"]}@{k}', "at": f"{gap * k:.9f}s"}
            for k in range(1, count + 1)]


def check_config(where: str, config: dict[str, Any] | None, refuse: list[str]) -> None:
    for key, value in strings(config).items():
        if key in LAB_KEYS:
            refuse.append(f'{where}: the key "{key}" belongs to the replay itself')
        elif re.search(r"[\s=]", key) or re.search(r"[\r\n\t]", value):
            refuse.append(f"{where}: a key or value with line ends or tabs")


def check_names(document: dict[str, Any], refuse: list[str]) -> None:
    """Names become file names and arguments; configuration becomes a file of lines."""
    cluster = document["cluster"]
    check_config("cluster", cluster.get("config"), refuse)
    for broker in cluster["brokers"]:
        check_config(f'broker {broker["id"]}', broker.get("config"), refuse)
        check_config(f'broker {broker["id"]}', {"rack": broker.get("rack", "")}, refuse)
    for name, kind, config in [
            *((one["name"], "topic", one.get("config")) for one in document["topics"]),
            *((one["id"], "producer", one.get("config")) for one in document.get("producers", []))]:
        check_config(f"{kind} {name}", config, refuse)
        if not NAME.fullmatch(name):
            refuse.append(f"{kind} {name!r}: a name has letters, digits, dots, dashes, underscores")


def check_cluster(document: dict[str, Any], refuse: list[str]) -> None:
    if "extends" in document:
        refuse.append('"extends": a replay reads whole files only')
    if document.get("consumers"):
        refuse.append("consumers: a replay runs producers and the audit's reader")
    if document.get("kafka", {}).get("mode", "auto") == "zookeeper":
        refuse.append("kafka.mode zookeeper: a replay runs KRaft clusters")
    if len(document.get("producers", [])) > PRODUCERS_MAX:
        refuse.append(f"producers: {PRODUCERS_MAX} at most, each is a process")
    nodes = len(broker_ids(document)) + len(document["cluster"].get("controllers", [0]))
    if nodes > NODES_MAX:
        refuse.append(f"cluster: {NODES_MAX} brokers and controllers at most")


def read_plan(document: dict[str, Any], version: str | None) -> Plan:
    """The plan of a scenario that acklab accepts; Refused with every reason at once."""
    refuse: list[str] = []
    check_cluster(document, refuse)
    check_names(document, refuse)
    cluster, run = document["cluster"], document["run"]
    profile, release = release_of(version or document["kafka"]["version"])
    end = seconds(run["end"])
    raws = [one for raw in document.get("steps", []) for one in repeated(raw, end)]
    actions = {raw["id"]: raw["do"] for raw in raws}
    steps = []
    for raw in raws:
        check_action(raw, actions, refuse)
        steps.append(read_step(raw, refuse))
    topics = [read_topic(document, topic) for topic in document["topics"]]
    producers = [read_producer(one, refuse) for one in document.get("producers", [])]
    if refuse:
        raise Refused(refuse)
    title = document.get("title", document["id"])
    return Plan(
        document["id"], title if isinstance(title, str) else title.get("en", document["id"]),
        release, profile, dict(document.get("kafka", {}).get("features", {})),
        end, seconds(run.get("settle", "10s")), broker_ids(document),
        [one["id"] for one in cluster.get("controllers", [{"id": 100}])],
        strings(cluster.get("config")),
        {broker["id"]: strings(broker.get("config")) for broker in cluster["brokers"]},
        {broker["id"]: broker["rack"] for broker in cluster["brokers"] if "rack" in broker},
        topics, producers, steps)
