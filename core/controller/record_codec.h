/// Metadata records as bytes: the values inside the batches of `__cluster_metadata-0`.
///
/// Deviation D30: the types carry the numbers of Kafka's schemas (RegisterBrokerRecord 0,
/// TopicRecord 2, ...), the fields are our own: zigzag varlongs in the order of the struct, a
/// presence byte before each optional field, texts and lists with their length before them.
#pragma once

#include <optional>

#include "core/base/bytes.h"
#include "core/protocol/metadata_record.h"

namespace core {

/// Appends the record's bytes.
void encode_record(const MetadataRecord& record, Bytes& out);
/// The record that fills exactly these bytes; nothing if they are none.
std::optional<MetadataRecord> decode_record(BytesView bytes);

}  // namespace core
