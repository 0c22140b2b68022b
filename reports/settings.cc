#include "reports/settings.h"

#include "core/base/text.h"
#include "core/profile/config.h"

namespace report {
namespace {

/// Two spellings of one value.
std::string_view canonical(std::string_view key, std::string_view value) {
    return key == "acks" && value == "-1" ? "all" : value;
}

class Differ {
  public:
    explicit Differ(const scenario::Scenario& scenario) : scenario_(scenario) {}

    void add(const std::string& path, core::ConfigScope scope, const core::ConfigMap& config,
             const core::ConfigMap* inherited = nullptr) {
        for (const auto& [key, value] : config) {
            if (inherited != nullptr && core::find_config(*inherited, key) == value) continue;
            const core::ConfigKey* known = core::find_config_key(scope, key);
            std::optional<std::string> standard;
            if (known != nullptr) standard = core::config_default(*known, *scenario_.kafka.profile);
            if (standard && canonical(key, *standard) == canonical(key, value)) continue;
            out_.push_back(Setting{core::concat(path, "/config/", key), value, standard});
        }
    }
    std::vector<Setting> take() { return std::move(out_); }

  private:
    const scenario::Scenario& scenario_;
    std::vector<Setting> out_;
};

}  // namespace

std::vector<Setting> settings_that_differ(const scenario::Scenario& scenario) {
    Differ differ(scenario);
    const core::ConfigMap& cluster = scenario.cluster.config;
    differ.add("/cluster", core::ConfigScope::broker, cluster);
    for (const scenario::BrokerSpec& broker : scenario.cluster.brokers)
        differ.add(core::concat("/cluster/brokers/", broker.id.value()), core::ConfigScope::broker,
                   broker.config, &cluster);
    for (const scenario::Topic& topic : scenario.topics)
        differ.add("/topics/" + topic.name, core::ConfigScope::topic, topic.config);
    for (const scenario::Producer& producer : scenario.producers)
        differ.add("/producers/" + producer.id, core::ConfigScope::producer, producer.config);
    return differ.take();
}

}  // namespace report
