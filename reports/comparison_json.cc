// A comparison for programs: the document of REPORT_FORMAT 2, and tidy CSV (UX F5).
#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "reports/comparison.h"
#include "reports/comparison_table.h"
#include "reports/json.h"

namespace report {
namespace {

using core::concat;
/// Keeps the order in which keys are set.
using Json = nlohmann::ordered_json;

constexpr int kShareDecimals = 4;
constexpr int kMeanDecimals = 3;
constexpr int kDigitsOfP = 3;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kNsPerUs = 1'000;

std::string hex16(std::uint64_t value) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out(16, '0');
    for (std::size_t i = 16; i-- > 0; value >>= 4) out[i] = kDigits[value & 0xf];
    return out;
}

/// Shares and means; whole ones without a fraction.
Json number_json(double value, int decimals) {
    const double out = rounded(value, decimals);
    const auto whole = static_cast<std::int64_t>(out);
    if (static_cast<double>(whole) == out) return whole;
    return out;
}

Json settings_json(const ComparedCell& cell, bool only_chosen = false) {
    Json out = Json::object();
    for (const ComparedSetting& setting : cell.settings)
        if (setting.chosen || !only_chosen) out[setting.label] = Json::parse(setting.json);
    return out;
}

void add_interval(Json& out, const Interval& interval, std::string_view method) {
    out["estimate"] = number_json(interval.estimate, kShareDecimals);
    out["lo"] = number_json(interval.lo, kShareDecimals);
    out["hi"] = number_json(interval.hi, kShareDecimals);
    out["method"] = method;
}

Json spread_json(const Spread& spread) {
    Json out = Json::object();
    out["mean"] = number_json(spread.mean, kMeanDecimals);
    out["median"] = spread.median;
    out["max"] = spread.most;
    return out;
}

Json text_json(const Text& text) {
    if (text.empty()) return nullptr;
    return Json::object({{"en", text.en}, {"zh", text.zh}});
}

Json seed_json(const std::optional<std::uint64_t>& seed) {
    return seed ? Json(*seed) : Json(nullptr);
}

void add_figures(Json& out, const ComparedCell& cell, const CellFigures& figures) {
    out["ackedLossRuns"] = nullptr;
    if (figures.share) {
        Json share = Json::object({{"k", figures.lossy}, {"n", figures.fired}});
        add_interval(share, *figures.share, "wilson95");
        out["ackedLossRuns"] = std::move(share);
    }
    out["ackedLostPerRun"] = cell.promises ? spread_json(figures.lost) : Json(nullptr);
    out["unavailableWriteMs"] = Json::object({{"median", figures.unavailable_ns.median / kNsPerMs},
                                              {"lo", figures.unavailable_ns.least / kNsPerMs},
                                              {"hi", figures.unavailable_ns.most / kNsPerMs}});
    out["ackLatencyUs"] = nullptr;
    if (cell.promises && figures.latency_p50_ns)
        out["ackLatencyUs"] = Json::object({{"p50", figures.latency_p50_ns->median / kNsPerUs},
                                            {"p99", figures.latency_p99_ns->median / kNsPerUs}});
    out["worstSeed"] = seed_json(figures.worst_seed);
    out["typicalSeed"] = seed_json(figures.typical_seed);
    out["traceDigest"] = hex16(figures.digest);
    out["acks0LostPerRun"] = cell.has_acks0 ? spread_json(figures.acks0_lost) : Json(nullptr);
    out["refusedPerRun"] = spread_json(figures.refused);
    out["duplicatesPerRun"] = spread_json(figures.duplicates);
    out["strandedPerRun"] = spread_json(figures.stranded);
    out["failedPerRun"] = cell.promises ? spread_json(figures.failed) : Json(nullptr);
    out["sent"] = figures.sent;
    out["sentSinceFault"] = figures.sent_since_fault;
    out["sameInAll"] = figures.same_in_all;
    out["ranked"] = figures.ranked;
}

Json cell_json(const Comparison& comparison, std::size_t index, const ComparisonFigures& figures) {
    const ComparedCell& cell = comparison.cells[index];
    Json out = Json::object();
    out["variant"] = settings_json(cell);
    out["fault"] = fault_words(comparison).en;
    if (!cell.applies()) {
        out["refusedByKafka"] = cell.refused.empty() ? Json(nullptr) : Json(cell.refused);
        if (!cell.not_modelled.empty()) out["notModelled"] = cell.not_modelled;
        return out;
    }
    out["planned"] = comparison.seeds;
    out["fired"] = figures.cells[index].fired;
    out["refusedByKafka"] = nullptr;
    if (figures.cells[index].fired > 0) {
        add_figures(out, cell, figures.cells[index]);
    } else if (figures.cells[index].done > 0) {
        out["why"] = why_no_figures(figures.cells[index]).en;
    }
    out["done"] = figures.cells[index].done;
    if (figures.cells[index].capped > 0) out["stoppedAtMaxEvents"] = figures.cells[index].capped;
    out["kafka"] = cell.kafka;
    return out;
}

Json pairs_json(const Comparison& comparison, const ComparisonFigures& figures) {
    Json out = Json::array();
    for (const ComparedPair& pair : figures.pairs) {
        Json one = Json::object();
        one["a"] = settings_json(comparison.cells[pair.a]);
        one["b"] = settings_json(comparison.cells[pair.b]);
        one["onlyA"] = pair.seeds.only_a;
        one["onlyB"] = pair.seeds.only_b;
        one["mcnemarP"] = rounded_significant(pair.p, kDigitsOfP);
        one["difference"] = Json::object();
        add_interval(one["difference"], pair.difference, "newcombe-paired");
        one["n"] = pair.seeds.n();
        one["holmP"] = rounded_significant(pair.holm_p, kDigitsOfP);
        out.push_back(std::move(one));
    }
    return out;
}

/// A field of CSV, quoted where it has to be. [RFC 4180]
std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

std::string csv_row(const std::vector<std::string>& fields) {
    std::vector<std::string> quoted;
    quoted.reserve(fields.size());
    for (const std::string& field : fields) quoted.push_back(csv_field(field));
    return core::join(quoted, ",") + "\n";
}

std::string csv_number(double value, int decimals) {
    return number_json(value, decimals).dump();
}

/// What stands behind `n_fired` in a row of CSV, up to the method.
struct CsvMetric {
    std::string name;
    std::string k;
    std::string value;
    std::string lo;
    std::string hi;
    std::string unit;
    std::string method;
};

CsvMetric csv_spread(std::string name, const Spread& spread) {
    return CsvMetric{std::move(name),
                     "",
                     csv_number(spread.mean, kMeanDecimals),
                     core::to_text(spread.least),
                     core::to_text(spread.most),
                     "records",
                     "mean-min-max"};
}

CsvMetric csv_time(std::string name, const Spread& spread, std::int64_t unit, std::string word) {
    return CsvMetric{std::move(name),
                     "",
                     core::to_text(spread.median / unit),
                     core::to_text(spread.least / unit),
                     core::to_text(spread.most / unit),
                     std::move(word),
                     "median-min-max"};
}

std::vector<CsvMetric> csv_metrics(const ComparedCell& cell, const CellFigures& figures) {
    std::vector<CsvMetric> out;
    if (!cell.applies())
        return {{cell.refused.empty() ? "not_modelled" : "refused_by_kafka", "",
                 cell.refused.empty() ? cell.not_modelled : cell.refused, "", "", "", ""}};
    if (figures.fired == 0)
        return {{figures.done == 0    ? "not_run"
                 : figures.capped > 0 ? "stopped_at_max_events"
                                      : "fault_never_came_about",
                 "", "", "", "", "", ""}};
    if (figures.share) {
        const Interval& share = *figures.share;
        out.push_back({"acked_loss_runs", core::to_text(figures.lossy),
                       csv_number(share.estimate, kShareDecimals),
                       csv_number(share.lo, kShareDecimals), csv_number(share.hi, kShareDecimals),
                       "share", "wilson95"});
    }
    if (cell.promises) out.push_back(csv_spread("acked_lost", figures.lost));
    if (cell.has_acks0) out.push_back(csv_spread("acks0_lost", figures.acks0_lost));
    out.push_back(csv_time("unavailable_write", figures.unavailable_ns, kNsPerMs, "ms"));
    if (cell.promises && figures.latency_p50_ns) {
        out.push_back(csv_time("ack_latency_p50", *figures.latency_p50_ns, kNsPerUs, "us"));
        out.push_back(csv_time("ack_latency_p99", *figures.latency_p99_ns, kNsPerUs, "us"));
    }
    out.push_back(csv_spread("refused", figures.refused));
    if (cell.promises) out.push_back(csv_spread("failed", figures.failed));
    out.push_back(csv_spread("duplicates", figures.duplicates));
    out.push_back(csv_spread("stranded", figures.stranded));
    return out;
}

}  // namespace

