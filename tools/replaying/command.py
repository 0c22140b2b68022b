"""The command line of tools/replay, and the order in which a replay is done."""
import argparse
import contextlib
import json
import pathlib
import sys
import tempfile
import traceback
from collections.abc import Iterator

from replaying import jars, leftovers, machine, simulator
from replaying.cluster import ClusterError, Lab, hosts_of
from replaying.dumps import complaints
from replaying.facts import facts_of_acklab, facts_of_kafka
from replaying.network import Network, NetworkError
from replaying.plan import RELEASES, Plan, Refused, read_plan, release_of
from replaying.scenario_file import ScenarioError, apply_set, parse
from replaying.stage import Stage
from replaying.table import Comparison, compare, json_of, text_of

AGREE, DIFFER, CANNOT, BUG = 0, 1, 3, 70       # argparse exits 2 on bad usage
TOP = pathlib.Path(__file__).resolve().parents[2]
STATE = pathlib.Path("/run/acklab-replay")
SELF_TEST = ("acks1-leader-dies", "isr-of-one-power")
LABS = 10

EPILOG = f"""\
Runs FILE on real Apache Kafka brokers on this machine and with acklab, and holds what became of
every record and of every replica's log side by side. Needs root, Java 17, iproute2 and iptables;
Kafka's jars come from Maven Central by mvn the first time. Versions: {", ".join(RELEASES)}.
Exit status: 0 they agree, 1 they differ, 2 usage, 3 it cannot run here (the reason is said), 70 a
bug."""


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="replay", description="Replay a scenario on real Kafka brokers.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", metavar="FILE", help="a scenario file")
    parser.add_argument("--kafka", metavar="V", help="the version instead of the scenario's")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE",
                        help="change the scenario for both sides (may be repeated)")
    parser.add_argument("--all", action="store_true", help="show every record, not only differing")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--disks", action="store_true",
                        help="also have Kafka's DumpLogSegments read the disks acklab dumps")
    parser.add_argument("--keep", metavar="DIR",
                        help="keep logs, disks and the result in DIR (new or empty)")
    parser.add_argument("--lab", type=int, default=0, metavar="N",
                        help=f"0 to {LABS - 1}: runs in different labs do not meet (0)")
    parser.add_argument("--acklab", metavar="PATH", help="the binary (newest of build/*/tools)")
    parser.add_argument("--jars", metavar="DIR",
                        help="Kafka's jars as DIR/VERSION/libs (the cache, filled by mvn)")
    parser.add_argument("--self-test", action="store_true",
                        help=f"replay {' and '.join(SELF_TEST)} of scenarios/truth")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")
    found = parser.parse_args(words)
    if bool(found.file) == found.self_test:
        parser.error("one FILE, or --self-test")
    if not 0 <= found.lab < LABS:
        parser.error(f"--lab is 0 to {LABS - 1}")
    if found.self_test and (found.set or found.keep or found.json):
        parser.error("--self-test takes no --set, --keep or --json")
    if found.keep and "," in found.keep:
        parser.error("--keep: DumpLogSegments cannot read below a folder with a comma in its name")
    if found.keep and pathlib.Path(found.keep).exists() and (
            not pathlib.Path(found.keep).is_dir() or any(pathlib.Path(found.keep).iterdir())):
        parser.error(f"--keep {found.keep}: it is there and not empty")
    return found


def load(path: str, version: str | None, changes: list[str]) -> Plan:
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ScenarioError(f"{path}: {getattr(problem, 'strerror', None) or problem}") from None
    document = parse(text)
    for change in changes:
        apply_set(document, change)
    try:
        return read_plan(document, version)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ScenarioError(f"{path}: not a scenario ({problem!r}); acklab check says more"
                            ) from None


@contextlib.contextmanager
def work_folder(keep: str | None, ledger: leftovers.Ledger) -> Iterator[pathlib.Path]:
    """Where the lab's files go: a folder that is removed at the end, or the one to keep."""
    if keep is not None:
        folder = pathlib.Path(keep).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with leftovers.undisturbed():
        folder = pathlib.Path(tempfile.mkdtemp(prefix="acklab-replay-"))
        ledger.add("folders", str(folder))
    yield folder


def replay(plan: Plan, path: str, asked: argparse.Namespace) -> Comparison:
    """One scenario on both sides. Nothing that it makes is left when it returns or raises."""
    def say(line: str) -> None:
        if not asked.quiet:
            print(line, file=sys.stderr, flush=True)
    machine.check_root()
    cache = jars.cache_folder()
    home = pathlib.Path(asked.jars) if asked.jars else cache / "kafka"
    machine.check_machine(plan, with_maven=not jars.fetched(home, plan.release))
    acklab = simulator.find_acklab(asked.acklab, TOP)
    with leftovers.claim(STATE, asked.lab, say) as ledger, \
            work_folder(asked.keep, ledger) as folder:
        disks = folder / "acklab-disks" if asked.disks else None
        report = simulator.run_acklab(acklab, path, plan.profile, asked.set, disks)
        if not jars.fetched(home, plan.release):
            say(f"fetching Kafka {plan.release} from Maven Central")
        java = jars.java_of(home, cache, plan.release)
        network = Network(asked.lab, hosts_of(plan), ledger)
        stage = Stage(plan, network, Lab(network, folder, ledger), java, say)
        observed = stage.run()
        checked = None if disks is None else complaints(java, plan.profile, disks)
        result = compare(plan, asked.set, facts_of_acklab(report), facts_of_kafka(observed),
                         observed, checked, report["kafka"]["version"])
        if asked.keep is not None:
            (folder / "replay.json").write_text(json.dumps(json_of(result), indent=1) + "\n")
    return result


def self_test(asked: argparse.Namespace) -> int:
    agreed = True
    for name in SELF_TEST:
        path = str(TOP / "scenarios" / "truth" / f"{name}.json")
        result = replay(load(path, asked.kafka, []), path, asked)
        agreed = agreed and result.agrees()
        print(text_of(result, asked.all) if not result.agrees() else
              f"{name}: {result.kafka.verdict} on Kafka {result.plan.release} and in acklab, "
              f"{len(result.kafka.records)} records agree", flush=True)
    return AGREE if agreed else DIFFER


def run(asked: argparse.Namespace) -> int:
    if asked.kafka:
        release_of(asked.kafka)
    if asked.self_test:
        return self_test(asked)
    result = replay(load(asked.file, asked.kafka, asked.set), asked.file, asked)
    print(json.dumps(json_of(result), indent=1) if asked.json else text_of(result, asked.all))
    return AGREE if result.agrees() else DIFFER


def main(words: list[str]) -> int:
    asked = arguments(words)
    leftovers.stop_on_signals()
    try:
        return run(asked)
    except Refused as problem:
        reasons = problem.reasons
    except (ScenarioError, machine.CannotRun, simulator.SimulatorError, jars.JarsError,
            NetworkError, ClusterError, leftovers.Busy, OSError) as problem:
        reasons = [str(problem)]
    except leftovers.Stopped as problem:
        print(f"replay: stopped by {problem}", file=sys.stderr)
        return 128 + problem.number
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        print("replay: this is a bug of replay", file=sys.stderr)
        return BUG
    for reason in reasons:
        print(f"replay: {reason}", file=sys.stderr)
    return CANNOT
