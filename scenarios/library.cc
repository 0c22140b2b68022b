#include "scenarios/library.h"

namespace scenario {

const LibraryFile* find_in_library(std::string_view id) {
    for (const LibraryFile& file : library())
        if (file.id == id) return &file;
    return nullptr;
}

}  // namespace scenario
