"""What a replay has made on this machine, and its removal on every way out.

A ledger file names the owner and everything that must not outlive it: processes, namespaces,
links, folders. Names are written before things are made, processes when they have begun (until
then the kernel ends them with their parent), so a run that is killed at any moment leaves a ledger
from which the next run of that lab removes what is left. A process is known by its id and its start
time: an id that was given to somebody else is left alone.
"""
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any, IO

Command = Callable[[list[str]], str]
ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KINDS = ("processes", "namespaces", "links", "folders")


class Busy(Exception):
    """Another replay uses this lab."""


def quiet(command: list[str]) -> str:
    """Runs a command whose failure does not matter; its output."""
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    return done.stdout


def stat_of(pid: int) -> list[str] | None:
    """The fields of a live process from its state on; None for one that is gone or a zombie."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2:].split()
    return None if fields[0] in "ZX" else fields


def started(pid: int) -> int | None:
    """When the process began, in ticks since boot; None for one that is gone or a zombie."""
    fields = stat_of(pid)
    return None if fields is None else int(fields[19])


def group_of(leader: int) -> list[int]:
    """The live processes of a process group; its leader may be dead."""
    found = []
    for name in os.listdir("/proc"):
        fields = stat_of(int(name)) if name.isdigit() else None
        if fields is not None and int(fields[2]) == leader:
            found.append(int(name))
    return found


def kill(pid: int, start: int | None) -> bool:
    """Kills a process that began then, and what is left of its group; says whether it was there.

    The kernel gives an id to nobody else while a group of that id lives. A group is killed at once:
    one by one, a shell would see its child die and start the next.
    """
    if start is None or started(pid) not in (start, None):
        return False
    found = started(pid) == start or bool(group_of(pid))
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if group_of(pid):
            os.killpg(pid, signal.SIGKILL)
        elif found:
            os.kill(pid, signal.SIGKILL)
    return found


def gone(pid: int, start: int, limit: float = 5.0) -> bool:
    """Waits until that process is dead."""
    end = time.monotonic() + limit
    while started(pid) == start:
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Ledger:
    """The file of one lab. `with claim(...)` gives one; nothing else makes or removes it."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.entries: dict[str, list[Any]] = {kind: [] for kind in KINDS}
        self.owner = [os.getpid(), started(os.getpid())]

    def add(self, kind: str, entry: Any) -> None:
        if entry not in self.entries[kind]:
            self.entries[kind].append(entry)
            self.write()

    def add_process(self, pid: int) -> None:
        self.entries["processes"] = [one for one in self.entries["processes"]
                                     if started(one[0]) == one[1]]
        self.add("processes", [pid, started(pid)])

    def write(self) -> None:
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"owner": self.owner, **self.entries}))
        part.replace(self.path)


def read(path: pathlib.Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def remove(entries: dict[str, Any], command: Command = quiet) -> list[str]:
    """Removes everything a ledger names; what was really there, in words."""
    removed = []
    for pid, start in entries.get("processes", []):
        if kill(pid, start):
            removed.append(f"process {pid}")
            gone(pid, start)
    existing = {line.split()[0] for line in command(["ip", "netns", "list"]).splitlines() if line}
    for name in entries.get("namespaces", []):
        if name in existing:
            for pid in command(["ip", "netns", "pids", name]).split():
                start = started(int(pid))
                if kill(int(pid), start) and start is not None:
                    gone(int(pid), start)
            command(["ip", "netns", "del", name])
            removed.append(f"namespace {name}")
    # A namespace may outlive its name by the minutes that its last sockets need, with its end of a
    # link in it; to delete the other end takes both away.
    for name in entries.get("links", []):
        if command(["ip", "-o", "link", "show", "dev", name]).strip():
            command(["ip", "link", "del", name])
            removed.append(f"link {name}")
    for name in entries.get("folders", []):
        if os.path.isdir(name):
            shutil.rmtree(name, ignore_errors=True)
            removed.append(f"folder {name}")
    return removed


def lock(path: pathlib.Path) -> IO[str]:
    handle = path.open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise Busy from None
    return handle


@contextlib.contextmanager
def claim(folder: pathlib.Path, lab: int, say: Callable[[str], None],
          command: Command = quiet) -> Iterator[Ledger]:
    """Owns a lab: removes what a dead run left, and at the end, however it comes, its own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"lab-{lab}.json"
    try:
        handle = lock(folder / f"lab-{lab}.lock")
    except Busy:
        owner = (read(path) or {}).get("owner", ["?"])[0]
        raise Busy(f"lab {lab} is in use by process {owner}; take another with --lab") from None
    with handle:
        left = read(path)
        if left is not None:
            removed = remove(left, command)
            if removed:
                say(f"removed what an earlier run left: {', '.join(removed)}")
        ledger = Ledger(path)
        ledger.write()
        try:
            yield ledger
        finally:
            with undisturbed():
                remove(ledger.entries, command)
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Signals that ask to stop are ignored meanwhile: a clean-up that has begun goes to its end."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ASKING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Stopped(BaseException):
    """A signal asked this run to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def stop_on_signals() -> None:
    """Makes Ctrl-C, SIGTERM and SIGHUP unwind the stack, so that every clean-up runs.

    Only the first of them does; those that follow do not disturb the way out.
    """
    def stop(number: int, _frame: Any) -> None:
        for one in ASKING:
            signal.signal(one, signal.SIG_IGN)
        raise Stopped(number)
    for number in ASKING:
        signal.signal(number, stop)
