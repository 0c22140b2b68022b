// The 3.9 profile, Kafka's keys, and how settings are resolved.
#include <doctest/doctest.h>

#include "core/profile/config.h"

using namespace core;

namespace {

const Profile& kafka_3_9() {
    return *find_profile("3.9")->profile;
}

ProducerConfig producer(const ConfigMap& config, std::vector<ConfigProblem>& problems) {
    return resolve_producer(kafka_3_9(), config, problems);
}

}  // namespace

TEST_SUITE("core.profile") {
    TEST_CASE("versions name profiles") {
        CHECK(find_profile("3.9")->exact);
        CHECK(find_profile("3.9.1")->profile->full_version == "3.9.1");
        std::vector<std::string_view> versions;
        for (const Profile& profile : all_profiles()) versions.push_back(profile.full_version);
        CHECK(versions == std::vector<std::string_view>{"3.6.2", "3.9.1", "4.0.0", "4.1.0"});
        for (const Profile& profile : all_profiles()) {
            CHECK(find_profile(profile.version)->profile == &profile);
            CHECK(find_profile(profile.full_version)->exact);
        }
        const auto stand_in = find_profile("3.8.1");
        REQUIRE(stand_in.has_value());
        CHECK_FALSE(stand_in->exact);
        CHECK(stand_in->profile->version == "3.6");
        for (const char* text :
             {"3.5", "4.2", "5.0", "0.11", "", "3", "3.9.", "3..9", "x", "3.9.1.2.3", "99999.1"})
            CHECK_FALSE(find_profile(text).has_value());
        CHECK(version_at_least("3.9.1", "0.10.2.2"));
        CHECK_FALSE(version_at_least("0.9.0.1", "0.10.2.2"));
    }

    TEST_CASE("defaults of 3.9 are those of Kafka's own jars and of the typed structs") {
        std::vector<ConfigProblem> problems;
        const BrokerConfig broker = resolve_broker(kafka_3_9(), {}, problems);
        const BrokerConfig typed;
        CHECK(problems.empty());
        CHECK(broker.replica_lag_time_max == from_ms(30'000));
        CHECK(broker.replica_fetch_wait_max == typed.replica_fetch_wait_max);
        CHECK(broker.replica_fetch_min_bytes == typed.replica_fetch_min_bytes);
        CHECK(broker.replica_fetch_max_bytes == typed.replica_fetch_max_bytes);
        CHECK(broker.replica_fetch_response_max_bytes == typed.replica_fetch_response_max_bytes);
        CHECK(broker.replica_fetch_backoff == typed.replica_fetch_backoff);
        CHECK(broker.replica_socket_timeout == typed.replica_socket_timeout);
        CHECK(broker.num_replica_fetchers == typed.num_replica_fetchers);
        CHECK(broker.high_watermark_checkpoint_interval == from_ms(5'000));
        CHECK(broker.flush_offset_checkpoint_interval == from_ms(60'000));
        CHECK(broker.flush_scheduler_interval == Duration::max());
        CHECK(broker.segment_delete_delay == typed.segment_delete_delay);
        CHECK(broker.producer_id_expiration == typed.producer_id_expiration);
        CHECK(broker.num_recovery_threads_per_data_dir == 1);
        CHECK(broker.broker_heartbeat_interval == from_ms(2'000));
        CHECK(broker.broker_session_timeout == from_ms(9'000));
        CHECK(broker.metadata_max_idle_interval == typed.metadata_max_idle_interval);
        CHECK(broker.quorum_fetch_timeout == typed.quorum_fetch_timeout);
        CHECK(broker.leader_imbalance_check_interval == from_ms(300'000));
        CHECK(broker.unclean_leader_election_interval == typed.unclean_leader_election_interval);
        CHECK(broker.topic_defaults.min_insync_replicas == 1);
        CHECK_FALSE(broker.topic_defaults.unclean_leader_election_enable);
        CHECK(broker.topic_defaults.segment_age == typed.topic_defaults.segment_age);
        CHECK(broker.topic_defaults.segment_bytes == typed.topic_defaults.segment_bytes);
        CHECK(broker.topic_defaults.max_message_bytes == 1'048'588);
        CHECK(broker.topic_defaults.flush_messages == INT64_MAX);
        CHECK(broker.topic_defaults.flush_interval == Duration::max());

        const ProducerConfig p = producer({}, problems);
        const ProducerConfig q;
        CHECK(problems.empty());
        CHECK(p.acks == -1);
        CHECK(p.enable_idempotence);
        CHECK(p.retries == INT32_MAX);
        CHECK(p.delivery_timeout == from_ms(120'000));
        CHECK(p.request_timeout == from_ms(30'000));
        CHECK(p.linger == from_ms(0));
        CHECK(p.batch_size == q.batch_size);
        CHECK(p.buffer_memory == q.buffer_memory);
        CHECK(p.max_block == q.max_block);
        CHECK(p.retry_backoff == q.retry_backoff);
        CHECK(p.retry_backoff_max == q.retry_backoff_max);
        CHECK(p.max_in_flight_requests_per_connection == 5);
        CHECK(p.metadata_max_age == q.metadata_max_age);
        CHECK(p.connection_setup_timeout == q.connection_setup_timeout);
        CHECK(p.reconnect_backoff_max == q.reconnect_backoff_max);
    }

    TEST_CASE("defaults that changed between 3.6 and 4.1") {
        std::vector<ConfigProblem> problems;
        struct Row {
            const char* version;
            std::int64_t linger_ms;
            std::int32_t recovery_threads;
            bool snapshot_async;
        };
        for (const Row& row : {Row{"3.6", 0, 1, false}, Row{"3.9", 0, 1, true},
                               Row{"4.0", 5, 2, true}, Row{"4.1", 5, 2, true}}) {
            CAPTURE(row.version);
            const Profile& profile = *find_profile(row.version)->profile;
            const ProducerConfig made = resolve_producer(profile, {}, problems);
            CHECK(made.linger == from_ms(row.linger_ms));
            CHECK(made.acks == -1);
            CHECK(made.enable_idempotence);
            CHECK(made.delivery_timeout == from_ms(120'000));
            const BrokerConfig broker = resolve_broker(profile, {}, problems);
            CHECK(broker.num_recovery_threads_per_data_dir == row.recovery_threads);
            CHECK(broker.replica_lag_time_max == from_ms(30'000));
            CHECK(broker.broker_session_timeout == from_ms(9'000));
            CHECK(resolve_topic(profile, broker, {}, problems).snapshot_flushed_async ==
                  row.snapshot_async);
            CHECK(problems.empty());
            // Six requests in flight: without idempotence up to 3.9, refused from 4.0 on.
            resolve_producer(profile, {{"max.in.flight.requests.per.connection", "6"}}, problems);
            CHECK(problems.size() == (profile.too_many_in_flight_is_error ? 1 : 0));
            problems.clear();
        }
        const ConfigKey* sweep =
            find_config_key(ConfigScope::broker, "unclean.leader.election.interval.ms");
        REQUIRE(sweep != nullptr);
        CHECK_FALSE(config_key_exists(*sweep, *find_profile("3.6")->profile));
        CHECK(config_key_exists(*sweep, *find_profile("4.1")->profile));
    }

    TEST_CASE("a topic falls back to its broker's keys, under their own names") {
        std::vector<ConfigProblem> problems;
        const BrokerConfig broker = resolve_broker(kafka_3_9(),
                                                   {{"log.flush.interval.messages", "7"},
                                                    {"log.flush.scheduler.interval.ms", "900"},
                                                    {"log.roll.hours", "2"},
                                                    {"min.insync.replicas", "2"}},
                                                   problems);
        CHECK(problems.empty());
        TopicConfig topic =
            resolve_topic(kafka_3_9(), broker, {{"min.insync.replicas", "3"}}, problems);
        CHECK(topic.flush_messages == 7);
        CHECK(topic.flush_interval == from_ms(900));
        CHECK(topic.segment_age == from_ms(7'200'000));
        CHECK(topic.min_insync_replicas == 3);
        topic = resolve_topic(kafka_3_9(), broker, {{"flush.messages", "1"}, {"flush.ms", "5"}},
                              problems);
        CHECK(topic.flush_messages == 1);
        CHECK(topic.flush_interval == from_ms(5));
        CHECK(topic.min_insync_replicas == 2);
    }

    TEST_CASE("idempotence by default gives way, idempotence asked for does not") {
        std::vector<ConfigProblem> problems;
        CHECK_FALSE(producer({{"acks", "1"}}, problems).enable_idempotence);
        CHECK_FALSE(producer({{"retries", "0"}}, problems).enable_idempotence);
        CHECK_FALSE(producer({{"max.in.flight.requests.per.connection", "6"}}, problems)
                        .enable_idempotence);
        CHECK(producer({{"acks", "-1"}, {"enable.idempotence", "true"}}, problems)
                  .enable_idempotence);
        CHECK(problems.empty());
        producer({{"acks", "1"}, {"enable.idempotence", "true"}}, problems);
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].key == "acks");
        problems.clear();
        producer({{"enable.idempotence", "true"}, {"retries", "0"}}, problems);
        CHECK(problems.size() == 1);
        problems.clear();
        CHECK_FALSE(producer({{"acks", "1"}, {"enable.idempotence", "false"}}, problems)
                        .enable_idempotence);
        CHECK(problems.empty());
    }

    TEST_CASE("delivery.timeout.ms is raised where it is a default and refused where it is not") {
        std::vector<ConfigProblem> problems;
        CHECK(producer({{"request.timeout.ms", "200000"}}, problems).delivery_timeout ==
              from_ms(200'000));
        CHECK(problems.empty());
        producer({{"delivery.timeout.ms", "30004"}, {"linger.ms", "5"}}, problems);
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].key == "delivery.timeout.ms");
        problems.clear();
        producer({{"delivery.timeout.ms", "30005"}, {"linger.ms", "5"}}, problems);
        CHECK(problems.empty());
    }

    TEST_CASE("values outside a key's type or range are refused and not taken") {
        struct Row {
            ConfigScope scope;
            const char* key;
            const char* value;
            bool taken;
        };
        const std::vector<Row> rows = {
            {ConfigScope::topic, "min.insync.replicas", "0", false},
            {ConfigScope::topic, "min.insync.replicas", " 2 ", true},
            {ConfigScope::topic, "min.insync.replicas", "2.0", false},
            {ConfigScope::topic, "min.insync.replicas", "2147483648", false},
            {ConfigScope::topic, "unclean.leader.election.enable", "TRUE", true},
            {ConfigScope::topic, "unclean.leader.election.enable", "yes", false},
            {ConfigScope::topic, "cleanup.policy", "compact,delete", true},
            {ConfigScope::topic, "cleanup.policy", "compress", false},
            {ConfigScope::topic, "min.cleanable.dirty.ratio", "0.5", true},
            {ConfigScope::topic, "min.cleanable.dirty.ratio", "half", false},
            {ConfigScope::producer, "acks", "all", true},
            {ConfigScope::producer, "acks", "2", false},
            {ConfigScope::producer, "security.protocol", "plaintext", true},
            {ConfigScope::producer, "compression.gzip.level", "-1", true},
            {ConfigScope::producer, "compression.gzip.level", "10", false},
        };
        for (const Row& row : rows) {
            CAPTURE(row.key);
            CAPTURE(row.value);
            const ConfigKey* key = find_config_key(row.scope, row.key);
            REQUIRE(key != nullptr);
            CHECK(config_value_problem(*key, kafka_3_9(), row.value).has_value() != row.taken);
        }
        std::vector<ConfigProblem> problems;
        const BrokerConfig broker =
            resolve_broker(kafka_3_9(), {{"replica.lag.time.max.ms", "-5"}}, problems);
        CHECK(problems.size() == 1);
        CHECK(broker.replica_lag_time_max == from_ms(30'000));
        problems.clear();
        resolve_broker(kafka_3_9(), {{"replica.lag.time.max.ms", "400"}}, problems);
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].key == "replica.fetch.wait.max.ms");
    }

    TEST_CASE("a range may differ from version to version") {
        Profile later = kafka_3_9();
        const auto taken = [&](ConfigScope scope, const char* key, const char* value,
                               const char* version) {
            later.full_version = version;
            return !config_value_problem(*find_config_key(scope, key), later, value).has_value();
        };
        const char* segment = "segment.bytes";
        CHECK(taken(ConfigScope::topic, segment, "14", "3.9.1"));
        CHECK_FALSE(taken(ConfigScope::topic, segment, "13", "3.9.1"));
        CHECK(taken(ConfigScope::topic, segment, "14", "4.0.0"));
        CHECK_FALSE(taken(ConfigScope::topic, segment, "1048575", "4.1.0"));
        CHECK(taken(ConfigScope::topic, segment, "1048576", "4.1.0"));
        CHECK(taken(ConfigScope::broker, "log.segment.bytes", "2000", "3.9.1"));
        CHECK_FALSE(taken(ConfigScope::broker, "log.segment.bytes", "2000", "4.0.0"));
        CHECK(taken(ConfigScope::consumer, "auto.offset.reset", "none", "3.9.1"));
        CHECK_FALSE(taken(ConfigScope::consumer, "auto.offset.reset", "by_duration", "3.9.1"));
        // No range at all before 4.1, and one that all versions share.
        CHECK(taken(ConfigScope::broker, "node.id", "-1", "3.9.1"));
        CHECK_FALSE(taken(ConfigScope::broker, "node.id", "-1", "4.1.0"));
        CHECK_FALSE(taken(ConfigScope::topic, "min.insync.replicas", "0", "4.1.0"));

        std::vector<ConfigProblem> problems;
        const BrokerConfig broker =
            resolve_broker(kafka_3_9(), {{"log.segment.bytes", "3000"}}, problems);
        CHECK(broker.topic_defaults.segment_bytes == 3'000);
        CHECK(resolve_topic(kafka_3_9(), broker, {{segment, "2000"}}, problems).segment_bytes ==
              2'000);
        CHECK(problems.empty());
    }

    TEST_CASE("keys know their versions and defaults") {
        const ConfigKey* acks = find_config_key(ConfigScope::producer, "acks");
        REQUIRE(acks != nullptr);
        CHECK(config_default(*acks, kafka_3_9()) == "all");
        const ConfigKey* zk = find_config_key(ConfigScope::broker, "zookeeper.session.timeout.ms");
        REQUIRE(zk != nullptr);
        CHECK_FALSE(config_key_exists(*zk, kafka_3_9()));
        const ConfigKey* fresh = find_config_key(ConfigScope::topic, "internal.segment.bytes");
        REQUIRE(fresh != nullptr);
        CHECK_FALSE(config_key_exists(*fresh, kafka_3_9()));
        CHECK(find_config_key(ConfigScope::topic, "acks") == nullptr);
        const ConfigKey* isr = find_config_key(ConfigScope::topic, "min.insync.replicas");
        REQUIRE(isr != nullptr);
        CHECK(isr->broker_key == "min.insync.replicas");
        CHECK(isr->modelled);
    }

    TEST_CASE("what differs from the defaults, as Kafka would compare") {
        const auto differences = config_differences(ConfigScope::producer, kafka_3_9(),
                                                    {{"acks", "-1"},
                                                     {"batch.size", "016384"},
                                                     {"enable.idempotence", "True"},
                                                     {"linger.ms", "5"},
                                                     {"nonsense", "1"}});
        REQUIRE(differences.size() == 1);
        CHECK(differences[0].key == "linger.ms");
        CHECK(differences[0].default_value == "0");
    }

    TEST_CASE("a config map keeps its keys sorted and unique") {
        ConfigMap config;
        set_config(config, "b", "1");
        set_config(config, "a", "2");
        set_config(config, "b", "3");
        CHECK(config == ConfigMap{{"a", "2"}, {"b", "3"}});
        CHECK_FALSE(find_config(config, "c").has_value());
    }
}
