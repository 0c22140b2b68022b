"""tools/replay, the side that judges: fates, verdicts, differences, tables, Kafka's reader."""
import dataclasses
import json
import pathlib
import unittest
from typing import Any

from replaying.clients import Record
from replaying.dumps import complaints_in, read_dump
from replaying.facts import Facts, PartitionFact, RecordFact, differences, facts_of_acklab
from replaying.facts import facts_of_kafka
from replaying.plan import read_plan
from replaying.scenario_file import parse
from replaying.stage import Observed, record_of
from replaying.table import compare, json_of, text_of

ROOT = pathlib.Path(__file__).parents[2]
RECORDINGS = sorted((ROOT / "tests" / "truth").glob("*@*.json"))


def observed_in(recording: dict[str, Any]) -> Observed:
    """The raw observation behind a recording of real brokers: nothing in it is judged yet.

    Readers get what the final leader holds, up to what was out of their reach.
    """
    leader = recording["final"]["leader"]
    logs = {int(broker): [(offset, epoch, record) for offset, epoch, record in log]
            for broker, log in recording["logs"].items()}
    present = [(offset, record) for offset, _, record in logs.get(leader, [])
               if record not in recording["stranded"]]
    records = {name: Record(one["outcome"], "orders-0", one.get("offset"), one.get("error"))
               for name, one in recording["records"].items()}
    return Observed(records, {"orders-0": present}, {"orders-0": logs}, {"orders-0": leader},
                    {"orders-0": sorted(recording["final"]["isr"])}, [], [], [], [])


def some_facts() -> Facts:
    log = [(0, 0, "p#0"), (1, 0, "p#1"), (2, 3, "p#2")]
    return Facts("kept", 0, {f"p#{n}": RecordFact("acked", n, "kept") for n in range(3)},
                 {"t-0": PartitionFact(1, (1, 2), {1: log, 2: log})})


def changed(facts: Facts, **fields: Any) -> Facts:
    return dataclasses.replace(facts, **fields)


class JudgesAsTheFormatSays(unittest.TestCase):
    def test_recordings_of_real_brokers_get_their_verdicts_and_fates_again(self) -> None:
        self.assertGreater(len(RECORDINGS), 20)
        for file in RECORDINGS:
            with self.subTest(recording=file.stem):
                recording = json.loads(file.read_text())
                facts = facts_of_kafka(observed_in(recording))
                self.assertEqual(facts.verdict, recording["verdict"])
                for fate, names in [("lost", recording["lost"]), ("ghost", recording["ghosts"]),
                                    ("stranded", recording["stranded"])]:
                    self.assertEqual(sorted(name for name, one in facts.records.items()
                                            if one.fate == fate), sorted(names))
                self.assertEqual(facts.twice, recording["counts"]["twice"])

    def judged(self, **fields: Any) -> Facts:
        log = [(0, 0, "p#0"), (1, 0, "p#1")]
        plain = Observed({"p#0": Record("acked", "t-0", 0), "p#1": Record("acked", "t-0", 1)},
                         {"t-0": [(0, "p#0"), (1, "p#1")]}, {"t-0": {1: log, 2: log}},
                         {"t-0": 1}, {"t-0": [1, 2]}, [], [], [], [])
        return facts_of_kafka(dataclasses.replace(plain, **fields))

    def test_the_worst_that_holds_is_the_verdict(self) -> None:
        self.assertEqual(self.judged().verdict, "kept")
        self.assertEqual(self.judged(not_fired=["kill"]).verdict, "inconclusive")
        other = {"t-0": {1: [(0, 0, "p#0"), (1, 0, "p#1")], 2: [(0, 0, "p#0"), (1, 1, "p#9")]}}
        self.assertEqual(self.judged(logs=other).verdict, "diverged")
        lost = {"t-0": {1: [(0, 0, "p#0")], 2: [(0, 0, "p#0"), (1, 0, "p#1")]}}
        self.assertEqual(self.judged(logs=lost, present={"t-0": [(0, "p#0")]}).verdict,
                         "lost-acked")

    def test_what_a_disk_still_holds_is_stranded_and_not_lost(self) -> None:
        above = self.judged(present={"t-0": [(0, "p#0")]})
        self.assertEqual((above.records["p#1"].fate, above.verdict), ("stranded", "unavailable"))
        nobody = self.judged(present={"t-0": None}, leaders={"t-0": -1})
        self.assertEqual({one.fate for one in nobody.records.values()}, {"stranded"})

    def test_what_was_not_acknowledged_is_a_ghost_refused_or_unknown(self) -> None:
        records = {"p#0": Record("failed"), "p#1": Record("pending"), "p#2": Record("failed"),
                   "p#3": Record("pending"), "p#4": Record("unanswered")}
        facts = self.judged(records=records)
        self.assertEqual([one.fate for one in facts.records.values()],
                         ["ghost", "ghost", "refused", "unknown", "unknown"])
        self.assertEqual(facts.verdict, "lost-unacked-only")
        self.assertEqual(facts.counts()["refused"], 1)

    def test_a_record_that_stands_twice_is_counted_once(self) -> None:
        self.assertEqual(self.judged(present={"t-0": [(0, "p#0"), (1, "p#0"), (2, "p#0")]}).twice,
                         1)

    def test_a_report_of_acklab_becomes_the_same_facts(self) -> None:
        report = {"verdict": "kept", "counts": {"twice": 0}, "records": [
            {"record": "p#0", "outcome": "acked", "offset": 0, "fate": "kept"},
            {"record": "p#1", "outcome": "failed", "offset": 7, "fate": "refused"}],
            "partitions": [{"partition": "t-0", "leader": None, "isr": [2, 1], "replicas": [
                {"broker": 1, "log": [[0, 0, "p#0"]]}]}]}
        facts = facts_of_acklab(report)
        self.assertEqual(facts.records["p#1"], RecordFact("failed", None, "refused"))
        self.assertEqual(facts.partitions["t-0"],
                         PartitionFact(-1, (1, 2), {1: [(0, 0, "p#0")]}))

    def test_a_value_gives_its_record_back(self) -> None:
        for value in ("p1#7....", "p1#7", "p1#7 order-7 and more...."):
            self.assertEqual(record_of(value), "p1#7")


