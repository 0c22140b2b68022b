#include "core/profile/config.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/base/variant.h"
#include "core/profile/bindings.h"

namespace core {
namespace {

constexpr Unit kMs = Unit::milliseconds;
using Broker = BrokerConfig;
using Topic = TopicConfig;
using Producer = ProducerConfig;

constexpr std::array kBroker = {
    Binding<Broker>{"replica.lag.time.max.ms", &Broker::replica_lag_time_max, kMs},
    Binding<Broker>{"replica.fetch.wait.max.ms", &Broker::replica_fetch_wait_max, kMs},
    Binding<Broker>{"replica.fetch.min.bytes", &Broker::replica_fetch_min_bytes},
    Binding<Broker>{"replica.fetch.max.bytes", &Broker::replica_fetch_max_bytes},
    Binding<Broker>{"replica.fetch.response.max.bytes", &Broker::replica_fetch_response_max_bytes},
    Binding<Broker>{"replica.fetch.backoff.ms", &Broker::replica_fetch_backoff, kMs},
    Binding<Broker>{"replica.socket.timeout.ms", &Broker::replica_socket_timeout, kMs},
    Binding<Broker>{"num.replica.fetchers", &Broker::num_replica_fetchers},
    Binding<Broker>{"replica.high.watermark.checkpoint.interval.ms",
                    &Broker::high_watermark_checkpoint_interval, kMs},
    Binding<Broker>{"default.replication.factor", &Broker::default_replication_factor},
    Binding<Broker>{"log.flush.offset.checkpoint.interval.ms",
                    &Broker::flush_offset_checkpoint_interval, kMs},
    Binding<Broker>{"log.flush.start.offset.checkpoint.interval.ms",
                    &Broker::flush_start_offset_checkpoint_interval, kMs},
    Binding<Broker>{"log.flush.scheduler.interval.ms", &Broker::flush_scheduler_interval, kMs},
    Binding<Broker>{"log.segment.delete.delay.ms", &Broker::segment_delete_delay, kMs},
    Binding<Broker>{"producer.id.expiration.ms", &Broker::producer_id_expiration, kMs},
    Binding<Broker>{"num.recovery.threads.per.data.dir",
                    &Broker::num_recovery_threads_per_data_dir},
    Binding<Broker>{"broker.heartbeat.interval.ms", &Broker::broker_heartbeat_interval, kMs},
    Binding<Broker>{"broker.session.timeout.ms", &Broker::broker_session_timeout, kMs},
    Binding<Broker>{"initial.broker.registration.timeout.ms",
                    &Broker::initial_broker_registration_timeout, kMs},
    Binding<Broker>{"controller.socket.timeout.ms", &Broker::controller_socket_timeout, kMs},
    Binding<Broker>{"metadata.max.idle.interval.ms", &Broker::metadata_max_idle_interval, kMs},
    Binding<Broker>{"controller.quorum.append.linger.ms", &Broker::quorum_append_linger, kMs},
    Binding<Broker>{"controller.quorum.request.timeout.ms", &Broker::quorum_request_timeout, kMs},
    Binding<Broker>{"controller.quorum.fetch.timeout.ms", &Broker::quorum_fetch_timeout, kMs},
    Binding<Broker>{"controller.quorum.retry.backoff.ms", &Broker::quorum_retry_backoff, kMs},
    Binding<Broker>{"auto.leader.rebalance.enable", &Broker::auto_leader_rebalance_enable},
    Binding<Broker>{"leader.imbalance.check.interval.seconds",
                    &Broker::leader_imbalance_check_interval, Unit::seconds},
    Binding<Broker>{"unclean.leader.election.interval.ms",
                    &Broker::unclean_leader_election_interval, kMs},
    Binding<Broker>{"controlled.shutdown.enable", &Broker::controlled_shutdown_enable},
};

/// Broker keys that topics fall back to; log.roll.* and log.flush.interval.ms have rules of their
/// own (broker_topic_defaults).
constexpr std::array kTopicOfBroker = {
    Binding<Topic>{"min.insync.replicas", &Topic::min_insync_replicas},
    Binding<Topic>{"unclean.leader.election.enable", &Topic::unclean_leader_election_enable},
    Binding<Topic>{"log.segment.bytes", &Topic::segment_bytes},
    Binding<Topic>{"log.flush.interval.messages", &Topic::flush_messages},
    Binding<Topic>{"message.max.bytes", &Topic::max_message_bytes},
};

constexpr std::array kTopic = {
    Binding<Topic>{"min.insync.replicas", &Topic::min_insync_replicas},
    Binding<Topic>{"unclean.leader.election.enable", &Topic::unclean_leader_election_enable},
    Binding<Topic>{"segment.bytes", &Topic::segment_bytes},
    Binding<Topic>{"segment.ms", &Topic::segment_age, kMs},
    Binding<Topic>{"flush.messages", &Topic::flush_messages},
    Binding<Topic>{"flush.ms", &Topic::flush_interval, kMs},
    Binding<Topic>{"max.message.bytes", &Topic::max_message_bytes},
};

constexpr std::array kProducer = {
    Binding<Producer>{"enable.idempotence", &Producer::enable_idempotence},
    Binding<Producer>{"retries", &Producer::retries},
    Binding<Producer>{"delivery.timeout.ms", &Producer::delivery_timeout, kMs},
    Binding<Producer>{"request.timeout.ms", &Producer::request_timeout, kMs},
    Binding<Producer>{"retry.backoff.ms", &Producer::retry_backoff, kMs},
    Binding<Producer>{"retry.backoff.max.ms", &Producer::retry_backoff_max, kMs},
    Binding<Producer>{"linger.ms", &Producer::linger, kMs},
    Binding<Producer>{"batch.size", &Producer::batch_size},
    Binding<Producer>{"buffer.memory", &Producer::buffer_memory},
    Binding<Producer>{"max.block.ms", &Producer::max_block, kMs},
    Binding<Producer>{"max.in.flight.requests.per.connection",
                      &Producer::max_in_flight_requests_per_connection},
    Binding<Producer>{"max.request.size", &Producer::max_request_size},
    Binding<Producer>{"metadata.max.age.ms", &Producer::metadata_max_age, kMs},
    Binding<Producer>{"reconnect.backoff.ms", &Producer::reconnect_backoff, kMs},
    Binding<Producer>{"reconnect.backoff.max.ms", &Producer::reconnect_backoff_max, kMs},
    Binding<Producer>{"socket.connection.setup.timeout.ms", &Producer::connection_setup_timeout,
                      kMs},
    Binding<Producer>{"socket.connection.setup.timeout.max.ms",
                      &Producer::connection_setup_timeout_max, kMs},
};

bool is_true(std::string_view text) {
    std::string word;
    for (char c : text)
        if (std::isspace(static_cast<unsigned char>(c)) == 0)
            word.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    return word == "true";
}

std::int64_t whole_number(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
        text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
        text.remove_suffix(1);
    return parse_int(text).value_or(0);
}

Duration time_of(std::int64_t number, Unit unit) {
    if (unit == Unit::seconds)
        return number > INT64_MAX / 1'000 ? Duration::max() : from_ms(number * 1'000);
    return from_ms(number);
}

/// The settings of one thing, read key by key.
class Reader {
  public:
    /// `profile`: whose ranges apply, and whose defaults, except to a topic: those are the
    /// broker's.
    Reader(ConfigScope scope, const Profile& profile, const ConfigMap& config,
           std::vector<ConfigProblem>& problems)
        : scope_(scope), profile_(profile), config_(config), problems_(problems) {}

