/// Result: a value or the protocol's own "no". GCC 12 has no std::expected in C++20.
#pragma once

#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "core/base/error_code.h"

namespace core {

/// Either a value or an ErrorCode that is not `none`.
template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}
    Result(ErrorCode error) : error_(error) { ASSERT(error != ErrorCode::none); }
    bool ok() const { return value_.has_value(); }
    explicit operator bool() const { return ok(); }
    ErrorCode error() const { return error_; }
    const T& value() const {
        ASSERT(value_.has_value());
        return *value_;
    }
    T& value() {
        ASSERT(value_.has_value());
        return *value_;
    }
    const T& operator*() const { return value(); }
    const T* operator->() const { return &value(); }

  private:
    std::optional<T> value_;
    ErrorCode error_ = ErrorCode::none;
};

}  // namespace core
