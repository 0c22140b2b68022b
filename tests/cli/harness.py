"""What the tests of the command share: a folder of its own for each case, and what a call gave.

Every case starts the program in an empty folder.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

LESSON = "acks1-leader-crash"

SMALL = """{
  // comments are allowed
  "scenario": 1, "id": "small", "title": {"en": "A small run", "zh": "小实验"},
  "kafka": {"version": "3.9"}, "run": {"seed": 5, "end": "3s", "settle": "3s"},
  "cluster": {"brokers": [{"id": 1}, {"id": 2}, {"id": 3}]},
  "topics": [{"name": "t", "partitions": [{"id": 0, "replicas": [1, 2, 3]}],
              "config": {"min.insync.replicas": 2}}],
  "producers": [{"id": "p1", "topic": "t", "config": {"acks": "all"},
                 "workload": {"records": 20, "rate": "20/s", "start": "500ms"}}],
  "expect": [{"id": "safe", "metric": "acked.lost", "eq": 0}]
}
"""


class Result:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout.decode("utf-8", "replace")
        self.err = process.stderr.decode("utf-8", "replace")
        self.raw = process.stdout

    def document(self):
        return json.loads(self.out)


class CliTest(unittest.TestCase):
    program = ""  # the acklab that is tested

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        (self.path / "small.json").write_text(SMALL, encoding="utf-8")

    def tearDown(self):
        self.folder.cleanup()

    def acklab(self, *words, stdin=b"", env=None):
        clean = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                clean[name] = os.environ[name]
        clean.update(env or {})
        process = subprocess.run([CliTest.program, *words], cwd=self.path, input=stdin, env=clean,
                                 capture_output=True, timeout=300, check=False)
        return Result(process)

    def expect(self, result, status, err="", out=""):
        about = f"status {result.status}\nstdout {result.out[:600]}\nstderr {result.err[:600]}"
        self.assertEqual(result.status, status, about)
        self.assertIn(err, result.err, about)
        self.assertIn(out, result.out, about)


def main():
    """Runs the cases of the file that calls it. The last line is "N passed, N failed"."""
    CliTest.program = os.path.abspath(sys.argv.pop(1))
    program = unittest.main(exit=False)
    failed = len(program.result.failures) + len(program.result.errors)
    print(f"{program.result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
