#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/protocol/messages.h"
#include "core/protocol/note.h"
#include "tests/core/log_fixture.h"

TEST_SUITE("core.protocol") {
    TEST_CASE("every note has a name of its own, in Kafka's dotted words") {
        std::set<std::string> names;
        for (int kind = 0; kind < core::kNoteKinds; ++kind) {
            const std::string name(core::name(static_cast<core::NoteKind>(kind)));
            CHECK(name.find('.') != std::string::npos);
            CHECK(names.insert(name).second);
        }
        for (const char* word :
             {"produce.send", "produce.receive", "produce.ack", "produce.error", "produce.retry",
              "log.append", "log.flush", "log.truncate", "fetch.request", "fetch.response",
              "hw.advance", "hw.checkpoint", "isr.shrink", "isr.expand", "leader.elect",
              "broker.fenced", "broker.unfenced", "broker.start", "controller.elect"})
            CHECK(names.count(word) == 1);
    }

    TEST_CASE("a request carries its batches' bytes, exactly") {
        core::ProduceRequest request{
            core::Acks::all, core::from_ms(30'000), {}, core::RecordNumber(0)};
        const core::BatchBodyRef small = test::make_batch(1, 0, 10);
        const core::BatchBodyRef large = test::make_batch(1, 0, 1000);
        request.partitions.push_back({core::PartitionId(0), small});
        const std::int64_t with_small = core::size_bytes(request);
        request.partitions[0].batch = large;
        const std::int64_t with_large = core::size_bytes(request);
        CHECK(with_large - with_small == large->size_bytes() - small->size_bytes());
        CHECK(core::is_request(request));
        CHECK(core::api_name(request) == "Produce");

        core::FetchResponse response;
        const std::int64_t empty = core::size_bytes(response);
        CHECK(empty > 0);
        CHECK(empty < 100);
        response.partitions.emplace_back(core::PartitionId(0));
        const std::int64_t without = core::size_bytes(response);
        response.partitions[0].batches.push_back({core::Offset(0), core::LeaderEpoch(0), large});
        CHECK(core::size_bytes(response) - without == large->size_bytes());
        CHECK(!core::is_request(response));
        CHECK(core::api_name(response) == "Fetch");
    }
}
