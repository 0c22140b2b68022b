"""tools/replay, the side that reads: scenario files, plans, and what real machines cannot do."""
import json
import pathlib
import unittest
from typing import Any

from replaying.plan import RELEASES, Plan, Refused, read_plan, release_of
from replaying.scenario_file import ScenarioError, apply_set, kafka_value, parse, period, seconds

TRUTH = pathlib.Path(__file__).parents[2] / "scenarios" / "truth"


def document(steps: list[dict[str, Any]] | None = None, **blocks: Any) -> dict[str, Any]:
    return {
        "scenario": 1, "id": "s", "kafka": {"version": "3.9"}, "run": {"end": "20s"},
        "cluster": {"brokers": [{"id": 1, "rack": "a"}, {"id": 2}, {"id": 3}]},
        "topics": [{"name": "orders", "partitions": [{"id": 0, "replicas": [2, 1, 3]}]}],
        "producers": [{"id": "p1", "topic": "orders", "config": {"acks": "1"}}],
        "steps": steps or [], **blocks}


class ReadsJsonWithComments(unittest.TestCase):
    def test_comments_go_and_texts_stay(self) -> None:
        text = '{ // one\n "a": "// no, /* no */ \\" // no", /* two\n lines */ "b": [1, 2] }'
        self.assertEqual(parse(text), {"a": '// no, /* no */ " // no', "b": [1, 2]})

    def test_a_byte_order_mark_and_comment_keys_are_ignored(self) -> None:
        self.assertEqual(parse('\ufeff{"$comment": 1, "a": {"$comment": 2}}'), {"a": {}})

    def test_an_error_names_the_line_of_the_file(self) -> None:
        with self.assertRaisesRegex(ScenarioError, "line 4: "):
            parse('{\n/* a\n comment */ "a": 1,\n}')

    def test_what_acklab_refuses_is_refused(self) -> None:
        for text, why in [('{"a": 1, "a": 2}', '"a" stands twice'), ('{"a": NaN}', "NaN"),
                          ("[1]", "one JSON object"), ('{"a": 1 /* }', "does not end"),
                          ('{"a": 1,}', "line 1"), ("[" * 100_000, "nested too deeply")]:
            with self.subTest(text=text[:20]), self.assertRaisesRegex(ScenarioError, why):
                parse(text)


class ReadsUnits(unittest.TestCase):
    def test_durations_add_up(self) -> None:
        for text, value in [("250ms", 0.25), ("1m30s", 90.0), ("1.5s", 1.5), ("2h", 7200.0),
                            ("40us", 4e-5), ("0s", 0.0), ("1d", 86400.0)]:
            self.assertAlmostEqual(seconds(text), value)

    def test_what_is_no_duration_is_refused(self) -> None:
        for value in ("5", "s", "5 s", "-1s", "5sec", 5, None, ".5s"):
            with self.subTest(value=value), self.assertRaises(ScenarioError):
                seconds(value)

    def test_a_distribution_is_refused_by_its_reason(self) -> None:
        with self.assertRaisesRegex(ScenarioError, "seed"):
            seconds({"dist": "uniform", "min": "1s", "max": "2s"})

    def test_rates_become_periods(self) -> None:
        self.assertEqual([period("500/s"), period("30/m"), period("1/h")], [0.002, 2.0, 3600.0])
        for rate in ("0/s", "5", "5/d"):
            with self.assertRaises(ScenarioError):
                period(rate)

    def test_kafka_spells_booleans_in_lower_case(self) -> None:
        self.assertEqual([kafka_value(v) for v in (True, False, 1, "all")],
                         ["true", "false", "1", "all"])


class ChangesBySet(unittest.TestCase):
    def changed(self, *changes: str) -> dict[str, Any]:
        found = document()
        for change in changes:
            apply_set(found, change)
        return found

    def test_paths_use_names_and_stars(self) -> None:
        found = self.changed("/topics/orders/config={}", "/topics/*/config/flush.messages=1",
                             "/cluster/brokers/2/rack=b", "/run/settle=5s")
        self.assertEqual(found["topics"][0]["config"], {"flush.messages": 1})
        self.assertEqual(found["cluster"]["brokers"][1]["rack"], "b")
        self.assertEqual(found["run"], {"end": "20s", "settle": "5s"})

    def test_a_bare_key_goes_to_whom_it_belongs(self) -> None:
        found = self.changed("acks=all", "min.insync.replicas=2", "broker.session.timeout.ms=9")
        self.assertEqual(found["producers"][0]["config"], {"acks": "all"})
        self.assertEqual(found["topics"][0]["config"], {"min.insync.replicas": 2})
        self.assertEqual(found["cluster"]["config"], {"broker.session.timeout.ms": 9})

    def test_a_path_that_leads_nowhere_is_an_error(self) -> None:
        for change in ("/topics/other/config/a=1", "/no/such=1", "acks", "=1",
                       "/steps/kill/for=1s"):
            with self.subTest(change=change), self.assertRaises(ScenarioError):
                self.changed(change)


