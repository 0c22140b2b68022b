// Transcripts: tests/transcripts/*.txt, commands and what everyone did then, in order. REWRITE=1
// accepts what happened; the diff is reviewed like code.
//
//   stack brokers=3 [kafka=VERSION] [elr=LEVEL] [broker.KEY=VALUE ...] [topic.KEY=VALUE ...]
//            a cluster at rest
//   produce BROKER acks=0|1|all [records=N] [timeout=MS] [sequence=N]
//   run MS | kill N | start N | shutdown N | pause N | resume N
//   cut A B | mend A B | hold NODE API | release NODE API | elect preferred|unclean
//   logs     every replica: role and log, an entry is offset@epoch, | is the high watermark
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/text.h"
#include "tests/core/broker_stack.h"

namespace {

using namespace core;
using test::Stack;

struct Block {
    std::vector<std::string> comments;  ///< lines before the command, as they are
    std::string command;
    std::vector<std::string> expected;
};

std::vector<Block> parse(const std::filesystem::path& file, std::vector<std::string>& tail) {
    std::ifstream in(file);
    std::vector<Block> blocks;
    std::vector<std::string> comments;
    std::string line;
    while (std::getline(in, line)) {
        if (line.empty() || line.starts_with("#")) {
            comments.push_back(line);
            continue;
        }
        Block block{std::exchange(comments, {}), line, {}};
        std::getline(in, line);
        REQUIRE_MESSAGE(line == "----", file.string() << ": no ---- after " << block.command);
        while (std::getline(in, line) && !line.empty()) block.expected.push_back(line);
        blocks.push_back(std::move(block));
        comments.push_back("");
    }
    tail = std::move(comments);
    return blocks;
}

std::optional<std::string> option(const std::vector<std::string_view>& words,
                                  std::string_view key) {
    for (std::string_view word : words)
        if (word.starts_with(key) && word.size() > key.size() && word[key.size()] == '=')
            return std::string(word.substr(key.size() + 1));
    return std::nullopt;
}

std::int64_t number(const std::vector<std::string_view>& words, std::string_view key,
                    std::int64_t otherwise) {
    const auto text = option(words, key);
    return text ? *parse_int(*text) : otherwise;
}

int node(std::string_view word) {
    if (word == "controller") return test::kControllerId;
    return static_cast<int>(*parse_int(word));
}

std::unique_ptr<Stack> make_stack(const std::vector<std::string_view>& words) {
    ConfigMap broker;
    ConfigMap topic;
    for (std::string_view word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view value = word.substr(equals + 1);
        if (word.starts_with("broker.")) set_config(broker, word.substr(7, equals - 7), value);
        if (word.starts_with("topic.")) set_config(topic, word.substr(6, equals - 6), value);
    }
    std::optional<std::int16_t> elr;
    if (const auto level = option(words, "elr"))
        elr = static_cast<std::int16_t>(*parse_int(*level));
    auto stack = std::make_unique<Stack>(static_cast<int>(number(words, "brokers", 3)), broker,
                                         topic, option(words, "kafka").value_or("3.9"), elr);
    stack->boot();
    return stack;
}

void produce(Stack& stack, const std::vector<std::string_view>& words) {
    const std::string acks = option(words, "acks").value_or("all");
    std::optional<ProducerFields> producer;
    if (const auto sequence = option(words, "sequence"))
        producer = ProducerFields{ProducerId(1), ProducerEpoch(0),
                                  Sequence(static_cast<std::int32_t>(*parse_int(*sequence)))};
    stack.produce(node(words[1]),
                  acks == "all" ? Acks::all
                  : acks == "1" ? Acks::leader
                                : Acks::none,
                  static_cast<int>(number(words, "records", 1)),
                  from_ms(number(words, "timeout", 30'000)), producer);
    stack.run_for(from_ms(number(words, "run", 20)));
}

std::vector<std::string> perform(std::unique_ptr<Stack>& stack, const std::string& command) {
    const std::vector<std::string_view> words = split(command, ' ');
    const std::string_view verb = words[0];
    if (verb == "stack") {
        stack = make_stack(words);
        return {};
    }
    REQUIRE(stack != nullptr);
    if (verb == "produce") {
        produce(*stack, words);
    } else if (verb == "run") {
        stack->run_for(from_ms(*parse_int(words[1])));
    } else if (verb == "kill") {
        stack->kill(node(words[1]));
    } else if (verb == "start") {
        stack->start(node(words[1]));
    } else if (verb == "shutdown") {
        stack->shut_down(node(words[1]));
    } else if (verb == "pause") {
        stack->pause(node(words[1]));
    } else if (verb == "resume") {
        stack->resume(node(words[1]));
    } else if (verb == "cut") {
        stack->cut(node(words[1]), node(words[2]));
    } else if (verb == "mend") {
        stack->mend(node(words[1]), node(words[2]));
    } else if (verb == "hold") {
        stack->hold(node(words[1]), std::string(words[2]));
    } else if (verb == "release") {
        stack->release(node(words[1]), std::string(words[2]));
    } else if (verb == "elect") {
        stack->elect(words[1] == "unclean");
    } else if (verb == "logs") {
        std::vector<std::string> lines;
        for (int id = 1; id <= stack->brokers(); ++id)
            lines.push_back(concat(id, " ", stack->role_text(id), "   ", stack->log_text(id)));
        return lines;
    } else {
        FAIL("unknown command: " << command);
    }
    return stack->take_lines();
}

void run_transcript(const std::filesystem::path& file) {
    std::vector<std::string> tail;
    const std::vector<Block> blocks = parse(file, tail);
    std::unique_ptr<Stack> stack;
    std::ostringstream rewritten;
    bool same = true;
    for (const Block& block : blocks) {
        const std::vector<std::string> lines = perform(stack, block.command);
        if (lines != block.expected) {
            same = false;
            std::string text;
            for (const std::string& line : lines) text += line + "\n";
            if (std::getenv("REWRITE") == nullptr)
                FAIL_CHECK(file.filename().string()
                           << ", after: " << block.command << "\nhappened:\n"
                           << text);
        }
        for (const std::string& comment : block.comments) rewritten << comment << "\n";
        rewritten << block.command << "\n----\n";
        for (const std::string& line : lines) rewritten << line << "\n";
    }
    CHECK(!blocks.empty());
    if (!same && std::getenv("REWRITE") != nullptr) std::ofstream(file) << rewritten.str();
}

}  // namespace

TEST_SUITE("core.transcripts") {
    TEST_CASE("every transcript happens as it is written") {
        std::vector<std::filesystem::path> files;
        for (const auto& entry :
             std::filesystem::directory_iterator(ACKLAB_TESTS_DIR "/transcripts"))
            if (entry.path().extension() == ".txt") files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        CHECK(files.size() >= 8);
        for (const auto& file : files) {
            CAPTURE(file.string());
            run_transcript(file);
        }
    }
}
