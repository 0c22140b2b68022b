"""Scenario files as acklab reads them: JSON with comments, units, and changes by --set.

What acklab itself checks (unknown keys, types, dangling ids) is not checked twice: a replay runs
acklab on the same file first and stops where that refuses it.
"""
import json
import re
from typing import Any

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PERIODS = {"s": 1.0, "m": 60.0, "h": 3600.0}

# Whose `config` a bare Kafka key belongs to; a key in neither list is a broker's.
PRODUCER_KEYS = frozenset("""
acks batch.size linger.ms buffer.memory max.block.ms max.request.size retries retry.backoff.ms
retry.backoff.max.ms request.timeout.ms delivery.timeout.ms enable.idempotence
max.in.flight.requests.per.connection metadata.max.age.ms metadata.max.idle.ms
reconnect.backoff.ms reconnect.backoff.max.ms partitioner.class transactional.id
socket.connection.setup.timeout.ms connections.max.idle.ms
""".split())
TOPIC_KEYS = frozenset("""
min.insync.replicas unclean.leader.election.enable flush.messages flush.ms segment.bytes segment.ms
index.interval.bytes segment.index.bytes max.message.bytes retention.ms retention.bytes
cleanup.policy compression.type message.timestamp.type file.delete.delay.ms
""".split())


class ScenarioError(Exception):
    """The file, or a change to it, cannot be read. The text is one line."""


TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\r\n]*|/\*.*?\*/|/\*', re.S)


def without_comments(text: str) -> str:
    """The text with // and /* */ comments blanked, every line where it was."""
    def blank(match: re.Match[str]) -> str:
        token = match.group(0)
        if token == "/*":
            line = text.count("\n", 0, match.start()) + 1
            raise ScenarioError(f"line {line}: a comment that does not end")
        return token if token[0] == '"' else re.sub(r"[^\r\n]", " ", token)
    return TOKEN.sub(blank, text)


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ScenarioError(f'the key "{key}" stands twice in one object')
        found[key] = value
    found.pop("$comment", None)
    return found


def no_constant(word: str) -> Any:
    raise ScenarioError(f"{word} is not JSON")


def parse(text: str) -> dict[str, Any]:
    try:
        document = json.loads(without_comments(text.removeprefix("\ufeff")),
                              object_pairs_hook=without_duplicates, parse_constant=no_constant)
    except json.JSONDecodeError as problem:
        raise ScenarioError(f"line {problem.lineno}: {problem.msg}") from None
    except RecursionError:
        raise ScenarioError("nested too deeply") from None
    if not isinstance(document, dict):
        raise ScenarioError("a scenario is one JSON object")
    return document


def seconds(duration: Any) -> float:
    """A duration such as "1m30s"; a distribution or a bare number is refused."""
    if isinstance(duration, dict):
        raise ScenarioError("a distribution is drawn from acklab's seed; write one duration")
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d)", str(duration))
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ScenarioError(f'"{duration}" is not a duration such as "250ms"')
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def period(rate: Any) -> float:
    """Seconds between two records of a rate such as "500/s"."""
    match = re.fullmatch(r"(\d+)/(s|m|h)", str(rate))
    if not match or int(match.group(1)) == 0:
        raise ScenarioError(f'"{rate}" is not a rate such as "500/s"')
    return PERIODS[match.group(2)] / int(match.group(1))


def kafka_value(value: Any) -> str:
    """A config value as Kafka's properties files spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def children(node: Any, key: str) -> list[tuple[Any, Any]]:
    """(container, index) of what one segment of a path means inside a node."""
    if isinstance(node, dict):
        return [(node, k) for k in node] if key == "*" else [(node, key)] if key in node else []
    if isinstance(node, list):
        return [(node, at) for at, item in enumerate(node)
                if key == "*" or isinstance(item, dict)
                and key in (str(item.get("id")), str(item.get("name")))]
    return []


def set_path(document: dict[str, Any], path: str, value: Any) -> None:
    """Sets what a path such as /topics/orders/config/min.insync.replicas leads to."""
    *leading, last = path.removeprefix("/").split("/")
    nodes: list[Any] = [document]
    for key in leading:
        nodes = [container[index] for node in nodes for container, index in children(node, key)]
    found = [place for node in nodes for place in children(node, last)]
    new = [node for node in nodes if isinstance(node, dict) and last not in node and last != "*"]
    if not found and not new:
        raise ScenarioError(f"--set {path}: the path leads nowhere")
    for container, index in found:
        container[index] = value
    for node in new:
        node[last] = value


def apply_set(document: dict[str, Any], argument: str) -> None:
    """One --set: PATH=VALUE, or KEY=VALUE with a bare Kafka key."""
    name, equals, text = argument.partition("=")
    if not equals or not name:
        raise ScenarioError(f"--set {argument}: a change is PATH=VALUE or KEY=VALUE")
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if name.startswith("/"):
        return set_path(document, name, value)
    if name in PRODUCER_KEYS:
        owners = document.get("producers", [])
    elif name in TOPIC_KEYS:
        owners = document.get("topics", [])
    else:
        owners = [document.setdefault("cluster", {})]
    if not owners:
        raise ScenarioError(f"--set {argument}: the scenario has nothing to set it on")
    for owner in owners:
        owner.setdefault("config", {})[name] = value
    return None
