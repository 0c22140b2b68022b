#!/usr/bin/env python3
"""catalogue_table.py [--check]: the table of the catalogue in scenarios/README.md.

Made from the files of scenarios/catalogue and, for the verdicts of other versions, from
tests/catalogue/near-misses.json. With --check nothing is written; exit 1 if the table is not up
to date.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
TABLE = HERE.parent / "tests" / "catalogue" / "near-misses.json"
README = HERE / "README.md"
BEGIN, END = "<!-- catalogue: made by catalogue_table.py -->\n", "<!-- end of catalogue -->\n"


def tagged(scenario, kind):
    return [tag[len(kind) + 1:] for tag in scenario["tags"] if tag.startswith(kind + ":")]


def verdict(scenario):
    return next(one["eq"] for one in scenario["expect"] if one["metric"] == "verdict")


def versions(scenario, others):
    """The version that the case is written for, and where another has another verdict."""
    own = scenario["kafka"]["version"]
    return "; ".join([own, *(f"{version}: {other}" for version, other in others.items()
                             if other != verdict(scenario))])


def table():
    rows = {row["id"]: row for row in json.loads(TABLE.read_text(encoding="utf-8"))}
    files = [json.loads(path.read_text(encoding="utf-8"))
             for path in sorted((HERE / "catalogue").glob("*.json"))]
    lines = ["| group | id | what happens | verdict | cause | Kafka | replayed | source |",
             "|---|---|---|---|---|---|---|---|"]
    for scenario in sorted(files, key=lambda one: (tagged(one, "group"), one["id"])):
        cells = [*tagged(scenario, "group"), f"`{scenario['id']}`", scenario["title"]["en"],
                 verdict(scenario), ", ".join(tagged(scenario, "cause")),
                 versions(scenario, rows[scenario["id"]].get("versions", {})),
                 ", ".join(tagged(scenario, "replayed")), ", ".join(tagged(scenario, "source"))]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    text = README.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    new = head + BEGIN + table() + END + rest.split(END)[1]
    if sys.argv[1:] == ["--check"]:
        if new != text:
            print("scenarios/README.md is not up to date: run scenarios/catalogue_table.py")
        print(f"{int(new == text)} passed, {int(new != text)} failed")
        sys.exit(new != text)
    README.write_text(new, encoding="utf-8")


main()
