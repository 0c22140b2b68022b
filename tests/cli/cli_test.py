#!/usr/bin/env python3
"""cli_test.py ACKLAB: the command from outside: streams, exit statuses, bad input, output files."""
import json
import os
import pathlib
import stat
import subprocess
import unittest

from harness import LESSON, SMALL, CliTest, main


class Usage(CliTest):
    def test_nothing_is_a_usage_error_with_the_overview(self):
        result = self.acklab()
        self.expect(result, 2, err="usage: acklab COMMAND")
        self.assertEqual(result.out, "")

    def test_help_goes_to_stdout(self):
        for words in (["help"], ["--help"], ["-h"], ["run", "--help"], ["help", "run"]):
            self.expect(self.acklab(*words), 0, out="usage: acklab")

    def test_an_unknown_command_gets_a_suggestion(self):
        self.expect(self.acklab("rum", LESSON), 2, err='did you mean "run"?')

    def test_an_unknown_option_gets_a_suggestion(self):
        self.expect(self.acklab("run", LESSON, "--sead", "1"), 2, err='did you mean "--seed"?')

    def test_an_option_is_never_guessed_from_its_beginning(self):
        self.expect(self.acklab("run", LESSON, "--see", "1"), 2, err="--see")

    def test_words_and_values_that_are_missing_or_too_many(self):
        self.expect(self.acklab("run"), 2, err="needs S")
        self.expect(self.acklab("run", LESSON, "again"), 2, err='"again"')
        self.expect(self.acklab("run", LESSON, "--seed"), 2, err="--seed")
        self.expect(self.acklab("run", LESSON, "--seed", "1", "--seed", "2"), 2, err="given twice")

    def test_values_that_are_wrong(self):
        for words, why in ((["--seed", "-1"], "--seed"), (["--seed", "x"], "--seed"),
                           (["--format", "jsn"], 'did you mean "json"'),
                           (["--lang", "fr"], "--lang"), (["--color", "blue"], "--color"),
                           (["--width", "3"], "--width"), (["--set", "acks"], "PATH=VALUE"),
                           (["--fail-on", "lost-aked"], 'did you mean "lost-acked"'),
                           (["-o", "report.pdf"], "suffix")):
            result = self.acklab("run", LESSON, *words)
            self.expect(result, 2, err=why)
            self.assertEqual(result.out, "")

    def test_a_set_that_meets_nothing_is_a_usage_error(self):
        result = self.acklab("run", "small.json", "--set", "/nowhere/x=1")
        self.expect(result, 2, err="/nowhere/x=1")

    def test_topics_of_help(self):
        for topic, word in (("exit-codes", "inconclusive"), ("fates", "ghost"),
                            ("causes", "zombie-leader-ack"), ("metrics", "acked.lost"),
                            ("verdicts", "lost-unacked-only"), ("codes", "AL203"),
                            ("AL203", "AL203"), ("set", "PATH"), ("scenario", "acklab check"),
                            ("topics", "exit-codes"), ("page-cache-lost", "cause"),
                            ("acked.lost", "metric"), ("stranded", "fate"), ("AL100", "read"),
                            ("commands", "run")):
            self.expect(self.acklab("help", topic), 0, out=word)
        self.expect(self.acklab("help", "exit-code"), 2, err='did you mean "exit-codes"?')

    def test_help_on_a_cause_says_what_helps_and_where_to_see_it(self):
        text = self.acklab("help", "correlated-power-loss").out
        self.assertIn("flush.messages=1", text)
        causes = [line.split()[0] for line in self.acklab("help", "causes").out.splitlines()[2:]
                  if line.startswith("  ") and not line.startswith("   ")]
        self.assertEqual(len(causes), 15)
        for cause in causes:
            text = self.acklab("help", cause).out
            self.assertIn("  helps  ", text)
            listed = json.loads(self.acklab("list", "--cause", cause, "--format", "json").out)
            named = text.replace(",", " ").split()
            for scenario in listed["scenarios"]:
                self.assertIn(scenario["id"], named)

    def test_the_examples_of_the_readme_run(self):
        readme = pathlib.Path(__file__).resolve().parents[2] / "README.md"
        lines = [line.split("#")[0].split() for line in readme.read_text("utf-8").splitlines()
                 if line.startswith("    acklab run ") and " # " in line]
        built_in = [words[1:] for words in lines if "mine.json" not in words]
        self.assertGreater(len(built_in), 2)
        for words in built_in:
            self.expect(self.acklab(*words), 0)

    def test_swapped_and_forgotten_letters_of_an_option(self):
        for word in ("--sede", "--sed", "--seeed"):
            self.expect(self.acklab("run", LESSON, word, "1"), 2, err='did you mean "--seed"?')
        self.expect(self.acklab("run", LESSON, "--sett", "acks=1"), 2, err='did you mean "--set"?')


