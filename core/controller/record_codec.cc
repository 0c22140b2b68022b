#include "core/controller/record_codec.h"

#include <array>
#include <limits>
#include <string>

#include "core/base/variant.h"
#include "core/record/varint.h"

namespace core {

namespace {

/// apiKey of Kafka's metadata schemas.
enum class RecordType : std::int8_t {
    register_broker = 0,
    unregister_broker = 1,
    topic = 2,
    partition = 3,
    config = 4,
    partition_change = 5,
    feature_level = 12,
    producer_ids = 15,
    broker_registration_change = 17,
    no_op = 20,
    clear_elr = 28,
};

class Writer {
  public:
    Writer(Bytes& out, RecordType type) : out_(out) { number(static_cast<std::int64_t>(type)); }

    Writer& number(std::int64_t value) {
        std::array<std::byte, kMaxVarlongBytes> buffer{};
        const std::byte* end = write_varlong(buffer.data(), value);
        out_.insert(out_.end(), static_cast<const std::byte*>(buffer.data()), end);
        return *this;
    }
    Writer& put(bool value) { return number(value ? 1 : 0); }
    Writer& put(std::string_view text) {
        number(static_cast<std::int64_t>(text.size()));
        const BytesView bytes = as_bytes(text);
        out_.insert(out_.end(), bytes.begin(), bytes.end());
        return *this;
    }
    /// Ids above 2^63 wrap to negative numbers and back.
    template <class Tag, class Rep>
    Writer& put(Id<Tag, Rep> id) {
        return number(static_cast<std::int64_t>(id.value()));
    }
    template <class Tag, class Rep>
    Writer& put(Epoch<Tag, Rep> epoch) {
        return number(epoch.value());
    }
    Writer& put(RecoveryState state) { return number(static_cast<std::int64_t>(state)); }
    Writer& put(ConfigResource resource) { return number(static_cast<std::int64_t>(resource)); }
    template <class T, std::size_t N>
    Writer& put(const boost::container::small_vector<T, N>& list) {
        number(static_cast<std::int64_t>(list.size()));
        for (const T& item : list) put(item);
        return *this;
    }
    template <class T>
    Writer& put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) put(*value);
        return *this;
    }
    Writer& put(const std::string& text) { return put(std::string_view(text)); }

  private:
    Bytes& out_;
};

/// Reads fields in order; after the first that is not there every further one fails too, so only
/// done() must be asked. Values read after a failure mean nothing.
class Reader {
  public:
    explicit Reader(BytesView bytes) : reader_(bytes) {}

    std::int64_t number() {
        if (failed_) return 0;
        const auto value = reader_.read_varlong();
        if (!value) failed_ = true;
        return value.value_or(0);
    }
    template <class Rep>
    Rep fitting() {
        const std::int64_t value = number();
        if constexpr (sizeof(Rep) < sizeof(std::int64_t)) {
            if (value < static_cast<std::int64_t>(std::numeric_limits<Rep>::min()) ||
                value > static_cast<std::int64_t>(std::numeric_limits<Rep>::max())) {
                failed_ = true;
                return Rep{0};
            }
        }
        return static_cast<Rep>(value);
    }
    bool flag() {
        const std::int64_t value = number();
        if (value != 0 && value != 1) failed_ = true;
        return value == 1;
    }
    std::string text() {
        const auto bytes = reader_.read_bytes(length());
        if (!bytes) failed_ = true;
        return bytes ? std::string(as_text(*bytes)) : std::string();
    }
    /// An Id or an Epoch.
    template <class T>
    T id() {
        return T(fitting<typename T::rep>());
    }
    template <class List>
    List list() {
        List items;
        const std::size_t count = length();
        for (std::size_t i = 0; i < count && !failed_; ++i)
            items.push_back(id<typename List::value_type>());
        return items;
    }
    RecoveryState recovery_state() {
        return flag() ? RecoveryState::recovering : RecoveryState::recovered;
    }
    ConfigResource resource() {
        const std::int64_t value = number();
        if (value < 0 || value > static_cast<std::int64_t>(ConfigResource::cluster)) failed_ = true;
        return failed_ ? ConfigResource::cluster : static_cast<ConfigResource>(value);
    }
    template <class Read>
    auto maybe(Read read) -> std::optional<decltype(read())> {
        if (!flag()) return std::nullopt;
        return read();
    }
    template <class T>
    std::optional<T> maybe_id() {
        return maybe([&] { return id<T>(); });
    }
    template <class List>
    std::optional<List> maybe_list() {
        return maybe([&] { return list<List>(); });
    }
    bool done() const { return !failed_ && reader_.remaining() == 0; }

