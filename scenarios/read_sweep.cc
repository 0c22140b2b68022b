// sweep: read into its type. What is not modelled inside it is a warning, since a run does not use
// it; `compare` reads each cell for itself.

#include <algorithm>
#include <map>
#include <set>

#include "scenarios/build.h"
#include "scenarios/set.h"

namespace scenario {
namespace {

std::string last_segment(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

/// Whether a path leads to a step of some fault set.
bool is_in_fault_set(const Build& build, std::string_view path) {
    constexpr std::string_view kSteps = "/steps";
    const Value* sets = build.root.value->find("sweep")->find("faults");
    if (sets == nullptr || !path.starts_with("/steps/")) return false;
    return std::any_of(sets->members.begin(), sets->members.end(), [&](const Member& set) {
        return set.value.is_array() && !path_problem(set.value, path.substr(kSteps.size()));
    });
}

/// A path of the sweep, or a bare Kafka key.
void check_path(Build& build, const At& at, const std::string& path) {
    Reading& reading = build.reading;
    if (path == "/run/seed") {
        reading.error(at, "AL225", "seeds are not compared: every setting meets the same",
                      {{}, "\"seeds\": {\"from\": 1, \"count\": 20} says which"});
        return;
    }
    if (is_in_fault_set(build, path)) return;
    if (auto problem = path_problem(*build.root.value, path))
        reading.error(
            at, "AL230",
            core::concat("the path \"", shown(path), "\" leads nowhere: ", problem->message),
            {{}, std::move(problem->suggestion)});
    else
        check_config_key(build, at, path);
}

/// A key of an object that is a path; problems have its place.
void check_path_key(Build& build, const At& parent, const Member& member) {
    Value key;
    key.kind = Kind::string;
    key.span = member.key_span;
    check_path(build, At{&key, parent.path}, member.key);
}

void check_values(Build& build, const At& list) {
    std::set<std::string> texts;
    for (std::size_t i = 0; i < list.value->items.size(); ++i)
        if (const std::string text = value_text(list.value->items[i]); !texts.insert(text).second)
            build.reading.error(list.element(i), "AL207",
                                core::concat("the value ", shown(text), " stands twice"));
}

void read_axis(Build& build, const At& at) {
    Reading& reading = build.reading;
    const Fields fields(reading, at, {"label", "path", "values"}, "axis");
    SweepAxis axis;
    const auto path_at = fields.need("path");
    if (path_at) axis.path = reading.text(*path_at).value_or("");
    if (path_at && path_at->value->is_string()) check_path(build, *path_at, axis.path);
    axis.label = last_segment(axis.path);
    const auto label_at = fields.get("label");
    if (label_at) axis.label = reading.text(*label_at).value_or("");
    const auto values = fields.need("values");
    if (values && reading.is_list(*values)) {
        axis.values = values->value->items;
        if (axis.values.empty()) reading.error(*values, "AL206", "an axis without values");
        check_values(build, *values);
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

/// Lists and objects that say what to compare: one without anything is a slip.
void refuse_empty(Build& build, const At& at, bool empty) {
    if (empty) build.reading.error(at, "AL206", "nothing stands here; leave the key out");
}

void read_variants(Build& build, const At& at) {
    Reading& reading = build.reading;
    if (!reading.is_object(at)) return;
    refuse_empty(build, at, at.value->members.empty());
    for (const Member& member : at.value->members) {
        if (member.key == "$comment") continue;
        const At one = at.member(member);
        if (!reading.is_object(one)) continue;
        SweepVariant variant{member.key, {}};
        for (const Member& change : member.value.members) {
            if (change.key == "$comment") continue;
            check_path_key(build, one, change);
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
    refuse_empty(build, at, at.value->members.empty());
    for (const Member& member : at.value->members) {
        if (member.key == "$comment") continue;
        const At list = at.member(member);
        if (member.key == kOwnSteps)
            reading.error(member.key_span, at.path, "AL207",
                          "\"steps\" means the scenario's own steps",
                          {{}, "give the fault set another name"});
        if (!reading.is_list(list)) continue;
        if (list.value->items.empty()) reading.error(list, "AL206", "a fault set without steps");
        if (list.value->items.size() > static_cast<std::size_t>(kStepsMax)) {
            reading.error(list, "AL240", core::concat("more than ", kStepsMax, " steps"));
            continue;
        }
        check_fault_set(build, list);
        build.sweep.faults.push_back(FaultSet{member.key, member.value});
    }
}

/// What each axis can be set to, as texts, by label; variants are one of them.
using Choices = std::map<std::string, std::vector<std::string>>;

Choices choices_of(const Sweep& sweep) {
    Choices out;
    for (const SweepVariant& variant : sweep.variants)
        out[std::string(kVariantLabel)].push_back(variant.name);
    for (const SweepAxis& axis : sweep.axes)
        for (const Value& value : axis.values) out[axis.label].push_back(value_text(value));
    return out;
}

/// Entries of `exclude` and `include`: objects of label (or, to include, path) and value.
std::vector<std::vector<SweepSetting>> read_entries(Build& build, const At& list,
                                                    const Choices& choices, bool include) {
    Reading& reading = build.reading;
    std::vector<std::vector<SweepSetting>> out;
    if (!reading.is_list(list)) return out;
    if (list.value->items.size() > kSweepEntriesMax) {
        reading.error(list, "AL240", core::concat("more than ", kSweepEntriesMax, " entries"));
        return out;
    }
    std::vector<std::string> labels;
    for (const auto& [label, values] : choices) labels.push_back(label);
    for (std::size_t i = 0; i < list.value->items.size(); ++i) {
        const At entry = list.element(i);
        if (!reading.is_object(entry)) continue;
        std::vector<SweepSetting> settings;
        for (const Member& member : entry.value->members) {
            if (member.key == "$comment") continue;
            settings.push_back(SweepSetting{member.key, member.value});
            const auto choice = choices.find(member.key);
            if (choice == choices.end()) {
                if (include && !member.key.empty() && member.key.front() == '/')
                    check_path_key(build, entry, member);
                else
                    reading.error(member.key_span, entry.path, "AL230",
                                  core::concat("no axis is called \"", shown(member.key), "\""),
                                  {core::join(labels, ", "), reading.guess(member.key, labels)});
                continue;
            }
            // What is included may have a value of its own, but no variant of its own.
            if (include && member.key != kVariantLabel) continue;
            const std::vector<std::string>& known = choice->second;
            const std::string text = value_text(member.value);
            if (std::find(known.begin(), known.end(), text) == known.end())
                reading.error(entry.member(member), "AL230",
                              core::concat("no setting has ", shown(member.key), "=", shown(text)),
                              {{}, reading.guess(text, known)});
        }
        if (settings.empty()) reading.error(entry, "AL206", "an entry without settings");
        out.push_back(std::move(settings));
    }
    return out;
}

/// Whether `exclude` leaves any of the crossed cells, told by the places of their values.
bool leaves_any(const Sweep& sweep, const Choices& choices) {
    std::vector<std::string_view> labels;
    std::vector<std::size_t> sizes;
    for (const auto& [label, values] : choices) {
        labels.push_back(label);
        sizes.push_back(values.size());
    }
    using Place = std::pair<std::size_t, std::size_t>;  // of a label, and of its value
    std::vector<std::vector<Place>> entries;
    for (const auto& settings : sweep.exclude) {
        std::vector<Place>& places = entries.emplace_back();
        for (const SweepSetting& one : settings) {
            const auto label = std::lower_bound(labels.begin(), labels.end(), one.label);
            const auto& values = choices.at(one.label);
            const auto value = std::find(values.begin(), values.end(), value_text(one.value));
            places.emplace_back(label - labels.begin(), value - values.begin());
        }
    }
    std::vector<std::size_t> cell(sizes.size(), 0);
    for (std::size_t digit = 0;;) {
        const bool excluded =
            std::any_of(entries.begin(), entries.end(), [&](const std::vector<Place>& entry) {
                return std::all_of(entry.begin(), entry.end(), [&](const Place& place) {
                    return cell[place.first] == place.second;
                });
            });
        if (!excluded) return true;
        for (digit = 0; digit < cell.size() && ++cell[digit] == sizes[digit]; ++digit)
            cell[digit] = 0;
        if (digit == cell.size()) return false;
    }
}

/// How many settings there are: neither more than can be run, nor none.
void check_extent(Build& build, const At& at, const Choices& choices, std::size_t errors_before) {
    const Sweep& sweep = build.sweep;
    const std::int64_t crossed = crossed_cells(sweep);
    if (crossed > kCellsMax ||
        crossed + static_cast<std::int64_t>(sweep.include.size()) > kCellsMax)
        build.reading.error(at, "AL240",
                            core::concat("axes, variants and `include` make more than ", kCellsMax,
                                         " settings; take fewer values"));
    else if (build.reading.errors() == errors_before && sweep.include.empty() &&
             !sweep.exclude.empty() && !leaves_any(sweep, choices))
        build.reading.error(at.member("exclude"), "AL206", "`exclude` leaves no setting");
}

}  // namespace

void read_sweep(Build& build) {
    if (build.root.value->find("sweep") == nullptr) return;
    Reading& reading = build.reading;
    reading.set_lenient(true);
    const At at = build.root.member("sweep");
    const Fields fields(reading, at, {"axes", "variants", "faults", "exclude", "include", "seeds"},
                        "sweep");
    const std::size_t errors_before = reading.errors();
    if (const auto axes = fields.get("axes"); axes && reading.is_list(*axes)) {
        refuse_empty(build, *axes, axes->value->items.empty());
        for (std::size_t i = 0; i < axes->value->items.size(); ++i)
            read_axis(build, axes->element(i));
    }
    if (const auto variants = fields.get("variants")) read_variants(build, *variants);
    if (const auto faults = fields.get("faults")) read_faults(build, *faults);
    const Choices choices = choices_of(build.sweep);
    if (const auto list = fields.get("exclude"))
        build.sweep.exclude = read_entries(build, *list, choices, false);
    if (const auto list = fields.get("include"))
        build.sweep.include = read_entries(build, *list, choices, true);
    check_extent(build, at, choices, errors_before);
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
