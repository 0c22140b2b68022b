/// Result: a value or the protocol's own "no". GCC 12 has no std::expected in C++20.
#pragma once

#include <type_traits>

#include "core/base/assert.h"
#include "core/base/error_code.h"

namespace core {

/// Either a value, which is plain data, or an ErrorCode that is not `none`.
template <class T>
class [[nodiscard]] Result {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    Result(const T& value) : value_(value) {}
    Result(ErrorCode error) : nothing_(), error_(error) { ASSERT(error != ErrorCode::none); }
    bool ok() const { return error_ == ErrorCode::none; }
    explicit operator bool() const { return ok(); }
    ErrorCode error() const { return error_; }
    const T& value() const {
        ASSERT(ok());
        return value_;
    }
    T& value() {
        ASSERT(ok());
        return value_;
    }
    const T& operator*() const { return value(); }
    const T* operator->() const { return &value(); }

  private:
    union {
        char nothing_;
        T value_;
    };
    ErrorCode error_ = ErrorCode::none;
};

}  // namespace core
