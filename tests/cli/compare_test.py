#!/usr/bin/env python3
"""compare_test.py ACKLAB: acklab compare from outside: bytes, cells, refusals, Ctrl-C."""
import json
import os
import pty
import shlex
import signal
import subprocess
import unittest

from harness import LESSON, SMALL, CliTest, main

CRASH = ('"steps": [{"id": "kill", "at": "1s", "do": "crash", "target": {"leaderOf": "t-0"}, '
         '"crash": {"inFlight": "drop"}, "for": "1s"}]')


class Compare(CliTest):
    def scenario(self, name, *more, config='"acks": "all"'):
        """SMALL without its expectation, with more blocks."""
        text = SMALL.replace('"acks": "all"', config)
        head = text[:text.index(',\n  "expect"')]
        (self.path / name).write_text(",\n".join([head, *more]) + "}", encoding="utf-8")
        return name

    def cells(self, *words, status=0):
        result = self.acklab("compare", *words, "--format", "json")
        self.expect(result, status)
        return {" ".join(str(v) for v in cell["variant"].values()): cell
                for cell in result.document()["cells"]}

    def test_any_jobs_give_the_same_bytes(self):
        name = self.scenario("s.json", CRASH)
        one, *others = [self.acklab("compare", name, "--seeds", "6", "--jobs", jobs, "--format",
                                    "json") for jobs in ("1", "2", "5")]
        self.expect(one, 0)
        for other in others:
            self.assertEqual(one.raw, other.raw)

    def test_without_axes_the_standard_matrix_is_run(self):
        name = self.scenario("s.json", CRASH)
        result = self.acklab("compare", name, "--seeds", "2", "--format", "json")
        self.expect(result, 0)
        document = result.document()
        self.assertEqual(document["command"], "compare")
        self.assertEqual([axis["label"] for axis in document["axes"]],
                         ["acks", "min.isr", "unclean"])
        self.assertEqual(document["axes"][1]["path"], "/topics/*/config/min.insync.replicas")
        self.assertEqual(len(document["cells"]), 12)
        self.assertEqual(document["totals"]["runs"], 24)
        self.assertEqual(list(document)[:8], ["report", "command", "scenario", "kafka", "axes",
                                              "cells", "pairs", "totals"])
        self.assertEqual(list(document["cells"][4])[:12],
                         ["variant", "fault", "planned", "fired", "refusedByKafka",
                          "ackedLossRuns", "ackedLostPerRun", "unavailableWriteMs",
                          "ackLatencyUs", "worstSeed", "typicalSeed", "traceDigest"])

    def test_the_standard_matrix_is_run_on_a_lesson_that_has_axes(self):
        self.assertEqual(len(self.cells(LESSON, "--seeds", "1")), 6)
        self.assertEqual(len(self.cells(LESSON, "--seeds", "1", "--standard")), 12)

    def test_acks0_has_no_share_and_never_ranks(self):
        name = self.scenario("s.json", CRASH)
        cells = self.cells(name, "--seeds", "2")
        for key, cell in cells.items():
            if key.startswith("0 "):
                self.assertIsNone(cell["ackedLossRuns"])
                self.assertIsNotNone(cell["acks0LostPerRun"])
        result = self.acklab("compare", name, "--seeds", "2")
        self.expect(result, 0, out="no promise")
        self.assertRegex(result.out, r"sent and( .*)?\n.* gone")

    def test_what_kafka_refuses_has_its_reason_and_no_numbers(self):
        name = self.scenario("s.json", CRASH, config='"acks": "all", "enable.idempotence": true')
        cells = self.cells(name, "--seeds", "1")
        for key, cell in cells.items():
            if key.startswith("all"):
                self.assertIsNone(cell["refusedByKafka"])
                continue
            self.assertIn("ConfigException", cell["refusedByKafka"])
            self.assertEqual(set(cell), {"variant", "fault", "refusedByKafka"})
        result = self.acklab("compare", name, "--seeds", "1")
        self.expect(result, 0, out="n/a [1]")
        self.assertEqual(result.out.count("n/a [1]"), 8)
        self.assertEqual(result.out.count("Kafka refuses"), 1)

    def test_a_fault_that_never_comes_about(self):
        words = [LESSON, "--seeds", "2", "--faults", "steps"]
        cells = self.cells(*words)
        self.assertEqual(cells["all 1"]["fired"], 0)
        self.assertEqual(cells["all 1"]["why"], "the fault never came about")
        self.assertNotIn("ackedLossRuns", cells["all 1"])
        self.assertEqual(cells["1 1"]["fired"], 2)
        result = self.acklab("compare", *words)
        self.expect(result, 0, err="AL401", out="the fault never came about")
        self.assertIn("possible, not how often", result.out)
        text = " ".join(result.out.split())
        self.assertIn("Not judged: acks=0; acks=all: the fault never", text)
        self.assertNotIn("fixed moments", text)
        # Every judged setting lost: its causes say what would help.
        self.assertIn("No setting lost nothing under this fault. Under acks=1", text)
        self.assertIn("acks=all waits until the whole ISR has the record", text)
        # In no cell: inconclusive.
        name = self.scenario("never.json", CRASH.replace('"at": "1s"', '"at": "99s"'))
        self.expect(self.acklab("compare", name, "--seeds", "1"), 4)

    def test_fault_sets(self):
        sweep = ('"sweep": {"faults": {"b": [{"id": "x", "at": "1s", "do": "note"}], '
                 '"a": [{"id": "y", "at": "99s", "do": "note"}]}}')
        name = self.scenario("s.json", CRASH, sweep)
        self.assertEqual(self.cells(name, "--seeds", "1")["all 1 False"]["fault"], "b")
        self.cells(name, "--seeds", "1", "--faults", "a", status=4)
        own = self.cells(name, "--seeds", "1", "--faults", "steps")
        self.assertIn("own steps (kill)", own["all 1 False"]["fault"])
        self.expect(self.acklab("compare", name, "--faults", "c"), 2, err="no fault set")

    def test_versions_are_one_more_axis(self):
        name = self.scenario("s.json", CRASH)
        result = self.acklab("compare", name, "--seeds", "1", "--versions", "3.9,3.8,0.11",
                             "--format", "json")
        self.expect(result, 0)
        document = result.document()
        self.assertEqual(document["axes"][-1]["values"], ["3.9", "3.8", "0.11"])
        self.assertIn("3.6, stands in", document["notes"][0])
        last = document["cells"][2]
        self.assertIsNone(last["refusedByKafka"])
        self.assertIn("not modelled", last["notModelled"])
        text = self.acklab("compare", name, "--seeds", "1", "--versions", "3.9,0.11").out
        self.assertIn("Kafka 3.9 KRaft\n", text)
        self.assertEqual(text.count("0.11"), 1)
        self.assertIn("\n  not run     12 settings: Kafka ", text)
        self.expect(self.acklab("compare", name, "--versions", "3.9", "--kafka", "4.1"), 2,
                    err="--kafka")
        for versions in ("", "3.9,", "3.9,3.9"):
            self.expect(self.acklab("compare", name, "--versions", versions), 2, err="--versions")

    def test_the_size_of_a_fault_is_nothing_one_chooses(self):
        document = self.acklab("compare", "gc-pause-zombie-leader", "--seeds", "1", "--format",
                               "json").document()
        self.assertEqual(document["cheapest"], {"acks": "all"})
        self.assertEqual([axis["chosen"] for axis in document["axes"]], [True, False])
        self.assertEqual(document["notJudged"], [])

    def test_a_fault_after_the_last_record_says_little(self):
        name = self.scenario("s.json", CRASH.replace('"at": "1s"', '"at": "2s"'))
        report = self.acklab("compare", name, "--seeds", "2", "--format", "json").document()
        self.assertIn("No record was sent during or after the fault", report["fewSends"]["en"])
        for cell in report["cells"]:
            self.assertEqual((cell["sent"], cell["sentSinceFault"]), (40, 0))
        name = self.scenario("s.json", CRASH)
        report = self.acklab("compare", name, "--seeds", "2", "--format", "json").document()
        self.assertIsNone(report["fewSends"])

    def test_where_every_setting_loses_the_causes_say_what_helps(self):
        power = CRASH.replace('{"inFlight": "drop"}', '{"kind": "host"}').replace(
            '{"leaderOf": "t-0"}', '{"brokers": "all"}')
        name = self.scenario("s.json", power)
        report = self.acklab("compare", name, "--seeds", "1", "--format", "json").document()
        self.assertIsNone(report["cheapest"])
        self.assertIn("flush.messages=1", report["remedy"]["en"])
        self.assertIn("flush.messages=1", report["remedy"]["zh"])

    def test_a_version_that_lacks_a_key(self):
        sweep = ('"sweep": {"axes": [{"label": "zk", "path": '
                 '"/cluster/config/zookeeper.session.timeout.ms", "values": [6000]}]}')
        name = self.scenario("s.json", '"steps": []', sweep)
        text = (self.path / name).read_text("utf-8").replace(
            '"cluster": {', '"cluster": {"config": {}, ')
        (self.path / name).write_text(text, encoding="utf-8")
        cell = self.cells(name, "--seeds", "1", status=4)["6000"]
        self.assertIn("has no broker key", cell["refusedByKafka"])

    def test_an_axis_value_that_is_wrong_is_told_in_its_place(self):
        sweep = '"sweep": {"axes": [{"path": "/run/end", "values": ["3s", "three"]}]}'
        name = self.scenario("s.json", CRASH, sweep)
        result = self.acklab("compare", name, "--seeds", "1", "--format", "json")
        self.expect(result, 3, err="AL212")
        problem = result.document()["problems"][0]
        self.assertEqual((problem["file"], problem["code"]), (name, "AL212"))
        self.assertGreater(problem["line"], 1)

    def test_limits(self):
        name = self.scenario("s.json", CRASH)
        self.expect(self.acklab("compare", name, "--seeds", "100000"), 2, err="at most 500000")
        values = list(range(1, 1002))
        sweep = ('"sweep": {"axes": [{"path": "/run/maxEvents", "values": %s}]}'
                 % json.dumps(values))
        name = self.scenario("s.json", CRASH, sweep)
        self.expect(self.acklab("compare", name, "--seeds", "1"), 3, err="more than 1000 settings")
        for words in (["--seeds", "0"], ["--jobs", "0"], ["--first-seed", "-1"],
                      ["--format", "xml"], ["-o", "x.pdf"]):
            self.expect(self.acklab("compare", "small.json", *words), 2, err=words[0])

    def test_every_format_goes_to_a_file(self):
        files = [f"r.{suffix}" for suffix in ("txt", "json", "md", "csv")]
        words = [word for file in files for word in ("-o", file)]
        result = self.acklab("compare", LESSON, "--seeds", "1", "-q", *words)
        self.expect(result, 0)
        self.assertEqual(result.out, "")
        for file, word in zip(files, ("cheapest", '"cells"', "| --- |", "axis.acks")):
            self.assertIn(word, (self.path / file).read_text("utf-8"))
        self.expect(self.acklab("run", LESSON, "-o", "r.csv"), 2, err="suffix")

    def test_progress_on_a_terminal_and_ctrl_c_gives_a_partial_report(self):
        terminal, stderr = pty.openpty()
        process = subprocess.Popen(
            [CliTest.program, "compare", LESSON, "--seeds", "20000", "--format", "json"],
            stdout=subprocess.PIPE, stderr=stderr, cwd=self.path,
            env={**os.environ, "LANG": "C.UTF-8"})
        os.close(stderr)
        shown = b""
        while b"/120000 runs" not in shown:
            shown += os.read(terminal, 4096)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
        os.close(terminal)
        self.assertEqual(process.returncode, 130)
        document = json.loads(out)
        self.assertTrue(document["totals"]["partial"])
        self.assertLess(document["totals"]["runs"], 120000)
        self.assertEqual(document["cells"][0]["planned"], 20000)
        self.assertLess(document["cells"][0]["done"], 20000)

    def test_a_comparison_without_a_run_on_a_terminal(self):
        sweep = '"sweep": {"axes": [{"path": "/producers/*/config/acks", "values": ["0", "1"]}]}'
        name = self.scenario("s.json", CRASH, sweep,
                             config='"acks": "all", "enable.idempotence": true')
        terminal, stderr = pty.openpty()
        process = subprocess.run(
            [CliTest.program, "compare", name], stdout=subprocess.PIPE, stderr=stderr,
            cwd=self.path, env={**os.environ, "LANG": "C.UTF-8"}, timeout=60, check=False)
        os.close(stderr)
        os.close(terminal)
        self.assertEqual(process.returncode, 4)
        self.assertIn(b"Kafka refuses", process.stdout)

    def test_what_a_seed_draws_is_no_fixed_fault(self):
        for target, alike in (('"broker": 2', True), ('"brokers": "all", "pick": "one"', False)):
            crash = CRASH.replace('"leaderOf": "t-0"', target)
            cells = self.cells(self.scenario("s.json", crash), "--seeds", "2")
            self.assertEqual(any(cell["sameInAll"] for cell in cells.values()), alike, target)

    def test_a_step_that_is_skipped_is_no_fault_that_happened(self):
        crash = CRASH.replace('"at": "1s"', '"when": {"gauge": "isrSize", "le": 0, "armed": "1s", '
                              '"timeout": "1s", "onTimeout": "skip"}')
        self.cells(self.scenario("s.json", crash), "--seeds", "1", status=4)

    @unittest.skipIf(os.environ.get("SLOW_BUILD"), "its numbers do not depend on the build")
    def test_the_commands_that_are_printed_repeat_the_run(self):
        for words in ([LESSON, "--seeds", "2"],
                      ["wiped-last-isr-member", "--kafka", "4.1", "--seeds", "4"],
                      ["wiped-last-isr-member", "--versions", "4.1,3.6", "--seeds", "4"]):
            result = self.acklab("compare", *words)
            self.expect(result, 0)
            command = shlex.split(next(line for line in result.out.splitlines()
                                       if line.startswith("  worst run"))[len("  worst run"):])
            document = self.acklab("compare", *words, "--format", "json").document()
            most = max(cell["ackedLostPerRun"]["max"] for cell in document["cells"]
                       if cell.get("ackedLostPerRun"))
            run = self.acklab(*command[1:], "--format", "json")
            self.assertEqual(run.document()["counts"]["lost"], most, command)
            command[1] = "explain"
            self.expect(self.acklab(*command[1:]), 0)

    def test_run_takes_a_fault_set(self):
        self.expect(self.acklab("run", LESSON, "--faults", "nope"), 2,
                    err="--faults nope: the file has no such fault set; there is \"leader dies")
        own = self.acklab("run", LESSON, "--format", "json")
        self.assertEqual(self.acklab("run", LESSON, "--faults", "steps", "--format", "json").raw,
                         own.raw)

    def test_an_output_is_never_the_input(self):
        name = self.scenario("s.json", CRASH)
        before = (self.path / name).read_bytes()
        os.link(self.path / name, self.path / "other.json")
        for command in ("run", "explain", "compare", "show"):
            for file in (name, "./" + name, "other.json"):
                self.expect(self.acklab(command, name, "-o", file), 2, err="that is the input")
        self.assertEqual((self.path / name).read_bytes(), before)

    def test_versions_of_which_none_is_modelled(self):
        name = self.scenario("s.json", CRASH)
        self.expect(self.acklab("compare", name, "--versions", "0.11,0.10.2"), 2,
                    err="there are 3.6, 3.9, 4.0, 4.1")

    def test_expectations_are_not_judged(self):
        self.expect(self.acklab("compare", "small.json", "--seeds", "1", "--set", "acks=0",
                                "--set", "/expect/safe/eq=99"), 0)

    def test_help_names_the_formats_that_a_command_takes(self):
        self.assertIn("csv", self.acklab("compare", "--help").out)
        self.assertIn("least median time without a leader",
                      " ".join(self.acklab("help", "compare").out.split()))
        for command in ("run", "explain", "list"):
            self.assertNotIn("csv", self.acklab(command, "--help").out)


if __name__ == "__main__":
    main()
