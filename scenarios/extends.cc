#include "scenarios/extends.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "scenarios/library.h"
#include "scenarios/read.h"

namespace scenario {
namespace {

/// Keys of which an object has at most one: with one of the file's own, the base's others go.
/// A key that goes with only one of them goes too.
struct Choice {
    std::array<std::string_view, 6> keys;
    std::array<std::string_view, 1> with_them;
};
constexpr std::array<Choice, 4> kChoices = {{
    {{"at", "after", "when", "every"}, {"delay"}},
    {{"eq", "ne", "lt", "le", "gt", "ge"}, {}},
    {{"rate", "bursts"}, {}},
    {{"between", "groups", "from"}, {"to"}},
}};

/// How the values of an object are laid over each other.
enum class Depth : std::uint8_t { by_path, whole };

const Value* name_of(const Value& element) {
    for (std::string_view key : {"id", "name"}) {
        const Value* own = element.is_object() ? element.find(key) : nullptr;
        if (own != nullptr && (own->is_string() || own->is_number())) return own;
    }
    return nullptr;
}

bool all_named(const Value& list) {
    return std::all_of(list.items.begin(), list.items.end(),
                       [](const Value& item) { return name_of(item) != nullptr; });
}

void erase(Value& object, std::string_view key) {
    std::erase_if(object.members, [&](const Member& member) { return member.key == key; });
}

void lay_over(Value& base, const Value& own, Depth depth);

void lay_over_list(Value& base, const Value& own, Depth depth) {
    if (!all_named(base) || !all_named(own)) {
        base = own;
        return;
    }
    base.span = own.span;
    for (const Value& item : own.items) {
        const auto same = std::find_if(base.items.begin(), base.items.end(), [&](const Value& b) {
            return name_of(b)->text == name_of(item)->text;
        });
        if (same == base.items.end())
            base.items.push_back(item);
        else
            lay_over(*same, item, depth);
    }
}

bool has_one_of(const Value& object, std::span<const std::string_view> keys) {
    return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
        return !key.empty() && object.find(key) != nullptr;
    });
}

void make_room(Value& base, const Value& own) {
    for (const Choice& choice : kChoices) {
        if (!has_one_of(own, choice.keys)) continue;
        for (std::string_view key : choice.keys) erase(base, key);
        for (std::string_view key : choice.with_them) erase(base, key);
    }
}

/// Distributions are values, whatever they stand in.
bool is_block(const Value& value) {
    return value.is_object() && value.find("dist") == nullptr;
}

void lay_over_object(Value& base, const Value& own, Depth depth) {
    base.span = own.span;
    make_room(base, own);
    for (const Member& member : own.members) {
        Value* under = base.find(member.key);
        if (member.value.kind == Kind::null) {
            erase(base, member.key);
        } else if (under == nullptr) {
            base.members.push_back(member);
        } else if (depth == Depth::whole && member.key != "config") {
            *under = member.value;
        } else {
            const bool of_values = member.key == "steps" || member.key == "expect";
            lay_over(*under, member.value, of_values ? Depth::whole : Depth::by_path);
        }
    }
}

/// `own` on top of `base`, into `base`. A list hands its depth on to its elements' keys.
void lay_over(Value& base, const Value& own, Depth depth) {
    if (base.is_array() && own.is_array())
        lay_over_list(base, own, depth);
    else if (is_block(base) && is_block(own))
        lay_over_object(base, own, depth);
    else
        base = own;
}

/// "a/../b/./c" without its dots.
std::string normal_path(std::string_view path) {
    std::vector<std::string> parts;
    for (std::string_view part : core::split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == ".." && !parts.empty())
            parts.pop_back();
        else
            parts.emplace_back(part);
    }
    return core::join(parts, "/");
}

/// The files read so far, the last of which says what comes next.
struct Chain {
    std::string last;
    std::set<std::string> all;
};

/// The JSON of the file that an `extends` names; nothing after problems.
std::optional<Value> read_base(Reading& reading, const At& extends, Chain& chain,
                               const FindBase& find_base, std::deque<BaseFile>& bases) {
    const auto refuse = [&](const std::string& message) {
        reading.error(extends, "AL235", message);
        return std::nullopt;
    };
    const auto path = reading.text(extends);
    if (!path) return std::nullopt;
    if (chain.all.size() > kBasesMax)
        return refuse(core::concat("more than ", kBasesMax, " files behind a scenario"));
    std::string why;
    auto found = find_base(chain.last, *path, why);
    if (!found) return refuse(core::concat("cannot extend \"", shown(*path), "\": ", why));
    if (!chain.all.insert(normal_path(found->name)).second)
        return refuse(core::concat("\"", shown(*path), "\" extends itself in a circle"));
    chain.last = found->name;
    if (found->bytes.size() > kFileBytesMax)
        return refuse(
            core::concat("\"", shown(*path), "\" has more than ", kFileBytesMax, " bytes"));
    bases.push_back(std::move(*found));
    const std::string& bytes = bases.back().bytes;
    JsonResult json = parse_json(bytes, reading.add_source(bases.back().name, bytes));
    for (JsonProblem& problem : json.problems)
        reading.error(problem.span, "", problem.code, std::move(problem.message),
                      {std::move(problem.expected), std::move(problem.suggestion)});
    if (!json.value) return std::nullopt;
    if (!json.value->is_object()) {
        reading.error(At{&*json.value, ""}, "AL205", "a scenario is a JSON object");
        return std::nullopt;
    }
    return std::move(*json.value);
}

}  // namespace

std::optional<BaseFile> find_base_in_library(std::string_view from, std::string_view path,
                                             std::string& why) {
    std::string wanted;
    const std::size_t inside = from.rfind("scenarios/");
    if (inside != std::string_view::npos) {
        const std::string_view own = from.substr(inside);
        wanted = normal_path(core::concat(own.substr(0, own.rfind('/')), "/", path));
    }
    for (const LibraryFile& file : library())
        if (file.id == path || file.name == wanted)
            return BaseFile{std::string(file.name), std::string(file.bytes)};
    why = "no built-in scenario has that id or path";
    return std::nullopt;
}

bool apply_bases(Reading& reading, Value& root, std::string_view file_name,
                 const FindBase& find_base, std::deque<BaseFile>& bases) {
    if (root.find("extends") == nullptr) return true;
    // The chain first, the nearest base in front; then each over the one behind it.
    std::vector<Value> chain;
    Chain names{std::string(file_name), {normal_path(file_name)}};
    const Value* top = &root;
    while (const Value* extends = top->find("extends")) {
        auto base = read_base(reading, At{extends, "/extends"}, names, find_base, bases);
        if (!base) return false;
        chain.push_back(std::move(*base));
        top = &chain.back();
    }
    Value flat = std::move(chain.back());
    chain.pop_back();
    const auto put_on = [&](const Value& own) {
        for (std::string_view key : {"id", "$schema", "extends"}) erase(flat, key);
        lay_over_object(flat, own, Depth::by_path);
    };
    for (; !chain.empty(); chain.pop_back()) put_on(chain.back());
    put_on(root);
    erase(flat, "extends");
    // The file's own head comes first: what is read first is what this scenario is.
    std::stable_partition(flat.members.begin(), flat.members.end(), [](const Member& member) {
        return member.key == "$schema" || member.key == "scenario" || member.key == "id";
    });
    root = std::move(flat);
    return true;
}

}  // namespace scenario
