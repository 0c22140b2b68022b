#!/usr/bin/env python3
"""words_test.py ACKLAB: what a run says where a reader could take it for something else.

Each case in English and in Chinese.
"""
import json

from harness import LESSON, CliTest, main


def scenario(steps, producer=None, topic=None, **top):
    """Three brokers, one partition, 100 records a second for 30 s; p1 sends with acks=all."""
    config = {"acks": "all", **(producer or {})}
    return json.dumps({
        "scenario": 1, "id": "words", "kafka": {"version": "3.9"},
        "run": {"seed": 1, "end": "40s"},
        "cluster": {"brokers": [{"id": 1}, {"id": 2}, {"id": 3}]},
        "topics": [{"name": "orders", "partitions": 1, "replicationFactor": 3,
                    "config": {"min.insync.replicas": 2, **(topic or {})}}],
        "producers": [{"id": "p1", "topic": "orders", "config": config,
                       "workload": {"records": 3000, "rate": "100/s"}}],
        "steps": steps, **top})


def cut(*groups, **more):
    return {"id": "cut", "at": "10s", "do": "partition", "groups": list(groups), "for": "20s",
            **more}


AIMED = [{"id": "kill", "do": "crash", "target": {"leaderOf": "orders-0"}, "for": "10s",
          "when": {"gauge": "ackedOnlyOnLeader", "partition": "orders-0", "ge": 1, "armed": "5s",
                   "timeout": "10s"}}]


