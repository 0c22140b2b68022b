#include "tools/command_line.h"
#include "tools/commands.h"

namespace tool {

const std::vector<Option>& all_options() {
    static const std::vector<Option> kOptions = {
        {"set", 0, "PATH=VALUE", true,
         "change the scenario before it is checked: a path (/topics/orders/config/KEY) or a bare "
         "Kafka key (acks=all); acklab help set"},
        {"seed", 0, "N", false, "the seed of the run instead of the scenario's"},
        {"kafka", 0, "VERSION", false, "the Kafka version instead of the scenario's"},
        {"format", 0, "FORMAT", false, "what stdout gets: text (the default) or json"},
        {"out", 'o', "FILE", true,
         "write the report to a file too, in the format of its suffix: .json or .txt"},
        {"lang", 0, "en|zh", false,
         "language of reports and of a scenario's texts (from LC_ALL, LANG)"},
        {"dump-disks", 0, "DIR", false,
         "write every broker's log directory as it is after the audit; DIR is new or empty"},
        {"records", 0, "", false, "JSON: every record's outcome and fate, every replica's log"},
        {"all-losses", 0, "", false, "JSON: all lost records, not only the first 1000"},
        {"fail-on", 0, "WHAT", true,
         "exit 1 on a verdict (that one or a worse one) or on METRIC OP VALUE: lost-acked, "
         "\"unavailable.write>30s\""},
        {"color", 0, "auto|always|never", false, "colours (auto: on a terminal without NO_COLOR)"},
        {"width", 0, "N", false, "columns of text (the terminal's, at most 120; else 90)"},
        {"check-invariants", 0, "", false,
         "check the invariants of the whole cluster after every event (slow)"},
        {"twice", 0, "", false, "run it twice; exit 70 if the two differ"},
        {"quiet", 'q', "", false, "print no report and no warnings; the exit status is the answer"},
        {"record", 0, "p1#12", false, "explain this record"},
        {"offset", 0, "orders-0/1048", false, "explain the record acknowledged at this offset"},
        {"first-lost", 0, "", false, "explain the first lost record (the default)"},
        {"flat", 0, "", false, "pure JSON, with what the scenario extends put into it"},
        {"batches", 0, "", false, "text: every batch too, a line each (JSON has them always)"},
        {"tag", 0, "TAG", true, "only scenarios with this tag"},
        {"cause", 0, "CAUSE", false, "only scenarios of the catalogue that lose records this way"},
        {"seeds", 0, "N", false, "runs of each setting (the file's, else 20)"},
        {"first-seed", 0, "N", false, "the first of these seeds (the file's, else 1)"},
        {"standard", 0, "", false, "the standard matrix, whatever axes and variants the file has"},
        {"faults", 0, "NAME", false,
         "the file's fault set of that name in place of its steps, as in compare; its expectations "
         "are then left out"},
        {"versions", 0, "A,B", false, "one more axis: these Kafka versions"},
        {"jobs", 0, "N", false, "runs at once (as many as there are cores); never changes a byte"},
    };
    return kOptions;
}

const std::vector<Command>& all_commands() {
    constexpr std::size_t kAny = 1'000;
    static const std::vector<Command> kCommands = {
        {"run",
         "S",
         1,
         1,
         "run a scenario, audit the cluster, judge it",
         "Runs the scenario once, undoes its faults, lets the cluster settle, reads every "
         "partition "
         "back, and says which acknowledged records are there, which are not, and why.",
         {"set", "faults", "seed", "kafka", "format", "out", "lang", "dump-disks", "records",
          "all-losses", "fail-on", "color", "width", "check-invariants", "twice", "quiet"},
         run_command},
        {"compare",
         "S",
         1,
         1,
         "the same faults under several settings: what each loses and what it costs",
         "Without axes in the file it runs the standard matrix: acks 0, 1, all x "
         "min.insync.replicas 1, 2 x unclean.leader.election.enable false, true. Else the axes, "
         "variants, fault sets and seeds of its `sweep` block; the first fault set takes the place "
         "of all steps. Every setting meets the same seeds. The cheapest setting is, of those that "
         "lost nothing, the one with the least median time without a leader that takes writes, "
         "then "
         "the least median p99 of acknowledgements; settings whose two numbers read alike are "
         "named together, the safer one first (acks=all, the higher min.insync.replicas, no "
         "unclean election). Where it gives up a safeguard that "
         "another setting without loss keeps, that is said. An axis of /steps, /run, /network or "
         "/disk is nothing one chooses: a setting must lose nothing at all its values. The "
         "file's expectations are not judged: they speak of one setting. Exit 4 if the fault came "
         "about in no setting, 130 after Ctrl-C (the report is partial).",
         {"seeds", "first-seed", "standard", "faults", "versions", "jobs", "set", "kafka", "format",
          "out", "lang", "color", "width", "quiet"},
         compare_command,
         {{"format", "what stdout gets: text (the default), json, md or csv"},
          {"out",
           "write the report to a file too, in the format of its suffix: .json, .txt, .md or .csv"},
          {"faults",
           "the file's fault set of that name, not the first; steps: the scenario's own steps"}}},
        {"explain",
         "S",
         1,
         1,
         "why a record was lost, from send() to the end of its last copy",
         "Runs the scenario and follows one record: the first lost one, or the one you name. A "
         "lost "
         "record's scenario is run again with one setting changed, with the same seed and faults, "
         "to see what would have saved it at what cost, and without each step.",
         {"record", "offset", "first-lost", "set", "faults", "seed", "kafka", "format", "out",
          "lang", "color", "width"},
         explain_command},
        {"check",
         "FILE...",
         1,
         kAny,
         "read and check scenarios; runs nothing",
         "Prints every problem with its place and what to write instead. Exit 3 if there is an "
         "error.",
         {"set", "kafka", "format"},
         check_command},
        {"disk",
         "DIR",
         1,
         1,
         "read a broker's log directory: batches, damage, what recovery would cut",
         "DIR is a log directory of a real Kafka (message format v2; v0 and v1 as opaque, checked "
         "bytes) or of a run (--dump-disks). It is only read. What Kafka's start-up recovery would "
         "make of it is that of Kafka 0.11 and later.",
         {"format", "batches", "out", "color", "width"},
         disk_command},
        {"list",
         "",
         0,
         0,
         "the built-in scenarios",
         "Those of the catalogue have tags: group:A to group:S, cause:CAUSE or safe, and "
         "source:WHERE; --format json has every scenario's tags.",
         {"tag", "cause", "kafka", "format", "lang", "width"},
         list_command,
         {{"kafka", "only scenarios that are written for this version"}}},
        {"show",
         "S",
         1,
         1,
         "print a scenario's file",
         "A scenario that extends another is printed as it is written; with --flat as what it "
         "comes "
         "to.",
         {"flat", "out"},
         show_command,
         {{"out", "write it to a file (.json, .jsonc) instead"}}},
        {"schema",
         "",
         0,
         0,
         "print the JSON schema of scenario files",
         "With -o it is written to a file; \"$schema\" in a scenario names it for your editor.",
         {"out"},
         schema_command,
         {{"out", "write it to a file instead"}}},
        {"version",
         "",
         0,
         0,
         "acklab's version and the Kafka versions it knows",
         "",
         {"format"},
         version_command},
        {"help",
         "[TOPIC]",
         0,
         1,
         "help on a command or a topic",
         "Topics: a command, exit-codes, fates, verdicts, causes, metrics, codes, set, scenario; "
         "one cause, metric or fate by its name; one code (AL203).",
         {},
         help_command},
    };
    return kCommands;
}

}  // namespace tool
