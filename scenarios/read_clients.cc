// producers, consumers.

#include <algorithm>
#include <array>

#include "scenarios/build.h"
#include "scenarios/units.h"

namespace scenario {
namespace {

constexpr std::array<Word<OnError>, 3> kOnError = {{
    {"countAsFailed", OnError::count_as_failed},
    {"ignore", OnError::ignore},
    {"resend", OnError::resend},
}};

void read_bursts(Build& build, const At& list, Workload& workload) {
    Reading& reading = build.reading;
    if (!reading.is_list(list)) return;
    std::int64_t total = 0;
    for (std::size_t i = 0; i < list.value->items.size(); ++i) {
        const Fields fields(reading, list.element(i), {"at", "records"}, "burst");
        const auto at = fields.need("at");
        const auto records = fields.need("records");
        if (!at || !records) continue;
        const auto time = reading.duration(*at, kTimeMax);
        const auto count = reading.integer(*records, 1, kRecordsMax);
        if (!time || !count) continue;
        total += *count;
        workload.bursts.push_back(Burst{*time, *count});
    }
    std::stable_sort(workload.bursts.begin(), workload.bursts.end(),
                     [](const Burst& a, const Burst& b) { return a.at < b.at; });
    if (workload.records != 0 && workload.records != total)
        reading.error(
            list, "AL208",
            core::concat("\"records\" says ", workload.records, ", the bursts hold ", total));
    workload.records = total;
}

/// How many records, and when.
void read_amount(Build& build, const Fields& fields, Workload& workload) {
    Reading& reading = build.reading;
    const auto records = fields.get("records");
    const auto rate = fields.get("rate");
    const auto bursts = fields.get("bursts");
    if (records) workload.records = reading.integer(*records, 0, kRecordsMax).value_or(0);
    if (rate && bursts) {
        reading.error(*bursts, "AL208", "a workload has a rate or bursts, not both");
        return;
    }
    if (rate) {
        const auto text = reading.text(*rate);
        const auto period = text ? parse_rate(*text) : std::nullopt;
        if (period) {
            workload.period_numerator = period->numerator;
            workload.period_denominator = period->denominator;
        } else if (text) {
            reading.error(*rate, "AL214", core::concat("\"", shown(*text), "\" is not a rate"),
                          {"N/s, N/m or N/h, such as \"500/s\"", {}});
        }
        if (!records)
            reading.warning(rate->value->span, rate->path, "AL421",
                            "no effect: without \"records\" this workload sends nothing");
    }
    if (bursts) read_bursts(build, *bursts, workload);
    if (records && !rate && !bursts && workload.records > 0)
        reading.error(*records, "AL208", "\"records\" needs a \"rate\" or \"bursts\"",
                      {{}, "add \"rate\": \"100/s\""});
}

void read_workload(Build& build, const At& at, Workload& workload) {
    Reading& reading = build.reading;
    const Fields fields(reading, at,
                        {"records", "rate", "bursts", "start", "key", "value", "size", "onError"},
                        "workload");
    read_amount(build, fields, workload);
    if (const auto start = fields.get("start"))
        workload.start = reading.duration(*start, kTimeMax).value_or(core::Duration(0));
    if (const auto key = fields.get("key"); key && key->value->kind != Kind::null) {
        workload.key = reading.text(*key).value_or("");
        workload.has_key = true;
    }
    if (const auto value = fields.get("value")) workload.value = reading.text(*value).value_or("");
    if (const auto size = fields.get("size"))
        workload.size =
            static_cast<std::int32_t>(reading.integer(*size, 1, 1'000'000'000).value_or(100));
    if (const auto word = fields.get("onError")) {
        const auto found = reading.word<OnError>(*word, kOnError, "AL224", "onError");
        workload.on_error = found.value_or(OnError::count_as_failed);
        if (found == OnError::resend)
            reading.not_modelled(*word, "AL507", "onError \"resend\" is not modelled yet",
                                 {"countAsFailed, ignore", {}});
    }
    build.records += workload.records;
    build.value_bytes += workload.records * workload.size;
    if (build.records > kRecordsMax)
        reading.error(at, "AL240", core::concat("more than ", kRecordsMax, " records in all"));
    else if (build.value_bytes > kValueBytesMax)
        reading.error(at, "AL240",
                      core::concat("more than ", kValueBytesMax, " bytes of records in all"));
}

void read_producer(Build& build, const At& at) {
    Reading& reading = build.reading;
    const Fields fields(reading, at, {"id", "topic", "config", "workload"}, "producer");
    const auto id_at = fields.need("id");
    const auto topic_at = fields.need("topic");
    const auto number = static_cast<ProducerNumber>(build.scenario.producers.size());
    Producer producer{
        {}, core::NodeId(core::kFirstClientId + static_cast<std::int32_t>(number)), 0, {}, {}};
    if (topic_at) producer.topic = read_topic_name(build, *topic_at).value_or(0);
    if (const auto config = fields.get("config")) {
        producer.config = read_config(build, *config, core::ConfigScope::producer);
        std::vector<core::ConfigProblem> problems;
        core::resolve_producer(build.profile(), producer.config, problems);
        report_conflicts(build, *config, "producer", problems);
    }
    if (const auto workload = fields.get("workload"))
        read_workload(build, *workload, producer.workload);
    if (!id_at) return;
    const auto id = reading.id(*id_at);
    if (!id) return;
    if (!build.producers.emplace(*id, number).second) {
        reading.error(*id_at, "AL207",
                      core::concat("a producer \"", *id, "\" stands here already"));
        return;
    }
    producer.id = *id;
    build.scenario.producers.push_back(std::move(producer));
}

}  // namespace

void read_producers(Build& build) {
    if (build.root.value->find("producers") == nullptr) return;
    const At list = build.root.member("producers");
    build.producers_whole = false;
    if (!build.reading.is_list(list)) return;
    const std::size_t nodes = list.value->items.size() + build.scenario.cluster.brokers.size() +
                              build.scenario.cluster.controllers.size();
    if (nodes > static_cast<std::size_t>(kNodesMax)) {
        build.reading.error(list, "AL240", core::concat("more than ", kNodesMax, " nodes"));
        return;
    }
    for (std::size_t i = 0; i < list.value->items.size(); ++i)
        read_producer(build, list.element(i));
    build.producers_whole = build.scenario.producers.size() == list.value->items.size();
}

void refuse_consumers(Build& build) {
    if (build.root.value->find("consumers") == nullptr) return;
    const At list = build.root.member("consumers");
    if (!build.reading.is_list(list) || list.value->items.empty()) return;
    build.reading.not_modelled(list, "AL506", "consumers are not modelled yet",
                               {{}, "take the block out"});
}

}  // namespace scenario
