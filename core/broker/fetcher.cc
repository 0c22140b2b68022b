#include "core/broker/fetcher.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/broker/replica_manager.h"

namespace core {
namespace {

/// BrokerBlockingSender: no reconnect back-off of its own, the partitions' is enough.
ChannelOptions fetch_channel(const BrokerConfig& config) {
    ChannelOptions options;
    options.reconnect_backoff = Duration::zero();
    options.reconnect_backoff_max = Duration::zero();
    options.request_timeout = config.replica_socket_timeout;
    options.in_flight_max = 1;
    return options;
}

}  // namespace

Fetcher::Fetcher(NodeId self, NodeId leader, std::uint32_t fetcher_id, std::uint64_t seed,
                 const BrokerConfig& config, ReplicaManager& replicas)
    : self_(self),
      leader_(leader),
      fetcher_id_(fetcher_id),
      config_(config),
      replicas_(replicas),
      channel_(self, leader, seed, fetch_channel(config)) {}

std::vector<Fetcher::Entry>::const_iterator Fetcher::lower_bound(PartitionId partition) const {
    return std::lower_bound(
        entries_.begin(), entries_.end(), partition,
        [](const Entry& entry, PartitionId wanted) { return entry.partition < wanted; });
}

Fetcher::Entry* Fetcher::search(PartitionId partition) {
    const auto at = lower_bound(partition);
    if (at == entries_.end() || at->partition != partition) return nullptr;
    found_ = &entries_[static_cast<std::size_t>(at - entries_.begin())];
    return found_;
}

void Fetcher::add(PartitionId partition) {
    if (Entry* known = find(partition)) return mark_changed(*known);
    Partition* hosted = replicas_.find(partition);
    ASSERT(hosted != nullptr);
    Follower* role = hosted->follower();
    ASSERT(role != nullptr);
    found_ = nullptr;
    entries_.insert(lower_bound(partition),
                    Entry{.partition = partition,
                          .role = role,
                          .asked = role->request(*replicas_.context().profile)});
    changed_.push_back(partition);
}

bool Fetcher::remove(PartitionId partition) {
    Entry* entry = find(partition);
    if (entry == nullptr) return false;
    leave_session(*entry);
    const auto is_it = [&](PartitionId other) { return other == partition; };
    PartitionId* const changed_end = std::remove_if(changed_.begin(), changed_.end(), is_it);
    changed_.keep_front(static_cast<std::size_t>(changed_end - changed_.begin()));
    std::erase_if(delayed_, is_it);
    std::erase_if(range_unknown_, is_it);
    found_ = nullptr;
    entries_.erase(entries_.begin() + (entry - entries_.data()));
    return true;
}

void Fetcher::leave_session(Entry& entry) {
    if (!entry.in_session) return;
    entry.in_session = false;
    ASSERT(session_size_ > 0);
    --session_size_;
    if (session_open_) forgotten_.push_back(entry.partition);
}

void Fetcher::delay(Entry& entry, TimePoint now) {
    leave_session(entry);
    if (entry.role->delayed_until() > now) return;
    entry.role->delay(saturating_add(now, config_.replica_fetch_backoff));
    delayed_.push_back(entry.partition);
}

/// Partitions whose back-off is over are fetched again.
void Fetcher::revive(TimePoint now) {
    std::erase_if(delayed_, [&](PartitionId partition) {
        Entry* entry = find(partition);
        ASSERT(entry != nullptr);
        if (entry->role->delayed_until() > now) return false;
        mark_changed(*entry);
        return true;
    });
}

// ---- requests -----------------------------------------------------------------------------------

bool Fetcher::any_entry_ready(TimePoint now) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [now](const Entry& entry) { return entry.role->ready_to_fetch(now); });
}

void Fetcher::connect(TimePoint now) {
    if (channel_.state() == Channel::State::disconnected && anything_ready(now))
        channel_.maybe_connect(now, *replicas_.context().effects);
}

