#include "sim/invariants.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/text.h"

namespace sim {
namespace {

using core::NoteKind;

[[noreturn]] void broken(std::string_view invariant, const std::string& how) {
    throw core::AssertionFailure(core::concat("invariant ", invariant, ": ", how));
}

}  // namespace

Invariants::Invariants(const scenario::Scenario& scenario, const core::TopicTable& topics,
                       const trace::ClusterView& view, const trace::Ledger& ledger,
                       const void* context, DiskOf disk_of)
    : scenario_(scenario),
      topics_(topics),
      view_(view),
      ledger_(ledger),
      context_(context),
      disk_of_(disk_of) {
    std::vector<core::ConfigProblem> problems;
    for (const scenario::Producer& producer : scenario_.producers)
        acks_all_.push_back(
            core::resolve_producer(*scenario_.kafka.profile, producer.config, problems).acks < 0);
    for (std::uint32_t p = 0; p < topics_.partition_count(); ++p) {
        const trace::PartitionView& partition = view_.partition(core::PartitionId(p));
        committed_.emplace(core::PartitionId(p),
                           Committed{partition.leader_epoch, partition.partition_epoch});
        for (const core::NodeId replica : partition.replicas)
            in_use_.emplace(core::PartitionId(p), replica);
        if (partition.leader)
            leaders_.emplace(PartitionEpochKey{core::PartitionId(p), partition.leader_epoch},
                             *partition.leader);
    }
}

void Invariants::on_note(const trace::Moment& moment, core::NodeId who, const core::Note& note,
                         std::span<const core::NodeId> /*replicas*/) {
    if (note.kind == NoteKind::become_leader || note.kind == NoteKind::become_follower) {
        in_use_.emplace(*note.partition, who);
        check_sound(*note.partition, who);
        if (note.kind == NoteKind::become_leader) on_leader(who, note);
    } else if (note.kind == NoteKind::partition_change) {
        on_change(note);
    } else if (note.kind == NoteKind::leader_elect) {
        if (note.peer && note.value == 0) nothing_destroyed_yet_ = false;
        check_isr(*note.partition);
    } else if (note.kind == NoteKind::isr_shrink || note.kind == NoteKind::isr_expand) {
        check_isr(*note.partition);
    } else if (note.kind == NoteKind::hw_advance) {
        const auto reign = reigns_.find(ReplicaKey{*note.partition, who});
        if (reign == reigns_.end()) return;
        if (*note.end < reign->second.high_watermark)
            broken("high-watermark-holds",
                   core::concat(where(*note.partition), " on broker ", who.value(), " fell from ",
                                reign->second.high_watermark.value(), " to ", note.end->value()));
        reign->second.high_watermark = *note.end;
    } else if (note.kind == NoteKind::log_flush) {
        on_flush(moment.at, who, note);
    } else if (note.kind == NoteKind::log_truncate) {
        for (Flush& flush : flushes_[ReplicaKey{*note.partition, who}])
            flush.end = std::min(flush.end, *note.first);
    }
}

void Invariants::on_leader(core::NodeId who, const core::Note& note) {
    const core::PartitionId partition = *note.partition;
    const auto [at, first] =
        leaders_.emplace(PartitionEpochKey{partition, *note.leader_epoch}, who);
    if (!first && at->second != who)
        broken("one-leader-per-epoch",
               core::concat(where(partition), " epoch ", note.leader_epoch->value(), " is led by ",
                            at->second.value(), " and by ", who.value()));
    reigns_.insert_or_assign(ReplicaKey{partition, who},
                             Reign{*note.leader_epoch, note.first.value_or(core::Offset(0))});
    const core::Offset highest = ledger_.highest_high_watermark(partition);
    if (nothing_destroyed_yet_ && note.end && *note.end < highest)
        broken("leader-holds-committed",
               core::concat(where(partition), ": broker ", who.value(), " leads with log end ",
                            note.end->value(), ", the high watermark was ", highest.value()));
}

void Invariants::on_change(const core::Note& note) {
    const core::PartitionId partition = *note.partition;
    const core::PartitionEpoch epoch(static_cast<std::int32_t>(note.value));
    const auto at = committed_.find(partition);
    if (at != committed_.end() && note.leader_epoch) {
        if (epoch <= at->second.partition_epoch || *note.leader_epoch < at->second.leader_epoch)
            broken("epochs-grow",
                   core::concat(where(partition), " partition epoch ",
                                at->second.partition_epoch.value(), " -> ", epoch.value()));
        at->second = Committed{*note.leader_epoch, epoch};
    }
}

/// A change of the ISR is committed, and whether its election was clean is known.
void Invariants::check_isr(core::PartitionId partition) const {
    if (!nothing_destroyed_yet_) return;
    const core::ReplicaList& members = view_.partition(partition).isr;
    const std::span<const core::NodeId> isr(members.data(), members.size());
    check_acked_in_isr(partition, isr);
    check_isr_agrees(partition, isr);
}

void Invariants::check_acked_in_isr(core::PartitionId partition,
                                    std::span<const core::NodeId> isr) const {
    for (const trace::BatchEntry& batch : ledger_.batches()) {
        if (batch.partition != partition || batch.outcome != trace::ClientOutcome::acked) continue;
        const auto client =
            static_cast<std::size_t>(batch.tag.client.value() - core::kFirstClientId);
        if (!acks_all_[client]) continue;
        for (const core::NodeId member : isr) {
            if (!batch.held_by(member))
                broken("acked-in-isr",
                       core::concat(where(partition), ": record ", batch.first_record.value(),
                                    " of client ", client, " is not in the log of ISR member ",
                                    member.value()));
        }
    }
}

std::vector<const core::Batch*> Invariants::committed_batches(core::PartitionId partition,
                                                              core::NodeId broker) const {
    const core::Offset committed = ledger_.highest_high_watermark(partition);
    std::vector<const core::Batch*> batches;
    for (const core::ChunkList* segment : disk_of_(context_, broker).segments(partition))
        for (const core::Chunk chunk : *segment)
            if (chunk.batch != nullptr && chunk.batch->base_offset < committed)
                batches.push_back(chunk.batch);
    return batches;
}

void Invariants::check_isr_agrees(core::PartitionId partition,
                                  std::span<const core::NodeId> isr) const {
    if (isr.size() < 2) return;
    const auto first = committed_batches(partition, isr[0]);
    for (std::size_t i = 1; i < isr.size(); ++i) {
        const auto other = committed_batches(partition, isr[i]);
        std::size_t a = 0;
        std::size_t b = 0;
        for (; a < first.size() && b < other.size(); ++a, ++b) {
            const core::Offset at = std::min(first[a]->base_offset, other[b]->base_offset);
            const bool same = first[a]->base_offset == other[b]->base_offset &&
                              first[a]->next_offset() == other[b]->next_offset() &&
                              first[a]->leader_epoch == other[b]->leader_epoch;
            if (!same)
                broken("isr-agrees",
                       core::concat(where(partition), " at offset ", at.value(), ": brokers ",
                                    isr[0].value(), " and ", isr[i].value()));
        }
    }
}

void Invariants::check_sound(core::PartitionId partition, core::NodeId broker) const {
    const auto unsound = [&](core::Offset offset, std::string_view how) {
        broken("log-is-sound", core::concat(where(partition), " on broker ", broker.value(), ": ",
                                            how, " at offset ", offset.value()));
    };
    const auto known_hole = [&](core::Offset first, core::Offset end) {
        const auto holes = holes_.find(partition);
        if (holes == holes_.end()) return false;
        return std::any_of(holes->second.begin(), holes->second.end(), [&](const auto& hole) {
            return hole.first <= first && end <= hole.second;
        });
    };
    std::optional<core::Offset> next;
    for (const core::ChunkList* segment : disk_of_(context_, broker).segments(partition))
        for (const core::Chunk chunk : *segment) {
            if (chunk.batch == nullptr)
                return unsound(next.value_or(core::Offset(0)), "not a batch");
            const core::Offset base = chunk.batch->base_offset;
            if (next && base < *next) unsound(base, "a batch that overlaps the one before it");
            if (next && base > *next && !known_hole(*next, base)) unsound(*next, "a hole");
            next = chunk.batch->next_offset();
        }
}

void Invariants::on_flush(core::TimePoint at, core::NodeId who, const core::Note& note) {
    auto& flushes = flushes_[ReplicaKey{*note.partition, who}];
    // Notes are told in the event of their step: all of its work is in what the disk charged.
    const core::TimePoint over = at + disk_of_(context_, who).charged();
    // Of those that are surely over only the farthest counts.
    core::Offset farthest{0};
    for (const Flush& flush : flushes)
        if (flush.over <= at) farthest = std::max(farthest, flush.end);
    std::erase_if(flushes,
                  [&](const Flush& flush) { return flush.over <= at && flush.end < farthest; });
    flushes.push_back(Flush{over, *note.end});
}

void Invariants::on_world(const trace::Moment& moment, const trace::WorldEvent& event) {
    using trace::WorldKind;
    if (event.kind == WorldKind::disk_wiped) {
        nothing_destroyed_yet_ = false;
        std::erase_if(flushes_, [&](const auto& of) { return of.first.second == *event.node; });
    }
    if (event.kind == WorldKind::process_crash && event.value == 1) nothing_destroyed_yet_ = false;
    if (event.kind == WorldKind::process_crash || event.kind == WorldKind::process_exit)
        std::erase_if(in_use_, [&](const ReplicaKey& of) { return of.second == *event.node; });
    if (event.kind == WorldKind::audit)
        for (const auto& [partition, broker] : in_use_) check_sound(partition, broker);
    if (event.kind == WorldKind::disk_lost) on_disk_lost(moment.at, event);
}

void Invariants::on_disk_lost(core::TimePoint at, const trace::WorldEvent& event) {
    nothing_destroyed_yet_ = false;
    const core::PartitionId partition = *event.partition;
    if (disk_of_(context_, *event.node).log_end(partition) > *event.first)
        holes_[partition].emplace_back(*event.first, *event.end);
    const auto flushes = flushes_.find(ReplicaKey{partition, *event.node});
    if (flushes == flushes_.end()) return;
    for (const Flush& flush : flushes->second)
        if (flush.over <= at && *event.first < flush.end)
            broken("flushed-survives",
                   core::concat(where(partition), " on broker ", event.node->value(), " lost ",
                                event.first->value(), ", flushed up to ", flush.end.value()));
    for (Flush& flush : flushes->second) flush.end = std::min(flush.end, *event.first);
}

}  // namespace sim
