/// Files and the terminal. Every failure is a FileError with one clear line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "tools/command_line.h"

namespace tool {

/// The bytes of a file, or of stdin for "-"; at most `most` + 1 of them are read.
std::string read_input(const std::string& name, std::size_t most);

/// Writes beside the target, then renames: the file is there whole, or as it was before.
void write_file(const std::string& named, std::string_view bytes);
/// Throws where write_file could not succeed, before the work is done.
void check_writable(const std::string& path);
/// Whether both are one file, by whatever name; "-" is standard input.
bool is_same_file(const std::string& path, const std::string& input);
/// Writes a file below a directory, making the directories between. `relative` has no "..".
void write_below(const std::string& directory, const std::string& relative, core::BytesView bytes);
/// Makes a directory with its parents; an existing one must be empty.
void make_empty_directory(const std::string& path);

/// Writes to stdout; throws if it does not arrive.
void print(std::string_view text);
/// Writes to stderr.
void warn(std::string_view text);
/// The same without a line end: what is written over by what comes next.
void write_progress(std::string_view text);

/// "en", or "zh" where LC_ALL, LC_MESSAGES or LANG asks for it in UTF-8.
std::string language_of_environment();
bool stdout_is_terminal();
bool stderr_is_terminal();
/// Columns of the terminal, if stdout is one and says so; else 0.
std::size_t terminal_columns();

}  // namespace tool
