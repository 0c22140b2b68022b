#!/usr/bin/env python3
"""steps_test.py ACKLAB: what steps can do, each shown by a scenario beside this file.

Each scenario says in `expect` what it must come to and in notes what must have happened; the run
must be conclusive and every expectation must hold. The last line counts the files that do.
"""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def main():
    files = sorted(HERE.glob("*.json"))
    failed = 0
    for file in files:
        ran = subprocess.run([sys.argv[1], "run", str(file), "--check-invariants"], text=True,
                             capture_output=True, timeout=300, check=False)
        if ran.returncode != 0:
            failed += 1
            print(f"{file.name}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}")
    print(f"{len(files) - failed} passed, {failed} failed")
    sys.exit(bool(failed) or not files)


main()
