// What degrade does to links, and slowDisk to a disk.

#include "scenarios/build.h"

namespace scenario {

std::optional<Action> read_degrade(Build& build, const Fields& step) {
    Reading& reading = build.reading;
    DegradeAction action;
    bool whole = true;
    const auto take = [&](std::string_view key, auto read, auto& out) {
        const auto at = step.get(key);
        if (!at) return;
        out = read(*at);
        whole = whole && out.has_value();
    };
    const auto target = [&](const At& at) { return read_target(build, at); };
    take("target", target, action.target);
    take("from", target, action.from);
    take("to", target, action.to);
    take(
        "latency", [&](const At& at) { return reading.distribution(at, kTimeMax); },
        action.change.latency);
    take(
        "loss", [&](const At& at) { return read_loss(build, at); }, action.change.loss);
    take(
        "bandwidth", [&](const At& at) { return reading.bandwidth(at); },
        action.change.bytes_per_second);
    const bool half = step.has("from") != step.has("to");
    if ((half || step.has("from") == step.has("target")) &&
        !step.misspelt({"from", "to", "target"})) {
        reading.error(step.at(), "AL208", "a degrade has a \"target\", or \"from\" and \"to\"");
        return std::nullopt;
    }
    if (step.present({"latency", "loss", "bandwidth"}).empty() &&
        !step.misspelt({"latency", "loss", "bandwidth"})) {
        reading.error(step.at(), "AL202", "a degrade says what becomes worse",
                      {"latency, loss or bandwidth", {}});
        return std::nullopt;
    }
    if (!whole) return std::nullopt;
    return action;
}

std::optional<Action> read_slow_disk(Build& build, const Fields& step,
                                     const std::optional<Target>& target) {
    Reading& reading = build.reading;
    SlowDiskAction action{target.value_or(Target{TargetKind::all_brokers}), {}, {}};
    bool whole = target.has_value();
    const auto take = [&](std::string_view key, std::optional<Distribution>& out) {
        const auto at = step.get(key);
        if (!at) return;
        out = reading.distribution(*at, kTimeMax);
        whole = whole && out.has_value();
    };
    take("append", action.append);
    take("fsync", action.fsync);
    if (step.present({"append", "fsync"}).empty() && !step.misspelt({"append", "fsync"})) {
        reading.error(step.at(), "AL202", "a slowDisk says what becomes slow",
                      {"append or fsync", {}});
        return std::nullopt;
    }
    if (!whole) return std::nullopt;
    return action;
}

}  // namespace scenario
