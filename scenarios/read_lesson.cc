// lesson: checked in shape and kept as text; a run does not use it. What is not modelled inside it
// is a warning.

#include <array>

#include "scenarios/build.h"

namespace scenario {
namespace {

enum class Level : std::uint8_t { intro, core, expert };
constexpr std::array<Word<Level>, 3> kLevels = {{
    {"intro", Level::intro},
    {"core", Level::core},
    {"expert", Level::expert},
}};
enum class Truth : std::uint8_t { yes, no, depends, outdated };
constexpr std::array<Word<Truth>, 4> kTruths = {{
    {"true", Truth::yes},
    {"false", Truth::no},
    {"depends", Truth::depends},
    {"outdated", Truth::outdated},
}};
enum class AskType : std::uint8_t { single, multi, number, range, order };
constexpr std::array<Word<AskType>, 5> kAskTypes = {{
    {"single", AskType::single},
    {"multi", AskType::multi},
    {"number", AskType::number},
    {"range", AskType::range},
    {"order", AskType::order},
}};

void check_texts(Build& build, const At& list) {
    if (!build.reading.is_list(list)) return;
    for (std::size_t i = 0; i < list.value->items.size(); ++i) build.reading.words(list.element(i));
}

void check_myth(Build& build, const At& at) {
    Reading& reading = build.reading;
    const Fields fields(reading, at, {"claim", "verdict", "trueUntil", "because"}, "myth");
    if (const auto claim = fields.get("claim")) reading.words(*claim);
    if (const auto verdict = fields.get("verdict"))
        reading.word<Truth>(*verdict, kTruths, "AL224", "verdict");
    if (const auto until = fields.get("trueUntil")) reading.text(*until);
    if (const auto because = fields.get("because")) reading.words(*because);
}

void check_choices(Build& build, const At& list) {
    Reading& reading = build.reading;
    if (!reading.is_list(list)) return;
    for (std::size_t i = 0; i < list.value->items.size(); ++i) {
        const Fields fields(reading, list.element(i), {"text", "rightIf", "why"}, "choice");
        if (const auto text = fields.need("text")) reading.words(*text);
        if (const auto right = fields.need("rightIf")) read_expect(build, *right, false);
        if (const auto why = fields.get("why")) reading.words(*why);
    }
}

void check_ask(Build& build, const At& at) {
    Reading& reading = build.reading;
    const Fields fields(reading, at, {"type", "prompt", "choices", "answer", "tolerance"}, "ask");
    if (const auto prompt = fields.need("prompt")) reading.words(*prompt);
    if (const auto choices = fields.get("choices")) check_choices(build, *choices);
    if (const auto answer = fields.get("answer")) read_expect(build, *answer, true);
    if (const auto tolerance = fields.get("tolerance"); tolerance && !tolerance->value->is_number())
        reading.error(*tolerance, "AL205", "a tolerance is a number");
    const auto type_at = fields.need("type");
    if (!type_at) return;
    const auto type = reading.word<AskType>(*type_at, kAskTypes, "AL224", "type of question");
    const bool chosen = type == AskType::single || type == AskType::multi;
    const bool computed = type == AskType::number || type == AskType::range;
    if (chosen) fields.need("choices");
    if (computed) fields.need("answer");
}

void check_checkpoint(Build& build, const At& at, std::set<std::string>& ids) {
    Reading& reading = build.reading;
    const Fields fields(reading, at, {"id", "at", "when", "say", "notes", "focus", "ask"},
                        "checkpoint");
    if (const auto id_at = fields.need("id"))
        if (const auto id = reading.id(*id_at); id && !ids.insert(*id).second)
            reading.error(*id_at, "AL207",
                          core::concat("a checkpoint \"", *id, "\" stands here already"));
    if (fields.ok() && fields.has("at") == fields.has("when"))
        reading.error(at, "AL208", "a checkpoint has \"at\" or \"when\"");
    if (const auto time = fields.get("at")) reading.duration(*time, 2 * kTimeMax);
    if (const auto when = fields.get("when")) read_when(build, *when);
    if (const auto say = fields.need("say")) reading.words(*say);
    if (const auto notes = fields.get("notes")) reading.words(*notes);
    if (const auto focus = fields.get("focus"); focus && reading.is_list(*focus))
        for (std::size_t i = 0; i < focus->value->items.size(); ++i)
            reading.text(focus->element(i));
    if (const auto ask = fields.get("ask")) check_ask(build, *ask);
}

}  // namespace

void check_lesson(Build& build) {
    if (build.root.value->find("lesson") == nullptr) return;
    Reading& reading = build.reading;
    reading.set_lenient(true);
    const At at = build.root.member("lesson");
    const Fields fields(
        reading, at, {"level", "minutes", "objectives", "notes", "myth", "checkpoints"}, "lesson");
    if (const auto level = fields.get("level"))
        reading.word<Level>(*level, kLevels, "AL224", "level");
    if (const auto minutes = fields.get("minutes")) reading.integer(*minutes, 1, 10'000);
    if (const auto objectives = fields.get("objectives")) check_texts(build, *objectives);
    if (const auto notes = fields.get("notes")) reading.words(*notes);
    if (const auto myth = fields.get("myth")) check_myth(build, *myth);
    if (const auto list = fields.get("checkpoints"); list && reading.is_list(*list)) {
        std::set<std::string> ids;
        for (std::size_t i = 0; i < list->value->items.size(); ++i)
            check_checkpoint(build, list->element(i), ids);
    }
    reading.set_lenient(false);
    build.scenario.lesson_json = dump_json(*at.value);
}

}  // namespace scenario
