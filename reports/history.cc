#include "reports/history.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/profile/config.h"

namespace report {
namespace {

std::string default_of(const scenario::Scenario& scenario, core::ConfigScope scope,
                       std::string_view key) {
    const core::ConfigKey* known = core::find_config_key(scope, key);
    if (known == nullptr) return "";
    return core::config_default(*known, *scenario.kafka.profile).value_or("");
}

}  // namespace

std::string producer_setting(const scenario::Scenario& scenario, std::uint32_t producer,
                             std::string_view key) {
    if (const auto own = core::find_config(scenario.producers[producer].config, key))
        return std::string(*own);
    return default_of(scenario, core::ConfigScope::producer, key);
}

std::string topic_setting(const scenario::Scenario& scenario, std::uint32_t topic,
                          std::string_view key) {
    if (const auto own = core::find_config(scenario.topics[topic].config, key))
        return std::string(*own);
    if (const auto broker = core::find_config(scenario.cluster.config, key))
        return std::string(*broker);
    return default_of(scenario, core::ConfigScope::topic, key);
}

std::int64_t needed_in_sync(const scenario::Scenario& scenario, std::int64_t min_insync_replicas,
                            std::size_t replicas) {
    if (!scenario.kafka.profile->min_isr_capped_by_replicas) return min_insync_replicas;
    return std::min(min_insync_replicas, static_cast<std::int64_t>(replicas));
}

int acks_of(const scenario::Scenario& scenario, std::uint32_t producer) {
    const std::string acks = producer_setting(scenario, producer, "acks");
    if (acks == "0") return 0;
    return acks == "1" ? 1 : -1;
}

const trace::PartitionOutcome* find_partition(const trace::Outcome& outcome, core::PartitionId id) {
    const auto& all = outcome.partitions;
    // Outcomes stand in the order of partition numbers; only hand-written ones may not.
    if (id.value() < all.size() && all[id.value()].partition == id) return &all[id.value()];
    for (const trace::PartitionOutcome& partition : all)
        if (partition.partition == id) return &partition;
    return nullptr;
}

Text text_of(const trace::Remark& remark) {
    return Text{remark.en, remark.zh};
}

std::string record_name(const scenario::Scenario& scenario, std::uint32_t client,
                        core::RecordNumber number) {
    return core::concat(scenario.producers[client].id, "#", number.value());
}

std::string shown_record(const scenario::Scenario& scenario, std::uint32_t client,
                         core::RecordNumber number) {
    std::string id = record_name(scenario, client, number);
    const std::string& value = scenario.producers[client].workload.value;
    if (value.empty()) return id;
    return core::concat(id, " ", scenario::expand(value, number.value()));
}

}  // namespace report