    /// The config's own value, if it has one and Kafka takes it.
    std::optional<std::string> own(std::string_view key_name) {
        const auto value = find_config(config_, key_name);
        if (!value) return std::nullopt;
        std::optional<std::string> problem =
            config_value_problem(key_of(key_name), profile_, *value);
        const bool is_time =
            key_name.substr(std::max<std::size_t>(key_name.size(), 3) - 3) == ".ms";
        if (!problem && is_time && whole_number(*value) < 0) problem = "a time below zero";
        if (!problem) return std::string(*value);
        refuse(key_name, concat(key_name, "=", *value, ": ", *problem));
        return std::nullopt;
    }
    /// The text in effect, if any: the own value, else (but for topics) the version's default.
    std::optional<std::string> text(std::string_view key_name) {
        std::optional<std::string> value = own(key_name);
        if (value || scope_ == ConfigScope::topic) return value;
        return config_default(key_of(key_name), profile_);
    }

    template <class Config>
    void set(Config& target, const Binding<Config>& binding) {
        const std::optional<std::string> value = text(binding.key);
        if (!value) return;
        match(
            binding.field,
            [&](Duration Config::*field) {
                target.*field = time_of(whole_number(*value), binding.unit);
            },
            [&](bool Config::*field) { target.*field = is_true(*value); },
            [&](std::int32_t Config::*field) {
                target.*field = static_cast<std::int32_t>(whole_number(*value));
            },
            [&](std::int64_t Config::*field) { target.*field = whole_number(*value); });
    }

