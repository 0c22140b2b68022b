/// The workload: which producer sends which record when. The application beside each producer.
///
/// Rules:
///   R1  Record n of a producer carries its id ("p1#7") in its value; numbers count what was
///       produced, across restarts. [SCENARIO_FORMAT 2]
///   R2  While a producer's process is down its records are not produced and take no number.
///   R3  While it is paused its application is too: what came due meanwhile is sent on waking.
///   R4  Nothing is produced at or after run.end.
///   R5  Null keys go to partition n mod partitions; keys as Kafka's default partitioner has it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/step/node.h"
#include "scenarios/model.h"
#include "sim/host.h"
#include "sim/kernel.h"

namespace sim {

/// [kafka Utils.murmur2, 3.9]
std::uint32_t murmur2(core::BytesView bytes);

class Workload {
  public:
    /// Told of a record right before its producer's send().
    using OnSend = std::function<void(core::NodeId client, core::RecordNumber number,
                                      core::PartitionId partition)>;

    /// `hosts`: of the producers, in the order of the scenario. All references outlive it.
    Workload(const scenario::Scenario& scenario, Kernel& kernel, std::vector<Host*> hosts,
             OnSend on_send);

    /// Time 0: plans the first records.
    void begin();
    /// A workload event: sends what is due.
    void on_event(const Event& event);
    /// A `produce` step: so many records now. How many are not produced because it is down.
    std::int64_t produce(std::uint32_t producer, std::int64_t records);
    /// The producer's process woke from a pause, or is gone.
    void on_resume(std::uint32_t producer);
    void on_death(std::uint32_t producer);
    /// run.end.
    void stop() { stopped_ = true; }

  private:
    struct Source {
        const scenario::Producer* spec = nullptr;
        Host* host = nullptr;
        core::PartitionId first_partition{0};  ///< of its topic
        std::uint32_t partitions = 0;
        std::uint32_t round = 0;  ///< next_number mod partitions
        std::int64_t next_number = 0;
        std::int64_t planned = 0;    ///< of the workload's own records, how many came due
        std::size_t burst = 0;       ///< the burst that is next
        std::int64_t asked = 0;      ///< by steps, not yet sent
        std::int64_t held_back = 0;  ///< came due during a pause
        core::TimePoint due{};       ///< when its plan goes on; max: never
        core::TimePoint armed = core::TimePoint::max();
        std::string value;          ///< of the record before
        std::size_t value_end = 0;  ///< where that record's number ends
    };

    /// When a source's plan goes on from where it is.
    static core::TimePoint plan_next(const Source& source);
    /// Whether its process is being shut down: what is due is not produced.
    static bool closing(const Source& source) {
        return source.host->state() == ProcessState::shutting_down;
    }
    /// Records of the source's own plan that are due now; advances the plan.
    std::int64_t take_due(Source& source) const;
    void send(Source& source);
    /// The partition of record `n` by its key, which is then in key_.
    std::uint32_t choose_by_key(const Source& source, std::int64_t n);
    /// Value of record `n`: made anew, or by counting up the one before it.
    [[gnu::noinline]] static void make_value(Source& source, std::int64_t n);
    static void write_value(Source& source, std::int64_t n);
    void arm(std::uint32_t producer, core::TimePoint at);

    Kernel& kernel_;
    OnSend on_send_;
    std::vector<Source> sources_;
    bool stopped_ = false;
    std::string key_;  ///< reused
};

}  // namespace sim
