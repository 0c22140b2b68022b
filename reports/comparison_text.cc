// A comparison as a person reads it: on a terminal, in a pull request, in a spreadsheet.
#include <algorithm>

#include "core/base/text.h"
#include "reports/comparison.h"
#include "reports/comparison_table.h"
#include "reports/expect.h"

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

std::string extent_of(const Comparison& comparison, const ComparisonFigures& figures) {
    const std::size_t cells = comparison.cells.size();
    std::string out = concat(cells, cells == 1 ? " setting, " : " settings, ", comparison.seeds,
                             comparison.seeds == 1 ? " seed" : " seeds", " from ",
                             comparison.first_seed, ", ", figures.runs, " runs");
    if (comparison.partial) out += ", PARTIAL: interrupted";
    return out;
}

struct Column {
    std::vector<std::string> head;  // lines
    std::size_t width = 0;
};

Column column_of(const std::string& head, const ComparisonTable& table, std::size_t index,
                 bool setting) {
    Column column;
    for (const ComparisonRow& row : table.rows) {
        const auto& words = setting ? row.settings : row.figures;
        if (index < words.size())
            column.width = std::max(column.width, display_width(words[index]));
    }
    column.head = wrapped(head, std::max(column.width, kHeadMost));
    for (const std::string& line : column.head)
        column.width = std::max(column.width, display_width(line));
    return column;
}

/// The table, in several parts one below the other where the width does not hold it.
class TableText {
  public:
    TableText(const ComparisonTable& table, std::size_t width) : table_(table), width_(width) {
        for (std::size_t i = 0; i < table.labels.size(); ++i)
            settings_.push_back(column_of(table.labels[i], table, i, true));
        for (std::size_t i = 0; i < table.heads.size(); ++i)
            figures_.push_back(column_of(table.heads[i], table, i, false));
    }

    std::string make() {
        for (std::size_t from = 0; from < figures_.size();) {
            std::size_t used = settings_width();
            std::size_t to = from;
            while (to < figures_.size() && (to == from || used + 2 + figures_[to].width <= width_))
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
            TextStyle style;
            style.width = width_;
            out_ += hanging(line + "  ", row.reason, style);
            return;
        }
        for (std::size_t i = from; i < to; ++i)
            line += "  " + padded_right(row.figures[i], figures_[i].width);
        add_line(line);
    }

    const ComparisonTable& table_;
    std::size_t width_;
    std::vector<Column> settings_;
    std::vector<Column> figures_;
    std::string out_;
};

std::string row(std::string_view head, std::string_view text, const TextStyle& style) {
    return hanging(concat("  ", padded_right(head, kHead)), text, style);
}

/// Commands that repeat the run that lost most, and a typical one of that setting.
std::string next_commands(const Comparison& comparison, const ComparisonFigures& figures) {
    std::size_t worst = 0;
    for (std::size_t i = 1; i < figures.cells.size(); ++i)
        if (figures.cells[i].lost.most > figures.cells[worst].lost.most) worst = i;
    const CellFigures& cell = figures.cells[worst];
    if (!cell.worst_seed) return "";
    const auto line = [&](std::string_view head, std::uint64_t seed) {
        return concat("  ", padded_right(head, kHead), "acklab run ", comparison.arguments,
                      comparison.cells[worst].repeat_words, " --seed ", seed, "\n");
    };
    std::string out = line("worst run", *cell.worst_seed);
    if (cell.typical_seed != cell.worst_seed) out += line("typical run", *cell.typical_seed);
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
                             core::join(versions_of(comparison), ", "), " KRaft\n");
    out += hanging("given: ", fault_words(comparison), style);
    out += concat(extent_of(comparison, figures), "\n\n");
    out += TableText(table_of(comparison, figures), style.width).make();
    out += "\n";
    out += row("cheapest", cheapest_sentence(comparison, figures), style);
    out += row("left over", left_over_sentence(comparison, figures), style);
    const std::string paired = paired_sentence(comparison, figures);
    if (!paired.empty()) out += row("paired", paired, style);
    std::string_view head = "reading";
    for (const std::string& sentence : reading_sentences(comparison, figures)) {
        out += row(head, sentence, style);
        head = "";
    }
    return out + next_commands(comparison, figures);
}

std::string comparison_markdown(const Comparison& comparison, const ComparisonFigures& figures) {
    const ComparisonTable table = table_of(comparison, figures);
    const TextStyle style;
    std::string out = concat(
        "**", title_of(comparison, style), "** (Kafka ", core::join(versions_of(comparison), ", "),
        ", ", extent_of(comparison, figures), ")\n\nGiven: ", fault_words(comparison), "\n\n");
    std::vector<std::string> heads = table.labels;
    heads.insert(heads.end(), table.heads.begin(), table.heads.end());
    out += markdown_row(heads);
    out += markdown_row(std::vector<std::string>(heads.size(), "---"));
    for (const ComparisonRow& one : table.rows) {
        std::vector<std::string> words = one.settings;
        if (one.figures.empty())
            words.push_back(one.reason);
        else
            words.insert(words.end(), one.figures.begin(), one.figures.end());
        words.resize(heads.size());
        out += markdown_row(words);
    }
    out += concat("\n", cheapest_sentence(comparison, figures), " ",
                  left_over_sentence(comparison, figures), "\n\n");
    const std::string paired = paired_sentence(comparison, figures);
    if (!paired.empty()) out += paired + "\n\n";
    for (const std::string& sentence : reading_sentences(comparison, figures))
        out += sentence + "\n";
    const std::string next = next_commands(comparison, figures);
    if (!next.empty()) out += concat("\n```\n", next, "```\n");
    return out;
}

}  // namespace report
