#include "scenarios/set.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/profile/config.h"

namespace scenario {
namespace {

/// An element of a list goes by its id or name.
bool is_called(const Value& item, std::string_view segment) {
    for (std::string_view key : {"id", "name"}) {
        const Value* own = item.is_object() ? item.find(key) : nullptr;
        if (own != nullptr && (own->is_string() || own->is_number()) && own->text == segment)
            return true;
    }
    return false;
}

/// What a segment names inside a value; const or not as the value is.
template <class V>
std::vector<V*> children(V& parent, std::string_view segment) {
    std::vector<V*> found;
    for (auto& item : parent.items)
        if (segment == "*" || is_called(item, segment)) found.push_back(&item);
    for (auto& member : parent.members)
        if ((segment == "*" && member.key != "$comment") || member.key == segment)
            found.push_back(&member.value);
    return found;
}

/// The names that a segment could have had.
std::vector<std::string> names_in(const Value& parent) {
    std::vector<std::string> names;
    for (const Member& member : parent.members) names.push_back(member.key);
    for (const Value& item : parent.items)
        for (std::string_view key : {"id", "name"}) {
            const Value* own = item.is_object() ? item.find(key) : nullptr;
            if (own != nullptr && own->is_string()) names.push_back(own->text);
        }
    if (names.size() > 1'000) names.resize(1'000);
    return names;
}

/// The values that all but the last segment of a path name.
template <class V>
std::optional<PathProblem> parents_of(V& root, const std::vector<std::string_view>& segments,
                                      std::vector<V*>& parents) {
    parents = {&root};
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        std::vector<V*> next;
        for (V* parent : parents) {
            const std::vector<V*> found = children(*parent, segments[i]);
            next.insert(next.end(), found.begin(), found.end());
        }
        if (next.empty()) {
            const std::vector<std::string> names = names_in(*parents.front());
            const auto near = core::nearest(segments[i].substr(0, 200), names, 2);
            if (segments[i] == "config" && i + 2 == segments.size())
                return PathProblem{"there is no \"config\"",
                                   core::concat("write \"config\": {} there, or the bare key \"",
                                                shown(segments.back()), "\" in place of the path")};
            return PathProblem{
                segments[i] == "*" ? std::string("\"*\" matches nothing")
                                   : core::concat("there is no \"", shown(segments[i]), "\""),
                near ? core::concat("did you mean \"", shown(*near), "\"?") : std::string()};
        }
        parents = std::move(next);
    }
    return std::nullopt;
}

bool is_container(const Value& value) {
    return value.is_object() || value.is_array();
}

/// Whether the last segment can be set in these values.
template <class V>
std::optional<PathProblem> last_problem(const std::vector<V*>& parents, std::string_view last) {
    std::size_t matches = 0;
    for (const V* parent : parents) {
        if (!is_container(*parent))
            return PathProblem{core::concat("\"", shown(last), "\" would stand inside ",
                                            with_article(parent->kind)),
                               {}};
        const std::size_t found = children(*parent, last).size();
        matches += found;
        if (parent->is_array() && found == 0 && last != "*")
            return PathProblem{
                core::concat("no element of the list is called \"", shown(last), "\""), {}};
    }
    if (last == "*" && matches == 0) return PathProblem{"\"*\" matches nothing", {}};
    if (last.empty()) return PathProblem{"the path ends with \"/\"", {}};
    return std::nullopt;
}

void put(Value& parent, std::string_view key, const Value& value) {
    const std::vector<Value*> found = children(parent, key);
    for (Value* old : found) *old = value;
    if (found.empty() && parent.is_object())
        parent.members.push_back(Member{std::string(key), value.span, value});
}

/// Whose `config` a bare Kafka key means.
enum class Owner : std::uint8_t { producers, topics, cluster, nobody };
Owner owner_of(std::string_view key) {
    using core::ConfigScope;
    if (core::find_config_key(ConfigScope::producer, key) != nullptr) return Owner::producers;
    if (core::find_config_key(ConfigScope::topic, key) != nullptr) return Owner::topics;
    if (core::find_config_key(ConfigScope::broker, key) != nullptr) return Owner::cluster;
    return Owner::nobody;
}

UsageError unknown_key(std::string_view argument, std::string_view key) {
    std::vector<std::string> names;
    for (const core::ConfigKey& known : core::all_config_keys())
        if (known.scope != core::ConfigScope::consumer) names.emplace_back(known.name);
    const auto near = key.size() <= 200 ? core::nearest(key, names, 3) : std::nullopt;
    const bool consumer = core::find_config_key(core::ConfigScope::consumer, key) != nullptr;
    return UsageError{
        printable(argument),
        consumer ? core::concat("\"", shown(key),
                                "\" is a consumer key, and consumers are not modelled yet")
                 : core::concat("\"", shown(key), "\" is neither a path nor a Kafka key"),
        near && !consumer ? core::concat("did you mean \"", *near, "\"?")
                          : std::string(consumer ? "" : "a path begins with \"/\": /run/end=60s")};
}

/// The `config` object of a thing, made if it is not there.
Value* config_of(Value& thing) {
    if (!thing.is_object()) return nullptr;
    if (thing.find("config") == nullptr) {
        Value empty;
        empty.kind = Kind::object;
        empty.span = thing.span;
        thing.members.push_back(Member{"config", thing.span, std::move(empty)});
    }
    Value* config = thing.find("config");
    return config->is_object() ? config : nullptr;
}

std::string_view block_of(Owner owner) {
    return owner == Owner::producers ? "producers" : owner == Owner::topics ? "topics" : "cluster";
}

std::optional<UsageError> set_kafka_key(Value& root, std::string_view argument,
                                        std::string_view key, const Value& value) {
    const Owner owner = owner_of(key);
    if (owner == Owner::nobody) return unknown_key(argument, key);
    const std::string_view block = block_of(owner);
    Value* at = root.find(block);
    std::vector<Value*> things;
    if (at != nullptr && owner == Owner::cluster) things = {at};
    if (at != nullptr && owner != Owner::cluster)
        for (Value& item : at->items) things.push_back(&item);
    bool any = false;
    for (Value* thing : things)
        if (Value* config = config_of(*thing)) {
            put(*config, key, value);
            any = true;
        }
    if (any) return std::nullopt;
    return UsageError{
        printable(argument),
        core::concat("the scenario has no ", block, " to set \"", shown(key), "\" on"),
        {}};
}

Value value_of(std::string_view text, std::uint32_t source, std::uint32_t offset) {
    JsonResult parsed = parse_json(text, source, offset);
    if (parsed.value && parsed.problems.empty()) return std::move(*parsed.value);
    Value value;
    value.kind = Kind::string;
    value.text = printable(text);
    value.span = {offset, offset + static_cast<std::uint32_t>(text.size()), source};
    return value;
}

}  // namespace

