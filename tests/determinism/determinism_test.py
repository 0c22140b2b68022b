#!/usr/bin/env python3
"""determinism_test.py DIGESTS ACKLAB SCENARIOS OUT: one run per scenario, seed and version.

DIGESTS runs every scenario of the library twice in one process and prints "id seed digest". Here
each is run once more by ACKLAB, in a process of its own, and all of it is held against the recorded
digests.txt beside this file. Every build does this, so builds agree with each other as well. OUT
gets the digests of this build; tests/determinism/record makes them the recorded ones.

Names the kinds of note that no scenario of the library reached: each wants a scenario or a
transcript of its own, or to be deleted.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

RECORDED = pathlib.Path(__file__).with_name("digests.txt")


def table(text):
    """(id, seed) -> digest."""
    rows = [line.split() for line in text.splitlines()]
    return {(scenario, seed): digest for scenario, seed, digest in rows}


def digest_of_own_process(acklab, path):
    ran = subprocess.run([acklab, "run", str(path), "--format", "json"], text=True,
                         capture_output=True, timeout=600)
    try:
        report = json.loads(ran.stdout)
        key = report["scenario"]["id"], str(report["seed"])
        return key, report["trace"]["digest"]
    except (ValueError, KeyError) as problem:
        return (path.stem, "?"), f"no report ({problem!r}): {ran.stderr.strip()[-200:]}"


def main():
    digests, acklab, scenarios, out = sys.argv[1:5]
    files = sorted(file for folder in ("lessons", "catalogue", "truth")
                   for file in (pathlib.Path(scenarios) / folder).glob("*.json"))
    ran = subprocess.run([digests, *map(str, files)], text=True, capture_output=True)
    pathlib.Path(out).write_text(ran.stdout)
    failed = int(ran.returncode != 0)
    if failed:
        print(f"twice in one process: {ran.stderr.strip()}")

    recorded, here = table(RECORDED.read_text()), table(ran.stdout)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        apart = dict(pool.map(lambda file: digest_of_own_process(acklab, file), files))
    keys = sorted({*recorded, *here, *apart})
    for key in keys:
        values = recorded.get(key), here.get(key), apart.get(key)
        if len(set(values)) != 1:
            failed += 1
            print("{} seed {}: recorded {}, in one process {}, in its own {}".format(*key, *values))
    print(*(line for line in ran.stderr.splitlines() if line.startswith("notes never reached")))
    if not keys:
        failed += 1
        print("no scenario was run")
    print(f"{len(keys) + 1 - failed} passed, {failed} failed")
    sys.exit(bool(failed))


main()
