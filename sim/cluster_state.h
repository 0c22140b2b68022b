/// What a Cluster is made of: the parts, and the loop that turns kernel events into their work.
/// Internal to sim/cluster*.cc.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/profile/config.h"
#include "core/protocol/topics.h"
#include "core/step/node.h"
#include "sim/cluster.h"
#include "sim/disk.h"
#include "sim/host.h"
#include "sim/invariants.h"
#include "sim/kernel.h"
#include "sim/network.h"
#include "sim/steps/engine.h"
#include "sim/trace/digest.h"
#include "sim/workload.h"
#include "sim/world.h"

namespace core {
class Broker;
class Reader;
}  // namespace core

namespace sim {

struct Cluster::State final : World, HostListener {
    State(const scenario::Scenario& the_scenario, std::uint64_t the_seed,
          const RunOptions& the_options);
    ~State() override;

    // ---- building (cluster_build.cc) ----
    void build_topics();
    void build_settings();
    void build_hosts();
    void add_host(core::NodeId id, int lanes, Host::Factory factory, SimDisk* disk);
    SimDisk& add_disk(core::NodeId id, const scenario::DiskModel& model);
    std::unique_ptr<core::Node> make_broker(std::size_t broker);
    std::unique_ptr<core::Node> make_controller(std::size_t controller);
    std::unique_ptr<core::Node> make_producer(std::size_t producer);
    std::unique_ptr<core::Node> make_reader();
    void format(Host& host);
    scenario::LinkModel link_model(HostIndex from, HostIndex to) const;
    bool means(const scenario::Target& target, HostIndex host) const;
    core::TimePoint start_time() const;
    /// The real start-up before 0, until the cluster is at rest at 0.
    void start_up();
    void create_topics();
    bool all_unfenced() const;
    void assert_at_rest() const;
    void go_live();

    // ---- running (cluster.cc) ----
    trace::Outcome run();
    void run_scenario(trace::Outcome& outcome);
    void run_audit(trace::Outcome& outcome);
    void read_all(std::vector<trace::PartitionOutcome>& partitions);
    void read_at(core::NodeId leader, const std::vector<trace::PartitionOutcome*>& led);
    bool reader_reaches(core::NodeId broker) const;
    void take_next();
    /// Nearly all events are of pipes; dispatch takes the others.
    [[gnu::always_inline]] void on_pipe(const Event& event);
    void dispatch(const Event& event);
    [[gnu::noinline, gnu::cold]] void before_arrival(const Event& event);
    void on_run_end(const Event& event);
    void take_settings(core::NodeId controller);
    void tell_cuts(core::NodeId broker);
    void refresh_min_isr(core::PartitionId partition);
    /// A note that others want than the ledger.
    [[gnu::noinline, gnu::cold]] void fold_widely(const trace::Moment& moment, core::NodeId who,
                                                  const core::Note& note,
                                                  std::span<const core::NodeId> replicas);
    void on_cluster_note(const trace::Moment& moment, core::NodeId who, const core::Note& note,
                         std::span<const core::NodeId> replicas);

    // ---- HostListener ----
    void on_notes(core::NodeId who, const core::Notes& notes) override;
    void on_process(trace::WorldKind kind, core::NodeId who, std::int64_t value) override;
    bool watches_delivery(const core::Message& message) const override;
    void before_delivery(core::NodeId to, core::NodeId from, const core::Message& message) override;
    HostIndex host_of(core::NodeId node) const override;
    void before_end(HostIndex host, const core::Node& node) override;

