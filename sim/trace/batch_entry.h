/// What became of one batch of one client: who sent it where, who held it, who promised what.
///
/// The ledger has one of these for every batch of a run, by the hundred thousand, and nearly all
/// tell the same story: one attempt, up to three copies at the offset that the leader gave, none of
/// them lost, one answer. So an entry has room for just that, as plain data; one that more befell
/// has its whole story in a BatchDetails beside it.
///
/// Rules:
///   B1  An entry with details has there its attempts, copies and numbers, and where it was
///       answered; the places for one ordinary story are dead from then on.
///   B2  Without details every copy stands at `base_offset_` in `leader_epoch_`, and the brokers
///       that held it when it was answered are the first of its copies.
#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "core/base/maybe.h"
#include "core/protocol/metadata_record.h"
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
using Copies = boost::container::small_vector<Copy, 3>;

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
using Attempts = boost::container::small_vector<Attempt, 1>;

/// Leader and ISR of a partition as they were committed; many acknowledgements share one.
struct CommittedLeadership {
    std::optional<core::NodeId> leader = std::nullopt;
    core::LeaderEpoch leader_epoch{0};
    core::ReplicaList isr = {};
};

/// The acknowledgement as the client saw it and as the leader sent it.
struct Acknowledgement {
    /// Callback at the client; TimePoint::max() while the answer has not reached it.
    core::TimePoint at;
    core::TimePoint answered_at;  ///< when the leader answered (equal to `at` if not known)
    EventId answered_event;
    core::NodeId broker;
    core::Maybe<core::Offset> base_offset;  ///< acks=0: none
    core::Maybe<core::LeaderEpoch> leader_epoch;
    /// What the world knew at the answer (view): a zombie's acknowledgement differs.
    const CommittedLeadership& committed;
    boost::container::small_vector<core::NodeId, 3> copies;  ///< who held it then
    core::Maybe<core::Offset> leader_high_watermark;
};

/// The first time that a leader's high watermark passed a batch, and where it stood in that log.
struct BelowHighWatermark {
    core::TimePoint at;
    EventId event;
    core::Offset base_offset;
    core::LeaderEpoch leader_epoch;
};

/// What an ordinary story has no room for.
struct BatchDetails {
    std::vector<core::RecordNumber> numbers = {};  ///< only where they are not first, first+1, ...
    Attempts attempts = {};
    Copies copies = {};
    std::vector<LostCopy> lost_copies = {};
    core::Maybe<core::Offset> answered_offset = std::nullopt;
    core::Maybe<core::LeaderEpoch> answered_epoch = std::nullopt;
    boost::container::small_vector<core::NodeId, 3> holders = {};  ///< at the answer
    std::optional<BelowHighWatermark> below_high_watermark = std::nullopt;
};
/// Details never move.
using DetailsPool = std::deque<BatchDetails>;

class BatchEntry {
  public:
    BatchEntry(core::BatchTag the_tag, core::PartitionId the_partition, core::RecordNumber first)
        : tag(the_tag), partition(the_partition), first_record(first) {}

    const core::BatchTag tag;
    const core::PartitionId partition;
    std::uint32_t record_count = 0;
    const core::RecordNumber first_record;
    core::TimePoint ended_at = core::TimePoint::max();
    core::ErrorCode error = core::ErrorCode::none;
    ClientOutcome outcome = ClientOutcome::pending;

    core::RecordNumber number(std::uint32_t index) const {
        if (details_ != nullptr && !details_->numbers.empty()) return details_->numbers[index];
        return first_record + static_cast<std::int64_t>(index);
    }
    /// Where one of its records stands in it.
    std::uint32_t index_of(core::RecordNumber number) const;
    Attempts attempts() const;
    /// In the logs now, in the order of appending.
    Copies copies() const;
    std::size_t copy_count() const {
        return details_ == nullptr ? copy_count_ : details_->copies.size();
    }
    /// There is one.
    core::NodeId first_holder() const {
        return details_ == nullptr ? *brokers_[0] : details_->copies[0].broker;
    }
    bool held_by(core::NodeId broker) const;
    std::span<const LostCopy> lost_copies() const {
        return details_ == nullptr ? std::span<const LostCopy>() : details_->lost_copies;
    }
    /// The moment the last copy on any disk went, where none came back.
    std::optional<core::TimePoint> gone_at() const {
        if (copy_count() > 0 || lost_copies().empty()) return std::nullopt;
        return lost_copies().back().at;
    }
    std::optional<Acknowledgement> ack() const;
    /// What the acknowledgement names as its first offset.
    core::Maybe<core::Offset> answered_offset() const {
        if (committed_ == nullptr) return std::nullopt;
        return details_ == nullptr ? base_offset_ : details_->answered_offset;
    }
    std::optional<BelowHighWatermark> below_high_watermark() const;
    /// Where its first copy in this broker's log stands.
    core::Maybe<core::Offset> base_in(core::NodeId broker) const {
        if (details_ != nullptr) return base_in_details(broker);
        for (const auto& holder : brokers_)
            if (holder == broker) return base_offset_;
        return std::nullopt;
    }
    /// Where the copy in this broker's log stands whose base offset ends in these bits; there is
    /// one.
    core::Offset base_in(core::NodeId broker, std::uint32_t low_bits) const;

