#include "tools/comparing.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/profile/profile.h"
#include "reports/history.h"
#include "scenarios/set.h"

namespace tool {
namespace {

using core::concat;
using scenario::Value;

constexpr std::string_view kVersionPath = "/kafka/version";
constexpr std::string_view kMinIsr = "min.insync.replicas";
constexpr std::string_view kUnclean = "unclean.leader.election.enable";

Value value_of(scenario::Kind kind, std::string_view text) {
    Value value;
    value.kind = kind;
    value.text = text;
    return value;
}

std::vector<scenario::SweepAxis> standard_axes() {
    using scenario::Kind;
    return {
        {"acks",
         "acks",
         {value_of(Kind::string, "0"), value_of(Kind::string, "1"), value_of(Kind::string, "all")}},
        {"min.isr",
         std::string(kMinIsr),
         {value_of(Kind::number, "1"), value_of(Kind::number, "2")}},
        {"unclean",
         std::string(kUnclean),
         {value_of(Kind::boolean, "false"), value_of(Kind::boolean, "true")}},
    };
}

/// The axes that are run: the file's own or the standard ones, and the versions asked for.
scenario::Sweep sweep_of(const Loaded& document, const CompareChoice& choice) {
    scenario::Sweep sweep = document.result.sweep;
    if (choice.standard || (sweep.axes.empty() && sweep.variants.empty())) {
        sweep.axes = standard_axes();
        sweep.variants.clear();
        sweep.exclude.clear();
        sweep.include.clear();
    }
    const auto of_versions = [](const scenario::SweepAxis& axis) {
        return axis.path == kVersionPath;
    };
    const bool has_versions = std::any_of(sweep.axes.begin(), sweep.axes.end(), of_versions);
    if (!choice.versions.empty()) {
        if (has_versions)
            throw UsageError("--versions: the file has an axis of /kafka/version already");
        scenario::SweepAxis axis{"kafka", std::string(kVersionPath), {}};
        for (const std::string& version : choice.versions) {
            const auto same = std::count(choice.versions.begin(), choice.versions.end(), version);
            if (version.empty() || same > 1)
                throw UsageError(
                    "--versions takes different Kafka versions with commas between them: 3.9,4.1");
            axis.values.push_back(value_of(scenario::Kind::string, version));
        }
        sweep.axes.push_back(std::move(axis));
    }
    if (document.options.kafka && (has_versions || !choice.versions.empty()))
        throw UsageError("--kafka names one version, and an axis of the comparison several");
    return sweep;
}

/// The fault set to run; nothing for the scenario's own steps.
const scenario::FaultSet* fault_set_of(const scenario::Sweep& sweep, const CompareChoice& choice) {
    if (!choice.faults) return sweep.faults.empty() ? nullptr : &sweep.faults.front();
    std::vector<std::string> names;
    for (const scenario::FaultSet& one : sweep.faults) {
        if (one.name == *choice.faults) return &one;
        names.push_back(one.name);
    }
    if (*choice.faults == scenario::kOwnSteps) return nullptr;
    names.emplace_back(scenario::kOwnSteps);
    throw UsageError(concat("--faults: the file has no fault set \"", *choice.faults, "\"",
                            did_you_mean(*choice.faults, names), "; there is \"",
                            core::join(names, "\", \""), "\""));
}

void check_limits(const scenario::Sweep& sweep, const CompareChoice& choice) {
    const std::int64_t crossed = scenario::crossed_cells(sweep);
    const auto included = static_cast<std::int64_t>(sweep.include.size());
    if (crossed > scenario::kCellsMax || included > scenario::kCellsMax ||
        crossed + included > scenario::kCellsMax)
        throw UsageError(concat("the axes make more than ", scenario::kCellsMax,
                                " settings; take fewer values"));
    const std::int64_t cells = crossed + included;
    if (choice.seeds > kMostRuns / cells)
        throw UsageError(concat(cells, " settings with ", choice.seeds, " seeds each are ",
                                cells * choice.seeds, " runs; at most ", kMostRuns,
                                " are made: --seeds ", kMostRuns / cells, " or fewer"));
    if (choice.first_seed > UINT64_MAX - static_cast<std::uint64_t>(choice.seeds))
        throw UsageError("the seeds go beyond 2^64-1");
}

std::string reason_of(const scenario::Problem& problem) {
    return problem.suggestion.empty() ? problem.message
                                      : concat(problem.message, ": ", problem.suggestion);
}

bool has_class(const scenario::Problem& problem, char digit) {
    return problem.code.size() > 2 && problem.code[2] == digit;
}

/// Whether a warning says that this version lacks a key which the cell sets.
bool lacks_key(const scenario::Problem& problem, const scenario::SweepCell& cell) {
    if (problem.code != "AL303") return false;
    return std::any_of(cell.changes.begin(), cell.changes.end(), [&](const auto& change) {
        const std::string last = change.path.substr(change.path.rfind('/') + 1);
        return problem.path.size() > last.size() && problem.path.ends_with(concat("/", last));
    });
}

bool is_fixed(const scenario::Lasting& lasting) {
    const auto* drawn = std::get_if<scenario::Distribution>(&lasting);
    return drawn == nullptr || drawn->is_fixed();
}

bool is_fixed(const scenario::Trigger& trigger) {
    if (const auto* at = std::get_if<scenario::AtTrigger>(&trigger)) return at->at.is_fixed();
    if (const auto* after = std::get_if<scenario::AfterTrigger>(&trigger))
        return after->delay.is_fixed();
    if (const auto* every = std::get_if<scenario::EveryTrigger>(&trigger))
        return every->period.is_fixed();
    return true;
}

bool is_drawn(const scenario::Target& target) {
    return target.pick == scenario::Pick::one || target.pick == scenario::Pick::minority ||
           target.pick == scenario::Pick::majority;
}

/// Whether a seed decides whom an action meets.
bool draws_targets(const scenario::Action& action) {
    const auto own = [](const auto& one) {
        if constexpr (requires { one.target.pick; }) {
            return is_drawn(one.target);
        } else if constexpr (requires { one.target->pick; }) {
            return one.target && is_drawn(*one.target);
        } else {
            return false;
        }
    };
    const auto pair = [](const auto& one) {
        if constexpr (requires { one.from->pick; })
            return (one.from && is_drawn(*one.from)) || (one.to && is_drawn(*one.to));
        else
            return false;
    };
    if (const auto* cut = std::get_if<scenario::PartitionAction>(&action))
        for (const auto& group : cut->groups)
            if (std::any_of(group.begin(), group.end(), is_drawn)) return true;
    return std::visit([&](const auto& one) { return own(one) || pair(one); }, action);
}

bool draws(const scenario::Step& step) {
    const auto* crash = std::get_if<scenario::CrashAction>(&step.action);
    return draws_targets(step.action) || !is_fixed(step.trigger) || !is_fixed(step.lasting) ||
           (crash != nullptr && crash->keep.kind == scenario::KeepKind::random);
}

report::Strictness strictness_of(const scenario::Scenario& scenario) {
    report::Strictness out{true, INT64_MAX, true};
    for (std::uint32_t i = 0; i < scenario.producers.size(); ++i)
        if (report::acks_of(scenario, i) != -1) out.acks_all = false;
    for (std::uint32_t i = 0; i < scenario.topics.size(); ++i) {
        const auto number = core::parse_int(report::topic_setting(scenario, i, kMinIsr));
        out.min_isr = std::min(out.min_isr, number.value_or(1));
        if (report::topic_setting(scenario, i, kUnclean) != "false") out.no_unclean = false;
    }
    return out;
}

void describe(const scenario::Scenario& scenario, report::ComparedCell& cell) {
    cell.promises = scenario.producers.empty();
    for (std::uint32_t i = 0; i < scenario.producers.size(); ++i) {
        if (report::acks_of(scenario, i) == 0)
            cell.has_acks0 = true;
        else
            cell.promises = true;
    }
    cell.fixed_faults = std::none_of(scenario.steps.begin(), scenario.steps.end(),
                                     [](const auto& s) { return draws(s); });
    cell.strictness = strictness_of(scenario);
}

/// Whether a path leads to what one sets; the faults, the run and the world are as they are.
bool is_chosen(std::string_view path) {
    const auto within = [&](std::string_view block) { return path.starts_with(block); };
    return !within("/steps/") && !within("/network/") && !within("/disk/") && !within("/run/");
}

/// The same of a cell's setting, whose label is that of an axis, or a path.
bool is_chosen(const scenario::SweepSetting& setting, const scenario::Sweep& sweep) {
    if (setting.label == scenario::kVariantLabel) {
        for (const scenario::SweepVariant& variant : sweep.variants)
            if (variant.name == setting.value.text)
                return variant.changes.empty() ||
                       std::any_of(variant.changes.begin(), variant.changes.end(),
                                   [](const auto& change) { return is_chosen(change.path); });
        return true;
    }
    for (const scenario::SweepAxis& axis : sweep.axes)
        if (axis.label == setting.label) return is_chosen(scenario::full_path(axis.path));
    return is_chosen(setting.label);
}

report::ComparedCell compared(const scenario::SweepCell& cell, const scenario::Sweep& sweep) {
    report::ComparedCell out;
    for (const scenario::SweepSetting& setting : cell.settings)
        out.settings.push_back(
            report::ComparedSetting{setting.label, scenario::value_text(setting.value),
                                    scenario::dump_json(setting.value), is_chosen(setting, sweep)});
    for (const scenario::Change& change : cell.changes) {
        const std::string value = scenario::value_text(change.value);
        if (change.path == kVersionPath)
            out.kafka = value;
        else
            out.repeat_words += concat(" --set ", quoted(concat(change.path, "=", value)));
    }
    if (!out.kafka.empty()) out.repeat_words += concat(" --kafka ", quoted(out.kafka));
    return out;
}

/// Reads one cell, and judges whether there is anything to run.
class CellReader {
  public:
    CellReader(const Loaded& document, const scenario::Sweep& sweep,
               const scenario::FaultSet* faults, Prepared& out)
        : document_(document), sweep_(sweep), faults_(faults), out_(out) {}

