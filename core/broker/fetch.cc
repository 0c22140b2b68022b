// Fetch requests of followers and consumers. [kafka KafkaApis.handleFetchRequest,
// ReplicaManager.fetchMessages, Partition.fetchRecords, DelayedFetch]
#include <algorithm>

#include "core/base/assert.h"
#include "core/broker/replica_manager.h"

namespace core {
namespace {

/// Whether an answer of these verdicts has records, an error or a divergence in it.
bool anything_to_tell(const FetchSession& session, std::span<const FetchVerdict> verdicts) {
    const std::vector<std::uint32_t>& changed = session.changed();
    ASSERT(verdicts.size() == changed.size());
    for (std::size_t i = 0; i < changed.size(); ++i) {
        const FetchSlot& slot = session.slot(changed[i]);
        if (!slot.used) continue;
        if (verdicts[i].error != ErrorCode::none || verdicts[i].diverging) return true;
        if (slot.fetch.fetch_offset < verdicts[i].limit) return true;
    }
    return false;
}

}  // namespace

void ReplicaManager::drop_session(IncomingConnection& connection) {
    if (!connection.session) return;
    FetchSession& session = *connection.session;
    if (session.parked) parked_.remove(session.wait);
    session.each([&](std::uint32_t number) {
        Partition* partition = find(session.slot(number).fetch.partition);
        if (partition == nullptr) return;
        if (Leader* leader = partition->leader()) leader->detach(session);
    });
    if (session.touched) {
        std::erase(context_.touched, &session);
        std::erase(touched_, &session);
    }
    connection.session.reset();
}

void ReplicaManager::on_connection_lost(ConnectionId id) {
    IncomingConnection* connection = queue_.find(id);
    if (connection == nullptr) return;
    drop_session(*connection);
    queue_.remove(id);
}

void ReplicaManager::update_session(IncomingConnection& connection, const FetchRequest& request) {
    const bool changed_hands =
        connection.session != nullptr && connection.session->replica() != request.replica;
    if (request.full || connection.session == nullptr || changed_hands) {
        drop_session(connection);
        connection.session = std::make_unique<FetchSession>(request.replica, connection.id);
    }
    FetchSession& session = *connection.session;
    session.set_replica_epoch(request.replica_epoch);
    session.min_bytes = request.min_bytes;
    session.max_bytes = request.max_bytes;
    session.partition_max_bytes = request.partition_max_bytes;
    for (PartitionId partition : request.forgotten) {
        const auto number = session.find(partition);
        if (!number) continue;
        if (Partition* hosted = find(partition))
            if (Leader* leader = hosted->leader()) leader->detach(session);
        session.forget(*number);
    }
    for (const FetchPartition& partition : request.partitions)
        session.slot(session.name(partition)).named = true;
}

FetchVerdict ReplicaManager::judge(const FetchSession& session, const FetchSlot& slot) const {
    const Partition* partition = find(slot.fetch.partition);
    const Leader* leader = partition == nullptr ? nullptr : partition->leader();
    if (leader != nullptr) return leader->judge_fetch(session.replica(), slot.fetch);
    FetchVerdict verdict;
    verdict.error = not_hosted(slot.fetch.partition);
    // A fetcher with older metadata than this broker's is told so, whatever the role here.
    const auto known = partition == nullptr ? std::nullopt : partition->leader_epoch();
    if (known && slot.fetch.current_leader_epoch) {
        if (*slot.fetch.current_leader_epoch < *known)
            verdict.error = ErrorCode::fenced_leader_epoch;
        if (*slot.fetch.current_leader_epoch > *known)
            verdict.error = ErrorCode::unknown_leader_epoch;
    }
    return verdict;
}

/// What a fetch means to the leader, beyond the answer.
void ReplicaManager::record(FetchSession& session, std::uint32_t number, FetchVerdict& verdict) {
    FetchSlot& slot = session.slot(number);
    const PartitionId id = slot.fetch.partition;
    if (session.replica() && slot.named)
        context_.effects->note({.kind = NoteKind::fetch_request,
                                .partition = id,
                                .peer = session.replica(),
                                .leader_epoch = slot.fetch.current_leader_epoch,
                                .first = slot.fetch.fetch_offset});
    slot.named = false;
    if (verdict.error == ErrorCode::none && !verdict.diverging) {
        Leader* leader = find(id)->leader();
        if (session.replica())
            verdict.error = leader->record_fetch(session, number, context_);
        else
            leader->watch(session, number);
    }
    if (verdict.error != ErrorCode::none)
        context_.effects->note({.kind = NoteKind::fetch_refused,
                                .error = verdict.error,
                                .partition = id,
                                .peer = session.replica(),
                                .leader_epoch = slot.fetch.current_leader_epoch,
                                .first = slot.fetch.fetch_offset});
    if (verdict.diverging)
        context_.effects->note({.kind = NoteKind::fetch_diverging,
                                .partition = id,
                                .peer = session.replica(),
                                .leader_epoch = verdict.diverging->leader_epoch,
                                .first = slot.fetch.fetch_offset,
                                .end = verdict.diverging->offset});
}

void ReplicaManager::on_fetch(IncomingConnection& connection, CorrelationId correlation,
                              const FetchRequest& request) {
    update_session(connection, request);
    FetchSession& session = *connection.session;
    ASSERT(!session.parked);
    session.correlation = correlation;

    // The answer carries the watermark of this moment: what this very fetch moves, the follower
    // learns with its next answer. [kafka Partition.fetchRecords]
    verdicts_.clear();
    for (std::size_t i = 0; i < session.changed().size(); ++i) {
        const std::uint32_t number = session.changed()[i];
        FetchVerdict& verdict = verdicts_.emplace_back();
        if (!session.slot(number).used) continue;
        verdict = judge(session, session.slot(number));
        record(session, number, verdict);
    }
    session.set_last_fetch(context_.now);
    // Produce requests that this fetch completed are answered before the fetch itself.
    settled_.swap(context_.settled);
    for (PartitionId partition : settled_) settle_produce(partition);
    settled_.clear();

    const bool at_once =
        request.max_wait <= Duration::zero() || session.empty() || session.min_bytes <= 0;
    // A follower that has everything is the usual case: nothing is put together for it.
    if (at_once || anything_to_tell(session, verdicts_)) {
        const std::int64_t bytes = read(session);
        if (at_once || bytes >= session.min_bytes || answer_now_) return answer_fetch(session);
    }
    session.parked = true;
    session.wait = parked_.add(context_.now, request.max_wait, connection.id.value());
    relist(session);
}

/// What the next answer has to look at: data that is left, a watermark not sent yet, an error, a
/// replica that wants to join the ISR.
void ReplicaManager::relist(FetchSession& session) {
    session.keep_listed([&](std::uint32_t number) {
        const FetchSlot& slot = session.slot(number);
        const Partition* partition = find(slot.fetch.partition);
        const Leader* leader = partition == nullptr ? nullptr : partition->leader();
        if (leader == nullptr) return true;
        return leader->stays_listed(session, number) ||
               slot.sent_high_watermark != leader->log().high_watermark() ||
               slot.sent_log_start != leader->log().log_start();
    });
}

/// The answer that is being made; an earlier one that came to nothing is used again.
FetchResponse& ReplicaManager::fresh_response() {
    if (response_.empty()) response_ = context_.effects->messages().take<FetchResponse>();
    auto& response = std::get<FetchResponse>(*response_);
    response.partitions.clear();
    return response;
}

std::int64_t ReplicaManager::read(FetchSession& session) {
    FetchResponse& response = fresh_response();
    answer_now_ = false;
    std::int64_t bytes = 0;
    const std::vector<std::uint32_t>& changed = session.changed();
    ASSERT(verdicts_.size() == changed.size());
    for (std::size_t i = 0; i < changed.size(); ++i) {
        const FetchSlot& slot = session.slot(changed[i]);
        if (!slot.used) continue;
        const FetchVerdict& verdict = verdicts_[i];
        const bool news = verdict.error != ErrorCode::none || verdict.diverging;
        response.partitions.push_back(
            FetchPartitionResponse{.partition = slot.fetch.partition,
                                   .error = verdict.error,
                                   .high_watermark = verdict.high_watermark,
                                   .log_start_offset = verdict.log_start,
                                   .diverging = verdict.diverging,
                                   .current_leader = std::nullopt,
                                   .batches = {}});
        FetchPartitionResponse& part = response.partitions.back();
        if (!news && slot.fetch.fetch_offset < verdict.limit && bytes < session.max_bytes) {
            const std::int64_t room =
                std::min<std::int64_t>(session.partition_max_bytes, session.max_bytes - bytes);
            find(slot.fetch.partition)
                ->log()
                ->read(slot.fetch.fetch_offset, room, verdict.limit, part.batches);
            std::int64_t size = 0;
            for (const Batch& batch : part.batches) size += batch.size_bytes();
            // Only the first partition of an answer may exceed the limit, by its first batch.
            if (bytes > 0 && size > room)
                part.batches.clear();
            else
                bytes += size;
        }
        answer_now_ = answer_now_ || news;
        if (!news && part.batches.empty() && slot.sent_high_watermark == verdict.high_watermark &&
            slot.sent_log_start == verdict.log_start) {
            response.partitions.pop_back();
            continue;
        }
        if (verdict.error == ErrorCode::not_leader_or_follower ||
            verdict.error == ErrorCode::fenced_leader_epoch)
            part.current_leader = current_leader(slot.fetch.partition);
    }
    return bytes;
}

void ReplicaManager::answer_fetch(FetchSession& session) {
    for (const FetchPartitionResponse& part : std::get<FetchResponse>(*response_).partitions) {
        const auto number = session.find(part.partition);
        ASSERT(number.has_value());
        if (part.error != ErrorCode::none || part.diverging) continue;
        session.slot(*number).sent_high_watermark = part.high_watermark;
        session.slot(*number).sent_log_start = part.log_start_offset;
    }
    relist(session);
    queue_.answer(session.connection(), session.correlation, std::move(response_),
                  *context_.effects);
}

void ReplicaManager::complete_fetch(FetchSession& session, bool expired) {
    ASSERT(session.parked);
    verdicts_.clear();
    for (std::uint32_t number : session.changed()) {
        FetchVerdict& verdict = verdicts_.emplace_back();
        if (!session.slot(number).used) continue;
        verdict = judge(session, session.slot(number));
        if (verdict.error == ErrorCode::none) continue;
        context_.effects->note({.kind = NoteKind::fetch_refused,
                                .error = verdict.error,
                                .partition = session.slot(number).fetch.partition,
                                .peer = session.replica(),
                                .leader_epoch = session.slot(number).fetch.current_leader_epoch,
                                .first = session.slot(number).fetch.fetch_offset});
    }
    const std::int64_t bytes = read(session);
    if (!expired && bytes < session.min_bytes && !answer_now_) return;
    session.parked = false;
    parked_.remove(session.wait);
    answer_fetch(session);
}

}  // namespace core
