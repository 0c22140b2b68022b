// The sentence about the setting: it names one that played a part, and says what Kafka does.
#include <doctest/doctest.h>

#include "reports/causes.h"
#include "tests/reports/hand_history.h"

namespace {

using report::Cause;
using test::HandHistory;

TEST_SUITE("report.settings") {
    TEST_CASE("the setting that mattered is one that played a part") {
        const auto setting = [](const HandHistory& h, Cause cause) {
            return report::setting_that_mattered(h.history(), cause, 0, core::PartitionId(0)).en;
        };
        const auto says = [](const std::string& text, std::string_view part) {
            CAPTURE(text);
            return text.find(part) != std::string::npos;
        };
        HandHistory::Options options;
        HandHistory alone(options);
        alone.judge(1);
        CHECK(says(setting(alone, Cause::zombie_leader_ack), "acks=1: the leader answers alone"));
        CHECK(says(setting(alone, Cause::disk_wiped), "acks=1: the leader answers alone"));

        options.acks = "all";
        HandHistory all(options);
        all.judge(1);
        CHECK(says(setting(all, Cause::zombie_leader_ack), "all of the leader's own ISR"));
        CHECK(says(setting(all, Cause::disk_wiped), "only a member of the ISR may lead"));
        // It is off, nothing switched it on and nobody elected by hand: nothing to say.
        CHECK(setting(all, Cause::unclean_election).empty());

        const scenario::AtTrigger at{scenario::Distribution(core::from_ms(5'000))};
        options.steps.push_back(
            scenario::Step{"by-hand",
                           {},
                           at,
                           scenario::ElectLeaderAction{core::PartitionId(0), true},
                           scenario::UntilHealed{}});
        HandHistory by_hand(options);
        by_hand.judge(1);
        CHECK(says(setting(by_hand, Cause::unclean_election),
                   "by hand (step by-hand) overrides unclean.leader.election.enable=false"));

        core::ConfigMap config;
        core::set_config(config, "unclean.leader.election.enable", "true");
        scenario::AlterConfigAction alter;
        alter.config = config;
        options.steps[0].action = alter;
        HandHistory allowed(options);
        allowed.judge(1);
        CHECK(says(setting(allowed, Cause::unclean_election),
                   "unclean.leader.election.enable=true, which step by-hand set"));
    }
}

}  // namespace
