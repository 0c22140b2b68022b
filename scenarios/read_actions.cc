#include "scenarios/read_actions.h"

#include <algorithm>
#include <array>

namespace scenario {
namespace {

enum class Do : std::uint8_t {
    crash,
    shutdown,
    restart,
    pause,
    partition,
    heal,
    wipe_disk,
    elect_leader,
    alter_config,
    produce,
    note,
    hold_messages,
    drop_messages,
    release_messages,
    degrade,
    slow_disk,
    full_disk,
    fail_disk,
    other,
};

/// An action's word, and the keys that it takes beside those of every step.
struct ActionRow {
    std::string_view word;
    Do what;
    std::string_view keys;  ///< blank-separated
};
constexpr std::array<ActionRow, 23> kActions = {{
    {"crash", Do::crash, "target crash for"},
    {"shutdown", Do::shutdown, "target for"},
    {"restart", Do::restart, "target for"},
    {"pause", Do::pause, "target for"},
    {"partition", Do::partition, "groups from to for"},
    {"heal", Do::heal, "step"},
    {"wipeDisk", Do::wipe_disk, "target for"},
    {"electLeader", Do::elect_leader, "partition electionType"},
    {"alterConfig", Do::alter_config, "topic target config"},
    {"produce", Do::produce, "producer records"},
    {"note", Do::note, ""},
    {"holdMessages", Do::hold_messages, "messages for"},
    {"dropMessages", Do::drop_messages, "messages for"},
    {"releaseMessages", Do::release_messages, "step count"},
    {"degrade", Do::degrade, "target from to latency loss bandwidth for"},
    {"slowDisk", Do::slow_disk, "target append fsync for"},
    {"fullDisk", Do::full_disk, "target for"},
    {"failDisk", Do::fail_disk, "target for"},
    {"corruptDisk", Do::other, ""},
    {"skewClock", Do::other, ""},
    {"expireSession", Do::other, ""},
    {"reassign", Do::other, ""},
    {"commit", Do::other, ""},
}};

/// What people write who know the fault and not our word for it.
struct Synonym {
    std::string_view word;
    std::string_view ours;
};
constexpr std::array<Synonym, 15> kActionSynonyms = {{
    {"kill", "crash"},
    {"kill9", "crash"},
    {"powerLoss", "crash"},
    {"stop", "shutdown"},
    {"start", "restart"},
    {"freeze", "pause"},
    {"gc", "pause"},
    {"cut", "partition"},
    {"isolate", "partition"},
    {"split", "partition"},
    {"wipe", "wipeDisk"},
    {"elect", "electLeader"},
    {"hold", "holdMessages"},
    {"delay", "holdMessages"},
    {"release", "releaseMessages"},
}};
constexpr std::array<Synonym, 10> kKindSynonyms = {{
    {"power", "host"},
    {"powerLoss", "host"},
    {"power-loss", "host"},
    {"power loss", "host"},
    {"machine", "host"},
    {"os", "host"},
    {"kill", "process"},
    {"kill9", "process"},
    {"kill-9", "process"},
    {"kill -9", "process"},
}};

constexpr std::array<Word<CrashKind>, 2> kKinds = {{
    {"process", CrashKind::process},
    {"host", CrashKind::host},
}};
constexpr std::array<Word<InFlight>, 2> kInFlight = {{
    {"deliver", InFlight::deliver},
    {"drop", InFlight::drop},
}};
constexpr std::array<Word<KeepKind>, 3> kKeeps = {{
    {"none", KeepKind::none},
    {"all", KeepKind::all},
    {"random", KeepKind::random},
}};

/// `did you mean "word"?`: by what the word means, else by its letters.
template <std::size_t N>
std::string meant(const Build& build, const std::array<Synonym, N>& synonyms, std::string_view word,
                  const std::vector<std::string>& candidates) {
    for (const Synonym& synonym : synonyms)
        if (synonym.word == word) return core::concat("did you mean \"", synonym.ours, "\"?");
    return build.reading.guess(word, candidates);
}

bool is_action(std::string_view word) {
    return std::any_of(kActions.begin(), kActions.end(),
                       [&](const ActionRow& row) { return row.word == word; });
}

const ActionRow* read_word(Build& build, const At& at) {
    const auto word = build.reading.text(at);
    if (!word) return nullptr;
    std::vector<std::string> modelled;
    std::vector<std::string> all;
    for (const ActionRow& row : kActions) {
        if (row.word == *word && row.what != Do::other) return &row;
        if (row.what != Do::other) modelled.emplace_back(row.word);
        all.emplace_back(row.word);
    }
    const std::string list = core::join(modelled, ", ");
    if (is_action(*word))
        build.reading.not_modelled(at, "AL512",
                                   core::concat("the action \"", *word, "\" is not modelled yet"),
                                   {list, {}});
    else
        build.reading.error(at, "AL220", core::concat("unknown action \"", shown(*word), "\""),
                            {list, meant(build, kActionSynonyms, *word, all)});
    return nullptr;
}

void check_keys(Build& build, const Fields& step, const ActionRow& row) {
    const std::vector<std::string_view> own = core::split(row.keys, ' ');
    for (std::string_view key :
         step.present({"target",  "groups",   "from",     "to",        "crash",        "for",
                       "latency", "loss",     "messages", "config",    "electionType", "step",
                       "records", "producer", "group",    "skew",      "drift",        "bandwidth",
                       "append",  "fsync",    "topic",    "partition", "replicas"}))
        if (std::find(own.begin(), own.end(), key) == own.end())
            build.reading.error(step.key_span(key), core::concat(step.at().path, "/", key), "AL225",
                                core::concat("\"", key, "\" does not go with ", row.word),
                                {core::join({own.begin(), own.end()}, ", "), {}});
}

bool is_client(const Target& target) {
    return target.kind == TargetKind::producer || target.kind == TargetKind::all_producers;
}

/// The `target` of an action. `clients`: whether it can be done to a client.
std::optional<Target> read_target_of(Build& build, const Fields& step, std::string_view action,
                                     bool clients) {
    const auto at = step.need("target");
    if (!at) return std::nullopt;
    auto target = read_target(build, *at);
    if (target && !clients && is_client(*target)) {
        build.reading.error(*at, "AL225", core::concat(action, " cannot be done to a client"),
                            {"a broker or a controller", {}});
        return std::nullopt;
    }
    return target;
}

std::optional<Keep> read_keep_value(Build& build, const At& at) {
    if (at.value->is_number()) {
        const auto offset = build.reading.integer(at, 0, INT64_MAX);
        if (!offset) return std::nullopt;
        return Keep{KeepKind::from_offset, *offset};
    }
    const auto kind = build.reading.word<KeepKind>(at, kKeeps, "AL224", "keep");
    if (!kind) return std::nullopt;
    return Keep{*kind, 0};
}

bool read_keep(Build& build, const At& at, CrashAction& crash) {
    if (!at.value->is_object()) {
        const auto keep = read_keep_value(build, at);
        if (keep) crash.keep = *keep;
        return keep.has_value();
    }
    bool whole = true;
    for (const Member& member : at.value->members) {
        if (member.key == "$comment") continue;
        const At one = at.member(member);
        const auto keep = read_keep_value(build, one);
        if (!keep) {
            whole = false;
        } else if (member.key == "*") {
            crash.keep = *keep;
        } else if (const auto partition = build.scenario.find_partition(member.key)) {
            crash.keep_of.push_back(PartitionKeep{*partition, *keep});
        } else {
            build.reading.error(member.key_span, one.path, "AL230",
                                core::concat("there is no partition \"", shown(member.key), "\""),
                                {"TOPIC-NUMBER, or \"*\" for all others", {}});
            whole = false;
        }
    }
    return whole;
}

std::optional<CrashKind> read_kind(Build& build, const At& at) {
    const auto word = build.reading.text(at);
    if (!word) return std::nullopt;
    std::vector<std::string> candidates;
    for (const Word<CrashKind>& kind : kKinds) {
        if (kind.text == *word) return kind.value;
        candidates.emplace_back(kind.text);
    }
    build.reading.error(
        at, "AL224", core::concat("unknown kind of crash \"", shown(*word), "\""),
        {"process (kill -9), host (power loss)", meant(build, kKindSynonyms, *word, candidates)});
    return std::nullopt;
}

std::optional<Action> read_crash(Build& build, const Fields& step) {
    Reading& reading = build.reading;
    const auto target = read_target_of(build, step, "crash", true);
    CrashAction crash{target.value_or(Target{TargetKind::all_brokers}),
                      CrashKind::process,
                      InFlight::deliver,
                      {},
                      {}};
    bool whole = target.has_value();
    const auto at = step.get("crash");
    if (!at) return whole ? std::optional<Action>(std::move(crash)) : std::nullopt;
    const Fields fields(reading, *at, {"kind", "keep", "inFlight"}, "crash");
    bool whole_kind = true;
    if (const auto kind_at = fields.get("kind")) {
        const auto kind = read_kind(build, *kind_at);
        whole_kind = kind.has_value();
        whole = whole && whole_kind;
        crash.kind = kind.value_or(CrashKind::process);
    }
    crash.in_flight = crash.kind == CrashKind::host ? InFlight::drop : InFlight::deliver;
    if (const auto word = fields.get("inFlight")) {
        const auto fate = reading.word<InFlight>(*word, kInFlight, "AL224", "inFlight");
        whole = whole && fate;
        crash.in_flight = fate.value_or(crash.in_flight);
    }
    if (const auto keep = fields.get("keep")) {
        whole = read_keep(build, *keep, crash) && whole;
        const bool kind_known = whole_kind && !fields.misspelt({"kind"});
        if (crash.kind == CrashKind::process && kind_known)
            reading.error(
                *keep, "AL225",
                "\"keep\" goes with kind \"host\": a killed process leaves its page cache",
                {{}, "add \"kind\": \"host\", or take \"keep\" out"});
    }
    if (target && is_client(*target) && crash.kind == CrashKind::host && fields.has("keep"))
        reading.error(fields.at().member("keep"), "AL225", "a client has no disk");
    if (!whole || !fields.ok()) return std::nullopt;
    return crash;
}

/// A broker that two groups name would be cut off from itself.
void check_groups(Build& build, const At& at, const std::vector<std::vector<Target>>& groups) {
    std::map<std::int32_t, std::size_t> seen;
    for (std::size_t i = 0; i < groups.size(); ++i)
        for (const Target& target : groups[i]) {
            if (!target.node) continue;
            const auto [entry, fresh] = seen.emplace(target.node->value(), i);
            if (!fresh && entry->second != i)
                build.reading.error(
                    at.element(i), "AL229",
                    core::concat(build.scenario.node_name(*target.node), " stands in two groups"));
        }
}

std::optional<Action> read_partition(Build& build, const Fields& step) {
    Reading& reading = build.reading;
    const auto groups = step.get("groups");
    const auto from = step.get("from");
    const auto to = step.get("to");
    PartitionAction action;
    if (groups ? (from || to) : (!from || !to)) {
        if (step.misspelt({"groups", "from", "to"})) return std::nullopt;
        reading.error(step.at(), "AL208", "a partition has \"groups\", or \"from\" and \"to\"");
        return std::nullopt;
    }
    if (!groups) {
        action.from = read_target(build, *from);
        action.to = read_target(build, *to);
        if (!action.from || !action.to) return std::nullopt;
        return action;
    }
    if (!reading.is_list(*groups)) return std::nullopt;
    if (groups->value->items.size() < 2) {
        reading.error(*groups, "AL206", "a partition needs two groups at least",
                      {"[[{\"broker\": 1}], [{\"broker\": 2}, {\"broker\": 3}]]", {}});
        return std::nullopt;
    }
    bool whole = true;
    for (std::size_t i = 0; i < groups->value->items.size(); ++i) {
        const At group = groups->element(i);
        std::vector<Target> targets;
        if (!reading.is_list(group)) return std::nullopt;
        if (group.value->items.empty()) reading.error(group, "AL206", "an empty group");
        for (std::size_t j = 0; j < group.value->items.size(); ++j) {
            auto target = read_target(build, group.element(j));
            whole = whole && target;
            if (target) targets.push_back(std::move(*target));
        }
        action.groups.push_back(std::move(targets));
    }
    check_groups(build, *groups, action.groups);
    if (!whole) return std::nullopt;
    return action;
}

/// The step that `step` names, which does one of these actions.
std::optional<StepNumber> read_step_that_does(Build& build, const Fields& step,
                                              std::span<const std::string_view> actions,
                                              std::string_view refusal, std::string_view expected) {
    Reading& reading = build.reading;
    const auto at = step.need("step");
    if (!at) return std::nullopt;
    const auto number = read_step_id(build, *at);
    if (!number) return std::nullopt;
    const Value* word = build.step_list.value->items[*number].find("do");
    // A word that is no action at all has its own problem, at its own place.
    if (word != nullptr && word->is_string() && is_action(word->text) &&
        std::find(actions.begin(), actions.end(), word->text) == actions.end()) {
        reading.error(*at, "AL231", core::concat("a ", shown(word->text), refusal),
                      {std::string(expected), {}});
        return std::nullopt;
    }
    return number;
}

std::optional<Action> read_heal(Build& build, const Fields& step) {
    constexpr std::array<std::string_view, 9> kHealable = {
        "partition", "degrade",  "slowDisk",     "fullDisk",    "pause",
        "crash",     "shutdown", "holdMessages", "dropMessages"};
    const auto number = read_step_that_does(
        build, step, kHealable, " cannot be healed",
        "a step that does partition, degrade, slowDisk, fullDisk, pause, crash, shutdown, "
        "holdMessages or dropMessages");
    if (!number) return std::nullopt;
    return HealAction{*number};
}

std::optional<Action> read_release(Build& build, const Fields& step) {
    constexpr std::array<std::string_view, 1> kHolds = {"holdMessages"};
    const auto number = read_step_that_does(build, step, kHolds, " holds no messages",
                                            "a step that does holdMessages");
    ReleaseMessagesAction action{number.value_or(0), std::nullopt};
    if (const auto at = step.get("count")) {
        action.count = build.reading.integer(*at, 1, INT64_MAX);
        if (!action.count) return std::nullopt;
    }
    if (!number) return std::nullopt;
    return action;
}

std::optional<Action> read_elect_leader(Build& build, const Fields& step) {
    constexpr std::array<Word<bool>, 2> kTypes = {{{"preferred", false}, {"unclean", true}}};
    std::optional<bool> unclean = false;
    if (const auto at = step.get("electionType"))
        unclean = build.reading.word<bool>(*at, kTypes, "AL224", "electionType");
    const auto at = step.need("partition");
    if (!at) return std::nullopt;
    const auto partition = read_partition_name(build, *at);
    if (!partition || !unclean) return std::nullopt;
    return ElectLeaderAction{*partition, *unclean};
}

std::optional<Action> read_alter_config(Build& build, const Fields& step) {
    Reading& reading = build.reading;
    const auto topic_at = step.get("topic");
    const auto target_at = step.get("target");
    const auto config_at = step.need("config");
    if (topic_at.has_value() == target_at.has_value()) {
        reading.error(step.at(), "AL208", "alterConfig has a \"topic\" or a \"target\"");
        return std::nullopt;
    }
    AlterConfigAction action;
    if (topic_at) {
        action.topic = read_topic_name(build, *topic_at);
        if (config_at) action.config = read_config(build, *config_at, core::ConfigScope::topic);
        if (!action.topic || !config_at) return std::nullopt;
        return action;
    }
    action.target = read_target_of(build, step, "alterConfig", false);
    if (config_at) action.config = read_config(build, *config_at, core::ConfigScope::broker);
    if (!action.target || !config_at) return std::nullopt;
    return action;
}

std::optional<Action> read_produce(Build& build, const Fields& step) {
    Reading& reading = build.reading;
    const auto producer_at = step.need("producer");
    const auto records_at = step.need("records");
    std::optional<ProducerNumber> producer;
    std::optional<std::int64_t> records;
    if (producer_at) producer = read_producer_id(build, *producer_at);
    if (records_at) records = reading.integer(*records_at, 1, kRecordsMax);
    if (!producer || !records) return std::nullopt;
    return ProduceAction{*producer, *records};
}

}  // namespace

std::optional<Action> read_action(Build& build, const Fields& step) {
    const auto at = step.need("do");
    if (!at) return std::nullopt;
    const ActionRow* row = read_word(build, *at);
    if (row == nullptr) {
        // What can be judged without knowing the action is judged all the same.
        for (std::string_view key : {"target", "from", "to"})
            if (const auto who = step.get(key)) read_target(build, *who);
        return std::nullopt;
    }
    check_keys(build, step, *row);
    const auto with_target = [&](auto make, bool clients) -> std::optional<Action> {
        auto target = read_target_of(build, step, row->word, clients);
        if (!target) return std::nullopt;
        return make(std::move(*target));
    };
    switch (row->what) {
        case Do::crash:
            return read_crash(build, step);
        case Do::shutdown:
            return with_target([](Target t) { return ShutdownAction{std::move(t)}; }, false);
        case Do::restart:
            return with_target([](Target t) { return RestartAction{std::move(t)}; }, true);
        case Do::pause:
            return with_target([](Target t) { return PauseAction{std::move(t)}; }, true);
        case Do::wipe_disk:
            return with_target([](Target t) { return WipeDiskAction{std::move(t)}; }, false);
        case Do::partition:
            return read_partition(build, step);
        case Do::heal:
            return read_heal(build, step);
        case Do::elect_leader:
            return read_elect_leader(build, step);
        case Do::alter_config:
            return read_alter_config(build, step);
        case Do::produce:
            return read_produce(build, step);
        case Do::note:
            return NoteAction{};
        case Do::hold_messages:
        case Do::drop_messages: {
            auto messages = read_messages(build, step);
            if (!messages) return std::nullopt;
            if (row->what == Do::hold_messages) return HoldMessagesAction{std::move(*messages)};
            return DropMessagesAction{std::move(*messages)};
        }
        case Do::release_messages:
            return read_release(build, step);
        case Do::degrade:
            return read_degrade(build, step);
        case Do::slow_disk:
            return read_slow_disk(build, step, read_target_of(build, step, row->word, false));
        case Do::full_disk:
            return with_target([](Target t) { return FullDiskAction{std::move(t)}; }, false);
        case Do::fail_disk:
            return with_target([](Target t) { return FailDiskAction{std::move(t)}; }, false);
        case Do::other:
            break;
    }
    return std::nullopt;
}

}  // namespace scenario