std::string comparison_json(const Comparison& comparison, const ComparisonFigures& figures,
                            std::string_view command) {
    const scenario::Scenario& s = comparison.scenario;
    Json out = Json::object();
    out["report"] = 1;
    out["command"] = command;
    out["scenario"] = Json::object({{"id", s.id}, {"sha256", s.sha256}});
    out["kafka"] = Json::object(
        {{"version", s.kafka.profile->version},
         {"mode", s.kafka.profile->mode == core::ClusterMode::kraft ? "kraft" : "zookeeper"},
         {"versions", versions_of(comparison)}});
    out["axes"] = Json::array();
    for (const ComparedAxis& axis : comparison.axes) {
        Json one = Json::object();
        one["label"] = axis.label;
        one["path"] = axis.path.empty() ? Json(nullptr) : Json(axis.path);
        one["values"] = Json::array();
        for (const std::string& value : axis.values) one["values"].push_back(Json::parse(value));
        one["chosen"] = axis.chosen;
        out["axes"].push_back(std::move(one));
    }
    out["cells"] = Json::array();
    for (std::size_t i = 0; i < comparison.cells.size(); ++i)
        out["cells"].push_back(cell_json(comparison, i, figures));
    out["pairs"] = pairs_json(comparison, figures);
    out["totals"] = Json::object({{"runs", figures.runs},
                                  {"lost", figures.lossy},
                                  {"inconclusive", figures.inconclusive},
                                  {"partial", comparison.partial}});
    out["cheapest"] = nullptr;
    out["cheapestAlike"] = Json::array();
    const auto choice = [&](const Candidate& one) {
        return settings_json(comparison.cells[one.cells.front()], true);
    };
    for (const std::size_t index : figures.cheapest) {
        if (out["cheapest"].is_null())
            out["cheapest"] = choice(figures.candidates[index]);
        else
            out["cheapestAlike"].push_back(choice(figures.candidates[index]));
    }
    out["caution"] = text_json(caution_sentence(comparison, figures));
    out["fewSends"] = text_json(few_sends_sentence(figures));
    out["remedy"] = text_json(comparison.remedy);
    out["notJudged"] = Json::array();
    for (const Candidate& one : figures.candidates) {
        const Text why = standing_words(one.standing);
        if (!why.empty())
            out["notJudged"].push_back({{"variant", choice(one)}, {"why", text_json(why)}});
    }
    out["aimed"] = comparison.aimed;
    out["notes"] = comparison.notes;
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string comparison_csv(const Comparison& comparison, const ComparisonFigures& figures) {
    std::vector<std::string> labels = table_of(comparison, figures).labels;
    std::vector<std::string> heads = {"scenario", "kafka", "variant"};
    for (const std::string& label : labels) heads.push_back(concat("axis.", label));
    for (const char* head :
         {"fault", "n_planned", "n_fired", "metric", "k", "value", "lo", "hi", "unit", "method",
          "worst_seed", "trace_hash", "n_done", "same_in_all", "partial"})
        heads.emplace_back(head);
    std::string out = csv_row(heads);
    for (std::size_t i = 0; i < comparison.cells.size(); ++i) {
        const ComparedCell& cell = comparison.cells[i];
        const CellFigures& own = figures.cells[i];
        for (const CsvMetric& metric : csv_metrics(cell, own)) {
            std::vector<std::string> fields = {comparison.scenario.id, cell.kafka,
                                               settings_text(cell)};
            for (const std::string& label : labels) {
                std::string value;
                for (const ComparedSetting& setting : cell.settings)
                    if (setting.label == label) value = setting.text;
                fields.push_back(value);
            }
            fields.insert(
                fields.end(),
                {fault_words(comparison).en,
                 core::to_text(cell.applies() ? comparison.seeds : std::int64_t{0}),
                 core::to_text(own.fired), metric.name, metric.k, metric.value, metric.lo,
                 metric.hi, metric.unit, metric.method,
                 own.worst_seed ? core::to_text(*own.worst_seed) : std::string(),
                 own.done > 0 ? hex16(own.digest) : std::string(), core::to_text(own.done),
                 own.same_in_all ? "true" : "false", comparison.partial ? "true" : "false"});
            out += csv_row(fields);
        }
    }
    return out;
}

}  // namespace report
