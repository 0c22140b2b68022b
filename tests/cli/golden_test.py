#!/usr/bin/env python3
"""golden_test.py ACKLAB: what people read, word for word."""
import os
import pathlib

from harness import LESSON, CliTest, main


class Golden(CliTest):
    """REWRITE=1 accepts the new words; the diff is reviewed."""

    def hold(self, name, *words):
        result = self.acklab(*words)
        self.expect(result, 0)
        self.compare(name, result.out)

    def compare(self, name, text):
        golden = pathlib.Path(__file__).parent / "golden" / name
        if os.environ.get("REWRITE"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text, encoding="utf-8")
        self.maxDiff = None
        self.assertEqual(text, golden.read_text(encoding="utf-8"))

    def test_runs(self):
        for lesson in (LESSON, "gc-pause-zombie-leader", "unclean-election-100-200"):
            self.hold(f"run-{lesson}.txt", "run", lesson)

    def test_explanations(self):
        self.hold(f"explain-{LESSON}.txt", "explain", LESSON)
        self.hold("explain-kept.txt", "explain", LESSON, "--record", "p1#0")
        self.hold("explain-unclean-on.txt", "explain", "unclean-on")

    def test_comparisons(self):
        self.hold(f"compare-{LESSON}.txt", "compare", LESSON, "--seeds", "6",
                  "-o", "made.md", "-o", "made.csv")
        for suffix in ("md", "csv"):
            self.compare(f"compare-{LESSON}.{suffix}",
                         (self.path / f"made.{suffix}").read_text(encoding="utf-8"))

    def test_chinese(self):
        self.hold("run-zh.txt", "run", "unclean-election-100-200", "--lang", "zh", "--width", "70")
        self.hold("run-zh-zombie.txt", "run", "gc-pause-zombie-leader", "--lang", "zh")
        self.hold("explain-zh.txt", "explain", LESSON, "--lang", "zh")


if __name__ == "__main__":
    main()
