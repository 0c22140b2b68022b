"""tools/replay, the side that acts: steps, cuts, power loss, what is seen from outside."""
import pathlib
import socket
import struct
import tempfile
import threading
import unittest
from typing import Any
from unittest import mock

from replaying import machine, metadata
from replaying.network import Network, rules
from replaying.observe import Condition, Occurrence, World
from replaying.plan import read_plan
from replaying.power import end_before, lose_power
from replaying.stage import Stage


class Nodes:
    """Stands for the cluster: which nodes run, and what was done to them."""

    def __init__(self, hosts: list[str]) -> None:
        self.up = set(hosts)
        self.paused: set[str] = set()
        self.stopping: set[str] = set()
        self.slow = False            # a shutdown takes until somebody lets it end
        self.done: list[str] = []
        self.hosts = hosts

    def nodes(self) -> list[str]:
        return self.hosts

    def died(self) -> list[str]:
        return []

    def running(self, host: str) -> bool:
        return host in self.up

    def note(self, what: str, host: str) -> bool:
        self.done.append(f"{what} {host}")
        return True

    def start(self, host: str) -> bool:
        self.up.add(host)
        self.stopping.discard(host)
        return self.note("start", host)

    def kill(self, host: str) -> bool:
        self.up.discard(host)
        return self.note("kill", host)

    def lose_power(self, host: str, keep: Any) -> bool:
        self.up.discard(host)
        return self.note(f"power {keep}", host)

    def shut_down(self, host: str) -> bool:
        self.stopping.add(host)
        if not self.slow:
            self.up.discard(host)
        return self.note("stop", host)

    def pause(self, host: str) -> bool:
        return self.note("pause", host)

    def resume(self, host: str) -> None:
        self.note("resume", host)

    def wipe(self, host: str) -> None:
        self.note("wipe", host)


class Ledger:
    def add(self, kind: str, entry: Any) -> None:
        raise AssertionError("nothing is made in a test")


