"""Whether a replay can run here: who we are, which programs there are, how much memory."""
import os
import pathlib
import re
import shutil
import subprocess

from replaying.plan import Plan

# Program -> the Debian package that has it.
PROGRAMS = {"ip": "iproute2", "iptables-restore": "iptables", "setpriv": "util-linux",
            "java": "openjdk-17-jre-headless", "javac": "openjdk-17-jdk-headless"}
JAVA_LEAST = 17                      # Kafka 4 brokers
NODE_MB, CLIENT_MB = 480, 200        # resident size of a broker or controller, of a client


class CannotRun(Exception):
    """A replay cannot run on this machine. The text is one line."""


def java_version(words: str) -> int | None:
    """The feature release in what `java -version` prints."""
    match = re.search(r'version "(?:1\.)?(\d+)', words)
    return int(match.group(1)) if match else None


def available_mb(meminfo: str) -> int | None:
    match = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.M)
    return int(match.group(1)) // 1024 if match else None


def needed_mb(plan: Plan) -> int:
    return NODE_MB * plan.node_count() + CLIENT_MB * (len(plan.producers) + 1)


def check_programs(with_maven: bool) -> None:
    os.environ["PATH"] += os.pathsep + "/usr/sbin:/sbin"
    wanted = PROGRAMS | ({"mvn": "maven"} if with_maven else {})
    for program, package in wanted.items():
        if shutil.which(program) is None:
            raise CannotRun(f"no {program} here: apt-get install {package}")
    done = subprocess.run(["java", "-version"], text=True, capture_output=True, check=False)
    version = java_version(done.stderr + done.stdout)
    if version is None or version < JAVA_LEAST:
        raise CannotRun(f"Java {JAVA_LEAST} or later is needed, here is {version or 'an unknown'}")


def check_root() -> None:
    if os.geteuid() != 0:
        raise CannotRun("a replay makes network namespaces: run it as root")


def check_machine(plan: Plan, with_maven: bool) -> None:
    """Raises CannotRun with the first reason why a replay of this plan cannot run here."""
    check_root()
    check_programs(with_maven)
    available = available_mb(pathlib.Path("/proc/meminfo").read_text())
    if available is not None and available < needed_mb(plan):
        raise CannotRun(f"too little memory: {plan.node_count()} nodes and their clients need "
                        f"about {needed_mb(plan)} MB, {available} MB are available")
