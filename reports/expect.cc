#include "reports/expect.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/base/variant.h"
#include "reports/layout.h"
#include "scenarios/units.h"

namespace report {
namespace {

using scenario::Metric;
using scenario::MetricValue;

constexpr std::array<std::pair<std::string_view, scenario::Comparison>, 7> kSigns{{
    {">=", scenario::Comparison::ge},
    {"<=", scenario::Comparison::le},
    {"!=", scenario::Comparison::ne},
    {"==", scenario::Comparison::eq},
    {"=", scenario::Comparison::eq},
    {">", scenario::Comparison::gt},
    {"<", scenario::Comparison::lt},
}};

std::string one_decimal(std::int64_t value, std::int64_t unit) {
    const std::int64_t tenths = (value * 10 + unit / 2) / unit;
    return core::concat(tenths / 10, ".", tenths % 10);
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return std::string(text);
}

std::vector<std::string> metric_names() {
    std::vector<std::string> names;
    for (const Metric metric : all_metrics()) names.emplace_back(scenario::name(metric));
    return names;
}

}  // namespace

std::string words(core::Duration duration) {
    const std::int64_t ns = duration.count();
    if (ns < 0) return "-" + words(-duration);
    if (ns < 1'000) return core::concat(ns, "ns");
    if (ns < 999'500) return core::concat((ns + 500) / 1'000, "us");
    if (ns < 9'950'000) return one_decimal(ns, 1'000'000) + "ms";
    if (ns < 999'500'000) return core::concat((ns + 500'000) / 1'000'000, "ms");
    if (ns < 120'000'000'000) return one_decimal(ns, 1'000'000'000) + "s";
    const std::int64_t seconds = ns / 1'000'000'000;
    const std::string rest = seconds % 60 == 0 ? "" : core::concat(seconds % 60, "s");
    if (seconds < 7'200) return core::concat(seconds / 60, "m", rest);
    return core::concat(seconds / 3'600, "h", (seconds / 60) % 60, "m");
}

std::string clock_text(core::TimePoint at) {
    const std::int64_t ms = core::to_ms(at.time_since_epoch());
    return padded_left(core::concat(ms / 1'000, ".", core::padded(ms % 1'000, 3), "s"), 9);
}

std::string short_clock(core::TimePoint at) {
    std::string text = clock_text(at);
    return text.erase(0, text.find_first_not_of(' '));
}

std::string words(const MetricValue& value) {
    return core::match(
        value, [](const scenario::NoValue&) { return std::string("none"); },
        [](const std::int64_t& count) { return core::to_text(count); },
        [](const core::Duration& duration) { return words(duration); },
        [](const scenario::OffsetRange& range) {
            return range.first == range.last ? core::to_text(range.first)
                                             : core::concat(range.first, "-", range.last);
        },
        [](const std::string& word) { return word; });
}

bool passes(const MetricValue& observed, const scenario::Test& test) {
    if (observed.index() != test.value.index()) return test.op == scenario::Comparison::ne;
    return core::match(
        observed, [&](const scenario::NoValue&) { return test.op == scenario::Comparison::eq; },
        [&](const std::int64_t& count) {
            return scenario::holds(count, test.op, std::get<std::int64_t>(test.value));
        },
        [&](const core::Duration& duration) {
            return scenario::holds(duration.count(), test.op,
                                   std::get<core::Duration>(test.value).count());
        },
        [&](const scenario::OffsetRange& range) {
            const bool same = range == std::get<scenario::OffsetRange>(test.value);
            return test.op == scenario::Comparison::eq
                       ? same
                       : test.op == scenario::Comparison::ne && !same;
        },
        [&](const std::string& word) {
            const bool same = word == std::get<std::string>(test.value);
            return test.op == scenario::Comparison::eq
                       ? same
                       : test.op == scenario::Comparison::ne && !same;
        });
}

Text shown(const MetricValue& value) {
    if (std::holds_alternative<scenario::NoValue>(value)) return say("none", "无");
    return same(words(value));
}

Text claim_of(const scenario::Scenario& scenario, const scenario::Expect& expect) {
    std::vector<Text> parts;
    for (const scenario::Test& test : expect.tests)
        parts.push_back(say("{0} {1} {2}", "{0} {1} {2}", scenario::name(expect.metric),
                            scenario::sign(test.op), shown(test.value)));
    Text text = joined(parts, say(" and ", " 且 "));
    if (expect.partition)
        text += say(" in {0}", "（{0}）", scenario.partition_name(*expect.partition));
    if (expect.producer) text += say(" of {0}", "（{0}）", scenario.producers[*expect.producer].id);
    if (expect.mode == scenario::Mode::always) text += say(", always", "，全程成立");
    return text;
}

std::vector<ExpectResult> judge_expectations(const History& history, const Fates& fates,
                                             const MetricsFold& fold, const Measures& whole,
                                             Verdict verdict) {
    std::vector<ExpectResult> results;
    for (std::size_t i = 0; i < history.scenario.expect.size(); ++i) {
        const scenario::Expect& expect = history.scenario.expect[i];
        ExpectResult result;
        result.id = expect.id.empty() ? std::string(scenario::name(expect.metric)) : expect.id;
        result.warns_only = expect.severity == scenario::ExpectSeverity::warn;
        result.claim = claim_of(history.scenario, expect);
        const bool filtered = expect.partition || expect.producer;
        const Measures measures =
            filtered ? measure(history, fates, fold, Filter{expect.partition, expect.producer})
                     : whole;
        result.observed = value_of(measures, expect.metric, name(verdict));
        result.ok =
            std::all_of(expect.tests.begin(), expect.tests.end(),
                        [&](const scenario::Test& test) { return passes(result.observed, test); });
        for (const AlwaysBreach& breach : fold.breaches()) {
            if (breach.expect != i) continue;
            result.ok = false;
            result.observed = breach.observed;
            result.broken_at = breach.at;
        }
        results.push_back(std::move(result));
    }
    return results;
}

// ---- --fail-on ----------------------------------------------------------------------------------

namespace {

std::optional<MetricValue> parse_value(Metric metric, const std::string& text,
                                       std::string& problem) {
    switch (scenario::kind_of(metric)) {
        case scenario::MetricKind::count:
            if (const auto number = core::parse_int(text)) return MetricValue(*number);
            problem = core::concat(scenario::name(metric), " is a count: \"", text,
                                   "\" is no whole number");
            return std::nullopt;
        case scenario::MetricKind::time:
            if (const auto parsed = scenario::parse_duration(text);
                parsed.error == scenario::DurationError::none)
                return MetricValue(parsed.value);
            problem = core::concat(scenario::name(metric), " is a time: \"", text,
                                   "\" needs a number and a unit, such as 30s or 250ms");
            return std::nullopt;
        case scenario::MetricKind::verdict:
            if (find_verdict(text)) return MetricValue(text);
            problem = core::concat("\"", text, "\" is no verdict");
            return std::nullopt;
        case scenario::MetricKind::range:
            problem =
                core::concat(scenario::name(metric), " is a range and cannot be compared here");
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

std::optional<FailOn> parse_fail_on(std::string_view text, std::string& problem) {
    FailOn out;
    out.text = std::string(text);
    const std::size_t at = text.find_first_of("<>!=");
    if (at == std::string_view::npos) {
        out.verdict = find_verdict(trimmed(text));
        if (out.verdict) return out;
        std::vector<std::string> words;
        words.reserve(kVerdicts);
        for (int i = 0; i < kVerdicts; ++i) words.emplace_back(name(static_cast<Verdict>(i)));
        problem = core::concat("\"", text, "\" is neither a verdict (", core::join(words, ", "),
                               ") nor METRIC OP VALUE");
        // "lost" is meant as the worst verdict that begins so, not as "kept", which is as near.
        const std::string word = trimmed(text);
        const auto begins = std::find_if(words.begin(), words.end(), [&](const std::string& one) {
            return one.substr(0, word.size() + 1) == word + "-";
        });
        const auto near =
            begins != words.end() ? std::optional(*begins) : core::nearest(text, words, 3);
        if (near) problem += core::concat("; did you mean \"", *near, "\"?");
        return std::nullopt;
    }
    const std::string metric = trimmed(text.substr(0, at));
    out.metric = find_metric(metric);
    if (!out.metric) {
        problem = core::concat("unknown metric \"", metric, "\"");
        if (const auto near = core::nearest(metric, metric_names(), 3))
            problem += core::concat("; did you mean \"", *near, "\"?");
        return std::nullopt;
    }
    for (const auto& [sign, op] : kSigns) {
        if (text.substr(at, sign.size()) != sign) continue;
        const auto value =
            parse_value(*out.metric, trimmed(text.substr(at + sign.size())), problem);
        if (!value) return std::nullopt;
        if (out.metric == Metric::verdict && op != scenario::Comparison::eq &&
            op != scenario::Comparison::ne) {
            problem = "a verdict is compared with = or !=";
            return std::nullopt;
        }
        out.test = scenario::Test{op, *value};
        return out;
    }
    problem = "expected one of = != < <= > >= behind the metric";
    return std::nullopt;
}

bool fails(const FailOn& fail_on, const Measures& whole, Verdict verdict) {
    if (fail_on.verdict) return verdict <= *fail_on.verdict;
    return passes(value_of(whole, *fail_on.metric, name(verdict)), *fail_on.test);
}

}  // namespace report
