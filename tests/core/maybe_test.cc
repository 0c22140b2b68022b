#include "core/base/maybe.h"

#include <doctest/doctest.h>

#include <optional>

#include "core/protocol/note.h"

namespace {

using namespace core;

TEST_SUITE("core.maybe") {
    TEST_CASE("a maybe is as small as its type and empty until it is given a value") {
        static_assert(sizeof(Maybe<NodeId>) == sizeof(NodeId));
        static_assert(sizeof(Maybe<BatchTag>) == sizeof(BatchTag));
        Maybe<Offset> offset;
        CHECK_FALSE(offset.has_value());
        CHECK(offset.value_or(Offset(7)) == Offset(7));
        CHECK_THROWS_AS((void)offset.value(), AssertionFailure);
        offset = Offset(0);
        REQUIRE(offset);
        CHECK(*offset == Offset(0));
        CHECK(offset->value() == 0);
        offset.reset();
        CHECK(offset == std::nullopt);
    }

    TEST_CASE("what stands for nothing cannot be put in") {
        CHECK_THROWS_AS(Maybe<Offset>(Offset(-1)), AssertionFailure);
        CHECK_THROWS_AS(Maybe<PartitionId>(PartitionId(UINT32_MAX)), AssertionFailure);
        CHECK_THROWS_AS(Maybe<BatchTag>(BatchTag{NodeId(0), 0}), AssertionFailure);
    }

    TEST_CASE("it converts from and to an optional and is equal to what it was made from") {
        const std::optional<LeaderEpoch> nothing;
        const std::optional<LeaderEpoch> three(LeaderEpoch(3));
        for (const std::optional<LeaderEpoch>& from : {nothing, three}) {
            const Maybe<LeaderEpoch> maybe = from;
            const std::optional<LeaderEpoch> back = maybe;
            CHECK(back == from);
            CHECK(maybe == from);
            CHECK(from == maybe);
            CHECK_FALSE(maybe != from);
            CHECK_FALSE(from != maybe);
        }
        CHECK(Maybe<LeaderEpoch>(three) != nothing);
        CHECK(Maybe<LeaderEpoch>() != three);
        CHECK(Maybe<LeaderEpoch>(three) == LeaderEpoch(3));
    }

    TEST_CASE("a set of kinds holds what was added and no other") {
        NoteKinds kinds{NoteKind::log_append};
        kinds.add(NoteKind::elr_change);
        for (int i = 0; i < kNoteKinds; ++i) {
            const auto kind = static_cast<NoteKind>(i);
            const bool added = kind == NoteKind::log_append || kind == NoteKind::elr_change;
            CHECK(kinds.has(kind) == added);
            CHECK(NoteKinds::all().has(kind));
        }
        CHECK((NoteKinds{} | kinds).has(NoteKind::log_append));
    }
}

}  // namespace
