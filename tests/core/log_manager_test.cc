#include "core/log/log_manager.h"

#include <doctest/doctest.h>

#include <string>

#include "core/base/text.h"
#include "core/log/checkpoint.h"
#include "tests/core/log_fixture.h"

namespace {

using core::LeaderEpoch;
using core::Offset;
using test::make_batch;

}  // namespace

TEST_SUITE("core.log") {
    TEST_CASE("a manager's clean stop is seen by the next start, once") {
        test::MemoryStorage storage;
        core::TopicTable topics;
        topics.add("orders", 7, 9, 2);
        const auto config_of = [](core::PartitionId) { return core::TopicConfig{}; };
        core::LogManager first(storage, topics);
        CHECK(!first.open());
        CHECK(!first.clean_shutdown());
        CHECK(first.load_logs(core::at_ns(0), config_of).empty());
        core::Log& log = first.create(core::PartitionId(1), {}, core::at_ns(0));
        CHECK(log.append_as_leader(core::at_ns(0), make_batch(4), LeaderEpoch(0)).ok());
        log.set_high_watermark(Offset(3));
        first.checkpoint_high_watermarks();
        first.shut_down(core::at_ns(0), core::format_clean_shutdown(core::BrokerEpoch(12)));
        CHECK(core::as_text(storage.content("recovery-point-offset-checkpoint")) ==
              "0\n1\norders 1 4\n");
        CHECK(core::as_text(storage.content("log-start-offset-checkpoint")) == "0\n0\n");

        core::LogManager second(storage, topics);
        CHECK(second.open() == core::BrokerEpoch(12));
        CHECK(second.clean_shutdown());
        CHECK(second.load_logs(core::at_ns(0), config_of).size() == 1);
        CHECK(second.find(core::PartitionId(0)) == nullptr);
        CHECK(second.find(core::PartitionId(1))->log_end_offset() == Offset(4));
        CHECK(second.checkpointed_high_watermark(core::PartitionId(1)) == Offset(3));

        core::LogManager third(storage, topics);
        CHECK(!third.open());
        CHECK(!third.clean_shutdown());
    }

    TEST_CASE("a shutdown before the logs are loaded calls nothing clean that was not") {
        test::MemoryStorage storage;
        core::TopicTable topics;
        topics.add("t", 7, 9, 1);
        const auto config_of = [](core::PartitionId) { return core::TopicConfig{}; };
        const auto marker = [&] { return storage.size(core::kCleanShutdown).has_value(); };
        core::LogManager early(storage, topics);
        early.open();
        early.shut_down(core::at_ns(0), core::format_clean_shutdown(core::BrokerEpoch(1)));
        CHECK(!marker());
        core::LogManager loaded(storage, topics);
        loaded.open();
        loaded.load_logs(core::at_ns(0), config_of);
        loaded.shut_down(core::at_ns(0), core::format_clean_shutdown(core::BrokerEpoch(2)));
        CHECK(marker());
        // It was clean, and nothing has touched it since.
        core::LogManager clean(storage, topics);
        clean.open();
        clean.shut_down(core::at_ns(0), core::format_clean_shutdown(core::BrokerEpoch(3)));
        CHECK(marker());
    }

    TEST_CASE("a truncation that removed data lowers the written recovery point at once") {
        test::MemoryStorage storage;
        core::TopicTable topics;
        topics.add("t", 7, 9, 1);
        core::LogManager manager(storage, topics);
        manager.open();
        core::Log& log = manager.create(core::PartitionId(0), {}, core::at_ns(0));
        CHECK(log.append_as_leader(core::at_ns(0), make_batch(4), LeaderEpoch(0)).ok());
        log.flush(core::at_ns(0), Offset(4));
        manager.checkpoint_recovery_points();
        const auto point = [&] {
            return std::string(core::as_text(storage.content("recovery-point-offset-checkpoint")));
        };
        CHECK(point() == "0\n1\nt 0 4\n");
        CHECK(!manager.truncate_to(core::PartitionId(0), Offset(4)));
        CHECK(point() == "0\n1\nt 0 4\n");
        CHECK(manager.truncate_to(core::PartitionId(0), Offset(0)));
        CHECK(point() == "0\n1\nt 0 0\n");
    }

    TEST_CASE("meta.properties names cluster, node and directory") {
        test::MemoryStorage storage;
        CHECK(!core::read_meta_properties(storage));
        const core::MetaProperties meta{"MkU3OEVBNTcwNTJENDM2Qg", core::NodeId(3),
                                        core::DirectoryId(0x123456789abcdef0)};
        core::write_meta_properties(storage, meta);
        const auto read = core::read_meta_properties(storage);
        REQUIRE(read);
        CHECK(read->cluster_id == meta.cluster_id);
        CHECK(read->node == meta.node);
        CHECK(read->directory == meta.directory);
    }
}
