#include "core/record/record.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/record/batch_arena.h"
#include "core/record/batch_builder.h"
#include "core/record/batch_parser.h"
#include "core/record/crc32c.h"
#include "core/record/varint.h"

namespace {

using core::as_bytes;
using core::Batch;
using core::BatchBodyRef;
using core::BatchBuilder;
using core::BatchProblem;
using core::Bytes;
using core::BytesView;
using core::LeaderEpoch;
using core::Offset;
using core::RecordHeader;

const std::optional<BytesView> kNull;

Bytes bytes_of(std::initializer_list<int> values) {
    Bytes bytes;
    for (int value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

Bytes encoded(const BatchBodyRef& body, std::int64_t base_offset = 0, int epoch = 0) {
    Bytes bytes;
    core::encode_batch(Batch{Offset(base_offset), LeaderEpoch(epoch), body}, bytes);
    return bytes;
}

BatchBodyRef three_records() {
    BatchBuilder builder(1000);
    builder.append(as_bytes("k"), as_bytes("v"), 1000);
    builder.append(kNull, as_bytes(""), 1005);
    builder.append(as_bytes(""), kNull, 998);
    return builder.close(std::nullopt, std::nullopt);
}

/// A control batch as a transaction coordinator's marker is: built by hand.
BatchBodyRef marker(int type, int coordinator_epoch) {
    BatchBuilder builder(1000);
    const Bytes key = bytes_of({0, 0, 0, type});
    const Bytes value = bytes_of({0, 0, 0, 0, 0, coordinator_epoch});
    builder.append(key, value, 1000);
    const BatchBodyRef plain = builder.close(std::nullopt, std::nullopt);
    Bytes tail(plain->tail().begin(), plain->tail().end());
    tail[6] = std::byte{0x30};
    const std::uint32_t crc = core::crc32c(BytesView(tail).subspan(5));
    core::store_be(std::span<std::byte>(tail), 1, crc);
    return core::make_batch_body(std::move(tail), std::nullopt);
}

}  // namespace

TEST_SUITE("core.record") {
    TEST_CASE("varints are zigzag, and their sizes are known beforehand") {
        struct Case {
            std::int64_t value;
            Bytes bytes;
        };
        const std::vector<Case> cases = {
            {0, bytes_of({0})},
            {-1, bytes_of({1})},
            {1, bytes_of({2})},
            {63, bytes_of({0x7e})},
            {-64, bytes_of({0x7f})},
            {64, bytes_of({0x80, 0x01})},
            {-65, bytes_of({0x81, 0x01})},
            {8191, bytes_of({0xfe, 0x7f})},
            {8192, bytes_of({0x80, 0x80, 0x01})},
            {std::numeric_limits<std::int32_t>::max(), bytes_of({0xfe, 0xff, 0xff, 0xff, 0x0f})},
            {std::numeric_limits<std::int32_t>::min(), bytes_of({0xff, 0xff, 0xff, 0xff, 0x0f})},
            {std::numeric_limits<std::int64_t>::max(),
             bytes_of({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})},
            {std::numeric_limits<std::int64_t>::min(),
             bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})},
        };
        for (const Case& c : cases) {
            CAPTURE(c.value);
            Bytes out(16);
            std::byte* end = core::write_varlong(out.data(), c.value);
            CHECK(Bytes(out.data(), end) == c.bytes);
            CHECK(core::varlong_size(c.value) == static_cast<int>(c.bytes.size()));
            core::ByteReader reader(c.bytes);
            CHECK(reader.read_varlong() == c.value);
            CHECK(reader.remaining() == 0);
            const auto small = static_cast<std::int32_t>(c.value);
            if (small != c.value) continue;
            end = core::write_varint(out.data(), small);
            CHECK(Bytes(out.data(), end) == c.bytes);
            CHECK(core::varint_size(small) == static_cast<int>(c.bytes.size()));
        }
    }

