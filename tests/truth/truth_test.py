#!/usr/bin/env python3
"""truth_test.py ACKLAB SCENARIOS [NAME...]: holds acklab against what real Kafka brokers did.

Each NAME@VERSION.json beside this file is what replaying scenarios/truth/NAME.json on real brokers
of that version gave. The same scenario run here must give the same verdict, the same outcome and
offset of every record, the same sets of lost, ghost and stranded records, as many duplicates, the
same final leader and ISR, and on each replica the same log: offset, record, and leader epoch as its
rank in that log (how many epochs a cluster spends on starting up is its own business). Prints every
difference; the last line counts the recordings that agree.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def ranked(log):
    """The log with each leader epoch as its rank in order of appearance."""
    seen = {}
    return [(offset, seen.setdefault(epoch, len(seen)), record) for offset, epoch, record in log]


def shown(value):
    text = json.dumps(value)
    return text if len(text) <= 160 else text[:157] + "..."


def seen_by(records, outcome):
    return sorted(name for name, record in records.items() if record["outcome"] == outcome)


def facts_of_kafka(truth):
    """What is compared, as real Kafka had it: name -> value."""
    records = truth["records"]
    return {
        "verdict": truth["verdict"],
        "outcomes": {name: record["outcome"] for name, record in records.items()},
        "acked": seen_by(records, "acked"),
        "offsets": {name: records[name]["offset"] for name in seen_by(records, "acked")},
        "lost": sorted(truth["lost"]),
        "ghost": sorted(truth["ghosts"]),
        "stranded": sorted(truth["stranded"]),
        "twice": truth["counts"]["twice"],
        "leader": truth["final"]["leader"],
        "isr": sorted(truth["final"]["isr"]),
        "replicas": sorted(truth["logs"]),
        **{f"log of {broker}": ranked(log) for broker, log in truth["logs"].items()},
    }


def facts_of_acklab(report):
    """The same facts out of a report of `acklab run --records`."""
    records = {record["record"]: record for record in report["records"]}
    partition, = report["partitions"]

    def with_fate(fate):
        return sorted(name for name, record in records.items() if record["fate"] == fate)
    replicas = {str(replica["broker"]): replica["log"] for replica in partition["replicas"]}
    return {
        "verdict": report["verdict"],
        "outcomes": {name: record["outcome"] for name, record in records.items()},
        "acked": seen_by(records, "acked"),
        "offsets": {name: records[name]["offset"] for name in seen_by(records, "acked")},
        "lost": with_fate("lost"),
        "ghost": with_fate("ghost"),
        "stranded": with_fate("stranded"),
        "twice": report["counts"]["twice"],
        "leader": partition["leader"],
        "isr": sorted(partition["isr"]),
        "replicas": sorted(replicas),
        **{f"log of {broker}": ranked(log) for broker, log in replicas.items()},
    }


def first_difference(ours, real):
    """For lists and objects the first place where they part, else both values."""
    if isinstance(ours, dict) and isinstance(real, dict):
        for key in [*real, *(key for key in ours if key not in real)]:
            if ours.get(key) != real.get(key):
                return f"{key}: acklab {shown(ours.get(key))}, Kafka {shown(real.get(key))}"
    if isinstance(ours, list) and isinstance(real, list):
        for at, pair in enumerate(zip(ours, real)):
            if pair[0] != pair[1]:
                return f"entry {at}: acklab {shown(pair[0])}, Kafka {shown(pair[1])}"
        return f"acklab has {len(ours)} entries, Kafka {len(real)}"
    return f"acklab {shown(ours)}, Kafka {shown(real)}"


def disagreements(acklab, scenarios, recording):
    truth = json.loads(recording.read_text())
    version = ".".join(truth["kafka"].split(".")[:2])
    command = [acklab, "run", str(scenarios / f"{truth['scenario']}.json"), "--kafka", version,
               "--format", "json", "--records"]
    for change in truth["set"]:
        command += ["--set", change]
    try:
        ran = subprocess.run(command, text=True, capture_output=True, timeout=300)
        ours = facts_of_acklab(json.loads(ran.stdout))
    except (ValueError, KeyError) as problem:
        return [f"no report ({problem!r}): exit {ran.returncode} {ran.stderr.strip()[-200:]}"]
    except (OSError, subprocess.TimeoutExpired) as problem:
        return [str(problem)]
    real = facts_of_kafka(truth)
    ours, real = json.loads(json.dumps(ours)), json.loads(json.dumps(real))
    return [f"{name}: {first_difference(ours.get(name), real.get(name))}"
            for name in [*real, *(name for name in ours if name not in real)]
            if ours.get(name) != real.get(name)]


def main():
    acklab, scenarios, names = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    recordings = sorted(recording for recording in HERE.glob("*@*.json")
                        if not names or recording.stem.split("@")[0] in names)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda r: disagreements(acklab, scenarios, r), recordings))
    failed = sum(bool(found) for found in results)
    for recording, found in zip(recordings, results):
        for line in found:
            print(f"{recording.stem}: {line}")
    # No recording is no agreement.
    failed = max(failed, not recordings)
    print(f"{sum(not found for found in results)} passed, {failed} failed")
    sys.exit(bool(failed))


main()
