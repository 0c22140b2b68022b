/// The core's whole surface: Node's steps (step, receive, send_record), its deadlines, and the
/// Storage port.
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
#include <utility>
#include <variant>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/base/reused_list.h"
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

/// A record that the workload sends.
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

/// Calls come from outside the network: a tool, the operating system.
using Call = std::variant<CreateTopics, ElectLeaders, AlterConfig, ShutDown>;

using Input = std::variant<Started, Woken, Connected, Lost, Received, Call>;

// ---- effects ------------------------------------------------------------------------------------

enum class ExitReason : std::uint8_t { clean_shutdown, registration_timeout, storage_failure };

/// Notes that a step left one behind the other; good until the next step.
class Notes {
  public:
    struct Said {
        struct Range {
            std::uint32_t from = 0;
            std::uint32_t count = 0;
        };
        Note note{};
        Range replicas;
    };

    Notes(const Said* begin, const Said* end, const NodeId* replicas)
        : begin_(begin), end_(end), replicas_(replicas) {}
    const Said* begin() const { return begin_; }
    const Said* end() const { return end_; }
    std::span<const NodeId> replicas_of(const Said& said) const {
        return {replicas_ + said.replicas.from, said.replicas.count};
    }

  private:
    const Said* begin_;
    const Said* end_;
    const NodeId* replicas_;  ///< of all notes of the step
};

/// What a step wants done, in program order. Reused between steps, with its memory.
class Effects {
  public:
    /// `next_connection`: the host's supply of connection ids for this node; advanced by open.
    /// Both outlive the effects.
    Effects(std::uint64_t* next_connection, MessagePool& messages)
        : next_connection_(next_connection), messages_(messages) {}

    /// Starts to open a connection to a node; Connected or Lost will follow (or neither).
    ConnectionId open(NodeId peer) {
        const ConnectionId id((*next_connection_)++);
        Command& command = add(Command::Kind::open);
        command.connection = id;
        command.peer = peer;
        return id;
    }
    /// Puts a message on a connection (opened and established, or opened by the peer).
    void send(ConnectionId connection, CorrelationId correlation, MessageBox&& message) {
        Command& command = add(Command::Kind::send);
        command.connection = connection;
        command.correlation = correlation;
        command.message = std::move(message);
    }
    /// Where the messages of the data path come from.
    MessagePool& messages() { return messages_; }
    /// Closes a connection; the peer sees a reset behind what was already sent.
    void close(ConnectionId connection) { add(Command::Kind::close).connection = connection; }
    /// The process ends by itself.
    void exit(ExitReason reason) { add(Command::Kind::exit).reason = reason; }
    void note(const Note& note, std::span<const NodeId> replicas = {}) {
        Notes::Said& said = notes_.add();
        said.note = note;
        said.replicas = {};
        if (!replicas.empty()) add_replicas(said, replicas);
    }

    /// Gives the effects, in program order, to on_open(connection, peer), on_send(connection,
    /// correlation, MessageBox&&), on_close(connection), on_exit(reason) and on_notes(Notes), which
    /// gets all that come in a row, of `performer`, none of which may add any; then there are none.
    /// A message that is not moved on is gone when another takes its place.
    template <class Performer>
    [[gnu::always_inline]] void perform(Performer&& performer) {
        std::uint32_t told = 0;
        const Notes::Said* next = notes_.begin();
        const auto tell = [&](std::uint32_t end) {
            if (told == end) return;
            const Notes::Said* const first = std::exchange(next, next + (end - told));
            performer.on_notes(Notes(first, next, replicas_.data()));
            told = end;
        };
        for (Command& command : commands_) {
            tell(command.notes_before);
            if (command.kind == Command::Kind::send)
                performer.on_send(command.connection, command.correlation,
                                  std::move(command.message));
            else
                perform_other(performer, command);
        }
        tell(static_cast<std::uint32_t>(notes_.size()));
        forget();
    }
    /// Forgets them all, and gives the ids of the connections back that they would have opened.
    void clear() {
        for (Command* command = commands_.end(); command != commands_.begin();) {
            --command;
            command->message = MessageBox();
            if (command->kind != Command::Kind::open) continue;
            --*next_connection_;
            ASSERT(command->connection == ConnectionId(*next_connection_));
        }
        forget();
    }

  private:
    /// Anything but a note: these are few, and notes are large.
    struct Command {
        enum class Kind : std::uint8_t { open, send, close, exit };
        Kind kind = Kind::open;
        ExitReason reason = ExitReason::clean_shutdown;
        std::uint32_t notes_before = 0;  ///< notes that come first
        CorrelationId correlation{0};
        NodeId peer{0};
        ConnectionId connection{0};
        MessageBox message;
    };

    Command& add(Command::Kind kind) {
        Command& command = commands_.add();
        command.kind = kind;
        command.notes_before = static_cast<std::uint32_t>(notes_.size());
        return command;
    }
    template <class Performer>
    [[gnu::noinline, gnu::cold]] static void perform_other(Performer& performer,
                                                           const Command& command) {
        switch (command.kind) {
            case Command::Kind::open:
                return performer.on_open(command.connection, command.peer);
            case Command::Kind::close:
                return performer.on_close(command.connection);
            case Command::Kind::exit:
                return performer.on_exit(command.reason);
            case Command::Kind::send:
                UNREACHABLE();
        }
    }
    [[gnu::noinline, gnu::cold]] void add_replicas(Notes::Said& said,
                                                   std::span<const NodeId> replicas) {
        said.replicas = {static_cast<std::uint32_t>(replicas_.size()),
                         static_cast<std::uint32_t>(replicas.size())};
        replicas_.insert(replicas_.end(), replicas.begin(), replicas.end());
    }
    void forget() {
        commands_.clear();
        notes_.clear();
        replicas_.clear();
    }

    std::uint64_t* next_connection_;
    MessagePool& messages_;
    ReusedList<Command> commands_;
    ReusedList<Notes::Said> notes_;
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

/// The lane on which any node handles such a message.
inline Lane lane_of(const Message& message) {
    if (std::holds_alternative<MetadataFetchResponse>(message)) return Lane::metadata;
    const bool heartbeat = std::holds_alternative<BrokerHeartbeatResponse>(message) ||
                           std::holds_alternative<BrokerRegistrationResponse>(message);
    return heartbeat ? Lane::heartbeats : Lane::requests;
}

/// A broker, a controller or a client: a resource with one owner, its host.
class Node {
  public:
    virtual ~Node() = default;
    /// Handles one input, a message as receive() does. `lane` is the lane that runs it: of the
    /// deadline for Woken, lane_of for messages, requests otherwise.
    virtual void step(TimePoint now, Lane lane, Input& input, Effects& effects) = 0;
    /// Handles a message, on its lane_of. Messages are nearly all that a node handles, so they need
    /// not become an Input first.
    virtual void receive(TimePoint now, Received& received, Effects& effects) = 0;
    /// The workload: send this record now. Of clients that produce.
    virtual void send_record(TimePoint, const SendRecord&, Effects&) { UNREACHABLE(); }
    /// Looked at after every step: a node keeps the answer ready, in the same place all its life.
    virtual const LaneDeadlines& deadlines() const = 0;
    /// When this lane wants to be woken next; nothing: never.
    std::optional<TimePoint> next_deadline(Lane lane) const {
        const TimePoint due = deadlines()[lane];
        if (due == TimePoint::max()) return std::nullopt;
        return due;
    }
};

}  // namespace core