class Guide(CliTest):
    """The topics of help about writing a scenario say what the reader takes."""

    TOPICS = ("steps", "conditions", "targets", "expect", "network", "sweep", "versions",
              "durations")

    def check(self, blocks):
        document = json.loads(SMALL.replace("// comments are allowed", ""))
        document["topics"][0]["name"] = "orders"
        document["producers"][0]["topic"] = "orders"
        document["run"]["end"] = "60s"
        document.update(blocks)
        (self.path / "guide.json").write_text(json.dumps(document), encoding="utf-8")
        return self.acklab("check", "guide.json")

    def test_each_example_is_a_valid_part_of_a_scenario(self):
        for topic in self.TOPICS:
            text = self.acklab("help", topic).out
            example = text.split("\nexample\n", 1)[1]
            result = self.check(json.loads("{" + example + "}"))
            self.expect(result, 0)
            self.assertNotIn("warning", result.err + result.out, topic)
            self.assertLess(max(len(line) for line in text.splitlines()), 91, topic)

    def words_of(self, blocks):
        """What the reader says it would have taken."""
        result = self.check(blocks)
        self.expect(result, 3)
        expected = (result.err + result.out).split("expected: ", 1)[1].splitlines()[0]
        self.assertGreater(len(expected.split(", ")), 1, expected)
        return expected.split(", ")

    def test_each_word_that_the_reader_takes_is_explained(self):
        step = {"id": "s", "at": "1s", "do": "note"}
        crash = dict(step, do="crash", target={"broker": 1})
        when = {"id": "s", "do": "note"}
        cases = (("steps", dict(step, do="?")),
                 ("steps", dict(crash, crash={"kind": "?"})),
                 ("steps", dict(crash, crash={"kind": "host", "keep": "?"})),
                 ("steps", dict(crash, crash={"inFlight": "?"})),
                 ("steps", dict(step, do="electLeader", partition="orders-0", electionType="?")),
                 ("conditions", dict(when, when={})),
                 ("conditions", dict(when, when={"event": "?"})),
                 ("conditions", dict(when, when={"gauge": "?", "ge": 1})),
                 ("conditions", dict(when, when={"event": "isr.shrink", "onTimeout": "?"})),
                 ("conditions", dict(when, when={"step": "s", "edge": "?"})),
                 ("targets", dict(crash, target={})),
                 ("targets", dict(crash, target={"broker": 1, "pick": "?"})),
                 ("durations", dict(step, at={"dist": "?"})))
        for topic, bad in cases:
            text = self.acklab("help", topic).out.replace(",", " ").replace(":", " ").split()
            for word in self.words_of({"steps": [bad]}):
                self.assertIn(word.split(" (")[0], text, topic)

    def test_each_version_is_explained(self):
        text = self.acklab("help", "versions").out
        for version in self.acklab("version").out.split("Kafka ", 1)[1].split(", "):
            self.assertIn(".".join(version.split(".")[:2]), text.split(), version)
            self.expect(self.acklab("run", "small.json", "--kafka", version.strip()), 0)

    def test_the_schema_marks_what_is_refused_as_not_modelled(self):
        schema = json.loads(self.acklab("schema").out)
        definitions = schema["definitions"]
        step = {"id": "s", "at": "1s", "do": "note"}
        when = {"id": "s", "do": "note"}
        expect = {"metric": "acked", "eq": 0}
        words = (("step", "do", lambda w: {"steps": [dict(step, do=w)]}),
                 ("condition", "event", lambda w: {"steps": [dict(when, when={"event": w})]}),
                 ("condition", "gauge",
                  lambda w: {"steps": [dict(when, when={"gauge": w, "ge": 1})]}),
                 ("metric", "metric", lambda w: {"expect": [dict(expect, metric=w)]}),
                 ("metric", "mode", lambda w: {"expect": [dict(expect, mode=w)]}))
        cases = [(node, blocks(node["const"])) for where, key, blocks in words
                 for node in definitions[where]["properties"][key]["oneOf"]]
        cases += [(node, {"steps": [dict(step, do="pause", target={key: "x"})]})
                  for key, node in definitions["target"]["properties"].items()
                  if key not in ("pick", "$comment")]
        cases += [(definitions["condition"]["properties"][key],
                   {"steps": [dict(when, when={key: {}})]}) for key in ("not", "then", "event")]
        cases += [(schema["properties"]["consumers"], {"consumers": [{"id": "c"}]}),
                  (schema["properties"]["extends"], {"extends": "base.json"})]
        marked = 0
        for node, blocks in cases:
            result = self.check(blocks)
            refused = "error[AL5" in result.out + result.err
            mark = "not modelled yet" in node.get("description", "")
            self.assertEqual(refused, mark, (node, blocks))
            marked += mark
        self.assertGreater(marked, 20)

    def test_the_topics_are_found(self):
        listed = self.acklab("help", "topics").out
        for topic in self.TOPICS:
            self.assertIn(f"  {topic}\n", listed)
            self.assertIn(topic, self.acklab("help", "scenario").out)
        self.expect(self.acklab("help", "step"), 2, err='did you mean "steps"?')


