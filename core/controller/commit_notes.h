/// CommitNotes: what the trace is told of records once they are committed.
///
/// Made when a record is applied, since only then both the old and the new registration are at
/// hand; held back until the high watermark passes the record.
///
/// Rules:
///   T1  Of one partition: partition_change first, then leader_elect, isr_shrink, isr_expand,
///       elr_change.
///   T2  A record that repeats what is (a fenced broker fenced once more) leaves no note.
///   T3  Notes leave in the order of their records.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/controller/image.h"
#include "core/protocol/metadata_record.h"
#include "core/protocol/note.h"
#include "core/step/node.h"

namespace core {

class CommitNotes {
  public:
    /// What the record that is about to be applied will change.
    struct Before {
        std::optional<PartitionRegistration> partition;
        bool fenced = true;
        bool in_controlled_shutdown = false;
        std::vector<PartitionId> cleared;  ///< by a ClearElrRecord
    };
    static Before before(const ClusterImage& image, const MetadataRecord& record);
    /// Notes of the record applied at `offset`; `image` already holds it.
    void add(MetadataOffset offset, const MetadataRecord& record, const Before& before,
             const ClusterImage& image);
    /// The controller's election, known once the record at `offset` that opens its epoch is
    /// committed.
    void add_election(MetadataOffset offset, ControllerEpoch epoch);
    /// Hands over everything below `high_watermark`.
    void emit(MetadataOffset high_watermark, Effects& effects);

  private:
    struct Waiting {
        MetadataOffset offset;
        Note note;
        ReplicaList replicas;
    };

    void add_partition(MetadataOffset offset, PartitionId id,
                       const std::optional<PartitionRegistration>& before,
                       const PartitionRegistration& after);
    void add_whole(MetadataOffset offset, PartitionId id, const PartitionRegistration& after);
    void add_elr(MetadataOffset offset, PartitionId id, const PartitionRegistration& after);
    void add_broker(MetadataOffset offset, const BrokerRegistrationChangeRecord& record,
                    const Before& before);
    void push(MetadataOffset offset, const Note& note, const ReplicaList& replicas = {});

    std::vector<Waiting> waiting_;
};

}  // namespace core
