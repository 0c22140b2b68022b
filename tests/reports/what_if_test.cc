// Real runs of the built-in scenarios: what explain claims of them is tried.
#include "tools/lab/what_if.h"

#include <doctest/doctest.h>

#include "scenarios/library.h"

namespace {

using report::Answer;
using scenario::Scenario;

Scenario read(const scenario::LibraryFile& file, const scenario::ReadOptions& options = {}) {
    scenario::ReadResult result = scenario::read_scenario(file.name, file.bytes, options);
    REQUIRE(result.scenario.has_value());
    return std::move(*result.scenario);
}

std::unique_ptr<lab::RunResult> run(const Scenario& scenario) {
    lab::RunOptions options;
    options.seed = scenario.run.seed;
    return lab::run_once(scenario, options);
}

report::Fate fate_in(const lab::RunResult& result, const report::Loss& loss) {
    return result.judgement()
        .fates[loss.client][static_cast<std::size_t>(loss.number.value())]
        .fate;
}

bool sends(const scenario::Action& action) {
    return std::holds_alternative<scenario::ProduceAction>(action);
}

/// The record's fate when no step begins any more behind a moment, but those that send.
report::Fate fate_without_steps_after(const Scenario& scenario, const lab::RunResult& first,
                                      const report::Loss& loss, core::TimePoint moment) {
    Scenario changed = scenario;
    for (std::size_t i = 0; i < changed.steps.size(); ++i) {
        if (first.outcome().steps[i].at <= moment || sends(changed.steps[i].action)) continue;
        changed.steps[i].action = scenario::NoteAction{};
        changed.steps[i].lasting = scenario::UntilHealed{};
    }
    return fate_in(*run(changed), loss);
}

TEST_SUITE("report.what_if") {
    TEST_CASE("from the point of no return on a record is lost, whatever steps are left out") {
        int tried = 0;
        for (const scenario::LibraryFile& file : scenario::library()) {
            const Scenario scenario = read(file);
            const auto first = run(scenario);
            if (first->judgement().losses.empty()) continue;
            for (const report::Loss* loss :
                 {&first->judgement().losses.front(), &first->judgement().losses.back()}) {
                INFO(file.id, " ", loss->number.value(), " no way back at ",
                     loss->how.no_way_back_at.time_since_epoch().count());
                CHECK(fate_without_steps_after(scenario, *first, *loss, loss->how.no_way_back_at) ==
                      report::Fate::lost);
                ++tried;
            }
        }
        CHECK(tried > 10);
    }

    TEST_CASE("the leader that answers alone: acks=all saves, its crash is needed") {
        const scenario::LibraryFile* file = scenario::find_in_library("acks1-leader-crash");
        REQUIRE(file != nullptr);
        const Scenario scenario = read(*file);
        const auto first = run(scenario);
        const report::Loss& loss = first->judgement().losses.front();
        const report::WhatIfs what_ifs = lab::what_if(lab::Original{file->name, file->bytes, {}},
                                                      *first, loss.client, loss.number);
        const auto find = [&](std::string_view label) -> const report::Counterfactual& {
            for (const report::Counterfactual& one : what_ifs.counterfactuals)
                if (one.label.en == label) return one;
            FAIL("no such change");
            return what_ifs.counterfactuals.front();
        };
        CHECK(find("acks=all").answer == Answer::saved);
        CHECK(find("acks=all").change == "/producers/*/config/acks=all");
        // Nobody waits there for an acknowledgement that lives on the leader alone.
        CHECK(find("acks=all").pinned == std::vector<std::string>{"kill-leader"});
        CHECK(find("Kafka 4.1").answer == Answer::lost_again);
        // Its step waits for another record there, and that one is lost instead.
        CHECK(find("flush.messages=1").answer == Answer::not_all);
        CHECK(find("flush.messages=1").moved == std::vector<std::string>{"kill-leader"});
        CHECK(find("acks=all").moved.empty());
        CHECK(find("flush.messages=1").others_lost > 0);
        REQUIRE(report::cheapest(what_ifs.counterfactuals) != nullptr);
        CHECK(report::cheapest(what_ifs.counterfactuals)->label.en == "acks=all");
        CHECK(find("enable.idempotence=true").answer == Answer::refused);
        CHECK(find("one more replica").answer == Answer::impossible);
        // What holds already is not tried.
        for (const report::Counterfactual& one : what_ifs.counterfactuals) {
            CHECK(one.label.en != "min.insync.replicas=2");
            CHECK(one.label.en != "unclean.leader.election.enable=false");
        }
        REQUIRE(what_ifs.branches.size() == 1);
        CHECK(what_ifs.branches[0].step == "kill-leader");
        CHECK(what_ifs.branches[0].needed());
    }

    TEST_CASE("where Kafka has ELR and it is off, it is tried") {
        for (const auto& [id, tried] : {std::pair("last-replica-standing-elr-off", true),
                                        std::pair("acks1-leader-crash", false)}) {
            const scenario::LibraryFile* file = scenario::find_in_library(id);
            REQUIRE(file != nullptr);
            const Scenario scenario = read(*file);
            const auto first = run(scenario);
            const report::Loss& loss = first->judgement().losses.front();
            const report::WhatIfs what_ifs = lab::what_if(
                lab::Original{file->name, file->bytes, {}}, *first, loss.client, loss.number);
            int found = 0;
            for (const report::Counterfactual& one : what_ifs.counterfactuals) {
                if (one.label.en != "ELR on") continue;
                ++found;
                CHECK(one.answer == Answer::saved);
                CHECK(one.change == "/kafka/features/eligible.leader.replicas.version=1");
            }
            CHECK(found == (tried ? 1 : 0));
        }
    }

    TEST_CASE("each change that was run can be repeated with --set, and gives that verdict") {
        for (const std::string_view id : {"unclean-on", "isr-of-one-power", "random-1"}) {
            const scenario::LibraryFile* file = scenario::find_in_library(id);
            REQUIRE(file != nullptr);
            const Scenario scenario = read(*file);
            const auto first = run(scenario);
            if (first->judgement().losses.empty()) continue;
            const report::Loss& loss = first->judgement().losses.front();
            const report::WhatIfs what_ifs = lab::what_if(
                lab::Original{file->name, file->bytes, {}}, *first, loss.client, loss.number);
            CHECK_FALSE(what_ifs.counterfactuals.empty());
            for (const report::Counterfactual& one : what_ifs.counterfactuals) {
                INFO(id, " ", one.change);
                CHECK_FALSE(one.because.en.empty());
                CHECK_FALSE(one.because.zh.empty());
                if (!one.verdict || !one.pinned.empty()) continue;
                scenario::ReadOptions options;
                options.set = {one.change};
                const Scenario changed = read(*file, options);
                const auto again = run(changed);
                CHECK(again->judgement().verdict == *one.verdict);
                if (one.answer == Answer::saved || one.answer == Answer::not_all)
                    CHECK(fate_in(*again, loss) == report::Fate::kept);
                if (one.answer == Answer::lost_again)
                    CHECK(fate_in(*again, loss) == report::Fate::lost);
            }
        }
    }
}

}  // namespace
