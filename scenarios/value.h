/// A JSON document with places: what the reader walks over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/problem.h"
#include "scenarios/source.h"

namespace scenario {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
/// "a string", "an object", ...
std::string_view with_article(Kind kind);

struct Member;

/// One JSON value and where it stands.
struct Value {
    Kind kind = Kind::null;
    Span span;
    std::string text;  ///< string: its content; number: as written; boolean: "true" or "false"
    std::vector<Value> items;     ///< array
    std::vector<Member> members;  ///< object, in file order, `$comment` too

    /// The member with this key; the first of several.
    const Value* find(std::string_view key) const;
    Value* find(std::string_view key);
    const Member* find_member(std::string_view key) const;
    bool is_object() const { return kind == Kind::object; }
    bool is_array() const { return kind == Kind::array; }
    bool is_string() const { return kind == Kind::string; }
    bool is_number() const { return kind == Kind::number; }
};

struct Member {
    std::string key;
    Span key_span;
    Value value;
};

inline constexpr std::size_t kDepthMax = 64;
/// Values in one document; far above what the other limits let a valid scenario hold.
inline constexpr std::size_t kValuesMax = 500'000;

/// What went wrong while reading JSON: a place and the texts of a Problem.
struct JsonProblem {
    Span span;
    std::string code;
    std::string message;
    std::string expected;
    std::string suggestion;
};
struct JsonResult {
    std::optional<Value> value;  ///< nothing if it is not JSON at all
    std::vector<JsonProblem> problems;
};
/// Reads JSON with comments. `source` goes into every span, `offset` is added to every place.
JsonResult parse_json(std::string_view text, std::uint32_t source, std::uint32_t offset = 0);

/// Compact JSON without comments and `$comment` members.
std::string dump_json(const Value& value);
/// The same over several lines, with a line's end behind it.
std::string dump_json_lines(const Value& value);

}  // namespace scenario
