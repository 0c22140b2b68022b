#include "core/protocol/message_box.h"

#include <doctest/doctest.h>

#include <utility>

#include "core/protocol/messages.h"
#include "tests/core/log_fixture.h"

namespace {

using namespace core;  // NOLINT: tests speak of nothing else

}  // namespace

TEST_SUITE("core.message_box") {
    TEST_CASE("a box moves its message without touching it") {
        MessageBox box = ListOffsetsResponse{.partition = PartitionId(7),
                                             .error = ErrorCode::none,
                                             .offset = Offset(3),
                                             .leader_epoch = std::nullopt};
        const Message* message = &*box;
        MessageBox other = std::move(box);
        CHECK(box.empty());  // NOLINT: what a moved box is
        CHECK(&*other == message);
        CHECK(std::get<ListOffsetsResponse>(*other).offset == Offset(3));
        box = std::move(other);
        CHECK(&*box == message);
        CHECK(other.empty());  // NOLINT
    }

    TEST_CASE("a copy is another message") {
        MessagePool pool;
        MessageBox box = pool.take<FetchResponse>();
        std::get<FetchResponse>(*box).partitions.emplace_back(PartitionId(0)).high_watermark =
            Offset(5);
        const MessageBox copy = box.copy();
        std::get<FetchResponse>(*box).partitions.clear();
        REQUIRE(std::get<FetchResponse>(*copy).partitions.size() == 1);
        CHECK(std::get<FetchResponse>(*copy).partitions[0].high_watermark == Offset(5));
    }

    TEST_CASE("a message that came back is as good as new, and holds no batch") {
        MessagePool pool;
        const BatchBodyRef batch = test::make_batch(1, 0, 10);
        const Message* first = nullptr;
        {
            const MessageBox box = pool.take<ProduceRequest>();
            first = &*box;
            std::get<ProduceRequest>(*box).partitions.push_back({PartitionId(0), batch});
            CHECK(batch->use_count() == 2);
        }
        CHECK(batch->use_count() == 1);
        const MessageBox again = pool.take<ProduceRequest>();
        CHECK(&*again == first);
        CHECK(std::get<ProduceRequest>(*again).partitions.empty());

        std::get<ProduceResponse>(*pool.take<ProduceResponse>())
            .partitions.push_back({.partition = PartitionId(0)});
        CHECK(std::get<ProduceResponse>(*pool.take<ProduceResponse>()).partitions.empty());
        std::get<FetchRequest>(*pool.take<FetchRequest>()).forgotten.push_back(PartitionId(0));
        CHECK(std::get<FetchRequest>(*pool.take<FetchRequest>()).forgotten.empty());
        std::get<FetchResponse>(*pool.take<FetchResponse>())
            .partitions.emplace_back(PartitionId(0));
        CHECK(std::get<FetchResponse>(*pool.take<FetchResponse>()).partitions.empty());

        std::get<FetchResponse>(*pool.take<FetchResponse>()).error = ErrorCode::corrupt_message;
        const MessageBox fetched = pool.take<FetchResponse>();
        CHECK(std::holds_alternative<FetchResponse>(*fetched));
        CHECK(std::get<FetchResponse>(*fetched).error == ErrorCode::none);
    }

    TEST_CASE("two boxes at once are two messages") {
        MessagePool pool;
        const MessageBox one = pool.take<FetchRequest>();
        const MessageBox two = pool.take<FetchRequest>();
        CHECK(&*one != &*two);
    }

    TEST_CASE("a box takes another message, and its own goes back") {
        MessagePool pool;
        MessageBox box = pool.take<ProduceResponse>();
        const Message* first = &*box;
        box = MetadataRequest{};
        CHECK(std::holds_alternative<MetadataRequest>(*box));
        CHECK(&*pool.take<ProduceResponse>() == first);
    }
}
