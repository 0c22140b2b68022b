#include "reports/listing.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "reports/json.h"

namespace report {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& document) {
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
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
    if (rows.empty()) return "no scenario has these tags\n";
    std::size_t id_width = 0;
    for (const ListRow& row : rows) id_width = std::max(id_width, row.id.size());
    std::string out;
    for (const bool lessons : {true, false}) {
        bool first = true;
        for (const ListRow& row : rows) {
            if (row.level.empty() == lessons) continue;
            if (first) out += lessons ? "lessons\n" : (out.empty() ? "" : "\nother scenarios\n");
            first = false;
            std::string about = row.title.in(style.lang);
            if (lessons)
                about += core::concat("  (", row.level, ", ", row.minutes, " min, Kafka ",
                                      row.kafka, ")");
            out += hanging(core::concat("  ", padded_right(row.id, id_width), "  "), about, style);
        }
    }
    return out + "\nacklab run ID    acklab explain ID    acklab show ID\n";
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
