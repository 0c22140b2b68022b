/// Kafka's protocol error codes, those that this core can answer (Errors, 3.9).
#pragma once

#include <cstdint>
#include <string_view>

namespace core {

enum class ErrorCode : std::int16_t {
    unknown_server_error = -1,
    none = 0,
    offset_out_of_range = 1,
    corrupt_message = 2,
    unknown_topic_or_partition = 3,
    leader_not_available = 5,
    not_leader_or_follower = 6,
    request_timed_out = 7,
    broker_not_available = 8,
    replica_not_available = 9,
    message_too_large = 10,
    network_exception = 13,
    record_list_too_large = 18,
    not_enough_replicas = 19,
    not_enough_replicas_after_append = 20,
    invalid_required_acks = 21,
    invalid_timestamp = 32,
    unsupported_version = 35,
    invalid_replica_assignment = 39,
    invalid_config = 40,
    not_controller = 41,
    invalid_request = 42,
    out_of_order_sequence_number = 45,
    duplicate_sequence_number = 46,
    invalid_producer_epoch = 47,
    kafka_storage_error = 56,
    unknown_producer_id = 59,
    fenced_leader_epoch = 74,
    unknown_leader_epoch = 75,
    offset_not_available = 78,
    preferred_leader_not_available = 80,
    eligible_leaders_not_available = 83,
    election_not_needed = 84,
    invalid_record = 87,
    producer_fenced = 90,
    duplicate_broker_registration = 101,
    broker_id_not_registered = 102,
    inconsistent_topic_id = 103,
    inconsistent_cluster_id = 104,
    unknown_topic_id = 100,
    stale_broker_epoch = 77,
    invalid_update_version = 95,
    operation_not_attempted = 55,
    ineligible_replica = 107,
    new_leader_elected = 108,
    /// Not on the wire: how the client words its own outcomes.
    delivery_timeout = 1001,
    buffer_exhausted = 1002,
    metadata_timeout = 1003,
};

/// Kafka's spelling: "NOT_LEADER_OR_FOLLOWER".
std::string_view name(ErrorCode code);

}  // namespace core
