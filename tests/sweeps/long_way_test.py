#!/usr/bin/env python3
"""long_way_test.py ACKLAB SCENARIOS: the short way of a message and the long way come to the same.

While nothing unusual is in the network, a message takes a short way through it. Here each scenario
of the library runs as it is, and once more with a rule that would hold messages but meets none from
its first moment to its last, so that every message takes the long way. Both reports must be equal
but for that step, which is one event of its own. EVERY=n: only every n-th scenario.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# Nobody asks a controller to write records.
MEETS_NONE = {"id": "meets-none", "at": "1ms", "do": "holdMessages", "for": "forever",
              "messages": {"api": "Produce", "to": {"controller": "all"}}}


def report(acklab, path):
    ran = subprocess.run([acklab, "run", str(path), "--format", "json"], text=True,
                         capture_output=True, timeout=600, check=False)
    try:
        document = json.loads(ran.stdout)
    except ValueError:
        return {"no report": ran.stderr.strip()[-300:]}
    for key in ("scenario", "settings"):
        document.pop(key)
    document["trace"].pop("digest")
    steps = document["steps"]
    document["steps"] = [step for step in steps if step["id"] != MEETS_NONE["id"]]
    document["trace"]["events"] -= len(steps) - len(document["steps"])
    return document


def differs(acklab, path, folder):
    flat = subprocess.run([acklab, "show", str(path), "--flat"], text=True, capture_output=True,
                          timeout=60, check=False)
    try:
        scenario = json.loads(flat.stdout)
    except ValueError:
        return [f"not shown: {flat.stderr.strip()[-300:]}"]
    scenario.setdefault("steps", []).append(MEETS_NONE)
    longer = folder / path.name
    longer.write_text(json.dumps(scenario), encoding="utf-8")
    one, other = report(acklab, path), report(acklab, longer)
    return [f"{key}: {str(one.get(key))[:200]} / {str(other.get(key))[:200]}"
            for key in sorted({*one, *other}) if one.get(key) != other.get(key)]


def main():
    acklab, scenarios = sys.argv[1:3]
    files = sorted(file for folder in ("lessons", "catalogue", "truth")
                   for file in (pathlib.Path(scenarios) / folder).glob("*.json"))
    files = files[::int(os.environ.get("EVERY", "1"))]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = pool.map(lambda file: differs(acklab, file, pathlib.Path(folder)), files)
            for file, differences in zip(files, found):
                failed += bool(differences)
                for difference in differences:
                    print(f"{file.name}: {difference}")
    print(f"{len(files) - failed} passed, {failed} failed")
    sys.exit(bool(failed) or not files)


main()
