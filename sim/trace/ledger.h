/// The ledger: what became of every record, from send to fate, folded online from events.
///
/// One entry a batch, because a batch is the unit of append, of acknowledgement, of replication and
/// of truncation; records are named by (producer, number). The ledger knows which replica holds
/// which batch by append and truncate notes and by what power loss took, never by asking a node.
///
/// Rules:
///   L1  A record is in exactly one batch entry at a time (a split moves it).
///   L2  `copies` of an entry are exactly the replicas whose logs hold it at this moment.
///   L3  Gauges are counters kept up to date by every event, O(1) to read.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/protocol/messages.h"
#include "sim/trace/event.h"

namespace trace {

/// How the client was told.
enum class ClientOutcome : std::uint8_t { pending, acked, failed, unanswered };

/// How one copy of a batch ended.
enum class CopyEnd : std::uint8_t { truncation, power_loss, recovery, wipe };

/// A copy of a batch in one replica's log at one offset.
struct Copy {
    core::NodeId broker;
    core::Offset base_offset;
    core::LeaderEpoch leader_epoch;
    core::TimePoint appended_at;
    EventId appended_event;
    bool as_leader;
};
/// A copy that is gone.
struct LostCopy {
    Copy copy;
    CopyEnd how;
    core::TimePoint at;
    EventId event;
    std::optional<core::NodeId> leader;             ///< who was followed when it was cut
    std::optional<core::LeaderEpoch> leader_epoch;  ///< of that leader, as the broker knew it
};

/// One attempt to send a batch.
struct Attempt {
    core::TimePoint at;
    core::NodeId broker;
    EventId event;
    core::ErrorCode ended =
        core::ErrorCode::none;  ///< why it was retried, none while open or acked
};

/// The acknowledgement as the client saw it and as the leader sent it.
struct Acknowledgement {
    /// Callback at the client; TimePoint::max() while the answer has not reached it.
    core::TimePoint at = core::TimePoint::max();
    core::TimePoint answered_at;  ///< when the leader answered (equal to `at` if not known)
    EventId event;
    core::NodeId broker;
    std::optional<core::Offset> base_offset = std::nullopt;  ///< acks=0: none
    std::optional<core::LeaderEpoch> leader_epoch = std::nullopt;
    std::uint16_t isr_size = 0;  ///< the leader's committed ISR when it answered
    /// What the world knew at the answer (view): a zombie's acknowledgement differs.
    std::optional<core::NodeId> committed_leader = std::nullopt;
    core::LeaderEpoch committed_epoch{0};
    core::ReplicaList committed_isr = {};
    boost::container::small_vector<core::NodeId, 3> copies = {};  ///< who held it then
    std::optional<core::Offset> leader_high_watermark = std::nullopt;
    EventId answered_event{0};
};

/// One batch of one client.
struct BatchEntry {
    core::BatchTag tag;
    core::PartitionId partition;
    core::RecordNumber first_record;
    std::uint32_t record_count = 0;
    bool contiguous = true;                        ///< numbers are first, first+1, ...
    std::vector<core::RecordNumber> numbers = {};  ///< only where not contiguous
    core::TimePoint queued_at;                     ///< of its first record
    boost::container::small_vector<Attempt, 1> attempts = {};
    ClientOutcome outcome = ClientOutcome::pending;
    core::ErrorCode error = core::ErrorCode::none;
    core::TimePoint ended_at = core::TimePoint::max();
    std::optional<Acknowledgement> ack = std::nullopt;
    boost::container::small_vector<Copy, 3> copies = {};  ///< in the logs now
    std::vector<LostCopy> lost_copies = {};
    std::optional<core::TimePoint> below_hw_at =
        std::nullopt;  ///< first time a leader's HW passed it
    EventId below_hw_event{0};
    core::Offset below_hw_base{0};  ///< where it stood in that leader's log
    core::LeaderEpoch below_hw_epoch{0};
    /// The moment the last copy on any disk went; reset if one comes back.
    std::optional<core::TimePoint> gone_at = std::nullopt;

