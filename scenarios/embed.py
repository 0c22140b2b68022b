#!/usr/bin/env python3
"""Puts files into a C++ source. Usage: embed.py out.cc schema.json scenario.json..."""
import os
import sys

CHUNK = 8000  # a compiler need not take longer literals


def literal(data):
    """Adjacent raw literals: UTF-8 stays readable, nothing needs escaping."""
    text = data.decode("utf-8")
    parts = [text[i:i + CHUNK] for i in range(0, len(text), CHUNK)] or [""]
    assert ')acklab"' not in text
    return "\n".join('R"acklab(%s)acklab"' % part for part in parts)


def main(target, schema, *files):
    out = ["// Made by embed.py.",
           "// The schema is longer than the 64 KiB that the standard asks every compiler to take.",
           '#pragma GCC diagnostic ignored "-Woverlength-strings"', "",
           '#include "scenarios/library.h"', "",
           "namespace scenario {", "namespace {"]
    rows = []
    for path in files:
        shelf, name = path.replace("\\", "/").split("/")[-2:]
        rows.append((shelf, name[:-len(".json")], path))
    rows.sort(key=lambda row: (row[0] != "lessons", row))
    for number, (_, _, path) in enumerate(rows):
        with open(path, "rb") as file:
            out.append("constexpr std::string_view kFile%d =\n%s;" % (number, literal(file.read())))
    with open(schema, "rb") as file:
        out.append("constexpr std::string_view kSchema =\n%s;" % literal(file.read()))
    out.append("constexpr LibraryFile kFiles[] = {")
    for number, (shelf, name, _) in enumerate(rows):
        out.append('    {"%s", "%s", "scenarios/%s/%s.json", kFile%d},'
                   % (name, shelf, shelf, name, number))
    out += ["};", "}  // namespace", "",
            "std::span<const LibraryFile> library() {", "    return kFiles;", "}",
            "std::string_view scenario_schema() {", "    return kSchema;", "}", "",
            "}  // namespace scenario", ""]
    os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
    with open(target, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