    void read(const scenario::SweepCell& cell) {
        scenario::ReadOptions options = document_.options;
        options.run_only = true;
        if (faults_ != nullptr) options.faults = faults_->name;
        options.changes.insert(options.changes.end(), cell.changes.begin(), cell.changes.end());
        scenario::ReadResult result = tool::read(document_.source, options);
        report::ComparedCell own = compared(cell, sweep_);
        if (own.kafka.empty()) {
            own.kafka = document_.result.scenario->kafka.profile->version;
            if (options.kafka) own.repeat_words += concat(" --kafka ", quoted(*options.kafka));
        }
        if (faults_ != nullptr) own.repeat_words += concat(" --faults ", quoted(faults_->name));
        if (result.usage_error) throw UsageError(result.usage_error->message);
        for (const scenario::Problem& problem : result.problems) judge(problem, cell, own);
        if (!own.applies()) result.scenario.reset();
        if (result.scenario) {
            describe(*result.scenario, own);
            for (const scenario::Step& step : result.scenario->steps)
                if (scenario::depends_on_outcome(step)) out_.comparison.aimed = true;
        }
        out_.comparison.cells.push_back(std::move(own));
        out_.scenarios.push_back(std::move(result.scenario));
    }

  private:
    void judge(const scenario::Problem& problem, const scenario::SweepCell& cell,
               report::ComparedCell& own) {
        if (problem.severity == scenario::Severity::warning) {
            if (lacks_key(problem, cell)) own.refused = reason_of(problem);
            if (problem.code == "AL502") add_note(reason_of(problem));
            if (problem.code == "AL401") add_warning(problem);
        } else if (has_class(problem, '3')) {
            if (own.refused.empty()) own.refused = reason_of(problem);
        } else if (has_class(problem, '5')) {
            if (own.not_modelled.empty()) own.not_modelled = reason_of(problem);
        } else if (!is_known(problem, out_.problems)) {
            out_.problems.push_back(problem);
        }
    }

