"""The other side: acklab itself, run on the same file, version and changes."""
import json
import os
import pathlib
import shutil
import subprocess
from typing import Any

ACCEPTED = (0, 1, 4)                 # a report is there: held, did not hold, inconclusive


class SimulatorError(Exception):
    """acklab gave no report."""


def find_acklab(asked: str | None, top: pathlib.Path) -> str:
    """The binary: the one asked for, the newest of the build trees, or the one on PATH."""
    if asked is not None:
        if not os.access(asked, os.X_OK) or not os.path.isfile(asked):
            raise SimulatorError(f"{asked} is not a program")
        return asked
    built = [path for path in top.glob("build/*/tools/acklab") if os.access(path, os.X_OK)]
    if built:
        return str(max(built, key=lambda path: path.stat().st_mtime))
    found = shutil.which("acklab")
    if found is None:
        raise SimulatorError("no acklab in build/*/tools or on PATH: build it (tools/demo), or "
                             "name it with --acklab")
    return found


def run_acklab(acklab: str, scenario: str, profile: str, changes: list[str],
               disks: pathlib.Path | None) -> dict[str, Any]:
    """The report of a run."""
    command = [acklab, "run", scenario, "--kafka", profile, "--records", "--format", "json"]
    for change in changes:
        command += ["--set", change]
    if disks is not None:
        command += ["--dump-disks", str(disks)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode not in ACCEPTED:
        raise SimulatorError(f"acklab refuses it (exit {done.returncode}):\n"
                             f"{done.stderr.strip() or done.stdout.strip()}")
    report = json.loads(done.stdout)
    if not isinstance(report, dict):
        raise SimulatorError("acklab's report is not an object")
    return report
