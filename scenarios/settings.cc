#include "scenarios/settings.h"

#include "core/base/text.h"

namespace scenario {
namespace {

void add(std::vector<Setting>& out, const Scenario& scenario, core::ConfigScope scope,
         const std::string& path, const core::ConfigMap& config) {
    for (core::ConfigDifference& one :
         core::config_differences(scope, *scenario.kafka.profile, config))
        out.push_back(Setting{core::concat(path, "/config/", one.key), one.key,
                              std::move(one.value), std::move(one.default_value)});
}

}  // namespace

std::vector<Setting> settings(const Scenario& scenario) {
    std::vector<Setting> out;
    add(out, scenario, core::ConfigScope::broker, "/cluster", scenario.cluster.config);
    for (const BrokerSpec& broker : scenario.cluster.brokers) {
        core::ConfigMap own;
        for (const auto& [key, value] : broker.config)
            if (core::find_config(scenario.cluster.config, key) != std::string_view(value))
                core::set_config(own, key, value);
        add(out, scenario, core::ConfigScope::broker,
            core::concat("/cluster/brokers/", broker.id.value()), own);
    }
    for (const Topic& topic : scenario.topics)
        add(out, scenario, core::ConfigScope::topic, core::concat("/topics/", topic.name),
            topic.config);
    for (const Producer& producer : scenario.producers)
        add(out, scenario, core::ConfigScope::producer, core::concat("/producers/", producer.id),
            producer.config);
    return out;
}

}  // namespace scenario
