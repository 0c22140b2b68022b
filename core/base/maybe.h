/// Maybe<T>: an optional of a strong type that takes no more room than the type itself.
///
/// For plain data that is made and handed on at every step of a run: notes, the ledger's entries,
/// produce and fetch. Elsewhere an optional is a std::optional, which it converts from and to.
///
/// Rules:
///   M1  One value of T, which nothing that is counted or named ever has, stands for nothing. It
///       goes neither in (ASSERT) nor out; only raw() shows it, to who hashes the words.
#pragma once

#include <optional>

#include "core/base/assert.h"

namespace core {

/// What stands for nothing: -1, as Kafka writes it. A type that is no number says its own.
template <class T>
inline constexpr T kNothing = T(static_cast<typename T::rep>(-1));

template <class T>
class Maybe {
  public:
    constexpr Maybe() = default;
    constexpr Maybe(std::nullopt_t) {}
    constexpr Maybe(T value) : value_(value) { ASSERT(has_value()); }
    constexpr Maybe(const std::optional<T>& value) {
        if (value) *this = Maybe(*value);
    }
    constexpr operator std::optional<T>() const {
        return has_value() ? std::optional<T>(value_) : std::nullopt;
    }

    constexpr bool has_value() const { return !(value_ == kNothing<T>); }
    explicit constexpr operator bool() const { return has_value(); }
    /// There is one.
    constexpr T operator*() const { return value_; }
    constexpr const T* operator->() const { return &value_; }
    constexpr T value() const {
        ASSERT(has_value());
        return value_;
    }
    constexpr T value_or(T other) const { return has_value() ? value_ : other; }
    constexpr void reset() { value_ = kNothing<T>; }
    /// The value, or kNothing<T>.
    constexpr T raw() const { return value_; }

    friend constexpr bool operator==(const Maybe& a, const Maybe& b) {
        return a.value_ == b.value_;
    }
    friend constexpr bool operator==(const Maybe& a, const T& b) { return a.value_ == b; }
    friend constexpr bool operator==(const Maybe& a, std::nullopt_t) { return !a.has_value(); }
    // std::optional compares itself with any type, but as with a value.
    friend constexpr bool operator==(const Maybe& a, const std::optional<T>& b) {
        return a == Maybe(b);
    }

  private:
    T value_ = kNothing<T>;
};

}  // namespace core
