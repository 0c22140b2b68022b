// Every word of ours in both languages.
#include "reports/words.h"

#include <doctest/doctest.h>

#include <set>

#include "reports/counterfactual.h"

namespace {

using report::Text;

/// True if some character of it is Chinese.
bool is_chinese(const Text& text) {
    for (std::size_t i = 0; i + 2 < text.zh.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text.zh[i]);
        if (lead >= 0xe4 && lead <= 0xe9) return true;
    }
    return false;
}

template <class Enum, class Of>
void check_all(int count, Of of) {
    std::set<std::string> english;
    std::set<std::string> chinese;
    for (int i = 0; i < count; ++i) {
        const Text text = of(static_cast<Enum>(i));
        INFO(text.en);
        CHECK(is_chinese(text));
        english.insert(text.en);
        chinese.insert(text.zh);
    }
    CHECK(english.size() == static_cast<std::size_t>(count));
    CHECK(chinese.size() == static_cast<std::size_t>(count));
}

TEST_SUITE("report.words") {
    TEST_CASE("every fate, verdict, cause, metric and answer has Chinese of its own") {
        using namespace report;
        check_all<Fate>(kFates, [](Fate one) { return meaning(one); });
        check_all<Fate>(kFates, [](Fate one) { return words(one); });
        check_all<Verdict>(kVerdicts, [](Verdict one) { return meaning(one); });
        check_all<Verdict>(kVerdicts, [](Verdict one) { return words(one); });
        check_all<Cause>(kCauses, [](Cause one) { return sentence(one); });
        check_all<scenario::Metric>(scenario::kMetrics,
                                    [](scenario::Metric one) { return meaning(one); });
        check_all<Answer>(kAnswers, [](Answer one) { return words(one); });
    }

    TEST_CASE("a sentence has its parts in both languages, in either order") {
        const report::Text text = report::say("{0} leads after {1}", "{1} 之后 {0} 成为 leader",
                                              "b2", report::say("the crash", "崩溃"));
        CHECK(text.en == "b2 leads after the crash");
        CHECK(text.zh == "崩溃 之后 b2 成为 leader");
        CHECK(report::say("ISR {{0}}", "ISR {{0}}", 7).en == "ISR {7}");
        const report::Text list =
            report::joined({report::same("b1"), report::same("b2")}, report::say(", ", "、"));
        CHECK(list.en == "b1, b2");
        CHECK(list.zh == "b1、b2");
    }
}

}  // namespace
