#include "core/client/error_class.h"

#include "core/base/assert.h"

namespace core {

bool is_invalid_metadata(ErrorCode error) {
    switch (error) {
        case ErrorCode::unknown_topic_or_partition:
        case ErrorCode::leader_not_available:
        case ErrorCode::not_leader_or_follower:
        case ErrorCode::replica_not_available:
        case ErrorCode::network_exception:
        case ErrorCode::kafka_storage_error:
        case ErrorCode::fenced_leader_epoch:
        case ErrorCode::unknown_topic_id:
        case ErrorCode::inconsistent_topic_id:
        case ErrorCode::preferred_leader_not_available:
        case ErrorCode::eligible_leaders_not_available:
        case ErrorCode::election_not_needed:
            return true;
        case ErrorCode::unknown_server_error:
        case ErrorCode::none:
        case ErrorCode::offset_out_of_range:
        case ErrorCode::corrupt_message:
        case ErrorCode::request_timed_out:
        case ErrorCode::broker_not_available:
        case ErrorCode::message_too_large:
        case ErrorCode::record_list_too_large:
        case ErrorCode::not_enough_replicas:
        case ErrorCode::not_enough_replicas_after_append:
        case ErrorCode::invalid_required_acks:
        case ErrorCode::invalid_timestamp:
        case ErrorCode::unsupported_version:
        case ErrorCode::invalid_replica_assignment:
        case ErrorCode::invalid_config:
        case ErrorCode::not_controller:
        case ErrorCode::invalid_request:
        case ErrorCode::out_of_order_sequence_number:
        case ErrorCode::duplicate_sequence_number:
        case ErrorCode::invalid_producer_epoch:
        case ErrorCode::unknown_producer_id:
        case ErrorCode::unknown_leader_epoch:
        case ErrorCode::offset_not_available:
        case ErrorCode::invalid_record:
        case ErrorCode::producer_fenced:
        case ErrorCode::duplicate_broker_registration:
        case ErrorCode::broker_id_not_registered:
        case ErrorCode::inconsistent_cluster_id:
        case ErrorCode::stale_broker_epoch:
        case ErrorCode::invalid_update_version:
        case ErrorCode::operation_not_attempted:
        case ErrorCode::ineligible_replica:
        case ErrorCode::new_leader_elected:
        case ErrorCode::delivery_timeout:
        case ErrorCode::buffer_exhausted:
        case ErrorCode::metadata_timeout:
            return false;
    }
    UNREACHABLE();
}

bool is_retriable(ErrorCode error) {
    if (is_invalid_metadata(error)) return true;
    return error == ErrorCode::corrupt_message || error == ErrorCode::request_timed_out ||
           error == ErrorCode::not_enough_replicas ||
           error == ErrorCode::not_enough_replicas_after_append ||
           error == ErrorCode::not_controller || error == ErrorCode::unknown_leader_epoch ||
           error == ErrorCode::offset_not_available;
}

}  // namespace core