std::optional<UsageError> apply_override(Value& root, std::string_view argument,
                                         std::uint32_t source) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string_view::npos || equals == 0)
        return UsageError{printable(argument), "an override is PATH=VALUE or KEY=VALUE",
                          "for example /producers/p1/config/acks=all, or acks=all"};
    if (argument.size() > kFileBytesMax)
        return UsageError{shown(argument.substr(0, 100)), "this override is too long", {}};
    return set_value(
        root, argument, argument.substr(0, equals),
        value_of(argument.substr(equals + 1), source, static_cast<std::uint32_t>(equals + 1)));
}

std::optional<UsageError> set_value(Value& root, std::string_view argument, std::string_view path,
                                    const Value& value) {
    if (path.empty() || path.front() != '/') return set_kafka_key(root, argument, path, value);
    std::vector<Value*> parents;
    const std::vector<std::string_view> segments = core::split(path.substr(1), '/');
    auto problem = parents_of(root, segments, parents);
    if (!problem) problem = last_problem(parents, segments.back());
    if (problem)
        return UsageError{
            printable(argument),
            core::concat("the path ", shown(path), " leads nowhere: ", problem->message),
            problem->suggestion};
    for (Value* parent : parents) put(*parent, segments.back(), value);
    return std::nullopt;
}

bool set_plain(Value& root, std::string_view parent, std::string_view key, const Value& value) {
    Value* at = root.find(parent);
    if (at == nullptr || !at->is_object()) return false;
    put(*at, key, value);
    return true;
}

std::optional<PathProblem> path_problem(const Value& root, std::string_view path) {
    if (path.empty()) return PathProblem{"it is empty", {}};
    if (path.front() != '/') {
        const Owner owner = owner_of(path);
        if (owner == Owner::nobody) {
            UsageError unknown = unknown_key(path, path);
            return PathProblem{std::move(unknown.message), std::move(unknown.suggestion)};
        }
        const Value* block = root.find(block_of(owner));
        if (block != nullptr && (owner == Owner::cluster || !block->items.empty()))
            return std::nullopt;
        return PathProblem{core::concat("the scenario has no ", block_of(owner)), {}};
    }
    std::vector<const Value*> parents;
    const std::vector<std::string_view> segments = core::split(path.substr(1), '/');
    auto problem = parents_of(root, segments, parents);
    return problem ? problem : last_problem(parents, segments.back());
}

std::string full_path(std::string_view path) {
    if (path.empty() || path.front() == '/') return std::string(path);
    const Owner owner = owner_of(path);
    return core::concat("/", block_of(owner), owner == Owner::cluster ? "" : "/*", "/config/",
                        path);
}

}  // namespace scenario
