#include "reports/layout.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "core/base/assert.h"

namespace report {
namespace {

struct Glyph {
    std::uint32_t code;
    std::size_t bytes;
};

/// The next code point; a byte that starts none stands for itself.
Glyph next_glyph(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
    };
    const std::uint32_t lead = byte(0);
    std::size_t bytes = 1;
    if (lead >= 0xf0) {
        bytes = 4;
    } else if (lead >= 0xe0) {
        bytes = 3;
    } else if (lead >= 0xc0) {
        bytes = 2;
    }
    if (bytes == 1 || bytes > text.size()) return {lead, 1};
    std::uint32_t code = lead & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) code = (code << 6) | (byte(i) & 0x3f);
    return {code, bytes};
}

/// Ranges of Unicode's East_Asian_Width W and F that people's texts meet.
constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 9> kWide{{
    {0x1100, 0x115f},
    {0x2e80, 0x303e},
    {0x3041, 0xa4cf},
    {0xac00, 0xd7a3},
    {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},
    {0xff00, 0xff60},
    {0xffe0, 0xffe6},
    {0x20000, 0x3fffd},
}};

std::size_t width_of(std::uint32_t code) {
    if (code >= 0x300 && code <= 0x36f) return 0;
    if (code == 0x200b || code == 0xfeff) return 0;
    for (const auto& [first, last] : kWide)
        if (code >= first && code <= last) return 2;
    return 1;
}

/// Chinese breaks between any two characters, but not before what closes nor behind what opens.
bool breaks_between(std::uint32_t left, std::uint32_t right) {
    constexpr std::u32string_view kOpening = U"（［「“";
    constexpr std::u32string_view kClosing = U"，。：；、）］」”？！";
    if (width_of(left) != 2 && width_of(right) != 2) return false;
    return kOpening.find(left) == std::u32string_view::npos &&
           kClosing.find(right) == std::u32string_view::npos;
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const Glyph glyph = next_glyph(text);
        width += width_of(glyph.code);
        text.remove_prefix(glyph.bytes);
    }
    return width;
}

std::string padded_right(std::string_view text, std::size_t columns) {
    std::string out(text);
    const std::size_t width = display_width(text);
    if (width < columns) out.append(columns - width, ' ');
    return out;
}

std::string padded_left(std::string_view text, std::size_t columns) {
    const std::size_t width = display_width(text);
    std::string out(width < columns ? columns - width : 0, ' ');
    return out.append(text);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines;
    std::string line;
    std::size_t width = 0;
    std::string word;
    std::size_t word_width = 0;
    std::uint32_t last = ' ';
    const auto end_word = [&] {
        if (word.empty()) return;
        if (width > 0 && width + word_width > columns) {
            while (!line.empty() && line.back() == ' ') line.pop_back();
            lines.push_back(line);
            line.clear();
            width = 0;
        }
        line += word;
        width += word_width;
        word.clear();
        word_width = 0;
    };
    while (!text.empty()) {
        const Glyph glyph = next_glyph(text);
        const std::string_view bytes = text.substr(0, glyph.bytes);
        const std::size_t columns_of = width_of(glyph.code);
        if (breaks_between(last, glyph.code)) end_word();
        last = glyph.code;
        if (bytes == " ") {
            end_word();
            if (width > 0) {
                line += ' ';
                ++width;
            }
        } else {
            word += bytes;
            word_width += columns_of;
        }
        text.remove_prefix(glyph.bytes);
    }
    end_word();
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (!line.empty() || lines.empty()) lines.push_back(line);
    return lines;
}

std::string hanging(std::string_view head, std::string_view text, const TextStyle& style) {
    const std::size_t indent = display_width(head);
    const std::size_t columns = style.width > indent + 20 ? style.width - indent : 20;
    std::string out(head);
    bool first = true;
    for (const std::string& line : wrapped(text, columns)) {
        if (!first) out.append(indent, ' ');
        out += line;
        out += '\n';
        first = false;
    }
    return out;
}

std::string inked(std::string_view text, Ink ink, const TextStyle& style) {
    if (!style.color || ink == Ink::plain) return std::string(text);
    std::string_view code = "1";
    switch (ink) {
        case Ink::red:
            code = "31";
            break;
        case Ink::green:
            code = "32";
            break;
        case Ink::yellow:
            code = "33";
            break;
        case Ink::grey:
            code = "90";
            break;
        case Ink::bold:
        case Ink::plain:
            break;
    }
    std::string out = "\x1b[";
    out.append(code).append("m").append(text).append("\x1b[0m");
    return out;
}

}  // namespace report