    // ---- the ledger writes ----
    void add_record(core::RecordNumber number, DetailsPool& pool) {
        const bool listed = details_ != nullptr && !details_->numbers.empty();
        if (listed || number - first_record != record_count) list_number(number, pool);
        ++record_count;
    }
    void add_attempt(const Attempt& attempt, DetailsPool& pool) {
        if (details_ != nullptr || attempt_broker_) return add_unusual_attempt(attempt, pool);
        attempted_ = Happened{attempt.at, attempt.event};
        attempt_broker_ = attempt.broker;
    }
    /// The last attempt, if there is one, ends with this.
    void end_attempt(core::ErrorCode why);
    /// As a note of log_append says.
    void add_copy(const Moment& moment, core::NodeId broker, const core::Note& note,
                  DetailsPool& pool) {
        const bool fits =
            copy_count_ == 0 || (copy_count_ < kCopies && base_offset_ == note.first &&
                                 leader_epoch_ == note.leader_epoch);
        if (details_ != nullptr || !fits || !note.leader_epoch)
            return add_unusual_copy(moment, broker, note, pool);
        base_offset_ = note.first;
        leader_epoch_ = note.leader_epoch;
        brokers_[copy_count_] = broker;
        appended_[copy_count_] = Happened{moment.at, moment.event};
        if (note.value == 1) as_leader_ = static_cast<std::uint8_t>(as_leader_ | 1U << copy_count_);
        ++copy_count_;
    }
    /// The broker's copy at this offset is gone from its log; there was one.
    Copy take_copy(core::NodeId broker, core::Offset base, DetailsPool& pool);
    /// What was taken last is lost.
    void add_lost(const LostCopy& lost);
    /// A leader answers: who holds it now is who held it then.
    void answer(const Moment& moment, core::NodeId broker, const core::Note& note,
                const CommittedLeadership& committed, core::Offset high_watermark,
                DetailsPool& pool) {
        answered_ = Happened{moment.at, moment.event};
        answered_by_ = broker;
        committed_ = &committed;
        answered_high_watermark_ = high_watermark;
        holders_ = copy_count_;
        const bool as_appended =
            copy_count_ > 0 && note.first == base_offset_ && note.leader_epoch == leader_epoch_;
        if (details_ != nullptr || !as_appended) answer_in_full(note, pool);
    }
    /// The answer is at the client.
    void acknowledge(const Moment& moment, const core::Note& note, DetailsPool& pool) {
        outcome = ClientOutcome::acked;
        ended_at = moment.at;
        const bool as_answered =
            committed_ != nullptr && (!note.first || note.first == base_offset_);
        if (details_ != nullptr || !as_answered) acknowledge_unusual(moment, note, pool);
    }
    /// A leader's high watermark has passed its first copy on this broker; there is one.
    void pass_high_watermark(const Moment& moment, core::NodeId broker);
    bool has_passed() const { return passed_.at != core::TimePoint::max(); }

  private:
    static constexpr std::size_t kCopies = 3;
    /// When and in which event something happened; TimePoint::max(): it did not.
    struct Happened {
        core::TimePoint at = core::TimePoint::max();
        EventId event{0};
    };

    BatchDetails& details(DetailsPool& pool) {
        if (details_ == nullptr) tell_in_full(pool);
        return *details_;
    }
    Copy copy_at(std::size_t index) const;
    core::Maybe<core::Offset> base_in_details(core::NodeId broker) const;
    /// Moves its story so far into details.
    void tell_in_full(DetailsPool& pool);
    void list_number(core::RecordNumber number, DetailsPool& pool);
    void add_unusual_attempt(const Attempt& attempt, DetailsPool& pool);
    void add_unusual_copy(const Moment& moment, core::NodeId broker, const core::Note& note,
                          DetailsPool& pool);
    void answer_in_full(const core::Note& note, DetailsPool& pool);
    void acknowledge_unusual(const Moment& moment, const core::Note& note, DetailsPool& pool);

    // Beside the public members without a gap.
    std::uint8_t copy_count_ = 0;
    core::ErrorCode attempt_ended_ = core::ErrorCode::none;
    std::uint8_t holders_ = 0;                  ///< copies when it was answered
    std::uint8_t as_leader_ = 0;                ///< one bit a copy
    core::Maybe<core::NodeId> attempt_broker_;  ///< none: there was no attempt
    core::Maybe<core::LeaderEpoch> leader_epoch_;
    std::array<core::Maybe<core::NodeId>, kCopies> brokers_ = {};
    core::NodeId answered_by_{-1};
    core::Maybe<core::Offset> base_offset_;
    std::array<Happened, kCopies> appended_ = {};
    Happened attempted_;
    Happened answered_;
    Happened passed_;  ///< by the first leader's high watermark
    core::Maybe<core::Offset> answered_high_watermark_;
    const CommittedLeadership* committed_ = nullptr;  ///< none: neither answer nor acknowledgement
    BatchDetails* details_ = nullptr;
};
static_assert(sizeof(BatchEntry) == 192);
static_assert(std::is_trivially_destructible_v<BatchEntry>);

}  // namespace trace
