// A comparison as a person reads it: on a terminal, in a pull request, in a spreadsheet.
#include <algorithm>

#include "core/base/text.h"
#include "reports/comparison.h"
#include "reports/comparison_table.h"
#include "reports/expect.h"
#include "reports/words.h"

namespace report {
namespace {

using core::concat;

constexpr std::size_t kHead = 12;     // columns of a row's name below the table
constexpr std::size_t kHeadMost = 8;  // columns of a head, unless its figures are wider

std::string title_of(const Comparison& comparison, const TextStyle& style) {
    const scenario::Scenario& s = comparison.scenario;
    const std::string& own = s.title.in(style.lang);
    return own.empty() ? s.id : own;
}

Text extent_of(const Comparison& comparison, const ComparisonFigures& figures) {
    const auto modelled = static_cast<std::size_t>(
        std::count_if(comparison.cells.begin(), comparison.cells.end(),
                      [](const ComparedCell& cell) { return cell.not_modelled.empty(); }));
    const std::size_t cells = modelled == 0 ? comparison.cells.size() : modelled;
    Text out = say(cells == 1 ? "{0} setting, " : "{0} settings, ", "{0} 种配置，", cells);
    out += say(
        comparison.seeds == 1 ? "{0} seed from {1}, {2} runs" : "{0} seeds from {1}, {2} runs",
        "从 {1} 起 {0} 个种子，{2} 次运行", comparison.seeds, comparison.first_seed, figures.runs);
    if (comparison.partial) out += say(", PARTIAL: interrupted", "，不完整：被中断");
    return out;
}

struct Column {
    std::vector<std::string> head;  // lines
    std::size_t width = 0;
};

/// A head over words.
Column column_of(const std::string& head, const std::vector<std::string>& words) {
    Column column;
    for (const std::string& word : words)
        column.width = std::max(column.width, display_width(word));
    column.head = wrapped(head, std::max(column.width, kHeadMost));
    for (const std::string& line : column.head)
        column.width = std::max(column.width, display_width(line));
    return column;
}

/// The table, in several parts one below the other where the width does not hold it.
class TableText {
  public:
    TableText(const ComparisonTable& table, const TextStyle& style) : table_(table), style_(style) {
        for (std::size_t i = 0; i < table.labels.size(); ++i) {
            std::vector<std::string> words;
            for (const ComparisonRow& row : table.rows)
                if (i < row.settings.size()) words.push_back(row.settings[i]);
            settings_.push_back(column_of(table.labels[i], words));
        }
        for (std::size_t i = 0; i < table.heads.size(); ++i) {
            std::vector<std::string> words;
            for (const ComparisonRow& row : table.rows)
                if (i < row.figures.size()) words.push_back(row.figures[i].in(style.lang));
            figures_.push_back(column_of(table.heads[i].in(style.lang), words));
        }
    }

    std::string make() {
        for (std::size_t from = 0; from < figures_.size();) {
            std::size_t used = settings_width();
            std::size_t to = from;
            while (to < figures_.size() &&
                   (to == from || used + 2 + figures_[to].width <= style_.width))
                used += 2 + figures_[to++].width;
            if (from > 0) out_ += "\n";
            add_part(from, to);
            from = to;
        }
        return std::move(out_);
    }

  private:
    std::size_t settings_width() const {
        std::size_t width = 0;
        for (const Column& column : settings_) width += 2 + column.width;
        return width;
    }

    void add_line(std::string line) {
        while (!line.empty() && line.back() == ' ') line.pop_back();
        out_ += line + "\n";
    }

    void add_part(std::size_t from, std::size_t to) {
        std::vector<const Column*> columns;
        for (const Column& column : settings_) columns.push_back(&column);
        for (std::size_t i = from; i < to; ++i) columns.push_back(&figures_[i]);
        std::size_t lines = 1;
        for (const Column* column : columns) lines = std::max(lines, column->head.size());
        std::string rule;
        for (std::size_t l = 0; l < lines; ++l) {
            std::string line;
            for (const Column* column : columns) {
                const std::size_t blank = lines - column->head.size();
                line +=
                    "  " + padded_right(l < blank ? "" : column->head[l - blank], column->width);
            }
            add_line(line);
        }
        for (const Column* column : columns) rule += "  " + std::string(column->width, '-');
        add_line(rule);
        for (const ComparisonRow& row : table_.rows) add_row(row, from, to);
    }

    void add_row(const ComparisonRow& row, std::size_t from, std::size_t to) {
        std::string line;
        for (std::size_t i = 0; i < row.settings.size(); ++i)
            line += "  " + padded_right(row.settings[i], settings_[i].width);
        if (row.figures.empty()) {
            if (from > 0) return;
            TextStyle plain;
            plain.width = style_.width;
            out_ += hanging(line + "  ", row.reason.in(style_.lang), plain);
            return;
        }
        for (std::size_t i = from; i < to; ++i)
            line += "  " + padded_right(row.figures[i].in(style_.lang), figures_[i].width);
        add_line(line);
    }

