/// Small text helpers: GCC 12 has no std::format.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace core {

/// The text of one value.
inline std::string to_text(std::string_view text) {
    return std::string(text);
}
inline std::string to_text(const char* text) {
    return text;
}
inline std::string to_text(bool value) {
    return value ? "true" : "false";
}
template <std::integral T>
requires(!std::same_as<T, bool>) std::string to_text(T value) {
    return std::to_string(value);
}

/// All values as one text, without separators.
template <class... Ts>
std::string concat(const Ts&... values) {
    std::string out;
    (out.append(to_text(values)), ...);
    return out;
}

/// The parts with a separator between them.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The parts of a text between separators; "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

/// A whole decimal number that fits, else nothing.
std::optional<std::int64_t> parse_int(std::string_view text);

/// Zero-padded decimal of a number that is not negative.
std::string padded(std::int64_t number, int width);

/// Levenshtein distance, stopping early at `limit` + 1.
int edit_distance(std::string_view a, std::string_view b, int limit);

/// The candidate nearest to `word` within `limit` edits. Of equals the one with the same letters
/// (two were swapped), then the one with the longest beginning and end in common, then the first.
/// Nothing if none is near.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates, int limit);

}  // namespace core