class BadInput(CliTest):
    def test_a_file_that_is_not_there(self):
        result = self.acklab("run", "missing.json")
        self.expect(result, 3, err="missing.json")
        self.assertEqual(result.out, "")
        self.expect(self.acklab("run", "acks1-leader-crsh"), 3, err=f'did you mean "{LESSON}"?')

    def test_a_directory_is_not_a_scenario(self):
        self.expect(self.acklab("run", "."), 3, err="cannot read")

    @unittest.skipIf(os.geteuid() == 0, "root reads everything")
    def test_a_file_that_may_not_be_read(self):
        (self.path / "small.json").chmod(0)
        self.expect(self.acklab("run", "small.json"), 3, err="cannot read small.json")

    def test_bad_files_name_the_place_and_run_nothing(self):
        bad = SMALL.replace('"min.insync.replicas"', '"min.insync.replica"')
        (self.path / "bad.json").write_text(bad, encoding="utf-8")
        result = self.acklab("run", "bad.json")
        self.expect(result, 3, err="error[AL203] bad.json:7:")
        self.assertIn("^^^", result.err)
        self.assertIn('did you mean "min.insync.replicas"?', result.err)
        self.assertIn("nothing was run", result.err)
        self.assertEqual(result.out, "")

    def test_json_prints_the_problems_as_the_one_document(self):
        (self.path / "bad.json").write_text('{"scenario": 1,', encoding="utf-8")
        for command in ("run", "check", "explain"):
            result = self.acklab(command, "bad.json", "--format", "json")
            self.expect(result, 3)
            document = result.document()
            self.assertEqual(list(document), ["report", "command", "problems"])
            self.assertEqual(document["command"], command)
            self.assertEqual(list(document["problems"][0]),
                             ["file", "line", "column", "path", "code", "severity", "message",
                              "suggestion"])
        missing = self.acklab("run", "missing.json", "--format", "json")
        self.expect(missing, 3, err="missing.json")
        self.assertEqual(missing.document()["problems"][0]["code"], "AL100")

    def test_check_prints_its_text_on_stdout(self):
        (self.path / "bad.json").write_text("[]", encoding="utf-8")
        result = self.acklab("check", "small.json", "bad.json", "missing.json")
        self.expect(result, 3, out="small.json: valid")
        self.assertIn("bad.json:1:1", result.out)
        self.assertIn("missing.json", result.out)
        self.assertEqual(result.err, "")

    def test_any_bytes_give_problems(self):
        for bytes_ in (b"", b"\0", b"\xff\xfe\x00", b"{", b"[" * 100_000, b'"' + b"a" * 5_000_000,
                       b"nul", b'{"scenario": 1e999}', b'{"a": "\xff"}'):
            result = self.acklab("run", "-", stdin=bytes_)
            self.expect(result, 3, err="<stdin>:")
            self.assertEqual(result.out, "")

    def test_a_version_that_is_not_built(self):
        self.expect(self.acklab("run", "small.json", "--kafka", "0.8"), 3, err="AL501")

    def test_a_setting_that_kafka_refuses(self):
        result = self.acklab("run", "small.json", "--set",
                             "/producers/p1/config/enable.idempotence=true", "--set", "acks=1")
        self.expect(result, 3, err="AL311")