def refusals(steps: list[dict[str, Any]] | None = None, **blocks: Any) -> list[str]:
    try:
        read_plan(document(steps, **blocks), None)
    except Refused as refused:
        return refused.reasons
    return []


class MakesPlans(unittest.TestCase):
    def plan(self, steps: list[dict[str, Any]] | None = None, **blocks: Any) -> Plan:
        return read_plan(document(steps, **blocks), None)

    def test_every_scenario_that_was_replayed_before_is_a_plan(self) -> None:
        files = sorted(TRUTH.glob("*.json"))
        self.assertGreater(len(files), 20)
        for file in files:
            for version in RELEASES:
                plan = read_plan(parse(file.read_text()), version)
                self.assertEqual(len(plan.steps), len(json.loads(file.read_text())["steps"]))

    def test_defaults_are_those_of_the_format(self) -> None:
        plan = self.plan()
        self.assertEqual((plan.release, plan.settle, plan.controllers), ("3.9.1", 10.0, [100]))
        self.assertEqual(plan.replicas(), {"orders-0": [2, 1, 3]})
        self.assertEqual((plan.racks, plan.node_count()), ({1: "a"}, 4))

    def test_counted_partitions_are_placed_as_acklab_places_them(self) -> None:
        plan = self.plan(topics=[{"name": "t", "partitions": 4, "replicationFactor": 2}])
        self.assertEqual(plan.topics[0].replicas, [[1, 2], [2, 3], [3, 1], [1, 2]])
        self.assertEqual(plan.topics[0].partitions(), ["t-0", "t-1", "t-2", "t-3"])

    def test_workloads_become_sends(self) -> None:
        load = {"records": 3, "rate": "2/s", "start": "1s", "size": 50, "value": "n {n}"}
        bursts = {"bursts": [{"at": "4s", "records": 7}, {"at": "2s", "records": 1}]}
        plan = self.plan(producers=[{"id": "a", "topic": "orders", "workload": load},
                                    {"id": "b", "topic": "orders", "workload": bursts}])
        self.assertEqual(plan.producers[0].sends, [(1.0, 1), (1.5, 1), (2.0, 1)])
        self.assertEqual(plan.producers[1].sends, [(2.0, 1), (4.0, 7)])
        self.assertEqual((plan.producers[0].size, plan.producers[0].template), (50, "n {n}"))

    def test_every_becomes_steps_at_times(self) -> None:
        step = {"id": "s", "every": "6s", "do": "note"}
        self.assertEqual([(one.id, one.at) for one in self.plan([step]).steps],
                         [("s", 6.0), ("s@2", 12.0), ("s@3", 18.0)])
        self.assertEqual(len(self.plan([step | {"count": 2}]).steps), 2)

    def test_a_version_is_a_profile_or_its_release(self) -> None:
        self.assertEqual(release_of("4.1"), ("4.1", "4.1.0"))
        self.assertEqual(release_of("3.6.2"), ("3.6", "3.6.2"))
        with self.assertRaisesRegex(Refused, r'"2.8".*3\.6 \(3\.6\.2\).*4\.1 \(4\.1\.0\)'):
            release_of("2.8")


