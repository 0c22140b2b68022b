/// Stack: a controller and some brokers on one table, with a network of fixed latency (1 ms one
/// way), free disks and commands instead of a scenario. What transcripts and broker tests drive.
///
/// Much less than sim: no lanes that are busy, no page cache, no bandwidth. Connections are ordered
/// streams; a cut holds what is sent until it is mended.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/broker/broker.h"
#include "core/controller/controller.h"
#include "core/profile/profile.h"
#include "core/record/batch_builder.h"
#include "tests/core/memory_storage.h"

namespace test {

inline constexpr int kControllerId = 100;
inline constexpr int kClientId = core::kFirstClientId;

class Stack {
  public:
    /// `brokers`: 1..n. One topic "t" with one partition whose replicas are all of them, in order.
    /// `kafka`: a new cluster of this version; `elr`: with this level of its feature.
    Stack(int brokers, const core::ConfigMap& broker_config, const core::ConfigMap& topic_config,
          const std::string& kafka = "3.9", std::optional<std::int16_t> elr = std::nullopt);

    /// Starts everything, creates the topic, and lets it come to rest.
    void boot();

    void run_for(core::Duration time);
    core::TimePoint now() const { return now_; }
    int brokers() const { return brokers_; }

    void kill(int node);
    void start(int node);
    void shut_down(int node);
    void pause(int node);
    void resume(int node);
    /// Cuts both directions between two nodes, or mends them.
    void cut(int a, int b);
    void mend(int a, int b);
    /// Messages of this API from a node are held until released.
    void hold(int from, const std::string& api);
    void release(int from, const std::string& api);
    void elect(bool unclean);
    /// Puts a produce request on the client's connection to a broker.
    void produce(int broker, core::Acks acks, int records, core::Duration timeout,
                 std::optional<core::ProducerFields> producer = std::nullopt);

    const core::Broker* broker(int id) const;
    const core::Controller& controller() const { return *controller_; }
    const MemoryStorage& disk(int node) const { return *machines_.at(node).storage; }
    /// "0..4@0 | 5@1": entries of a replica's log, the high watermark as a bar.
    std::string log_text(int broker) const;
    std::string role_text(int broker) const;
    /// What happened since the last call, one line each.
    std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }

  private:
    struct Delivery {
        core::ConnectionId connection;
        int from;
        int to;
        enum class Kind : std::uint8_t { connected, lost, message } kind;
        core::CorrelationId correlation{0};
        std::optional<core::Message> message;
        core::ConnectionLoss why = core::ConnectionLoss::reset;
    };
    struct Connection {
        int opener;
        int peer;
        bool established = false;
        bool open = true;
    };
    struct Machine {
        std::unique_ptr<core::Node> node;
        std::unique_ptr<MemoryStorage> storage;
        std::uint64_t next_connection = 0;
        bool paused = false;
        std::deque<Delivery> inbox;  ///< while paused
    };

    void step(int id, core::Lane lane, core::Input input);
    void deliver(Delivery&& delivery);
    void hand_over(int id, Delivery&& delivery);
    void send(Delivery&& delivery);
    void schedule(core::TimePoint when, Delivery&& delivery);
    void close(core::ConnectionId id, int by);
    void drop_connections_of(int id);
    void tell(int id, const core::Note& note, std::span<const core::NodeId> replicas);
    void tell_response(int broker, const core::ProduceResponse& response);
    bool cut_off(int a, int b) const { return cuts_.contains({a, b}); }
    void flush_held();
    std::optional<std::pair<core::TimePoint, std::pair<int, core::Lane>>> next_wake() const;

    const core::Profile& profile_;
    std::optional<std::int16_t> elr_;
    core::BrokerConfig config_;
    core::TopicTable topics_;
    core::ConfigMap topic_config_;
    int brokers_;
    core::MessagePool messages_;
    std::map<int, Machine> machines_;
    core::Controller* controller_ = nullptr;
    core::TimePoint now_{core::Duration(0)};
    std::uint64_t sequence_ = 0;
    std::map<std::pair<core::TimePoint, std::uint64_t>, Delivery> queue_;
    std::map<core::ConnectionId, Connection> connections_;
    std::set<std::pair<int, int>> cuts_;
    std::set<std::pair<int, std::string>> holds_;
    std::vector<Delivery> held_;
    std::map<int, std::uint32_t> client_correlations_;
    std::int64_t next_record_ = 0;
    std::uint32_t next_batch_ = 0;
    std::vector<std::string> lines_;
};

}  // namespace test
