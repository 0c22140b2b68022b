/// Laying out text for a terminal: display width, padding, wrapping, colour.
///
/// Rules:
///   R1  East-Asian wide characters count two columns, combining ones none.
///   R2  Colour is never the only sign: every status has a word.
///   R3  In English nothing beyond ASCII is printed except what the scenario's own texts hold, so
///       every locale can show it. Chinese needs UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace report {

/// How a text report is to look.
struct TextStyle {
    std::size_t width = 80;   ///< columns
    bool color = false;       ///< ANSI colours
    std::string lang = "en";  ///< of all texts: "en" or "zh"
};

/// Columns that a UTF-8 text takes.
std::size_t display_width(std::string_view text);
/// The text with blanks behind it up to `columns`.
std::string padded_right(std::string_view text, std::size_t columns);
/// The text with blanks before it up to `columns`.
std::string padded_left(std::string_view text, std::size_t columns);
/// Breaks at blanks and between Chinese characters (never before their punctuation) so that no line
/// is wider than `columns`, where words allow it.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns);
/// `text` behind `head`, wrapped at the width of the style, continued under where it began.
std::string hanging(std::string_view head, std::string_view text, const TextStyle& style);

enum class Ink { plain, red, green, yellow, grey, bold };
/// The text in a colour, if the style has colours.
std::string inked(std::string_view text, Ink ink, const TextStyle& style);

}  // namespace report
