#include <algorithm>

#include "core/base/text.h"
#include "reports/json.h"
#include "reports/text.h"
#include "tools/commands.h"
#include "tools/files.h"
#include "tools/lab/run.h"
#include "tools/lab/what_if.h"
#include "tools/session.h"

namespace tool {
namespace {

using core::concat;
using report::ExitStatus;

struct RecordId {
    std::uint32_t client;
    core::RecordNumber number;
};

RecordId named_record(const std::string& text, const scenario::Scenario& scenario,
                      const trace::Ledger& ledger) {
    const std::size_t hash = text.rfind('#');
    const auto number = hash == std::string::npos
                            ? std::nullopt
                            : core::parse_int(std::string_view(text).substr(hash + 1));
    if (!number)
        throw UsageError(
            concat("--record takes PRODUCER#NUMBER, such as p1#12, not \"", text, "\""));
    const std::string producer = text.substr(0, hash);
    std::vector<std::string> ids;
    for (std::uint32_t p = 0; p < scenario.producers.size(); ++p) {
        ids.push_back(scenario.producers[p].id);
        if (ids.back() != producer) continue;
        const auto sent = static_cast<std::int64_t>(ledger.records(p).size());
        if (*number < 0 || *number >= sent)
            throw UsageError(concat("--record ", text, ": ", producer, " sent ", sent,
                                    sent == 0 ? " records" : " records, numbered from 0"));
        return RecordId{p, core::RecordNumber(*number)};
    }
    throw UsageError(concat("--record ", text, ": there is no producer ", producer,
                            did_you_mean(producer, ids)));
}

/// What is to be explained, and what else was acknowledged at the same offset.
struct Choice {
    RecordId record;
    std::vector<RecordId> others = {};
};

/// The records acknowledged at an offset: of them a lost one before any other, else the latest.
Choice record_at(const std::string& text, const lab::RunResult& result) {
    const scenario::Scenario& scenario = result.history().scenario;
    const std::size_t slash = text.rfind('/');
    const auto offset = slash == std::string::npos
                            ? std::nullopt
                            : core::parse_int(std::string_view(text).substr(slash + 1));
    if (!offset || *offset < 0)
        throw UsageError(
            concat("--offset takes PARTITION/OFFSET, such as orders-0/1048, not \"", text, "\""));
    const auto partition = scenario.find_partition(text.substr(0, slash));
    if (!partition)
        throw UsageError(
            concat("--offset ", text, ": there is no partition ", text.substr(0, slash)));
    std::vector<RecordId> found;
    for (const trace::BatchEntry& entry : result.history().ledger.batches()) {
        if (entry.partition != *partition || !entry.answered_offset()) continue;
        if (entry.outcome != trace::ClientOutcome::acked) continue;
        const std::int64_t index = *offset - entry.answered_offset()->value();
        if (index < 0 || index >= static_cast<std::int64_t>(entry.record_count)) continue;
        const auto client =
            static_cast<std::uint32_t>(entry.tag.client.value() - core::kFirstClientId);
        found.push_back(RecordId{client, entry.number(static_cast<std::uint32_t>(index))});
    }
    if (found.empty())
        throw UsageError(concat("--offset ", text, ": no record was acknowledged there"));
    auto chosen = std::find_if(found.begin(), found.end(), [&](const RecordId& one) {
        return report::find_loss(result.judgement(), one.client, one.number) != nullptr;
    });
    if (chosen == found.end()) --chosen;
    Choice choice{*chosen, {}};
    found.erase(chosen);
    choice.others = std::move(found);
    return choice;
}

std::optional<Choice> chosen_record(const Invocation& invocation, const lab::RunResult& result) {
    if (const auto record = invocation.one("record"))
        return Choice{named_record(*record, result.history().scenario, result.history().ledger)};
    if (const auto offset = invocation.one("offset")) return record_at(*offset, result);
    const auto& losses = result.judgement().losses;
    if (losses.empty()) return std::nullopt;
    return Choice{RecordId{losses.front().client, losses.front().number}};
}

/// How to see what else was acknowledged at the offset.
std::string others_text(const Invocation& invocation, const report::History& history,
                        const std::vector<RecordId>& others, const report::TextStyle& style) {
    std::string out;
    for (const RecordId& other : others)
        out += report::say(
                   "\nacknowledged at that offset, too: {0}\n", "\n在该 offset 也应答过：{0}\n",
                   concat("acklab explain ", arguments_of(invocation), " --record ",
                          report::record_name(history.scenario, other.client, other.number)))
                   .in(style.lang);
    return out;
}

std::string make_report(const Invocation& invocation, const lab::RunResult& result,
                        const std::optional<Choice>& choice, const report::WhatIfs& what_ifs,
                        Format format, const report::TextStyle& style) {
    const report::History& history = result.history();
    const RecordId* record = choice ? &choice->record : nullptr;
    if (format == Format::json)
        return record != nullptr
                   ? report::explain_json(history, result.judgement(), result.histories(),
                                          record->client, record->number, what_ifs)
                   : report::explain_nothing_json(history, result.judgement());
    if (record != nullptr)
        return report::explain_text(history, result.judgement(), result.histories(), record->client,
                                    record->number, what_ifs,
                                    report::TextInput{style, arguments_of(invocation)}) +
               others_text(invocation, history, choice->others, style);
    const report::Text nothing = report::say("no acknowledged record is lost (verdict {0})",
                                             "没有丢失任何已应答的消息（判定：{0}）",
                                             report::words(result.judgement().verdict));
    std::string text = nothing.in(style.lang) + "\n";
    for (std::uint32_t p = 0; p < history.scenario.producers.size(); ++p) {
        if (history.ledger.records(p).empty()) continue;
        const report::Text other =
            report::say("{0} explains one record", "{0} 可解释某一条消息",
                        concat("acklab explain ", arguments_of(invocation), " --record ",
                               report::record_name(history.scenario, p, core::RecordNumber(0))));
        return text + other.in(style.lang) + "\n";
    }
    return text;
}

}  // namespace

ExitStatus explain_command(const Invocation& invocation) {
    const Format format = format_of(invocation);
    const report::TextStyle style = style_of(invocation);
    if (invocation.has("record") + invocation.has("offset") + invocation.has("first-lost") > 1)
        throw UsageError("--record, --offset and --first-lost exclude each other");
    const std::vector<Output> outputs = outputs_of(invocation);
    const auto loaded = load_document(invocation, "explain");
    if (!loaded) return ExitStatus::invalid;
    const scenario::Scenario& scenario = *loaded->result.scenario;
    lab::RunOptions options;
    options.seed = scenario.run.seed;
    const auto result = lab::run_once(scenario, options);
    if (const auto failure = result->failure()) {
        warn(concat("acklab: bug: ", *failure));
        return ExitStatus::bug;
    }
    const auto choice = chosen_record(invocation, *result);
    report::WhatIfs what_ifs;
    if (choice && report::find_loss(result->judgement(), choice->record.client,
                                    choice->record.number) != nullptr)
        what_ifs =
            lab::what_if(lab::Original{loaded->source.name, loaded->source.bytes, loaded->options},
                         *result, choice->record.client, choice->record.number);
    print(make_report(invocation, *result, choice, what_ifs, format, style));
    for (const Output& output : outputs)
        write_file(output.path, make_report(invocation, *result, choice, what_ifs, output.format,
                                            file_style_of(invocation)));
    return ExitStatus::held;
}

}  // namespace tool
