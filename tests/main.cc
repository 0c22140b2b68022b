// The unit tests' main. doctest exits with 0 when a filter matches no test case: here that fails.
// The last line is always "N passed, N failed", in test cases.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <iostream>

namespace {

struct Count {
    unsigned run = 0;
    unsigned failed = 0;
};

Count& count() {
    static Count the_count;
    return the_count;
}

/// Keeps the totals of the run; prints nothing itself.
struct Counter : doctest::IReporter {
    explicit Counter(const doctest::ContextOptions& /*options*/) {}
    void report_query(const doctest::QueryData& /*data*/) override {}
    void test_run_start() override {}
    void test_run_end(const doctest::TestRunStats& stats) override {
        count() = {stats.numTestCasesPassingFilters, stats.numTestCasesFailed};
    }
    void test_case_start(const doctest::TestCaseData& /*data*/) override {}
    void test_case_reenter(const doctest::TestCaseData& /*data*/) override {}
    void test_case_end(const doctest::CurrentTestCaseStats& /*stats*/) override {}
    void test_case_exception(const doctest::TestCaseException& /*error*/) override {}
    void subcase_start(const doctest::SubcaseSignature& /*signature*/) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData& /*data*/) override {}
    void log_message(const doctest::MessageData& /*data*/) override {}
    void test_case_skipped(const doctest::TestCaseData& /*data*/) override {}
};

REGISTER_LISTENER("counter", 1, Counter);

}  // namespace

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    const int result = context.run();
    if (context.shouldExit()) return result;
    const bool nothing_ran = count().run == 0;
    if (nothing_ran) std::cout << "no test case matches the filter\n";
    const unsigned failed = nothing_ran ? 1 : count().failed;
    std::cout << count().run - count().failed << " passed, " << failed << " failed\n";
    return nothing_ran ? 1 : result;
}
