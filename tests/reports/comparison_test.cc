// What many runs amount to: shares, ranks, pairs, and the words for them.
#include "reports/comparison.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/text.h"
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
        CHECK(report::table_of(comparison, figures).rows[0].figures[0].en ==
              "2 of 3, 67% (21-94), fault in 3 of 4");
    }

    TEST_CASE("a cell in which the fault never came about has no share and no rank") {
        RunSummary missed = one_run(0, 0);
        missed.fired = false;
        const Comparison comparison = comparison_of(
            {one_cell("1", {one_run(0), one_run(0)}), one_cell("all", {missed, missed})});
        const auto figures = report::figures_of(comparison);
        CHECK_FALSE(figures.cells[1].share.has_value());
        CHECK(figures.cheapest == std::vector<std::size_t>{0});
        CHECK(figures.pairs.empty());
        CHECK(report::any_fired(figures));
        CHECK(report::table_of(comparison, figures).rows[1].reason.en ==
              "the fault never came about");
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
        CHECK(figures.cheapest.empty());
        CHECK(report::cheapest_sentence(comparison, figures).en ==
              "No setting lost nothing under this fault.");
        const auto table = report::table_of(comparison, figures);
        CHECK(table.rows[0].figures[0].en == "n/a (no promise)");
        CHECK(table.heads[2].en == "sent and gone");
        CHECK(table.heads[3].en == "failed sends");
        CHECK(table.rows[0].figures[3].en == "n/a");
        CHECK(table.rows[0].figures[2].en == "7");
        CHECK(table.rows[1].figures[2].en == "-");
        CHECK(report::left_over_sentence(comparison, figures).en ==
              "What every setting left over: acknowledged records that were lost.");
    }

    TEST_CASE(
        "what is not modelled is one line below the table, and a shared refusal stands once") {
        ComparedCell strange = one_cell("1", {});
        strange.kafka = "0.11";
        strange.not_modelled = "Kafka 0.11 is not modelled";
        ComparedCell run = one_cell("all", {one_run(0), one_run(0)});
        run.kafka = "3.9";
        ComparedCell refused = one_cell("2", {});
        refused.kafka = "3.9";
        refused.refused = "ConfigException: no";
        const Comparison comparison = comparison_of({run, strange, strange, refused, refused});
        const auto figures = report::figures_of(comparison);
        const auto table = report::table_of(comparison, figures);
        REQUIRE(table.rows.size() == 3);
        CHECK(table.rows[1].reason.en == "n/a [1]");
        REQUIRE(table.remarks.size() == 2);
        CHECK(table.remarks[0].head.en == "[1]");
        CHECK(table.remarks[0].text.en == "ConfigException: no");
        CHECK(table.remarks[1].text.en == "2 settings: Kafka 0.11 is not modelled");
        const std::string text = report::comparison_text(comparison, figures, {});
        CHECK(text.find("Kafka 3.9 KRaft\n") != std::string::npos);
        CHECK(text.find("3 settings, ") != std::string::npos);
        CHECK(text.find("in this model of Kafka 3.9.") != std::string::npos);
        CHECK(report::comparison_markdown(comparison, figures, {})
                  .find("\n[1]: ConfigException: no\n\nnot run: 2 settings") != std::string::npos);
        // Documents have every cell.
        CHECK(report::comparison_json(comparison, figures, "compare").find("\"0.11\"") !=
              std::string::npos);
    }

    TEST_CASE("what is left over is the least of any run of the settings that rank") {
        RunSummary missed = one_run(0, 0);
        missed.fired = false;
        const Comparison comparison =
            comparison_of({one_cell("1", {one_run(0, 7'000), one_run(0, 8'000), one_run(0, 9'000)}),
                           one_cell("all", {one_run(0, 3'000), missed, missed})});
        CHECK(
            report::left_over_sentence(comparison, report::figures_of(comparison)).en ==
            "What every setting left over: at least 7.0s without a writable leader in every run.");
    }

    TEST_CASE("a run that hit the event cap is no run without the fault") {
        RunSummary capped = one_run(0);
        capped.fired = false;
        capped.capped = true;
        const Comparison comparison =
            comparison_of({one_cell("1", {capped, one_run(0)}), one_cell("all", {capped, capped})});
        const auto figures = report::figures_of(comparison);
        const auto table = report::table_of(comparison, figures);
        CHECK(table.rows[0].figures[0].en ==
              "0 of 1, at most 79%, stopped at run.maxEvents in 1 of 2");
        CHECK(table.rows[1].reason.en == "n/a: stopped at run.maxEvents in 2 of 2 runs");
        CHECK(report::comparison_csv(comparison, figures).find("stopped_at_max_events") !=
              std::string::npos);
        CHECK(report::comparison_json(comparison, figures, "compare")
                  .find("\"stoppedAtMaxEvents\": 2") != std::string::npos);
    }

    TEST_CASE("every version that is compared is named, and a row has its own") {
        ComparedCell one = one_cell("1", {one_run(0)});
        one.kafka = "3.9";
        ComparedCell other = one_cell("all", {one_run(0)});
        other.kafka = "4.1";
        const Comparison comparison = comparison_of({one, other});
        const auto figures = report::figures_of(comparison);
        CHECK(report::comparison_text(comparison, figures, {}).find("Kafka 3.9, 4.1 KRaft") !=
              std::string::npos);
        CHECK(report::comparison_csv(comparison, figures).find("\nx,4.1,acks=all,") !=
              std::string::npos);
    }

    TEST_CASE("the worst and a typical run are commands to copy") {
        ComparedCell cell = one_cell("1", {one_run(3), one_run(9), one_run(4)});
        cell.repeat_words = " --set acks=1 --faults storm";
        Comparison comparison = comparison_of({cell});
        comparison.arguments = "x.json";
        const std::string text =
            report::comparison_text(comparison, report::figures_of(comparison), {});
        CHECK(text.find("  worst run   acklab run x.json --set acks=1 --faults storm --seed 2\n") !=
              std::string::npos);
        CHECK(text.find("  typical run acklab run x.json --set acks=1 --faults storm --seed 3\n") !=
              std::string::npos);
    }

    TEST_CASE("what is out of reach but not lost is said beside the rank") {
        RunSummary run = one_run(0);
        CHECK(report::table_of(comparison_of({one_cell("1", {run, run})}),
                               report::figures_of(comparison_of({one_cell("1", {run, run})})))
                  .heads[2]
                  .en == "failed sends");
        run.fates[static_cast<std::size_t>(Fate::stranded)] = 4;
        const Comparison comparison = comparison_of({one_cell("1", {run, run})});
        const auto figures = report::figures_of(comparison);
        CHECK(report::table_of(comparison, figures).heads[2].en == "out of reach");
        CHECK(report::cheapest_sentence(comparison, figures)
                  .en.find("up to 4 acknowledged records out of reach") != std::string::npos);
    }

    TEST_CASE("where no seed changes the fault and all end alike the text says so") {
        ComparedCell cell = one_cell("1", {one_run(4), one_run(4), one_run(4)});
        CHECK(report::share_words(report::figures_of(comparison_of({cell})).cells[0]).en ==
              "3 of 3, at least 44%");
        cell.fixed_faults = true;
        CHECK(report::share_words(report::figures_of(comparison_of({cell})).cells[0]).en ==
              "3 of 3, same in all 3");
        const Comparison same = comparison_of({cell});
        const std::string document =
            report::comparison_json(same, report::figures_of(same), "compare");
        // Delays are drawn all the same: documents keep the interval.
        CHECK(document.find("\"lo\": 0.4385") != std::string::npos);
        CHECK(document.find("wilson95") != std::string::npos);
        CHECK(document.find("\"sameInAll\": true") != std::string::npos);
        const auto told = [](const Comparison& one, const char* words) {
            return report::comparison_text(one, report::figures_of(one), {}).find(words) !=
                   std::string::npos;
        };
        CHECK(told(same, "Same in all N: with faults at fixed moments"));
        Comparison aimed = same;
        aimed.aimed = true;
        CHECK(told(aimed, "Same in all N: faults come when what they wait for happens"));
        CHECK_FALSE(told(aimed, "fixed moments"));
        const auto differ = [&](const RunSummary& run) {
            ComparedCell changed = cell;
            changed.runs[1] = run;
            return report::share_words(report::figures_of(comparison_of({changed})).cells[0]).en;
        };
        CHECK(differ(one_run(5)) == "3 of 3, at least 44%");
        RunSummary diverged = one_run(4);
        diverged.verdict = report::Verdict::diverged;
        CHECK(differ(diverged) == "3 of 3, at least 44%");
        ComparedCell none = one_cell("0", {one_run(0), one_run(0)});
        none.fixed_faults = true;
        CHECK(report::share_words(report::figures_of(comparison_of({none})).cells[0]).en ==
              "no promise, same in all 2");
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
        CHECK(report::paired_sentence(comparison, figures).en ==
              "By seed: 2 seeds lost records only under acks=1, 0 only under acks=all (McNemar "
              "p=0.5): so few seeds may differ by chance (~).");
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
        CHECK(report::comparison_markdown(comparison, figures, {})
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
        CHECK(report::comparison_json(comparison, figures, "compare").find("\"done\": 1") !=
              std::string::npos);
        CHECK(report::comparison_csv(comparison, figures).find(",1,false,true\n") !=
              std::string::npos);
    }

    TEST_CASE("no line of the text is wider than asked for") {
        const Comparison comparison = comparison_of(
            {one_cell("0", {one_run(0), one_run(0)}), one_cell("1", {one_run(1), one_run(44)})});
        const auto figures = report::figures_of(comparison);
        for (const std::size_t width : {60U, 90U, 200U}) {
            report::TextStyle style;
            style.width = width;
            const std::string text = report::comparison_text(comparison, figures, style);
            for (const std::string_view line : core::split(text, '\n'))
                CHECK(report::display_width(line) <= width);
        }
    }
}
