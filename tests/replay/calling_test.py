"""tools/replay as a command: its exit statuses and one-line errors, before anything starts."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from replaying import jars, simulator

ROOT = pathlib.Path(__file__).parents[2]


def replay(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(ROOT / "tools" / "replay"), *words], text=True,
                          capture_output=True, timeout=30, check=False)


class Calling(unittest.TestCase):
    def refused(self, status: int, word: str, *words: str) -> None:
        done = replay(*words)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertIn(word, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_usage_is_exit_2(self) -> None:
        for words in ((), ("a.json", "--self-test"), ("a.json", "--lab", "10"),
                      ("a.json", "--what"), ("a.json", "--keep", str(ROOT)),
                      ("--self-test", "--set", "acks=1")):
            self.refused(2, "usage: replay", *words)

    def test_what_cannot_be_read_or_done_is_exit_3_in_one_line(self) -> None:
        truth = str(ROOT / "scenarios" / "truth" / "unclean-on.json")
        lesson = str(ROOT / "scenarios" / "lessons" / "acks1-leader-crash.json")
        self.refused(3, "No such file", "/no/such.json")
        self.refused(3, "known: 3.6 (3.6.2), 3.9 (3.9.1)", truth, "--kafka", "2.8")
        self.refused(3, "leads nowhere", truth, "--set", "/no/where=1")
        self.refused(3, "step kill-leader: the gauge", lesson)
        done = replay(lesson)
        self.assertTrue(all(line.startswith("replay: step kill-leader: ")
                            for line in done.stderr.splitlines()), done.stderr)

    def test_a_document_that_is_no_scenario_is_exit_3(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write('{"kafka": {"version": "3.9"}, "cluster": {"brokers": 7}}')
            file.flush()
            self.refused(3, "not a scenario", file.name)

    def test_help_names_versions_and_exit_statuses(self) -> None:
        done = replay("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("3.6, 3.9, 4.0, 4.1", done.stdout)
        self.assertIn("0 they agree, 1 they differ, 2 usage, 3", done.stdout)


class FindsAcklab(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.top = pathlib.Path(holder.name)

    def program(self, name: str, text: str = "exit 0") -> str:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def test_the_one_asked_for_the_newest_build_or_the_path(self) -> None:
        old = self.program("build/old/tools/acklab")
        new = self.program("build/new/tools/acklab")
        os.utime(old, (1, 1))
        self.assertEqual(simulator.find_acklab(None, self.top), new)
        self.assertEqual(simulator.find_acklab(old, self.top), old)
        elsewhere = self.program("bin/acklab")
        with mock.patch.dict(os.environ, PATH=str(self.top / "bin")):
            self.assertEqual(simulator.find_acklab(None, self.top / "bin"), elsewhere)
        with mock.patch.dict(os.environ, PATH="/nowhere"), \
                self.assertRaisesRegex(simulator.SimulatorError, "--acklab"):
            simulator.find_acklab(None, self.top / "bin")

    def test_its_report_is_read_whatever_the_expectations_say(self) -> None:
        for status in (0, 1, 4):
            program = self.program("acklab", f"echo '{{\"args\": \"'$*'\"}}'; exit {status}")
            report = simulator.run_acklab(program, "s.json", "3.9", ["acks=1"], self.top / "d")
            self.assertEqual(report["args"], "run s.json --kafka 3.9 --records --format json "
                             f"--set acks=1 --dump-disks {self.top}/d")

    def test_its_refusal_is_passed_on(self) -> None:
        program = self.program("acklab", "echo 'error[AL202] no id' >&2; exit 3")
        with self.assertRaisesRegex(simulator.SimulatorError, r"exit 3.*\n.*AL202"):
            simulator.run_acklab(program, "s.json", "3.9", [], None)


class FetchesJars(unittest.TestCase):
    """With a Maven that is played: nothing is fetched in a test."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.home = pathlib.Path(holder.name)
        (self.home / "bin").mkdir()
        path = f"{self.home}/bin:{os.environ['PATH']}"
        self.enterContext(mock.patch.dict(os.environ, PATH=path))

    def maven(self, text: str) -> None:
        program = self.home / "bin" / "mvn"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    def test_they_are_fetched_once(self) -> None:
        self.maven("grep -q '<version>3.9.1</version>' pom.xml && mkdir libs && "
                   "touch libs/kafka-clients-3.9.1.jar")
        libs = jars.fetch(self.home, "3.9.1")
        self.assertEqual([jar.name for jar in libs.iterdir()], ["kafka-clients-3.9.1.jar"])
        self.maven("exit 1")
        self.assertEqual(jars.fetch(self.home, "3.9.1"), libs)
        self.assertEqual([one.name for one in libs.parent.iterdir()], ["libs"])

    def test_a_failure_is_one_line_and_leaves_nothing_half_done(self) -> None:
        self.maven("echo '[ERROR] no route to the repository'; echo '[ERROR] more'; exit 1")
        with self.assertRaisesRegex(jars.JarsError, "^mvn .*3.9.1: no route to the repository$"):
            jars.fetch(self.home, "3.9.1")
        self.assertFalse(jars.fetched(self.home, "3.9.1"))
        self.assertEqual(list((self.home / "3.9.1").iterdir()), [])

    def test_the_cache_is_where_the_user_keeps_caches(self) -> None:
        with mock.patch.dict(os.environ, XDG_CACHE_HOME="/x/cache"):
            self.assertEqual(str(jars.cache_folder()), "/x/cache/acklab")
        with mock.patch.dict(os.environ, XDG_CACHE_HOME="", HOME="/home/a"):
            self.assertEqual(str(jars.cache_folder()), "/home/a/.cache/acklab")
