// expect, and the metric tests of lesson answers.

#include <algorithm>
#include <array>

#include "scenarios/build.h"

namespace scenario {
namespace {

constexpr std::array<std::string_view, 5> kReaderMetrics = {"consumed.phantom", "group.skipped",
                                                            "group.duplicated", "group.redelivered",
                                                            "committed.ahead"};
constexpr std::array<std::string_view, 6> kVerdicts = {
    "inconclusive", "diverged", "lost-acked", "unavailable", "lost-unacked-only", "kept"};
constexpr std::array<Word<Mode>, 4> kExpectModes = {{
    {"holds", Mode::holds},
    {"always", Mode::always},
    {"everySeed", Mode::every_seed},
    {"someSeed", Mode::some_seed},
}};
constexpr std::array<Word<ExpectSeverity>, 2> kSeverities = {{
    {"fail", ExpectSeverity::fail},
    {"warn", ExpectSeverity::warn},
}};

std::optional<Metric> read_metric(Build& build, const At& at) {
    const auto text = build.reading.text(at);
    if (!text) return std::nullopt;
    std::vector<std::string> candidates;
    for (int i = 0; i < kMetrics; ++i) {
        const auto metric = static_cast<Metric>(i);
        if (name(metric) == *text) return metric;
        candidates.emplace_back(name(metric));
    }
    if (std::find(kReaderMetrics.begin(), kReaderMetrics.end(), *text) != kReaderMetrics.end()) {
        build.reading.not_modelled(
            at, "AL513",
            core::concat("the metric \"", *text,
                         "\" is about consumers, which are not modelled yet"));
        return std::nullopt;
    }
    const std::string words = core::join(candidates, ", ");
    candidates.insert(candidates.end(), kReaderMetrics.begin(), kReaderMetrics.end());
    build.reading.error(at, "AL223", core::concat("unknown metric \"", shown(*text), "\""),
                        {words, build.reading.guess(*text, candidates)});
    return std::nullopt;
}

std::optional<MetricValue> read_range(Build& build, const At& at) {
    if (at.value->kind == Kind::null) return NoValue{};
    if (at.value->is_array() && at.value->items.size() == 2) {
        const auto first = build.reading.integer(at.element(0), 0, INT64_MAX);
        const auto last = build.reading.integer(at.element(1), 0, INT64_MAX);
        if (!first || !last) return std::nullopt;
        if (*first <= *last) return OffsetRange{*first, *last};
    }
    build.reading.error(at, "AL206", "a range is [first, last], both included, or null",
                        {"such as [100, 199]", {}});
    return std::nullopt;
}

std::optional<MetricValue> read_value(Build& build, const At& at, Metric metric) {
    Reading& reading = build.reading;
    switch (kind_of(metric)) {
        case MetricKind::count: {
            const auto number = reading.integer(at, 0, INT64_MAX);
            if (!number) return std::nullopt;
            return *number;
        }
        case MetricKind::time: {
            const auto time = reading.duration(at, 2 * kTimeMax);
            if (!time) return std::nullopt;
            return *time;
        }
        case MetricKind::range:
            return read_range(build, at);
        case MetricKind::verdict: {
            const auto word = reading.text(at);
            if (!word) return std::nullopt;
            if (std::find(kVerdicts.begin(), kVerdicts.end(), *word) != kVerdicts.end())
                return *word;
            const std::vector<std::string> words(kVerdicts.begin(), kVerdicts.end());
            reading.error(at, "AL224", core::concat("unknown verdict \"", shown(*word), "\""),
                          {core::join(words, ", "), reading.guess(*word, words)});
            return std::nullopt;
        }
    }
    return std::nullopt;
}

/// Which comparisons make sense of a kind of value.
bool comparable(MetricKind kind, Comparison op) {
    if (kind == MetricKind::range) return op == Comparison::eq;
    if (kind == MetricKind::verdict) return op == Comparison::eq || op == Comparison::ne;
    return true;
}

bool read_tests(Build& build, const Fields& fields, bool required, Expect& expect) {
    Reading& reading = build.reading;
    bool whole = true;
    for (Comparison op : {Comparison::eq, Comparison::ne, Comparison::lt, Comparison::le,
                          Comparison::gt, Comparison::ge}) {
        const auto at = fields.get(name(op));
        if (!at) continue;
        if (!comparable(kind_of(expect.metric), op)) {
            reading.error(fields.key_span(name(op)), at->path, "AL225",
                          core::concat("\"", name(op), "\" does not go with ", name(expect.metric)),
                          {kind_of(expect.metric) == MetricKind::range ? "eq" : "eq, ne", {}});
            whole = false;
            continue;
        }
        auto value = read_value(build, *at, expect.metric);
        whole = whole && value;
        if (value) expect.tests.push_back(Test{op, std::move(*value)});
    }
    if (required && fields.present({"eq", "ne", "lt", "le", "gt", "ge"}).empty()) {
        if (fields.misspelt({"eq", "ne", "lt", "le", "gt", "ge"})) return false;
        reading.error(fields.at(), "AL202", "an expectation compares its metric with something",
                      {"eq, ne, lt, le, gt or ge", {}});
        return false;
    }
    return whole;
}

/// Where the metric is taken: one partition, one producer.
bool read_filters(Build& build, const Fields& fields, Expect& expect) {
    Reading& reading = build.reading;
    bool whole = true;
    if (const auto at = fields.get("partition")) {
        expect.partition = read_partition_name(build, *at);
        whole = expect.partition.has_value();
    } else if (kind_of(expect.metric) == MetricKind::range) {
        if (build.scenario.partition_count() == 1) {
            expect.partition = core::PartitionId(0);
        } else {
            whole = false;
            if (build.topics_whole && !fields.misspelt({"partition"}))
                reading.error(fields.at(), "AL202",
                              core::concat(name(expect.metric), " needs a \"partition\""));
        }
    }
    if (const auto at = fields.get("producer")) {
        expect.producer = read_producer_id(build, *at);
        whole = whole && expect.producer;
    }
    if (const auto at = fields.get("group")) {
        reading.not_modelled(*at, "AL513", "groups are not modelled yet");
        whole = false;
    }
    return whole;
}

}  // namespace

std::optional<Expect> read_expect(Build& build, const At& at, bool answer) {
    Reading& reading = build.reading;
    const Fields fields(reading, at,
                        {"id", "metric", "partition", "group", "producer", "eq", "ne", "ge", "gt",
                         "le", "lt", "at", "mode", "severity", "why"},
                        "expectation");
    const auto metric_at = fields.need("metric");
    if (!metric_at) return std::nullopt;
    const auto metric = read_metric(build, *metric_at);
    if (!metric) return std::nullopt;
    Expect expect;
    expect.metric = *metric;
    if (const auto id = fields.get("id")) expect.id = reading.id(*id).value_or("");
    bool whole = read_filters(build, fields, expect);
    whole = read_tests(build, fields, !answer, expect) && whole;
    if (const auto when = fields.get("at")) {
        const auto text = reading.text(*when);
        if (text && build.checkpoints.count(*text) > 0)
            reading.not_modelled(*when, "AL515",
                                 "expectations at a checkpoint are not modelled yet",
                                 {"\"end\"", {}});
        else if (text && *text != "end")
            reading.error(*when, "AL230",
                          core::concat("there is no checkpoint \"", shown(*text), "\""),
                          {"\"end\", or the id of a checkpoint of the lesson", {}});
    }
    if (const auto mode = fields.get("mode"))
        expect.mode =
            reading.word<Mode>(*mode, kExpectModes, "AL224", "mode").value_or(Mode::holds);
    if (const auto severity = fields.get("severity"))
        expect.severity = reading.word<ExpectSeverity>(*severity, kSeverities, "AL224", "severity")
                              .value_or(ExpectSeverity::fail);
    if (const auto why = fields.get("why")) expect.why = reading.words(*why);
    if (!whole) return std::nullopt;
    return expect;
}

void read_expectations(Build& build) {
    if (build.root.value->find("expect") == nullptr) return;
    const At list = build.root.member("expect");
    if (!build.reading.is_list(list)) return;
    std::set<std::string> ids;
    for (std::size_t i = 0; i < list.value->items.size(); ++i) {
        auto expect = read_expect(build, list.element(i), false);
        if (!expect) continue;
        if (!expect->id.empty() && !ids.insert(expect->id).second)
            build.reading.error(
                list.element(i).member("id"), "AL207",
                core::concat("an expectation \"", expect->id, "\" stands here already"));
        build.scenario.expect.push_back(std::move(*expect));
    }
}

}  // namespace scenario
