/// A Profile: what one Kafka version does, as data. Named switches and defaults; eras are rows of a
/// table (profiles.cc), never branches: code asks `profile.hw_needs_min_isr`, not for a version.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"

namespace core {

enum class ClusterMode : std::uint8_t { kraft, zookeeper };

/// Each switch names the rule it turns and the section of the rules table in core/README.md.
struct Profile {
    std::string_view version;       ///< "3.9", as --kafka and reports spell it
    std::string_view full_version;  ///< "3.9.1"
    ClusterMode mode = ClusterMode::kraft;

    // Leader and follower.
    bool truncate_on_fetch = true;             ///< KAFKA-10554, followers 2.8+
    bool fetch_fenced_by_leader_epoch = true;  ///< KIP-320, 2.1+
    bool epoch_entry_at_election = true;       ///< KAFKA-7415, 2.0.1+
    bool hw_needs_min_isr = true;              ///< KAFKA-15583, 3.7+: HW stops below min ISR
    bool hw_waits_for_eligible_only = true;    ///< KAFKA-15021, 3.6+
    bool caught_up_by_equal_end = true;        ///< 3.3+: LEO equality counts as caught up
    bool shrink_spares_equal_end = true;       ///< 2.3+: a follower at the leader's end stays
    bool min_isr_capped_by_replicas = true;    ///< 3.7+: effective min ISR
    bool drops_batches_of_newer_epoch = true;  ///< KAFKA-18723, 3.9.1
    bool fetch_carries_broker_epoch = true;    ///< KIP-903, 3.5+

    // Controller.
    bool unclean_config_honoured = true;          ///< KAFKA-12670, KRaft 3.9+
    bool leader_epoch_bump_on_shrink = false;     ///< MV < 3.6, KAFKA-15021
    bool elr_supported = false;                   ///< KIP-966: level 1 of its feature exists, 4.0+
    bool elr_default_on = false;                  ///< KIP-966: new clusters have level 1, 4.1+
    bool elects_dead_last_known_leader = false;   ///< KAFKA-19522: a defect, mended in 4.1.0
    bool directory_assignment = true;             ///< KIP-858, MV 3.7-IV2
    bool unclean_shutdown_detection = false;      ///< registration ends the old incarnation, 4.0+
    bool session_tracker_scan = false;            ///< BrokerHeartbeatTracker, 4.0+
    bool heartbeat_exponential_backoff = true;    ///< up to 4.0; then every interval
    bool heartbeat_backoff_half_session = false;  ///< its cap: half a session, 4.0

    // Log.
    bool clean_marker_carries_epoch = true;  ///< KIP-966, 3.7+: JSON in .kafka_cleanshutdown
    bool snapshot_flushed_async = true;      ///< KAFKA-15046, 3.7+

    // Clients.
    bool idempotence_epoch_bump = true;         ///< KIP-360, 2.5+
    bool idempotence_default_in_effect = true;  ///< KAFKA-13598
    bool retry_backoff_exponential = true;      ///< KIP-580, 3.7+
    bool produce_response_names_leader = true;  ///< KIP-951, 3.7+
    bool new_leader_ends_backoff = true;        ///< KAFKA-15415, clients 3.6.1+
    bool too_many_in_flight_is_error = false;   ///< 4.0+ with idempotence by default
};

/// The profile that serves `version` ("3.9", "3.9.1", "0.11.0.3"), and whether it is the version's
/// own or the next lower one.
struct ProfileChoice {
    const Profile* profile;
    bool exact;
};
/// Nothing if the text is no version, or lies below the lowest or above the newest profile.
std::optional<ProfileChoice> find_profile(std::string_view version);
/// All profiles that exist, oldest first.
std::span<const Profile> all_profiles();
/// True if both are versions and the first is the same as or newer than the second.
bool version_at_least(std::string_view version, std::string_view other);

}  // namespace core
