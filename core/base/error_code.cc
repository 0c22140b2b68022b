#include "core/base/error_code.h"

namespace core {

std::string_view name(ErrorCode code) {
    switch (code) {
        case ErrorCode::unknown_server_error:
            return "UNKNOWN_SERVER_ERROR";
        case ErrorCode::none:
            return "NONE";
        case ErrorCode::offset_out_of_range:
            return "OFFSET_OUT_OF_RANGE";
        case ErrorCode::corrupt_message:
            return "CORRUPT_MESSAGE";
        case ErrorCode::unknown_topic_or_partition:
            return "UNKNOWN_TOPIC_OR_PARTITION";
        case ErrorCode::leader_not_available:
            return "LEADER_NOT_AVAILABLE";
        case ErrorCode::not_leader_or_follower:
            return "NOT_LEADER_OR_FOLLOWER";
        case ErrorCode::request_timed_out:
            return "REQUEST_TIMED_OUT";
        case ErrorCode::broker_not_available:
            return "BROKER_NOT_AVAILABLE";
        case ErrorCode::replica_not_available:
            return "REPLICA_NOT_AVAILABLE";
        case ErrorCode::message_too_large:
            return "MESSAGE_TOO_LARGE";
        case ErrorCode::network_exception:
            return "NETWORK_EXCEPTION";
        case ErrorCode::record_list_too_large:
            return "RECORD_LIST_TOO_LARGE";
        case ErrorCode::not_enough_replicas:
            return "NOT_ENOUGH_REPLICAS";
        case ErrorCode::not_enough_replicas_after_append:
            return "NOT_ENOUGH_REPLICAS_AFTER_APPEND";
        case ErrorCode::invalid_required_acks:
            return "INVALID_REQUIRED_ACKS";
        case ErrorCode::invalid_timestamp:
            return "INVALID_TIMESTAMP";
        case ErrorCode::unsupported_version:
            return "UNSUPPORTED_VERSION";
        case ErrorCode::invalid_replica_assignment:
            return "INVALID_REPLICA_ASSIGNMENT";
        case ErrorCode::invalid_config:
            return "INVALID_CONFIG";
        case ErrorCode::not_controller:
            return "NOT_CONTROLLER";
        case ErrorCode::invalid_request:
            return "INVALID_REQUEST";
        case ErrorCode::out_of_order_sequence_number:
            return "OUT_OF_ORDER_SEQUENCE_NUMBER";
        case ErrorCode::duplicate_sequence_number:
            return "DUPLICATE_SEQUENCE_NUMBER";
        case ErrorCode::invalid_producer_epoch:
            return "INVALID_PRODUCER_EPOCH";
        case ErrorCode::kafka_storage_error:
            return "KAFKA_STORAGE_ERROR";
        case ErrorCode::unknown_producer_id:
            return "UNKNOWN_PRODUCER_ID";
        case ErrorCode::fenced_leader_epoch:
            return "FENCED_LEADER_EPOCH";
        case ErrorCode::unknown_leader_epoch:
            return "UNKNOWN_LEADER_EPOCH";
        case ErrorCode::offset_not_available:
            return "OFFSET_NOT_AVAILABLE";
        case ErrorCode::preferred_leader_not_available:
            return "PREFERRED_LEADER_NOT_AVAILABLE";
        case ErrorCode::eligible_leaders_not_available:
            return "ELIGIBLE_LEADERS_NOT_AVAILABLE";
        case ErrorCode::election_not_needed:
            return "ELECTION_NOT_NEEDED";
        case ErrorCode::invalid_record:
            return "INVALID_RECORD";
        case ErrorCode::producer_fenced:
            return "PRODUCER_FENCED";
        case ErrorCode::duplicate_broker_registration:
            return "DUPLICATE_BROKER_REGISTRATION";
        case ErrorCode::broker_id_not_registered:
            return "BROKER_ID_NOT_REGISTERED";
        case ErrorCode::inconsistent_topic_id:
            return "INCONSISTENT_TOPIC_ID";
        case ErrorCode::inconsistent_cluster_id:
            return "INCONSISTENT_CLUSTER_ID";
        case ErrorCode::unknown_topic_id:
            return "UNKNOWN_TOPIC_ID";
        case ErrorCode::stale_broker_epoch:
            return "STALE_BROKER_EPOCH";
        case ErrorCode::invalid_update_version:
            return "INVALID_UPDATE_VERSION";
        case ErrorCode::operation_not_attempted:
            return "OPERATION_NOT_ATTEMPTED";
        case ErrorCode::ineligible_replica:
            return "INELIGIBLE_REPLICA";
        case ErrorCode::new_leader_elected:
            return "NEW_LEADER_ELECTED";
        case ErrorCode::delivery_timeout:
            return "TimeoutException (delivery.timeout.ms)";
        case ErrorCode::buffer_exhausted:
            return "BufferExhaustedException";
        case ErrorCode::metadata_timeout:
            return "TimeoutException (max.block.ms)";
    }
    return "UNKNOWN_SERVER_ERROR";
}

}  // namespace core
