// Fetch requests of followers and consumers. [kafka KafkaApis.handleFetchRequest,
// ReplicaManager.fetchMessages, Partition.fetchRecords, DelayedFetch]
#include <algorithm>

#include "core/base/assert.h"
#include "core/broker/replica_manager.h"

namespace core {

void ReplicaManager::drop_session(IncomingConnection& connection) {
    if (!connection.session) return;
    FetchSession& session = *connection.session;
    if (session.parked) parked_.remove(session.wait);
    session.each([&](std::uint32_t number) {
        if (Leader* leader = find_leader(session.slot(number).fetch.partition))
            leader->detach(session);
    });
    if (session.touched) forget_touched(session);
    connection.session.reset();
}

void ReplicaManager::forget_touched(const FetchSession& session) {
    ReusedList<FetchSession*>& touched = context_.touched;
    FetchSession** const end = std::remove(touched.begin(), touched.end(), &session);
    touched.keep_front(static_cast<std::size_t>(end - touched.begin()));
}

void ReplicaManager::on_connection_lost(ConnectionId id) {
    IncomingConnection* connection = queue_.find(id);
    if (connection == nullptr) return;
    drop_session(*connection);
    queue_.remove(id);
}

/// A full request, the first of a connection, or one of another replica begins anew.
FetchSession& ReplicaManager::begin_session(IncomingConnection& connection,
                                            const FetchRequest& request) {
    drop_session(connection);
    connection.session = std::make_unique<FetchSession>(request.replica, connection.id);
    return *connection.session;
}

void ReplicaManager::forget(FetchSession& session, const PartitionList<PartitionId>& partitions) {
    for (PartitionId partition : partitions) {
        const auto number = session.find(partition);
        if (!number) continue;
        if (Leader* leader = find_leader(partition)) leader->detach(session);
        session.forget(*number);
    }
}

FetchSession& ReplicaManager::update_session(IncomingConnection& connection,
                                             const FetchRequest& request) {
    const FetchSession* known = connection.session.get();
    const bool goes_on = known != nullptr && !request.full && known->replica() == request.replica;
    FetchSession& session = goes_on ? *connection.session : begin_session(connection, request);
    session.set_replica_epoch(request.replica_epoch);
    session.min_bytes = request.min_bytes;
    session.max_bytes = request.max_bytes;
    session.partition_max_bytes = request.partition_max_bytes;
    if (!request.forgotten.empty()) [[unlikely]]
        forget(session, request.forgotten);
    const FetchPartition* const named = request.partitions.data();
    for (std::size_t i = 0; i < request.partitions.size(); ++i) session.name(named[i]);
    return session;
}

ErrorCode ReplicaManager::refusal_without_leader(const FetchSlot& slot) const {
    // A fetcher with older metadata than this broker's is told so, whatever the role here.
    const Partition* partition = find(slot.fetch.partition);
    const auto known = partition == nullptr ? std::nullopt : partition->leader_epoch();
    if (known && slot.fetch.current_leader_epoch) {
        if (*slot.fetch.current_leader_epoch < *known) return ErrorCode::fenced_leader_epoch;
        if (*slot.fetch.current_leader_epoch > *known) return ErrorCode::unknown_leader_epoch;
    }
    return not_hosted(slot.fetch.partition);
}

void ReplicaManager::note_news(const FetchSession& session, const FetchSlot& slot,
                               const Leader* leader, const FetchVerdict& verdict) {
    if (verdict.error != ErrorCode::none)
        context_.effects->note({.kind = NoteKind::fetch_refused,
                                .error = verdict.error,
                                .partition = slot.fetch.partition,
                                .peer = session.replica(),
                                .leader_epoch = slot.fetch.current_leader_epoch,
                                .first = slot.fetch.fetch_offset});
    if (!verdict.diverging) return;
    const auto known = leader->known_end(slot.fetch);
    ASSERT(known.has_value());
    context_.effects->note({.kind = NoteKind::fetch_diverging,
                            .partition = slot.fetch.partition,
                            .peer = session.replica(),
                            .leader_epoch = known->leader_epoch,
                            .first = slot.fetch.fetch_offset,
                            .end = known->offset});
}

/// One partition of a fetch that just came. The answer carries the watermark of this moment: what
/// this very fetch moves, the follower learns with its next answer. [kafka Partition.fetchRecords]
void ReplicaManager::take_up(FetchSession& session, FetchSlot& slot, Answer& answer) {
    Leader* leader = leader_of(slot);
    FetchVerdict verdict;
    judge(session, slot, leader, verdict);
    const bool follower = session.replica().has_value();
    if (follower && slot.named) note_request(session, slot);
    slot.named = false;
    if (verdict.good()) {
        if (follower)
            verdict.error = leader->record_fetch(session, slot, context_);
        else
            leader->watch(session, slot);
    }
    if (!verdict.good()) [[unlikely]]
        note_news(session, slot, leader, verdict);
    tell(session, slot, leader, verdict, answer);
}

void ReplicaManager::on_fetch(IncomingConnection& connection, CorrelationId correlation,
                              const FetchRequest& request) {
    FetchSession& session = update_session(connection, request);
    ASSERT(!session.parked);
    session.correlation = correlation;

    Answer answer;
    for (std::size_t i = 0; i < session.changed().size(); ++i) {
        FetchSlot& slot = session.slot(session.changed()[i]);
        if (slot.used) take_up(session, slot, answer);
    }
    session.set_last_fetch(context_.now);
    // Produce requests that this fetch completed are answered before the fetch itself.
    if (!context_.settled.empty()) settle_produce();

    const bool at_once =
        request.max_wait <= Duration::zero() || session.empty() || session.min_bytes <= 0;
    if (at_once || answer.news || answer.bytes >= session.min_bytes) [[unlikely]]
        return answer_fetch(session, answer);
    session.parked = true;
    session.wait = parked_.add(context_.now, request.max_wait, connection.id.value());
    session.keep_listed([&](const FetchSlot& slot) { return stays_listed(session, slot); });
}

/// What the next answer has to look at: data that is left, a watermark not sent yet, an error, a
/// replica that wants to join the ISR.
bool ReplicaManager::stays_listed(const FetchSession& session, const FetchSlot& slot) const {
    const Leader* leader = leader_of(slot);
    if (leader == nullptr) return true;
    return slot.sent != leader->marks() || leader->stays_listed(session, slot);
}

void ReplicaManager::say(const FetchSession& session, const FetchSlot& slot, const Leader* leader,
                         const FetchVerdict& verdict, Answer& answer) {
    auto& parts = response_of(answer).partitions;
    FetchPartitionResponse& part = parts.emplace_back(slot.fetch.partition);
    part.high_watermark = verdict.marks.high_watermark;
    part.log_start_offset = verdict.marks.log_start;
    if (!verdict.good()) [[unlikely]] {
        answer.news = true;
        return say_news(slot, leader, verdict, part);
    }
    if (!verdict.has_records_from(slot.fetch.fetch_offset)) return;
    if (answer.bytes >= session.max_bytes) return;
    const std::int64_t room =
        std::min<std::int64_t>(session.partition_max_bytes, session.max_bytes - answer.bytes);
    const std::int64_t size =
        leader->log().read(slot.fetch.fetch_offset, room, verdict.limit, part.batches);
    // Only the first partition of an answer may exceed the limit, by its first batch.
    if (answer.bytes > 0 && size > room) [[unlikely]]
        part.batches.clear();
    else
        answer.bytes += size;
    if (part.batches.empty() && slot.sent == verdict.marks) [[unlikely]]
        parts.pop_back();
}

/// An error or a divergence instead of records.
void ReplicaManager::say_news(const FetchSlot& slot, const Leader* leader,
                              const FetchVerdict& verdict, FetchPartitionResponse& part) const {
    part.error = verdict.error;
    if (verdict.diverging) part.diverging = leader->known_end(slot.fetch);
    if (verdict.error == ErrorCode::not_leader_or_follower ||
        verdict.error == ErrorCode::fenced_leader_epoch)
        part.current_leader = current_leader(part.partition);
}

/// The answer goes out, and the session remembers what the fetcher knows with it.
void ReplicaManager::answer_fetch(FetchSession& session, Answer& answer) {
    // It names the partitions in the order of changed(), but not all of them.
    const auto& parts = response_of(answer).partitions;
    const FetchPartitionResponse* part = parts.data();
    const FetchPartitionResponse* const end = part + parts.size();
    session.keep_listed([&](FetchSlot& slot) {
        if (part != end && part->partition == slot.fetch.partition) {
            if (part->error == ErrorCode::none && !part->diverging)
                slot.sent = LogMarks{part->high_watermark, part->log_start_offset};
            ++part;
        }
        return stays_listed(session, slot);
    });
    ASSERT(part == end);
    queue_.answer(session.connection(), session.correlation, std::move(answer.box),
                  *context_.effects);
}

/// Looks at parked fetches that may have something to answer now.
void ReplicaManager::complete_fetches() {
    for (std::size_t i = 0; i < context_.touched.size(); ++i) {
        FetchSession& session = *context_.touched[i];
        session.touched = false;
        if (session.parked) complete_fetch(session, false);
    }
    context_.touched.clear();
    ASSERT(context_.settled.empty());
}

void ReplicaManager::complete_fetch(FetchSession& session, bool expired) {
    ASSERT(session.parked);
    Answer answer;
    for (const std::uint32_t number : session.changed()) {
        const FetchSlot& slot = session.slot(number);
        if (!slot.used) continue;
        const Leader* leader = leader_of(slot);
        FetchVerdict verdict;
        judge(session, slot, leader, verdict);
        if (verdict.error != ErrorCode::none) [[unlikely]]
            note_news(session, slot, leader, verdict);
        tell(session, slot, leader, verdict, answer);
    }
    if (!expired && !answer.news && answer.bytes < session.min_bytes) return;
    session.parked = false;
    parked_.remove(session.wait);
    answer_fetch(session, answer);
}

}  // namespace core
