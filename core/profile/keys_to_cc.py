#!/usr/bin/env python3
"""Turns kafka-keys.tsv into a sorted C++ table. Usage: keys_to_cc.py kafka-keys.tsv out.cc"""
import sys


def literal(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main(source, target):
    with open(source, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    scopes = ["broker", "topic", "producer", "consumer"]
    rows.sort(key=lambda row: (scopes.index(row[0]), row[1]))
    out = ["// Made from kafka-keys.tsv by keys_to_cc.py.",
           '#include "core/profile/key_table.h"', "",
           "namespace core {", "namespace {", "constexpr KeyRow kRows[] = {"]
    for kind, key, typ, first, last, defaults, values, fallback in rows:
        texts = ", ".join(literal(t) for t in (key, typ, first, last, defaults, values, fallback))
        out.append("    {ConfigScope::%s, %s}," % (kind, texts))
    out += ["};", "}  // namespace", "",
            "std::span<const KeyRow> key_rows() {", "    return kRows;", "}", "",
            "}  // namespace core", ""]
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(out))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
