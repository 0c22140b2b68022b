"""Kafka's own reader of log files, DumpLogSegments: replicas' logs, and its word on acklab's."""
import pathlib
import re
import subprocess

from replaying.cluster import Cluster, ClusterError, broker_host
from replaying.jars import Java
from replaying.plan import Plan

LogEntry = tuple[int, int, str]      # offset, leader epoch, record
HEAP_MB = 256
FILES_AT_ONCE = 200                  # a command line has its limits

# Every line that the reader prints about files in order. Anything else is a complaint: there are
# many ways to complain, and a new release may have a new one.
GOOD_LINES = [re.compile(pattern) for pattern in (
    r"Dumping .+",
    r"Log starting offset: \d+",
    r"baseOffset: \d+ lastOffset: \d+ .*isvalid: true.*",
    r"\|? ?offset: \d+ .*",
    r"offset: \d+ position: \d+",
    r"timestamp: -?\d+ offset: \d+",
    r"producerId: -?\d+ producerEpoch: -?\d+ .*",
    r".+ passed sanity check\.",
    r".+\.(time)?index is empty\.",  # of a log with few records
    r"")]
# What the logging of the reader itself says on its error stream.
LOGGING = re.compile(r"SLF4J.*|log4j:.*|WARNING: .*|.*StatusLogger.*"
                     r"|.*deprecated.*", re.I)


def run_reader(java: Java, profile: str, files: list[pathlib.Path],
               options: list[str]) -> subprocess.CompletedProcess[str]:
    arguments = ["--files", ",".join(map(str, files)), *options]
    names = ["org.apache.kafka.tools.DumpLogSegments", "kafka.tools.DumpLogSegments"]
    if not profile.startswith("4."):
        names.reverse()
    for name in names:
        done = subprocess.run(java.command(name, arguments, HEAP_MB, "warn"), text=True,
                              capture_output=True, check=False)
        if "ClassNotFoundException" not in done.stderr:
            return done
    raise ClusterError("these jars have no DumpLogSegments")


def batches(files: list[pathlib.Path]) -> list[list[pathlib.Path]]:
    return [files[at:at + FILES_AT_ONCE] for at in range(0, len(files), FILES_AT_ONCE)]


def read_dump(text: str) -> dict[str, list[LogEntry]]:
    """File -> (offset, leader epoch, record) of its records, from the reader's output."""
    found: dict[str, list[LogEntry]] = {}
    entries: list[LogEntry] = []
    epoch = -1
    for line in text.splitlines():
        if line.startswith("Dumping "):
            entries = found.setdefault(line.removeprefix("Dumping "), [])
        elif line.startswith("baseOffset: "):
            match = re.search(r"partitionLeaderEpoch: (-?\d+)", line)
            epoch = int(match.group(1)) if match else -1
        else:
            match = re.match(r"\|? ?offset: (\d+) .*?payload: (.*)$", line)
            if match:
                record = match.group(2).split(" ", 1)[0].rstrip(".")
                entries.append((int(match.group(1)), epoch, record))
    return found


def dump_logs(plan: Plan, cluster: Cluster, java: Java) -> dict[str, dict[int, list[LogEntry]]]:
    """Every replica's log, read while its broker is down: partition -> broker -> entries."""
    folders = {(partition, broker): cluster.data(broker_host(broker)) / partition
               for partition, replicas in plan.replicas().items() for broker in replicas}
    files = [file for folder in folders.values() for file in sorted(folder.glob("*.log"))]
    found: dict[str, list[LogEntry]] = {}
    for some in batches(files):
        done = run_reader(java, plan.profile, some, ["--deep-iteration", "--print-data-log"])
        if done.returncode != 0:
            raise ClusterError(f"DumpLogSegments: {(done.stderr.strip().splitlines() or ['?'])[0]}")
        found |= read_dump(done.stdout)
    logs: dict[str, dict[int, list[LogEntry]]] = {}
    for (partition, broker), folder in folders.items():
        logs.setdefault(partition, {})[broker] = [
            entry for file in sorted(folder.glob("*.log")) for entry in found.get(str(file), [])]
    return logs


def complaints_in(stdout: str, stderr: str, code: int) -> list[str]:
    """What the reader found wrong: every line that is not one it prints about files in order."""
    found = [line for line in stdout.splitlines()
             if not any(good.fullmatch(line.rstrip()) for good in GOOD_LINES)]
    found += [line for line in stderr.splitlines()
              if line.strip() and not LOGGING.fullmatch(line.strip())]
    return found + ([f"exit {code}"] if code else [])


def complaints(java: Java, profile: str, folder: pathlib.Path) -> tuple[int, list[str]]:
    """Has Kafka read every log, index and snapshot file under a folder: (files, complaints)."""
    logs = sorted(folder.rglob("*.log"))
    indexes = sorted([*folder.rglob("*.index"), *folder.rglob("*.timeindex")])
    others = sorted([*folder.rglob("*.txnindex"),
                     *(file for file in folder.rglob("*.snapshot"))])
    found = []
    for files, options in ((logs, ["--deep-iteration", "--print-data-log"]), (indexes, []),
                           (indexes, ["--index-sanity-check"]), (others, [])):
        for some in batches(files):
            done = run_reader(java, profile, some, options)
            found += complaints_in(done.stdout, done.stderr, done.returncode)
    if not logs:
        found.append(f"no .log file under {folder}")
    return len(logs) + len(indexes) + len(others), found