class FindsEveryDifference(unittest.TestCase):
    def only(self, kafka: Facts, what: str, *words: str) -> None:
        found = differences(some_facts(), kafka)
        self.assertEqual([one.what for one in found], [what])
        for word in words:
            self.assertIn(word, found[0].kafka)

    def test_equal_facts_do_not_differ_and_epochs_are_ranks(self) -> None:
        self.assertEqual(differences(some_facts(), some_facts()), [])
        log = [(0, 5, "p#0"), (1, 5, "p#1"), (2, 6, "p#2")]
        other = changed(some_facts(),
                        partitions={"t-0": PartitionFact(1, (2, 1), {1: log, 2: log})})
        self.assertEqual(differences(some_facts(), other), [])

    def test_verdict_duplicates_outcome_offset_and_fate(self) -> None:
        facts = some_facts()
        self.only(changed(facts, verdict="lost-acked"), "verdict", "lost-acked")
        self.only(changed(facts, twice=2), "twice", "2")
        for record, words in [(RecordFact("acked", 9, "kept"), "acked at 9, kept"),
                              (RecordFact("acked", 1, "lost"), "acked at 1, lost"),
                              (RecordFact("failed", None, "refused"), "failed, refused")]:
            self.only(changed(facts, records=facts.records | {"p#1": record}), "record p#1", words)
        fewer = {name: one for name, one in facts.records.items() if name != "p#2"}
        self.only(changed(facts, records=fewer), "record p#2", "not sent")

    def test_leader_isr_and_each_replica(self) -> None:
        facts = some_facts()
        log = facts.partitions["t-0"].logs[1]

        def with_partition(fact: PartitionFact) -> Facts:
            return changed(facts, partitions={"t-0": fact})
        self.only(with_partition(PartitionFact(2, (1, 2), {1: log, 2: log})), "t-0 leader", "2")
        self.only(with_partition(PartitionFact(1, (1,), {1: log, 2: log})), "t-0 ISR", "{1}")
        self.only(with_partition(PartitionFact(1, (1, 2), {1: log, 2: log[:2]})), "t-0 on b2",
                  "ends at 2")
        moved = [log[0], (1, 0, "p#7"), log[2]]
        self.only(with_partition(PartitionFact(1, (1, 2), {1: moved, 2: log})), "t-0 on b1",
                  "p#7 at 1")
        epochs = [(0, 0, "p#0"), (1, 1, "p#1"), (2, 1, "p#2")]
        self.only(with_partition(PartitionFact(1, (1, 2), {1: epochs, 2: log})), "t-0 on b1",
                  "p#1 at 1, epoch 2")
        self.only(with_partition(PartitionFact(1, (1, 2), {1: log})), "t-0 on b2", "no replica")