    const ComparisonTable& table_;
    const TextStyle& style_;
    std::vector<Column> settings_;
    std::vector<Column> figures_;
    std::string out_;
};

std::string row(const Text& head, const Text& text, const TextStyle& style) {
    return hanging(concat("  ", padded_right(head.in(style.lang), kHead)), text.in(style.lang),
                   style);
}

/// Commands that repeat the run that lost most, and a typical one of that setting.
std::string next_commands(const Comparison& comparison, const ComparisonFigures& figures,
                          const TextStyle& style) {
    std::size_t worst = 0;
    for (std::size_t i = 1; i < figures.cells.size(); ++i)
        if (figures.cells[i].lost.most > figures.cells[worst].lost.most) worst = i;
    const CellFigures& cell = figures.cells[worst];
    if (!cell.worst_seed) return "";
    const auto line = [&](const Text& head, std::uint64_t seed) {
        return concat("  ", padded_right(head.in(style.lang), kHead), "acklab run ",
                      comparison.arguments, comparison.cells[worst].repeat_words, " --seed ", seed,
                      "\n");
    };
    std::string out = line(say("worst run", "最差运行"), *cell.worst_seed);
    if (cell.typical_seed != cell.worst_seed)
        out += line(say("typical run", "典型运行"), *cell.typical_seed);
    return out;
}

std::string markdown_cell(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
    return out;
}

std::string markdown_row(const std::vector<std::string>& words) {
    std::string out = "|";
    for (const std::string& word : words) out += concat(" ", markdown_cell(word), " |");
    return out + "\n";
}

}  // namespace

std::string comparison_text(const Comparison& comparison, const ComparisonFigures& figures,
                            const TextStyle& style) {
    std::string out = concat(inked(title_of(comparison, style), Ink::bold, style), "   Kafka ",
                             core::join(modelled_versions_of(comparison), ", "), " KRaft\n");
    out += hanging(say("given: ", "前提：").in(style.lang), fault_words(comparison).in(style.lang),
                   style);
    out += concat(extent_of(comparison, figures).in(style.lang), "\n\n");
    const ComparisonTable table = table_of(comparison, figures);
    if (!table.rows.empty()) out += TableText(table, style).make() + "\n";
    for (const TableRemark& remark : table.remarks) out += row(remark.head, remark.text, style);
    out += row(say("cheapest", "代价最小"), cheapest_sentence(comparison, figures), style);
    out += row(say("left over", "留下的代价"), left_over_sentence(comparison, figures), style);
    const Text paired = paired_sentence(comparison, figures);
    if (!paired.empty()) out += row(say("paired", "成对比较"), paired, style);
    Text head = say("reading", "如何读");
    for (const Text& sentence : reading_sentences(comparison, figures)) {
        out += row(head, sentence, style);
        head = {};
    }
    return out + next_commands(comparison, figures, style);
}

std::string comparison_markdown(const Comparison& comparison, const ComparisonFigures& figures,
                                const TextStyle& style) {
    const ComparisonTable table = table_of(comparison, figures);
    const auto told = [&](const Text& text) { return text.in(style.lang); };
    const auto paragraph = [&](const Text& text) { return told(text) + "\n\n"; };
    std::string out = concat("**", title_of(comparison, style), "** ");
    out += paragraph(say("(Kafka {0}, {1})", "（Kafka {0}，{1}）",
                         core::join(modelled_versions_of(comparison), ", "),
                         extent_of(comparison, figures)));
    out += paragraph(say("Given: {0}", "前提：{0}", fault_words(comparison)));
    std::vector<std::string> heads = table.labels;
    for (const Text& head : table.heads) heads.push_back(told(head));
    out += markdown_row(heads);
    out += markdown_row(std::vector<std::string>(heads.size(), "---"));
    for (const ComparisonRow& one : table.rows) {
        std::vector<std::string> words = one.settings;
        if (one.figures.empty()) words.push_back(told(one.reason));
        for (const Text& figure : one.figures) words.push_back(told(figure));
        words.resize(heads.size());
        out += markdown_row(words);
    }
    if (!table.remarks.empty()) out += "\n";
    for (const TableRemark& remark : table.remarks)
        out += told(say("{0}: {1}", "{0}：{1}", remark.head, remark.text)) + "\n\n";
    out += concat(table.remarks.empty() ? "\n" : "", told(cheapest_sentence(comparison, figures)),
                  " ");
    out += paragraph(left_over_sentence(comparison, figures));
    const Text paired = paired_sentence(comparison, figures);
    if (!paired.empty()) out += paragraph(paired);
    for (const Text& sentence : reading_sentences(comparison, figures))
        out += told(sentence) + "\n";
    const std::string next = next_commands(comparison, figures, style);
    if (!next.empty()) out += concat("\n```\n", next, "```\n");
    return out;
}

}  // namespace report
