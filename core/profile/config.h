/// Settings: Kafka's keys with Kafka's defaults, resolved into typed values for one node or topic.
///
/// A node takes these small structs, never a map. Keys that only change performance or that this
/// model has no use for are not here (SCENARIO_FORMAT: notModelled).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/profile/profile.h"

namespace core {

/// Kafka settings as written: key and value text ("all", "30000", "true"), sorted by key, unique.
using ConfigMap = std::vector<std::pair<std::string, std::string>>;

/// Sets or replaces a key, keeping the order.
void set_config(ConfigMap& config, std::string_view key, std::string_view value);
/// The value of a key, if set.
std::optional<std::string_view> find_config(const ConfigMap& config, std::string_view key);

/// Topic settings with what they fall back to (LogConfig, ReplicaManager).
struct TopicConfig {
    std::int32_t min_insync_replicas = 1;
    bool unclean_leader_election_enable = false;
    std::int64_t segment_bytes = 1 << 30;
    Duration segment_age = from_ms(604'800'000);  ///< segment.ms
    std::int64_t flush_messages = INT64_MAX;
    Duration flush_interval = Duration::max();  ///< flush.ms
    std::int32_t max_message_bytes = 1'048'588;
    bool log_append_time = false;  ///< message.timestamp.type
    /// Of the version: a roll leaves its producer snapshot to the flush behind it (KAFKA-15046).
    bool snapshot_flushed_async = true;
};

/// Broker and controller settings (server.properties), typed.
struct BrokerConfig {
    // Replication.
    Duration replica_lag_time_max = from_ms(30'000);
    Duration replica_fetch_wait_max = from_ms(500);
    std::int32_t replica_fetch_min_bytes = 1;
    std::int32_t replica_fetch_max_bytes = 1 << 20;
    std::int32_t replica_fetch_response_max_bytes = 10 << 20;
    Duration replica_fetch_backoff = from_ms(1'000);
    Duration replica_socket_timeout = from_ms(30'000);
    std::int32_t num_replica_fetchers = 1;
    Duration high_watermark_checkpoint_interval = from_ms(5'000);
    std::int32_t default_replication_factor = 1;
    // Log.
    Duration flush_offset_checkpoint_interval = from_ms(60'000);
    Duration flush_start_offset_checkpoint_interval = from_ms(60'000);
    Duration flush_scheduler_interval = Duration::max();
    Duration segment_delete_delay = from_ms(60'000);
    Duration producer_id_expiration = from_ms(86'400'000);
    std::int32_t num_recovery_threads_per_data_dir = 1;
    // Liveness and controller.
    Duration broker_heartbeat_interval = from_ms(2'000);
    Duration broker_session_timeout = from_ms(9'000);
    Duration initial_broker_registration_timeout = from_ms(60'000);
    Duration controller_socket_timeout = from_ms(30'000);
    Duration metadata_max_idle_interval = from_ms(500);
    Duration quorum_append_linger = from_ms(25);
    Duration quorum_request_timeout = from_ms(2'000);
    Duration quorum_fetch_timeout = from_ms(2'000);
    Duration quorum_retry_backoff = from_ms(20);
    bool auto_leader_rebalance_enable = true;
    Duration leader_imbalance_check_interval = from_ms(300'000);
    Duration unclean_leader_election_interval = from_ms(300'000);
    bool controlled_shutdown_enable = true;
    // What topics fall back to.
    TopicConfig topic_defaults;
};

/// Java producer settings, typed.
struct ProducerConfig {
    std::int8_t acks = -1;  ///< 0, 1, -1 (all)
    bool enable_idempotence = true;
    std::int32_t retries = INT32_MAX;
    Duration delivery_timeout = from_ms(120'000);
    Duration request_timeout = from_ms(30'000);
    Duration retry_backoff = from_ms(100);
    Duration retry_backoff_max = from_ms(1'000);
    Duration linger = from_ms(0);
    std::int32_t batch_size = 16'384;
    std::int64_t buffer_memory = 33'554'432;
    Duration max_block = from_ms(60'000);
    std::int32_t max_in_flight_requests_per_connection = 5;
    std::int32_t max_request_size = 1'048'576;
    Duration metadata_max_age = from_ms(300'000);
    Duration reconnect_backoff = from_ms(50);
    Duration reconnect_backoff_max = from_ms(1'000);
    Duration connection_setup_timeout = from_ms(10'000);
    Duration connection_setup_timeout_max = from_ms(30'000);
};

/// Why a setting cannot be taken: Kafka's own ConfigException in one sentence.
struct ConfigProblem {
    std::string key;
    std::string message;
};

/// Resolves the settings of one node or topic for a version: its own keys, then what they fall back
/// to, then the version's defaults. Problems are added to `problems`; values stay at their default.
BrokerConfig resolve_broker(const Profile& profile, const ConfigMap& config,
                            std::vector<ConfigProblem>& problems);
TopicConfig resolve_topic(const Profile& profile, const BrokerConfig& broker,
                          const ConfigMap& config, std::vector<ConfigProblem>& problems);
ProducerConfig resolve_producer(const Profile& profile, const ConfigMap& config,
                                std::vector<ConfigProblem>& problems);

/// What kind of thing a key configures.
enum class ConfigScope : std::uint8_t { broker, topic, producer, consumer };

/// One key of kafka-keys.tsv.
struct ConfigKey {
    ConfigScope scope;
    std::string_view name;
    std::string_view type;           ///< int, long, boolean, string, list, double, ...
    std::string_view first_version;  ///< first seen
    std::string_view last_version;   ///< last seen
    std::string_view defaults;       ///< "0.9.0.1=1;2.5.1=2": version=value from then on
    /// Allowed values or range, as Kafka prints them; like defaults if versions differ.
    std::string_view values;
    std::string_view broker_key;  ///< topic keys: the broker key they fall back to
    bool modelled;                ///< this model gives it an effect
};
/// All keys, sorted by (scope, name).
std::span<const ConfigKey> all_config_keys();
const ConfigKey* find_config_key(ConfigScope scope, std::string_view name);
/// The default of a key in a version ("30000"), if it has one there.
std::optional<std::string> config_default(const ConfigKey& key, const Profile& profile);
/// The allowed values or range of a key in a version ("[14,...]"); empty: any of its type.
std::string_view config_values(const ConfigKey& key, const Profile& profile);
/// True if that version has the key (ZooKeeper's keys are no part of a KRaft cluster).
bool config_key_exists(const ConfigKey& key, const Profile& profile);
/// Why this version refuses this value of this key (type, range, list of words), in one sentence;
/// nothing if it takes it. [ConfigDef.parseType, ConfigDef.Range, ConfigDef.ValidString]
std::optional<std::string> config_value_problem(const ConfigKey& key, const Profile& profile,
                                                std::string_view value);
/// "broker", "topic", "producer", "consumer".
std::string_view name(ConfigScope scope);

/// A setting that differs from the version's default.
struct ConfigDifference {
    std::string key;
    std::string value;
    std::string default_value;  ///< empty: none
};
/// Those of `config` that differ, in the order of keys; unknown keys are left out.
std::vector<ConfigDifference> config_differences(ConfigScope scope, const Profile& profile,
                                                 const ConfigMap& config);

}  // namespace core
