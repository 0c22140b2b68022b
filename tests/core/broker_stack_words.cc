// What transcripts say: notes, answers, roles and logs in words.
#include "core/base/text.h"
#include "tests/core/broker_stack.h"

namespace test {

using namespace core;

namespace {

constexpr PartitionId kOnlyPartition{0};

std::string who(int id) {
    if (id == kControllerId) return "controller";
    if (id == kClientId) return "client";
    return std::to_string(id);
}

std::string who(std::optional<NodeId> id) {
    return id ? who(id->value()) : "nobody";
}

std::string replica_text(std::span<const NodeId> replicas) {
    std::vector<std::string> parts;
    for (NodeId replica : replicas) parts.push_back(std::to_string(replica.value()));
    return "[" + join(parts, " ") + "]";
}

std::string range(Offset first, Offset end) {
    if (end - first == 1) return std::to_string(first.value());
    return concat(first.value(), "..", end.value() - 1);
}

/// Notes of the data path; nothing: not one of them, or not worth a line.
std::string log_words(const Note& note) {
    const std::string epoch = note.leader_epoch ? std::to_string(note.leader_epoch->value()) : "?";
    if (note.kind == NoteKind::log_append)
        return concat("append ", range(*note.first, *note.end), "@", epoch);
    if (note.kind == NoteKind::log_truncate)
        return concat("truncate ", note.end->value(), " to ", note.first->value());
    if (note.kind == NoteKind::log_recovered)
        return concat("recovers ", note.first->value(), "..", note.end->value());
    if (note.kind == NoteKind::fetch_diverging)
        return concat("tells ", who(note.peer), ": epoch ", epoch, " ends at ", note.end->value());
    if (note.kind == NoteKind::hw_advance)
        return concat("hw ", note.first->value(), " -> ", note.end->value());
    if (note.kind == NoteKind::become_leader)
        return concat("leader epoch ", epoch, " at ", note.end->value());
    if (note.kind == NoteKind::become_follower)
        return concat("follower of ", who(note.peer), " epoch ", epoch);
    if (note.kind == NoteKind::duplicate_sequence)
        return concat("duplicate of ", range(*note.first, *note.end));
    if (note.kind == NoteKind::produce_expired)
        return concat(name(note.kind), " ", name(note.error));
    if (note.kind == NoteKind::produce_refused || note.kind == NoteKind::fetch_refused)
        return concat(name(note.kind), " ", name(note.error), " for ", who(note.peer));
    if (note.kind == NoteKind::broker_running) return "running";
    if (note.kind == NoteKind::broker_shut_down) return "stopped clean";
    return "";
}

/// Notes about who leads and who is in sync.
std::string cluster_words(const Note& note, std::span<const NodeId> replicas) {
    const std::string epoch = note.leader_epoch ? std::to_string(note.leader_epoch->value()) : "?";
    if (note.kind == NoteKind::isr_propose) return concat("propose isr ", replica_text(replicas));
    if (note.kind == NoteKind::isr_refused) return concat("isr refused ", name(note.error));
    if (note.kind == NoteKind::isr_shrink || note.kind == NoteKind::isr_expand)
        return concat("isr ", replica_text(replicas));
    if (note.kind == NoteKind::leader_elect)
        return concat("elect ", who(note.peer), " epoch ", epoch,
                      note.value == 0 ? ", unclean" : "");
    if (note.kind == NoteKind::elr_change)
        return concat("elr ", replica_text(replicas),
                      note.peer ? concat(", last known ", note.peer->value()) : std::string());
    if (note.kind == NoteKind::broker_fenced) return concat("fence ", who(note.peer));
    if (note.kind == NoteKind::broker_unfenced) return concat("unfence ", who(note.peer));
    if (note.kind == NoteKind::alter_partition_refused)
        return concat("refuses isr of ", who(note.peer), " ", name(note.error));
    return "";
}

}  // namespace

// ---- words --------------------------------------------------------------------------------------

void Stack::tell_response(int broker, const ProduceResponse& response) {
    for (const ProducePartitionResponse& part : response.partitions) {
        std::string line = concat(who(broker), "->client ");
        if (part.error == ErrorCode::none)
            line += concat("ok offset ", part.base_offset->value(), ", isr of ", part.isr_size);
        else
            line += name(part.error);
        lines_.push_back(line);
    }
}

void Stack::tell(int id, const Note& note, std::span<const NodeId> replicas) {
    std::string line = log_words(note);
    if (line.empty()) line = cluster_words(note, replicas);
    if (!line.empty()) lines_.push_back(concat(who(id), " ", line));
}

const Broker* Stack::broker(int id) const {
    return static_cast<const Broker*>(machines_.at(id).node.get());
}

std::string Stack::log_text(int id) const {
    const Broker* node = broker(id);
    const Log* log = node == nullptr ? nullptr : node->log(kOnlyPartition);
    if (log == nullptr) return "no log";
    const Offset hw = log->high_watermark();
    std::vector<std::string> parts;
    std::optional<std::pair<Offset, LeaderEpoch>> run;
    Offset at = log->log_start();
    bool bar = false;
    const auto flush = [&](Offset end) {
        if (run && run->first < end)
            parts.push_back(concat(range(run->first, end), "@", run->second.value()));
        run.reset();
    };
    while (at < log->log_end_offset()) {
        const BatchList batches = log->read(at, 1 << 20, log->log_end_offset());
        // A cut inside a batch takes the whole batch: nothing lies between it and the end.
        if (batches.empty()) break;
        for (const Batch& batch : batches) {
            for (Offset offset = batch.base_offset; offset < batch.next_offset();
                 offset = offset.next()) {
                if (!bar && offset >= hw) {
                    flush(offset);
                    parts.push_back("|");
                    bar = true;
                }
                if (!run || run->second != batch.leader_epoch) {
                    flush(offset);
                    run = {offset, batch.leader_epoch};
                }
            }
            at = batch.next_offset();
        }
    }
    flush(at);
    if (!bar) parts.push_back("|");
    return join(parts, " ");
}

std::string Stack::role_text(int id) const {
    const Broker* node = broker(id);
    if (node == nullptr) return "down";
    const Partition* partition = node->partition(kOnlyPartition);
    if (partition == nullptr) return "nothing";
    if (const Leader* leader = partition->leader()) {
        const auto members_text = [](const ReplicaList& list) {
            return replica_text({list.data(), list.size()});
        };
        std::string text = concat("leader epoch ", leader->epoch().value(), " isr ",
                                  members_text(leader->isr().isr()));
        if (leader->isr().in_flight())
            text += concat(" maximal ", members_text(leader->isr().maximal_isr()));
        return text;
    }
    if (const Follower* follower = partition->follower())
        return concat("follower of ", who(follower->leader()), " epoch ",
                      follower->epoch().value());
    return "offline";
}

}  // namespace test