  private:
    /// A count that the remaining bytes can hold, so no length allocates more than is there.
    std::size_t length() {
        const std::int64_t value = number();
        if (value < 0 || static_cast<std::uint64_t>(value) > reader_.remaining()) failed_ = true;
        return failed_ ? 0 : static_cast<std::size_t>(value);
    }

    ByteReader reader_;
    bool failed_ = false;
};

RegisterBrokerRecord read_register_broker(Reader& in) {
    const auto broker = in.id<NodeId>();
    const auto incarnation = in.id<IncarnationId>();
    const auto epoch = in.id<BrokerEpoch>();
    auto directories = in.list<DirectoryList>();
    const bool fenced = in.flag();
    const bool in_controlled_shutdown = in.flag();
    return {broker, incarnation, epoch, std::move(directories), fenced, in_controlled_shutdown};
}

BrokerRegistrationChangeRecord read_registration_change(Reader& in) {
    const auto broker = in.id<NodeId>();
    const auto epoch = in.id<BrokerEpoch>();
    const auto fenced = in.maybe([&] { return in.flag(); });
    const auto in_controlled_shutdown = in.maybe([&] { return in.flag(); });
    auto directories = in.maybe_list<DirectoryList>();
    return {broker, epoch, fenced, in_controlled_shutdown, std::move(directories)};
}

PartitionRecord read_partition(Reader& in) {
    PartitionRecord record{in.id<PartitionId>(), {}};
    PartitionRegistration& made = record.registration;
    made.replicas = in.list<ReplicaList>();
    made.directories = in.list<DirectoryList>();
    made.isr = in.list<ReplicaList>();
    made.elr = in.list<ReplicaList>();
    made.last_known_elr = in.list<ReplicaList>();
    made.leader = in.maybe_id<NodeId>();
    made.leader_epoch = in.id<LeaderEpoch>();
    made.partition_epoch = in.id<PartitionEpoch>();
    made.recovery_state = in.recovery_state();
    return record;
}

PartitionChangeRecord read_partition_change(Reader& in) {
    PartitionChangeRecord record{in.id<PartitionId>(), {}, {}, {}, {}, {}, {}, {}};
    record.isr = in.maybe_list<ReplicaList>();
    record.leader = in.maybe([&] { return in.maybe_id<NodeId>(); });
    record.replicas = in.maybe_list<ReplicaList>();
    record.directories = in.maybe_list<DirectoryList>();
    record.recovery_state = in.maybe([&] { return in.recovery_state(); });
    record.elr = in.maybe_list<ReplicaList>();
    record.last_known_elr = in.maybe_list<ReplicaList>();
    return record;
}

ConfigRecord read_config(Reader& in) {
    const ConfigResource resource = in.resource();
    const auto topic = in.maybe_id<TopicIndex>();
    const auto broker = in.maybe_id<NodeId>();
    std::string key = in.text();
    auto value = in.maybe([&] { return in.text(); });
    return {resource, topic, broker, std::move(key), std::move(value)};
}

