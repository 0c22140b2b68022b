// What many runs amount to: shares, ranks, pairs, and the words for them.
#include "reports/comparison.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/text.h"
#include "reports/comparison_table.h"
#include "scenarios/read.h"

namespace {

using report::ComparedCell;
using report::Comparison;
using report::Fate;
using report::RunSummary;

const scenario::Scenario& base() {
    static const scenario::Scenario kScenario = [] {
        auto result = scenario::read_scenario("x.json", R"({"scenario": 1, "id": "x",
            "kafka": {"version": "3.9"}, "run": {"end": "9s"},
            "cluster": {"brokers": [{"id": 1}]},
            "topics": [{"name": "t", "partitions": 1}],
            "steps": [{"id": "kill", "at": "2s", "do": "crash", "target": {"broker": 1}}]})");
        REQUIRE(result.scenario.has_value());
        return std::move(*result.scenario);
    }();
    return kScenario;
}

RunSummary one_run(std::int32_t lost, std::int64_t gap_ms = 8'000) {
    RunSummary run;
    run.done = true;
    run.fired = true;
    run.fates[static_cast<std::size_t>(Fate::lost)] = lost;
    run.fates[static_cast<std::size_t>(Fate::kept)] = 100 - lost;
    run.unavailable_write = core::from_ms(gap_ms);
    run.latency_p50 = core::from_ms(1);
    run.latency_p99 = core::from_ms(9);
    return run;
}

ComparedCell one_cell(const std::string& acks, std::vector<RunSummary> runs) {
    ComparedCell cell;
    cell.settings = {{"acks", acks, core::concat("\"", acks, "\"")}};
    cell.promises = acks != "0";
    cell.has_acks0 = acks == "0";
    cell.runs = std::move(runs);
    return cell;
}

Comparison comparison_of(std::vector<ComparedCell> cells) {
    Comparison out{base()};
    out.seeds = static_cast<std::int64_t>(cells.front().runs.size());
    out.cells = std::move(cells);
    return out;
}

}  // namespace

