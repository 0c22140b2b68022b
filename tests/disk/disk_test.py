#!/usr/bin/env python3
"""disk_test.py ACKLAB VECTORS_3_9: `acklab disk` against log directories that real Kafka wrote.

`vectors/<version>/<case>/`: `before*/` as it lay on the broker's disk (indexes and snapshots left
out), and `facts.json`: what an own reader and DumpLogSegments found in it, and what was there after
the same Kafka had recovered it. VECTORS_3_9 holds the same for 3.9.1 as `story.json`.
The last line is "N passed, N failed".
"""
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

ACKLAB = ""
VECTORS_3_9 = pathlib.Path()
VECTORS = pathlib.Path(__file__).resolve().parent / "vectors"
# Field of a fact's batch row -> key of the report.
FIELDS = {"segment": "segment", "position": "position", "size": "bytes", "magic": "magic",
          "base_offset": "baseOffset", "last_offset": "lastOffset", "count": "count",
          "leader_epoch": "leaderEpoch", "codec": "compression", "producer_id": "producerId",
          "producer_epoch": "producerEpoch", "base_sequence": "baseSequence", "crc_ok": "valid"}


def acklab(*words):
    return subprocess.run([ACKLAB, *map(str, words)], capture_output=True, timeout=120, check=False)


def disk(directory):
    process = acklab("disk", directory, "--format", "json")
    assert process.returncode == 0, process.stderr.decode()
    return json.loads(process.stdout)


def copies(story):
    return [name for name in story if name.startswith("before")]


