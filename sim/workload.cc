#include "sim/workload.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"

namespace sim {

std::uint32_t murmur2(core::BytesView bytes) {
    constexpr std::uint32_t kSeed = 0x9747b28c;
    constexpr std::uint32_t kM = 0x5bd1e995;
    const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
    const std::size_t length = bytes.size();
    std::uint32_t h = kSeed ^ static_cast<std::uint32_t>(length);
    std::size_t i = 0;
    for (; i + 4 <= length; i += 4) {
        std::uint32_t k = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24);
        k *= kM;
        k ^= k >> 24;
        k *= kM;
        h *= kM;
        h ^= k;
    }
    if (length - i == 3) h ^= at(i + 2) << 16;
    if (length - i >= 2) h ^= at(i + 1) << 8;
    if (length - i >= 1) {
        h ^= at(i);
        h *= kM;
    }
    h ^= h >> 13;
    h *= kM;
    h ^= h >> 15;
    return h;
}

Workload::Workload(const scenario::Scenario& scenario, Kernel& kernel, std::vector<Host*> hosts,
                   OnSend on_send)
    : kernel_(kernel), on_send_(std::move(on_send)) {
    ASSERT(hosts.size() == scenario.producers.size());
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        Source& source = sources_.emplace_back();
        source.spec = &scenario.producers[i];
        source.host = hosts[i];
        const scenario::Topic& topic = scenario.topics[source.spec->topic];
        source.first_partition = topic.first_partition;
        source.partitions = static_cast<std::uint32_t>(topic.partitions.size());
        ASSERT(source.partitions > 0);
    }
}

void Workload::begin() {
    for (std::uint32_t i = 0; i < sources_.size(); ++i) {
        sources_[i].due = plan_next(sources_[i]);
        arm(i, sources_[i].due);
    }
}

core::TimePoint Workload::plan_next(const Source& source) {
    const scenario::Workload& plan = source.spec->workload;
    const core::TimePoint zero = core::at_ns(0);
    if (!plan.bursts.empty())
        return source.burst < plan.bursts.size() ? zero + plan.bursts[source.burst].at
                                                 : core::TimePoint::max();
    if (source.planned >= plan.records) return core::TimePoint::max();
    return zero + plan.time_of(source.planned);
}

void Workload::arm(std::uint32_t producer, core::TimePoint at) {
    Source& source = sources_[producer];
    if (at == core::TimePoint::max() || stopped_) return;
    at = std::max(at, kernel_.now());
    if (at >= source.armed) return;
    source.armed = at;
    Event event(EventType::workload);
    event.payload = producer;
    kernel_.schedule(at, EventClass::workload, event);
}

std::int64_t Workload::take_due(Source& source) const {
    std::int64_t due = 0;
    while (source.due <= kernel_.now()) {
        if (source.spec->workload.bursts.empty()) {
            ++due;
        } else {
            due += source.spec->workload.bursts[source.burst].records;
            ++source.burst;
        }
        ++source.planned;
        source.due = plan_next(source);
    }
    return due;
}

void Workload::on_event(const Event& event) {
    const auto producer = static_cast<std::uint32_t>(event.payload);
    Source& source = sources_[producer];
    if (source.armed == kernel_.now()) source.armed = core::TimePoint::max();
    if (stopped_) return;
    const std::int64_t due = take_due(source) + source.asked;
    source.asked = 0;
    if (closing(source)) return arm(producer, source.due);
    if (source.host->ready()) {
        for (std::int64_t left = due + std::exchange(source.held_back, 0); left > 0; --left)
            send(source);
    } else if (source.host->node() != nullptr) {
        source.held_back += due;
    }
    arm(producer, source.due);
}

std::int64_t Workload::produce(std::uint32_t producer, std::int64_t records) {
    Source& source = sources_[producer];
    if (stopped_ || source.host->node() == nullptr || closing(source)) return records;
    source.asked += records;
    arm(producer, kernel_.now());
    return 0;
}

void Workload::on_resume(std::uint32_t producer) {
    if (sources_[producer].held_back > 0) arm(producer, kernel_.now());
}

void Workload::on_death(std::uint32_t producer) {
    sources_[producer].held_back = 0;
    sources_[producer].asked = 0;
}

void Workload::write_value(Source& source, std::int64_t n) {
    // The one before with its last digit counted up, where nothing else changes.
    char* const last = source.value_end == 0 ? nullptr : &source.value[source.value_end - 1];
    if (last == nullptr || *last == '9' || !source.spec->workload.value.empty())
        return make_value(source, n);
    ++*last;
}

void Workload::make_value(Source& source, std::int64_t n) {
    const scenario::Workload& plan = source.spec->workload;
    std::string& value = source.value;
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof(digits), n).ptr;
    value.assign(source.spec->id);
    value += '#';
    value.append(digits, end);
    source.value_end = value.size();
    if (!plan.value.empty()) {
        value += ' ';
        value += scenario::expand(plan.value, n);
    }
    if (value.size() < static_cast<std::size_t>(plan.size))
        value.append(static_cast<std::size_t>(plan.size) - value.size(), '.');
}

std::uint32_t Workload::choose_by_key(const Source& source, std::int64_t n) {
    key_ = scenario::expand(source.spec->workload.key, n);
    return (murmur2(core::as_bytes(key_)) & 0x7fffffffU) % source.partitions;
}

void Workload::send(Source& source) {
    const std::int64_t n = source.next_number++;
    write_value(source, n);
    std::uint32_t index = source.round;
    if (++source.round == source.partitions) source.round = 0;
    const bool has_key = source.spec->workload.has_key;
    if (has_key) index = choose_by_key(source, n);
    const core::PartitionId partition(source.first_partition.value() + index);
    const core::RecordNumber number(n);
    on_send_(source.spec->node, number, partition);
    const std::int64_t now_ms = core::to_ms(kernel_.now().time_since_epoch());
    core::SendRecord record{number, partition, std::nullopt, core::as_bytes(source.value),
                            core::kWallClockAtZeroMs + now_ms};
    if (has_key) record.key = core::as_bytes(key_);
    source.host->send_record(record);
}

}  // namespace sim
