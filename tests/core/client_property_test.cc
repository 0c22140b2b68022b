// Many small histories: a producer against brokers that lose answers, connections and records.
//
// The brokers keep one log a partition, with Kafka's own check of sequences (ProducerAppendInfo:
// duplicates among the last five batches, else the next sequence, else out of order).

#include <doctest/doctest.h>

#include <deque>

#include "core/base/random.h"
#include "core/record/record.h"
#include "tests/core/client_harness.h"

using namespace core;
using test::Bench;

namespace {

struct BrokerLog {
    struct Entry {
        ProducerFields producer;
        std::int32_t last_sequence;
        std::int64_t base_offset;
    };
    std::vector<std::int64_t> records;  ///< numbers, by offset
    std::vector<Entry> entries;         ///< of idempotent batches, oldest first

    struct Answer {
        ErrorCode error = ErrorCode::none;
        std::optional<std::int64_t> base_offset;
    };
    Answer append(const BatchBody& batch, const std::vector<std::int64_t>& numbers) {
        const auto base = static_cast<std::int64_t>(records.size());
        if (const auto& producer = batch.header().producer) {
            const std::int32_t last =
                producer->base_sequence.plus(batch.header().record_count - 1).value();
            const std::size_t oldest = entries.size() > 5 ? entries.size() - 5 : 0;
            for (std::size_t i = oldest; i < entries.size(); ++i)
                if (entries[i].producer == *producer && entries[i].last_sequence == last)
                    return {ErrorCode::none, entries[i].base_offset};
            if (!entries.empty()) {
                const Entry& newest = entries.back();
                if (producer->epoch < newest.producer.epoch)
                    return {ErrorCode::invalid_producer_epoch, std::nullopt};
                const std::int32_t next = producer->epoch == newest.producer.epoch
                                              ? Sequence(newest.last_sequence).next().value()
                                              : 0;
                if (producer->base_sequence.value() != next)
                    return {ErrorCode::out_of_order_sequence_number, std::nullopt};
            }
            entries.push_back(Entry{*producer, last, base});
        }
        records.insert(records.end(), numbers.begin(), numbers.end());
        return {ErrorCode::none, base};
    }
    /// An unclean election: what lies at or above `end` is gone, and its producer state with it.
    void truncate(std::int64_t end) {
        while (!entries.empty() && entries.back().base_offset >= end) {
            end = std::min(end, entries.back().base_offset);
            entries.pop_back();
        }
        records.resize(static_cast<std::size_t>(end));
    }
};

struct History {
    Bench bench{3};
    std::vector<BrokerLog> logs{3};
    std::uint64_t seed;
    std::uint64_t draws = 0;
    bool truncates = false;
    bool has_keys = false;
    std::vector<std::int64_t> deadlines;  ///< of the client after each turn

    explicit History(std::uint64_t s) : seed(s) {}