    core::RecordNumber number(std::uint32_t index) const {
        return contiguous ? first_record + static_cast<std::int64_t>(index) : numbers[index];
    }
};

/// A record as its producer made it.
struct RecordEntry {
    core::PartitionId partition{0};
    std::uint32_t batch = UINT32_MAX;  ///< index of its entry in the ledger, or none
    std::uint32_t index_in_batch = 0;
    core::TimePoint sent_at;                          ///< send()
    core::ErrorCode refused = core::ErrorCode::none;  ///< failed before it was in a batch
    core::TimePoint refused_at = core::TimePoint::max();
};

class ClusterView;

class Ledger final : public Observer {
  public:
    /// The kinds of notes that say something of a record; a third of all notes do not.
    static constexpr core::NoteKinds kFolded = {
        core::NoteKind::record_queued,    core::NoteKind::record_refused,
        core::NoteKind::produce_send,     core::NoteKind::produce_ack,
        core::NoteKind::produce_error,    core::NoteKind::produce_retry,
        core::NoteKind::log_append,       core::NoteKind::log_truncate,
        core::NoteKind::log_recovered,    core::NoteKind::hw_advance,
        core::NoteKind::become_leader,    core::NoteKind::become_follower,
        core::NoteKind::produce_answered,
    };

    /// `view` outlives the ledger and is folded before it. Clients are NodeIds from
    /// core::kFirstClientId on, `clients` of them. `acks_none[i]`: client i sends with acks=0.
    Ledger(const ClusterView& view, std::uint32_t partitions, std::vector<bool> acks_none);

    /// The workload hands a record to a producer's send().
    void on_send(const Moment& moment, core::NodeId client, core::RecordNumber number,
                 core::PartitionId partition);

    const std::deque<RecordEntry>& records(std::uint32_t client) const {
        return clients_[client].records;
    }
    std::uint32_t client_count() const { return static_cast<std::uint32_t>(clients_.size()); }
    const std::deque<BatchEntry>& batches() const { return batches_; }
    const BatchEntry* find(core::BatchTag tag) const;
    /// The batch entry that holds a record, or nothing.
    const BatchEntry* batch_of(std::uint32_t client, core::RecordNumber number) const;

    /// The batch that a replica's log holds at an offset, or nothing.
    const BatchEntry* held_at(core::PartitionId partition, core::NodeId broker,
                              core::Offset offset) const;

    /// Records acknowledged at the client, in the committed leader's log and in no other's.
    std::int64_t acked_only_on_leader(core::PartitionId partition) const;
    /// Log end of a replica as its notes say (0 if it never said).
    core::Offset log_end(core::PartitionId partition, core::NodeId broker) const;
    /// Highest high watermark any leader had.
    core::Offset highest_high_watermark(core::PartitionId partition) const;

    void on_note(const Moment& moment, core::NodeId who, const core::Note& note,
                 std::span<const core::NodeId> replicas) override;
    void on_world(const Moment& moment, const WorldEvent& event) override;

  private:
    struct Client {
        std::deque<RecordEntry> records;
        std::vector<std::uint32_t> batch_index;  ///< by batch number; kNoEntry where unused
        bool acks_none = false;
    };
    /// What one replica's log holds: entries by base offset, ascending.
    struct Held {
        core::Offset base;
        std::uint32_t entry;
    };
    struct ReplicaLog {
        core::NodeId broker;
        core::Offset end{0};
        std::deque<Held> held;
        std::optional<core::NodeId> following;
        std::optional<core::LeaderEpoch> epoch;
        std::int64_t acked_alone = 0;  ///< records acked whose only copy is here (gauge)
    };
    struct PartitionState {
        std::vector<ReplicaLog> logs;
        core::Offset highest_hw{0};
        core::Offset leader_hw{0};
        std::deque<std::uint32_t> above_hw;  ///< entries appended by a leader, not yet below its HW
    };

    Client& client_of(core::NodeId node);
    std::optional<std::uint32_t> index_of(core::BatchTag tag) const;
    ReplicaLog& log_of(core::PartitionId partition, core::NodeId broker);
    /// Adds `sign` times the entry to the gauge, if it is acknowledged and has one copy.
    void count_alone(const BatchEntry& entry, std::int64_t sign);
    void on_queued(const Moment& moment, core::NodeId who, const core::Note& note);
    void on_client_batch(const Moment& moment, core::NodeId who, const core::Note& note);
    void on_answered(const Moment& moment, core::NodeId who, const core::Note& note);
    void on_append(const Moment& moment, core::NodeId who, const core::Note& note);
    void on_high_watermark(const Moment& moment, core::NodeId who, core::PartitionId partition,
                           core::Offset high_watermark);
    /// The batches of [first, end) are gone from a replica's log; without `end`: all from there on.
    void on_cut(const Moment& moment, core::NodeId who, core::PartitionId partition,
                core::Offset first, core::Offset end, CopyEnd how);
    void on_cut(const Moment& moment, core::NodeId who, core::PartitionId partition,
                core::Offset new_end, CopyEnd how);

    const ClusterView& view_;
    std::vector<Client> clients_;
    std::deque<BatchEntry> batches_;
    std::vector<PartitionState> partitions_;
};

}  // namespace trace
