/// A controller with its metadata log on a storage in memory, driven by hand: time moves on demand,
/// answers and notes are collected. Not a simulator: nothing is delayed but by the controller.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/controller/controller.h"
#include "core/log/storage.h"
#include "core/profile/profile.h"
#include "tests/core/effect_list.h"

namespace test::control {

using namespace core;

/// As much of a Storage as the metadata log uses. What is not synced is lost by lose_power().
class MetadataStorage final : public Storage {
  public:
    std::vector<std::string> list(std::string_view /*directory*/) const override { return {}; }
    void make_directory(std::string_view /*directory*/) override {}
    std::optional<std::uint64_t> size(std::string_view path) const override {
        if (path != path_) return std::nullopt;
        return chunks_.size_bytes();
    }
    Bytes read(std::string_view /*path*/, std::uint64_t /*position*/,
               std::uint64_t /*length*/) const override {
        UNREACHABLE();
    }
    void write_file(std::string_view /*path*/, BytesView /*content*/) override { UNREACHABLE(); }
    void rename(std::string_view /*from*/, std::string_view /*to*/) override { UNREACHABLE(); }
    void remove(std::string_view /*path*/) override { UNREACHABLE(); }
    void sync(std::string_view /*path*/) override { UNREACHABLE(); }
    void sync_directory(std::string_view /*directory*/) override {}

    FileId open(std::string_view path) override {
        path_ = path;
        return FileId(0);
    }
    void append(FileId /*file*/, const Batch& batch) override { chunks_.append(batch); }
    const ChunkList& chunks(FileId /*file*/) const override { return chunks_; }
    void adopt(FileId /*file*/, std::uint64_t /*position*/,
               std::span<const Batch> /*batches*/) override {
        UNREACHABLE();
    }
    void truncate(FileId /*file*/, std::uint64_t size_bytes) override {
        chunks_.truncate(size_bytes);
        durable_ = std::min(durable_, size_bytes);
    }
    void sync(FileId /*file*/) override { durable_ = chunks_.size_bytes(); }

    void lose_power() { chunks_.truncate(durable_); }
    ChunkList& content() { return chunks_; }
    std::uint64_t durable_bytes() const { return durable_; }

  private:
    std::string path_;
    ChunkList chunks_;
    std::uint64_t durable_ = 0;
};

using Settings = std::vector<std::pair<std::string, std::string>>;

/// A note with the replicas that travelled beside it.
struct SeenNote {
    TimePoint at;
    Note note;
    std::vector<int> replicas;
};

/// An answer, by the connection that asked.
struct SeenAnswer {
    TimePoint at;
    ConnectionId connection;
    Message message;
};

class ControllerHarness {
  public:
    explicit ControllerHarness(const std::vector<std::uint32_t>& partitions_of_topics = {1},
                               const BrokerConfig& broker_config = {}, Profile rules = {})
        : config(broker_config), profile(rules) {
        std::uint64_t topic = 0;
        for (std::uint32_t count : partitions_of_topics) {
            ++topic;
            topics.add("t" + std::to_string(topic), topic, topic, count);
        }
    }

    // The controller refers to the members.
    ControllerHarness(const ControllerHarness&) = delete;
    ControllerHarness& operator=(const ControllerHarness&) = delete;

    /// A new process on the same storage, which has opened its epoch.
    void start() {
        controller = std::make_unique<Controller>(NodeId(100), profile, config, topics, storage);
        step(Started{});
        run_to(now);
    }
    /// Runs all deadlines up to `until`, then stands there.
    void run_to(TimePoint until) {
        // What is due, the writing of what it decided, the commit of what was written.
        constexpr int kAtOneMoment = 3;
        int steps = 0;
        while (auto due = controller->next_deadline(Lane::requests)) {
            if (*due > until) break;
            ASSERT(*due >= now);
            if (*due > now) steps = 0;
            ASSERT(++steps <= kAtOneMoment);
            now = *due;
            step(Woken{});
        }
        now = until;
    }
    void run_for(Duration duration) { run_to(now + duration); }

    /// Sends a request on the connection of its own that broker `from` has.
    void send(int from, Message message) {
        step(Received{ConnectionId(static_cast<std::uint64_t>(from)), NodeId(from),
                      CorrelationId(correlation_++), std::move(message)});
    }
    void call(Call what) { step(std::move(what)); }
    void lose(int broker) {
        step(Lost{ConnectionId(static_cast<std::uint64_t>(broker)), NodeId(broker),
                  ConnectionLoss::reset});
    }

    /// Takes the one answer of this type to this broker; nothing if there is none yet.
    template <class Response>
    std::optional<Response> take(int broker) {
        for (auto at = answers.begin(); at != answers.end(); ++at) {
            if (at->connection.value() != static_cast<std::uint64_t>(broker)) continue;
            if (auto* response = std::get_if<Response>(&at->message)) {
                Response taken = std::move(*response);
                answers.erase(at);
                return taken;
            }
        }
        return std::nullopt;
    }
    /// Sends, waits out the linger, and takes the answer.
    template <class Response, class Request>
    Response ask(int broker, Request request) {
        send(broker, std::move(request));
        auto response = take<Response>(broker);
        if (!response) run_for(config.quorum_append_linger);
        if (!response) response = take<Response>(broker);
        ASSERT(response.has_value());
        return *response;
    }

