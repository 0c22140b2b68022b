#!/usr/bin/env python3
"""replay_test.py: what tools/replay is made of, without root, Java or a network of its own.

Runs every *_test.py beside this file; the last line counts the cases.
"""
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parents[1] / "tools"))


def main() -> int:
    sys.path.insert(0, str(HERE))
    names = sorted(file.stem for file in HERE.glob("*_test.py") if file.stem != "replay_test")
    suite = unittest.TestLoader().loadTestsFromNames(names)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors)
    failed = max(failed, result.testsRun == 0)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
