#include "sim/trace/batch_entry.h"

#include <algorithm>

#include "core/base/assert.h"

namespace trace {
namespace {

/// Of an acknowledgement that no leader is known to have answered.
const CommittedLeadership kNobody;

}  // namespace

// ---- reading ------------------------------------------------------------------------------------

std::uint32_t BatchEntry::index_of(core::RecordNumber number) const {
    if (details_ == nullptr || details_->numbers.empty())
        return static_cast<std::uint32_t>(number - first_record);
    const auto& numbers = details_->numbers;
    const auto at = std::find(numbers.begin(), numbers.end(), number);
    ASSERT(at != numbers.end());
    return static_cast<std::uint32_t>(at - numbers.begin());
}

Attempts BatchEntry::attempts() const {
    if (details_ != nullptr) return details_->attempts;
    Attempts all;
    if (attempt_broker_)
        all.push_back(Attempt{attempted_.at, *attempt_broker_, attempted_.event, attempt_ended_});
    return all;
}

Copy BatchEntry::copy_at(std::size_t index) const {
    return Copy{*brokers_[index],    *base_offset_,          *leader_epoch_,
                appended_[index].at, appended_[index].event, (as_leader_ >> index & 1) != 0};
}

Copies BatchEntry::copies() const {
    if (details_ != nullptr) return details_->copies;
    Copies all;
    for (std::size_t i = 0; i < copy_count_; ++i) all.push_back(copy_at(i));
    return all;
}

bool BatchEntry::held_by(core::NodeId broker) const {
    if (details_ == nullptr) return base_in(broker).has_value();
    return std::any_of(details_->copies.begin(), details_->copies.end(),
                       [&](const Copy& copy) { return copy.broker == broker; });
}

std::optional<Acknowledgement> BatchEntry::ack() const {
    if (committed_ == nullptr) return std::nullopt;
    Acknowledgement told{
        .at = outcome == ClientOutcome::acked ? ended_at : core::TimePoint::max(),
        .answered_at = answered_.at,
        .answered_event = answered_.event,
        .broker = answered_by_,
        .base_offset = answered_offset(),
        .leader_epoch = details_ == nullptr ? leader_epoch_ : details_->answered_epoch,
        .committed = *committed_,
        .copies = {},
        .leader_high_watermark = answered_high_watermark_};
    if (details_ != nullptr)
        told.copies = details_->holders;
    else
        for (std::size_t i = 0; i < holders_; ++i) told.copies.push_back(*brokers_[i]);
    return told;
}

std::optional<BelowHighWatermark> BatchEntry::below_high_watermark() const {
    if (!has_passed()) return std::nullopt;
    if (details_ != nullptr) return details_->below_high_watermark;
    return BelowHighWatermark{passed_.at, passed_.event, *base_offset_, *leader_epoch_};
}

core::Maybe<core::Offset> BatchEntry::base_in_details(core::NodeId broker) const {
    for (const Copy& copy : details_->copies)
        if (copy.broker == broker) return copy.base_offset;
    return std::nullopt;
}

core::Offset BatchEntry::base_in(core::NodeId broker, std::uint32_t low_bits) const {
    if (details_ == nullptr) return base_in(broker).value();
    for (const Copy& copy : details_->copies)
        if (copy.broker == broker &&
            static_cast<std::uint32_t>(copy.base_offset.value()) == low_bits)
            return copy.base_offset;
    UNREACHABLE();
}

// ---- writing ------------------------------------------------------------------------------------

void BatchEntry::tell_in_full(DetailsPool& pool) {
    BatchDetails& full = pool.emplace_back();
    full.attempts = attempts();
    full.copies = copies();
    if (committed_ != nullptr) {
        full.answered_offset = base_offset_;
        full.answered_epoch = leader_epoch_;
        for (std::size_t i = 0; i < holders_; ++i) full.holders.push_back(*brokers_[i]);
    }
    full.below_high_watermark = below_high_watermark();
    details_ = &full;
}

void BatchEntry::list_number(core::RecordNumber number, DetailsPool& pool) {
    auto& numbers = details(pool).numbers;
    if (numbers.empty())
        for (std::uint32_t i = 0; i < record_count; ++i)
            numbers.push_back(first_record + static_cast<std::int64_t>(i));
    numbers.push_back(number);
}

void BatchEntry::end_attempt(core::ErrorCode why) {
    if (details_ == nullptr)
        attempt_ended_ = why;
    else if (!details_->attempts.empty())
        details_->attempts.back().ended = why;
}

void BatchEntry::add_unusual_attempt(const Attempt& attempt, DetailsPool& pool) {
    details(pool).attempts.push_back(attempt);
}

void BatchEntry::add_unusual_copy(const Moment& moment, core::NodeId broker, const core::Note& note,
                                  DetailsPool& pool) {
    details(pool).copies.push_back(Copy{broker, note.first.value(),
                                        note.leader_epoch.value_or(core::LeaderEpoch(0)), moment.at,
                                        moment.event, note.value == 1});
}

Copy BatchEntry::take_copy(core::NodeId broker, core::Offset base, DetailsPool& pool) {
    Copies& held = details(pool).copies;
    const auto at = std::find_if(held.begin(), held.end(), [&](const Copy& copy) {
        return copy.broker == broker && copy.base_offset == base;
    });
    ASSERT(at != held.end());
    const Copy taken = *at;
    held.erase(at);
    return taken;
}

void BatchEntry::add_lost(const LostCopy& lost) {
    ASSERT(details_ != nullptr);
    details_->lost_copies.push_back(lost);
}

void BatchEntry::answer_in_full(const core::Note& note, DetailsPool& pool) {
    BatchDetails& full = details(pool);
    full.answered_offset = note.first;
    full.answered_epoch = note.leader_epoch;
    full.holders.clear();
    for (const Copy& copy : full.copies) full.holders.push_back(copy.broker);
}

void BatchEntry::acknowledge_unusual(const Moment& moment, const core::Note& note,
                                     DetailsPool& pool) {
    BatchDetails& full = details(pool);
    if (committed_ == nullptr) {
        answered_ = Happened{moment.at, moment.event};
        answered_by_ = note.peer.value_or(core::NodeId(-1));
        committed_ = &kNobody;
    }
    if (note.first) full.answered_offset = note.first;
}

void BatchEntry::pass_high_watermark(const Moment& moment, core::NodeId broker) {
    passed_ = Happened{moment.at, moment.event};
    if (details_ == nullptr) return;
    for (const Copy& copy : details_->copies) {
        if (copy.broker != broker) continue;
        details_->below_high_watermark =
            BelowHighWatermark{moment.at, moment.event, copy.base_offset, copy.leader_epoch};
        return;
    }
}

}  // namespace trace
