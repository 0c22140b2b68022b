// digests FILE...: runs each scenario twice in this process and prints "id seed digest"; at last,
// on stderr, the kinds of note that no scenario reached. Exit 1 where the two runs differ, or a
// file is no scenario.
#include <array>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>

#include "core/base/assert.h"
#include "core/protocol/note.h"
#include "scenarios/read.h"
#include "sim/cluster.h"
#include "sim/trace/event.h"

namespace {

std::string hex(std::uint64_t number) {
    std::string text(16, '0');
    for (std::size_t i = text.size(); i-- > 0; number >>= 4)
        text[i] = "0123456789abcdef"[number & 15];
    return text;
}

/// Which kinds of note there were, in all runs that it watched.
struct Reached final : trace::Observer {
    void on_note(const trace::Moment& /*moment*/, core::NodeId /*who*/, const core::Note& note,
                 std::span<const core::NodeId> /*replicas*/) override {
        kinds[static_cast<std::size_t>(note.kind)] = true;
    }
    void on_world(const trace::Moment& /*moment*/, const trace::WorldEvent& /*event*/) override {}
    std::array<bool, core::kNoteKinds> kinds{};
};

std::uint64_t digest_of(const scenario::Scenario& scenario, trace::Observer* observer) {
    sim::Cluster cluster(scenario, scenario.run.seed, sim::RunOptions{});
    if (observer != nullptr) cluster.attach(*observer);
    const trace::Outcome outcome = cluster.run();
    if (outcome.end == trace::RunEnd::broken)
        std::cerr << scenario.id << ": " << outcome.failure << '\n';
    ASSERT(outcome.end != trace::RunEnd::broken);
    return outcome.digest;
}

/// True if both runs agree, the one that is watched and the one that is not.
bool print_digest(const std::string& file, Reached& reached) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const scenario::ReadResult read = scenario::read_scenario(file, bytes);
    if (!read.scenario) {
        std::cerr << file << ": " << read.errors << " errors\n";
        for (const scenario::Problem& problem : read.problems)
            std::cerr << scenario::problem_text(problem) << '\n';
        return false;
    }
    const std::uint64_t first = digest_of(*read.scenario, &reached);
    const std::uint64_t second = digest_of(*read.scenario, nullptr);
    std::cout << read.scenario->id << ' ' << read.scenario->run.seed << ' ' << hex(first) << '\n';
    if (first != second)
        std::cerr << read.scenario->id << ": " << hex(first) << " and then " << hex(second) << '\n';
    return first == second;
}

void print_never_reached(const Reached& reached) {
    std::cerr << "notes never reached:";
    for (int i = 0; i < core::kNoteKinds; ++i)
        if (!reached.kinds[static_cast<std::size_t>(i)])
            std::cerr << ' ' << core::name(static_cast<core::NoteKind>(i));
    std::cerr << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    bool agree = true;
    Reached reached;
    for (int i = 1; i < argc; ++i) {
        try {
            agree = print_digest(argv[i], reached) && agree;
        } catch (const core::AssertionFailure& failure) {
            std::cerr << argv[i] << ": " << failure.what() << '\n';
            agree = false;
        }
    }
    print_never_reached(reached);
    return agree ? 0 : 1;
}
