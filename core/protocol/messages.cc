#include "core/protocol/messages.h"

namespace core {

namespace {

/// Request header v2 (API key, version, correlation id, client id) or response header, with the
/// four bytes of the frame's length.
constexpr std::int64_t kHeaderBytes = 40;
/// A partition entry without its records: index, epochs, offsets and its share of the topic id.
constexpr std::int64_t kPartitionBytes = 36;
constexpr std::int64_t kBrokerBytes = 24;

template <class List>
std::int64_t count(const List& list) {
    return static_cast<std::int64_t>(list.size());
}

struct SizeOf {
    std::int64_t operator()(const ProduceRequest& m) const {
        std::int64_t size = kHeaderBytes + 10;
        for (const ProducePartition& p : m.partitions)
            size += kPartitionBytes + p.batch->size_bytes();
        return size;
    }
    std::int64_t operator()(const ProduceResponse& m) const {
        return kHeaderBytes + 4 + kPartitionBytes * count(m.partitions);
    }
    std::int64_t operator()(const FetchRequest& m) const {
        return kHeaderBytes + 34 + kPartitionBytes * count(m.partitions) + 4 * count(m.forgotten);
    }
    std::int64_t operator()(const FetchResponse& m) const {
        std::int64_t size = kHeaderBytes + 14;
        for (const FetchPartitionResponse& p : m.partitions) {
            size += kPartitionBytes + 8;
            for (const Batch& batch : p.batches) size += batch.size_bytes();
        }
        return size;
    }
    std::int64_t operator()(const ListOffsetsRequest&) const {
        return kHeaderBytes + 5 + kPartitionBytes;
    }
    std::int64_t operator()(const ListOffsetsResponse&) const {
        return kHeaderBytes + 4 + kPartitionBytes;
    }
    std::int64_t operator()(const MetadataRequest&) const { return kHeaderBytes + 8; }
    std::int64_t operator()(const MetadataResponse& m) const {
        std::int64_t size = kHeaderBytes + 30 + kBrokerBytes * count(m.brokers);
        for (const MetadataPartition& p : m.partitions) size += kPartitionBytes + 4 * count(p.isr);
        return size;
    }
    std::int64_t operator()(const InitProducerIdRequest&) const { return kHeaderBytes + 18; }
    std::int64_t operator()(const InitProducerIdResponse&) const { return kHeaderBytes + 16; }
    std::int64_t operator()(const BrokerRegistrationRequest& m) const {
        return kHeaderBytes + 160 + 16 * count(m.directories);
    }
    std::int64_t operator()(const BrokerRegistrationResponse&) const { return kHeaderBytes + 14; }
    std::int64_t operator()(const BrokerHeartbeatRequest& m) const {
        return kHeaderBytes + 22 + 16 * count(m.offline_directories);
    }
    std::int64_t operator()(const BrokerHeartbeatResponse&) const { return kHeaderBytes + 9; }
    std::int64_t operator()(const AlterPartitionRequest& m) const {
        std::int64_t size = kHeaderBytes + 12;
        for (const AlterPartitionItem& p : m.partitions)
            size += kPartitionBytes + 12 * count(p.new_isr);
        return size;
    }
    std::int64_t operator()(const AlterPartitionResponse& m) const {
        std::int64_t size = kHeaderBytes + 6;
        for (const AlterPartitionResult& p : m.partitions)
            size += kPartitionBytes + 4 * count(p.isr);
        return size;
    }
    std::int64_t operator()(const AssignReplicasToDirsRequest& m) const {
        return kHeaderBytes + 12 + kPartitionBytes * count(m.assignments);
    }
    std::int64_t operator()(const AssignReplicasToDirsResponse& m) const {
        return kHeaderBytes + 6 + kPartitionBytes * count(m.assignments);
    }
    std::int64_t operator()(const AllocateProducerIdsRequest&) const { return kHeaderBytes + 12; }
    std::int64_t operator()(const AllocateProducerIdsResponse&) const { return kHeaderBytes + 18; }
    std::int64_t operator()(const MetadataFetchRequest&) const { return kHeaderBytes + 80; }
    std::int64_t operator()(const MetadataFetchResponse& m) const {
        /// A metadata record with its share of the batch around it.
        constexpr std::int64_t kMetadataRecordBytes = 90;
        return kHeaderBytes + 60 + kMetadataRecordBytes * count(m.records);
    }
};

struct NameOf {
    std::string_view operator()(const ProduceRequest&) const { return "Produce"; }
    std::string_view operator()(const ProduceResponse&) const { return "Produce"; }
    std::string_view operator()(const FetchRequest&) const { return "Fetch"; }
    std::string_view operator()(const FetchResponse&) const { return "Fetch"; }
    std::string_view operator()(const ListOffsetsRequest&) const { return "ListOffsets"; }
    std::string_view operator()(const ListOffsetsResponse&) const { return "ListOffsets"; }
    std::string_view operator()(const MetadataRequest&) const { return "Metadata"; }
    std::string_view operator()(const MetadataResponse&) const { return "Metadata"; }
    std::string_view operator()(const InitProducerIdRequest&) const { return "InitProducerId"; }
    std::string_view operator()(const InitProducerIdResponse&) const { return "InitProducerId"; }
    std::string_view operator()(const BrokerRegistrationRequest&) const {
        return "BrokerRegistration";
    }
    std::string_view operator()(const BrokerRegistrationResponse&) const {
        return "BrokerRegistration";
    }
    std::string_view operator()(const BrokerHeartbeatRequest&) const { return "BrokerHeartbeat"; }
    std::string_view operator()(const BrokerHeartbeatResponse&) const { return "BrokerHeartbeat"; }
    std::string_view operator()(const AlterPartitionRequest&) const { return "AlterPartition"; }
    std::string_view operator()(const AlterPartitionResponse&) const { return "AlterPartition"; }
    std::string_view operator()(const AssignReplicasToDirsRequest&) const {
        return "AssignReplicasToDirs";
    }
    std::string_view operator()(const AssignReplicasToDirsResponse&) const {
        return "AssignReplicasToDirs";
    }
    std::string_view operator()(const AllocateProducerIdsRequest&) const {
        return "AllocateProducerIds";
    }
    std::string_view operator()(const AllocateProducerIdsResponse&) const {
        return "AllocateProducerIds";
    }
    std::string_view operator()(const MetadataFetchRequest&) const { return "MetadataFetch"; }
    std::string_view operator()(const MetadataFetchResponse&) const { return "MetadataFetch"; }
};

}  // namespace

std::string_view api_name(const Message& message) {
    return std::visit(NameOf{}, message);
}

std::int64_t size_bytes(const Message& message) {
    return std::visit(SizeOf{}, message);
}

}  // namespace core
