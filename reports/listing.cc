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
    std::string_view zh;
};
constexpr std::array<Group, 11> kGroups = {{
    {"A", "producers: acks, timeouts, buffers", "生产者：acks、超时、缓冲"},
    {"B", "replication, ISR and high watermark", "复制、ISR 和高水位"},
    {"C", "elections", "选举"},
    {"D", "truncation", "截断"},
    {"E", "disks and loss of power", "磁盘和断电"},
    {"F", "pauses, zombies, the controller", "暂停、僵尸、controller"},
    {"G", "network partitions", "断网"},
    {"I", "retries and idempotence", "重试和幂等"},
    {"J", "timeouts", "超时"},
    {"K", "operations", "运维"},
    {"S", "safe counterparts", "安全的对照"},
}};

/// The scenario's tags of one kind: "cause:" of "cause:disk-wiped" gives "disk-wiped".
std::vector<std::string> tagged(const scenario::Scenario& scenario, std::string_view kind) {
    std::vector<std::string> out;
    for (const std::string& tag : scenario.tags)
        if (tag.compare(0, kind.size(), kind) == 0) out.push_back(tag.substr(kind.size()));
    return out;
}

/// Words of tags. A level of the lessons that is not here stays as it is.
Text level_words(const std::string& level) {
    if (level == "intro") return say("intro", "入门");
    if (level == "core") return say("core", "核心");
    return same(level);
}

/// What stands in brackets behind a title.
Text aside(const ListRow& row) {
    if (!row.level.empty())
        return say("  ({0}, {1} min, Kafka {2})", "  （{0}，{1} 分钟，Kafka {2}）",
                   level_words(row.level), row.minutes, row.kafka);
    if (row.group.empty()) return {};
    std::vector<Text> causes;
    for (const std::string& cause : row.causes) causes.push_back(same(cause));
    if (causes.empty()) causes.push_back(say("safe", "安全"));
    return say("  ({0}, Kafka {1})", "  （{0}，Kafka {1}）", joined(causes, say(", ", "，")),
               row.kafka);
}

/// The rows for which `belongs` holds, under a heading; nothing where there are none.
template <class Belongs>
std::string section(const std::vector<ListRow>& rows, const Text& heading, std::size_t id_width,
                    const TextStyle& style, const Belongs& belongs) {
    std::string out;
    for (const ListRow& row : rows) {
        if (!belongs(row)) continue;
        if (out.empty()) out = heading.in(style.lang) + "\n";
        out += hanging(core::concat("  ", padded_right(row.id, id_width), "  "),
                       row.title.in(style.lang) + aside(row).in(style.lang), style);
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
    if (rows.empty())
        return say("no scenario is like that", "没有符合条件的场景").in(style.lang) + "\n";
    std::size_t id_width = 0;
    for (const ListRow& row : rows) id_width = std::max(id_width, row.id.size());
    std::string out = section(rows, say("lessons", "课程"), id_width, style,
                              [](const ListRow& row) { return !row.level.empty(); });
    for (const Group& group : kGroups)
        out +=
            section(rows,
                    say("catalogue {0}: {1}", "目录 {0}：{1}", group.letter,
                        Text{std::string(group.about), std::string(group.zh)}),
                    id_width, style, [&](const ListRow& row) { return row.group == group.letter; });
    out += section(rows, say("held against real brokers", "与真实 broker 对照过"), id_width, style,
                   [](const ListRow& row) { return row.level.empty() && row.group.empty(); });
    const bool any_safe = std::any_of(rows.begin(), rows.end(), [](const ListRow& row) {
        return row.level.empty() && !row.group.empty() && row.causes.empty();
    });
    if (any_safe)
        out += hanging("",
                       say("safe: no acknowledged record is lost; records that were never "
                           "acknowledged may be",
                           "安全：不丢已应答的消息；从未应答的消息可能会丢")
                           .in(style.lang),
                       style) +
               "\n";
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
