#include "scenarios/reading.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "scenarios/units.h"

namespace scenario {
namespace {

/// Problems kept; beyond them only the counts go on.
constexpr std::size_t kKeptMax = 2'000;
/// Guesses cost a walk over all candidates; a file this broken needs no more of them.
constexpr std::size_t kGuessesUntil = 100;
/// Each is a table of 8 kB.
constexpr std::size_t kDistributionsMax = 10'000;

enum class DistributionKind : std::uint8_t { uniform, lognormal, exponential, choice };
constexpr std::array<Word<DistributionKind>, 4> kDistributions = {{
    {"uniform", DistributionKind::uniform},
    {"lognormal", DistributionKind::lognormal},
    {"exponential", DistributionKind::exponential},
    {"choice", DistributionKind::choice},
}};

std::string did_you_mean(std::string_view word) {
    return core::concat("did you mean \"", shown(word), "\"?");
}

}  // namespace

At At::member(std::string_view key) const {
    return {value->find(key), core::concat(path, "/", shown(key))};
}

At At::member(const Member& own) const {
    return {&own.value, core::concat(path, "/", shown(own.key))};
}

At At::element(std::size_t index) const {
    const Value& item = value->items[index];
    for (std::string_view key : {"id", "name"}) {
        const Value* named = item.is_object() ? item.find(key) : nullptr;
        if (named != nullptr && (named->is_string() || named->is_number()))
            return {&item, core::concat(path, "/", shown(named->text))};
    }
    return {&item, core::concat(path, "/", index)};
}

void Reading::add(Severity severity, Span span, std::string path, std::string_view code,
                  std::string message, Hint hint) {
    std::size_t& count = severity == Severity::error ? errors_ : warnings_;
    if (++count > kKeptMax) return;
    Problem problem;
    problem.path = std::move(path);
    problem.code = std::string(code);
    problem.severity = severity;
    problem.message = std::move(message);
    problem.expected = std::move(hint.expected);
    problem.suggestion = std::move(hint.suggestion);
    problems_.push_back(FoundProblem{std::move(problem), span});
}

std::vector<Problem> Reading::worst(std::size_t most) const {
    std::vector<const FoundProblem*> sorted;
    sorted.reserve(problems_.size());
    for (const FoundProblem& found : problems_) sorted.push_back(&found);
    const auto rank = [](const FoundProblem& found) {
        const std::string& code = found.problem.code;
        return std::tuple(found.problem.severity, code.size() > 2 ? code[2] : '9',
                          found.span.source == 0, found.span.source, found.span.begin);
    };
    std::stable_sort(
        sorted.begin(), sorted.end(),
        [&](const FoundProblem* a, const FoundProblem* b) { return rank(*a) < rank(*b); });
    if (sorted.size() > most) sorted.resize(most);
    std::vector<Problem> listed;
    for (const FoundProblem* found : sorted) {
        listed.push_back(found->problem);
        sources_[found->span.source].locate(found->span, listed.back());
    }
    return listed;
}

void Reading::error(Span span, std::string path, std::string_view code, std::string message,
                    Hint hint) {
    add(Severity::error, span, std::move(path), code, std::move(message), std::move(hint));
}
void Reading::error(const At& at, std::string_view code, std::string message, Hint hint) {
    add(Severity::error, at.value->span, at.path, code, std::move(message), std::move(hint));
}
void Reading::warning(Span span, std::string path, std::string_view code, std::string message,
                      Hint hint) {
    add(Severity::warning, span, std::move(path), code, std::move(message), std::move(hint));
}
void Reading::not_modelled(const At& at, std::string_view code, std::string message, Hint hint) {
    add(lenient_ ? Severity::warning : Severity::error, at.value->span, at.path, code,
        std::move(message), std::move(hint));
}

std::string Reading::guess(std::string_view word,
                           const std::vector<std::string>& candidates) const {
    if (errors_ > kGuessesUntil || word.size() > 200) return {};
    const int limit = word.size() <= 3 ? 1 : word.size() <= 8 ? 2 : 3;
    const std::optional<std::string> near = core::nearest(word, candidates, limit);
    return near ? did_you_mean(*near) : std::string();
}

std::optional<std::string> Reading::text(const At& at) {
    if (at.value->is_string()) return at.value->text;
    Hint hint;
    if (at.value->is_number() || at.value->kind == Kind::boolean)
        hint.expected = core::concat("\"", shown(at.value->text), "\" in quotes");
    error(at, "AL205", core::concat("a text is expected here, not ", with_article(at.value->kind)),
          std::move(hint));
    return std::nullopt;
}

std::optional<std::string> Reading::id(const At& at) {
    std::optional<std::string> found = text(at);
    if (!found) return std::nullopt;
    const bool plain = std::all_of(found->begin(), found->end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != '/' && c != 0x7f;
    });
    if (!found->empty() && found->size() <= 100 && plain && *found != "*") return found;
    error(at, "AL207", core::concat("\"", shown(*found), "\" cannot be a name"),
          {"1 to 100 bytes without \"/\" and control characters, not \"*\"", {}});
    return std::nullopt;
}

