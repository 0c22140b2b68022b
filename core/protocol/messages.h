/// Every message that crosses the network, as typed values. Names and fields are Kafka's.
///
/// Deviation D1: PartitionId stands for (topic id, index). D2: request headers, ApiVersions and
/// sizes are not modelled field by field; `size_bytes` gives what the network charges for.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/base/error_code.h"
#include "core/base/ids.h"
#include "core/base/maybe.h"
#include "core/base/time.h"
#include "core/protocol/metadata_record.h"
#include "core/record/batch.h"

namespace core {

/// acks: 0, 1 or all (-1).
enum class Acks : std::int8_t { none = 0, leader = 1, all = -1 };

template <class T>
using PartitionList = boost::container::small_vector<T, 1>;

/// KIP-951: the leader that the answering broker knows.
struct CurrentLeader {
    NodeId leader;
    LeaderEpoch leader_epoch;
};

// ---- produce ------------------------------------------------------------------------------------

struct ProducePartition {
    PartitionId partition;
    BatchBodyRef batch;  ///< base offset 0, no leader epoch, as a client sends it
};
struct ProduceRequest {
    Acks acks;
    Duration timeout;  ///< the client's request.timeout.ms
    PartitionList<ProducePartition> partitions;
    /// Identity for keyed draws (DESIGN 4): workload number of the first record, and attempt.
    RecordNumber first_record;
    std::uint32_t attempt = 0;
};
struct ProducePartitionResponse {
    PartitionId partition;
    ErrorCode error = ErrorCode::none;
    Maybe<Offset> base_offset = std::nullopt;
    std::optional<CurrentLeader> current_leader = std::nullopt;
    /// Identity for the trace: under which epoch and committed ISR size it was acknowledged.
    Maybe<LeaderEpoch> appended_epoch = std::nullopt;
    std::uint16_t isr_size = 0;
};
struct ProduceResponse {
    PartitionList<ProducePartitionResponse> partitions;
};

// ---- fetch --------------------------------------------------------------------------------------

struct FetchPartition {
    PartitionId partition;
    Maybe<LeaderEpoch> current_leader_epoch;
    Offset fetch_offset;
    Maybe<LeaderEpoch> last_fetched_epoch;  ///< 2.8+ followers: truncation on fetch
    Offset log_start_offset;
};
/// Incremental fetch (KIP-227 without its session ids and eviction: the connection is the session).
/// The first request of a connection is `full`; later ones name only what changed.
struct FetchRequest {
    Maybe<NodeId> replica;             ///< nothing: a consumer or the audit's reader
    Maybe<BrokerEpoch> replica_epoch;  ///< KIP-903
    Duration max_wait;
    std::int32_t min_bytes = 1;
    std::int32_t max_bytes = 10 * 1024 * 1024;
    std::int32_t partition_max_bytes = 1024 * 1024;
    bool full = true;
    PartitionList<FetchPartition> partitions;
    PartitionList<PartitionId> forgotten;
};
struct FetchPartitionResponse {
    /// Made in its place in the list: with its records it is too big to be moved there.
    explicit FetchPartitionResponse(PartitionId id) : partition(id) {}

