/// What a controller's handler answers: the records it wants written and its response (Kafka's
/// ControllerResult). Handlers are const; only ClusterImage::replay of these records changes state.
#pragma once

#include <vector>

#include "core/protocol/metadata_record.h"

namespace core {

using MetadataRecords = std::vector<MetadataRecord>;

template <class Response>
struct ControllerResult {
    MetadataRecords records;
    Response response;
};

}  // namespace core
