"""tools/replay, the side that cleans up: nothing that a run made outlives it, however it ends."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from replaying import leftovers

TOOLS = pathlib.Path(leftovers.__file__).parents[1]

# A run in miniature: owns a lab, starts two processes and a folder, says so, and waits. Its second
# process ignores every signal that can be ignored.
FAKE_RUN = """
import os, pathlib, subprocess, sys, tempfile, time
sys.path.insert(0, sys.argv[1])
from replaying import leftovers
state = pathlib.Path(sys.argv[2])
leftovers.stop_on_signals()
with leftovers.claim(state, 3, print, command=lambda words: "") as ledger:
    folder = tempfile.mkdtemp(dir=sys.argv[2])
    ledger.add("folders", folder)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for command in (["sleep", "600"], ["sh", "-c", "trap '' INT TERM HUP; sleep 600; sleep 600"]):
        child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command],
                                 start_new_session=True, **quiet)
        ledger.add_process(child.pid)
        while pathlib.Path(f"/proc/{child.pid}/comm").read_text().strip() == "setpriv":
            time.sleep(0.001)
        print(child.pid, flush=True)
    print(folder, flush=True)
    if sys.argv[3] == "raise":
        raise ValueError("a step went wrong")
    time.sleep(600)
"""


class Commands:
    """Stands for `ip`: remembers what it was asked to do, knows some names."""

    def __init__(self, namespaces: dict[str, list[int]], links: list[str]) -> None:
        self.namespaces, self.links = namespaces, links

    def __call__(self, words: list[str]) -> str:
        if words[:3] == ["ip", "netns", "list"]:
            return "".join(f"{name} (id: 4)\n" for name in self.namespaces)
        if words[:3] == ["ip", "netns", "pids"]:
            return "".join(f"{pid}\n" for pid in self.namespaces[words[3]])
        if words[:3] == ["ip", "netns", "del"]:
            del self.namespaces[words[3]]
        if words[:3] == ["ip", "-o", "link"]:
            return f"7: {words[-1]}: <UP>\n" if words[-1] in self.links else ""
        if words[:3] == ["ip", "link", "del"]:
            self.links.remove(words[3])
        return ""


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"], start_new_session=True)


class CleaningUp(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.state = pathlib.Path(holder.name)
        self.said: list[str] = []

    def sleeper(self) -> subprocess.Popen[bytes]:
        child = sleeper()
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def claim(self, command: leftovers.Command = lambda words: "") -> "leftovers.Ledger":
        return self.enterContext(leftovers.claim(self.state, 3, self.said.append, command))

    def of_a_dead_run(self, **entries: object) -> None:
        dead = subprocess.Popen(["true"])
        dead.wait()
        (self.state / "lab-3.json").write_text(json.dumps({"owner": [dead.pid, 1], **entries}))

    def test_a_run_that_ends_leaves_neither_processes_nor_folders_nor_a_ledger(self) -> None:
        child, folder = self.sleeper(), tempfile.mkdtemp(dir=self.state)
        with leftovers.claim(self.state, 3, self.said.append, lambda words: "") as ledger:
            ledger.add_process(child.pid)
            ledger.add("folders", folder)
            self.assertIsNone(child.poll())
        self.assertEqual(child.wait(5), -signal.SIGKILL)
        self.assertFalse(os.path.exists(folder))
        self.assertFalse((self.state / "lab-3.json").exists())

    def test_what_a_dead_run_left_is_removed_before_the_next(self) -> None:
        child, folder = self.sleeper(), tempfile.mkdtemp(dir=self.state)
        inside = self.sleeper()
        ip = Commands({"acklab-3-1": [inside.pid], "other": []}, ["acklab3", "ack3v1", "eth0"])
        self.of_a_dead_run(processes=[[child.pid, leftovers.started(child.pid)]],
                           namespaces=["acklab-3-1", "acklab-3-2"], links=["acklab3", "ack3v1"],
                           folders=[folder])
        self.claim(ip)
        self.assertEqual((child.wait(5), inside.wait(5)), (-signal.SIGKILL, -signal.SIGKILL))
        self.assertFalse(os.path.exists(folder))
        self.assertEqual((ip.namespaces, ip.links), ({"other": []}, ["eth0"]))
        self.assertIn("namespace acklab-3-1", self.said[0])

    def test_a_process_id_that_was_given_to_another_is_left_alone(self) -> None:
        child = self.sleeper()
        start = leftovers.started(child.pid)
        assert start is not None
        self.of_a_dead_run(processes=[[child.pid, start - 1], [2 ** 22 + 1, 5]])
        self.claim()
        time.sleep(0.05)
        self.assertIsNone(child.poll())
        self.assertEqual(self.said, [])

    def test_a_stopped_process_is_removed_too(self) -> None:
        child = self.sleeper()
        child.send_signal(signal.SIGSTOP)
        with leftovers.claim(self.state, 3, self.said.append, lambda words: "") as ledger:
            ledger.add_process(child.pid)
        self.assertEqual(child.wait(5), -signal.SIGKILL)

    def test_a_ledger_that_cannot_be_read_does_not_stop_a_run(self) -> None:
        (self.state / "lab-3.json").write_text('{"owner": [1')
        self.claim()
        self.assertEqual(self.said, [])

    def test_a_lab_in_use_is_refused_and_another_is_free(self) -> None:
        self.claim()
        with self.assertRaisesRegex(leftovers.Busy, f"lab 3 .*process {os.getpid()}.*--lab"):
            with leftovers.claim(self.state, 3, self.said.append, lambda words: ""):
                self.fail("claimed twice")
        with leftovers.claim(self.state, 4, self.said.append, lambda words: ""):
            pass


class Ending(unittest.TestCase):
    """A run of its own process, ended in each way that a run can end."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.state = pathlib.Path(holder.name)

    def start(self, how: str = "wait") -> tuple[subprocess.Popen[str], list[int], pathlib.Path]:
        run = subprocess.Popen([sys.executable, "-c", FAKE_RUN, str(TOOLS), str(self.state), how],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: run.communicate(timeout=5))
        assert run.stdout is not None
        children = [int(run.stdout.readline()), int(run.stdout.readline())]
        return run, children, pathlib.Path(run.stdout.readline().strip())

    def all_dead(self, children: list[int]) -> bool:
        end = time.monotonic() + 5
        while any(leftovers.started(child) is not None for child in children):
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def test_signals_and_errors_leave_nothing(self) -> None:
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, "raise"):
            with self.subTest(how=how):
                run, children, folder = self.start(how if isinstance(how, str) else "wait")
                if not isinstance(how, str):
                    run.send_signal(how)
                self.assertNotEqual(run.wait(10), 0)
                self.assertTrue(self.all_dead(children))
                self.assertFalse(folder.exists())
                self.assertFalse((self.state / "lab-3.json").exists())

    def test_a_second_signal_does_not_cut_the_clean_up_short(self) -> None:
        run, children, folder = self.start()
        for _ in range(20):
            run.send_signal(signal.SIGINT)
            run.send_signal(signal.SIGTERM)
        self.assertNotEqual(run.wait(10), 0)
        self.assertTrue(self.all_dead(children))
        self.assertFalse(folder.exists())

    def test_after_sigkill_the_kernel_ends_processes_and_the_next_run_the_rest(self) -> None:
        run, children, folder = self.start()
        run.kill()
        run.wait(5)
        self.assertTrue(self.all_dead(children))
        self.assertTrue(folder.exists())
        said: list[str] = []
        with leftovers.claim(self.state, 3, said.append, lambda words: ""):
            self.assertFalse(folder.exists())
            # The kernel ended the shell; the process that the shell had started was not its child.
            self.assertEqual([leftovers.group_of(child) for child in children], [[], []])
        self.assertIn(f"folder {folder}", said[0])
