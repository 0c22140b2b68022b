#include "core/log/chunk_list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/base/random.h"
#include "core/record/batch_parser.h"
#include "tests/core/log_fixture.h"

namespace {

using namespace core;  // NOLINT: tests speak of nothing else

Batch batch_at(std::int64_t offset, std::size_t value_bytes = 8) {
    return Batch{Offset(offset), LeaderEpoch(1), test::make_batch(1, offset, value_bytes)};
}

Bytes batch_bytes(const Batch& batch) {
    Bytes bytes;
    encode_batch(batch, bytes);
    return bytes;
}

/// The list against its bytes: chunks without gaps, positions and look-ups that agree.
void check_same(const ChunkList& list, const Bytes& bytes) {
    REQUIRE(list.size_bytes() == bytes.size());
    CHECK(list.read(0, UINT64_MAX) == bytes);
    std::uint64_t position = 0;
    std::size_t index = 0;
    for (const Chunk chunk : list) {
        REQUIRE(chunk.size_bytes() > 0);
        REQUIRE(list.position(index) == position);
        REQUIRE(list.index_at(position) == index);
        position += chunk.size_bytes();
        REQUIRE(list.index_at(position - 1) == index);
        ++index;
    }
    CHECK(index == list.size());
    CHECK(position == list.size_bytes());
    CHECK(list.position(index) == position);
    CHECK(list.index_at(position) == index);
    CHECK(list.empty() == bytes.empty());
}

}  // namespace

TEST_SUITE("core.chunk_list") {
    TEST_CASE("batches are given back as they were appended, over many blocks") {
        ChunkList list;
        Bytes bytes;
        check_same(list, bytes);
        std::vector<const BatchBody*> bodies;
        for (std::int64_t i = 0; i < 1'000; ++i) {
            const Batch batch = batch_at(i, 1 + static_cast<std::size_t>(i % 7));
            bodies.push_back(batch.body.get());
            encode_batch(batch, bytes);
            list.append(batch);
        }
        check_same(list, bytes);
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            REQUIRE(list.batch(i) != nullptr);
            CHECK(list.batch(i)->body.get() == bodies[i]);
            CHECK(list.batch(i)->base_offset == Offset(static_cast<std::int64_t>(i)));
        }
        CHECK(list.read(100, 33) == Bytes(bytes.begin() + 100, bytes.begin() + 133));
        CHECK(list.read(bytes.size(), 1).empty());
    }

    TEST_CASE("what is cut, torn and written again is the same in bytes") {
        ChunkList list;
        Bytes bytes;
        for (std::uint64_t step = 0; step < 400; ++step) {
            const std::uint64_t draw = mix64(step);
            if (draw % 4 != 0) {
                for (std::uint64_t i = 0; i < draw % 60; ++i) {
                    const Batch batch = batch_at(static_cast<std::int64_t>(step), i);
                    encode_batch(batch, bytes);
                    list.append(batch);
                }
            } else {
                const std::size_t cut = std::min(bytes.size(), (draw >> 8) % 3'000);
                bytes.resize(bytes.size() - cut);
                list.truncate(bytes.size());
            }
            if (draw % 5 == 0) {
                const Bytes raw(1 + (draw >> 40) % 20, std::byte{7});
                bytes.insert(bytes.end(), raw.begin(), raw.end());
                list.append_raw(raw);
            }
        }
        check_same(list, bytes);
        CHECK(list.size() > 300);
        list.truncate(0);
        check_same(list, {});
    }

    TEST_CASE("adopting changes no byte and leaves the rest on both sides") {
        const Bytes first = batch_bytes(batch_at(0));
        const Bytes second = batch_bytes(batch_at(1));
        for (const std::size_t before : {std::size_t{0}, std::size_t{3}}) {
            for (const std::size_t behind : {std::size_t{0}, std::size_t{5}}) {
                // The two batches lie in three raw chunks, between whole batches.
                ChunkList list;
                list.append(batch_at(9));
                Bytes raw(before, std::byte{1});
                raw.insert(raw.end(), first.begin(), first.end());
                raw.insert(raw.end(), second.begin(), second.end());
                raw.resize(raw.size() + behind);
                const BytesView view(raw);
                list.append_raw(view.first(10));
                list.append_raw(view.subspan(10, 40));
                list.append_raw(view.subspan(50));
                list.append(batch_at(10));
                const Bytes all = list.read(0, UINT64_MAX);

                const std::vector<Batch> batches{batch_at(0), batch_at(1)};
                list.adopt(first.size() + before, batches);
                check_same(list, all);
                std::size_t at = 0;
                CHECK(list.batch(at++) != nullptr);
                if (before > 0) CHECK(list[at++].raw.size() == before);
                CHECK(list.batch(at++)->base_offset == Offset(0));
                CHECK(list.batch(at++)->base_offset == Offset(1));
                if (behind > 0) CHECK(list[at++].raw.size() == behind);
                CHECK(list.batch(at++)->base_offset == Offset(10));
                CHECK(at == list.size());
            }
        }
    }

    TEST_CASE("a copy shares the batches and nothing else") {
        ChunkList list;
        list.append(batch_at(0));
        list.append_raw(Bytes(3));
        const ChunkList copy = list;
        list.truncate(0);
        CHECK(copy.size() == 2);
        CHECK(copy[1].raw.size() == 3);
        check_same(copy, copy.read(0, UINT64_MAX));
    }
}
