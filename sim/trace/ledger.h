/// The ledger: what became of every record, from send to fate, folded online from events.
///
/// One entry a batch, because a batch is the unit of append, of acknowledgement, of replication and
/// of truncation; records are named by (producer, number). The ledger knows which replica holds
/// which batch by append and truncate notes and by what power loss took, never by asking a node.
///
/// Rules:
///   L1  A record is in exactly one batch entry at a time (a split moves it).
///   L2  `copies` of an entry are exactly the replicas whose logs hold it at this moment. A step's
///       notes are folded when it begins: what its disk takes time for counts from then on.
///   L3  Gauges are counters kept up to date by every event, O(1) to read.
///   L4  Every leader has its own high watermark and its own list of what waits for it, taken from
///       its log when it begins to lead: a zombie's watermark says nothing of its successor's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "core/base/blocks.h"
#include "core/base/error_code.h"
#include "sim/trace/batch_entry.h"
#include "sim/trace/event.h"

namespace trace {

/// A record as its producer made it.
struct RecordEntry {
    core::PartitionId partition;
    std::uint32_t batch;      ///< index of its entry in the ledger, or none (UINT32_MAX)
    core::TimePoint sent_at;  ///< send()
};

/// Why a record failed before it was in a batch.
struct Refusal {
    core::ErrorCode error;
    core::TimePoint at;
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

    const core::Blocks<RecordEntry>& records(std::uint32_t client) const {
        return clients_[client].records;
    }
    /// Null for a record that entered a batch, or has not failed.
    const Refusal* refusal(std::uint32_t client, core::RecordNumber number) const;
    std::uint32_t client_count() const { return static_cast<std::uint32_t>(clients_.size()); }
    const core::Blocks<BatchEntry>& batches() const { return batches_; }
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
    /// Behind the last batch that a replica's log holds; 0 if it holds none.
    core::Offset held_end(core::PartitionId partition, core::NodeId broker) const;
    /// Highest high watermark any leader had.
    core::Offset highest_high_watermark(core::PartitionId partition) const;

    void fold(const Moment& moment, core::NodeId who, const core::Note& note);
    void on_note(const Moment& moment, core::NodeId who, const core::Note& note,
                 std::span<const core::NodeId> /*replicas*/) override {
        fold(moment, who, note);
    }
    void on_world(const Moment& moment, const WorldEvent& event) override;

  private:
    static constexpr std::uint32_t kNoEntry = UINT32_MAX;

    struct Client {
        core::Blocks<RecordEntry> records;
        core::Blocks<std::uint32_t> batch_index;  ///< by batch number; kNoEntry where unused
        std::map<core::RecordNumber, Refusal> refusals = {};
        bool acks_none = false;
    };
    /// A batch in a replica's log. The low bits of its base offset tell two copies apart that one
    /// log has of one batch (a retry without idempotence); the entry knows the rest.
    struct Held {
        std::uint32_t entry;
        std::uint32_t low_bits;
    };
    /// Entries of a leader's log, in order, that its high watermark has not passed.
    class AboveHighWatermark {
      public:
        bool empty() const { return first_ == list_.size(); }
        std::uint32_t front() const { return list_[first_]; }
        void push(std::uint32_t entry) { list_.push_back(entry); }
        void pop();
        void clear() {
            list_.clear();
            first_ = 0;
        }

      private:
        std::vector<std::uint32_t> list_;
        std::size_t first_ = 0;
    };
    struct ReplicaLog {
        core::NodeId broker;
        core::Offset end{0};
        core::Offset high_watermark{0};  ///< the last it had as leader
        core::Blocks<Held> held = {};    ///< by base offset, ascending
        AboveHighWatermark above_high_watermark = {};
        std::optional<core::NodeId> following = std::nullopt;
        std::optional<core::LeaderEpoch> epoch = std::nullopt;
        std::int64_t acked_alone = 0;  ///< records acked whose only copy is here (gauge)
    };
    struct PartitionState {
        std::vector<ReplicaLog> logs = {};
        core::Offset highest_hw{0};
        /// What the view had at the last answer, and after how many changes.
        const CommittedLeadership* committed = nullptr;
        std::uint32_t changes = 0;
    };

    Client& client_of(core::NodeId node);
    std::uint32_t index_of(core::Maybe<core::BatchTag> tag) const;
    /// The entry of a tag, found at once if the last note was of the same; null if there is none.
    BatchEntry* entry_of(core::Maybe<core::BatchTag> tag) {
        if (tag != recent_.tag) look_up(tag);
        return recent_.entry;
    }
    [[gnu::noinline]] void look_up(core::Maybe<core::BatchTag> tag);
    PartitionState& state_of(core::PartitionId partition);
    static ReplicaLog& log_of(PartitionState& state, core::NodeId broker);
    [[gnu::noinline, gnu::cold]] static ReplicaLog& add_log(PartitionState& state,
                                                            core::NodeId broker);
    core::Offset base_of(const ReplicaLog& log, const Held& held) const {
        return batches_[held.entry].base_in(log.broker, held.low_bits);
    }
    core::Offset end_of(const ReplicaLog& log, const Held& held) const {
        return base_of(log, held) + static_cast<std::int64_t>(batches_[held.entry].record_count);
    }
    const CommittedLeadership& committed_of(core::PartitionId partition);
    /// Adds `sign` times the entry to the gauge, if it is acknowledged and has one copy.
    void count_alone(const BatchEntry& entry, std::int64_t sign);
    void on_queued(core::NodeId who, const core::Note& note);
    void on_client_batch(const Moment& moment, core::NodeId who, const core::Note& note);
    void on_answered(const Moment& moment, core::NodeId who, const core::Note& note);
    void on_append(const Moment& moment, core::NodeId who, const core::Note& note);
    void on_leader(ReplicaLog& log, const core::Note& note) const;
    void on_rare_note(const Moment& moment, core::NodeId who, const core::Note& note);
    void on_high_watermark(const Moment& moment, core::NodeId who, core::PartitionId partition,
                           core::Offset high_watermark);
    /// The batches of [first, end) are gone from a replica's log; without `end`: all from there on.
    void on_cut(const Moment& moment, core::NodeId who, core::PartitionId partition,
                core::Offset first, core::Offset end, CopyEnd how);
    void on_cut(const Moment& moment, core::NodeId who, core::PartitionId partition,
                core::Offset new_end, CopyEnd how);

    const ClusterView& view_;
    std::vector<Client> clients_;
    core::Blocks<BatchEntry> batches_;
    /// The batch that was looked up last: most notes in a row are of one. Entries never move.
    struct Recent {
        core::Maybe<core::BatchTag> tag;
        std::uint32_t index = kNoEntry;
        BatchEntry* entry = nullptr;
    };
    Recent recent_;
    DetailsPool details_;
    std::deque<CommittedLeadership> leaderships_;  ///< that some answer names; none moves
    std::vector<PartitionState> partitions_;
};

}  // namespace trace