    static bool is_known(const scenario::Problem& problem,
                         const std::vector<scenario::Problem>& list) {
        return std::any_of(list.begin(), list.end(), [&](const scenario::Problem& other) {
            return other.code == problem.code && other.path == problem.path &&
                   other.line == problem.line && other.message == problem.message;
        });
    }

    void add_warning(const scenario::Problem& problem) {
        // The document's own warnings were printed when it was read.
        if (is_known(problem, document_.result.problems) || is_known(problem, out_.warnings))
            return;
        out_.warnings.push_back(problem);
    }

    void add_note(const std::string& note) {
        auto& notes = out_.comparison.notes;
        if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
    }

    const Loaded& document_;
    const scenario::Sweep& sweep_;
    const scenario::FaultSet* faults_;
    Prepared& out_;
};

/// --versions of which acklab models none.
void refuse_strange_versions(const CompareChoice& choice, const report::Comparison& comparison) {
    const auto& cells = comparison.cells;
    if (choice.versions.empty() || cells.empty() ||
        std::any_of(cells.begin(), cells.end(),
                    [](const report::ComparedCell& cell) { return cell.not_modelled.empty(); }))
        return;
    std::vector<std::string> known;
    for (const core::Profile& profile : core::all_profiles()) known.emplace_back(profile.version);
    throw UsageError(concat("--versions: ", cells.front().not_modelled, "; there are ",
                            core::join(known, ", ")));
}

}  // namespace

Prepared prepare(const Loaded& document, const CompareChoice& choice) {
    const scenario::Sweep sweep = sweep_of(document, choice);
    const scenario::FaultSet* faults = fault_set_of(sweep, choice);
    check_limits(sweep, choice);
    Prepared out{report::Comparison{*document.result.scenario}, {}, {}, {}};
    report::Comparison& comparison = out.comparison;
    comparison.first_seed = choice.first_seed;
    comparison.seeds = choice.seeds;
    if (faults != nullptr) comparison.fault = faults->name;
    if (!sweep.variants.empty()) {
        report::ComparedAxis axis{std::string(scenario::kVariantLabel), "", {}};
        for (const scenario::SweepVariant& variant : sweep.variants)
            axis.values.push_back(
                scenario::dump_json(value_of(scenario::Kind::string, variant.name)));
        comparison.axes.push_back(std::move(axis));
    }
    for (const scenario::SweepAxis& own : sweep.axes) {
        report::ComparedAxis axis{own.label, scenario::full_path(own.path), {}};
        axis.chosen = is_chosen(axis.path);
        for (const Value& value : own.values) axis.values.push_back(scenario::dump_json(value));
        comparison.axes.push_back(std::move(axis));
    }
    CellReader reader(document, sweep, faults, out);
    const std::vector<scenario::SweepCell> cells = scenario::cells_of(sweep);
    ASSERT(!cells.empty());  // the reader refuses such a file
    for (const scenario::SweepCell& cell : cells) reader.read(cell);
    refuse_strange_versions(choice, comparison);
    return out;
}

}  // namespace tool