    PartitionId partition;
    ErrorCode error = ErrorCode::none;
    Offset high_watermark{0};
    Offset log_start_offset{0};
    std::optional<OffsetAndEpoch> diverging;  ///< (leader epoch, end offset)
    std::optional<CurrentLeader> current_leader;
    boost::container::small_vector<Batch, 1> batches;
};
struct FetchResponse {
    ErrorCode error = ErrorCode::none;
    PartitionList<FetchPartitionResponse> partitions;
};

enum class OffsetSpec : std::int8_t { earliest, latest };
struct ListOffsetsRequest {
    std::optional<NodeId> replica;
    PartitionId partition;
    std::optional<LeaderEpoch> current_leader_epoch;
    OffsetSpec spec;
};
struct ListOffsetsResponse {
    PartitionId partition;
    ErrorCode error = ErrorCode::none;
    std::optional<Offset> offset;
    std::optional<LeaderEpoch> leader_epoch;
};

// ---- clients' metadata and producer ids ---------------------------------------------------------

struct MetadataRequest {};
struct MetadataPartition {
    PartitionId partition;
    ErrorCode error = ErrorCode::none;
    std::optional<NodeId> leader;
    LeaderEpoch leader_epoch;
    ReplicaList isr;
};
struct MetadataResponse {
    std::vector<NodeId> brokers;  ///< alive (unfenced) in this broker's image, in id order
    std::vector<MetadataPartition> partitions;
};
struct InitProducerIdRequest {
    std::optional<ProducerId> producer_id;
    std::optional<ProducerEpoch> producer_epoch;
};
struct InitProducerIdResponse {
    ErrorCode error = ErrorCode::none;
    std::optional<ProducerId> producer_id;
    std::optional<ProducerEpoch> producer_epoch;
};

// ---- brokers and the controller -----------------------------------------------------------------

struct BrokerRegistrationRequest {
    NodeId broker;
    IncarnationId incarnation;
    DirectoryList directories;
    std::optional<BrokerEpoch> previous_broker_epoch;  ///< from the clean-shutdown file, 3.8+
};
struct BrokerRegistrationResponse {
    ErrorCode error = ErrorCode::none;
    std::optional<BrokerEpoch> broker_epoch;
};
struct BrokerHeartbeatRequest {
    NodeId broker;
    BrokerEpoch broker_epoch;
    MetadataOffset current_metadata_offset;  ///< highest applied offset
    bool want_fence = true;
    bool want_shut_down = false;
    DirectoryList offline_directories;
};
struct BrokerHeartbeatResponse {
    ErrorCode error = ErrorCode::none;
    bool is_caught_up = false;
    bool is_fenced = true;
    bool should_shut_down = false;
};
struct AlterPartitionIsrMember {
    NodeId broker;
    std::optional<BrokerEpoch> broker_epoch;
};
struct AlterPartitionItem {
    PartitionId partition;
    LeaderEpoch leader_epoch;
    boost::container::small_vector<AlterPartitionIsrMember, 4> new_isr;
    RecoveryState recovery_state = RecoveryState::recovered;
    PartitionEpoch partition_epoch;
};
struct AlterPartitionRequest {
    NodeId broker;
    BrokerEpoch broker_epoch;
    std::vector<AlterPartitionItem> partitions;
};
struct AlterPartitionResult {
    PartitionId partition;
    ErrorCode error = ErrorCode::none;
    std::optional<NodeId> leader;
    LeaderEpoch leader_epoch{0};
    ReplicaList isr;
    RecoveryState recovery_state = RecoveryState::recovered;
    PartitionEpoch partition_epoch{0};
};
struct AlterPartitionResponse {
    ErrorCode error = ErrorCode::none;
    std::vector<AlterPartitionResult> partitions;
};
struct DirectoryAssignment {
    PartitionId partition;
    DirectoryId directory;
};
struct AssignReplicasToDirsRequest {
    NodeId broker;
    BrokerEpoch broker_epoch;
    std::vector<DirectoryAssignment> assignments;
};
struct AssignReplicasToDirsResponse {
    ErrorCode error = ErrorCode::none;
    std::vector<DirectoryAssignment> assignments;
};
/// AllocateProducerIds: a block of 1,000 ids for one broker.
struct AllocateProducerIdsRequest {
    NodeId broker;
    BrokerEpoch broker_epoch;
};
struct AllocateProducerIdsResponse {
    ErrorCode error = ErrorCode::none;
    std::optional<ProducerId> first;
    std::int32_t count = 0;
};
/// The Raft Fetch of an observer (KIP-595): metadata records from `fetch_offset` on.
struct MetadataFetchRequest {
    NodeId replica;
    MetadataOffset fetch_offset;
    Duration max_wait;
};
struct MetadataFetchResponse {
    ErrorCode error = ErrorCode::none;
    std::optional<NodeId> leader;   ///< the active controller that the answering node knows
    MetadataOffset base_offset{0};  ///< of the first record
    std::vector<MetadataRecord> records;
    MetadataOffset high_watermark{0};
};

using Message =
    std::variant<ProduceRequest, ProduceResponse, FetchRequest, FetchResponse, ListOffsetsRequest,
                 ListOffsetsResponse, MetadataRequest, MetadataResponse, InitProducerIdRequest,
                 InitProducerIdResponse, BrokerRegistrationRequest, BrokerRegistrationResponse,
                 BrokerHeartbeatRequest, BrokerHeartbeatResponse, AlterPartitionRequest,
                 AlterPartitionResponse, AssignReplicasToDirsRequest, AssignReplicasToDirsResponse,
                 AllocateProducerIdsRequest, AllocateProducerIdsResponse, MetadataFetchRequest,
                 MetadataFetchResponse>;

/// Kafka's name of the API: "Produce", "Fetch", ... the same for request and response.
std::string_view api_name(const Message& message);
/// True for the ...Request alternatives: requests and responses alternate in Message.
inline bool is_request(const Message& message) {
    return message.index() % 2 == 0;
}
/// Produce and fetch, which nearly all messages of a run are: they come first in Message.
inline bool is_data_path(const Message& message) {
    return message.index() < 4;
}
static_assert(std::is_same_v<std::variant_alternative_t<0, Message>, ProduceRequest>);
static_assert(std::is_same_v<std::variant_alternative_t<3, Message>, FetchResponse>);
/// Bytes on the wire, near enough for bandwidth: batches exactly, the rest by count of fields.
std::int64_t size_bytes(const Message& message);

}  // namespace core
