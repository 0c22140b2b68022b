// network and disk.

#include "scenarios/build.h"

namespace scenario {
namespace {

void read_disk_model(Build& build, const At& at, DiskModel& disk) {
    Reading& reading = build.reading;
    const Fields fields(reading, at, {"append", "fsync", "writeback"}, "disk");
    const auto take = [&](std::string_view key, Distribution& out) {
        if (const auto field = fields.get(key))
            if (auto value = reading.distribution(*field, kTimeMax)) out = std::move(*value);
    };
    take("append", disk.append);
    take("fsync", disk.fsync);
    take("writeback", disk.writeback);
}

/// "brokers", "controllers", "clients" or a target.
std::optional<Target> read_who(Build& build, const At& at) {
    if (!at.value->is_string()) return read_target(build, at);
    if (at.value->text == "brokers") return Target{TargetKind::all_brokers};
    if (at.value->text == "controllers") return Target{TargetKind::all_controllers};
    if (at.value->text == "clients") return Target{TargetKind::all_clients};
    const std::vector<std::string> words = {"brokers", "controllers", "clients"};
    build.reading.error(at, "AL224", core::concat("unknown \"", shown(at.value->text), "\""),
                        {"brokers, controllers, clients, or a target such as { \"broker\": 1 }",
                         build.reading.guess(at.value->text, words)});
    return std::nullopt;
}

/// Fields that a default and a link have in common.
void read_link_fields(Build& build, const Fields& fields, std::optional<Distribution>& latency,
                      std::optional<core::Ratio>& loss,
                      std::optional<std::int64_t>& bytes_per_second) {
    Reading& reading = build.reading;
    if (const auto at = fields.get("latency")) latency = reading.distribution(*at, kTimeMax);
    if (const auto at = fields.get("loss")) loss = read_loss(build, *at);
    if (const auto at = fields.get("bandwidth")) bytes_per_second = reading.bandwidth(*at);
}

void read_link(Build& build, const At& at) {
    Reading& reading = build.reading;
    const Fields fields(reading, at, {"between", "from", "to", "latency", "loss", "bandwidth"},
                        "link");
    if (!fields.ok()) return;
    std::optional<Distribution> latency;
    std::optional<core::Ratio> loss;
    std::optional<std::int64_t> bytes_per_second;
    read_link_fields(build, fields, latency, loss, bytes_per_second);
    const auto between = fields.get("between");
    const auto from = fields.get("from");
    const auto to = fields.get("to");
    if (between ? (from || to) : (!from || !to)) {
        reading.error(at, "AL208", "a link has \"between\", or \"from\" and \"to\"");
        return;
    }
    std::optional<Target> left;
    std::optional<Target> right;
    if (between) {
        if (!reading.is_list(*between)) return;
        if (between->value->items.size() != 2) {
            reading.error(*between, "AL206", "\"between\" names two ends");
            return;
        }
        left = read_who(build, between->element(0));
        right = read_who(build, between->element(1));
    } else {
        left = read_who(build, *from);
        right = read_who(build, *to);
    }
    if (left && right)
        build.scenario.network.links.push_back(
            LinkOverride{*left, *right, between.has_value(), latency, loss, bytes_per_second});
}

}  // namespace

std::optional<core::Ratio> read_loss(Build& build, const At& at) {
    const auto loss = build.reading.share(at);
    if (loss && loss->numerator == loss->denominator)
        build.reading.error(at, "AL206", "a loss of everything never delivers anything",
                            {"a number from 0 to below 1", "use a partition step to cut a link"});
    return loss;
}

void read_disk(Build& build) {
    Reading& reading = build.reading;
    Scenario& scenario = build.scenario;
    std::optional<At> overrides;
    if (build.root.value->find("disk") != nullptr) {
        const Fields fields(reading, build.root.member("disk"), {"default", "brokers"}, "disk");
        if (const auto at = fields.get("default")) read_disk_model(build, *at, scenario.disk);
        overrides = fields.get("brokers");
    }
    for (BrokerSpec& broker : scenario.cluster.brokers) broker.disk = scenario.disk;
    if (!overrides || !reading.is_object(*overrides)) return;
    for (const Member& member : overrides->value->members) {
        if (member.key == "$comment") continue;
        const auto id = core::parse_int(member.key);
        BrokerSpec* found = nullptr;
        for (BrokerSpec& broker : scenario.cluster.brokers)
            if (id && broker.id.value() == *id) found = &broker;
        const At at = overrides->member(member);
        if (found != nullptr)
            read_disk_model(build, at, found->disk);
        else if (build.brokers_whole)
            reading.error(member.key_span, at.path, "AL230",
                          core::concat("there is no broker \"", shown(member.key), "\""));
    }
}

void read_network(Build& build) {
    if (build.root.value->find("network") == nullptr) return;
    Reading& reading = build.reading;
    const Fields fields(reading, build.root.member("network"), {"default", "links"}, "network");
    if (const auto at = fields.get("default")) {
        const Fields model(reading, *at, {"latency", "loss", "bandwidth"}, "default");
        std::optional<Distribution> latency;
        std::optional<core::Ratio> loss;
        std::optional<std::int64_t> bytes_per_second;
        read_link_fields(build, model, latency, loss, bytes_per_second);
        LinkModel& out = build.scenario.network.defaults;
        if (latency) out.latency = *latency;
        if (loss) out.loss = *loss;
        if (bytes_per_second) out.bytes_per_second = *bytes_per_second;
    }
    const auto links = fields.get("links");
    if (!links || !reading.is_list(*links)) return;
    if (links->value->items.size() > static_cast<std::size_t>(kPartitionsMax)) {
        reading.error(*links, "AL240", core::concat("more than ", kPartitionsMax, " links"));
        return;
    }
    for (std::size_t i = 0; i < links->value->items.size(); ++i)
        read_link(build, links->element(i));
}

}  // namespace scenario
