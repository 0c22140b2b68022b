// Positions: nlohmann's SAX events come one token at a time and in order, so a cursor that walks
// the same bytes knows where each token begins and ends. Numbers keep their text, because a double
// would lose digits.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/text.h"
#include "scenarios/value.h"

namespace scenario {
namespace {

/// Walks over the bytes in step with the parser's events.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : text_(text) {
        if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
    }

    /// The token that the current event is about.
    std::pair<std::size_t, std::size_t> next() {
        const std::size_t begin = skip_to_token();
        at_ = end_of_token(begin);
        return {begin, at_};
    }
    /// Where the next token begins; where the text ends if there is none.
    std::size_t skip_to_token() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ':')
                ++at_;
            else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '/')
                at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
            else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '*')
                at_ = after(text_.find("*/", at_ + 2), 2);
            else
                break;
        }
        return at_;
    }

  private:
    std::size_t after(std::size_t found, std::size_t length) const {
        return found == std::string_view::npos ? text_.size() : found + length;
    }
    std::size_t end_of_token(std::size_t begin) const {
        if (begin >= text_.size()) return text_.size();
        const char first = text_[begin];
        if (first == '"') {
            std::size_t at = begin + 1;
            while (at < text_.size() && text_[at] != '"')
                at += std::size_t{text_[at] == '\\' ? 2u : 1u};
            return std::min(at + 1, text_.size());
        }
        if (first == '{' || first == '}' || first == '[' || first == ']') return begin + 1;
        return std::min(text_.find_first_of(" \t\r\n,:{}[]\"/", begin), text_.size());
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// Builds the tree from events; stops at what cannot be gone on from.
class TreeBuilder final : public nlohmann::json_sax<nlohmann::json> {
  public:
    TreeBuilder(std::string_view text, std::uint32_t source, std::uint32_t offset)
        : text_(text), source_(source), offset_(offset), cursor_(text) {}

    bool null() override { return put(Kind::null, ""); }
    bool boolean(bool value) override { return put(Kind::boolean, value ? "true" : "false"); }
    bool number_integer(number_integer_t) override { return put_number(); }
    bool number_unsigned(number_unsigned_t) override { return put_number(); }
    bool number_float(number_float_t, const string_t&) override { return put_number(); }
    bool string(string_t& value) override { return put(Kind::string, std::move(value)); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(Kind::object); }
    bool start_array(std::size_t) override { return open(Kind::array); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& value) override {
        const Span span = take();
        open_.back().members.push_back(Member{std::move(value), span, Value{}});
        return true;
    }

    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const nlohmann::detail::exception& error) override {
        describe(position, error.what());
        return false;
    }

    JsonResult result() && { return {std::move(root_), std::move(problems_)}; }

  private:
    Span span_of(std::size_t begin, std::size_t end) const {
        return {static_cast<std::uint32_t>(begin) + offset_,
                static_cast<std::uint32_t>(end) + offset_, source_};
    }
    Span take() {
        const auto [begin, end] = cursor_.next();
        return span_of(begin, end);
    }
    bool put_number() {
        const auto [begin, end] = cursor_.next();
        return attach(Value{Kind::number,
                            span_of(begin, end),
                            std::string(text_.substr(begin, end - begin)),
                            {},
                            {}});
    }
    bool put(Kind kind, std::string text) {
        const Span span = take();
        return attach(Value{kind, span, std::move(text), {}, {}});
    }
    bool attach(Value value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return true;
        }
        Value& parent = open_.back();
        if (++values_ > kValuesMax)
            return stop(value.span, "AL106", core::concat("more than ", kValuesMax, " values"));
        if (parent.kind == Kind::object)
            parent.members.back().value = std::move(value);
        else
            parent.items.push_back(std::move(value));
        return true;
    }
    bool open(Kind kind) {
        const Span span = take();
        if (open_.size() >= kDepthMax)
            return stop(span, "AL104", core::concat("nested deeper than ", kDepthMax, " levels"));
        open_.push_back(Value{kind, span, {}, {}, {}});
        return true;
    }
    bool close() {
        const Span span = take();
        Value value = std::move(open_.back());
        open_.pop_back();
        value.span.end = span.end;
        if (value.kind == Kind::object) find_duplicates(value);
        return attach(std::move(value));
    }
    bool stop(Span span, std::string code, std::string message) {
        problems_.push_back(JsonProblem{span, std::move(code), std::move(message), {}, {}});
        return false;
    }

    void find_duplicates(const Value& object) {
        std::vector<const Member*> sorted;
        sorted.reserve(object.members.size());
        for (const Member& member : object.members)
            if (member.key != "$comment") sorted.push_back(&member);
        std::stable_sort(sorted.begin(), sorted.end(),
                         [](const Member* a, const Member* b) { return a->key < b->key; });
        for (std::size_t i = 1; i < sorted.size(); ++i)
            if (sorted[i]->key == sorted[i - 1]->key && problems_.size() < 1'000)
                problems_.push_back(JsonProblem{
                    sorted[i]->key_span,
                    "AL102",
                    core::concat("the key \"", printable(sorted[i]->key), "\" stands here twice"),
                    {},
                    "keep one of them"});
    }

    /// Nlohmann's words, without its name and without the bytes it repeats.
    void describe(std::size_t position, std::string_view what) {
        const std::size_t read = std::min(position, text_.size());
        // A bad byte inside a text is the last one read; any other bad token is the next one.
        std::size_t begin = read > 0 ? read - 1 : 0;
        std::size_t end = read;
        if (what.find("invalid string") == std::string_view::npos) {
            const auto [from, to] = cursor_.next();
            if (from < read) {
                begin = from;
                end = to;
            }
        }
        std::string message = "this is not JSON";
        std::string expected;
        const std::size_t dash = what.find(" - ");
        if (dash != std::string_view::npos) {
            std::string_view detail = what.substr(dash + 3);
            const std::size_t words = detail.rfind("; expected ");
            if (words != std::string_view::npos) {
                expected = std::string(detail.substr(words + 11));
                detail = detail.substr(0, words);
            }
            const std::size_t last = detail.find("; last read");
            message = core::concat(message, ": ", printable(detail.substr(0, last)));
        } else if (what.find("out_of_range") != std::string_view::npos) {
            message = "this number is too large";
        }
        problems_.push_back(JsonProblem{span_of(begin, end), "AL101", std::move(message),
                                        printable(expected), advice(begin)});
    }

    /// What commonly went wrong just before `at`.
    std::string advice(std::size_t at) const {
        std::size_t before = std::min(at, text_.size());
        while (before > 0 &&
               std::string_view(" \t\r\n").find(text_[before - 1]) != std::string_view::npos)
            --before;
        const char last = before > 0 ? text_[before - 1] : '\0';
        const char here = at < text_.size() ? text_[at] : '\0';
        if (last == ',' && (here == '}' || here == ']')) return "take out the comma before it";
        if (here == '"' &&
            (last == '"' || last == '}' || last == ']' || (last >= '0' && last <= '9')))
            return "write a \",\" before it";
        if (here == '\'') return "texts stand between double quotes";
        return {};
    }

    std::string_view text_;
    std::uint32_t source_;
    std::uint32_t offset_;
    Cursor cursor_;
    std::vector<Value> open_;
    std::optional<Value> root_;
    std::vector<JsonProblem> problems_;
    std::size_t values_ = 0;
};

