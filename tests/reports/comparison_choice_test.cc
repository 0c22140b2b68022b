// Which setting a comparison names as the cheapest, and what is said of it.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/text.h"
#include "reports/comparison.h"
#include "reports/comparison_table.h"
#include "tests/reports/compared_cells.h"

namespace {

using compared_cells::comparison_of;
using compared_cells::one_cell;
using compared_cells::one_run;
using report::ComparedCell;
using report::Comparison;
using report::Fate;
using report::RunSummary;

}  // namespace

TEST_SUITE("report.comparison") {
    TEST_CASE("the cheapest is that with the least time without a leader, then p99") {
        RunSummary slow = one_run(0, 5'000);
        slow.latency_p99 = core::from_ms(20);
        const std::vector<RunSummary> lossy = {one_run(1, 1'000), one_run(0, 1'000)};
        const Comparison comparison = comparison_of(
            {one_cell("a", lossy), one_cell("b", {one_run(0, 6'000), one_run(0, 6'000)}),
             one_cell("c", {slow, slow}), one_cell("d", {one_run(0, 5'000), one_run(0, 5'000)})});
        const auto figures = report::figures_of(comparison);
        CHECK(figures.cheapest == std::vector<std::size_t>{3});
        CHECK(report::cheapest_sentence(comparison, figures).en ==
              "The cheapest setting that lost nothing under this fault is acks=d: no send "
              "failed, no writable leader for 5.0s, "
              "acknowledgements p99 9.0ms; none lost in 2 runs, and a true share up to 66% would "
              "look the same.");
        CHECK(
            report::left_over_sentence(comparison, figures).en ==
            "What every setting left over: at least 1.0s without a writable leader in every run.");
    }

    TEST_CASE("failed sends are no price, but said of the setting that is named") {
        RunSummary refusing = one_run(0, 0);
        refusing.fates[static_cast<std::size_t>(Fate::refused)] = 900;
        refusing.fates[static_cast<std::size_t>(Fate::unknown)] = 90;
        refusing.fates[static_cast<std::size_t>(Fate::ghost)] = 10;
        const Comparison comparison = comparison_of(
            {one_cell("a", {refusing, refusing}), one_cell("b", {one_run(0), one_run(0)})});
        const auto figures = report::figures_of(comparison);
        CHECK(figures.cheapest == std::vector<std::size_t>{0});
        const auto table = report::table_of(comparison, figures);
        CHECK(table.heads[2].en == "failed sends");
        CHECK(table.heads[3].en == "no writable leader");
        CHECK(table.rows[0].figures[2].en == "1000");
        CHECK(table.rows[0].figures[3].en == "0s");
        const std::string document = report::comparison_json(comparison, figures, "compare");
        CHECK(document.find("\"failedPerRun\"") != std::string::npos);
        CHECK(document.find("\"refusedPerRun\"") != std::string::npos);
        const Comparison alone = comparison_of({one_cell("a", {refusing, refusing})});
        const auto own = report::figures_of(alone);
        CHECK(report::cheapest_sentence(alone, own).en.find("1000 failed sends a run, always a") !=
              std::string::npos);
        CHECK(report::left_over_sentence(alone, own).en ==
              "What every setting left over: failed sends.");
    }

    TEST_CASE("a cheapest setting that gives up a safeguard is named with a caution") {
        RunSummary quick = one_run(0, 1'000);
        ComparedCell risky = one_cell("all", {quick, quick});
        risky.settings.push_back({"unclean", "true", "true"});
        risky.strictness = {true, 1, false};
        ComparedCell half = one_cell("all", {one_run(0), one_run(0)});
        half.settings.push_back({"unclean", "maybe", "3"});
        half.strictness = {true, 1, true};
        ComparedCell careful = one_cell("all", {one_run(0), one_run(0)});
        careful.settings.push_back({"unclean", "false", "false"});
        careful.strictness = {true, 2, true};
        Comparison comparison = comparison_of({risky, half, careful});
        auto figures = report::figures_of(comparison);
        CHECK(figures.cheapest == std::vector<std::size_t>{0});
        CHECK(report::caution_sentence(comparison, figures).en ==
              "Caution: it gives up what acks=all unclean=false keeps, also without loss "
              "(min.insync.replicas=1, unclean election is on); another fault may take "
              "acknowledged records under it.");
        CHECK(report::cheapest_sentence(comparison, figures).zh.find("unclean 选举已开启") !=
              std::string::npos);
        // The others lose: then all that lost nothing go without.
        comparison.cells[1].runs = {one_run(1), one_run(1)};
        comparison.cells[2].runs = comparison.cells[1].runs;
        figures = report::figures_of(comparison);
        CHECK(report::caution_sentence(comparison, figures)
                  .en.find("Caution: all that lost nothing here go without a safeguard") == 0);
        CHECK(report::comparison_json(comparison, figures, "compare").find("go without a") !=
              std::string::npos);
    }

    TEST_CASE("a test in which hardly anything is sent once the fault has come says little") {
        const auto sentence = [](std::int32_t since) {
            RunSummary run = one_run(0);
            run.sent = 500;
            run.sent_since_fault = since;
            const Comparison comparison = comparison_of({one_cell("all", {run, run})});
            return report::few_sends_sentence(report::figures_of(comparison)).en;
        };
        CHECK(sentence(0).find("No record was sent during or after the fault") == 0);
        CHECK(sentence(4).find("Only 8 of 1000 records were sent") == 0);
        CHECK(sentence(5).empty());
    }

    TEST_CASE("settings that were run and cannot be judged are named") {
        RunSummary missed = one_run(0);
        missed.fired = false;
        const Comparison comparison = comparison_of(
            {one_cell("1", {one_run(0), one_run(0)}), one_cell("all", {missed, missed}),
             one_cell("0", {missed, missed}), one_cell("2", {one_run(0), missed})});
        const auto figures = report::figures_of(comparison);
        CHECK(report::not_judged_sentence(comparison, figures).en ==
              "Not judged: acks=all; acks=0: the fault never came about there; acks=2: the fault "
              "came about in fewer than nine of ten of the runs there.");
        CHECK(report::cheapest_sentence(comparison, figures).en.find("Not judged:") !=
              std::string::npos);
        CHECK(report::comparison_json(comparison, figures, "compare").find("\"notJudged\"") !=
              std::string::npos);
    }

    TEST_CASE("settings that are not judged are named by an axis, and count for a caution") {
        RunSummary missed = one_run(0);
        missed.fired = false;
        const auto cell = [](const std::string& acks, const char* min_isr, const RunSummary& run) {
            ComparedCell out = one_cell(acks, {run, run});
            out.settings.push_back({"min.isr", min_isr, min_isr});
            out.strictness = {acks == "all", 2, true};
            return out;
        };
        Comparison comparison =
            comparison_of({cell("1", "1", one_run(0)), cell("1", "2", one_run(0)),
                           cell("all", "1", missed), cell("all", "2", missed)});
        CHECK(report::not_judged_sentence(comparison, report::figures_of(comparison)).en ==
              "Not judged: acks=all: the fault never came about there.");
        CHECK(report::caution_sentence(comparison, report::figures_of(comparison)).en ==
              "Caution: all that lost nothing here go without a safeguard (acks is below all); "
              "another fault may take acknowledged records under each of them.");
        comparison.cells[3] = cell("all", "2", one_run(0, 99'000));
        CHECK(report::not_judged_sentence(comparison, report::figures_of(comparison)).en ==
              "Not judged: acks=all min.isr=1: the fault never came about there.");
        // A value of which all stand so, then the rest.
        comparison.cells.insert(comparison.cells.begin(),
                                {cell("0", "1", missed), cell("0", "2", missed)});
        CHECK(report::not_judged_sentence(comparison, report::figures_of(comparison)).en ==
              "Not judged: acks=0; acks=all min.isr=1: the fault never came about there.");
    }

    TEST_CASE("a setting is judged over all values of what nobody chooses") {
        const auto cell = [](const std::string& acks, const std::string& pause, std::int32_t lost,
                             std::int64_t gap_ms) {
            ComparedCell out = one_cell(acks, {one_run(lost, gap_ms), one_run(lost, gap_ms)});
            out.settings.push_back({"pause", pause, core::concat("\"", pause, "\""), false});
            return out;
        };
        Comparison comparison =
            comparison_of({cell("1", "5s", 0, 1'000), cell("1", "9s", 3, 1'000),
                           cell("all", "5s", 0, 5'000), cell("all", "9s", 0, 5'000)});
        auto figures = report::figures_of(comparison);
        REQUIRE(figures.candidates.size() == 2);
        CHECK(figures.cheapest == std::vector<std::size_t>{1});
        CHECK(report::cheapest_sentence(comparison, figures)
                  .en.find("under this fault at every pause is acks=all: ") != std::string::npos);
        CHECK(report::comparison_json(comparison, figures, "compare")
                  .find("\"cheapest\": {\n    \"acks\": \"all\"\n  }") != std::string::npos);
        comparison.cells[3].runs = {one_run(1), one_run(0)};
        figures = report::figures_of(comparison);
        CHECK(report::cheapest_sentence(comparison, figures).en ==
              "No setting lost nothing under this fault at every pause.");
        CHECK(report::safest_losing(comparison, figures) == 3);
        // A value at which the fault did not come about, or that was left out.
        for (RunSummary& run : comparison.cells[3].runs) run.fired = false;
        CHECK(report::not_judged_sentence(comparison, report::figures_of(comparison)).en ==
              "Not judged: acks=all: the fault never came about there.");
        comparison.cells.pop_back();
        CHECK(report::not_judged_sentence(comparison, report::figures_of(comparison)).en ==
              "Not judged: acks=all: not run under all that the others met.");
    }

    TEST_CASE("settings whose price reads alike are named together, the safer one first") {
        // A tenth of a millisecond is no difference that a reader sees.
        const auto run = [](std::int64_t us) {
            RunSummary out = one_run(0, 5'000);
            out.latency_p99 = core::Duration(us * 1'000);
            return out;
        };
        ComparedCell loose = one_cell("all", {run(20'000), run(20'000)});
        loose.settings.push_back({"min.isr", "1", "1"});
        loose.strictness = {true, 1, true};
        ComparedCell strict = one_cell("all", {run(20'010), run(20'010)});
        strict.settings.push_back({"min.isr", "2", "2"});
        strict.strictness = {true, 2, true};
        const Comparison comparison =
            comparison_of({loose, one_cell("1", {run(29'000), run(29'000)}), strict});
        const auto figures = report::figures_of(comparison);
        CHECK(figures.cheapest == std::vector<std::size_t>{2, 0});
        CHECK(report::cheapest_sentence(comparison, figures)
                  .en.find("is acks=all min.isr=2 (alike to the digit: acks=all "
                           "min.isr=1): no send") != std::string::npos);
    }

    TEST_CASE("where nothing can be compared the reason is said") {
        RunSummary missed = one_run(0);
        missed.fired = false;
        const auto sentence = [](const std::vector<ComparedCell>& cells) {
            const Comparison comparison = comparison_of(cells);
            return report::cheapest_sentence(comparison, report::figures_of(comparison)).en;
        };
        CHECK(sentence({one_cell("1", {missed, missed})}) ==
              "Nothing can be compared: the fault never came about.");
        ComparedCell strange = one_cell("1", {});
        strange.not_modelled = "Kafka 0.9 is not modelled";
        CHECK(sentence({strange}) ==
              "Nothing can be compared: Kafka refuses every setting, or it is not modelled.");
        CHECK(sentence({one_cell("1", {missed, one_run(0)})}).find("nine of ten") !=
              std::string::npos);
        CHECK(sentence({one_cell("1", {one_run(1), one_run(0)})}) ==
              "No setting lost nothing under this fault.");
    }
}
