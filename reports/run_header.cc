#include "reports/run_header.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "reports/history.h"
#include "scenarios/settings.h"

namespace report {
namespace {

using core::concat;

constexpr std::size_t kMostNames = 3;
constexpr std::size_t kMostSettingLines = 2;
constexpr std::string_view kAcks = "acks";
constexpr std::string_view kMinIsr = "min.insync.replicas";
constexpr std::string_view kUnclean = "unclean.leader.election.enable";

std::string listed(std::vector<std::string> names) {
    const bool more = names.size() > kMostNames;
    names.resize(std::min(names.size(), kMostNames));
    return concat(core::join(names, ", "), more ? ", ..." : "");
}

/// "acks=1"; where producers differ, of whom: "acks=1 (p1)", "acks=all (p2, p3)".
std::vector<Text> acks_words(const scenario::Scenario& scenario) {
    std::vector<std::string> words;
    std::vector<std::vector<std::string>> producers;
    for (std::uint32_t p = 0; p < scenario.producers.size(); ++p) {
        const int value = acks_of(scenario, p);
        const std::string word = value == -1 ? "acks=all" : concat("acks=", value);
        const auto at = std::find(words.begin(), words.end(), word);
        const auto index = static_cast<std::size_t>(at - words.begin());
        if (at == words.end()) {
            words.push_back(word);
            producers.emplace_back();
        }
        producers[index].push_back(scenario.producers[p].id);
    }
    std::vector<Text> out;
    for (std::size_t i = 0; i < words.size(); ++i)
        out.push_back(
            same(words.size() < 2 ? words[i] : concat(words[i], " (", listed(producers[i]), ")")));
    return out;
}

/// "min.insync.replicas=4 (counts as 3)".
Text min_isr_words(const scenario::Scenario& scenario, std::uint32_t topic) {
    const std::string written = topic_setting(scenario, topic, kMinIsr);
    const Text plain = same(concat(kMinIsr, "=", written));
    const std::size_t replicas = scenario.topics[topic].partitions.front().replicas.size();
    const std::int64_t number = core::parse_int(written).value_or(1);
    const std::int64_t counts = needed_in_sync(scenario, number, replicas);
    return counts == number ? plain : say("{0} (counts as {1})", "{0}（按 {1} 计）", plain, counts);
}

/// "unclean=true (3.6 ignores it)".
Text unclean_words(const scenario::Scenario& scenario, std::uint32_t topic) {
    const std::string written = topic_setting(scenario, topic, kUnclean);
    const Text plain = same(concat("unclean=", written));
    const core::Profile& profile = *scenario.kafka.profile;
    return written == "false" || profile.unclean_config_honoured
               ? plain
               : say("{0} ({1} ignores it)", "{0}（{1} 不理会）", plain, profile.version);
}

std::vector<Text> cluster_words(const scenario::Scenario& scenario) {
    const std::size_t brokers = scenario.cluster.brokers.size();
    std::vector<Text> parts = {brokers == 1 ? say("1 broker", "1 个 broker")
                                            : say("{0} brokers", "{0} 个 broker", brokers)};
    const std::size_t shown = std::min(scenario.topics.size(), kMostNames);
    for (std::size_t t = 0; t < shown; ++t) {
        const scenario::Topic& topic = scenario.topics[t];
        const std::size_t count = topic.partitions.size();
        const Text name = count == 1
                              ? same(topic.name + "-0")
                              : say("{0} {1} partitions", "{0} {1} 个分区", topic.name, count);
        parts.push_back(
            say("{0} RF {1}", "{0} RF {1}", name, topic.partitions.front().replicas.size()));
        const auto number = static_cast<std::uint32_t>(t);
        if (t == 0)
            for (Text& acks : acks_words(scenario)) parts.push_back(std::move(acks));
        parts.push_back(min_isr_words(scenario, number));
        parts.push_back(unclean_words(scenario, number));
    }
    if (scenario.topics.size() > shown)
        parts.push_back(
            say("{0} more topics", "另有 {0} 个 topic", scenario.topics.size() - shown));
    return parts;
}

/// One value of one key, and of whom it is.
struct SettingGroup {
    std::string block;  ///< "topics"
    std::string word;   ///< "flush.messages=1"
    std::vector<std::string> owners;
};

/// Of "/topics/orders/config/flush.messages": the block "topics" and its member "orders"; of
/// "/cluster/config/..." no member.
std::pair<std::string, std::string> owner_of(const scenario::Setting& setting) {
    const std::size_t tail = std::string_view("/config/").size() + setting.key.size();
    const std::string path = setting.path.substr(1, setting.path.size() - 1 - tail);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {path, ""};
    const std::string block = path.substr(0, slash);
    const std::string member = path.substr(slash + 1);
    return {block, block == "cluster/brokers" ? "b" + member : member};
}

/// What is not the default and is told nowhere else.
std::vector<Text> other_settings(const scenario::Scenario& scenario) {
    const auto told = [&](const std::string& key) {
        return key == kAcks || key == kMinIsr || key == kUnclean ||
               std::any_of(scenario.not_modelled.begin(), scenario.not_modelled.end(),
                           [&](const scenario::NotModelled& one) { return one.key == key; });
    };
    std::vector<SettingGroup> groups;
    for (const scenario::Setting& setting : scenario::settings(scenario)) {
        if (told(setting.key)) continue;
        const std::pair<std::string, std::string> owner = owner_of(setting);
        const std::string word = concat(setting.key, "=", setting.value);
        auto at = std::find_if(groups.begin(), groups.end(), [&](const SettingGroup& group) {
            return group.block == owner.first && group.word == word;
        });
        if (at == groups.end())
            at = groups.insert(groups.end(), SettingGroup{owner.first, word, {}});
        at->owners.push_back(owner.second);
    }
    std::vector<Text> out;
    for (const SettingGroup& group : groups) {
        const std::size_t all = group.block == "topics"      ? scenario.topics.size()
                                : group.block == "producers" ? scenario.producers.size()
                                : group.block == "cluster"   ? 1
                                                             : scenario.cluster.brokers.size();
        out.push_back(same(group.owners.size() == all
                               ? group.word
                               : concat(group.word, " (", listed(group.owners), ")")));
    }
    return out;
}

std::string setting_lines(const scenario::Scenario& scenario, const TextStyle& style) {
    std::vector<Text> parts = other_settings(scenario);
    const std::size_t all = parts.size();
    while (!parts.empty()) {
        Text text = joined(parts, same("  "));
        if (parts.size() < all)
            text += say("  and {0} more (--format json)", "  另有 {0} 项（--format json）",
                        all - parts.size());
        const std::string& shown = text.in(style.lang);
        if (wrapped(shown, style.width).size() <= kMostSettingLines || parts.size() == 1)
            return hanging("", shown, style);
        parts.pop_back();
    }
    return "";
}

}  // namespace

std::string run_header(const scenario::Scenario& scenario, const TextStyle& style) {
    return hanging("", joined(cluster_words(scenario), same("  ")).in(style.lang), style) +
           setting_lines(scenario, style);
}

}  // namespace report