    bool has(std::string_view key_name) const { return find_config(config_, key_name).has_value(); }
    void refuse(std::string_view key_name, std::string message) {
        problems_.push_back(ConfigProblem{std::string(key_name), std::move(message)});
    }

  private:
    const ConfigKey& key_of(std::string_view key_name) const {
        const ConfigKey* key = find_config_key(scope_, key_name);
        ASSERT(key != nullptr);
        return *key;
    }

    ConfigScope scope_;
    const Profile& profile_;
    const ConfigMap& config_;
    std::vector<ConfigProblem>& problems_;
};

/// [KafkaConfig 3.9: logRollTimeMillis, logFlushIntervalMs, logMessageTimestampType]
void broker_topic_defaults(Reader& reader, BrokerConfig& broker) {
    for (const auto& binding : kTopicOfBroker) reader.set(broker.topic_defaults, binding);
    if (const auto ms = reader.text("log.roll.ms"))
        broker.topic_defaults.segment_age = from_ms(whole_number(*ms));
    else if (const auto hours = reader.text("log.roll.hours"))
        broker.topic_defaults.segment_age = from_ms(whole_number(*hours) * 3'600'000);
    broker.topic_defaults.flush_interval = broker.flush_scheduler_interval;
    if (const auto ms = reader.text("log.flush.interval.ms"))
        broker.topic_defaults.flush_interval = from_ms(whole_number(*ms));
    if (const auto type = reader.text("log.message.timestamp.type"))
        broker.topic_defaults.log_append_time = *type == "LogAppendTime";
}

/// [ProducerConfig.postProcessAndValidateIdempotenceConfigs, 3.9]
void settle_idempotence(Reader& reader, const Profile& profile, ProducerConfig& producer) {
    if (!producer.enable_idempotence) return;
    const bool asked = reader.has("enable.idempotence");
    if (!asked && !profile.idempotence_default_in_effect) {
        producer.enable_idempotence = false;
        return;
    }
    const auto conflict = [&](std::string_view key, std::string_view need, bool always) {
        producer.enable_idempotence = false;
        if (asked || always)
            reader.refuse(key, concat("idempotence needs ", need, "; drop one of the two"));
    };
    if (producer.acks != -1) conflict("acks", "acks=all", false);
    if (producer.retries == 0) conflict("retries", "retries above 0", false);
    if (producer.max_in_flight_requests_per_connection > 5)
        conflict("max.in.flight.requests.per.connection",
                 "max.in.flight.requests.per.connection of at most 5",
                 profile.too_many_in_flight_is_error);
}

/// [KafkaProducer.configureDeliveryTimeout]
void settle_delivery_timeout(Reader& reader, ProducerConfig& producer) {
    const Duration linger = std::min(producer.linger, from_ms(INT32_MAX));
    const Duration least = std::min(linger + producer.request_timeout, from_ms(INT32_MAX));
    if (producer.delivery_timeout >= least) return;
    if (reader.has("delivery.timeout.ms"))
        reader.refuse(
            "delivery.timeout.ms",
            concat("delivery.timeout.ms must be at least linger.ms + request.timeout.ms (",
                   to_ms(least), ")"));
    producer.delivery_timeout = least;
}

}  // namespace

