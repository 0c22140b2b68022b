// The audit reads the replicas of a partition side by side: each must come out as if it had been
// read alone, whatever the others hold.
#include "sim/audit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/record/batch_builder.h"
#include "scenarios/read.h"

namespace {

using namespace core;

constexpr int kBrokers = 6;

scenario::Scenario make_scenario() {
    const auto read = scenario::read_scenario(
        "audit.json",
        R"({"scenario": 1, "id": "audit", "title": "audit", "kafka": {"version": "3.9"},
            "run": {"end": "10s"}, "cluster": {"brokers": [{"id": 1}]},
            "topics": [{"name": "orders", "partitions": 1}],
            "producers": [{"id": "p1", "topic": "orders",
                           "workload": {"records": 1, "rate": "1/s"}}]})");
    REQUIRE(read.scenario.has_value());
    return *read.scenario;
}

Batch batch_of(std::int64_t record, std::int64_t offset, std::int32_t epoch) {
    BatchBuilder builder(16'384);
    const std::string value = concat("p1#", record);
    builder.append(std::nullopt, as_bytes(value), 0);
    return Batch{Offset(offset), LeaderEpoch(epoch), builder.close(std::nullopt, std::nullopt)};
}

/// Disks that hold some of ten shared batches, and other things behind them.
struct Disks {
    Disks() {
        topics.add("orders", 1, 2, 1);
        for (std::int64_t i = 0; i < 10; ++i) shared.push_back(batch_of(i, i, 0));
        for (int broker = 1; broker <= kBrokers; ++broker)
            disks.push_back(std::make_unique<sim::SimDisk>(NodeId(broker), 3, scenario::DiskModel{},
                                                           topics, sim::DiskSabotage{}));
        // All ten.
        append(0, 0, shared);
        // The same in two segments.
        append(1, 0, std::span(shared).first(4));
        append(1, 4, std::span(shared).subspan(4));
        // Fewer.
        append(2, 0, std::span(shared).first(7));
        // Another leader's records from offset 5 on; the record at 7 is one of the ten.
        append(3, 0, std::span(shared).first(5));
        append(3, 0, std::array{batch_of(100, 5, 1), batch_of(101, 6, 1), batch_of(7, 7, 1)});
        // The last batch is torn.
        append(4, 0, shared);
        const FileId torn = disks[4]->open(path(0));
        disks[4]->truncate(torn, disks[4]->chunks(torn).size_bytes() - 5);
        // Nothing.
        disks[5]->begin_step(at_ns(0));
        disks[5]->open(path(0));
    }
    static std::string path(int base) {
        return concat("orders-0/0000000000000000000", base, ".log");
    }
    void append(std::size_t disk, int segment, std::span<const Batch> batches) {
        disks[disk]->begin_step(at_ns(0));
        const FileId file = disks[disk]->open(path(segment));
        for (const Batch& batch : batches) disks[disk]->append(file, batch);
    }
    /// The outcomes of these replicas, in this order.
    std::vector<trace::ReplicaOutcome> audit(const std::vector<NodeId>& replicas, bool keep_logs) {
        const trace::ClusterView view({trace::PartitionView{
            .replicas = ReplicaList(replicas.begin(), replicas.end()), .isr = {}, .leader = {}}});
        std::vector<sim::AuditedBroker> brokers;
        for (int broker = 1; broker <= kBrokers; ++broker)
            brokers.push_back(sim::AuditedBroker{
                NodeId(broker), disks[static_cast<std::size_t>(broker - 1)].get(), nullptr, false});
        return sim::audit(scenario, topics, view, brokers, keep_logs).front().replicas;
    }

    scenario::Scenario scenario = make_scenario();
    TopicTable topics;
    std::vector<Batch> shared;
    std::vector<std::unique_ptr<sim::SimDisk>> disks;
};

bool same_records(const trace::ReplicaOutcome& a, const trace::ReplicaOutcome& b) {
    return std::equal(a.log.begin(), a.log.end(), b.log.begin(), b.log.end(),
                      [](const trace::LogRecord& one, const trace::LogRecord& other) {
                          return one.offset == other.offset &&
                                 one.leader_epoch == other.leader_epoch &&
                                 one.client == other.client && one.number == other.number;
                      });
}

TEST_SUITE("sim.audit") {
    TEST_CASE("a replica read beside others comes out as if it were read alone") {
        Disks lab;
        std::vector<trace::ReplicaOutcome> alone;
        std::vector<NodeId> order;
        for (int broker = 1; broker <= kBrokers; ++broker) {
            order.push_back(NodeId(broker));
            alone.push_back(lab.audit({NodeId(broker)}, true).front());
        }
        CHECK(alone[0].log.size() == 10);
        CHECK(alone[2].log.size() == 7);
        CHECK(alone[3].log.size() == 8);
        CHECK(alone[3].log[6].number == RecordNumber(101));
        CHECK(alone[4].log.size() == 9);
        CHECK(alone[5].log.empty());
        do {
            for (const bool keep_logs : {true, false}) {
                const auto together = lab.audit(order, keep_logs);
                for (std::size_t i = 0; i < order.size(); ++i) {
                    const auto& expected = alone[static_cast<std::size_t>(order[i].value() - 1)];
                    REQUIRE(together[i].broker == order[i]);
                    REQUIRE(together[i].digest == expected.digest);
                    REQUIRE(together[i].log_start == expected.log_start);
                    if (keep_logs)
                        REQUIRE(same_records(together[i], expected));
                    else
                        REQUIRE(together[i].log.empty());
                }
            }
        } while (std::next_permutation(order.begin(), order.end()));
    }

    TEST_CASE("two replicas have one digest if and only if they hold the same records") {
        Disks lab;
        const auto outcomes =
            lab.audit({NodeId(1), NodeId(2), NodeId(3), NodeId(4), NodeId(5)}, false);
        CHECK(outcomes[0].digest == outcomes[1].digest);
        for (std::size_t i = 2; i < outcomes.size(); ++i)
            CHECK(outcomes[0].digest != outcomes[i].digest);
    }
}

}  // namespace