void Fetcher::send_range_request(TimePoint now) {
    const Entry* entry = find(range_unknown_.front());
    ASSERT(entry != nullptr);
    channel_.send(now,
                  ListOffsetsRequest{self_, entry->partition, entry->role->epoch(), range_spec_}, 0,
                  *replicas_.context().effects);
}

void Fetcher::send_fetch(TimePoint now) {
    const ReplicationContext& context = replicas_.context();
    MessageBox box = context.effects->messages().take<FetchRequest>();
    FetchRequest& request = std::get<FetchRequest>(*box);
    request.replica = self_;
    request.replica_epoch =
        context.profile->fetch_carries_broker_epoch ? context.broker_epoch : Maybe<BrokerEpoch>();
    request.max_wait = config_.replica_fetch_wait_max;
    request.min_bytes = config_.replica_fetch_min_bytes;
    request.max_bytes = config_.replica_fetch_response_max_bytes;
    request.partition_max_bytes = config_.replica_fetch_max_bytes;
    request.full = !session_open_;
    for (PartitionId partition : changed_) {
        Entry* entry = find(partition);
        ASSERT(entry != nullptr);
        entry->changed = false;
        // Delayed ones come back with revive(), stopped ones with the next add().
        if (!entry->role->ready_to_fetch(now)) continue;
        entry->asked = entry->role->request(*context.profile);
        request.partitions.push_back(entry->asked);
        if (entry->in_session) continue;
        entry->in_session = true;
        ++session_size_;
    }
    changed_.clear();
    if (session_size_ == 0) return;
    if (!forgotten_.empty()) [[unlikely]]
        tell_forgotten(request);
    session_open_ = true;
    channel_.send(now, std::move(box), 0, *context.effects);
}

void Fetcher::maybe_fetch(TimePoint now) {
    if (entries_.empty() || channel_.in_flight() > 0) return;
    if (!delayed_.empty()) [[unlikely]]
        revive(now);
    if (!channel_.ready()) [[unlikely]]
        return connect(now);
    if (!range_unknown_.empty()) [[unlikely]]
        return send_range_request(now);
    if (anything_ready(now)) send_fetch(now);
}

void Fetcher::tell_forgotten(FetchRequest& request) {
    for (PartitionId partition : forgotten_) {
        const Entry* entry = find(partition);
        if (entry == nullptr || !entry->in_session) request.forgotten.push_back(partition);
    }
    forgotten_.clear();
}

// ---- answers ------------------------------------------------------------------------------------

void Fetcher::on_connected(TimePoint now) {
    channel_.on_connected(now);
    maybe_fetch(now);
}

void Fetcher::on_fetch(TimePoint now, const FetchResponse& response) {
    ASSERT(response.error == ErrorCode::none);
    ReplicationContext& context = replicas_.context();
    const FetchPartitionResponse* const answers = response.partitions.data();
    for (std::size_t i = 0; i < response.partitions.size(); ++i) {
        Entry* entry = find(answers[i].partition);
        if (entry == nullptr || !entry->in_session) continue;
        const FetchOutcome outcome =
            entry->role->on_response(entry->asked, answers[i], replicas_.logs(), context);
        if (outcome == FetchOutcome::moved)
            mark_changed(*entry);
        else
            settle(now, *entry, outcome);
    }
}

void Fetcher::on_response(TimePoint now, Received& received) {
    channel_.on_response(received.correlation);
    if (const auto* fetch = std::get_if<FetchResponse>(&*received.message))
        on_fetch(now, *fetch);
    else
        on_list_offsets(now, std::get<ListOffsetsResponse>(*received.message));
    maybe_fetch(now);
}

void Fetcher::settle(TimePoint now, Entry& entry, FetchOutcome outcome) {
    switch (outcome) {
        case FetchOutcome::ignored:
        case FetchOutcome::unchanged:
            return;
        case FetchOutcome::moved:
            return mark_changed(entry);
        case FetchOutcome::delayed:
            return delay(entry, now);
        case FetchOutcome::stopped:
            remove(entry.partition);
            return;
        case FetchOutcome::out_of_range:
            leave_session(entry);
            range_unknown_.push_back(entry.partition);
            return;
    }
}