std::span<const Binding<BrokerConfig>> broker_bindings() {
    return kBroker;
}
std::span<const Binding<TopicConfig>> topic_bindings() {
    return kTopic;
}
std::span<const Binding<ProducerConfig>> producer_bindings() {
    return kProducer;
}

bool has_binding(ConfigScope scope, std::string_view key) {
    const auto in = [&](const auto& table) {
        return std::any_of(table.begin(), table.end(),
                           [&](const auto& binding) { return binding.key == key; });
    };
    switch (scope) {
        case ConfigScope::broker:
            return in(kBroker) || in(kTopicOfBroker) || key == "log.roll.ms" ||
                   key == "log.roll.hours" || key == "log.flush.interval.ms" ||
                   key == "log.message.timestamp.type";
        case ConfigScope::topic:
            return in(kTopic) || key == "message.timestamp.type";
        case ConfigScope::producer:
            return in(kProducer) || key == "acks";
        case ConfigScope::consumer:
            return false;
    }
    UNREACHABLE();
}

void set_config(ConfigMap& config, std::string_view key, std::string_view value) {
    const auto at = std::lower_bound(config.begin(), config.end(), key,
                                     [](const auto& entry, auto k) { return entry.first < k; });
    if (at != config.end() && at->first == key)
        at->second = std::string(value);
    else
        config.emplace(at, std::string(key), std::string(value));
}

std::optional<std::string_view> find_config(const ConfigMap& config, std::string_view key) {
    const auto at = std::lower_bound(config.begin(), config.end(), key,
                                     [](const auto& entry, auto k) { return entry.first < k; });
    if (at == config.end() || at->first != key) return std::nullopt;
    return at->second;
}

BrokerConfig resolve_broker(const Profile& profile, const ConfigMap& config,
                            std::vector<ConfigProblem>& problems) {
    BrokerConfig broker;
    Reader reader(ConfigScope::broker, profile, config, problems);
    for (const auto& binding : kBroker) reader.set(broker, binding);
    broker_topic_defaults(reader, broker);
    broker.topic_defaults.snapshot_flushed_async = profile.snapshot_flushed_async;
    // KafkaConfig.validateValues, 3.9.
    if (broker.replica_fetch_wait_max > broker.replica_socket_timeout)
        reader.refuse("replica.socket.timeout.ms",
                      "replica.socket.timeout.ms must be at least replica.fetch.wait.max.ms");
    if (broker.replica_fetch_wait_max > broker.replica_lag_time_max)
        reader.refuse("replica.fetch.wait.max.ms",
                      "replica.fetch.wait.max.ms must be at most replica.lag.time.max.ms");
    return broker;
}

TopicConfig resolve_topic(const Profile& profile, const BrokerConfig& broker,
                          const ConfigMap& config, std::vector<ConfigProblem>& problems) {
    TopicConfig topic = broker.topic_defaults;
    Reader reader(ConfigScope::topic, profile, config, problems);
    for (const auto& binding : kTopic) reader.set(topic, binding);
    if (const auto type = reader.text("message.timestamp.type"))
        topic.log_append_time = *type == "LogAppendTime";
    return topic;
}

ProducerConfig resolve_producer(const Profile& profile, const ConfigMap& config,
                                std::vector<ConfigProblem>& problems) {
    ProducerConfig producer;
    Reader reader(ConfigScope::producer, profile, config, problems);
    for (const auto& binding : kProducer) reader.set(producer, binding);
    if (const auto acks = reader.text("acks")) {
        const std::int64_t number = *acks == "all" ? -1 : whole_number(*acks);
        producer.acks = static_cast<std::int8_t>(number);
    }
    settle_idempotence(reader, profile, producer);
    settle_delivery_timeout(reader, producer);
    return producer;
}

}  // namespace core
