#!/usr/bin/env python3
"""chinese_test.py ACKLAB SCENARIOS: every sentence of ours is there in Chinese.

Runs and explains every scenario of the folders with --lang zh, and compares the lessons. What the
scenario itself says (its texts and ids) is taken out; what is left may have no Latin word but those
of WORDS and what has the form of a Kafka key, an error name, a time or a name in brackets.
"""
import json
import os
import pathlib
import re
import sys

from harness import CliTest, main

# Kafka's words, and ours that commands and reports share with programs.
WORDS = set("""
Kafka KRaft ELR ISR UNCLEAN RF acks all acklab broker cache clean controller epoch explain false
fenced follower in-flight leader max min none offset page preferred retries run send topic true
unclean p50 p99
AllocateProducerIds AlterPartition AssignReplicasToDirs BrokerHeartbeat BrokerRegistration Fetch
InitProducerId ListOffsets Metadata MetadataLog Produce
""".split())
FORMS = re.compile(
    r"[a-z]+(\.[a-zA-Z0-9]+)+"           # min.insync.replicas, run.maxEvents
    r"|[A-Z]+(_[A-Z]+)+|[A-Z][a-z]+Exception"
    r"|b\d+|c\d+|p\d+"                   # nodes
    r"|[xr]"                             # signs of the fate strip
    r"|(ns|us|ms|s|m|h)(-[\d.]+[a-z]+)?")  # units behind a number, or a range of times
# Words of a comparison that stand in no other report.
COMPARED = ["McNemar", "Wilson", "JSON", "CSV", "N", "min.isr"]
BRACKETS = re.compile(
    r"[［（]([a-z0-9]+(-[a-z0-9]+)+|kept|diverged|inconclusive|unavailable|AL\d+)[］）]")
COMMANDS = re.compile(r"acklab (run|explain|help) .*|--[a-z-]+|\|[x.~!?r]+\|")  # and the fate strip
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


TOLD = ("id", "name", "title", "en", "zh", "why", "rack", "value", "config")


def strings(value, told=False):
    """What a scenario says in its own words: ids, names, texts, values of settings."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, told or key in TOLD)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, told)
    elif isinstance(value, str) and told:
        yield value


def pairs(value):
    """Every {"en": ..., "zh": ...} of a document."""
    if isinstance(value, dict):
        if set(value) == {"en", "zh"}:
            yield value
        else:
            for inner in value.values():
                yield from pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from pairs(inner)


def latin_words(text, own):
    """Latin words of a text that are neither the scenario's nor Kafka's."""
    for phrase in own:
        phrase = re.escape(phrase).replace(re.escape("{n}"), r"\d+")
        text = re.sub(rf"(?<![A-Za-z]){phrase}(?![A-Za-z])", " ", text)
    text = COMMANDS.sub(" ", BRACKETS.sub(" ", text))
    found = []
    for word in LATIN.findall(text):
        word = word.rstrip(".-")
        if word not in WORDS and not FORMS.fullmatch(word):
            found.append(word)
    return found


class Chinese(CliTest):
    folders = ()

    def scenarios(self):
        """All of them, or with EVERY=n each n-th."""
        found = [path for folder in self.folders
                 for path in sorted(pathlib.Path(folder).rglob("*.json"))
                 if "schema" not in path.name]
        return found[::int(os.environ.get("EVERY", "1"))]

    def own(self, path):
        text = re.sub(r"^\s*//.*$", "", path.read_text(encoding="utf-8"), flags=re.M)
        # Whole texts first: a short one may stand inside a long one. Words of Kafka stay, so that
        # an id such as "leader" takes nothing out of our sentences.
        found = {one for one in strings(json.loads(text)) if len(one) > 1 and one not in WORDS}
        return sorted(found, key=len, reverse=True)

    def test_the_test_sees_a_sentence_without_chinese(self):
        self.assertEqual(latin_words("b2 截断 it lacks one", []), ["it", "lacks", "one"])
        text = "原因 ［page-cache-lost］ min.insync.replicas=2 p1#7 2.0s"
        self.assertEqual(latin_words(text, []), [])

    def told(self, path):
        """Every text that runs and explanations of a scenario show in Chinese."""
        for command in ("run", "explain"):
            result = self.acklab(command, str(path), "--lang", "zh", "--width", "1000")
            self.assertIn(result.status, (0, 1, 4), f"{path.name} {result.err}")
            yield from result.out.replace(str(path), " ").splitlines()
            document = self.acklab(command, str(path), "--format", "json").document()
            for pair in pairs(document):
                yield pair["zh"] or pair["en"]

    def test_every_sentence_of_runs_and_explanations(self):
        tried, missing = 0, {}
        for path in self.scenarios():
            own = self.own(path)
            for text in self.told(path):
                if words := latin_words(text, own):
                    missing.setdefault(" ".join(words), f"{path.name}: {text.strip()}")
            tried += 1
        self.maxDiff = None
        self.assertEqual(missing, {})
        self.assertGreater(tried, 20)

    def test_every_sentence_of_comparisons(self):
        tried = 0
        for path in self.scenarios():
            if path.parent.name != "lessons":
                continue
            own = self.own(path) + COMPARED
            own += json.loads(path.read_text(encoding="utf-8")).get("sweep", {}).get("faults", {})
            for form in ("text", "md"):
                result = self.acklab("compare", str(path), "--standard", "--seeds", "2", "--lang",
                                     "zh", "--width", "1000", "--format", form)
                self.assertIn(result.status, (0, 1), f"{path.name} {result.err}")
                # What refuses a setting is said by the reader, whose messages are English.
                told = re.sub(r"(不适用：|\[\d+\](：| +))Kafka [^|\n]*", " ",
                              result.out.replace(str(path), " "))
                for line in told.splitlines():
                    self.assertEqual(latin_words(line, own), [], f"{path.name}: {line}")
            tried += 1
        if "EVERY" not in os.environ:
            self.assertEqual(tried, 3)


if __name__ == "__main__":
    Chinese.folders = [os.path.abspath(folder) for folder in sys.argv[2:]]
    del sys.argv[2:]
    main()