void Fetcher::on_list_offsets(TimePoint now, const ListOffsetsResponse& response) {
    const OffsetSpec asked = std::exchange(range_spec_, OffsetSpec::latest);
    if (range_unknown_.empty() || range_unknown_.front() != response.partition) return;
    Entry* entry = find(response.partition);
    ASSERT(entry != nullptr);
    Follower* role = entry->role;
    if (response.error != ErrorCode::none) {
        range_unknown_.erase(range_unknown_.begin());
        if (response.error == ErrorCode::fenced_leader_epoch)
            role->stop_fetching();
        else
            delay(*entry, now);
        return;
    }
    ASSERT(response.offset.has_value());
    ReplicationContext& context = replicas_.context();
    if (asked == OffsetSpec::latest) {
        if (role->on_leader_end(*response.offset, replicas_.logs(), context)) {
            range_spec_ = OffsetSpec::earliest;
            return;
        }
    } else {
        role->on_leader_start(*response.offset, replicas_.logs(), context);
    }
    range_unknown_.erase(range_unknown_.begin());
    mark_changed(*entry);
}

/// The request failed as a whole: every partition waits, the session is gone.
void Fetcher::on_failure(TimePoint now) {
    session_open_ = false;
    forgotten_.clear();
    range_unknown_.clear();
    range_spec_ = OffsetSpec::latest;
    for (Entry& entry : entries_) {
        if (entry.role->fetching()) delay(entry, now);
        leave_session(entry);
    }
    ASSERT(session_size_ == 0);
}

void Fetcher::on_lost(TimePoint now) {
    channel_.on_lost(now);
    on_failure(now);
}

void Fetcher::on_woken(TimePoint now) {
    if (channel_.expire(now, *replicas_.context().effects).second) on_failure(now);
    maybe_fetch(now);
}

void Fetcher::close(TimePoint now) {
    ASSERT(entries_.empty());
    channel_.disconnect(now, *replicas_.context().effects);
}

TimePoint Fetcher::revival() const {
    TimePoint first = TimePoint::max();
    for (PartitionId partition : delayed_) {
        const auto entry = lower_bound(partition);
        ASSERT(entry != entries_.end());
        ASSERT(entry->partition == partition);
        first = std::min(first, entry->role->delayed_until());
    }
    return first;
}

// ---- all fetchers -------------------------------------------------------------------------------

void FetcherManager::add(PartitionId partition, std::uint32_t index, NodeId leader) {
    const std::uint32_t id = index % static_cast<std::uint32_t>(config_.num_replica_fetchers);
    const auto before = [](const std::unique_ptr<Fetcher>& fetcher,
                           const std::pair<NodeId, std::uint32_t>& wanted) {
        return std::pair(fetcher->leader(), fetcher->fetcher_id()) < wanted;
    };
    auto at = std::lower_bound(fetchers_.begin(), fetchers_.end(), std::pair(leader, id), before);
    if (at == fetchers_.end() || (*at)->leader() != leader || (*at)->fetcher_id() != id)
        at = fetchers_.insert(
            at, std::make_unique<Fetcher>(self_, leader, id, seed_, config_, replicas_));
    (*at)->add(partition);
}

void FetcherManager::remove(PartitionId partition) {
    for (const auto& fetcher : fetchers_)
        if (fetcher->remove(partition)) return;
}

void FetcherManager::settle(TimePoint now) {
    std::erase_if(fetchers_, [&](const std::unique_ptr<Fetcher>& fetcher) {
        if (!fetcher->empty()) return false;
        fetcher->close(now);
        return true;
    });
    for (const auto& fetcher : fetchers_) fetcher->maybe_fetch(now);
}

void FetcherManager::on_woken(TimePoint now) {
    for (const auto& fetcher : fetchers_)
        if (fetcher->next_deadline() <= now) fetcher->on_woken(now);
}

}  // namespace core
