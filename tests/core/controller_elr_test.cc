// Kafka 4.0 and 4.1: eligible leader replicas (KIP-966) as the controller keeps them, what a
// registration says of the life before it, and the tracker of sessions.
#include <doctest/doctest.h>

#include "core/controller/session_tracker.h"
#include "tests/core/controller_harness.h"

namespace {

using namespace core;
using test::control::ControllerHarness;
using test::control::Settings;
using test::control::ThreeBrokers;

const Settings kMinIsr2 = {{"min.insync.replicas", "2"}};

Profile version(const char* name) {
    return *find_profile(name)->profile;
}

/// Three brokers of a new cluster with ELR on, min ISR 2.
class Eligible : public ThreeBrokers {
  public:
    explicit Eligible(const char* name = "4.1", Settings settings = kMinIsr2)
        : ThreeBrokers(std::move(settings), {}, with_elr(name)) {}

    /// The leader proposes this ISR.
    void propose(int leader, const std::vector<int>& wanted) {
        const auto response = ask<AlterPartitionResponse>(leader, alter(leader, item(wanted)));
        REQUIRE(response.partitions.at(0).error == ErrorCode::none);
    }
    /// The sessions of 2 and 3 end, then that of the leader, 1.
    void all_down() {
        live({1}, from_ms(14'000));
        run_for(from_ms(14'000));
        answers.clear();
    }
    /// A new process, with or without the marker of a clean shutdown, and with another disk if a
    /// directory is named; fenced.
    void registers(int broker, std::uint64_t incarnation, bool clean, std::uint64_t directory = 0) {
        const auto own = std::uint64_t{1000} + static_cast<std::uint64_t>(broker);
        BrokerRegistrationRequest request{NodeId(broker), IncarnationId(incarnation), {}, {}};
        request.directories.emplace_back(directory != 0 ? directory : own);
        if (clean) request.previous_broker_epoch = epoch_of(broker);
        REQUIRE(ask<BrokerRegistrationResponse>(broker, request).error == ErrorCode::none);
    }
    void returns(int broker, std::uint64_t incarnation, bool clean) {
        registers(broker, incarnation, clean);
        REQUIRE_FALSE(heartbeat(broker).is_fenced);
    }
    std::vector<int> elr() const { return numbers(at(0).elr); }
    std::vector<int> last_known() const { return numbers(at(0).last_known_elr); }

    static std::vector<int> numbers(const ReplicaList& replicas) {
        std::vector<int> list;
        for (NodeId replica : replicas) list.push_back(replica.value());
        std::sort(list.begin(), list.end());
        return list;
    }

  private:
    static Profile with_elr(const char* name) {
        Profile profile = version(name);
        profile.elr_default_on = profile.elr_supported;
        return profile;
    }
};

/// ISR {1}, ELR {2}: 3 left while two stayed, 2 left after it.
void shrink_to_one(Eligible& h) {
    h.propose(1, {1, 2});
    CHECK(h.elr().empty());
    h.propose(1, {1});
    CHECK(h.elr() == std::vector{2});
}

std::size_t offset_after(const ControllerHarness& h) {
    return static_cast<std::size_t>(h.end().value());
}

}  // namespace

TEST_SUITE("core.controller_elr") {
    TEST_CASE("a new 4.1 cluster has ELR, an upgraded one and 4.0 do not") {
        struct Row {
            const char* version;
            std::optional<std::int16_t> formatted;
            std::int16_t level;
        };
        for (const Row& row : {Row{"3.9", {}, 0}, Row{"4.0", {}, 0}, Row{"4.0", std::int16_t{1}, 1},
                               Row{"4.1", {}, 1}, Row{"4.1", std::int16_t{0}, 0}}) {
            CAPTURE(row.version);
            BrokerConfig config;
            config.topic_defaults.min_insync_replicas = 2;
            ControllerHarness h({1}, config, version(row.version));
            h.controller = std::make_unique<Controller>(NodeId(100), h.profile, h.config, h.topics,
                                                        h.storage, row.formatted);
            h.step(Started{});
            h.run_to(h.now);
            CHECK(h.controller->image().feature_level(kElrFeature) == row.level);
            // The cluster's own min.insync.replicas goes before the brokers'.
            const auto min_isr =
                find_config(h.controller->image().cluster_config(), "min.insync.replicas");
            CHECK(min_isr.has_value() == (row.level == 1));
            if (min_isr) CHECK(*min_isr == "2");
            // The log says it from now on.
            const std::size_t end = offset_after(h);
            h.start();
            CHECK(h.controller->image().feature_level(kElrFeature) == row.level);
            CHECK(offset_after(h) == end + 1);
        }
    }

    TEST_CASE("who leaves below min ISR stays eligible; a full ISR empties the list") {
        Eligible h;
        shrink_to_one(h);
        h.notes.clear();
        h.propose(1, {1, 3});
        CHECK(h.elr().empty());
        const auto notes = h.notes_of(NoteKind::elr_change);
        REQUIRE(notes.size() == 1);
        CHECK(notes[0].replicas.empty());
        CHECK(h.notes.back().note.kind == NoteKind::elr_change);
    }

    TEST_CASE("V6: an eligible replica leads where 3.9 waits for the last member of the ISR") {
        Eligible h;
        shrink_to_one(h);
        h.live({2, 3}, from_ms(14'000));
        // 2 was alive all the time: it leads as soon as the ISR is empty.
        CHECK(h.leader() == 2);
        CHECK(h.isr() == std::vector{2});
        CHECK(h.elr() == std::vector{1});
        CHECK(h.last_known().empty());
        CHECK(h.at(0).recovery_state == RecoveryState::recovered);
        const auto elections = h.notes_of(NoteKind::leader_elect);
        CHECK(elections.back().note.value == 1);

        ThreeBrokers old(kMinIsr2);
        CHECK(old.ask<AlterPartitionResponse>(1, old.alter(1, old.item({1, 2})))
                  .partitions[0]
                  .error == ErrorCode::none);
        CHECK(old.ask<AlterPartitionResponse>(1, old.alter(1, old.item({1}))).partitions[0].error ==
              ErrorCode::none);
        old.live({2, 3}, from_ms(14'000));
        CHECK(old.leader() == 0);
        CHECK(old.isr() == std::vector{1});
        CHECK(old.at(0).elr.empty());
    }

    TEST_CASE("a clean return keeps a replica eligible, an unclean one does not") {
        for (const bool clean : {true, false}) {
            CAPTURE(clean);
            Eligible h;
            shrink_to_one(h);
            h.all_down();
            CHECK(h.leader() == 0);
            CHECK(h.isr().empty());
            CHECK(h.elr() == std::vector{1, 2});
            CHECK(h.last_known() == std::vector{1});
            h.registers(2, 7, clean);
            CHECK(h.elr() == (clean ? std::vector{1, 2} : std::vector{1}));
            CHECK_FALSE(h.heartbeat(2).is_fenced);
            CHECK(h.leader() == (clean ? 2 : 0));
        }
    }

    TEST_CASE("V7: where nobody is eligible any more the last known leader leads, unclean") {
        Eligible h;
        shrink_to_one(h);
        h.all_down();
        h.returns(3, 7, false);
        h.returns(2, 7, false);
        CHECK(h.leader() == 0);
        CHECK(h.elr() == std::vector{1});
        h.returns(1, 7, false);
        CHECK(h.leader() == 1);
        CHECK(h.isr() == std::vector{1});
        CHECK(h.elr().empty());
        CHECK(h.last_known().empty());
        CHECK(h.at(0).recovery_state == RecoveryState::recovering);
        CHECK(h.notes_of(NoteKind::leader_elect).back().note.value == 0);
    }

    TEST_CASE("min ISR 1: no protection, the leader is the last known one") {
        Eligible h("4.1", {});
        h.propose(1, {1});
        CHECK(h.elr().empty());
        h.live({2, 3}, from_ms(14'000));
        CHECK(h.isr().empty());
        CHECK(h.elr() == std::vector{1});
        CHECK(h.leader() == 0);
        h.send(2, h.beat(2));
        h.registers(1, 7, false);
        CHECK(h.elr().empty());
        CHECK(h.last_known() == std::vector{1});
        CHECK_FALSE(h.heartbeat(1).is_fenced);
        CHECK(h.leader() == 1);
    }

    TEST_CASE("V8: 4.0 elects a dead last known leader, 4.1 does not (KAFKA-19522)") {
        for (const char* name : {"4.0", "4.1"}) {
            CAPTURE(name);
            Eligible h(name);
            shrink_to_one(h);
            h.all_down();
            h.registers(2, 7, false);
            CHECK(h.elr() == std::vector{1});
            // Eligible no more, and fenced: 1 is last known, and not there.
            h.registers(1, 7, false);
            CHECK(h.elr().empty());
            const bool defect = h.profile.elects_dead_last_known_leader;
            CHECK(h.last_known() == (defect ? std::vector<int>{} : std::vector{1}));
            CHECK(h.leader() == (defect ? 1 : 0));
            h.returns(3, 7, false);
            CHECK(h.leader() == (defect ? 1 : 0));
            CHECK(h.fenced(1));
            // It leads once it is up again.
            CHECK_FALSE(h.heartbeat(1).is_fenced);
            CHECK(h.leader() == 1);
        }
    }

    TEST_CASE("V36: an assignment to a directory empties the ELR") {
        Eligible h;
        shrink_to_one(h);
        h.all_down();
        h.registers(1, 7, false, 4242);
        CHECK(h.elr() == std::vector{2});
        h.ask<AssignReplicasToDirsResponse>(
            1, AssignReplicasToDirsRequest{
                   NodeId(1), h.epoch_of(1), {{PartitionId(0), DirectoryId(4242)}}});
        CHECK(h.elr().empty());
        CHECK(h.last_known() == std::vector{1});
        CHECK_FALSE(h.heartbeat(1).is_fenced);
        CHECK(h.leader() == 1);
    }

    TEST_CASE("an unclean registration leaves every ISR, where the session outlived the process") {
        // Its session is over for the tracker, but the look that fences it has not come.
        Eligible h;
        h.live({1, 2, 3}, from_ms(4'000));
        const TimePoint last = h.now - from_ms(2'000);
        h.live({1, 2}, from_ms(6'000));
        h.run_to(last + from_ms(9'001));
        REQUIRE_FALSE(h.fenced(3));
        h.registers(3, 7, false);
        CHECK(h.isr() == std::vector{1, 2});
        CHECK(h.fenced(3));
    }

    TEST_CASE("the broker epoch is the offset before the records of the old life's end") {
        Eligible h;
        shrink_to_one(h);
        h.all_down();
        const MetadataOffset end = h.end();
        h.registers(2, 7, false);
        CHECK(h.epoch_of(2) == BrokerEpoch(end.value()));
        CHECK(h.controller->image().find_broker(NodeId(2))->registered_at == end.next());
    }

    TEST_CASE("a change of min.insync.replicas empties the ELR; a broker's own is refused") {
        Eligible h;
        shrink_to_one(h);
        const PartitionEpoch epoch = h.at(0).partition_epoch;
        const auto set = [&](ConfigRecord change) {
            h.call(AlterConfig{{std::move(change)}});
            h.run_for(from_ms(25));
        };
        set({ConfigResource::broker, {}, NodeId(1), "min.insync.replicas", "1"});
        CHECK(h.controller->image().broker_config(NodeId(1)).empty());
        set({ConfigResource::cluster, {}, {}, "min.insync.replicas", std::nullopt});
        CHECK_FALSE(h.controller->image().cluster_config().empty());
        set({ConfigResource::topic, TopicIndex(0), {}, "retention.ms", "5"});
        set({ConfigResource::topic, TopicIndex(0), {}, "min.insync.replicas", "2"});
        CHECK(h.elr() == std::vector{2});  // it was 2 before
        h.notes.clear();
        set({ConfigResource::topic, TopicIndex(0), {}, "min.insync.replicas", "3"});
        CHECK(h.elr().empty());
        CHECK(h.at(0).partition_epoch == epoch.next());
        CHECK(h.notes_of(NoteKind::elr_change).size() == 1);
        CHECK(h.notes_of(NoteKind::partition_change).size() == 1);
        CHECK(h.notes_of(NoteKind::leader_elect).empty());

        Eligible all;
        shrink_to_one(all);
        all.call(AlterConfig{
            {ConfigRecord{ConfigResource::cluster, {}, {}, "min.insync.replicas", "2"}}});
        CHECK(all.elr().empty());

        // The default of all brokers is a broker's resource: told once more, it is a record too.
        Eligible same;
        shrink_to_one(same);
        const auto value =
            find_config(same.controller->image().cluster_config(), "min.insync.replicas");
        REQUIRE(value.has_value());
        same.call(AlterConfig{{ConfigRecord{
            ConfigResource::cluster, {}, {}, "min.insync.replicas", std::string(*value)}}});
        CHECK(same.elr().empty());

        // Without ELR there is nothing to guard.
        ThreeBrokers off(kMinIsr2, {}, version("4.0"));
        const MetadataOffset before = off.end();
        off.call(AlterConfig{
            {ConfigRecord{ConfigResource::broker, {}, NodeId(1), "min.insync.replicas", "1"}}});
        CHECK(off.end().value() == before.value() + 1);
    }

    TEST_CASE("without ELR a registration ends the old life as a fencing would, from 4.0 on") {
        ThreeBrokers h(kMinIsr2, {}, version("4.0"));
        h.live({1, 2}, from_ms(14'000));
        CHECK(h.isr() == std::vector{1, 2});
        CHECK(h.at(0).elr.empty());
        h.live({1}, from_ms(14'000));
        h.live({}, from_ms(14'000));
        CHECK(h.leader() == 0);
        CHECK(h.isr() == std::vector{1});
        h.join(1, 7);
        CHECK(h.leader() == 1);
    }

    TEST_CASE("3.6 knows no directories and waits for the ISR whatever the configuration says") {
        ThreeBrokers h({{"unclean.leader.election.enable", "true"}}, {}, version("3.6"));
        CHECK(h.at(0).directories.empty());
        const auto refused = h.ask<AssignReplicasToDirsResponse>(
            1, AssignReplicasToDirsRequest{
                   NodeId(1), h.epoch_of(1), {{PartitionId(0), DirectoryId(4242)}}});
        CHECK(refused.error == ErrorCode::unsupported_version);
        h.live({1}, from_ms(12'000));
        CHECK(h.isr() == std::vector{1});
        h.live({}, from_ms(12'000));
        h.run_for(from_ms(400'000));
        h.join(2, 7);
        CHECK(h.leader() == 0);
        // With another disk 1 leads all the same: nothing says that its log is gone.
        h.register_broker(1, 7, 4242);
        CHECK_FALSE(h.heartbeat(1).is_fenced);
        CHECK(h.leader() == 1);

        ThreeBrokers later(Settings{{"unclean.leader.election.enable", "true"}});
        later.live({1}, from_ms(12'000));
        later.live({}, from_ms(12'000));
        later.run_for(from_ms(20'000));
        later.join(2, 7);
        CHECK(later.leader() == 2);
    }

    TEST_CASE("a restart of the controller keeps ELR and last known leader") {
        Eligible h;
        shrink_to_one(h);
        h.all_down();
        h.start();
        CHECK(h.elr() == std::vector{1, 2});
        CHECK(h.last_known() == std::vector{1});
    }

    TEST_CASE("clearing is one record in the log") {
        const auto sessions_of = [](const Eligible& h) { return h.controller->image(); };
        Eligible h;
        shrink_to_one(h);
        h.call(AlterConfig{
            {ConfigRecord{ConfigResource::topic, TopicIndex(0), {}, "min.insync.replicas", "2"}}});
        h.run_for(from_ms(25));
        const ClusterImage before = sessions_of(h);
        h.start();
        CHECK(h.at(0) == *before.find_partition(PartitionId(0)));
    }
}

TEST_SUITE("core.session_tracker") {
    using Incarnation = SessionTracker::Incarnation;

    TEST_CASE("a session ends strictly after its time, and is taken once") {
        SessionTracker tracker(from_ms(9'000));
        const Incarnation one{NodeId(1), BrokerEpoch(5)};
        const TimePoint start = at_ns(0);
        CHECK_FALSE(tracker.has_valid_session(one, start));
        tracker.touch(one, start);
        CHECK(tracker.has_valid_session(one, start + from_ms(9'000)));
        CHECK_FALSE(tracker.take_expired(start + from_ms(9'000)));
        CHECK_FALSE(tracker.has_valid_session(one, start + from_ms(9'000) + Duration(1)));
        CHECK_FALSE(tracker.has_valid_session({NodeId(1), BrokerEpoch(6)}, start));
        CHECK(tracker.take_expired(start + from_ms(9'001)) == one);
        CHECK_FALSE(tracker.take_expired(start + from_ms(9'001)));
        CHECK(tracker.period() == from_ms(1'125));
        CHECK(SessionTracker(from_ms(4)).period() == from_ms(1));
    }

    TEST_CASE("of several the first in the order of the hash table goes first") {
        // Objects.hash(id, epoch) = 31 * (31 + id) + epoch: 997 for (1, 5), 1,026 for (2, 3), 1,055
        // for (3, 1); in a table of 16: 5, 2, 15.
        SessionTracker tracker(from_ms(10));
        tracker.touch({NodeId(1), BrokerEpoch(5)}, at_ns(0));
        tracker.touch({NodeId(3), BrokerEpoch(1)}, at_ns(0));
        tracker.touch({NodeId(2), BrokerEpoch(3)}, at_ns(0));
        std::vector<int> order;
        while (const auto taken = tracker.take_expired(at_ns(0) + from_ms(11)))
            order.push_back(taken->broker.value());
        CHECK(order == std::vector{2, 1, 3});
    }

    TEST_CASE("looks are periodic, and fence one broker each") {
        ThreeBrokers h({}, {}, version("4.0"));
        const TimePoint heard = h.now;
        h.send(1, h.beat(1));
        h.send(2, h.beat(2));
        h.send(3, h.beat(3));
        h.run_for(from_ms(14'000));
        const auto fenced = h.notes_of(NoteKind::broker_fenced);
        REQUIRE(fenced.size() == 3);
        // Each is committed one linger after the look.
        const Duration linger = h.config.quorum_append_linger;
        const TimePoint first = fenced[0].at - linger;
        CHECK(first > heard + from_ms(9'000));
        CHECK(first <= heard + from_ms(10'125));
        CHECK((first - at_ns(0)).count() % from_ms(1'125).count() == 0);
        CHECK(h.leader() == 0);
        CHECK(h.isr().size() == 1);
        // 3.9 fences at the end of the session, all at one moment.
        ThreeBrokers old;
        const TimePoint then = old.now;
        for (int broker : {1, 2, 3}) old.send(broker, old.beat(broker));
        old.run_for(from_ms(14'000));
        const auto at_once = old.notes_of(NoteKind::broker_fenced);
        REQUIRE(at_once.size() == 3);
        CHECK(at_once[0].at - linger == then + from_ms(9'000) + Duration(1));
        CHECK(at_once[2].at == at_once[0].at);
    }

    TEST_CASE("after a clean stop the session goes on: another incarnation waits for its end") {
        for (const char* name : {"3.9", "4.0"}) {
            CAPTURE(name);
            ThreeBrokers h({}, {}, version(name));
            h.live({1, 2, 3}, from_ms(2'000));
            BrokerHeartbeatRequest leaving = h.beat(3);
            leaving.want_shut_down = true;
            REQUIRE(h.ask<BrokerHeartbeatResponse>(3, leaving).should_shut_down);
            const bool waits = h.profile.session_tracker_scan;
            CHECK(h.register_broker(3, 7).error ==
                  (waits ? ErrorCode::duplicate_broker_registration : ErrorCode::none));
            if (!waits) continue;
            h.live({1, 2}, from_ms(9'000));
            CHECK(h.register_broker(3, 7).error == ErrorCode::none);
        }
    }
}
