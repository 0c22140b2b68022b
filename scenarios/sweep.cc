#include "scenarios/sweep.h"

#include <algorithm>

namespace scenario {
namespace {

bool has_all(const SweepCell& cell, const std::vector<SweepSetting>& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const SweepSetting& one) {
        return std::any_of(cell.settings.begin(), cell.settings.end(), [&](const auto& own) {
            return own.label == one.label && value_text(own.value) == value_text(one.value);
        });
    });
}

void add_axis(const SweepAxis& axis, std::vector<SweepCell>& cells) {
    std::vector<SweepCell> crossed;
    crossed.reserve(cells.size() * axis.values.size());
    for (const SweepCell& cell : cells)
        for (const Value& value : axis.values) {
            crossed.push_back(cell);
            crossed.back().settings.push_back(SweepSetting{axis.label, value});
            crossed.back().changes.push_back(Change{axis.path, value});
        }
    cells = std::move(crossed);
}

Value text_value(std::string_view text) {
    Value value;
    value.kind = Kind::string;
    value.text = text;
    return value;
}

/// The settings of an entry as those of crossed cells stand: variant, axes, then paths.
std::vector<SweepSetting> in_order(const Sweep& sweep, std::vector<SweepSetting> settings) {
    const auto rank = [&](const SweepSetting& setting) {
        if (setting.label == kVariantLabel) return std::ptrdiff_t{-1};
        return std::find_if(sweep.axes.begin(), sweep.axes.end(),
                            [&](const SweepAxis& axis) { return axis.label == setting.label; }) -
               sweep.axes.begin();
    };
    std::stable_sort(settings.begin(), settings.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return settings;
}

SweepCell included_cell(const Sweep& sweep, const std::vector<SweepSetting>& entry) {
    const std::vector<SweepSetting> settings = in_order(sweep, entry);
    SweepCell cell;
    for (const SweepSetting& setting : settings) {
        cell.settings.push_back(setting);
        const auto axis =
            std::find_if(sweep.axes.begin(), sweep.axes.end(),
                         [&](const SweepAxis& one) { return one.label == setting.label; });
        const auto variant = std::find_if(
            sweep.variants.begin(), sweep.variants.end(), [&](const SweepVariant& one) {
                return setting.label == kVariantLabel && one.name == setting.value.text;
            });
        if (variant != sweep.variants.end())
            cell.changes.insert(cell.changes.end(), variant->changes.begin(),
                                variant->changes.end());
        else
            cell.changes.push_back(
                Change{axis == sweep.axes.end() ? setting.label : axis->path, setting.value});
    }
    return cell;
}

bool waits_for_outcome(const Condition& condition) {
    if (condition.kind == ConditionKind::step) return false;
    if (condition.kind == ConditionKind::event || condition.kind == ConditionKind::gauge)
        return true;
    return std::any_of(condition.children.begin(), condition.children.end(), waits_for_outcome);
}

}  // namespace

std::int64_t crossed_cells(const Sweep& sweep) {
    std::int64_t cells =
        sweep.variants.empty() ? 1 : static_cast<std::int64_t>(sweep.variants.size());
    for (const SweepAxis& axis : sweep.axes) {
        const auto values = static_cast<std::int64_t>(axis.values.size());
        if (values > 0 && cells > INT64_MAX / values) return INT64_MAX;
        cells *= values;
    }
    return cells;
}

std::vector<SweepCell> cells_of(const Sweep& sweep) {
    std::vector<SweepCell> cells(1);
    if (!sweep.variants.empty()) {
        cells.clear();
        for (const SweepVariant& variant : sweep.variants)
            cells.push_back(
                SweepCell{{SweepSetting{std::string(kVariantLabel), text_value(variant.name)}},
                          variant.changes});
    }
    for (const SweepAxis& axis : sweep.axes) add_axis(axis, cells);
    std::erase_if(cells, [&](const SweepCell& cell) {
        return std::any_of(sweep.exclude.begin(), sweep.exclude.end(),
                           [&](const auto& entry) { return has_all(cell, entry); });
    });
    for (const auto& entry : sweep.include) cells.push_back(included_cell(sweep, entry));
    return cells;
}

std::string value_text(const Value& value) {
    return value.is_string() ? value.text : dump_json(value);
}

bool depends_on_outcome(const Step& step) {
    const auto* when = std::get_if<WhenTrigger>(&step.trigger);
    return when != nullptr && waits_for_outcome(when->condition);
}

}  // namespace scenario
