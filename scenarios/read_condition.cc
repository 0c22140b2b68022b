// `when`: events, gauges, step edges, any, all, not and then.

#include <algorithm>
#include <array>

#include "scenarios/build.h"

namespace scenario {
namespace {

/// Which filters can ever match an event.
struct EventRow {
    Event event;
    bool broker, partition, producer, offset, isr_size, leader_epoch, clean, before;
};
constexpr std::array<EventRow, 21> kEvents = {{
    // event                   broker part. prod.  offset isr    epoch  clean  before
    {Event::produce_send, true, true, true, false, false, false, false, false},
    {Event::produce_receive, true, true, true, false, false, false, false, true},
    {Event::produce_ack, true, true, true, true, false, false, false, true},
    {Event::produce_error, true, true, true, false, false, false, false, true},
    {Event::produce_retry, true, true, true, false, false, false, false, false},
    {Event::log_append, true, true, false, true, false, true, false, false},
    {Event::log_flush, true, true, false, true, false, false, false, false},
    {Event::log_truncate, true, true, false, true, false, true, false, false},
    {Event::fetch_request, true, true, false, true, false, false, false, true},
    {Event::fetch_response, true, true, false, true, false, false, false, true},
    {Event::hw_advance, true, true, false, true, false, false, false, false},
    {Event::hw_checkpoint, true, false, false, false, false, false, false, false},
    {Event::isr_shrink, true, true, false, false, true, true, false, false},
    {Event::isr_expand, true, true, false, false, true, true, false, false},
    {Event::leader_elect, true, true, false, false, true, true, true, false},
    {Event::broker_fenced, true, false, false, false, false, false, false, false},
    {Event::broker_unfenced, true, false, false, false, false, false, false, false},
    {Event::broker_start, true, false, false, false, false, false, false, false},
    {Event::controller_elect, false, false, false, false, false, false, false, false},
    {Event::net_drop, true, false, true, false, false, false, false, false},
    {Event::disk_error, true, false, false, false, false, false, false, false},
}};

constexpr std::array<std::string_view, 7> kOtherEvents = {
    "group.join",       "group.rebalance", "offset.commit", "consumer.poll",
    "consumer.process", "consumer.reset",  "session.expire"};
constexpr std::array<Gauge, 3> kGauges = {Gauge::acked_only_on_leader, Gauge::isr_size,
                                          Gauge::replica_lag};
constexpr std::array<std::string_view, 4> kOtherGauges = {
    "committedButUnprocessed", "unflushedBytes", "inFlightRequests", "leaderlessTime"};

constexpr std::array<Word<Edge>, 3> kEdges = {{
    {"before", Edge::before},
    {"start", Edge::start},
    {"end", Edge::end},
}};
constexpr std::array<Word<Phase>, 2> kPhases = {{
    {"after", Phase::after},
    {"before", Phase::before},
}};
constexpr std::array<Word<OnTimeout>, 4> kOnTimeout = {{
    {"inconclusive", OnTimeout::inconclusive},
    {"fail", OnTimeout::fail},
    {"runAnyway", OnTimeout::run_anyway},
    {"skip", OnTimeout::skip},
}};

/// A word of a list, of which some are known and not modelled.
template <class T, class Known, class Other>
std::optional<T> read_word(Build& build, const At& at, const Known& known, const Other& other,
                           std::string_view unknown_code, std::string_view other_code,
                           std::string_view what) {
    const auto text = build.reading.text(at);
    if (!text) return std::nullopt;
    std::vector<std::string> candidates;
    for (const T& one : known) {
        if (name(one) == *text) return one;
        candidates.emplace_back(name(one));
    }
    if (std::find(other.begin(), other.end(), *text) != other.end()) {
        build.reading.not_modelled(
            at, other_code, core::concat("the ", what, " \"", *text, "\" is not modelled yet"),
            {core::join(candidates, ", "), {}});
        return std::nullopt;
    }
    const std::string words = core::join(candidates, ", ");
    candidates.insert(candidates.end(), other.begin(), other.end());
    build.reading.error(at, unknown_code, core::concat("unknown ", what, " \"", shown(*text), "\""),
                        {words, build.reading.guess(*text, candidates)});
    return std::nullopt;
}

void refuse_fields(Build& build, const Fields& fields, const std::vector<std::string_view>& keys,
                   std::string_view why) {
    for (std::string_view key : keys)
        build.reading.error(fields.key_span(key), core::concat(fields.at().path, "/", key), "AL225",
                            core::concat("\"", key, "\" ", why));
}

void read_phase(Build& build, const Fields& fields, bool allowed, Condition& condition) {
    const auto at = fields.get("phase");
    if (!at) return;
    const auto phase = build.reading.word<Phase>(*at, kPhases, "AL224", "phase");
    if (phase == Phase::before && !allowed)
        build.reading.not_modelled(*at, "AL510", "phase \"before\" is not modelled for this moment",
                                   {"produce.receive, produce.ack, produce.error, fetch.request, "
                                    "fetch.response, or the start of a step",
                                    {}});
    condition.phase = phase.value_or(Phase::after);
}

void read_event_filters(Build& build, const Fields& fields, Condition& condition) {
    Reading& reading = build.reading;
    constexpr std::int64_t kMost = INT64_MAX;
    if (const auto at = fields.get("broker")) condition.broker = read_broker_id(build, *at);
    if (const auto at = fields.get("partition"))
        condition.partition = read_partition_name(build, *at);
    if (const auto at = fields.get("producer"))
        if (const auto producer = read_producer_id(build, *at))
            condition.producer = build.scenario.producers[*producer].node;
    if (const auto at = fields.get("offset")) condition.offset = reading.integer(*at, 0, kMost);
    if (const auto at = fields.get("isrSize"))
        condition.isr_size = reading.integer(*at, 0, kNodesMax);
    if (const auto at = fields.get("leaderEpochGe"))
        condition.leader_epoch_ge = reading.integer(*at, 0, INT32_MAX);
    if (const auto at = fields.get("clean")) condition.clean = reading.boolean(*at);
    if (const auto at = fields.get("nth"))
        condition.nth = reading.integer(*at, 1, kMost).value_or(1);
}

std::optional<Condition> read_event(Build& build, const Fields& fields) {
    constexpr auto kAll = [] {
        std::array<Event, kEvents.size()> events{};
        for (std::size_t i = 0; i < kEvents.size(); ++i) events[i] = kEvents[i].event;
        return events;
    }();
    const auto event = read_word<Event>(build, *fields.get("event"), kAll, kOtherEvents, "AL221",
                                        "AL508", "event");
    if (!event) return std::nullopt;
    const EventRow& row = kEvents[static_cast<std::size_t>(*event)];
    Condition condition{ConditionKind::event};
    condition.event = *event;
    std::vector<std::string_view> useless;
    const auto check = [&](std::string_view key, bool allowed) {
        if (!allowed && fields.has(key)) useless.push_back(key);
    };
    check("broker", row.broker);
    check("partition", row.partition);
    check("producer", row.producer);
    check("offset", row.offset);
    check("isrSize", row.isr_size);
    check("leaderEpochGe", row.leader_epoch);
    check("clean", row.clean);
    for (std::string_view key :
         {"consumer", "group", "edge", "ge", "gt", "le", "lt", "eq", "delay"})
        check(key, false);
    refuse_fields(build, fields, useless, core::concat("never matches the event ", name(*event)));
    read_event_filters(build, fields, condition);
    read_phase(build, fields, row.before, condition);
    return condition;
}

std::optional<core::PartitionId> gauge_partition(Build& build, const Fields& fields) {
    if (const auto at = fields.get("partition")) return read_partition_name(build, *at);
    if (build.scenario.partition_count() == 1) return core::PartitionId(0);
    if (!build.topics_whole || fields.misspelt({"partition"})) return std::nullopt;
    build.reading.error(fields.at(), "AL202", "a gauge needs a \"partition\"");
    return std::nullopt;
}

std::optional<Condition> read_gauge(Build& build, const Fields& fields) {
    Reading& reading = build.reading;
    const auto gauge = read_word<Gauge>(build, *fields.get("gauge"), kGauges, kOtherGauges, "AL222",
                                        "AL509", "gauge");
    if (!gauge) return std::nullopt;
    Condition condition{ConditionKind::gauge};
    condition.gauge = *gauge;
    condition.partition = gauge_partition(build, fields);
    const bool lag = *gauge == Gauge::replica_lag;
    refuse_fields(build, fields,
                  fields.present({"producer", "consumer", "group", "offset", "isrSize",
                                  "leaderEpochGe", "clean", "nth", "edge", "phase"}),
                  "does not go with a gauge");
    if (!lag)
        refuse_fields(build, fields, fields.present({"broker"}),
                      "goes with the gauge replicaLag only");
    else if (const auto at = fields.get("broker"))
        condition.broker = read_broker_id(build, *at);
    for (Comparison op :
         {Comparison::ge, Comparison::gt, Comparison::le, Comparison::lt, Comparison::eq}) {
        const auto at = fields.get(name(op));
        if (!at) continue;
        if (const auto value = reading.integer(*at, 0, INT64_MAX))
            condition.bounds.push_back(Bound{op, *value});
    }
    if (fields.present({"ge", "gt", "le", "lt", "eq"}).empty() &&
        !fields.misspelt({"ge", "gt", "le", "lt", "eq"}))
        reading.error(fields.at(), "AL202", "a gauge needs a bound", {"ge, gt, le, lt or eq", {}});
    if (!condition.partition || condition.bounds.empty()) return std::nullopt;
    return condition;
}

std::optional<Condition> read_step_edge(Build& build, const Fields& fields) {
    Reading& reading = build.reading;
    Condition condition{ConditionKind::step};
    refuse_fields(
        build, fields,
        fields.present({"broker", "partition", "producer", "consumer", "group", "offset", "isrSize",
                        "leaderEpochGe", "clean", "nth", "ge", "gt", "le", "lt", "eq"}),
        "does not go with a step");
    if (const auto at = fields.get("edge"))
        condition.edge = reading.word<Edge>(*at, kEdges, "AL224", "edge").value_or(Edge::start);
    read_phase(build, fields, condition.edge != Edge::end, condition);
    const auto number = read_step_id(build, *fields.get("step"));
    if (!number) return std::nullopt;
    condition.step = *number;
    return condition;
}

std::size_t events_in(const Condition& condition) {
    if (condition.kind == ConditionKind::event || condition.kind == ConditionKind::step) return 1;
    std::size_t count = 0;
    if (condition.kind == ConditionKind::sequence) return events_in(condition.children.back());
    for (const Condition& child : condition.children) {
        const std::size_t inside = events_in(child);
        count = condition.kind == ConditionKind::any ? std::max(count, inside) : count + inside;
    }
    return count;
}

void refuse_filters(Build& build, const Fields& fields, std::string_view why) {
    refuse_fields(build, fields,
                  fields.present({"broker", "partition", "producer", "consumer", "group", "offset",
                                  "isrSize", "leaderEpochGe", "clean", "nth", "edge", "phase", "ge",
                                  "gt", "le", "lt", "eq"}),
                  why);
}

std::optional<Condition> read_combination(Build& build, const Fields& fields,
                                          std::string_view key) {
    Reading& reading = build.reading;
    Condition condition{key == "any" ? ConditionKind::any : ConditionKind::all};
    const At list = *fields.get(key);
    refuse_filters(build, fields, "belongs to a condition inside the list");
    if (!reading.is_list(list)) return std::nullopt;
    if (list.value->items.empty()) {
        reading.error(list, "AL206", "an empty list of conditions");
        return std::nullopt;
    }
    bool whole = true;
    for (std::size_t i = 0; i < list.value->items.size(); ++i) {
        std::optional<Condition> child = read_condition(build, list.element(i), false);
        whole = whole && child.has_value();
        if (child) condition.children.push_back(std::move(*child));
    }
    if (!whole) return std::nullopt;
    if (condition.kind == ConditionKind::all && events_in(condition) > 1) {
        reading.error(list, "AL233",
                      "\"all\" holds at most one event, at whose moment the rest hold");
        return std::nullopt;
    }
    return condition;
}

/// Whether gauges alone decide it, now.
bool is_level(const Condition& condition) {
    if (condition.kind == ConditionKind::sequence) return false;
    if (condition.kind == ConditionKind::event || condition.kind == ConditionKind::step)
        return false;
    return std::all_of(condition.children.begin(), condition.children.end(), is_level);
}

std::optional<Condition> read_negation(Build& build, const Fields& fields) {
    refuse_filters(build, fields, "belongs to the condition inside \"not\"");
    const At at = *fields.get("not");
    std::optional<Condition> denied = read_condition(build, at, false);
    if (!denied) return std::nullopt;
    if (!is_level(*denied)) {
        build.reading.error(at, "AL234", "\"not\" takes gauges only",
                            {"a gauge, or any, all and not of gauges", {}});
        return std::nullopt;
    }
    Condition condition{ConditionKind::negation};
    condition.children.push_back(std::move(*denied));
    return condition;
}

/// What stands beside `then`.
std::optional<Condition> read_first(Build& build, const Fields& fields) {
    const auto kinds = fields.present({"event", "gauge", "step", "any", "all", "not"});
    if (kinds.size() != 1) {
        if (fields.misspelt({"event", "gauge", "step", "any", "all", "not"})) return std::nullopt;
        build.reading.error(fields.at(), "AL208", "a condition is exactly one of these",
                            {"event, gauge, step, any, all, not", {}});
        return std::nullopt;
    }
    if (kinds.front() == "event") return read_event(build, fields);
    if (kinds.front() == "gauge") return read_gauge(build, fields);
    if (kinds.front() == "step") return read_step_edge(build, fields);
    if (kinds.front() == "not") return read_negation(build, fields);
    return read_combination(build, fields, kinds.front());
}

}  // namespace

std::optional<Condition> read_condition(Build& build, const At& at, bool top_level) {
    Reading& reading = build.reading;
    const Fields fields(
        reading, at,
        {"event",     "gauge",    "step",     "edge",  "phase",   "nth",      "broker",
         "partition", "producer", "consumer", "group", "offset",  "isrSize",  "leaderEpochGe",
         "clean",     "ge",       "gt",       "le",    "lt",      "eq",       "all",
         "any",       "not",      "then",     "armed", "timeout", "onTimeout"},
        "condition");
    if (!fields.ok()) return std::nullopt;
    if (!top_level)
        refuse_fields(build, fields, fields.present({"armed", "timeout", "onTimeout"}),
                      "belongs to the outermost condition");
    std::optional<Condition> first = read_first(build, fields);
    const auto then = fields.get("then");
    if (!then) return first;
    std::optional<Condition> second = read_condition(build, *then, false);
    if (!first || !second) return std::nullopt;
    Condition sequence{ConditionKind::sequence};
    sequence.children.push_back(std::move(*first));
    sequence.children.push_back(std::move(*second));
    return sequence;
}

std::optional<WhenTrigger> read_when(Build& build, const At& at) {
    Reading& reading = build.reading;
    std::optional<Condition> condition = read_condition(build, at, true);
    core::Duration armed{0};
    std::optional<core::Duration> timeout;
    OnTimeout on_timeout = OnTimeout::inconclusive;
    if (at.value->find("armed") != nullptr)
        armed = reading.duration(at.member("armed"), kTimeMax).value_or(armed);
    if (at.value->find("timeout") != nullptr)
        timeout = reading.duration(at.member("timeout"), kTimeMax);
    if (at.value->find("onTimeout") != nullptr)
        on_timeout =
            reading.word<OnTimeout>(at.member("onTimeout"), kOnTimeout, "AL224", "onTimeout")
                .value_or(on_timeout);
    if (!condition) return std::nullopt;
    return WhenTrigger{std::move(*condition), armed, timeout, on_timeout};
}

}  // namespace scenario
