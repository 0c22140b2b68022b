// digests FILE...: runs each scenario twice in this process and prints "id seed digest". Exit 1
// where the two runs differ, or a file is no scenario.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "core/base/assert.h"
#include "scenarios/read.h"
#include "sim/cluster.h"

namespace {

std::string hex(std::uint64_t number) {
    std::string text(16, '0');
    for (std::size_t i = text.size(); i-- > 0; number >>= 4)
        text[i] = "0123456789abcdef"[number & 15];
    return text;
}

std::uint64_t digest_of(const scenario::Scenario& scenario) {
    sim::Cluster cluster(scenario, scenario.run.seed, sim::RunOptions{});
    const trace::Outcome outcome = cluster.run();
    if (outcome.end == trace::RunEnd::broken)
        std::cerr << scenario.id << ": " << outcome.failure << '\n';
    ASSERT(outcome.end != trace::RunEnd::broken);
    return outcome.digest;
}

/// True if both runs agree.
bool print_digest(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const scenario::ReadResult read = scenario::read_scenario(file, bytes);
    if (!read.scenario) {
        std::cerr << file << ": " << read.errors << " errors\n";
        for (const scenario::Problem& problem : read.problems)
            std::cerr << scenario::problem_text(problem) << '\n';
        return false;
    }
    const std::uint64_t first = digest_of(*read.scenario);
    const std::uint64_t second = digest_of(*read.scenario);
    std::cout << read.scenario->id << ' ' << read.scenario->run.seed << ' ' << hex(first) << '\n';
    if (first != second)
        std::cerr << read.scenario->id << ": " << hex(first) << " and then " << hex(second) << '\n';
    return first == second;
}

}  // namespace

int main(int argc, char** argv) {
    bool agree = true;
    for (int i = 1; i < argc; ++i) {
        try {
            agree = print_digest(argv[i]) && agree;
        } catch (const core::AssertionFailure& failure) {
            std::cerr << argv[i] << ": " << failure.what() << '\n';
            agree = false;
        }
    }
    return agree ? 0 : 1;
}
