#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <thread>

#include "core/base/text.h"
#include "reports/comparison.h"
#include "reports/history.h"
#include "reports/problems.h"
#include "tools/commands.h"
#include "tools/comparing.h"
#include "tools/files.h"
#include "tools/lab/run.h"
#include "tools/lab/sweep.h"
#include "tools/session.h"

namespace tool {
namespace {

using core::concat;
using report::ExitStatus;

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

/// The first Ctrl-C lets the runs that have begun end; the second ends acklab.
extern "C" void on_interrupt(int signal) {
    interrupted.store(true);
    std::signal(signal, SIG_DFL);
}

/// Listens to Ctrl-C while it lives.
class Interruptible {
  public:
    Interruptible() : before_(std::signal(SIGINT, on_interrupt)) { interrupted.store(false); }
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;
    ~Interruptible() { std::signal(SIGINT, before_); }

  private:
    void (*before_)(int);
};

std::int64_t count_option(const Invocation& invocation, const std::string& name,
                          std::int64_t otherwise, std::int64_t most) {
    const auto text = invocation.one(name);
    if (!text) return otherwise;
    const auto number = core::parse_int(*text);
    if (!number || *number < 1 || *number > most)
        throw UsageError(
            concat("--", name, " takes a number from 1 to ", most, ", not \"", *text, "\""));
    return *number;
}

std::size_t workers_of(const Invocation& invocation) {
    constexpr std::int64_t kMostWorkers = 256;
    const std::int64_t own =
        std::clamp<std::int64_t>(std::thread::hardware_concurrency(), 1, kMostWorkers);
    return static_cast<std::size_t>(count_option(invocation, "jobs", own, kMostWorkers));
}

/// A line on the terminal that is written over, or one every ten seconds elsewhere.
class ProgressLine {
  public:
    explicit ProgressLine(bool quiet) : quiet_(quiet), terminal_(stderr_is_terminal()) {}

    void show(const lab::SweepProgress& progress) {
        if (quiet_ || progress.total == 0) return;
        using std::chrono::seconds;
        const auto now = std::chrono::steady_clock::now();
        const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_);
        if (!terminal_ && now - shown_ < seconds(10)) return;
        shown_ = now;
        std::string line =
            concat("compare  ", progress.done, "/", progress.total, " runs  ",
                   100 * progress.done / progress.total, "%  lost in ", progress.lossy);
        if (progress.done > 0 && progress.done < progress.total)
            line += concat("  eta ",
                           spent.count() * (progress.total - progress.done) / progress.done / 1'000,
                           "s");
        if (terminal_)
            write_progress(concat("\r\x1b[K", line));
        else
            warn(line);
        drawn_ = terminal_;
    }

    void clear() {
        if (drawn_) write_progress("\r\x1b[K");
        drawn_ = false;
    }

  private:
    bool quiet_;
    bool terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point shown_ = start_;
};

/// Where every setting lost, the safest of them is run once more for the causes of its losses.
void find_remedy(report::Comparison& comparison, const report::ComparisonFigures& figures,
                 const std::vector<std::optional<scenario::Scenario>>& scenarios) {
    const auto cell = report::safest_losing(comparison, figures);
    if (!cell || !scenarios[*cell]) return;
    lab::RunOptions options;
    options.seed = *figures.cells[*cell].worst_seed;
    const auto run = lab::run_once(*scenarios[*cell], options);
    comparison.remedy =
        report::remedy_sentence(comparison.cells[*cell], run->history(), run->judgement());
}

std::string made(const report::Comparison& comparison, const report::ComparisonFigures& figures,
                 Format format, const report::TextStyle& style) {
    switch (format) {
        case Format::text:
            return report::comparison_text(comparison, figures, style);
        case Format::json:
            return report::comparison_json(comparison, figures, "compare");
        case Format::markdown:
            return report::comparison_markdown(comparison, figures, style);
        case Format::csv:
            return report::comparison_csv(comparison, figures);
    }
    return "";
}

}  // namespace

ExitStatus compare_command(const Invocation& invocation) {
    const Format format = format_of(invocation, kTableFormats);
    const report::TextStyle style = style_of(invocation);
    const std::vector<Output> outputs = outputs_of(invocation, kTableFormats);
    const std::size_t workers = workers_of(invocation);
    CompareChoice choice;
    choice.standard = invocation.has("standard");
    choice.faults = invocation.one("faults");
    if (const auto versions = invocation.one("versions"))
        for (const std::string_view version : core::split(*versions, ','))
            choice.versions.emplace_back(version);
    // The document is read with its own steps; its cells take those of the fault set.
    Invocation of_document = invocation;
    of_document.options.erase("faults");
    const auto loaded = load_document(of_document, "compare");
    if (!loaded) return ExitStatus::invalid;
    const scenario::Sweep& block = loaded->result.sweep;
    choice.seeds =
        count_option(invocation, "seeds", block.seeds.value_or(kSeedsDefault), kMostRuns);
    choice.first_seed = invocation.has("first-seed")
                            ? parse_seed(*invocation.one("first-seed"), "first-seed")
                            : block.first_seed.value_or(1);
    auto prepared = prepare(*loaded, choice);
    if (!prepared.problems.empty()) {
        if (format == Format::json) print(report::problems_json("compare", prepared.problems));
        warn(report::problems_text(prepared.problems, prepared.problems.size(), 0));
        return ExitStatus::invalid;
    }
    if (!prepared.warnings.empty() && !invocation.has("quiet"))
        warn(report::problems_text(prepared.warnings, 0, prepared.warnings.size()));

    lab::SweepPlan plan;
    plan.first_seed = choice.first_seed;
    plan.seeds = choice.seeds;
    plan.workers = workers;
    for (const auto& scenario : prepared.scenarios)
        if (scenario) plan.scenarios.push_back(&*scenario);
    ProgressLine line(invocation.has("quiet"));
    const Interruptible listening;
    lab::SweepResult result = lab::run_sweep(
        plan, interrupted, [&](const lab::SweepProgress& progress) { line.show(progress); });
    line.clear();
    report::Comparison& comparison = prepared.comparison;
    std::size_t at = 0;
    for (std::size_t i = 0; i < prepared.scenarios.size(); ++i) {
        if (!prepared.scenarios[i]) continue;
        if (result.failure && result.failure->scenario == at) {
            warn(concat("acklab: bug: ", result.failure->what, "\nscenario ",
                        comparison.scenario.id, ", ", report::settings_text(comparison.cells[i]),
                        ", seed ", result.failure->seed,
                        "; please report it with the scenario file"));
            return ExitStatus::bug;
        }
        comparison.cells[i].runs = std::move(result.runs[at++]);
    }
    comparison.partial = !result.complete;
    comparison.arguments = shared_arguments_of(invocation);
    const report::ComparisonFigures figures = report::figures_of(comparison);
    if (!comparison.partial) find_remedy(comparison, figures, prepared.scenarios);
    if (!invocation.has("quiet")) print(made(comparison, figures, format, style));
    for (const Output& output : outputs)
        write_file(output.path,
                   made(comparison, figures, output.format, file_style_of(invocation)));
    if (comparison.partial) return ExitStatus::interrupted;
    return report::any_fired(figures) ? ExitStatus::held : ExitStatus::inconclusive;
}

}  // namespace tool