    std::uint64_t draw(std::uint64_t bound) {
        return below(keyed_draw(seed, Purpose::check, {draws++}), bound);
    }
    static std::vector<std::int64_t> numbers(const BatchBody& batch) {
        std::vector<std::int64_t> found;
        RecordReader reader(batch);
        while (const auto record = reader.next())
            found.push_back(*parse_int(as_text(*record->value)));
        return found;
    }
    void send(std::int64_t number, std::uint32_t partition) {
        const std::string value = std::to_string(number);
        const std::string name(static_cast<std::size_t>(number % 70), 'k');
        std::optional<BytesView> key;
        if (has_keys && number % 4 != 0) key = as_bytes(name);
        bench.send(SendRecord{.number = RecordNumber(number),
                              .partition = PartitionId(partition),
                              .key = key,
                              .value = as_bytes(value),
                              .timestamp_ms = bench.now_ms()});
    }
    /// Some broker takes its oldest request: appends or not, answers or not.
    void serve() {
        const NodeId broker(static_cast<std::int32_t>(1 + draw(3)));
        const auto at = std::find_if(bench.produces.begin(), bench.produces.end(),
                                     [&](const test::Request& r) { return r.peer == broker; });
        if (at == bench.produces.end()) return;
        const auto n = static_cast<std::size_t>(at - bench.produces.begin());
        const ProducePartition item = Bench::produce(*at).partitions.front();
        REQUIRE(Bench::produce(*at).partitions.size() == 1);
        BrokerLog& log = logs[item.partition.value()];
        const std::uint64_t fate = draw(100);
        // A broker that does not know the producer takes any first sequence (2.5 and later), so the
        // first batch of a partition must not be overtaken: it always succeeds here.
        const bool first = log.records.empty();
        if (!first && fate < 10)
            return bench.answer(ErrorCode::not_enough_replicas, std::nullopt, n);
        if (!first && fate < 14) return bench.lose(broker);
        const BrokerLog::Answer answer = log.append(*item.batch, numbers(*item.batch));
        if (answer.error != ErrorCode::none) return bench.answer(answer.error, std::nullopt, n);
        if (!first && fate < 18) return bench.lose(broker);
        if (!first && fate < 24)
            return bench.answer(ErrorCode::not_enough_replicas_after_append, std::nullopt, n);
        bench.answer(ErrorCode::none, answer.base_offset, n);
        if (truncates && draw(60) == 0)
            log.truncate(static_cast<std::int64_t>(1 + draw(log.records.size())));
    }
    /// 150 records over three partitions, until each has its outcome.
    void run() {
        std::int64_t next = 0;
        for (int turns = 0; next < 150 || bench.producer().has_incomplete(); ++turns) {
            REQUIRE(turns < 20'000);
            if (next < 150 && draw(2) == 0) {
                const auto partition = static_cast<std::uint32_t>(next % 3);
                send(next++, partition);
            }
            if (draw(3) == 0) bench.pass(from_ms(static_cast<std::int64_t>(draw(40))));
            serve();
            deadlines.push_back(
                bench.deadline().value_or(TimePoint::max()).time_since_epoch().count());
        }
    }
    /// Outcomes by record number: +1 for each acknowledgement, -1000 for a failure.
    std::vector<int> outcomes() const {
        std::map<std::uint32_t, std::vector<std::int64_t>> batches;
        for (const Note& note : bench.notes(NoteKind::record_queued))
            batches[note.tag->number].push_back(note.value);
        std::vector<int> result(150, 0);
        for (const Note& note : bench.notes(NoteKind::produce_ack))
            for (const std::int64_t number : batches[note.tag->number])
                ++result[static_cast<std::size_t>(number)];
        for (const Note& note : bench.notes(NoteKind::produce_error))
            for (const std::int64_t number : batches[note.tag->number])
                result[static_cast<std::size_t>(number)] -= 1'000;
        return result;
    }
    /// Records of a partition as first seen, in log order.
    std::vector<std::int64_t> first_seen(std::size_t partition) const {
        std::vector<std::int64_t> seen;
        for (const std::int64_t number : logs[partition].records)
            if (std::find(seen.begin(), seen.end(), number) == seen.end()) seen.push_back(number);
        return seen;
    }
};

const std::vector<int> kEachOnce(150, 1);

}  // namespace

TEST_SUITE("core.client_property") {
    TEST_CASE("with idempotence every record is in the log once, in order, and acknowledged once") {
        for (std::uint64_t seed = 0; seed < 60; ++seed) {
            CAPTURE(seed);
            History history(seed);
            history.bench.config.enable_idempotence = true;
            history.bench.config.linger = from_ms(static_cast<std::int64_t>(seed % 3) * 5);
            history.run();
            CHECK(history.outcomes() == kEachOnce);
            CHECK(history.bench.notes(NoteKind::epoch_bump).empty());
            for (std::size_t p = 0; p < 3; ++p) {
                const std::vector<std::int64_t>& records = history.logs[p].records;
                CHECK(records.size() == 50);
                CHECK(std::is_sorted(records.begin(), records.end()));
            }
        }
    }

    TEST_CASE("without it and with one in flight there are duplicates, but the order holds") {
        std::size_t duplicates = 0;
        for (std::uint64_t seed = 0; seed < 40; ++seed) {
            CAPTURE(seed);
            History history(seed);
            history.bench.config.max_in_flight_requests_per_connection = 1;
            history.run();
            CHECK(history.outcomes() == kEachOnce);
            for (std::size_t p = 0; p < 3; ++p) {
                const std::vector<std::int64_t> seen = history.first_seen(p);
                CHECK(seen.size() == 50);
                CHECK(std::is_sorted(seen.begin(), seen.end()));
                duplicates += history.logs[p].records.size() - seen.size();
            }
        }
        CHECK(duplicates > 0);
    }

    TEST_CASE("without it and with five in flight nothing is lost, but the order may break") {
        bool reordered = false;
        for (std::uint64_t seed = 0; seed < 40; ++seed) {
            CAPTURE(seed);
            History history(seed);
            history.run();
            CHECK(history.outcomes() == kEachOnce);
            for (std::size_t p = 0; p < 3; ++p) {
                const std::vector<std::int64_t> seen = history.first_seen(p);
                CHECK(seen.size() == 50);
                if (!std::is_sorted(seen.begin(), seen.end())) reordered = true;
            }
        }
        CHECK(reordered);
    }

    TEST_CASE("when a log loses its end the idempotent producer goes on under a new epoch") {
        std::size_t bumps = 0;
        for (std::uint64_t seed = 0; seed < 40; ++seed) {
            CAPTURE(seed);
            History history(seed);
            history.truncates = true;
            history.bench.config.enable_idempotence = true;
            history.run();
            CHECK(history.outcomes() == kEachOnce);
            bumps += history.bench.notes(NoteKind::epoch_bump).size();
        }
        CHECK(bumps > 0);
    }

    TEST_CASE("a short delivery.timeout fails records, but each has exactly one outcome") {
        for (std::uint64_t seed = 0; seed < 40; ++seed) {
            CAPTURE(seed);
            History history(seed);
            history.bench.config.enable_idempotence = seed % 2 == 0;
            history.bench.config.delivery_timeout = from_ms(120);
            history.bench.config.request_timeout = from_ms(100);
            history.run();
            for (const int outcome : history.outcomes()) {
                const bool one = outcome == 1 || outcome == -1'000;
                CHECK(one);
            }
        }
    }

    // The short way of a record that waits for nothing, and the way of all others.
    TEST_CASE("a record that is sent at once is sent as the queues would have sent it") {
        std::size_t acknowledged = 0;
        for (std::uint64_t seed = 0; seed < 120; ++seed) {
            CAPTURE(seed);
            const auto run = [&](History& history) {
                ProducerConfig& config = history.bench.config;
                config.enable_idempotence = seed % 2 == 0;
                if (seed % 3 == 0) config.max_in_flight_requests_per_connection = 1;
                if (seed % 5 == 0) config.delivery_timeout = from_ms(120);
                if (seed % 5 == 0) config.request_timeout = from_ms(100);
                if (seed % 7 == 0) config.buffer_memory = 3 * config.batch_size;
                if (seed % 11 == 0) config.batch_size = 0;
                if (!config.enable_idempotence && seed % 13 == 0) config.acks = 1;
                history.has_keys = seed % 4 < 2;
                history.truncates = config.enable_idempotence && seed % 8 == 0;
                history.run();
            };
            History short_way(seed);
            History long_way(seed);
            long_way.bench.queues_all = true;
            run(short_way);
            run(long_way);
            CHECK(short_way.bench.wire == long_way.bench.wire);
            CHECK(short_way.bench.story() == long_way.bench.story());
            CHECK(short_way.deadlines == long_way.deadlines);
            CHECK(short_way.draws == long_way.draws);
            acknowledged += short_way.bench.notes(NoteKind::produce_ack).size();
        }
        CHECK(acknowledged > 10'000);
    }
}
