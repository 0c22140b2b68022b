#include "scenarios/source.h"

#include <algorithm>

namespace scenario {
namespace {

constexpr std::size_t kLineCodePointsMax = 160;

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Length of the well-formed UTF-8 sequence at the front (Unicode 15, table 3-7), or 0.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto tail = [&](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xbf; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const bool second = byte(1) >= (first == 0xe0 ? 0xa0u : 0x80u) &&
                            byte(1) <= (first == 0xed ? 0x9fu : 0xbfu);
        return second && tail(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool second = byte(1) >= (first == 0xf0 ? 0x90u : 0x80u) &&
                            byte(1) <= (first == 0xf4 ? 0x8fu : 0xbfu);
        return second && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

int code_points(std::string_view text) {
    return static_cast<int>(
        std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

/// Moves `at` back or forth by up to `count` code points, within the text.
std::size_t back(std::string_view text, std::size_t at, std::size_t count) {
    while (at > 0 && count > 0)
        if (!continues(text[--at])) --count;
    return at;
}
std::size_t forth(std::string_view text, std::size_t at, std::size_t count) {
    while (at < text.size() && (count > 0 || continues(text[at])))
        if (!continues(text[at++])) --count;
    return at;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        const char c = text.front();
        if (length == 0)
            out += "\xef\xbf\xbd";
        else if (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f))
            out += c == '\t' ? ' ' : '?';
        else
            out.append(text.substr(0, length));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

std::string shown(std::string_view text) {
    std::string out = printable(text);
    if (out.size() <= 60) return out;
    std::size_t end = 57;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
    return out.substr(0, end) + "...";
}

Source::Source(std::string name, std::string_view text) : name_(std::move(name)), text_(text) {
    lines_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i)
        if (text_[i] == '\n') lines_.push_back(static_cast<std::uint32_t>(i + 1));
}

void Source::locate(Span span, Problem& problem) const {
    const auto size = static_cast<std::uint32_t>(text_.size());
    const std::uint32_t begin = std::min(span.begin, size);
    const auto next = std::upper_bound(lines_.begin(), lines_.end(), begin);
    const std::size_t from = *(next - 1);
    std::size_t to = next == lines_.end() ? text_.size() : *next - 1;
    if (to > from && text_[to - 1] == '\r') --to;
    const std::string_view line = text_.substr(from, std::max(to, from) - from);
    const std::size_t at = std::min<std::size_t>(begin - from, line.size());
    const std::size_t end =
        std::clamp<std::size_t>(std::max(span.end, begin) - from, at, line.size());

    problem.file = printable(name_);
    problem.line = static_cast<int>(next - lines_.begin());
    problem.column = code_points(line.substr(0, at)) + 1;
    // A long line is shown around the place only.
    const std::size_t shown_from = code_points(line) > static_cast<int>(kLineCodePointsMax)
                                       ? back(line, at, kLineCodePointsMax / 4)
                                       : 0;
    const std::size_t shown_to = forth(line, shown_from, kLineCodePointsMax);
    problem.source_line = printable(line.substr(shown_from, shown_to - shown_from));
    problem.caret_column = code_points(line.substr(shown_from, at - shown_from));
    const std::size_t caret_end = std::clamp(end, at, std::max(shown_to, at));
    problem.caret_length = std::max(1, code_points(line.substr(at, caret_end - at)));
}

}  // namespace scenario