    // ---- what brokers do ------------------------------------------------------------------------

    BrokerRegistrationResponse register_broker(int broker, std::uint64_t incarnation,
                                               std::uint64_t directory = 0) {
        BrokerRegistrationRequest request{NodeId(broker), IncarnationId(incarnation), {}, {}};
        const auto own = std::uint64_t{1000} + static_cast<std::uint64_t>(broker);
        request.directories.emplace_back(directory != 0 ? directory : own);
        return ask<BrokerRegistrationResponse>(broker, request);
    }
    BrokerEpoch epoch_of(int broker) const {
        return controller->image().find_broker(NodeId(broker))->epoch;
    }
    MetadataOffset end() const { return controller->image().highest_offset()->next(); }
    BrokerHeartbeatRequest beat(int broker) const {
        return {NodeId(broker),
                epoch_of(broker),
                *controller->image().highest_offset(),
                false,
                false,
                {}};
    }
    BrokerHeartbeatResponse heartbeat(int broker) {
        return ask<BrokerHeartbeatResponse>(broker, beat(broker));
    }
    /// Registers and unfences.
    void join(int broker, std::uint64_t incarnation = 1) {
        const auto registered = register_broker(broker, incarnation);
        ASSERT(registered.error == ErrorCode::none);
        ASSERT(!heartbeat(broker).is_fenced);
    }
    /// Heartbeats every two seconds of these brokers, for as long.
    void live(std::initializer_list<int> brokers, Duration duration) {
        const TimePoint until = now + duration;
        while (now < until) {
            for (int broker : brokers) send(broker, beat(broker));
            run_to(std::min(until, now + from_ms(2'000)));
        }
        answers.clear();
    }
    void create(const std::vector<std::vector<int>>& replicas, Settings settings = {}) {
        CreateTopics::Topic topic{TopicIndex(0), {}, std::move(settings)};
        for (const auto& list : replicas) {
            topic.replicas.emplace_back();
            for (int replica : list) topic.replicas.back().emplace_back(replica);
        }
        call(CreateTopics{{topic}});
        run_for(config.quorum_append_linger);
    }
    AlterPartitionItem item(const std::vector<int>& isr, std::uint32_t partition = 0) const {
        const PartitionRegistration& p = at(partition);
        AlterPartitionItem wanted{PartitionId(partition),
                                  p.leader_epoch,
                                  {},
                                  RecoveryState::recovered,
                                  p.partition_epoch};
        for (int member : isr) wanted.new_isr.push_back({NodeId(member), epoch_of(member)});
        return wanted;
    }
    AlterPartitionRequest alter(int broker, AlterPartitionItem wanted) const {
        return {NodeId(broker), epoch_of(broker), {std::move(wanted)}};
    }

    // ---- looking --------------------------------------------------------------------------------

    const PartitionRegistration& at(std::uint32_t partition) const {
        return *controller->image().find_partition(PartitionId(partition));
    }
    std::vector<int> isr(std::uint32_t partition = 0) const {
        std::vector<int> list;
        for (NodeId member : at(partition).isr) list.push_back(member.value());
        return list;
    }
    /// 0 is nobody.
    int leader(std::uint32_t partition = 0) const {
        const auto leader = at(partition).leader;
        return leader ? leader->value() : 0;
    }
    bool fenced(int broker) const { return !controller->image().is_unfenced(NodeId(broker)); }
    std::vector<SeenNote> notes_of(NoteKind kind) const {
        std::vector<SeenNote> found;
        for (const SeenNote& seen : notes)
            if (seen.note.kind == kind) found.push_back(seen);
        return found;
    }
    void step(Input input) {
        Effects effects(&next_connection_, messages_);
        controller->step(now, Lane::requests, input, effects);
        std::vector<Effect> list = take_list(effects);
        for (Effect& effect : list) {
            if (auto* sent = std::get_if<SendEffect>(&effect))
                answers.push_back({now, sent->connection, std::move(*sent->message)});
            if (const auto* note = std::get_if<NoteEffect>(&effect)) {
                notes.push_back({now, note->note, {}});
                for (NodeId replica : note->replicas)
                    notes.back().replicas.push_back(replica.value());
            }
            if (std::get_if<ExitEffect>(&effect) != nullptr) exited = true;
        }
    }

    BrokerConfig config;
    Profile profile;
    TopicTable topics;
    MetadataStorage storage;
    std::unique_ptr<Controller> controller;
    TimePoint now = at_ns(0);
    std::vector<SeenAnswer> answers;
    std::vector<SeenNote> notes;
    bool exited = false;

  private:
    MessagePool messages_;
    std::uint64_t next_connection_ = 1;
    std::uint32_t correlation_ = 0;
};

/// Brokers 1..3 up, one partition with the replicas 1,2,3; the notes of all that are forgotten.
class ThreeBrokers : public ControllerHarness {
  public:
    explicit ThreeBrokers(Settings settings = {}, const BrokerConfig& broker_config = {},
                          Profile rules = {})
        : ControllerHarness({1}, broker_config, rules) {
        start();
        for (int broker : {1, 2, 3}) join(broker);
        create({{1, 2, 3}}, std::move(settings));
        notes.clear();
    }
};

}  // namespace test::control
