/// Texts that a scenario is made of (the file, overrides), and places in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/problem.h"

namespace scenario {

/// A stretch of a source, in bytes.
struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t source = 0;  ///< 0: the file; then the overrides, then what it extends
};

/// One text with its name.
class Source {
  public:
    Source(std::string name, std::string_view text);
    const std::string& name() const { return name_; }
    std::string_view text() const { return text_; }
    /// Fills file, line, column, source line and carets of a problem at this place.
    void locate(Span span, Problem& problem) const;

  private:
    std::string name_;
    std::string_view text_;
    std::vector<std::uint32_t> lines_;  ///< where each line begins
};

/// `text` with every ill-formed UTF-8 byte and control character replaced, so that it can be
/// printed and put into JSON.
std::string printable(std::string_view text);
/// printable(), cut to about 60 bytes: for messages.
std::string shown(std::string_view text);

}  // namespace scenario
