/// The table of a comparison as words, before it is laid out as text or Markdown.
#pragma once

#include <string>
#include <vector>

#include "reports/comparison.h"

namespace report {

struct ComparisonRow {
    std::vector<std::string> settings;
    Text reason;                ///< in place of all figures, where there are none
    std::vector<Text> figures;  ///< one for each head, or none
};

/// A line below the table.
struct TableRemark {
    Text head;  ///< "[1]", which rows name, or "not run"
    Text text;
};

struct ComparisonTable {
    std::vector<std::string> labels;  ///< of the settings
    std::vector<Text> heads;          ///< of the figures
    std::vector<ComparisonRow> rows;  ///< none for a setting that is not modelled
    std::vector<TableRemark> remarks = {};
};

ComparisonTable table_of(const Comparison& comparison, const ComparisonFigures& figures);

/// "12 of 20, 60% (39-78)", "0 of 20, at most 16%", "5 of 5, same in all 5"; of a cell
/// without a share "n/a (no promise)" or "no promise, same in all 5".
Text share_words(const CellFigures& figures);
/// Why a cell that was run has no figures.
Text why_no_figures(const CellFigures& figures);
/// A time with two or three digits: "8.1s", "870us".
std::string time_words(std::int64_t ns);
/// What happened to the cluster: "leader dies at a random moment", "its own steps (kill-leader)".
Text fault_words(const Comparison& comparison);
/// How the seeds of the only pair of settings differ; "" where there are more, or none.
Text paired_sentence(const Comparison& comparison, const ComparisonFigures& figures);
/// What a reader has to know of every figure; a sentence each.
std::vector<Text> reading_sentences(const Comparison& comparison, const ComparisonFigures& figures);

}  // namespace report
