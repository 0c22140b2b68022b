// `messages` of holdMessages and dropMessages: which messages are meant.

#include <algorithm>
#include <array>

#include "scenarios/build.h"

namespace scenario {
namespace {

constexpr std::array<Word<Direction>, 3> kDirections = {{
    {"both", Direction::both},
    {"request", Direction::request},
    {"response", Direction::response},
}};

/// APIs of Kafka that no node of this version uses.
constexpr std::array<std::string_view, 24> kOtherApis = {"OffsetCommit",
                                                         "OffsetFetch",
                                                         "OffsetForLeaderEpoch",
                                                         "FindCoordinator",
                                                         "JoinGroup",
                                                         "SyncGroup",
                                                         "Heartbeat",
                                                         "LeaveGroup",
                                                         "ConsumerGroupHeartbeat",
                                                         "AddPartitionsToTxn",
                                                         "AddOffsetsToTxn",
                                                         "TxnOffsetCommit",
                                                         "EndTxn",
                                                         "WriteTxnMarkers",
                                                         "Vote",
                                                         "BeginQuorumEpoch",
                                                         "EndQuorumEpoch",
                                                         "FetchSnapshot",
                                                         "LeaderAndIsr",
                                                         "StopReplica",
                                                         "UpdateMetadata",
                                                         "ControlledShutdown",
                                                         "CreateTopics",
                                                         "ApiVersions"};

std::optional<Api> read_api(Build& build, const At& at) {
    const auto word = build.reading.text(at);
    if (!word) return std::nullopt;
    std::vector<std::string> modelled;
    for (int i = 0; i < kApis; ++i) {
        const auto api = static_cast<Api>(i);
        if (name(api) == *word) return api;
        modelled.emplace_back(name(api));
    }
    const std::string list = core::join(modelled, ", ");
    if (std::find(kOtherApis.begin(), kOtherApis.end(), *word) != kOtherApis.end()) {
        build.reading.not_modelled(
            at, "AL517", core::concat("no node here sends a ", *word, " yet"), {list, {}});
        return std::nullopt;
    }
    std::vector<std::string> all = modelled;
    all.insert(all.end(), kOtherApis.begin(), kOtherApis.end());
    build.reading.error(at, "AL224", core::concat("unknown API \"", shown(*word), "\""),
                        {list, build.reading.guess(*word, all)});
    return std::nullopt;
}

bool names_partitions(Api api) {
    return api == Api::produce || api == Api::fetch || api == Api::list_offsets ||
           api == Api::alter_partition || api == Api::assign_replicas_to_dirs;
}

}  // namespace

std::optional<MessageChoice> read_messages(Build& build, const Fields& step) {
    Reading& reading = build.reading;
    const auto at = step.need("messages");
    if (!at) return std::nullopt;
    const Fields fields(reading, *at, {"api", "from", "to", "direction", "partition", "count"},
                        "messages");
    if (!fields.ok()) return std::nullopt;
    MessageChoice messages;
    bool whole = true;
    const auto take = [&](std::string_view key, auto read, auto& out) {
        const auto field = fields.get(key);
        if (!field) return;
        auto value = read(*field);
        whole = whole && value.has_value();
        if (value) out = std::move(*value);
    };
    const auto target = [&](const At& who) { return read_target(build, who); };
    take(
        "api", [&](const At& word) { return read_api(build, word); }, messages.api);
    take("from", target, messages.from);
    take("to", target, messages.to);
    take(
        "direction",
        [&](const At& word) {
            return reading.word<Direction>(word, kDirections, "AL224", "direction");
        },
        messages.direction);
    take(
        "partition", [&](const At& name) { return read_partition_name(build, name); },
        messages.partition);
    take(
        "count", [&](const At& number) { return reading.integer(number, 1, INT64_MAX); },
        messages.count);
    if (fields.present({"api", "from", "to"}).empty() && !fields.misspelt({"api", "from", "to"})) {
        reading.error(*at, "AL202", "which messages: an \"api\", or who asks whom",
                      {"api, from or to", {}});
        return std::nullopt;
    }
    if (messages.partition && messages.api && !names_partitions(*messages.api)) {
        reading.error(fields.key_span("partition"), at->path + "/partition", "AL225",
                      core::concat("a ", name(*messages.api), " is about no partition"),
                      {"Produce, Fetch, ListOffsets, AlterPartition, AssignReplicasToDirs", {}});
        return std::nullopt;
    }
    if (!whole) return std::nullopt;
    return messages;
}

}  // namespace scenario
