/// Our own sentences, in English and Chinese side by side where they are made.
///
/// Rules:
///   R1  A sentence has both languages or is the same in both (ids, Kafka's keys, numbers).
///   R2  What stands for a part in one language stands for it in the other; the order is free.
///   R3  Kafka's keys, error names, event names and ids stay as they are. README.md has the words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.h"
#include "scenarios/model.h"

namespace report {

using scenario::Text;

/// The same in both languages.
Text same(std::string text);

/// Puts parts where "{0}", "{1}", ... stand. Each part stands in both languages.
Text filled(std::string_view en, std::string_view zh, const std::vector<Text>& parts);

inline Text part(const Text& text) {
    return text;
}
template <class Value>
Text part(const Value& value) {
    return same(core::to_text(value));
}

/// A sentence: say("{0} leads", "{0} 成为 leader", "b2"). Parts are texts, words or numbers.
template <class... Parts>
Text say(std::string_view en, std::string_view zh, const Parts&... parts) {
    return filled(en, zh, std::vector<Text>{part(parts)...});
}

Text& operator+=(Text& text, const Text& more);
/// The parts with a separator between them.
Text joined(const std::vector<Text>& parts, const Text& separator);

}  // namespace report
