/// The log against a model so simple that it cannot be wrong: a vector of batches.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/text.h"
#include "tests/core/log_fixture.h"

namespace {

using core::keyed_draw;
using core::LeaderEpoch;
using core::Offset;
using test::LogOnMemory;

struct ModelBatch {
    std::int64_t first;
    std::int64_t end;
    int epoch;
};

struct Model {
    std::vector<ModelBatch> batches;
    std::int64_t end = 0;
    std::int64_t flushed = 0;
    int epoch = 0;

    void append(int count) {
        batches.push_back({end, end + count, epoch});
        end += count;
    }
    void truncate_to(std::int64_t target) {
        if (target >= end) return;
        std::erase_if(batches, [&](const ModelBatch& batch) { return batch.end > target; });
        end = target;
        flushed = std::min(flushed, end);
    }
    /// The text of the entries that the batches imply.
    std::string epochs() const {
        std::string text;
        int last = -1;
        for (const ModelBatch& batch : batches) {
            if (batch.epoch <= last) continue;
            last = batch.epoch;
            text += core::concat(batch.epoch, "@", batch.first, " ");
        }
        return text;
    }
};

class Run {
  public:
    Run(std::uint64_t seed, core::TopicConfig config) : seed_(seed), t_(config) {}

    void step() {
        const std::uint64_t what = draw(100);
        if (what < 60)
            append();
        else if (what < 70)
            truncate();
        else if (what < 80)
            flush();
        else if (what < 88)
            model_.epoch += 1 + static_cast<int>(draw(3));
        else if (what < 94)
            start(false);
        else
            start(true);
        check();
    }

  private:
    std::uint64_t draw(std::uint64_t bound) {
        return core::below(keyed_draw(seed_, core::Purpose::check, {draws_++}), bound);
    }

    void append() {
        const int count = 1 + static_cast<int>(draw(5));
        t_.append(count, model_.epoch);
        model_.append(count);
    }
    /// At a batch boundary: where an epoch's end lies.
    void truncate() {
        if (model_.batches.empty()) return;
        const std::int64_t target = model_.batches[draw(model_.batches.size())].first;
        CHECK(t_.log->truncate_to(Offset(target)) == (target < model_.end));
        model_.truncate_to(target);
    }
    void flush() {
        const auto end =
            static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(model_.end) + 1));
        t_.log->flush(t_.now, Offset(end));
        model_.flushed = std::max(model_.flushed, end);
    }
    void start(bool clean) {
        if (clean) {
            t_.log->flush(t_.now, t_.log->log_end_offset());
            t_.log->close();
            model_.flushed = model_.end;
        }
        t_.open(clean, model_.flushed);
    }

    void check() {
        REQUIRE(t_.end() == model_.end);
        CHECK(t_.log->recovery_point() == Offset(model_.flushed));
        std::string epochs;
        for (const core::OffsetAndEpoch& entry : t_.log->epochs())
            epochs += core::concat(entry.leader_epoch.value(), "@", entry.offset.value(), " ");
        CHECK(epochs == model_.epochs());
        check_reads();
    }
    /// Walking by reads gives every batch once, in order; a read from any offset begins rightly.
    void check_reads() {
        std::size_t next = 0;
        Offset at(0);
        const std::int64_t max_bytes = 1 + static_cast<std::int64_t>(draw(600));
        while (at < t_.log->log_end_offset()) {
            const core::BatchList batches = t_.log->read(at, max_bytes, t_.log->log_end_offset());
            if (batches.empty()) break;
            for (const core::Batch& batch : batches) {
                REQUIRE(next < model_.batches.size());
                CHECK(batch.base_offset.value() == model_.batches[next].first);
                CHECK(batch.next_offset().value() == model_.batches[next].end);
                CHECK(batch.leader_epoch == LeaderEpoch(model_.batches[next].epoch));
                ++next;
                at = batch.next_offset();
            }
        }
        CHECK(next == model_.batches.size());
        if (model_.end == 0) return;
        const auto from = static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(model_.end)));
        const core::BatchList one = t_.log->read(Offset(from), 1, t_.log->log_end_offset());
        REQUIRE(one.size() == 1);
        CHECK(one[0].base_offset.value() <= from);
        CHECK(one[0].next_offset().value() > from);
    }

    std::uint64_t seed_;
    std::uint64_t draws_ = 0;
    LogOnMemory t_;
    Model model_;
};

}  // namespace

TEST_SUITE("core.log") {
    TEST_CASE("after any steps the log holds what a plain vector of batches holds") {
        for (std::uint64_t seed = 1; seed <= 40; ++seed) {
            CAPTURE(seed);
            core::TopicConfig config;
            config.segment_bytes = 200 + static_cast<std::int64_t>(seed % 8) * 150;
            Run run(seed, config);
            for (int i = 0; i < 150; ++i) run.step();
        }
    }
}
