/// The core's whole surface: Node::step, Node::deadlines, and the Storage port.
///
/// A node is told what happened and what time it is, and answers with one list of effects in
/// program order. It calls nothing back, reads no clock and draws no shared randomness. A host
/// performs the effects in order after step returns.
///
/// Rules:
///   N1  `now` never falls from one step of a node to the next.
///   N2  A node acts on time only in a step with Woken, and only at or after its deadline.
///   N3  Everything a node knows came through step or was read from Storage.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/message_box.h"
#include "core/protocol/note.h"

namespace core {

/// Threads of a process that can be busy independently. A slow disk blocks the lane that uses it.
enum class Lane : std::uint8_t { requests, metadata, background, heartbeats };
inline constexpr int kLanes = 4;

/// Why a connection is gone.
enum class ConnectionLoss : std::uint8_t {
    refused,  ///< host up, nothing listens: one round trip after opening
    reset,    ///< the peer died, closed, or its host came back from a loss of power
};

// ---- inputs -------------------------------------------------------------------------------------

/// The process starts; its first step. Storage is open.
struct Started {};
/// Some deadline of this lane is due.
struct Woken {};
/// A connection that this node opened is established.
struct Connected {
    ConnectionId connection;
};
/// A connection is gone; nothing will come from it any more.
struct Lost {
    ConnectionId connection;
    NodeId peer;
    ConnectionLoss why;
};
/// A message came. `correlation` matches a response with its request.
struct Received {
    ConnectionId connection;
    NodeId peer;
    CorrelationId correlation;
    MessageBox message;
};

/// The workload: send this record now.
struct SendRecord {
    RecordNumber number;
    PartitionId partition;
    std::optional<BytesView> key;  ///< valid during the step
    BytesView value;               ///< valid during the step
    std::int64_t timestamp_ms;     ///< CreateTime
};
/// kafka-topics.sh --create for the whole table, at the active controller.
struct CreateTopics {
    struct Topic {
        TopicIndex topic;
        std::vector<ReplicaList> replicas;  ///< by partition index
        std::vector<std::pair<std::string, std::string>> config;
    };
    std::vector<Topic> topics;
};
/// kafka-leader-election.sh, at the active controller (ElectLeaders).
struct ElectLeaders {
    PartitionId partition;
    bool unclean;
};
/// kafka-configs.sh --alter, at the active controller (IncrementalAlterConfigs).
struct AlterConfig {
    std::vector<ConfigRecord> changes;
};
/// SIGTERM: controlled shutdown, then a clean stop (the node answers with `exit`).
struct ShutDown {};

/// Calls come from outside the network: the workload, a tool, the operating system.
using Call = std::variant<SendRecord, CreateTopics, ElectLeaders, AlterConfig, ShutDown>;

using Input = std::variant<Started, Woken, Connected, Lost, Received, Call>;

// ---- effects ------------------------------------------------------------------------------------

enum class ExitReason : std::uint8_t { clean_shutdown, registration_timeout, storage_failure };

struct OpenEffect {
    ConnectionId connection;
    NodeId peer;
};
struct SendEffect {
    ConnectionId connection;
    CorrelationId correlation;
    MessageBox message;
};
struct CloseEffect {
    ConnectionId connection;
};
struct ExitEffect {
    ExitReason reason;
};
struct NoteEffect {
    Note note;
    std::uint32_t replicas_from;
    std::uint32_t replicas_count;
};
using Effect = std::variant<OpenEffect, SendEffect, CloseEffect, ExitEffect, NoteEffect>;

/// What a step wants done, in program order. Reused between steps; clear() keeps its memory.
class Effects {
  public:
    /// `next_connection`: the host's supply of connection ids for this node; advanced by open.
    explicit Effects(std::uint64_t* next_connection) : next_connection_(next_connection) {}

    /// Starts to open a connection to a node; Connected or Lost will follow (or neither).
    ConnectionId open(NodeId peer) {
        const ConnectionId id((*next_connection_)++);
        list_.emplace_back(OpenEffect{id, peer});
        return id;
    }
    /// Puts a message on a connection (opened and established, or opened by the peer).
    void send(ConnectionId connection, CorrelationId correlation, MessageBox message) {
        list_.emplace_back(SendEffect{connection, correlation, std::move(message)});
    }
    /// Where the messages of the data path come from.
    MessagePool& messages() { return *messages_; }
    /// Closes a connection; the peer sees a reset behind what was already sent.
    void close(ConnectionId connection) { list_.emplace_back(CloseEffect{connection}); }
    /// The process ends by itself.
    void exit(ExitReason reason) { list_.emplace_back(ExitEffect{reason}); }
    void note(const Note& note, std::span<const NodeId> replicas = {}) {
        const auto from = static_cast<std::uint32_t>(replicas_.size());
        if (!replicas.empty()) replicas_.insert(replicas_.end(), replicas.begin(), replicas.end());
        list_.emplace_back(NoteEffect{note, from, static_cast<std::uint32_t>(replicas.size())});
    }

    std::vector<Effect>& list() { return list_; }
    std::span<const NodeId> replicas(const NoteEffect& effect) const {
        return std::span<const NodeId>(replicas_).subspan(effect.replicas_from,
                                                          effect.replicas_count);
    }
    void clear() {
        list_.clear();
        replicas_.clear();
    }

  private:
    std::uint64_t* next_connection_;
    boost::intrusive_ptr<MessagePool> messages_{new MessagePool};
    std::vector<Effect> list_;
    std::vector<NodeId> replicas_;
};

/// When each lane wants to be woken next; TimePoint::max(): never.
class LaneDeadlines {
  public:
    TimePoint& operator[](Lane lane) { return due_[static_cast<std::size_t>(lane)]; }
    TimePoint operator[](Lane lane) const { return due_[static_cast<std::size_t>(lane)]; }

  private:
    std::array<TimePoint, kLanes> due_ = {TimePoint::max(), TimePoint::max(), TimePoint::max(),
                                          TimePoint::max()};
};

/// A broker, a controller or a client: a resource with one owner, its host.
class Node {
  public:
    virtual ~Node() = default;
    /// Handles one input. `lane` is the lane that runs it (lane_of for messages; of the deadline
    /// for Woken; requests otherwise).
    virtual void step(TimePoint now, Lane lane, Input& input, Effects& effects) = 0;
    /// Asked after every step: a node keeps the answer ready.
    virtual const LaneDeadlines& deadlines() const = 0;
    /// When this lane wants to be woken next; nothing: never.
    std::optional<TimePoint> next_deadline(Lane lane) const {
        const TimePoint due = deadlines()[lane];
        if (due == TimePoint::max()) return std::nullopt;
        return due;
    }
    /// The lane on which this node handles such a message.
    virtual Lane lane_of(const Message& message) const = 0;
};

}  // namespace core
