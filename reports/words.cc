#include "reports/words.h"

#include "core/base/assert.h"

namespace report {
namespace {

/// `used`: which parts stand in it.
std::string fill(std::string_view pattern, const std::vector<Text>& parts,
                 std::string_view language, std::vector<bool>& used) {
    std::string out;
    while (!pattern.empty()) {
        const bool stands = pattern.size() >= 3 && pattern[0] == '{' && pattern[2] == '}' &&
                            pattern[1] >= '0' && pattern[1] <= '9';
        if (!stands) {
            out += pattern.front();
            pattern.remove_prefix(1);
            continue;
        }
        const auto number = static_cast<std::size_t>(pattern[1] - '0');
        ASSERT(number < parts.size());
        out += parts[number].in(language);
        used[number] = true;
        pattern.remove_prefix(3);
    }
    return out;
}

}  // namespace

Text same(std::string text) {
    return Text{text, std::move(text)};
}

Text filled(std::string_view en, std::string_view zh, const std::vector<Text>& parts) {
    ASSERT(en.empty() == zh.empty());
    std::vector<bool> in_english(parts.size(), false);
    std::vector<bool> in_chinese(parts.size(), false);
    Text out{fill(en, parts, "en", in_english), fill(zh, parts, "zh", in_chinese)};
    ASSERT(in_english == in_chinese);
    return out;
}

Text& operator+=(Text& text, const Text& more) {
    text.en += more.en;
    text.zh += more.zh;
    return text;
}

Text joined(const std::vector<Text>& parts, const Text& separator) {
    Text out;
    for (const Text& one : parts) {
        if (!out.empty()) out += separator;
        out += one;
    }
    return out;
}

}  // namespace report
