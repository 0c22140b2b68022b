// The clients of a cluster: producers of the scenario, the reader of the audit.
#include "core/client/producer.h"
#include "core/client/reader.h"
#include "sim/cluster_state.h"

namespace sim {
namespace {

/// How long the audit's reader tries to read a partition.
constexpr core::Duration kReaderPatience = core::from_ms(10'000);

}  // namespace

std::unique_ptr<core::Node> Cluster::State::make_producer(std::size_t producer) {
    return std::make_unique<core::Producer>(scenario.producers[producer].node, seed,
                                            *scenario.kafka.profile, producer_configs[producer],
                                            topics, broker_ids, next_batch[producer]);
}

std::unique_ptr<core::Node> Cluster::State::make_reader() {
    core::ReaderOptions manner;
    manner.give_up = kReaderPatience;
    manner.keeps_batches = options.keep_logs;
    return std::make_unique<core::Reader>(hosts[reader]->id(), seed, topics,
                                          std::span<const core::NodeId>(&reading_from, 1), reading,
                                          manner);
}

void Cluster::State::before_end(HostIndex index, const core::Node& node) {
    if (!is_client(index) || index == reader) return;
    next_batch[index - first_client] = static_cast<const core::Producer&>(node).next_batch_number();
}

}  // namespace sim
