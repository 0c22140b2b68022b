"""The processes of a lab: brokers, controllers, and what is done to them."""
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
from typing import IO, Any

from replaying.jars import Java
from replaying.leftovers import Ledger
from replaying.network import Network
from replaying.plan import Plan
from replaying.power import Keep, lose_power

CLUSTER_ID = "YWNrbGFiLXJlcGxheS0wMA"
HEAP_MB = 320


class ClusterError(Exception):
    """The cluster did not do what a cluster does. The text is one line."""


def broker_host(broker: int) -> str:
    return f"b{broker}"


def controller_host(controller: int) -> str:
    return f"c{controller}"


def producer_host(producer: str) -> str:
    return f"producer {producer}"


def hosts_of(plan: Plan) -> list[str]:
    return [*map(broker_host, plan.brokers), *map(controller_host, plan.controllers),
            *(producer_host(producer.id) for producer in plan.producers)]


def properties(plan: Plan, network: Network, host: str, data: pathlib.Path) -> dict[str, str]:
    """server.properties of one node. The scenario's keys win over ours."""
    node = int(host[1:])
    quorum = ",".join(f"{one}@{network.address[controller_host(one)]}:9093"
                      for one in plan.controllers)
    found = {
        "node.id": str(node), "log.dirs": str(data), "controller.quorum.voters": quorum,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "auto.create.topics.enable": "false", "num.network.threads": "2", "num.io.threads": "2",
        "offsets.topic.num.partitions": "1", "transaction.state.log.num.partitions": "1",
        "offsets.topic.replication.factor": str(min(3, len(plan.brokers))),
        "transaction.state.log.replication.factor": str(min(3, len(plan.brokers))),
        "transaction.state.log.min.isr": str(min(2, len(plan.brokers)))}
    if host.startswith("b"):
        listener = f"PLAINTEXT://{network.address[host]}:9092"
        found |= {"process.roles": "broker", "listeners": listener,
                  "advertised.listeners": listener}
        if node in plan.racks:
            found["broker.rack"] = plan.racks[node]
    else:
        found |= {"process.roles": "controller",
                  "listeners": f"CONTROLLER://{network.address[host]}:9093"}
    own = plan.broker_config.get(node, {}) if host.startswith("b") else {}
    return found | plan.config | own


class Lab:
    """Starts processes on hosts so that they cannot outlive this one."""

    def __init__(self, network: Network, folder: pathlib.Path, ledger: Ledger) -> None:
        self.network, self.folder, self.ledger = network, folder, ledger

    def spawn(self, host: str | None, command: list[str], log: pathlib.Path,
              **options: Any) -> subprocess.Popen[str]:
        """A process on a host, or on this machine; its errors go to a log.

        The kernel kills it when this process dies, even by SIGKILL; its own session keeps a Ctrl-C
        in the terminal from reaching it before the clean-up does.
        """
        inside = ["ip", "netns", "exec", self.network.namespace[host]] if host else []
        with log.open("a") as errors:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *inside, *command], text=True,
                start_new_session=True, stderr=errors, **{"stdout": errors, **options})
        self.ledger.add_process(process.pid)
        return process


class Cluster:
    """Brokers and controllers by host name."""

    def __init__(self, plan: Plan, lab: Lab, java: Java) -> None:
        self.plan, self.lab, self.java = plan, lab, java
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.stopping: set[str] = set()
        self.down: set[str] = set()              # on purpose; whatever else is down has died
        self.paused: set[str] = set()

    def nodes(self) -> list[str]:
        return [*map(broker_host, self.plan.brokers),
                *map(controller_host, self.plan.controllers)]

    def folder(self, host: str) -> pathlib.Path:
        kind = "broker" if host.startswith("b") else "controller"
        return self.lab.folder / f"{kind}-{host[1:]}"

    def data(self, host: str) -> pathlib.Path:
        return self.folder(host) / "data"

    def log_tail(self, host: str) -> str:
        """The last line of a node's log that says why it stopped."""
        try:
            lines = (self.folder(host) / "out.log").read_text(errors="replace").splitlines()
        except OSError:
            return "no log"
        telling = [line for line in lines if "Exception" in line or "ERROR" in line]
        return (telling or lines or ["an empty log"])[-1][:200]

    def running(self, host: str) -> bool:
        process = self.processes.get(host)
        return process is not None and process.poll() is None

    def died(self) -> list[str]:
        """Nodes whose process ended though nobody ended it."""
        return [host for host in self.processes
                if host not in self.down and not self.running(host)]

    def start(self, host: str) -> bool:
        """Starts a node that is down, formatting its disk if that is empty."""
        if self.running(host):
            return False
        folder = self.folder(host)
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "server.properties"
        settings = properties(self.plan, self.lab.network, host, self.data(host))
        config.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        command = self.java.command("kafka.Kafka", [str(config)], HEAP_MB)
        if not (self.data(host) / "meta.properties").exists():
            command = ["sh", "-c", f"{shlex.join(self.format_command(config))} && "
                                   f"exec {shlex.join(command)}"]
        self.lab.network.silence(host, False)
        self.stopping.discard(host)
        self.down.discard(host)
        self.processes[host] = self.lab.spawn(host, command, folder / "out.log")
        return True

    def format_command(self, config: pathlib.Path) -> list[str]:
        features = [word for name, level in sorted(self.plan.features.items())
                    for word in ("--feature", f"{name}={level}")]
        return self.java.command("kafka.tools.StorageTool",
                                 ["format", "-t", CLUSTER_ID, "-c", str(config), *features], 128)

    def signal(self, host: str, number: int) -> None:
        os.killpg(self.processes[host].pid, number)

    def kill(self, host: str) -> bool:
        """SIGKILL; a pause is over with it."""
        self.paused.discard(host)
        self.stopping.discard(host)
        if not self.running(host):
            return False
        self.down.add(host)
        self.signal(host, signal.SIGKILL)
        self.processes[host].wait()
        return True

    def lose_power(self, host: str, keep: Keep | dict[str, Keep]) -> bool:
        """The machine falls silent, its process is gone, and so is what its disk had not got."""
        if not self.running(host):
            return False
        self.lab.network.silence(host, True)
        self.kill(host)
        if host.startswith("b"):
            lose_power(self.data(host), list(self.plan.replicas()), keep)
        return True

    def shut_down(self, host: str) -> bool:
        """SIGTERM: a controlled shutdown, which takes its time."""
        if not self.running(host):
            return False
        self.down.add(host)
        self.signal(host, signal.SIGTERM)
        self.stopping.add(host)
        return True

    def pause(self, host: str) -> bool:
        if not self.running(host) or host in self.paused:
            return False
        self.signal(host, signal.SIGSTOP)
        self.paused.add(host)
        return True

    def resume(self, host: str) -> None:
        if host in self.paused:
            self.paused.discard(host)
            if self.running(host):
                self.signal(host, signal.SIGCONT)

    def wipe(self, host: str) -> None:
        self.kill(host)
        shutil.rmtree(self.data(host), ignore_errors=True)


class Child:
    """A Java program that takes lines and gives lines."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    @property
    def output(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass                     # it has died; its records stay without an answer

    def running(self) -> bool:
        return self.process.poll() is None


def spawn_child(lab: Lab, host: str | None, command: list[str], log: pathlib.Path) -> Child:
    return Child(lab.spawn(host, command, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