TEST_SUITE("report.comparison") {
    TEST_CASE("a share is of the runs in which the fault happened") {
        RunSummary missed = one_run(0);
        missed.fired = false;
        const Comparison comparison =
            comparison_of({one_cell("1", {one_run(3), missed, one_run(0), one_run(5)})});
        const auto figures = report::figures_of(comparison);
        const report::CellFigures& cell = figures.cells[0];
        CHECK(cell.done == 4);
        CHECK(cell.fired == 3);
        CHECK(cell.lossy == 2);
        CHECK(cell.lost.most == 5);
        CHECK(cell.lost.median == 3);
        CHECK(cell.worst_seed == 4);
        CHECK(cell.typical_seed == 1);
        CHECK(figures.runs == 4);
        CHECK(figures.inconclusive == 1);
        // Three of four is too few for a rank.
        CHECK_FALSE(cell.ranked);
        CHECK(report::table_of(comparison, figures).rows[0].figures[0] ==
              "2 of 3, 67% (21-94), fault in 3 of 4");
    }

    TEST_CASE("a cell in which the fault never came about has no share and no rank") {
        RunSummary missed = one_run(0, 0);
        missed.fired = false;
        const Comparison comparison = comparison_of(
            {one_cell("1", {one_run(0), one_run(0)}), one_cell("all", {missed, missed})});
        const auto figures = report::figures_of(comparison);
        CHECK_FALSE(figures.cells[1].share.has_value());
        CHECK(figures.cheapest == 0);
        CHECK(figures.pairs.empty());
        CHECK(report::any_fired(figures));
        CHECK(report::table_of(comparison, figures).rows[1].reason == "the fault never came about");
        const Comparison none = comparison_of({one_cell("all", {missed, missed})});
        CHECK_FALSE(report::any_fired(report::figures_of(none)));
    }

    TEST_CASE("acks=0 promises nothing and never counts as one that lost nothing") {
        RunSummary gone = one_run(0, 0);
        gone.acks0_lost = 7;
        const Comparison comparison =
            comparison_of({one_cell("0", {gone, gone}), one_cell("1", {one_run(1), one_run(0)})});
        const auto figures = report::figures_of(comparison);
        CHECK_FALSE(figures.cells[0].share.has_value());
        CHECK_FALSE(figures.cheapest.has_value());
        CHECK(report::cheapest_sentence(comparison, figures) == "No setting lost nothing.");
        const auto table = report::table_of(comparison, figures);
        CHECK(table.rows[0].figures[0] == "n/a (no promise)");
        CHECK(table.heads[2] == "sent and gone");
        CHECK(table.rows[0].figures[2] == "7");
        CHECK(table.rows[1].figures[2] == "-");
        CHECK(report::left_over_sentence(comparison, figures) ==
              "What every setting left over: acknowledged records that were lost.");
    }

    TEST_CASE("the cheapest is that with the least time without writes, then p99") {
        RunSummary slow = one_run(0, 5'000);
        slow.latency_p99 = core::from_ms(20);
        const std::vector<RunSummary> lossy = {one_run(1, 1'000), one_run(0, 1'000)};
        const Comparison comparison = comparison_of(
            {one_cell("a", lossy), one_cell("b", {one_run(0, 6'000), one_run(0, 6'000)}),
             one_cell("c", {slow, slow}), one_cell("d", {one_run(0, 5'000), one_run(0, 5'000)})});
        const auto figures = report::figures_of(comparison);
        CHECK(figures.cheapest == 3);
        CHECK(report::cheapest_sentence(comparison, figures) ==
              "The cheapest setting that lost nothing is acks=d: writes unavailable 5.0s, "
              "acknowledgements p99 9.0ms; none lost in 2 runs, and a true share up to 66% would "
              "look the same.");
        CHECK(report::left_over_sentence(comparison, figures) ==
              "What every setting left over: at least 1.0s without writes.");
    }

    TEST_CASE("what is out of reach but not lost is said beside the rank") {
        RunSummary run = one_run(0);
        CHECK(report::table_of(comparison_of({one_cell("1", {run, run})}),
                               report::figures_of(comparison_of({one_cell("1", {run, run})})))
                  .heads[2] == "no writes");
        run.fates[static_cast<std::size_t>(Fate::stranded)] = 4;
        const Comparison comparison = comparison_of({one_cell("1", {run, run})});
        const auto figures = report::figures_of(comparison);
        CHECK(report::table_of(comparison, figures).heads[2] == "out of reach");
        CHECK(report::cheapest_sentence(comparison, figures)
                  .find("up to 4 acknowledged records out of reach") != std::string::npos);
    }

    TEST_CASE("where no seed changes the fault and all end alike there is no interval") {
        ComparedCell cell = one_cell("1", {one_run(4), one_run(4), one_run(4)});
        CHECK(report::share_words(report::figures_of(comparison_of({cell})).cells[0]) ==
              "3 of 3, at least 44%");
        cell.fixed_faults = true;
        CHECK(report::share_words(report::figures_of(comparison_of({cell})).cells[0]) ==
              "3 of 3, same in all 3");
        const Comparison same = comparison_of({cell});
        const std::string document =
            report::comparison_json(same, report::figures_of(same), "compare");
        CHECK(document.find("\"method\": \"same-in-all\"") != std::string::npos);
        CHECK(document.find("wilson95") == std::string::npos);
        cell.runs[1] = one_run(5);
        CHECK(report::share_words(report::figures_of(comparison_of({cell})).cells[0]) ==
              "3 of 3, at least 44%");
    }

    TEST_CASE("settings that differ in one axis are compared by seeds") {
        const Comparison comparison =
            comparison_of({one_cell("1", {one_run(1), one_run(1), one_run(0), one_run(1)}),
                           one_cell("all", {one_run(0), one_run(1), one_run(0), one_run(0)})});
        const auto figures = report::figures_of(comparison);
        REQUIRE(figures.pairs.size() == 1);
        CHECK(figures.pairs[0].seeds.only_a == 2);
        CHECK(figures.pairs[0].seeds.only_b == 0);
        CHECK(figures.pairs[0].seeds.both == 1);
        CHECK(figures.pairs[0].p == 0.5);
        CHECK(report::paired_sentence(comparison, figures) ==
              "By seed: 2 lost records only under acks=1, 0 only under acks=all (McNemar p=0.5): "
              "no clear difference (~).");
    }

    TEST_CASE("of very many pairs only those with the next value are kept") {
        std::vector<ComparedCell> cells;
        cells.reserve(60);
        for (int i = 0; i < 60; ++i) cells.push_back(one_cell(core::to_text(i + 1), {one_run(0)}));
        CHECK(report::figures_of(comparison_of(cells)).pairs.size() == 59);
        cells.resize(40);
        CHECK(report::figures_of(comparison_of(cells)).pairs.size() == 780);
    }

    TEST_CASE("what Kafka refuses is shown with its reason, in every format") {
        ComparedCell refused = one_cell("1", {});
        refused.refused = "Kafka refuses this | producer";
        const Comparison comparison =
            comparison_of({one_cell("all", {one_run(0), one_run(0)}), refused});
        const auto figures = report::figures_of(comparison);
        CHECK(report::comparison_text(comparison, figures, {})
                  .find("n/a: Kafka refuses this | producer") != std::string::npos);
        CHECK(report::comparison_markdown(comparison, figures)
                  .find("| 1 | n/a: Kafka refuses this \\| producer |  |") != std::string::npos);
        CHECK(report::comparison_csv(comparison, figures)
                  .find("kill),0,0,refused_by_kafka,,Kafka refuses this | producer,") !=
              std::string::npos);
        CHECK(report::comparison_json(comparison, figures, "compare")
                  .find("\"refusedByKafka\": \"Kafka refuses this | producer\"") !=
              std::string::npos);
    }

    TEST_CASE("an interrupted comparison says so, and what was not run has no figures") {
        Comparison comparison = comparison_of({one_cell("1", {one_run(1), RunSummary{}}),
                                               one_cell("all", {RunSummary{}, RunSummary{}})});
        comparison.partial = true;
        const auto figures = report::figures_of(comparison);
        const std::string text = report::comparison_text(comparison, figures, {});
        CHECK(text.find("PARTIAL") != std::string::npos);
        CHECK(text.find("not run") != std::string::npos);
        CHECK(report::comparison_json(comparison, figures, "compare").find("\"partial\": true") !=
              std::string::npos);
    }

    TEST_CASE("no line of the text is wider than asked for") {
        const Comparison comparison = comparison_of(
            {one_cell("0", {one_run(0), one_run(0)}), one_cell("1", {one_run(1), one_run(44)})});
        const auto figures = report::figures_of(comparison);
        for (const std::size_t width : {60U, 90U, 200U}) {
            report::TextStyle style;
            style.width = width;
            for (const std::string_view line :
                 core::split(report::comparison_text(comparison, figures, style), '\n'))
                CHECK(report::display_width(line) <= width);
        }
    }
}
