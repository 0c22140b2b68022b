#!/usr/bin/env python3
"""chains_test.py ACKLAB: ten losses of the catalogue, explained word for word.

REWRITE=1 accepts the new words; the diff is reviewed, as a trainer reads it: is the story true,
plain and complete?
"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "cli"))
from harness import CliTest, main  # noqa: E402

# Ten mechanisms: every cause that the catalogue has, and the ways into it.
CHAINS = (
    "acks1-controlled-shutdown",
    "acks1-leader-crash-reuses-offsets",
    "correlated-power-loss-all",
    "elr-counts-unclean-not-lossy",
    "gc-pause-leader-acks1",
    "jepsen-2013-isolated-leader",
    "last-replica-standing-elr-off",
    "solo-leader-min-isr-1",
    "ule-loss-arithmetic",
    "wiped-last-isr-member",
)


class Chains(CliTest):
    def hold(self, name, *words):
        result = self.acklab("explain", *words)
        self.expect(result, 0, out="已应答，随后丢失" if "zh" in words else "ACKNOWLEDGED, THEN LOST")
        golden = HERE / "golden" / name
        if os.environ.get("REWRITE"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(result.out, encoding="utf-8")
        self.maxDiff = None
        self.assertEqual(result.out, golden.read_text(encoding="utf-8"))

    def test_two_of_them_in_chinese(self):
        for case in ("jepsen-2013-isolated-leader", "last-replica-standing-elr-off"):
            with self.subTest(case):
                self.hold(f"{case}-zh.txt", case, "--first-lost", "--lang", "zh")

    def test_the_first_lost_record_of_each(self):
        for case in CHAINS:
            with self.subTest(case):
                self.hold(f"{case}.txt", case, "--first-lost")


if __name__ == "__main__":
    main()