class Steps(unittest.TestCase):
    """Steps on a stage whose clock the test moves and whose nodes are played."""

    def stage(self, steps: list[dict[str, Any]]) -> Stage:
        document = {
            "id": "s", "kafka": {"version": "3.9"}, "run": {"end": "60s"},
            "cluster": {"brokers": [{"id": 1}, {"id": 2}, {"id": 3}]},
            "topics": [{"name": "t", "partitions": [{"id": 0, "replicas": [1, 2, 3]}]}],
            "producers": [{"id": "p", "topic": "t"}], "steps": steps}
        hosts = ["b1", "b2", "b3", "c100"]
        network = Network(0, [*hosts, "producer p"], Ledger())  # type: ignore[arg-type]
        network.apply = lambda hosts: None                      # type: ignore[method-assign]
        stage = Stage(read_plan(document, None), network, mock.Mock(), mock.Mock(), lambda _: None)
        self.nodes = Nodes(hosts)
        stage.cluster = self.nodes                              # type: ignore[assignment]
        self.clock = 0.0
        stage.now = lambda: self.clock                          # type: ignore[method-assign]
        stage.world.partitions["t-0"] = metadata.PartitionView(1, 0, (1, 2, 3))
        return stage

    def run_to(self, stage: Stage, end: float) -> list[str]:
        """Ticks ten times a second; what was done to nodes meanwhile."""
        before = len(self.nodes.done)
        while self.clock < end - 1e-9:
            self.clock = round(self.clock + 0.1, 6)
            stage.tick()
        return self.nodes.done[before:]

    def test_at_for_and_after_follow_the_clock(self) -> None:
        stage = self.stage([
            {"id": "kill", "at": "2s", "do": "crash", "target": {"broker": 2}, "for": "3s"},
            {"id": "next", "after": "kill", "delay": "1s", "do": "pause",
             "target": {"leaderOf": "t-0"}}])
        self.assertEqual(self.run_to(stage, 1.9), [])
        self.assertEqual(self.run_to(stage, 2.5), ["kill b2"])
        self.assertEqual(self.run_to(stage, 3.2), ["pause b1"])
        self.assertEqual(self.run_to(stage, 9.0), ["start b2"])

    def test_a_heal_ends_a_fault_once(self) -> None:
        stage = self.stage([
            {"id": "gc", "at": "1s", "do": "pause", "target": {"broker": 1}, "for": "5s"},
            {"id": "mend", "at": "2s", "do": "heal", "step": "gc"}])
        self.assertEqual(self.run_to(stage, 10.0), ["pause b1", "resume b1"])

    def test_cuts_overlap_and_end_on_their_own(self) -> None:
        stage = self.stage([
            {"id": "a", "at": "1s", "do": "partition",
             "groups": [[{"broker": 1}], [{"broker": 2}, {"broker": 3}]], "for": "4s"},
            {"id": "b", "at": "2s", "do": "partition", "from": {"broker": 1},
             "to": [{"broker": 2}, {"controller": "active"}], "for": "9s"}])
        self.run_to(stage, 1.5)
        both = {("b1", "b2"), ("b2", "b1"), ("b1", "b3"), ("b3", "b1")}
        self.assertEqual(stage.network.cut_now(), both)
        self.assertEqual(stage.distrusted(), set())
        self.run_to(stage, 2.5)
        self.assertEqual(stage.network.cut_now(), both | {("b1", "c100")})
        self.assertEqual(stage.distrusted(), {1})
        self.run_to(stage, 6.0)
        self.assertEqual(stage.network.cut_now(), {("b1", "b2"), ("b1", "c100")})
        self.run_to(stage, 12.0)
        self.assertEqual(stage.network.cut_now(), set())

    def test_a_restart_waits_for_the_end_of_a_shutdown(self) -> None:
        stage = self.stage([{"id": "r", "at": "1s", "do": "restart", "target": {"broker": 3}}])
        self.nodes.slow = True
        self.run_to(stage, 1.0)
        self.assertEqual(self.run_to(stage, 3.0), [])
        self.nodes.up.discard("b3")
        self.assertEqual(self.run_to(stage, 3.2), ["start b3"])

    def test_a_step_without_a_target_counts_as_not_fired(self) -> None:
        stage = self.stage([{"id": "kill", "at": "1s", "do": "crash",
                             "target": {"leaderOf": "t-0"}}])
        stage.world.partitions["t-0"] = metadata.PartitionView(-1, 1, (1,))
        self.assertEqual(self.run_to(stage, 5.0), [])
        self.assertEqual(stage.not_fired, ["kill"])

    def test_a_condition_that_times_out(self) -> None:
        when = {"gauge": "isrSize", "le": 1, "armed": "1s", "timeout": "2s"}
        for word, fired, not_fired in [("inconclusive", 0, ["s"]), ("skip", 0, []),
                                       ("fail", 0, []), ("runAnyway", 1, [])]:
            stage = self.stage([{"id": "s", "when": when | {"onTimeout": word}, "do": "wipeDisk",
                                 "target": {"broker": 2}}])
            self.assertEqual(len(self.run_to(stage, 6.0)), fired, word)
            self.assertEqual(stage.not_fired, not_fired)

    def test_power_loss_takes_what_keep_says(self) -> None:
        stage = self.stage([{"id": "s", "at": "1s", "do": "crash", "target": {"broker": 2},
                             "crash": {"kind": "host", "keep": 10}}])
        self.assertEqual(self.run_to(stage, 1.2), ["power 10 b2"])

    def test_the_end_undoes_faults_but_not_those_that_stay_for_ever(self) -> None:
        stage = self.stage([
            {"id": "a", "at": "1s", "do": "crash", "target": {"broker": 1}, "for": "forever"},
            {"id": "b", "at": "2s", "do": "crash", "target": {"broker": 2}},
            {"id": "c", "at": "2s", "do": "pause", "target": {"broker": 3}}])
        self.run_to(stage, 3.0)
        self.nodes.done.clear()
        stage.end_faults()
        self.assertIn("start b2", self.nodes.done)
        self.assertIn("resume b3", self.nodes.done)
        self.assertNotIn("start b1", self.nodes.done)