class Words(CliTest):
    def text(self, source, *words):
        """The report of a run with every blank one blank."""
        return " ".join(self.made("run", source, *words).out.split())

    def made(self, command, source, *words):
        if source.startswith("{"):
            (self.path / "words.json").write_text(source, encoding="utf-8")
            source = "words.json"
        result = self.acklab(command, source, "--width", "90", *words)
        self.assertIn(result.status, (0, 1), result.err)
        return result

    def holds(self, source, english, chinese, *words):
        text = self.text(source, *words)
        for part in english:
            self.assertIn(part, text)
        text = self.text(source, "--lang", "zh", *words).replace(" ", "")
        for part in chinese:
            self.assertIn(part.replace(" ", ""), text)

    def test_a_leader_for_writes_is_no_promise_to_clients(self):
        away = scenario([cut([{"producer": "p1"}], [{"brokers": "all"}])],
                        {"delivery.timeout.ms": 5000, "request.timeout.ms": 2000})
        counts = self.made("run", away, "--format", "json").document()["counts"]
        self.assertGreater(counts["refused"], 500)
        self.holds(away, ("leaders always there for writes",
                          f"but of 3000 sends clients saw {counts['refused']} refused"),
                   ("leader 始终可写",
                    f"但在 3000 次发送中，客户端看到 {counts['refused']} 次被拒"))
        self.holds(LESSON, ("leaders none for writes for 8.1s",), ("leader 8.1s 不可写",))
        self.assertNotIn("clients saw", self.text(LESSON))

    def test_what_is_thin_is_counted_as_this_kafka_counts(self):
        for version, thin in (("3.9", 0), ("3.6", 0)):
            counts = self.made("run", "small.json", "--set", "min.insync.replicas=4", "--kafka",
                               version, "--format", "json").document()["counts"]
            self.assertEqual(counts["thin"], thin)
            # 3.6 refuses every write, so nothing acknowledged can be thin.
            self.assertEqual(counts["acked"], 20 if version == "3.9" else 0)
        self.holds("small.json", ("min.insync.replicas=4 (counts as 3)",),
                   ("min.insync.replicas=4（按 3 计）",), "--set", "min.insync.replicas=4")

    def test_the_header_has_every_setting_that_is_not_the_default(self):
        source = scenario([], {"linger.ms": 20}, {"flush.messages": 1})
        self.holds(source, ("replica.lag.time.max.ms=5000 flush.messages=1 linger.ms=20",),
                   ("replica.lag.time.max.ms=5000 flush.messages=1 linger.ms=20",),
                   "--set", "/cluster/config={\"replica.lag.time.max.ms\": 5000}")
        out = self.made("run", scenario([])).out
        self.assertEqual(out.split("\n")[2], "")
        many = [word for key in ("linger.ms", "batch.size", "retries", "buffer.memory",
                                 "max.block.ms", "request.timeout.ms", "retry.backoff.ms",
                                 "max.request.size", "metadata.max.age.ms",
                                 "send.buffer.bytes",
                                 "receive.buffer.bytes", "reconnect.backoff.max.ms")
                for word in ("--set", f"{key}=30000")]
        self.assertIn("more (--format json)", self.text(scenario([]), *many))

    def test_an_unclean_election_that_this_kafka_does_not_know(self):
        self.holds("unclean-on", ("unclean=true (3.6 ignores it)",),
                   ("unclean=true（3.6 不理会）",), "--kafka", "3.6")
        self.assertIn("warning[AL414]", self.made("run", "unclean-on", "--kafka", "3.6").err)
        self.assertNotIn("ignores it", self.text("unclean-on"))

    def test_a_setting_that_takes_two(self):
        self.holds("correlated-power-loss-all",
                   ("flush.messages=1, or flush.ms together with "
                    "log.flush.scheduler.interval.ms (flush.ms alone does nothing)",),
                   ("flush.messages=1，或 flush.ms 加上 log.flush.scheduler.interval.ms",))

    def test_an_aimed_kill_that_kept_its_record(self):
        source = scenario(AIMED, {"acks": "1"})
        run = self.text(source)
        self.assertIn("KEPT", run)
        record = run.split("only on the leader (")[1].split(",")[0]
        self.assertIn(f"{record} was on its way when b1 failed: b", run)
        self.assertIn(f"next acklab explain words.json --record {record}",
                      run.replace("--width 90 ", ""))
        self.assertIn(f"{record} 在 b1 出故障时已在路上：", self.text(source, "--lang", "zh"))

    def test_an_aim_that_did_not_come_is_not_claimed(self):
        self.holds("rolling-restart-hard-bounce-acks-all",
                   ("no acknowledged record was only on the leader then",),
                   ("当时没有已应答的消息只存在于 leader",))
        self.assertNotIn("record existed only on",
                         self.text("rolling-restart-hard-bounce-acks-all"))

    def test_records_belong_to_json(self):
        for name in ("--records", "--all-losses"):
            self.assertIn(f"note: {name} changes the JSON document only",
                          self.made("run", "small.json", name).err)
            self.assertIn(f"{name} 只影响 JSON", self.made("run", "small.json", name, "--lang",
                                                          "zh").err)
            for words in (["--format", "json"], ["-o", "made.json"], ["-q"]):
                self.assertEqual(self.made("run", "small.json", name, *words).err, "")

    def test_what_safe_means_in_a_list(self):
        self.expect(self.acklab("list"), 0, out="safe: no acknowledged record is lost;")
        self.expect(self.acklab("list", "--lang", "zh"), 0, out="安全：不丢已应答的消息；")
        self.assertNotIn("\nsafe:", self.acklab("list", "--cause", "disk-wiped").out)

    def test_a_session_of_an_earlier_life(self):
        source = scenario([{"id": "kill", "at": "10s", "do": "crash", "target": {"broker": 1},
                            "for": "3s"}])
        self.holds(source,
                   ("the session of its earlier life ended,", "after its crash; it had not"),
                   ("它上次运行的会话过期，距其宕机",))

    def test_rows_of_steps(self):
        source = scenario([cut([{"leaderOf": "orders-0"}, {"producer": "p1"}],
                               [{"followersOf": "orders-0"}, {"controller": "active"}])])
        self.holds(source,
                   ("leader of orders-0, p1 | followers of orders-0, active controller",
                    "(leader of orders-0: b1; followers of orders-0: b2 b3)",
                    "the network cut of step cut ends"),
                   ("orders-0 的 leader，p1 |", "（orders-0 的 leader：b1；", "步骤 cut 的断网结束"))
        dead = scenario([{"id": "one", "at": "10s", "do": "crash", "target": {"broker": 2}},
                         {"id": "two", "at": "12s", "do": "crash", "target": {"broker": 2}}])
        self.holds(dead, ("STEP b2 crash two; nothing happens to b2: down already",),
                   ("步骤 b2 宕机 two；b2 早已停止，什么也没发生",))
        self.assertEqual(self.text(dead).count("FAULT"), 1)

    def test_words_that_are_nearly_right(self):
        self.expect(self.acklab("run", LESSON, "--fail-on", "lost"), 2,
                    err='did you mean "lost-acked"?')
        self.expect(self.acklab("run", LESSON, "--fail-on", "kep"), 2, err='did you mean "kept"?')
        self.expect(self.acklab("list", "--tag", "ackz"), 2, err='did you mean "acks"?')

    def test_quiet_is_quiet(self):
        self.assertIn("AL412", self.made("run", LESSON).err)
        quiet = self.made("run", LESSON, "-q")
        self.assertEqual(quiet.out + quiet.err, "")

    def test_an_error_of_shape_says_what_to_write(self):
        (self.path / "words.json").write_text(
            scenario([cut([{"broker": 1}], [{"broker": 2}]),
                      {"id": "kill", "at": "5s", "do": "crash", "target": {"broker": 1}}]),
            encoding="utf-8")
        for setting, expected in (("/steps/kill/target=1", '{"broker": 1} or {"leaderOf"'),
                                  ("/steps/kill/crash=host", '{"kind": "host"}'),
                                  ("/steps/cut/groups=[[1],[2]]", '[[{"broker": 1}], ['),
                                  ("/steps/cut/groups=1", '[[{"broker": 1}], ['),
                                  ("/cluster/brokers=[1,2,3]", '{"id": 1}'),
                                  ("/cluster/brokers=3", '[{"id": 1}, {"id": 2}]'),
                                  ("/kafka/version=4.1", '"4.1" in quotes')):
            self.expect(self.acklab("run", "words.json", "--set", setting), 3,
                        err=f"expected: {expected}"
                        if "groups" not in setting else f"expected: lists of targets, {expected}")


if __name__ == "__main__":
    main()
