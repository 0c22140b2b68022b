#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/profile/bindings.h"
#include "core/profile/config.h"
#include "core/profile/key_table.h"

namespace core {
namespace {

bool before(ConfigScope a_scope, std::string_view a, ConfigScope b_scope, std::string_view b) {
    return a_scope != b_scope ? a_scope < b_scope : a < b;
}

std::vector<ConfigKey> make_keys() {
    std::vector<ConfigKey> keys;
    keys.reserve(key_rows().size());
    for (const KeyRow& row : key_rows())
        keys.push_back(ConfigKey{row.scope, row.name, row.type, row.first_version, row.last_version,
                                 row.defaults, row.values, row.broker_key,
                                 has_binding(row.scope, row.name)});
    return keys;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
        text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
        text.remove_suffix(1);
    return text;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

/// Largest and smallest value of an integer type; nothing for other types.
std::optional<std::pair<std::int64_t, std::int64_t>> integer_limits(std::string_view type) {
    if (type == "short") return std::pair<std::int64_t, std::int64_t>(-32'768, 32'767);
    if (type == "int") return std::pair<std::int64_t, std::int64_t>(INT32_MIN, INT32_MAX);
    if (type == "long") return std::pair<std::int64_t, std::int64_t>(INT64_MIN, INT64_MAX);
    return std::nullopt;
}

/// "[1,...,9] or -1": least, most, and one value beside.
struct Range {
    std::optional<std::int64_t> least;
    std::optional<std::int64_t> most;
    std::optional<std::int64_t> beside;
};

std::optional<Range> parse_range(std::string_view values) {
    const std::size_t dots = values.find(",...");
    const std::size_t close = values.find(']');
    if (values.empty() || values.front() != '[' || dots == std::string_view::npos ||
        close == std::string_view::npos)
        return std::nullopt;
    Range range;
    range.least = parse_int(values.substr(1, dots - 1));
    const std::string_view rest = values.substr(dots + 4, close - dots - 4);
    if (!rest.empty()) range.most = parse_int(rest.substr(1));
    const std::size_t word = values.find(" or ");
    if (word != std::string_view::npos) range.beside = parse_int(values.substr(word + 4));
    return range;
}

std::optional<std::string> integer_problem(const ConfigKey& key, std::string_view values,
                                           std::string_view value) {
    const std::optional<std::int64_t> number = parse_int(value);
    const auto limits = integer_limits(key.type);
    if (!number || *number < limits->first || *number > limits->second)
        return concat("not a number of type ", key.type);
    const std::optional<Range> range = parse_range(values);
    if (!range || (range->beside && *number == *range->beside)) return std::nullopt;
    if (range->least && *number < *range->least) return concat("must be at least ", *range->least);
    if (range->most && *number > *range->most) return concat("must be at most ", *range->most);
    return std::nullopt;
}

bool is_decimal(std::string_view text) {
    std::size_t digits = 0;
    std::size_t dots = 0;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    const std::size_t exponent = text.find_first_of("eE");
    const std::string_view mantissa = text.substr(0, exponent);
    for (char c : mantissa) {
        if (c == '.')
            ++dots;
        else if (c >= '0' && c <= '9')
            ++digits;
        else
            return false;
    }
    if (digits == 0 || dots > 1) return false;
    if (exponent == std::string_view::npos) return true;
    std::string_view power = text.substr(exponent + 1);
    if (!power.empty() && power.front() == '+') power.remove_prefix(1);
    return parse_int(power).has_value();
}

/// The words of "[a, b]" and "(case insensitive) [A, B]".
struct Words {
    std::vector<std::string_view> list;
    bool any_case;
};
std::optional<Words> parse_words(std::string_view values) {
    const std::size_t open = values.find('[');
    if (open == std::string_view::npos || values.find("...") != std::string_view::npos ||
        values.back() != ']')
        return std::nullopt;
    Words words{{}, open > 0};
    for (std::string_view word : split(values.substr(open + 1, values.size() - open - 2), ','))
        words.list.push_back(trimmed(word));
    return words;
}

std::optional<std::string> word_problem(const Words& words, std::string_view value) {
    const bool known = std::any_of(words.list.begin(), words.list.end(), [&](auto word) {
        return words.any_case ? lower(word) == lower(value) : word == value;
    });
    if (known) return std::nullopt;
    std::vector<std::string> list(words.list.begin(), words.list.end());
    return concat("must be one of ", join(list, ", "));
}

/// The last entry of "version=text;version=text" that the version reaches; empty: none.
std::string_view in_version(std::string_view entries, const Profile& profile) {
    std::string_view found;
    for (std::string_view entry : split(entries, ';')) {
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        if (version_at_least(profile.full_version, entry.substr(0, equals)))
            found = entry.substr(equals + 1);
    }
    return found;
}

/// A value as Kafka would read it, for comparing it with a default.
std::string normal(const ConfigKey& key, std::string_view value) {
    const std::string_view text = trimmed(value);
    if (key.scope == ConfigScope::producer && key.name == "acks")
        return text == "-1" ? "all" : std::string(text);
    if (key.type == "boolean") return lower(text);
    if (integer_limits(key.type)) {
        const std::optional<std::int64_t> number = parse_int(text);
        if (number) return std::to_string(*number);
    }
    return std::string(text);
}

}  // namespace

std::span<const ConfigKey> all_config_keys() {
    static const std::vector<ConfigKey> keys = make_keys();
    return keys;
}

const ConfigKey* find_config_key(ConfigScope scope, std::string_view key) {
    const std::span<const ConfigKey> keys = all_config_keys();
    const auto at = std::lower_bound(
        keys.begin(), keys.end(), key,
        [&](const ConfigKey& k, auto wanted) { return before(k.scope, k.name, scope, wanted); });
    return at != keys.end() && at->scope == scope && at->name == key ? &*at : nullptr;
}

std::optional<std::string> config_default(const ConfigKey& key, const Profile& profile) {
    const std::string_view value = in_version(key.defaults, profile);
    if (value.empty() || value == "<none>") return std::nullopt;
    return std::string(value);
}

std::string_view config_values(const ConfigKey& key, const Profile& profile) {
    const bool by_version = key.values.find('=') != std::string_view::npos;
    return by_version ? in_version(key.values, profile) : key.values;
}

bool config_key_exists(const ConfigKey& key, const Profile& profile) {
    if (profile.mode == ClusterMode::kraft && key.scope == ConfigScope::broker &&
        key.name.substr(0, 10) == "zookeeper.")
        return false;
    return version_at_least(profile.full_version, key.first_version) &&
           version_at_least(key.last_version, profile.full_version);
}

std::optional<std::string> config_value_problem(const ConfigKey& key, const Profile& profile,
                                                std::string_view value) {
    const std::string_view values = config_values(key, profile);
    const std::string_view text = trimmed(value);
    if (key.type == "boolean") {
        const std::string word = lower(text);
        if (word == "true" || word == "false") return std::nullopt;
        return std::string("must be true or false");
    }
    if (integer_limits(key.type)) return integer_problem(key, values, text);
    if (key.type == "double")
        return is_decimal(text) ? std::nullopt
                                : std::optional<std::string>("not a number of type double");
    const std::optional<Words> words = values.empty() ? std::nullopt : parse_words(values);
    if (!words) return std::nullopt;
    if (key.type != "list") return word_problem(*words, text);
    for (std::string_view part : split(text, ','))
        if (std::optional<std::string> problem = word_problem(*words, trimmed(part)))
            return problem;
    return std::nullopt;
}

std::string_view name(ConfigScope scope) {
    switch (scope) {
        case ConfigScope::broker:
            return "broker";
        case ConfigScope::topic:
            return "topic";
        case ConfigScope::producer:
            return "producer";
        case ConfigScope::consumer:
            return "consumer";
    }
    UNREACHABLE();
}

std::vector<ConfigDifference> config_differences(ConfigScope scope, const Profile& profile,
                                                 const ConfigMap& config) {
    std::vector<ConfigDifference> differences;
    for (const auto& [name_of, value] : config) {
        const ConfigKey* key = find_config_key(scope, name_of);
        if (key == nullptr || !config_key_exists(*key, profile)) continue;
        const std::string standard = config_default(*key, profile).value_or("");
        if (normal(*key, value) != normal(*key, standard))
            differences.push_back(ConfigDifference{name_of, value, standard});
    }
    return differences;
}

}  // namespace core
