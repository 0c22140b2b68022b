// Requests of one connection are taken up one after the other; deadlines; fetch sessions.
#include <doctest/doctest.h>

#include "core/broker/request_queue.h"
#include "core/replication/purgatory.h"
#include "tests/core/effect_list.h"

namespace {

using namespace core;

struct Sent {
    std::uint64_t next_connection = 0;
    MessagePool messages;
    Effects effects{&next_connection, messages};

    /// Effects since it was asked last.
    std::size_t count() { return test::take_list(effects).size(); }
};

FetchPartition fetch(std::uint32_t partition, std::int64_t offset) {
    return FetchPartition{PartitionId(partition), LeaderEpoch(0), Offset(offset), std::nullopt,
                          Offset(0)};
}

}  // namespace

TEST_SUITE("core.request_queue") {
    TEST_CASE("the next request of a connection waits for the answer to the previous one") {
        RequestQueue queue;
        Sent sent;
        IncomingConnection& connection = queue.accept(ConnectionId(7), NodeId(2));
        connection.muted = true;
        queue.put(connection, CorrelationId(1), MetadataRequest{});
        queue.put(connection, CorrelationId(2), MetadataRequest{});
        CHECK_FALSE(queue.next());
        queue.answer(ConnectionId(7), CorrelationId(0), MetadataResponse{}, sent.effects);
        auto next = queue.next();
        REQUIRE(next);
        CHECK(next->request.correlation == CorrelationId(1));
        next->connection->muted = true;
        CHECK_FALSE(queue.next());
        queue.done(*next->connection);
        next = queue.next();
        REQUIRE(next);
        CHECK(next->request.correlation == CorrelationId(2));
        CHECK(sent.count() == 1);
    }

    TEST_CASE("connections do not wait for each other") {
        RequestQueue queue;
        Sent sent;
        for (std::uint64_t id : {9U, 3U, 5U}) {
            IncomingConnection& connection = queue.accept(ConnectionId(id), NodeId(2));
            connection.muted = true;
            queue.put(connection, CorrelationId(1), MetadataRequest{});
        }
        queue.answer(ConnectionId(5), CorrelationId(0), MetadataResponse{}, sent.effects);
        const auto next = queue.next();
        REQUIRE(next);
        CHECK(next->connection->id == ConnectionId(5));
        CHECK_FALSE(queue.next());
    }

    TEST_CASE("an answer to a connection that is gone vanishes, with what waited on it") {
        RequestQueue queue;
        Sent sent;
        IncomingConnection& connection = queue.accept(ConnectionId(7), NodeId(2));
        connection.muted = true;
        queue.put(connection, CorrelationId(1), MetadataRequest{});
        queue.remove(ConnectionId(7));
        queue.answer(ConnectionId(7), CorrelationId(0), MetadataResponse{}, sent.effects);
        CHECK(sent.count() == 0);
        CHECK_FALSE(queue.next());
        CHECK(queue.find(ConnectionId(7)) == nullptr);
    }

    TEST_CASE("what came before the broker serves is taken up when it does") {
        RequestQueue queue;
        IncomingConnection& connection = queue.accept(ConnectionId(7), NodeId(2));
        queue.put(connection, CorrelationId(1), MetadataRequest{});
        CHECK_FALSE(queue.next());
        queue.resume();
        CHECK(queue.next());
    }
}

