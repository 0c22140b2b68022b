// Judging Kafka's keys (SCENARIO_FORMAT 1.7): unknown, of another version, refused, without effect.

#include <algorithm>

#include "scenarios/build.h"

namespace scenario {
namespace {

using core::ConfigKey;
using core::ConfigScope;

/// Settings in one `config` object; Kafka has fewer keys.
constexpr std::size_t kSettingsMax = 1'000;
/// With so many problems behind it, a key that Kafka lacks is a stranger, not a slip.
constexpr std::size_t kGuessesUntil = 2'000;

std::vector<std::string> key_names(ConfigScope scope) {
    std::vector<std::string> names;
    for (const ConfigKey& key : core::all_config_keys())
        if (key.scope == scope) names.emplace_back(key.name);
    return names;
}

/// Where a key belongs that Kafka knows, but not here; "" if it knows none.
std::string elsewhere(std::string_view key) {
    if (core::find_config_key(ConfigScope::producer, key) != nullptr)
        return "this is a producer key: write it under the producer's config";
    if (core::find_config_key(ConfigScope::topic, key) != nullptr)
        return "this is a topic key: write it under the topic's config";
    if (core::find_config_key(ConfigScope::broker, key) != nullptr)
        return "this is a broker key: write it under cluster.config";
    if (core::find_config_key(ConfigScope::consumer, key) != nullptr)
        return "this is a consumer key, and consumers are not modelled yet";
    return {};
}

/// Only letters and digits, small: "minInsyncReplicas" is min.insync.replicas.
std::string squeezed(std::string_view key) {
    std::string out;
    for (char c : key) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out.push_back(c);
    }
    return out;
}

/// A key that is spelt otherwise or cut short, and too far off to be a slip; "" if there is none or
/// too many could be meant.
std::string spelt_otherwise(std::string_view key, const std::vector<std::string>& names) {
    constexpr std::size_t kShortest = 4;
    constexpr std::size_t kMeantMax = 3;
    const std::string own = squeezed(key);
    std::vector<std::string> longer;
    for (const std::string& name : names) {
        if (squeezed(name) == own) return core::concat("did you mean \"", name, "\"?");
        if (key.size() >= kShortest && name.starts_with(key)) longer.push_back(name);
    }
    if (longer.empty() || longer.size() > kMeantMax) return {};
    return core::concat("did you mean \"", core::join(longer, "\" or \""), "\"?");
}

/// A key that Kafka does not know: topics refuse it, nodes and clients only log a line.
void report_unknown(Build& build, const Member& member, const std::string& path,
                    ConfigScope scope) {
    Reading& reading = build.reading;
    const std::string key = shown(member.key);
    const bool guessing =
        member.key.size() <= 200 && reading.errors() + reading.warnings() < kGuessesUntil;
    const auto hint = [&] {
        std::string found = guessing ? elsewhere(member.key) : std::string();
        return guessing && found.empty() ? spelt_otherwise(member.key, key_names(scope)) : found;
    };
    if (scope == ConfigScope::topic) {
        std::string suggestion = elsewhere(member.key);
        if (suggestion.empty()) suggestion = reading.guess(member.key, key_names(scope));
        if (suggestion.empty()) suggestion = hint();
        reading.error(member.key_span, path, "AL203", "unknown Kafka topic key",
                      {"a key of kafka-topics.sh --config", std::move(suggestion)});
        return;
    }
    const std::optional<std::string> near =
        guessing ? core::nearest(member.key, key_names(scope), 2) : std::nullopt;
    if (near) {
        reading.error(member.key_span, path, "AL204",
                      core::concat("unknown Kafka ", core::name(scope), " key \"", key, "\""),
                      {{}, core::concat("did you mean \"", *near, "\"?")});
        return;
    }
    reading.warning(member.key_span, path, "AL302",
                    core::concat("Kafka has no ", core::name(scope), " key \"", key,
                                 "\" and ignores it; so does this run"),
                    {{}, hint()});
}

/// Why a key that is not modelled could change a fate with this value; "" if it cannot.
std::string fateful(const Build& build, ConfigScope scope, std::string_view key,
                    std::string_view value) {
    const auto number = core::parse_int(value);
    const auto shorter_than_run = [&](std::int64_t unit_ms) {
        const core::Duration run = build.scenario.run.end + build.scenario.run.settle;
        return number && *number >= 0 && *number < core::to_ms(run) / unit_ms + 1;
    };
    if (scope == ConfigScope::producer) {
        if (key == "transactional.id") return "transactions";
        if (key == "interceptor.classes") return "interceptors";
        if (key == "partitioner.class") return "custom partitioners";
        return {};
    }
    if (key == "cleanup.policy" || key == "log.cleanup.policy")
        return value.find("compact") != std::string_view::npos ? "log compaction" : "";
    if (key == "retention.bytes" || key == "log.retention.bytes")
        return number && *number >= 0 ? "retention by size" : "";
    if (key == "retention.ms" || key == "log.retention.ms")
        return shorter_than_run(1) ? "retention within the time of the run" : "";
    if (key == "log.retention.minutes")
        return shorter_than_run(60'000) ? "retention within the time of the run" : "";
    if (key == "log.retention.hours")
        return shorter_than_run(3'600'000) ? "retention within the time of the run" : "";
    if (key == "log.dirs")
        return value.find(',') != std::string_view::npos ? "several log directories" : "";
    if (key == "remote.storage.enable" || key == "remote.log.storage.system.enable")
        return value == "true" ? "tiered storage" : "";
    if (key == "eligible.leader.replicas.enable")
        return value == "true" ? "eligible leader replicas (KIP-966)" : "";
    return {};
}

/// One key: adds it to `config` if it counts.
void judge(Build& build, const At& at, const Member& member, ConfigScope scope,
           core::ConfigMap& config) {
    Reading& reading = build.reading;
    const At value = at.member(member);
    const Kind kind = member.value.kind;
    if (kind != Kind::string && kind != Kind::number && kind != Kind::boolean) {
        reading.error(
            value, "AL205",
            core::concat("a setting is a text, a number, true or false, not ", with_article(kind)));
        return;
    }
    const ConfigKey* key = core::find_config_key(scope, member.key);
    if (key == nullptr) return report_unknown(build, member, value.path, scope);
    const std::string& text = member.value.text;
    if (!core::config_key_exists(*key, build.profile())) {
        reading.warning(
            member.key_span, value.path, "AL303",
            core::concat("Kafka ", build.profile().version, " in ",
                         build.profile().mode == core::ClusterMode::kraft ? "KRaft" : "ZooKeeper",
                         " mode has no ", core::name(scope), " key \"", key->name,
                         "\"; it has no effect"));
        return;
    }
    if (const auto problem = core::config_value_problem(*key, build.profile(), text)) {
        const std::string_view values = core::config_values(*key, build.profile());
        reading.error(
            value, "AL301",
            core::concat("Kafka refuses ", key->name, "=", shown(text), " (", *problem, ")"),
            {values.empty() ? core::concat("a value of type ", key->type)
                            : std::string(values.substr(0, 200)),
             {}});
        return;
    }
    if (!key->modelled) {
        const std::string what = fateful(build, scope, key->name, text);
        if (!what.empty())
            reading.not_modelled(value, "AL520",
                                 core::concat(key->name, "=", shown(text), ": ", what,
                                              " could change what survives and is not modelled"));
        else
            build.scenario.not_modelled.push_back(NotModelled{value.path, member.key});
        return;
    }
    core::set_config(config, key->name, text);
}

}  // namespace

void check_config_key(Build& build, const At& at, std::string_view path) {
    const std::vector<std::string_view> segments = core::split(path, '/');
    if (segments.size() < 4 || segments[segments.size() - 2] != "config") return;
    const ConfigScope scope = segments[1] == "producers" ? ConfigScope::producer
                              : segments[1] == "topics"  ? ConfigScope::topic
                                                         : ConfigScope::broker;
    const std::string key(segments.back());
    if (key == "*" || core::find_config_key(scope, key) != nullptr) return;
    report_unknown(build, Member{key, at.value->span, {}}, at.path, scope);
}

core::ConfigMap read_config(Build& build, const At& at, ConfigScope scope) {
    core::ConfigMap config;
    if (!build.reading.is_object(at)) return config;
    if (at.value->members.size() > kSettingsMax) {
        build.reading.error(at, "AL240", core::concat("more than ", kSettingsMax, " settings"));
        return config;
    }
    for (const Member& member : at.value->members)
        if (member.key != "$comment") judge(build, at, member, scope, config);
    return config;
}

void report_conflicts(Build& build, const At& at, std::string_view who,
                      const std::vector<core::ConfigProblem>& problems) {
    for (const core::ConfigProblem& problem : problems) {
        const Member* member = at.value->find_member(problem.key);
        const Span span = member == nullptr ? at.value->span : member->key_span;
        const std::string path =
            member == nullptr ? at.path : core::concat(at.path, "/", problem.key);
        const std::string_view code = problem.key == "delivery.timeout.ms"       ? "AL312"
                                      : problem.message.find("idempotence") == 0 ? "AL311"
                                                                                 : "AL301";
        build.reading.error(span, path, code,
                            core::concat("Kafka refuses this ", who, " (ConfigException)"),
                            {{}, problem.message});
    }
}

}  // namespace scenario
