#!/usr/bin/env python3
"""tidy_test.py TIDY: breaks each rule of tools/tidy once and looks for its word."""
import pathlib
import subprocess
import sys
import tempfile

GOOD = {
    "core/base/meson.build": "static_library('a', 'good.cc')",
    "core/base/good.h": "/// A good header.\n#pragma once\n\n#include <map>\n",
    "core/base/good.cc": '#include "core/base/good.h"\n\n'
                         "// double, unordered_map and std::thread are words of this comment.\n"
                         'const char* text = "a double";\n',
    "core/README.md": "| D1 | what | why |\n\n| `A` | from | to |\n",
}


def body(lines):
    return "".join(f"    int v{n} = {n};\n" for n in range(lines))


# What breaks: file, its text, and what tidy says about it.
BAD = [
    ("core/base/good.h", "/// A.\n#pragma once\n#include \"core/log/log.h\"\n", "may not include"),
    ("core/client/a.h", "/// A.\n#pragma once\n#include \"core/log/log.h\"\n", "may not include"),
    ("core/log/a.h", "/// A.\n#pragma once\n#include \"sim/kernel/kernel.h\"\n", "may not include"),
    ("sim/trace/a.h", "/// A.\n#pragma once\n#include \"sim/cluster.h\"\n", "may not include"),
    ("sim/a.h", "/// A.\n#pragma once\n#include \"reports/text.h\"\n", "may not include"),
    ("scenarios/a.h", "/// A.\n#pragma once\n#include \"sim/cluster.h\"\n", "may not include"),
    ("reports/a.h", "/// A.\n#pragma once\n#include \"sim/cluster.h\"\n", "may not include"),
    ("tools/lab/a.h", "/// A.\n#pragma once\n#include \"tools/acklab/x.h\"\n", "may not include"),
    ("scenarios/a.h", "/// A.\n#pragma once\n#include <nlohmann/json.hpp>\n", "only in .cc files"),
    ("core/base/a.h", "/// A.\n#pragma once\nusing T = double;\n", "banned here: double"),
    ("core/base/a.h", "/// A.\n#pragma once\n#include <unordered_map>\n", "banned here"),
    ("sim/a.h", "/// A.\n#pragma once\n#include <random>\n", "banned here"),
    ("sim/a.h", "/// A.\n#pragma once\nusing C = std::chrono::steady_clock;\n", "banned here"),
    ("sim/a.h", "/// A.\n#pragma once\nstd::thread t;\n", "banned here"),
    ("sim/a.h", "/// A.\n#pragma once\ninline int f() {\n    static int n = 0;\n}\n",
     "no mutable statics"),
    ("core/base/a.h", "/// A.\n#pragma once\n#include <fstream>\n", "no files"),
    ("core/base/a.h", "/// A.\n#pragma once\n#include <nlohmann/json.hpp>\n", "JSON"),
    ("reports/a.h", "/// A.\n#pragma once\nstd::mutex m;\n", "no threads"),
    ("core/base/a.h", "/// A.\n#pragma once\n// " + "x" * 98 + "\n", "101 columns"),
    ("core/base/a.h", "/// A.\n#pragma once\n" + "\n" * 499, "501 lines"),
    ("core/base/a.h", "/// A.\n#pragma once\n\ninline int f(int x) {\n" + body(69) + "}\n",
     "a function of 71 lines"),
    ("core/base/a.h", "/// A.\n#pragma once\nstruct A {\n    A() : a_{1} {\n" + body(70) + "    }\n"
     "    int a_;\n};\n", "a function of 72 lines"),
    ("core/base/a.h", "#pragma once\n", "begins with a comment"),
    ("core/base/a.h", "/// A.\n", "no #pragma once"),
    ("core/base/a.h", "/// A.\n#pragma once\n// TO" "DO: later\n", "the forms are"),
    ("core/base/a.h", "/// A.\n#pragma once\n/// Deviation D7.\n", "no row in core/README.md"),
    ("core/protocol/messages.h", "/// A.\n#pragma once\nusing Message = std::variant<A, Fetch>;\n",
     "message Fetch has no row"),
    ("core/base/lonely.cc", "int x;\n", "not listed in core/base/meson.build"),
    ("core/log/a.cc", "int x;\n" * 21, "fewer than one assertion"),
    ("tests/a_test.cc", "TEST_SUITE(\"nowhere.a\") {}\n", "of no area"),
    ("tests/a_test.cc", "int x;\n", "without TEST_SUITE"),
]
# What looks like an offence and is none.
FINE = [
    ("core/base/a.h", "/// A.\n#pragma once\n\ninline int f(int x) {\n" + body(68) + "}\n"),
    ("core/base/a.h", "/// A.\n#pragma once\ninline const char* f(E e) {\n    switch (e) {\n" +
     '        case E::a:\n            return "a";\n' * 60 + "    }\n}\n"),
    ("core/base/a.h", "/// A.\n#pragma once\ninline int f() {\n    static const int t[] = {\n" +
     "        1,\n" * 90 + "    };\n    return t[0];\n}\n"),
    ("core/base/a.h", "/// A.\n#pragma once\nstruct A {\n" + body(90) + "};\n"),
    ("core/base/a.h", "/// A.\n#pragma once\n// TO" "DO(soon): what\n// Deviation D1.\n"),
    ("core/base/a.h", "/// A.\n#pragma once\nstatic constexpr int kMany = 3;\nstatic int f();\n"),
    ("core/client/a.h", "/// A.\n#pragma once\n#include \"core/step/node.h\"\n"),
    ("sim/trace/a.h", "/// A.\n#pragma once\n#include \"core/protocol/note.h\"\n"),
]


def tidy(program, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**GOOD, **files}.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        ran = subprocess.run([sys.executable, program, folder], text=True, capture_output=True)
        return ran.returncode, ran.stdout + ran.stderr


def main():
    failed = 0
    for name, text, word in BAD:
        status, said = tidy(sys.argv[1], {name: text})
        if status != 1 or word not in said:
            failed += 1
            print(f"{name} should be refused with {word!r}, tidy said (exit {status}):\n{said}")
    for files in [{}] + [{name: text} for name, text in FINE]:
        status, said = tidy(sys.argv[1], files)
        if status != 0:
            failed += 1
            print(f"nothing is wrong with {files}, tidy said:\n{said}")
    print(f"{len(BAD) + len(FINE) + 1 - failed} passed, {failed} failed")
    sys.exit(bool(failed))


main()
