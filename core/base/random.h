/// Keyed randomness: a draw is a hash of (seed, purpose, the identity of what is drawn for).
///
/// There is no generator state, so adding a fault or changing a setting leaves every other draw as
/// it was. The hash is splitmix64's finaliser over an absorbed key; it is part of the contract of
/// recorded digests and never changes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "core/base/assert.h"

namespace core {

/// What a draw is for; two purposes never share a value for the same identity.
enum class Purpose : std::uint32_t {
    network_latency = 1,
    network_loss,
    disk_latency,
    timer_phase,
    retry_jitter,
    reconnect_jitter,
    setup_jitter,
    least_loaded_node,
    incarnation,
    directory,
    topic_id,
    step_time,
    step_pick,
    crash_keep,
    workload_key,
    start_time,
    check,
};

/// splitmix64's finaliser.
constexpr std::uint64_t mix64(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/// A uniform 64-bit draw for this identity.
constexpr std::uint64_t keyed_draw(std::uint64_t seed, Purpose purpose,
                                   std::initializer_list<std::uint64_t> identity) {
    std::uint64_t h = mix64(seed ^ mix64(static_cast<std::uint64_t>(purpose)));
    for (std::uint64_t part : identity) h = mix64(h ^ mix64(part));
    return h;
}

/// A text as part of an identity (FNV-1a, then mixed).
constexpr std::uint64_t text_key(std::string_view text) {
    std::uint64_t h = 0xcbf29ce484222325ULL;
    for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return mix64(h);
}

/// Maps a draw onto [0, bound), bound > 0; bias below 2^-32 for bounds that fit 32 bits.
constexpr std::uint64_t below(std::uint64_t draw, std::uint64_t bound) {
    ASSERT(bound > 0);
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(draw) * bound) >> 64);
}

/// A probability as a ratio; no floating point in core or sim.
struct Ratio {
    std::uint64_t numerator = 0;
    std::uint64_t denominator = 1;
    friend constexpr bool operator==(const Ratio&, const Ratio&) = default;
};

/// True with probability `chance` for this draw.
constexpr bool happens(std::uint64_t draw, Ratio chance) {
    return below(draw, chance.denominator) < chance.numerator;
}

}  // namespace core
