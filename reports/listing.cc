#include "reports/listing.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "reports/json.h"

namespace report {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& document) {
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// A group of the catalogue: its letter, and what it is about.
struct Group {
    std::string_view letter;
    std::string_view about;
};
constexpr std::array<Group, 11> kGroups = {{
    {"A", "producers: acks, timeouts, buffers"},
    {"B", "replication, ISR and high watermark"},
    {"C", "elections"},
    {"D", "truncation"},
    {"E", "disks and loss of power"},
    {"F", "pauses, zombies, the controller"},
    {"G", "network partitions"},
    {"I", "retries and idempotence"},
    {"J", "timeouts"},
    {"K", "operations"},
    {"S", "safe counterparts"},
}};

/// The scenario's tags of one kind: "cause:" of "cause:disk-wiped" gives "disk-wiped".
std::vector<std::string> tagged(const scenario::Scenario& scenario, std::string_view kind) {
    std::vector<std::string> out;
    for (const std::string& tag : scenario.tags)
        if (tag.compare(0, kind.size(), kind) == 0) out.push_back(tag.substr(kind.size()));
    return out;
}

/// What stands in brackets behind a title.
std::string aside(const ListRow& row) {
    const std::string kafka = core::concat("Kafka ", row.kafka, ")");
    if (!row.level.empty())
        return core::concat("  (", row.level, ", ", row.minutes, " min, ", kafka);
    if (row.group.empty()) return {};
    return core::concat("  (", row.causes.empty() ? "safe" : core::join(row.causes, ", "), ", ",
                        kafka);
}

/// The rows for which `belongs` holds, under a heading; nothing where there are none.
template <class Belongs>
std::string section(const std::vector<ListRow>& rows, std::string_view heading,
                    std::size_t id_width, const TextStyle& style, const Belongs& belongs) {
    std::string out;
    for (const ListRow& row : rows) {
        if (!belongs(row)) continue;
        if (out.empty()) out = core::concat(heading, "\n");
        out += hanging(core::concat("  ", padded_right(row.id, id_width), "  "),
                       row.title.in(style.lang) + aside(row), style);
    }
    return out.empty() ? out : out + "\n";
}

Json head(std::string_view command) {
    Json out = Json::object();
    out["report"] = 1;
    out["command"] = command;
    out["acklab"] = kVersion;
    return out;
}

}  // namespace

ListRow list_row(const scenario::Scenario& scenario) {
    ListRow row;
    row.id = scenario.id;
    row.title = scenario.title;
    row.tags = scenario.tags;
    row.kafka = scenario.kafka.profile->version;
    row.causes = tagged(scenario, "cause:");
    row.sources = tagged(scenario, "source:");
    const std::vector<std::string> groups = tagged(scenario, "group:");
    if (!groups.empty()) row.group = groups.front();
    const Json lesson = Json::parse(scenario.lesson_json, nullptr, false);
    if (lesson.is_object()) {
        if (const auto level = lesson.find("level"); level != lesson.end() && level->is_string())
            row.level = level->get<std::string>();
        if (const auto minutes = lesson.find("minutes");
            minutes != lesson.end() && minutes->is_number_integer())
            row.minutes = minutes->get<std::int64_t>();
    }
    return row;
}

std::string list_text(const std::vector<ListRow>& rows, const TextStyle& style) {
    if (rows.empty()) return "no scenario is like that\n";
    std::size_t id_width = 0;
    for (const ListRow& row : rows) id_width = std::max(id_width, row.id.size());
    std::string out = section(rows, "lessons", id_width, style,
                              [](const ListRow& row) { return !row.level.empty(); });
    for (const Group& group : kGroups)
        out += section(rows, core::concat("catalogue ", group.letter, ": ", group.about), id_width,
                       style, [&](const ListRow& row) { return row.group == group.letter; });
    out += section(rows, "held against real brokers", id_width, style,
                   [](const ListRow& row) { return row.level.empty() && row.group.empty(); });
    return out + "acklab run ID    acklab explain ID    acklab show ID\n";
}

std::string list_json(const std::vector<ListRow>& rows) {
    Json out = head("list");
    out["scenarios"] = Json::array();
    for (const ListRow& row : rows) {
        Json one = Json::object();
        one["id"] = row.id;
        one["title"] = Json::object({{"en", row.title.en}});
        if (!row.title.zh.empty()) one["title"]["zh"] = row.title.zh;
        one["tags"] = row.tags;
        one["kafka"] = row.kafka;
        one["group"] = row.group.empty() ? Json(nullptr) : Json(row.group);
        one["causes"] = row.causes;
        one["sources"] = row.sources;
        one["level"] = row.level.empty() ? Json(nullptr) : Json(row.level);
        one["minutes"] = row.level.empty() ? Json(nullptr) : Json(row.minutes);
        out["scenarios"].push_back(std::move(one));
    }
    return dump(out);
}

std::string version_json(const std::vector<std::string>& kafka_versions) {
    Json out = head("version");
    out["kafka"] = kafka_versions;
    return dump(out);
}

}  // namespace report