    // ---- World (cluster_world.cc) ----
    core::TimePoint now() const override { return kernel.now(); }
    ProcessState process(core::NodeId node) const override;
    bool crash_process(core::NodeId node, InFlightFate in_flight) override;
    bool crash_host(core::NodeId node, const KeepRule& keep, InFlightFate in_flight,
                    std::uint64_t step_draw) override;
    bool start(core::NodeId node) override;
    bool shut_down(core::NodeId node) override;
    bool pause(core::NodeId node) override;
    bool resume(core::NodeId node) override;
    void wipe_disk(core::NodeId node) override;
    CutId cut(std::span<const LinkCut> cuts) override;
    void mend(CutId cut) override;
    DegradeId degrade(std::span<const LinkCut> links, const scenario::LinkChange& change) override;
    void restore(DegradeId degraded) override;
    DiskFaultId harm_disks(const DiskFault& fault) override;
    void repair(DiskFaultId fault) override;
    MessageRuleId meet_messages(const MessageFilter& filter, MessageFate fate) override;
    std::int64_t release_messages(MessageRuleId rule, std::optional<std::int64_t> count) override;
    MessageTally end_messages(MessageRuleId rule) override;
    bool elect_leader(core::PartitionId partition, bool unclean) override;
    bool alter_config(const std::vector<core::ConfigRecord>& changes) override;
    std::int64_t produce(core::NodeId producer, std::int64_t records) override;
    void wake_steps_at(core::TimePoint at) override;
    void tell(const trace::WorldEvent& event) override;
    core::Offset log_end_on_disk(core::PartitionId partition, core::NodeId broker) const override;

    using Directions = std::vector<std::pair<HostIndex, HostIndex>>;
    struct Degraded {
        Directions directions;
        scenario::LinkChange change;
    };
    Directions directions_of(std::span<const LinkCut> links) const;
    /// Gives links, or disks, what the faults that are active make of them.
    void refresh_links(const Directions& directions);
    void refresh_disks(const std::vector<core::NodeId>& nodes);
    Host& host(core::NodeId node) { return *hosts[host_of(node)]; }
    const Host& host(core::NodeId node) const { return *hosts[host_of(node)]; }
    /// The active controller, if its process runs.
    Host* active_controller();
    bool is_client(HostIndex index) const { return index >= first_client; }

    const scenario::Scenario& scenario;
    const std::uint64_t seed;
    const RunOptions options;

    core::TopicTable topics;
    std::vector<core::BrokerConfig> broker_configs;      ///< by place in the scenario
    std::vector<core::BrokerConfig> controller_configs;  ///< likewise
    std::vector<core::ProducerConfig> producer_configs;  ///< likewise
    std::vector<core::NodeId> broker_ids;                ///< in id order: bootstrap.servers
    std::vector<core::NodeId> voters;                    ///< controllers in id order

    core::MessagePool messages;  ///< outlives all that hold any
    Kernel kernel;
    std::unique_ptr<Network> network;
    std::unique_ptr<core::Effects> effects;
    std::vector<std::unique_ptr<SimDisk>> disks;  ///< of brokers, then controllers
    std::vector<std::unique_ptr<Host>> hosts;     ///< brokers, controllers, producers, reader
    HostIndex first_client = 0;
    HostIndex reader = 0;
    core::NodeId reading_from{0};                   ///< the broker that the reader knows
    std::vector<core::PartitionId> reading;         ///< what it reads
    std::map<core::NodeId, HostIndex> index_of;     ///< of brokers and controllers
    std::vector<std::uint32_t> next_batch;          ///< by producer: survives its restarts
    std::map<core::NodeId, std::uint64_t> formats;  ///< how often a disk was formatted

    std::unique_ptr<trace::ClusterView> cluster_view;
    std::unique_ptr<trace::Ledger> records;
    std::unique_ptr<StepEngine> engine;
    std::unique_ptr<Workload> workload;
    std::unique_ptr<Invariants> invariants;
    std::vector<trace::Observer*> observers;
    core::NoteKinds observed;  ///< that invariants and observers see: all or none
    trace::Digest digest;

    std::vector<std::vector<std::pair<HostIndex, HostIndex>>> cuts;  ///< by CutId; empty: mended
    std::vector<Degraded> degraded;      ///< by DegradeId; without directions: restored
    std::vector<DiskFault> disk_faults;  ///< by DiskFaultId; without nodes: repaired

    // Dynamic settings as the controller has them; a topic's begin with those of its creation.
    core::ConfigMap cluster_config;
    std::map<core::NodeId, core::ConfigMap> broker_settings;
    std::map<core::TopicIndex, core::ConfigMap> topic_settings;

    bool watches_before = false;  ///< some step has `phase: before`
    bool live = false;            ///< between 0 and the audit: traced
    bool settled = false;         ///< the settle time is over
    bool audited = false;         ///< the cluster was looked at; nothing later is folded
};

}  // namespace sim
