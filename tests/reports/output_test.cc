#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "reports/layout.h"
#include "reports/problems.h"
#include "reports/text.h"
#include "tests/reports/hand_history.h"

namespace {

using Json = nlohmann::ordered_json;
using test::HandHistory;

std::vector<std::string> keys_of(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object.items()) keys.push_back(key);
    return keys;
}

/// Broker 1 acknowledges, dies, comes back and cuts.
void lose_two(HandHistory& h) {
    h.at_ms(2'000);
    const auto kept = h.send(1);
    for (const int broker : {1, 2, 3}) h.append(broker, kept, 0, broker == 1);
    h.ack(kept, 0);
    const auto lost = h.send(2);
    h.append(1, lost, 0, true);
    h.ack(lost, 1);
    h.at_ms(2'100);
    h.crash(1);
    h.at_ms(11'000);
    h.fence(1);
    h.elect(2, 1, {2, 3});
    h.lead(2, 1);
    h.at_ms(22'000);
    h.start(1);
    h.follow(1, 1, 2);
    h.truncate(1, 1);
    h.commit(2, 1, {1, 2, 3});
    h.judge(2);
}

TEST_SUITE("report.json") {
    TEST_CASE("the run document has REPORT_FORMAT's keys in REPORT_FORMAT's order") {
        HandHistory h;
        lose_two(h);
        const Json doc = Json::parse(
            report::run_json(h.history(), h.judgement(), h.histories(), report::JsonOptions{}));
        CHECK(keys_of(doc) == std::vector<std::string>{
                                  "report", "command", "acklab", "scenario", "kafka", "seed",
                                  "trace", "settings", "verdict", "counts", "metrics", "partitions",
                                  "losses", "steps", "groups", "expect", "notModelled"});
        CHECK(keys_of(doc["scenario"]) == std::vector<std::string>{"id", "sha256"});
        CHECK(keys_of(doc["kafka"]) == std::vector<std::string>{"version", "mode"});
        CHECK(keys_of(doc["trace"]) == std::vector<std::string>{"digest", "events", "simulatedMs"});
        CHECK(keys_of(doc["counts"]) ==
              std::vector<std::string>{"sent", "acked", "kept", "lost", "thin", "refused", "ghost",
                                       "unknown", "twice", "phantom", "skipped", "stranded"});
        CHECK(keys_of(doc["partitions"][0]) ==
              std::vector<std::string>{"partition", "leader", "leaderEpoch", "isr", "highWatermark",
                                       "replicas", "ackedLost"});
        CHECK(keys_of(doc["partitions"][0]["replicas"][0]) ==
              std::vector<std::string>{"broker", "logEndOffset", "digest"});
        CHECK(keys_of(doc["losses"][0]) ==
              std::vector<std::string>{"record", "producer", "sequence", "partition", "offset",
                                       "leaderEpoch", "ackedAtMs", "lostAtMs", "noWayBackAtMs",
                                       "cause", "chain", "noWayBackBecause"});
        CHECK(keys_of(doc["losses"][0]["chain"][0]) ==
              std::vector<std::string>{"atMs", "event", "broker", "text"});
        CHECK(keys_of(doc["losses"][0]["chain"][0]["text"]) ==
              std::vector<std::string>{"en", "zh"});
        CHECK(doc["metrics"].size() == report::all_metrics().size());
    }

    TEST_CASE("the run document says what happened") {
        HandHistory h;
        lose_two(h);
        const Json doc = Json::parse(
            report::run_json(h.history(), h.judgement(), h.histories(), report::JsonOptions{}));
        CHECK(doc["verdict"] == "lost-acked");
        CHECK(doc["counts"]["sent"] == 3);
        CHECK(doc["counts"]["lost"] == 2);
        CHECK(doc["seed"] == 7);
        CHECK(doc["trace"]["digest"] == "9f3c52d1a07be644");
        CHECK(doc["trace"]["simulatedMs"] == 70'000);
        CHECK(doc["partitions"][0]["ackedLost"] == Json::array({Json::array({1, 2})}));
        CHECK(doc["losses"][0]["record"] == "p1#1");
        CHECK(doc["losses"][0]["sequence"] == 1);
        CHECK(doc["losses"][0]["cause"] == "leader-crash-before-replication");
        CHECK(doc["losses"][0]["noWayBackAtMs"] == 2'100);
        CHECK(doc["metrics"]["acked.lost.range"] == Json::array({1, 2}));
        CHECK_FALSE(doc.contains("records"));
    }

    TEST_CASE("--records adds every record and every replica's log") {
        HandHistory h;
        lose_two(h);
        const Json doc = Json::parse(report::run_json(h.history(), h.judgement(), h.histories(),
                                                      report::JsonOptions{.records = true}));
        REQUIRE(doc["records"].size() == 3);
        CHECK(keys_of(doc["records"][0]) ==
              std::vector<std::string>{"record", "outcome", "error", "offset", "fate"});
        CHECK(doc["records"][1]["fate"] == "lost");
        CHECK(doc["records"][1]["offset"] == 1);
        CHECK(doc["partitions"][0]["replicas"][1]["log"] ==
              Json::array({Json::array({0, 0, "p1#0"})}));
        CHECK(doc["partitions"][0]["replicas"][1]["epochs"] == Json::array({Json::array({0, 0})}));
    }

    TEST_CASE("losses are listed up to the limit, counts and ranges are complete") {
        HandHistory h;
        const auto batch = h.send(1'200);
        h.append(1, batch, 0, true);
        h.ack(batch, 0);
        h.truncate(1, 0);
        h.judge(2);
        const auto losses = [&](bool all) {
            const Json doc = Json::parse(
                report::run_json(h.history(), h.judgement(), h.histories(),
                                 report::JsonOptions{.records = false, .all_losses = all}));
            CHECK(doc["counts"]["lost"] == 1'200);
            CHECK(doc["partitions"][0]["ackedLost"] == Json::array({Json::array({0, 1'199})}));
            return doc["losses"].size();
        };
        CHECK(losses(false) == 1'000);
        CHECK(losses(true) == 1'200);
    }

    TEST_CASE("explain gives the loss of a lost record and the chain of any other") {
        HandHistory h;
        lose_two(h);
        const auto explain = [&](std::int64_t number) {
            return Json::parse(report::explain_json(h.history(), h.judgement(), h.histories(), 0,
                                                    core::RecordNumber(number), {}));
        };
        CHECK(explain(1)["losses"][0]["record"] == "p1#1");
        CHECK(explain(0)["losses"].empty());
        CHECK(explain(0)["record"]["fate"] == "kept");
        CHECK(explain(0)["chain"].size() >= 3);
        CHECK(explain(0)["counterfactuals"].empty());
        // The crash closed the way back, once; the answer was the promise, once.
        int marked = 0;
        const Json document = explain(1);
        for (const Json& link : document["losses"][0]["chain"]) {
            if (link.contains("noWayBack")) {
                CHECK(link["event"] == "process.crash");
                ++marked;
            }
            if (link.contains("promise")) CHECK(link["event"] == "produce.ack");
        }
        CHECK(marked == 1);
    }

    TEST_CASE("problems keep their place and their code, whatever their texts hold") {
        scenario::Problem problem;
        problem.file = "a.json";
        problem.line = 41;
        problem.column = 19;
        problem.path = "/topics/orders/config/x";
        problem.code = "AL203";
        problem.message = "unknown Kafka topic key";
        problem.suggestion = "did you mean \"y\"?";
        const Json doc = Json::parse(report::problems_json("check", {problem}));
        CHECK(keys_of(doc) == std::vector<std::string>{"report", "command", "problems"});
        CHECK(keys_of(doc["problems"][0]) == std::vector<std::string>{"file", "line", "column",
                                                                      "path", "code", "severity",
                                                                      "message", "suggestion"});
        CHECK(doc["problems"][0]["column"] == 19);
        CHECK(doc["problems"][0]["severity"] == "error");
    }
}

TEST_SUITE("report.text") {
    TEST_CASE("the text report names the verdict, the loss, its cause and the next command") {
        HandHistory h;
        lose_two(h);
        report::TextInput input;
        input.style.width = 90;
        input.arguments = "by-hand --seed 7";
        const std::string text = report::run_text(h.history(), h.judgement(), h.metrics(), input);
        for (const std::string_view part :
             {"A history written by hand", "Kafka 3.9 KRaft   seed 7", "3 brokers  orders-0 RF 3",
              "acks=1", "b1 fenced", "its session ended, 8.9s after its crash", "b2 leader",
              "epoch 1, clean election, ISR {2,3}", "b1 back", "b1 cuts", "from 3 to 1",
              "lost-acked", "LOST 2", "orders-0 1-2", "leader-crash-before-replication",
              "sent 3   acked 3", "|.xx|", "none for writes for 8.9s",
              "acklab explain by-hand --seed 7 --record p1#1"}) {
            INFO(part);
            CHECK(text.find(part) != std::string::npos);
        }
        CHECK(text.find('\x1b') == std::string::npos);
    }

    TEST_CASE("a run that the cap of events ended has no audit to tell of") {
        HandHistory h;
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.ack(batch, 0);
        h.outcome().end = trace::RunEnd::event_cap;
        h.judge_dead_leader(1);
        report::TextInput input;
        input.style.width = 90;
        const std::string text = report::run_text(h.history(), h.judgement(), h.metrics(), input);
        CHECK(text.find("stopped") != std::string::npos);
        CHECK(text.find("run.maxEvents") != std::string::npos);
        CHECK(text.find("nothing was read back") != std::string::npos);
        CHECK(text.find("without faults") == std::string::npos);
    }

    TEST_CASE("the audit names a leader that does not live") {
        HandHistory h;
        const auto batch = h.send(2);
        h.append(1, batch, 0, true);
        h.ack(batch, 0);
        h.judge_dead_leader(1);
        report::TextInput input;
        input.style.width = 90;
        const std::string text = report::run_text(h.history(), h.judgement(), h.metrics(), input);
        CHECK(text.find("without faults; no live leader") != std::string::npos);
        CHECK(text.find("STRANDED 2") != std::string::npos);
    }

    TEST_CASE("what is lost does not hide what is stranded") {
        HandHistory h;
        const auto stays = h.send(2);
        h.append(1, stays, 0, true);
        h.ack(stays, 0);
        const auto goes = h.send(1);
        h.append(1, goes, 0, true);
        h.ack(goes, 2);
        h.crash(1, true);
        h.lose_bytes(1, 2);
        h.judge_dead_leader(1);
        report::TextInput input;
        input.style.width = 90;
        const std::string text = report::run_text(h.history(), h.judgement(), h.metrics(), input);
        CHECK(text.find("LOST 1") != std::string::npos);
        CHECK(text.find("STRANDED 2") != std::string::npos);
    }

    TEST_CASE("each fencing stands before the election it causes") {
        HandHistory h;
        h.at_ms(1'000);
        for (const int broker : {1, 3}) h.crash(broker);
        h.at_ms(10'000);
        h.together([&] {
            h.elect(3, 1, {2, 3});
            h.fence(1);
            h.elect(2, 2, {2});
            h.fence(3);
        });
        h.judge(2);
        report::TextInput input;
        input.style.width = 90;
        const std::string text = report::run_text(h.history(), h.judgement(), h.metrics(), input);
        CAPTURE(text);
        CHECK(text.find("b1 fenced") < text.find("b3 leader"));
        CHECK(text.find("b3 leader") < text.find("b3 fenced"));
        CHECK(text.find("b3 fenced") < text.find("b2 leader"));
    }

    TEST_CASE("a broker that is fenced when it is up again lost its session to its crash") {
        HandHistory h;
        h.at_ms(1'000);
        h.crash(1);
        h.at_ms(3'000);
        h.start(1);
        h.at_ms(10'000);
        h.fence(1);
        h.judge(1);
        report::TextInput input;
        input.style.width = 90;
        const std::string text = report::run_text(h.history(), h.judgement(), h.metrics(), input);
        CAPTURE(text);
        CHECK(text.find("the session of its earlier life ended, 9.0s after its crash") !=
              std::string::npos);
    }

    TEST_CASE("an answer of a replaced leader that no client took is no zombie ack") {
        for (const bool taken : {true, false}) {
            HandHistory h;
            const auto batch = h.send(1);
            h.append(1, batch, 0, true);
            h.fence(1);
            h.elect(2, 1, {2, 3});
            h.lead(2, 1);
            h.at_ms(20'000);
            if (taken)
                h.ack(batch, 0);
            else
                h.answer(batch, 0);
            h.judge(2);
            report::TextInput input;
            input.style.width = 90;
            const std::string text =
                report::run_text(h.history(), h.judgement(), h.metrics(), input);
            CAPTURE(text);
            CHECK((text.find("b1 zombie ack") != std::string::npos) == taken);
            CHECK((text.find("no client took it") != std::string::npos) == !taken);
        }
    }

    TEST_CASE("colour changes nothing but colour") {
        HandHistory h;
        lose_two(h);
        report::TextInput input;
        const std::string plain = report::run_text(h.history(), h.judgement(), h.metrics(), input);
        input.style.color = true;
        std::string colored = report::run_text(h.history(), h.judgement(), h.metrics(), input);
        CHECK(colored != plain);
        for (std::size_t at = colored.find('\x1b'); at != std::string::npos;
             at = colored.find('\x1b'))
            colored.erase(at, colored.find('m', at) - at + 1);
        CHECK(colored == plain);
    }

    TEST_CASE("no line is wider than asked for") {
        HandHistory h;
        lose_two(h);
        for (const std::size_t width : {60UL, 80UL, 120UL}) {
            report::TextInput input;
            input.style.width = width;
            input.arguments = "by-hand";
            const std::string text =
                report::run_text(h.history(), h.judgement(), h.metrics(), input) +
                report::explain_text(h.history(), h.judgement(), h.histories(), 0,
                                     core::RecordNumber(1), {}, input);
            std::size_t from = 0;
            for (std::size_t at = text.find('\n'); at != std::string::npos;
                 from = at + 1, at = text.find('\n', from)) {
                const std::string line = text.substr(from, at - from);
                INFO(line);
                CHECK(report::display_width(line) <= width);
            }
        }
    }

    TEST_CASE("explain says what was promised, what destroyed it and when it was too late") {
        HandHistory h;
        lose_two(h);
        report::TextInput input;
        const std::string text = report::explain_text(h.history(), h.judgement(), h.histories(), 0,
                                                      core::RecordNumber(1), {}, input);
        for (const std::string_view part :
             {"p1#1 (orders-0, offset 1, epoch 0)", "ACKNOWLEDGED, THEN LOST", "^ the promise",
              "^ no way back", "^ last copy destroyed", "no way back from 2.100s on",
              "only b1 (down)", "acks=1"}) {
            INFO(part);
            CHECK(text.find(part) != std::string::npos);
        }
    }

    TEST_CASE("a strip of many records shows the worst of each stretch") {
        HandHistory h;
        const auto first = h.send(99);
        h.append(1, first, 0, true);
        h.ack(first, 0);
        const auto last = h.send(1);
        h.append(2, last, 0, true);
        h.ack(last, 99, 2);
        h.judge(1);
        CHECK(report::fate_strip(h.history(), h.judgement().fates, 10) == ".........x");
    }
}

TEST_SUITE("report.layout") {
    TEST_CASE("Chinese takes two columns a character, ASCII one") {
        CHECK(report::display_width("leader") == 6);
        CHECK(report::display_width("宕机") == 4);
        CHECK(report::display_width("acks=1：") == 8);
        CHECK(report::padded_right("宕机", 6) == "宕机  ");
        CHECK(report::padded_left("ab", 4) == "  ab");
    }

    TEST_CASE("a line of Chinese neither begins with a closing sign nor ends with an opening one") {
        CHECK(report::wrapped("已应答，丢失", 6) ==
              std::vector<std::string>{"已应", "答，丢", "失"});
        CHECK(report::wrapped("已应（答）", 6) == std::vector<std::string>{"已应", "（答）"});
    }

    TEST_CASE("words wrap at blanks, Chinese between characters, a long word stays whole") {
        CHECK(report::wrapped("one two three", 7) == std::vector<std::string>{"one two", "three"});
        CHECK(report::wrapped("消息已应答", 4) == std::vector<std::string>{"消息", "已应", "答"});
        CHECK(report::wrapped("unbreakable", 4) == std::vector<std::string>{"unbreakable"});
        CHECK(report::wrapped("", 4) == std::vector<std::string>{""});
    }

    TEST_CASE("bytes that are no UTF-8 are laid out, not trusted") {
        for (const std::string_view text : {"\xff\xfe", "\xe5", "\xf0\x9f", "a\xc3"})
            CHECK(report::display_width(text) <= text.size());
    }
}

}  // namespace