std::optional<MetadataRecord> read_record(Reader& in) {
    switch (static_cast<RecordType>(in.fitting<std::int8_t>())) {
        case RecordType::register_broker:
            return read_register_broker(in);
        case RecordType::unregister_broker: {
            const auto broker = in.id<NodeId>();
            return UnregisterBrokerRecord{broker, in.id<BrokerEpoch>()};
        }
        case RecordType::topic:
            return TopicRecord{in.id<TopicIndex>()};
        case RecordType::partition:
            return read_partition(in);
        case RecordType::config:
            return read_config(in);
        case RecordType::partition_change:
            return read_partition_change(in);
        case RecordType::feature_level: {
            std::string feature = in.text();
            return FeatureLevelRecord{std::move(feature), in.fitting<std::int16_t>()};
        }
        case RecordType::producer_ids: {
            const auto broker = in.id<NodeId>();
            return ProducerIdsRecord{broker, in.id<ProducerId>()};
        }
        case RecordType::broker_registration_change:
            return read_registration_change(in);
        case RecordType::clear_elr:
            return ClearElrRecord{in.maybe_id<TopicIndex>()};
        case RecordType::no_op:
            return NoOpRecord{};
    }
    return std::nullopt;
}

void write_partition(const PartitionRecord& record, Bytes& out) {
    const PartitionRegistration& r = record.registration;
    Writer(out, RecordType::partition)
        .put(record.partition)
        .put(r.replicas)
        .put(r.directories)
        .put(r.isr)
        .put(r.elr)
        .put(r.last_known_elr)
        .put(r.leader)
        .put(r.leader_epoch)
        .put(r.partition_epoch)
        .put(r.recovery_state);
}

void write_partition_change(const PartitionChangeRecord& r, Bytes& out) {
    Writer(out, RecordType::partition_change)
        .put(r.partition)
        .put(r.isr)
        .put(r.leader)
        .put(r.replicas)
        .put(r.directories)
        .put(r.recovery_state)
        .put(r.elr)
        .put(r.last_known_elr);
}

}  // namespace

void encode_record(const MetadataRecord& record, Bytes& out) {
    match(
        record,
        [&](const RegisterBrokerRecord& r) {
            Writer(out, RecordType::register_broker)
                .put(r.broker)
                .put(r.incarnation)
                .put(r.epoch)
                .put(r.directories)
                .put(r.fenced)
                .put(r.in_controlled_shutdown);
        },
        [&](const BrokerRegistrationChangeRecord& r) {
            Writer(out, RecordType::broker_registration_change)
                .put(r.broker)
                .put(r.epoch)
                .put(r.fenced)
                .put(r.in_controlled_shutdown)
                .put(r.directories);
        },
        [&](const UnregisterBrokerRecord& r) {
            Writer(out, RecordType::unregister_broker).put(r.broker).put(r.epoch);
        },
        [&](const TopicRecord& r) { Writer(out, RecordType::topic).put(r.topic); },
        [&](const PartitionRecord& r) { write_partition(r, out); },
        [&](const PartitionChangeRecord& r) { write_partition_change(r, out); },
        [&](const ConfigRecord& r) {
            Writer(out, RecordType::config)
                .put(r.resource)
                .put(r.topic)
                .put(r.broker)
                .put(r.key)
                .put(r.value);
        },
        [&](const ProducerIdsRecord& r) {
            Writer(out, RecordType::producer_ids).put(r.broker).put(r.next);
        },
        [&](const FeatureLevelRecord& r) {
            Writer(out, RecordType::feature_level).put(r.feature).number(r.level);
        },
        [&](const ClearElrRecord& r) { Writer(out, RecordType::clear_elr).put(r.topic); },
        [&](const NoOpRecord&) { Writer(out, RecordType::no_op); });
}

std::optional<MetadataRecord> decode_record(BytesView bytes) {
    Reader in(bytes);
    std::optional<MetadataRecord> record = read_record(in);
    if (!in.done()) return std::nullopt;
    return record;
}

}  // namespace core
