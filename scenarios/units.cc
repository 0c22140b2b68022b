#include "scenarios/units.h"

#include <array>
#include <numeric>

#include "core/base/text.h"

namespace scenario {
namespace {

__extension__ using Wide = __int128;

struct UnitName {
    std::string_view name;
    std::int64_t nanos;
};
/// Falling, and a longer name before its prefix.
constexpr std::array<UnitName, 7> kUnits = {{
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"ms", 1'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"us", 1'000},
    {"ns", 1},
}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Digits with at most one point: value / 10^decimals. Takes them off the front of `text`.
struct Decimal {
    std::int64_t digits = 0;
    int decimals = 0;
};
std::optional<Decimal> take_decimal(std::string_view& text) {
    Decimal number;
    std::size_t at = 0;
    bool point = false;
    int count = 0;
    for (; at < text.size(); ++at) {
        if (text[at] == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(text[at])) break;
        if (++count > 18) return std::nullopt;
        number.digits = number.digits * 10 + (text[at] - '0');
        if (point) ++number.decimals;
    }
    if (count == 0 || text.front() == '.' || text[at - 1] == '.') return std::nullopt;
    text.remove_prefix(at);
    return number;
}

std::int64_t power_of_ten(int exponent) {
    std::int64_t power = 1;
    for (int i = 0; i < exponent; ++i) power *= 10;
    return power;
}

}  // namespace

ParsedDuration parse_duration(std::string_view text) {
    const ParsedDuration bad{core::Duration(0), DurationError::bad};
    if (text.empty()) return bad;
    Wide total = 0;
    while (!text.empty()) {
        const std::optional<Decimal> number = take_decimal(text);
        if (!number) return bad;
        if (text.empty()) return {core::Duration(0), DurationError::no_unit};
        const UnitName* unit = nullptr;
        for (const UnitName& one : kUnits)
            if (unit == nullptr && text.substr(0, one.name.size()) == one.name) unit = &one;
        if (unit == nullptr) return bad;
        text.remove_prefix(unit->name.size());
        total += static_cast<Wide>(number->digits) * unit->nanos / power_of_ten(number->decimals);
        if (total > INT64_MAX / 4) return {core::Duration(0), DurationError::too_long};
    }
    return {core::Duration(static_cast<std::int64_t>(total)), DurationError::none};
}

std::string duration_text(core::Duration duration) {
    constexpr std::array<UnitName, 7> kFalling = {{{"d", 86'400'000'000'000},
                                                   {"h", 3'600'000'000'000},
                                                   {"m", 60'000'000'000},
                                                   {"s", 1'000'000'000},
                                                   {"ms", 1'000'000},
                                                   {"us", 1'000},
                                                   {"ns", 1}}};
    std::int64_t left = duration.count();
    if (left == 0) return "0s";
    std::string out = left < 0 ? "-" : "";
    if (left < 0) left = left == INT64_MIN ? INT64_MAX : -left;
    for (const UnitName& unit : kFalling) {
        if (left / unit.nanos > 0) out += core::concat(left / unit.nanos, unit.name);
        left %= unit.nanos;
    }
    return out;
}

std::optional<Period> parse_rate(std::string_view text) {
    const std::optional<Decimal> number = take_decimal(text);
    if (!number || number->digits == 0 || number->decimals > 9) return std::nullopt;
    if (number->digits / power_of_ten(number->decimals) >= 1'000'000'000) return std::nullopt;
    std::int64_t per = 0;
    if (text == "/s") per = 1'000'000'000;
    if (text == "/m") per = 60'000'000'000;
    if (text == "/h") per = 3'600'000'000'000;
    if (per == 0) return std::nullopt;
    // per * 10^decimals / digits, reduced step by step so that nothing overflows.
    std::int64_t digits = number->digits;
    std::int64_t scale = power_of_ten(number->decimals);
    const std::int64_t first = std::gcd(digits, scale);
    digits /= first;
    scale /= first;
    const std::int64_t second = std::gcd(digits, per);
    digits /= second;
    per /= second;
    const Wide numerator = static_cast<Wide>(per) * scale;
    if (numerator > INT64_MAX) return std::nullopt;
    return Period{static_cast<std::int64_t>(numerator), digits};
}

std::optional<std::int64_t> parse_bandwidth(std::string_view text) {
    const std::optional<Decimal> number = take_decimal(text);
    if (!number) return std::nullopt;
    std::int64_t unit = 0;
    if (text == "B/s") unit = 1;
    if (text == "KB/s") unit = 1'000;
    if (text == "MB/s") unit = 1'000'000;
    if (text == "GB/s") unit = 1'000'000'000;
    const Wide bytes = static_cast<Wide>(number->digits) * unit / power_of_ten(number->decimals);
    if (bytes < 1 || bytes > INT64_MAX / 1'000'000'000) return std::nullopt;
    return static_cast<std::int64_t>(bytes);
}

std::optional<core::Ratio> parse_share(std::string_view number) {
    std::int64_t exponent = 0;
    const std::size_t mark = number.find_first_of("eE");
    if (mark != std::string_view::npos) {
        std::string_view power = number.substr(mark + 1);
        if (!power.empty() && power.front() == '+') power.remove_prefix(1);
        exponent = core::parse_int(power).value_or(INT64_MIN);
        number = number.substr(0, mark);
    }
    const std::optional<Decimal> decimal = take_decimal(number);
    if (!decimal || !number.empty()) return std::nullopt;
    if (decimal->digits == 0) return core::Ratio{0, 1};
    if (exponent < -15 || exponent > 15) return std::nullopt;
    std::int64_t decimals = decimal->decimals - exponent;
    std::int64_t digits = decimal->digits;
    for (; decimals > 0 && digits % 10 == 0; --decimals) digits /= 10;
    if (decimals < 0 || decimals > 15) return std::nullopt;
    const std::int64_t whole = power_of_ten(static_cast<int>(decimals));
    if (digits > whole) return std::nullopt;
    return core::Ratio{static_cast<std::uint64_t>(digits), static_cast<std::uint64_t>(whole)};
}

}  // namespace scenario