void dump_string(std::string_view text, std::string& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

void dump(const Value& value, std::string& out) {
    switch (value.kind) {
        case Kind::null:
            out += "null";
            return;
        case Kind::boolean:
        case Kind::number:
            out += value.text;
            return;
        case Kind::string:
            dump_string(value.text, out);
            return;
        case Kind::array: {
            out += '[';
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                if (i > 0) out += ',';
                dump(value.items[i], out);
            }
            out += ']';
            return;
        }
        case Kind::object: {
            char before = '{';
            for (const Member& member : value.members) {
                if (member.key == "$comment") continue;
                out += before;
                before = ',';
                dump_string(member.key, out);
                out += ':';
                dump(member.value, out);
            }
            if (before == '{') out += '{';
            out += '}';
            return;
        }
    }
}

constexpr std::size_t kLineMost = 96;

/// What fits a line stands on one; else each member or element has its own.
void dump_lines(const Value& value, std::size_t depth, std::string& out) {
    const bool container = value.kind == Kind::object || value.kind == Kind::array;
    const std::string flat = dump_json(value);
    if (!container || (depth > 0 && depth * 2 + flat.size() <= kLineMost)) {
        out += flat;
        return;
    }
    const std::string indent(depth * 2 + 2, ' ');
    const bool object = value.kind == Kind::object;
    char before = object ? '{' : '[';
    const auto next = [&] {
        out += before;
        out += '\n';
        out += indent;
        before = ',';
    };
    for (const Value& item : value.items) {
        next();
        dump_lines(item, depth + 1, out);
    }
    for (const Member& member : value.members) {
        if (member.key == "$comment") continue;
        next();
        dump_string(member.key, out);
        out += ": ";
        dump_lines(member.value, depth + 1, out);
    }
    if (before != ',') {
        out += flat;
        return;
    }
    out += '\n';
    out.append(depth * 2, ' ');
    out += object ? '}' : ']';
}

}  // namespace

std::string dump_json_lines(const Value& value) {
    std::string out;
    dump_lines(value, 0, out);
    return out + '\n';
}

std::string_view with_article(Kind kind) {
    switch (kind) {
        case Kind::null:
            return "null";
        case Kind::boolean:
            return "true or false";
        case Kind::number:
            return "a number";
        case Kind::string:
            return "a text";
        case Kind::array:
            return "a list";
        case Kind::object:
            return "an object";
    }
    return "a value";
}

const Member* Value::find_member(std::string_view key) const {
    for (const Member& member : members)
        if (member.key == key) return &member;
    return nullptr;
}
const Value* Value::find(std::string_view key) const {
    const Member* member = find_member(key);
    return member == nullptr ? nullptr : &member->value;
}
Value* Value::find(std::string_view key) {
    for (Member& member : members)
        if (member.key == key) return &member.value;
    return nullptr;
}

JsonResult parse_json(std::string_view text, std::uint32_t source, std::uint32_t offset) {
    TreeBuilder builder(text, source, offset);
    const bool whole = nlohmann::json::sax_parse(text.begin(), text.end(), &builder,
                                                 nlohmann::json::input_format_t::json,
                                                 /*strict=*/true, /*ignore_comments=*/true);
    JsonResult result = std::move(builder).result();
    if (!whole) result.value.reset();
    return result;
}

std::string dump_json(const Value& value) {
    std::string out;
    dump(value, out);
    return out;
}

}  // namespace scenario
