#!/usr/bin/env python3
"""explain_test.py ACKLAB: one record's story, and what would have saved it."""
from harness import LESSON, CliTest, main


class Explain(CliTest):
    def test_explain_follows_the_first_lost_record(self):
        result = self.acklab("explain", LESSON)
        self.expect(result, 0, out="ACKNOWLEDGED, THEN LOST")
        for part in ("^ the promise", "^ last copy destroyed", "no way back"):
            self.assertIn(part, result.out)
        document = self.acklab("explain", LESSON, "--format", "json").document()
        loss = document["losses"][0]
        again = self.acklab("explain", LESSON, "--offset", f"{loss['partition']}/{loss['offset']}",
                            "--format", "json").document()
        self.assertEqual(again["losses"][0]["record"], loss["record"])

    def test_explain_says_what_one_change_would_have_saved(self):
        for scenario in (LESSON, "unclean-on", "isr-of-one-power"):
            document = self.acklab("explain", scenario, "--format", "json").document()
            self.assertEqual(list(document)[-4:], ["record", "losses", "counterfactuals",
                                                   "branches"])
            record = document["losses"][0]["record"]
            answers = [one["answer"] for one in document["counterfactuals"]]
            self.assertEqual(answers[0] == "saved", "saved" in answers, answers)
            for one in document["counterfactuals"]:
                self.assertEqual(list(one)[:4], ["change", "verdict", "saved", "because"])
                self.assertEqual(one["saved"], one["answer"] == "saved")
                self.assertEqual(one["costs"] is None,
                                 one["answer"] in ("no-claim", "refused", "impossible"))
                if one["verdict"] is None or one["pinned"]:
                    continue
                again = self.acklab("run", scenario, "--set", one["change"], "--records",
                                    "--format", "json").document()
                fates = {each["record"]: each["fate"] for each in again["records"]}
                self.assertEqual(again["verdict"], one["verdict"])
                self.assertEqual(fates[record] == "kept", one["saved"], one)
                self.assertEqual(fates[record] == "lost", one["answer"] == "lost-again", one)
        self.assertTrue(any(one["needed"] for one in document["branches"]))

    def test_the_point_of_no_return_stands_once_in_the_chain(self):
        document = self.acklab("explain", "unclean-on", "--format", "json").document()
        loss = document["losses"][0]
        turns = [link for link in loss["chain"] if link.get("noWayBack")]
        self.assertEqual([link["atMs"] for link in turns], [loss["noWayBackAtMs"]])
        self.assertIn("back-2", turns[0]["text"]["en"])
        self.assertIn("b1 (down)", loss["noWayBackBecause"]["en"])
        text = self.acklab("explain", "unclean-on").out
        self.assertEqual(text.count("^ no way back"), 1)

    def test_what_kept_a_record_needs_no_counterfactuals(self):
        document = self.acklab("explain", LESSON, "--record", "p1#0", "--format", "json").document()
        self.assertEqual((document["counterfactuals"], document["branches"]), ([], []))

    def test_explain_of_a_record_that_is_kept_or_was_never_sent(self):
        self.expect(self.acklab("explain", LESSON, "--record", "p1#0"), 0, out="KEPT")
        self.expect(self.acklab("explain", LESSON, "--record", "p1#99999"), 2,
                    err="numbered from 0")
        self.expect(self.acklab("explain", LESSON, "--record", "p2#0"), 2, err='did you mean "p1"?')
        self.expect(self.acklab("explain", LESSON, "--record", "p1"), 2, err="PRODUCER#NUMBER")
        self.expect(self.acklab("explain", "small.json"), 0, out="no acknowledged record is lost")
        # What it proposes can be asked: that lesson's producer is not called p1.
        result = self.acklab("explain", "gc-pause-zombie-leader", "--set", "acks=all")
        self.expect(result, 0, out="--record stale#0")
        result = self.acklab("explain", "min-isr-2-refuses", "--record", "p1#15")
        self.expect(result, 0, out="never sent")
        self.assertNotIn("becomes the leader", result.out)
        result = self.acklab("explain", "acks0-paused-then-killed", "--record", "p1#12")
        self.expect(result, 0, out="stands still since 4.000s")
        self.assertIn("is killed", result.out)


if __name__ == "__main__":
    main()