class Runs(CliTest):
    def test_a_run_is_judged_on_stdout(self):
        result = self.acklab("run", "small.json")
        self.expect(result, 0, out="A small run")
        self.assertEqual(result.err, "")
        for part in ("verdict     kept", "sent 20", "1 of 1 hold", "safe"):
            self.assertIn(part, result.out)

    def test_stdin_is_a_scenario_too(self):
        self.expect(self.acklab("run", "-", stdin=SMALL.encode()), 0, out="A small run")

    def test_the_language_comes_from_the_option_or_the_environment(self):
        self.assertIn("小实验", self.acklab("run", "small.json", "--lang", "zh").out)
        self.assertIn("小实验", self.acklab("run", "small.json", env={"LC_ALL": "zh_CN.UTF-8"}).out)
        self.assertIn("A small run", self.acklab("run", "small.json", "--lang", "en",
                                                 env={"LC_ALL": "zh_CN.UTF-8"}).out)

    def test_colour_is_asked_for_or_absent(self):
        self.assertNotIn("\x1b", self.acklab("run", "small.json").out)
        self.assertIn("\x1b", self.acklab("run", "small.json", "--color", "always").out)
        self.assertIn("\x1b", self.acklab("run", "small.json", env={"CLICOLOR_FORCE": "1"}).out)

    def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_digest(self):
        one = self.acklab("run", "small.json", "--format", "json")
        two = self.acklab("run", "small.json", "--format", "json", "--twice")
        three = self.acklab("run", "small.json", "--format", "json", "--seed", "6")
        self.assertEqual(one.raw, two.raw)
        self.assertNotEqual(one.document()["trace"]["digest"], three.document()["trace"]["digest"])
        self.assertEqual(three.document()["seed"], 6)

    def test_the_document_is_whole(self):
        document = self.acklab("run", "small.json", "--format", "json", "--records").document()
        self.assertEqual(document["command"], "run")
        counts = document["counts"]
        fates = ("kept", "lost", "stranded", "refused", "ghost", "unknown")
        self.assertEqual(sum(counts[fate] for fate in fates), counts["sent"])
        self.assertEqual([r["record"] for r in document["records"]], [f"p1#{n}" for n in range(20)])
        self.assertEqual(len(document["partitions"][0]["replicas"][0]["log"]), 20)
        self.assertEqual(document["expect"], [{"id": "safe", "ok": True, "observed": 0}])

    def test_exit_statuses_of_claims(self):
        self.expect(self.acklab("run", "small.json", "--fail-on", "lost-acked"), 0)
        self.expect(self.acklab("run", "small.json", "--fail-on", "acked>=20"), 1,
                    out="--fail-on acked>=20: observed 20")
        self.expect(self.acklab("run", "small.json", "--set", "/expect/safe/eq=7"), 1,
                    out="expected acked.lost = 7, observed 0")

    def test_a_trigger_that_never_fires_is_inconclusive(self):
        step = ('"steps": [{"id": "never", "when": {"gauge": "isrSize", "partition": "t-0", '
                '"le": 0}, "do": "note"}],\n  "expect"')
        (self.path / "never.json").write_text(SMALL.replace('"expect"', step), encoding="utf-8")
        result = self.acklab("run", "never.json", "--fail-on", "acked>=20")
        self.expect(result, 4, out="inconclusive")
        self.assertIn("never", result.out)

    def test_a_run_that_would_not_end_is_stopped(self):
        result = self.acklab("run", "small.json", "--set", "/run/maxEvents=100")
        self.expect(result, 4, out="maxEvents")
        self.assertNotIn("without faults", result.out)

    def test_quiet_says_nothing(self):
        result = self.acklab("run", "small.json", "-q")
        self.expect(result, 0)
        self.assertEqual(result.out, "")

    def test_invariants_are_checked_on_demand(self):
        self.expect(self.acklab("run", "small.json", "--check-invariants"), 0)