std::optional<bool> Reading::boolean(const At& at) {
    if (at.value->kind == Kind::boolean) return at.value->text == "true";
    error(at, "AL205",
          core::concat("true or false is expected here, not ", with_article(at.value->kind)));
    return std::nullopt;
}

std::optional<std::int64_t> Reading::integer(const At& at, std::int64_t least, std::int64_t most) {
    if (!at.value->is_number()) {
        error(at, "AL205",
              core::concat("a whole number is expected here, not ", with_article(at.value->kind)));
        return std::nullopt;
    }
    const std::optional<std::int64_t> number = core::parse_int(at.value->text);
    if (number && *number >= least && *number <= most) return number;
    error(at, "AL206", core::concat("the number ", shown(at.value->text), " does not fit here"),
          {most == INT64_MAX ? core::concat("a whole number of ", least, " or more")
                             : core::concat("a whole number from ", least, " to ", most),
           {}});
    return std::nullopt;
}

std::optional<std::uint64_t> Reading::unsigned_integer(const At& at) {
    std::uint64_t number = 0;
    bool fits = at.value->is_number() && at.value->text.size() <= 20;
    for (char c : at.value->text) {
        if (!fits) break;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        fits = c >= '0' && c <= '9' && number <= (UINT64_MAX - digit) / 10;
        number = number * 10 + digit;
    }
    if (fits) return number;
    error(at, "AL206", "a whole number from 0 to 18446744073709551615 is expected here");
    return std::nullopt;
}

std::optional<core::Duration> Reading::duration(const At& at, core::Duration most) {
    if (at.value->is_number()) {
        const std::string number = shown(at.value->text);
        error(at, "AL211", "a duration needs a unit",
              {"a text such as \"250ms\" or \"1m30s\"",
               core::concat("write \"", number, "s\" or \"", number, "ms\"")});
        return std::nullopt;
    }
    const std::optional<std::string> found = text(at);
    if (!found) return std::nullopt;
    const ParsedDuration parsed = parse_duration(*found);
    if (parsed.error == DurationError::none && parsed.value <= most) return parsed.value;
    if (parsed.error == DurationError::no_unit)
        error(at, "AL211", "a duration needs a unit",
              {"a text such as \"250ms\" or \"1m30s\"",
               core::concat("write \"", shown(*found), "s\" or \"", shown(*found), "ms\"")});
    else if (parsed.error == DurationError::bad)
        error(at, "AL212", core::concat("\"", shown(*found), "\" is not a duration"),
              {"NUMBER and unit (ns, us, ms, s, m, h, d), one or more: \"250ms\", \"1m30s\"", {}});
    else
        error(at, "AL206", core::concat("\"", shown(*found), "\" is too long"),
              {core::concat("at most ", duration_text(most)), {}});
    return std::nullopt;
}

std::optional<core::Duration> Reading::duration_member(const At& at, std::string_view key,
                                                       core::Duration most) {
    if (at.value->find(key) != nullptr) return duration(at.member(key), most);
    error(at, "AL202", core::concat("\"", key, "\" is missing in this distribution"));
    return std::nullopt;
}

