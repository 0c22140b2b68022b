// sweep: read into its type. What is not modelled inside it is a warning, since a run does not use
// it; `compare` reads each cell for itself.

#include <algorithm>

#include "scenarios/build.h"
#include "scenarios/set.h"

namespace scenario {
namespace {

std::string last_segment(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_path(Build& build, Span span, const std::string& path, std::string_view at) {
    const std::string problem = path_problem(*build.root.value, path);
    if (problem.empty()) return true;
    build.reading.error(span, std::string(at), "AL230",
                        core::concat("the path \"", shown(path), "\" leads nowhere: ", problem));
    return false;
}

void read_axis(Build& build, const At& at) {
    Reading& reading = build.reading;
    const Fields fields(reading, at, {"label", "path", "values"}, "axis");
    SweepAxis axis;
    const auto path_at = fields.need("path");
    if (path_at) axis.path = reading.text(*path_at).value_or("");
    if (path_at && !axis.path.empty())
        is_path(build, path_at->value->span, axis.path, path_at->path);
    axis.label = last_segment(axis.path);
    const auto label_at = fields.get("label");
    if (label_at) axis.label = reading.text(*label_at).value_or("");
    const auto values = fields.need("values");
    if (values && reading.is_list(*values)) {
        axis.values = values->value->items;
        if (axis.values.empty()) reading.error(*values, "AL206", "an axis without values");
    }
    const bool taken = axis.label == kVariantLabel ||
                       std::any_of(build.sweep.axes.begin(), build.sweep.axes.end(),
                                   [&](const SweepAxis& one) { return one.label == axis.label; });
    if (taken && !axis.label.empty())
        reading.error(label_at ? *label_at : at, "AL207",
                      core::concat("another axis is called \"", shown(axis.label), "\""),
                      {{}, "give each axis a \"label\" of its own"});
    build.sweep.axes.push_back(std::move(axis));
}

void read_variants(Build& build, const At& at) {
    Reading& reading = build.reading;
    if (!reading.is_object(at)) return;
    for (const Member& member : at.value->members) {
        if (member.key == "$comment") continue;
        const At one = at.member(member);
        if (!reading.is_object(one)) continue;
        SweepVariant variant{member.key, {}};
        for (const Member& change : member.value.members) {
            if (change.key == "$comment") continue;
            is_path(build, change.key_span, change.key, one.path);
            variant.changes.push_back(Change{change.key, change.value});
        }
        build.sweep.variants.push_back(std::move(variant));
    }
}

/// These steps stand in place of the scenario's own.
void check_fault_set(Build& build, const At& list) {
    const auto ids = build.steps;
    const At steps = build.step_list;
    const bool steps_whole = build.steps_whole;
    const std::int64_t records = build.records;
    const std::int64_t bytes = build.value_bytes;
    collect_step_ids(build, list);
    for (std::size_t i = 0; i < list.value->items.size(); ++i) read_step(build, list.element(i));
    build.steps = ids;
    build.step_list = steps;
    build.steps_whole = steps_whole;
    build.records = records;
    build.value_bytes = bytes;
}

void read_faults(Build& build, const At& at) {
    Reading& reading = build.reading;
    if (!reading.is_object(at)) return;
    for (const Member& member : at.value->members) {
        if (member.key == "$comment") continue;
        const At list = at.member(member);
        if (!reading.is_list(list)) continue;
        if (list.value->items.size() > static_cast<std::size_t>(kStepsMax)) {
            reading.error(list, "AL240", core::concat("more than ", kStepsMax, " steps"));
            continue;
        }
        check_fault_set(build, list);
        build.sweep.faults.push_back(FaultSet{member.key, member.value});
    }
}

/// Entries of `exclude` and `include`: objects of label (or path) and value.
std::vector<std::vector<SweepSetting>> read_entries(Build& build, const At& list, bool paths) {
    Reading& reading = build.reading;
    std::vector<std::vector<SweepSetting>> out;
    if (!reading.is_list(list)) return out;
    std::vector<std::string> labels;
    if (!build.sweep.variants.empty()) labels.emplace_back(kVariantLabel);
    for (const SweepAxis& axis : build.sweep.axes) labels.push_back(axis.label);
    for (std::size_t i = 0; i < list.value->items.size(); ++i) {
        const At entry = list.element(i);
        if (!reading.is_object(entry)) continue;
        std::vector<SweepSetting> settings;
        for (const Member& member : entry.value->members) {
            if (member.key == "$comment") continue;
            settings.push_back(SweepSetting{member.key, member.value});
            if (std::find(labels.begin(), labels.end(), member.key) != labels.end()) continue;
            if (paths && !member.key.empty() && member.key.front() == '/') {
                is_path(build, member.key_span, member.key, entry.path);
                continue;
            }
            reading.error(member.key_span, entry.path, "AL230",
                          core::concat("no axis is called \"", shown(member.key), "\""),
                          {core::join(labels, ", "), reading.guess(member.key, labels)});
        }
        if (settings.empty()) reading.error(entry, "AL206", "an entry without settings");
        out.push_back(std::move(settings));
    }
    return out;
}

}  // namespace

void read_sweep(Build& build) {
    if (build.root.value->find("sweep") == nullptr) return;
    Reading& reading = build.reading;
    reading.set_lenient(true);
    const At at = build.root.member("sweep");
    const Fields fields(reading, at, {"axes", "variants", "faults", "exclude", "include", "seeds"},
                        "sweep");
    if (const auto axes = fields.get("axes"); axes && reading.is_list(*axes))
        for (std::size_t i = 0; i < axes->value->items.size(); ++i)
            read_axis(build, axes->element(i));
    if (const auto variants = fields.get("variants")) read_variants(build, *variants);
    if (const auto faults = fields.get("faults")) read_faults(build, *faults);
    if (const auto list = fields.get("exclude"))
        build.sweep.exclude = read_entries(build, *list, false);
    if (const auto list = fields.get("include"))
        build.sweep.include = read_entries(build, *list, true);
    if (const auto seeds_at = fields.get("seeds")) {
        const Fields seeds(reading, *seeds_at, {"from", "count"}, "seeds");
        if (const auto from = seeds.get("from"))
            build.sweep.first_seed = reading.unsigned_integer(*from);
        if (const auto count = seeds.get("count"))
            build.sweep.seeds = reading.integer(*count, 1, 1'000'000'000);
    }
    reading.set_lenient(false);
    build.scenario.sweep_json = dump_json(*at.value);
}

}  // namespace scenario
