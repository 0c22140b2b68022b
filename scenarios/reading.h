/// The reader's tools: reporting problems at places, and taking typed values out of JSON.
///
/// Every function that returns an optional has reported a problem when it returns nothing, unless
/// its text says otherwise; callers go on with what they have, so that all problems come at once.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/text.h"
#include "scenarios/distribution.h"
#include "scenarios/model.h"
#include "scenarios/value.h"

namespace scenario {

/// A value and its path.
struct At {
    const Value* value;
    std::string path;
    /// The member `key` of this object, which exists.
    At member(std::string_view key) const;
    /// This member of this object.
    At member(const Member& own) const;
    /// Element `index` of this list; its path segment is its id or name, else the index.
    At element(std::size_t index) const;
};

/// A word of a closed list and what it means.
template <class T>
struct Word {
    std::string_view text;
    T value;
};

/// Texts of a problem beside its message.
struct Hint {
    std::string expected = {};
    std::string suggestion = {};
};

/// A problem and where it stands; line and column are filled in for those that are listed.
struct FoundProblem {
    Problem problem;
    Span span;
};

class Reading {
  public:
    explicit Reading(std::vector<Source> sources) : sources_(std::move(sources)) {}

    /// One more text that values can stand in; its number for spans. The text outlives this.
    std::uint32_t add_source(std::string_view name, std::string_view text) {
        sources_.emplace_back(std::string(name), text);
        return static_cast<std::uint32_t>(sources_.size() - 1);
    }

    /// While true, what is not modelled (AL5xx) is a warning: inside `lesson` and `sweep`.
    void set_lenient(bool lenient) { lenient_ = lenient; }

    void error(Span span, std::string path, std::string_view code, std::string message,
               Hint hint = {});
    void error(const At& at, std::string_view code, std::string message, Hint hint = {});
    void warning(Span span, std::string path, std::string_view code, std::string message,
                 Hint hint = {});
    /// An error, or a warning inside `lesson` and `sweep`.
    void not_modelled(const At& at, std::string_view code, std::string message, Hint hint = {});

    /// `did you mean "word"?` if a candidate is near; else "".
    std::string guess(std::string_view word, const std::vector<std::string>& candidates) const;

    // ---- typed values
    std::optional<std::string> text(const At& at);
    /// A text that names something: 1 to 100 bytes, no control characters, no '/', not "*".
    std::optional<std::string> id(const At& at);
    std::optional<bool> boolean(const At& at);
    std::optional<std::int64_t> integer(const At& at, std::int64_t least, std::int64_t most);
    std::optional<std::uint64_t> unsigned_integer(const At& at);
    /// A duration of at most `most`.
    std::optional<core::Duration> duration(const At& at, core::Duration most);
    std::optional<Distribution> distribution(const At& at, core::Duration most);
    std::optional<core::Ratio> share(const At& at);
    std::optional<std::int64_t> bandwidth(const At& at);
    /// A string, or an object of texts per language.
    Text words(const At& at);
    bool is_list(const At& at);
    bool is_object(const At& at);

    template <class T>
    std::optional<T> word(const At& at, std::span<const Word<T>> list, std::string_view code,
                          std::string_view what) {
        const std::optional<std::string> found = text(at);
        if (!found) return std::nullopt;
        std::vector<std::string> candidates;
        for (const Word<T>& entry : list) {
            if (entry.text == *found) return entry.value;
            candidates.emplace_back(entry.text);
        }
        error(at, code, core::concat("unknown ", what, " \"", shown(*found), "\""),
              {core::join(candidates, ", "), guess(*found, candidates)});
        return std::nullopt;
    }

    /// Everything reported, as it came, without places.
    const std::vector<FoundProblem>& problems() const { return problems_; }
    /// The `most` worst, with their places: errors before warnings, syntax before shape before
    /// Kafka's refusals before what is not modelled, overrides before the file, then by place.
    std::vector<Problem> worst(std::size_t most) const;
    std::size_t errors() const { return errors_; }
    std::size_t warnings() const { return warnings_; }

  private:
    void add(Severity severity, Span span, std::string path, std::string_view code,
             std::string message, Hint hint);
    std::optional<core::Duration> duration_member(const At& at, std::string_view key,
                                                  core::Duration most);

    std::vector<Source> sources_;
    std::vector<FoundProblem> problems_;
    std::size_t errors_ = 0;
    std::size_t warnings_ = 0;
    std::size_t distributions_ = 0;
    bool lenient_ = false;
};

/// An object whose keys are checked against a list as soon as it is opened.
class Fields {
  public:
    /// Reports (AL205) if `at` is no object, and (AL201) each key that is not in the list.
    Fields(Reading& reading, At at, std::initializer_list<std::string_view> keys,
           std::string_view what);
    bool ok() const { return ok_; }
    const At& at() const { return at_; }
    bool has(std::string_view key) const;
    /// Nothing, without a problem, if it is not there.
    std::optional<At> get(std::string_view key) const;
    /// Reports (AL202) if it is not there, unless an unknown key was reported as meaning it.
    std::optional<At> need(std::string_view key) const;
    /// Which of these keys are there.
    std::vector<std::string_view> present(std::initializer_list<std::string_view> keys) const;
    /// Whether an unknown key was probably meant to be one of these; it was reported, with that.
    bool misspelt(std::initializer_list<std::string_view> keys) const;
    /// The place of a key (not of its value), for problems about the key itself.
    Span key_span(std::string_view key) const;

  private:
    Reading& reading_;
    At at_;
    std::string what_;
    std::vector<std::string> suggestions_;  ///< for its unknown keys
    bool ok_;
};

}  // namespace scenario