std::optional<Distribution> Reading::distribution(const At& at, core::Duration most) {
    if (!at.value->is_object()) {
        const std::optional<core::Duration> fixed = duration(at, most);
        if (!fixed) return std::nullopt;
        return Distribution(*fixed);
    }
    if (++distributions_ > kDistributionsMax) {
        error(at, "AL240", core::concat("more than ", kDistributionsMax, " distributions"));
        return std::nullopt;
    }
    const Fields fields(*this, at, {"dist", "min", "max", "median", "p99", "mean", "values"},
                        "distribution");
    const std::optional<At> dist = fields.need("dist");
    if (!dist) return std::nullopt;
    const auto kind = word<DistributionKind>(*dist, kDistributions, "AL213", "distribution");
    if (!kind) return std::nullopt;
    const auto allow = [&](std::initializer_list<std::string_view> used) {
        for (std::string_view key : {"min", "max", "median", "p99", "mean", "values"})
            if (fields.has(key) && std::find(used.begin(), used.end(), key) == used.end())
                error(fields.key_span(key), at.path, "AL213",
                      core::concat("a ", dist->value->text, " distribution has no \"", key, "\""),
                      {core::join({used.begin(), used.end()}, ", "), {}});
    };
    switch (*kind) {
        case DistributionKind::uniform: {
            allow({"min", "max"});
            const auto min = duration_member(at, "min", most);
            const auto max = duration_member(at, "max", most);
            if (!min || !max) return std::nullopt;
            if (*min <= *max) return Distribution::uniform(*min, *max);
            error(at.member("min"), "AL213", "\"min\" is above \"max\"");
            return std::nullopt;
        }
        case DistributionKind::lognormal: {
            allow({"median", "p99"});
            const auto median = duration_member(at, "median", most);
            const auto p99 = duration_member(at, "p99", most);
            if (!median || !p99) return std::nullopt;
            if (median->count() > 0 && *median <= *p99)
                return Distribution::lognormal(*median, *p99);
            error(at.member("median"), "AL213", "\"median\" must be above 0 and at most \"p99\"");
            return std::nullopt;
        }
        case DistributionKind::exponential: {
            allow({"mean"});
            const auto mean = duration_member(at, "mean", most);
            if (!mean) return std::nullopt;
            return Distribution::exponential(*mean);
        }
        case DistributionKind::choice: {
            allow({"values"});
            const std::optional<At> list = fields.need("values");
            if (!list || !is_list(*list)) return std::nullopt;
            std::vector<core::Duration> values;
            for (std::size_t i = 0; i < list->value->items.size(); ++i)
                if (const auto one = duration(list->element(i), most)) values.push_back(*one);
            if (list->value->items.empty()) error(*list, "AL213", "a choice of nothing");
            if (values.empty() || values.size() != list->value->items.size()) return std::nullopt;
            return Distribution::choice(std::move(values));
        }
    }
    return std::nullopt;
}

std::optional<core::Ratio> Reading::share(const At& at) {
    if (at.value->is_number())
        if (const auto ratio = parse_share(at.value->text)) return ratio;
    error(at, "AL206", "a share is a number from 0 to 1",
          {"a number such as 0.01, with at most 15 decimals", {}});
    return std::nullopt;
}

std::optional<std::int64_t> Reading::bandwidth(const At& at) {
    const std::optional<std::string> found = text(at);
    if (!found) return std::nullopt;
    if (const auto bytes = parse_bandwidth(*found)) return bytes;
    error(at, "AL214", core::concat("\"", shown(*found), "\" is not a bandwidth"),
          {"NUMBER(B|KB|MB|GB)/s, such as \"100MB/s\"", {}});
    return std::nullopt;
}

Text Reading::words(const At& at) {
    if (at.value->is_string()) return Text{at.value->text, {}};
    if (!at.value->is_object() || at.value->members.empty()) {
        error(at, "AL205", "a text, or one text per language, is expected here",
              {"\"...\" or { \"en\": \"...\", \"zh\": \"...\" }", {}});
        return {};
    }
    Text out;
    for (const Member& member : at.value->members) {
        if (member.key == "$comment") continue;
        const std::optional<std::string> found = text(at.member(member));
        if (!found) continue;
        if (member.key == "zh") out.zh = *found;
        if (member.key == "en" || (out.en.empty() && member.key != "zh")) out.en = *found;
    }
    return out;
}