class RefusesByName(unittest.TestCase):
    def refused(self, step: dict[str, Any], *words: str) -> None:
        """The step alone is refused, by its id and these words; nothing else is."""
        reasons = refusals([{"id": "x7", "at": "1s"} | step])
        self.assertEqual(len(reasons), 1, reasons)
        for word in ("step x7", *words):
            self.assertIn(word, reasons[0])

    def test_actions_that_real_machines_do_not_do(self) -> None:
        for action in ("degrade", "slowDisk", "fullDisk", "failDisk", "corruptDisk", "skewClock",
                       "expireSession", "reassign", "holdMessages", "dropMessages",
                       "releaseMessages", "commit"):
            self.refused({"do": action, "target": {"broker": 1}}, f'"{action}"')

    def test_conditions_that_cannot_be_seen(self) -> None:
        for when, word in [({"gauge": "ackedOnlyOnLeader", "ge": 1}, "ackedOnlyOnLeader"),
                           ({"event": "fetch.request"}, "fetch.request"),
                           ({"event": "leader.elect", "clean": True}, "clean"),
                           ({"event": "leader.elect", "phase": "before"}, "before"),
                           ({"event": "produce.ack", "nth": 3}, "nth"),
                           ({"not": {"gauge": "isrSize", "le": 1}}, '"not"'),
                           ({"any": [{"event": "hw.advance"}]}, "hw.advance"),
                           ({"step": "x7", "edge": "before"}, "before")]:
            step = {"id": "x7", "when": when, "do": "note"}
            reasons = refusals([step])
            self.assertEqual(len(reasons), 1, reasons)
            self.assertIn("step x7", reasons[0])
            self.assertIn(word, reasons[0])

    def test_what_is_drawn_from_the_seed(self) -> None:
        self.refused({"at": {"dist": "uniform", "min": "1s", "max": "2s"}, "do": "note"}, "seed")
        self.refused({"do": "pause", "target": {"followersOf": "orders-0", "pick": "one"}}, "one")

    def test_crashes_that_a_real_disk_or_kernel_decides(self) -> None:
        target = {"do": "crash", "target": {"broker": 1}}
        self.refused(target | {"crash": {"kind": "host"}}, 'keep "none"')
        self.refused(target | {"crash": {"kind": "host", "keep": {"*": "random"}}}, '"random"')
        self.refused(target | {"crash": {"inFlight": "drop"}}, "drop")
        self.refused(target | {"crash": {"kind": "host", "keep": 3, "inFlight": "deliver"}},
                     "deliver")

    def test_what_a_replay_leaves_out(self) -> None:
        self.refused({"do": "alterConfig", "target": {"broker": 1}, "config": {}}, "alterConfig")
        self.refused({"do": "wipeDisk", "target": {"controller": 100}}, "wipeDisk")
        blocks: list[tuple[dict[str, Any], str]] = [
            ({"consumers": [{"id": "c"}]}, "consumers"), ({"extends": "a.json"}, "extends"),
            ({"kafka": {"version": "3.9", "mode": "zookeeper"}}, "zookeeper")]
        for block, word in blocks:
            self.assertIn(word, "".join(refusals(**block)))
        keyed = {"id": "p", "topic": "orders", "workload": {"key": "k"}}
        self.assertIn("workload.key", "".join(refusals(producers=[keyed])))

    def test_what_would_leave_the_lab(self) -> None:
        brokers = [{"id": 1}, {"id": 2}, {"id": 3}]
        producer = {"id": "p", "topic": "orders"}
        blocks: list[tuple[dict[str, Any], str]] = [
            ({"cluster": {"brokers": brokers, "config": {"log.dirs": "/x"}}}, '"log.dirs"'),
            ({"cluster": {"brokers": [{"id": 1, "config": {"a": "1\nlog.dirs=/x"}}]}}, "line ends"),
            ({"producers": [producer | {"config": {"bootstrap.servers": "x:1"}}]}, "bootstrap"),
            ({"producers": [producer | {"id": "../../p"}]}, "'../../p'"),
            ({"topics": [{"name": "a/b", "partitions": 1}]}, "'a/b'")]
        for block, word in blocks:
            self.assertIn(word, "".join(refusals(**block)))

    def test_all_reasons_come_at_once_and_what_can_be_done_is_not_among_them(self) -> None:
        reasons = refusals([
            {"id": "a", "at": "1s", "do": "slowDisk"},
            {"id": "b", "at": "1s", "do": "crash", "target": {"leaderOf": "orders-0"},
             "crash": {"kind": "host", "keep": {"orders-0": 3, "*": "all"}}, "for": "3s"},
            {"id": "c", "when": {"any": [{"gauge": "isrSize", "le": 1}, {"step": "b"}]},
             "do": "heal", "step": "b"},
            {"id": "d", "at": "1s", "do": "skewClock"}])
        self.assertEqual(len(reasons), 2, reasons)
        self.assertTrue(reasons[0].startswith("step a") and reasons[1].startswith("step d"))
