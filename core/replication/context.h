/// What a broker lends its partitions for the length of one step: the time, what it knows of other
/// brokers, and the lists in which a partition leaves work that concerns more than itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/maybe.h"
#include "core/base/reused_list.h"
#include "core/base/time.h"
#include "core/profile/profile.h"
#include "core/replication/fetch_session.h"
#include "core/replication/isr.h"
#include "core/replication/isr_state.h"
#include "core/step/node.h"

namespace core {

/// An ISR change that a leader wants the controller to make.
struct IsrProposal {
    PartitionId partition;
    ProposalId proposal;
    AlterPartitionItem item;
};

struct ReplicationContext {
    ReplicationContext(NodeId id, const Profile& version, Duration replica_lag_time_max)
        : self(id), profile(&version), lag_max(replica_lag_time_max) {}

    NodeId self;
    const Profile* profile;
    Duration lag_max;  ///< replica.lag.time.max.ms
    TimePoint now = TimePoint::min();
    Effects* effects = nullptr;
    Maybe<BrokerEpoch> broker_epoch;    ///< of this broker's registration
    std::vector<BrokerStatus> brokers;  ///< all registered, in id order
    std::uint64_t next_proposal = 0;

    /// Sessions whose parked fetch may have something to answer now.
    ReusedList<FetchSession*> touched;
    /// Partitions whose waiting produce requests may be complete now.
    ReusedList<PartitionId> settled;
    std::vector<IsrProposal> proposals;
    /// Partitions whose log began a new segment: what lies below it waits to be flushed.
    std::vector<PartitionId> rolled;

    /// Brokers are few: found one after the other.
    const BrokerStatus* find_broker(NodeId broker) const {
        for (const BrokerStatus& status : brokers)
            if (status.broker == broker) return &status;
        return nullptr;
    }
    /// Puts a session on the list, once.
    void touch(FetchSession& session) {
        if (session.touched) return;
        session.touched = true;
        touched.push_back(&session);
    }
};

}  // namespace core
