#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/profile/profile.h"

namespace core {
namespace {

/// Oldest first. A row is a version's whole behaviour; nothing else asks for a version.
/// [KAFKA_SEMANTICS 10; each switch names its change in profile.h]
constexpr std::array<Profile, 4> kProfiles = {{
    {
        .version = "3.6",
        .full_version = "3.6.2",
        .mode = ClusterMode::kraft,

        .truncate_on_fetch = true,
        .fetch_fenced_by_leader_epoch = true,
        .epoch_entry_at_election = true,
        .hw_needs_min_isr = false,
        .hw_waits_for_eligible_only = true,
        .caught_up_by_equal_end = true,
        .shrink_spares_equal_end = true,
        .min_isr_capped_by_replicas = false,
        .drops_batches_of_newer_epoch = false,
        .fetch_carries_broker_epoch = true,

        .unclean_config_honoured = false,
        .leader_epoch_bump_on_shrink = false,
        .elr_supported = false,
        .elr_default_on = false,
        .elects_dead_last_known_leader = false,
        .directory_assignment = false,
        .unclean_shutdown_detection = false,
        .session_tracker_scan = false,
        .heartbeat_exponential_backoff = true,
        .heartbeat_backoff_half_session = false,

        .clean_marker_carries_epoch = false,
        .snapshot_flushed_async = false,

        .idempotence_epoch_bump = true,
        .idempotence_default_in_effect = true,
        .retry_backoff_exponential = false,
        .produce_response_names_leader = false,
        .new_leader_ends_backoff = true,
        .too_many_in_flight_is_error = false,
    },
    {
        .version = "3.9",
        .full_version = "3.9.1",
        .mode = ClusterMode::kraft,

        .truncate_on_fetch = true,
        .fetch_fenced_by_leader_epoch = true,
        .epoch_entry_at_election = true,
        .hw_needs_min_isr = true,
        .hw_waits_for_eligible_only = true,
        .caught_up_by_equal_end = true,
        .shrink_spares_equal_end = true,
        .min_isr_capped_by_replicas = true,
        .drops_batches_of_newer_epoch = true,
        .fetch_carries_broker_epoch = true,

        .unclean_config_honoured = true,
        .leader_epoch_bump_on_shrink = false,
        .elr_supported = false,
        .elr_default_on = false,
        .elects_dead_last_known_leader = false,
        .directory_assignment = true,
        .unclean_shutdown_detection = false,
        .session_tracker_scan = false,
        .heartbeat_exponential_backoff = true,
        .heartbeat_backoff_half_session = false,

        .clean_marker_carries_epoch = true,
        .snapshot_flushed_async = true,

        .idempotence_epoch_bump = true,
        .idempotence_default_in_effect = true,
        .retry_backoff_exponential = true,
        .produce_response_names_leader = true,
        .new_leader_ends_backoff = true,
        .too_many_in_flight_is_error = false,
    },
    {
        .version = "4.0",
        .full_version = "4.0.0",
        .mode = ClusterMode::kraft,

        .truncate_on_fetch = true,
        .fetch_fenced_by_leader_epoch = true,
        .epoch_entry_at_election = true,
        .hw_needs_min_isr = true,
        .hw_waits_for_eligible_only = true,
        .caught_up_by_equal_end = true,
        .shrink_spares_equal_end = true,
        .min_isr_capped_by_replicas = true,
        .drops_batches_of_newer_epoch = false,
        .fetch_carries_broker_epoch = true,

        .unclean_config_honoured = true,
        .leader_epoch_bump_on_shrink = false,
        .elr_supported = true,
        .elr_default_on = false,
        .elects_dead_last_known_leader = true,
        .directory_assignment = true,
        .unclean_shutdown_detection = true,
        .session_tracker_scan = true,
        .heartbeat_exponential_backoff = true,
        .heartbeat_backoff_half_session = true,

        .clean_marker_carries_epoch = true,
        .snapshot_flushed_async = true,

        .idempotence_epoch_bump = true,
        .idempotence_default_in_effect = true,
        .retry_backoff_exponential = true,
        .produce_response_names_leader = true,
        .new_leader_ends_backoff = true,
        .too_many_in_flight_is_error = true,
    },
    {
        .version = "4.1",
        .full_version = "4.1.0",
        .mode = ClusterMode::kraft,

        .truncate_on_fetch = true,
        .fetch_fenced_by_leader_epoch = true,
        .epoch_entry_at_election = true,
        .hw_needs_min_isr = true,
        .hw_waits_for_eligible_only = true,
        .caught_up_by_equal_end = true,
        .shrink_spares_equal_end = true,
        .min_isr_capped_by_replicas = true,
        .drops_batches_of_newer_epoch = true,
        .fetch_carries_broker_epoch = true,

        .unclean_config_honoured = true,
        .leader_epoch_bump_on_shrink = false,
        .elr_supported = true,
        .elr_default_on = true,
        .elects_dead_last_known_leader = false,
        .directory_assignment = true,
        .unclean_shutdown_detection = true,
        .session_tracker_scan = true,
        .heartbeat_exponential_backoff = false,
        .heartbeat_backoff_half_session = false,

        .clean_marker_carries_epoch = true,
        .snapshot_flushed_async = true,

        .idempotence_epoch_bump = true,
        .idempotence_default_in_effect = true,
        .retry_backoff_exponential = true,
        .produce_response_names_leader = true,
        .new_leader_ends_backoff = true,
        .too_many_in_flight_is_error = true,
    },
}};

using Numbers = std::array<std::int64_t, 4>;

/// "3.9.1" as {3, 9, 1, 0}; two to four parts of up to three digits.
std::optional<Numbers> parse_version(std::string_view text) {
    const std::vector<std::string_view> parts = split(text, '.');
    if (parts.size() < 2 || parts.size() > 4) return std::nullopt;
    Numbers numbers{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string_view part = parts[i];
        if (part.empty() || part.size() > 3) return std::nullopt;
        if (!std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; }))
            return std::nullopt;
        numbers[i] = *parse_int(part);
    }
    return numbers;
}

/// What names a profile: X.Y, before 1.0 also the third number.
Numbers era_of(Numbers numbers) {
    if (numbers[0] > 0) numbers[2] = 0;
    numbers[3] = 0;
    return numbers;
}

}  // namespace

std::optional<ProfileChoice> find_profile(std::string_view version) {
    const std::optional<Numbers> numbers = parse_version(version);
    if (!numbers) return std::nullopt;
    const Numbers era = era_of(*numbers);
    if (era > era_of(*parse_version(kProfiles.back().version))) return std::nullopt;
    for (std::size_t i = kProfiles.size(); i-- > 0;) {
        const Numbers own = era_of(*parse_version(kProfiles[i].version));
        if (own <= era) return ProfileChoice{&kProfiles[i], own == era};
    }
    return std::nullopt;
}

std::span<const Profile> all_profiles() {
    return kProfiles;
}

bool version_at_least(std::string_view version, std::string_view other) {
    const std::optional<Numbers> left = parse_version(version);
    const std::optional<Numbers> right = parse_version(other);
    return left && right && *left >= *right;
}

}  // namespace core
