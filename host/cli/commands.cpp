#include "cli/commands.hpp"

#include <fmt/format.h>
#include <sage/abi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/nearest.hpp"
#include "base/table_text.hpp"
#include "cell/process.hpp"

namespace host::cli {
namespace {

constexpr std::array command_table = {
    Command{"run", "(--workload ID | --all) [--backend ID] [flags]", "run workloads on a backend and write the results",
            "  sage-host run --workload q6 --backend threads --quick\n"
            "  sage-host run -b mock --all --quick --output-dir /tmp/results\n"
            "  sage-host run --workload q1 -b threads --rate 80 --duration 30 --repeat 5\n"
            "  sage-host run --workload q6 -b mock --config town.toml --set mock.clock=real --dry-run\n"
            "  sage-host run --workload q6 -b threads --help    # with the options of both\n",
            run_command},
    Command{"compare", "DIR|FILE... [flags]", "set results of backends (or inputs) against each other, with intervals",
            "  sage-host compare results\n"
            "  sage-host compare before after --by input --gate \"latency_p99<=1.10, throughput>=0.95\"\n",
            compare_command},
    Command{"pair", "(--workload ID[,ID...] | --all) [--backends ID,ID...] [--repeat R] [flags]",
            "run workloads on several backends in blocks of alternating order, and compare",
            "  sage-host pair --workload q1 --backends sage,ray --repeat 5\n"
            "  sage-host pair --workload q1,q6 --backends threads,sage --quick --gate \"latency_p99<=1.10\"\n"
            "  sage-host pair --resume paired-20260102T030405Z-0c5a3ee1f589\n",
            pair_command},
    Command{"report", "DIR|FILE... [flags]",
            "results as an HTML page, LaTeX, Markdown, an SQLite database or one histogram log",
            "  sage-host report results    # writes results/report.html\n"
            "  sage-host report results --latex paper/results\n"
            "  sage-host report before after --by input --markdown - | gh pr comment 12 --body-file -\n"
            "  sage-host report results --sqlite results.db --hlog results.hlog\n",
            report_command},
    Command{"rerun", "MANIFEST|RUN_DIR [--output-dir DIR] [--repeat R]",
            "run again what a repro_manifest.json describes, and see whether it comes out the same",
            "  sage-host rerun results/q6-threads-20261124T081902Z-13d033eb1dc6\n", rerun_command},
    Command{"verify", "DIR... [--strict]",
            "check archived results: hashes, schema, ledger, and whether the plugins are still the same",
            "  sage-host verify results\n"
            "  sage-host verify artifacts --strict\n",
            verify_command},
    Command{"list", "[--all] [--json]", "the workloads and backends that can be used",
            "  sage-host list\n"
            "  sage-host list --all    # also shadowed and broken ones, with the reason\n",
            list_command},
    Command{"describe", "ID", "everything a workload or backend declares: capabilities, options, defaults",
            "  sage-host describe q6\n", describe_command},
    Command{"explain", "[METRIC]", "what a metric means: unit, definition, source; without a name, all of them",
            "  sage-host explain latency_p99\n", explain_command},
    Command{"doctor", "[--output-dir DIR] [--plugin-path A:B]",
            "check this machine and installation: plugins, timer, what would disturb a measurement",
            "  sage-host doctor\n", doctor_command},
    Command{"setup", "BACKEND [--python PROGRAM | --from-env DIR]",
            "install what a backend runs in: a Python environment of locked packages",
            "  sage-host setup sage\n"
            "  sage-host setup ray --from-env ~/venvs/ray\n",
            setup_command},
    Command{"plugin check", "FILE.toml", "check a plugin as the host will: manifest, exports, entry, embedded manifest",
            "  sage-host plugin check build/libmine.toml\n", check_command},
    Command{"version", "", "versions of the host and of its plugin ABI", "", version_command},
    Command{"help", "[COMMAND]", "this text, or that of a command", "  sage-host help run\n", help_command},
};

std::string overview() {
  base::Table table;
  for (const auto& command : command_table)
    table.push_back({fmt::format("  {}", command.name), std::string(command.summary)});
  return fmt::format(
      "sage-host runs a workload on a backend, accounts for every request and writes comparable records.\n\n"
      "usage: sage-host COMMAND [flags]\n\n{}\n"
      "A first run, its result in results/<run id>/:\n"
      "  sage-host run --workload q6 --backend threads --quick\n\n"
      "'sage-host COMMAND --help' tells more. Exit codes: 0 ok, 1 a run failed, 2 bad usage, 3 backend not available,\n"
      "4 result invalid, 5 a comparison's gate not met, 130 interrupted.\n",
      base::format_table(table));
}

// "plugin check" is two words.
const Command* find_command(std::span<const std::string> args, size_t& words) {
  for (words = 2; words >= 1; --words) {
    if (args.size() < words) continue;
    const auto name = words == 2 ? args[0] + " " + args[1] : args[0];
    const auto it = std::ranges::find(command_table, name, &Command::name);
    if (it != command_table.end()) return &*it;
  }
  return nullptr;
}

[[noreturn]] void refuse_command(const std::string& name) {
  std::vector<std::string> names;
  names.reserve(command_table.size());
  for (const auto& command : command_table) names.emplace_back(command.name);
  throw base::usage_error(fmt::format("unknown command '{}'{}; 'sage-host help' lists the commands", name,
                                      base::did_you_mean(name, names)));
}

int descriptor(const std::string& text) {
  int fd = -1;
  std::from_chars(text.data(), text.data() + text.size(), fd);
  return fd;
}

}  // namespace

std::span<const Command> commands() { return command_table; }

std::string command_help(const Command& command, std::span<const catalog::Flag> flags) {
  auto text = fmt::format("sage-host {}: {}\n\nusage: sage-host {} {}\n", command.name, command.summary, command.name,
                          command.usage);
  if (!flags.empty()) text += "\nflags\n" + flags_help(flags);
  if (!command.examples.empty()) text += fmt::format("\nexamples\n{}", command.examples);
  return text;
}

base::Exit run_main(std::span<const std::string> args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print("{}", overview());
    return base::Exit::ok;
  }
  if (args[0] == "--version") return version_command(command_table.back(), {});
  if (args[0] == "cell" && args.size() == 3) return cell::cell_command(descriptor(args[1]), descriptor(args[2]));
  size_t words = 0;
  const auto* command = find_command(args, words);
  if (command == nullptr) refuse_command(args[0]);
  return command->run(*command, args.subspan(words));
}

base::Exit help_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, {}, command.name, 2);
  if (arguments.help || arguments.positional.empty()) {
    fmt::print("{}", overview());
    return base::Exit::ok;
  }
  size_t words = 0;
  const auto* about = find_command(arguments.positional, words);
  if (about == nullptr) refuse_command(arguments.positional[0]);
  const std::array<std::string, 1> help = {"--help"};
  return about->run(*about, help);
}

base::Exit version_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, {}, command.name);
  if (arguments.help) {
    fmt::print("{}", command_help(command, {}));
    return base::Exit::ok;
  }
#ifdef NDEBUG
  constexpr auto build = "optimised";
#else
  constexpr auto build = "with assertions (not for measuring)";
#endif
  fmt::print("sage-host {}\nplugin ABI {}.{}\nbuild {}\ncompiler {}\n", SAGE_HOST_VERSION, SAGE_ABI_MAJOR,
             SAGE_ABI_MINOR, build, __VERSION__);
  return base::Exit::ok;
}

}  // namespace host::cli
