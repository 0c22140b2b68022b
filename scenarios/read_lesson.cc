// lesson and sweep: checked in shape and kept as text; a run does not use them. What is not
// modelled inside them is a warning.

#include <array>

#include "scenarios/build.h"
#include "scenarios/set.h"

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

// ---- sweep

void check_path(Build& build, const At& at) {
    const auto path = build.reading.text(at);
    if (!path) return;
    const std::string problem = path_problem(*build.root.value, *path);
    if (!problem.empty())
        build.reading.error(
            at, "AL230", core::concat("the path \"", shown(*path), "\" leads nowhere: ", problem));
}

void check_axes(Build& build, const At& list) {
    Reading& reading = build.reading;
    if (!reading.is_list(list)) return;
    for (std::size_t i = 0; i < list.value->items.size(); ++i) {
        const Fields fields(reading, list.element(i), {"label", "path", "values"}, "axis");
        if (const auto label = fields.get("label")) reading.text(*label);
        if (const auto path = fields.need("path")) check_path(build, *path);
        if (const auto values = fields.need("values"); values && reading.is_list(*values))
            if (values->value->items.empty())
                reading.error(*values, "AL206", "an axis without values");
    }
}

void check_variants(Build& build, const At& at) {
    Reading& reading = build.reading;
    if (!reading.is_object(at)) return;
    for (const Member& variant : at.value->members) {
        if (variant.key == "$comment") continue;
        const At one = at.member(variant);
        if (!reading.is_object(one)) continue;
        for (const Member& change : variant.value.members) {
            if (change.key == "$comment") continue;
            const std::string problem = path_problem(*build.root.value, change.key);
            if (!problem.empty())
                reading.error(
                    change.key_span, one.path, "AL230",
                    core::concat("the path \"", shown(change.key), "\" leads nowhere: ", problem));
        }
    }
}

void check_faults(Build& build, const At& at) {
    Reading& reading = build.reading;
    if (!reading.is_object(at)) return;
    for (const Member& fault : at.value->members) {
        if (fault.key == "$comment") continue;
        const At list = at.member(fault);
        if (!reading.is_list(list)) continue;
        if (list.value->items.size() > static_cast<std::size_t>(kStepsMax)) {
            reading.error(list, "AL240", core::concat("more than ", kStepsMax, " steps"));
            continue;
        }
        // These steps stand in place of the scenario's own.
        const auto ids = build.steps;
        const At steps = build.step_list;
        const bool steps_whole = build.steps_whole;
        const std::int64_t records = build.records;
        const std::int64_t bytes = build.value_bytes;
        collect_step_ids(build, list);
        for (std::size_t i = 0; i < list.value->items.size(); ++i)
            read_step(build, list.element(i));
        build.steps = ids;
        build.step_list = steps;
        build.steps_whole = steps_whole;
        build.records = records;
        build.value_bytes = bytes;
    }
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

void check_sweep(Build& build) {
    if (build.root.value->find("sweep") == nullptr) return;
    Reading& reading = build.reading;
    reading.set_lenient(true);
    const At at = build.root.member("sweep");
    const Fields fields(reading, at, {"axes", "variants", "faults", "exclude", "include", "seeds"},
                        "sweep");
    if (const auto axes = fields.get("axes")) check_axes(build, *axes);
    if (const auto variants = fields.get("variants")) check_variants(build, *variants);
    if (const auto faults = fields.get("faults")) check_faults(build, *faults);
    for (std::string_view key : {"exclude", "include"})
        if (const auto list = fields.get(key); list && reading.is_list(*list))
            for (std::size_t i = 0; i < list->value->items.size(); ++i)
                reading.is_object(list->element(i));
    if (const auto seeds_at = fields.get("seeds")) {
        const Fields seeds(reading, *seeds_at, {"from", "count"}, "seeds");
        if (const auto from = seeds.get("from")) reading.unsigned_integer(*from);
        if (const auto count = seeds.get("count")) reading.integer(*count, 1, 1'000'000'000);
    }
    reading.set_lenient(false);
    build.scenario.sweep_json = dump_json(*at.value);
}

}  // namespace scenario
