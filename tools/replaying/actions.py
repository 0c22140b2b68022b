"""The actions of steps, done to real processes, links and disks.

Each takes the stage and a step and returns what undoes it, or None where nothing does. An action on
a node that is already in that state does nothing, as in acklab.
"""
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from replaying.cluster import broker_host, controller_host, producer_host
from replaying.network import Direction
from replaying.plan import Step, as_list
from replaying.scenario_file import kafka_value

if TYPE_CHECKING:
    from replaying.stage import Stage

Undo = Callable[[], None] | None


class NoTarget(Exception):
    """The step's target does not exist now; the step counts as not fired."""


def hosts(stage: "Stage", target: dict[str, Any]) -> list[str]:
    """The hosts that a target means at this moment."""
    plan, world = stage.plan, stage.world
    if "broker" in target:
        return [broker_host(target["broker"])]
    if "brokers" in target:
        return [broker_host(broker) for broker in plan.brokers]
    if "rack" in target:
        return [broker_host(broker) for broker, rack in plan.racks.items()
                if rack == target["rack"]]
    if "controller" in target:
        asked = target["controller"]
        return [controller_host(one) for one in plan.controllers
                if asked in ("all", "active", one)]
    if "producer" in target:
        return [producer_host(one.id) for one in plan.producers
                if target["producer"] in ("*", one.id)]
    partition = next(target[word] for word in ("leaderOf", "followersOf", "isrOf")
                     if word in target)
    leader = world.leader(partition)
    if "isrOf" in target:
        found = list(world.isr(partition))
    elif "followersOf" in target:
        found = [one for one in plan.replicas()[partition] if one != leader]
    else:
        found = [leader] if leader >= 0 else []
    if not found:
        raise NoTarget(f"{partition} has no leader")
    return [broker_host(broker) for broker in found]


def start_all(stage: "Stage", targets: list[str]) -> None:
    for host in targets:
        stage.start_when_down(host)


def crash(stage: "Stage", step: Step) -> Undo:
    how = step.raw.get("crash", {})
    targets = hosts(stage, step.raw["target"])
    for host in targets:
        if host.startswith("producer "):
            stage.sender(host).kill()
        elif how.get("kind", "process") == "host":
            stage.cluster.lose_power(host, how.get("keep", "all"))
        else:
            stage.cluster.kill(host)
    return lambda: start_all(stage, targets)


def shutdown(stage: "Stage", step: Step) -> Undo:
    targets = hosts(stage, step.raw["target"])
    for host in targets:
        stage.cluster.shut_down(host)
    return lambda: start_all(stage, targets)


def restart(stage: "Stage", step: Step) -> Undo:
    """The lasting of a restart is the time the node stays down; nothing undoes it later."""
    targets = hosts(stage, step.raw["target"])
    for host in targets:
        if host.startswith("producer "):
            stage.sender(host).kill()
        else:
            stage.cluster.shut_down(host)
    if step.lasting is None:
        start_all(stage, targets)
        return None
    return lambda: start_all(stage, targets)


def pause(stage: "Stage", step: Step) -> Undo:
    targets = hosts(stage, step.raw["target"])
    paused = [host for host in targets if (
        stage.sender(host).pause() if host.startswith("producer ") else stage.cluster.pause(host))]

    def resume() -> None:
        for host in paused:
            if host.startswith("producer "):
                stage.sender(host).resume()
            else:
                stage.cluster.resume(host)
    return resume


def directions(stage: "Stage", step: Step) -> set[Direction]:
    if "groups" in step.raw:
        groups = [[host for target in group for host in hosts(stage, target)]
                  for group in step.raw["groups"]]
        return {(a, b) for i, one in enumerate(groups) for j, other in enumerate(groups)
                if i != j for a in one for b in other if a != b}
    sides = [[host for target in as_list(step.raw[side]) for host in hosts(stage, target)]
             for side in ("from", "to")]
    return {(a, b) for a in sides[0] for b in sides[1] if a != b}


def partition(stage: "Stage", step: Step) -> Undo:
    stage.network.cut(step.id, directions(stage, step))
    return lambda: stage.network.heal(step.id)


def heal(stage: "Stage", step: Step) -> Undo:
    stage.undo(step.raw["step"])
    return None


def elect_leader(stage: "Stage", step: Step) -> Undo:
    topic, _, index = step.raw["partition"].rpartition("-")
    stage.admin.ask("elect", step.raw.get("electionType", "preferred"), topic, index)
    return None


def alter_config(stage: "Stage", step: Step) -> Undo:
    changes = [f"{key}={kafka_value(value)}" for key, value in step.raw["config"].items()]
    stage.admin.ask("alter", step.raw["topic"], *changes)
    return None


def produce(stage: "Stage", step: Step) -> Undo:
    stage.sender(producer_host(step.raw["producer"])).send(int(step.raw["records"]))
    return None


def wipe_disk(stage: "Stage", step: Step) -> Undo:
    for host in hosts(stage, step.raw["target"]):
        stage.cluster.wipe(host)
    return None


def note(_stage: "Stage", _step: Step) -> Undo:
    return None


ACTIONS: dict[str, Callable[["Stage", Step], Undo]] = {
    "crash": crash, "shutdown": shutdown, "restart": restart, "pause": pause,
    "partition": partition, "heal": heal, "electLeader": elect_leader,
    "alterConfig": alter_config, "produce": produce, "wipeDisk": wipe_disk, "note": note}
