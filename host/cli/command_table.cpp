// Which commands there are, and what is said about them. What a command does is in a file of its name.
#include <array>

#include "cell/settings.hpp"
#include "cli/commands.hpp"

namespace host::cli {
namespace {

constexpr std::array command_table = {
    Command{.name = "run",
            .usage = "(--workload ID[,ID...] | --all) [--backend ID] [flags]",
            .summary = "run workloads on a backend and write the results",
            .details =
                "Every repetition of every workload is a process of its own. Each makes a folder, named after the run, "
                "in the output folder. Values come from the manifest's defaults, then from --config, then from --set, "
                "then from flags: the last one holds.\n"
                "Ctrl-C ends the load, waits for requests in flight and writes a complete result.",
            .examples = "  sage-host run --workload q6 --backend threads --quick\n"
                        "  sage-host run -b mock --all --quick --output-dir /tmp/results\n"
                        "  sage-host run --workload q1 -b threads --rate 80 --duration 30 --repeat 5\n"
                        "  sage-host run --workload q6 -b mock --config town.toml \\\n"
                        "      --set mock.clock=real --dry-run\n"
                        "  sage-host run --workload q6 -b threads --help    # with the options of both\n",
            .flags = cell::run_flags,
            .with_load = true,
            .run = run_command},
    Command{.name = "compare",
            .usage = "DIR|FILE... [flags]",
            .summary = "set results of backends, inputs or settings against each other, with intervals",
            .details = "Reads the results in the folders and files, and writes ratios with their intervals, verdicts, "
                       "tables and pictures into the output folder.",
            .examples = "  sage-host compare results\n"
                        "  sage-host compare before after --by input \\\n"
                        "      --gate \"latency_p99<=1.10, throughput>=0.95\"\n"
                        "  sage-host compare results --by scheduler --baseline fifo\n",
            .operand = Operand::paths,
            .flags = compare_flags,
            .run = compare_command},
    Command{.name = "pair",
            .usage = "(--workload ID[,ID...] | --all) [--backends ID,ID...] [--repeat R] [flags]",
            .summary = "run workloads on several backends in blocks of alternating order, and compare",
            .details = "The first backend is the baseline, unless --baseline names another. What is finished is kept "
                       "when a paired run is cut off, and --resume goes on with it.",
            .examples = "  sage-host pair --workload q1 --backends sage,ray --repeat 5\n"
                        "  sage-host pair --workload q1,q6 --backends threads,sage --quick \\\n"
                        "      --gate \"latency_p99<=1.10\"\n"
                        "  sage-host pair --resume paired-20260102T030405Z-0c5a3ee1f589\n",
            .flags = pair_flags,
            .with_load = true,
            .run = pair_command},
    Command{
        .name = "experiment",
        .usage = "FILE|NAME [--backend ID] [--set KEY=VALUE] [--quick] [--dry-run] [--resume RUN]",
        .summary = "run what a file describes: sides at points, in interleaved repetitions, and compare",
        .details =
            "The file names sides (backends, or configurations of one), points (axes of options, or a list of them), "
            "how often, and what is asked of the result; docs/experiments.md has all of it. It is TOML, or a "
            "configuration of the Python package in YAML. A NAME is one of 'sage-host list --experiments'. "
            "Everything is checked before the first cell runs. What is finished is kept when an experiment is cut "
            "off, and --resume goes on with it. Of several exit codes of cells the one that says most is returned.",
        .examples = "  sage-host experiment control_plane --quick --backend mock\n"
                    "  sage-host experiment sweep.toml --dry-run    # cells, order and time\n"
                    "  sage-host experiment sweep.toml --backend ray --set rate=40\n"
                    "  sage-host experiment --resume sweep-20260102T030405Z-0c5a3ee1f589\n",
        .operand = Operand::file,
        .flags = experiment_flags,
        .run = experiment_command},
    Command{.name = "report",
            .usage = "DIR|FILE... [flags]",
            .summary = "results as an HTML page, LaTeX, Markdown, an SQLite database or one histogram log",
            .details = "Prints the paths of the files that it has written.",
            .examples = "  sage-host report results    # writes results/report.html\n"
                        "  sage-host report results --latex paper/results\n"
                        "  sage-host report before after --by input --markdown - |\n"
                        "      gh pr comment 12 --body-file -\n"
                        "  sage-host report results --sqlite results.db --hlog results.hlog\n",
            .operand = Operand::paths,
            .flags = report_flags,
            .run = report_command},
    Command{.name = "rerun",
            .usage = "MANIFEST|RUN_DIR [--output-dir DIR] [--repeat R]",
            .summary = "run again what a repro_manifest.json describes, and see whether it comes out the same",
            .details = "It is refused where the same configuration cannot be had again. Times differ from run to run "
                       "and decide nothing here: 'sage-host pair' compares.",
            .examples = "  sage-host rerun results/q6-threads-20261124T081902Z-13d033eb1dc6\n",
            .operand = Operand::paths,
            .flags = rerun_flags,
            .run = rerun_command},
    Command{.name = "verify",
            .usage = "DIR... [--strict | --checklist]",
            .summary = "check archived results: hashes, schema, ledger, and whether the plugins are still the same",
            .details = "Looks for runs and paired runs in the folders and below them. A folder that cannot be checked, "
                       "such as that of a run that was killed, fails. With --checklist, what reviewers ask of an "
                       "evaluation is answered from the same files, line by line; it fails if an answer is no.",
            .examples = "  sage-host verify results\n"
                        "  sage-host verify artifacts --strict\n"
                        "  sage-host verify artifacts --checklist\n",
            .operand = Operand::paths,
            .flags = verify_flags,
            .run = verify_command},
    Command{.name = "list",
            .usage = "[--all | --experiments] [--json]",
            .summary = "the workloads and backends that can be used, or the experiments that come with them",
            .examples = "  sage-host list\n"
                        "  sage-host list --all    # also shadowed and broken ones, with the reason\n"
                        "  sage-host list --experiments\n",
            .flags = list_flags,
            .run = list_command},
    Command{.name = "describe",
            .usage = "ID",
            .summary = "everything a workload or backend declares: capabilities, options, defaults",
            .details = "No code of the plugin is loaded: what is told is in its manifest.",
            .examples = "  sage-host describe q6\n",
            .operand = Operand::plugin,
            .flags = describe_flags,
            .run = describe_command},
    Command{.name = "explain",
            .usage = "[METRIC]",
            .summary = "what a metric means: unit, definition, source; without a name, all of them",
            .examples = "  sage-host explain latency_p99\n",
            .operand = Operand::metric,
            .run = explain_command},
    Command{.name = "doctor",
            .usage = "[--output-dir DIR] [--plugin-path A:B]",
            .summary = "check this machine and installation: plugins, timer, what would disturb a measurement",
            .details = "Each plugin is loaded in a process of its own. Each finding comes with its remedy.",
            .examples = "  sage-host doctor\n",
            .flags = doctor_flags,
            .run = doctor_command},
    Command{.name = "setup",
            .usage = "BACKEND [--python PROGRAM | --from-env DIR]",
            .summary = "install what a backend runs in: a Python environment of locked packages",
            .details = "Nothing is installed but files whose hashes are locked.",
            .examples = "  sage-host setup sage\n"
                        "  sage-host setup ray --from-env ~/venvs/ray\n",
            .operand = Operand::backend,
            .flags = setup_flags,
            .run = setup_command},
    Command{.name = "plugin new",
            .usage = "backend|workload ID [--lang cpp|c|rust] [--dir DIR]",
            .summary = "write a small project of a plugin that builds, runs and has a test: a place to begin",
            .details = "It needs nothing but the headers of the CMake package SagePluginApi (in Rust not even those), "
                       "writes ./ID or the folder named by --dir, which must not exist yet, and ends with the commands "
                       "to type next.",
            .examples = "  sage-host plugin new backend mine\n"
                        "  sage-host plugin new backend mine --lang rust\n"
                        "  sage-host plugin new workload org.example.town --lang c --dir ~/src/town\n",
            .flags = new_flags,
            .run = new_command},
    Command{.name = "plugin check",
            .usage = "FILE.toml [--no-runs] [--only NAMES] [--seed N] [--json]",
            .summary = "try whether a plugin does what the ABI asks: files, loading, calls, short runs",
            .details =
                "The library is loaded in a process of its own, for 10 s at most. Then it is called without a run: "
                "options drawn from --seed, unknown events, what it leaks; each question in a process of its own "
                "with a time limit. Then there are short runs: a backend executes Q1, Q6 if it claims keys and "
                "priorities, and 'timeline', for each capability, scheduler and control event that it claims; a "
                "workload runs on threads and in the simulator. What their records show is told for each "
                "requirement, with the remedy. Exit code 1 = something is broken.",
            .examples = "  sage-host plugin check build/mine.toml\n"
                        "  sage-host plugin check build/mine.toml --only ends-once,digests --json\n",
            .operand = Operand::file,
            .flags = check_flags,
            .run = check_command},
    Command{.name = "completion",
            .usage = "bash|zsh|fish",
            .summary = "a script with which a shell completes commands, flags, values and ids",
            .details =
                "The script asks the installed sage-host for the ids of plugins when they are wanted: it calls "
                "'sage-host completion' with workloads, backends, plugins or metrics, which prints their names, one "
                "a line, or with options and ids, which prints the flags of those plugins. No plugin's code is loaded.",
            .examples = "  source <(sage-host completion bash)\n"
                        "  sage-host completion zsh > ~/.zfunc/_sage-host\n"
                        "  sage-host completion fish > ~/.config/fish/completions/sage-host.fish\n",
            .operand = Operand::shell,
            .flags = completion_flags,
            .run = completion_command},
    Command{.name = "man",
            .usage = "[COMMAND] [--output-dir DIR]",
            .summary = "the manual page of sage-host or of a command, in roff",
            .examples = "  sage-host man run | man -l -\n"
                        "  sage-host man --output-dir ~/.local/share/man/man1    # every page\n",
            .operand = Operand::command,
            .flags = man_flags,
            .run = man_command},
    Command{.name = "version", .summary = "versions of the host and of its plugin ABI", .run = version_command},
    Command{.name = "help",
            .usage = "[COMMAND]",
            .summary = "this text, or that of a command",
            .examples = "  sage-host help run\n",
            .operand = Operand::command,
            .run = help_command},
};

constexpr std::array exit_table = {
    ExitMeaning{base::Exit::ok, "ok"},
    ExitMeaning{base::Exit::failed, "a run failed"},
    ExitMeaning{base::Exit::usage, "bad usage"},
    ExitMeaning{base::Exit::unavailable, "backend not available"},
    ExitMeaning{base::Exit::invalid, "result invalid"},
    ExitMeaning{base::Exit::gate, "a comparison's gate not met"},
    ExitMeaning{base::Exit::interrupted, "interrupted"},
};

}  // namespace

std::span<const Command> commands() { return command_table; }

std::span<const ExitMeaning> exit_meanings() { return exit_table; }

}  // namespace host::cli
