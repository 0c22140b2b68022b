/// The scenarios and the schema that are built into acklab, so that it works from any folder.
#pragma once

#include <span>
#include <string_view>

namespace scenario {

/// A file of scenarios/, byte for byte.
struct LibraryFile {
    std::string_view id;     ///< file name without ".json": "acks1-leader-crash"
    std::string_view shelf;  ///< "lessons", "catalogue", "truth"
    std::string_view name;   ///< "scenarios/lessons/acks1-leader-crash.json"
    std::string_view bytes;
};
/// All of them, lessons first, then the catalogue, each by id.
std::span<const LibraryFile> library();
/// The file with this id, or none.
const LibraryFile* find_in_library(std::string_view id);
/// scenarios/scenario-v1.schema.json.
std::string_view scenario_schema();

}  // namespace scenario