class ShowsBothSides(unittest.TestCase):
    def setUp(self) -> None:
        text = (ROOT / "scenarios/truth/acks1-leader-dies.json").read_text()
        self.plan = read_plan(parse(text), None)
        self.observed = Observed({}, {}, {}, {}, {}, [], [], [], [])

    def text(self, kafka: Facts, everything: bool = False, **more: Any) -> list[str]:
        result = compare(self.plan, [], some_facts(), kafka, self.observed, more.get("disks"))
        return text_of(result, everything).splitlines()

    def test_agreement_is_said_in_the_last_line(self) -> None:
        lines = self.text(some_facts())
        self.assertEqual(lines[-1], "acklab and Kafka agree on all 3 records and 2 replicas")
        self.assertNotIn("!", [line[2:3] for line in lines])
        self.assertFalse(any("record p#1" in line for line in lines))
        self.assertTrue(any("record p#1" in line for line in self.text(some_facts(), True)))

    def test_differences_come_first_and_runs_of_records_are_one_line(self) -> None:
        records = {f"p#{n}": RecordFact("acked", n, "lost") for n in range(3)}
        lines = self.text(changed(some_facts(), records=records, verdict="lost-acked"))
        self.assertEqual(lines[2], "4 differences")
        self.assertIn("! verdict", lines[4])
        self.assertRegex(lines[5], r"record p#0 \.\. p#2 +acked at 0, kept  \(3 records\)")
        self.assertEqual(lines[6], "")
        self.assertEqual(lines[-1], "acklab and Kafka differ: 4 differences")

    def test_a_complaint_of_kafkas_reader_is_a_difference(self) -> None:
        result = compare(self.plan, [], some_facts(), some_facts(), self.observed, (3, ["bad"]))
        self.assertFalse(result.agrees())
        self.assertIn("bad", text_of(result, False))
        self.assertTrue(compare(self.plan, [], some_facts(), some_facts(), self.observed,
                                (3, [])).agrees())

    def test_a_profile_that_stands_in_for_another_is_named(self) -> None:
        lines = text_of(compare(self.plan, [], some_facts(), some_facts(), self.observed,
                                simulated="3.6"), False)
        self.assertIn("acklab 3.6", lines)
        self.assertIn("no profile 3.9; 3.6 stands in", lines)

    def test_json_holds_what_the_text_says(self) -> None:
        kafka = changed(some_facts(), verdict="diverged")
        document = json.loads(json.dumps(json_of(compare(
            self.plan, ["acks=1"], some_facts(), kafka, self.observed, None))))
        self.assertFalse(document["agree"])
        self.assertEqual(document["differences"],
                         [{"what": "verdict", "acklab": "kept", "kafka": "diverged"}])
        self.assertEqual(document["kafka"],
                         {"profile": "3.9", "release": "3.9.1", "simulated": "3.9"})
        self.assertEqual(document["real"]["partitions"]["t-0"]["logs"]["1"][2], [2, 3, "p#2"])


DUMP = """\
Dumping /d/broker-1/t-0/00000000000000000000.log
Log starting offset: 0
baseOffset: 0 lastOffset: 1 count: 2 baseSequence: -1 lastSequence: -1 producerId: -1 \
producerEpoch: -1 partitionLeaderEpoch: 4 isTransactional: false isControl: false \
deleteHorizonMs: OptionalLong.empty position: 0 CreateTime: 1 size: 90 magic: 2 \
compresscodec: none crc: 7 isvalid: true
| offset: 0 CreateTime: 1 keySize: -1 valueSize: 10 sequence: -1 headerKeys: [] payload: p1#0.....
| offset: 1 CreateTime: 1 keySize: -1 valueSize: 10 sequence: -1 headerKeys: [] payload: p1#1 a b..
Dumping /d/broker-2/t-0/00000000000000000000.log
Log starting offset: 0
"""


class HearsKafkasReader(unittest.TestCase):
    def test_a_dump_is_read_file_by_file(self) -> None:
        self.assertEqual(read_dump(DUMP), {
            "/d/broker-1/t-0/00000000000000000000.log": [(0, 4, "p1#0"), (1, 4, "p1#1")],
            "/d/broker-2/t-0/00000000000000000000.log": []})

    def test_what_it_prints_about_good_files_is_no_complaint(self) -> None:
        index = ("Dumping /d/0.index\noffset: 12 position: 340\n/d/0.index passed sanity check.\n"
                 "/d/0.index is empty.\nDumping /d/0.timeindex\ntimestamp: 17 offset: 3\n"
                 "Dumping /d/1.snapshot\nproducerId: 1 producerEpoch: 0 coordinatorEpoch: -1 \n")
        noise = "SLF4J: Class path contains multiple bindings.\nWARNING: deprecated option\n"
        self.assertEqual(complaints_in(DUMP + index, noise, 0), [])

    def test_everything_else_is(self) -> None:
        for line in (DUMP.splitlines()[2].replace("isvalid: true", "isvalid: false"),
                     "Found timestamp mismatch in :/d/0.timeindex",
                     "Found 12 invalid bytes at the end of 0.log",
                     "Mismatches in :/d/0.index", "Non-consecutive offsets in /d/0.log",
                     "  Index offset: 3, log offset: 4"):
            self.assertEqual(complaints_in(DUMP + line, "", 0), [line])
        self.assertEqual(complaints_in("", "Exception in thread main", 1),
                         ["Exception in thread main", "exit 1"])