namespace {

/// What to write where an object is asked for, for those that are most often something else.
std::string example_of(std::string_view path) {
    const auto under = [&](std::string_view key) {
        const std::size_t last = path.rfind('/');
        if (last == std::string_view::npos) return false;
        if (path.substr(last + 1) == key) return true;
        // An element of a list that has no id of its own goes by its number.
        const std::string_view number = path.substr(last + 1);
        const bool element =
            !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
        return element && path.substr(0, last).ends_with(core::concat("/", key));
    };
    if (under("target") || under("from") || under("to"))
        return R"({"broker": 1} or {"leaderOf": "orders-0"})";
    if (under("brokers")) return R"({"id": 1})";
    if (under("crash")) return R"({"kind": "host"})";
    const std::size_t groups = path.rfind("/groups/");
    if (groups != std::string_view::npos)
        return R"(lists of targets, [[{"broker": 1}], [{"broker": 2}, {"broker": 3}]])";
    return {};
}

std::string example_of_list(std::string_view path) {
    if (path.ends_with("/groups") || path.rfind("/groups/") != std::string_view::npos)
        return R"(lists of targets, [[{"broker": 1}], [{"broker": 2}, {"broker": 3}]])";
    if (path == "/cluster/brokers") return R"([{"id": 1}, {"id": 2}])";
    return {};
}

}  // namespace

bool Reading::is_list(const At& at) {
    if (at.value->is_array()) return true;
    error(at, "AL205", core::concat("a list is expected here, not ", with_article(at.value->kind)),
          {example_of_list(at.path), {}});
    return false;
}

bool Reading::is_object(const At& at) {
    if (at.value->is_object()) return true;
    error(at, "AL205",
          core::concat("an object is expected here, not ", with_article(at.value->kind)),
          {example_of(at.path), {}});
    return false;
}

Fields::Fields(Reading& reading, At at, std::initializer_list<std::string_view> keys,
               std::string_view what)
    : reading_(reading), at_(std::move(at)), what_(what), ok_(reading.is_object(at_)) {
    if (!ok_) return;
    const std::vector<std::string> candidates(keys.begin(), keys.end());
    for (const Member& member : at_.value->members) {
        if (member.key == "$comment") continue;
        if (std::find(candidates.begin(), candidates.end(), member.key) != candidates.end())
            continue;
        suggestions_.push_back(reading_.guess(member.key, candidates));
        reading_.error(member.key_span, core::concat(at_.path, "/", shown(member.key)), "AL201",
                       core::concat("unknown key \"", shown(member.key), "\" in ", what),
                       {core::join(candidates, ", "), suggestions_.back()});
    }
}

bool Fields::misspelt(std::initializer_list<std::string_view> keys) const {
    return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
        return std::find(suggestions_.begin(), suggestions_.end(), did_you_mean(key)) !=
               suggestions_.end();
    });
}

bool Fields::has(std::string_view key) const {
    return ok_ && at_.value->find(key) != nullptr;
}

std::optional<At> Fields::get(std::string_view key) const {
    if (!has(key)) return std::nullopt;
    return at_.member(key);
}

std::optional<At> Fields::need(std::string_view key) const {
    if (!ok_) return std::nullopt;
    if (has(key)) return at_.member(key);
    if (misspelt({key})) return std::nullopt;
    Span start = at_.value->span;
    if (start.end > start.begin + 1) start.end = start.begin + 1;
    reading_.error(start, at_.path, "AL202", core::concat(what_, " lacks \"", key, "\""));
    return std::nullopt;
}

std::vector<std::string_view> Fields::present(std::initializer_list<std::string_view> keys) const {
    std::vector<std::string_view> found;
    for (std::string_view key : keys)
        if (has(key)) found.push_back(key);
    return found;
}

Span Fields::key_span(std::string_view key) const {
    const Member* member = at_.value->find_member(key);
    return member == nullptr ? at_.value->span : member->key_span;
}

}  // namespace scenario