TEST_SUITE("core.purgatory") {
    TEST_CASE("deadlines come in the order of their time, whatever their wait") {
        Deadlines deadlines;
        const auto long_one = deadlines.add(at_ns(0), Duration(100), 1);
        deadlines.add(at_ns(10), Duration(50), 2);
        deadlines.add(at_ns(20), Duration(100), 3);
        CHECK(deadlines.next() == at_ns(60));
        CHECK_FALSE(deadlines.due(at_ns(59)));
        CHECK(deadlines.due(at_ns(200)) == 2);
        deadlines.remove(long_one);
        CHECK(deadlines.next() == at_ns(60));
        CHECK_FALSE(deadlines.due(at_ns(59)));
    }

    TEST_CASE("a handle is used again without disturbing its neighbours") {
        Deadlines deadlines;
        std::vector<std::uint32_t> handles;
        handles.reserve(5);
        for (int i = 0; i < 5; ++i)
            handles.push_back(deadlines.add(at_ns(i), Duration(10), static_cast<std::uint64_t>(i)));
        deadlines.remove(handles[0]);
        deadlines.remove(handles[2]);
        deadlines.remove(handles[4]);
        deadlines.add(at_ns(9), Duration(10), 9);
        std::vector<std::uint64_t> order;
        while (const auto owner = deadlines.due(at_ns(100))) {
            order.push_back(*owner);
            deadlines.remove(*owner == 1 ? handles[1] : *owner == 3 ? handles[3] : handles[4]);
        }
        CHECK(order == std::vector<std::uint64_t>{1, 3, 9});
        CHECK(deadlines.next() == TimePoint::max());
    }

    TEST_CASE("an operation that was answered is not found by those who still wait with it") {
        ProducePurgatory purgatory;
        const auto delayed = [&](TimePoint now) {
            DelayedProduce& operation =
                purgatory.take(ConnectionId(1), CorrelationId(1), NodeId(9));
            operation.waiting = 1;
            purgatory.delay(operation, now, Duration(10));
            return operation.number;
        };
        const auto first = delayed(at_ns(0));
        const WaitingProduce old{Offset(1), first, purgatory.operation(first).generation, 0};
        CHECK(purgatory.find(old) != nullptr);
        purgatory.remove(purgatory.operation(first));
        CHECK(purgatory.find(old) == nullptr);
        const auto second = delayed(at_ns(1));
        CHECK(second == first);
        CHECK(purgatory.find(old) == nullptr);
        CHECK(purgatory.expired(at_ns(11)) == second);
    }

    TEST_CASE("an operation that never waited leaves no deadline behind") {
        ProducePurgatory purgatory;
        DelayedProduce& answered = purgatory.take(ConnectionId(1), CorrelationId(1), NodeId(9));
        answered.partitions.emplace_back(PartitionId(0), std::nullopt);
        const std::uint32_t number = answered.number;
        purgatory.remove(answered);
        CHECK(purgatory.next_deadline() == TimePoint::max());
        const DelayedProduce& again = purgatory.take(ConnectionId(2), CorrelationId(5), NodeId(8));
        CHECK(again.number == number);
        CHECK(again.connection == ConnectionId(2));
        CHECK(again.partitions.empty());
    }
}

TEST_SUITE("core.fetch_session") {
    TEST_CASE("what is named is listed once, and keeps its slot") {
        FetchSession session(NodeId(2), ConnectionId(1));
        const std::uint32_t five = session.name(fetch(5, 0)).number;
        const std::uint32_t three = session.name(fetch(3, 0)).number;
        CHECK(session.name(fetch(5, 7)).number == five);
        REQUIRE(session.changed().size() == 2);
        CHECK(session.changed()[0] == five);
        CHECK(session.changed()[1] == three);
        CHECK(session.slot(five).fetch.fetch_offset == Offset(7));
        CHECK(session.find(PartitionId(3)) == three);
        CHECK_FALSE(session.find(PartitionId(4)));
    }

    TEST_CASE("a quiet session lists nothing") {
        FetchSession session(NodeId(2), ConnectionId(1));
        FetchSlot& slot = session.name(fetch(5, 0));
        session.keep_listed([](const FetchSlot&) { return false; });
        CHECK(session.changed().empty());
        session.list(slot);
        session.list(slot);
        CHECK(session.changed().size() == 1);
    }

    TEST_CASE("a forgotten partition can be named again") {
        FetchSession session(NodeId(2), ConnectionId(1));
        session.forget(session.name(fetch(5, 0)).number);
        CHECK(session.empty());
        session.name(fetch(5, 9));
        session.keep_listed([](const FetchSlot& slot) { return slot.used; });
        REQUIRE(session.changed().size() == 1);
        CHECK(session.slot(session.changed()[0]).fetch.fetch_offset == Offset(9));
    }
}
