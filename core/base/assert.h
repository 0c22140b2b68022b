/// ASSERT: an invariant of our own code, checked in every build type.
///
/// A false ASSERT throws AssertionFailure: a bug in acklab, never bad input. It is caught once, at
/// the edge of a run (sim/cluster), which ends the run with exit status 70. Core never catches it.
#pragma once

#include <stdexcept>
#include <string>

namespace core {

/// A broken invariant: file, line and the expression that was false.
class AssertionFailure : public std::logic_error {
  public:
    explicit AssertionFailure(const std::string& what) : std::logic_error(what) {}
};

/// Throws AssertionFailure with "file:line: expression".
[[noreturn]] void fail_assertion(const char* file, int line, const char* expression);

}  // namespace core

#define ASSERT(condition)                                           \
    do {                                                            \
        if (!(condition)) [[unlikely]]                              \
            ::core::fail_assertion(__FILE__, __LINE__, #condition); \
    } while (false)

#define UNREACHABLE() ::core::fail_assertion(__FILE__, __LINE__, "unreachable")