    TEST_CASE("a varint that ends early or never is refused") {
        for (const Bytes& bytes : {bytes_of({}), bytes_of({0x80}), bytes_of({0x80, 0x80}),
                                   bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0x01})}) {
            core::ByteReader reader(bytes);
            CHECK(!reader.read_varint());
        }
        const Bytes endless(11, std::byte{0xff});
        core::ByteReader reader(endless);
        CHECK(!reader.read_varlong());
    }

    TEST_CASE("CRC-32C: the check value, and instruction and tables agree at every length") {
        CHECK(core::crc32c(as_bytes("123456789")) == 0xe3069283U);
        CHECK(core::crc32c_portable(as_bytes("123456789")) == 0xe3069283U);
        CHECK(core::crc32c(BytesView()) == 0);
        Bytes bytes;
        for (std::uint64_t i = 0; i < 300; ++i) {
            CHECK(core::crc32c(bytes) == core::crc32c_portable(bytes));
            // In two parts, as over a header and its records.
            const BytesView view(bytes);
            const std::size_t cut = bytes.size() / 3;
            CHECK(core::crc32c(view.subspan(cut), core::crc32c(view.first(cut))) ==
                  core::crc32c(view));
            bytes.push_back(
                static_cast<std::byte>(core::keyed_draw(1, core::Purpose::check, {i}) & 0xff));
        }
    }

    TEST_CASE("what was built is read back: nulls, empties, times before the first") {
        const BatchBodyRef body = three_records();
        CHECK(body->header().base_timestamp_ms == 1000);
        CHECK(body->header().max_timestamp_ms == 1005);
        CHECK(body->header().last_offset_delta == 2);
        core::RecordReader reader(*body);
        auto record = reader.next();
        REQUIRE(record);
        CHECK(core::as_text(*record->key) == "k");
        CHECK(core::as_text(*record->value) == "v");
        record = reader.next();
        REQUIRE(record);
        CHECK(!record->key);
        CHECK(record->value->empty());
        CHECK(record->timestamp_delta == 5);
        record = reader.next();
        REQUIRE(record);
        CHECK(record->key->empty());
        CHECK(!record->value);
        CHECK(record->timestamp_delta == -2);
        CHECK(record->offset_delta == 2);
        CHECK(!reader.next());
        CHECK(!reader.problem());
    }

    TEST_CASE("headers are read back in order, null values too") {
        const std::vector<RecordHeader> headers = {{"a", as_bytes("1")}, {"a", kNull}, {"", kNull}};
        BatchBuilder builder(100);
        builder.append(kNull, kNull, 1, headers);
        const BatchBodyRef body = builder.close(std::nullopt, std::nullopt);
        core::RecordReader records(*body);
        const auto record = records.next();
        REQUIRE(record);
        CHECK(record->header_count == 3);
        core::HeaderReader reader(*record);
        std::string seen;
        while (const auto header = reader.next())
            seen += std::string(header->key) + (header->value ? "=1 " : "=null ");
        CHECK(seen == "a=1 a=null =null ");
    }

    TEST_CASE("the size of a record is predicted exactly") {
        for (std::int64_t delta : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40}) {
            for (std::size_t size : {0U, 1U, 62U, 63U, 64U, 8191U, 8192U}) {
                BatchBuilder builder(100);
                const std::string value(size, 'v');
                builder.append(kNull, kNull, 1000);
                const std::int32_t before = builder.size_bytes();
                const std::int32_t predicted =
                    core::record_size(1, delta, as_bytes("key"), as_bytes(value));
                builder.append(as_bytes("key"), as_bytes(value), 1000 + delta);
                CHECK(builder.size_bytes() - before == predicted);
                const BatchBodyRef body = builder.close(std::nullopt, std::nullopt);
                CHECK(body->size_bytes() == before + predicted);
            }
        }
    }

    TEST_CASE("a batch of one record is the one that a builder makes") {
        const core::ProducerFields producer{core::ProducerId(7), core::ProducerEpoch(2),
                                            core::Sequence(41)};
        const core::BatchTag tag{core::NodeId(1001), 3};
        core::BatchArena arena;
        for (std::size_t size : {0U, 1U, 56U, 57U, 58U, 63U, 64U, 8183U, 8184U, 8191U, 8192U}) {
            for (int key_size : {-1, 0, 1, 63, 64}) {
                CAPTURE(size);
                CAPTURE(key_size);
                const std::string value(size, 'v');
                const std::string text(static_cast<std::size_t>(std::max(key_size, 0)), 'k');
                std::optional<BytesView> key;
                if (key_size >= 0) key = as_bytes(text);
                for (const bool idempotent : {false, true}) {
                    std::optional<core::ProducerFields> fields;
                    if (idempotent) fields = producer;
                    BatchBuilder builder(100);
                    builder.append(key, as_bytes(value), 1'704'067'200'123);
                    const BatchBodyRef built = builder.close(fields, tag);
                    const BatchBodyRef one = core::batch_of_one(
                        key, as_bytes(value), 1'704'067'200'123, fields, tag, arena);
                    CHECK(encoded(one) == encoded(built));
                    CHECK(one->tag() == built->tag());
                    CHECK(one->crc_valid());
                }
            }
        }
    }

    // DefaultRecord.recordSizeUpperBound counts the lengths of key, value and headers too, so with
    // batch.size=0 two records fit as long as 2 * (7 + n) <= 21 + 3 + n.
    TEST_CASE("with batch.size 0 a second tiny record still fits, a larger one does not") {
        for (std::size_t size = 0; size < 20; ++size) {
            CAPTURE(size);
            BatchBuilder builder(0);
            const std::string value(size, 'v');
            CHECK(builder.has_room_for(kNull, as_bytes(value), 1000));
            builder.append(kNull, as_bytes(value), 1000);
            CHECK(builder.has_room_for(kNull, as_bytes(value), 1000) == (size <= 10));
        }
    }

    TEST_CASE("a batch is full at its write limit") {
        BatchBuilder builder(200);
        int records = 0;
        while (builder.has_room_for(kNull, as_bytes("0123456789"), 1000)) {
            builder.append(kNull, as_bytes("0123456789"), 1000);
            ++records;
        }
        CHECK(records == (200 - 61) / 17);
        CHECK(builder.write_limit() == 200);
        CHECK(builder.size_bytes() == 61 + 17 * records);
    }

    TEST_CASE("a closed builder begins anew and shares nothing with its batch") {
        BatchBuilder builder(100);
        builder.append(kNull, as_bytes("first"), 1);
        const BatchBodyRef first = builder.close(std::nullopt, std::nullopt);
        const Bytes before(first->tail().begin(), first->tail().end());
        CHECK(builder.empty());
        CHECK(builder.size_bytes() == 61);
        builder.append(kNull, as_bytes("other"), 2);
        const BatchBodyRef second = builder.close(std::nullopt, std::nullopt);
        CHECK(std::equal(before.begin(), before.end(), first->tail().begin()));
        CHECK(second->header().base_timestamp_ms == 2);
    }

    TEST_CASE("batches of an arena are as others, and outlive it") {
        const auto close = [](int number, std::size_t bytes, core::BatchArena* arena) {
            BatchBuilder builder(100);
            builder.append(
                kNull, as_bytes(std::string(bytes, static_cast<char>('a' + number % 26))), number);
            return builder.close(std::nullopt, std::nullopt, arena);
        };
        constexpr int kBatches = 1'000;
        // Some of several blocks; now and then one that is too large for any.
        const auto size = [](int number) {
            return static_cast<std::size_t>(number % 50 == 49 ? 40'000 : number);
        };
        std::vector<BatchBodyRef> bodies;
        {
            core::BatchArena arena;
            for (int i = 0; i < kBatches; ++i) {
                bodies.push_back(close(i, size(i), &arena));
                if (i % 3 == 0) bodies[static_cast<std::size_t>(i / 2)].reset();
            }
        }
        for (int i = 0; i < kBatches; ++i) {
            BatchBodyRef& body = bodies[static_cast<std::size_t>(i)];
            if (body) CHECK(encoded(body) == encoded(close(i, size(i), nullptr)));
            body.reset();
        }
    }

    TEST_CASE("a reissued batch has other producer fields, the same records and tag") {
        BatchBuilder builder(100);
        builder.append(kNull, as_bytes("v"), 1);
        const core::BatchTag tag{core::NodeId(core::kFirstClientId), 7};
        const core::ProducerFields fields{core::ProducerId(5), core::ProducerEpoch(0),
                                          core::Sequence(40)};
        const BatchBodyRef body = builder.close(fields, tag);
        CHECK(body->header().producer == fields);
        const core::ProducerFields other{core::ProducerId(5), core::ProducerEpoch(1),
                                         core::Sequence(0)};
        const BatchBodyRef again = core::reissue(*body, other);
        CHECK(again->tag() == tag);
        CHECK(std::ranges::equal(again->records(), body->records()));
        const core::ParsedBatch parsed = core::parse_batch(encoded(again), 0);
        REQUIRE(parsed.sound());
        CHECK(parsed.batch->body->header().producer == other);
        // And back: the bytes of the first.
        CHECK(encoded(core::reissue(*again, fields)) == encoded(body));
    }

    TEST_CASE("the append time is stamped with the attribute and a sound checksum") {
        const BatchBodyRef stamped = core::stamp_append_time(*three_records(), 5000);
        const core::ParsedBatch parsed = core::parse_batch(encoded(stamped), 0);
        REQUIRE(parsed.sound());
        CHECK(parsed.batch->body->header().log_append_time());
        CHECK(parsed.batch->body->header().max_timestamp_ms == 5000);
        CHECK(parsed.batch->body->header().base_timestamp_ms == 1000);
    }

    TEST_CASE("base offset and leader epoch lie outside the checksum") {
        const Bytes bytes = encoded(three_records(), 1234567890123, 42);
        const core::ParsedBatch parsed = core::parse_batch(bytes, 0);
        REQUIRE(parsed.sound());
        CHECK(parsed.batch->base_offset == Offset(1234567890123));
        CHECK(parsed.batch->leader_epoch == LeaderEpoch(42));
        CHECK(parsed.batch->next_offset() == Offset(1234567890126));
        CHECK(parsed.size_bytes == bytes.size());
    }

    TEST_CASE("a batch cut anywhere is too short, whatever is left of it") {
        const Bytes bytes = encoded(three_records());
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const core::ParsedBatch parsed = core::parse_batch(BytesView(bytes).first(size), 0);
            CHECK(parsed.problem == BatchProblem::too_short);
            CHECK(!parsed.batch);
        }
    }

    TEST_CASE("every flipped bit of a batch is noticed, or lies outside the checksum") {
        const Bytes sound = encoded(three_records());
        for (std::size_t at = 0; at < sound.size(); ++at) {
            for (int bit = 0; bit < 8; ++bit) {
                Bytes bytes = sound;
                bytes[at] ^= static_cast<std::byte>(1 << bit);
                const core::ParsedBatch parsed = core::parse_batch(bytes, 0);
                const bool outside = at < 8 || (at >= 12 && at < 16);
                // Magic 2 becomes 0 by one flip: another checksum, at another place.
                const bool older = at == 16 && bit == 1;
                CAPTURE(at);
                CAPTURE(bit);
                CHECK(parsed.older.has_value() == older);
                // The sign of the base offset makes it one that no batch can have.
                if (at == 0 && bit == 7)
                    CHECK(parsed.problem == BatchProblem::bad_fields);
                else
                    CHECK(parsed.problem.has_value() == !outside);
                CHECK(parsed.sound() == (outside && !(at == 0 && bit == 7)));
            }
        }
    }

    TEST_CASE("problems are told apart") {
        const Bytes sound = encoded(three_records());
        struct Case {
            std::size_t at;
            int value;
            BatchProblem problem;
        };
        for (const Case& c :
             {Case{11, 0, BatchProblem::bad_length}, Case{11, 20, BatchProblem::bad_length},
              Case{16, 3, BatchProblem::bad_magic}, Case{23, 0x80, BatchProblem::bad_fields},
              Case{60, 9, BatchProblem::bad_crc}, Case{8, 0x7f, BatchProblem::too_short}}) {
            Bytes bytes = sound;
            bytes[c.at] = static_cast<std::byte>(c.value);
            const core::ParsedBatch parsed = core::parse_batch(bytes, 0);
            CHECK(parsed.problem == c.problem);
            CHECK(parsed.batch.has_value() == (c.problem == BatchProblem::bad_crc));
        }
        CHECK(core::parse_batch(Bytes(200), 0).problem == BatchProblem::bad_length);
    }

    TEST_CASE("records that do not fit their batch are refused, never read past its end") {
        const BatchBodyRef body = three_records();
        for (std::size_t at = 45; at < body->tail().size(); ++at) {
            for (int value = 0; value < 256; ++value) {
                Bytes tail(body->tail().begin(), body->tail().end());
                tail[at] = static_cast<std::byte>(value);
                const BatchBodyRef damaged = core::make_batch_body(std::move(tail), std::nullopt);
                core::RecordReader reader(*damaged);
                int records = 0;
                while (reader.next()) ++records;
                CHECK(records <= 3);
                if (!reader.problem()) CHECK(records == 3);
            }
        }
    }

    TEST_CASE("compressed records are not read, and the reader says so") {
        const BatchBodyRef body = three_records();
        Bytes tail(body->tail().begin(), body->tail().end());
        tail[6] = std::byte{4};
        const BatchBodyRef compressed = core::make_batch_body(std::move(tail), std::nullopt);
        core::RecordReader reader(*compressed);
        CHECK(!reader.next());
        CHECK(reader.problem() == core::RecordProblem::compressed);
    }

    TEST_CASE("transaction markers name their outcome and coordinator epoch") {
        const auto commit = core::read_control_record(*marker(1, 7));
        REQUIRE(commit);
        CHECK(commit->type == core::ControlType::commit);
        CHECK(commit->coordinator_epoch == 7);
        const auto abort = core::read_control_record(*marker(0, 3));
        REQUIRE(abort);
        CHECK(abort->type == core::ControlType::abort);
        CHECK(!core::read_control_record(*three_records()));
    }
}
