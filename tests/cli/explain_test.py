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
                self.assertEqual(fates[record] == "kept",
                                 one["answer"] in ("saved", "saved-not-all"), one)
                self.assertEqual(fates[record] == "lost", one["answer"] == "lost-again", one)
        self.assertTrue(any(one["needed"] for one in document["branches"]))

    def test_the_point_of_no_return_stands_once_in_the_chain(self):
        document = self.acklab("explain", "unclean-on", "--format", "json").document()
        loss = document["losses"][0]
        turns = [link for link in loss["chain"] if link.get("noWayBack")]
        self.assertEqual([link["atMs"] for link in turns], [loss["noWayBackAtMs"]])
        self.assertIn("back-2", turns[0]["text"]["en"])
        because = loss["noWayBackBecause"]["en"]
        self.assertIn("b1 (down)", because)
        # The reason is the step's, not who was live.
        self.assertIn("step back-2 starts b2", because)
        self.expect(self.acklab("help", "no-way-back"), 0, out="point of no return")
        text = self.acklab("explain", "unclean-on").out
        self.assertEqual(text.count("^ no way back"), 1)

    def test_a_fenced_broker_had_its_disk_wiped(self):
        text = self.acklab("run", "wiped-last-isr-member").out
        self.assertIn("8.1s after its disk was wiped", text)
        self.assertNotIn("after its crash", text)

    def test_the_head_names_what_is_not_as_usual(self):
        self.assertIn("4.1 KRaft without ELR", self.acklab("run",
                                                           "last-replica-standing-elr-off").out)
        self.assertIn("acks=1 (p1)  acks=all (p2)", self.acklab("run",
                                                               "gc-pause-leader-acks1").out)

    def test_commands_can_be_pasted(self):
        text = self.acklab("explain", "unclean-on", "--width", "60").out
        command = "acklab run unclean-on --set " \
                  "'/topics/*/config/unclean.leader.election.enable=false'"
        self.assertIn(command, [line.strip() for line in text.splitlines()])
        # Of a run that lost nothing the record that fared worst is proposed.
        text = self.acklab("run", "acks0-broker-crash").out
        record = text.split("--record ")[1].split()[0]
        self.expect(self.acklab("explain", "acks0-broker-crash", "--record", record), 0,
                    out="NEVER PROMISED")

    def test_an_offset_that_was_acknowledged_twice_names_the_other_record(self):
        result = self.acklab("explain", "unclean-election-100-200", "--offset", "orders-0/150")
        self.expect(result, 0, out="p1#150")
        self.assertIn("acknowledged at that offset, too: acklab explain unclean-election-100-200 "
                      "--record p1#250\n", result.out)

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
