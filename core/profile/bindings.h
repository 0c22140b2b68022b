/// Which Kafka keys have an effect in this model: the tables that tie a key to a typed field.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "core/profile/config.h"

namespace core {

/// What a plain number of a key counts.
enum class Unit : std::uint8_t { none, milliseconds, seconds };

/// A key and the field it sets.
template <class Config>
struct Binding {
    std::string_view key;
    std::variant<Duration Config::*, std::int32_t Config::*, std::int64_t Config::*, bool Config::*>
        field;
    Unit unit = Unit::none;
};

std::span<const Binding<BrokerConfig>> broker_bindings();
std::span<const Binding<TopicConfig>> topic_bindings();
std::span<const Binding<ProducerConfig>> producer_bindings();

/// True if the key sets a field, by a table or by a rule of its own (log.roll.hours, acks, ...).
bool has_binding(ConfigScope scope, std::string_view key);

}  // namespace core
