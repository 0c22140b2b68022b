"""Hosts of a lab: one network namespace a node, a bridge between them, links that can be cut.

A cut is a rule in the receiver's namespace that drops what a sender sends, so one direction is one
rule. Every change rewrites the rules of the namespaces concerned from the cuts that are active, so
cuts may overlap and end in any order. A silent host sends nothing at all: it has no power.
"""
import subprocess
import time

from replaying.leftovers import Ledger, quiet

ADMIN_OCTET = 254
Direction = tuple[str, str]          # (from host, to host)


class NetworkError(Exception):
    """The network cannot be set up here. The text is one line."""


def run(command: list[str], text: str | None = None) -> None:
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise NetworkError(f"{' '.join(command)}: {words[-1]}")


def rules(address: dict[str, str], host: str, cut: set[Direction], silent: set[str]) -> str:
    """The filter table of one host, as iptables-restore reads it."""
    lines = ["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"]
    lines += [f"-A INPUT -s {address[sender]} -j DROP"
              for sender, receiver in sorted(cut) if receiver == host]
    if host in silent:
        lines += ["-A INPUT ! -i lo -j DROP", "-A OUTPUT ! -o lo -j DROP"]
    return "\n".join([*lines, "COMMIT", ""])


class Network:
    """Hosts by name; a name is a node id or a producer's id with a prefix."""

    def __init__(self, lab: int, hosts: list[str], ledger: Ledger) -> None:
        self.lab, self.ledger = lab, ledger
        self.bridge = f"acklab{lab}"
        self.prefix = f"10.77.{lab}."
        self.address = {host: f"{self.prefix}{octet}" for octet, host in enumerate(hosts, 1)}
        self.namespace = {host: f"acklab-{lab}-{octet}" for octet, host in enumerate(hosts, 1)}
        self.admin = f"{self.prefix}{ADMIN_OCTET}"
        self.cuts: dict[str, set[Direction]] = {}      # who cuts -> what
        self.silent: set[str] = set()

    def up(self) -> None:
        # What an earlier run deleted may still be on its way out of the kernel.
        for attempt in range(20):
            try:
                return self.build()
            except NetworkError:
                self.down()
                if attempt == 19:
                    raise
                time.sleep(0.25)
        return None

    def build(self) -> None:
        self.ledger.add("links", self.bridge)
        run(["ip", "link", "add", self.bridge, "type", "bridge"])
        run(["ip", "addr", "add", f"{self.admin}/24", "dev", self.bridge])
        run(["ip", "link", "set", self.bridge, "up"])
        for octet, (host, name) in enumerate(self.namespace.items(), 1):
            outer = self.outer_end(octet)
            self.ledger.add("namespaces", name)
            self.ledger.add("links", outer)
            run(["ip", "netns", "add", name])
            run(["ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name])
            run(["ip", "link", "set", outer, "master", self.bridge, "up"])
            run(["ip", "-n", name, "addr", "add", f"{self.address[host]}/24", "dev", "eth0"])
            run(["ip", "-n", name, "link", "set", "eth0", "up"])
            run(["ip", "-n", name, "link", "set", "lo", "up"])
        self.apply([next(iter(self.namespace))])       # says at once whether iptables works here

    def outer_end(self, octet: int) -> str:
        return f"ack{self.lab}v{octet}"

    def down(self) -> None:
        for octet, name in enumerate(self.namespace.values(), 1):
            quiet(["ip", "netns", "del", name])
            quiet(["ip", "link", "del", self.outer_end(octet)])
        quiet(["ip", "link", "del", self.bridge])

    def cut_now(self) -> set[Direction]:
        return set().union(*self.cuts.values()) if self.cuts else set()

    def cut(self, who: str, directions: set[Direction]) -> None:
        self.cuts[who] = directions
        self.apply(sorted({receiver for _, receiver in directions}))

    def heal(self, who: str) -> None:
        directions = self.cuts.pop(who, set())
        self.apply(sorted({receiver for _, receiver in directions}))

    def silence(self, host: str, silent: bool) -> None:
        if silent != (host in self.silent):
            self.silent ^= {host}
            self.apply([host])

    def apply(self, hosts: list[str]) -> None:
        """Rewrites the rules of some hosts, all at the same time."""
        cut = self.cut_now()
        for host, process in [(host, subprocess.Popen(
                ["ip", "netns", "exec", self.namespace[host], "iptables-restore", "-w"],
                stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)) for host in hosts]:
            _, words = process.communicate(rules(self.address, host, cut, self.silent))
            if process.returncode != 0:
                said = words.strip().splitlines() or [f"exit {process.returncode}"]
                raise NetworkError(f"iptables-restore: {said[0]}")