def cases():
    """(name, folder, facts by copy, what was there after recovery or None)"""
    for file in sorted(VECTORS.glob("*/*/facts.json")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        after = facts.get("recovered", {}).get("partitions")
        yield f"{facts['version']} {facts['case']}", file.parent, facts["copies"], after
    for file in sorted(VECTORS_3_9.glob("*/story.json")):
        story = json.loads(file.read_text(encoding="utf-8"))
        after = None
        if "recovery" in story["observed"]:
            after = {name: {"log_end_offset": partition["log_end_offset"],
                            "segments": [[segment["base_offset"], segment["log_bytes"]]
                                         for segment in partition["segments"]]}
                     for name, partition in story["after"]["partitions"].items()}
        facts = {name: story[name] for name in copies(story)}
        yield f"3.9.1 {story['case']}", file.parent, facts, after


class RealDirectories(unittest.TestCase):
    maxDiff = None

    def check_partition(self, facts, seen):
        self.assertEqual([[s["baseOffset"], s["bytes"]] for s in seen["segments"]],
                         [[s["base_offset"], s["log_bytes"]] for s in facts["segments"]])
        self.assertEqual(seen["epochs"], facts["epoch_entries"] or [])
        self.assertEqual(seen["logStartOffset"], facts["log_start_offset"])
        self.assertEqual(seen["logEndOffset"], facts["log_end_offset"])
        self.assertEqual(seen["recoveryPoint"], facts["recovery_point_checkpoint"])
        self.assertEqual(seen["highWatermark"], facts["high_watermark_checkpoint"])
        table = facts.get("batches", {})
        if "rows" not in table:
            return
        where = {name: table["fields"].index(name) for name in FIELDS}
        for row, batch in zip(table["rows"], seen["batches"], strict=True):
            self.assertEqual({name: row[where[name]] for name in FIELDS},
                             {name: batch[key] for name, key in FIELDS.items()})

    def check_recovery(self, after, seen):
        sizes = {s["baseOffset"]: s["bytes"] for s in seen["segments"]}
        for base in seen["recovery"]["deletedSegments"]:
            del sizes[base]
        sizes[max(sizes)] -= seen["recovery"]["truncatedBytes"]
        self.assertEqual(sizes, dict(map(tuple, after["segments"])))
        self.assertEqual(seen["recovery"]["logEndOffset"], after["log_end_offset"])

    def test_each_directory_is_read_as_it_lies_and_recovered_as_kafka_did(self):
        recovered = 0
        names = []
        for name, folder, facts, after in cases():
            names.append(name)
            for copy, fact in facts.items():
                with self.subTest(name=name, copy=copy):
                    seen = disk(folder / copy)
                    clean = fact["clean_shutdown_marker"]
                    self.assertEqual(seen["cleanShutdown"], clean)
                    partitions = {p["partition"]: p for p in seen["partitions"]}
                    self.assertEqual(list(partitions), sorted(fact["partitions"]))
                    for key, partition in partitions.items():
                        self.check_partition(fact["partitions"][key], partition)
                        needed = not clean or key == "__cluster_metadata-0"
                        self.assertEqual(partition["recovery"]["needed"], needed)
                        if after:
                            self.check_recovery(after[key], partition)
                            recovered += 1
        self.assertGreaterEqual(len(names), 80)
        self.assertGreaterEqual(recovered, 40)

    def test_damage_is_named_with_its_place(self):
        (partition,) = disk(VECTORS / "2.8.2/bitrot-same-segment/before")["partitions"]
        self.assertEqual(partition["damage"], [
            {"segment": 21, "position": 413, "problem": "the checksum does not fit the bytes"}])
        self.assertEqual(partition["recovery"]["deletedSegments"], [46, 69])

    def test_the_text_says_what_recovery_does(self):
        text = acklab("disk", VECTORS / "2.8.2/bitrot-same-segment/before").stdout.decode()
        self.assertIn("not clean", text)
        self.assertIn("DAMAGE    segment 21 at byte 413", text)
        flat = " ".join(text.split())
        self.assertIn("scans from segment 21, cuts 589 bytes, deletes the segments 46, 69; "
                      "the log then ends at 31", flat)
        full = acklab("disk", VECTORS / "2.8.2/bitrot-same-segment/before", "--batches")
        self.assertEqual(full.stdout.decode().count("DAMAGED"), 1)


class AnyBytes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def test_what_is_no_log_directory_is_refused(self):
        process = acklab("disk", self.path / "none")
        self.assertEqual(process.returncode, 3)
        self.assertIn(b"No such file or directory", process.stderr)
        process = acklab("disk", self.path)
        self.assertEqual(process.returncode, 3)
        self.assertIn(b"no log directory", process.stderr)
        process = acklab("disk", VECTORS / "2.8.2/kill9/before/vec-0")
        self.assertIn(b"name the directory above it", process.stderr)
        process = acklab("disk", VECTORS / "2.8.2/kill9")
        self.assertIn(b'kill9/before"?', process.stderr)
        self.assertEqual(acklab("disk").returncode, 2)

    def test_nothing_is_written(self):
        target = self.path / "copy"
        shutil.copytree(VECTORS / "2.8.2/torn-tail-zeros/before", target)
        before = {file: file.read_bytes() for file in target.rglob("*") if file.is_file()}
        disk(target)
        after = {file: file.read_bytes() for file in target.rglob("*") if file.is_file()}
        self.assertEqual(before, after)

    def test_damaged_files_of_any_kind_give_an_answer(self):
        draw = random.Random(7)
        source = VECTORS / "2.8.2/leader-epochs/before-1"
        for attempt in range(60):
            target = self.path / f"copy{attempt}"
            shutil.copytree(source, target)
            files = sorted(file for file in target.rglob("*") if file.is_file())
            for file in draw.sample(files, min(4, len(files))):
                content = bytearray(file.read_bytes())
                for _ in range(draw.randrange(1, 6)):
                    if content:
                        content[draw.randrange(len(content))] = draw.randrange(256)
                cut = draw.randrange(len(content) + 1)
                file.write_bytes(bytes(content[:cut]) if draw.randrange(3) == 0 else bytes(content))
            seen = disk(target)
            for partition in seen["partitions"]:
                self.assertLessEqual(partition["recovery"]["truncatedBytes"],
                                     sum(s["bytes"] for s in partition["segments"]))
                self.assertGreaterEqual(partition["recovery"]["logEndOffset"],
                                        partition["logStartOffset"])


if __name__ == "__main__":
    ACKLAB = sys.argv[1]
    VECTORS_3_9 = pathlib.Path(sys.argv[2])
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{max(result.testsRun - failed, 0)} passed, {failed} failed")
    sys.exit(1 if failed else 0)
