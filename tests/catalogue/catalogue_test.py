#!/usr/bin/env python3
"""catalogue_test.py ACKLAB CATALOGUE: every case of scenarios/catalogue does what its file says.

A case: its expectations hold, every step of it fired, the causes of its losses are those of its
tags and never "other", and it is tagged "safe" only where it breaks no promise.

Its near miss, a row of near-misses.json: the same file with one setting changed, or on another
version of Kafka. Then not all expectations hold; the verdict and the metrics are the row's. So
every case has been seen to fail, though not each of its expectations. A row's `versions` are the
verdicts under each version.

What is tested can be wrong too: the rows and files that `sabotages` falsifies must each be caught.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TABLE = pathlib.Path(__file__).with_name("near-misses.json")


class Catalogue:
    def __init__(self, acklab, folder):
        self.acklab = acklab
        self.folder = folder

    def run(self, path, *options):
        """Exit status and report of one run; a report that is none is told as its text."""
        ran = subprocess.run([self.acklab, "run", str(path), "--format", "json", *options],
                             text=True, capture_output=True, timeout=300)
        try:
            report = json.loads(ran.stdout)
            return ran.returncode, report, report["verdict"]
        except (ValueError, KeyError):
            return ran.returncode, None, f"no report: {(ran.stderr or ran.stdout).strip()[:300]}"

    def case(self, path):
        """What is wrong with a case itself."""
        status, report, verdict = self.run(path)
        if report is None:
            return [verdict]
        tags = report_tags(path)
        wrong = [f"exit {status}, verdict {verdict}"] if status != 0 else []
        wrong += [f"{one['id']}: observed {one['observed']}"
                  for one in report["expect"] if not one["ok"]]
        wrong += [f"the step {step} did not fire" for step in not_fired(report)]
        causes = {loss["cause"] for loss in report["losses"]}
        tagged = {tag.split(":", 1)[1] for tag in tags if tag.startswith("cause:")}
        if causes != tagged:
            wrong.append(f"loses by {sorted(causes)}, tagged {sorted(tagged)}")
        if "other" in causes:
            wrong.append("a loss without a cause")
        if ("safe" in tags) != (report["counts"]["lost"] == 0):
            wrong.append(f"{report['counts']['lost']} lost, and the tags are {tags}")
        if "verdict" not in {one["id"] for one in report["expect"]}:
            wrong.append("expects no verdict")
        return wrong

    def near_miss(self, path, row):
        """What is wrong with a case's near miss."""
        change = ["--kafka", row["kafka"]] if "kafka" in row else ["--set", row["set"]]
        status, report, verdict = self.run(path, *change)
        if report is None:
            return [verdict]
        wrong = [] if status == 1 else [f"exit {status}: the expectations should fail"]
        if verdict != row["verdict"]:
            wrong.append(f"verdict {verdict}, not {row['verdict']}")
        if not_fired(report) != row.get("notFired", []):
            wrong.append(f"steps that did not fire: {not_fired(report)}")
        seen = {**report["counts"], **report["metrics"]}
        wrong += [f"{name} is {seen.get(name)}, not {value}"
                  for name, value in row.get("metrics", {}).items() if seen.get(name) != value]
        if any(loss["cause"] == "other" for loss in report["losses"]):
            wrong.append("a loss without a cause")
        return wrong

    def version(self, path, version, expected):
        _, _, verdict = self.run(path, "--kafka", version)
        return [] if verdict == expected else [f"verdict {verdict}, not {expected}"]

    def checks(self, row):
        """(name, what to call) of everything that a row of the table claims."""
        path = self.folder / f"{row['id']}.json"
        out = [(row["id"], lambda: self.case(path)),
               (f"near miss of {row['id']}", lambda: self.near_miss(path, row))]
        for version, verdict in row.get("versions", {}).items():
            out.append((f"{row['id']} on {version}",
                        lambda v=version, e=verdict: self.version(path, v, e)))
        return out

    def sabotages(self, rows, scratch):
        """(name, what to call) of claims that are false; each must find something wrong."""
        row = next(row for row in rows if row["id"] == "acks1-leader-crash-reuses-offsets")
        path = self.folder / f"{row['id']}.json"
        scenario = json.loads(path.read_text(encoding="utf-8"))

        def changed(name, **changes):
            file = scratch / f"{name}.json"
            file.write_text(json.dumps({**scenario, **changes}), encoding="utf-8")
            return file
        never = {"id": "never", "after": scenario["steps"][0]["id"], "delay": "1h", "do": "note"}
        late = changed("late", steps=[*scenario["steps"], never])
        wrong_cause = changed("wrong-cause", tags=["catalogue", "cause:disk-wiped"])
        safe = changed("safe", tags=[*scenario["tags"], "safe"])
        fewer = changed("fewer", expect=[{"id": "verdict", "metric": "acked.lost", "eq": 4}])
        return [
            ("a step that does not fire", lambda: self.case(late)),
            ("another cause than the tag's", lambda: self.case(wrong_cause)),
            ("a loss that is called safe", lambda: self.case(safe)),
            ("an expectation that does not hold", lambda: self.case(fewer)),
            ("a near miss that changes nothing",
             lambda: self.near_miss(path, {**row, "set": "/run/settle=10s"})),
            ("a near miss with the case's own verdict",
             lambda: self.near_miss(path, {**row, "verdict": "lost-acked"})),
            ("a near miss with another count",
             lambda: self.near_miss(path, {**row, "metrics": {"acked.lost": 1}})),
            ("another verdict on a version", lambda: self.version(path, "3.6", "kept")),
        ]


def report_tags(path):
    return json.loads(path.read_text(encoding="utf-8"))["tags"]


def not_fired(report):
    return [step["id"] for step in report["steps"] if not step["fired"]]


def main():
    catalogue = Catalogue(sys.argv[1], pathlib.Path(sys.argv[2]))
    rows = json.loads(TABLE.read_text(encoding="utf-8"))
    failed = 0
    ids = sorted(path.stem for path in catalogue.folder.glob("*.json"))
    if sorted(row["id"] for row in rows) != ids:
        failed += 1
        print(f"without row or file: {sorted({row['id'] for row in rows} ^ set(ids))}")
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = [check for row in rows for check in catalogue.checks(row)]
        sabotages = catalogue.sabotages(rows, pathlib.Path(folder))
        answers = list(pool.map(lambda check: check[1](), [*checks, *sabotages]))
    for (name, _), wrong in zip(checks, answers):
        failed += bool(wrong)
        for line in wrong:
            print(f"{name}: {line}")
    for (name, _), wrong in zip(sabotages, answers[len(checks):]):
        if not wrong:
            failed += 1
            print(f"not caught: {name}")
    print(f"{len(answers) + 1 - failed} passed, {failed} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