class Files(CliTest):
    def test_reports_are_written_beside_stdout(self):
        result = self.acklab("run", "small.json", "-o", "a.json", "--out", "a.txt")
        self.expect(result, 0, out="A small run")
        self.assertEqual(json.loads((self.path / "a.json").read_text())["command"], "run")
        self.assertIn("A small run", (self.path / "a.txt").read_text())
        self.assertEqual(sorted(p.name for p in self.path.iterdir()),
                         ["a.json", "a.txt", "small.json"])

    def test_a_link_stays_a_link_and_is_written_through(self):
        (self.path / "real.json").write_text("old", encoding="utf-8")
        (self.path / "link.json").symlink_to("real.json")
        self.expect(self.acklab("run", "small.json", "-q", "-o", "link.json"), 0)
        self.assertTrue((self.path / "link.json").is_symlink())
        self.assertEqual(json.loads((self.path / "real.json").read_text())["command"], "run")
        os.mkfifo(self.path / "pipe.json")
        reader = os.open(self.path / "pipe.json", os.O_RDONLY | os.O_NONBLOCK)
        self.expect(self.acklab("show", LESSON, "-o", "pipe.json"), 0)
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path / "pipe.json").st_mode))
        self.assertTrue(os.read(reader, 10).startswith(b"{"))
        os.close(reader)
        (self.path / "dangling.json").symlink_to("new.json")
        self.expect(self.acklab("run", "small.json", "-q", "-o", "dangling.json"), 0)
        self.assertTrue((self.path / "new.json").is_file())

    def test_a_file_that_cannot_be_written_is_named_before_the_run(self):
        result = self.acklab("run", "small.json", "-o", "no/such/a.json")
        self.expect(result, 3, err="cannot write no/such/a.json")
        self.assertEqual(result.out, "")

    @unittest.skipIf(os.geteuid() == 0, "root writes everywhere")
    def test_a_folder_that_may_not_be_written(self):
        self.path.chmod(stat.S_IRUSR | stat.S_IXUSR)
        result = self.acklab("run", "small.json", "-o", "a.json")
        self.path.chmod(0o700)
        self.expect(result, 3, err="cannot write a.json")

    def test_an_old_report_stays_whole_where_the_new_one_fails(self):
        (self.path / "a.json").mkdir()
        self.expect(self.acklab("run", "small.json", "-o", "a.json"), 3, err="it is a directory")

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_stdout_is_an_error(self):
        with open("/dev/full", "wb") as full:
            process = subprocess.run([self.program, "version"], stdout=full, stderr=subprocess.PIPE,
                                     timeout=60, check=False)
        self.assertEqual(process.returncode, 3, process.stderr)

    def test_disks_are_dumped_as_kafka_lays_them_out(self):
        self.expect(self.acklab("run", "small.json", "-q", "--dump-disks", "d"), 0)
        logs = sorted(self.path.glob("d/**/t-0/*.log"))
        self.assertEqual(len(logs), 3, [str(p) for p in self.path.glob("d/**/*")][:40])
        for log in logs:
            self.assertEqual(log.read_bytes()[16], 2)
        self.expect(self.acklab("run", "small.json", "--dump-disks", "d"), 3, err="not empty")

    def test_schema_and_show_print_the_files_that_are_built_in(self):
        self.assertIn("$schema", json.loads(self.acklab("schema").out))
        self.expect(self.acklab("schema", "-o", "s.json"), 0)
        self.assertIn("$schema", json.loads((self.path / "s.json").read_text()))
        self.expect(self.acklab("show", LESSON), 0, out=f'"id": "{LESSON}"')
        self.expect(self.acklab("show", LESSON, "-o", "l.json"), 0, err="wrote l.json")
        self.expect(self.acklab("check", "l.json"), 0)
        self.expect(self.acklab("show", LESSON, "-o", "l.yaml"), 2, err="a scenario is JSON")
        self.assertFalse((self.path / "l.yaml").exists())
        self.expect(self.acklab("show", "nothing"), 3, err="no built-in scenario")


