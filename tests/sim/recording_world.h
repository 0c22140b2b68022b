/// A world for step engines under test.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "sim/steps/engine.h"

namespace test {

using namespace core;
using sim::ProcessState;

/// A world that only remembers what was done to it, as short words in order.
class RecordingWorld final : public sim::World {
  public:
    TimePoint now() const override { return clock; }
    ProcessState process(NodeId node) const override {
        const auto at = states.find(node);
        return at == states.end() ? ProcessState::up : at->second;
    }
    bool crash_process(NodeId node, sim::InFlightFate) override { return down(node, "kill"); }
    bool crash_host(NodeId node, const sim::KeepRule&, sim::InFlightFate, std::uint64_t) override {
        return down(node, "power");
    }
    bool start(NodeId node) override {
        if (process(node) != ProcessState::down) return false;
        states[node] = ProcessState::up;
        did.push_back(concat("start ", node.value()));
        tell({.kind = trace::WorldKind::process_start, .node = node});
        return true;
    }
    bool shut_down(NodeId node) override {
        if (process(node) == ProcessState::down) return false;
        states[node] = ProcessState::shutting_down;
        did.push_back(concat("stop ", node.value()));
        return true;
    }
    bool pause(NodeId node) override {
        states[node] = ProcessState::paused;
        did.push_back(concat("pause ", node.value()));
        return true;
    }
    bool resume(NodeId node) override {
        if (process(node) != ProcessState::paused) return false;
        states[node] = ProcessState::up;
        did.push_back(concat("resume ", node.value()));
        return true;
    }
    void wipe_disk(NodeId node) override { down(node, "wipe"); }
    sim::CutId cut(std::span<const sim::LinkCut> cuts) override {
        std::string words = "cut";
        for (const auto& c : cuts)
            words += concat(" ", c.from.front().value(), ">", c.to.front().value());
        did.push_back(words);
        return sim::CutId(next_cut++);
    }
    void mend(sim::CutId) override { did.push_back("mend"); }
    sim::DegradeId degrade(std::span<const sim::LinkCut> links,
                           const scenario::LinkChange&) override {
        std::string words = "degrade";
        for (const auto& link : links) words += concat(" ", link.from.size(), ">", link.to.size());
        did.push_back(words);
        return sim::DegradeId(next_rule++);
    }
    void restore(sim::DegradeId id) override { did.push_back(concat("restore ", id.value())); }
    sim::DiskFaultId harm_disks(const sim::DiskFault& fault) override {
        constexpr const char* kWords[] = {"slow", "full", "failed"};
        did.push_back(
            concat(kWords[static_cast<int>(fault.kind)], " ", fault.nodes.front().value()));
        return sim::DiskFaultId(next_rule++);
    }
    void repair(sim::DiskFaultId id) override { did.push_back(concat("repair ", id.value())); }
    sim::MessageRuleId meet_messages(const sim::MessageFilter& filter,
                                     sim::MessageFate fate) override {
        std::string words = fate == sim::MessageFate::held ? "hold" : "drop";
        if (filter.api) words += concat(" ", scenario::name(*filter.api));
        for (NodeId node : filter.from) words += concat(" from ", node.value());
        for (NodeId node : filter.to) words += concat(" to ", node.value());
        did.push_back(words);
        return sim::MessageRuleId(next_rule++);
    }
    std::int64_t release_messages(sim::MessageRuleId rule,
                                  std::optional<std::int64_t> count) override {
        did.push_back(concat("release ", rule.value()));
        return count.value_or(0);
    }
    sim::MessageTally end_messages(sim::MessageRuleId rule) override {
        did.push_back(concat("flow ", rule.value()));
        return {5, 4, 1};
    }
    bool elect_leader(PartitionId, bool) override { return true; }
    bool alter_config(const std::vector<ConfigRecord>&) override { return true; }
    std::int64_t produce(NodeId, std::int64_t records) override {
        did.push_back(concat("produce ", records));
        return 0;
    }
    void wake_steps_at(TimePoint at) override { wakes.push_back(at); }
    void tell(const trace::WorldEvent& event) override {
        if (engine != nullptr)
            engine->on_world({clock, trace::EventId(0), trace::EventId(0)}, event);
    }
    Offset log_end_on_disk(PartitionId, NodeId) const override { return Offset(0); }

    /// The process ends by itself.
    void exits(NodeId node) {
        states[node] = ProcessState::down;
        tell({.kind = trace::WorldKind::process_exit, .node = node});
    }

    TimePoint clock = at_ns(0);
    std::map<NodeId, ProcessState> states;
    std::vector<std::string> did;
    std::vector<TimePoint> wakes;
    sim::StepEngine* engine = nullptr;
    std::uint32_t next_cut = 0;
    std::uint32_t next_rule = 0;

  private:
    bool down(NodeId node, const char* word) {
        if (process(node) == ProcessState::down) return false;
        states[node] = ProcessState::down;
        did.push_back(concat(word, " ", node.value()));
        tell({.kind = trace::WorldKind::process_crash, .node = node});
        return true;
    }
};

}  // namespace test
