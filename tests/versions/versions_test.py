#!/usr/bin/env python3
"""versions_test.py ACKLAB: one file, several Kafka versions, another verdict.

Each row is a scenario beside this file, a version, what the features are set to, and then: the
verdict, how many acknowledged records were lost, who leads at the end, and how many elections were
unclean. Prints every difference; the last line counts the rows that hold.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ELR = '/kafka/features={"eligible.leader.replicas.version": %d}'

ROWS = [
    # 3.6 ignores unclean.leader.election.enable and waits for the ISR; 3.9 takes the first live
    # replica; ELR knows who has everything.
    ("stale-or-eligible", "3.6", None, "kept", 0, 1, 0),
    ("stale-or-eligible", "3.9", None, "lost-acked", 10, 2, 1),
    ("stale-or-eligible", "4.0", None, "lost-acked", 10, 2, 1),
    ("stale-or-eligible", "4.0", 1, "kept", 0, 3, 0),
    ("stale-or-eligible", "4.1", None, "kept", 0, 3, 0),
    ("stale-or-eligible", "4.1", 0, "lost-acked", 10, 2, 1),
    # A feature that a version lacks has no effect there.
    ("stale-or-eligible", "3.9", 1, "lost-acked", 10, 2, 1),
    # The last member of the ISR leads again whatever its disk lost; with ELR who left cleanly does.
    ("clean-stop-then-power", "3.6", None, "lost-acked", 6, 1, 0),
    ("clean-stop-then-power", "3.9", None, "lost-acked", 6, 1, 0),
    ("clean-stop-then-power", "4.0", 0, "lost-acked", 6, 1, 0),
    ("clean-stop-then-power", "4.0", 1, "kept", 0, 3, 0),
    ("clean-stop-then-power", "4.1", None, "kept", 0, 3, 0),
    ("clean-stop-then-power", "4.1", 0, "lost-acked", 6, 1, 0),
]


def problem(acklab, scenario, version, level, *wanted):
    command = [acklab, "run", str(HERE / f"{scenario}.json"), "--kafka", version,
               "--format", "json"]
    if level is not None:
        command += ["--set", ELR % level]
    ran = subprocess.run(command, text=True, capture_output=True, timeout=300, check=False)
    try:
        report = json.loads(ran.stdout)
    except ValueError:
        return f"no report: exit {ran.returncode} {ran.stderr.strip()[-300:]}"
    partition, = report["partitions"]
    seen = (report["verdict"], report["counts"]["lost"], partition["leader"],
            report["metrics"]["elections.unclean"])
    if seen != wanted:
        return f"{seen}, wanted {wanted}"
    on = version in ("4.0", "4.1") and (level == 1 or (level is None and version == "4.1"))
    return "" if ("elr" in partition) == on else "elr is there, and ELR off, or the other way round"


def main():
    found = [(row, problem(sys.argv[1], *row)) for row in ROWS]
    failed = [(row, what) for row, what in found if what]
    for (scenario, version, level, *_), what in failed:
        print(f"{scenario} on {version}, level {level}: {what}")
    print(f"{len(found) - len(failed)} passed, {len(failed)} failed")
    sys.exit(bool(failed))


main()