class Library(CliTest):
    def test_list_names_the_lessons(self):
        self.expect(self.acklab("list"), 0, out=LESSON)
        document = self.acklab("list", "--format", "json").document()
        self.assertIn(LESSON, [s["id"] for s in document["scenarios"]])
        tagged = self.acklab("list", "--tag", "acks", "--format", "json").document()
        self.assertTrue(tagged["scenarios"])
        for one in tagged["scenarios"]:
            self.assertIn("acks", one["tags"])

    def test_list_by_cause_and_version(self):
        listed = self.acklab("list", "--cause", "disk-wiped", "--kafka", "3.6")
        self.expect(listed, 0, out="wiped-last-isr-member")
        self.assertIn("catalogue E: disks and loss of power", listed.out)
        self.assertIn("(disk-wiped, Kafka 3.6)", listed.out)
        self.assertNotIn("lessons", listed.out)
        listed = self.acklab("list", "--lang", "zh")
        self.expect(listed, 0, out="目录 E：磁盘和断电")
        for english in ("lessons", "catalogue", "held against", " min,", "(safe"):
            self.assertNotIn(english, listed.out)
        document = self.acklab("list", "--cause", "unclean-election", "--format", "json").document()
        self.assertGreater(len(document["scenarios"]), 4)
        for one in document["scenarios"]:
            self.assertIn("unclean-election", one["causes"])
            self.assertTrue(one["group"])
            self.assertTrue(one["sources"])
            self.assertTrue(one["title"]["zh"])
        self.expect(self.acklab("list", "--cause", "disc-wiped"), 2,
                    err='did you mean "disk-wiped"')
        self.expect(self.acklab("list", "--kafka", "3.7"), 2, err="3.6, 3.9, 4.0, 4.1")
        self.expect(self.acklab("list", "--tag", "no-such-tag"), 2,
                    err='no scenario has the tag "no-such-tag"')
        self.expect(self.acklab("list", "--tag", "acks", "--tag", "group:S"), 0)

    def test_every_built_in_scenario_is_valid(self):
        document = self.acklab("list", "--format", "json").document()
        ids = [s["id"] for s in document["scenarios"]]
        self.expect(self.acklab("check", *ids), 0)

    def test_version_names_kafka(self):
        self.expect(self.acklab("version"), 0, out="Kafka 3.6.2, 3.9.1, 4.0.0, 4.1.0")
        self.expect(self.acklab("--version"), 0, out="acklab ")

    def test_the_first_lesson_loses_what_it_teaches(self):
        result = self.acklab("run", LESSON)
        self.expect(result, 0, out="LOST")
        for part in ("FAULT  b1 crash", "b1 fenced", "clean election", "b1 back", "b1 cuts",
                     "leader-crash-before-replication", "3 of 3 hold", "acks=1"):
            self.assertIn(part, result.out)

    def test_elections_of_one_moment_keep_their_epochs_and_steps_their_targets(self):
        text = SMALL.replace('[{"id": 0, "replicas": [1, 2, 3]}]',
                             '[{"id": 0, "replicas": [1, 2, 3]}, {"id": 1, "replicas": [2, 1, 3]}]')
        text = text.replace('"end": "3s"', '"end": "40s"').replace('"expect"', (
            '"steps": [{"id": "again", "every": "15s", "count": 2, "do": "crash", '
            '"target": {"leaderOf": "t-1"}, "for": "forever"}],\n  "expect"'))
        (self.path / "two.json").write_text(text, encoding="utf-8")
        result = self.acklab("run", "two.json", "--width", "100")
        self.expect(result, 0, out="t-0 epoch 1, t-1 epoch 2: clean election, ISR {3}")
        self.assertRegex(result.out, r"15\.000s  FAULT  b2 crash")
        self.assertRegex(result.out, r"30\.000s  FAULT  b1 crash")

    def test_a_shutdown_by_a_step_is_called_one(self):
        result = self.acklab("run", "unclean-on")
        self.expect(result, 0, out="b2 fenced           it shuts down")


if __name__ == "__main__":
    main()
