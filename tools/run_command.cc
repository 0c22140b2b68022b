#include <algorithm>

#include "core/base/text.h"
#include "core/log/segment_index.h"
#include "reports/json.h"
#include "reports/text.h"
#include "reports/words.h"
#include "tools/commands.h"
#include "tools/files.h"
#include "tools/lab/run.h"
#include "tools/session.h"

namespace tool {
namespace {

using core::concat;
using report::ExitStatus;

std::vector<report::FailOn> fail_on_of(const Invocation& invocation) {
    std::vector<report::FailOn> out;
    for (const std::string& text : invocation.all("fail-on")) {
        std::string problem;
        const auto one = report::parse_fail_on(text, problem);
        if (!one) throw UsageError("--fail-on: " + problem);
        out.push_back(*one);
    }
    return out;
}

void dump_disks(const std::string& directory, const scenario::Scenario& scenario,
                const lab::RunResult& result) {
    for (const scenario::BrokerSpec& broker : scenario.cluster.brokers) {
        auto files = result.cluster().disk_files(broker.id);
        core::add_index_files(files);
        for (const auto& [path, bytes] : files)
            write_below(concat(directory, "/broker-", broker.id.value()), path, bytes);
    }
}

/// The run's report, made once for each format and style that is asked for.
class Reports {
  public:
    Reports(const Invocation& invocation, const lab::RunResult& result)
        : invocation_(invocation), result_(result) {}

    std::string make(Format format, const report::TextStyle& style) const {
        if (format == Format::json)
            return report::run_json(
                result_.history(), result_.judgement(), result_.histories(),
                report::JsonOptions{invocation_.has("records"), invocation_.has("all-losses")});
        return report::run_text(result_.history(), result_.judgement(), result_.metrics(),
                                report::TextInput{style, arguments_of(invocation_)});
    }

  private:
    const Invocation& invocation_;
    const lab::RunResult& result_;
};

}  // namespace

ExitStatus run_command(const Invocation& invocation) {
    const Format format = format_of(invocation);
    const report::TextStyle style = style_of(invocation);
    const std::vector<Output> outputs = outputs_of(invocation);
    lab::RunOptions options;
    options.fail_on = fail_on_of(invocation);
    options.check_invariants = invocation.has("check-invariants");
    const auto scenario = load(invocation, "run");
    if (!scenario) return ExitStatus::invalid;
    options.seed = scenario->run.seed;
    const auto disks = invocation.one("dump-disks");
    if (disks) make_empty_directory(*disks);

    const auto result = lab::run_once(*scenario, options);
    if (const auto failure = result->failure()) {
        warn(concat("acklab: bug: ", *failure, "\nscenario ", scenario->id, ", seed ", options.seed,
                    "; please report it with the scenario file"));
        return ExitStatus::bug;
    }
    if (invocation.has("twice")) {
        if (const auto difference = lab::difference_on_repeat(*scenario, options, *result)) {
            warn("acklab: bug: " + *difference);
            return ExitStatus::bug;
        }
    }
    const Reports reports(invocation, *result);
    const bool any_json = format == Format::json ||
                          std::any_of(outputs.begin(), outputs.end(), [](const Output& output) {
                              return output.format == Format::json;
                          });
    for (const char* name : {"records", "all-losses"})
        if (invocation.has(name) && !any_json && !invocation.has("quiet"))
            warn(report::say("note: --{0} changes the JSON document only: add --format json",
                             "注意：--{0} 只影响 JSON 文档：请加上 --format json",
                             std::string(name))
                     .in(style.lang));
    if (!invocation.has("quiet")) print(reports.make(format, style));
    for (const Output& output : outputs)
        write_file(output.path, reports.make(output.format, file_style_of(invocation)));
    if (disks) dump_disks(*disks, *scenario, *result);
    return result->judgement().exit;
}

}  // namespace tool
