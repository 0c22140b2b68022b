#include "reports/json.h"

#include <nlohmann/json.hpp>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/base/variant.h"
#include "scenarios/settings.h"

namespace report {
namespace {

/// Keeps the order in which keys are set.
using Json = nlohmann::ordered_json;

/// { "en": ..., "zh": ... }.
Json text_json(const Text& text) {
    return Json::object({{"en", text.en}, {"zh", text.zh}});
}

/// Milliseconds since the start of the run, to the microsecond; null for "never".
Json ms_json(core::TimePoint at) {
    if (at == core::TimePoint::max()) return nullptr;
    const std::int64_t us = at.time_since_epoch().count() / 1'000;
    if (us % 1'000 == 0) return us / 1'000;
    return static_cast<double>(us) / 1'000.0;
}

/// Sixteen lower-case hexadecimal digits.
std::string hex16(std::uint64_t value) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out(16, '0');
    for (std::size_t i = 16; i-- > 0; value >>= 4) out[i] = kDigits[value & 0xf];
    return out;
}

std::string dump(const Json& document) {
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// Times in ms, latencies in us, ranges as [first, last].
Json metric_json(scenario::Metric metric, const scenario::MetricValue& value) {
    const bool latency =
        metric == scenario::Metric::latency_ack_p50 || metric == scenario::Metric::latency_ack_p99;
    return core::match(
        value, [](const scenario::NoValue&) { return Json(nullptr); },
        [](const std::int64_t& count) { return Json(count); },
        [&](const core::Duration& d) { return Json(latency ? d.count() / 1'000 : core::to_ms(d)); },
        [](const scenario::OffsetRange& range) {
            return Json::array({range.first, range.last});
        },
        [](const std::string& word) { return Json(word); });
}

/// The keys that every document about a run begins with, up to `settings`.
Json head_json(const History& history, std::string_view command) {
    const scenario::Scenario& s = history.scenario;
    Json out = Json::object();
    out["report"] = 1;
    out["command"] = command;
    out["acklab"] = kVersion;
    out["scenario"] = Json::object({{"id", s.id}, {"sha256", s.sha256}});
    out["kafka"] = Json::object(
        {{"version", s.kafka.profile->version},
         {"mode", s.kafka.profile->mode == core::ClusterMode::kraft ? "kraft" : "zookeeper"}});
    out["seed"] = history.seed;
    out["trace"] = Json::object({{"digest", hex16(history.outcome.digest)},
                                 {"events", history.outcome.events},
                                 {"simulatedMs", ms_json(history.outcome.audited_at)}});
    Json settings = Json::array();
    for (const scenario::Setting& setting : scenario::settings(s)) {
        Json one = Json::object({{"path", setting.path}, {"value", setting.value}});
        const std::string& standard = setting.default_value;
        one["default"] = standard.empty() ? Json(nullptr) : Json(standard);
        settings.push_back(std::move(one));
    }
    out["settings"] = std::move(settings);
    return out;
}

Json chain_json(const std::vector<ChainLink>& chain) {
    Json out = Json::array();
    for (const ChainLink& link : chain) {
        Json one = Json::object();
        one["atMs"] = ms_json(link.at);
        one["event"] = link.name;
        one["broker"] = link.node ? Json(link.node->value()) : Json(nullptr);
        one["text"] = text_json(link.text);
        if (link.promise) one["promise"] = true;
        if (link.no_way_back) one["noWayBack"] = true;
        if (link.last_copy) one["lastCopy"] = true;
        out.push_back(std::move(one));
    }
    return out;
}

Json loss_json(const History& history, const Histories& histories, const Loss& loss) {
    Json out = Json::object();
    out["record"] = record_name(history.scenario, loss.client, loss.number);
    out["producer"] = history.scenario.producers[loss.client].id;
    out["sequence"] = loss.number.value();
    out["partition"] = history.scenario.partition_name(loss.partition);
    out["offset"] = loss.offset ? Json(loss.offset->value()) : Json(nullptr);
    out["leaderEpoch"] = loss.leader_epoch ? Json(loss.leader_epoch->value()) : Json(nullptr);
    out["ackedAtMs"] = ms_json(loss.acked_at);
    out["lostAtMs"] = ms_json(loss.how.lost_at);
    out["noWayBackAtMs"] = ms_json(loss.how.no_way_back_at);
    out["cause"] = name(loss.how.cause);
    out["chain"] = chain_json(chain_of(history, histories, loss.client, loss.number, loss.how));
    out["noWayBackBecause"] = text_json(why_no_way_back(
        history, histories, *history.ledger.batch_of(loss.client, loss.number), loss.how));
    return out;
}

Json what_ifs_json(const WhatIfs& what_ifs, Json& branches) {
    const auto verdict = [](const std::optional<Verdict>& one) {
        return one ? Json(name(*one)) : Json(nullptr);
    };
    Json out = Json::array();
    for (const Counterfactual& each : what_ifs.counterfactuals) {
        Json one = Json::object();
        one["change"] = each.change.empty() ? Json(nullptr) : Json(each.change);
        one["verdict"] = verdict(each.verdict);
        one["saved"] = each.answer == Answer::saved;
        one["because"] = text_json(each.because);
        one["label"] = text_json(each.label);
        one["answer"] = name(each.answer);
        one["costs"] = nullptr;
        if (each.cost)
            one["costs"] = Json::object({{"unavailable.write", core::to_ms(each.cost->unavailable)},
                                         {"refused", each.cost->refused},
                                         {"latency.ack.p50", each.cost->p50.count() / 1'000},
                                         {"latency.ack.p99", each.cost->p99.count() / 1'000},
                                         {"text", text_json(words(*each.cost))}});
        one["othersLost"] = each.verdict ? Json(each.others_lost) : Json(nullptr);
        one["pinned"] = each.pinned;
        one["moved"] = each.moved;
        out.push_back(std::move(one));
    }
    branches = Json::array();
    for (const Branch& each : what_ifs.branches) {
        Json one = Json::object();
        one["step"] = each.step;
        one["needed"] = each.needed();
        one["lost"] = each.answer == Answer::lost_again ? 1 : 0;
        one["runs"] = each.answer == Answer::no_claim ? 0 : 1;
        one["verdict"] = verdict(each.verdict);
        one["answer"] = name(each.answer);
        one["because"] = text_json(each.because);
        one["pinned"] = each.pinned;
        one["moved"] = each.moved;
        branches.push_back(std::move(one));
    }
    return out;
}

Json counts_json(const Measures& m) {
    Json out = Json::object();
    out["sent"] = m.sent;
    out["acked"] = m.acked;
    out["kept"] = m.count(Fate::kept);
    out["lost"] = m.count(Fate::lost);
    out["thin"] = m.thin;
    out["refused"] = m.count(Fate::refused);
    out["ghost"] = m.count(Fate::ghost);
    out["unknown"] = m.count(Fate::unknown);
    out["twice"] = m.twice;
    // Marks of readers: a run without consumers has none.
    out["phantom"] = 0;
    out["skipped"] = 0;
    out["stranded"] = m.count(Fate::stranded);
    return out;
}

std::string log_name(const History& history, const trace::LogRecord& record) {
    if (record.client >= history.scenario.producers.size()) return "";
    return record_name(history.scenario, record.client, record.number);
}

Json replica_json(const History& history, const trace::ReplicaOutcome& replica, bool records) {
    Json out = Json::object();
    out["broker"] = replica.broker.value();
    out["logEndOffset"] = replica.log_end.value();
    out["digest"] = hex16(replica.digest);
    if (!records) return out;
    Json log = Json::array();
    for (const trace::LogRecord& record : replica.log)
        log.push_back(Json::array(
            {record.offset.value(), record.leader_epoch.value(), log_name(history, record)}));
    out["log"] = std::move(log);
    Json epochs = Json::array();
    for (const core::OffsetAndEpoch& entry : replica.epochs)
        epochs.push_back(Json::array({entry.leader_epoch.value(), entry.offset.value()}));
    out["epochs"] = std::move(epochs);
    return out;
}

Json partitions_json(const History& history, const Judgement& judgement, bool records) {
    Json out = Json::array();
    for (const trace::PartitionOutcome& partition : history.outcome.partitions) {
        Json one = Json::object();
        one["partition"] = partition.name;
        one["leader"] = partition.leader ? partition.leader->value() : -1;
        one["leaderEpoch"] = partition.leader_epoch.value();
        Json isr = Json::array();
        for (const core::NodeId broker : partition.isr) isr.push_back(broker.value());
        one["isr"] = std::move(isr);
        if (history.scenario.kafka.elr_level > 0) {
            Json elr = Json::array();
            for (const core::NodeId broker : partition.elr) elr.push_back(broker.value());
            one["elr"] = std::move(elr);
        }
        one["highWatermark"] = partition.high_watermark.value();
        Json replicas = Json::array();
        for (const trace::ReplicaOutcome& replica : partition.replicas)
            replicas.push_back(replica_json(history, replica, records));
        one["replicas"] = std::move(replicas);
        Json lost = Json::array();
        std::optional<scenario::OffsetRange> open;
        // Ranges with different causes are one range here.
        for (const LossRange& range : judgement.loss_ranges) {
            if (range.partition != partition.partition) continue;
            if (open && range.offsets.first <= open->last + 1) {
                open->last = range.offsets.last;
                continue;
            }
            if (open) lost.push_back(Json::array({open->first, open->last}));
            open = range.offsets;
        }
        if (open) lost.push_back(Json::array({open->first, open->last}));
        one["ackedLost"] = std::move(lost);
        out.push_back(std::move(one));
    }
    return out;
}

Json steps_json(const History& history) {
    Json out = Json::array();
    for (const trace::StepOutcome& step : history.outcome.steps) {
        Json one = Json::object();
        one["id"] = step.id;
        one["fired"] = step.fired;
        one["atMs"] = step.fired ? ms_json(step.at) : Json(nullptr);
        Json brokers = Json::array();
        for (const core::NodeId broker : step.brokers) brokers.push_back(broker.value());
        Json clients = Json::array();
        for (const core::NodeId client : step.clients)
            clients.push_back(history.scenario.node_name(client));
        one["resolved"] = Json::object({{"brokers", brokers}, {"clients", clients}});
        out.push_back(std::move(one));
    }
    return out;
}

std::string_view outcome_word(trace::ClientOutcome outcome) {
    switch (outcome) {
        case trace::ClientOutcome::pending:
            return "pending";
        case trace::ClientOutcome::acked:
            return "acked";
        case trace::ClientOutcome::failed:
            return "failed";
        case trace::ClientOutcome::unanswered:
            return "unanswered";
    }
    UNREACHABLE();
}

Json record_json(const History& history, const Judgement& judgement, std::uint32_t client,
                 core::RecordNumber number) {
    const RecordOutcome outcome = outcome_of(history, client, number);
    const RecordFate& fate = judgement.fates[client][static_cast<std::size_t>(number.value())];
    Json out = Json::object();
    out["record"] = record_name(history.scenario, client, number);
    out["outcome"] = outcome_word(outcome.outcome);
    const bool failed = outcome.outcome == trace::ClientOutcome::failed;
    out["error"] = failed ? Json(core::name(outcome.error)) : Json(nullptr);
    out["offset"] = outcome.offset ? Json(outcome.offset->value()) : Json(nullptr);
    out["fate"] = name(fate.fate);
    return out;
}

/// Every produced record, in the order of producing.
Json records_json(const History& history, const Judgement& judgement) {
    struct Sent {
        core::TimePoint at;
        std::uint32_t client;
        std::int64_t number;
    };
    std::vector<Sent> order;
    for (std::uint32_t c = 0; c < history.ledger.client_count(); ++c) {
        const auto& records = history.ledger.records(c);
        for (std::size_t n = 0; n < records.size(); ++n)
            order.push_back(Sent{records[n].sent_at, c, static_cast<std::int64_t>(n)});
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const Sent& a, const Sent& b) { return a.at < b.at; });
    Json out = Json::array();
    for (const Sent& sent : order)
        out.push_back(
            record_json(history, judgement, sent.client, core::RecordNumber(sent.number)));
    return out;
}

}  // namespace

std::string run_json(const History& history, const Judgement& judgement, const Histories& histories,
                     const JsonOptions& options) {
    Json out = head_json(history, "run");
    out["verdict"] = name(judgement.verdict);
    out["counts"] = counts_json(judgement.measures);
    Json metrics = Json::object();
    for (const scenario::Metric metric : all_metrics())
        metrics[std::string(scenario::name(metric))] =
            metric_json(metric, value_of(judgement.measures, metric, name(judgement.verdict)));
    out["metrics"] = std::move(metrics);
    out["partitions"] = partitions_json(history, judgement, options.records);
    Json losses = Json::array();
    for (const Loss& loss : judgement.losses) {
        if (!options.all_losses && losses.size() == kMostLosses) break;
        losses.push_back(loss_json(history, histories, loss));
    }
    out["losses"] = std::move(losses);
    out["steps"] = steps_json(history);
    out["groups"] = Json::array();
    Json expect = Json::array();
    for (std::size_t i = 0; i < judgement.expect.size(); ++i) {
        const ExpectResult& result = judgement.expect[i];
        expect.push_back(Json::object(
            {{"id", result.id},
             {"ok", result.ok},
             {"observed", metric_json(history.scenario.expect[i].metric, result.observed)}}));
    }
    out["expect"] = std::move(expect);
    Json not_modelled = Json::array();
    for (const scenario::NotModelled& one : history.scenario.not_modelled)
        not_modelled.push_back(one.path);
    out["notModelled"] = std::move(not_modelled);
    if (options.records) out["records"] = records_json(history, judgement);
    return dump(out);
}

std::string explain_json(const History& history, const Judgement& judgement,
                         const Histories& histories, std::uint32_t client,
                         core::RecordNumber number, const WhatIfs& what_ifs) {
    Json out = head_json(history, "explain");
    out["verdict"] = name(judgement.verdict);
    out["record"] = record_json(history, judgement, client, number);
    const Loss* loss = find_loss(judgement, client, number);
    out["losses"] = Json::array();
    if (loss != nullptr) {
        out["losses"].push_back(loss_json(history, histories, *loss));
    } else {
        out["chain"] = chain_json(chain_of(history, histories, client, number, std::nullopt));
    }
    Json branches;
    out["counterfactuals"] = what_ifs_json(what_ifs, branches);
    out["branches"] = std::move(branches);
    return dump(out);
}

std::string explain_nothing_json(const History& history, const Judgement& judgement) {
    Json out = head_json(history, "explain");
    out["verdict"] = name(judgement.verdict);
    out["record"] = nullptr;
    out["losses"] = Json::array();
    return dump(out);
}

}  // namespace report