class Conditions(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()
        self.world.partitions["t-0"] = metadata.PartitionView(1, 4, (1, 2))

    def view(self, leader: int, epoch: int, isr: tuple[int, ...], *brokers: int) -> None:
        self.world.take(5.0, metadata.ClusterView(
            frozenset(brokers), {"t-0": metadata.PartitionView(leader, epoch, isr)}))

    def test_changes_of_a_view_occur(self) -> None:
        self.view(1, 4, (1,), 1, 2)
        self.view(2, 5, (1, 2), 1)
        self.assertEqual([one.event for one in self.world.since(0)], [
            "broker.unfenced", "broker.unfenced", "isr.shrink", "broker.fenced", "leader.elect",
            "isr.expand"])
        self.assertEqual(self.world.since(4)[0].broker, 2)

    def test_a_view_of_an_older_leader_epoch_is_old_news(self) -> None:
        self.view(2, 3, (2,))
        self.assertEqual((self.world.leader("t-0"), self.world.since(0)), (1, []))

    def test_events_filter_and_count(self) -> None:
        third = Condition({"event": "leader.elect", "broker": 2, "nth": 2})
        events = [Occurrence(1.0, "leader.elect", broker=broker) for broker in (2, 3, 2, 2)]
        self.assertEqual([third.holds(self.world, one) for one in events],
                         [False, False, True, True])

    def test_all_is_judged_at_the_moment_of_its_event(self) -> None:
        both = Condition({"all": [{"event": "produce.ack", "offset": 7},
                                  {"gauge": "isrSize", "le": 1}]})
        acked = Occurrence(1.0, "produce.ack", offset=7)
        self.assertFalse(both.holds(self.world, acked))
        self.world.partitions["t-0"] = metadata.PartitionView(1, 4, (1,))
        self.assertFalse(both.holds(self.world, None))
        self.assertTrue(both.holds(self.world, acked))

    def test_any_takes_the_first_and_steps_have_edges(self) -> None:
        either = Condition({"any": [{"step": "cut", "edge": "end"}, {"gauge": "isrSize", "gt": 2}]})
        start = Occurrence(1.0, "step", step="cut", edge="start")
        self.assertFalse(either.holds(self.world, start))
        self.assertTrue(either.holds(self.world, Occurrence(1.0, "step", step="cut", edge="end")))


class Rules(unittest.TestCase):
    ADDRESS = {"b1": "10.77.0.1", "b2": "10.77.0.2", "c100": "10.77.0.3"}

    def test_a_cut_direction_is_one_rule_at_the_receiver(self) -> None:
        cut = {("b2", "b1"), ("b1", "c100")}
        self.assertIn("-A INPUT -s 10.77.0.2 -j DROP\nCOMMIT",
                      rules(self.ADDRESS, "b1", cut, set()))
        self.assertNotIn("DROP", rules(self.ADDRESS, "b2", cut, set()))

    def test_a_silent_host_neither_sends_nor_hears(self) -> None:
        text = rules(self.ADDRESS, "b2", set(), {"b2"})
        self.assertIn("-A OUTPUT ! -o lo -j DROP", text)
        self.assertIn("-A INPUT ! -i lo -j DROP", text)


def batch(base: int, size: int) -> bytes:
    return base.to_bytes(8, "big") + size.to_bytes(4, "big") + bytes(size)


class Power(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.data = pathlib.Path(holder.name)
        (self.data / ".kafka_cleanshutdown").touch()
        (self.data / "recovery-point-offset-checkpoint").write_text("0\n2\nt 0 14\nt-x 1 3\n")
        for partition in ("t-0", "t-x-1"):
            (self.data / partition).mkdir()
            for base in (0, 10):
                log = self.data / partition / f"{base:020}.log"
                log.write_bytes(batch(base, 50) + batch(base + 5, 70))
                log.with_suffix(".index").touch()

    def sizes(self, partition: str) -> dict[int, int]:
        return {int(log.stem): log.stat().st_size
                for log in sorted((self.data / partition).glob("*.log"))}

    def test_batches_from_the_offset_on_go_and_others_stay(self) -> None:
        lose_power(self.data, ["t-0", "t-x-1"], {"t-0": 12, "*": "all"})
        self.assertEqual(self.sizes("t-0"), {0: 144, 10: 62})
        self.assertEqual(self.sizes("t-x-1"), {0: 144, 10: 144})
        self.assertFalse((self.data / ".kafka_cleanshutdown").exists())
        self.assertEqual((self.data / "recovery-point-offset-checkpoint").read_text(),
                         "0\n2\nt 0 12\nt-x 1 3\n")

    def test_segments_past_the_cut_go_and_damaged_indexes_with_them(self) -> None:
        lose_power(self.data, ["t-0", "t-x-1"], 5)
        for partition in ("t-0", "t-x-1"):
            self.assertEqual(self.sizes(partition), {0: 62})
            self.assertEqual(list((self.data / partition).glob("*.index")), [])

    def test_a_batch_is_cut_whole_by_its_base_offset(self) -> None:
        data = batch(0, 50) + batch(5, 70)
        self.assertEqual([end_before(data, keep) for keep in (0, 1, 5, 6, 99)],
                         [0, 62, 62, 144, 144])


def answer(leader: int) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack(">h", len(value)) + value.encode()

    def ints(*values: int) -> bytes:
        return struct.pack(f">{len(values) + 1}i", len(values), *values)
    partition = struct.pack(">hiii", 0, 0, leader, 6) + ints(1, 2, 3) + ints(2, 3) + ints()
    return (struct.pack(">iii", 1, 0, 2) + struct.pack(">i", 2) + text("b2")
            + struct.pack(">ih", 9092, -1) + struct.pack(">i", 3) + text("b3")
            + struct.pack(">i", 9092) + text("rack") + text("cluster") + struct.pack(">ii", 2, 1)
            + struct.pack(">h", 0) + text("t") + b"\0" + struct.pack(">i", 1) + partition)


class Metadata(unittest.TestCase):
    def test_an_answer_is_read(self) -> None:
        view = metadata.parse(answer(2))
        self.assertEqual(view.brokers, {2, 3})
        self.assertEqual(view.partitions, {"t-0": metadata.PartitionView(2, 6, (2, 3))})

    def test_an_answer_that_ends_early_is_an_error_at_every_length(self) -> None:
        whole = answer(2)
        for length in range(len(whole)):
            with self.assertRaises(metadata.MetadataError):
                metadata.parse(whole[:length])

    def test_a_broker_is_asked_over_a_socket(self) -> None:
        asked = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            def serve() -> None:
                connection, _ = server.accept()
                with connection:
                    asked.append(connection.recv(1000))
                    body = answer(3)
                    connection.sendall(struct.pack(">i", len(body)) + body)
            thread = threading.Thread(target=serve)
            thread.start()
            real = socket.create_connection
            with mock.patch("replaying.metadata.socket.create_connection",
                            lambda _, timeout: real(server.getsockname(), timeout)):
                self.assertEqual(metadata.ask("x", ["t"]).partitions["t-0"].leader, 3)
            thread.join()
        self.assertEqual(asked, [metadata.request(["t"])])
        self.assertEqual(struct.unpack_from(">ihh", asked[0]), (len(asked[0]) - 4, 3, 7))


class Machine(unittest.TestCase):
    def setUp(self) -> None:
        self.plan = read_plan({
            "id": "s", "kafka": {"version": "3.9"}, "run": {"end": "9s"}, "topics": [],
            "cluster": {"brokers": [{"id": 1}, {"id": 2}]}, "producers": []}, None)

    def test_without_root_the_reason_is_said(self) -> None:
        with mock.patch("os.geteuid", return_value=1000), \
                self.assertRaisesRegex(machine.CannotRun, "root"):
            machine.check_machine(self.plan, with_maven=False)

    def test_a_program_that_is_missing_is_named_with_its_package(self) -> None:
        for missing, package in machine.PROGRAMS.items():
            with mock.patch("shutil.which", lambda name: None if name == missing else name), \
                    self.assertRaisesRegex(machine.CannotRun, f"no {missing} .*install {package}"):
                machine.check_programs(with_maven=False)

    def test_too_little_memory_is_said_in_figures(self) -> None:
        with mock.patch("os.geteuid", return_value=0), mock.patch.object(
                machine, "check_programs"), mock.patch.object(
                machine, "available_mb", return_value=900), self.assertRaisesRegex(
                machine.CannotRun, r"3 nodes .* about 1640 MB, 900 MB"):
            machine.check_machine(self.plan, with_maven=False)

    def test_versions_and_memory_are_read_as_programs_print_them(self) -> None:
        self.assertEqual(machine.java_version('openjdk version "17.0.12" 2024-07-16'), 17)
        self.assertEqual(machine.java_version('java version "1.8.0_202"'), 8)
        self.assertEqual(machine.available_mb("MemTotal: 9 kB\nMemAvailable:   2048000 kB\n"), 2000)
